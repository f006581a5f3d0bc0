//! The daemon's answer, passed on as far as the client may see it.

use std::cell::Cell;
use std::future::pending;
use std::iter::once;
use std::time::{Duration, Instant};

use tokio::time::sleep;

use super::answer::{Down, Passing};
use super::answers::Answers;
use super::turns::Turn;
use crate::daemon::{Line, Receiver, Untold};
use crate::operation::Shown;
use crate::operation::answer::{LookUp, Reader, Step};
use crate::operation::version::ApiVersion;
use crate::wire::{Body, ResponseHead, write_payload};

/// How much of an answer is held back, so that one that turns out not to be what was expected can be refused as a
/// whole, and one that is small has a length.
const HELD_BYTES: usize = 256 * 1024;

/// The largest buffer that is kept for the next answer.
const MAX_SPARE_BYTES: usize = 4 * HELD_BYTES;

/// How much is held of an answer that waits for no turn. Of one with many small things in it no more is.
const SMALL_BYTES: usize = 3 * HELD_BYTES;
/// How many answers with larger things in them are held at a time, so that clients cannot fill the memory with them.
pub(super) const LARGE_THINGS: usize = 8;
/// How long a client may take, where others wait, to read a piece of so many bytes of one that is held.
const PIECE_TIME: Duration = Duration::from_secs(2);
const PIECE_BYTES: usize = 1024 * 1024;

/// How often, at most, it is told that something was left out: events may hold it again and again.
const TOLD_INTERVAL: Duration = Duration::from_secs(10);

thread_local! {
    /// What the last answer was held in, so that its pages are not fetched from the system again for the next.
    static SPARE: Cell<Vec<u8>> = const { Cell::new(Vec::new()) };
    /// When it was told last that something was left out.
    static TOLD: Cell<Option<Instant>> = const { Cell::new(None) };
}

/// What a client may see of an answer, and in which version further questions are asked.
#[derive(Debug)]
pub(super) struct Filter {
    pub(super) reader: Reader,
    pub(super) version: ApiVersion,
}

impl Filter {
    /// The same for an error in place of the answer. None: it is passed on as it is.
    pub(super) fn of_error(self) -> Option<Self> {
        Some(Self { reader: self.reader.of_error()?, ..self })
    }
}

/// An answer on its way to the client.
struct Outgoing<'a> {
    passing: &'a Passing<'a>,
    answer: &'a ResponseHead<'a>,
    /// Whether its head was sent.
    is_begun: bool,
    chunked: bool,
    held: Vec<u8>,
    /// The turn of what is held, and of what the reader keeps, where that is much.
    turn: Option<Turn>,
}

