//! What can happen to an engine and its socket, under load.

use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt as _, chown};
use std::path::PathBuf;

use nix::sys::signal::Signal;

use super::bench::{Bench, Fault};
use crate::harness::{Audit, eventually};

/// The group that `scripts/engine` gives the socket to.
const GROUP: u32 = 2375;

#[test]
fn killed_and_started_again() {
    let bench = Bench::new();
    bench.suffers(&Fault {
        name: "dockerd killed (SIGKILL) and started again",
        lasts: bench.pace.fault,
        audit: Audit::Whole,
        spares_streams: false,
        begin: &|bench| bench.engine.signal(Signal::SIGKILL),
        end: &|bench| bench.engine.start_again(),
    });
    assert_said_once(&bench, &["the daemon is away", "is back after"]);
}

#[test]
fn frozen_and_thawed() {
    let bench = Bench::new();
    bench.suffers(&Fault {
        name: "dockerd frozen (SIGSTOP) and thawed",
        lasts: bench.pace.long_fault,
        audit: Audit::Whole,
        spares_streams: true,
        begin: &|bench| bench.engine.signal(Signal::SIGSTOP),
        end: &|bench| bench.engine.signal(Signal::SIGCONT),
    });
    assert_said_once(&bench, &["did not answer within", "answered 503 at once", "is back after"]);
}

#[test]
fn its_socket_removed_and_put_back() {
    let bench = Bench::new();
    bench.suffers(&Fault {
        name: "its socket removed and put back",
        lasts: bench.pace.fault,
        audit: Audit::Whole,
        spares_streams: true,
        begin: &|bench| fs::rename(bench.engine.socket(), aside(bench)).unwrap(),
        end: &|bench| fs::rename(aside(bench), bench.engine.socket()).unwrap(),
    });
    assert_said_once(&bench, &["there is no socket at", "is back after"]);
}

#[test]
fn a_directory_in_its_place() {
    let bench = Bench::new();
    bench.suffers(&Fault {
        name: "a directory in its socket's place",
        lasts: bench.pace.fault,
        audit: Audit::Whole,
        spares_streams: true,
        begin: &|bench| {
            fs::rename(bench.engine.socket(), aside(bench)).unwrap();
            fs::create_dir(bench.engine.socket()).unwrap();
        },
        end: &|bench| {
            fs::remove_dir(bench.engine.socket()).unwrap();
            fs::rename(aside(bench), bench.engine.socket()).unwrap();
        },
    });
    assert_said_once(&bench, &["is a directory, not a socket", "is back after"]);
}

#[test]
fn its_socket_closed_to_all_but_its_owner() {
    let bench = Bench::with(|starting, _| starting.without_rights_but(&[GROUP]));
    let mode = |bench: &Bench, mode| {
        fs::set_permissions(bench.engine.socket(), Permissions::from_mode(mode)).unwrap();
    };
    bench.suffers(&Fault {
        name: "its socket's mode 0600, and 0660 again",
        lasts: bench.pace.fault,
        audit: Audit::Whole,
        spares_streams: true,
        begin: &|bench| mode(bench, 0o600),
        end: &|bench| mode(bench, 0o660),
    });
    assert_said_once(&bench, &["mode 0600, and dockgate runs as uid 65532", "is back after"]);
}

#[test]
fn its_group_taken_away_and_given_back() {
    let bench = Bench::with(|starting, _| starting.without_rights_but(&[GROUP]));
    bench.suffers(&Fault {
        name: "its socket given to another group, and back",
        lasts: bench.pace.fault,
        audit: Audit::Whole,
        spares_streams: true,
        begin: &|bench| chown(bench.engine.socket(), None, Some(4711)).unwrap(),
        end: &|bench| chown(bench.engine.socket(), None, Some(GROUP)).unwrap(),
    });
    assert_said_once(&bench, &["group_add: [\"4711\"]", "is back after"]);
}

#[test]
fn a_directory_that_is_mounted_shows_the_new_socket() {
    let bench = Bench::with(|starting, engine| {
        let mounted = starting.dir().join("mounted");
        fs::create_dir(&mounted).unwrap();
        let script = format!("mount --bind '{}' '{}'", engine.dir().display(), mounted.display());
        starting.daemon_at(&format!("unix://{}/docker.sock", mounted.display())).in_namespace(&script)
    });
    bench.suffers(&Fault {
        name: "the same, its directory mounted into a container",
        lasts: bench.pace.fault,
        audit: Audit::Whole,
        spares_streams: false,
        begin: &|bench| bench.engine.signal(Signal::SIGKILL),
        end: &|bench| bench.engine.start_again(),
    });
}

#[test]
fn a_socket_that_is_mounted_goes_stale_and_that_is_said() {
    let bench = Bench::with(|starting, engine| {
        let mounted = starting.dir().join("mounted.sock");
        fs::write(&mounted, "").unwrap();
        let script = format!("mount --bind '{}' '{}'", engine.socket().display(), mounted.display());
        starting.daemon_at(&format!("unix://{}", mounted.display())).in_namespace(&script)
    });
    bench.engine.signal(Signal::SIGKILL);
    eventually("the daemon to be missed", || bench.gate.log().contains("nobody listens").then_some(()));
    bench.engine.start_again();
    eventually("the advice", || {
        bench.gate.log().contains("mount the directory that the socket is in").then_some(())
    });
    let answer = bench.gate.ask("GET /v1.41/containers/x/json HTTP/1.1\r\nHost: d\r\n\r\n");
    assert!(answer.message().contains("a mount of a socket that was removed since"), "{}", answer.message());
}

/// Where the socket is put meanwhile.
fn aside(bench: &Bench) -> PathBuf {
    bench.engine.dir().join("aside.sock")
}

#[track_caller]
fn assert_said_once(bench: &Bench, words: &[&str]) {
    let log = bench.gate.log();
    let said: Vec<_> = log.lines().filter(|line| line.contains("WARN") || line.contains("INFO")).collect();
    for words in words {
        let count = said.iter().filter(|line| line.contains(words)).count();
        assert_eq!(count, 1, "{words:?} in:\n{}", said.join("\n"));
    }
}
