//! Whether a log is as it was written: by dockgate, and with public tools alone.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use nix::sys::signal::Signal;

use super::{LIST, audit, text};
use crate::harness::{Command, FakeDaemon, Gate, binary, eventually};

/// A gate that was asked some things and has stopped; with its audit file.
fn stopped(arguments: &[&str]) -> (Gate, PathBuf) {
    let daemon = FakeDaemon::content();
    let mut starting = Gate::with_policy("read-only").behind(&daemon);
    for argument in arguments {
        starting = starting.with([argument]);
    }
    let gate = starting.start();
    let mut client = gate.connect();
    for request in [LIST, "GET /nowhere HTTP/1.1\r\nHost: d\r\n\r\n", LIST] {
        client.send(request);
        client.answer();
    }
    gate.signal(Signal::SIGTERM);
    assert!(gate.wait().success(), "{}", gate.log());
    let path = gate.dir().join("audit.jsonl");
    (gate, path)
}

fn make_key(directory: &Path) -> PathBuf {
    let key = directory.join("seal_key");
    Command::new("ssh-keygen")
        .args(["-q", "-t", "ed25519", "-N", "", "-C", "dockgate", "-f", text(&key)])
        .run()
        .ok();
    key
}

#[test]
fn a_log_is_whole_until_somebody_touches_it() {
    let (_gate, path) = stopped(&[]);
    let whole = audit(["verify", text(&path)]).ok();
    assert_eq!(
        whole.stdout,
        format!(
            "{}: records 1 to 9: nothing was changed, removed, reordered or cut off; 1 seal, record 9\n",
            path.display()
        )
    );
    let written = fs::read_to_string(&path).unwrap();
    let lines: Vec<&str> = written.split_inclusive('\n').collect();
    let broken = |text: String| {
        fs::write(&path, text).unwrap();
        let ran = audit(["verify", path.to_str().unwrap()]).failed(1);
        ran.stdout.strip_prefix(path.to_str().unwrap()).unwrap().to_owned()
    };
    let edited = written.replacen("\"status\":404", "\"status\":200", 1);
    assert_eq!(broken(edited), ":6: record 6 was changed: record 7 has another hash of it\n");
    let manual = include_str!("../../../docs/audit.md");
    assert!(manual.contains("jsonl:3: record 3 was changed: record 4 has another hash of it\n"));
    let cut = lines[..8].concat();
    assert_eq!(broken(cut), ":8: record 9 is missing: cut off behind record 8\n");
    let swapped = [&lines[..3], &[lines[4], lines[3]], &lines[5..]].concat().concat();
    assert_eq!(
        broken(swapped),
        format!(":4: record 5 stands behind record 3: reordered; record 4 is at {}:5\n", path.display())
    );
    fs::remove_file(&path).unwrap();
    let ran = audit(["verify", text(&path)]).failed(2);
    assert!(ran.stderr.contains("audit.jsonl cannot be read"), "{ran:?}");
}

#[test]
fn without_a_head_a_log_is_not_in_order() {
    let (_gate, path) = stopped(&[]);
    let head = format!("{}.head", path.display());
    let written = fs::read_to_string(&path).unwrap();
    let cut: String = written.split_inclusive('\n').take(6).collect();
    let no_head =
        "without the head beside the file it cannot be told whether anything was cut off at the end";
    for (records, other_head, said) in [
        (&*cut, None, no_head),
        (&*cut, Some("something else"), no_head),
        ("", None, "there are no records, and no head beside the file that tells whether there were any"),
    ] {
        fs::write(&path, records).unwrap();
        match other_head {
            Some(text) => fs::write(&head, text).unwrap(),
            None => fs::remove_file(&head).unwrap_or_default(),
        }
        let ran = audit(["verify", text(&path)]).failed(1);
        assert!(ran.stdout.contains(said), "{ran:?}");
    }
    // Of files that are named one by one, as of the standard input, none is looked for.
    let lines: Vec<&str> = written.split_inclusive('\n').collect();
    let moved = path.with_extension("moved");
    fs::write(&moved, lines[..4].concat()).unwrap();
    fs::write(&path, lines[4..].concat()).unwrap();
    let verified = audit(["verify", text(&moved), text(&path)]).ok();
    assert!(verified.stdout.contains(no_head), "{verified:?}");
}

#[test]
fn where_there_was_no_head_it_is_not_said_that_nothing_was_cut_off() {
    let (_gate, path) = stopped(&[]);
    let written = fs::read_to_string(&path).unwrap();
    fs::write(&path, written.split_inclusive('\n').take(6).collect::<String>()).unwrap();
    fs::remove_file(format!("{}.head", path.display())).unwrap();
    let daemon = FakeDaemon::content();
    let gate = Gate::with_policy("read-only").behind(&daemon).audit_at(path.clone()).start();
    eventually("the log to tell of it", || {
        gate.log().contains("whether records were cut off at the end cannot be told").then_some(())
    });
    gate.signal(Signal::SIGTERM);
    assert!(gate.wait().success(), "{}", gate.log());
    let verified = audit(["verify", text(&path)]).ok();
    assert_eq!(
        verified.stdout,
        format!(
            "{}: records 1 to 9: nothing was changed, removed or reordered, and nothing cut off at the end; whether anything was cut off before record 7 cannot be told: that start found no head; 1 seal, record 9\n",
            path.display()
        )
    );
}

