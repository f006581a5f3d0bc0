//! The admin socket: what it tells an operator, and that nobody can disturb clients by way of it.

mod hostile;
mod metrics;
mod well;

use std::path::PathBuf;

use crate::harness::{Answer, Gate, RawClient, Starting, eventually};

const LIST: &str = "GET /v1.41/containers/json HTTP/1.1\r\nHost: d\r\n\r\n";
const EVENTS: &str = "GET /v1.41/events HTTP/1.1\r\nHost: d\r\n\r\n";

/// With an admin socket in the gate's own directory.
fn with_admin(starting: Starting) -> Starting {
    let address = format!("unix://{}", starting.dir().join("admin.sock").display());
    starting.with(["--admin", &address])
}

fn socket(gate: &Gate) -> PathBuf {
    gate.dir().join("admin.sock")
}

/// Asks the admin socket.
#[track_caller]
fn ask(gate: &Gate, target: &str) -> Answer {
    let mut client = RawClient::unix(&socket(gate));
    client.send(format!("GET {target} HTTP/1.1\r\nHost: localhost\r\n\r\n"));
    client.answer()
}

fn text(answer: &Answer) -> String {
    String::from_utf8(answer.body.clone()).unwrap()
}

/// How dockgate is, and the status of the answer.
fn health(gate: &Gate) -> (u16, serde_json::Value) {
    let answer = ask(gate, "/healthz");
    (answer.status, serde_json::from_slice(&answer.body).unwrap())
}

/// Waits until the page has this status, and gives it.
#[track_caller]
fn becomes(gate: &Gate, target: &str, status: u16) -> Answer {
    eventually(&format!("{target} to be {status}"), || {
        Some(ask(gate, target)).filter(|answer| answer.status == status)
    })
}
