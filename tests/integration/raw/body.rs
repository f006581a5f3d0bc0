//! Bodies: JSON is read whole before the daemon hears of it; what it says twice is refused.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use crate::harness::{FakeDaemon, Gate, RawClient, eventually};

const CREATE: &str =
    "POST /v1.41/containers/create HTTP/1.1\r\nHost: d\r\nContent-Type: application/json\r\n";

#[rustfmt::skip]
const REFUSED: &[(&str, &str)] = &[
    ("not JSON", "Image=x"),
    ("cut off", "{\"Image\":\"x\""),
    ("a second value", "{\"Image\":\"x\"}{}"),
    ("garbage behind a brace", "{\"Image\":\"x\"}}"),
    ("a key twice", "{\"Image\":\"a\",\"Image\":\"b\"}"),
    ("a key twice in two spellings", "{\"Image\":\"a\",\"image\":\"b\"}"),
    ("a key twice by an escape", "{\"Image\":\"a\",\"\\u0049mage\":\"b\"}"),
    ("a key twice further in", "{\"HostConfig\":{\"Privileged\":false,\"privileged\":true}}"),
    ("the long s, which Go folds", "{\"Ho\u{17f}tConfig\":{}}"),
    ("the Kelvin sign, which Go folds", "{\"Networ\u{212a}Disabled\":true}"),
    ("the Kelvin sign by an escape", "{\"Networ\\u212aDisabled\":true}"),
    ("a lone surrogate", "{\"Image\":\"\\ud800\"}"),
    ("a control character in a string", "{\"Image\":\"a\nb\"}"),
    ("a comma at the end", "{\"Image\":\"x\",}"),
    ("a comment", "{/**/\"Image\":\"x\"}"),
    ("a byte order mark", "\u{feff}{}"),
    ("a list", "[]"),
    ("a string", "\"x\""),
    ("NaN", "{\"StopTimeout\":NaN}"),
];

#[test]
fn json_that_can_be_read_in_two_ways_reaches_nobody() {
    let daemon = FakeDaemon::content();
    let gate = Gate::with_policy("everything").behind(&daemon).start();
    for (name, body) in REFUSED {
        let answer = gate.ask(format!("{CREATE}Content-Length: {}\r\n\r\n{body}", body.len()));
        assert_eq!(answer.status, 400, "{name}: {}", String::from_utf8_lossy(&answer.body));
        assert!(!answer.message().is_empty(), "{name}");
    }
    let deep = "[".repeat(20_000);
    let answer = gate.ask(format!("{CREATE}Content-Length: {}\r\n\r\n{{\"Labels\":{deep}", deep.len() + 10));
    assert_eq!(answer.status, 400, "nesting without end");
    assert_eq!(daemon.received(), []);
}

#[test]
fn bytes_that_are_no_text_reach_nobody() {
    let daemon = FakeDaemon::content();
    let gate = Gate::with_policy("everything").behind(&daemon).start();
    let mut request = format!("{CREATE}Content-Length: 12\r\n\r\n").into_bytes();
    request.extend(b"{\"Image\":\"\xff\"}".iter().take(12));
    assert_eq!(gate.ask(request).status, 400);
    assert_eq!(daemon.received(), []);
}

#[test]
fn a_body_that_stops_half_way_is_never_begun_at_the_daemon() {
    let daemon = FakeDaemon::content();
    let gate = Gate::with_policy("everything").behind(&daemon).start();
    // 20.10 creates the container as soon as the JSON is whole, whatever length was announced.
    for request in [
        format!("{CREATE}Content-Length: 500\r\n\r\n{{\"Image\":\"x\"}}"),
        format!("{CREATE}Transfer-Encoding: chunked\r\n\r\nd\r\n{{\"Image\":\"x\"}}\r\n"),
    ] {
        let mut waiting = gate.connect();
        waiting.send(&request);
        std::thread::sleep(Duration::from_millis(300));
        drop(waiting);
        let mut closing = gate.connect();
        closing.send(&request);
        closing.half_close();
        closing.rest();
    }
    assert_eq!(daemon.received(), []);
}

#[rustfmt::skip]
const BAD_CHUNKS: &[(&str, &str)] = &[
    ("no number", "zz\r\n{}\r\n0\r\n\r\n"),
    ("0x", "0x2\r\n{}\r\n0\r\n\r\n"),
    ("a sign", "+2\r\n{}\r\n0\r\n\r\n"),
    ("a blank before", " 2\r\n{}\r\n0\r\n\r\n"),
    ("seventeen digits", "00000000000000002\r\n{}\r\n0\r\n\r\n"),
    ("bare LF after the size", "2\n{}\r\n0\r\n\r\n"),
    ("bare LF after the data", "2\r\n{}\n0\r\n\r\n"),
    ("more data than announced", "1\r\n{}\r\n0\r\n\r\n"),
    ("an extension with a bare LF", "2;a\nb\r\n{}\r\n0\r\n\r\n"),
];

#[test]
fn chunks_that_readers_differ_on_reach_nobody() {
    let daemon = FakeDaemon::content();
    let gate = Gate::with_policy("everything").behind(&daemon).start();
    for (name, chunks) in BAD_CHUNKS {
        let mut client = gate.connect();
        client.send(format!("{CREATE}Transfer-Encoding: chunked\r\n\r\n{chunks}"));
        client.half_close();
        assert_eq!(client.answer().status, 400, "{name}");
        assert_eq!(client.rest(), b"", "{name}: what follows is not another request");
    }
    // An upload is under way when its chunks go wrong: no end may be invented for it.
    for (name, chunks) in BAD_CHUNKS {
        let mut client = gate.connect();
        client.send(format!(
            "POST /v1.41/images/load HTTP/1.1\r\nHost: d\r\nTransfer-Encoding: chunked\r\n\r\n{chunks}"
        ));
        client.half_close();
        client.rest();
        let whole = daemon.received().iter().any(|request| request.after.ends_with(b"0\r\n\r\n"));
        assert!(!whole, "{name}: the daemon was told that the upload is complete");
    }
}

