//! Why the daemon cannot be reached, in words that mend the cause.

use std::fmt;
use std::io;
use std::os::unix::fs::{FileTypeExt as _, MetadataExt as _};
use std::path::Path;
use std::time::Duration;

use nix::errno::Errno;
use nix::unistd::{getegid, geteuid, getgroups};

use crate::settings::Address;

/// Why the daemon cannot be reached.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Away {
    /// The class of the cause.
    pub kind: AwayKind,
    /// The system's name of the error: `EACCES`, `ENOENT`, `ECONNREFUSED`, …
    pub code: Option<Errno>,
    /// What was found, and what to do about it.
    pub message: String,
}

/// The classes of causes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AwayKind {
    /// dockgate may not open the socket.
    Permission,
    /// Nobody is there.
    Connection,
    /// Somebody is there and does not answer.
    Timeout,
    /// Something else.
    Unknown,
}

/// The classes of the errors that have one.
const KINDS: [(Errno, AwayKind); 8] = [
    (Errno::EACCES, AwayKind::Permission),
    (Errno::EPERM, AwayKind::Permission),
    (Errno::ENOENT, AwayKind::Connection),
    (Errno::ENOTDIR, AwayKind::Connection),
    (Errno::ECONNREFUSED, AwayKind::Connection),
    (Errno::EHOSTUNREACH, AwayKind::Connection),
    (Errno::ENETUNREACH, AwayKind::Connection),
    (Errno::ETIMEDOUT, AwayKind::Timeout),
];

impl Away {
    /// Connecting to `address` failed with `error`. Looks at the socket to say why.
    pub(super) fn connecting(address: &Address, error: &io::Error) -> Self {
        let code = error.raw_os_error().map(Errno::from_raw);
        let kind =
            KINDS.iter().find(|(known, _)| Some(*known) == code).map_or(AwayKind::Unknown, |(_, kind)| *kind);
        let message = match address {
            Address::Unix(path) => explain_socket(path, kind, error),
            Address::Tcp { host, .. } if code.is_none() => {
                format!("{host} cannot be looked up: {error}. Write an address, or check the name service.")
            }
            Address::Tcp { .. } => format!(
                "nobody answers at {address}: {error}. Check that the daemon listens there and that the network between lets it through."
            ),
        };
        Self { kind, code, message }
    }

    /// The daemon at `address` did not answer within `limit`.
    pub(super) fn slow(address: &Address, limit: Duration) -> Self {
        Self {
            kind: AwayKind::Timeout,
            code: Some(Errno::ETIMEDOUT),
            message: format!(
                "the daemon at {address} did not answer within {} seconds. It is overloaded, frozen or starting; look at its own log.",
                limit.as_secs()
            ),
        }
    }
}

impl fmt::Display for Away {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.code {
            Some(code) => write!(f, "{} ({code:?})", self.message),
            None => f.write_str(&self.message),
        }
    }
}

/// What stands at `path`, and what to do about it.
fn explain_socket(path: &Path, kind: AwayKind, error: &io::Error) -> String {
    let shown = path.display();
    let metadata = match std::fs::metadata(path) {
        Ok(metadata) => metadata,
        Err(missing) if missing.kind() == io::ErrorKind::NotFound => {
            return format!(
                "there is no socket at {shown}. Start the Docker daemon; in a container, mount the socket, or better the directory it is in."
            );
        }
        Err(unseen) => {
            return format!(
                "{shown} cannot be looked at: {unseen}. dockgate needs search permission (x) on every directory above the socket."
            );
        }
    };
    if metadata.is_dir() {
        return format!(
            "{shown} is a directory, not a socket. If it is a mount, it was probably made before the daemon had made its socket: stop the container, remove the directory on the host if it is empty, start the daemon, then the container."
        );
    }
    if !metadata.file_type().is_socket() {
        return format!("{shown} is not a socket. Point --daemon at the Docker daemon's socket.");
    }
    match kind {
        AwayKind::Permission => explain_permission(path, &metadata),
        AwayKind::Connection => format!(
            "nobody listens on {shown}. The daemon is stopped, or it made its socket anew and a mount of the old file was left behind: mount the directory, not the file."
        ),
        AwayKind::Timeout | AwayKind::Unknown => format!("{shown} cannot be connected to: {error}."),
    }
}

fn explain_permission(path: &Path, metadata: &std::fs::Metadata) -> String {
    let (uid, gid, mode) = (metadata.uid(), metadata.gid(), metadata.mode() & 0o7777);
    let mut groups: Vec<u32> =
        getgroups().unwrap_or_default().into_iter().map(nix::unistd::Gid::as_raw).collect();
    groups.push(getegid().as_raw());
    groups.sort_unstable();
    groups.dedup();
    let found = format!(
        "permission denied on {}: it belongs to uid {uid}, gid {gid}, mode {mode:04o}, and dockgate runs as uid {} with groups {}.",
        path.display(),
        geteuid(),
        groups.iter().map(u32::to_string).collect::<Vec<_>>().join(", "),
    );
    let advice = if groups.contains(&gid) {
        " dockgate has that group already, so the mode or a security module (SELinux: `security_opt: [label=disable]`) stands in the way, or a directory above it.".to_owned()
    } else if gid == 65534 {
        " That group is the overflow group: the socket's real group is not mapped into this user namespace. Run dockgate in the daemon's own namespace, or as the user who runs a rootless daemon.".to_owned()
    } else if mode & 0o060 != 0o060 {
        format!(
            " Its group may not write to it either: run dockgate as uid {uid}, or let the daemon make the socket with a group (`\"group\"` in daemon.json)."
        )
    } else {
        format!(
            " Give dockgate the socket's group: `group_add: [\"{gid}\"]` in compose, `--group-add {gid}` with docker run."
        )
    };
    found + &advice
}
