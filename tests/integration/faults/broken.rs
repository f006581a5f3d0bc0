//! A daemon that breaks off, answers early, or closes between requests.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use crate::harness::{Conversation, FakeDaemon, Gate, eventually};

const LIST: &str = "GET /v1.41/containers/json HTTP/1.1\r\nHost: d\r\n\r\n";
const KILL: &str = "POST /v1.41/containers/x/kill HTTP/1.1\r\nHost: d\r\n\r\n";

#[test]
fn an_answer_that_is_cut_is_not_made_to_look_whole() {
    for answer in [
        "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf of it",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\na\r\nhalf of it\r\n",
    ] {
        let daemon = FakeDaemon::playing(move |daemon| {
            daemon.send(answer);
            daemon.close();
        });
        let gate = Gate::with_policy("everything").behind(&daemon).start();
        let mut client = gate.connect();
        client.send(LIST);
        client.head();
        let rest = String::from_utf8(client.rest()).unwrap();
        assert!(rest.contains("half of it") && !rest.ends_with("0\r\n\r\n"), "{rest:?}");
        let judged = gate.recorded("judged", "ContainerList");
        assert_ne!(gate.ended(&judged).text("end"), "complete");
    }
}

#[test]
fn no_answer_at_all_is_said_and_not_tried_again() {
    let daemon = FakeDaemon::playing(Conversation::close);
    let gate = Gate::with_policy("everything").behind(&daemon).start();
    for request in [KILL, LIST] {
        let answer = gate.ask(request);
        assert_eq!(answer.status, 502, "{}", answer.head);
        assert!(answer.message().contains("the Docker daemon"), "{}", answer.message());
    }
    assert_eq!(daemon.received().len(), 2, "each request was sent once");
}

#[test]
fn what_one_client_asks_for_does_not_keep_others_from_asking() {
    let daemon = FakeDaemon::playing(|daemon| {
        let line = daemon.request.line();
        let answer = if line.contains("/containers/odd/json") {
            "this is no answer\r\n\r\n"
        } else if line.contains("/panic") {
            return daemon.close();
        } else {
            "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n[]\n"
        };
        daemon.send(answer);
    });
    let policy = r#"
        version = 1
        [[allow]]
        operations = ["GET /containers/json", "POST /containers/{id}/kill"]
        [[allow]]
        operations = ["POST /containers/{id}/stop"]
        container.label.team = "a"
    "#;
    let gate = Gate::with_policy_text(policy).behind(&daemon).with(["--breaker-threshold", "2"]).start();
    for (name, action, status) in [("panic", "kill", 502), ("panic", "stop", 503), ("odd", "stop", 503)] {
        for _ in 0..4 {
            let asked =
                gate.ask(format!("POST /v1.41/containers/{name}/{action} HTTP/1.1\r\nHost: d\r\n\r\n"));
            assert_eq!(asked.status, status, "{name} {action}");
        }
        assert_eq!(gate.ask(LIST).status, 200, "after {name} {action}");
    }
    assert!(!gate.log().contains("the daemon is away"), "it is there");
}

#[test]
fn a_daemon_that_answers_nobody_any_more_is_found_out() {
    let starting = Gate::with_policy("everything");
    let socket = starting.dir().join("daemon.sock");
    let listener = std::os::unix::net::UnixListener::bind(&socket).unwrap();
    std::thread::spawn(move || listener.incoming().for_each(drop));
    let gate = starting.daemon_at(&format!("unix://{}", socket.display())).start();
    eventually("clients to be told at once", || (gate.ask(LIST).status == 503).then_some(()));
}

#[test]
fn an_answer_that_cannot_be_read_is_the_daemons_fault() {
    for answer in [
        "hello\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "HTTP/1.1 200 OK\nContent-Length: 0\n\n",
    ] {
        let daemon = FakeDaemon::answering(answer);
        let gate = Gate::with_policy("everything").behind(&daemon).start();
        assert_eq!(gate.ask(LIST).status, 502, "{answer:?}");
    }
}

