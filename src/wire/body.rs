//! Bodies: where a message ends, and its payload piece by piece.

mod carry;

use std::io::{self, IoSlice};
use std::ops::Range;

pub use carry::Broken;

use super::head::Framing;
use super::inbox::{Inbox, InboxFault};
use super::stream::Stream;

/// A chunk-size line is at most 16 hexadecimal digits.
const SIZE_LINE_BYTES: usize = 18;
/// Trailers are read over, up to this many bytes.
const TRAILER_BYTES: usize = 8 * 1024;
/// No more chunks are joined to one at a time.
const MOST_OTHERS: usize = 31;

/// A body being read.
#[derive(Debug)]
pub struct Body {
    state: State,
    /// Whether the last piece filled the buffer, so that a larger one would serve.
    brim: bool,
    /// Whether the last chunk was large.
    large: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// So many bytes are still to come.
    Length(u64),
    /// A chunk-size line comes next.
    Size,
    /// So many bytes of a chunk are still to come.
    Chunk(u64),
    /// The line end behind a chunk's data comes next.
    ChunkEnd,
    /// Trailer lines come next; so many bytes of them were seen.
    Trailer(usize),
    /// All until the other side closes.
    UntilClose,
    /// The body is over.
    Done,
}

/// How far bytes reach.
enum Step {
    /// These are payload.
    Piece(Range<usize>),
    /// The body is over.
    End,
    /// More bytes are needed.
    Starved,
}

/// The payload among the first bytes of an inbox.
#[derive(Debug, Default)]
pub struct Pieces {
    /// Where the first one is; mostly it is the only one.
    first: Option<Range<usize>>,
    /// Where the others are.
    others: Vec<Range<usize>>,
    /// How many of the bytes these are, with what frames them.
    used: usize,
    /// Whether the body is over behind them.
    pub is_last: bool,
}

/// Why a body cannot be read to its end.
#[derive(Debug)]
pub enum BodyFault {
    /// The other side went away in the middle.
    Truncated,
    /// Its framing is not what HTTP/1.1 allows; the text says what.
    Malformed(&'static str),
    /// The socket failed.
    Io(io::Error),
}

impl Body {
    /// A body framed so.
    #[must_use]
    pub fn new(framing: Framing) -> Self {
        let state = match framing {
            Framing::None | Framing::Length(0) => State::Done,
            Framing::Length(length) => State::Length(length),
            Framing::Chunked => State::Size,
            Framing::UntilClose => State::UntilClose,
        };
        Self { state, brim: false, large: false }
    }

    /// Whether the body was read to its end.
    #[must_use]
    pub fn is_done(&self) -> bool {
        self.state == State::Done
    }

    /// Waits for the next piece of payload: so many of the inbox's first bytes, which the caller
    /// consumes. `None` is the end. Dropping the future loses nothing.
    ///
    /// # Errors
    /// When the body ends early, is not framed by the book, or the socket fails.
    pub async fn next(&mut self, inbox: &mut Inbox, stream: &Stream) -> Result<Option<usize>, BodyFault> {
        loop {
            let mut used = 0;
            let step = self.step(inbox.pending(), &mut used);
            inbox.consume(used);
            match step? {
                Step::Piece(piece) => return Ok(Some(piece.len())),
                Step::End => return Ok(None),
                Step::Starved => self.wait(inbox, stream).await?,
            }
        }
    }

    /// Waits for payload, or the end, and finds all that came: many chunks, where the other side sends small ones.
    /// The caller has the inbox consume it. Dropping the future loses nothing.
    ///
    /// # Errors
    /// As [`Body::next`].
    pub async fn all_there(
        &mut self,
        inbox: &mut Inbox,
        stream: &Stream,
        pieces: &mut Pieces,
    ) -> Result<(), BodyFault> {
        pieces.forget();
        pieces.used = 0;
        pieces.is_last = false;
        loop {
            match self.step(inbox.pending(), &mut pieces.used) {
                Ok(Step::Piece(piece)) => {
                    pieces.used = piece.end;
                    if pieces.first.is_none() {
                        pieces.first = Some(piece);
                    } else {
                        pieces.others.push(piece);
                    }
                    if pieces.others.len() < MOST_OTHERS {
                        continue;
                    }
                    return Ok(());
                }
                Ok(Step::End) => {
                    pieces.is_last = true;
                    return Ok(());
                }
                // What came before goes on its way first.
                Ok(Step::Starved) | Err(_) if pieces.first.is_some() => return Ok(()),
                Ok(Step::Starved) => {
                    inbox.consume(pieces.used);
                    pieces.used = 0;
                    self.wait(inbox, stream).await?;
                }
                Err(fault) => return Err(fault),
            }
        }
    }

