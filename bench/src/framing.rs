//! Where a body ends.

use anyhow::{Result, bail, ensure};

/// How the end of a body is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Framing {
    Length(u64),
    Chunked,
}

/// A body being read.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Body {
    state: State,
    /// How many bytes of payload came.
    pub(crate) bytes: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Length(u64),
    Size,
    Chunk(u64),
    ChunkEnd,
    LastEnd,
    Done,
}

impl Framing {
    /// What the fields of a head say; none where the head announces no body.
    pub(crate) fn of(fields: &[httparse::Header<'_>]) -> Result<Option<Self>> {
        let value = |name: &str| fields.iter().find(|field| field.name.eq_ignore_ascii_case(name));
        if let Some(field) = value("transfer-encoding") {
            ensure!(field.value == b"chunked", "a coding that nobody asked for");
            return Ok(Some(Self::Chunked));
        }
        let Some(field) = value("content-length") else { return Ok(None) };
        Ok(Some(Self::Length(str::from_utf8(field.value)?.parse()?)))
    }
}

impl Body {
    pub(crate) fn new(framing: Framing) -> Self {
        let state = match framing {
            Framing::Length(0) => State::Done,
            Framing::Length(length) => State::Length(length),
            Framing::Chunked => State::Size,
        };
        Self { state, bytes: 0 }
    }

    pub(crate) fn is_done(&self) -> bool {
        self.state == State::Done
    }

    /// Reads on through `input`; gives each piece of payload, with its offset, to `piece`. Returns how many
    /// bytes of `input` were used.
    pub(crate) fn read(
        &mut self,
        input: &[u8],
        mut piece: impl FnMut(u64, &[u8]) -> Result<()>,
    ) -> Result<usize> {
        let mut used = 0;
        loop {
            let rest = &input[used..];
            match self.state {
                State::Done => return Ok(used),
                _ if rest.is_empty() => return Ok(used),
                State::Length(left) | State::Chunk(left) => {
                    let count = rest.len().min(usize::try_from(left)?);
                    piece(self.bytes, &rest[..count])?;
                    self.bytes += count as u64;
                    used += count;
                    self.state = match (self.state, left - count as u64) {
                        (State::Chunk(_), 0) => State::ChunkEnd,
                        (State::Chunk(_), left) => State::Chunk(left),
                        (_, 0) => State::Done,
                        (_, left) => State::Length(left),
                    };
                }
                State::Size => {
                    let Some(line) = line(rest)? else { return Ok(used) };
                    let size = u64::from_str_radix(str::from_utf8(line)?, 16)?;
                    used += line.len() + 2;
                    self.state = if size == 0 { State::LastEnd } else { State::Chunk(size) };
                }
                State::ChunkEnd | State::LastEnd => {
                    let Some(line) = line(rest)? else { return Ok(used) };
                    ensure!(line.is_empty(), "a chunk is longer than its size, or there is a trailer");
                    used += 2;
                    self.state = if self.state == State::ChunkEnd { State::Size } else { State::Done };
                }
            }
        }
    }
}

fn line(input: &[u8]) -> Result<Option<&[u8]>> {
    match input.iter().take(20).position(|&byte| byte == b'\n') {
        Some(end) if input[..end].ends_with(b"\r") => Ok(Some(&input[..end - 1])),
        None if input.len() < 20 => Ok(None),
        Some(_) | None => bail!("a chunk's size line is not one"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chunks_are_read_wherever_they_are_split() {
        let wire = b"3\r\nabc\r\nA\r\n0123456789\r\n0\r\n\r\nNEXT";
        for split in 0..wire.len() {
            let mut body = Body::new(Framing::Chunked);
            let mut payload = Vec::new();
            let mut take = |offset: u64, piece: &[u8]| {
                assert_eq!(offset, payload.len() as u64);
                payload.extend_from_slice(piece);
                Ok(())
            };
            let first = body.read(&wire[..split], &mut take).unwrap();
            let second = body.read(&wire[first..], &mut take).unwrap();
            assert_eq!(payload, b"abc0123456789", "split at {split}");
            assert!(body.is_done());
            assert_eq!(&wire[first + second..], b"NEXT");
        }
    }
}
