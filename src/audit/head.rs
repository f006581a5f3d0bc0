//! The head of the chain: a file beside the audit file that says which record is the last, so that it tells
//! when some were cut off, and so that the chain goes on where the file was moved away.

use std::fs::{File, OpenOptions};
use std::io::{self, Read as _, Seek as _};
use std::os::unix::fs::{FileExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::chain::{Hash, Link};
use super::record::{Mismatch, time_text};
use super::writer::sealed_text;

/// The size of the file, so that it is always overwritten whole; what is written is shorter.
const BYTES: usize = 256;

/// How often it is read again where what was read does not fit together, and after how long each time: whoever writes
/// it may be in the middle of that.
const TRIES: usize = 100;
const PAUSE: Duration = Duration::from_millis(1);

/// The file beside the audit file.
#[derive(Debug)]
pub(super) struct Head(File);

/// What it says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Said {
    /// The last record.
    pub(super) link: Link,
    /// How many records behind it could not be written, and no record tells of yet.
    pub(super) lost: u64,
}

#[derive(Deserialize, Serialize)]
struct Written {
    sequence: u64,
    hash: String,
    time: String,
    #[serde(default, skip_serializing_if = "is_zero")]
    lost: u64,
    /// What the others come to, so that half of what was and half of what is shows.
    check: Option<String>,
}

impl Written {
    fn new(said: Said, time: String) -> Self {
        let Said { link, lost } = said;
        let check = Some(check(said, &time));
        Self { sequence: link.sequence, hash: link.hash.to_string(), time, lost, check }
    }

    fn said(&self) -> Option<Said> {
        let link = Link { sequence: self.sequence, hash: Hash::read(self.hash.as_bytes())? };
        Some(Said { link, lost: self.lost })
    }

    /// Whether all of it was written at once, as far as it says.
    fn is_one(&self) -> bool {
        let fits = |own: &String| self.said().is_some_and(|said| check(said, &self.time) == *own);
        self.check.as_ref().is_none_or(fits)
    }
}

fn check(said: Said, time: &str) -> String {
    let mut text = sealed_text(said.link, time);
    if said.lost > 0 {
        text.push_str(&said.lost.to_string());
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
        path.push(".head");
        path.into()
    }

    /// Opens it, or makes it, with what it says.
    pub(super) fn open(audit: &Path) -> io::Result<(Self, Option<Said>)> {
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).truncate(false).mode(0o600);
        let mut file = options.open(Self::path(audit))?;
        let said = read(&mut file)?;
        Ok((Self(file), said))
    }

    /// What the head beside an audit file says, where there is one.
    pub(super) fn read(audit: &Path) -> io::Result<Option<Said>> {
        match File::open(Self::path(audit)) {
            Ok(mut file) => read(&mut file),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
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
        self.0.write_all_at(text.as_bytes(), 0)
    }
}

/// What it says; nothing where that cannot be made out.
fn read(file: &mut File) -> io::Result<Option<Said>> {
    let mut written: Option<Written> = None;
    for _ in 0..TRIES {
        let mut text = Vec::new();
        file.rewind()?;
        file.take(u64::try_from(BYTES).unwrap_or(u64::MAX)).read_to_end(&mut text)?;
        written = serde_json::from_slice(&text).ok();
        if text.is_empty() || written.as_ref().is_some_and(Written::is_one) {
            break;
        }
        thread::sleep(PAUSE);
    }
    Ok(written.and_then(|written| written.said()))
}

/// The one of two places in the chain that is further on.
pub(super) fn newer(one: Option<Link>, other: Option<Link>) -> Option<Link> {
    match (one, other) {
        (Some(head), Some(moved)) if moved.sequence > head.sequence => other,
        (Some(_), _) => one,
        (None, _) => other,
    }
}

