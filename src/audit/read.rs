//! Reading the audit: the files that a log is in, line by line, in bounded memory.

mod block;
mod files;
mod filter;
mod follow;
mod input;
pub mod record;
mod requests;
mod scan;
mod stats;
mod verify;

use std::borrow::Cow;
use std::io;
use std::path::Path;
use std::sync::mpsc::{Receiver, sync_channel};

use super::ascii;
use block::Block;
pub(crate) use files::directory_of;
pub use files::{Begin, Log, LogFile};
pub use filter::{Filter, Pattern, time_of};
pub use follow::Follower;
pub use requests::{Joiner, Request};
pub use stats::{Slow, Stats, Tally};
pub use verify::{Break, End, Verified, Verifier};

/// How many blocks are read ahead.
const AHEAD: usize = 4;

/// The lines of a log, in order.
#[derive(Debug)]
pub struct Lines {
    blocks: Receiver<io::Result<Block>>,
    block: Block,
    /// Where in the block the next line begins.
    at: usize,
    read_bytes: u64,
}

/// A line of a log.
#[derive(Clone, Copy, Debug)]
pub struct Line<'l> {
    /// Which of the log's files it is in.
    pub file: usize,
    /// Its number in the file, from 1.
    pub number: u64,
    /// The line with its newline, if it has one.
    pub bytes: &'l [u8],
}

impl Log {
    /// Begins to read. The files are read ahead by a thread, which ends with what it gives.
    ///
    /// # Errors
    ///
    /// If the thread cannot be started.
    pub fn lines(&self) -> io::Result<Lines> {
        let (sender, blocks) = sync_channel(AHEAD);
        let log = self.clone();
        std::thread::Builder::new()
            .name("reader".to_owned())
            .spawn(move || block::read_all(&log, &sender))?;
        Ok(Lines { blocks, block: Block::default(), at: 0, read_bytes: 0 })
    }

    /// Where a line stands, as `FILE:LINE`.
    #[must_use]
    pub fn place(&self, file: usize, number: u64) -> String {
        format!("{}:{number}", self.name(file))
    }

    /// The name of one of its files.
    #[must_use]
    pub fn name(&self, file: usize) -> String {
        self.files.get(file).map_or_else(String::new, |file| shown(&file.path))
    }
}

impl Line<'_> {
    /// Whether whoever reads tells how far that is: once in so many lines.
    #[must_use]
    pub fn is_told_of(&self) -> bool {
        self.number.is_multiple_of(4096)
    }
}

impl Lines {
    /// The next line; none at the end.
    ///
    /// # Errors
    ///
    /// If a file cannot be read.
    pub fn next_line(&mut self) -> io::Result<Option<Line<'_>>> {
        while self.at >= self.block.bytes.len() {
            match self.blocks.recv() {
                Ok(block) => {
                    self.block = block?;
                    self.at = 0;
                    self.read_bytes = self.block.read_bytes;
                }
                Err(_) => return Ok(None),
            }
        }
        let rest = self.block.bytes.get(self.at..).unwrap_or_default();
        let length = memchr::memchr(b'\n', rest).map_or(rest.len(), |at| at.saturating_add(1));
        let number = self.block.next_number;
        self.block.next_number = number.saturating_add(1);
        self.at = self.at.saturating_add(length);
        Ok(Some(Line { file: self.block.file, number, bytes: rest.get(..length).unwrap_or_default() }))
    }

    /// How much of the files was read so far, in bytes as they are on the disk.
    #[must_use]
    pub fn read_bytes(&self) -> u64 {
        self.read_bytes
    }
}

/// A line as JSON in ASCII. What dockgate wrote is that already; a line that somebody else put in may not be.
#[must_use]
pub fn ascii_object(line: &[u8]) -> Cow<'_, [u8]> {
    if line.iter().all(|byte| (b' '..=b'~').contains(byte)) {
        return Cow::Borrowed(line);
    }
    let mut out = Vec::new();
    match serde_json::from_slice::<serde_json::Value>(line) {
        Ok(value) if ascii::write(&value, &mut out).is_ok() => Cow::Owned(out),
        Ok(_) | Err(_) => Cow::Borrowed(b"{}"),
    }
}

/// A value as a line of JSON in ASCII.
#[must_use]
pub fn ascii_line(value: &serde_json::Value) -> Vec<u8> {
    let mut out = Vec::new();
    // A value cannot fail to be written as JSON.
    ascii::write(value, &mut out).unwrap_or_default();
    out.push(b'\n');
    out
}

/// Whoever can put files beside the audit file chooses their names, and is not to play with a terminal.
fn shown(path: &Path) -> String {
    if path == Path::new("-") {
        return "<stdin>".to_owned();
    }
    let mut shown = String::new();
    for character in path.to_string_lossy().chars() {
        match character {
            '"' | '\'' => shown.push(character),
            other => shown.extend(other.escape_debug()),
        }
    }
    shown
}
