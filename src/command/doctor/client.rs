//! Where clients that are started from here would go.

use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

use super::finding::{Finding, Findings};
use crate::settings::{Address, ClientEnvironment, Settings};

const PART: &str = "client";
/// Where Docker's clients go when nobody tells them otherwise.
const DEFAULT: &str = "/var/run/docker.sock";

/// Looks at `DOCKER_HOST` and `DOCKER_CONTEXT` in the environment that the doctor was started in.
pub(super) fn look(settings: &Settings, findings: &mut Findings) {
    let environment = ClientEnvironment::of_process();
    if let Some(context) = &environment.context {
        findings.add(Finding::warning(
            PART,
            format_args!("DOCKER_CONTEXT is `{context}`: the docker CLI goes where that leads, whatever DOCKER_HOST says."),
            "Unset DOCKER_CONTEXT, unless that context is dockgate's address.",
        ));
    }
    findings.add(judge(environment.host.as_deref(), settings));
}

fn judge(host: Option<&str>, settings: &Settings) -> Finding {
    let gate = settings.listeners.first().map(|listener| for_clients(&listener.address)).unwrap_or_default();
    let cure = format!("In the clients' environment: DOCKER_HOST={gate}");
    let Some(host) = host else {
        let default = Address::Unix(DEFAULT.into());
        let past = if are_one(&default, &settings.daemon.address) { ", past dockgate" } else { "" };
        let found =
            format!("DOCKER_HOST is not set here: clients that are started from here ask {DEFAULT}{past}.");
        return Finding::note(PART, found, cure);
    };
    let address = match Address::read(host) {
        Ok(address) => address,
        Err(message) => {
            let found = format!("DOCKER_HOST leads to no listener of dockgate's: {message}.");
            return Finding::warning(PART, found, cure);
        }
    };
    if let Some(listener) = settings.listeners.iter().find(|listener| are_one(&listener.address, &address)) {
        let found = format!("DOCKER_HOST is the address of listener {}.", listener.name);
        return Finding { level: super::Level::Ok, part: PART.to_owned(), found, cure: None };
    }
    if are_one(&address, &settings.daemon.address) {
        let found =
            format!("DOCKER_HOST, {address}, is the daemon itself: what goes there goes past dockgate.");
        return Finding::warning(PART, found, format!("{cure}; and keep docker.sock from clients."));
    }
    Finding::warning(PART, format!("DOCKER_HOST, {address}, is no listener of this dockgate."), cure)
}

/// An address as clients write it, who reach one that stands for all of this host by its name or one of its own.
fn for_clients(address: &Address) -> String {
    match address {
        Address::Tcp { host, port } if host.parse().is_ok_and(|ip: std::net::IpAddr| ip.is_unspecified()) => {
            format!(
                "tcp://HOST:{port}, HOST being the name or address by which they reach this host or container"
            )
        }
        Address::Tcp { host: _, port: _ } | Address::Unix(_) => address.to_string(),
    }
}

/// Whether both addresses lead to the same place.
fn are_one(one: &Address, other: &Address) -> bool {
    match (one, other) {
        (Address::Unix(one), Address::Unix(other)) => one == other || is_same_file(one, other),
        (Address::Tcp { host: one, port }, Address::Tcp { host: other, port: other_port }) => {
            let here = |host: &str| {
                host == "localhost"
                    || host.parse().is_ok_and(|ip: std::net::IpAddr| ip.is_loopback() || ip.is_unspecified())
            };
            port == other_port && (one == other || here(one) && here(other))
        }
        (Address::Unix(_), Address::Tcp { .. }) | (Address::Tcp { .. }, Address::Unix(_)) => false,
    }
}

fn is_same_file(one: &Path, other: &Path) -> bool {
    match (fs::metadata(one), fs::metadata(other)) {
        (Ok(one), Ok(other)) => (one.dev(), one.ino()) == (other.dev(), other.ino()),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::super::Level;
    use super::*;
    use crate::settings::ServeArgs;

    #[test]
    fn a_client_goes_to_dockgate_or_past_it() {
        let file = "daemon = \"tcp://127.0.0.1:2370\"\nlisten = [\"tcp://0.0.0.0:2375\", \"ui=unix:///run/ui.sock\"]";
        let file = Some((Path::new("dockgate.toml"), file));
        let settings = Settings::merge(&ServeArgs::default(), &[], file).unwrap();
        let judged = |host| {
            let finding = judge(host, &settings);
            (finding.level, finding.found)
        };
        for (host, level, says) in [
            (Some("tcp://127.0.0.1:2375"), Level::Ok, "listener tcp://0.0.0.0:2375"),
            (Some("tcp://localhost:2375"), Level::Ok, "listener tcp://0.0.0.0:2375"),
            (Some("unix:///run/ui.sock"), Level::Ok, "listener ui"),
            (Some("tcp://localhost:2370"), Level::Warning, "the daemon itself"),
            (Some("tcp://elsewhere:2375"), Level::Warning, "no listener of this dockgate"),
            (Some("ssh://me@host"), Level::Warning, "does not speak ssh"),
            (None, Level::Note, "ask /var/run/docker.sock."),
        ] {
            let (found_level, found) = judged(host);
            assert_eq!(found_level, level, "{found}");
            assert!(found.contains(says), "{found}");
        }
        let finding = judge(None, &settings);
        assert_eq!(
            finding.cure.as_deref(),
            Some(
                "In the clients' environment: DOCKER_HOST=tcp://HOST:2375, HOST being the name or address by which they reach this host or container"
            )
        );
    }

    #[test]
    fn a_socket_is_the_same_by_any_name() {
        let directory = tempfile::tempdir().unwrap();
        let (socket, link) = (directory.path().join("a"), directory.path().join("b"));
        let _listening = std::os::unix::net::UnixListener::bind(&socket).unwrap();
        std::os::unix::fs::symlink(&socket, &link).unwrap();
        assert!(are_one(&Address::Unix(socket), &Address::Unix(link)));
    }
}
