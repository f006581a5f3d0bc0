//! Heads that say more than one thing, or nothing: refused, and not a byte of them reaches the daemon.

use std::time::{Duration, Instant};

use crate::harness::{FakeDaemon, Gate, RawClient};

/// A name for the case, the bytes, and the status of the answer.
type Case = (&'static str, &'static str, u16);

#[rustfmt::skip]
const REFUSED: &[Case] = &[
    ("a TLS handshake", "\x16\x03\x01\x00\x05\x01\x00\x00\x01\x00", 400),
    ("no HTTP at all", "hello\r\n\r\n", 400),
    ("no target", "GET HTTP/1.1\r\nHost: d\r\n\r\n", 400),
    ("two blanks in the request line", "GET  /_ping HTTP/1.1\r\nHost: d\r\n\r\n", 400),
    ("a blank in the target", "GET /v1.41/containers/a b/json HTTP/1.1\r\nHost: d\r\n\r\n", 400),
    ("an empty line first", "\r\nGET /_ping HTTP/1.1\r\nHost: d\r\n\r\n", 400),
    ("HTTP/0.9", "GET /_ping HTTP/0.9\r\nHost: d\r\n\r\n", 400),
    ("HTTP/1.2", "GET /_ping HTTP/1.2\r\nHost: d\r\n\r\n", 400),
    ("HTTP/2.0", "GET /_ping HTTP/2.0\r\nHost: d\r\n\r\n", 400),
    ("the preface of HTTP/2", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 400),
    ("lower-case protocol", "GET /_ping http/1.1\r\nHost: d\r\n\r\n", 400),
    ("no Host", "GET /_ping HTTP/1.1\r\n\r\n", 400),
    ("two Hosts", "GET /_ping HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400),
    ("bare LF everywhere", "GET /_ping HTTP/1.1\nHost: d\n\n", 400),
    ("bare LF after one header", "GET /_ping HTTP/1.1\r\nHost: d\nX: y\r\n\r\n", 400),
    ("bare CR in a value", "GET /_ping HTTP/1.1\r\nHost: d\r\nX: a\rb\r\n\r\n", 400),
    ("NUL in a value", "GET /_ping HTTP/1.1\r\nHost: d\r\nX: a\0b\r\n\r\n", 400),
    ("a folded header", "GET /_ping HTTP/1.1\r\nHost: d\r\nX: a\r\n b\r\n\r\n", 400),
    ("a folded Transfer-Encoding", "POST /v1.41/containers/create HTTP/1.1\r\nHost: d\r\nTransfer-Encoding:\r\n chunked\r\n\r\n0\r\n\r\n", 400),
    ("a blank before the colon", "GET /_ping HTTP/1.1\r\nHost: d\r\nContent-Length : 5\r\n\r\nhello", 400),
    ("an empty header name", "GET /_ping HTTP/1.1\r\nHost: d\r\n: x\r\n\r\n", 400),
    ("length and chunks", "POST /v1.41/containers/create HTTP/1.1\r\nHost: d\r\nContent-Length: 6\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nG", 400),
    ("two lengths", "POST /v1.41/containers/create HTTP/1.1\r\nHost: d\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n{}}", 400),
    ("the same length twice", "POST /v1.41/containers/create HTTP/1.1\r\nHost: d\r\nContent-Length: 2\r\nContent-Length: 2\r\n\r\n{}", 400),
    ("a list of lengths", "POST /v1.41/containers/create HTTP/1.1\r\nHost: d\r\nContent-Length: 2, 2\r\n\r\n{}", 400),
    ("a signed length", "POST /v1.41/containers/create HTTP/1.1\r\nHost: d\r\nContent-Length: +2\r\n\r\n{}", 400),
    ("a negative length", "POST /v1.41/containers/create HTTP/1.1\r\nHost: d\r\nContent-Length: -2\r\n\r\n{}", 400),
    ("a hexadecimal length", "POST /v1.41/containers/create HTTP/1.1\r\nHost: d\r\nContent-Length: 0x2\r\n\r\n{}", 400),
    ("an empty length", "POST /v1.41/containers/create HTTP/1.1\r\nHost: d\r\nContent-Length:\r\n\r\n{}", 400),
    ("an enormous length", "POST /v1.41/containers/create HTTP/1.1\r\nHost: d\r\nContent-Length: 99999999999999999999\r\n\r\n{}", 400),
    ("gzip, chunked", "POST /v1.41/containers/create HTTP/1.1\r\nHost: d\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", 400),
    ("chunked twice", "POST /v1.41/containers/create HTTP/1.1\r\nHost: d\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400),
    ("identity", "POST /v1.41/containers/create HTTP/1.1\r\nHost: d\r\nTransfer-Encoding: identity\r\n\r\n{}", 400),
    ("xchunked", "POST /v1.41/containers/create HTTP/1.1\r\nHost: d\r\nTransfer-Encoding: xchunked\r\n\r\n0\r\n\r\n", 400),
    ("chunks in HTTP/1.0", "POST /v1.41/containers/create HTTP/1.0\r\nHost: d\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n", 400),
    ("an unknown expectation", "POST /v1.41/containers/create HTTP/1.1\r\nHost: d\r\nExpect: 200-maybe\r\nContent-Length: 2\r\n\r\n{}", 417),

    ("a form", "POST /v1.41/containers/x/rename?name=q HTTP/1.1\r\nHost: d\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: 6\r\n\r\nname=b", 415),
    ("a form by a malformed type", "POST /v1.41/containers/x/rename?name=q HTTP/1.1\r\nHost: d\r\nContent-Type: application/x-www-form-urlencoded;;\r\nContent-Length: 6\r\n\r\nname=b", 415),
    ("a form in capitals", "POST /v1.41/containers/x/kill HTTP/1.1\r\nHost: d\r\nContent-Type: APPLICATION/X-WWW-FORM-URLENCODED\r\nContent-Length: 8\r\n\r\nsignal=9", 415),
    ("a form without a body", "POST /v1.41/containers/x/kill HTTP/1.1\r\nHost: d\r\nContent-Type: application/x-www-form-urlencoded\r\n\r\n", 415),
    ("a form as the second type", "POST /v1.41/containers/x/kill HTTP/1.1\r\nHost: d\r\nContent-Type: text/plain\r\nContent-Type: application/x-www-form-urlencoded\r\n\r\n", 415),
    ("multipart", "POST /v1.41/build HTTP/1.1\r\nHost: d\r\nContent-Type: multipart/form-data; boundary=x\r\nContent-Length: 2\r\n\r\n--", 415),
    ("multipart on a GET", "GET /v1.41/containers/x/json HTTP/1.1\r\nHost: d\r\nContent-Type: multipart/form-data; boundary=x\r\nContent-Length: 2\r\n\r\n--", 415),

    ("below 1.24", "GET /v1.23/containers/json HTTP/1.1\r\nHost: d\r\n\r\n", 400),
    ("one number", "GET /v1/containers/json HTTP/1.1\r\nHost: d\r\n\r\n", 400),
    ("a version from the future", "GET /v1.999/containers/json HTTP/1.1\r\nHost: d\r\n\r\n", 400),
    ("a dot too many", "GET /v1..41/containers/json HTTP/1.1\r\nHost: d\r\n\r\n", 400),
    ("two versions", "GET /v1.41/v1.41/containers/json HTTP/1.1\r\nHost: d\r\n\r\n", 404),
    ("a capital V", "GET /V1.41/containers/json HTTP/1.1\r\nHost: d\r\n\r\n", 404),

    ("an unknown path", "GET /v1.41/nothing HTTP/1.1\r\nHost: d\r\n\r\n", 404),
    ("a lower-case method", "get /v1.41/containers/json HTTP/1.1\r\nHost: d\r\n\r\n", 404),
    ("CONNECT", "CONNECT d:80 HTTP/1.1\r\nHost: d\r\n\r\n", 400),
    ("a capital in the path", "GET /v1.41/Containers/json HTTP/1.1\r\nHost: d\r\n\r\n", 404),
    ("a slash at the end", "GET /v1.41/containers/json/ HTTP/1.1\r\nHost: d\r\n\r\n", 404),
    ("two slashes", "GET /v1.41//containers/json HTTP/1.1\r\nHost: d\r\n\r\n", 400),
    ("dots", "GET /v1.41/containers/../containers/json HTTP/1.1\r\nHost: d\r\n\r\n", 400),
    ("encoded dots", "GET /v1.41/containers/%2e%2e/images/json HTTP/1.1\r\nHost: d\r\n\r\n", 400),
    ("dots with an encoded slash", "GET /v1.41/containers/x%2f..%2fy/json HTTP/1.1\r\nHost: d\r\n\r\n", 400),
    ("an encoded NUL", "GET /v1.41/containers/x%00/json HTTP/1.1\r\nHost: d\r\n\r\n", 400),
    ("an encoded line end", "GET /v1.41/containers/x%0d%0a/json HTTP/1.1\r\nHost: d\r\n\r\n", 400),
    ("half an escape", "GET /v1.41/containers/%zz/json HTTP/1.1\r\nHost: d\r\n\r\n", 400),
    ("a relative target", "GET v1.41/containers/json HTTP/1.1\r\nHost: d\r\n\r\n", 400),
    ("a fragment", "GET /v1.41/containers/json#x HTTP/1.1\r\nHost: d\r\n\r\n", 404),
    ("half an escape in the query", "GET /v1.41/containers/json?all=%zz HTTP/1.1\r\nHost: d\r\n\r\n", 400),
    ("a semicolon in the query", "GET /v1.41/containers/json?all=1;limit=2 HTTP/1.1\r\nHost: d\r\n\r\n", 400),
];

#[test]
fn what_says_two_things_reaches_nobody() {
    let daemon = FakeDaemon::content();
    let gate = Gate::with_policy("everything").behind(&daemon).start();
    let mut wrong = Vec::new();
    for (name, bytes, status) in REFUSED {
        let mut client = gate.connect();
        client.send(bytes);
        client.half_close();
        let answer = client.answer();
        // 400 and 404 are the same news for a path; which one it is, is not worth a test.
        let as_expected = answer.status == *status
            || (answer.status, *status) == (404, 400)
            || (answer.status, *status) == (400, 404);
        if !as_expected {
            wrong.push(format!("{name}: {} and not {status}: {}", answer.status, answer.message()));
            continue;
        }
        assert!(answer.message().starts_with("dockgate: "), "{name}: {}", answer.message());
        let id = answer
            .header("X-Dockgate-Request-Id")
            .unwrap_or_else(|| panic!("{name}: no id in {}", answer.head));
        let recorded = gate
            .audit()
            .into_iter()
            .find(|record| record.text("event") == "judged" && record.text("id") == id);
        assert!(
            recorded.is_some_and(|record| record.text("decision") != "allow"),
            "{name}: on record under {id}"
        );
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert_eq!(daemon.received(), [], "nothing reached the daemon");
}

#[test]
fn a_head_without_end_is_refused_at_the_limit() {
    let daemon = FakeDaemon::content();
    let gate = Gate::with_policy("everything").behind(&daemon).with(["--max-head-bytes", "65536"]).start();
    let mut client = gate.connect();
    client.send("GET /_ping HTTP/1.1\r\nHost: d\r\n");
    for _ in 0..2000 {
        if client.try_send(format!("X: {}\r\n", "y".repeat(100))).is_err() {
            break;
        }
    }
    assert_eq!(client.answer().status, 431);
    assert_eq!(daemon.received(), []);
}

#[test]
fn a_head_that_comes_as_a_whole_is_held_to_the_limit_as_well() {
    let daemon = FakeDaemon::content();
    let gate = Gate::with_policy("everything").behind(&daemon).with(["--max-head-bytes", "4096"]).start();
    let head = |bytes: usize| format!("GET /_ping HTTP/1.1\r\nHost: d\r\nX: {}\r\n\r\n", "y".repeat(bytes));
    assert_eq!(gate.ask(head(6000)).status, 431);
    assert_eq!(gate.ask(format!("GET /_ping?{} HTTP/1.1\r\nHost: d\r\n\r\n", "y".repeat(6000))).status, 414);
    assert_eq!(gate.ask(head(4000)).status, 200);
}

#[test]
fn a_head_that_does_not_come_is_not_waited_for() {
    let daemon = FakeDaemon::content();
    let gate = Gate::with_policy("everything").behind(&daemon).with(["--head-timeout", "1s"]).start();
    let mut client = gate.connect();
    client.send("GET /_ping HT");
    assert_eq!(client.answer().status, 408);
    // Who has said nothing yet is hung up on without a word.
    assert_eq!(gate.connect().rest(), b"");
    // Between requests a client may rest as long as it likes.
    let mut patient = gate.connect();
    for _ in 0..2 {
        patient.send("GET /v1.41/containers/json HTTP/1.1\r\nHost: d\r\n\r\n");
        assert_eq!(patient.answer().status, 200);
        std::thread::sleep(std::time::Duration::from_millis(1500));
    }
}

/// A head of about a hundred kilobytes.
fn large(target: &str) -> String {
    format!("GET {target} HTTP/1.1\r\nHost: d\r\nX: {}\r\n\r\n", "y".repeat(100_000))
}

#[test]
fn few_large_heads_are_held_at_a_time_and_half_of_them_of_one_client() {
    let daemon = FakeDaemon::content();
    let starting = Gate::with_policy("everything").behind(&daemon);
    let other = starting.dir().join("other.sock");
    let gate = starting.listen(&format!("other=unix://{}", other.display())).start();
    let before = gate.memory_kib("VmRSS");
    let mut stalling: Vec<_> = (0..300)
        .map(|_| {
            let mut client = gate.connect();
            client.send(&large("/_ping").as_bytes()[..90_000]);
            client
        })
        .collect();
    std::thread::sleep(Duration::from_millis(500));
    let held = gate.memory_kib("VmRSS").saturating_sub(before);
    assert!(held < 14 * 1024, "{held} KiB for {} heads that have not come", stalling.len());
    let start = Instant::now();
    let mut unhindered = RawClient::unix(&other);
    unhindered.send(large("/_ping"));
    assert_eq!(unhindered.answer().status, 200);
    assert!(start.elapsed() < Duration::from_secs(1), "half of the turns are for others");
    // Who sends nothing more makes way for the others.
    assert_eq!(stalling[0].answer().status, 408);
    assert!(start.elapsed() < Duration::from_secs(6), "it had its turn as long as a head may take");
}

#[test]
fn a_stream_does_not_hold_the_head_that_asked_for_it() {
    let daemon = FakeDaemon::playing(|daemon| {
        daemon.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
        daemon.read_to_end();
    });
    let gate = Gate::with_policy("everything").behind(&daemon).start();
    let before = gate.memory_kib("VmRSS");
    let streams: Vec<_> = (0..100)
        .map(|_| {
            let mut client = gate.connect();
            client.send(large("/v1.41/events"));
            client.head();
            client
        })
        .collect();
    let held = gate.memory_kib("VmRSS").saturating_sub(before);
    assert!(held < 5 * 1024, "{held} KiB for {} streams", streams.len());
}
