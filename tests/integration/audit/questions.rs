//! What an auditor asks, and what a client that means harm would have the answer look like.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use nix::sys::signal::Signal;
use serde_json::Value;

use super::{audit, text};
use crate::harness::{Command, FakeDaemon, Gate, Ran, binary, eventually};

const POLICY: &str = r#"version = 1

[clients.backend]
listener = "ui"

[[allow]]
name = "look"
operations = ["@read"]

[[allow]]
name = "stop what is its own"
clients = ["backend"]
operations = ["ContainerStop"]
query.t = { max = 60 }

[[forbid]]
name = "never web"
operations = ["POST ~^/containers/web/stop$"]
"#;

/// A gate that was asked this and that and has stopped; its audit is in several files, some of them compressed.
fn asked() -> (Gate, PathBuf) {
    let daemon = FakeDaemon::content();
    let starting = Gate::with_policy_text(POLICY).behind(&daemon).with(["--audit-rotate-bytes", "4096"]);
    let ui = format!("ui=unix://{}", starting.dir().join("ui.sock").display());
    let gate = starting.listen(&ui).start();
    let mut client = gate.connect();
    for request in [
        "GET /v1.41/containers/json HTTP/1.1\r\nHost: d\r\n\r\n",
        "POST /v1.41/containers/db/stop?t=99 HTTP/1.1\r\nHost: d\r\n\r\n",
        "POST /v1.41/containers/web/stop HTTP/1.1\r\nHost: d\r\n\r\n",
        "POST /v1.41/images/create?fromImage=a%1bc%0acmd HTTP/1.1\r\nHost: d\r\n\r\n",
        "GET /nowhere%1b[31m HTTP/1.1\r\nHost: d\r\n\r\n",
        "POST /v1.41/images/create?fromImage==HYPERLINK(%22x%22),%22%0d%0ay HTTP/1.1\r\nHost: d\r\n\r\n",
    ] {
        client.send(request);
        client.answer();
    }
    for _ in 0..20 {
        client.send("GET /v1.41/_ping HTTP/1.1\r\nHost: d\r\n\r\n");
        client.answer();
    }
    gate.signal(Signal::SIGTERM);
    assert!(gate.wait().success(), "{}", gate.log());
    let path = gate.dir().join("audit.jsonl");
    (gate, path)
}

fn ask<const N: usize>(path: &Path, arguments: [&str; N]) -> Ran {
    let ran = audit(arguments.into_iter().chain([text(path)])).ok();
    assert_harmless(&ran.stdout);
    ran
}

/// Whatever clients sent, nothing but text and ends of lines comes out.
#[track_caller]
fn assert_harmless(out: &str) {
    let is_harmless =
        |character: char| character == '\n' || character == '\r' || (' '..='~').contains(&character);
    assert!(out.chars().all(is_harmless), "{out:?}");
    assert!(!out.replace("\r\n", "").contains('\r'), "{out:?}");
}

