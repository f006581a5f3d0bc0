//! What is counted, and by what.

use std::collections::BTreeMap;

use super::{EVENTS, LIST, ask, becomes, text, with_admin};
use crate::harness::{FakeDaemon, Gate, eventually};

/// The samples, by name and labels, as they stand there.
fn samples(gate: &Gate) -> BTreeMap<String, String> {
    let answer = ask(gate, "/metrics");
    assert!(answer.header("Content-Type").unwrap().starts_with("application/openmetrics-text"));
    let text = text(&answer);
    assert!(text.ends_with("# EOF\n"), "{text}");
    let samples = text.lines().filter(|line| !line.starts_with('#'));
    samples
        .map(|line| line.rsplit_once(' ').unwrap())
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect()
}

#[track_caller]
fn sample(gate: &Gate, name: &str) -> String {
    let samples = samples(gate);
    samples.get(name).unwrap_or_else(|| panic!("no {name} in {samples:#?}")).clone()
}

/// Waits until so many requests are over.
fn ended(gate: &Gate, count: u64) {
    eventually("the requests to be over", || {
        let ends = samples(gate).into_iter().filter(|(name, _)| name.starts_with("dockgate_requests_ended"));
        let over: u64 = ends.map(|(_, value)| value.parse::<u64>().unwrap()).sum();
        (over >= count).then_some(())
    });
}

