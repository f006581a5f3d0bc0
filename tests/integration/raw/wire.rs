//! What the daemon gets is what was judged, written anew: compared to the byte.

use crate::harness::{FakeDaemon, Gate, Request};

/// The head that dockgate writes before anything of the request's own.
const OURS: &str = concat!("\r\nHost: docker\r\nUser-Agent: dockgate/", env!("CARGO_PKG_VERSION"));

/// What the client sends, and the request line, own headers and body that the daemon gets.
type Case = (&'static str, &'static str, &'static str, &'static str);

#[rustfmt::skip]
const REWRITTEN: &[Case] = &[
    ("GET /v1.41/containers/json HTTP/1.1\r\nHost: d\r\n\r\n",
     "GET /v1.41/containers/json HTTP/1.1", "", ""),
    // No version: the newest that the daemon and the table know.
    ("GET /containers/json HTTP/1.1\r\nHost: d\r\n\r\n",
     "GET /v1.41/containers/json HTTP/1.1", "", ""),
    // Percent-encoding that changes nothing is gone; an encoded slash is a slash.
    ("GET /%761.41%2Fcontainers%2f%6ason HTTP/1.1\r\nHost: d\r\n\r\n",
     "GET /v1.41/containers/json HTTP/1.1", "", ""),
    // Whom the client thinks it speaks to means nothing to a daemon.
    ("GET http://evil.example/v1.41/containers/json HTTP/1.1\r\nHost: d\r\n\r\n",
     "GET /v1.41/containers/json HTTP/1.1", "", ""),
    // HTTP/1.0 is spoken on one side only.
    ("GET /v1.41/containers/json HTTP/1.0\r\n\r\n",
     "GET /v1.41/containers/json HTTP/1.1", "", ""),
    // The first of two values counts; what is not known is dropped; names are decoded.
    ("GET /v1.41/containers/json?l%69mit=3&limit=9&utm_source=x HTTP/1.1\r\nHost: d\r\n\r\n",
     "GET /v1.41/containers/json?limit=3 HTTP/1.1", "", ""),
    // A switch is on unless it says otherwise, and is written as one.
    ("GET /v1.41/containers/json?all=off HTTP/1.1\r\nHost: d\r\n\r\n",
     "GET /v1.41/containers/json?all=1 HTTP/1.1", "", ""),
    // Headers without a meaning stay behind, Connection's own among them.
    ("GET /v1.41/containers/json HTTP/1.1\r\nHost: d\r\nConnection: keep-alive, X-Registry-Auth\r\nX-Registry-Auth: e30=\r\nCookie: a=b\r\nX-HTTP-Method-Override: DELETE\r\nUpgrade: h2c\r\nRange: bytes=1-2\r\n\r\n",
     "GET /v1.41/containers/json HTTP/1.1", "", ""),
    ("POST /v1.41/images/create?fromImage=a&tag=b HTTP/1.1\r\nHost: d\r\nX-Registry-Auth: e30=\r\nX-Meta-Evil: 1\r\n\r\n",
     "POST /v1.41/images/create?fromImage=a&tag=b HTTP/1.1", "X-Registry-Auth: e30=\r\nContent-Length: 0", ""),
    // A body where none belongs is let go of when it is empty JSON, as some clients send it.
    ("POST /v1.41/containers/x/start HTTP/1.1\r\nHost: d\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}",
     "POST /v1.41/containers/x/start HTTP/1.1", "Content-Length: 0", ""),
    // Without blanks and escapes that change nothing, chunks or not, in one length.
    ("POST /v1.41/containers/x/exec HTTP/1.1\r\nHost: d\r\nContent-Type: application/json; charset=utf-8\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{ \"Cm\r\n13\r\nd\" : [ \"\\u006cs\" ]}\r\n0\r\nContent-Type: text/plain\r\n\r\n",
     "POST /v1.41/containers/x/exec HTTP/1.1", "Content-Type: application/json\r\nContent-Length: 14", "{\"Cmd\":[\"ls\"]}"),
    // Numbers to the last digit.
    ("POST /v1.41/containers/x/update HTTP/1.1\r\nHost: d\r\nContent-Type: application/json\r\nContent-Length: 30\r\n\r\n{\"NanoCpus\":9007199254740993  }",
     "POST /v1.41/containers/x/update HTTP/1.1", "Content-Type: application/json\r\nContent-Length: 29", "{\"NanoCpus\":9007199254740993}"),
];

#[test]
fn the_daemon_gets_the_request_as_it_was_judged() {
    for (sent, line, headers, body) in REWRITTEN {
        let daemon = FakeDaemon::content();
        let gate = Gate::with_policy("everything").behind(&daemon).start();
        let answer = gate.ask(fix_length(sent));
        assert_eq!(answer.status, 200, "{sent:?}: {}", String::from_utf8_lossy(&answer.body));
        let got = daemon.only_request();
        let blank = if headers.is_empty() { "" } else { "\r\n" };
        let expected = format!("{line}{OURS}{blank}{headers}");
        assert_eq!(
            sorted(&got),
            sorted(&Request { head: expected, after: body.as_bytes().to_vec() }),
            "{sent:?}"
        );
    }
}

#[test]
fn pipelined_requests_are_judged_one_by_one() {
    let daemon = FakeDaemon::content();
    let gate = Gate::with_policy("read-only").behind(&daemon).start();
    let mut client = gate.connect();
    client.send(
        "GET /v1.41/containers/json HTTP/1.1\r\nHost: d\r\n\r\n\
         POST /v1.41/containers/x/kill HTTP/1.1\r\nHost: d\r\nContent-Length: 0\r\n\r\n\
         GET /v1.41/images/json HTTP/1.1\r\nHost: d\r\n\r\n",
    );
    let statuses = [client.answer().status, client.answer().status, client.answer().status];
    assert_eq!(statuses, [200, 403, 200]);
    let lines: Vec<_> = daemon.received().iter().map(|request| request.line().to_owned()).collect();
    assert_eq!(lines, ["GET /v1.41/containers/json HTTP/1.1", "GET /v1.41/images/json HTTP/1.1"]);
}

