//! What systemd is told, where it asks for it (`sd_notify(3)`): that dockgate is ready, reads its policy again, is
//! stopping, is alive, and in a line how it stands.
//!
//! Telling never waits: what the socket does not take at once is left out.

use std::ffi::OsStr;
use std::io;
use std::os::linux::net::SocketAddrExt as _;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::net::{SocketAddr, UnixDatagram};
use std::time::Duration;

use nix::time::{ClockId, clock_gettime};
use tokio::sync::watch;
use tokio::time::{MissedTickBehavior, interval};

use crate::daemon::{Daemon, State};
use crate::gate::Phase;
use crate::reload::{PolicyInForce, PolicyState};
use crate::settings::Supervision;

/// systemd, or nobody.
#[derive(Debug)]
pub struct Systemd {
    socket: Option<(UnixDatagram, SocketAddr)>,
    /// How often it wants a sign of life.
    watchdog: Option<Duration>,
}

impl Systemd {
    /// As the environment asks for.
    #[must_use]
    pub fn new(supervision: &Supervision) -> Self {
        let socket = supervision.socket.as_ref().and_then(|name| match open(name) {
            Ok(opened) => Some(opened),
            Err(error) => {
                tracing::warn!("systemd cannot be told at NOTIFY_SOCKET, {}: {error}", name.display());
                None
            }
        });
        // Twice as often as asked for, so that one that comes late does no harm.
        let watchdog = supervision.watchdog.map(|wanted| wanted.checked_div(2).unwrap_or(wanted));
        Self { socket, watchdog: watchdog.filter(|pause| !pause.is_zero()) }
    }

    /// The policy is read again, until [`Systemd::ready`] is said.
    pub fn reloading(&self) {
        let now = clock_gettime(ClockId::CLOCK_MONOTONIC).map(Duration::from).unwrap_or_default();
        self.tell(&format!("RELOADING=1\nMONOTONIC_USEC={}", now.as_micros()));
    }

    /// Clients are accepted, by the policy that is in force until it is read again.
    pub fn ready(&self) {
        self.tell("READY=1");
    }

    /// Tells of what happens from now on. Never returns.
    pub async fn attend(&self, daemon: &Daemon, policy: &PolicyInForce, mut phase: watch::Receiver<Phase>) {
        self.ready();
        let (mut daemon_changes, mut policy_changes) = (daemon.changes(), policy.changes());
        let mut alive = interval(self.watchdog.unwrap_or(Duration::MAX));
        alive.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut told = String::new();
        loop {
            let status = status(*phase.borrow_and_update(), &daemon.state(), &policy.state());
            if status != told {
                self.tell(&status);
                told = status;
            }
            tokio::select! {
                _ = alive.tick() => if self.watchdog.is_some() {
                    self.tell("WATCHDOG=1");
                },
                Ok(()) = daemon_changes.changed() => {}
                Ok(()) = policy_changes.changed() => {}
                Ok(()) = phase.changed() => {}
            }
        }
    }

    fn tell(&self, message: &str) {
        if let Some((socket, address)) = &self.socket
            && let Err(error) = socket.send_to_addr(message.as_bytes(), address)
        {
            tracing::debug!("systemd was not told {message:?}: {error}");
        }
    }
}

/// A socket to tell by, and where to: a path, or a name in the abstract namespace, which begins with `@`.
fn open(name: &OsStr) -> io::Result<(UnixDatagram, SocketAddr)> {
    let address = match name.as_bytes().strip_prefix(b"@") {
        Some(name) => SocketAddr::from_abstract_name(name)?,
        None => SocketAddr::from_pathname(name)?,
    };
    let socket = UnixDatagram::unbound()?;
    socket.set_nonblocking(true)?;
    Ok((socket, address))
}

/// How dockgate stands, in a line.
fn status(phase: Phase, daemon: &State, policy: &PolicyState) -> String {
    if phase != Phase::Serving {
        return "STOPPING=1\nSTATUS=Stopping: running requests may end.".to_owned();
    }
    let daemon = match (&daemon.last_error, daemon.connected) {
        (_, true) => {
            format!("the daemon is there ({})", daemon.daemon_version.as_deref().unwrap_or("unnamed"))
        }
        (Some(error), false) => format!("the daemon is away: {}", error.away.found.trim_end_matches('.')),
        (None, false) => "the daemon was not asked yet".to_owned(),
    };
    let policy = match &policy.failure {
        None => String::new(),
        Some(failure) => format!("; {}, so that an older policy is in force", failure.why.found),
    };
    // One line is one assignment.
    format!("STATUS=Serving; {daemon}{policy}.").replace('\n', " ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_may_be_a_path_or_abstract() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("notify");
        let by_path = UnixDatagram::bind(&path).unwrap();
        let name = format!("dockgate-test-{}", std::process::id());
        let abstract_name = SocketAddr::from_abstract_name(&name).unwrap();
        let by_name = UnixDatagram::bind_addr(&abstract_name).unwrap();
        for (listening, name) in [(by_path, path.into_os_string()), (by_name, format!("@{name}").into())] {
            let systemd = Systemd::new(&Supervision { socket: Some(name), watchdog: None });
            systemd.ready();
            let mut buffer = [0; 64];
            let count = listening.recv(&mut buffer).unwrap();
            assert_eq!(&buffer[..count], b"READY=1");
        }
    }

    #[test]
    fn nobody_is_told_where_nobody_listens() {
        Systemd::new(&Supervision { socket: Some("/nonexistent/notify".into()), watchdog: None }).ready();
        Systemd::new(&Supervision::default()).ready();
    }
}
