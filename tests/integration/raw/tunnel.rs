//! Connections that the daemon takes over: opened by its answer alone, both ways, each end on its own.

use std::time::Duration;

use crate::harness::{FakeDaemon, Gate, RawClient, eventually};

const ATTACH: &str = "POST /v1.41/containers/x/attach?stdin=1&stdout=1&stream=1 HTTP/1.1\r\nHost: d\r\n";
const UPGRADE: &str = "Connection: Upgrade\r\nUpgrade: tcp\r\n";
const SWITCHED: &str = "HTTP/1.1 101 UPGRADED\r\nContent-Type: application/vnd.docker.raw-stream\r\n\
                        Connection: Upgrade\r\nUpgrade: tcp\r\n\r\n";
const RAW_200: &str = "HTTP/1.1 200 OK\r\nContent-Type: application/vnd.docker.raw-stream\r\n\r\n";
const HIDDEN: &str = "POST /v1.41/containers/x/kill HTTP/1.1\r\nHost: d\r\nContent-Length: 0\r\n\r\n";

/// A daemon that takes over with `answer`, says "first", answers one line, and ends when the client does.
fn talker(answer: &'static str) -> FakeDaemon {
    FakeDaemon::playing(move |daemon| {
        daemon.read_body();
        daemon.send(answer);
        daemon.send("first\n");
        let line = daemon.read_until(b"\n");
        daemon.send([b"got ", line.as_slice()].concat());
        let rest = daemon.read_to_end();
        daemon.send(format!("and {} more after the end\n", rest.len()));
        daemon.close();
    })
}

#[test]
fn both_ways_with_half_close_on_a_101() {
    let daemon = talker(SWITCHED);
    let gate = Gate::with_policy("everything").behind(&daemon).start();
    let mut client = gate.connect();
    client.send(format!("{ATTACH}{UPGRADE}\r\n"));
    let head = client.head();
    assert!(head.starts_with("HTTP/1.1 101 UPGRADED\r\n"), "{head}");
    assert!(head.contains("Upgrade: tcp\r\n") && head.contains("Connection: Upgrade\r\n"), "{head}");
    talk(client);
    let judged = gate.recorded("judged", "ContainerAttach");
    assert_eq!(gate.ended(&judged).field("status"), 101);
}

#[test]
fn both_ways_with_half_close_on_a_raw_200() {
    let daemon = talker(RAW_200);
    let gate = Gate::with_policy("everything").behind(&daemon).start();
    let mut client = gate.connect();
    client.send(format!("{ATTACH}\r\n"));
    let head = client.head();
    assert!(head.starts_with("HTTP/1.1 200 OK\r\n"), "{head}");
    assert!(!head.to_ascii_lowercase().contains("transfer-encoding"), "the bytes are raw: {head}");
    talk(client);
    assert_eq!(daemon.only_request().header("Upgrade"), None, "none was asked for");
}

fn talk(mut client: RawClient) {
    assert_eq!(client.until(b"\n"), b"first\n");
    client.send("hello\n");
    assert_eq!(client.until(b"\n"), b"got hello\n");
    client.send("xyz");
    client.half_close();
    assert_eq!(client.rest(), b"and 3 more after the end\n");
}

#[test]
fn the_daemons_end_leaves_the_client_free_to_speak() {
    let daemon = FakeDaemon::playing(|daemon| {
        daemon.read_body();
        daemon.send(SWITCHED);
        daemon.half_close();
        daemon.read_to_end();
        daemon.close();
    });
    let gate = Gate::with_policy("everything").behind(&daemon).start();
    let mut client = gate.connect();
    client.send(format!("{ATTACH}{UPGRADE}\r\n"));
    client.head();
    assert_eq!(client.rest(), b"", "the daemon's end came through");
    client.send("still here");
    client.half_close();
    eventually("what was said after the end", || {
        daemon.only_request().body().ends_with("still here").then_some(())
    });
}