#[test]
fn a_request_hidden_in_a_refused_body_is_not_one() {
    let daemon = FakeDaemon::content();
    let gate = Gate::with_policy("read-only").behind(&daemon).start();
    let hidden = "GET /v1.41/containers/json HTTP/1.1\r\nHost: d\r\n\r\n";
    let mut client = gate.connect();
    client.send(format!(
        "POST /v1.41/build HTTP/1.1\r\nHost: d\r\nContent-Length: {}\r\n\r\n{hidden}",
        hidden.len()
    ));
    assert_eq!(client.answer().status, 403);
    assert_eq!(client.rest(), b"", "the connection ends: the body was not read");
    assert_eq!(daemon.received(), []);
}

#[test]
fn a_target_of_more_than_64_kib_gets_through() {
    let daemon = FakeDaemon::content();
    let gate = Gate::with_policy("everything").behind(&daemon).start();
    // dockerode copies the whole body into the query, where it means nothing.
    let copied = format!("_body={}", "%7B%22Labels%22%3A".repeat(5000));
    let answer = gate.ask(format!("GET /v1.41/containers/json?{copied}&limit=1 HTTP/1.1\r\nHost: d\r\n\r\n"));
    assert_eq!(answer.status, 200);
    assert_eq!(daemon.only_request().line(), "GET /v1.41/containers/json?limit=1 HTTP/1.1");
    // And one that does mean something is passed on whole.
    let filter = format!("%7B%22label%22%3A%5B%22{}%22%5D%7D", "x".repeat(70_000));
    let answer = gate.ask(format!("GET /v1.41/containers/json?filters={filter} HTTP/1.1\r\nHost: d\r\n\r\n"));
    assert_eq!(answer.status, 200);
    assert!(daemon.received()[1].line().len() > 70_000);
}

#[test]
fn the_daemons_headers_survive_and_the_hops_do_not() {
    let daemon = FakeDaemon::answering(
        "HTTP/1.1 200 OK\r\nApi-Version: 1.41\r\nOstype: linux\r\nDocker-Experimental: false\r\n\
         Server: Docker/20.10.24 (linux)\r\nX-Docker-Container-Path-Stat: e30=\r\nConnection: X-Private\r\n\
         X-Private: 1\r\nKeep-Alive: timeout=5\r\nContent-Type: application/json\r\nContent-Length: 3\r\n\r\n[]\n",
    );
    let gate = Gate::with_policy("everything").behind(&daemon).start();
    let answer = gate.ask("GET /v1.41/containers/json HTTP/1.1\r\nHost: d\r\n\r\n");
    for (name, value) in [
        ("Api-Version", "1.41"),
        ("Ostype", "linux"),
        ("Docker-Experimental", "false"),
        ("Server", "Docker/20.10.24 (linux)"),
        ("X-Docker-Container-Path-Stat", "e30="),
        ("Content-Type", "application/json"),
    ] {
        assert_eq!(answer.header(name), Some(value), "{}", answer.head);
    }
    assert_eq!((answer.header("X-Private"), answer.header("Keep-Alive")), (None, None), "{}", answer.head);
    assert_eq!(answer.body, b"[]\n");
    let id = answer.header("X-Dockgate-Request-Id").unwrap();
    assert_eq!(gate.recorded("judged", "ContainerList").text("id"), id);
}

#[test]
fn a_daemon_newer_than_the_endpoint_table_is_made_known_as_one_that_speaks_its_newest_version() {
    for (said, told) in [
        (["1.999", "1.30"], ["1.56", "1.30"]),
        (["1.30", "1.999"], ["1.30", "1.56"]),
        (["1.999x", ""], ["1.999x", ""]),
    ] {
        let fields = said.map(|version| format!("Api-Version: {version}\r\n")).concat();
        let answer = format!("HTTP/1.1 200 OK\r\n{fields}Content-Length: 3\r\n\r\n[]\n");
        let daemon = FakeDaemon::playing(move |daemon| {
            daemon.read_body();
            daemon.send(&answer);
        });
        let gate = Gate::with_policy("everything").behind(&daemon).start();
        let answer = gate.ask("GET /v1.41/containers/json HTTP/1.1\r\nHost: d\r\n\r\n");
        let versions: Vec<&str> =
            answer.head.lines().filter_map(|line| line.strip_prefix("Api-Version:")).map(str::trim).collect();
        assert_eq!(versions, told, "{}", answer.head);
    }
}

/// The order of header lines is nobody's business; their text is.
fn sorted(request: &Request) -> (String, Vec<String>, String) {
    let mut lines: Vec<String> = request.head.lines().map(str::to_owned).collect();
    let first = lines.remove(0);
    lines.sort();
    (first, lines, request.body())
}

/// The table's lengths are for reading; the blanks of a body need not be counted by hand.
fn fix_length(request: &str) -> String {
    let Some((head, body)) = request.split_once("\r\n\r\n") else { return request.to_owned() };
    let lines = head.split("\r\n").map(|line| {
        if line.starts_with("Content-Length:") {
            format!("Content-Length: {}", body.len())
        } else {
            line.to_owned()
        }
    });
    format!("{}\r\n\r\n{body}", lines.collect::<Vec<_>>().join("\r\n"))
}
