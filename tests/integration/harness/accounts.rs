//! The three accounts of what was asked: the clients', the audit's and the daemon's own. They must agree.

use std::collections::{HashMap, HashSet};
use std::fmt;
use std::time::{Duration, Instant};

use super::load::{Asked, Got, Sent};
use super::{Gate, Record, eventually};

/// Whether records may be missing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Audit {
    /// None.
    Whole,
    /// The audit could not be written at times; what was forwarded must be on record all the same.
    Interrupted,
}

/// How the requests of a load ended, counted.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Counts {
    pub(crate) answered: usize,
    pub(crate) refused: usize,
    pub(crate) unavailable: usize,
    pub(crate) lost: usize,
    pub(crate) nothing: usize,
}

impl Counts {
    pub(crate) fn of(sent: &[Sent]) -> Self {
        let count = |got: &Got| sent.iter().filter(|sent| sent.got == *got).count();
        Self {
            answered: count(&Got::Answer),
            refused: count(&Got::Refusal),
            unavailable: count(&Got::Unavailable),
            lost: count(&Got::Lost),
            nothing: count(&Got::Nothing),
        }
    }
}

impl fmt::Display for Counts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { answered, refused, unavailable, lost, nothing } = self;
        write!(
            f,
            "{answered} answered, {unavailable} × 503, {lost} × 502, {nothing} cut off, {refused} denied"
        )
    }
}

/// No wrong answer, no request twice at the daemon, none at the daemon that was refused, each on record once.
#[track_caller]
pub(crate) fn assert_they_agree(
    sent: &[Sent],
    prefix: &str,
    calls: &HashMap<String, usize>,
    gate: &Gate,
    audit: Audit,
) {
    let records = match audit {
        Audit::Whole => gate.audit(),
        Audit::Interrupted => gate.torn_audit(),
    };
    let recorded = recorded(&records, prefix);
    for sent in sent {
        let Sent { token, asked, got, .. } = sent;
        if let Got::Wrong(what) = got {
            panic!("{asked:?} got what no client may get: {what}");
        }
        let arrived = calls.get(token).copied().unwrap_or_default();
        let expected = match (got, asked) {
            (Got::Answer, _) => 1..=1,
            (Got::Refusal | Got::Unavailable, _) | (_, Asked::Forbidden) => 0..=0,
            (Got::Lost | Got::Nothing | Got::Unheard | Got::Wrong(_), _) => 0..=1,
        };
        assert!(expected.contains(&arrived), "{sent:?} reached the daemon {arrived} times");
        let (judged, ended) = recorded.get(token.as_str()).copied().unwrap_or_default();
        assert!(
            judged <= 1 && ended <= judged,
            "{sent:?} is {judged} times on record, {ended} times as ended"
        );
        if arrived > 0 {
            assert_eq!(judged, 1, "{sent:?} reached the daemon and is not on record");
        }
        if audit == Audit::Whole && matches!(got, Got::Answer | Got::Refusal | Got::Lost) {
            assert_eq!((judged, ended), (1, 1), "{sent:?}");
        }
    }
    let known: HashSet<_> = sent.iter().map(|sent| &sent.token).collect();
    let unknown: Vec<_> = calls.keys().filter(|token| !known.contains(token)).collect();
    assert!(unknown.is_empty(), "the daemon was asked for what nobody asked for: {unknown:?}");
}

/// Waits until no more records come: a client may have its answer before that is on record.
#[track_caller]
pub(crate) fn wait_for_last_record(gate: &Gate) {
    let mut before = usize::MAX;
    eventually("the audit to be at rest", || {
        let now = gate.torn_audit().len();
        let is_at_rest = now == before;
        before = now;
        std::thread::sleep(Duration::from_millis(200));
        is_at_rest.then_some(())
    });
}

/// How many records each request has: of its judgement, of its end.
fn recorded(records: &[Record], prefix: &str) -> HashMap<String, (usize, usize)> {
    let mut tokens = HashMap::new();
    let mut counts: HashMap<String, (usize, usize)> = HashMap::new();
    for record in records {
        let Some(token) = record.text("path").split('/').find(|word| word.starts_with(prefix)) else {
            continue;
        };
        tokens.insert(record.text("id"), token);
        counts.entry(token.to_owned()).or_default().0 += 1;
    }
    for record in records.iter().filter(|record| record.text("event") == "ended") {
        if let Some(token) = tokens.get(record.text("id")) {
            counts.entry((*token).to_owned()).or_default().1 += 1;
        }
    }
    counts
}

/// How long after the fault was `lifted` it took until every request was answered again.
pub(crate) fn recovery(sent: &[Sent], lifted: Instant) -> Duration {
    let mut after: Vec<&Sent> = sent
        .iter()
        .filter(|sent| sent.began >= lifted && !matches!(sent.got, Got::Refusal | Got::Unheard))
        .collect();
    after.sort_by_key(|sent| sent.began);
    let first_well = after.iter().rposition(|sent| sent.got != Got::Answer).map_or(0, |last| last + 1);
    let first = after.get(first_well).expect("an answer after the fault");
    first.ended.saturating_duration_since(lifted)
}

/// How long refusals for want of the daemon took in a stretch of time: half of them no longer than the first, all no
/// longer than the second.
pub(crate) fn unavailable_within(sent: &[Sent], from: Instant, to: Instant) -> Option<(Duration, Duration)> {
    let mut took: Vec<Duration> = sent
        .iter()
        .filter(|sent| sent.got == Got::Unavailable && sent.began >= from && sent.ended <= to)
        .map(|sent| sent.ended - sent.began)
        .collect();
    took.sort();
    Some((*took.get(took.len() / 2)?, *took.last()?))
}
