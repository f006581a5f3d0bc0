//! Following an audit file as it is written, across rotation and truncation.

use std::fs::{self, File};
use std::io::{self, Read as _, Seek as _, SeekFrom};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use super::super::chain::Linked;
use super::Log;
use super::files::named;

/// How much is read at a time.
const BYTES: usize = 256 * 1024;

/// An audit file that is followed.
#[derive(Debug)]
pub struct Follower {
    path: PathBuf,
    file: Option<File>,
    position: u64,
    /// The beginning of a line whose end is not written yet.
    begun: Vec<u8>,
    /// The number of the last record so far.
    last: u64,
}

impl Follower {
    /// Begins about so many bytes before the end, in the file before it too where that has no more.
    ///
    /// # Errors
    ///
    /// If there is no such file, or it cannot be read.
    pub fn near_end(path: &Path, bytes: u64, each: &mut dyn FnMut(&[u8])) -> io::Result<Self> {
        let named = |error: io::Error| named(path, &error);
        let mut follower =
            Self { path: path.to_owned(), file: None, position: 0, begun: Vec::new(), last: 0 };
        let length = fs::metadata(path).map_err(named)?.len();
        if length < bytes
            && let Some(log) = Log::newest_beside(path)?
        {
            follower.read_log(&log, each)?;
        }
        follower.open().map_err(named)?;
        if length > bytes {
            follower.position = length.saturating_sub(bytes);
            // What is left of the line there is no record.
            follower.read_on(&mut |_| {}, &mut |_| true)?;
        }
        follower.poll(each)?;
        Ok(follower)
    }

    /// Gives out each line that has come since.
    ///
    /// # Errors
    ///
    /// If a file cannot be read.
    pub fn poll(&mut self, each: &mut dyn FnMut(&[u8])) -> io::Result<()> {
        let is_moved = self.is_moved()?;
        // What was written before it was moved is there by now.
        self.read_on(each, &mut |_| false)?;
        if !is_moved {
            return Ok(());
        }
        self.begun.clear();
        match self.open() {
            Ok(()) => {}
            // Whoever moved it has not told dockgate yet.
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            Err(error) => return Err(error),
        }
        // There may be more than one new file: those that were moved before this one was there. It may have been moved
        // meanwhile itself.
        let moved = Log::of(&self.path)?.files;
        let first = self.first()?.unwrap_or(u64::MAX);
        for file in moved {
            let is_between = |sequence: u64| self.last < sequence && sequence < first;
            if file.first.as_ref().is_some_and(|begin| is_between(begin.sequence)) {
                self.read_log(&Log::of_files(&[file.path])?, each)?;
            }
        }
        self.read_on(each, &mut |_| false)
    }

    /// The number of the first record of the file that was opened; none where there is none yet.
    fn first(&mut self) -> io::Result<Option<u64>> {
        let (last, mut first) = (self.last, None);
        let mut number = |line: &[u8]| first = Linked::read(line).map(|linked| linked.sequence);
        self.read_on(&mut number, &mut |_| true)?;
        self.begun.clear();
        (self.position, self.last) = (0, last);
        Ok(first)
    }

    fn open(&mut self) -> io::Result<()> {
        self.file = Some(File::open(&self.path)?);
        self.position = 0;
        Ok(())
    }

    /// Whether its name is another file's by now. One that was cut is read from its beginning.
    fn is_moved(&mut self) -> io::Result<bool> {
        let Some(file) = &self.file else { return Ok(self.path.exists()) };
        let open = file.metadata()?;
        if open.len() < self.position {
            self.position = 0;
            self.begun.clear();
        }
        match fs::metadata(&self.path) {
            Ok(named) => Ok((named.dev(), named.ino()) != (open.dev(), open.ino())),
            // It is read on until there is another one.
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
            Err(error) => Err(error),
        }
    }

    fn read_log(&mut self, log: &Log, each: &mut dyn FnMut(&[u8])) -> io::Result<()> {
        let mut lines = log.lines()?;
        while let Some(line) = lines.next_line()? {
            self.line(line.bytes, each);
        }
        Ok(())
    }

