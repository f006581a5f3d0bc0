//! The daemon: whether it answers, is known, and is dockgate's alone.

use std::path::Path;

use super::finding::{Finding, Findings};
use super::mount;
use crate::daemon::{Daemon, FileKind, Place};
use crate::operation::version::ApiVersion;
use crate::settings::{Address, DaemonSettings};

const PART: &str = "daemon";

/// Pings it, has it list a container, and looks at its socket.
pub(super) async fn look(settings: &DaemonSettings, findings: &mut Findings) {
    let daemon = Daemon::new(settings.clone());
    match daemon.probe().await {
        Ok(version) => look_at_version(&daemon, version, findings),
        Err(away) => {
            let code = away.code.as_ref().map(|code| format!(" ({code})")).unwrap_or_default();
            findings.add(Finding::error(PART, format_args!("{}{code}", away.found), &away.cure));
        }
    }
    if daemon.state().connected
        && let Err(away) = daemon.list().await
    {
        findings.add(Finding::error(PART, &away.found, &away.cure));
    }
    match &settings.address {
        Address::Unix(path) => look_at_socket(path, daemon.state().socket, findings),
        Address::Tcp { host, .. } => look_at_host(host, settings, findings),
    }
}

fn look_at_version(daemon: &Daemon, version: ApiVersion, findings: &mut Findings) {
    let (address, state) = (daemon.address(), daemon.state());
    let name = state.daemon_version.map(|version| format!("Docker {version}, ")).unwrap_or_default();
    findings.ok(PART, format_args!("{address} answers: {name}API {version}."));
    if version > ApiVersion::NEWEST {
        let newest = ApiVersion::NEWEST;
        findings.add(Finding::note(
            PART,
            format_args!("the daemon speaks API {version}; dockgate knows the meaning of what is asked up to {newest}, and tells clients to speak that."),
            "Nothing need be done; a newer dockgate may know more.",
        ));
    }
    if version < ApiVersion::OLDEST {
        let oldest = ApiVersion::OLDEST;
        findings.add(Finding::error(
            PART,
            format_args!(
                "the daemon speaks API {version} at most; dockgate passes nothing on below {oldest}."
            ),
            "Use a newer Docker Engine.",
        ));
    }
}

fn look_at_socket(path: &Path, place: Option<Place>, findings: &mut Findings) {
    let Some(Place::File(file)) = place.filter(|place| is_socket(*place)) else { return };
    let shown = path.display();
    if file.mode & 0o002 != 0 {
        findings.add(Finding::warning(
            PART,
            format_args!("everybody on this machine may use {shown} (mode {:04o}), and so is root on it.", file.mode),
            format_args!("Take the right away: `chmod o-rw {shown}`, and `SocketMode=0660` in docker.socket under systemd."),
        ));
    }
    if mount::is_mount_point(path) {
        findings.add(Finding::note(
            PART,
            format_args!("{shown} is mounted as a file; if the daemon ever makes its socket anew, the old one stays here."),
            "Mount the directory that it is in, and point --daemon there, unless systemd makes the socket (docker.socket).",
        ));
    }
}

fn is_socket(place: Place) -> bool {
    match place {
        Place::File(file) => file.kind == FileKind::Socket,
        Place::Empty | Place::Closed => false,
    }
}

fn look_at_host(host: &str, settings: &DaemonSettings, findings: &mut Findings) {
    if settings.is_exposed() {
        findings.add(Finding::warning(
            PART,
            format_args!("what is said to the daemon at {host} is not encrypted, and nobody proves who he is: whoever is on the way can be root there."),
            "Have the daemon speak TLS, and give --daemon-tls-ca, --daemon-tls-cert and --daemon-tls-key.",
        ));
    }
}
