//! What an operator asks dockgate itself: whether it is alive, ready and well, and its metrics. On a socket of
//! its own, never the clients'.
//!
//! It is served by the code that serves clients ([`crate::wire`]), one request a connection: who asks here is a
//! health check or a scraper, every few seconds.

mod exchange;
mod health;
mod readiness;

use std::cell::Cell;
use std::collections::VecDeque;
use std::rc::Rc;
use std::time::Duration;

use jiff::Timestamp;
use tokio::sync::watch;
use tokio::task::{JoinHandle, spawn_local, yield_now};

use health::ListenerHealth;
pub use health::{Health, Problem, Status};

use crate::audit::Audit;
use crate::daemon::Daemon;
use crate::gate::{Listener, Phase, Post};
use crate::metrics::Metrics;
use crate::reload::PolicyInForce;
use exchange::{Page, Question};
use readiness::Readiness;

/// How many may ask at a time. For one more, whoever has been at it longest is cut off, those first who have asked nothing
/// yet: nobody is kept from asking by others who do nothing, and what all of them take from clients stays small.
const CONNECTIONS: usize = 16;
/// How long accepting rests after it failed.
const ACCEPT_REST: Duration = Duration::from_millis(100);

/// The format of the metrics.
const OPEN_METRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";
const JSON: &str = "application/json";
const TEXT: &str = "text/plain; charset=utf-8";

const INDEX: &str = "\
/livez            200 while dockgate runs
/readyz           200 when the daemon answers a ping, and clients are served
/readyz?listing   200 when it lists its containers, too
/healthz          everything that is known, as JSON; 200, or 503 when clients are not served
/metrics          for Prometheus
";

/// Somebody who has connected to ask.
#[derive(Debug)]
struct Caller {
    task: JoinHandle<()>,
    /// Whether the question is there.
    has_asked: Rc<Cell<bool>>,
}

/// Whoever answers the operator.
#[derive(Debug)]
pub struct Admin {
    parts: Parts,
    readiness: Readiness,
    since: Timestamp,
}

/// What is told of.
#[derive(Debug)]
pub struct Parts {
    /// The daemon.
    pub daemon: Rc<Daemon>,
    /// The policy.
    pub policy: Rc<PolicyInForce>,
    /// The audit.
    pub audit: Audit,
    /// What is counted.
    pub metrics: Rc<Metrics>,
    /// Whether dockgate is stopping.
    pub phase: watch::Receiver<Phase>,
    /// Where clients come in.
    pub listeners: Vec<Post>,
}

impl Admin {
    /// Answers for `parts`.
    #[must_use]
    pub fn new(parts: Parts) -> Self {
        Self { parts, readiness: Readiness::default(), since: Timestamp::now() }
    }

    /// Answers whoever asks at `listener`. Never returns.
    pub async fn serve(self, listener: Listener) {
        let admin = Rc::new(self);
        let mut open: VecDeque<Caller> = VecDeque::new();
        loop {
            let stream = match listener.accept().await {
                Ok((stream, _)) => stream,
                Err(error) => {
                    tracing::debug!("admin: cannot accept: {error}");
                    tokio::time::sleep(ACCEPT_REST).await;
                    continue;
                }
            };
            open.retain(|caller| !caller.task.is_finished());
            if open.len() >= CONNECTIONS {
                let silent = open.iter().position(|caller| !caller.has_asked.get());
                if let Some(caller) = open.remove(silent.unwrap_or(0)) {
                    caller.task.abort();
                }
            }
            let (admin, has_asked) = (Rc::clone(&admin), Rc::new(Cell::new(false)));
            let asks = Rc::clone(&has_asked);
            let task = spawn_local(async move {
                let answer = async |question: Question<'_>| {
                    asks.set(true);
                    admin.answer(question).await
                };
                exchange::hold(&stream, answer).await;
            });
            open.push_back(Caller { task, has_asked });
            // However many more wait, this one has a turn first, and so have clients.
            yield_now().await;
        }
    }

    async fn answer(&self, question: Question<'_>) -> Page {
        let found = |kind, body| Page { status: 200, kind, body };
        match (question.path, question.query) {
            ("/", _) => found(TEXT, INDEX.to_owned()),
            ("/livez", _) => found(TEXT, "alive\n".to_owned()),
            ("/readyz", query) => self.ready(query == "listing").await,
            ("/healthz", _) => self.well(),
            ("/metrics", _) => {
                let (daemon, policy) = (self.parts.daemon.state(), self.parts.policy.state());
                found(OPEN_METRICS, self.parts.metrics.render(&daemon, &policy, &self.parts.audit.counts()))
            }
            _ => Page { status: 404, kind: TEXT, body: INDEX.to_owned() },
        }
    }

    /// Whether clients can be served: asked of the daemon now.
    async fn ready(&self, listing: bool) -> Page {
        let asked = self.readiness.ask(&self.parts.daemon, listing).await;
        let mut reasons: Vec<String> = self.health().failures().map(ToString::to_string).collect();
        if let (Err(away), true) = (asked, reasons.is_empty()) {
            reasons.push(format!("daemon: {away}"));
        }
        if reasons.is_empty() {
            return Page { status: 200, kind: TEXT, body: "ready\n".to_owned() };
        }
        Page { status: 503, kind: TEXT, body: reasons.join("\n") + "\n" }
    }

    fn well(&self) -> Page {
        let health = self.health();
        let status = if health.status == Status::Failing { 503 } else { 200 };
        // A value of our own always is JSON.
        let body = serde_json::to_string_pretty(&health).unwrap_or_default() + "\n";
        Page { status, kind: JSON, body }
    }

    /// How dockgate is.
    fn health(&self) -> Health {
        let Parts { daemon, policy, audit, metrics, phase, listeners } = &self.parts;
        Health::of(health::Seen {
            since: self.since,
            phase: *phase.borrow(),
            daemon_address: daemon.address().to_string(),
            daemon: daemon.state(),
            policy: policy.state(),
            audit: audit.counts(),
            audit_refusing: metrics.audit_failure(),
            audit_failure: audit.failure(),
            connections_open: metrics.connections_open(),
            connections_limit: metrics.connections_limit(),
            listeners: listeners.iter().map(ListenerHealth::of).collect(),
        })
    }
}
