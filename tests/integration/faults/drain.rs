//! Being told to stop: nobody loses an answer who could have had it.

use std::time::{Duration, Instant};

use nix::sys::signal::Signal;

use crate::harness::{FakeDaemon, Gate, eventually};

const LIST: &str = "GET /v1.41/containers/json HTTP/1.1\r\nHost: d\r\n\r\n";

#[test]
fn an_idle_gate_stops_at_once() {
    let daemon = FakeDaemon::content();
    for signal in [Signal::SIGTERM, Signal::SIGINT] {
        let gate = Gate::with_policy("everything").behind(&daemon).start();
        let mut resting = gate.connect();
        resting.send(LIST);
        resting.answer();
        let start = Instant::now();
        gate.signal(signal);
        assert!(gate.wait().success(), "{}", gate.log());
        assert!(start.elapsed() < Duration::from_secs(2), "an idle connection holds nothing up");
        assert_eq!(resting.rest(), b"");
        assert!(!gate.socket().exists(), "the socket is removed");
    }
}

#[test]
fn a_running_request_ends_and_no_other_begins() {
    let daemon = FakeDaemon::playing(|daemon| {
        std::thread::sleep(Duration::from_secs(1));
        daemon.send("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n[]\n");
    });
    let gate = Gate::with_policy("everything").behind(&daemon).start();
    let mut client = gate.connect();
    client.send(LIST);
    eventually("the daemon to be asked", || (daemon.received().len() == 1).then_some(()));
    gate.signal(Signal::SIGTERM);
    let answer = client.answer();
    assert_eq!(answer.status, 200);
    client.try_send(LIST).ok();
    assert_eq!(client.rest(), b"", "nothing comes after it");
    assert!(gate.wait().success());
    assert_eq!(daemon.received().len(), 1);
}

#[test]
fn a_stream_is_cut_after_the_grace_period_and_said_so() {
    let daemon = FakeDaemon::playing(|daemon| {
        daemon.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n");
        daemon.read_to_end();
    });
    let gate = Gate::with_policy("everything").behind(&daemon).with(["--grace", "1s"]).start();
    let mut client = gate.connect();
    client.send("GET /v1.41/events HTTP/1.1\r\nHost: d\r\n\r\n");
    client.head();
    assert_eq!(client.chunk(), b"{}");
    let start = Instant::now();
    gate.signal(Signal::SIGTERM);
    let rest = client.rest();
    assert!(start.elapsed() >= Duration::from_millis(900), "it had its grace");
    assert!(!rest.ends_with(b"0\r\n\r\n"), "what is cut does not look whole");
    gate.wait();
    assert!(start.elapsed() < Duration::from_secs(5));
    assert!(gate.log().contains("cut"), "the operator is told: {}", gate.log());
    let judged = gate.recorded("judged", "SystemEvents");
    assert_eq!(gate.ended(&judged).text("end"), "drained");
}
