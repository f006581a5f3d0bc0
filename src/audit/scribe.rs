//! Who writes, and when.
//!
//! Where that is quick, records are written by the thread that hands them in: the first of a turn of the
//! runtime lets everybody else who is ready put theirs in, and then writes all of them at once. A thread of
//! the audit's own does whatever may take its time: waiting for the disk, for a reader of standard output, for
//! a disk that has turned out to be slow; and what is due by the clock.

use std::future::poll_fn;
use std::io;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, TryLockError, Weak};
use std::task::Poll;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use tokio::sync::oneshot;

use super::AuditError;
use super::counts::Counters;
use super::queue::{Answer, Queue, Waiting};
use super::record::Event;
use super::writer::Writer;

/// How long records that nobody waits for stay in memory at most. Each time, the thread that serves is disturbed by the
/// audit's: seldom enough that it shows in no percentile.
const LAZY: Duration = Duration::from_millis(50);
/// What waits in memory at most before it is written although nobody waits for it.
const BUFFERED_BYTES: usize = 256 * 1024;
/// A write that takes longer shows a slow disk.
const SLOW: Duration = Duration::from_millis(100);
/// For how long after that the runtime is kept from writing.
const SLOW_REST: Duration = Duration::from_secs(5);

/// How records come to be written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Way {
    /// By whoever hands them in.
    Inline,
    /// By the audit's thread, at once.
    Thread,
    /// By the audit's thread, some time later, and nobody waits.
    Later,
}

/// The queue, the writer, and the thread that brings them together.
#[derive(Debug)]
pub(super) struct Scribe {
    way: Way,
    queue: Mutex<Queue>,
    /// Tells the audit's thread that there is something to do.
    told: Condvar,
    desk: Mutex<Desk>,
    /// Until when the disk counts as slow, in milliseconds since `began`.
    slow_until: AtomicU64,
    began: Instant,
    pub(super) counters: Arc<Counters>,
}

/// What only one at a time has.
#[derive(Debug)]
struct Desk {
    writer: Writer,
    waiting: Waiting,
    /// When the audit's thread knows that the writer has something due; each time that it has come it looks itself.
    told_due: Option<Instant>,
}

/// What the audit's thread is to do beside writing.
struct Errand {
    /// Whether it is the last.
    is_closed: bool,
    /// Who waits for everything to be left as it is to stay.
    closing: Option<Answer>,
    /// Whether the file may have been moved away.
    is_moved: bool,
}

/// A handle on the scribe. The thread ends when the last one is dropped.
#[derive(Debug)]
pub(super) struct Handle(Arc<Scribe>);

impl Handle {
    /// Starts the thread.
    pub(super) fn start(writer: Writer, way: Way, counters: Arc<Counters>) -> io::Result<Self> {
        let scribe = Arc::new(Scribe {
            way,
            queue: Mutex::default(),
            told: Condvar::new(),
            desk: Mutex::new(Desk { writer, waiting: Waiting::default(), told_due: None }),
            slow_until: AtomicU64::new(0),
            began: Instant::now(),
            counters,
        });
        let thread = Arc::clone(&scribe);
        std::thread::Builder::new().name("audit".to_owned()).spawn(move || thread.run())?;
        Ok(Self(scribe))
    }

    /// For whoever must not keep it alive.
    pub(super) fn weak(&self) -> Weak<Scribe> {
        Arc::downgrade(&self.0)
    }
}

impl std::ops::Deref for Handle {
    type Target = Scribe;

    fn deref(&self) -> &Scribe {
        &self.0
    }
}

impl Drop for Handle {
    fn drop(&mut self) {
        lock(&self.0.queue).is_closed = true;
        self.0.told.notify_one();
    }
}

