//! Connecting is tried again while a client waits, and for no other reason.

use std::time::{Duration, Instant};

use crate::harness::{FakeDaemon, Gate, Starting, eventually};

const KILL: &str = "POST /v1.41/containers/x/kill HTTP/1.1\r\nHost: d\r\n\r\n";
const ANSWER: &str = "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n[]\n";

/// A gate that tries again after pauses of ten seconds, and the place of its daemon, which is not there.
fn patient(threshold: &str) -> (Starting, std::path::PathBuf) {
    let starting = Gate::with_policy("everything");
    let socket = starting.dir().join("daemon.sock");
    let starting = starting.daemon_at(&format!("unix://{}", socket.display()));
    let pauses =
        ["--retry-attempts=100", "--retry-delay=10s", "--retry-max-delay=10s", "--retry-jitter=none"];
    (starting.with(pauses).with([threshold, "--breaker-open-time=1h"]), socket)
}

#[test]
fn who_waits_is_served_as_soon_as_the_daemon_is_there() {
    let (starting, socket) = patient("--breaker-threshold=1000");
    let gate = starting.start();
    let mut client = gate.connect();
    client.send(KILL);
    gate.recorded("judged", "ContainerKill");
    let start = Instant::now();
    let daemon = FakeDaemon::playing_at(&socket, |daemon| daemon.send(ANSWER));
    assert_eq!(client.answer().status, 200);
    assert_eq!(daemon.received().len(), 1);
    assert!(start.elapsed() < Duration::from_secs(5), "it waited for the pause to end");
}

#[test]
fn who_leaves_is_not_tried_for() {
    let (starting, socket) = patient("--breaker-threshold=1000");
    let gate = starting.start();
    let mut client = gate.connect();
    client.send(KILL);
    let judged = gate.recorded("judged", "ContainerKill");
    drop(client);
    assert_eq!(gate.ended(&judged).text("end"), "client_gone");
    let daemon = FakeDaemon::playing_at(&socket, |daemon| daemon.send(ANSWER));
    eventually("the daemon to be found", || gate.log().contains("is back after").then_some(()));
    assert_eq!(daemon.received(), []);
}

#[test]
fn who_waits_is_told_as_soon_as_it_is_clear() {
    // The first failure is that of dockgate's own ping.
    let (starting, _) = patient("--breaker-threshold=3");
    let gate = starting.start();
    eventually("its own ping", || gate.log().contains("the daemon is away").then_some(()));
    let start = Instant::now();
    let mut waiting = gate.connect();
    waiting.send(KILL);
    gate.recorded("judged", "ContainerKill");
    assert_eq!(gate.ask(KILL).status, 503);
    assert_eq!(waiting.answer().status, 503);
    assert!(start.elapsed() < Duration::from_secs(5), "one waited for the pause to end");
}
