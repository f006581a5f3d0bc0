//! dockgate, killed in the middle of things.

use std::fs;
use std::io::{Read as _, Write as _};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};

use nix::sys::signal::Signal;

use super::{LIST, audit, text};
use crate::harness::{FakeDaemon, Gate, Record, eventually};

/// Kills a dockgate that is busy, and counts the answers that clients had; its audit file is `path`.
fn killed_under_load(path: &Path, durability: &str, after: u64) -> u64 {
    let daemon = FakeDaemon::content();
    let gate = Gate::with_policy("read-only")
        .behind(&daemon)
        .audit_at(path.to_owned())
        .with(["--audit-durability", durability])
        .start();
    let (answers, socket) = (AtomicU64::new(0), gate.socket());
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                let mut client = UnixStream::connect(&socket).unwrap();
                while is_answered(&mut client) {
                    answers.fetch_add(1, Ordering::Relaxed);
                }
            });
        }
        eventually("answers", || (answers.load(Ordering::Relaxed) >= after).then_some(()));
        gate.signal(Signal::SIGKILL);
    });
    gate.wait();
    answers.into_inner()
}

/// Asks for the list, and whether it came whole.
fn is_answered(client: &mut UnixStream) -> bool {
    let mut answer = Vec::new();
    let mut buffer = [0; 4096];
    if client.write_all(LIST.as_bytes()).is_err() {
        return false;
    }
    while !answer.ends_with(b"[]\n") {
        match client.read(&mut buffer) {
            Ok(0) | Err(_) => return false,
            Ok(count) => answer.extend_from_slice(&buffer[..count]),
        }
    }
    true
}

#[test]
fn every_answer_is_on_record_and_the_chain_goes_on() {
    for durability in ["written", "synced"] {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("audit.jsonl");
        let mut answers = 0;
        for round in 1..=3 {
            answers += killed_under_load(&path, durability, 100 * round);
            let written = fs::read(&path).unwrap();
            let whole = written.rsplitn(2, |byte| *byte == b'\n').nth(1).unwrap();
            for line in whole.split(|byte| *byte == b'\n') {
                serde_json::from_slice::<serde_json::Value>(line).unwrap();
            }
            let judged =
                Record::read_all(&path).iter().filter(|record| record.text("event") == "judged").count();
            assert!(
                u64::try_from(judged).unwrap() >= answers,
                "{durability}: {judged} records, {answers} answers"
            );
            let verified = audit(["verify", text(&path)]).ok();
            assert!(
                verified.stdout.contains("nothing was changed, removed, reordered or cut off"),
                "{verified:?}"
            );
        }
        let opened = Record::read_all(&path).iter().filter(|record| record.text("event") == "opened").count();
        assert_eq!(opened, 3);
    }
}

#[test]
fn a_torn_line_is_dealt_with_at_the_next_start() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("audit.jsonl");
    killed_under_load(&path, "written", 10);
    let mut written = fs::read_to_string(&path).unwrap();
    written.push_str("{\"schema\":1,\"sequ");
    fs::write(&path, written).unwrap();
    let daemon = FakeDaemon::content();
    let gate = Gate::with_policy("read-only").behind(&daemon).audit_at(path.clone()).start();
    eventually("the log to tell of it", || {
        gate.log().contains("last line was torn (17 bytes)").then_some(())
    });
    let verified = audit(["verify", text(&path)]).ok();
    assert!(verified.stdout.contains("nothing was changed"), "{verified:?}");
    let opened =
        Record::read_all(&path).into_iter().rfind(|record| record.text("event") == "opened").unwrap();
    assert_eq!(opened.field("torn")["text"], "{\"schema\":1,\"sequ");
}
