//! A log in numbers: what was asked, by whom, what was denied, which rules were used, what took long.

use std::collections::HashMap;
use std::io;

use super::super::chain::Linked;
use super::record::host_of;
use super::scan::{self, unescaped};
use super::{Filter, Line, Log};

/// How many different things of a kind are told apart; a client on a network can bring ever new ones.
const MOST: usize = 50_000;
/// How many requests that are not over are remembered.
const OPEN: usize = 200_000;
/// How many of the slowest are kept.
const SLOWEST: usize = 10;

/// A log in numbers.
#[derive(Clone, Debug, Default)]
pub struct Stats {
    /// How many requests were judged.
    pub requests: u64,
    /// The earliest time of one, as text of its record.
    pub first: String,
    /// The latest.
    pub last: String,
    /// How many records could not be written, as the log itself says.
    pub lost: u64,
    /// How many answers of the daemon were of 500 and more.
    pub daemon_failures: u64,
    /// By decision.
    pub decisions: Tally<1>,
    /// By what ended them.
    pub ends: Tally<1>,
    /// What was denied or refused: by reason, operation, client.
    pub denials: Tally<3>,
    /// What was forwarded, and would have been denied if the policy did not only observe.
    pub observed: Tally<3>,
    /// By rule, and how it was used: the decision that it made; `close`, where it came closest to a permit; `part`, where
    /// it had another part in it.
    pub rules: Tally<2>,
    /// By client and decision.
    pub clients: Tally<2>,
    /// By operation and decision.
    pub operations: Tally<2>,
    /// Those that took longest, of the operations that are not streams, the longest first.
    pub slowest: Vec<Slow>,
}

/// How many there are of each of some things.
#[derive(Clone, Debug, Default)]
pub struct Tally<const N: usize> {
    counts: HashMap<Vec<u8>, u64>,
    /// Where a key is put together.
    key: Vec<u8>,
    /// How many of things for which there was no room.
    others: u64,
}

/// A request that took long.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Slow {
    /// How long, in microseconds.
    pub duration_us: u64,
    /// The request.
    pub id: String,
    /// When it was judged, as text of its record.
    pub time: String,
    /// The operation.
    pub operation: String,
    /// Who asked.
    pub client: String,
}

/// A request that is not over.
#[derive(Clone, Debug)]
struct Open {
    time: Box<[u8]>,
    operation: Box<[u8]>,
    client: Box<[u8]>,
}

impl Stats {
    /// Counts the requests that `filter` means. Operations of which `is_stream` says so are none of the slowest. `step`
    /// is told from time to time how many bytes were read.
    ///
    /// # Errors
    ///
    /// If a file cannot be read.
    pub fn of(
        log: &Log,
        filter: &Filter,
        is_stream: &dyn Fn(&str) -> bool,
        step: &mut dyn FnMut(u64),
    ) -> io::Result<Self> {
        let (mut stats, mut open) = (Self::default(), HashMap::new());
        let mut lines = log.lines()?;
        while let Some(line) = lines.next_line()? {
            stats.line(line, filter, is_stream, &mut open);
            if line.is_told_of() {
                step(lines.read_bytes());
            }
        }
        Ok(stats)
    }

    fn line(
        &mut self,
        line: Line<'_>,
        filter: &Filter,
        is_stream: &dyn Fn(&str) -> bool,
        open: &mut HashMap<u128, Open>,
    ) {
        let Some(linked) = Linked::read(line.bytes) else { return };
        match linked.event {
            b"judged" if filter.may_fit(&linked) && filter.fits_line(line.bytes) => {
                self.judged(&linked, open);
            }
            b"ended" => {
                if let Some(request) = linked.id().and_then(number_of).and_then(|id| open.remove(&id)) {
                    self.ended(&linked, &request, is_stream);
                }
            }
            b"gap" if filter.is_in_time(&linked) => {
                self.lost = self.lost.saturating_add(scan::LOST.number(linked.rest).unwrap_or(0));
            }
            _ => {}
        }
    }

