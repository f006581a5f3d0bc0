//! Requests: what was judged, brought together with how it ended, in bounded memory.

use std::collections::{HashMap, VecDeque};
use std::io;
use std::ops::ControlFlow;

use serde::Deserialize;

use super::super::chain::Linked;
use super::record::{Ended, Judged};
use super::{Filter, Line, Log};

/// How many requests wait for their end at most. The first of more is given out without its end, which is then
/// looked at as if it had none: a stream may go on for ever.
const WAITING: usize = 10_000;

/// A request as it stands in a log.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Request {
    /// Where the record of its judgement stands, as file and line.
    pub place: (usize, u64),
    judged: Vec<u8>,
    /// Where the record of its end stands.
    pub end_place: Option<(usize, u64)>,
    ended: Option<Vec<u8>>,
}

impl Request {
    /// What was judged. A record that cannot be read, as dockgate writes none, is given with what can.
    #[must_use]
    pub fn judged(&self) -> Judged<'_> {
        read(&self.judged)
    }

    /// How it ended, where that is known.
    #[must_use]
    pub fn ended(&self) -> Option<Ended<'_>> {
        self.ended.as_deref().map(read)
    }

    /// The lines of both records as they stand in the log, without their newlines.
    #[must_use]
    pub fn lines(&self) -> (&[u8], Option<&[u8]>) {
        (self.judged.trim_ascii_end(), self.ended.as_deref().map(<[u8]>::trim_ascii_end))
    }
}

fn read<'l, T: Deserialize<'l> + Default>(line: &'l [u8]) -> T {
    serde_json::from_slice(line).unwrap_or_default()
}

/// Brings the records of requests together.
#[derive(Debug)]
pub struct Joiner<'f> {
    filter: &'f Filter,
    waiting: VecDeque<Request>,
    /// The number of the first that waits, counted from the beginning.
    first: u64,
    by_id: HashMap<Vec<u8>, u64>,
}

impl<'f> Joiner<'f> {
    /// For the requests that `filter` means.
    #[must_use]
    pub fn new(filter: &'f Filter) -> Self {
        Self { filter, waiting: VecDeque::new(), first: 0, by_id: HashMap::new() }
    }

    /// Takes a line of the log.
    pub fn push(&mut self, line: Line<'_>) {
        let Some(linked) = Linked::read(line.bytes) else { return };
        match linked.event {
            b"judged" => self.judged(line, &linked),
            b"ended" if !self.waiting.is_empty() => self.ended(line, &linked),
            _ => {}
        }
    }

    /// How many wait for their end.
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.waiting.len()
    }

    /// The next request that is complete, or has waited too long, in the order of judgement.
    pub fn take_ready(&mut self) -> Option<Request> {
        let is_ready = self.waiting.front().is_some_and(|first| first.ended.is_some());
        if is_ready || self.waiting.len() > WAITING { self.take() } else { None }
    }

    /// The next one, complete or not.
    pub fn take(&mut self) -> Option<Request> {
        let request = self.waiting.pop_front()?;
        if request.ended.is_none()
            && let Some(id) = Linked::read(&request.judged).and_then(|linked| linked.id())
        {
            self.by_id.remove(id);
        }
        self.first = self.first.saturating_add(1);
        Some(request)
    }

    fn judged(&mut self, line: Line<'_>, linked: &Linked<'_>) {
        if !self.filter.may_fit(linked) || !self.filter.fits_line(line.bytes) {
            return;
        }
        if let Some(id) = linked.id() {
            let number = self.first.saturating_add(u64::try_from(self.waiting.len()).unwrap_or(u64::MAX));
            self.by_id.insert(id.to_owned(), number);
        }
        let place = (line.file, line.number);
        self.waiting.push_back(Request { place, judged: line.bytes.to_owned(), ..Request::default() });
    }

    fn ended(&mut self, line: Line<'_>, linked: &Linked<'_>) {
        let Some(number) = linked.id().and_then(|id| self.by_id.remove(id)) else { return };
        let place = usize::try_from(number.saturating_sub(self.first)).ok();
        if let Some(request) = place.and_then(|place| self.waiting.get_mut(place)) {
            request.ended = Some(line.bytes.to_owned());
            request.end_place = Some((line.file, line.number));
        }
    }
}

impl Log {
    /// Gives out each request that `filter` means, in the order of judgement, until that is enough; `step` is told
    /// from time to time how many bytes were read.
    ///
    /// # Errors
    ///
    /// If a file cannot be read.
    pub fn requests(
        &self,
        filter: &Filter,
        step: &mut dyn FnMut(u64),
        each: &mut dyn FnMut(Request) -> ControlFlow<()>,
    ) -> io::Result<()> {
        let mut joiner = Joiner::new(filter);
        let mut lines = self.lines()?;
        while let Some(line) = lines.next_line()? {
            joiner.push(line);
            while let Some(request) = joiner.take_ready() {
                if each(request).is_break() {
                    return Ok(());
                }
            }
            if line.is_told_of() {
                step(lines.read_bytes());
            }
        }
        while let Some(request) = joiner.take() {
            if each(request).is_break() {
                return Ok(());
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(event: &str, id: u64, more: &str) -> String {
        let zeros = "0".repeat(64);
        format!(
            "{{\"schema\":1,\"sequence\":1,\"previous\":\"{zeros}\",\"time\":\"2026-01-01T00:00:00.000000Z\",\"event\":\"{event}\",\"id\":\"{id:08x}-1\"{more}}}\n"
        )
    }

    fn joined(filter: &Filter, lines: &[String]) -> Vec<(String, Option<u64>)> {
        let mut joiner = Joiner::new(filter);
        let mut out = Vec::new();
        let mut give = |request: Request| {
            let ended = request.ended().map(|ended| ended.duration_us);
            out.push((request.judged().id.trim_start_matches('0').to_owned(), ended));
        };
        for (number, text) in (1..).zip(lines) {
            joiner.push(Line { file: 0, number, bytes: text.as_bytes() });
            while let Some(request) = joiner.take_ready() {
                give(request);
            }
        }
        while let Some(request) = joiner.take() {
            give(request);
        }
        out
    }

    #[test]
    fn requests_come_in_the_order_of_judgement_with_their_ends() {
        let judged = |id| line("judged", id, ",\"decision\":\"permit\"");
        let ended = |id| line("ended", id, &format!(",\"duration_us\":{id}"));
        let filter = Filter::default().prepared();
        let lines = [judged(1), judged(2), ended(2), judged(3), "rubbish\n".to_owned(), ended(1), ended(9)];
        let of = |id: u64, ended: Option<u64>| (format!("{id}-1"), ended);
        assert_eq!(joined(&filter, &lines), [of(1, Some(1)), of(2, Some(2)), of(3, None)]);
        let mut denied = Filter::default();
        denied.decisions.push("deny".to_owned());
        let denied = denied.prepared();
        assert_eq!(joined(&denied, &lines), []);
    }

    #[test]
    fn no_more_than_so_many_wait_for_their_end() {
        let last = u64::try_from(WAITING).unwrap().saturating_add(2);
        let mut lines: Vec<_> = (1..=last).map(|id| line("judged", id, "")).collect();
        lines.extend([line("ended", 1, ",\"duration_us\":7"), line("ended", 3, ",\"duration_us\":7")]);
        let out = joined(&Filter::default().prepared(), &lines);
        assert_eq!(out.len(), usize::try_from(last).unwrap());
        assert_eq!((out[0].1, out[2].1), (None, Some(7)), "the first was given out before its end came");
    }
}
