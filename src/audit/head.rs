//! The head of the chain: a file beside the audit file that says which record is the last, so that it tells
//! when some were cut off, and so that the chain goes on where the file was moved away.

use std::fs::{self, File, Metadata, OpenOptions};
use std::io::{self, Read as _, Seek as _};
use std::os::unix::fs::{FileExt as _, MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

use jiff::Timestamp;
use nix::errno::Errno;
use nix::fcntl::{Flock, FlockArg, OFlag};
use serde::{Deserialize, Serialize};

use super::chain::{Hash, Link};
use super::file::share_as;
use super::record::{Mismatch, time_text};
use super::writer::sealed_text;

/// The size of the file, so that it is always overwritten whole; what is written is shorter.
const BYTES: usize = 256;

/// How often it is read again where what was read does not fit together, and after how long each time: whoever writes
/// it may be in the middle of that.
const TRIES: usize = 100;
const PAUSE: Duration = Duration::from_millis(1);

/// What is appended to the name of the audit file, and to that of what has the head's place and is none.
const SUFFIX: &str = ".head";
const ASIDE: &str = ".unreadable";

/// The file beside the audit file.
#[derive(Debug)]
pub(super) struct Head {
    path: PathBuf,
    /// None where it could not be opened yet.
    kept: Option<Kept>,
    /// The audit file: whoever can read that can read it.
    like: Option<Metadata>,
    /// Whether it could not be written the last time.
    pub(super) is_failing: bool,
}

/// The file, open, and kept to this process where the file system knows locks. Unlike the audit file it is never moved,
/// so that two cannot write one log.
#[derive(Debug)]
struct Kept {
    file: File,
    _lock: Option<Flock<File>>,
}

impl Kept {
    /// Opens the file, or makes it.
    fn open(path: &Path) -> io::Result<Self> {
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).truncate(false).mode(0o600);
        // What a link leads to is not ours to overwrite.
        options.custom_flags(OFlag::O_NOFOLLOW.union(OFlag::O_NONBLOCK).bits());
        let file = options.open(path)?;
        let lock = match Flock::lock(file.try_clone()?, FlockArg::LockExclusiveNonblock) {
            Ok(lock) => Some(lock),
            Err((_, Errno::EWOULDBLOCK)) => return Err(io::ErrorKind::ResourceBusy.into()),
            Err(_) => None,
        };
        Ok(Self { file, _lock: lock })
    }

    /// Whether it has no name any more, and nothing it says is found.
    fn is_removed(&self, path: &Path) -> io::Result<bool> {
        let own = self.file.metadata()?;
        // Some file systems count no names.
        let is_in_place = || {
            path.symlink_metadata().is_ok_and(|named| (named.dev(), named.ino()) == (own.dev(), own.ino()))
        };
        Ok(own.nlink() == 0 && !is_in_place())
    }
}

/// What was found of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reading {
    /// There is none, or nothing in it.
    Absent,
    /// What it holds cannot be made out.
    Unreadable,
    /// What it says.
    Said(Said),
}

impl Reading {
    /// What it says, if anything.
    pub(super) fn said(self) -> Option<Said> {
        match self {
            Self::Absent | Self::Unreadable => None,
            Self::Said(said) => Some(said),
        }
    }
}

/// What it says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Said {
    /// The last record.
    pub(super) link: Link,
    /// How many records behind it could not be written, and no record tells of yet.
    pub(super) lost: u64,
    /// Whether it stands in a file that was moved away since, and nothing in the one that is written to.
    pub(super) is_moved: bool,
}

impl Said {
    /// Before the first record.
    pub(super) const START: Self = Self { link: Link::START, lost: 0, is_moved: false };
}

#[derive(Deserialize, Serialize)]
struct Written {
    sequence: u64,
    hash: String,
    time: String,
    #[serde(default, skip_serializing_if = "is_zero")]
    lost: u64,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    moved: bool,
    /// What the others come to, so that half of what was and half of what is shows.
    check: Option<String>,
}

