//! What stands in place of what is redacted, and how it is known again.
//!
//! Programs read a container and make another one of what they read. What was redacted would go into it, and nobody
//! would notice; so a request that holds a mark is refused. Marks are constants that nobody has for anything else:
//! addresses are taken from what RFC 5737 and RFC 3849 set apart for documentation.

use std::sync::LazyLock;

use memchr::memmem::Finder;

use crate::operation::Json;
use crate::operation::json::write_key;

/// In place of a text.
pub const TEXT: &str = "redacted-by-dockgate";
/// In place of a path of the host.
pub const PATH: &str = "/redacted-by-dockgate";
/// In place of bytes: the text, in base64.
pub const BYTES: &str = "cmVkYWN0ZWQtYnktZG9ja2dhdGU=";
/// In place of an address of IPv4.
pub const IPV4: &str = "192.0.2.100";
/// In place of an address of IPv6.
pub const IPV6: &str = "2001:db8::6467:6174";
/// In place of a hardware address.
pub const MAC: &str = "02:64:67:61:74:65";
/// In place of a time: Go's zero. It is no mark, since it says nothing; no request takes a time back.
pub(super) const TIME: &str = "0001-01-01T00:00:00Z";

/// What `IPV6` and `MAC` both have in them, in whatever case they are written.
const IN_BOTH: &str = "67:61";

/// How long the shortest of them is.
const SHORTEST: usize = IPV4.len();

/// Whether a text holds a mark.
#[must_use]
pub fn is_in(text: &str) -> bool {
    // Most texts have nothing in them that a mark would have.
    let has = |byte: u8| text.as_bytes().contains(&byte);
    text.len() >= SHORTEST
        && (has(b'-') && text.contains(TEXT)
            || has(b'=') && text.contains(BYTES)
            || has(b'.') && stands_alone(text, IPV4)
            || has(b':')
                && text.contains(IN_BOTH)
                && [IPV6, MAC].iter().any(|address| stands_alone(&text.to_ascii_lowercase(), address)))
}

/// Whether a JSON text can hold a mark. A mark stands in it as it is, unless a character of it is escaped by its number.
#[must_use]
pub fn may_be_in(json: &[u8]) -> bool {
    static PARTS: LazyLock<[Finder<'static>; 5]> =
        LazyLock::new(|| [TEXT, BYTES, IPV4, IN_BOTH, "\\u"].map(Finder::new));
    PARTS.iter().any(|part| part.find(json).is_some())
}

/// The way to the first mark in a JSON value, if there is one: `HostConfig.Binds[0]`.
#[must_use]
pub fn find(json: &Json) -> Option<String> {
    way(json).map(|way| way.strip_prefix('.').unwrap_or(&way).to_owned())
}

fn way(json: &Json) -> Option<String> {
    match json {
        Json::String(text) => is_in(text).then(String::new),
        Json::Array(items) => items.iter().enumerate().find_map(|(index, item)| {
            let below = way(item)?;
            Some(format!("[{index}]{below}"))
        }),
        Json::Object(fields) => fields.iter().find_map(|(key, value)| {
            let below = if is_in(key) { String::new() } else { way(value)? };
            let mut way = ".".to_owned();
            // Writing to a `String` cannot fail.
            write_key(key, &mut way).unwrap_or_default();
            Some(way + &below)
        }),
        Json::Null | Json::Bool(_) | Json::Number(_) => None,
    }
}

/// Whether an address stands in a text as a whole, not as the beginning or end of another.
fn stands_alone(text: &str, address: &str) -> bool {
    let is_part = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'.';
    let is_whole = |at: usize| {
        let before = text.as_bytes().get(..at).and_then(<[u8]>::last);
        let after = text.as_bytes().get(at.saturating_add(address.len()));
        !before.is_some_and(|&byte| is_part(byte)) && !after.is_some_and(|&byte| is_part(byte))
    };
    // To look whether it is there at all is far cheaper than to look for where.
    text.contains(address) && text.match_indices(address).any(|(at, _)| is_whole(at))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mark_is_found_wherever_it_stands() {
        for (text, expected) in [
            (r#"{"Env":["A=b","SECRET=redacted-by-dockgate"]}"#, Some("Env[1]")),
            (r#"{"HostConfig":{"Binds":["/redacted-by-dockgate:/data:ro"]}}"#, Some("HostConfig.Binds[0]")),
            (
                r#"{"HostConfig":{"Mounts":[{"Source":"/redacted-by-dockgate"}]}}"#,
                Some("HostConfig.Mounts[0].Source"),
            ),
            (r#"{"HostConfig":{"ExtraHosts":["db:192.0.2.100"]}}"#, Some("HostConfig.ExtraHosts[0]")),
            (r#"{"MacAddress":"02:64:67:61:74:65"}"#, Some("MacAddress")),
            (r#"{"IPv6":"2001:DB8::6467:6174/64"}"#, Some("IPv6")),
            (r#"{"Labels":{"redacted-by-dockgate":"x"}}"#, Some("Labels.redacted-by-dockgate")),
            (r#"{"Data":"cmVkYWN0ZWQtYnktZG9ja2dhdGU="}"#, Some("Data")),
            (r#"{"a":"1192.0.2.100","b":"192.0.2.1001","c":"192.0.2.10","d":192.0,"e":null}"#, None),
        ] {
            let json = Json::read_shown(text.as_bytes()).unwrap();
            assert_eq!(find(&json).as_deref(), expected, "{text}");
            assert!(expected.is_none() || may_be_in(text.as_bytes()), "{text}");
        }
        assert!(may_be_in(br#"["\u0072edacted-by-dockgate"]"#));
        assert!(!may_be_in(br#"{"Env":["A=\"b\"\n"],"IPv6":"2001:db8::1"}"#));
        assert!([IPV6, MAC].iter().all(|address| address.contains(IN_BOTH)));
    }
}
