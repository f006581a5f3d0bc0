//! Files, read in blocks of whole lines.

use std::io::{self, Read as _};
use std::sync::mpsc::SyncSender;

use super::Log;
use super::input::Input;

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
pub(super) fn read_all(log: &Log, blocks: &SyncSender<io::Result<Block>>) {
    let mut read_before = 0_u64;
    for index in 0..log.files.len() {
        match read_file(log, index, read_before, blocks) {
            Ok(Some(read_bytes)) => read_before = read_before.saturating_add(read_bytes),
            Ok(None) => return,
            Err(error) => {
                let message = format!("{}: {error}", log.name(index));
                // Whoever reads may have had enough.
                blocks.send(Err(io::Error::new(error.kind(), message))).ok();
                return;
            }
        }
    }
}

/// How many bytes the file has; none where no more is wanted.
fn read_file(
    log: &Log,
    index: usize,
    read_before: u64,
    blocks: &SyncSender<io::Result<Block>>,
) -> io::Result<Option<u64>> {
    let mut input = log.open(index)?;
    let (mut next_number, mut rest) = (1, Vec::new());
    loop {
        let mut bytes = std::mem::take(&mut rest);
        let wanted = BYTES.saturating_sub(bytes.len()).max(BYTES / 2);
        let result = read_some(&mut input, wanted, &mut bytes);
        let is_end = !matches!(result, Ok(count) if count == wanted);
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
        let read_bytes = read_before.saturating_add(input.read_bytes());
        // What stands before the damage is good.
        let block = Block { file: index, next_number, bytes, read_bytes };
        next_number = next_number.saturating_add(u64::try_from(lines).unwrap_or(u64::MAX));
        if blocks.send(Ok(block)).is_err() {
            return Ok(None);
        }
        result?;
        if is_end {
            return Ok(Some(input.read_bytes()));
        }
    }
}

/// Appends so many bytes, or what is left; of a file that is damaged, what could be read.
fn read_some(input: &mut Input, wanted: usize, bytes: &mut Vec<u8>) -> io::Result<usize> {
    input.take(u64::try_from(wanted).unwrap_or(u64::MAX)).read_to_end(bytes)
}
