//! Copies of the records, for those who collect logs: each kind of receiver has a thread of its own, and room for what
//! waits. One that hangs holds up nobody, unless the settings say that it must; what finds no room is dropped, counted
//! and told of.

mod receiver;

use std::io;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use super::counts::Counters;
use crate::settings::{AuditCopies, AuditCopy};
use receiver::Receiver;

/// What waits for a receiver at most.
const LIMIT_BYTES: usize = 8 * 1024 * 1024;
/// How long to wait before a receiver that cannot be reached is tried again.
const PAUSE: Duration = Duration::from_secs(1);
/// How long records wait for a receiver that must have them: any, those that come when it lacks others for which it was
/// waited already, and those before the process ends.
const PATIENCE: Duration = Duration::from_secs(5);
const LESS_PATIENCE: Duration = Duration::from_millis(250);
const LAST_PATIENCE: Duration = Duration::from_millis(500);

/// Finds out whether whoever is to have copies can be reached, without sending anything.
///
/// # Errors
///
/// Why not, after some seconds at most.
pub fn reach_receiver(copy: &AuditCopy) -> io::Result<()> {
    Receiver::new(copy)?.reach()
}

/// Where copies go.
#[derive(Debug)]
pub(super) struct Copies {
    queues: Vec<Arc<Queue>>,
    /// Whether a record counts as written only once every receiver has it.
    is_must: bool,
    /// How long one that has taken all before is waited for.
    patience: Duration,
    counters: Arc<Counters>,
}

/// What waits for one receiver.
#[derive(Debug)]
struct Queue {
    name: String,
    is_must: bool,
    state: Mutex<State>,
    told: Condvar,
}

#[derive(Debug, Default)]
struct State {
    /// Whole lines.
    lines: Vec<u8>,
    /// How many groups were put in, and how many of them the receiver has.
    given: u64,
    received: u64,
    /// Records dropped since it was last well.
    dropped: u64,
    is_closed: bool,
}

impl Copies {
    /// Starts a thread for each receiver; none where the settings name none.
    pub(super) fn start(settings: &AuditCopies, counters: &Arc<Counters>) -> io::Result<Option<Self>> {
        let mut queues = Vec::new();
        for copy in &settings.to {
            queues.push(start(copy, settings.must, Arc::clone(counters))?);
        }
        let counters = Arc::clone(counters);
        let copies = Self { queues, is_must: settings.must, patience: PATIENCE, counters };
        Ok((!copies.queues.is_empty()).then_some(copies))
    }

    /// Gives whole lines to every receiver. Where they must have them, returns when they do.
    ///
    /// # Errors
    ///
    /// If one that must have them has not taken them in time.
    pub(super) fn give(&self, lines: &[u8]) -> io::Result<()> {
        let now = Instant::now();
        let tickets: Vec<_> = self.queues.iter().map(|queue| self.put(queue, lines)).collect();
        if !self.is_must {
            return Ok(());
        }
        for (queue, ticket) in self.queues.iter().zip(tickets) {
            let is_received = ticket.is_some_and(|Ticket { number, is_behind }| {
                let patience = if is_behind { LESS_PATIENCE } else { self.patience };
                queue.wait_for(number, now.checked_add(patience))
            });
            if !is_received {
                return Err(io::Error::new(
                    io::ErrorKind::TimedOut,
                    format!("{} does not take it", queue.name),
                ));
            }
        }
        Ok(())
    }

    /// Puts lines in; none where there is no room.
    fn put(&self, queue: &Queue, lines: &[u8]) -> Option<Ticket> {
        let mut state = lock(&queue.state);
        if state.lines.len().saturating_add(lines.len()) > LIMIT_BYTES {
            let count = memchr::memchr_iter(b'\n', lines).count().try_into().unwrap_or(u64::MAX);
            drop_records(&queue.name, &mut state, count, &self.counters, "it takes nothing");
            return None;
        }
        state.lines.extend_from_slice(lines);
        let is_behind = state.received < state.given;
        state.given = state.given.saturating_add(1);
        let ticket = Ticket { number: state.given, is_behind };
        drop(state);
        queue.told.notify_all();
        Some(ticket)
    }
}

