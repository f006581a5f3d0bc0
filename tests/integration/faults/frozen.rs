//! A daemon that is there and does not answer: nobody waits for it who need not, and it is noticed when it does.

use std::io::Read as _;
use std::os::unix::net::UnixListener;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use crate::harness::{FakeDaemon, Gate, PATIENCE, Starting, eventually};

const LIST: &str = "GET /v1.41/containers/json HTTP/1.1\r\nHost: d\r\n\r\n";
const UNVERSIONED: &str = "GET /containers/json HTTP/1.1\r\nHost: d\r\n\r\n";

/// A gate behind a socket that lets everybody in and answers nobody.
fn behind_a_frozen_one(policy: &str) -> (Starting, PathBuf, UnixListener) {
    let starting = Gate::with_policy(policy);
    let socket = starting.dir().join("daemon.sock");
    let frozen = UnixListener::bind(&socket).unwrap();
    (starting.daemon_at(&format!("unix://{}", socket.display())), socket, frozen)
}

#[test]
fn what_is_denied_anyway_does_not_wait() {
    let (starting, _, _frozen) = behind_a_frozen_one("read-only");
    let gate = starting.with(["--connect-timeout", "1h"]).start();
    for (request, status) in [
        ("POST /containers/x/kill HTTP/1.1\r\nHost: d\r\n\r\n", 403),
        ("DELETE /containers/x HTTP/1.1\r\nHost: d\r\n\r\n", 403),
        ("GET /no/such/thing HTTP/1.1\r\nHost: d\r\n\r\n", 404),
        ("POST /v1.41/containers/x/kill HTTP/1.1\r\nHost: d\r\n\r\n", 403),
    ] {
        assert_eq!(gate.ask(request).status, status, "{request}");
    }
}

#[test]
fn once_it_is_clear_nobody_waits_and_an_answer_ends_that() {
    let (starting, socket, frozen) = behind_a_frozen_one("everything");
    let more = ["--connect-timeout", "100ms", "--breaker-threshold", "2", "--breaker-open-time", "1h"];
    let gate = starting.with(more).start();
    let unversioned = gate.ask(UNVERSIONED);
    assert_eq!(unversioned.status, 503);
    assert!(unversioned.message().contains("did not answer within 100ms"), "{}", unversioned.message());
    eventually("dockgate to say so", || gate.log().contains("answered 503 at once").then_some(()));
    let start = Instant::now();
    for request in [LIST, UNVERSIONED].repeat(50) {
        let answer = gate.ask(request);
        let body: serde_json::Value = serde_json::from_slice(&answer.body).unwrap();
        assert_eq!(
            (answer.status, &body["type"], &body["code"]),
            (503, &"timeout".into(), &"ETIMEDOUT".into())
        );
        let retry_after = body["retry_after"].as_u64().unwrap();
        assert!(body["recoverable"] == true && (3590..=3600).contains(&retry_after), "{body}");
        assert_eq!(answer.header("Retry-After"), Some(retry_after.to_string().as_str()));
    }
    assert!(start.elapsed() < Duration::from_secs(10), "one waited");

    // The socket is made anew, which is noticed in less than the hour.
    std::fs::remove_file(&socket).unwrap();
    let _daemon = FakeDaemon::playing_at(&socket, |daemon| {
        daemon.send("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n[]\n");
    });
    eventually("the daemon to be found", || (gate.ask(LIST).status == 200).then_some(()));
    drop(frozen);
    let log = gate.log();
    for once in ["the daemon is away", "answered 503 at once", "is back after"] {
        assert_eq!(log.matches(once).count(), 1, "{once}");
    }
}

#[test]
fn a_client_that_leaves_is_not_waited_for() {
    let (starting, _, frozen) = behind_a_frozen_one("everything");
    let gate = starting.with(["--connect-timeout", "1h"]).start();
    let (_own_ping, _) = frozen.accept().unwrap();
    let mut client = gate.connect();
    client.send(UNVERSIONED);
    let (mut ping, _) = frozen.accept().unwrap();
    ping.set_read_timeout(Some(PATIENCE)).unwrap();
    let mut asked = vec![0; "GET /_ping ".len()];
    ping.read_exact(&mut asked).expect("a ping");
    drop(client);
    ping.read_to_end(&mut asked).expect("an end");
    let judged = gate.recorded("judged", "ContainerList");
    assert_eq!(gate.ended(&judged).text("end"), "client_gone");
}
