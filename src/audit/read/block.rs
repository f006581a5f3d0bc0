//! Files, read in blocks of whole lines.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;
use std::sync::mpsc::SyncSender;

use super::files::LogFile;

/// The size of a block; one that begins with a longer line is longer.
const BYTES: usize = 1024 * 1024;
/// No line of the audit comes near this.
const LONGEST_LINE: usize = 64 * 1024 * 1024;

/// Some lines of a file.
#[derive(Debug, Default)]
pub(super) struct Block {
    /// Which file.
    pub(super) file: usize,
    /// The number of the first of them that was not taken out yet.
    pub(super) next_number: u64,
    pub(super) bytes: Vec<u8>,
    /// How much was read of all files so far.
    pub(super) read_bytes: u64,
}

/// Reads the files one after the other, until nobody wants more.
pub(super) fn read_all(files: &[LogFile], blocks: &SyncSender<io::Result<Block>>) {
    let mut read_before = 0_u64;
    for (index, file) in files.iter().enumerate() {
        let result = read_file(file, index, read_before, blocks);
        match result {
            Ok(true) => read_before = read_before.saturating_add(file.bytes),
            Ok(false) => return,
            Err(error) => {
                let message = format!("{}: {error}", super::shown(&file.path));
                // Whoever reads may have had enough.
                blocks.send(Err(io::Error::new(error.kind(), message))).ok();
                return;
            }
        }
    }
}

/// Whether more is wanted.
fn read_file(
    file: &LogFile,
    index: usize,
    read_before: u64,
    blocks: &SyncSender<io::Result<Block>>,
) -> io::Result<bool> {
    let mut input = open(&file.path)?;
    let (mut next_number, mut rest) = (1, Vec::new());
    let mut read_bytes = read_before;
    loop {
        let mut bytes = std::mem::take(&mut rest);
        let wanted = BYTES.saturating_sub(bytes.len()).max(BYTES / 2);
        let count = (&mut input).take(u64::try_from(wanted).unwrap_or(u64::MAX)).read_to_end(&mut bytes)?;
        read_bytes = read_bytes.saturating_add(u64::try_from(count).unwrap_or(u64::MAX));
        let is_end = count < wanted;
        if !is_end {
            match memchr::memrchr(b'\n', &bytes) {
                Some(at) => rest = bytes.split_off(at.saturating_add(1)),
                None if bytes.len() > LONGEST_LINE => {
                    return Err(io::Error::new(io::ErrorKind::InvalidData, "it has no lines"));
                }
                None => {
                    rest = bytes;
                    continue;
                }
            }
        }
        let lines = memchr::memchr_iter(b'\n', &bytes).count();
        let block = Block { file: index, next_number, bytes, read_bytes };
        next_number = next_number.saturating_add(u64::try_from(lines).unwrap_or(u64::MAX));
        if blocks.send(Ok(block)).is_err() {
            return Ok(false);
        }
        if is_end {
            return Ok(true);
        }
    }
}

fn open(path: &Path) -> io::Result<Box<dyn Read>> {
    if path == Path::new("-") { Ok(Box::new(io::stdin())) } else { Ok(Box::new(File::open(path)?)) }
}
