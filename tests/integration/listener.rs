//! Where clients come in: sockets that are made, kept, replaced and removed as asked.

use std::fs;
use std::net::TcpListener;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::os::unix::net::UnixListener;

use crate::harness::{FakeDaemon, Gate, RawClient, eventually};

const LIST: &str = "GET /v1.41/containers/json HTTP/1.1\r\nHost: d\r\n\r\n";

const EVENTS: &str = "GET /v1.41/events HTTP/1.1\r\nHost: d\r\n\r\n";

#[test]
fn a_stale_socket_is_replaced() {
    let daemon = FakeDaemon::content();
    let starting = Gate::with_policy("everything").behind(&daemon);
    drop(UnixListener::bind(starting.socket()).unwrap());
    let gate = starting.start();
    assert_eq!(gate.ask(LIST).status, 200);
}

#[test]
fn a_live_socket_is_left_alone_and_its_owner_named() {
    let daemon = FakeDaemon::content();
    let starting = Gate::with_policy("everything").behind(&daemon);
    let _owner = UnixListener::bind(starting.socket()).unwrap();
    let socket = starting.socket();
    let inode = fs::metadata(&socket).unwrap().ino();
    let (status, log) = starting.start_in_vain();
    assert!(!status.success());
    assert!(log.contains(&std::process::id().to_string()), "says whose it is: {log}");
    assert!(log.contains(socket.to_str().unwrap()), "{log}");
    // The directory goes with the gate; that the socket was not touched is told by its owner.
    assert_ne!(inode, 0);
}

#[test]
fn what_is_no_socket_is_never_removed() {
    let dir = tempfile::tempdir_in("/tmp").unwrap();
    let file = dir.path().join("docker.sock");
    fs::write(&file, "precious").unwrap();
    let daemon = FakeDaemon::content();
    let address = format!("unix://{}", file.display());
    let (status, log) = Gate::with_policy("everything").behind(&daemon).listen(&address).start_in_vain();
    assert!(!status.success());
    assert!(log.contains("not a socket"), "{log}");
    assert_eq!(fs::read_to_string(&file).unwrap(), "precious");
}

#[test]
fn mode_and_owner_are_as_asked() {
    let daemon = FakeDaemon::content();
    let gate = Gate::with_policy("everything").behind(&daemon).start();
    assert_eq!(fs::metadata(gate.socket()).unwrap().permissions().mode() & 0o7777, 0o660, "unless asked");

    let flags = ["--socket-mode", "0606", "--socket-owner", "4711", "--socket-group", "4712"];
    let gate = Gate::with_policy("everything").behind(&daemon).with(flags).start();
    let made = eventually("the socket's owner", || {
        fs::metadata(gate.socket()).ok().filter(|made| made.permissions().mode() & 0o7777 == 0o606)
    });
    assert_eq!((made.uid(), made.gid()), (4711, 4712));
}

#[test]
fn the_directory_of_a_socket_is_made() {
    let dir = tempfile::tempdir_in("/tmp").unwrap();
    let socket = dir.path().join("a/b/docker.sock");
    let daemon = FakeDaemon::content();
    let address = format!("unix://{}", socket.display());
    let _gate = Gate::with_policy("everything").behind(&daemon).listen(&address).start();
    eventually("the second listener", || socket.exists().then_some(()));
}

#[test]
fn a_socket_that_was_replaced_meanwhile_is_not_removed_at_the_end() {
    let daemon = FakeDaemon::content();
    let dir = tempfile::tempdir_in("/tmp").unwrap();
    let socket = dir.path().join("docker.sock");
    let address = format!("unix://{}", socket.display());
    let gate = Gate::with_policy("everything").behind(&daemon).listen(&address).start();
    eventually("the second listener", || socket.exists().then_some(()));
    fs::remove_file(&socket).unwrap();
    let _other = UnixListener::bind(&socket).unwrap();
    drop(gate);
    assert!(socket.exists(), "it belongs to somebody else now");
}

#[test]
fn several_listeners_each_by_its_name() {
    let daemon = FakeDaemon::content();
    let port = free_port();
    let starting = Gate::with_policy("everything").behind(&daemon);
    let second = starting.dir().join("second.sock");
    let gate = starting
        .listen(&format!("second=unix://{}", second.display()))
        .listen(&format!("net=tcp://127.0.0.1:{port}"))
        .start();
    let mut on_unix = eventually("the second", || second.exists().then(|| RawClient::unix(&second)));
    on_unix.send(LIST);
    assert_eq!(on_unix.answer().status, 200);
    let mut on_tcp = RawClient::tcp(&format!("127.0.0.1:{port}"));
    on_tcp.send(LIST);
    assert_eq!(on_tcp.answer().status, 200);
    let clients: Vec<String> = gate
        .audit()
        .iter()
        .filter(|record| record.text("event") == "judged")
        .map(|record| record.field("client").to_string())
        .collect();
    assert!(clients[0].contains("second") && clients[0].contains("uid"), "{clients:?}");
    assert!(clients[1].contains("net") && clients[1].contains("127.0.0.1"), "{clients:?}");
}

