//! Files that are moved away: by dockgate, by somebody else, and while they are read.

use std::fs;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Instant;

use super::*;
use crate::audit::read::{End as LogEnd, Log, Verified, Verifier};

fn settings(path: &Path, rotation: Rotation) -> AuditSettings {
    AuditSettings { sink: AuditSink::File(path.to_owned()), rotation, ..AuditSettings::default() }
}

/// Rotates every few records.
fn small() -> Rotation {
    Rotation { bytes: Some(4096), ..Rotation::default() }
}

async fn record(audit: &Audit, requests: usize) {
    let ids = RequestIds::new().unwrap();
    for _ in 0..requests {
        let (client, id) = (client(), ids.next());
        audit.record_unreadable(&context(&client, id), &malformed(), "GET", b"/x").await.unwrap();
        audit.ended(id, ending(End::Refused));
    }
}

fn verify(path: &Path) -> Verified {
    Verifier::default().verify(&Log::of(path).unwrap(), &mut |_| {}).unwrap().unwrap()
}

/// The names beside the audit file but for the head, sorted.
fn beside(path: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(path.parent().unwrap()).unwrap().map(|entry| entry.unwrap().path());
    let mut names: Vec<_> =
        entries.filter(|name| name != path && !name.to_string_lossy().ends_with(".head")).collect();
    names.sort();
    names
}

fn eventually(what: &str, holds: impl Fn() -> bool) {
    let start = Instant::now();
    while !holds() {
        assert!(start.elapsed() < Duration::from_secs(60), "waited in vain: {what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

#[tokio::test]
async fn a_file_that_is_large_is_moved_away_sealed_and_compressed_and_the_chain_goes_on() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("audit");
    let audit = Audit::open(&settings(&path, small())).unwrap();
    record(&audit, 100).await;
    audit.close().await;
    assert!(fs::metadata(&path).unwrap().len() < 8192);
    eventually("everything to be compressed", || {
        let names = beside(&path);
        names.len() > 5 && names.iter().all(|name| name.extension().is_some_and(|end| end == "gz"))
    });
    let verified = verify(&path);
    assert_eq!((verified.first, verified.end, verified.lost), (1, LogEnd::Whole, 0));
    let log = Log::of(&path).unwrap();
    let (mut lines, mut last) = (log.lines().unwrap(), (0, Vec::new()));
    let mut judged = 0;
    while let Some(line) = lines.next_line().unwrap() {
        let record: Value = serde_json::from_slice(line.bytes).unwrap();
        schema::assert_valid(&record);
        judged += usize::from(record["event"] == "judged");
        if line.file != last.0 {
            let before: Value = serde_json::from_slice(&last.1).unwrap();
            assert_eq!((&before["event"], &before["why"]), (&"seal".into(), &"rotation".into()));
        }
        last = (line.file, line.bytes.to_vec());
    }
    assert_eq!(judged, 100);
}

#[tokio::test]
async fn a_file_that_is_old_is_moved_away() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("audit");
    let rotation = Rotation { age: Some(Duration::from_millis(50)), compress: false, ..Rotation::default() };
    let audit = Audit::open(&settings(&path, rotation)).unwrap();
    record(&audit, 1).await;
    eventually("the file to be moved", || !beside(&path).is_empty());
    record(&audit, 1).await;
    audit.close().await;
    assert_eq!(verify(&path).end, LogEnd::Whole);
    assert!(beside(&path).iter().all(|name| name.extension().is_none_or(|end| end != "gz")));
}

#[tokio::test]
async fn what_has_had_its_time_is_removed_and_that_is_on_record() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("audit");
    let audit = Audit::open(&settings(&path, Rotation { keep_files: Some(2), ..small() })).unwrap();
    record(&audit, 200).await;
    eventually("older files to go", || verify_first(&path) > 1 && beside(&path).len() == 2);
    audit.close().await;
    let verified = verify(&path);
    assert_eq!(verified.end, LogEnd::Whole);
    let (to, by) = verified.removed.unwrap();
    assert_eq!(to, verified.first - 1);
    assert!(verified.last_seal.unwrap() > by);

    // What somebody else takes away is not accounted for.
    let oldest = beside(&path).remove(0);
    fs::remove_file(oldest).unwrap();
    let found = Verifier::default().verify(&Log::of(&path).unwrap(), &mut |_| {}).unwrap().unwrap_err();
    assert!(
        found.what.contains(&format!("record {by} says that those up to {to} were removed")),
        "{found:?}"
    );
}

/// The number of the first record that is there.
fn verify_first(path: &Path) -> u64 {
    let log = Log::of(path).unwrap();
    log.files.first().unwrap().first.as_ref().map_or(0, |first| first.sequence)
}

#[test]
fn a_log_can_be_read_while_its_files_are_moved_and_compressed() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("audit");
    let audit = Audit::open(&settings(&path, small())).unwrap();
    let (stop, reads) = (AtomicBool::new(false), AtomicU64::new(0));
    std::thread::scope(|scope| {
        scope.spawn(|| {
            while !stop.load(Ordering::Relaxed) || reads.load(Ordering::Relaxed) == 0 {
                verify(&path);
                reads.fetch_add(1, Ordering::Relaxed);
            }
        });
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        scope.spawn(move || runtime.block_on(record(&audit, 400))).join().unwrap();
        stop.store(true, Ordering::Relaxed);
    });
    assert!(reads.into_inner() > 0);
}

