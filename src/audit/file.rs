//! The audit file: opened, locked, and read from its end to carry on where it stopped.

use std::fs::{File, OpenOptions};
use std::io::{self, Read as _, Seek as _, SeekFrom};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use nix::errno::Errno;
use nix::fcntl::{FallocateFlags, Flock, FlockArg, fallocate};
use serde::Deserialize;

use super::chain::{Hash, Link};
use super::record::Torn;
use super::store::Store;

/// How much of the file's end is looked at for its last record: first, and at most. Records are far
/// smaller than the first.
const WINDOWS: [u64; 2] = [1024 * 1024, 64 * 1024 * 1024];
/// A disk that was full has room again once it has as much.
const ROOM_BYTES: i64 = 64 * 1024;

/// A file that audit records are appended to.
#[derive(Debug)]
pub(super) enum AuditFile {
    /// A regular file, ours alone as long as it is open.
    Locked(Flock<File>),
    /// A regular file on a file system without locks.
    Unlocked(File),
    /// A terminal, a pipe or the like.
    Other(File),
}

/// What stands at the end of the file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Tail {
    /// The last record, where there is one.
    pub(super) last: Option<Link>,
    /// Whether the last line lacks its newline.
    pub(super) mid_line: bool,
    /// What stood behind the last whole line.
    pub(super) torn: Option<Torn>,
}

impl AuditFile {
    /// Opens the file, or makes it, readable by nobody else. A last line that is torn is cut off where that
    /// can be done.
    pub(super) fn open(path: &Path) -> io::Result<(Self, Tail)> {
        let fail = |kind, message: String| {
            io::Error::new(kind, format!("the audit file {}: {message}", path.display()))
        };
        let plain = |error: io::Error| fail(error.kind(), error.to_string());
        let mut options = OpenOptions::new();
        let opened = options.read(true).append(true).create(true).mode(0o600).open(path);
        let file = opened.map_err(|error| {
            let parent = path.parent().filter(|parent| !parent.exists());
            match parent.filter(|_| error.kind() == io::ErrorKind::NotFound) {
                Some(parent) => {
                    let message = format!("the directory {} does not exist: make it first", parent.display());
                    fail(error.kind(), message)
                }
                None => plain(error),
            }
        })?;
        if !file.metadata().map_err(plain)?.is_file() {
            return Ok((Self::Other(file), Tail::default()));
        }
        let mut file = match Flock::lock(file, FlockArg::LockExclusiveNonblock) {
            Ok(locked) => Self::Locked(locked),
            Err((_, Errno::EWOULDBLOCK)) => {
                return Err(fail(
                    io::ErrorKind::ResourceBusy,
                    "another process writes to it: each dockgate needs a file of its own".to_owned(),
                ));
            }
            // Some network file systems know no locks.
            Err((file, _)) => Self::Unlocked(file),
        };
        let tail = read_tail(file.file_mut()).map_err(plain)?;
        Ok((file, tail))
    }

    /// Whether writing to it never waits for somebody to read.
    pub(super) fn is_regular(&self) -> bool {
        match self {
            Self::Locked(_) | Self::Unlocked(_) => true,
            Self::Other(_) => false,
        }
    }

    fn file_mut(&mut self) -> &mut File {
        match self {
            Self::Locked(file) => file,
            Self::Unlocked(file) | Self::Other(file) => file,
        }
    }
}

impl Store for AuditFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        io::Write::write(self.file_mut(), bytes)
    }

    fn take_back(&mut self, count: u64) -> io::Result<()> {
        if !self.is_regular() {
            return Err(io::ErrorKind::Unsupported.into());
        }
        let file = self.file_mut();
        let length = file.metadata()?.len();
        file.set_len(length.saturating_sub(count))
    }

    fn has_room_again(&mut self) -> io::Result<()> {
        if !self.is_regular() {
            return Ok(());
        }
        let file = self.file_mut();
        let end = file.metadata()?.len().try_into().map_err(io::Error::other)?;
        match fallocate(file, FallocateFlags::FALLOC_FL_KEEP_SIZE, end, ROOM_BYTES) {
            // Not every file system can be asked.
            Err(Errno::EOPNOTSUPP | Errno::ENOSYS) => Ok(()),
            reserved => reserved.map_err(io::Error::from),
        }
    }

    fn sync(&mut self) -> io::Result<()> {
        if self.is_regular() { self.file_mut().sync_data() } else { Ok(()) }
    }
}

