//! Files that logrotate, or dockgate itself, moves away.

use std::fs;
use std::path::Path;

use nix::sys::signal::Signal;

use super::{LIST, audit, text};
use crate::harness::{Command, FakeDaemon, Gate, eventually};

/// Asks for the list so many times.
fn ask(gate: &Gate, times: usize) {
    let mut client = gate.connect();
    for _ in 0..times {
        client.send(LIST);
        client.answer();
    }
}

/// The names in a directory that begin with this one, sorted.
fn named(directory: &Path, name: &str) -> Vec<String> {
    let entries = fs::read_dir(directory).unwrap();
    let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut names: Vec<_> = names.filter(|found| found.starts_with(name)).collect();
    names.sort();
    names
}

fn assert_whole(path: &Path, files: usize) {
    let verified = audit(["verify", text(path)]).ok();
    assert!(
        verified
            .stdout
            .contains(&format!(" in {files} files: nothing was changed, removed, reordered or cut off")),
        "{verified:?}"
    );
}

#[test]
fn logrotate_as_the_manual_has_it() {
    let manual = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/audit.md")).unwrap();
    let (before, rest) = manual.split_once("/var/log/dockgate/audit.jsonl {").unwrap();
    assert!(before.ends_with("```\n"));
    let body = rest.split_once("```").unwrap().0;

    let daemon = FakeDaemon::content();
    let gate = Gate::with_policy("read-only").behind(&daemon).start();
    let path = gate.dir().join("audit.jsonl");
    let tell = "systemctl kill --signal=USR1 --kill-who=main dockgate.service";
    assert!(body.contains(tell));
    let body = body.replace(tell, &format!("kill -USR1 {}", gate.pid()));
    let (configuration, state) = (gate.dir().join("logrotate.conf"), gate.dir().join("logrotate.state"));
    fs::write(&configuration, format!("{} {{{body}", path.display())).unwrap();
    let mut expected = vec!["audit.jsonl", "audit.jsonl.head"];
    for (round, more) in [vec!["audit.jsonl.1"], vec!["audit.jsonl.2.gz"]].into_iter().enumerate() {
        ask(&gate, 3);
        let length = || fs::metadata(&path).map_or(0, |metadata| metadata.len());
        Command::new("logrotate").args(["--force", "--state", text(&state), text(&configuration)]).run().ok();
        expected.extend(more);
        eventually("the new file", || {
            (gate.log().matches("moved away, and another is begun").count() > round && path.exists())
                .then_some(())
        });
        ask(&gate, 1);
        eventually("a record", || (length() > 0).then_some(()));
    }
    expected.sort_unstable();
    assert_eq!(named(gate.dir(), "audit.jsonl"), expected);
    gate.signal(Signal::SIGTERM);
    assert!(gate.wait().success(), "{}", gate.log());
    assert_whole(&path, 3);
}

#[test]
fn dockgate_rotates_and_goes_on_after_a_kill() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("audit.jsonl");
    for signal in [Signal::SIGKILL, Signal::SIGTERM] {
        let daemon = FakeDaemon::content();
        let gate = Gate::with_policy("read-only")
            .behind(&daemon)
            .audit_at(path.clone())
            .with(["--audit-rotate-bytes", "8192"])
            .start();
        let before = named(directory.path(), "audit.jsonl.").len();
        ask(&gate, 50);
        eventually("files to be moved", || {
            (named(directory.path(), "audit.jsonl.").len() > before + 2).then_some(())
        });
        gate.signal(signal);
        gate.wait();
    }
    let rotated = named(directory.path(), "audit.jsonl.");
    // One that was being compressed when dockgate was killed is there twice until the next start.
    let times = rotated.iter().filter_map(|name| name.strip_prefix("audit.jsonl.2"));
    let files: std::collections::BTreeSet<_> =
        times.map(|rest| rest.split('.').take(2).collect::<Vec<_>>()).collect();
    assert_whole(&path, files.len() + 1);
}

#[test]
fn rotation_needs_a_file() {
    let ran = Command::new(crate::harness::binary()).args(["serve", "--audit-rotate-bytes", "8192"]).run();
    let ran = ran.failed(2);
    let expected = "--audit-rotate-bytes: standard output is no file that could be moved away or removed: name one, with --audit\n";
    assert!(ran.stderr.ends_with(expected), "{}", ran.stderr);
}