#[tokio::test]
async fn a_file_that_somebody_moved_is_left_where_it_is_told_so_and_another_begun() {
    let directory = tempfile::tempdir().unwrap();
    let (path, moved) = (directory.path().join("audit"), directory.path().join("audit.1"));
    let audit = Audit::open(&settings(&path, Rotation::default())).unwrap();
    record(&audit, 3).await;
    fs::rename(&path, &moved).unwrap();
    record(&audit, 1).await;
    assert!(!path.exists(), "dockgate was not told");
    audit.reopen();
    eventually("the new file", || path.exists());
    record(&audit, 2).await;
    audit.close().await;
    assert_eq!(verify(&path).end, LogEnd::Whole);
    assert_eq!(fs::read_to_string(&moved).unwrap().matches("\"judged\"").count(), 4);
    assert!(fs::read_to_string(&moved).unwrap().ends_with("\"event\":\"seal\",\"why\":\"rotation\"}\n"));
    assert_eq!(fs::read_to_string(&path).unwrap().matches("\"judged\"").count(), 2);
}

#[tokio::test]
async fn a_log_has_one_writer_also_where_its_file_was_moved() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("audit");
    let settings = settings(&path, Rotation::default());
    let audit = Audit::open(&settings).unwrap();
    record(&audit, 1).await;
    fs::rename(&path, directory.path().join("audit.1")).unwrap();
    let error = Audit::open(&settings).unwrap_err().to_string();
    assert!(error.contains("another process writes to it"), "{error}");
    audit.reopen();
    record(&audit, 1).await;
    audit.close().await;
    assert_eq!(verify(&path).end, LogEnd::Whole);
}

#[tokio::test]
async fn a_file_that_somebody_removed_is_replaced_unasked() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("audit");
    let audit = Audit::open(&settings(&path, Rotation::default())).unwrap();
    record(&audit, 3).await;
    fs::remove_file(&path).unwrap();
    record(&audit, 1).await;
    eventually("another file", || path.exists());
    record(&audit, 1).await;
    audit.flush().await;
    assert_eq!(fs::read_to_string(&path).unwrap().matches("\"judged\"").count(), 1);
    // By one that lacks a record and ends in the middle of a line, as an editor may leave it.
    let edited = directory.path().join("edited");
    fs::write(&edited, fs::read_to_string(&path).unwrap().trim_end().to_owned() + "\n{").unwrap();
    fs::rename(&edited, &path).unwrap();
    audit.close().await;
    let written = fs::read_to_string(&path).unwrap();
    let events: Vec<_> = written
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap()["event"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(events, ["judged", "ended", "gap", "seal"]);
    let found = Verifier::default().verify(&Log::of(&path).unwrap(), &mut |_| {}).unwrap().unwrap_err();
    assert_eq!(found.what, "records 1 to 9 are missing: the log begins with record 10");
}

#[tokio::test]
async fn where_a_file_that_was_removed_cannot_be_replaced_nothing_counts_as_written() {
    let directory = tempfile::tempdir().unwrap();
    let (log, path) = (directory.path().join("log"), directory.path().join("log/audit"));
    for rotation in [small(), Rotation { age: Some(Duration::from_millis(100)), ..Rotation::default() }] {
        fs::create_dir(&log).unwrap();
        let audit = Audit::open(&settings(&path, rotation)).unwrap();
        fs::remove_dir_all(&log).unwrap();
        let id = RequestIds::new().unwrap().next();
        let record = async || {
            let client = client();
            audit.record_unreadable(&context(&client, id), &malformed(), "GET", b"/x").await
        };
        let start = Instant::now();
        let error = loop {
            match record().await {
                Ok(()) => assert!(start.elapsed() < Duration::from_secs(60), "nobody has missed it"),
                Err(error) => break error,
            }
        };
        assert_eq!(
            error.to_string(),
            format!(
                "the audit cannot be written: its file was removed, and cannot be replaced: the audit file {}: the directory {} does not exist: make it first",
                path.display(),
                log.display()
            )
        );
        record().await.unwrap_err();
        assert!(audit.counts().is_failing && audit.failure().is_some());
        fs::create_dir(&log).unwrap();
        record().await.unwrap();
        assert!(!audit.counts().is_failing);
        assert!(fs::read_to_string(&path).unwrap().contains("\"event\":\"gap\",\"lost\":2}"));
        drop(audit);
        wait_for_the_lock(&path);
        fs::remove_dir_all(&log).unwrap();
    }
}

#[test]
fn numbers_are_not_used_twice_where_dockgate_is_killed_between_a_move_and_its_head() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("audit");
    let settings = settings(&path, Rotation::default());
    write_log(&path, &settings, 3);
    let head = fs::read(head::Head::path(&path)).unwrap();
    write_log(&path, &settings, 3);
    // As a kill would have left it.
    fs::write(head::Head::path(&path), head).unwrap();
    fs::rename(&path, directory.path().join("audit.1")).unwrap();
    write_log(&path, &settings, 1);
    assert_eq!(verify(&path).end, LogEnd::Whole);
}
