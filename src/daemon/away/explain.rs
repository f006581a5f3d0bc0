//! What is found at the daemon's address, and what to do about it.

use std::io;
use std::os::unix::fs::{FileTypeExt as _, MetadataExt as _};
use std::path::Path;

use nix::errno::Errno;
use nix::unistd::{getegid, geteuid, getgroups};

use super::AwayKind;
use crate::settings::Address;

/// What was found, what to do, and whether it can pass by itself.
type Explained = (String, String, bool);

/// Why connecting to `address` failed.
pub(super) fn connecting(
    address: &Address,
    kind: AwayKind,
    code: Option<Errno>,
    error: &io::Error,
) -> Explained {
    match address {
        Address::Unix(path) => {
            let (found, cure) = explain_socket(path, kind, error);
            (found, cure, matches!(kind, AwayKind::Connection | AwayKind::Timeout))
        }
        Address::Tcp { host, .. } if code.is_none() => (
            format!("{host} cannot be looked up: {error}."),
            "Write an address, or check the name service.".to_owned(),
            true,
        ),
        Address::Tcp { .. } => (
            format!("nobody answers at {address}: {error}."),
            "Check that the daemon listens there and that the network between lets it through.".to_owned(),
            true,
        ),
    }
}

/// What stands at `path`, and what to do about it.
fn explain_socket(path: &Path, kind: AwayKind, error: &io::Error) -> (String, String) {
    let shown = path.display();
    let metadata = match std::fs::metadata(path) {
        Ok(metadata) => metadata,
        Err(missing) if missing.kind() == io::ErrorKind::NotFound => {
            return (
                format!("there is no socket at {shown}."),
                "Start the Docker daemon; in a container, mount the socket, or better the directory it is in."
                    .to_owned(),
            );
        }
        Err(unseen) => {
            return (
                format!("{shown} cannot be looked at: {unseen}."),
                "dockgate needs search permission (x) on every directory above the socket.".to_owned(),
            );
        }
    };
    if metadata.is_dir() {
        return (
            format!("{shown} is a directory, not a socket."),
            "If it is a mount, it was probably made before the daemon had made its socket: stop the container, remove the directory on the host if it is empty, start the daemon, then the container.".to_owned(),
        );
    }
    if !metadata.file_type().is_socket() {
        return (
            format!("{shown} is not a socket."),
            "Point --daemon at the Docker daemon's socket.".to_owned(),
        );
    }
    match kind {
        AwayKind::Permission => explain_permission(path, &metadata),
        AwayKind::Connection => (
            format!("nobody listens on {shown}."),
            "The daemon is stopped, or it made its socket anew and a mount of the old file was left behind: mount the directory, not the file.".to_owned(),
        ),
        AwayKind::Timeout | AwayKind::Unknown => {
            (format!("{shown} cannot be connected to: {error}."), "Look at the daemon's own log.".to_owned())
        }
    }
}

fn explain_permission(path: &Path, metadata: &std::fs::Metadata) -> (String, String) {
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
    let cure = if groups.contains(&gid) {
        "dockgate has that group already, so the mode or a security module (SELinux: `security_opt: [label=disable]`) stands in the way, or a directory above it.".to_owned()
    } else if gid == 65534 {
        "That group is the overflow group: the socket's real group is not mapped into this user namespace. Run dockgate in the daemon's own namespace, or as the user who runs a rootless daemon.".to_owned()
    } else if mode & 0o060 != 0o060 {
        format!(
            "Its group may not write to it either: run dockgate as uid {uid}, or let the daemon make the socket with a group (`\"group\"` in daemon.json)."
        )
    } else {
        format!(
            "Give dockgate the socket's group: `group_add: [\"{gid}\"]` in compose, `--group-add {gid}` with docker run."
        )
    };
    (found, cure)
}
