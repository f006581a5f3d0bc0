//! Requests, counted by what was asked, how it was judged, by which rule, and how it was answered.

use std::borrow::Cow;
use std::cell::RefCell;
use std::collections::{HashMap, HashSet};
use std::hash::Hash;
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
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Decision {
    Permit,
    Observe,
    Deny,
    Refuse,
}

/// What a request is counted by.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Kind {
    /// The operation's id, where the request came that far.
    pub(super) operation: Option<&'static str>,
    pub(super) decision: Decision,
    pub(super) rule: Option<Rc<str>>,
    /// What the client was sent.
    pub(super) status: Option<u16>,
}

/// The counters of requests.
#[derive(Debug)]
pub(super) struct Requests {
    kinds: Counters<Kind, 4>,
    ends: Counters<&'static str, 1>,
    /// The names of rules that came up, so that each is allocated once.
    rules: RefCell<HashSet<Rc<str>>>,
    plain: Gauge,
    streams: Gauge,
    tunnels: Gauge,
}

/// Counters of one name, each found by its key without making its labels anew.
#[derive(Debug)]
struct Counters<K, const N: usize> {
    family: Family<Labels<N>, Counter>,
    known: RefCell<HashMap<K, Counter>>,
}

impl Requests {
    pub(super) fn register(registry: &mut Registry) -> Self {
        let kinds = Counters::register(
            registry,
            "requests",
            "Requests that are over, by operation, decision, the rule that decided, and the status that the client was sent",
        );
        let ends =
            Counters::register(registry, "requests_ended", "Requests that are over, by what ended them");
        let open = Family::<Labels<1>, Gauge>::default();
        let of = |answer: &'static str| open.get_or_create_owned(&[("answer", answer.into())]);
        let (plain, streams, tunnels) = (of("plain"), of("stream"), of("tunnel"));
        registry.register(
            "requests_open",
            "Requests that were forwarded and are not over, by what the operation's answer is",
            open,
        );
        Self { kinds, ends, rules: RefCell::default(), plain, streams, tunnels }
    }

    /// The name of a rule, allocated once.
    pub(super) fn rule(&self, name: &str) -> Rc<str> {
        let mut rules = self.rules.borrow_mut();
        if let Some(known) = rules.get(name) {
            return Rc::clone(known);
        }
        let new: Rc<str> = name.into();
        rules.insert(Rc::clone(&new));
        new
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
    pub(super) fn count(&self, kind: Kind, end: End) {
        self.kinds.count(kind, |kind| {
            [
                ("operation", kind.operation.unwrap_or_default().into()),
                ("decision", kind.decision.name().into()),
                ("rule", kind.rule.as_deref().unwrap_or_default().to_owned().into()),
                ("status", kind.status.map(|status| status.to_string()).unwrap_or_default().into()),
            ]
        });
        self.ends.count(end.as_str(), |end| [("end", (*end).into())]);
    }
}

impl<K: Hash + Eq, const N: usize> Counters<K, N> {
    fn register(registry: &mut Registry, name: &str, help: &str) -> Self {
        let family = Family::default();
        registry.register(name, help, family.clone());
        Self { family, known: RefCell::default() }
    }

    fn count(&self, key: K, labels: impl FnOnce(&K) -> Labels<N>) {
        let mut known = self.known.borrow_mut();
        if let Some(counter) = known.get(&key) {
            counter.inc();
            return;
        }
        let counter = self.family.get_or_create_owned(&labels(&key));
        counter.inc();
        known.insert(key, counter);
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
