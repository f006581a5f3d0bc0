//! What can happen to an engine, to its socket and to dockgate itself, under load.

use std::fs;

use nix::sys::signal::Signal;

use super::bench::Bench;
use super::harm::Harm;
use crate::harness::eventually;

#[test]
fn dockerd_killed() {
    let bench = Bench::new();
    bench.suffers(Harm::Killed);
    assert_said_once(&bench, &["the daemon is away", "is back after"]);
}

#[test]
fn dockerd_frozen() {
    let bench = Bench::new();
    bench.suffers(Harm::Frozen);
    assert_said_once(&bench, &["did not answer within", "answered 503 at once", "is back after"]);
}

#[test]
fn the_socket_removed() {
    let bench = Bench::new();
    bench.suffers(Harm::SocketRemoved);
    assert_said_once(&bench, &["there is no socket at", "is back after"]);
}

#[test]
fn a_directory_in_the_place_of_the_socket() {
    let bench = Bench::new();
    bench.suffers(Harm::DirectoryInstead);
    assert_said_once(&bench, &["is a directory, not a socket", "is back after"]);
}

#[test]
fn the_socket_closed_to_all_but_its_owner() {
    let bench = Bench::new();
    bench.suffers(Harm::ClosedToGroup);
    assert_said_once(&bench, &["mode 0600, and dockgate runs as uid 65532", "is back after"]);
}

#[test]
fn the_socket_given_to_another_group() {
    let bench = Bench::new();
    bench.suffers(Harm::OtherGroup);
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
    bench.suffers(Harm::Killed);
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
    let advice = "mount the directory that the socket is in";
    eventually("the advice", || bench.gate.log().contains(advice).then_some(()));
    let answer = bench.gate.ask("GET /v1.41/containers/x/json HTTP/1.1\r\nHost: d\r\n\r\n");
    assert!(answer.message().contains("a mount of a socket that was removed since"), "{}", answer.message());
}

#[test]
fn the_disk_of_the_audit_full() {
    let bench = Bench::new();
    bench.suffers(Harm::DiskFull);
    assert_said_once(&bench, &["No space left on device", "the audit is written again"]);
}

#[test]
fn descriptors_exhausted() {
    let bench = Bench::new();
    bench.suffers(Harm::NoDescriptors);
    assert_said_once(&bench, &["cannot accept"]);
}

#[test]
fn thousands_of_half_open_clients() {
    let bench = Bench::new();
    // What the allocator keeps of a crowd it keeps once: here it is seen whether more of it stays each time.
    let before = bench.gate.descriptors();
    Harm::HalfOpenClients.begin(&bench);
    eventually("the first crowd", || (bench.gate.descriptors() > 1000).then_some(()));
    Harm::HalfOpenClients.end(&bench);
    eventually("its end", || (bench.gate.descriptors() <= before).then_some(()));
    bench.suffers(Harm::HalfOpenClients);
}

#[track_caller]
fn assert_said_once(bench: &Bench, words: &[&str]) {
    let log = bench.gate.log();
    let said: Vec<_> = log.lines().filter(|line| !line.contains("DEBUG")).collect();
    for words in words {
        let count = said.iter().filter(|line| line.contains(words)).count();
        assert_eq!(count, 1, "{words:?} in:\n{}", said.join("\n"));
    }
}
