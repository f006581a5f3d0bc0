//! One file of a log, opened: plain, or compressed as gzip does it.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use flate2::bufread::MultiGzDecoder;

use super::super::chain::first_record;
use super::Begin;

/// What every gzip file begins with.
const MAGIC: &[u8] = &[0x1f, 0x8b];
const BUFFER: usize = 64 * 1024;

/// The text of a file.
pub(super) struct Input {
    text: BufReader<Box<dyn Read + Send>>,
    /// How many bytes of the file, as it is on the disk, were read.
    read_bytes: Arc<AtomicU64>,
    pub(super) is_compressed: bool,
}

impl Input {
    /// Opens a file; `-` is the standard input.
    pub(super) fn open(path: &Path) -> io::Result<Self> {
        let file: Box<dyn Read + Send> =
            if path == Path::new("-") { Box::new(io::stdin()) } else { Box::new(File::open(path)?) };
        let read_bytes = Arc::new(AtomicU64::new(0));
        let counted = Counted { inner: file, count: Arc::clone(&read_bytes) };
        let mut raw = BufReader::with_capacity(BUFFER, counted);
        let is_compressed = raw.fill_buf()?.starts_with(MAGIC);
        let text: Box<dyn Read + Send> =
            if is_compressed { Box::new(MultiGzDecoder::new(raw)) } else { Box::new(raw) };
        Ok(Self { text: BufReader::with_capacity(BUFFER, text), read_bytes, is_compressed })
    }

    /// A file with nothing in it.
    pub(super) fn empty() -> Self {
        let text: Box<dyn Read + Send> = Box::new(io::empty());
        Self { text: BufReader::new(text), read_bytes: Arc::default(), is_compressed: false }
    }

    /// The number and time of the first record, where the file begins with one.
    pub(super) fn begin(&mut self) -> Option<Begin> {
        // No more than a block, which is enough for what is looked at.
        let start = self.text.fill_buf().ok()?;
        let linked = first_record(start)?;
        Some(Begin { sequence: linked.sequence, time: String::from_utf8_lossy(linked.time).into_owned() })
    }

    pub(super) fn read_bytes(&self) -> u64 {
        self.read_bytes.load(Ordering::Relaxed)
    }
}

impl Read for Input {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.text.read(buffer).map_err(|error| {
            if !self.is_compressed || error.raw_os_error().is_some() {
                return error;
            }
            let what = format!("the compressed file is damaged, or was cut off: {error}");
            io::Error::new(io::ErrorKind::InvalidData, what)
        })
    }
}

/// Counts what is read.
struct Counted {
    inner: Box<dyn Read + Send>,
    count: Arc<AtomicU64>,
}

impl Read for Counted {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read(buffer)?;
        self.count.fetch_add(u64::try_from(count).unwrap_or(u64::MAX), Ordering::Relaxed);
        Ok(count)
    }
}
