//! Writing: places in the chain, groups of records, failure and recovery, seals.

use std::sync::Arc;
use std::time::{Duration, Instant};

use jiff::Timestamp;

use super::AuditError;
use super::chain::Link;
use super::copies::Copies;
use super::counts::Counters;
use super::head::{Head, Said};
use super::line::Line;
use super::queue::{Answer, Waiting};
use super::record::{Event, Gap, Seal, Torn, Why, time_text};
use super::rotating::Rotating;
use super::signature::SealKey;
use super::store::{Store, write_counted};
use crate::settings::{AuditSettings, Durability, OnFailure};

/// How far the head may be behind what is written.
const HEAD_LAG: Duration = Duration::from_millis(100);

/// How long after a record it is looked whether the file was removed, and if it could not be replaced, again.
const LOOK_LAG: Duration = Duration::from_secs(5);
const LOOK_PAUSE: Duration = Duration::from_secs(60);

/// Room for lines that is kept from one group to the next.
const KEPT_BYTES: usize = 1024 * 1024;

/// Writes records to a store.
#[derive(Debug)]
pub(super) struct Writer {
    /// Let go of before the store, so that whoever finds the store free finds the head free.
    head: Option<Head>,
    store: Box<dyn Store>,
    sealing: Sealing,
    is_synced: bool,
    /// The last record that is written.
    link: Link,
    /// Whether it is in a file that was moved away since.
    is_moved: bool,
    /// Whether the last line lacks its newline.
    mid_line: bool,
    /// What a failed write left there, where it could not be taken back.
    torn: Option<Torn>,
    /// What the start found to be wrong, until that is written: the head stays as it is until then, for another start to
    /// find it, too.
    opening: Option<Vec<u8>>,
    /// Lost records that no record tells of yet.
    untold: u64,
    /// Why what is written would be gone, where the file was removed and could not be replaced.
    gone: Option<AuditError>,
    /// Records lost since the store failed; none while all is well.
    failing: Option<u64>,
    /// What a failure means to the clients.
    consequence: &'static str,
    /// The group that is being written.
    lines: Vec<u8>,
    parts: Vec<Part>,
    head_due: Option<Instant>,
    seal_due: Option<Instant>,
    look_due: Option<Instant>,
    rotating: Option<Rotating>,
    copies: Option<Copies>,
    counters: Arc<Counters>,
}

/// How seals are set.
#[derive(Debug)]
pub(super) struct Sealing {
    /// How long records stay without one.
    pub(super) interval: Duration,
    /// What signs them.
    pub(super) key: Option<SealKey>,
}

/// What a writer carries on from.
#[derive(Debug)]
pub(super) struct Start {
    /// What the head says of it.
    pub(super) said: Said,
    pub(super) mid_line: bool,
    /// What stands behind the last whole line.
    pub(super) torn: Option<Torn>,
    pub(super) head: Option<Head>,
    pub(super) rotating: Option<Rotating>,
}

impl Start {
    /// Where nothing can be carried on.
    pub(super) const EMPTY: Self =
        Self { said: Said::START, mid_line: false, torn: None, head: None, rotating: None };
}

/// A part of the group.
#[derive(Debug)]
struct Part {
    kind: PartKind,
    /// Where it ends in the lines, not counting its newline: without that it is still a record, since the
    /// next group begins with a newline then.
    end: usize,
    /// The place in the chain with it.
    link: Link,
    answer: Option<Answer>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum PartKind {
    /// A record that somebody handed in.
    Record,
    /// A record of the audit's own.
    Own,
    /// That of a start on which something is wrong.
    Opening,
    /// Nothing, but somebody waits for all that came before.
    Waiter,
}

impl Writer {
    pub(super) fn new(
        store: Box<dyn Store>,
        start: Start,
        (sealing, copies): (Sealing, Option<Copies>),
        settings: &AuditSettings,
        counters: Arc<Counters>,
    ) -> Self {
        Self {
            head: start.head,
            store,
            sealing,
            is_synced: settings.durability == Durability::Synced,
            link: start.said.link,
            is_moved: start.said.is_moved,
            mid_line: start.mid_line,
            torn: start.torn,
            opening: None,
            untold: start.said.lost,
            gone: None,
            failing: None,
            consequence: match settings.on_failure {
                OnFailure::Refuse => "requests are refused",
                OnFailure::Continue => "requests go on without a record",
            },
            lines: Vec::new(),
            parts: Vec::new(),
            head_due: None,
            seal_due: None,
            look_due: None,
            rotating: start.rotating,
            copies,
            counters,
        }
    }

