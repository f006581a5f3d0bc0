//! Build contexts: where a rule says what may be in them, the daemon hears nothing before all of it was judged.

use std::io::Write as _;
use std::path::Path;
use std::time::{Duration, Instant};

use bzip2::Compression;
use bzip2::write::BzEncoder;
use nix::sys::signal::Signal;

use crate::harness::archive::{Entry, pack, pack_open};
use crate::harness::{FakeDaemon, Gate, Starting, eventually};

const POLICY: &str = r#"
    version = 1
    [[allow]]
    operations = ["POST /build"]
    images = ["own/*"]
"#;

/// A gate that looks into builds, and keeps them in a directory of its own.
fn gate(daemon: &FakeDaemon) -> Starting {
    let starting = Gate::with_policy_text(POLICY).behind(daemon);
    let dir = starting.dir().join("contexts");
    std::fs::create_dir(&dir).unwrap();
    let dir = dir.to_str().unwrap().to_owned();
    starting.with(["--build-context-dir", &dir])
}

fn context(text: &str) -> Vec<u8> {
    pack(&[Entry::file("Dockerfile", text), Entry::file("ballast", &"x".repeat(600_000))])
}

fn build(context: &[u8]) -> Vec<u8> {
    let head =
        format!("POST /v1.41/build?t=own/t HTTP/1.1\r\nHost: d\r\nContent-Length: {}\r\n\r\n", context.len());
    [head.as_bytes(), context].concat()
}

fn chunked(context: &[u8]) -> Vec<u8> {
    let mut request =
        b"POST /v1.41/build?t=own/t HTTP/1.1\r\nHost: d\r\nTransfer-Encoding: chunked\r\n\r\n".to_vec();
    for piece in context.chunks(70_000) {
        request.extend(format!("{:x}\r\n", piece.len()).bytes());
        request.extend(piece);
        request.extend(b"\r\n");
    }
    request.extend(b"0\r\n\r\n");
    request
}

#[test]
fn what_was_judged_is_what_the_daemon_gets() {
    let daemon = FakeDaemon::content();
    let gate = gate(&daemon).start();
    let context = context("FROM own/a");
    let mut client = gate.connect();
    for request in [build(&context), chunked(&context)] {
        client.send(request);
        assert_eq!(client.answer().status, 200);
    }
    let received = daemon.received();
    assert_eq!(received.len(), 2);
    for request in received {
        assert_eq!(request.header("content-length"), Some(context.len().to_string().as_str()));
        assert!(request.after == context, "the context is the same to the byte");
    }
    let judged = gate.recorded("judged", "ImageBuild");
    let ended = gate.ended(&judged);
    assert_eq!(ended.field("request_bytes"), context.len(), "{ended:?}");
}

#[test]
fn what_is_refused_never_begins_at_the_daemon() {
    let daemon = FakeDaemon::content();
    let gate = gate(&daemon).start();
    let mut client = gate.connect();
    for (text, why) in [
        ("FROM victim/img", "docker.io/victim/img"),
        ("FROM own/a\nCOPY --from=victim/img /secret /", "line 2 of the Dockerfile"),
        ("FROM own/a\nADD http://10.0.0.1/ /", "remotes of the Dockerfile"),
        ("FROM $X", "$X is not set"),
    ] {
        client.send(build(&context(text)));
        let answer = client.answer();
        assert_eq!(answer.status, 403, "{text}");
        assert!(answer.message().contains(why), "{text}: {}", answer.message());
    }
    client.send(build(b"FROM own/a"));
    assert!(client.answer().message().contains("the archive is cut off"));
    assert_eq!(daemon.received(), []);
}

