//! Answers of which the client may see a part.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use crate::harness::{Conversation, FakeDaemon, Gate, RawClient, eventually};

const POLICY: &str = r#"
version = 1
[[allow]]
operations = ["GET /containers/json", "GET /events", "GET /networks/{id}", "GET /networks"]
container.label.owner = "me"
"#;

const LIST: &str = "GET /v1.41/containers/json HTTP/1.1\r\nHost: d\r\n\r\n";
const EVENTS: &str = "GET /v1.41/events HTTP/1.1\r\nHost: d\r\n\r\n";

fn container(id: &str, owner: &str) -> String {
    format!(r#"{{"Id":"{id}","Names":["/{id}"],"New":18446744073709551615,"Labels":{{"owner":"{owner}"}}}}"#)
}

fn event(owner: &str) -> String {
    let actor = format!(r#"{{"ID":"4f","Attributes":{{"name":"web","owner":"{owner}"}}}}"#);
    format!("{{\"Type\":\"container\",\"Action\":\"start\",\"Actor\":{actor}}}\n")
}

/// A daemon that answers each request with this status and body.
fn answering(status: &'static str, body: String) -> FakeDaemon {
    FakeDaemon::playing(move |daemon| {
        daemon.read_body();
        let length = body.len();
        let head = format!(
            "HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n\r\n"
        );
        daemon.send(head);
        daemon.send(&body);
    })
}

fn chunk(daemon: &mut Conversation, text: &str) {
    daemon.send(format!("{:x}\r\n{text}\r\n", text.len()));
}

#[test]
fn a_list_shows_what_may_be_seen_and_the_connection_goes_on() {
    let daemon = answering(
        "200 OK",
        format!("[{},{},{}]\n", container("a", "you"), container("b", "me"), container("c", "me")),
    );
    let gate = Gate::with_policy_text(POLICY).behind(&daemon).start();
    let mut client = gate.connect();
    for _ in 0..2 {
        client.send(LIST);
        let answer = client.answer();
        let expected = format!("[{},{}]\n", container("b", "me"), container("c", "me"));
        assert_eq!(String::from_utf8(answer.body.clone()).unwrap(), expected);
        assert_eq!(answer.header("content-length"), Some(&*expected.len().to_string()));
        assert_eq!(answer.header("content-type"), Some("application/json"));
    }
    let judged = gate.recorded("judged", "ContainerList");
    assert_eq!(gate.ended(&judged).text("end"), "complete");
}

#[test]
fn errors_of_the_daemon_pass_as_they_are() {
    let error = "{\"message\":\"page not found\"}\n";
    let daemon = answering("500 Internal Server Error", error.to_owned());
    let gate = Gate::with_policy_text(POLICY).behind(&daemon).start();
    let answer = gate.ask(LIST);
    assert_eq!((answer.status, String::from_utf8(answer.body).unwrap()), (500, error.to_owned()));
}

#[test]
fn an_error_tells_nothing_of_a_table_that_is_redacted() {
    let daemon = answering(
        "500 Internal Server Error",
        "{\"message\":\"Unexpected pid 'SECRET=hunter2': strconv.Atoi\"}\n".to_owned(),
    );
    let gate = Gate::with_policy_text(
        "version = 1\n[[allow]]\noperations = [\"ContainerTop\"]\nquery.ps_args = true\nredact = \"@environment\"\n",
    )
    .behind(&daemon)
    .start();
    let mut client = gate.connect();
    for _ in 0..2 {
        client.send("GET /v1.41/containers/x/top?ps_args=e+-o+args+-o+pid HTTP/1.1\r\nHost: d\r\n\r\n");
        let answer = client.answer();
        assert_eq!((answer.status, answer.message()), (500, "redacted-by-dockgate".to_owned()));
    }
    // Without arguments of the client's there is no environment in it.
    client.send("GET /v1.41/containers/x/top HTTP/1.1\r\nHost: d\r\n\r\n");
    assert!(client.answer().message().starts_with("Unexpected pid"));
}

#[test]
fn what_is_not_expected_is_not_passed_on_and_is_on_record() {
    for body in ["{\"Id\":\"a\"}", "[", "secret", ""] {
        let daemon = answering("200 OK", body.to_owned());
        let gate = Gate::with_policy_text(POLICY).behind(&daemon).start();
        let mut client = gate.connect();
        client.send(LIST);
        let answer = client.answer();
        assert_eq!(answer.status, 502, "{body}");
        assert!(
            answer.message().starts_with("dockgate: the Docker daemon's answer is not passed on: it "),
            "{body}"
        );
        assert!(!answer.message().contains("secret"), "{}", answer.message());
        // The client's connection is none the worse.
        client.send(LIST);
        assert_eq!(client.answer().status, 502);
        let ended = gate.ended(&gate.recorded("judged", "ContainerList"));
        assert_eq!((ended.field("status"), ended.text("end")), (&502.into(), "failed"));
        assert!(
            gate.log().contains("the daemon's answer to GET /containers/json is withheld"),
            "{}",
            gate.log()
        );
    }
}

#[test]
fn what_is_too_large_in_a_list_or_stream_is_left_out_and_told() {
    let label = "<".repeat(6 * 1024 * 1024);
    let (large, mine) = (container("a", &label), container("b", "me"));
    let events = [event("me"), event(&label), event("me")].concat();
    for (request, answer, expected) in [
        (LIST, format!("[{large},{mine}]\n"), format!("[{mine}]\n")),
        (EVENTS, events, event("me").repeat(2)),
    ] {
        let daemon = answering("200 OK", answer);
        let gate = Gate::with_policy_text(POLICY).behind(&daemon).start();
        assert_eq!(String::from_utf8(gate.ask(request).body).unwrap(), expected);
        assert_eq!(
            gate.log().matches("one thing in it is larger than dockgate reads").count(),
            1,
            "{}",
            gate.log()
        );
    }
}

#[test]
fn a_thing_that_is_too_large_to_be_looked_at_is_told_as_that() {
    let daemon = FakeDaemon::playing(|daemon| {
        let body = match daemon.request.line() {
            line if line.contains("/containers/large/json") => {
                format!("{{\"Id\":\"1\",\"Args\":[\"{}\"]}}", "x".repeat(16 * 1024 * 1024))
            }
            line if line.contains("/containers/nul/json") => {
                r#"{"Id":"2","Name":"/nul","Config":{"Labels":{"owner":"me","x":"\u0000"}}}"#.to_owned()
            }
            _ => "[]".to_owned(),
        };
        daemon.send(format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{body}", body.len()));
    });
    let policy =
        format!("{POLICY}\n[[allow]]\noperations = [\"ContainerStop\"]\ncontainer.label.owner = \"me\"\n");
    let gate = Gate::with_policy_text(&policy).behind(&daemon).start();
    for _ in 0..4 {
        let answer = gate.ask("POST /v1.41/containers/large/stop HTTP/1.1\r\nHost: d\r\n\r\n");
        assert_eq!(answer.status, 502);
        let expected = "dockgate: the request was not forwarded: the Docker daemon's answer to GET /v1.41/containers/large/json, which dockgate must know, cannot be read: it is larger than 16777216 bytes, alone or with what else the request is about";
        assert_eq!(answer.message(), expected);
    }
    // Nobody takes the daemon for away.
    assert_eq!(gate.ask(LIST).status, 200);
    assert_eq!(gate.ask("POST /v1.41/containers/nul/stop HTTP/1.1\r\nHost: d\r\n\r\n").status, 200);
}

/// This many clients that have asked this and wait.
fn asking(gate: &Gate, clients: usize, request: &str) -> Vec<RawClient> {
    let ask = |mut client: RawClient| {
        client.send(request);
        client
    };
    (0..clients).map(|_| ask(gate.connect())).collect()
}

#[test]
fn few_large_things_are_looked_at_at_a_time() {
    static ANSWERING: AtomicBool = AtomicBool::new(false);
    let daemon = FakeDaemon::playing(|daemon| {
        daemon.read_body();
        if daemon.request.line().starts_with("POST") {
            return daemon.send("HTTP/1.1 204 No Content\r\n\r\n");
        }
        let (large, labels) = ("x".repeat(8 << 20), r#"{"owner":"me"}"#);
        let body = format!(r#"{{"Args":["{large}"],"Id":"1","Name":"/x","Config":{{"Labels":{labels}}}}}"#);
        let (first, rest) = body.split_at(8 << 20);
        daemon.send(format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{first}", body.len()));
        while !ANSWERING.load(Ordering::Relaxed) {
            std::thread::sleep(Duration::from_millis(20));
        }
        daemon.send(rest);
    });
    let policy =
        format!("{POLICY}\n[[allow]]\noperations = [\"ContainerStop\"]\ncontainer.label.owner = \"me\"\n");
    let gate = Gate::with_policy_text(&policy).behind(&daemon).with(["--connect-timeout", "1m"]).start();
    let stop = "POST /v1.41/containers/x/stop HTTP/1.1\r\nHost: d\r\n\r\n";
    let clients = asking(&gate, 30, stop);
    std::thread::sleep(Duration::from_secs(3));
    ANSWERING.store(true, Ordering::Relaxed);
    for mut client in clients {
        assert_eq!(client.answer().status, 204);
    }
    let peak = gate.memory_kib("VmHWM");
    assert!(peak < 160 * 1024, "{peak} KiB at the peak");
}

#[test]
fn what_a_request_is_about_is_not_larger_in_all_than_one_thing_may_be() {
    let daemon = FakeDaemon::playing(|daemon| {
        daemon.read_body();
        let labels = format!(r#"{{"owner":"me","x":"{}"}}"#, "x".repeat(6 << 20));
        let body = format!(r#"{{"Id":"{}","Name":"/x","Config":{{"Labels":{labels}}}}}"#, "a".repeat(64));
        daemon.send(format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{body}", body.len()));
    });
    let policy = "version = 1\n[[allow]]\noperations = [\"POST /containers/create\"]\nunguarded = true\n\
                  [[forbid]]\noperations = [\"POST /containers/create\"]\nhost_paths = [\"/etc\"]\n";
    let gate = Gate::with_policy_text(policy).behind(&daemon).start();
    for (others, status) in [(r#""a","b""#, 200), (r#""a","b","c""#, 502)] {
        let body = format!(r#"{{"Image":"x","HostConfig":{{"VolumesFrom":[{others}]}}}}"#);
        let head = "POST /v1.41/containers/create HTTP/1.1\r\nHost: d\r\nContent-Type: application/json\r\n";
        let answer = gate.ask(format!("{head}Content-Length: {}\r\n\r\n{body}", body.len()));
        assert_eq!(answer.status, status, "{}", String::from_utf8_lossy(&answer.body));
    }
}

#[test]
fn who_reads_nothing_of_what_is_held_does_not_keep_others_waiting() {
    let large =
        format!(r#"{{"Id":"a","Names":["/a"],"Labels":{{"owner":"me","x":"{}"}}}}"#, "x".repeat(3 << 20));
    let daemon = answering("200 OK", format!("[{large}]\n"));
    let gate = Gate::with_policy_text(POLICY).behind(&daemon).start();
    let _stalling = asking(&gate, 4, LIST);
    std::thread::sleep(Duration::from_millis(500));
    let start = Instant::now();
    assert_eq!(gate.ask(LIST).body.len(), large.len() + 3);
    let took = start.elapsed();
    assert!(took < Duration::from_secs(20), "it waited {took:?}");
    assert!(took > Duration::from_secs(5), "four are held for one client");
    let is_cut =
        || gate.audit().iter().any(|one| one.text("event") == "ended" && one.text("end") == "client_gone");
    eventually("one to be cut", || is_cut().then_some(()));
    // Who reads, if slowly, is not cut where nobody waits.
    let mut slow = gate.connect();
    slow.send(LIST);
    std::thread::sleep(Duration::from_secs(1));
    assert_eq!(slow.answer().body.len(), large.len() + 3);
}

#[test]
fn a_large_list_goes_on_as_it_comes_and_is_cut_where_it_breaks_off() {
    let mine = container("b", "me");
    for is_whole in [true, false] {
        let one = mine.clone();
        let daemon = FakeDaemon::playing(move |daemon| {
            daemon.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
            chunk(daemon, "[");
            for _ in 0..10_000 {
                chunk(daemon, &format!("{one},"));
            }
            chunk(daemon, if is_whole { "{\"Id\":\"x\",\"Names\":[]}]\n" } else { "oh" });
            daemon.send("0\r\n\r\n");
        });
        let gate = Gate::with_policy_text(POLICY).behind(&daemon).start();
        let mut client = gate.connect();
        client.send(LIST);
        if is_whole {
            let answer = client.answer();
            assert_eq!(answer.header("transfer-encoding"), Some("chunked"));
            let expected = format!("[{}]\n", vec![mine.as_str(); 10_000].join(","));
            assert!(answer.body == expected.into_bytes());
        } else {
            assert!(client.head().starts_with("HTTP/1.1 200"));
            assert!(!client.rest().ends_with(b"0\r\n\r\n"));
            let ended = gate.ended(&gate.recorded("judged", "ContainerList"));
            assert_eq!((ended.field("status"), ended.text("end")), (&200.into(), "failed"));
        }
        let peak = gate.memory_kib("VmHWM");
        assert!(peak < 40 * 1024, "{peak} KiB at the peak");
    }
}

#[test]
fn a_client_of_http_1_0_is_told_the_end_by_the_close() {
    let daemon = FakeDaemon::playing(|daemon| {
        daemon.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
        for _ in 0..3 {
            chunk(daemon, &event("me"));
        }
        daemon.send("0\r\n\r\n");
    });
    let gate = Gate::with_policy_text(POLICY).behind(&daemon).start();
    let mut client = gate.connect();
    client.send("GET /v1.41/events HTTP/1.0\r\n\r\n");
    assert!(!client.head().to_ascii_lowercase().contains("chunked"));
    assert_eq!(String::from_utf8(client.rest()).unwrap(), event("me").repeat(3));
}

#[test]
fn each_event_passes_at_once_or_not_at_all() {
    let daemon = FakeDaemon::playing(|daemon| {
        daemon
            .send("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n");
        std::thread::sleep(Duration::from_millis(300));
        chunk(daemon, &event("you"));
        let mine = event("me");
        let (half, rest) = mine.split_at(20);
        chunk(daemon, half);
        std::thread::sleep(Duration::from_millis(100));
        chunk(daemon, rest);
        // Nothing more comes, and the stream does not end.
        daemon.read_to_end();
    });
    let gate = Gate::with_policy_text(POLICY).behind(&daemon).start();
    let mut client = gate.connect();
    client.send(EVENTS);
    assert!(client.head().contains("Transfer-Encoding: chunked"), "the head comes before the first event");
    assert_eq!(String::from_utf8(client.chunk()).unwrap(), event("me"));
}

#[test]
fn a_stream_of_events_costs_no_memory() {
    let daemon = FakeDaemon::playing(|daemon| {
        daemon.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
        let many = [event("me"), event("you")].concat().repeat(100);
        for _ in 0..500 {
            chunk(daemon, &many);
        }
        daemon.send("0\r\n\r\n");
    });
    let gate = Gate::with_policy_text(POLICY).behind(&daemon).start();
    let answer = gate.ask(EVENTS);
    assert_eq!(answer.body.len(), 50_000 * event("me").len());
    let peak = gate.memory_kib("VmHWM");
    assert!(peak < 40 * 1024, "{peak} KiB at the peak");
}

/// A daemon with a network that two containers are on, and that answers what it is asked about them.
fn network(events: &'static str) -> FakeDaemon {
    FakeDaemon::playing(move |daemon| {
        let line = daemon.request.line().to_owned();
        let named = |id: &str, owner: &str| {
            format!(r#"{{"Id":"{id}","Name":"/{id}","Config":{{"Labels":{{"owner":"{owner}"}}}}}}"#)
        };
        let body = match line.split(' ').nth(1).unwrap() {
            "/v1.41/networks/n" => {
                r#"{"Name":"n","Id":"1","Containers":{"aa":{"Name":"x"},"bb":{"Name":"y"}}}"#.into()
            }
            "/v1.41/networks/1" => r#"{"Name":"n","Id":"1","Labels":{}}"#.into(),
            "/v1.41/containers/aa/json" => named("aa", "me"),
            "/v1.41/containers/bb/json" => named("bb", "you"),
            asked if asked.starts_with("/v1.41/events") => events.into(),
            asked if asked.starts_with("/v1.41/containers/json?all=1&filters=%7B%22id%22") => {
                format!("[{},{}]", container("aa", "me"), container("bb", "you"))
            }
            _ => return daemon.send("HTTP/1.1 500 Oh\r\nContent-Length: 0\r\n\r\n"),
        };
        daemon.send(format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{body}", body.len()));
    })
}

#[test]
fn who_is_on_a_network_is_looked_up() {
    let daemon = network("");
    let gate = Gate::with_policy_text(POLICY).behind(&daemon).start();
    let answer = gate.ask("GET /v1.41/networks/n HTTP/1.1\r\nHost: d\r\n\r\n");
    let expected = r#"{"Name":"n","Id":"1","Containers":{"aa":{"Name":"x"}}}"#;
    assert_eq!(String::from_utf8(answer.body).unwrap(), expected);
    assert_eq!(daemon.received().len(), 2, "{:?}", daemon.received());
}

#[test]
fn whom_an_event_names_is_looked_up() {
    let daemon = network(concat!(
        r#"{"Type":"network","Action":"connect","Actor":{"ID":"1","Attributes":{"container":"aa","name":"n"}}}"#,
        "\n",
        r#"{"Type":"network","Action":"connect","Actor":{"ID":"1","Attributes":{"container":"bb","name":"n"}}}"#,
        "\n",
        r#"{"Type":"network","Action":"connect","Actor":{"ID":"1","Attributes":{"container":"cc","name":"n"}}}"#,
        "\n",
    ));
    let policy = format!("{POLICY}network.name = \"n\"\n");
    let gate = Gate::with_policy_text(&policy).behind(&daemon).start();
    let answer = gate.ask(EVENTS);
    let seen = String::from_utf8(answer.body).unwrap();
    assert!(seen.contains("\"aa\"") && seen.lines().count() == 1, "{seen}");
}

#[test]
fn a_look_up_that_fails_is_no_answer() {
    let daemon = FakeDaemon::playing(|daemon| {
        if daemon.request.line().contains("/networks/n") {
            let body = r#"{"Name":"n","Id":"1","Containers":{"aa":{"Name":"x"}}}"#;
            daemon.send(format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{body}", body.len()));
        } else {
            daemon.send("HTTP/1.1 500 Oh\r\nContent-Length: 0\r\n\r\n");
        }
    });
    let gate = Gate::with_policy_text(POLICY).behind(&daemon).start();
    let answer = gate.ask("GET /v1.41/networks/n HTTP/1.1\r\nHost: d\r\n\r\n");
    assert_eq!(answer.status, 503, "{}", answer.head);
}
