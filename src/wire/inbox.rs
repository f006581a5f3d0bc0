//! What came in over a connection and was not used yet.

use std::io;

use super::buffer::{self, SMALL_BYTES};
use super::plain::Plain;
use super::stream::Stream;

/// The bytes that came in over one connection and were not used yet. It has a buffer only while there are any.
#[derive(Debug, Default)]
pub struct Inbox {
    /// Always initialised to its length; `start..end` of it came and was not used.
    buffer: Vec<u8>,
    start: usize,
    end: usize,
    /// How large the next buffer is to be; 0 for the smallest.
    size: usize,
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
        loop {
            self.give_back();
            stream.readable().await.map_err(InboxFault::Io)?;
            self.make_room();
            let room = self.buffer.get_mut(self.end..).unwrap_or_default();
            match stream.receive(room).await {
                Ok(0) => return Err(InboxFault::End),
                Ok(count) => {
                    self.end = self.end.saturating_add(count);
                    return Ok(());
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(error) => return Err(InboxFault::Io(error)),
            }
        }
    }

    /// Takes what is there already on a connection that was not read from yet, without being told that something is.
    /// What is wrong with it shows when more is waited for.
    pub fn fill_now(&mut self, stream: &Stream) {
        self.add(|room| stream.receive_now(room)).ok();
        self.give_back();
    }

    /// Adds at most so many bytes of what has come, as [`Plain::receive`] does.
    pub(super) fn fill_with(&mut self, from: Plain<'_>, most: usize) -> io::Result<usize> {
        self.add(|room| {
            let most = most.min(room.len());
            from.receive(room.get_mut(..most).unwrap_or_default())
        })
    }

    fn add(&mut self, receive: impl FnOnce(&mut [u8]) -> io::Result<usize>) -> io::Result<usize> {
        self.make_room();
        let count = receive(self.buffer.get_mut(self.end..).unwrap_or_default())?;
        self.end = self.end.saturating_add(count);
        Ok(count)
    }

    /// Waits for a piece of a bulk stream when nothing is pending. The buffer is larger where the last read filled
    /// it to the brim, and where it is known that so much is still to come.
    ///
    /// # Errors
    /// As [`Inbox::fill`].
    pub async fn refill(
        &mut self,
        stream: &Stream,
        was_full: bool,
        to_come: Option<u64>,
    ) -> Result<(), InboxFault> {
        if let Some(bytes) = to_come {
            self.size = buffer::size_for(bytes);
        } else if was_full {
            self.size = buffer::next_size(self.size.max(SMALL_BYTES));
        }
        self.fill(stream, usize::MAX).await
    }

    /// Whether the last read left no room.
    #[must_use]
    pub fn is_full(&self) -> bool {
        self.end > 0 && self.end == self.buffer.len()
    }

    /// Forgets what bulk made the buffer grow to.
    pub fn rest(&mut self) {
        self.size = 0;
        self.give_back();
    }

    /// Gives the buffer back if nothing is in it.
    fn give_back(&mut self) {
        if self.start == self.end && !self.buffer.is_empty() {
            self.start = 0;
            self.end = 0;
            buffer::give_back(std::mem::take(&mut self.buffer));
        }
    }

    fn make_room(&mut self) {
        if self.buffer.is_empty() {
            self.buffer = buffer::take(self.size.max(SMALL_BYTES));
        }
        if self.end < self.buffer.len() {
            return;
        }
        if self.start > 0 {
            self.buffer.copy_within(self.start..self.end, 0);
            self.end = self.end.saturating_sub(self.start);
            self.start = 0;
        } else {
            self.buffer.resize(self.buffer.len().saturating_mul(2), 0);
        }
    }
}

impl Drop for Inbox {
    fn drop(&mut self) {
        buffer::give_back(std::mem::take(&mut self.buffer));
    }
}