#[test]
fn a_body_where_none_belongs_is_refused() {
    let daemon = FakeDaemon::content();
    let gate = Gate::with_policy("everything").behind(&daemon).start();
    let body = r#"{"Binds":["/:/host"],"Privileged":true}"#;
    let head = "HTTP/1.1\r\nHost: d\r\nContent-Type: application/json\r\n";
    let answer = gate
        .ask(format!("POST /v1.41/containers/x/start {head}Content-Length: {}\r\n\r\n{body}", body.len()));
    assert_eq!(answer.status, 400, "{}", String::from_utf8_lossy(&answer.body));
    assert_eq!(daemon.received(), []);
}

#[test]
fn a_body_that_is_too_large_is_refused_before_it_is_read() {
    let daemon = FakeDaemon::content();
    let gate = Gate::with_policy("everything").behind(&daemon).start();
    let answer = gate.ask(format!("{CREATE}Content-Length: 1000000000\r\n\r\n"));
    assert_eq!(answer.status, 413);
    assert_eq!(daemon.received(), []);
    assert!(gate.memory_kib("VmHWM") < 40 * 1024);
}

#[test]
fn a_client_that_waits_to_be_asked_is_asked() {
    let daemon = FakeDaemon::content();
    let gate = Gate::with_policy("everything").behind(&daemon).start();
    let mut client = gate.connect();
    client.send(format!("{CREATE}Expect: 100-continue\r\nContent-Length: 13\r\n\r\n"));
    assert_eq!(client.answer().status, 100);
    assert_eq!(daemon.received(), [], "not before the body is here");
    client.send("{\"Image\":\"x\"}");
    assert_eq!(client.answer().status, 200);
    assert_eq!(daemon.only_request().body(), "{\"Image\":\"x\"}");
    // Who is refused is not asked for the body.
    let refusing = Gate::with_policy("read-only").behind(&daemon).start();
    let mut client = refusing.connect();
    client.send(
        "POST /v1.41/images/load HTTP/1.1\r\nHost: d\r\nExpect: 100-continue\r\nContent-Length: 999\r\n\r\n",
    );
    assert_eq!(client.answer().status, 403);
}

/// A request with a body that waits for its turn.
fn large(path: &str) -> String {
    let body = format!("{{\"Cmd\":[\"{}\"]}}", "x".repeat(100_000));
    let length = body.len();
    format!(
        "POST /v1.41/containers/{path} HTTP/1.1\r\nHost: d\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n\r\n{body}"
    )
}

#[test]
fn who_sends_nothing_more_does_not_keep_others_waiting() {
    let daemon = FakeDaemon::content();
    let gate = Gate::with_policy("everything").behind(&daemon).start();
    let request = large("create");
    let mut stalling: Vec<_> = (0..16)
        .map(|_| {
            let mut client = gate.connect();
            client.send(&request.as_bytes()[..90_000]);
            client
        })
        .collect();
    std::thread::sleep(Duration::from_millis(300));
    let start = Instant::now();
    assert_eq!(gate.ask(&request).status, 200);
    assert!(start.elapsed() < Duration::from_secs(6), "it waited as long as a body may take");
    let told = stalling[0].answer();
    assert!(told.status == 408 && told.message().contains("while others waited"), "{}", told.message());
}

#[test]
fn sixteen_large_bodies_are_held_at_a_time_and_half_of_them_of_one_client() {
    static ANSWERING: AtomicBool = AtomicBool::new(false);
    let daemon = FakeDaemon::playing(|daemon| {
        daemon.read_body();
        while !ANSWERING.load(Ordering::Relaxed) {
            std::thread::sleep(Duration::from_millis(20));
        }
        daemon.send("HTTP/1.1 404 Not Found\r\nContent-Length: 2\r\n\r\n{}");
    });
    let policy = "version = 1\n[[allow]]\noperations = [\"POST /containers/{id}/exec\"]\n\
                  unguarded = true\ncontainer.label.team = \"a\"\n";
    let starting = Gate::with_policy_text(policy).behind(&daemon).with(["--connect-timeout", "1m"]);
    let other = starting.dir().join("other.sock");
    let gate = starting.listen(&format!("other=unix://{}", other.display())).start();
    let request = large("x/exec");
    let ask = |mut client: RawClient| {
        client.send(&request);
        client
    };
    let mut clients: Vec<_> = (0..10).map(|_| ask(gate.connect())).collect();
    eventually("the daemon to be asked", || (daemon.received().len() >= 8).then_some(()));
    std::thread::sleep(Duration::from_millis(500));
    assert_eq!(daemon.received().len(), 8, "half are for others");
    clients.extend((0..10).map(|_| ask(RawClient::unix(&other))));
    eventually("the daemon to be asked", || (daemon.received().len() >= 16).then_some(()));
    std::thread::sleep(Duration::from_millis(500));
    assert_eq!(daemon.received().len(), 16, "others wait for their turn");
    // One that leaves is on record with what was read of it.
    drop(clients.remove(0));
    let ended = gate.ended(&gate.recorded("judged", "ContainerExec"));
    assert_eq!((ended.text("end"), ended.field("request_bytes").as_u64()), ("client_gone", Some(100_012)));
    ANSWERING.store(true, Ordering::Relaxed);
    for mut client in clients {
        client.answer();
    }
    assert_eq!(daemon.received().len(), 20);
}
