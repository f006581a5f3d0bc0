//! Why the daemon cannot be reached: the class of the cause, and words that mend it.

mod explain;
mod scene;
mod tls;

use std::fmt;
use std::io;
use std::time::Duration;

use nix::errno::Errno;
use serde::{Serialize, Serializer};

use super::exchange::Lost;
use crate::settings::{Address, TlsFiles};
use scene::Scene;

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

/// The code of a name that cannot be looked up: the system has none that tells.
const NOT_FOUND: &str = "ENOTFOUND";
/// When to ask again, where nothing better is known.
const RETRY_AFTER: Duration = Duration::from_secs(1);

/// What runs out on dockgate's own side, whatever the daemon does.
const OWN_SHORTAGES: [Errno; 4] = [Errno::EMFILE, Errno::ENFILE, Errno::ENOMEM, Errno::ENOBUFS];

/// What was found and what to do, before it has a code and a time.
#[derive(Debug)]
struct Explained {
    kind: AwayKind,
    found: String,
    cure: String,
    recoverable: bool,
}

impl Away {
    /// Connecting to `address` failed with `error`. Looks at the socket to say why.
    pub(super) fn connecting(address: &Address, error: &io::Error) -> Self {
        let code = error.raw_os_error().map(Errno::from_raw);
        let explained = match address {
            _ if code.is_some_and(|code| OWN_SHORTAGES.contains(&code)) => own_shortage(address, error),
            Address::Unix(path) => explain::socket(&Scene::of(path), code, error),
            Address::Tcp { host, .. } if code.is_none() => {
                let explained = Explained {
                    kind: AwayKind::Connection,
                    found: format!("{host} cannot be looked up: {error}."),
                    cure: "Write an address, or check the name service.".to_owned(),
                    recoverable: true,
                };
                return Self::new(Some(NOT_FOUND.to_owned()), explained);
            }
            Address::Tcp { .. } => unreachable_host(address, code, error),
        };
        Self::new(code.map(name), explained)
    }

    /// The daemon at `address` did not answer within `limit`.
    pub(super) fn slow(address: &Address, limit: Duration) -> Self {
        let explained = Explained {
            kind: AwayKind::Timeout,
            found: format!("the daemon at {address} did not answer within {limit:?}."),
            cure: "It is overloaded, frozen or starting: look at its own log.".to_owned(),
            recoverable: true,
        };
        Self::new(Some(name(Errno::ETIMEDOUT)), explained)
    }

    /// The daemon at `address` answers pings, but did not list its containers within `limit`.
    pub(super) fn wedged(address: &Address, limit: Duration) -> Self {
        let explained = Explained {
            kind: AwayKind::Timeout,
            found: format!(
                "the daemon at {address} answers, but did not list its containers within {limit:?}."
            ),
            cure: "It is overloaded, or stuck: look at its own log; if it stays so, restart it.".to_owned(),
            recoverable: true,
        };
        Self::new(Some(name(Errno::ETIMEDOUT)), explained)
    }

    /// The connection to `address` broke before the first byte of an answer, or that is none.
    pub(super) fn unanswered(address: &Address, lost: &Lost) -> Self {
        let broken = |code: Option<Errno>, found| {
            let cure = "The daemon is stopping, starting or failing: look at its own log.".to_owned();
            Self::new(
                code.map(name),
                Explained { kind: AwayKind::Connection, found, cure, recoverable: true },
            )
        };
        match lost {
            Lost::Closed => {
                let found = format!("the connection to {address} was closed before there was an answer.");
                broken(Some(Errno::ECONNRESET), found)
            }
            Lost::Io(error) if tls::is_refusal(error) => {
                let (code, explained) = tls::refused(address, error);
                Self::new(code.map(str::to_owned), explained)
            }
            Lost::Io(error) => {
                let found = format!("the connection to {address} broke before there was an answer: {error}.");
                broken(error.raw_os_error().map(Errno::from_raw), found)
            }
            Lost::Malformed(what) => Self::new(
                Some(name(Errno::EPROTO)),
                Explained {
                    kind: AwayKind::Unknown,
                    found: format!("what listens at {address} does not answer as a Docker daemon does: {what}."),
                    cure: "Point --daemon at the daemon's own address; one on port 2376 wants TLS, and so --daemon-tls-ca.".to_owned(),
                    recoverable: false,
                },
            ),
        }
    }

    /// The daemon at `address` answers, but not with what `target` is.
    pub(super) fn unhelpful(address: &Address, target: &str, status: u16) -> Self {
        let explained = Explained {
            kind: AwayKind::Unknown,
            found: format!(
                "the daemon at {address} answers {target}, which dockgate must know, with status {status}."
            ),
            cure: "Look at the daemon's own log.".to_owned(),
            recoverable: true,
        };
        Self::new(None, explained)
    }

    /// The connection to `address` cannot be encrypted with `files`.
    pub(super) fn encrypting(address: &Address, files: &TlsFiles, error: &io::Error) -> Self {
        let (code, explained) = tls::handshake(address, files, error);
        Self::new(code.map(str::to_owned), explained)
    }

    /// What an encrypted connection is made with cannot be used; `found` says why.
    pub(super) fn unusable(found: String) -> Self {
        let cure = "Mend what --daemon-tls-ca, --daemon-tls-cert and --daemon-tls-key name; the files are read again at the next try.".to_owned();
        Self::new(None, Explained { kind: AwayKind::Unknown, found, cure, recoverable: false })
    }

    /// Whether dockgate lacks something of its own, which says nothing of the daemon.
    pub(super) fn is_own_shortage(&self) -> bool {
        OWN_SHORTAGES.iter().any(|code| self.code.as_deref() == Some(name(*code).as_str()))
    }

    /// Whether the cause is the same, whenever it is to be asked again.
    pub(super) fn is_as(&self, other: &Self) -> bool {
        (self.kind, &self.code, &self.found) == (other.kind, &other.code, &other.found)
    }

    fn new(code: Option<String>, explained: Explained) -> Self {
        let Explained { kind, found, cure, recoverable } = explained;
        Self { kind, code, found, cure, recoverable, retry_after: RETRY_AFTER }
    }
}

fn own_shortage(address: &Address, error: &io::Error) -> Explained {
    Explained {
        kind: AwayKind::Unknown,
        found: format!("dockgate itself lacks what it takes to connect to {address}: {error}."),
        cure: "Raise the limit of open files (`ulimits: { nofile: 65536 }` in compose, `--ulimit nofile=65536` with docker run, `LimitNOFILE=65536` under systemd), or lower --max-connections.".to_owned(),
        recoverable: true,
    }
}

fn unreachable_host(address: &Address, code: Option<Errno>, error: &io::Error) -> Explained {
    let kind = match code {
        Some(Errno::ETIMEDOUT) => AwayKind::Timeout,
        Some(Errno::EACCES | Errno::EPERM) => AwayKind::Permission,
        Some(
            Errno::ECONNREFUSED
            | Errno::ECONNRESET
            | Errno::ECONNABORTED
            | Errno::EHOSTUNREACH
            | Errno::EHOSTDOWN
            | Errno::ENETUNREACH
            | Errno::ENETDOWN
            | Errno::EADDRNOTAVAIL,
        ) => AwayKind::Connection,
        _ => AwayKind::Unknown,
    };
    Explained {
        kind,
        found: format!("nobody answers at {address}: {error}."),
        cure: "Check that the daemon listens there and that the network between lets it through.".to_owned(),
        recoverable: true,
    }
}

/// The system's name of an error.
fn name(code: Errno) -> String {
    format!("{code:?}")
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
