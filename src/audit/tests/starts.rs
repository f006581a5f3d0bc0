//! What a start finds of the log before it, and says of that.

use std::io::Write as _;
use std::os::fd::AsRawFd as _;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};

use nix::fcntl::{FcntlArg, SealFlag, fcntl};
use nix::sys::memfd::{MFdFlags, memfd_create};

use super::*;
use crate::audit::read::{Log, Verified, Verifier};

/// A log of some requests, of a dockgate that has stopped.
struct Stopped {
    _directory: tempfile::TempDir,
    path: std::path::PathBuf,
}

impl Stopped {
    fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("audit");
        write_log(&path, &AuditSettings::default(), 3);
        Self { _directory: directory, path }
    }

    /// Starts again, and stops.
    fn again(&self) {
        write_log(&self.path, &AuditSettings::default(), 0);
    }

    fn last_opened(&self) -> Value {
        let text = std::fs::read_to_string(&self.path).unwrap();
        let records = text.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
        let opened = records.rev().find(|record| record["event"] == "opened").unwrap();
        schema::assert_valid(&opened);
        opened
    }

    fn verify(&self) -> Result<Verified, String> {
        let log = Log::of(&self.path).unwrap();
        Verifier::default().verify(&log, &mut |_| {}).unwrap().map_err(|found| found.what)
    }
}

#[test]
fn what_was_lost_at_the_end_is_told_of_by_the_head_and_then_by_a_gap() {
    let log = Stopped::new();
    let said = Head::read(&log.path).unwrap().said().unwrap();
    let put = |said| Head::beside(&log.path, None).put(said).unwrap();
    put(Said { lost: 7, ..said });
    assert_eq!(log.verify().unwrap().lost, 7);
    log.again();
    log.again();
    assert_eq!(log.verify().unwrap().lost, 7);
    let lines = lines(&log.path);
    let events: Vec<_> = lines.iter().map(|line| line["event"].as_str().unwrap()).collect();
    assert_eq!(events[events.len() - 6..], ["seal", "gap", "opened", "seal", "opened", "seal"]);
    // Where it was written down, and dockgate was killed before its head said so.
    put(Said { lost: 7, ..said });
    log.again();
    assert_eq!(log.verify().unwrap().lost, 7);
}

#[test]
fn a_last_record_that_was_changed_is_not_said_to_be_gone() {
    let log = Stopped::new();
    let written = std::fs::read_to_string(&log.path).unwrap();
    std::fs::write(&log.path, written.replace("closing", "interval")).unwrap();
    log.again();
    let last = u64::try_from(written.lines().count()).unwrap();
    let opened = log.last_opened();
    assert_eq!((&opened["changed"], opened.get("missing")), (&last.into(), None));
    assert_eq!(
        log.verify(),
        Err(format!("record {last} was changed: record {} has another hash of it", last + 1))
    );
}

#[test]
fn a_file_that_was_taken_away_is_missed() {
    for take_away in [|path: &Path| std::fs::remove_file(path), |path: &Path| std::fs::write(path, "")] {
        let log = Stopped::new();
        take_away(&log.path).unwrap();
        log.again();
        assert_eq!(log.last_opened()["missing"], serde_json::json!({"from": 1, "to": 8}));
        assert_eq!(log.verify(), Err("records 1 to 8 are missing: the log begins with record 9".to_owned()));
        log.again();
        assert_eq!(log.last_opened().get("missing"), None, "it is told once");
    }
}

#[test]
fn a_file_that_was_moved_is_not_missed() {
    // By logrotate, while dockgate was stopped.
    let log = Stopped::new();
    let name = |name: &str| log.path.with_file_name(name);
    std::fs::rename(&log.path, name("audit.1")).unwrap();
    log.again();
    assert_eq!(log.last_opened().get("missing"), None);
    std::fs::rename(name("audit.1"), name("audit.2")).unwrap();
    std::fs::rename(&log.path, name("audit-20260102")).unwrap();
    log.again();
    assert_eq!(log.last_opened().get("missing"), None);
    log.verify().unwrap();

    // To elsewhere, as dockgate was told, which was killed then.
    let log = Stopped::new();
    let head = std::fs::read(Head::path(&log.path)).unwrap();
    let audit = open(&log.path);
    let elsewhere = tempfile::tempdir().unwrap();
    std::fs::rename(&log.path, elsewhere.path().join("audit")).unwrap();
    audit.reopen();
    while !log.path.exists() || !is_moved(&log.path) {
        std::thread::sleep(Duration::from_millis(1));
    }
    assert_ne!(head, std::fs::read(Head::path(&log.path)).unwrap());
    drop(audit);
    wait_for_the_lock(&log.path);
    for _ in 0..2 {
        log.again();
        assert_eq!(log.last_opened().get("missing"), None);
    }
}

