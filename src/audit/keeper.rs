//! What becomes of the files that records were moved to: compressed, and after their time removed, which is recorded
//! first. All that on a thread of its own, so that no request waits for it.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::Weak;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::Duration;

use flate2::Compression;
use flate2::write::GzEncoder;
use jiff::Timestamp;
use nix::sys::statvfs::fstatvfs;

use super::file::{share_as, sync_directory};
use super::record::{Event, Removed};
use super::scribe::Scribe;
use super::shelf::{COMPRESSED, Rotated, UNFINISHED, outlived};
use crate::settings::Rotation;

/// How often it is looked whether a file has had its time, beside whenever one is added.
const PAUSE: Duration = Duration::from_secs(60);

/// Quick rather than small: the processor is the clients'.
const LEVEL: u32 = 3;

/// Who looks after the files.
#[derive(Debug)]
pub(super) struct Keeper {
    audit: PathBuf,
    rotation: Rotation,
    /// Where it is recorded that files are removed.
    scribe: Weak<Scribe>,
    /// What the operator was told last.
    told: Option<String>,
}

impl Keeper {
    /// Starts the thread. It looks whenever `moved` says something, and ends when nobody is left who could.
    pub(super) fn start(
        audit: &Path,
        rotation: &Rotation,
        scribe: Weak<Scribe>,
        moved: Receiver<()>,
    ) -> io::Result<()> {
        let mut keeper = Self { audit: audit.to_owned(), rotation: rotation.clone(), scribe, told: None };
        std::thread::Builder::new().name("audit-files".to_owned()).spawn(move || {
            loop {
                keeper.tend();
                match moved.recv_timeout(PAUSE) {
                    Ok(()) | Err(RecvTimeoutError::Timeout) => {}
                    Err(RecvTimeoutError::Disconnected) => return,
                }
            }
        })?;
        Ok(())
    }

    /// Does what is due; the operator is told once of what goes wrong.
    fn tend(&mut self) {
        // Removing comes first, since it makes room. Only how large the files are together shows when they are compressed.
        let removed = self.remove_outlived(&Rotation { keep_bytes: None, ..self.rotation.clone() });
        let compressed = self.compress_all();
        let removed = removed.and_then(|()| self.remove_outlived(&self.rotation));
        let problem = removed.err().or(compressed.err()).map(|error| error.to_string());
        if let Some(problem) = problem.as_ref().filter(|problem| self.told.as_ref() != Some(*problem)) {
            tracing::warn!("the audit's older files are not looked after: {problem}");
        }
        self.told = problem;
    }

    /// Compresses whatever can be; the first error is of those that cannot.
    fn compress_all(&self) -> io::Result<()> {
        if !self.rotation.compress {
            return Ok(());
        }
        let mut result = Ok(());
        for file in Rotated::all(&self.audit)?.iter().filter(|file| !file.is_compressed) {
            result = result.and(compress(&file.path).map_err(|error| named(&file.path, &error)));
        }
        result
    }

    fn remove_outlived(&self, keep: &Rotation) -> io::Result<()> {
        let files = Rotated::all(&self.audit)?;
        let outlived = files.get(..outlived(&files, keep, Timestamp::now())).unwrap_or_default();
        let Some(last) = outlived.last() else { return Ok(()) };
        let Some(scribe) = self.scribe.upgrade() else { return Ok(()) };
        let name = |file: &Rotated| file.path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let removed = Removed { to: last.last, files: outlived.iter().map(name).collect() };
        // What cannot be recorded is not done.
        scribe.put_and_wait(&Event::Removed(&removed)).map_err(io::Error::other)?;
        for file in outlived {
            fs::remove_file(&file.path).map_err(|error| named(&file.path, &error))?;
            // What a kill left of compressing it; mostly there is none.
            fs::remove_file(with(&file.path, UNFINISHED)).ok();
        }
        tracing::info!("the audit's records up to {} were removed: {}", last.last, removed.files.join(", "));
        Ok(())
    }
}

/// Replaces a file by its compressed form, which is on the disk before the file goes.
fn compress(path: &Path) -> io::Result<()> {
    let (unfinished, finished) = (with(path, UNFINISHED), with(path, COMPRESSED));
    if !finished.exists() {
        let written = write_compressed(path, &unfinished).and_then(|()| fs::rename(&unfinished, &finished));
        if let Err(error) = written {
            // The records need its room; the error matters more than another one here.
            fs::remove_file(&unfinished).ok();
            return Err(error);
        }
        sync_directory(path)?;
    }
    fs::remove_file(path)
}

