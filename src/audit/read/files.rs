//! The files that a log is in.

use std::fs::{self, File};
use std::io::{self, BufRead as _, BufReader, Read as _};
use std::path::{Path, PathBuf};

use super::super::chain::{Link, Linked};
use super::super::head::Head;

/// How much of a file is looked at for its first record.
const FIRST_LINE: u64 = 1024 * 1024;

/// A log: files, in the order of their records.
#[derive(Clone, Debug)]
pub struct Log {
    /// The files.
    pub files: Vec<LogFile>,
    /// What the head beside the audit file says is the last record.
    pub(in crate::audit) head: Option<Link>,
}

/// One of the files of a log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogFile {
    /// Its path; `-` is the standard input.
    pub path: PathBuf,
    /// Its size on the disk.
    pub bytes: u64,
    /// The number of its first record; none where there is no record.
    pub first: Option<u64>,
}

impl Log {
    /// The log that is written to this file, with what was moved out of it to files beside it
    /// (`FILE.…`, `FILE-…`).
    ///
    /// # Errors
    ///
    /// If none of them can be read.
    pub fn of(path: &Path) -> io::Result<Self> {
        // What was written before the head was is there when the files are read.
        let head = Head::read(path)?;
        let mut files = Vec::new();
        for path in beside(path)? {
            files.extend(LogFile::open(&path)?.filter(|file| file.first.is_some()));
        }
        if let Some(file) = LogFile::open(path)? {
            files.push(file);
        } else if files.is_empty() {
            return Err(named(path, &io::ErrorKind::NotFound.into()));
        }
        Ok(Self::sorted(files, head))
    }

    /// A log in these files and no others.
    ///
    /// # Errors
    ///
    /// If one of them cannot be read.
    pub fn of_files(paths: &[PathBuf]) -> io::Result<Self> {
        let mut files = Vec::new();
        for path in paths {
            let file = LogFile::open(path)?;
            files.push(file.ok_or_else(|| named(path, &io::ErrorKind::NotFound.into()))?);
        }
        Ok(Self::sorted(files, None))
    }

    fn sorted(mut files: Vec<LogFile>, head: Option<Link>) -> Self {
        files.sort_by_key(|file| file.first.unwrap_or(u64::MAX));
        Self { files, head }
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
                return Ok(Self { path: path.to_owned(), bytes: 0, first: None });
            }
            let file = File::open(path)?;
            let bytes = file.metadata()?.len();
            let mut line = Vec::new();
            BufReader::new(file.take(FIRST_LINE)).read_until(b'\n', &mut line)?;
            let first = Linked::read(&line).map(|linked| linked.sequence);
            Ok(Self { path: path.to_owned(), bytes, first })
        };
        match looked() {
            Ok(file) => Ok(Some(file)),
            Err(error) if io::Error::kind(&error) == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(named(path, &error)),
        }
    }
}

/// The files beside `path` whose names are its own with something behind it.
fn beside(path: &Path) -> io::Result<Vec<PathBuf>> {
    let directory = match path.parent() {
        Some(parent) if parent != Path::new("") => parent,
        Some(_) | None => Path::new("."),
    };
    let name = path.file_name().unwrap_or_default().as_encoded_bytes();
    let mut found = Vec::new();
    for entry in fs::read_dir(directory).map_err(|error| named(directory, &error))? {
        let entry = entry.map_err(|error| named(directory, &error))?;
        let entry_name = entry.file_name();
        let rest = entry_name.as_encoded_bytes().strip_prefix(name);
        if matches!(rest, Some([b'.' | b'-', _, ..])) && entry.path().is_file() {
            found.push(entry.path());
        }
    }
    Ok(found)
}

fn named(path: &Path, error: &io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("{} cannot be read: {error}", super::shown(path)))
}

#[cfg(test)]
mod tests {
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
        fs::write(path("log.head"), "{\"sequence\":30}").unwrap();
        let log = Log::of(&path("log")).unwrap();
        let names: Vec<_> = (0..log.files.len()).map(|file| log.name(file)).collect();
        let expected = ["log-20260101", "log.1", "log"].map(|name| path(name).display().to_string());
        assert_eq!(names, expected);
        assert!(Log::of(&path("none")).unwrap_err().to_string().contains("none cannot be read"));
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