    /// Puts a record of a start on which something is wrong before all others.
    pub(super) fn open(&mut self, opened: &Event<'_>) {
        let mut body = Vec::new();
        opened.write(&time_text(Timestamp::now()), &mut Line::new(&mut body));
        self.opening = Some(body);
        let link = self.begin();
        self.write_group(link, Instant::now());
    }

    /// Writes what waits, which was taken at `now`, and answers everybody in it.
    pub(super) fn write(&mut self, waiting: &mut Waiting, now: Instant) {
        self.untold = self.untold.saturating_add(waiting.lost);
        self.counters.lost(waiting.lost);
        let mut link = self.begin();
        let mut start = 0;
        for entry in waiting.entries.drain(..) {
            match waiting.bodies.get(start..entry.end) {
                Some(body) if !body.is_empty() => {
                    self.append(&mut link, body, PartKind::Record, entry.answer);
                }
                Some(_) | None => {
                    let end = self.parts.last().map_or(0, |part| part.end);
                    self.parts.push(Part { kind: PartKind::Waiter, end, link, answer: entry.answer });
                }
            }
            start = entry.end;
        }
        waiting.clear();
        self.write_group(link, now);
        if self.rotating.as_ref().is_some_and(Rotating::is_full) {
            self.rotate();
        }
    }

    /// Moves the file away, sealed, and begins another.
    fn rotate(&mut self) {
        if self.replace_removed(Instant::now()) {
            return;
        }
        self.seal(Why::Rotation);
        // The head is to be right before the move: whoever starts next may find nothing else.
        self.put_head();
        let Some(rotating) = &mut self.rotating else { return };
        if self.failing.is_some() {
            return rotating.postpone();
        }
        let to = rotating.next_path(self.link.sequence);
        match self.store.rotate(&to, self.is_synced) {
            Ok(()) => {
                tracing::info!("the audit file was moved to {}", to.display());
                rotating.moved();
                self.mid_line = false;
                self.is_moved = true;
                self.put_head();
            }
            Err(error) => {
                tracing::error!("the audit file cannot be rotated, and grows: {error}");
                rotating.postpone();
            }
        }
    }

    /// Goes on in the file that has the name now, where the one that is written to was moved away.
    pub(super) fn reopen(&mut self) {
        self.seal(Why::Rotation);
        self.put_head();
        match self.store.reopen() {
            Ok(true) => {
                tracing::info!("the audit file was moved away, and another is begun");
                self.rotating.iter_mut().for_each(Rotating::moved);
                self.mid_line = false;
                self.torn = None;
                self.gone = None;
                self.is_moved = true;
                self.put_head();
            }
            Ok(false) => tracing::info!("the audit file is where it was, and stays"),
            Err(error) => {
                tracing::error!("the audit goes on in the file that was moved away: {error}");
            }
        }
    }

    /// Goes on in another file where the one that is written to was removed; whether it was.
    fn replace_removed(&mut self, now: Instant) -> bool {
        self.look_due = None;
        let was_gone = self.gone.take().is_some();
        match self.store.replace_removed() {
            Ok(None) => return was_gone,
            Ok(Some(tail)) => {
                self.rotating.iter_mut().for_each(Rotating::moved);
                self.mid_line = tail.mid_line;
                self.torn = tail.torn;
                // Whoever removed the one may have removed the other.
                self.put_head();
            }
            Err(error) => {
                let error =
                    AuditError::new(&format_args!("its file was removed, and cannot be replaced: {error}"));
                self.report(Some(&error), 0, false);
                self.gone = Some(error);
                self.look_due = now.checked_add(LOOK_PAUSE);
                self.rotating.iter_mut().for_each(Rotating::postpone);
            }
        }
        true
    }

    /// Puts a seal behind what is written.
    pub(super) fn seal(&mut self, why: Why) {
        let mut link = self.begin();
        let time = time_text(Timestamp::now());
        let signature = self.sealing.key.as_ref().map(|key| key.sign(sealed_text(link, &time).as_bytes()));
        self.append_own(&mut link, &time, &Event::Seal(Seal { why, signature }));
        self.write_group(link, Instant::now());
        if self.failing.is_none() {
            self.seal_due = None;
        }
    }