    fn judged(&mut self, linked: &Linked<'_>, open: &mut HashMap<u128, Open>) {
        let line = linked.rest;
        let decision = scan::DECISION.text(line).unwrap_or_default();
        let operation = scan::OPERATION.text(line).unwrap_or_default();
        let uid;
        let client = match (scan::NAMES.text(line), scan::UID.number(line), scan::ADDRESS.text(line)) {
            (Some(name), _, _) => name,
            (None, Some(number), _) => {
                uid = format!("uid={number}");
                uid.as_bytes()
            }
            (None, None, Some(address)) => host_of(str::from_utf8(address).unwrap_or_default()).as_bytes(),
            (None, None, None) => scan::LISTENER.text(line).unwrap_or_default(),
        };
        self.requests = self.requests.saturating_add(1);
        let time = str::from_utf8(linked.time).unwrap_or_default();
        // A clock that is set back makes no order.
        if self.first.is_empty() || time < self.first.as_str() {
            time.clone_into(&mut self.first);
        }
        if time > self.last.as_str() {
            time.clone_into(&mut self.last);
        }
        self.decisions.count([decision]);
        self.clients.count([client, decision]);
        self.operations.count([operation, decision]);
        let mut rules = scan::RULES.names(line);
        if let Some(rule) = rules.next() {
            let reason = scan::REASON.text(line);
            // An allow rule that only came close was not used.
            let came_close = reason.is_some_and(|reason| reason != b"forbidden");
            self.rules.count([rule, if came_close { b"close" } else { decision }]);
        }
        rules.for_each(|rule| self.rules.count([rule, b"part"]));
        let refused = [scan::REASON.text(line).unwrap_or_default(), operation, client];
        match decision {
            b"permit" => {}
            b"observe" => self.observed.count(refused),
            _ => self.denials.count(refused),
        }
        if let Some(id) = linked.id().and_then(number_of) {
            if open.len() >= OPEN {
                open.clear();
            }
            open.insert(
                id,
                Open { time: linked.time.into(), operation: operation.into(), client: client.into() },
            );
        }
    }

    fn ended(&mut self, linked: &Linked<'_>, request: &Open, is_stream: &dyn Fn(&str) -> bool) {
        let line = linked.rest;
        self.ends.count([scan::END.text(line).unwrap_or_default()]);
        if scan::DAEMON_STATUS.number(line).is_some_and(|status| status >= 500) {
            self.daemon_failures = self.daemon_failures.saturating_add(1);
        }
        let duration_us = scan::DURATION.number(line).unwrap_or(0);
        let is_among = self.slowest.len() < SLOWEST
            || self.slowest.last().is_some_and(|least| least.duration_us < duration_us);
        if !is_among || is_stream(&unescaped(&request.operation)) {
            return;
        }
        let slow = Slow {
            duration_us,
            id: String::from_utf8_lossy(linked.id().unwrap_or_default()).into_owned(),
            time: String::from_utf8_lossy(&request.time).into_owned(),
            operation: unescaped(&request.operation),
            client: unescaped(&request.client),
        };
        let place = self.slowest.partition_point(|other| other.duration_us >= duration_us);
        self.slowest.insert(place, slow);
        self.slowest.truncate(SLOWEST);
    }
}

impl<const N: usize> Tally<N> {
    fn count(&mut self, parts: [&[u8]; N]) {
        self.key.clear();
        for part in parts {
            // No text in a record holds this, which is escaped there.
            self.key.extend_from_slice(part);
            self.key.push(0);
        }
        let has_room = self.counts.len() < MOST;
        match self.counts.get_mut(&self.key) {
            Some(count) => *count = count.saturating_add(1),
            None if has_room => drop(self.counts.insert(self.key.clone(), 1)),
            None => self.others = self.others.saturating_add(1),
        }
    }

    /// Each thing with its count, the most first.
    #[must_use]
    pub fn sorted(&self) -> Vec<([String; N], u64)> {
        let mut sorted: Vec<_> = self
            .counts
            .iter()
            .map(|(key, count)| {
                let mut parts = key.split(|byte| *byte == 0);
                (std::array::from_fn(|_| parts.next().map(unescaped).unwrap_or_default()), *count)
            })
            .collect();
        sorted.sort_by(|(one, ones), (other, others)| others.cmp(ones).then_with(|| one.cmp(other)));
        sorted
    }

    /// How many there were of things that are not told apart any more.
    #[must_use]
    pub fn others(&self) -> u64 {
        self.others
    }
}