#[test]
fn whoever_may_read_the_file_and_not_its_head_is_told_what_cannot_be_told_then() {
    assert!(nix::unistd::geteuid().is_root(), "this test runs as another user: run it as root");
    let (gate, path) = stopped(&[]);
    let open = |path: &Path, mode| fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    open(gate.dir(), 0o755);
    open(&path, 0o644);
    let program = gate.dir().join("dockgate");
    fs::copy(binary(), &program).unwrap();
    let audit = |arguments: &[&str]| {
        Command::new("setpriv")
            .args(["--reuid=65532", "--regid=65532", "--clear-groups", text(&program), "audit"])
            .args(arguments)
            .run()
            .ok()
    };
    let verified = audit(&["verify", text(&path)]);
    assert!(verified.stdout.contains("cannot be told whether anything was cut off"), "{verified:?}");
    assert!(verified.stderr.contains("audit.jsonl.head cannot be read: Permission denied"), "{verified:?}");
    let asked = audit(&["query", text(&path)]);
    assert!(asked.stdout.contains("ContainerList") && asked.stderr.is_empty(), "{asked:?}");
}

#[test]
fn seals_are_signed_with_a_key_of_ssh_keygen() {
    let directory = tempfile::tempdir().unwrap();
    let key = make_key(directory.path());
    let (_gate, path) = stopped(&["--audit-seal-key", text(&key)]);
    let public = key.with_extension("pub");
    let verified = audit(["verify", "--key", text(&public), text(&path)]).ok();
    let fingerprint = Command::new("ssh-keygen").args(["-l", "-f", text(&public)]).run().ok().stdout;
    let fingerprint = fingerprint.split(' ').nth(1).unwrap();
    assert!(verified.stdout.ends_with(&format!("signed by {fingerprint}\n")), "{verified:?}");

    // What came since the last seal.
    let head = format!("{}.head", path.display());
    fs::remove_file(&head).unwrap();
    let written = fs::read_to_string(&path).unwrap();
    let (_, rest) = written.split_at(written.find('\n').unwrap() + 1);
    let last = written.lines().count();
    let hash = Command::new("sh")
        .args(["-c", &format!("tail -n 1 {} | sha256sum | cut -c -64", path.display())])
        .run()
        .ok()
        .stdout;
    let more = rest.lines().next().unwrap();
    let (_, more) = more.split_at(more.find(",\"time\"").unwrap());
    let more = format!("{{\"schema\":1,\"sequence\":{},\"previous\":\"{}\"{more}\n", last + 1, hash.trim());
    fs::write(&path, written + &more).unwrap();
    let behind = audit(["verify", "--key", text(&public), text(&path)]).failed(1);
    let expected = format!("; record {} stands behind the last seal and is not signed yet\n", last + 1);
    assert!(behind.stdout.ends_with(&expected), "{behind:?}");

    let other = make_key(tempfile::tempdir().unwrap().path()).with_extension("pub");
    let other = audit(["verify", "--key", text(&other), text(&path)]).failed(2);
    assert!(other.stderr.contains("No such file"), "{other:?}");
}

#[test]
fn public_tools_find_the_same() {
    let manual = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/audit.md")).unwrap();
    let section = manual.split("### With public tools alone").nth(1).unwrap();
    let script = section.split("```sh\n").nth(1).unwrap().split("```").next().unwrap();
    let directory = tempfile::tempdir().unwrap();
    let key = make_key(directory.path());
    let (_gate, path) = stopped(&["--audit-seal-key", text(&key)]);
    let check = |written: &str| {
        let place = tempfile::tempdir().unwrap();
        fs::write(place.path().join("audit.jsonl"), written).unwrap();
        fs::copy(format!("{}.head", path.display()), place.path().join("audit.jsonl.head")).unwrap();
        fs::copy(key.with_extension("pub"), place.path().join("seal_key.pub")).unwrap();
        Command::new("sh").args(["-c", &format!("cd {} && {script}", place.path().display())]).run()
    };
    let written = fs::read_to_string(&path).unwrap();
    let good = check(&written).ok();
    assert!(good.stdout.contains("Good \"dockgate-audit\" signature for dockgate"), "{good:?}");
    let lines: Vec<&str> = written.split_inclusive('\n').collect();
    check(&written.replacen("\"status\":200", "\"status\":201", 1)).failed(1);
    check(&lines[..8].concat()).failed(1);
    check(&lines[1..].concat()).failed(1);
    check(&[&lines[..4], &lines[5..]].concat().concat()).failed(1);
}
