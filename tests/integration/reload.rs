//! A policy that changes while dockgate runs: taken up whole, or not at all.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;

use nix::sys::signal::Signal;

use crate::harness::{Conversation, FakeDaemon, Gate, Record, eventually};

const LIST: &str = "GET /v1.41/containers/json HTTP/1.1\r\nHost: d\r\n\r\n";
const PING: &str = "GET /v1.41/_ping HTTP/1.1\r\nHost: d\r\n\r\n";
const EVENTS: &str = "GET /v1.41/events HTTP/1.1\r\nHost: d\r\n\r\n";
const LOGS: &str = "GET /v1.41/containers/x/logs?follow=1&stdout=1 HTTP/1.1\r\nHost: d\r\n\r\n";
const ATTACH: &str = "POST /v1.41/containers/x/attach?stream=1&stdout=1 HTTP/1.1\r\nHost: d\r\n\
                      Connection: Upgrade\r\nUpgrade: tcp\r\n\r\n";

/// A policy that allows these operations.
fn allowing(operations: &[&str]) -> String {
    format!(
        "version = 1\n[[allow]]\nname = \"all there is\"\noperations = {operations:?}\nunguarded = true\n"
    )
}

/// The same operations with a rule that is never needed, so that the text differs.
fn written_otherwise(policy: &str) -> String {
    format!("{policy}\n# written otherwise\n")
}

fn is_refused(gate: &Gate) -> bool {
    match gate.ask(LIST).status {
        200 => false,
        403 => true,
        other => panic!("status {other}"),
    }
}

fn renamed_over(file: &Path, text: &str) {
    let new = file.with_extension("new");
    fs::write(&new, text).unwrap();
    fs::rename(&new, file).unwrap();
}

#[test]
fn a_changed_file_comes_into_force_however_it_was_changed() {
    let daemon = FakeDaemon::content();
    let (nothing, list) = (allowing(&["@ping"]), allowing(&["GET /containers/json"]));
    let gate = Gate::with_policy_text(&nothing).behind(&daemon).start();
    let file = gate.dir().join("policy.toml");
    let mut keeping_alive = gate.connect();
    assert!(is_refused(&gate));

    fs::write(&file, &list).unwrap();
    eventually("what was written in place", || (!is_refused(&gate)).then_some(()));
    renamed_over(&file, &nothing);
    eventually("what was renamed over it", || is_refused(&gate).then_some(()));
    keeping_alive.send(LIST);
    assert_eq!(keeping_alive.answer().status, 403, "on a connection that is older, too");

    // As Kubernetes mounts a ConfigMap, and how it exchanges one.
    for (version, text) in [("..1", &list), ("..2", &nothing)] {
        fs::create_dir(gate.dir().join(version)).unwrap();
        fs::write(gate.dir().join(version).join("policy.toml"), text).unwrap();
        let link = gate.dir().join("..data_new");
        symlink(version, &link).unwrap();
        fs::rename(&link, gate.dir().join("..data")).unwrap();
        if version == "..1" {
            fs::remove_file(&file).unwrap();
            symlink("..data/policy.toml", &file).unwrap();
        }
        let refused = version == "..2";
        eventually("what a link leads to", || (is_refused(&gate) == refused).then_some(()));
    }
    assert!(gate.log().contains("another policy is in force"), "{}", gate.log());
}

#[test]
fn a_policy_with_an_error_does_not_come_into_force() {
    let daemon = FakeDaemon::content();
    let list = allowing(&["GET /containers/json"]);
    let gate = Gate::with_policy_text(&list).behind(&daemon).start();
    let file = gate.dir().join("policy.toml");

    for (text, says) in [
        (allowing(&["GET /containers/jsn"]), "error[unknown-operation]"),
        ("version = 1\n[[allow]\n".to_owned(), "error[syntax]"),
        (format!("{list}[clients.x]\nlistener = \"nowhere\"\n"), "a listener `nowhere`"),
        (String::new(), "error[missing-version]"),
    ] {
        renamed_over(&file, &text);
        eventually(says, || gate.log().contains(says).then_some(()));
        assert!(!is_refused(&gate), "what was in force stays in force");
    }
    fs::remove_file(&file).unwrap();
    eventually("the file to be missed", || gate.log().contains("cannot be read").then_some(()));
    assert!(!is_refused(&gate));

    fs::write(&file, &list).unwrap();
    eventually("the log to say so", || gate.log().contains("holds again what is in force").then_some(()));
    fs::write(&file, allowing(&["@ping"])).unwrap();
    eventually("the next good one", || is_refused(&gate).then_some(()));
}

#[test]
fn a_hang_up_has_the_policy_read_at_once() {
    let daemon = FakeDaemon::content();
    let gate = Gate::with_policy_text(&allowing(&["GET /containers/json"])).behind(&daemon).start();
    gate.signal(Signal::SIGHUP);
    eventually("the log to say so", || gate.log().contains("has not changed").then_some(()));
    fs::write(gate.dir().join("policy.toml"), allowing(&["@ping"])).unwrap();
    gate.signal(Signal::SIGHUP);
    eventually("the new policy", || is_refused(&gate).then_some(()));
    assert_eq!(gate.ask(PING).status, 200);
    let policies = gate.audit().into_iter().filter(|record| record.text("event") == "policy");
    assert_eq!(policies.count(), 2, "each that came into force is on record");
}

