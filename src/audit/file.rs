//! The audit file: opened, locked, and read from its end to carry on where it stopped.

use std::fs::{File, OpenOptions};
use std::io::{self, Read as _, Seek as _, SeekFrom, Write};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use nix::errno::Errno;
use nix::fcntl::{Flock, FlockArg};
use serde::Deserialize;

use super::writer::{Sink, Tail};

/// How much of the file's end is looked at for its last record: first, and at most. Records are far
/// smaller than the first.
const WINDOWS: [u64; 2] = [1024 * 1024, 64 * 1024 * 1024];

/// A file that audit records are appended to.
#[derive(Debug)]
pub(super) enum AuditFile {
    /// A regular file, ours alone as long as it is open.
    Locked(Flock<File>),
    /// A terminal, a pipe or the like.
    Other(File),
}

impl AuditFile {
    /// Opens the file, or makes it, readable by nobody else.
    pub(super) fn open(path: &Path) -> io::Result<(Self, Tail)> {
        let fail = |kind, message: String| {
            io::Error::new(kind, format!("the audit file {}: {message}", path.display()))
        };
        let mut file =
            OpenOptions::new().read(true).append(true).create(true).mode(0o600).open(path).map_err(
                |error| match path
                    .parent()
                    .filter(|parent| error.kind() == io::ErrorKind::NotFound && !parent.exists())
                {
                    Some(parent) => fail(
                        error.kind(),
                        format!("the directory {} does not exist: make it first", parent.display()),
                    ),
                    None => fail(error.kind(), error.to_string()),
                },
            )?;
        let metadata = file.metadata().map_err(|error| fail(error.kind(), error.to_string()))?;
        if !metadata.is_file() {
            return Ok((Self::Other(file), Tail::default()));
        }
        file = match Flock::lock(file, FlockArg::LockExclusiveNonblock) {
            Ok(mut locked) => {
                let tail = read_tail(&mut locked).map_err(|error| fail(error.kind(), error.to_string()))?;
                return Ok((Self::Locked(locked), tail));
            }
            Err((_, Errno::EWOULDBLOCK)) => {
                return Err(fail(
                    io::ErrorKind::ResourceBusy,
                    "another process writes to it: each dockgate needs a file of its own".to_owned(),
                ));
            }
            // Some network file systems know no locks.
            Err((file, _)) => file,
        };
        let tail = read_tail(&mut file).map_err(|error| fail(error.kind(), error.to_string()))?;
        Ok((Self::Other(file), tail))
    }
}

impl Write for AuditFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Locked(file) => file.write(bytes),
            Self::Other(file) => file.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(()) // Nothing is buffered here.
    }
}

impl Sink for AuditFile {}

fn read_tail(file: &mut File) -> io::Result<Tail> {
    let len = file.seek(SeekFrom::End(0))?;
    if len == 0 {
        return Ok(Tail::default());
    }
    let mut first = [0];
    file.rewind()?;
    file.read_exact(&mut first)?;
    if first != *b"{" {
        return Err(io::Error::new(
            io::ErrorKind::InvalidData,
            "it holds something else than audit records: name another file, or move this one away",
        ));
    }
    let mut end = Vec::new();
    for window in WINDOWS {
        end.clear();
        file.seek(SeekFrom::Start(len.saturating_sub(window)))?;
        file.read_to_end(&mut end)?;
        let mid_line = end.last() != Some(&b'\n');
        if let Some(sequence) = last_sequence(&end) {
            return Ok(Tail { sequence, mid_line });
        }
        if len <= window {
            // Nothing but a first record that broke off.
            return Ok(Tail { sequence: 0, mid_line });
        }
    }
    Err(io::Error::new(
        io::ErrorKind::InvalidData,
        "there is no record near its end: name another file, or move this one away",
    ))
}

/// The sequence number of the last line that is a whole record, be it without its newline.
fn last_sequence(end: &[u8]) -> Option<u64> {
    #[derive(Deserialize)]
    struct Numbered {
        sequence: u64,
    }
    end.rsplit(|byte| *byte == b'\n')
        .find_map(|line| serde_json::from_slice::<Numbered>(line).ok())
        .map(|record| record.sequence)
}

#[cfg(test)]
mod tests {
    use super::*;

    const ONE: &str = "{\"schema\":1,\"sequence\":1,\"event\":\"ended\"}";
    const TWO: &str = "{\"schema\":1,\"sequence\":2,\"event\":\"ended\"}";

    fn tail_of(text: &str) -> io::Result<Tail> {
        let directory = tempfile::tempdir()?;
        let path = directory.path().join("audit");
        std::fs::write(&path, text)?;
        AuditFile::open(&path).map(|(_, tail)| tail)
    }

    #[test]
    fn the_last_whole_record_is_where_to_carry_on() {
        let tail =
            |text: &str| tail_of(text).map(|Tail { sequence, mid_line }| (sequence, mid_line)).unwrap();
        assert_eq!(tail(""), (0, false));
        assert_eq!(tail(&format!("{ONE}\n{TWO}\n")), (2, false));
        assert_eq!(tail(&format!("{ONE}\n{{\"schema\":1,\"seq")), (1, true));
        assert_eq!(tail(&format!("{ONE}\n{{\"schema\":1,\"seq\n")), (1, false));
        assert_eq!(tail(&format!("{ONE}\n{TWO}")), (2, true));
        assert_eq!(tail(&format!("{ONE}\n\0\0\0\0")), (1, true));
        assert_eq!(tail("{\"schema\":1,\"seq"), (0, true));
    }

    #[test]
    fn the_last_record_is_found_behind_a_long_stretch_of_rubbish() {
        let rubbish = "x".repeat(2 * 1024 * 1024);
        assert_eq!(tail_of(&format!("{ONE}\n{rubbish}\n")).unwrap().sequence, 1);
    }

    #[test]
    fn a_file_of_something_else_is_left_alone() {
        let error = tail_of("root:x:0:0:root:/root:/bin/sh\n").unwrap_err();
        assert!(error.to_string().ends_with(
            "audit: it holds something else than audit records: name another file, or move this one away"
        ));
    }

    #[test]
    fn a_directory_that_is_missing_is_named() {
        assert_eq!(
            AuditFile::open(Path::new("/nonexistent/audit")).unwrap_err().to_string(),
            "the audit file /nonexistent/audit: the directory /nonexistent does not exist: make it first"
        );
    }

    #[test]
    fn a_file_has_one_writer_and_one_reader() {
        use std::os::unix::fs::PermissionsExt as _;
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("audit");
        let open = AuditFile::open(&path).unwrap();
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert!(AuditFile::open(&path).unwrap_err().to_string().contains("another process writes to it"));
        drop(open);
        AuditFile::open(&path).unwrap();
    }
}
