//! What is read for one request of the daemon's answers to dockgate's own questions.

use super::turns::{Turn, Turns};
use crate::client::Client;
use crate::daemon::{MAX_ANSWER_BYTES, Room};

/// How many of them are held at a time that are large, so that clients cannot fill the memory with them.
pub(super) const LARGE_ANSWERS: usize = 8;
/// What is commonly read. More waits for its turn.
const SMALL_BYTES: usize = 64 * 1024;

/// What was read so far, and the turn of that where it is much. Whatever is learnt is to be let go of with this.
#[derive(Debug)]
pub(super) struct Answers<'a> {
    turns: &'a Turns,
    client: &'a Client,
    turn: Option<Turn>,
    bytes: usize,
}

impl<'a> Answers<'a> {
    /// Nothing was read yet.
    pub(super) fn of(turns: &'a Turns, client: &'a Client) -> Self {
        Self { turns, client, turn: None, bytes: 0 }
    }

    /// The turn, where they are too much to be kept for as long as a stream goes on.
    pub(super) fn into_turn(self) -> Option<Turn> {
        self.turn
    }
}

impl Room for Answers<'_> {
    async fn take(&mut self, bytes: usize) -> bool {
        self.bytes = self.bytes.saturating_add(bytes);
        if self.bytes > MAX_ANSWER_BYTES {
            return false;
        }
        if self.bytes > SMALL_BYTES && self.turn.is_none() {
            self.turn = self.turns.take(self.client).await;
        }
        true
    }
}