#[test]
fn a_request_is_judged_by_one_policy() {
    let daemon = FakeDaemon::content();
    let before = allowing(&["POST /containers/create", "GET /containers/json"]);
    let gate = Gate::with_policy_text(&before).behind(&daemon).start();
    let mut client = gate.connect();
    client.send(
        "POST /v1.41/containers/create HTTP/1.1\r\nHost: d\r\nContent-Type: application/json\r\n\
         Content-Length: 13\r\n\r\n{\"Image\"",
    );
    // The head was taken once the gate is at work on another connection's request.
    assert_eq!(gate.ask(LIST).status, 200);
    renamed_over(&gate.dir().join("policy.toml"), &allowing(&["@ping"]));
    eventually("the new policy", || is_refused(&gate).then_some(()));
    client.send(":\"x\"}");
    assert_eq!(client.answer().status, 200, "by the policy that held when it came");
    let judged = gate.recorded("judged", "ContainerCreate");
    let lists: Vec<_> = gate.audit().into_iter().filter(|r| r.is("judged", "ContainerList")).collect();
    assert_eq!(judged.field("policy"), lists.first().unwrap().field("policy"));
    assert_ne!(judged.field("policy"), lists.last().unwrap().field("policy"));
}

/// Begins a stream, and goes on with it while the connection is there.
fn streaming() -> FakeDaemon {
    FakeDaemon::playing(|daemon: &mut Conversation| {
        let line = daemon.request.line().to_owned();
        if line.contains("/attach") {
            daemon.send("HTTP/1.1 101 UPGRADED\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\nhello");
            daemon.read_to_end();
        } else if line.contains("/events") || line.contains("/logs") {
            daemon.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n");
            daemon.read_to_end();
        } else {
            daemon.send("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n[]\n");
        }
    })
}

const ALL: [&str; 4] =
    ["GET /containers/json", "GET /events", "GET /containers/{id}/logs", "POST /containers/{id}/attach"];

#[test]
fn a_stream_keeps_the_verdict_that_it_got() {
    let daemon = streaming();
    let gate = Gate::with_policy_text(&allowing(&ALL)).behind(&daemon).start();
    let mut events = gate.connect();
    events.send(EVENTS);
    events.head();
    assert_eq!(events.chunk(), b"{}");
    fs::write(gate.dir().join("policy.toml"), allowing(&["@ping"])).unwrap();
    eventually("the new policy", || is_refused(&gate).then_some(()));
    let judged = gate.recorded("judged", "SystemEvents");
    assert!(!has_ended(&gate, &judged), "it goes on");
    drop(events);
    assert_eq!(gate.ended(&judged).text("end"), "client_gone");
}

fn has_ended(gate: &Gate, judged: &Record) -> bool {
    let of_it = |record: &Record| record.field("id") == judged.field("id");
    gate.audit().iter().any(|record| record.text("event") == "ended" && of_it(record))
}

#[test]
fn streams_that_a_new_policy_refuses_are_closed_where_asked() {
    let daemon = streaming();
    let gate = Gate::with_policy_text(&allowing(&ALL))
        .behind(&daemon)
        .with(["--streams-on-reload", "close"])
        .start();
    let file = gate.dir().join("policy.toml");
    let stream = |request: &str| {
        let mut client = gate.connect();
        client.send(request);
        client.head();
        client
    };
    let (mut events, mut logs, mut attach) = (stream(EVENTS), stream(LOGS), stream(ATTACH));
    assert_eq!(events.chunk(), b"{}");
    assert_eq!(logs.chunk(), b"{}");
    assert_eq!(attach.exactly(5), b"hello");

    // One that allows the same closes nothing.
    let policy = written_otherwise(&allowing(&ALL));
    fs::write(&file, &policy).unwrap();
    eventually("the first", || (gate.log().matches("another policy").count() == 1).then_some(()));
    assert!(!gate.audit().iter().any(|record| record.text("end") == "revoked"));

    fs::write(&file, allowing(&["GET /containers/json", "GET /events"])).unwrap();
    assert!(!logs.rest().ends_with(b"0\r\n\r\n"), "what is cut does not look whole");
    assert_eq!(attach.rest(), b"");
    for operation in ["ContainerLogs", "ContainerAttach"] {
        assert_eq!(gate.ended(&gate.recorded("judged", operation)).text("end"), "revoked");
    }
    let told = gate.log();
    assert!(told.contains("a stream of uid 0") && told.contains("ContainerLogs"), "{told}");

    // What it still allows goes on, and falls to the one after it.
    let judged = gate.recorded("judged", "SystemEvents");
    assert!(!has_ended(&gate, &judged));
    fs::write(&file, allowing(&["GET /containers/json"])).unwrap();
    assert_eq!(gate.ended(&judged).text("end"), "revoked");
    events.rest();
    assert!(!is_refused(&gate), "who asks anew is judged anew");
}

#[test]
fn a_stream_that_was_not_answered_yet_is_told_why() {
    let daemon = FakeDaemon::playing(|daemon| {
        if daemon.request.line().contains("/wait") {
            daemon.read_to_end();
        } else {
            daemon.send("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n[]\n");
        }
    });
    let wait = "POST /v1.41/containers/x/wait HTTP/1.1\r\nHost: d\r\n\r\n";
    let gate = Gate::with_policy_text(&allowing(&["POST /containers/{id}/wait"]))
        .behind(&daemon)
        .with(["--streams-on-reload", "close"])
        .start();
    let mut client = gate.connect();
    client.send(wait);
    eventually("the daemon to be asked", || (!daemon.received().is_empty()).then_some(()));
    fs::write(gate.dir().join("policy.toml"), allowing(&["@ping"])).unwrap();
    let answer = client.answer();
    assert_eq!(answer.status, 403);
    assert!(answer.message().contains("another policy came into force"), "{}", answer.message());
    assert_eq!(gate.ended(&gate.recorded("judged", "ContainerWait")).text("end"), "revoked");
}
