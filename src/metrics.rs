//! What is counted and measured, for Prometheus. `docs/operating.md` lists it for those who read it.
//!
//! No label has a value that a client chooses: operations come from the endpoint table, rules from the policy,
//! statuses from the daemon and from dockgate itself. Each set of labels is looked up in dockgate's own table, so
//! that counting allocates only when a set comes up for the first time.

mod latency;
mod process;
mod requests;
mod standing;
mod tally;

use std::cell::RefCell;
use std::future::Future;
use std::rc::Rc;
use std::time::{Duration, Instant};

use prometheus_client::encoding::text::{encode_eof, encode_registry};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::metrics::info::Info;
use prometheus_client::registry::{Registry, Unit};

use crate::audit::{AuditError, Counts};
use crate::daemon::State;
use crate::reload::PolicyState;
use latency::Latency;
use process::Process;
use requests::Requests;
use standing::Standing;
pub use tally::{Flow, Tally};

/// How long a record that could not be written counts as a sign that the next could not be either: somebody has
/// to try.
const FAILING_TIME: Duration = Duration::from_secs(30);

/// Everything that is counted and measured.
#[derive(Debug)]
pub struct Metrics {
    registry: Registry,
    requests: Requests,
    latency: Latency,
    connections: Gauge,
    connections_limit: Gauge,
    connections_refused: Counter,
    from_clients: Counter,
    to_clients: Counter,
    records_pending: Gauge,
    /// The last record that could not be written, until one could.
    failed_record: RefCell<Option<(Instant, AuditError)>>,
    standing: Standing,
    process: Process,
}

/// Something that is open, and counted as such until this is dropped.
#[derive(Debug)]
pub struct Counted<'a>(&'a Gauge);

impl Metrics {
    /// Nothing counted yet. `connections_limit`: how many connections may be open.
    #[must_use]
    pub fn new(connections_limit: usize) -> Rc<Self> {
        let mut registry = Registry::with_prefix("dockgate");
        registry.register(
            "build",
            "This build of dockgate",
            Info::new([("version", env!("CARGO_PKG_VERSION"))]),
        );
        let requests = Requests::register(&mut registry);
        let latency = Latency::register(&mut registry);
        let connections = Gauge::default();
        registry.register("connections_open", "Connections of clients that are open", connections.clone());
        let limit = Gauge::default();
        limit.set(i64::try_from(connections_limit).unwrap_or(i64::MAX));
        registry.register("connections_limit", "Connections of clients that may be open", limit.clone());
        let connections_refused = Counter::default();
        registry.register(
            "connections_refused",
            "Connections for which there was no room",
            connections_refused.clone(),
        );
        let (from_clients, to_clients) = (Counter::default(), Counter::default());
        for (name, help, counter) in [
            (
                "from_clients",
                "Bytes of bodies and tunnels that clients sent and that were passed on",
                &from_clients,
            ),
            ("to_clients", "Bytes of bodies and tunnels that clients were passed on", &to_clients),
        ] {
            registry.register_with_unit(name, help, Unit::Bytes, counter.clone());
        }
        let records_pending = Gauge::default();
        registry.register(
            "audit_records_pending",
            "Records that are not written yet and that a request waits for",
            records_pending.clone(),
        );
        let standing = Standing::register(&mut registry);
        Rc::new(Self {
            registry,
            requests,
            latency,
            connections,
            connections_limit: limit,
            connections_refused,
            from_clients,
            to_clients,
            records_pending,
            failed_record: RefCell::default(),
            standing,
            process: Process::new(),
        })
    }

    /// Counts a connection of a client while it is open.
    #[must_use]
    pub fn connection(&self) -> Counted<'_> {
        Counted::new(&self.connections)
    }

    /// Counts a connection for which there was no room.
    pub fn no_room(&self) {
        self.connections_refused.inc();
    }

    /// Begins to count a request.
    #[must_use]
    pub fn request(&self) -> Tally<'_> {
        Tally::new(self)
    }

    /// Measures how long judging took, which is over now; says when that is.
    pub fn judged(&self, began: Instant) -> Instant {
        observed(&self.latency.judging, began)
    }

    /// Measures how long the daemon took to begin its answer.
    pub fn answered(&self, asked: Instant) {
        observed(&self.latency.daemon, asked);
    }

    /// Measures how long a record takes to be written since it `began` to, and takes note of whether it was; says when it
    /// was.
    ///
    /// # Errors
    /// As `record`'s.
    pub async fn recording<T>(
        &self,
        began: Instant,
        record: impl Future<Output = Result<T, AuditError>>,
    ) -> Result<(T, Instant), AuditError> {
        let _pending = Counted::new(&self.records_pending);
        let recorded = record.await;
        let now = observed(&self.latency.audit, began);
        match &recorded {
            Ok(_) if self.failed_record.borrow().is_none() => {}
            Ok(_) => drop(self.failed_record.take()),
            Err(error) => drop(self.failed_record.replace(Some((now, error.clone())))),
        }
        recorded.map(|recorded| (recorded, now))
    }

    /// Why records cannot be written, where the last one could not, not long ago.
    #[must_use]
    pub fn audit_failure(&self) -> Option<AuditError> {
        let failed = self.failed_record.borrow();
        failed.as_ref().filter(|(at, _)| at.elapsed() < FAILING_TIME).map(|(_, error)| error.clone())
    }

    /// How many connections of clients are open.
    #[must_use]
    pub fn connections_open(&self) -> i64 {
        self.connections.get()
    }

    /// How many may be.
    #[must_use]
    pub fn connections_limit(&self) -> i64 {
        self.connections_limit.get()
    }

    /// Everything, in the `OpenMetrics` text format. What is known of the daemon, the policy and the audit is
    /// given here, since others keep the account of it.
    #[must_use]
    pub fn render(&self, daemon: &State, policy: &PolicyState, audit: &Counts) -> String {
        self.standing.set(daemon, policy, audit);
        self.process.look();
        let mut text = String::new();
        // Writing to a `String` cannot fail.
        let _infallible = encode_registry(&mut text, &self.registry)
            .and_then(|()| encode_registry(&mut text, &self.process.registry))
            .and_then(|()| encode_eof(&mut text));
        text
    }
}

/// Puts the time from `began` to now into the histogram; says when now is.
fn observed(histogram: &Histogram, began: Instant) -> Instant {
    let now = Instant::now();
    histogram.observe(now.saturating_duration_since(began).as_secs_f64());
    now
}

impl<'a> Counted<'a> {
    fn new(gauge: &'a Gauge) -> Self {
        gauge.inc();
        Self(gauge)
    }
}

impl Drop for Counted<'_> {
    fn drop(&mut self) {
        self.0.dec();
    }
}