#[test]
fn a_connection_that_the_daemon_closed_is_not_used_again() {
    let daemon = FakeDaemon::playing(|daemon| {
        daemon.send("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n[]\n");
        // Promised to be kept, and closed all the same.
        daemon.close();
    });
    let gate = Gate::with_policy("everything").behind(&daemon).start();
    let mut client = gate.connect();
    for _ in 0..3 {
        client.send(KILL);
        assert_eq!(client.answer().status, 200);
        std::thread::sleep(Duration::from_millis(100));
    }
    assert_eq!(daemon.received().len(), 3);
}

#[test]
fn a_connection_on_which_the_daemon_went_on_is_not_used_again() {
    static ASKED: AtomicUsize = AtomicUsize::new(0);
    let daemon = FakeDaemon::playing(|daemon| {
        daemon.send("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n[]\n");
        if ASKED.fetch_add(1, Ordering::Relaxed) == 0 {
            daemon.send("HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\n\"evil\"");
        }
    });
    let gate = Gate::with_policy("everything").behind(&daemon).start();
    let mut client = gate.connect();
    for _ in 0..3 {
        client.send(LIST);
        assert_eq!(client.answer().body, b"[]\n");
        std::thread::sleep(Duration::from_millis(100));
    }
}

#[test]
fn an_answer_that_is_there_at_once_leaves_the_connection_open() {
    let daemon = FakeDaemon::playing(|daemon| {
        // Answered before the request is sent to its end: the answer is there when dockgate looks.
        daemon.send("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n[]\n");
        daemon.read_body();
    });
    let gate = Gate::with_policy("everything").behind(&daemon).start();
    let body = format!("{{\"Image\":\"{}\"}}", "x".repeat(2_000_000));
    let mut client = gate.connect();
    for _ in 0..3 {
        client.send(format!(
            "POST /v1.41/containers/create HTTP/1.1\r\nHost: d\r\nContent-Type: application/json\r\n\
             Content-Length: {}\r\n\r\n{body}",
            body.len()
        ));
        let answer = client.answer();
        assert_eq!((answer.status, answer.header("Connection")), (200, None), "{}", answer.head);
    }
}

#[test]
fn an_early_answer_to_an_upload_gets_through() {
    let daemon = FakeDaemon::playing(|daemon| {
        daemon.read(1000);
        daemon.send("HTTP/1.1 400 Bad Request\r\nContent-Length: 21\r\nConnection: close\r\n\r\n{\"message\":\"no good\"}");
        daemon.close();
    });
    let gate = Gate::with_policy("everything").behind(&daemon).start();
    let mut client = gate.connect();
    client.send("POST /v1.41/images/load HTTP/1.1\r\nHost: d\r\nContent-Length: 50000000\r\n\r\n");
    // As much as is taken: the other end stops reading once it has its answer.
    for _ in 0..500 {
        if client.try_send([0; 10_000]).is_err() {
            break;
        }
    }
    let answer = client.answer();
    assert_eq!((answer.status, answer.message().as_str()), (400, "no good"));
}

#[test]
fn an_early_answer_to_a_json_body_gets_through() {
    let daemon = FakeDaemon::playing(|daemon| {
        daemon.send("HTTP/1.1 413 Too Large\r\nContent-Length: 21\r\nConnection: close\r\n\r\n{\"message\":\"no good\"}");
        daemon.close();
    });
    let gate = Gate::with_policy("everything").behind(&daemon).start();
    let body = format!("{{\"Image\":\"{}\"}}", "x".repeat(1_500_000));
    let answer = gate.ask(format!(
        "POST /v1.41/containers/create HTTP/1.1\r\nHost: d\r\nContent-Type: application/json\r\n\
         Content-Length: {}\r\n\r\n{body}",
        body.len()
    ));
    assert_eq!((answer.status, answer.message().as_str()), (413, "no good"));
}

#[test]
fn a_large_body_is_not_waited_for_where_nothing_in_it_would_help() {
    let daemon = FakeDaemon::content();
    let gate = Gate::with_policy("read-only").behind(&daemon).start();
    let answer = gate.ask(
        "POST /v1.41/containers/create HTTP/1.1\r\nHost: d\r\nContent-Type: application/json\r\n\
         Content-Length: 1000000\r\n\r\n{",
    );
    assert_eq!(answer.status, 403, "{}", answer.head);
    assert_eq!(gate.recorded("judged", "ContainerCreate").field("reason"), "no_rule");
}