impl Passing<'_> {
    /// Passes on of an answer what `filter` shows.
    pub(super) async fn show(
        &self,
        receiver: &mut Receiver<'_>,
        answer: &ResponseHead<'_>,
        filter: Filter,
    ) -> Result<bool, Down> {
        let Filter { mut reader, version } = filter;
        if answer.field("content-encoding").is_some() {
            return Err(Down::Withheld("it is compressed".to_owned()));
        }
        // A stream has little at a time, and for long.
        let held = if reader.is_live() { Vec::new() } else { SPARE.take() };
        let mut outgoing =
            Outgoing { passing: self, answer, is_begun: false, chunked: !self.is_http_10, held, turn: None };
        if reader.is_live() {
            outgoing.send(false).await?;
        }
        let mut line = Line::default();
        let mut body = Body::new(answer.framing);
        loop {
            let piece =
                body.next(receiver.inbox, receiver.stream).await.map_err(|fault| Down::Lost(fault.into()))?;
            let mut step = if let Some(count) = piece {
                let step = reader
                    .feed(receiver.inbox.pending().get(..count).unwrap_or_default(), &mut outgoing.held);
                receiver.inbox.consume(count);
                step
            } else {
                reader.end();
                reader.step(&mut outgoing.held)
            };
            while let Step::Ask(look_up) =
                step.map_err(|unexpected| Down::Withheld(unexpected.to_string()))?
            {
                self.look_up(&mut reader, &look_up, version, &mut line).await?;
                step = reader.step(&mut outgoing.held);
            }
            if let Some(why) = reader.left_out() {
                self.tell(&format!("something in the daemon's answer is left out: {why}"));
            }
            outgoing.take_turn(&reader).await;
            if piece.is_none() {
                outgoing.send(true).await?;
                return Ok(answer.keep_alive);
            }
            if reader.is_live() || outgoing.held.len() > HELD_BYTES {
                outgoing.send(false).await?;
            }
        }
    }

    /// Asks the daemon what it takes to know. An event stream goes on without the event of which nothing can be learnt.
    async fn look_up(
        &self,
        reader: &mut Reader,
        look_up: &LookUp,
        version: ApiVersion,
        line: &mut Line,
    ) -> Result<(), Down> {
        let mut answers = Answers::of(&self.gate.answers, self.by);
        let shown = match self.gate.daemon.look_up(look_up.path(), version, line, &mut answers).await {
            Ok(shown) => shown,
            Err(Untold::Unreadable(sentence)) => {
                self.tell(&sentence);
                reader.miss(look_up);
                return Ok(());
            }
            Err(Untold::Away(away)) if reader.is_live() => {
                tracing::debug!("request {}: an event is not shown: {away}", self.id);
                Shown::Missing
            }
            Err(Untold::Away(away)) => return Err(Down::Unasked(away)),
        };
        reader.learn(look_up, shown.thing()).map_err(|unexpected| Down::Withheld(unexpected.to_string()))
    }

    /// Tells the operator of what a client may miss, once in a while.
    fn tell(&self, what: &str) {
        let now = Instant::now();
        if TOLD.get().is_none_or(|told| now.duration_since(told) >= TOLD_INTERVAL) {
            TOLD.set(Some(now));
            tracing::warn!("request {}, {}: {what}", self.id, self.endpoint);
        }
    }
}

impl Outgoing<'_> {
    /// Waits for the turn of what is held and kept, where that is much, and gives it back where it is not.
    async fn take_turn(&mut self, reader: &Reader) {
        let bytes = self.held.len().saturating_add(reader.kept_bytes());
        if bytes <= SMALL_BYTES {
            self.turn = None;
        } else if self.turn.is_none() {
            self.turn = self.passing.gate.shown.take(self.passing.by).await;
        }
    }

    /// Returns once the client has taken too long to read what is held, while others wait.
    async fn too_slow(&self) {
        let Some(turn) = &self.turn else { return pending().await };
        let (began, pieces) = (Instant::now(), self.held.len().div_ceil(PIECE_BYTES));
        let time = PIECE_TIME.saturating_mul(pieces.try_into().unwrap_or(u32::MAX));
        loop {
            sleep(PIECE_TIME).await;
            if turn.is_wanted() && began.elapsed() >= time {
                return;
            }
        }
    }

    /// Sends what is held: all of an answer, or a piece of one of which nobody knows how long it is.
    async fn send(&mut self, is_last: bool) -> Result<(), Down> {
        let mut before = Vec::new();
        if !self.is_begun {
            let mut head = self.passing.answer_head(self.answer);
            if is_last {
                self.chunked = false;
                head.number("Content-Length", self.held.len());
            } else if self.chunked {
                head.field("Transfer-Encoding", "chunked");
            }
            self.passing.close_with(&mut head);
            before = head.end();
            self.is_begun = true;
            self.passing.progress.status.set(Some(self.answer.status));
        }
        let held = once(self.held.as_slice());
        let writing = write_payload(self.passing.client, &before, held, self.chunked, is_last);
        tokio::select! {
            biased;
            written = writing => written.map_err(|_| Down::ClientGone)?,
            () = self.too_slow() => return Err(Down::ClientGone),
        }
        self.passing.progress.down.add(self.held.len());
        self.held.clear();
        Ok(())
    }
}

impl Drop for Outgoing<'_> {
    fn drop(&mut self) {
        self.held.clear();
        if self.held.capacity() <= MAX_SPARE_BYTES {
            // At the end of a thread there is nobody to keep it for.
            SPARE.try_with(|spare| spare.set(std::mem::take(&mut self.held))).ok();
        }
    }
}
