//! What is counted of one request.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::time::Duration;

use prometheus_client::metrics::counter::Counter;

use super::requests::{Decision, Row};
use super::{Counted, Metrics};
use crate::audit::End;
use crate::operation::table::Endpoint;
use crate::policy::{Denial, Grounds, Permit};

/// What is known of a request, to be counted when it is over.
#[derive(Debug)]
pub struct Tally<'a> {
    metrics: &'a Metrics,
    endpoint: Cell<Option<&'static Endpoint>>,
    /// Where it is counted, once it is judged.
    row: RefCell<Option<Rc<Row>>>,
}

/// Bytes of one request in one direction, counted for it and for all.
#[derive(Debug)]
pub struct Flow<'a> {
    own: Cell<u64>,
    all: &'a Counter,
}

impl<'a> Tally<'a> {
    /// Nothing is known yet.
    pub(super) fn new(metrics: &'a Metrics) -> Self {
        Self { metrics, endpoint: Cell::new(None), row: RefCell::default() }
    }

    /// It cannot be read, but perhaps for the endpoint that it is for.
    pub fn unreadable(&self, endpoint: Option<&'static Endpoint>) {
        self.endpoint.set(endpoint);
    }

    /// It is permitted.
    pub fn permitted(&self, permit: &Permit) {
        let decision = match permit.grounds() {
            Grounds::Rule { .. } => Decision::Permit,
            Grounds::Observed(_) => Decision::Observe,
        };
        self.decided(decision, permit.operation().endpoint(), permit.grounds().rule());
    }

    /// It is denied.
    pub fn denied(&self, denial: &Denial) {
        self.decided(Decision::Deny, denial.operation().endpoint(), denial.rule());
    }

    /// It is forwarded.
    #[must_use]
    pub fn forwarded(&self) -> Option<Counted<'a>> {
        let answer = self.endpoint.get()?.answer;
        Some(Counted::new(self.metrics.requests.open(answer)))
    }

    /// What the client sends, of which so many bytes came already.
    #[must_use]
    pub fn up(&self, bytes: u64) -> Flow<'a> {
        if bytes > 0 {
            self.metrics.from_clients.inc_by(bytes);
        }
        Flow { own: Cell::new(bytes), all: &self.metrics.from_clients }
    }

    /// What the client is sent.
    #[must_use]
    pub fn down(&self) -> Flow<'a> {
        Flow { own: Cell::new(0), all: &self.metrics.to_clients }
    }

    /// It is over.
    pub fn ended(&self, status: Option<u16>, duration: Duration, end: End) {
        let endpoint = self.endpoint.get();
        self.metrics.latency.whole(endpoint.map(|endpoint| endpoint.answer), duration.as_secs_f64());
        let unreadable = || self.metrics.requests.row(endpoint.map(|it| it.id), Decision::Refuse, None);
        let row = self.row.take().unwrap_or_else(unreadable);
        self.metrics.requests.count(&row, status, end);
    }

    fn decided(&self, decision: Decision, endpoint: &'static Endpoint, rule: Option<&str>) {
        self.endpoint.set(Some(endpoint));
        self.row.replace(Some(self.metrics.requests.row(Some(endpoint.id), decision, rule)));
    }
}

impl Flow<'_> {
    /// Counts so many more.
    pub fn add(&self, bytes: usize) {
        let bytes = u64::try_from(bytes).unwrap_or(u64::MAX);
        self.own.set(self.own.get().saturating_add(bytes));
        self.all.inc_by(bytes);
    }

    /// How many it were, of this request.
    #[must_use]
    pub fn bytes(&self) -> &Cell<u64> {
        &self.own
    }
}