impl Scribe {
    /// Puts a record in that is to be [written](Pending::written) before anybody goes on.
    pub(super) fn enter(&self, event: &Event<'_>) -> Result<Pending<'_>, AuditError> {
        if self.way == Way::Later {
            self.put(event)?;
            return Ok(Pending { lead: None, written: None });
        }
        let (answer, written) = oneshot::channel();
        let lead = self.put_and_lead(event, answer)?;
        Ok(Pending { lead, written: Some(written) })
    }

    /// Puts a record in that nobody waits for.
    pub(super) fn put(&self, event: &Event<'_>) -> Result<(), AuditError> {
        let now = Timestamp::now();
        let mut queue = lock(&self.queue);
        queue.push(now, event, None)?;
        match self.way {
            Way::Inline if queue.is_led => {}
            // Of a request that is over: whoever is recorded next takes it along, or the audit's thread does.
            Way::Inline if !matches!(event, Event::Ended(..)) && !self.is_slow() => {
                drop(queue);
                self.write_here();
            }
            Way::Later if queue.bodies.len() > BUFFERED_BYTES => self.want_now(queue),
            Way::Inline | Way::Thread | Way::Later => self.want_lazily(queue),
        }
        Ok(())
    }

    /// Puts a record in and waits for it, on a thread that may be kept waiting.
    pub(super) fn put_and_wait(&self, event: &Event<'_>) -> Result<(), AuditError> {
        let (answer, written) = oneshot::channel();
        let now = Timestamp::now();
        let mut queue = lock(&self.queue);
        queue.push(now, event, Some(answer))?;
        self.want_now(queue);
        written.blocking_recv().map_err(|_| AuditError::stopped())?
    }

    /// Goes on in the file that has the audit's name now; some time later.
    pub(super) fn reopen(&self) {
        self.ask(|queue| queue.is_moved = true);
    }

    /// Returns when everything before is written, or has failed to be.
    pub(super) async fn all_written(&self) {
        let (answer, written) = oneshot::channel();
        self.ask(|queue| queue.push_waiter(answer));
        written.await.ok(); // What could not be written is reported elsewhere.
    }

    /// The same, and leaves everything as it is to stay.
    pub(super) async fn close(&self) {
        let (answer, closed) = oneshot::channel();
        self.ask(|queue| queue.closing = Some(answer));
        closed.await.ok();
    }

    fn ask(&self, what: impl FnOnce(&mut Queue)) {
        let mut queue = lock(&self.queue);
        what(&mut queue);
        self.want_now(queue);
    }

    /// Puts a record in; the first of a turn is to write all of the turn when it drops what it gets.
    fn put_and_lead(&self, event: &Event<'_>, answer: Answer) -> Result<Option<Lead<'_>>, AuditError> {
        let now = Timestamp::now();
        let mut queue = lock(&self.queue);
        queue.push(now, event, Some(answer))?;
        if self.way != Way::Inline || self.is_slow() {
            self.want_now(queue);
            return Ok(None);
        }
        let is_alone = matches!(event, Event::Judged(_) | Event::Stated(..)) && queue.open == 1;
        let leads = !std::mem::replace(&mut queue.is_led, true);
        Ok(leads.then(|| Lead { scribe: self, is_alone }))
    }

    /// Writes what waits, unless the audit's thread is at it, which then is to do this too.
    fn write_here(&self) {
        let mut desk = match self.desk.try_lock() {
            Ok(desk) => desk,
            Err(TryLockError::Poisoned(poisoned)) => poisoned.into_inner(),
            Err(TryLockError::WouldBlock) => {
                let mut queue = lock(&self.queue);
                queue.is_led = false;
                return self.want_now(queue);
            }
        };
        let start = Instant::now();
        self.write(&mut desk, start);
        if start.elapsed() > SLOW {
            let until = self.began.elapsed().saturating_add(SLOW_REST).as_millis();
            self.slow_until.store(until.try_into().unwrap_or(u64::MAX), Ordering::Relaxed);
        }
    }

    fn write(&self, desk: &mut Desk, now: Instant) {
        let Desk { writer, waiting, told_due } = desk;
        lock(&self.queue).take(waiting);
        if !waiting.is_empty() {
            writer.write(waiting, now);
        }
        let due = writer.due();
        if let Some(at) = due
            && due != *told_due
        {
            *told_due = due;
            self.want_at(lock(&self.queue), at);
        }
    }

    /// The audit's thread.
    fn run(&self) {
        loop {
            let Errand { is_closed, closing, is_moved } = self.wait();
            let mut desk = lock(&self.desk);
            if closing.is_some() {
                desk.writer.hurry();
            }
            self.write(&mut desk, Instant::now());
            if is_moved {
                desk.writer.reopen();
            }
            desk.writer.tend(Instant::now());
            if let Some(answer) = closing {
                desk.writer.close();
                answer.send(Ok(())).ok();
            }
            desk.told_due = desk.writer.due();
            if let Some(due) = desk.told_due {
                lock(&self.queue).wants(due);
            }
            if is_closed {
                return;
            }
        }
    }

    /// Waits for something to do.
    fn wait(&self) -> Errand {
        let mut queue = lock(&self.queue);
        while !queue.is_urgent && !queue.is_closed && queue.closing.is_none() {
            queue = match queue.due {
                None => self.told.wait(queue).unwrap_or_else(PoisonError::into_inner),
                Some(due) => {
                    let left = due.saturating_duration_since(Instant::now());
                    if left.is_zero() {
                        queue.due = None;
                        break;
                    }
                    self.told.wait_timeout(queue, left).unwrap_or_else(PoisonError::into_inner).0
                }
            };
        }
        queue.is_awaited = false;
        Errand {
            is_closed: queue.is_closed,
            closing: queue.closing.take(),
            is_moved: std::mem::take(&mut queue.is_moved),
        }
    }

    fn want_now(&self, mut queue: MutexGuard<'_, Queue>) {
        if !std::mem::replace(&mut queue.is_urgent, true) {
            drop(queue);
            self.told.notify_one();
        }
    }

    /// Has the audit's thread come within [`LAZY`], unless it will in any case.
    fn want_lazily(&self, mut queue: MutexGuard<'_, Queue>) {
        if std::mem::replace(&mut queue.is_awaited, true) {
            return;
        }
        match Instant::now().checked_add(LAZY) {
            Some(due) => self.want_at(queue, due),
            None => self.want_now(queue),
        }
    }

    fn want_at(&self, mut queue: MutexGuard<'_, Queue>, due: Instant) {
        if queue.wants(due) {
            drop(queue);
            self.told.notify_one();
        }
    }

    fn is_slow(&self) -> bool {
        let until = self.slow_until.load(Ordering::Relaxed);
        until > 0 && self.began.elapsed().as_millis() < u128::from(until)
    }
}

/// A record that was put in.
pub(super) struct Pending<'s> {
    lead: Option<Lead<'s>>,
    /// None where nobody waits for it.
    written: Option<oneshot::Receiver<Result<(), AuditError>>>,
}

impl Pending<'_> {
    /// Returns once it is written, as far as the way it goes promises that.
    pub(super) async fn written(self) -> Result<(), AuditError> {
        if let Some(lead) = self.lead {
            // Everybody else who is ready has a turn first, where there is anybody else.
            let mut had_theirs = lead.is_alone;
            poll_fn(|context| {
                if std::mem::replace(&mut had_theirs, true) {
                    return Poll::Ready(());
                }
                context.waker().wake_by_ref();
                Poll::Pending
            })
            .await;
            drop(lead);
        }
        match self.written {
            Some(written) => written.await.map_err(|_| AuditError::stopped())?,
            None => Ok(()),
        }
    }
}

/// Whoever has it writes everything when it is dropped, also where the request is given up meanwhile.
struct Lead<'s> {
    scribe: &'s Scribe,
    /// Whether no other request is under way.
    is_alone: bool,
}

impl Drop for Lead<'_> {
    fn drop(&mut self) {
        self.scribe.write_here();
    }
}

/// A panic elsewhere leaves nothing half done that would matter here.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests;