/// Where the chain goes on, and what is wrong: the file may be ahead of the head, which is written a little
/// later, but never behind it.
pub(super) fn resume(file: Option<Link>, head: Option<Link>) -> (Link, Option<Mismatch>) {
    match (file, head) {
        (None, None) => (Link::START, None),
        // The file was moved away, to be kept elsewhere.
        (None, Some(head)) => (head, None),
        (Some(file), None) => (file, None),
        (Some(file), Some(head)) if file.sequence > head.sequence || file == head => (file, None),
        (Some(file), Some(head)) if file.sequence == head.sequence => {
            (head, Some(Mismatch::Changed(head.sequence)))
        }
        (Some(file), Some(head)) => {
            let from = file.sequence.saturating_add(1);
            (head, Some(Mismatch::Missing { from, to: head.sequence }))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn link(sequence: u64, text: &str) -> Link {
        Link { sequence, hash: Hash::of(text.as_bytes()) }
    }

    fn said(sequence: u64, text: &str) -> Said {
        Said { link: link(sequence, text), lost: 0 }
    }

    #[test]
    fn it_says_what_was_put_last() {
        let directory = tempfile::tempdir().unwrap();
        let audit = directory.path().join("audit");
        assert_eq!(Head::read(&audit).unwrap(), None);
        let (mut head, before) = Head::open(&audit).unwrap();
        assert_eq!(before, None);
        head.put(said(u64::MAX, "a")).unwrap();
        head.put(said(7, "b")).unwrap();
        assert_eq!(Head::read(&audit).unwrap(), Some(said(7, "b")));
        assert_eq!(Head::open(&audit).unwrap().1, Some(said(7, "b")));
        let most = Said { lost: u64::MAX, ..said(u64::MAX, "c") };
        head.put(most).unwrap();
        assert_eq!(Head::read(&audit).unwrap(), Some(most));
        std::fs::write(Head::path(&audit), "{\"sequence\":").unwrap();
        assert_eq!(Head::read(&audit).unwrap(), None);
    }

    #[test]
    fn half_of_it_is_not_taken_for_the_whole() {
        let directory = tempfile::tempdir().unwrap();
        let audit = directory.path().join("audit");
        let (mut head, _) = Head::open(&audit).unwrap();
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
            assert_eq!(Head::read(&audit).unwrap(), Some(said(223, "b")));
        });
        // What stays so is what it says, and is held against the records.
        std::fs::write(&path, [&new[..40], &old[40..]].concat()).unwrap();
        assert_eq!(Head::read(&audit).unwrap().unwrap().link.sequence, 223);
        // As it was written before there was a check.
        let unchecked = format!("{{\"sequence\":7,\"hash\":\"{}\",\"time\":\"t\"}}", Hash::of(b"b"));
        std::fs::write(&path, unchecked).unwrap();
        assert_eq!(Head::read(&audit).unwrap(), Some(said(7, "b")));
    }

    #[test]
    fn a_file_that_was_moved_may_be_newer_than_the_head() {
        let (three, other, five) = (link(3, "3"), link(3, "x"), link(5, "5"));
        assert_eq!(newer(Some(three), Some(five)), Some(five));
        assert_eq!(newer(Some(five), Some(three)), Some(five));
        assert_eq!(newer(Some(three), Some(other)), Some(three));
        assert_eq!(
            (newer(None, Some(five)), newer(Some(five), None), newer(None, None)),
            (Some(five), Some(five), None)
        );
    }

    #[test]
    fn a_file_behind_its_head_lacks_records() {
        let missing = |from, to| Some(Mismatch::Missing { from, to });
        let (three, other, five) = (link(3, "3"), link(3, "x"), link(5, "5"));
        assert_eq!(resume(None, None), (Link::START, None));
        assert_eq!(resume(None, Some(five)), (five, None));
        assert_eq!(resume(Some(five), None), (five, None));
        assert_eq!(resume(Some(five), Some(three)), (five, None));
        assert_eq!(resume(Some(five), Some(five)), (five, None));
        assert_eq!(resume(Some(three), Some(five)), (five, missing(4, 5)));
        assert_eq!(resume(Some(other), Some(three)), (three, Some(Mismatch::Changed(3))));
    }
}
