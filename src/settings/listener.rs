//! The listeners: where clients connect.

use super::account::Account;
use super::address::Address;
use super::draft::{Layers, ListenerDraft, Written};
use super::key::Key;
use super::problem::Problem;

/// One listener.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListenerSettings {
    /// The name by which policy and audit know it; the address as written where none is given.
    pub name: String,
    /// Where it listens.
    pub address: Address,
    /// Permission bits of its socket. Without meaning for TCP.
    pub mode: u32,
    /// Owner of its socket; unchanged where none is given. Without meaning for TCP.
    pub owner: Option<Account>,
    /// Group of its socket; unchanged where none is given. Without meaning for TCP.
    pub group: Option<Account>,
}

/// What holds for unix listeners that say nothing else.
struct Socket {
    mode: u32,
    owner: Option<Account>,
    group: Option<Account>,
}

/// Reads the listeners; `None` if there was a problem.
pub(super) fn read(layers: &Layers, problems: &mut Vec<Problem>) -> Option<Vec<ListenerSettings>> {
    let mode = layers.read(Key::SocketMode, problems, socket_mode);
    let owner = layers.read_optional(Key::SocketOwner, problems, Account::read);
    let group = layers.read_optional(Key::SocketGroup, problems, Account::read);
    // With a placeholder the listeners' own problems are seen as well.
    let socket =
        Socket { mode: mode.unwrap_or(0), owner: owner.clone().flatten(), group: group.clone().flatten() };
    let listeners: Vec<_> =
        layers.listeners().into_iter().map(|written| listener(written, &socket, problems)).collect();
    mode.and(owner).and(group)?;
    listeners.into_iter().collect()
}

fn listener(
    written: Written<ListenerDraft>,
    socket: &Socket,
    problems: &mut Vec<Problem>,
) -> Option<ListenerSettings> {
    let Written { value: ListenerDraft { name, address: text, mode, owner, group }, place } = written;
    let name_is_good = name.as_deref().is_none_or(is_name);
    if !name_is_good {
        problems.push(Problem::new(
            place.clone(),
            format!(
                "`{}` is no name for a listener: use letters, digits, `-`, `_` and `.`",
                name.as_deref().unwrap_or_default()
            ),
        ));
    }
    let address = Address::read(&text).map_err(|message| problems.push(Problem::new(place, message))).ok();
    if let Some(Address::Tcp { host: _, port: _ }) = address {
        for (key, written) in [("mode", &mode), ("owner", &owner), ("group", &group)] {
            if let Some(Written { value: _, place }) = written {
                problems.push(Problem::new(
                    place.clone(),
                    format!("a TCP listener has no {key}: only the socket file of a unix listener has one"),
                ));
            }
        }
    }
    let mode = part(mode, socket_mode, problems).map(|own| own.unwrap_or(socket.mode));
    let owner = part(owner, Account::read, problems).map(|own| own.or_else(|| socket.owner.clone()));
    let group = part(group, Account::read, problems).map(|own| own.or_else(|| socket.group.clone()));
    Some(ListenerSettings {
        name: Some(name.unwrap_or(text)).filter(|_| name_is_good)?,
        address: address?,
        mode: mode?,
        owner: owner?,
        group: group?,
    })
}

#[expect(
    clippy::option_option,
    reason = "the outer one says whether it could be read, the inner one whether it is there"
)]
fn part<T>(
    written: Option<Written<String>>,
    read: impl FnOnce(&str) -> Result<T, String>,
    problems: &mut Vec<Problem>,
) -> Option<Option<T>> {
    let Some(Written { value, place }) = written else { return Some(None) };
    read(&value).map(Some).map_err(|message| problems.push(Problem::new(place, message))).ok()
}

fn is_name(name: &str) -> bool {
    !name.is_empty()
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.'))
}

fn socket_mode(text: &str) -> Result<u32, String> {
    u32::from_str_radix(text, 8)
        .ok()
        .filter(|mode| *mode <= 0o777 && (3..=4).contains(&text.len()) && !text.starts_with('+'))
        .ok_or_else(|| format!("`{text}` is no mode for a socket; write it in octal: \"0660\""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn modes_are_octal() {
        assert_eq!(socket_mode("0660"), Ok(0o660));
        assert_eq!(socket_mode("600"), Ok(0o600));
        for wrong in ["", "6", "0888", "+660", "1777", "0o660", "rw-rw----"] {
            assert!(socket_mode(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn names_are_plain_words() {
        assert!(is_name("ui") && is_name("back-end_2.a"));
        for wrong in ["", "a b", "a,b", "ä", "a\n"] {
            assert!(!is_name(wrong), "{wrong}");
        }
    }
}