    /// Reads what has come, until `enough` of it.
    fn read_on(
        &mut self,
        each: &mut dyn FnMut(&[u8]),
        enough: &mut dyn FnMut(&[u8]) -> bool,
    ) -> io::Result<()> {
        let Some(mut file) = self.file.take() else { return Ok(()) };
        file.seek(SeekFrom::Start(self.position))?;
        let mut buffer = vec![0; BYTES];
        loop {
            let count = file.read(&mut buffer)?;
            let read = buffer.get(..count).unwrap_or_default();
            let mut is_enough = count == 0;
            for piece in read.split_inclusive(|byte| *byte == b'\n') {
                self.position = self.position.saturating_add(u64::try_from(piece.len()).unwrap_or(u64::MAX));
                self.begun.extend_from_slice(piece);
                if piece.ends_with(b"\n") {
                    let line = std::mem::take(&mut self.begun);
                    self.line(&line, each);
                    if enough(&line) {
                        is_enough = true;
                        break;
                    }
                }
            }
            if is_enough {
                self.file = Some(file);
                return Ok(());
            }
        }
    }

    fn line(&mut self, line: &[u8], each: &mut dyn FnMut(&[u8])) {
        if let Some(linked) = Linked::read(line) {
            self.last = linked.sequence;
        }
        each(line);
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;

    fn record(sequence: u64) -> String {
        let zeros = "0".repeat(64);
        format!(
            "{{\"schema\":1,\"sequence\":{sequence},\"previous\":\"{zeros}\",\"time\":\"now\",\"event\":\"x\"}}\n"
        )
    }

    fn append(path: &Path, text: &str) {
        fs::OpenOptions::new()
            .append(true)
            .create(true)
            .open(path)
            .unwrap()
            .write_all(text.as_bytes())
            .unwrap();
    }

    fn poll(follower: &mut Follower) -> Vec<u64> {
        let mut seen = Vec::new();
        follower.poll(&mut |line| seen.extend(Linked::read(line).map(|linked| linked.sequence))).unwrap();
        seen
    }

    #[test]
    fn it_follows_a_file_wherever_that_is_moved() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("log");
        let moved = |name: &str| fs::rename(&path, directory.path().join(name)).unwrap();
        append(&directory.path().join("log.0"), &(record(1) + &record(2)));
        append(&path, &(record(3) + &record(4)));
        let mut seen = Vec::new();
        let mut each = |line: &[u8]| seen.extend(Linked::read(line).map(|linked| linked.sequence));
        let mut follower = Follower::near_end(&path, 1000, &mut each).unwrap();
        assert_eq!(seen, [1, 2, 3, 4], "in the file before, too");
        let five = record(5);
        let (begin, end) = five.split_at(40);
        append(&path, begin);
        assert_eq!(poll(&mut follower), [0_u64; 0]);
        append(&path, end);
        assert_eq!(poll(&mut follower), [5]);
        append(&path, &record(6));
        moved("log.1");
        append(&directory.path().join("log.1"), &record(7));
        assert_eq!(poll(&mut follower), [6, 7], "nobody has made another yet");
        append(&path, &record(8));
        moved("log.2");
        append(&path, &record(9));
        assert_eq!(poll(&mut follower), [8, 9], "two at once");
        fs::write(&path, "").unwrap();
        assert_eq!(poll(&mut follower), [0_u64; 0]);
        append(&path, &record(10));
        assert_eq!(poll(&mut follower), [10], "copied and truncated");
    }

    #[test]
    fn nothing_is_lost_or_seen_twice_while_files_are_moved_all_the_time() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("log");
        append(&path, &record(1));
        let mut seen = Vec::new();
        let mut each = |line: &[u8]| seen.extend(Linked::read(line).map(|linked| linked.sequence));
        let mut follower = Follower::near_end(&path, 1000, &mut each).unwrap();
        let writing = {
            let (path, directory) = (path.clone(), directory.path().to_owned());
            std::thread::spawn(move || {
                for number in 2..=1500 {
                    if number % 3 == 0 {
                        fs::rename(&path, directory.join(format!("log.{number}"))).unwrap();
                    }
                    append(&path, &record(number));
                }
            })
        };
        while !writing.is_finished() {
            seen.extend(poll(&mut follower));
        }
        writing.join().unwrap();
        seen.extend(poll(&mut follower));
        assert!(seen.windows(2).all(|pair| pair[0] + 1 == pair[1]), "{seen:?}");
        assert_eq!(seen.last(), Some(&1500));
    }

    #[test]
    fn of_a_large_file_only_the_end_is_read() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("log");
        append(&path, &(1..=100).map(record).collect::<String>());
        let mut seen = Vec::new();
        let mut each = |line: &[u8]| seen.extend(Linked::read(line).map(|linked| linked.sequence));
        Follower::near_end(&path, 500, &mut each).unwrap();
        assert_eq!(seen, [98, 99, 100]);
    }
}