fn json(ran: &Ran) -> Vec<Value> {
    ran.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn questions_of_an_auditor() {
    let (gate, path) = asked();
    let all = json(&ask(&path, ["query", "--format", "json"]));
    assert_eq!(all.len(), 26);
    assert!(all.iter().all(|request| request["ended"]["end"].is_string()));

    // Which requests were denied, and why?
    let denied = ask(&path, ["query", "--decision", "deny"]);
    let lines: Vec<_> = denied.stdout.lines().collect();
    assert!(lines[0].starts_with("TIME (UTC)"), "{denied:?}");
    assert!(lines[1].contains("ContainerStop"), "{denied:?}");
    let forbidden = json(&ask(&path, ["query", "--format", "json", "--reason", "forbidden"]));
    assert_eq!(forbidden.len(), 1);
    assert_eq!(forbidden[0]["rules"], serde_json::json!([{"name": "never web", "line": 16}]));

    // Who pinged, and what was done to `web`, and since yesterday?
    let uid = format!("uid={}", nix::unistd::getuid());
    let count = |arguments: &[&str]| {
        let query = ["query", "--format", "json"].iter().chain(arguments).copied();
        json(&audit(query.chain([text(&path)])).ok()).len()
    };
    assert_eq!(count(&["--operation", "SystemPing*", "--client", &uid]), 20);
    assert_eq!(count(&["--client", "nobody"]), 0);
    assert_eq!(count(&["--target", "web"]), 1);
    assert_eq!(count(&["--rule", "look"]), 21);
    assert_eq!(count(&["--since", "1d"]), 26);
    assert_eq!(count(&["--until", "1d"]), 0);
    assert_eq!(count(&["--limit", "3"]), 3);

    let misspelt = audit(["query", "--operation", "ContainerLst", text(&path)]).failed(2);
    let expected = "dockgate: there is no operation `ContainerLst`: did you mean `ContainerList`?\n";
    assert_eq!(misspelt.stderr, expected);

    // Why was that one refused?
    let id = forbidden[0]["id"].as_str().unwrap();
    let shown = ask(&path, ["show", id]);
    assert!(shown.stdout.starts_with(&format!("Request {id}: denied\n")), "{shown:?}");
    for line in [
        "What       ContainerStop: stops a container (POST /v1.41/containers/web/stop)".to_owned(),
        "Target     container web".to_owned(),
        format!(
            "Why        rule \"never web\" ({}:16) forbids it (forbidden)",
            gate.dir().join("policy.toml").display()
        ),
        "dockgate refused it; the client was sent 403".to_owned(),
    ] {
        assert!(shown.stdout.to_lowercase().contains(&line.to_lowercase()), "{line}\n{shown:?}");
    }
    audit(["show", "00000000-1", text(&path)]).failed(1);

    // What is denied most, which rules are used, and which never?
    let policy = gate.dir().join("policy.toml");
    let stats = json(&ask(&path, ["stats", "--format", "json", "--policy", text(&policy)])).remove(0);
    assert_eq!(stats["requests"], 26);
    assert_eq!(stats["rules_never_used"], serde_json::json!([{"rule": "stop what is its own", "line": 10}]));
    let stats = ask(&path, ["stats", "--policy", text(&policy)]);
    assert!(stats.stdout.contains("Rules never used (1 of 3 in"), "{stats:?}");

    for format in ["ocsf", "ecs"] {
        assert_eq!(json(&ask(&path, ["export", "--format", format])).len(), 26);
    }
    let ocsf = json(&ask(&path, ["export", "--format", "ocsf", "--reason", "forbidden"])).remove(0);
    assert_eq!((&ocsf["class_uid"], &ocsf["action"]), (&6003.into(), &"Denied".into()));
}

#[test]
fn no_answer_holds_what_a_client_would_have_a_terminal_or_a_spreadsheet_do() {
    let (_gate, path) = asked();
    let table = ask(&path, ["query"]);
    assert!(table.stdout.contains("\"x\"),\"\\u{d}\\u{a}y"), "{table:?}");
    assert!(table.stdout.contains("%1b[31m"), "as it was sent: {table:?}");
    let csv = ask(&path, ["query", "--format", "csv", "--operation", "ImageCreate"]);
    assert!(csv.stdout.contains(",\"'=HYPERLINK(\"\"x\"\"),\"\"\\u{d}\\u{a}y\","), "{csv:?}");
    for arguments in
        [vec!["stats"], vec!["tail", "--no-follow", "-n", "100"], vec!["query", "--format", "json"]]
    {
        assert_harmless(&audit(arguments.into_iter().chain([text(&path)])).ok().stdout);
    }
    for request in json(&ask(&path, ["query", "--format", "json"])) {
        ask(&path, ["show", request["id"].as_str().unwrap()]);
    }
}

#[test]
fn tail_follows_what_is_asked() {
    let daemon = FakeDaemon::content();
    let gate = Gate::with_policy("read-only").behind(&daemon).with(["--audit-rotate-bytes", "4096"]).start();
    let path = gate.dir().join("audit.jsonl");
    let out = std::fs::File::create(gate.dir().join("tail")).unwrap();
    let mut tail = std::process::Command::new(binary())
        .args(["audit", "tail", "--decision", "permit", text(&path)])
        .stdout(out)
        .spawn()
        .unwrap();
    let seen = || std::fs::read_to_string(gate.dir().join("tail")).unwrap();
    eventually("the heading", || seen().starts_with("TIME").then_some(()));
    let mut client = gate.connect();
    for _ in 0..30 {
        client.send("GET /v1.41/containers/json HTTP/1.1\r\nHost: d\r\n\r\n");
        client.answer();
    }
    eventually("all of them, through some files", || {
        (seen().matches("ContainerList").count() == 30).then_some(())
    });
    assert_harmless(&seen());
    tail.kill().unwrap();
    tail.wait().unwrap();
}

#[test]
fn tail_shows_what_comes_through_a_pipe() {
    let (gate, path) = asked();
    let log = std::fs::read_to_string(&path).unwrap();
    let pings = log.matches("\"operation\":\"SystemPing\"").count();
    assert!(pings > 2, "{log}");
    let out = gate.dir().join("piped");
    let mut tail = std::process::Command::new(binary())
        .args(["audit", "tail", "-"])
        .stdin(Stdio::piped())
        .stdout(std::fs::File::create(&out).unwrap())
        .spawn()
        .unwrap();
    let mut pipe = tail.stdin.take().unwrap();
    pipe.write_all(log.as_bytes()).unwrap();
    let seen = || std::fs::read_to_string(&out).unwrap();
    eventually("all of them, before the end", || {
        (seen().matches("SystemPing").count() == pings).then_some(())
    });
    drop(pipe);
    assert!(tail.wait().unwrap().success());

    let input = std::fs::File::open(&path).unwrap();
    let last = std::process::Command::new(binary())
        .args(["audit", "tail", "--no-follow", "-n", "2", "--operation", "SystemPing", "-"])
        .stdin(input)
        .output()
        .unwrap();
    assert_eq!(String::from_utf8(last.stdout).unwrap().lines().count(), 3, "the heading and two");
}

#[test]
fn colours_are_for_terminals_that_want_them() {
    let (_gate, path) = asked();
    let on_terminal = |environment: &str| {
        let command = format!("{environment} {} audit query {}", binary().display(), path.display());
        Command::new("script").args(["-qec", &command, "/dev/null"]).run().ok().stdout
    };
    let coloured = on_terminal("TERM=xterm");
    assert!(coloured.contains("\u{1b}[31mdeny"), "{coloured:?}");
    for plain in ["TERM=xterm NO_COLOR=1", "TERM=dumb"] {
        let out = on_terminal(plain);
        assert!(out.contains("deny") && !out.contains('\u{1b}'), "{out:?}");
    }
}

#[test]
fn json_is_in_ascii_whatever_names_there_are() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("audit.jsonl");
    let zeros = "0".repeat(64);
    let record = format!(
        r#"{{"schema":1,"sequence":1,"previous":"{zeros}","time":"2026-01-02T03:04:05.678901Z","event":"judged","id":"0000000a-1","client":{{"names":["b\u00e4r"],"listener":"ui","uid":1,"gid":1}},"operation":"ContainerList","method":"GET","path":"/containers/json","version":"1.41","decision":"permit","rules":[{{"name":"l\u00fcck","line":1}}],"policy":"sha256:00"}}"#
    );
    std::fs::write(&path, record + "\n").unwrap();
    let stats = audit(["stats", "--format", "json", text(&path)]).ok();
    assert!(stats.stdout.is_ascii() && stats.stdout.contains(r"b\u00e4r"), "{stats:?}");
}
