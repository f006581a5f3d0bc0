//! What waits to be written, and who waits for it.

use std::time::Instant;

use jiff::Timestamp;
use tokio::sync::oneshot;

use super::AuditError;
use super::clock::Clock;
use super::line::Line;
use super::record::Event;

/// No more than this waits. Those who wait for their records keep far below it; it bounds what piles up
/// behind a disk that hangs where nobody waits.
const LIMIT_BYTES: usize = 8 * 1024 * 1024;

/// How the answer to an entry travels back.
pub(super) type Answer = oneshot::Sender<Result<(), AuditError>>;

/// What waits to be written.
#[derive(Debug, Default)]
#[expect(clippy::struct_excessive_bools, reason = "each is a thing to do, and any of them may be at a time")]
pub(super) struct Queue {
    /// The records, without what their places in the chain give them.
    pub(super) bodies: Vec<u8>,
    /// Where each of them ends.
    pub(super) entries: Vec<Entry>,
    clock: Clock,
    /// Records that found no room here.
    pub(super) lost: u64,
    /// How many requests are recorded as judged and not yet as over.
    pub(super) open: usize,
    /// Whether somebody is about to write all this, once everybody who is ready has put theirs in.
    pub(super) is_led: bool,
    /// Whether the audit's thread is to write it now.
    pub(super) is_urgent: bool,
    /// Whether the audit's thread will come soon, as it was asked to for a record that nobody waits for.
    pub(super) is_awaited: bool,
    /// When the audit's thread has something to do.
    pub(super) due: Option<Instant>,
    /// Who waits for everything to be left as it is to stay.
    pub(super) closing: Option<Answer>,
    /// Whether the audit file may have been moved away.
    pub(super) is_moved: bool,
    /// Whether nobody is left who could add anything.
    pub(super) is_closed: bool,
}

/// One of them.
#[derive(Debug)]
pub(super) struct Entry {
    /// Where it ends; nothing is between the end of the one before and here where somebody only waits for
    /// all that came before.
    pub(super) end: usize,
    pub(super) answer: Option<Answer>,
}

impl Queue {
    /// Adds a record.
    ///
    /// # Errors
    ///
    /// If there is no room for it.
    pub(super) fn push(
        &mut self,
        time: Timestamp,
        event: &Event<'_>,
        answer: Option<Answer>,
    ) -> Result<(), AuditError> {
        if self.bodies.len() > LIMIT_BYTES {
            self.lost = self.lost.saturating_add(1);
            return Err(AuditError::new(&"8 MiB wait to be written already"));
        }
        match event {
            Event::Judged(_) | Event::Stated(..) => self.open = self.open.saturating_add(1),
            Event::Ended(..) => self.open = self.open.saturating_sub(1),
            Event::Opened(_) | Event::Policy(_) | Event::Seal(_) | Event::Gap(_) | Event::Removed(_) => {}
        }
        event.write(self.clock.text(time), &mut Line::new(&mut self.bodies));
        self.entries.push(Entry { end: self.bodies.len(), answer });
        Ok(())
    }

    /// Adds somebody who waits for all that came before.
    pub(super) fn push_waiter(&mut self, answer: Answer) {
        self.entries.push(Entry { end: self.bodies.len(), answer: Some(answer) });
    }

    /// Takes what waits into `into`, which is empty, and whose room is used here from then on.
    pub(super) fn take(&mut self, into: &mut Waiting) {
        std::mem::swap(&mut self.bodies, &mut into.bodies);
        std::mem::swap(&mut self.entries, &mut into.entries);
        into.lost = std::mem::take(&mut self.lost);
        self.is_led = false;
        self.is_urgent = false;
    }

    /// The audit's thread is to do something at this time. Says whether it has to be told.
    pub(super) fn wants(&mut self, at: Instant) -> bool {
        if self.due.is_some_and(|due| due <= at) {
            return false;
        }
        self.due = Some(at);
        true
    }
}

/// What was taken out of the queue.
#[derive(Debug, Default)]
pub(super) struct Waiting {
    pub(super) bodies: Vec<u8>,
    pub(super) entries: Vec<Entry>,
    pub(super) lost: u64,
}

impl Waiting {
    /// Whether there is nothing to do.
    pub(super) fn is_empty(&self) -> bool {
        self.entries.is_empty() && self.lost == 0
    }

    /// Forgets what was in it.
    pub(super) fn clear(&mut self) {
        /// Room that is kept for the next time.
        const KEPT: usize = 1024 * 1024;
        self.bodies.clear();
        self.bodies.shrink_to(KEPT);
        self.entries.clear();
        self.lost = 0;
    }
}
