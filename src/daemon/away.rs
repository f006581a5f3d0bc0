//! Why the daemon cannot be reached: the class of the cause, and words that mend it.

mod explain;

use std::fmt;
use std::io;
use std::time::Duration;

use nix::errno::Errno;
use serde::{Serialize, Serializer};

use super::exchange::Lost;
use crate::settings::Address;

/// Why the daemon cannot be reached.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Away {
    /// The class of the cause.
    #[serde(rename = "type")]
    pub kind: AwayKind,
    /// The name of the error, the system's where it has one: `EACCES`, `ENOENT`, `ECONNREFUSED`, …
    pub code: Option<String>,
    /// What was found, in a sentence or two.
    pub found: String,
    /// What to do about it.
    pub cure: String,
    /// Whether it can pass by itself, as a restart of the daemon does; otherwise it waits for a person.
    /// dockgate notices either.
    pub recoverable: bool,
    /// When to ask again, in seconds where it is written out.
    #[serde(serialize_with = "in_seconds")]
    pub retry_after: Duration,
}

/// The classes of causes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum AwayKind {
    /// dockgate may not connect.
    Permission,
    /// Nobody is there.
    Connection,
    /// Somebody is there and does not answer.
    Timeout,
    /// Something else.
    Unknown,
}

/// When to ask again, where nothing better is known.
const RETRY_AFTER: Duration = Duration::from_secs(1);

/// The classes of the errors that have one.
const KINDS: [(Errno, AwayKind); 14] = [
    (Errno::EACCES, AwayKind::Permission),
    (Errno::EPERM, AwayKind::Permission),
    (Errno::ENOENT, AwayKind::Connection),
    (Errno::ENOTDIR, AwayKind::Connection),
    (Errno::ENOTSOCK, AwayKind::Connection),
    (Errno::ECONNREFUSED, AwayKind::Connection),
    (Errno::ECONNRESET, AwayKind::Connection),
    (Errno::ECONNABORTED, AwayKind::Connection),
    (Errno::EPIPE, AwayKind::Connection),
    (Errno::EHOSTUNREACH, AwayKind::Connection),
    (Errno::ENETUNREACH, AwayKind::Connection),
    (Errno::EHOSTDOWN, AwayKind::Connection),
    (Errno::ETIMEDOUT, AwayKind::Timeout),
    // The queue of a unix socket is full: whoever made it accepts nobody.
    (Errno::EAGAIN, AwayKind::Timeout),
];

/// What runs out on dockgate's own side, whatever the daemon does.
const OWN_SHORTAGES: [Errno; 4] = [Errno::EMFILE, Errno::ENFILE, Errno::ENOMEM, Errno::ENOBUFS];

impl Away {
    /// Connecting to `address` failed with `error`. Looks at the socket to say why.
    pub(super) fn connecting(address: &Address, error: &io::Error) -> Self {
        let code = error.raw_os_error().map(Errno::from_raw);
        let kind =
            KINDS.iter().find(|(known, _)| Some(*known) == code).map_or(AwayKind::Unknown, |(_, kind)| *kind);
        let explained = explain::connecting(address, kind, code, error);
        Self { code: code.map(|code| format!("{code:?}")), ..Self::new(kind, explained) }
    }

    /// The daemon at `address` did not answer within `limit`.
    pub(super) fn slow(address: &Address, limit: Duration) -> Self {
        let found = format!("the daemon at {address} did not answer within {limit:?}.");
        let cure = "It is overloaded, frozen or starting: look at its own log.";
        let code = Some(format!("{:?}", Errno::ETIMEDOUT));
        Self { code, ..Self::new(AwayKind::Timeout, (found, cure.to_owned(), true)) }
    }

    /// The connection to `address` broke before the first byte of an answer, or that is none.
    pub(super) fn unanswered(address: &Address, lost: &Lost) -> Self {
        match lost {
            Lost::Closed => {
                let found =
                    format!("what listens at {address} closed the connection before it had answered.");
                let cure = "The daemon is stopping, starting or failing: look at its own log.";
                let code = Some(format!("{:?}", Errno::ECONNRESET));
                Self { code, ..Self::new(AwayKind::Connection, (found, cure.to_owned(), true)) }
            }
            Lost::Io(error) => {
                let code = error.raw_os_error().map(|code| format!("{:?}", Errno::from_raw(code)));
                let found = format!("the connection to {address} broke before there was an answer: {error}.");
                let cure = "The daemon is stopping, starting or failing: look at its own log.";
                Self { code, ..Self::new(AwayKind::Connection, (found, cure.to_owned(), true)) }
            }
            Lost::Malformed(what) => {
                let found =
                    format!("what listens at {address} does not answer as a Docker daemon does: {what}.");
                let cure = "Point --daemon at the daemon's own address.";
                Self::new(AwayKind::Unknown, (found, cure.to_owned(), false))
            }
        }
    }

    /// Whether dockgate lacks something of its own, which says nothing of the daemon.
    pub(super) fn is_own_shortage(&self) -> bool {
        OWN_SHORTAGES.iter().any(|code| self.code.as_deref() == Some(&format!("{code:?}")))
    }

    /// Whether the cause is the same, whenever it is to be asked again.
    pub(super) fn is_as(&self, other: &Self) -> bool {
        (self.kind, &self.code, &self.found) == (other.kind, &other.code, &other.found)
    }

    fn new(kind: AwayKind, (found, cure, recoverable): (String, String, bool)) -> Self {
        Self { kind, code: None, found, cure, recoverable, retry_after: RETRY_AFTER }
    }
}

impl fmt::Display for Away {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.found, self.cure)?;
        match &self.code {
            Some(code) => write!(f, " ({code})"),
            None => Ok(()),
        }
    }
}

fn in_seconds<S: Serializer>(duration: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_u64(whole_seconds(*duration))
}

/// A duration in whole seconds, rounded up, and one at least: `Retry-After` knows no others.
#[must_use]
pub fn whole_seconds(duration: Duration) -> u64 {
    let more = u64::from(duration.subsec_nanos() > 0);
    duration.as_secs().saturating_add(more).max(1)
}