    /// Waits until more has come, or the end that is one.
    async fn wait(&mut self, inbox: &mut Inbox, stream: &Stream) -> Result<(), BodyFault> {
        let to_come = match self.state {
            State::Length(rest) => Some(rest),
            State::Size
            | State::Chunk(_)
            | State::ChunkEnd
            | State::Trailer(_)
            | State::UntilClose
            | State::Done => None,
        };
        match inbox.refill(stream, self.brim, to_come).await {
            Ok(()) => self.brim = inbox.is_full(),
            Err(InboxFault::End) if self.state == State::UntilClose => self.state = State::Done,
            Err(InboxFault::End | InboxFault::Full) => return Err(BodyFault::Truncated),
            Err(InboxFault::Io(error)) => return Err(BodyFault::Io(error)),
        }
        Ok(())
    }

    /// Goes through `bytes`, of which `used` were gone through, to the next payload, and takes it as used.
    fn step(&mut self, bytes: &[u8], used: &mut usize) -> Result<Step, BodyFault> {
        if !self.frame(bytes, used)? {
            return Ok(Step::Starved);
        }
        let there = bytes.len().saturating_sub(*used);
        let piece = match self.state {
            State::Length(rest) | State::Chunk(rest) => {
                usize::try_from(rest).unwrap_or(usize::MAX).min(there)
            }
            State::UntilClose => there,
            State::Size | State::ChunkEnd | State::Trailer(_) | State::Done => return Ok(Step::End),
        };
        if piece == 0 {
            return Ok(Step::Starved);
        }
        self.take(piece);
        Ok(Step::Piece(*used..used.saturating_add(piece)))
    }

    /// Takes so many bytes of payload as used.
    fn take(&mut self, count: usize) {
        let count = u64::try_from(count).unwrap_or(u64::MAX);
        if let State::Length(rest) | State::Chunk(rest) = &mut self.state {
            *rest = rest.saturating_sub(count);
        }
        match self.state {
            State::Length(0) => self.state = State::Done,
            State::Chunk(0) => self.state = State::ChunkEnd,
            State::Length(_)
            | State::Size
            | State::Chunk(_)
            | State::ChunkEnd
            | State::Trailer(_)
            | State::UntilClose
            | State::Done => {}
        }
    }

    /// Goes through what frames the payload in `bytes`, of which `used` were gone through. Whether it came to payload,
    /// be it still to come, or to the end.
    fn frame(&mut self, bytes: &[u8], used: &mut usize) -> Result<bool, BodyFault> {
        loop {
            let pending = bytes.get(*used..).unwrap_or_default();
            match self.state {
                State::Done | State::UntilClose | State::Length(_) | State::Chunk(_) => return Ok(true),
                State::Size => {
                    let Some(line) = line(pending, SIZE_LINE_BYTES, "a chunk size longer than 16 digits")?
                    else {
                        return Ok(false);
                    };
                    let size = chunk_size(line)?;
                    *used = used.saturating_add(line.len()).saturating_add(2);
                    self.state = if size == 0 { State::Trailer(0) } else { State::Chunk(size) };
                    self.large = size >= carry::WORTH_CHUNK_BYTES;
                }
                State::ChunkEnd => match pending {
                    [b'\r', b'\n', ..] => {
                        *used = used.saturating_add(2);
                        self.state = State::Size;
                    }
                    [] | [b'\r'] => return Ok(false),
                    _ => return Err(BodyFault::Malformed("a chunk longer than its size")),
                },
                State::Trailer(seen) => {
                    let Some(line) =
                        line(pending, TRAILER_BYTES.saturating_sub(seen), "trailers over 8 KiB")?
                    else {
                        return Ok(false);
                    };
                    let length = line.len().saturating_add(2);
                    *used = used.saturating_add(length);
                    self.state = if line.is_empty() {
                        State::Done
                    } else {
                        State::Trailer(seen.saturating_add(length))
                    };
                }
            }
        }
    }
}

impl Pieces {
    /// How many bytes of payload they are.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.ranges().map(Range::len).sum()
    }

    /// Takes them, and what frames them, as used.
    pub fn consume(&mut self, inbox: &mut Inbox) {
        self.forget();
        inbox.consume(std::mem::take(&mut self.used));
    }

    fn forget(&mut self) {
        self.first = None;
        self.others.clear();
    }

    fn ranges(&self) -> impl Iterator<Item = &Range<usize>> + Clone {
        self.first.iter().chain(&self.others)
    }