impl Written {
    fn new(said: Said, time: String) -> Self {
        let Said { link, lost, is_moved } = said;
        let check = Some(check(said, &time));
        Self { sequence: link.sequence, hash: link.hash.to_string(), time, lost, moved: is_moved, check }
    }

    fn said(&self) -> Option<Said> {
        let link = Link { sequence: self.sequence, hash: Hash::read(self.hash.as_bytes())? };
        Some(Said { link, lost: self.lost, is_moved: self.moved })
    }

    /// Whether all of it was written at once, as far as it says.
    fn is_one(&self) -> bool {
        let fits = |own: &String| self.said().is_some_and(|said| check(said, &self.time) == *own);
        self.check.as_ref().is_none_or(fits)
    }
}

fn check(said: Said, time: &str) -> String {
    let Said { link, lost, is_moved } = said;
    let mut text = sealed_text(link, time);
    if lost > 0 || is_moved {
        text = format!("{text}{lost} {is_moved}");
    }
    let mut check = Hash::of(text.as_bytes()).to_string();
    check.truncate(16);
    check
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks for it so")]
fn is_zero(number: &u64) -> bool {
    *number == 0
}

impl Head {
    /// Its place beside the audit file.
    pub(super) fn path(audit: &Path) -> PathBuf {
        let mut path = audit.as_os_str().to_owned();
        path.push(SUFFIX);
        path.into()
    }

    /// The audit file beside which it is a head, if its name is that of one.
    pub(super) fn audit(path: &Path) -> Option<&[u8]> {
        path.as_os_str().as_encoded_bytes().strip_suffix(SUFFIX.as_bytes())
    }

    /// Whether that is what its name has behind that of the audit file, or the name of what had its place.
    pub(super) fn is_suffix(rest: &[u8]) -> bool {
        let rest = rest.strip_prefix(SUFFIX.as_bytes());
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(ASIDE.as_bytes()))
    }

    /// The one beside an audit file, which is not opened yet.
    pub(super) fn beside(audit: &Path, like: Option<Metadata>) -> Self {
        Self { path: Self::path(audit), kept: None, like, is_failing: false }
    }

    /// Opens it, or makes it, where that was not done yet or its file was removed since, and keeps it to this process. What
    /// is no head is moved aside: it may be somebody else's.
    pub(super) fn keep(&mut self) -> io::Result<()> {
        let kept = self.kept().map(drop);
        self.is_failing = kept.is_err();
        kept
    }

    fn kept(&mut self) -> io::Result<&File> {
        let was_removed = match &self.kept {
            Some(kept) => kept.is_removed(&self.path)?,
            None => false,
        };
        if was_removed {
            self.kept = None;
        }
        let kept = match self.kept.take() {
            Some(kept) => kept,
            None => self.open()?,
        };
        if was_removed {
            tracing::error!("{} was removed, and is made anew", self.path.display());
        }
        Ok(&self.kept.insert(kept).file)
    }

    fn open(&self) -> io::Result<Kept> {
        let mut kept = Kept::open(&self.path)?;
        if read(&mut kept.file)? == Reading::Unreadable {
            fs::rename(&self.path, aside(&self.path))?;
            kept = Kept::open(&self.path)?;
        }
        if let Some(Err(error)) = self.like.as_ref().map(|like| share_as(&kept.file, like)) {
            let shown = self.path.display();
            tracing::warn!("{shown} has not the group and mode of the audit file: {error}");
        }
        Ok(kept)
    }

    /// What is found of the head beside an audit file.
    pub(super) fn read(audit: &Path) -> io::Result<Reading> {
        // Of a pipe nobody may have the other end.
        let mut options = OpenOptions::new();
        options.read(true).custom_flags(OFlag::O_NONBLOCK.bits());
        match options.open(Self::path(audit)) {
            Ok(mut file) => read(&mut file),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Reading::Absent),
            Err(error) => Err(error),
        }
    }

    /// Says this.
    pub(super) fn put(&mut self, said: Said) -> io::Result<()> {
        let mut text = serde_json::to_string(&Written::new(said, time_text(Timestamp::now())))?;
        while text.len() < BYTES.saturating_sub(1) {
            text.push(' ');
        }
        text.push('\n');
        let written = self.kept().and_then(|file| file.write_all_at(text.as_bytes(), 0));
        self.is_failing = written.is_err();
        written
    }
}

