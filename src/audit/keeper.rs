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

use super::file::sync_directory;
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
        let problem = self.compress_all().and_then(|()| self.remove_outlived()).err();
        let problem = problem.map(|error| error.to_string());
        if let Some(problem) = problem.as_ref().filter(|problem| self.told.as_ref() != Some(*problem)) {
            tracing::warn!("the audit's older files are not looked after: {problem}");
        }
        self.told = problem;
    }

    fn compress_all(&self) -> io::Result<()> {
        for file in Rotated::all(&self.audit)?.iter().filter(|file| !file.is_compressed) {
            if self.rotation.compress {
                compress(&file.path).map_err(|error| named(&file.path, &error))?;
            }
        }
        Ok(())
    }

    fn remove_outlived(&self) -> io::Result<()> {
        let files = Rotated::all(&self.audit)?;
        let outlived = files.get(..outlived(&files, &self.rotation, Timestamp::now())).unwrap_or_default();
        let Some(last) = outlived.last() else { return Ok(()) };
        let Some(scribe) = self.scribe.upgrade() else { return Ok(()) };
        let name = |file: &Rotated| file.path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let removed = Removed { to: last.last, files: outlived.iter().map(name).collect() };
        // What cannot be recorded is not done.
        scribe.put_and_wait(&Event::Removed(&removed)).map_err(io::Error::other)?;
        for file in outlived {
            fs::remove_file(&file.path).map_err(|error| named(&file.path, &error))?;
        }
        tracing::info!("the audit's records up to {} were removed: {}", last.last, removed.files.join(", "));
        Ok(())
    }
}

/// Replaces a file by its compressed form, which is on the disk before the file goes.
fn compress(path: &Path) -> io::Result<()> {
    let with = |suffix: &str| {
        let mut name = path.as_os_str().to_owned();
        name.push(suffix);
        PathBuf::from(name)
    };
    let (unfinished, finished) = (with(UNFINISHED), with(COMPRESSED));
    let mut from = File::open(path)?;
    let metadata = from.metadata()?;
    if !finished.exists() {
        let file =
            OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&unfinished)?;
        file.set_permissions(metadata.permissions())?;
        let mut encoder = GzEncoder::new(file, Compression::new(LEVEL));
        if io::copy(&mut from, &mut encoder)? != metadata.len() {
            return Err(io::Error::other("it changed while it was read"));
        }
        let mut file = encoder.finish()?;
        file.flush()?;
        file.set_modified(metadata.modified()?)?;
        file.sync_all()?;
        fs::rename(&unfinished, &finished)?;
        sync_directory(path)?;
    }
    fs::remove_file(path)
}

fn named(path: &Path, error: &io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("{}: {error}", path.display()))
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    fn a_compressed_file_is_what_gzip_reads_and_takes_the_place_of_the_other() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("a");
        let text = "a line of the audit\n".repeat(1000);
        fs::write(&path, &text).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
        // An earlier attempt was cut short.
        fs::write(directory.path().join("a.gz.tmp"), "x").unwrap();
        compress(&path).unwrap();
        assert!(!path.exists() && !directory.path().join("a.gz.tmp").exists());
        let compressed = File::open(directory.path().join("a.gz")).unwrap();
        assert_eq!(compressed.metadata().unwrap().permissions().mode() & 0o777, 0o640);
        let mut read = String::new();
        flate2::read::GzDecoder::new(compressed).read_to_string(&mut read).unwrap();
        assert_eq!(read, text);
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