#[test]
fn no_more_is_kept_than_may_be() {
    let daemon = FakeDaemon::content();
    let gate = gate(&daemon).with(["--max-build-context", "65536"]).start();
    let answer = gate.ask(build(&context("FROM own/a")));
    assert_eq!(answer.status, 413);
    assert!(
        answer.message().contains("is larger than 65536 bytes (--max-build-context)"),
        "{}",
        answer.message()
    );
    let judged = gate.recorded("judged", "ImageBuild");
    assert_eq!((judged.text("decision"), judged.text("reason")), ("refuse", "body_too_large"), "{judged:?}");
    assert_eq!(daemon.received(), []);
}

#[test]
fn without_a_place_it_says_so() {
    let daemon = FakeDaemon::content();
    let starting = Gate::with_policy_text(POLICY).behind(&daemon);
    let gate = starting.with(["--build-context-dir", "/nowhere/at/all"]).start();
    assert!(gate.log().contains("there is no place to keep them: /nowhere/at/all"), "{}", gate.log());
    let answer = gate.ask(build(&context("FROM own/a")));
    assert_eq!(answer.status, 503);
    assert!(answer.message().contains("--build-context-dir"), "{}", answer.message());
    assert_eq!(daemon.received(), []);
}

#[test]
fn nothing_is_left_of_a_client_that_goes_away() {
    let daemon = FakeDaemon::content();
    let gate = gate(&daemon).start();
    let kept = gate.dir().join("contexts");
    let request = build(&context("FROM own/a"));
    // More than are kept at a time.
    for _ in 0..6 {
        let mut client = gate.connect();
        client.send(&request[..300_000]);
    }
    let answer = gate.ask(&request);
    assert_eq!(answer.status, 200, "their turns are given back");
    assert_eq!(daemon.received().len(), 1);
    assert_eq!(std::fs::read_dir(&kept).unwrap().count(), 0, "files have no names");
    eventually("the space to be given back", || (open_files(&gate, &kept) == 0).then_some(()));
}

#[test]
fn many_stages_take_no_longer_each() {
    let daemon = FakeDaemon::content();
    let gate = gate(&daemon).start();
    let stages: Vec<_> = (0..50_000).map(|number| format!("FROM own/a AS s{number:x}\n")).collect();
    let start = Instant::now();
    assert_eq!(gate.ask(build(&context(&stages.concat()))).status, 200);
    assert!(start.elapsed() < Duration::from_secs(15), "after {:?}", start.elapsed());
}

#[test]
fn who_sends_little_at_a_time_does_not_keep_others_waiting() {
    let daemon = FakeDaemon::content();
    let gate = gate(&daemon).start();
    let request = build(&context("FROM own/a"));
    let whole = request.clone();
    let (begun, drops) = request.split_at(300);
    let mut dripping = [gate.connect(), gate.connect()];
    for client in &mut dripping {
        client.send(begun);
    }
    std::thread::sleep(Duration::from_millis(300));
    let (mut asking, start) = (gate.connect(), Instant::now());
    let waiting = std::thread::spawn(move || {
        asking.send(whole);
        asking.answer().status
    });
    for drop in drops.chunks(1) {
        if waiting.is_finished() {
            break;
        }
        for client in &mut dripping {
            // Who was cut off takes no more.
            client.try_send(drop).unwrap_or_default();
        }
        std::thread::sleep(Duration::from_millis(500));
    }
    assert_eq!(waiting.join().unwrap(), 200);
    assert!(start.elapsed() < Duration::from_secs(30), "it waited {:?}", start.elapsed());
    let told = dripping[0].answer();
    assert!(told.status == 408 && told.message().contains("while others waited"), "{}", told.message());
}

#[test]
fn an_archive_is_not_read_on_for_a_client_that_goes_away() {
    let daemon = FakeDaemon::content();
    let gate = gate(&daemon).with(["--max-build-context", "10000000000"]).start();
    let kept = gate.dir().join("contexts");
    let request = build(&endless());
    for _ in 0..4 {
        let mut client = gate.connect();
        client.send(&request);
        std::thread::sleep(Duration::from_millis(200));
    }
    let start = Instant::now();
    assert_eq!(gate.ask(build(&context("FROM own/a"))).status, 200);
    eventually("the space to be given back", || (open_files(&gate, &kept) == 0).then_some(()));
    assert!(start.elapsed() < Duration::from_secs(20), "they were read to their end");
}