/// A free name for what has the head's place and is none. Whoever moves it there has its lock.
fn aside(path: &Path) -> PathBuf {
    let named = |end: String| {
        let mut aside = path.as_os_str().to_owned();
        aside.push(ASIDE);
        aside.push(end);
        PathBuf::from(aside)
    };
    let mut aside = named(String::new());
    for number in 1_u64.. {
        if aside.symlink_metadata().is_err() {
            break;
        }
        aside = named(format!(".{number}"));
    }
    aside
}

fn read(file: &mut File) -> io::Result<Reading> {
    let kind = file.metadata()?.file_type();
    // Of a directory the system says it better.
    if !kind.is_file() && !kind.is_dir() {
        return Ok(Reading::Unreadable);
    }
    let mut written: Option<Written> = None;
    for _ in 0..TRIES {
        let mut text = Vec::new();
        file.rewind()?;
        file.take(u64::try_from(BYTES).unwrap_or(u64::MAX)).read_to_end(&mut text)?;
        written = serde_json::from_slice(&text).ok();
        if text.is_empty() {
            return Ok(Reading::Absent);
        }
        if written.as_ref().is_some_and(Written::is_one) {
            break;
        }
        thread::sleep(PAUSE);
    }
    Ok(written.and_then(|written| written.said()).map_or(Reading::Unreadable, Reading::Said))
}