/// An id of a request, as a number: eight hexadecimal digits, and some more.
fn number_of(id: &[u8]) -> Option<u128> {
    let (start, number) = str::from_utf8(id).ok()?.split_once('-')?;
    let (start, number) = (u32::from_str_radix(start, 16).ok()?, u64::from_str_radix(number, 16).ok()?);
    Some((u128::from(start) << 64) | u128::from(number))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(event: &str, id: u64, more: &str) -> String {
        let zeros = "0".repeat(64);
        format!(
            "{{\"schema\":1,\"sequence\":1,\"previous\":\"{zeros}\",\"time\":\"2026-01-01T00:00:00.00000{id}Z\",\"event\":\"{event}\",\"id\":\"00000001-{id}\",{more}}}\n"
        )
    }

    #[test]
    fn requests_are_counted_by_what_they_are() {
        let lines = [
            line(
                "judged",
                1,
                r#""client":{"names":["a\"\u202e"],"listener":"l"},"operation":"ContainerList","decision":"permit","rules":[{"name":"look"},{"name":"hide"}]"#,
            ),
            line(
                "judged",
                2,
                r#""client":{"listener":"l","uid":1000},"operation":"ContainerStop","decision":"deny","reason":"condition","rules":[{"name":"look"}]"#,
            ),
            line(
                "judged",
                3,
                r#""client":{"listener":"l","address":"[::1]:77"},"operation":"ContainerLogs","decision":"permit","rules":[{"name":"look"}]"#,
            ),
            line(
                "judged",
                4,
                r#""client":{"listener":"l","uid":7},"operation":"ContainerKill","decision":"observe","reason":"no_rule""#,
            ),
            line("gap", 5, r#""lost":2"#),
            line("ended", 3, r#""daemon_status":500,"duration_us":900,"end":"complete""#),
            line("ended", 1, r#""daemon_status":200,"duration_us":30,"end":"complete""#)
                .replace("2026-01-01", "2026-01-02"),
            line("gap", 6, r#""lost":4"#).replace("2026-01-01", "2026-01-02"),
            line("ended", 9, r#""duration_us":999,"end":"complete""#),
        ];
        let (mut stats, mut open, mut filter) = (Stats::default(), HashMap::new(), Filter::default());
        filter.until = Some("2026-01-02".to_owned());
        for (number, text) in (1..).zip(&lines) {
            let line = Line { file: 0, number, bytes: text.as_bytes() };
            stats.line(line, &filter, &|operation| operation == "ContainerLogs", &mut open);
        }
        let of = |tally: &Tally<2>| {
            tally
                .sorted()
                .into_iter()
                .map(|(key, count)| format!("{} {count}", key.join(" ")))
                .collect::<Vec<_>>()
        };
        assert_eq!((stats.requests, stats.daemon_failures, stats.lost), (4, 1, 2));
        assert_eq!(
            of(&stats.clients),
            ["::1 permit 1", "a\"\u{202e} permit 1", "uid=1000 deny 1", "uid=7 observe 1"]
        );
        assert_eq!(of(&stats.rules), ["look permit 2", "hide part 1", "look close 1"]);
        assert_eq!(
            stats.denials.sorted(),
            [(["condition", "ContainerStop", "uid=1000"].map(str::to_owned), 1)]
        );
        assert_eq!(stats.observed.sorted(), [(["no_rule", "ContainerKill", "uid=7"].map(str::to_owned), 1)]);
        assert_eq!(stats.slowest.len(), 1);
        assert_eq!(stats.slowest[0].time, "2026-01-01T00:00:00.000001Z", "when it began, as in a list");
        assert_eq!((stats.slowest[0].duration_us, stats.slowest[0].client.as_str()), (30, "a\"\u{202e}"));
    }

    #[test]
    fn a_clock_that_is_set_back_does_not_hide_when_requests_were() {
        let (mut stats, mut open) = (Stats::default(), HashMap::new());
        for id in [5, 9, 2, 4] {
            let text = line("judged", id, r#""client":{"listener":"l","uid":1},"decision":"permit""#);
            let line = Line { file: 0, number: 1, bytes: text.as_bytes() };
            stats.line(line, &Filter::default(), &|_| false, &mut open);
        }
        assert_eq!(stats.first, "2026-01-01T00:00:00.000002Z");
        assert_eq!(stats.last, "2026-01-01T00:00:00.000009Z");
    }

    #[test]
    fn what_there_is_no_room_for_is_counted_together() {
        let mut tally = Tally::<1>::default();
        for number in 0..MOST + 3 {
            tally.count([number.to_string().as_bytes()]);
        }
        assert_eq!((tally.sorted().len(), tally.others()), (MOST, 3));
    }
}
