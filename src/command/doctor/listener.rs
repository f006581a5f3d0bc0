//! A listener: whether it can be made, or is there already, whose it is, and who may use it.

use std::fmt::Display;
use std::fs::{self, Metadata};
use std::io;
use std::net::TcpListener;
use std::os::unix::fs::{FileTypeExt as _, MetadataExt as _};
use std::path::Path;

use nix::unistd::{Uid, getegid, geteuid, getgroups};

use super::finding::{Finding, Findings};
use super::port::{self, Holder};
use super::rights::{self, Obstacle};
use crate::audit::read::directory_of;
use crate::command::reach;
use crate::settings::{Account, Address, ListenerSettings};
use crate::wire::Stream;

/// The name of this program's processes.
pub(super) const PROGRAM: &str = "dockgate";
/// Docker's own, which passes on what comes to a published port of a container.
const FORWARDER: &str = "docker-proxy";

/// What is known of dockgate before an address of its is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Known {
    /// Nothing.
    Nothing,
    /// Others of its addresses accept connections.
    OthersAccept,
    /// It runs, and says that it has this address.
    Runs,
}

/// Looks at the listener that `wanted` asks for; whether dockgate accepts there, as far as can be told.
pub(super) async fn look(wanted: &ListenerSettings, known: Known, findings: &mut Findings) -> bool {
    let part = format!("listener {}", wanted.name);
    look_at(&part, wanted, known, findings).await
}

/// The same, as `part` of the findings.
pub(super) async fn look_at(
    part: &str,
    wanted: &ListenerSettings,
    known: Known,
    findings: &mut Findings,
) -> bool {
    match &wanted.address {
        Address::Unix(path) => {
            look_at_accounts(part, wanted, findings);
            look_at_socket(part, path, wanted, known, findings).await
        }
        Address::Tcp { host, port } => look_at_port(part, host, *port, wanted, known, findings).await,
    }
}

/// Whether the socket can be given to whom it is to belong.
fn look_at_accounts(part: &str, wanted: &ListenerSettings, findings: &mut Findings) {
    let ids = [wanted.owner.as_ref().map(Account::user_id), wanted.group.as_ref().map(Account::group_id)];
    let [owner, group] = ids.map(|id| {
        let id = id?;
        id.map_err(|message| {
            findings.add(Finding::error(
                part,
                format_args!("{message}."),
                "Write its number, as `id` shows it on the host.",
            ));
        })
        .ok()
    });
    if geteuid().is_root() {
        return;
    }
    if let Some(owner) = owner.filter(|owner| Uid::from_raw(*owner) != geteuid()) {
        findings.add(Finding::error(
            part,
            format_args!("its socket is to belong to uid {owner}, and only root may give a file away."),
            "Leave --socket-owner out, and let clients in by --socket-group.",
        ));
    }
    let is_own = |group: u32| {
        getegid().as_raw() == group || getgroups().unwrap_or_default().iter().any(|own| own.as_raw() == group)
    };
    if let Some(group) = group.filter(|group| !is_own(*group)) {
        findings.add(Finding::error(
            part,
            format_args!("its socket is to belong to gid {group}, of which dockgate is no member."),
            format_args!("Make it one: `group_add: [\"{group}\"]` in compose, `--group-add {group}` with docker run, `SupplementaryGroups={group}` under systemd."),
        ));
    }
}

