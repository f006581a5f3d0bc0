//! The files that a log is in.

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::super::chain::Link;
use super::super::head::{Head, Reading, Said};
use super::super::shelf::{COMPRESSED, UNFINISHED};
use super::input::Input;

/// How often files are looked for while they are being moved.
const TRIES: usize = 100;

/// A log: files, in the order of their records.
#[derive(Clone, Debug)]
pub struct Log {
    /// The files.
    pub files: Vec<LogFile>,
    /// The audit file that they belong to, where the log is more than files that were named.
    audit: Option<PathBuf>,
    /// What the head beside the audit file says.
    pub(in crate::audit) head: Option<Said>,
    /// Why that is not known, where whoever asks may not read it.
    pub head_withheld: Option<String>,
}

/// One of the files of a log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogFile {
    /// Its path; `-` is the standard input.
    pub path: PathBuf,
    /// Its size on the disk.
    pub bytes: u64,
    /// Its first record; none where it does not begin with one.
    pub first: Option<Begin>,
    /// Whether it is compressed.
    pub is_compressed: bool,
}

/// The first record of a file. The order is that of records.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Begin {
    /// Its number.
    pub sequence: u64,
    /// When, as text.
    pub time: String,
}

impl Log {
    /// The last record, as the head says.
    pub(in crate::audit) fn last_said(&self) -> Option<Link> {
        self.head.map(|head| head.link)
    }

    /// Whether it has no head where one belongs, or something else in its place: nothing tells whether records were cut off.
    #[must_use]
    pub fn lacks_head(&self) -> bool {
        self.audit.is_some() && self.head.is_none() && self.head_withheld.is_none()
    }

    /// The log that is written to this file, with what was moved out of it to files beside it
    /// (`FILE.…`, `FILE-…`).
    ///
    /// # Errors
    ///
    /// If none of them can be read.
    pub fn of(path: &Path) -> io::Result<Self> {
        no_head(path)?;
        // What was written before the head was is there when the files are read.
        // Where both cannot be read, it is the file itself that whoever asks has heard of.
        let unreadable =
            |error| LogFile::open(path).err().unwrap_or_else(|| named(&Head::path(path), &error));
        let (head, head_withheld) = match Head::read(path) {
            Ok(head) => (head.said(), None),
            Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {
                (None, Some(named(&Head::path(path), &error).to_string()))
            }
            Err(error) => return Err(unreadable(error)),
        };
        let mut names = beside(path)?;
        for _ in 0..TRIES {
            let log = Self::of_these(path, &names, head);
            let now = beside(path)?;
            if now == names {
                return Ok(Self { head_withheld, ..log? });
            }
            // What was moved meanwhile could be in neither.
            names = now;
        }
        let busy = io::Error::new(io::ErrorKind::ResourceBusy, "files are moved all the time");
        Err(named(path, &busy))
    }

    fn of_these(path: &Path, beside: &[PathBuf], head: Option<Said>) -> io::Result<Self> {
        let mut files = moved(beside)?;
        match LogFile::open(path)? {
            // One with nothing in it yet may be another one by the time that it is read.
            Some(file) if file.bytes == 0 && !files.is_empty() => {}
            Some(file) => files.push(file),
            None if files.is_empty() => return Err(taken_away(path, head)),
            None => {}
        }
        Ok(Self::sorted(files, head, Some(path.to_owned())))
    }

    /// A log in these files and no others.
    ///
    /// # Errors
    ///
    /// If one of them cannot be read.
    pub fn of_files(paths: &[PathBuf]) -> io::Result<Self> {
        let mut files = Vec::new();
        for path in paths {
            no_head(path)?;
            let file = LogFile::open(path)?;
            files.push(file.ok_or_else(|| taken_away(path, None))?);
        }
        Ok(Self::sorted(files, None, None))
    }

    /// The newest of the files that were moved out of an audit file, by itself; none where there is none.
    pub(in crate::audit) fn newest_beside(audit: &Path) -> io::Result<Option<Self>> {
        let newest = moved(&beside(audit)?)?.into_iter().max_by(|one, other| one.first.cmp(&other.first));
        Ok(newest.map(|file| Self::sorted(vec![file], None, None)))
    }

    /// Without files all of whose records are from before a time, as text of a record.
    #[must_use]
    pub fn since(mut self, time: &str) -> Self {
        let begins = || self.files.iter().map(|file| file.first.as_ref().map(|first| first.time.as_str()));
        // A clock that was set back makes no order.
        if begins().is_sorted() && begins().all(|time| time.is_some()) {
            let before = begins().skip(1).take_while(|begin| begin.is_some_and(|begin| begin <= time));
            let before = before.count();
            self.files.drain(..before);
        }
        self
    }

