//! The clients that a policy gives a name: who of those that connect they are.

use super::draft::DraftClient;
use super::problem::{Code, Problem};
use crate::client::{Client, Peer};

/// A named client: everything that is said of it must hold.
#[derive(Clone, Debug)]
pub(super) struct Selector {
    pub(super) name: String,
    pub(super) listeners: Option<Vec<toml::Spanned<String>>>,
    uids: Option<Vec<u32>>,
    gids: Option<Vec<u32>>,
}

impl Selector {
    pub(super) fn read(draft: &DraftClient, problems: &mut Vec<Problem>) -> Self {
        for listener in draft.listener.iter().flatten() {
            if listener.get_ref().trim().is_empty() {
                problems.push(Problem::new(Code::EmptyValue, listener.span(), "a listener's name is empty"));
            }
        }
        let mut ids = |written: &Option<Vec<toml::Spanned<i64>>>, what| {
            written.as_ref().map(|ids| ids.iter().filter_map(|id| read_id(id, what, problems)).collect())
        };
        Self {
            uids: ids(&draft.uid, "user"),
            gids: ids(&draft.gid, "group"),
            name: draft.name.get_ref().clone(),
            listeners: draft.listener.clone(),
        }
    }

    pub(super) fn matches(&self, client: &Client) -> bool {
        let (uid, gid) = match client.peer {
            Peer::Unix { uid, gid, pid: _ } => (Some(uid), Some(gid)),
            Peer::Tcp(_) => (None, None),
        };
        let has = |ids: &Option<Vec<u32>>, id: Option<u32>| {
            ids.as_ref().is_none_or(|ids| id.is_some_and(|id| ids.contains(&id)))
        };
        self.listeners
            .as_ref()
            .is_none_or(|names| names.iter().any(|name| *name.get_ref() == client.listener))
            && has(&self.uids, uid)
            && has(&self.gids, gid)
    }

    /// Whether somebody can be both.
    pub(super) fn meets(&self, other: &Self) -> bool {
        fn can_be_in<T>(mine: Option<&[T]>, theirs: Option<&[T]>, are_one: fn(&T, &T) -> bool) -> bool {
            let (Some(mine), Some(theirs)) = (mine, theirs) else { return true };
            mine.iter().any(|one| theirs.iter().any(|other| are_one(one, other)))
        }
        let listener =
            |one: &toml::Spanned<String>, other: &toml::Spanned<String>| one.get_ref() == other.get_ref();
        can_be_in(self.listeners.as_deref(), other.listeners.as_deref(), listener)
            && can_be_in(self.uids.as_deref(), other.uids.as_deref(), u32::eq)
            && can_be_in(self.gids.as_deref(), other.gids.as_deref(), u32::eq)
    }

    /// Someone who is this client.
    pub(super) fn example(&self) -> Client {
        let first = |ids: &Option<Vec<u32>>| ids.as_ref().and_then(|ids| ids.first().copied());
        let listener = self.listeners.as_ref().and_then(|names| names.first());
        Client {
            listener: listener.map(|name| name.get_ref().clone()).unwrap_or_default(),
            peer: Peer::process(first(&self.uids), first(&self.gids)),
        }
    }

    /// How many things are said of it; of several that match, the one that says most gives its name.
    pub(super) fn strictness(&self) -> usize {
        let given = [self.listeners.is_some(), self.uids.is_some(), self.gids.is_some()];
        given.into_iter().filter(|given| *given).count()
    }
}

pub(super) fn read_id(id: &toml::Spanned<i64>, what: &str, problems: &mut Vec<Problem>) -> Option<u32> {
    let number = u32::try_from(*id.get_ref()).ok();
    if number.is_none() {
        let message = format!("{} is no {what} id", id.get_ref());
        problems.push(
            Problem::new(Code::NumberOutOfRange, id.span(), message)
                .help(format!("{what} ids go from 0 to {}", u32::MAX)),
        );
    }
    number
}

#[cfg(test)]
mod tests {
    use std::net::SocketAddr;

    use super::*;

    #[test]
    fn everything_that_is_said_must_hold() {
        let selector = Selector {
            name: "backend".to_owned(),
            listeners: Some(vec![toml::Spanned::new(0..0, "backend".to_owned())]),
            uids: Some(vec![1001, 1002]),
            gids: None,
        };
        let client = |listener: &str, uid| Client {
            listener: listener.to_owned(),
            peer: Peer::Unix { uid, gid: 7, pid: None },
        };
        assert!(selector.matches(&client("backend", 1002)));
        assert!(!selector.matches(&client("backend", 0)));
        assert!(!selector.matches(&client("other", 1001)));
        let address: SocketAddr = "127.0.0.1:4".parse().unwrap();
        let remote = Client { listener: "backend".to_owned(), peer: Peer::Tcp(address) };
        assert!(!selector.matches(&remote), "who comes over a network has no user id");
    }
}