#[test]
fn an_upload_arrives_as_it_was_sent() {
    let daemon = FakeDaemon::answering("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
    let gate = Gate::with_policy("everything").behind(&daemon).start();
    let answer = gate.ask("POST /v1.41/images/load HTTP/1.1\r\nHost: d\r\nContent-Type: application/x-tar\r\nContent-Length: 7\r\n\r\n\0\r\n\r\n\x01\x02");
    assert_eq!(answer.status, 200);
    let request = daemon.only_request();
    assert_eq!(request.after, b"\0\r\n\r\n\x01\x02");
    assert_eq!(request.header("Content-Length"), Some("7"));
}

#[test]
fn a_client_that_leaves_during_an_upload_does_not_complete_it() {
    let daemon = FakeDaemon::playing(|daemon| {
        daemon.read_to_end();
        daemon.close();
    });
    let gate = Gate::with_policy("everything").behind(&daemon).start();
    let before = gate.sockets();
    for framing in ["Content-Length: 1000", "Transfer-Encoding: chunked"] {
        let mut client = gate.connect();
        client.send(format!("POST /v1.41/images/load HTTP/1.1\r\nHost: d\r\n{framing}\r\n\r\n4\r\nhalf\r\n"));
        eventually("the upload to begin", || {
            daemon
                .received()
                .last()
                .is_some_and(|request| request.line().contains("/images/load"))
                .then_some(())
        });
        drop(client);
        eventually("the daemon's connection to be closed", || (gate.sockets() <= before).then_some(()));
    }
    for request in daemon.received() {
        assert!(!request.after.ends_with(b"0\r\n\r\n") && request.after.len() < 1000, "{request:?}");
    }
}

#[test]
fn a_body_that_stops_being_one_is_on_record_with_what_was_forwarded() {
    let daemon = FakeDaemon::playing(|daemon| {
        daemon.read_to_end();
        daemon.close();
    });
    let gate = Gate::with_policy("everything").behind(&daemon).start();
    let mut client = gate.connect();
    client.send(
        "POST /v1.41/images/load HTTP/1.1\r\nHost: d\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n",
    );
    eventually("the upload to begin", || daemon.received().last().map(|_| ()));
    client.send("zz\r\n");
    assert_eq!(client.answer().status, 400);
    let ended = gate.ended(&gate.recorded("judged", "ImageLoad"));
    assert_eq!((ended.text("end"), ended.field("request_bytes").as_u64()), ("malformed", Some(4)));
}

#[test]
fn a_head_is_passed_on_before_there_is_a_body() {
    let daemon = FakeDaemon::playing(|daemon| {
        daemon
            .send("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n");
        std::thread::sleep(Duration::from_secs(1));
        daemon.send("11\r\n{\"StatusCode\":0}\n\r\n");
        std::thread::sleep(Duration::from_secs(1));
        daemon.send("0\r\n\r\n");
    });
    let gate = Gate::with_policy("everything").behind(&daemon).start();
    let mut client = gate.connect();
    let start = std::time::Instant::now();
    client.send("POST /v1.41/containers/x/wait HTTP/1.1\r\nHost: d\r\n\r\n");
    client.head();
    assert!(start.elapsed() < Duration::from_millis(900), "the head came with the body");
    assert_eq!(client.chunk(), b"{\"StatusCode\":0}\n");
    assert!(start.elapsed() < Duration::from_millis(1900), "the body came with its end");
    assert_eq!(client.chunk(), b"");
}

#[test]
fn a_client_that_leaves_a_stream_closes_it_at_the_daemon() {
    let daemon = FakeDaemon::playing(|daemon| {
        daemon.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
        // Says nothing more: only the hang-up itself can tell.
        daemon.read_to_end();
        daemon.close();
    });
    let gate = Gate::with_policy("everything").behind(&daemon).start();
    let before = gate.sockets();
    let mut client = gate.connect();
    client.send("GET /v1.41/events HTTP/1.1\r\nHost: d\r\n\r\n");
    client.head();
    drop(client);
    eventually("the daemon's connection to be closed", || (gate.sockets() <= before).then_some(()));
    let judged = gate.recorded("judged", "SystemEvents");
    gate.ended(&judged);
}