    fn sorted(mut files: Vec<LogFile>, head: Option<Said>, audit: Option<PathBuf>) -> Self {
        // One that does not begin with a record is the audit file itself, or stands alone.
        files.sort_by(|one, other| {
            (one.first.is_none(), &one.first).cmp(&(other.first.is_none(), &other.first))
        });
        Self { files, audit, head, head_withheld: None }
    }

    /// Opens one of the files. Since it was found it may have been moved, compressed, or both.
    pub(super) fn open(&self, file: usize) -> io::Result<Input> {
        let gone =
            || io::Error::new(io::ErrorKind::NotFound, "it was removed while the log was read: ask again");
        let file = self.files.get(file).ok_or_else(gone)?;
        let Some(audit) = &self.audit else { return Input::open(&file.path) };
        if file.bytes == 0 && file.path.is_file() {
            // What was written since belongs to what comes after this log.
            return Ok(Input::empty());
        }
        let mut path = file.path.clone();
        for _ in 0..TRIES {
            match Input::open(&path).map(|mut input| (input.begin(), input)) {
                Ok((first, input)) if file.first.is_none() || first == file.first => return Ok(input),
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                Ok(_) | Err(_) => {}
            }
            let found = moved(&beside(audit)?)?.into_iter().find(|other| other.first == file.first);
            path = found.map_or_else(|| file.path.clone(), |found| found.path);
        }
        Err(gone())
    }

    /// The size of all files on the disk.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.files.iter().fold(0, |sum, file| sum.saturating_add(file.bytes))
    }
}

impl LogFile {
    /// Looks at a file; none where there is none of this name.
    fn open(path: &Path) -> io::Result<Option<Self>> {
        let looked = || {
            if path == Path::new("-") {
                return Ok(Self { path: path.to_owned(), bytes: 0, first: None, is_compressed: false });
            }
            let mut input = Input::open(path)?;
            let (first, is_compressed) = (input.begin(), input.is_compressed);
            Ok(Self { path: path.to_owned(), bytes: fs::metadata(path)?.len(), first, is_compressed })
        };
        match looked() {
            Ok(file) => Ok(Some(file)),
            Err(error) if io::Error::kind(&error) == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(named(path, &error)),
        }
    }
}

/// Those of the files that begin with a record.
fn moved(beside: &[PathBuf]) -> io::Result<Vec<LogFile>> {
    let mut files = Vec::new();
    for path in beside {
        files.extend(LogFile::open(path)?.filter(|file| file.first.is_some()));
    }
    Ok(files)
}

/// The directory that a file is in.
pub(crate) fn directory_of(path: &Path) -> &Path {
    path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or_else(|| Path::new("."))
}

/// The files beside `path` whose names are its own with something behind it.
fn beside(path: &Path) -> io::Result<Vec<PathBuf>> {
    let directory = directory_of(path);
    let name = path.file_name().unwrap_or_default().as_encoded_bytes();
    let mut found = Vec::new();
    for entry in fs::read_dir(directory).map_err(|error| named(directory, &error))? {
        let entry = entry.map_err(|error| named(directory, &error))?;
        let entry_name = entry.file_name();
        let rest = entry_name.as_encoded_bytes().strip_prefix(name);
        // The head holds no records, and may be for fewer eyes, as may what had its place.
        let is_head = rest.is_some_and(Head::is_suffix);
        if matches!(rest, Some([b'.' | b'-', _, ..])) && !is_head && entry.path().is_file() {
            found.push(entry.path());
        }
    }
    // While a file is compressed, or where that was cut short, it is there twice.
    let names: BTreeSet<_> = found.iter().cloned().collect();
    // What has a head of its own is the file of another dockgate.
    let others: Vec<_> = names.iter().filter_map(|path| Head::audit(path)).collect();
    found.retain(|path| {
        let text = path.as_os_str().as_encoded_bytes();
        let is_of = |other: &&[u8]| matches!(text.strip_prefix(*other), Some([] | [b'.' | b'-', ..]));
        let is_twice = path.extension() == Some(COMPRESSED.trim_start_matches('.').as_ref())
            && names.contains(&path.with_extension(""));
        !is_twice && !text.ends_with(UNFINISHED.as_bytes()) && !others.iter().any(is_of)
    });
    found.sort();
    Ok(found)
}

/// There is no such file; its head may tell that there was.
fn taken_away(path: &Path, head: Option<Said>) -> io::Error {
    let what = match head.map_or(0, |head| head.link.sequence) {
        0 => "there is no such file".to_owned(),
        last => format!(
            "there is no such file; the head beside it says that there were records up to {last}: they were taken away"
        ),
    };
    named(path, &io::Error::new(io::ErrorKind::NotFound, what))
}