    /// Does what is due by now.
    pub(super) fn tend(&mut self, now: Instant) {
        if self.seal_due.is_some_and(|due| due <= now) {
            self.seal_due = now.checked_add(self.sealing.interval);
            self.seal(Why::Interval);
        }
        if self.head_due.is_some_and(|due| due <= now) {
            self.put_head();
        }
        if self.look_due.is_some_and(|due| due <= now) {
            self.replace_removed(now);
        }
        if self.rotating.as_ref().is_some_and(|rotating| rotating.is_old(now)) {
            self.rotate();
        }
    }

    /// When the next thing is due.
    pub(super) fn due(&self) -> Option<Instant> {
        let rotation_due = self.rotating.as_ref().and_then(Rotating::due);
        [self.head_due, self.seal_due, self.look_due, rotation_due].into_iter().flatten().min()
    }

    /// There is little time left.
    pub(super) fn hurry(&mut self) {
        self.copies.iter_mut().for_each(Copies::hurry);
    }

    /// Leaves everything as it is to stay: sealed, and on the disk.
    pub(super) fn close(&mut self) {
        self.replace_removed(Instant::now());
        self.seal(Why::Closing);
        if self.head_due.is_some() {
            self.put_head();
        }
        if self.untold > 0 {
            let kept = self.opening.is_none() && self.head.as_ref().is_some_and(|head| !head.is_failing);
            let then =
                if kept { "the next start writes down how many" } else { "no record will tell of them" };
            tracing::error!("{} records could not be written and are lost; {then}", self.untold);
        }
        if let Err(error) = self.store.sync() {
            tracing::warn!("the audit may not be whole after a loss of power: {error}");
        }
        self.copies.iter().for_each(Copies::finish);
    }

    /// Begins a group; the place in the chain that it goes on from.
    fn begin(&mut self) -> Link {
        if self.gone.is_some() {
            self.replace_removed(Instant::now());
        }
        self.lines.clear();
        self.lines.shrink_to(KEPT_BYTES);
        if self.mid_line {
            self.lines.push(b'\n');
        }
        let mut link = self.link;
        if self.untold > 0 || self.torn.is_some() {
            let gap = Event::Gap(Gap { lost: self.untold, torn: self.torn.clone() });
            self.append_own(&mut link, &time_text(Timestamp::now()), &gap);
        }
        if let Some(body) = self.opening.clone() {
            self.append(&mut link, &body, PartKind::Opening, None);
        }
        link
    }

    fn append_own(&mut self, link: &mut Link, time: &str, event: &Event<'_>) {
        let mut body = Vec::new();
        event.write(time, &mut Line::new(&mut body));
        self.append(link, &body, PartKind::Own, None);
    }

    fn append(&mut self, link: &mut Link, body: &[u8], kind: PartKind, answer: Option<Answer>) {
        link.append(body, &mut self.lines);
        self.parts.push(Part { kind, end: self.lines.len().saturating_sub(1), link: *link, answer });
    }

    fn write_group(&mut self, end: Link, now: Instant) {
        let before = self.link;
        let (count, mut stored) = match self.can_write() {
            Ok(()) => {
                let (count, stored) = write_counted(&mut *self.store, &self.lines);
                (count, stored.map_err(|error| AuditError::new(&error)))
            }
            Err(error) => (0, Err(error)),
        };
        match stored {
            Ok(()) => self.written_whole(end),
            Err(_) => self.written_in_part(count),
        }
        if self.parts.iter().any(|part| part.kind == PartKind::Opening && part.end <= count) {
            self.opening = None;
        }
        if self.is_synced && stored.is_ok() && end != before {
            stored = self.store.sync().map_err(|error| AuditError::new(&error));
            self.counters.synced();
        }
        let received = match &self.copies {
            Some(copies) if self.link != before => {
                copies.give(self.whole_lines(count)).map_err(|error| AuditError::of_receiver(&error))
            }
            Some(_) | None => Ok(()),
        };
        let is_whole = count == self.lines.len();
        // What a receiver has not taken is in the file.
        let is_lost = |part: &Part| stored.is_err() && (is_whole || part.end > count);
        let lost = self.parts.iter().filter(|part| part.kind == PartKind::Record && is_lost(part)).count();
        self.counters.wrote(self.link.sequence.saturating_sub(before.sequence), count);
        let error = stored.as_ref().err().or(received.as_ref().err());
        self.report(error, lost.try_into().unwrap_or(u64::MAX), before != end);
        if self.link != before || self.untold > 0 {
            self.head_due = self.head_due.or_else(|| now.checked_add(HEAD_LAG));
        }
        if self.link != before {
            self.is_moved = false;
            self.look_due = self.look_due.or_else(|| now.checked_add(LOOK_LAG));
            self.seal_due = self.seal_due.or_else(|| now.checked_add(self.sealing.interval));
            if let Some(rotating) = &mut self.rotating {
                rotating.wrote(count, now);
            }
        }
        // Answered last, so that whoever waits finds everything above done.
        for mut part in self.parts.drain(..) {
            let Some(answer) = part.answer.take() else { continue };
            let result = if is_lost(&part) { stored.clone() } else { received.clone() };
            answer.send(result).ok(); // Whoever waited may have gone away meanwhile.
        }
    }

