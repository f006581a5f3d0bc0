//! The files beside the audit file: what was moved out of it, under which names, and which of them have had their
//! time.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use jiff::Timestamp;

use super::chain::Link;
use super::file::record_at;
use super::read::{Log, directory_of};
use crate::settings::Rotation;

/// What a compressed file ends in, and one that is being compressed.
pub(super) const COMPRESSED: &str = ".gz";
pub(super) const UNFINISHED: &str = ".gz.tmp";

/// How times stand in the names: sortable, and without a colon.
const TIME: &str = "%Y%m%dT%H%M%SZ";

/// A file that dockgate moved records to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Rotated {
    pub(super) path: PathBuf,
    /// When it was moved.
    pub(super) time: Timestamp,
    /// The number of its last record.
    pub(super) last: u64,
    pub(super) is_compressed: bool,
    pub(super) bytes: u64,
}

impl Rotated {
    /// The name for what stands in the audit file now: `FILE.TIME.NUMBER`.
    pub(super) fn path(audit: &Path, time: Timestamp, last: u64) -> PathBuf {
        let mut path = audit.as_os_str().to_owned();
        path.push(format!(".{}.{last}", time.strftime(TIME)));
        path.into()
    }

    /// Every such file beside the audit file, the oldest first.
    pub(super) fn all(audit: &Path) -> io::Result<Vec<Self>> {
        let name = audit.file_name().unwrap_or_default();
        let mut found = Vec::new();
        for entry in fs::read_dir(directory_of(audit))? {
            let entry = entry?;
            let entry_name = entry.file_name();
            let rest = entry_name.as_encoded_bytes().strip_prefix(name.as_encoded_bytes());
            let Some((time, last, is_compressed)) = rest.and_then(read_name) else { continue };
            // It may be gone meanwhile.
            let Ok(metadata) = entry.metadata() else { continue };
            if metadata.is_file() {
                let (path, bytes) = (entry.path(), metadata.len());
                found.push(Self { path, time, last, is_compressed, bytes });
            }
        }
        found.sort_by(|one, other| (one.last, &one.path).cmp(&(other.last, &other.path)));
        Ok(found)
    }
}

/// Reads what stands behind the audit file's own name.
fn read_name(rest: &[u8]) -> Option<(Timestamp, u64, bool)> {
    let rest = str::from_utf8(rest).ok()?.strip_prefix('.')?;
    let (rest, is_compressed) = match rest.strip_suffix(COMPRESSED) {
        Some(rest) => (rest, true),
        None => (rest, false),
    };
    let (time, last) = rest.split_once('.')?;
    let is_time = time.len() == 16 && time.ends_with('Z');
    let time: Timestamp = time.parse().ok().filter(|_| is_time)?;
    let last = last.bytes().all(|byte| byte.is_ascii_digit()).then(|| last.parse().ok())??;
    Some((time, last, is_compressed))
}

/// How many of the files, from the oldest on, the settings keep no longer.
pub(super) fn outlived(files: &[Rotated], keep: &Rotation, now: Timestamp) -> usize {
    let too_many = keep
        .keep_files
        .map_or(0, |most| files.len().saturating_sub(usize::try_from(most).unwrap_or(usize::MAX)));
    let too_large = keep.keep_bytes.map_or(0, |most| {
        let mut sum = 0_u64;
        let kept = files.iter().rev().take_while(|file| {
            sum = sum.saturating_add(file.bytes);
            sum <= most
        });
        files.len().saturating_sub(kept.count())
    });
    let too_old = keep.keep_age.map_or(0, |longest| {
        let age = |file: &Rotated| Duration::try_from(now.duration_since(file.time)).unwrap_or_default();
        files.iter().take_while(|file| age(file) > longest).count()
    });
    too_many.max(too_large).max(too_old)
}

/// The last record beside an audit file that is empty: it may be newer than what the head says, where the file was
/// moved away and dockgate was killed before it wrote its head.
pub(super) fn newest_record(audit: &Path) -> io::Result<Option<Link>> {
    let Some(log) = Log::newest_beside(audit)? else { return Ok(None) };
    let (mut lines, mut last) = (log.lines()?, None);
    while let Some(line) = lines.next_line()? {
        let more: &[u8] = if line.bytes.ends_with(b"\n") { b"" } else { b"\n" };
        last = record_at(line.bytes, more).or(last);
    }
    Ok(last)
}

#[cfg(test)]
#[expect(clippy::arithmetic_side_effects, reason = "what a test does wrong may panic")]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn rotated(days: u32, last: u64, bytes: u64) -> Rotated {
        let time = Timestamp::UNIX_EPOCH + Duration::from_secs(24 * 60 * 60) * days;
        Rotated { path: last.to_string().into(), time, last, is_compressed: true, bytes }
    }

    #[test]
    fn names_are_written_and_read() {
        let directory = tempfile::tempdir().unwrap();
        let audit = directory.path().join("a.jsonl");
        let path = Rotated::path(&audit, at("2026-01-02T03:04:05.678Z"), 41);
        assert_eq!(path.file_name().unwrap(), "a.jsonl.20260102T030405Z.41");
        fs::write(&path, "abc").unwrap();
        for name in ["a.jsonl.20260102T030405Z.7.gz", "a.jsonl.1", "a.jsonl.head", "a.jsonl-20260102"] {
            fs::write(directory.path().join(name), "").unwrap();
        }
        for name in
            ["a.jsonl.20260102T030405Z.9.gz.tmp", "a.jsonl.20260102T030405Z.x", "b.20260102T030405Z.1"]
        {
            fs::write(directory.path().join(name), "").unwrap();
        }
        let found = Rotated::all(&audit).unwrap();
        let short: Vec<_> = found.iter().map(|file| (file.last, file.is_compressed, file.bytes)).collect();
        assert_eq!(short, [(7, true, 0), (41, false, 3)]);
        assert_eq!(found[1].time, at("2026-01-02T03:04:05Z"));
        assert_eq!(found[1].path, path);
    }

    #[test]
    fn the_oldest_go_first_whatever_there_is_too_much_of() {
        let files = [rotated(1, 10, 100), rotated(2, 20, 100), rotated(3, 30, 50), rotated(9, 40, 10)];
        let of = |keep: Rotation| outlived(&files, &keep, Timestamp::from_second(864_000).unwrap());
        let keep = Rotation::default();
        assert_eq!(of(keep.clone()), 0);
        assert_eq!(of(Rotation { keep_files: Some(3), ..keep.clone() }), 1);
        assert_eq!(of(Rotation { keep_files: Some(0), ..keep.clone() }), 4);
        assert_eq!(of(Rotation { keep_bytes: Some(160), ..keep.clone() }), 1);
        assert_eq!(of(Rotation { keep_bytes: Some(159), ..keep.clone() }), 2);
        let days = |days: u64| Some(Duration::from_secs(days * 24 * 60 * 60));
        assert_eq!(of(Rotation { keep_age: days(8), ..keep.clone() }), 1);
        assert_eq!(of(Rotation { keep_age: days(7), keep_files: Some(9), ..keep }), 2);
    }
}