    /// Writes them behind `before`, as [`write_payload`] does.
    ///
    /// # Errors
    /// As the socket's.
    pub async fn write(&self, inbox: &Inbox, sink: &Stream, before: &[u8], chunked: bool) -> io::Result<()> {
        let came = inbox.pending();
        let payload = self.ranges().filter_map(|range| came.get(range.clone()));
        write_payload(sink, before, payload, chunked, self.is_last).await
    }
}

/// The first line of `pending` without its CR LF, once it is whole.
fn line<'a>(pending: &'a [u8], limit: usize, too_long: &'static str) -> Result<Option<&'a [u8]>, BodyFault> {
    match pending.iter().take(limit).position(|&byte| byte == b'\n') {
        None if pending.len() >= limit => Err(BodyFault::Malformed(too_long)),
        None => Ok(None),
        Some(end) => match pending.get(..end).and_then(|line| line.strip_suffix(b"\r")) {
            Some(line) => Ok(Some(line)),
            None => Err(BodyFault::Malformed("a line that ends without CR")),
        },
    }
}

/// Hexadecimal digits and nothing else: no sign, blank or extension, on which readers differ.
fn chunk_size(line: &[u8]) -> Result<u64, BodyFault> {
    if line.is_empty() || !line.iter().all(u8::is_ascii_hexdigit) {
        return Err(BodyFault::Malformed("a chunk size that is not only hexadecimal digits"));
    }
    str::from_utf8(line)
        .ok()
        .and_then(|digits| u64::from_str_radix(digits, 16).ok())
        .ok_or(BodyFault::Malformed("a chunk size that is too large"))
}

/// Writes `payload` behind `before` (a head, or nothing), in one go; where `chunked`, as one chunk, and if it is the last,
/// the end of the body behind it.
///
/// # Errors
/// As the socket's.
pub async fn write_payload<'a>(
    sink: &Stream,
    before: &[u8],
    payload: impl Iterator<Item = &'a [u8]> + Clone,
    chunked: bool,
    is_last: bool,
) -> io::Result<()> {
    let bytes = payload.clone().map(<[u8]>::len).sum();
    let has_chunk = chunked && bytes > 0;
    let size_line;
    let before_payload = if has_chunk {
        size_line = SizeLine::of(bytes);
        size_line.as_bytes()
    } else {
        b""
    };
    let behind_payload: &[u8] = match (has_chunk, chunked && is_last) {
        (true, true) => b"\r\n0\r\n\r\n",
        (true, false) => b"\r\n",
        (false, true) => b"0\r\n\r\n",
        (false, false) => b"",
    };
    let mut pieces = payload.clone();
    let first: &[u8] = pieces.next().unwrap_or_default();
    if pieces.next().is_none() {
        let parts = [before, before_payload, first, behind_payload];
        return sink.write_all(&mut parts.map(IoSlice::new)).await;
    }
    let mut parts = vec![IoSlice::new(before), IoSlice::new(before_payload)];
    for piece in payload {
        parts.push(IoSlice::new(piece));
    }
    parts.push(IoSlice::new(behind_payload));
    sink.write_all(&mut parts).await
}

/// The line before a chunk's payload.
struct SizeLine {
    bytes: [u8; SIZE_LINE_BYTES],
    start: usize,
}

impl SizeLine {
    fn of(size: usize) -> Self {
        const DIGITS: &[u8; 16] = b"0123456789abcdef";
        let mut line = Self { bytes: *b"0000000000000000\r\n", start: SIZE_LINE_BYTES.saturating_sub(2) };
        let mut rest = size;
        for byte in line.bytes.iter_mut().rev().skip(2) {
            *byte = DIGITS.get(rest % 16).copied().unwrap_or_default();
            line.start = line.start.saturating_sub(1);
            rest /= 16;
            if rest == 0 {
                break;
            }
        }
        line
    }