/// A head holds no records, and is read with its log.
fn no_head(path: &Path) -> io::Result<()> {
    if Head::audit(path).is_none() {
        return Ok(());
    }
    let audit = path.with_extension("");
    let Ok(Some(_)) = Head::read(&audit).map(Reading::said) else { return Ok(()) };
    let what = format!("it is the head of a log: name {}, with which it is read", super::shown(&audit));
    Err(named(path, &io::Error::new(io::ErrorKind::InvalidInput, what)))
}

/// What is said of a file that cannot be read.
pub(super) fn named(path: &Path, error: &io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("{} cannot be read: {error}", super::shown(path)))
}

#[cfg(test)]
mod tests {
    use super::super::super::chain::Hash;
    use super::*;

    fn record(sequence: u64) -> String {
        let zeros = "0".repeat(64);
        format!(
            "{{\"schema\":1,\"sequence\":{sequence},\"previous\":\"{zeros}\",\"time\":\"now\",\"event\":\"x\"}}\n"
        )
    }

    #[test]
    fn a_log_is_its_file_and_what_was_moved_out_of_it_in_the_order_of_records() {
        let directory = tempfile::tempdir().unwrap();
        let path = |name: &str| directory.path().join(name);
        for (name, first) in [("log", 30), ("log.1", 20), ("log-20260101", 1), ("logs", 5), ("other.log", 6)]
        {
            fs::write(path(name), record(first)).unwrap();
        }
        for (name, first) in [("log-web", 8), ("log-web.20260102T030405Z.7", 2)] {
            fs::write(path(name), record(first)).unwrap();
        }
        fs::write(path("log-web.head"), "").unwrap();
        for aside in ["log.head.unreadable", "log.head.unreadable.1"] {
            fs::write(path(aside), "").unwrap();
        }
        let found = beside(&path("log")).unwrap();
        assert_eq!(found, ["log-20260101", "log.1"].map(path));
        fs::write(path("log.head"), "{\"sequence\":30}").unwrap();
        let log = Log::of(&path("log")).unwrap();
        let names: Vec<_> = (0..log.files.len()).map(|file| log.name(file)).collect();
        let expected = ["log-20260101", "log.1", "log"].map(|name| path(name).display().to_string());
        assert_eq!(names, expected);
        assert!(Log::of(&path("none")).unwrap_err().to_string().contains("none cannot be read"));
        fs::create_dir(path("other.log.head")).unwrap();
        let error = Log::of(&path("other.log")).unwrap_err().to_string();
        assert!(error.contains("other.log.head cannot be read"), "{error}");
        fs::remove_file(path("other.log")).unwrap();
        fs::create_dir(path("other.log")).unwrap();
        let error = Log::of(&path("other.log")).unwrap_err().to_string();
        assert!(error.contains("other.log cannot be read"), "{error}");
    }

    #[test]
    fn a_head_is_no_log_and_tells_of_one_that_was_taken_away() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("log");
        let link = Link { sequence: 7, hash: Hash::of(b"x") };
        Head::beside(&path, None).put(Said { link, ..Said::START }).unwrap();
        let error = Log::of(&path).unwrap_err().to_string();
        assert!(error.contains("says that there were records up to 7: they were taken away"), "{error}");
        fs::write(&path, record(1)).unwrap();
        let head = Head::path(&path);
        for named in [Log::of(&head), Log::of_files(&[path.clone(), head.clone()])] {
            let error = named.unwrap_err().to_string();
            assert!(error.contains("it is the head of a log: name "), "{error}");
        }
        // What is only called like one is a file as any other.
        fs::write(&head, record(1)).unwrap();
        assert_eq!(Log::of_files(&[head]).unwrap().files.len(), 1);
    }

    #[test]
    fn the_name_of_a_file_does_not_play_with_a_terminal() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("log.\u{1b}]0;x\u{7}'\u{202e}\\");
        fs::write(&path, record(1)).unwrap();
        let log = Log::of_files(&[path]).unwrap();
        let shown = log.name(0);
        assert!(shown.ends_with("log.\\u{1b}]0;x\\u{7}'\\u{202e}\\\\"), "{shown}");
    }

    #[test]
    fn lines_come_whole_with_their_numbers_however_long_they_are() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("log");
        let lines: Vec<String> =
            [1, 3_000_000, 5, 600_000, 600_000, 0, 2].iter().map(|length| "x".repeat(*length)).collect();
        fs::write(&path, lines.join("\n")).unwrap();
        let log = Log::of_files(&[path]).unwrap();
        let mut read = log.lines().unwrap();
        let mut seen = Vec::new();
        while let Some(line) = read.next_line().unwrap() {
            seen.push(String::from_utf8_lossy(line.bytes).trim_end_matches('\n').to_owned());
            assert_eq!(usize::try_from(line.number).unwrap(), seen.len());
        }
        assert_eq!(seen, lines);
        assert_eq!(read.read_bytes(), log.bytes());
    }
}
