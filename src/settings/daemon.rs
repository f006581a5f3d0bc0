//! The daemon: where it is, and how patiently it is connected to.

use std::path::PathBuf;
use std::time::Duration;

use super::address::Address;
use super::draft::Layers;
use super::key::Key;
use super::problem::{Problem, did_you_mean};
use super::{file_name, number};

/// Where the daemon is, and how patiently it is connected to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DaemonSettings {
    /// Where it is.
    pub address: Address,
    /// The files of a connection that is encrypted; `None`: it is not.
    pub tls: Option<TlsFiles>,
    /// How long connecting may take, and how long an answer to a ping of dockgate's own.
    pub connect_timeout: Duration,
    /// How connecting is tried again while a client waits.
    pub retry: Retry,
    /// When clients are answered at once, without asking the daemon.
    pub breaker: BreakerSettings,
    /// How often the daemon is asked whether it is there while all is well.
    pub health_interval: Duration,
}

/// The PEM files of an encrypted connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TlsFiles {
    /// The certificates of those who may vouch for the daemon.
    pub ca: PathBuf,
    /// Who dockgate is, where the daemon wants to know.
    pub identity: Option<Identity>,
}

/// dockgate's own certificate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// The certificate, and those between it and the daemon's authority.
    pub certificate: PathBuf,
    /// Its key.
    pub key: PathBuf,
}

/// How connecting is tried again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Retry {
    /// How many times after the first.
    pub attempts: u32,
    /// The pause before the first of them; each further pause is twice as long.
    pub delay: Duration,
    /// No pause is longer.
    pub max_delay: Duration,
    /// How chance shortens the pauses.
    pub jitter: Jitter,
}

/// How chance shortens a pause, so that those who wait do not all come back at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Jitter {
    /// To anything between nothing and its whole length.
    Full,
    /// Not at all.
    None,
}

/// When clients are answered at once, without asking the daemon.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BreakerSettings {
    /// After how many failures in a row.
    pub threshold: u32,
    /// For how long, until the daemon is asked again whether it is there.
    pub open_time: Duration,
}

impl DaemonSettings {
    /// Whether what is said to it passes over a network unencrypted.
    #[must_use]
    pub fn is_exposed(&self) -> bool {
        self.tls.is_none() && !self.address.is_local()
    }
}

/// Reads what is said of the daemon; `None` if there was a problem.
pub(super) fn read(layers: &Layers, problems: &mut Vec<Problem>) -> Option<DaemonSettings> {
    // Each is read before the first `?`, so that all problems are seen.
    let address = layers.read(Key::Daemon, problems, Address::read);
    let tls = tls(layers, address.as_ref(), problems);
    let connect_timeout = layers.read(Key::ConnectTimeout, problems, number::pause);
    let attempts = layers.read(Key::RetryAttempts, problems, number::attempts);
    let delay = layers.read(Key::RetryDelay, problems, number::pause);
    let max_delay = layers.read(Key::RetryMaxDelay, problems, number::pause);
    let jitter = layers.read(Key::RetryJitter, problems, Jitter::read);
    let threshold = layers.read(Key::BreakerThreshold, problems, number::threshold);
    let open_time = layers.read(Key::BreakerOpenTime, problems, number::pause);
    let health_interval = layers.read(Key::HealthInterval, problems, number::pause);
    let (delay, max_delay) = (delay?, max_delay?);
    if delay > max_delay {
        let flag = Key::RetryMaxDelay.flag();
        let message = format!("{delay:?} is longer than the longest pause, {max_delay:?} ({flag})");
        problems.push(Problem::new(layers.place(Key::RetryDelay), message));
    }
    Some(DaemonSettings {
        address: address?,
        tls: tls?,
        connect_timeout: connect_timeout?,
        retry: Retry { attempts: attempts?, delay, max_delay, jitter: jitter? },
        breaker: BreakerSettings { threshold: threshold?, open_time: open_time? },
        health_interval: health_interval?,
    })
}

#[expect(
    clippy::option_option,
    reason = "the outer one says whether it could be read, the inner one whether it is there"
)]
fn tls(layers: &Layers, address: Option<&Address>, problems: &mut Vec<Problem>) -> Option<Option<TlsFiles>> {
    let ca = layers.read_optional(Key::DaemonTlsCaFile, problems, file_name);
    let certificate = layers.read_optional(Key::DaemonTlsCertFile, problems, file_name);
    let key = layers.read_optional(Key::DaemonTlsKeyFile, problems, file_name);
    let (ca, certificate, key) = (ca?, certificate?, key?);
    let given = [
        (ca.is_some(), Key::DaemonTlsCaFile),
        (certificate.is_some(), Key::DaemonTlsCertFile),
        (key.is_some(), Key::DaemonTlsKeyFile),
    ];
    let given = given.into_iter().find_map(|(is_given, key)| is_given.then_some(key));
    let mut problem = |key: Key, message: String| problems.push(Problem::new(layers.place(key), message));
    let identity = match (certificate, key) {
        (None, None) => None,
        (Some(certificate), Some(key)) => Some(Identity { certificate, key }),
        (Some(_), None) => {
            problem(
                Key::DaemonTlsCertFile,
                format!("a certificate needs its key: give {}", Key::DaemonTlsKeyFile.flag()),
            );
            return None;
        }
        (None, Some(_)) => {
            problem(
                Key::DaemonTlsKeyFile,
                format!("a key needs its certificate: give {}", Key::DaemonTlsCertFile.flag()),
            );
            return None;
        }
    };
    if let (Some(given), Some(Address::Unix(_))) = (given, address) {
        problem(
            given,
            "a unix socket is not encrypted: leave this out, or give the daemon as tcp://host:2376"
                .to_owned(),
        );
        return None;
    }
    match (ca, given) {
        (Some(ca), _) => Some(Some(TlsFiles { ca, identity })),
        (None, None) => Some(None),
        (None, Some(given)) => {
            let flag = Key::DaemonTlsCaFile.flag();
            problem(
                given,
                format!(
                    "without {flag} nobody vouches for the daemon: name the file of its authority's certificate"
                ),
            );
            None
        }
    }
}

impl Jitter {
    fn read(text: &str) -> Result<Self, String> {
        match text {
            "full" => Ok(Self::Full),
            "none" => Ok(Self::None),
            _ => {
                let hint = did_you_mean(text, ["full", "none"].into_iter());
                Err(format!("`{text}` is not one of full, none{hint}"))
            }
        }
    }
}