#[test]
fn a_plaintext_listener_that_others_can_reach_is_warned_of() {
    let daemon = FakeDaemon::content();
    let loopback = format!("tcp://127.0.0.1:{}", free_port());
    let gate = Gate::with_policy("read-only").behind(&daemon).listen(&loopback).start();
    assert!(!gate.log().contains("WARN"), "{}", gate.log());
    let outside = format!("tcp://0.0.0.0:{}", free_port());
    let gate = Gate::with_policy("read-only").behind(&daemon).listen(&outside).start();
    eventually("a warning", || gate.log().contains("WARN").then_some(()));
    assert!(gate.log().contains("0.0.0.0"), "{}", gate.log());
}

#[test]
fn on_the_loopback_a_name_that_others_can_own_is_not_answered() {
    let daemon = FakeDaemon::content();
    let port = free_port();
    let _gate =
        Gate::with_policy("everything").behind(&daemon).listen(&format!("tcp://127.0.0.1:{port}")).start();
    eventually("the listener", || std::net::TcpStream::connect(("127.0.0.1", port)).ok());
    for (host, status) in [
        ("evil.example", 400),
        ("evil.example.:2375", 400),
        ("127.0.0.1.evil.example", 400),
        ("127.0.0.1:2375", 200),
        ("[::1]:2375", 200),
        ("localhost:2375", 200),
        ("docker", 200),
        ("api.moby.localhost", 200),
        ("", 200),
    ] {
        let mut client = RawClient::tcp(&format!("127.0.0.1:{port}"));
        client.send(format!("GET /v1.41/containers/json HTTP/1.1\r\nHost: {host}\r\n\r\n"));
        assert_eq!(client.answer().status, status, "{host}");
    }
    assert_eq!(daemon.received().len(), 6);
}

#[test]
fn both_families_on_one_listener() {
    let daemon = FakeDaemon::content();
    let port = free_port();
    let _gate = Gate::with_policy("read-only").behind(&daemon).listen(&format!("tcp://[::]:{port}")).start();
    let mut client = eventually("the listener", || {
        std::net::TcpStream::connect(("127.0.0.1", port))
            .ok()
            .map(|_| RawClient::tcp(&format!("127.0.0.1:{port}")))
    });
    client.send(LIST);
    assert_eq!(client.answer().status, 200);
}

#[test]
fn a_port_that_is_taken_is_named() {
    let daemon = FakeDaemon::content();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap();
    let (status, log) =
        Gate::with_policy("read-only").behind(&daemon).listen(&format!("tcp://{address}")).start_in_vain();
    assert!(!status.success());
    assert!(log.contains(&address.to_string()) && log.contains("in use"), "{log}");
}

#[test]
fn more_connections_than_allowed_are_told_so() {
    let daemon = FakeDaemon::playing(|daemon| {
        daemon.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
        daemon.read_to_end();
    });
    let gate = Gate::with_policy("read-only").behind(&daemon).with(["--max-connections", "2"]).start();
    let streaming = || {
        let mut client = gate.connect();
        client.send(EVENTS);
        client.head();
        client
    };
    let (first, _second) = (streaming(), streaming());
    let answer = gate.connect().answer();
    assert_eq!(answer.status, 503);
    assert!(answer.message().contains("max-connections"), "{}", answer.message());
    // Who asks late is told so, too.
    let mut late = gate.connect();
    std::thread::sleep(std::time::Duration::from_millis(200));
    late.try_send(LIST).unwrap();
    assert_eq!(late.answer().status, 503);
    drop(first);
    eventually("a place to become free", || {
        let mut next = gate.connect();
        next.try_send(EVENTS).ok()?;
        next.head().contains(" 200 ").then_some(())
    });
}

#[test]
fn a_connection_that_rests_makes_room() {
    let daemon = FakeDaemon::content();
    let gate = Gate::with_policy("read-only").behind(&daemon).with(["--max-connections", "2"]).start();
    let ask = || {
        let mut client = gate.connect();
        client.send(LIST);
        assert_eq!(client.answer().status, 200);
        client
    };
    let (mut first, mut second) = (ask(), ask());
    let _third = ask();
    assert_eq!(first.rest(), b"", "it rested longest");
    second.send(LIST);
    assert_eq!(second.answer().status, 200);
}

#[test]
fn who_lost_its_place_does_not_come_back_with_a_request() {
    let daemon = FakeDaemon::playing(|daemon| {
        if daemon.request.line().contains("/events") {
            daemon.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
            daemon.read_to_end();
        } else {
            daemon.send("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n[]\n");
        }
    });
    let gate = Gate::with_policy("read-only").behind(&daemon).with(["--max-connections", "4"]).start();
    let mut clients = std::collections::VecDeque::new();
    for _ in 0..40 {
        if clients.len() >= 4 {
            // At the moment in which another takes its place.
            let mut longest: RawClient = clients.pop_front().unwrap();
            let mut next = gate.connect();
            longest.try_send(EVENTS).ok();
            next.try_send(LIST).ok();
            clients.push_back(next);
            clients.push_back(longest);
        } else {
            let mut client = gate.connect();
            client.send(LIST);
            assert_eq!(client.answer().status, 200);
            clients.push_back(client);
        }
    }
    // A place is a socket on either side; the listener, and what is being refused, come on top.
    eventually("the gate to come to rest", || (gate.sockets() <= 2 * 4 + 4).then_some(()));
}

fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}