fn write_compressed(path: &Path, to: &Path) -> io::Result<()> {
    let mut from = File::open(path)?;
    let metadata = from.metadata()?;
    check_room(&from, metadata.len())?;
    // A kill has left it, or it is a link, and what that leads to is not ours to overwrite.
    match fs::remove_file(to) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        Ok(()) | Err(_) => {}
    }
    let file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(to)?;
    share_as(&file, &metadata)?;
    let mut encoder = GzEncoder::new(file, Compression::new(LEVEL));
    if io::copy(&mut from, &mut encoder)? != metadata.len() {
        return Err(io::Error::other("it changed while it was read"));
    }
    let mut file = encoder.finish()?;
    file.flush()?;
    file.set_modified(metadata.modified()?)?;
    file.sync_all()
}

/// Whether there is room for the compressed form of a file beside records that come meanwhile: records compress to less
/// than half of that.
fn check_room(file: &File, length: u64) -> io::Result<()> {
    let disk = fstatvfs(file)?;
    let free = disk.blocks_available().saturating_mul(disk.fragment_size());
    if free < length / 2 {
        return Err(io::Error::new(
            io::ErrorKind::StorageFull,
            format!("its disk has {free} bytes left, too few to compress it: make room"),
        ));
    }
    Ok(())
}

/// The name of a file that has to do with this one.
fn with(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

fn named(path: &Path, error: &io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("{}: {error}", path.display()))
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;
    use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};

    use super::*;
    use crate::audit::Audit;
    use crate::settings::{AuditSettings, AuditSink};

    #[test]
    fn a_compressed_file_is_what_gzip_reads_and_takes_the_place_of_the_other() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("a");
        let text = "a line of the audit\n".repeat(1000);
        fs::write(&path, &text).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
        // Only root may give a file any group.
        let is_root = nix::unistd::geteuid().is_root();
        let group = if is_root { 4 } else { fs::metadata(&path).unwrap().gid() };
        std::os::unix::fs::chown(&path, None, Some(group)).unwrap();
        // Somebody has put a link where it is written first.
        let other = directory.path().join("other");
        fs::write(&other, "x").unwrap();
        std::os::unix::fs::symlink(&other, directory.path().join("a.gz.tmp")).unwrap();
        compress(&path).unwrap();
        assert_eq!(fs::read_to_string(&other).unwrap(), "x");
        assert!(!path.exists() && !directory.path().join("a.gz.tmp").exists());
        let compressed = File::open(directory.path().join("a.gz")).unwrap();
        let metadata = compressed.metadata().unwrap();
        assert_eq!((metadata.permissions().mode() & 0o777, metadata.gid()), (0o640, group));
        let mut read = String::new();
        flate2::read::GzDecoder::new(compressed).read_to_string(&mut read).unwrap();
        assert_eq!(read, text);
    }

    #[test]
    fn what_has_had_its_time_goes_although_others_cannot_be_compressed() {
        let directory = tempfile::tempdir().unwrap();
        let audit = directory.path().join("a");
        let rotated = |rest: &str| directory.path().join(format!("a.{rest}"));
        let (old, new) = (rotated("20010101T000000Z.1"), rotated("29990101T000000Z.2"));
        let next = rotated("29990101T000000Z.3");
        for path in [&old, &new, &next] {
            fs::write(path, "text").unwrap();
        }
        // Neither can be written, nor what it would be written to be removed.
        for path in [&old, &new] {
            fs::create_dir(with(path, UNFINISHED)).unwrap();
        }
        let day = Duration::from_secs(24 * 60 * 60);
        let rotation = Rotation { keep_age: Some(day), ..Rotation::default() };
        let settings = AuditSettings {
            sink: AuditSink::File(audit.clone()),
            rotation: rotation.clone(),
            ..AuditSettings::default()
        };
        let audit_log = Audit::open(&AuditSettings { rotation: Rotation::default(), ..settings }).unwrap();
        let mut keeper = Keeper { audit, rotation, scribe: audit_log.scribe.weak(), told: None };
        keeper.tend();
        assert!(!old.exists() && new.exists() && !next.exists());
        assert!(with(&next, COMPRESSED).exists());
        assert!(keeper.told.unwrap().contains("29990101T000000Z.2: "));
    }

    #[test]
    fn what_cannot_be_finished_leaves_nothing_behind() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("a");
        // It is longer than it says.
        std::os::unix::fs::symlink("/proc/self/status", &path).unwrap();
        compress(&path).unwrap_err();
        assert!(path.exists() && !with(&path, UNFINISHED).exists());
        let error = check_room(&File::open(directory.path()).unwrap(), u64::MAX).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::StorageFull);
    }

    #[test]
    fn what_was_compressed_before_a_kill_is_only_removed() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("a");
        fs::write(&path, "text").unwrap();
        fs::write(directory.path().join("a.gz"), "whole").unwrap();
        compress(&path).unwrap();
        assert!(!path.exists());
        assert_eq!(fs::read_to_string(directory.path().join("a.gz")).unwrap(), "whole");
    }
}