#[test]
fn a_stop_does_not_wait_for_an_archive_to_be_read() {
    let daemon = FakeDaemon::content();
    let more = ["--max-build-context", "10000000000", "--grace", "100ms"];
    let gate = gate(&daemon).with(more).start();
    let kept = gate.dir().join("contexts");
    let mut client = gate.connect();
    client.send(build(&endless()));
    eventually("the archive to be kept", || (open_files(&gate, &kept) == 1).then_some(()));
    std::thread::sleep(Duration::from_millis(500));
    let start = Instant::now();
    gate.signal(Signal::SIGTERM);
    assert!(gate.wait().success());
    assert!(start.elapsed() < Duration::from_secs(2), "after {:?}", start.elapsed());
    let judged = gate.recorded("judged", "ImageBuild");
    assert_eq!(gate.ended(&judged).text("end"), "drained");
    assert_eq!(gate.audit().last().map(|record| record.text("event").to_owned()).as_deref(), Some("seal"));
}

/// An archive of eight gigabytes in few bytes, which takes minutes to unpack.
fn endless() -> Vec<u8> {
    let large = Entry { size: Some(b"77777777000\0"), ..Entry::file("large", "") };
    [bzip2(&pack_open(&[large])), bzip2(&vec![0; 16 << 20]).repeat(512)].concat()
}

fn bzip2(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = BzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// How many files in this directory dockgate has open.
fn open_files(gate: &Gate, dir: &Path) -> usize {
    let open = std::fs::read_dir(format!("/proc/{}/fd", gate.pid())).unwrap();
    let targets = open.filter_map(|entry| std::fs::read_link(entry.ok()?.path()).ok());
    targets.filter(|target| target.starts_with(dir)).count()
}

#[test]
fn a_client_that_waits_to_be_asked_is_asked_once() {
    let daemon = FakeDaemon::content();
    let gate = gate(&daemon).start();
    let context = context("FROM own/a");
    let mut client = gate.connect();
    let head = format!(
        "POST /v1.41/build?t=own/t HTTP/1.1\r\nHost: d\r\nExpect: 100-continue\r\nContent-Length: {}\r\n\r\n",
        context.len()
    );
    client.send(head);
    assert!(client.head().starts_with("HTTP/1.1 100 "));
    client.send(&context);
    assert_eq!(client.answer().status, 200);
}

#[test]
fn an_early_answer_of_the_daemon_passes() {
    let daemon = FakeDaemon::playing(|conversation| {
        conversation.read(10_000);
        conversation
            .send("HTTP/1.1 500 Internal Server Error\r\nContent-Length: 2\r\nConnection: close\r\n\r\nno");
        conversation.close();
    });
    let gate = gate(&daemon).start();
    let big =
        pack(&[Entry::file("Dockerfile", "FROM own/a"), Entry::file("ballast", &"x".repeat(8_000_000))]);
    let answer = gate.ask(build(&big));
    assert_eq!((answer.status, answer.body.as_slice()), (500, &b"no"[..]));
}

#[test]
fn builds_that_no_rule_looks_into_stream_through() {
    let daemon = FakeDaemon::content();
    let policy = "version = 1\n[[allow]]\noperations = [\"POST /build\"]";
    let starting = Gate::with_policy_text(policy).behind(&daemon);
    let gate = starting.with(["--build-context-dir", "/nowhere/at/all"]).start();
    let mut client = gate.connect();
    let request = build(&context("FROM victim/img"));
    client.send(&request[..200_000]);
    eventually("the first half at the daemon", || {
        daemon.received().first().filter(|first| first.line().contains("/build")).map(|_| ())
    });
    std::thread::sleep(Duration::from_millis(10));
    client.send(&request[200_000..]);
    assert_eq!(client.answer().status, 200);
}
