//! A client that reads later than it is sent to.

use std::process::Command;

use crate::harness::{FakeDaemon, Gate, eventually};

const BYTES: usize = 8 * 1024 * 1024;

#[test]
fn it_gets_everything_though_no_descriptor_is_left() {
    for framing in ["Content-Length: 8388608\r\n\r\n", "Transfer-Encoding: chunked\r\n\r\n800000\r\n"] {
        let daemon = FakeDaemon::playing(move |daemon| {
            daemon.read_body();
            daemon.send(format!("HTTP/1.1 200 OK\r\n{framing}"));
            daemon.send("x".repeat(BYTES));
            daemon.send(if framing.starts_with('T') { "\r\n0\r\n\r\n" } else { "" });
        });
        let gate = Gate::with_policy("everything").behind(&daemon).start();
        let mut client = gate.connect();
        let before = gate.descriptors();
        client.send("GET /v1.41/containers/x/export HTTP/1.1\r\nHost: d\r\n\r\n");
        // The daemon's socket, and the one that is waited at.
        eventually("the client's socket to be full", || (gate.descriptors() >= before + 2).then_some(()));
        let (pid, limit) = (format!("--pid={}", gate.pid()), "--nofile=1:");
        assert!(Command::new("prlimit").args([&pid, limit]).status().unwrap().success());
        assert!(client.answer().body == "x".repeat(BYTES).as_bytes(), "{framing}");
        assert_eq!(gate.ended(&gate.recorded("judged", "ContainerExport")).text("end"), "complete");
    }
}