async fn look_at_socket(
    part: &str,
    path: &Path,
    wanted: &ListenerSettings,
    known: Known,
    findings: &mut Findings,
) -> bool {
    let shown = path.display();
    let found = match fs::symlink_metadata(path) {
        Ok(found) if found.file_type().is_socket() => found,
        Ok(_) => {
            findings.add(Finding::error(
                part,
                format_args!("{shown} is there already and is not a socket; dockgate does not remove it, and does not start."),
                "Choose another path, or move it away.",
            ));
            return false;
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            look_at_directory(part, path, "nobody listens there", known, findings);
            return false;
        }
        Err(error) => {
            findings.add(Finding::error(
                part,
                format_args!("{shown} cannot be looked at: {error}."),
                "This user needs search permission (x) on every directory above it.",
            ));
            return false;
        }
    };
    match reach::connect(&wanted.address).await {
        Ok(stream) => {
            let accepts = look_at_owner(part, &stream, findings);
            look_at_mode(part, path, &found, wanted, findings);
            accepts
        }
        Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => {
            look_at_directory(
                part,
                path,
                "a socket is there on which nobody listens; dockgate replaces it",
                known,
                findings,
            );
            false
        }
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {
            let (uid, gid, mode) = (found.uid(), found.gid(), found.mode() & 0o7777);
            let cure = if mode & 0o020 == 0 {
                format!(
                    "It is for its owner alone: run the doctor as uid {uid}, as which dockgate runs, or as root."
                )
            } else {
                format!(
                    "Give whoever should the group: `group_add: [\"{gid}\"]` in compose, `--group-add {gid}` with docker run; or name theirs with --socket-group."
                )
            };
            findings.add(Finding::warning(
                part,
                format_args!(
                    "this user may not use {shown}, which belongs to uid {uid}, gid {gid}, mode {mode:04o}."
                ),
                cure,
            ));
            false
        }
        Err(error) => {
            findings.add(Finding::error(
                part,
                format_args!("{shown} does not accept clients: {error}."),
                "Look at the log of whoever listens there; if it hangs, restart it.",
            ));
            false
        }
    }
}

/// Whether a socket can be made where none is, or none that is used.
fn look_at_directory(part: &str, path: &Path, state: &str, known: Known, findings: &mut Findings) {
    let shown = path.display();
    if known == Known::Runs {
        findings.add(Finding::error(
            part,
            format_args!(
                "{state}, although dockgate runs and says that it does: the socket at {shown} was removed or replaced, and clients cannot connect."
            ),
            "Restart dockgate: it makes the socket anew. If it runs in a container, run the doctor there.",
        ));
        return;
    }
    findings.add(match rights::obstacle_in(directory_of(path)) {
        None => nobody(part, format_args!("{state}: {shown} can be made"), known),
        Some(Obstacle { found, cure }) => {
            Finding::error(part, format_args!("{state}, and {shown} cannot be made: {found}."), cure)
        }
    });
}

/// An address that could be dockgate's, and is nobody's.
fn nobody(part: &str, found: impl Display, known: Known) -> Finding {
    match known {
        Known::Nothing | Known::Runs => Finding::note(
            part,
            format_args!("{found}."),
            "Start dockgate; if it runs, it has other settings: give the doctor the same flags and environment.",
        ),
        Known::OthersAccept => Finding::warning(
            part,
            format_args!(
                "{found}, although a listener accepts connections: whoever serves there does not have this address."
            ),
            "Restart dockgate with these settings, or give the doctor those that it runs with.",
        ),
    }
}

/// Whether it is dockgate that listens, as far as can be told.
fn look_at_owner(part: &str, stream: &Stream, findings: &mut Findings) -> bool {
    // Not told across pid namespaces.
    let peer = match stream {
        Stream::Unix(socket) => socket.peer().ok(),
        Stream::Tcp(_) | Stream::Tls(_) => None,
    };
    let process = peer.map(|peer| peer.pid()).filter(|pid| *pid > 0);
    let name = process.and_then(|pid| fs::read_to_string(format!("/proc/{pid}/comm")).ok());
    match (process, name.as_deref().map(str::trim_end)) {
        (Some(pid), Some(name)) if name != PROGRAM => {
            findings.add(taken(part, pid, name));
            return false;
        }
        (Some(pid), _) => findings.ok(part, format_args!("process {pid} accepts connections.")),
        (None, _) => findings.ok(part, "it accepts connections."),
    }
    true
}