#[test]
fn bytes_that_come_early_wait_for_the_switch() {
    let daemon = FakeDaemon::playing(|daemon| {
        daemon.read_body();
        // A daemon throws away what comes before it has switched.
        std::thread::sleep(Duration::from_millis(300));
        assert_eq!(daemon.request.body(), "");
        daemon.send(SWITCHED);
        let line = daemon.read_until(b"\n");
        daemon.send(line);
        daemon.close();
    });
    let gate = Gate::with_policy("everything").behind(&daemon).start();
    let mut client = gate.connect();
    client.send(format!("{ATTACH}{UPGRADE}\r\nearly\n"));
    client.head();
    assert_eq!(client.rest(), b"early\n");
}

#[test]
fn a_refused_upgrade_opens_no_tunnel() {
    for answer in [
        "HTTP/1.1 404 Not Found\r\nContent-Type: application/json\r\nContent-Length: 20\r\n\r\n{\"message\":\"no one\"}",
        "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
        "HTTP/1.1 409 Conflict\r\nContent-Type: application/vnd.docker.raw-stream\r\nContent-Length: 0\r\n\r\n",
    ] {
        let daemon = FakeDaemon::answering(answer);
        let policy =
            "version = 1\n[[allow]]\nname = \"a\"\noperations = [\"ContainerAttach\"]\nunguarded = true\n";
        let gate = Gate::with_policy_text(policy).behind(&daemon).start();
        let mut client = gate.connect();
        client.send(format!("{ATTACH}{UPGRADE}\r\n{HIDDEN}"));
        let status = client.answer().status;
        assert!(answer.contains(&status.to_string()), "{status} for {answer:?}");
        let after = client.rest_or_answer();
        assert!(after.is_none_or(|status| status == 403), "the hidden request was judged: {after:?}");
        assert_eq!(daemon.received().len(), 1, "{:#?}", daemon.received());
        assert!(!daemon.only_request().body().contains("kill"));
    }
}