    fn as_bytes(&self) -> &[u8] {
        self.bytes.get(self.start..).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use tokio::io::AsyncWriteExt as _;
    use tokio::net::UnixStream;

    use super::*;

    /// The payload of `wire`, framed so and written in pieces of `step` bytes, and whether it came to its end; the
    /// same, whether it is taken piece by piece or all that is there at a time.
    fn read(framing: Framing, wire: &[u8], step: usize) -> (Vec<u8>, Result<Vec<u8>, String>) {
        let one = read_by(framing, wire, step, false);
        assert_eq!(read_by(framing, wire, step, true), one);
        one
    }

    fn read_by(
        framing: Framing,
        wire: &[u8],
        step: usize,
        all_there: bool,
    ) -> (Vec<u8>, Result<Vec<u8>, String>) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let (near, mut far) = UnixStream::pair().unwrap();
            let stream = Stream::of(near);
            let writing = async {
                for piece in wire.chunks(step) {
                    far.write_all(piece).await.unwrap();
                    tokio::task::yield_now().await;
                }
                far.shutdown().await.unwrap();
            };
            let reading = async {
                let mut inbox = Inbox::default();
                let mut body = Body::new(framing);
                let mut payload = Vec::new();
                let mut pieces = Pieces::default();
                loop {
                    let came = if all_there {
                        let came = body.all_there(&mut inbox, &stream, &mut pieces).await;
                        came.map(|()| (pieces.bytes() > 0 || !pieces.is_last).then_some(0))
                    } else {
                        body.next(&mut inbox, &stream).await
                    };
                    match came {
                        Ok(Some(_)) if all_there => {
                            for range in pieces.ranges() {
                                payload.extend_from_slice(&inbox.pending()[range.clone()]);
                            }
                            pieces.consume(&mut inbox);
                        }
                        Ok(Some(count)) => {
                            payload.extend_from_slice(&inbox.pending()[..count]);
                            inbox.consume(count);
                        }
                        Ok(None) => {
                            pieces.consume(&mut inbox);
                            return (payload, Ok(inbox.pending().to_vec()));
                        }
                        Err(BodyFault::Malformed(text)) => return (payload, Err(text.to_owned())),
                        Err(BodyFault::Truncated) => return (payload, Err("truncated".to_owned())),
                        Err(BodyFault::Io(error)) => return (payload, Err(error.to_string())),
                    }
                }
            };
            tokio::join!(writing, reading).1
        })
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn chunks_are_read_as_they_were_written(
            chunks in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 1..300), 0..6),
            trailer in proptest::option::of("[a-z]{1,8}: [a-z]{0,20}"),
            step in 1..400_usize,
        ) {
            let mut wire = Vec::new();
            for chunk in &chunks {
                wire.extend_from_slice(format!("{:X}\r\n", chunk.len()).as_bytes());
                wire.extend_from_slice(chunk);
                wire.extend_from_slice(b"\r\n");
            }
            wire.extend_from_slice(b"0\r\n");
            if let Some(trailer) = trailer {
                wire.extend_from_slice(format!("{trailer}\r\n").as_bytes());
            }
            wire.extend_from_slice(b"\r\n");
            let (payload, end) = read(Framing::Chunked, &wire, step);
            prop_assert_eq!(payload, chunks.concat());
            prop_assert_eq!(end, Ok(Vec::new()));
        }
    }

    #[test]
    fn a_size_line_is_what_is_read_back() {
        for size in [0, 1, 15, 16, 32 * 1024, 0xabc_def0, usize::MAX] {
            assert_eq!(SizeLine::of(size).as_bytes(), format!("{size:x}\r\n").as_bytes());
        }
    }

    #[test]
    fn odd_chunks_are_refused() {
        let cases = [
            ("3 \r\nabc\r\n0\r\n\r\n", "not only hexadecimal"),
            ("3;x=y\r\nabc\r\n0\r\n\r\n", "not only hexadecimal"),
            ("+3\r\nabc\r\n0\r\n\r\n", "not only hexadecimal"),
            ("0x3\r\nabc\r\n0\r\n\r\n", "not only hexadecimal"),
            ("\r\nabc\r\n0\r\n\r\n", "not only hexadecimal"),
            ("3\nabc\r\n0\r\n\r\n", "without CR"),
            ("3\r\nabcd\r\n0\r\n\r\n", "longer than its size"),
            ("00000000000000003\r\nabc\r\n0\r\n\r\n", "longer than 16 digits"),
            ("3\r\nab", "truncated"),
            ("3\r\nabc\r\n", "truncated"),
            ("0\r\n", "truncated"),
            ("0\r\nX: y\n\r\n", "without CR"),
        ];
        for (wire, expected) in cases {
            for step in [1, 1000] {
                let error = read(Framing::Chunked, wire.as_bytes(), step).1.unwrap_err();
                assert!(error.contains(expected), "{wire:?}: {error}");
            }
        }
    }

    #[test]
    fn a_length_leaves_what_follows() {
        let (payload, end) = read(Framing::Length(3), b"abcdef", 1000);
        assert_eq!((payload, end), (b"abc".to_vec(), Ok(b"def".to_vec())));
        assert_eq!(read(Framing::Length(3), b"ab", 1).1, Err("truncated".to_owned()));
        assert_eq!(read(Framing::UntilClose, b"abc", 1), (b"abc".to_vec(), Ok(Vec::new())));
        assert_eq!(read(Framing::None, b"abc", 1).1, Ok(Vec::new()));
    }
}