/// Where the chain goes on, and what is wrong, by the last record of the file, the last of those that were moved out of
/// it where it has none, and the head. Files may be ahead of the head, which is written a little later, but never
/// behind it, unless they were moved elsewhere when dockgate was told so.
pub(super) fn resume(file: Option<Link>, moved: Option<Link>, head: Reading) -> (Link, Option<Mismatch>) {
    let last = file.or(moved).unwrap_or(Link::START);
    let Said { link: head, lost: _, is_moved } = match head {
        Reading::Absent => return (last, (last != Link::START).then_some(Mismatch::NoHead)),
        Reading::Unreadable => return (last, Some(Mismatch::UnreadableHead)),
        Reading::Said(said) => said,
    };
    if last.sequence > head.sequence || last == head {
        return (last, None);
    }
    if file.is_none() && is_moved {
        return (head, None);
    }
    let mismatch = if last.sequence == head.sequence {
        Mismatch::Changed(head.sequence)
    } else {
        Mismatch::Missing { from: last.sequence.saturating_add(1), to: head.sequence }
    };
    (head, Some(mismatch))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn link(sequence: u64, text: &str) -> Link {
        Link { sequence, hash: Hash::of(text.as_bytes()) }
    }

    fn said(sequence: u64, text: &str) -> Said {
        Said { link: link(sequence, text), lost: 0, is_moved: false }
    }

    fn kept(audit: &Path) -> Head {
        let mut head = Head::beside(audit, None);
        head.keep().unwrap();
        head
    }

    #[test]
    fn one_that_was_removed_or_could_not_be_made_is_made_anew() {
        let directory = tempfile::tempdir().unwrap();
        let audit = directory.path().join("log").join("audit");
        let mut head = Head::beside(&audit, None);
        head.put(said(6, "a")).unwrap_err();
        assert!(head.is_failing);
        fs::create_dir(directory.path().join("log")).unwrap();
        fs::write(&audit, "").unwrap();
        head.like = Some(fs::metadata(&audit).unwrap());
        for number in 7..9 {
            head.put(said(number, "b")).unwrap();
            assert_eq!(Head::read(&audit).unwrap(), Reading::Said(said(number, "b")));
            let busy = Head::beside(&audit, None).keep().unwrap_err();
            assert_eq!(busy.kind(), io::ErrorKind::ResourceBusy);
            let mode = |path: &Path| fs::metadata(path).unwrap().mode();
            assert_eq!(mode(&Head::path(&audit)), mode(&audit));
            fs::remove_file(Head::path(&audit)).unwrap();
        }
        // Somebody else has it then.
        let other = kept(&audit);
        assert_eq!(head.put(said(9, "b")).unwrap_err().kind(), io::ErrorKind::ResourceBusy);
        drop(other);
        head.put(said(9, "b")).unwrap();
    }

    #[test]
    fn it_says_what_was_put_last() {
        let directory = tempfile::tempdir().unwrap();
        let audit = directory.path().join("audit");
        assert_eq!(Head::read(&audit).unwrap(), Reading::Absent);
        let mut head = kept(&audit);
        head.put(said(u64::MAX, "a")).unwrap();
        head.put(said(7, "b")).unwrap();
        assert_eq!(Head::read(&audit).unwrap(), Reading::Said(said(7, "b")));
        drop(head);
        let mut head = kept(&audit);
        assert_eq!(Head::read(&audit).unwrap(), Reading::Said(said(7, "b")));
        let most = Said { lost: u64::MAX, is_moved: true, ..said(u64::MAX, "c") };
        head.put(most).unwrap();
        assert_eq!(Head::read(&audit).unwrap(), Reading::Said(most));
        std::fs::write(Head::path(&audit), "{\"sequence\":").unwrap();
        assert_eq!(Head::read(&audit).unwrap(), Reading::Unreadable);
    }

    #[test]
    fn what_is_no_head_of_ours_is_not_overwritten() {
        let directory = tempfile::tempdir().unwrap();
        let (audit, other) = (directory.path().join("audit"), directory.path().join("other"));
        std::fs::write(&other, "something else").unwrap();
        std::os::unix::fs::symlink(&other, Head::path(&audit)).unwrap();
        Head::beside(&audit, None).keep().unwrap_err();
        std::fs::remove_file(Head::path(&audit)).unwrap();
        std::fs::hard_link(&other, Head::path(&audit)).unwrap();
        let mut head = kept(&audit);
        head.put(said(7, "b")).unwrap();
        assert_eq!(Head::read(&audit).unwrap(), Reading::Said(said(7, "b")));
        for kept in [&other, &directory.path().join("audit.head.unreadable")] {
            assert_eq!(std::fs::read_to_string(kept).unwrap(), "something else");
        }
    }

    #[test]
    fn nothing_is_moved_of_who_has_it_and_nothing_over_another() {
        let directory = tempfile::tempdir().unwrap();
        let audit = directory.path().join("audit");
        let was =
            |end: &str| fs::read_to_string(directory.path().join(format!("audit.head.unreadable{end}")));
        fs::write(Head::path(&audit), "one").unwrap();
        let head = kept(&audit);
        fs::write(Head::path(&audit), "two").unwrap();
        let busy = Head::beside(&audit, None).keep().unwrap_err();
        assert_eq!(busy.kind(), io::ErrorKind::ResourceBusy);
        assert_eq!(fs::read_to_string(Head::path(&audit)).unwrap(), "two");
        drop(head);
        kept(&audit);
        fs::write(Head::path(&audit), "three").unwrap();
        kept(&audit);
        assert_eq!(["", ".1", ".2"].map(|end| was(end).unwrap()), ["one", "two", "three"]);
    }

    #[test]
    fn a_pipe_is_no_head_and_nobody_waits_for_it() {
        let directory = tempfile::tempdir().unwrap();
        let audit = directory.path().join("audit");
        nix::unistd::mkfifo(&Head::path(&audit), nix::sys::stat::Mode::S_IRWXU).unwrap();
        assert_eq!(Head::read(&audit).unwrap(), Reading::Unreadable);
        let mut head = kept(&audit);
        head.put(said(7, "b")).unwrap();
        assert_eq!(Head::read(&audit).unwrap(), Reading::Said(said(7, "b")));
    }

    #[test]
    fn half_of_it_is_not_taken_for_the_whole() {
        let directory = tempfile::tempdir().unwrap();
        let audit = directory.path().join("audit");
        let mut head = kept(&audit);
        let mut put = |said| {
            head.put(said).unwrap();
            std::fs::read(Head::path(&audit)).unwrap()
        };
        let (old, new) = (put(Said { lost: 8, ..said(219, "a") }), put(said(223, "b")));
        for written in 1..new.len() {
            let mixed = [&new[..written], &old[written..]].concat();
            let is_one = serde_json::from_slice::<Written>(&mixed).is_ok_and(|mixed| mixed.is_one());
            assert_eq!(is_one, mixed == new || mixed == old, "{}", String::from_utf8_lossy(&mixed));
        }
        // Who writes it comes to an end.
        let path = Head::path(&audit);
        std::fs::write(&path, [&new[..40], &old[40..]].concat()).unwrap();
        std::thread::scope(|scope| {
            scope.spawn(|| {
                std::thread::sleep(Duration::from_millis(20));
                OpenOptions::new().write(true).open(&path).unwrap().write_all_at(&new, 0).unwrap();
            });
            assert_eq!(Head::read(&audit).unwrap(), Reading::Said(said(223, "b")));
        });
        // What stays so is what it says, and is held against the records.
        std::fs::write(&path, [&new[..40], &old[40..]].concat()).unwrap();
        assert_eq!(Head::read(&audit).unwrap().said().unwrap().link.sequence, 223);
        // As it was written before there was a check.
        let unchecked = format!("{{\"sequence\":7,\"hash\":\"{}\",\"time\":\"t\"}}", Hash::of(b"b"));
        std::fs::write(&path, unchecked).unwrap();
        assert_eq!(Head::read(&audit).unwrap(), Reading::Said(said(7, "b")));
    }

    #[test]
    fn a_file_behind_its_head_lacks_records() {
        let missing = |from, to| Some(Mismatch::Missing { from, to });
        let (three, other, five) = (link(3, "3"), link(3, "x"), link(5, "5"));
        let in_place = |link| Reading::Said(Said { link, lost: 0, is_moved: false });
        assert_eq!(resume(None, None, Reading::Absent), (Link::START, None));
        assert_eq!(resume(None, None, in_place(Link::START)), (Link::START, None));
        assert_eq!(resume(Some(five), None, Reading::Absent), (five, Some(Mismatch::NoHead)));
        assert_eq!(resume(Some(five), None, Reading::Unreadable), (five, Some(Mismatch::UnreadableHead)));
        assert_eq!(resume(Some(five), None, in_place(three)), (five, None));
        assert_eq!(resume(Some(five), None, in_place(five)), (five, None));
        assert_eq!(resume(Some(three), None, in_place(five)), (five, missing(4, 5)));
        assert_eq!(resume(Some(other), None, in_place(three)), (three, Some(Mismatch::Changed(3))));
        // What was moved may be newer than the head.
        assert_eq!(resume(None, Some(five), Reading::Absent), (five, Some(Mismatch::NoHead)));
        assert_eq!(resume(None, Some(five), in_place(three)), (five, None));
        assert_eq!(resume(None, Some(five), in_place(five)), (five, None));
        assert_eq!(resume(None, Some(three), in_place(five)), (five, missing(4, 5)));
        assert_eq!(resume(None, None, in_place(five)), (five, missing(1, 5)));
        // It may be anywhere, where dockgate was told.
        let elsewhere = |link| Reading::Said(Said { link, lost: 0, is_moved: true });
        assert_eq!(resume(None, None, elsewhere(five)), (five, None));
        assert_eq!(resume(None, Some(three), elsewhere(five)), (five, None));
        assert_eq!(resume(Some(three), None, elsewhere(five)), (five, missing(4, 5)));
    }
}
