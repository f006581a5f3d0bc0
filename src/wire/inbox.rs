//! What came in over a connection and was not used yet.

use std::io;

use super::stream::Stream;

/// What a buffer starts with, and goes back to when a connection rests.
const SMALL_BYTES: usize = 8 * 1024;
/// What a buffer that bulk fills may grow to.
const LARGE_BYTES: usize = 256 * 1024;

/// The bytes that came in over one connection and were not used yet.
#[derive(Debug, Default)]
pub struct Inbox {
    /// Always initialised to its length; `start..end` of it came and was not used.
    buffer: Vec<u8>,
    start: usize,
    end: usize,
}

/// Why nothing more could be read.
#[derive(Debug)]
pub enum InboxFault {
    /// The other side sends no more.
    End,
    /// More came than was to be kept.
    Full,
    /// The socket failed.
    Io(io::Error),
}

impl Inbox {
    /// What came and was not used yet.
    #[must_use]
    pub fn pending(&self) -> &[u8] {
        self.buffer.get(self.start..self.end).unwrap_or_default()
    }

    /// Takes the first `count` bytes as used.
    pub fn consume(&mut self, count: usize) {
        self.start = self.start.saturating_add(count).min(self.end);
        if self.start == self.end {
            self.start = 0;
            self.end = 0;
        }
    }

    /// Waits for more, to be added to what is pending, of which no more than `limit` bytes are kept.
    /// Dropping the future loses nothing.
    ///
    /// # Errors
    /// At the end of the stream, when `limit` is reached, when the socket fails.
    pub async fn fill(&mut self, stream: &Stream, limit: usize) -> Result<(), InboxFault> {
        if self.pending().len() >= limit {
            return Err(InboxFault::Full);
        }
        self.make_room();
        let free = self.buffer.get_mut(self.end..).unwrap_or_default();
        match stream.read(free).await {
            Ok(0) => Err(InboxFault::End),
            Ok(count) => {
                self.end = self.end.saturating_add(count);
                Ok(())
            }
            Err(error) => Err(InboxFault::Io(error)),
        }
    }

    /// Waits for a piece of a bulk stream when nothing is pending. A buffer that was filled to the brim
    /// by the last read grows before the next one.
    ///
    /// # Errors
    /// As [`Inbox::fill`].
    pub async fn refill(&mut self, stream: &Stream, was_full: bool) -> Result<(), InboxFault> {
        if was_full && self.buffer.len() < LARGE_BYTES {
            self.buffer.resize(self.buffer.len().saturating_mul(2).clamp(SMALL_BYTES, LARGE_BYTES), 0);
        }
        self.fill(stream, usize::MAX).await
    }

    /// Whether the last read left no room.
    #[must_use]
    pub fn is_full(&self) -> bool {
        self.end > 0 && self.end == self.buffer.len()
    }

    /// Gives back what bulk made the buffer grow to.
    pub fn rest(&mut self) {
        if self.pending().is_empty() && self.buffer.len() > SMALL_BYTES {
            *self = Self::default();
        }
    }

    fn make_room(&mut self) {
        if self.end < self.buffer.len() {
            return;
        }
        if self.start > 0 {
            self.buffer.copy_within(self.start..self.end, 0);
            self.end = self.end.saturating_sub(self.start);
            self.start = 0;
        } else {
            self.buffer.resize(self.buffer.len().saturating_mul(2).max(SMALL_BYTES), 0);
        }
    }
}