    /// Whether there is any use in writing.
    fn can_write(&mut self) -> Result<(), AuditError> {
        match (&self.gone, self.failing) {
            (Some(error), _) => Err(error.clone()),
            (None, Some(_)) => self.store.has_room_again().map_err(|error| AuditError::new(&error)),
            (None, None) => Ok(()),
        }
    }

    /// Of the first `count` bytes of the group, the lines that are whole, or lack only their newline.
    fn whole_lines(&self, count: usize) -> &[u8] {
        let whole = self.parts.iter().rfind(|part| part.end <= count).map_or(0, |part| part.end);
        self.lines.get(..whole.saturating_add(1)).unwrap_or(&self.lines)
    }

    fn written_whole(&mut self, end: Link) {
        if end != self.link {
            self.untold = 0;
            self.torn = None;
        }
        self.link = end;
        self.mid_line &= self.lines.is_empty();
    }

    /// Only the first `count` bytes of the group were written: what is behind the last whole line of them
    /// is taken back, or stays as a line of its own.
    fn written_in_part(&mut self, count: usize) {
        let first = usize::from(self.mid_line);
        if count >= first {
            self.mid_line = false;
        }
        let whole = self.parts.iter().rfind(|part| part.kind != PartKind::Waiter && part.end <= count);
        let mut lines_end = first.min(count);
        if let Some(part) = whole {
            // A gap told of stands first in the group.
            self.untold = 0;
            self.torn = None;
            self.link = part.link;
            self.mid_line = part.end == count;
            lines_end = part.end.saturating_add(1);
        }
        let torn = self.lines.get(lines_end..count).unwrap_or_default();
        if !torn.is_empty() && self.store.take_back(bytes(torn)).is_err() {
            self.torn = Some(Torn::of(torn));
            self.mid_line = true;
        }
    }

    /// Tells the operator when the audit begins to fail and when it is well again, not at each record.
    fn report(&mut self, error: Option<&AuditError>, lost: u64, tried: bool) {
        self.untold = self.untold.saturating_add(lost);
        self.counters.lost(lost);
        match (self.failing, error) {
            (None, Some(error)) => {
                tracing::error!("{error}; {} until it can be written again", self.consequence);
                self.failing = Some(lost);
                self.counters.fails(Some(error.clone()));
            }
            (Some(before), Some(error)) => {
                self.failing = Some(before.saturating_add(lost));
                self.counters.fails(Some(error.clone()));
            }
            (Some(before), None) if tried => {
                tracing::warn!("the audit is written again; {before} records were lost");
                self.failing = None;
                self.counters.fails(None);
            }
            // A group of nothing says nothing about the store.
            (None | Some(_), None) => {}
        }
    }

    fn put_head(&mut self) {
        self.head_due = None;
        let Some(head) = &mut self.head else { return };
        let was_failing = head.is_failing;
        let said = Said { link: self.link, lost: self.untold, is_moved: self.is_moved };
        let put = if self.opening.is_some() { head.keep() } else { head.put(said) };
        // Where the disk is full it may be well again; the operator is told once.
        if let Err(error) = put
            && !was_failing
        {
            tracing::warn!("the head of the audit cannot be written: {error}");
        }
    }
}

/// What the signature of a seal is over: how many records there are, the hash of the last, and when.
pub(super) fn sealed_text(link: Link, time: &str) -> String {
    format!("{} {} {time}\n", link.sequence, link.hash)
}

fn bytes(text: &[u8]) -> u64 {
    u64::try_from(text.len()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests;