/// The same of a TCP port.
fn look_at_holder(part: &str, stream: &Stream, findings: &mut Findings) -> bool {
    let peer = match stream {
        Stream::Tcp(socket) => socket.peer_addr().ok(),
        Stream::Unix(_) | Stream::Tls(_) => None,
    };
    let unknown = |who: &dyn Display, cure| {
        Finding::note(
            part,
            format_args!("it accepts connections, and whether that is dockgate cannot be told: {who}."),
            cure,
        )
    };
    let where_it_runs = "Run the doctor where dockgate runs: `docker exec CONTAINER /dockgate doctor`.";
    findings.add(match peer.map_or(Holder::Elsewhere, |peer| port::holder(peer, PROGRAM)) {
        Holder::Process { pid, name } if name == PROGRAM => {
            findings.ok(part, format_args!("process {pid} accepts connections."));
            return true;
        }
        Holder::Process { pid, name } if name == FORWARDER => {
            unknown(&format_args!("process {pid} ({name}) passes them on to a container"), where_it_runs)
        }
        Holder::Process { pid, name } => {
            findings.add(taken(part, pid, &name));
            return false;
        }
        Holder::Hidden { uid } => unknown(
            &format_args!("the process is uid {uid}'s, and this user may not look into it"),
            "Run the doctor as the user that dockgate runs as, or as root.",
        ),
        Holder::Elsewhere => {
            unknown(&"no process of this host, or of this container, listens there", where_it_runs)
        }
    });
    true
}

fn taken(part: &str, pid: i32, name: &str) -> Finding {
    Finding::error(
        part,
        format_args!("it is in use by process {pid} ({name}), which is not dockgate."),
        "Stop that, or choose another address.",
    )
}

/// Whether the socket is as asked for, and for whom it is.
fn look_at_mode(
    part: &str,
    path: &Path,
    found: &Metadata,
    wanted: &ListenerSettings,
    findings: &mut Findings,
) {
    let (shown, mode) = (path.display(), found.mode() & 0o7777);
    let group = wanted.group.as_ref().and_then(|group| group.group_id().ok());
    if mode != wanted.mode || group.is_some_and(|group| group != found.gid()) {
        let asked = group.map(|group| format!(", gid {group}")).unwrap_or_default();
        findings.add(Finding::warning(
            part,
            format_args!(
                "{shown} has mode {mode:04o}, gid {}; the settings ask for mode {:04o}{asked}.",
                found.gid(),
                wanted.mode
            ),
            "Restart dockgate with these settings, or give the doctor those that it runs with.",
        ));
    }
    if mode & 0o002 != 0 {
        findings.add(Finding::warning(
            part,
            format_args!(
                "everybody on this machine may use {shown} (mode {mode:04o}), as far as the policy allows."
            ),
            "Name the group of its clients with --socket-group, and leave --socket-mode at 0660.",
        ));
    }
}

async fn look_at_port(
    part: &str,
    host: &str,
    number: u16,
    wanted: &ListenerSettings,
    known: Known,
    findings: &mut Findings,
) -> bool {
    let address = &wanted.address;
    let accepts = if let Ok(stream) = reach::connect(address).await {
        look_at_holder(part, &stream, findings)
    } else {
        findings.add(match TcpListener::bind((host, number)) {
            Ok(_) => nobody(part, format_args!("nobody listens there: {address} can be listened on"), known),
            Err(error) => Finding::error(
                part,
                format_args!("{address} cannot be listened on: {error}."),
                cure_of_port(&error),
            ),
        });
        false
    };
    if !address.is_local() {
        findings.add(Finding::warning(
            part,
            format_args!("other hosts can reach {address}, without encryption and without a password: whoever does may do all that the policy allows."),
            "Prefer a unix socket, or tcp://127.0.0.1.",
        ));
    }
    accepts
}

#[expect(clippy::wildcard_enum_match_arm, reason = "of all kinds of errors these have a cure worth naming")]
fn cure_of_port(error: &io::Error) -> &'static str {
    match error.kind() {
        io::ErrorKind::AddrInUse => "Stop the process that has it, or choose another port.",
        io::ErrorKind::AddrNotAvailable => "It is no address of this host: choose another.",
        io::ErrorKind::PermissionDenied => "Ports below 1024 need a privilege: choose another.",
        _ => "Write an address of this host, such as 127.0.0.1.",
    }
}
