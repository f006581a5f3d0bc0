//! How it stands with the daemon, the policy and the audit, as numbers: set when somebody asks.

use std::sync::atomic::Ordering;

use jiff::Timestamp;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::{Registry, Unit};

use super::requests::Labels;
use crate::audit::Counts;
use crate::daemon::{BreakerState, State};
use crate::reload::PolicyState;

/// The gauges.
#[derive(Debug)]
pub(super) struct Standing {
    daemon: Family<Labels<2>, Gauge>,
    connected: Gauge,
    failures: Gauge,
    last_success: Gauge,
    breaker: [(BreakerState, Gauge); 3],
    policy: Family<Labels<2>, Gauge>,
    rules: Gauge,
    since: Gauge,
    exchanges: Counter,
    policy_failures: Counter,
    is_stale: Gauge,
    records: Counter,
    records_lost: Counter,
    audit_bytes: Counter,
    audit_syncs: Counter,
    copies_dropped: Counter,
    is_failing: Gauge,
}

impl Standing {
    pub(super) fn register(registry: &mut Registry) -> Self {
        let states = Family::<Labels<1>, Gauge>::default();
        let breaker = [
            (BreakerState::Closed, "closed"),
            (BreakerState::Open, "open"),
            (BreakerState::HalfOpen, "half_open"),
        ];
        let breaker =
            breaker.map(|(state, name)| (state, states.get_or_create_owned(&[("state", name.into())])));
        registry.register(
            "daemon_breaker",
            "1 for the state of the circuit breaker, 0 for the others",
            states,
        );

        let mut gauge = |name: &str, help: &str| {
            let gauge = Gauge::default();
            registry.register(name, help, gauge.clone());
            gauge
        };
        let connected =
            gauge("daemon_connected", "Whether the daemon was there when it was last asked or used");
        let failures = gauge(
            "daemon_failures",
            "Failures to connect, or of first bytes, since the daemon last answered",
        );
        let rules = gauge("policy_rules", "Rules of the policy in force");
        let is_stale =
            gauge("policy_stale", "Whether the policy's file holds something that could not come into force");
        let is_failing = gauge("audit_failing", "Whether the last record could not be written");

        let (last_success, since) = (Gauge::default(), Gauge::default());
        let seconds = || Unit::Seconds;
        registry.register_with_unit(
            "daemon_last_success_timestamp",
            "When the daemon last answered, since the epoch; 0 where it never did",
            seconds(),
            last_success.clone(),
        );
        registry.register_with_unit(
            "policy_in_force_timestamp",
            "Since when the policy is in force, since the epoch",
            seconds(),
            since.clone(),
        );

        let mut counter = |name: &str, help: &str| {
            let counter = Counter::default();
            registry.register(name, help, counter.clone());
            counter
        };
        let exchanges = counter("policy_exchanges", "Times that another policy came into force");
        let policy_failures = counter("policy_failures", "Times that the policy's file could not be used");
        let records = counter("audit_records", "Records that were written");
        let records_lost = counter("audit_records_lost", "Records that could not be written");
        let audit_syncs = counter("audit_syncs", "Times that the audit's disk was waited for");
        let copies_dropped =
            counter("audit_copies_dropped", "Copies of records that found no room with their receiver");
        let audit_bytes = Counter::default();
        registry.register_with_unit("audit_written", "Bytes of records", Unit::Bytes, audit_bytes.clone());

        let (daemon, policy) = (Family::default(), Family::default());
        registry.register("daemon_info", "What the daemon says it is", Family::clone(&daemon));
        registry.register("policy_info", "The policy in force", Family::clone(&policy));
        Self {
            daemon,
            connected,
            failures,
            last_success,
            breaker,
            policy,
            rules,
            since,
            exchanges,
            policy_failures,
            is_stale,
            records,
            records_lost,
            audit_bytes,
            audit_syncs,
            copies_dropped,
            is_failing,
        }
    }

    pub(super) fn set(&self, daemon: &State, policy: &PolicyState, audit: &Counts) {
        self.daemon.clear();
        if let Some(api_version) = daemon.api_version {
            let version = daemon.daemon_version.clone().unwrap_or_default();
            let labels = [("version", version.into()), ("api_version", api_version.to_string().into())];
            self.daemon.get_or_create(&labels).set(1);
        }
        self.connected.set(daemon.connected.into());
        self.failures.set(daemon.retry_count.into());
        self.last_success.set(daemon.last_success.map_or(0, Timestamp::as_second));
        for (state, gauge) in &self.breaker {
            gauge.set((*state == daemon.breaker).into());
        }
        self.policy.clear();
        let labels = [("hash", policy.hash.clone().into()), ("mode", policy.mode.into())];
        self.policy.get_or_create(&labels).set(1);
        self.rules.set(i64::try_from(policy.rules).unwrap_or(i64::MAX));
        self.since.set(policy.since.as_second());
        self.is_stale.set(policy.failure.is_some().into());
        self.is_failing.set(audit.is_failing.into());
        for (counter, value) in [
            (&self.exchanges, policy.exchanges),
            (&self.policy_failures, policy.failures),
            (&self.records, audit.written),
            (&self.records_lost, audit.lost),
            (&self.audit_bytes, audit.bytes),
            (&self.audit_syncs, audit.syncs),
            (&self.copies_dropped, audit.copies_dropped),
        ] {
            counter.inner().store(value, Ordering::Relaxed);
        }
    }
}