#[test]
fn an_exec_that_is_detached_is_an_ordinary_answer() {
    let daemon = FakeDaemon::answering("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
    let policy = "version = 1\n[[allow]]\nname = \"e\"\noperations = [\"ExecStart\"]\nunguarded = true\n";
    let gate = Gate::with_policy_text(policy).behind(&daemon).start();
    let id = "a".repeat(64);
    let mut client = gate.connect();
    client.send(format!(
        "POST /v1.41/exec/{id}/start HTTP/1.1\r\nHost: d\r\n{UPGRADE}Content-Type: application/json\r\n\
         Content-Length: 15\r\n\r\n{{\"Detach\":true}}{HIDDEN}"
    ));
    assert_eq!(client.answer().status, 200);
    assert_eq!(client.answer().status, 403, "the next request is judged like any other");
    assert_eq!(daemon.received().len(), 1);
}

#[test]
fn a_switch_that_nobody_asked_for_is_the_daemons_fault() {
    let daemon = FakeDaemon::answering("HTTP/1.1 101 Switching Protocols\r\nUpgrade: evil\r\n\r\n");
    let gate = Gate::with_policy("everything").behind(&daemon).start();
    let answer = gate.ask("GET /v1.41/containers/json HTTP/1.1\r\nHost: d\r\nUpgrade: evil\r\n\r\n");
    assert_eq!(answer.status, 502);
}

#[test]
fn a_build_session_is_carried_as_h2c() {
    let daemon = FakeDaemon::playing(|daemon| {
        daemon.send("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\nPRI");
        let said = daemon.read(5);
        daemon.send(said);
        daemon.close();
    });
    let gate = Gate::with_policy("everything").behind(&daemon).start();
    let mut client = gate.connect();
    client.send(
        "POST /session HTTP/1.1\r\nHost: d\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\
         X-Docker-Expose-Session-Uuid: abc\r\nX-Docker-Expose-Session-Grpc-Method: /a\r\n\
         X-Docker-Expose-Session-Grpc-Method: /b\r\n\r\n",
    );
    assert!(client.head().contains("Upgrade: h2c\r\n"));
    assert_eq!(client.exactly(3), b"PRI");
    client.send("hello");
    assert_eq!(client.rest(), b"hello");
    let request = daemon.only_request();
    assert_eq!(request.header("X-Docker-Expose-Session-Uuid"), Some("abc"));
    assert_eq!(request.head.matches("X-Docker-Expose-Session-Grpc-Method: ").count(), 2, "{}", request.head);
}

#[test]
fn a_client_that_goes_takes_the_tunnel_with_it() {
    let daemon = FakeDaemon::playing(|daemon| {
        daemon.send(SWITCHED);
        // Never ends by itself: only the client's going ends it.
        while daemon.is_open() {
            daemon.send("tick\n");
            std::thread::sleep(Duration::from_millis(20));
        }
    });
    let gate = Gate::with_policy("everything").behind(&daemon).start();
    let before = gate.sockets();
    let mut client = attached(&gate);
    client.until(b"tick\n");
    drop(client);
    eventually("the daemon's connection to be closed", || (gate.sockets() <= before).then_some(()));
}

#[test]
fn a_client_that_goes_is_not_kept_by_a_daemon_that_takes_nothing() {
    let daemon = FakeDaemon::playing(|daemon| {
        if daemon.request.line().contains("/attach") {
            daemon.send(SWITCHED);
        }
        std::thread::sleep(Duration::from_secs(600));
    });
    let gate = Gate::with_policy("everything").behind(&daemon).start();
    let before = gate.sockets();
    let mut client = attached(&gate);
    fill(&mut client);
    drop(client);
    for framing in ["Content-Length: 100000000\r\n\r\n", "Transfer-Encoding: chunked\r\n\r\n5f5e100\r\n"] {
        let mut client = gate.connect();
        client.send(format!("POST /v1.41/images/load HTTP/1.1\r\nHost: d\r\n{framing}"));
        fill(&mut client);
    }
    eventually("the connections to be closed", || (gate.sockets() <= before).then_some(()));
}

#[test]
fn what_a_client_left_behind_arrives_at_a_daemon_that_is_slow() {
    let daemon = FakeDaemon::playing(|daemon| {
        daemon.send(SWITCHED);
        std::thread::sleep(Duration::from_secs(3));
        daemon.read_to_end();
        daemon.close();
    });
    let gate = Gate::with_policy("everything").behind(&daemon).start();
    let mut client = attached(&gate);
    let sent = fill(&mut client);
    drop(client);
    eventually("all of it to arrive", || (daemon.only_request().after.len() == sent).then_some(()));
}

#[test]
fn what_is_sent_behind_the_daemons_end_is_kept_for_it() {
    let daemon = FakeDaemon::playing(|daemon| {
        daemon.send(SWITCHED);
        daemon.half_close();
        std::thread::sleep(Duration::from_secs(12));
        daemon.read_to_end();
        daemon.close();
    });
    let gate = Gate::with_policy("everything").behind(&daemon).start();
    let mut client = attached(&gate);
    let sent = fill(&mut client);
    client.half_close();
    eventually("all of it to arrive", || (daemon.only_request().after.len() == sent).then_some(()));
}

/// A client whose connection is a tunnel to a container.
fn attached(gate: &Gate) -> RawClient {
    let mut client = gate.connect();
    client.send(format!("{ATTACH}{UPGRADE}\r\n"));
    client.head();
    client
}

/// Sends until nothing more is taken, or more was than sockets hold, and says how much.
fn fill(client: &mut RawClient) -> usize {
    const MOST_BYTES: usize = 16 * 1024 * 1024;
    let (bytes, mut sent) = ("x".repeat(65_536), 0);
    while sent < MOST_BYTES
        && let Some(count) = client.send_some(bytes.as_bytes())
    {
        sent += count;
    }
    sent
}
