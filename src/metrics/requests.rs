//! Requests, counted by what was asked, how it was judged, by which rule, and how it was answered.

use std::borrow::Cow;
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;

use crate::audit::End;
use crate::operation::table::Answer;

/// A set of labels.
pub(super) type Labels<const N: usize> = [(&'static str, Cow<'static, str>); N];

/// What became of a request, in the words of the audit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Decision {
    Permit,
    Observe,
    Deny,
    Refuse,
}

/// Requests that are counted alike, but for how they were answered.
#[derive(Debug)]
pub(super) struct Row {
    /// The operation's id, where they came that far.
    operation: Option<&'static str>,
    decision: Decision,
    rule: Option<Box<str>>,
    /// By what the client was sent.
    statuses: Few<Option<u16>>,
}

/// By operation and decision.
type Rows = BTreeMap<(Option<&'static str>, Decision), Vec<Rc<Row>>>;

/// The counters of requests.
#[derive(Debug)]
pub(super) struct Requests {
    rows: RefCell<Rows>,
    statuses: Family<Labels<4>, Counter>,
    by_end: Few<End>,
    ends: Family<Labels<1>, Counter>,
    plain: Gauge,
    streams: Gauge,
    tunnels: Gauge,
}

/// A few counters, each found by its key without making its labels anew.
#[derive(Debug)]
struct Few<K>(RefCell<Vec<(K, Counter)>>);

impl Requests {
    pub(super) fn register(registry: &mut Registry) -> Self {
        let (statuses, ends) = (Family::default(), Family::default());
        registry.register(
            "requests",
            "Requests that are over, by operation, decision, the rule that decided, and the status that the client was sent",
            Family::clone(&statuses),
        );
        registry.register(
            "requests_ended",
            "Requests that are over, by what ended them",
            Family::clone(&ends),
        );
        let open = Family::<Labels<1>, Gauge>::default();
        let of = |answer: &'static str| open.get_or_create_owned(&[("answer", answer.into())]);
        let (plain, streams, tunnels) = (of("plain"), of("stream"), of("tunnel"));
        registry.register(
            "requests_open",
            "Requests that were forwarded and are not over, by what the operation's answer is",
            open,
        );
        Self { rows: RefCell::default(), statuses, by_end: Few::default(), ends, plain, streams, tunnels }
    }

    /// The row of such requests.
    pub(super) fn row(
        &self,
        operation: Option<&'static str>,
        decision: Decision,
        rule: Option<&str>,
    ) -> Rc<Row> {
        let mut rows = self.rows.borrow_mut();
        let rows = rows.entry((operation, decision)).or_default();
        if let Some(row) = rows.iter().find(|row| row.rule.as_deref() == rule) {
            return Rc::clone(row);
        }
        let row = Row { operation, decision, rule: rule.map(Box::from), statuses: Few::default() };
        let row = Rc::new(row);
        rows.push(Rc::clone(&row));
        row
    }

    /// Those that are open, with such an answer.
    pub(super) fn open(&self, answer: Answer) -> &Gauge {
        match answer {
            Answer::Plain => &self.plain,
            Answer::Stream => &self.streams,
            Answer::Hijack(_) => &self.tunnels,
        }
    }

    /// Counts one that is over.
    pub(super) fn count(&self, row: &Row, status: Option<u16>, end: End) {
        row.statuses.count(status, || {
            self.statuses.get_or_create_owned(&[
                ("operation", row.operation.unwrap_or_default().into()),
                ("decision", row.decision.name().into()),
                ("rule", row.rule.as_deref().unwrap_or_default().to_owned().into()),
                ("status", status.map(|status| status.to_string()).unwrap_or_default().into()),
            ])
        });
        self.by_end.count(end, || self.ends.get_or_create_owned(&[("end", end.as_str().into())]));
    }
}

impl<K: PartialEq> Few<K> {
    /// Counts one more of such a key, by a counter that is made for the first.
    fn count(&self, key: K, make: impl FnOnce() -> Counter) {
        let mut known = self.0.borrow_mut();
        if let Some((_, counter)) = known.iter().find(|(own, _)| *own == key) {
            counter.inc();
            return;
        }
        let counter = make();
        counter.inc();
        known.push((key, counter));
    }
}

impl<K> Default for Few<K> {
    fn default() -> Self {
        Self(RefCell::default())
    }
}

impl Decision {
    const fn name(self) -> &'static str {
        match self {
            Self::Permit => "permit",
            Self::Observe => "observe",
            Self::Deny => "deny",
            Self::Refuse => "refuse",
        }
    }
}
