//! How a context is compressed, told by its first bytes and nothing else, as the daemon does
//! (moby/go-archive, `compression.Detect`), and the archive in it.

use std::io::{self, BufRead as _, BufReader, Cursor, ErrorKind, Read};

use bzip2::bufread::MultiBzDecoder;
use flate2::bufread::MultiGzDecoder;
use lzma_rust2::XzReader;
use ruzstd::decoding::errors::{FrameDecoderError, ReadFrameHeaderError};
use ruzstd::decoding::{BlockDecodingStrategy, FrameDecoder};

use super::unreadable;
use crate::operation::build::Builder;
use crate::operation::inside::Flaw;

/// How far back compressed data may refer, and so what its reader may keep in memory: as far as `xz -9` does.
const DICTIONARY_BYTES: u64 = 64 * 1024 * 1024;
/// What the reader of xz takes for that, in KiB, with what it needs besides.
const XZ_MEMORY_KIB: u32 = 66 * 1024;
/// The daemon looks at so many bytes.
const MAGIC_BYTES: u64 = 10;

/// The ways to compress.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Compression {
    Gzip,
    Bzip2,
    Xz,
    Zstd,
}

/// What these first bytes say.
pub(super) fn detect(bytes: &[u8]) -> Option<Compression> {
    match bytes {
        [0x42, 0x5a, 0x68, ..] => Some(Compression::Bzip2),
        [0x1f, 0x8b, 0x08, ..] => Some(Compression::Gzip),
        [0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00, ..] => Some(Compression::Xz),
        // A frame, or one to be skipped.
        [0x28, 0xb5, 0x2f, 0xfd, ..] | [0x50..=0x5f, 0x2a, 0x4d, 0x18, ..] => Some(Compression::Zstd),
        _ => None,
    }
}

/// The archive in `body`, of which no more than `limit` bytes are read.
pub(super) fn unpack<'a>(body: impl Read + 'a, builder: Builder, limit: u64) -> Result<impl Read + 'a, Flaw> {
    let (first, body) = peek(body).map_err(|error| unreadable(&error))?;
    let body = BufReader::new(body);
    let archive: Box<dyn Read + 'a> = match detect(&first) {
        None => Box::new(body),
        Some(Compression::Gzip) => Box::new(MultiGzDecoder::new(body)),
        Some(Compression::Bzip2) => Box::new(MultiBzDecoder::new(body)),
        Some(Compression::Xz) => Box::new(XzReader::new_mem_limit(body, true, XZ_MEMORY_KIB)),
        Some(Compression::Zstd) if builder == Builder::BuildKit => {
            return Err(Flaw::archive(
                "is compressed with zstd, which BuildKit takes for a Dockerfile; use gzip",
            ));
        }
        Some(Compression::Zstd) => Box::new(Frames::new(body)),
    };
    let (first, archive) = peek(Limited { archive, left: limit }).map_err(|error| unreadable(&error))?;
    if detect(&first).is_some() {
        return Err(Flaw::archive("is compressed twice; compress it once"));
    }
    Ok(archive)
}

/// The first bytes of `reader`, and a reader of all of it.
fn peek<R: Read>(mut reader: R) -> io::Result<(Vec<u8>, impl Read + use<R>)> {
    let mut first = Vec::new();
    reader.by_ref().take(MAGIC_BYTES).read_to_end(&mut first)?;
    Ok((first.clone(), Cursor::new(first).chain(reader)))
}

/// A reader that fails once it has read too much.
struct Limited<R> {
    archive: R,
    left: u64,
}

impl<R: Read> Read for Limited<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.archive.read(buffer)?;
        match self.left.checked_sub(count.try_into().unwrap_or(u64::MAX)) {
            Some(left) => self.left = left,
            None => {
                return Err(io::Error::new(
                    ErrorKind::FileTooLarge,
                    "unpacks to more than dockgate reads (--max-build-context)",
                ));
            }
        }
        Ok(count)
    }
}

/// The content of zstd's frames, one behind the other.
struct Frames<R> {
    body: BufReader<R>,
    frame: FrameDecoder,
}

impl<R: Read> Frames<R> {
    fn new(body: BufReader<R>) -> Self {
        let mut frame = FrameDecoder::new();
        frame.set_max_window_size(DICTIONARY_BYTES);
        Self { body, frame }
    }

    /// Goes to the next frame that has content; false at the end.
    fn next_frame(&mut self) -> io::Result<bool> {
        loop {
            if self.body.fill_buf()?.is_empty() {
                return Ok(false);
            }
            let length = match self.frame.init(&mut self.body) {
                Ok(()) => return Ok(true),
                Err(FrameDecoderError::ReadFrameHeaderError(ReadFrameHeaderError::SkipFrame {
                    length,
                    magic_number: _,
                })) => u64::from(length),
                Err(error) => return Err(io::Error::other(error)),
            };
            if io::copy(&mut self.body.by_ref().take(length), &mut io::sink())? != length {
                return Err(ErrorKind::UnexpectedEof.into());
            }
        }
    }

    fn check_sum(&self) -> io::Result<()> {
        let said = self.frame.get_checksum_from_data();
        if said.is_some() && said != self.frame.get_calculated_checksum() {
            return Err(io::Error::new(ErrorKind::InvalidData, "its checksum is wrong"));
        }
        Ok(())
    }
}

impl<R: Read> Read for Frames<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            while self.frame.can_collect() == 0 && !self.frame.is_finished() {
                self.frame
                    .decode_blocks(&mut self.body, BlockDecodingStrategy::UptoBlocks(1))
                    .map_err(io::Error::other)?;
            }
            let count = self.frame.read(buffer)?;
            if count > 0 || buffer.is_empty() {
                return Ok(count);
            }
            self.check_sum()?;
            if !self.next_frame()? {
                return Ok(0);
            }
        }
    }
}
