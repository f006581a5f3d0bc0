//! The audit file: opened, locked, and read from its end to carry on where it stopped.

use std::fs::{self, File, Metadata, OpenOptions, Permissions};
use std::io::{self, Read as _, Seek as _, SeekFrom};
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use nix::errno::Errno;
use nix::fcntl::{FallocateFlags, Flock, FlockArg, fallocate};
use nix::unistd::geteuid;
use serde::Deserialize;

use super::chain::{Hash, Link, first_record, is_beginning};
use super::read::directory_of;
use super::record::Torn;
use super::store::Store;

/// How much of the file's end is looked at for its last record: first, and at most. Records are far
/// smaller than the first.
const WINDOWS: [u64; 2] = [1024 * 1024, 64 * 1024 * 1024];
/// How much of its beginning is looked at, for what it holds and since when.
const FIRST: u64 = 512;
/// A disk that was full has room again once it has as much.
const ROOM_BYTES: i64 = 64 * 1024;

/// A file that audit records are appended to.
#[derive(Debug)]
pub(super) struct AuditFile {
    path: PathBuf,
    open: Open,
}

#[derive(Debug)]
enum Open {
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
    /// What stood behind the last whole line, and still does where that lacks its newline.
    pub(super) torn: Option<Torn>,
    /// When the first record was written, as it says.
    pub(super) since: Option<Timestamp>,
    /// How long the file is.
    pub(super) bytes: u64,
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
                None => fail(error.kind(), format!("{error}{}", hint(error.kind()))),
            }
        })?;
        let of = |open| Self { path: path.to_owned(), open };
        if !file.metadata().map_err(plain)?.is_file() {
            return Ok((of(Open::Other(file)), Tail::default()));
        }
        let mut file = match Flock::lock(file, FlockArg::LockExclusiveNonblock) {
            Ok(locked) => of(Open::Locked(locked)),
            Err((_, Errno::EWOULDBLOCK)) => {
                return Err(busy(path));
            }
            // Some network file systems know no locks.
            Err((file, _)) => of(Open::Unlocked(file)),
        };
        let tail = read_tail(file.file_mut()).map_err(plain)?;
        Ok((file, tail))
    }

    /// Whether writing to it never waits for somebody to read.
    pub(super) fn is_regular(&self) -> bool {
        match self.open {
            Open::Locked(_) | Open::Unlocked(_) => true,
            Open::Other(_) => false,
        }
    }

    /// What the file system says of it.
    pub(super) fn metadata(&mut self) -> io::Result<Metadata> {
        self.file_mut().metadata()
    }

    fn file_mut(&mut self) -> &mut File {
        match &mut self.open {
            Open::Locked(file) => file,
            Open::Unlocked(file) | Open::Other(file) => file,
        }
    }

    /// Whether its name is still that of the file that is written to.
    fn is_in_place(&mut self) -> io::Result<bool> {
        let identity = |metadata: Metadata| (metadata.dev(), metadata.ino());
        let written_to = identity(self.file_mut().metadata()?);
        match fs::metadata(&self.path) {
            Ok(named) => Ok(identity(named) == written_to),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Writes to the file that has its name now, which must be new, from now on.
    fn begin_anew(&mut self) -> io::Result<()> {
        let (file, tail) = Self::open(&self.path)?;
        if !file.is_regular() || tail.bytes > 0 {
            return Err(self.occupied("there is another file now, and it is not empty"));
        }
        self.go_on_in(file)
    }

    fn occupied(&self, what: &str) -> io::Error {
        let message = format!("the audit file {}: {what}", self.path.display());
        io::Error::new(io::ErrorKind::AlreadyExists, message)
    }

    fn go_on_in(&mut self, mut file: Self) -> io::Result<()> {
        let old = self.file_mut().metadata()?;
        if let Err(error) = share_as(file.file_mut(), &old) {
            tracing::warn!("the new audit file has not the group and mode of the old one: {error}");
        }
        *self = file;
        Ok(())
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
        reserve(self.file_mut())
    }

    fn sync(&mut self) -> io::Result<()> {
        if self.is_regular() { self.file_mut().sync_data() } else { Ok(()) }
    }

    fn rotate(&mut self, to: &Path, is_synced: bool) -> io::Result<()> {
        // Somebody else may have moved it already.
        if self.is_in_place()? {
            if to.exists() {
                return Err(io::Error::new(
                    io::ErrorKind::AlreadyExists,
                    format!("there is a file {} already", to.display()),
                ));
            }
            fs::rename(&self.path, to)?;
            if let Err(error) = self.begin_anew() {
                // What is written then stays where whoever reads looks for it.
                fs::rename(to, &self.path)?;
                return Err(error);
            }
        } else {
            self.begin_anew()?;
        }
        if is_synced { sync_directory(&self.path) } else { Ok(()) }
    }

    fn reopen(&mut self) -> io::Result<bool> {
        if !self.is_regular() || self.is_in_place()? {
            return Ok(false);
        }
        self.begin_anew().map(|()| true)
    }

    fn replace_removed(&mut self) -> io::Result<Option<Tail>> {
        // Some file systems count no names.
        if !self.is_regular() || self.file_mut().metadata()?.nlink() > 0 || self.is_in_place()? {
            return Ok(None);
        }
        let (file, tail) = Self::open(&self.path)?;
        if !file.is_regular() {
            return Err(self.occupied("there is something else than a file now"));
        }
        self.go_on_in(file)?;
        tracing::error!(
            "the audit file {} was removed, with the records in it: dockgate goes on in the file that has its name now",
            self.path.display()
        );
        Ok(Some(tail))
    }
}

/// Gives a file the group and mode of another, so that whoever can read the one can read the other. Where dockgate may not
/// give it the group, its own has no part in that.
pub(super) fn share_as(file: &File, other: &Metadata) -> io::Result<()> {
    let mut mode = other.permissions().mode();
    // The error differs between file systems, and where users are mapped.
    if other.gid() != file.metadata()?.gid()
        && nix::unistd::fchown(file, None, Some(other.gid().into())).is_err()
    {
        mode &= 0o7707;
    }
    file.set_permissions(Permissions::from_mode(mode))
}

/// What to do about a file that cannot be opened.
#[expect(clippy::wildcard_enum_match_arm, reason = "of all kinds of errors these have a cure worth naming")]
fn hint(kind: io::ErrorKind) -> String {
    match kind {
        io::ErrorKind::PermissionDenied => format!(
            ". dockgate runs as uid {}: give it write access there, or name a file in a directory of its own",
            geteuid()
        ),
        io::ErrorKind::IsADirectory => ": name a file in it".to_owned(),
        io::ErrorKind::ReadOnlyFilesystem => {
            ": name a file in a directory that can be written to; in a container, in a volume".to_owned()
        }
        _ => String::new(),
    }
}

/// Another process writes to a file, or to its log, where the file was moved away.
pub(super) fn busy(path: &Path) -> io::Error {
    let path = path.display();
    io::Error::new(
        io::ErrorKind::ResourceBusy,
        format!("the audit file {path}: another process writes to it: each dockgate needs a file of its own"),
    )
}

/// Makes sure of room for some records behind the end of a file.
fn reserve(file: &File) -> io::Result<()> {
    let end = file.metadata()?.len().try_into().map_err(io::Error::other)?;
    match fallocate(file, FallocateFlags::FALLOC_FL_KEEP_SIZE, end, ROOM_BYTES) {
        // Not every file system can be asked.
        Err(Errno::EOPNOTSUPP | Errno::ENOSYS) => Ok(()),
        reserved => reserved.map_err(io::Error::from),
    }
}

/// Returns when a file's name is on the disk, where the system can tell.
pub(super) fn sync_directory(file: &Path) -> io::Result<()> {
    File::open(directory_of(file))?.sync_all()
}

fn read_tail(file: &mut File) -> io::Result<Tail> {
    let length = file.seek(SeekFrom::End(0))?;
    if length == 0 {
        return Ok(Tail::default());
    }
    let mut first = Vec::new();
    file.rewind()?;
    file.take(FIRST).read_to_end(&mut first)?;
    if !is_beginning(&first) && !is_blank(file, length)? {
        return Err(io::Error::new(
            io::ErrorKind::InvalidData,
            "it holds something else than audit records: name another file, or move this one away",
        ));
    }
    let since = first_record(&first).and_then(|linked| str::from_utf8(linked.time).ok()?.parse().ok());
    let found = Tail { since, bytes: length, ..Tail::default() };
    let mut end = Vec::new();
    for window in WINDOWS {
        end.clear();
        file.seek(SeekFrom::Start(length.saturating_sub(window)))?;
        file.read_to_end(&mut end)?;
        let lines_end = memchr::memrchr(b'\n', &end).map_or(0, |at| at.saturating_add(1));
        let (lines, rest) = end.split_at_checked(lines_end).unwrap_or_default();
        if let Some(last) = record_at(rest, b"\n") {
            return Ok(Tail { last: Some(last), mid_line: true, ..found });
        }
        let last = last_record(lines);
        if last.is_some() || length <= window {
            let torn = (!rest.is_empty()).then(|| Torn::of(rest));
            // Without room for the record that tells of it it stays, for another start to find.
            let cut = torn.is_none()
                || reserve(file).is_ok() && file.set_len(length.saturating_sub(bytes(rest))).is_ok();
            return Ok(Tail { last, mid_line: !cut, torn, ..found });
        }
    }
    Err(io::Error::new(
        io::ErrorKind::InvalidData,
        "there is no record near its end: name another file, or move this one away",
    ))
}

/// Whether a file holds nothing but zeros, as a loss of power can leave one that was begun a moment before.
fn is_blank(file: &mut File, length: u64) -> io::Result<bool> {
    let mut text = Vec::new();
    if length > ROOM_BYTES.unsigned_abs() {
        return Ok(false);
    }
    file.rewind()?;
    file.read_to_end(&mut text)?;
    Ok(text.iter().all(|byte| *byte == 0))
}

/// The last line that is a record.
fn last_record(lines: &[u8]) -> Option<Link> {
    lines.split_inclusive(|byte| *byte == b'\n').rev().find_map(|line| record_at(line, b""))
}

/// The place of a line's record, where it is one; `more` is what the line lacks.
pub(super) fn record_at(line: &[u8], more: &[u8]) -> Option<Link> {
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
    fn a_torn_first_line_that_stayed_is_part_of_the_log() {
        let text = format!("{{\"schema\":1,\"se\n{ONE}\n");
        let (tail, left) = tail_of(&text).unwrap();
        assert_eq!((tail.last, left), (Some(link(1, ONE)), text));
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
        let zeros = "\0".repeat(5000);
        let (tail, left) = tail_of(&zeros).unwrap();
        assert_eq!((tail.last, tail.torn, left.as_str()), (None, Some(Torn::of(zeros.as_bytes())), ""));
    }

    #[test]
    fn a_record_that_lacks_only_its_newline_is_whole() {
        let (tail, left) = tail_of(&format!("{ONE}\n{TWO}")).unwrap();
        assert_eq!((tail.last, tail.mid_line, tail.torn), (Some(link(2, TWO)), true, None));
        assert_eq!(left, format!("{ONE}\n{TWO}"));
    }

    #[test]
    fn the_last_record_is_found_behind_a_long_stretch_of_rubbish() {
        let rubbish = "x".repeat(2 * 1024 * 1024);
        assert_eq!(tail_of(&format!("{ONE}\n{rubbish}\n")).unwrap().0.last, Some(link(1, ONE)));
    }

    #[test]
    fn a_file_of_something_else_is_left_alone() {
        for text in [
            "root:x:0:0:root:/root:/bin/sh\n",
            "{\"log-driver\":\"json-file\"}",
            "{\n  \"a\": 1\n}",
            "{\n  \"a\": 1\n}\n",
            &format!("{}x", "\0".repeat(1000)),
        ] {
            let directory = tempfile::tempdir().unwrap();
            let path = directory.path().join("audit");
            std::fs::write(&path, text).unwrap();
            let error = AuditFile::open(&path).unwrap_err();
            assert!(error.to_string().ends_with(
                "audit: it holds something else than audit records: name another file, or move this one away"
            ));
            assert_eq!(std::fs::read_to_string(&path).unwrap(), text);
        }
    }

    #[test]
    fn a_directory_that_is_missing_is_named() {
        assert_eq!(
            AuditFile::open(Path::new("/nonexistent/audit")).unwrap_err().to_string(),
            "the audit file /nonexistent/audit: the directory /nonexistent does not exist: make it first"
        );
    }

    #[test]
    fn what_to_do_about_a_file_that_cannot_be_opened_is_said() {
        let directory = tempfile::tempdir().unwrap();
        let error = AuditFile::open(directory.path()).unwrap_err().to_string();
        assert!(error.ends_with(": Is a directory (os error 21): name a file in it"), "{error}");
        let error = hint(io::ErrorKind::PermissionDenied);
        assert!(error.contains("give it write access"), "{error}");
        let error = hint(io::ErrorKind::ReadOnlyFilesystem);
        assert!(error.contains("in a container, in a volume"), "{error}");
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