fn read_tail(file: &mut File) -> io::Result<Tail> {
    let length = file.seek(SeekFrom::End(0))?;
    if length == 0 {
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
        file.seek(SeekFrom::Start(length.saturating_sub(window)))?;
        file.read_to_end(&mut end)?;
        let lines_end = memchr::memrchr(b'\n', &end).map_or(0, |at| at.saturating_add(1));
        let (lines, rest) = end.split_at_checked(lines_end).unwrap_or_default();
        if let Some(last) = record_at(rest, b"\n") {
            return Ok(Tail { last: Some(last), mid_line: true, torn: None });
        }
        let last = last_record(lines);
        if last.is_some() || length <= window {
            let torn = (!rest.is_empty()).then(|| Torn::of(rest));
            let cut = torn.is_none() || file.set_len(length.saturating_sub(bytes(rest))).is_ok();
            return Ok(Tail { last, mid_line: !cut, torn });
        }
    }
    Err(io::Error::new(
        io::ErrorKind::InvalidData,
        "there is no record near its end: name another file, or move this one away",
    ))
}

/// The last line that is a record.
fn last_record(lines: &[u8]) -> Option<Link> {
    lines.split_inclusive(|byte| *byte == b'\n').rev().find_map(|line| record_at(line, b""))
}

/// The place of a line's record, where it is one; `more` is what the line lacks.
fn record_at(line: &[u8], more: &[u8]) -> Option<Link> {
    #[derive(Deserialize)]
    struct Numbered {
        sequence: u64,
    }
    let Numbered { sequence } = serde_json::from_slice(line).ok()?;
    Some(Link { sequence, hash: Hash::of(&[line, more].concat()) })
}

fn bytes(text: &[u8]) -> u64 {
    u64::try_from(text.len()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    const ONE: &str = "{\"schema\":1,\"sequence\":1,\"event\":\"ended\"}";
    const TWO: &str = "{\"schema\":1,\"sequence\":2,\"event\":\"ended\"}";

    /// The end of a file with this text, and what is left in it.
    fn tail_of(text: &str) -> io::Result<(Tail, String)> {
        let directory = tempfile::tempdir()?;
        let path = directory.path().join("audit");
        std::fs::write(&path, text)?;
        let (_, tail) = AuditFile::open(&path)?;
        Ok((tail, std::fs::read_to_string(&path)?))
    }

    fn link(sequence: u64, line: &str) -> Link {
        Link { sequence, hash: Hash::of(format!("{line}\n").as_bytes()) }
    }

    #[test]
    fn the_last_whole_record_is_where_to_carry_on() {
        let last = |text: &str| tail_of(text).unwrap().0.last;
        assert_eq!(last(""), None);
        assert_eq!(last(&format!("{ONE}\n{TWO}\n")), Some(link(2, TWO)));
        assert_eq!(last(&format!("{ONE}\n{{\"schema\":1,\"seq\n")), Some(link(1, ONE)));
    }

    #[test]
    fn a_torn_end_is_cut_off_and_told_of() {
        for torn in ["{\"schema\":1,\"seq", "\0\0\0\0"] {
            let (tail, left) = tail_of(&format!("{ONE}\n{torn}")).unwrap();
            assert_eq!((tail.last, tail.mid_line), (Some(link(1, ONE)), false));
            assert_eq!(tail.torn, Some(Torn::of(torn.as_bytes())));
            assert_eq!(left, format!("{ONE}\n"));
        }
        let (tail, left) = tail_of("{\"schema\":1,\"seq").unwrap();
        assert_eq!((tail.last, tail.mid_line, left.as_str()), (None, false, ""));
        assert_eq!(tail.torn.unwrap().text, "{\"schema\":1,\"seq");
    }

    #[test]
    fn a_record_that_lacks_only_its_newline_is_whole() {
        let (tail, left) = tail_of(&format!("{ONE}\n{TWO}")).unwrap();
        assert_eq!(tail, Tail { last: Some(link(2, TWO)), mid_line: true, torn: None });
        assert_eq!(left, format!("{ONE}\n{TWO}"));
    }

    #[test]
    fn the_last_record_is_found_behind_a_long_stretch_of_rubbish() {
        let rubbish = "x".repeat(2 * 1024 * 1024);
        assert_eq!(tail_of(&format!("{ONE}\n{rubbish}\n")).unwrap().0.last, Some(link(1, ONE)));
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
