//! Those who ask the admin socket amiss, or do not ask at all.

use std::sync::mpsc::channel;
use std::time::Duration;

use super::{LIST, ask, socket, with_admin};
use crate::harness::{FakeDaemon, Gate, RawClient, eventually};

#[test]
fn what_is_no_question_is_refused() {
    let daemon = FakeDaemon::content();
    let gate = with_admin(Gate::with_policy("read-only")).behind(&daemon).start();
    let status = |request: &str| {
        let mut client = RawClient::unix(&socket(&gate));
        client.send(request);
        client.answer().status
    };
    for (request, expected) in [
        ("POST /healthz HTTP/1.1\r\nHost: d\r\n\r\n", 405),
        ("GET /livez HTTP/1.1\r\nHost: d\r\nContent-Length: 3\r\n\r\nabc", 405),
        ("GET /livez HTTP/1.1\r\nHost: evil.example\r\n\r\n", 400),
        ("GET /livez HTTP/1.1\r\n\r\n", 400),
        ("GET /livez HTTP/1.1\nHost: d\n\n", 400),
        ("\u{16}\u{3}\u{1}hello\r\n\r\n", 400),
        ("GET /../livez HTTP/1.1\r\nHost: d\r\n\r\n", 404),
        ("GET /livez/ HTTP/1.1\r\nHost: d\r\n\r\n", 404),
        ("GET /livez HTTP/1.0\r\n\r\n", 200),
        ("GET /livez?whatever HTTP/1.1\r\nHost: 127.0.0.1:9\r\n\r\n", 200),
    ] {
        assert_eq!(status(request), expected, "{request:?}");
    }
    let long = format!("GET /{} HTTP/1.1\r\nHost: d\r\n\r\n", "a".repeat(20_000));
    let mut client = RawClient::unix(&socket(&gate));
    client.try_send(long).ok();
    assert_eq!(client.answer().status, 400);

    let mut head = RawClient::unix(&socket(&gate));
    head.send("HEAD /healthz HTTP/1.1\r\nHost: d\r\n\r\n");
    let answer = String::from_utf8(head.rest()).unwrap();
    assert!(answer.contains("Content-Length: ") && answer.ends_with("\r\n\r\n"), "{answer}");
}

#[test]
fn those_who_say_nothing_keep_nobody_from_asking() {
    let daemon = FakeDaemon::content();
    let gate = with_admin(Gate::with_policy("read-only")).behind(&daemon).start();
    let idle = gate.sockets();
    let mut silent: Vec<RawClient> = (0..200)
        .map(|number| {
            let mut client = RawClient::unix(&socket(&gate));
            if number % 2 == 0 {
                client.try_send("GET /metrics HT").ok();
            }
            client
        })
        .collect();
    assert_eq!(ask(&gate, "/livez").status, 200);
    assert_eq!(gate.ask(LIST).status, 200, "clients are served meanwhile");
    for client in &mut silent {
        assert_eq!(client.rest(), b"", "it is cut off, or was given up");
    }
    drop(silent);
    eventually("the sockets to be closed", || (gate.sockets() <= idle).then_some(()));
}

#[test]
fn those_who_say_nothing_go_before_those_who_have_asked() {
    let (asked, is_asked) = channel();
    let daemon = FakeDaemon::playing(move |daemon| {
        asked.send(()).ok();
        daemon.read_to_end();
    });
    let gate = with_admin(Gate::with_policy("read-only"))
        .behind(&daemon)
        .with(["--connect-timeout", "500ms"])
        .start();
    let mut client = RawClient::unix(&socket(&gate));
    client.send("GET /readyz?listing HTTP/1.1\r\nHost: d\r\n\r\n");
    is_asked.recv_timeout(Duration::from_secs(60)).unwrap();
    let silent: Vec<RawClient> = (0..200).map(|_| RawClient::unix(&socket(&gate))).collect();
    assert_eq!(ask(&gate, "/livez").status, 200);
    let answer = String::from_utf8(client.rest()).unwrap();
    assert!(answer.contains("did not list its containers"), "{answer:?}");
    drop(silent);
}

#[test]
fn those_who_read_nothing_are_given_up() {
    let daemon = FakeDaemon::content();
    let gate = with_admin(Gate::with_policy("read-only")).behind(&daemon).start();
    let deaf: Vec<RawClient> = (0..64)
        .map(|_| {
            let mut client = RawClient::unix(&socket(&gate));
            client.try_send("GET /metrics HTTP/1.1\r\nHost: d\r\n\r\n").ok();
            client
        })
        .collect();
    for _ in 0..20 {
        assert_eq!(ask(&gate, "/livez").status, 200);
    }
    drop(deaf);
}