/// What was put in for one receiver.
struct Ticket {
    /// How many groups there were with it.
    number: u64,
    /// Whether the receiver lacked some of them before it.
    is_behind: bool,
}

impl Drop for Copies {
    fn drop(&mut self) {
        for queue in &self.queues {
            lock(&queue.state).is_closed = true;
            queue.told.notify_all();
        }
    }
}

impl Copies {
    /// There is little time left for waiting.
    pub(super) fn hurry(&mut self) {
        self.patience = LAST_PATIENCE;
    }

    /// Waits a moment for what is on its way: for before the process ends.
    pub(super) fn finish(&self) {
        const MOMENT: Duration = Duration::from_secs(1);
        let deadline = Instant::now().checked_add(MOMENT);
        for queue in &self.queues {
            let given = lock(&queue.state).given;
            queue.wait_for(given, deadline);
        }
    }
}

impl Queue {
    /// Whether the receiver has what was put in so far before it is too late.
    fn wait_for(&self, ticket: u64, deadline: Option<Instant>) -> bool {
        let mut state = lock(&self.state);
        while state.received < ticket {
            let left = deadline
                .map_or(Duration::ZERO, |deadline| deadline.saturating_duration_since(Instant::now()));
            if left.is_zero() {
                return false;
            }
            state = self.told.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner).0;
        }
        true
    }

    /// Waits before the receiver is tried again. Where a request waits for it, that is tried at once.
    fn rest(&self) {
        if self.is_must {
            let state = lock(&self.state);
            drop(self.told.wait_timeout(state, PAUSE).unwrap_or_else(PoisonError::into_inner));
        } else {
            thread::sleep(PAUSE);
        }
    }

    /// What waits, and how many groups that is; none when nothing more will come.
    fn take(&self) -> Option<(Vec<u8>, u64)> {
        let mut state = lock(&self.state);
        while state.lines.is_empty() {
            if state.is_closed {
                return None;
            }
            state = self.told.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        Some((std::mem::take(&mut state.lines), state.given))
    }
}

fn start(copy: &AuditCopy, is_must: bool, counters: Arc<Counters>) -> io::Result<Arc<Queue>> {
    let mut receiver = Receiver::new(copy)?;
    let queue =
        Arc::new(Queue { name: copy.to_string(), is_must, state: Mutex::default(), told: Condvar::new() });
    let waiting = Arc::clone(&queue);
    thread::Builder::new().name("audit-copy".to_owned()).spawn(move || {
        while let Some((lines, given)) = waiting.take() {
            for line in lines.split_inclusive(|byte| *byte == b'\n').filter(|line| line.len() > 1) {
                send(&mut receiver, &waiting, line, &counters);
            }
            lock(&waiting.state).received = given;
            waiting.told.notify_all();
        }
    })?;
    Ok(queue)
}

/// Sends a line, however long that takes; one that can never be sent is dropped.
fn send(receiver: &mut Receiver, queue: &Queue, line: &[u8], counters: &Counters) {
    let mut is_told = false;
    loop {
        match receiver.send(line) {
            Ok(()) => {
                let mut state = lock(&queue.state);
                if is_told || state.dropped > 0 {
                    let dropped = std::mem::take(&mut state.dropped);
                    tracing::warn!("{} takes records again; {dropped} were dropped", queue.name);
                }
                return;
            }
            Err(error) if receiver::is_too_long(&error) => {
                drop_records(&queue.name, &mut lock(&queue.state), 1, counters, &error.to_string());
                return;
            }
            Err(error) => {
                if !std::mem::replace(&mut is_told, true) {
                    tracing::warn!("{} takes no records, which wait for it: {error}", queue.name);
                }
                if lock(&queue.state).is_closed {
                    return;
                }
                queue.rest();
            }
        }
    }
}

/// Counts what is dropped; the operator is told of the first.
fn drop_records(name: &str, state: &mut State, count: u64, counters: &Counters, why: &str) {
    if state.dropped == 0 {
        tracing::error!("records for {name} are dropped until it takes them again: {why}");
    }
    state.dropped = state.dropped.saturating_add(count);
    counters.dropped_copies(count);
}

/// A panic elsewhere leaves nothing half done that would matter here.
fn lock(mutex: &Mutex<State>) -> MutexGuard<'_, State> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests;