#[test]
fn requests_are_counted_by_what_was_asked_and_what_became_of_it() {
    let daemon = FakeDaemon::content();
    let policy = "version = 1\n[[allow]]\nname = 'a \"look\"'\noperations = [\"GET /containers/json\"]\n\
                  [[forbid]]\nname = \"no info\"\noperations = [\"GET /info\"]\n";
    let gate = with_admin(Gate::with_policy_text(policy)).behind(&daemon).start();
    // What is asked before the daemon's version is known is not remembered.
    becomes(&gate, "/readyz", 200);
    let requests = [
        ("GET /v1.41/containers/json", 200),
        ("GET /v1.41/containers/json", 200),
        ("GET /v1.41/info", 403),
        ("GET /v1.41/version", 403),
        ("GET /v1.41/containers/json?%", 400),
        ("GET /v1.41/nothing-of-the-kind", 404),
    ];
    for (line, status) in requests {
        assert_eq!(gate.ask(format!("{line} HTTP/1.1\r\nHost: d\r\n\r\n")).status, status, "{line}");
    }
    ended(&gate, 6);
    let counted: BTreeMap<_, _> =
        samples(&gate).into_iter().filter(|(name, _)| name.starts_with("dockgate_requests_total")).collect();
    let of = |labels: &str| counted.get(&format!("dockgate_requests_total{{{labels}}}")).map(String::as_str);
    assert_eq!(
        of(r#"operation="ContainerList",decision="permit",rule="a \"look\"",status="200""#),
        Some("2"),
        "{counted:#?}"
    );
    assert_eq!(
        of(r#"operation="SystemInfo",decision="deny",rule="no info",status="403""#),
        Some("1"),
        "{counted:#?}"
    );
    assert_eq!(
        of(r#"operation="SystemVersion",decision="deny",rule="",status="403""#),
        Some("1"),
        "{counted:#?}"
    );
    assert_eq!(
        of(r#"operation="ContainerList",decision="refuse",rule="",status="400""#),
        Some("1"),
        "{counted:#?}"
    );
    assert_eq!(of(r#"operation="",decision="refuse",rule="",status="404""#), Some("1"), "{counted:#?}");
    assert_eq!(counted.len(), 5, "{counted:#?}");
    assert_eq!(
        sample(&gate, "dockgate_judging_seconds_count"),
        "3",
        "neither what cannot be read is judged, nor the same twice"
    );
    assert_eq!(sample(&gate, "dockgate_audit_seconds_count"), "6");
    assert_eq!(sample(&gate, "dockgate_daemon_seconds_count"), "2");
    assert_eq!(sample(&gate, "dockgate_request_seconds_count"), "6");
    assert_eq!(sample(&gate, r#"dockgate_requests_ended_total{end="complete"}"#), "2");
}

#[test]
fn no_client_chooses_a_label() {
    let daemon = FakeDaemon::content();
    let gate = with_admin(Gate::with_policy("everything")).behind(&daemon).start();
    let series = |gate: &Gate| samples(gate).len();
    let ask_all = |word: &str| {
        for request in [
            format!("GET /v1.41/containers/{word}/json HTTP/1.1\r\nHost: d\r\n\r\n"),
            format!("GET /{word} HTTP/1.1\r\nHost: {word}\r\nUser-Agent: {word}\r\n\r\n"),
            format!("{word} /v1.41/info HTTP/1.1\r\nHost: d\r\n\r\n"),
            format!("GET /v1.41/containers/json?{word}={word} HTTP/1.1\r\nHost: d\r\n\r\n"),
            format!("GET /v1.41/images/{word}:latest/json HTTP/1.1\r\nHost: d\r\n\r\n"),
        ] {
            gate.ask(request);
        }
    };
    ask_all("FIRST");
    ended(&gate, 5);
    let before = series(&gate);
    for number in 0..20 {
        ask_all(&format!("WORD{number}"));
    }
    ended(&gate, 105);
    assert_eq!(series(&gate), before, "no series is added");
    let all = text(&ask(&gate, "/metrics"));
    assert!(!all.contains("WORD") && !all.contains("FIRST"), "{all}");
}

#[test]
fn a_stream_is_counted_while_it_runs() {
    let daemon = FakeDaemon::playing(|daemon| {
        daemon.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n");
        daemon.read_to_end();
    });
    let gate = with_admin(Gate::with_policy("everything")).behind(&daemon).start();
    let mut client = gate.connect();
    client.send(EVENTS);
    client.head();
    assert_eq!(client.chunk(), b"hello");
    assert_eq!(sample(&gate, r#"dockgate_requests_open{answer="stream"}"#), "1");
    assert_eq!(sample(&gate, "dockgate_connections_open"), "1");
    assert_eq!(sample(&gate, "dockgate_to_clients_bytes_total"), "5", "counted as they pass");
    drop(client);
    eventually("the stream to be over", || {
        let samples = samples(&gate);
        let open = [r#"dockgate_requests_open{answer="stream"}"#, "dockgate_connections_open"];
        open.into_iter().all(|name| samples[name] == "0").then_some(())
    });
    assert_eq!(sample(&gate, r#"dockgate_requests_ended_total{end="client_gone"}"#), "1");
    assert_eq!(
        sample(&gate, "dockgate_request_seconds_count"),
        "0",
        "a stream lasts as long as it is wanted"
    );
}

#[test]
fn how_things_stand_is_in_numbers() {
    let daemon = FakeDaemon::content();
    let policy = "version = 1\n[[allow]]\noperations = [\"@read\"]\n";
    let gate = with_admin(Gate::with_policy_text(policy)).behind(&daemon).start();
    becomes(&gate, "/readyz", 200);
    assert_eq!(sample(&gate, "dockgate_daemon_connected"), "1");
    assert_eq!(sample(&gate, r#"dockgate_daemon_breaker{state="closed"}"#), "1");
    assert_eq!(sample(&gate, r#"dockgate_daemon_info{version="20.10.24",api_version="1.41"}"#), "1");
    assert_eq!(
        sample(&gate, &format!("dockgate_build_info{{version=\"{}\"}}", env!("CARGO_PKG_VERSION"))),
        "1"
    );
    let number = |name: &str| sample(&gate, name).parse::<u64>().unwrap();
    assert!(number("process_open_fds") > 5 && number("process_resident_memory_bytes") > 1_000_000);

    let file = gate.dir().join("policy.toml");
    std::fs::write(&file, "version = 2\n").unwrap();
    eventually("the failure", || (sample(&gate, "dockgate_policy_stale") == "1").then_some(()));
    assert_eq!(sample(&gate, "dockgate_policy_failures_total"), "1");
    std::fs::write(&file, policy.replace("@read", "@ping")).unwrap();
    eventually("the new policy", || (sample(&gate, "dockgate_policy_exchanges_total") == "1").then_some(()));
    assert_eq!(sample(&gate, "dockgate_policy_stale"), "0");
    let infos = samples(&gate).keys().filter(|name| name.starts_with("dockgate_policy_info")).count();
    assert_eq!(infos, 1, "the one that is in force");
    assert_eq!(gate.ask(LIST).status, 403);

    drop(daemon);
    eventually("the daemon to be missed", || {
        (sample(&gate, "dockgate_daemon_connected") == "0").then_some(())
    });
}

#[test]
fn the_manual_has_every_metric() {
    let daemon = FakeDaemon::content();
    let gate = with_admin(Gate::with_policy("read-only")).behind(&daemon).start();
    becomes(&gate, "/readyz", 200);
    gate.ask(LIST);
    ended(&gate, 1);
    let manual = include_str!("../../../docs/operating.md");
    for sample in samples(&gate).into_keys() {
        let name = sample.split('{').next().unwrap();
        let name =
            ["_bucket", "_count", "_sum"].iter().find_map(|part| name.strip_suffix(part)).unwrap_or(name);
        assert!(manual.contains(&format!("`{name}`")) || manual.contains(&format!("`{name}{{")), "{name}");
    }
}