fn is_moved(path: &Path) -> bool {
    Head::read(path).unwrap().said().unwrap().is_moved
}

#[test]
fn where_there_is_no_head_the_log_says_so_itself() {
    let log = Stopped::new();
    assert_eq!((log.last_opened().get("head"), log.verify().unwrap().headless), (None, 0));
    let written = std::fs::read_to_string(&log.path).unwrap();
    let kept: Vec<_> = written.split_inclusive('\n').take(6).collect();
    std::fs::write(&log.path, kept.concat()).unwrap();
    std::fs::remove_file(Head::path(&log.path)).unwrap();
    log.again();
    assert_eq!(log.last_opened()["head"], "absent");
    std::fs::write(Head::path(&log.path), "rubbish").unwrap();
    log.again();
    assert_eq!(log.last_opened()["head"], "unreadable");
    log.again();
    assert_eq!(log.last_opened().get("head"), None, "there is one again");
    let verified = log.verify().unwrap();
    assert_eq!((verified.headless, verified.last_headless), (2, Some(9)));
}

#[test]
fn whoever_can_read_the_file_can_read_its_head() {
    let log = Stopped::new();
    let head = || std::fs::metadata(Head::path(&log.path)).unwrap();
    assert_eq!(head().mode() & 0o777, 0o600);
    std::fs::set_permissions(&log.path, std::fs::Permissions::from_mode(0o640)).unwrap();
    let group = if nix::unistd::geteuid().is_root() { 4 } else { head().gid() };
    std::os::unix::fs::chown(&log.path, None, Some(group)).unwrap();
    log.again();
    assert_eq!((head().mode() & 0o777, head().gid()), (0o640, group));
}

#[test]
fn a_new_file_needs_no_head() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("audit");
    std::fs::write(&path, "").unwrap();
    write_log(&path, &AuditSettings::default(), 0);
    assert_eq!(lines(&path)[0].get("head"), None);
}

#[test]
fn what_a_start_has_no_room_to_tell_of_is_left_for_another_to_find() {
    const ONE: &str = "{\"schema\":1,\"sequence\":1,\"event\":\"ended\"}\n{\"schema\":1,\"se";
    let mut full = File::from(memfd_create("full", MFdFlags::MFD_ALLOW_SEALING).unwrap());
    full.write_all(ONE.as_bytes()).unwrap();
    fcntl(&full, FcntlArg::F_ADD_SEALS(SealFlag::F_SEAL_GROW)).unwrap();
    let path = format!("/proc/self/fd/{}", full.as_raw_fd());
    let (mut file, tail) = AuditFile::open(Path::new(&path)).unwrap();
    assert!(tail.mid_line && tail.torn.is_some());
    assert_eq!(std::fs::read_to_string(&path).unwrap(), ONE);

    let directory = tempfile::tempdir().unwrap();
    let audit = directory.path().join("audit");
    let (_head, _, mismatch) = carry_on(&audit, &tail, &mut file).unwrap();
    assert_eq!((mismatch, Head::read(&audit).unwrap()), (Some(Mismatch::NoHead), Reading::Absent));
    assert_eq!(Head::beside(&audit, None).keep().unwrap_err().kind(), io::ErrorKind::ResourceBusy);
}

#[test]
fn a_torn_line_that_stays_is_told_of_right_behind_it() {
    let log = Stopped::new();
    let torn = "{\"schema\":1,\"se";
    std::fs::OpenOptions::new().append(true).open(&log.path).unwrap().write_all(torn.as_bytes()).unwrap();
    let (said, mid_line) = (Head::read(&log.path).unwrap().said().unwrap(), true);
    let store: Box<dyn Store> = Box::new(std::fs::OpenOptions::new().append(true).open(&log.path).unwrap());
    let start = Start { said, mid_line, torn: Some(Torn::of(torn.as_bytes())), head: None, rotating: None };
    let settings = AuditSettings::default();
    let sealing = Sealing { interval: Duration::from_secs(60), key: None };
    let mut writer = Writer::new(store, start, (sealing, None), &settings, Arc::default());
    writer.close();
    assert_eq!(log.verify().unwrap().last, said.link.sequence + 2);
    let text = std::fs::read_to_string(&log.path).unwrap();
    assert!(text.contains("\"event\":\"gap\",\"lost\":0,\"torn\":{"), "{text}");
}
