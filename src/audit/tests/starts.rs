//! What a start finds of the log before it, and says of that.

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

    fn verify(&self) -> Result<Verified, String> {
        let log = Log::of(&self.path).unwrap();
        Verifier::default().verify(&log, &mut |_| {}).unwrap().map_err(|found| found.what)
    }
}

#[test]
fn what_was_lost_at_the_end_is_told_of_by_the_head_and_then_by_a_gap() {
    let log = Stopped::new();
    let (mut head, said) = Head::open(&log.path).unwrap();
    head.put(Said { lost: 7, ..said.unwrap() }).unwrap();
    assert_eq!(log.verify().unwrap().lost, 7);
    log.again();
    log.again();
    assert_eq!(log.verify().unwrap().lost, 7);
    let lines = lines(&log.path);
    let events: Vec<_> = lines.iter().map(|line| line["event"].as_str().unwrap()).collect();
    assert_eq!(events[events.len() - 6..], ["seal", "gap", "opened", "seal", "opened", "seal"]);
    // Where it was written down, and dockgate was killed before its head said so.
    head.put(Said { lost: 7, ..said.unwrap() }).unwrap();
    log.again();
    assert_eq!(log.verify().unwrap().lost, 7);
}
