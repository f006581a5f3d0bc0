//! The turns of large bodies: so many are held at a time, so that clients cannot fill the memory with them.

use std::cell::Cell;

use tokio::sync::{Semaphore, SemaphorePermit};

/// The turns.
#[derive(Debug)]
pub(super) struct Turns {
    free: Semaphore,
    /// How many wait for one.
    waiting: Cell<usize>,
}

/// A turn, until this is dropped.
pub(super) type Turn<'a> = SemaphorePermit<'a>;

/// Somebody who waits, until this is dropped.
struct Waiting<'a>(&'a Cell<usize>);

impl Turns {
    pub(super) fn new(turns: usize) -> Self {
        Self { free: Semaphore::new(turns), waiting: Cell::new(0) }
    }

    /// Waits for a turn, in the order in which they ask.
    pub(super) async fn take(&self) -> Option<Turn<'_>> {
        self.waiting.set(self.waiting.get().saturating_add(1));
        let _waiting = Waiting(&self.waiting);
        // The semaphore is never closed, so this always is a turn.
        self.free.acquire().await.ok()
    }

    /// Whether somebody waits for one.
    pub(super) fn are_wanted(&self) -> bool {
        self.waiting.get() > 0
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.set(self.0.get().saturating_sub(1));
    }
}
