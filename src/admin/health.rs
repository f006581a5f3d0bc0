//! How dockgate is: everything that is known, and what of it is wrong.

use std::fmt;

use jiff::Timestamp;
use serde::Serialize;

use crate::audit::{AuditError, Counts};
use crate::daemon::{BreakerState, State};
use crate::gate::{Phase, Post};
use crate::reload::PolicyState;

/// How dockgate is.
#[derive(Clone, Debug, Serialize)]
pub struct Health {
    /// The worst of what is wrong.
    pub status: Status,
    /// What is wrong.
    pub problems: Vec<Problem>,
    version: &'static str,
    since: Timestamp,
    phase: &'static str,
    daemon: DaemonHealth,
    policy: PolicyState,
    audit: AuditHealth,
    connections: Connections,
    listeners: Vec<ListenerHealth>,
}

/// Whether dockgate serves its clients.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// It does, and nothing is wrong.
    Ok,
    /// It does, and something should be mended.
    Impaired,
    /// It does not.
    Failing,
}

/// Something that is wrong.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Problem {
    /// How bad it is.
    pub status: Status,
    /// With what.
    pub part: &'static str,
    /// What was found.
    pub found: String,
    /// What to do about it.
    pub cure: String,
}

/// What was seen of all parts.
#[derive(Clone, Debug)]
pub(super) struct Seen {
    pub(super) since: Timestamp,
    pub(super) phase: Phase,
    pub(super) daemon_address: String,
    pub(super) daemon: State,
    pub(super) policy: PolicyState,
    pub(super) audit: Counts,
    /// Why requests are refused, where their records cannot be written.
    pub(super) audit_refusing: Option<AuditError>,
    /// Why records cannot be written, whether or not requests go on without.
    pub(super) audit_failure: Option<AuditError>,
    pub(super) connections_open: i64,
    pub(super) connections_limit: i64,
    pub(super) listeners: Vec<ListenerHealth>,
}

#[derive(Clone, Debug, Serialize)]
struct DaemonHealth {
    address: String,
    #[serde(flatten)]
    state: State,
}

#[derive(Clone, Debug, Serialize)]
struct AuditHealth {
    records_written: u64,
    records_lost: u64,
    is_failing: bool,
    failure: Option<String>,
}

#[derive(Clone, Copy, Debug, Serialize)]
struct Connections {
    open: i64,
    limit: i64,
}

#[derive(Clone, Debug, Serialize)]
pub(super) struct ListenerHealth {
    name: String,
    address: String,
    /// Whether clients do not find it any more.
    is_lost: bool,
}

impl ListenerHealth {
    /// Looks at it.
    pub(super) fn of(post: &Post) -> Self {
        Self { name: post.name.clone(), address: post.address.clone(), is_lost: post.is_lost() }
    }
}

impl Health {
    /// Judges what was seen.
    pub(super) fn of(seen: Seen) -> Self {
        let problems: Vec<Problem> =
            [stopping(&seen), lost(&seen), away(&seen), unrecorded(&seen), crowded(&seen), stale(&seen)]
                .into_iter()
                .flatten()
                .collect();
        let phase = match seen.phase {
            Phase::Serving => "serving",
            Phase::Draining | Phase::Cutting => "stopping",
        };
        Self {
            status: problems.iter().map(|problem| problem.status).max().unwrap_or(Status::Ok),
            problems,
            version: env!("CARGO_PKG_VERSION"),
            since: seen.since,
            phase,
            daemon: DaemonHealth { address: seen.daemon_address, state: seen.daemon },
            policy: seen.policy,
            audit: AuditHealth {
                records_written: seen.audit.written,
                records_lost: seen.audit.lost,
                is_failing: seen.audit.is_failing,
                failure: seen.audit_refusing.or(seen.audit_failure).map(|error| error.to_string()),
            },
            connections: Connections { open: seen.connections_open, limit: seen.connections_limit },
            listeners: seen.listeners,
        }
    }

    /// Why clients are not served.
    pub(super) fn failures(&self) -> impl Iterator<Item = &Problem> {
        self.problems.iter().filter(|problem| problem.status == Status::Failing)
    }
}

fn stopping(seen: &Seen) -> Option<Problem> {
    (seen.phase != Phase::Serving).then(|| Problem {
        status: Status::Failing,
        part: "dockgate",
        found: "dockgate is stopping: it takes no new connections.".to_owned(),
        cure: "Wait until it is started again.".to_owned(),
    })
}

/// Listeners whose sockets are gone: clients that come by others are served.
fn lost(seen: &Seen) -> Option<Problem> {
    let lost: Vec<&str> = seen
        .listeners
        .iter()
        .filter(|listener| listener.is_lost)
        .map(|listener| &*listener.address)
        .collect();
    let all = lost.len() == seen.listeners.len();
    // One that stops removes them itself.
    (!lost.is_empty() && seen.phase == Phase::Serving).then(|| Problem {
        status: if all { Status::Failing } else { Status::Impaired },
        part: "listeners",
        found: format!(
            "sockets that were removed, or replaced, so that clients do not come in there: {}.",
            lost.join(", ")
        ),
        cure: "Restart dockgate: it makes them anew.".to_owned(),
    })
}

fn away(seen: &Seen) -> Option<Problem> {
    let State { connected, breaker, last_error, .. } = &seen.daemon;
    if *connected && *breaker == BreakerState::Closed {
        return None;
    }
    let (found, cure) = match last_error {
        Some(error) => (error.away.found.clone(), error.away.cure.clone()),
        None => ("the daemon was not asked yet.".to_owned(), "Wait a moment.".to_owned()),
    };
    Some(Problem { status: Status::Failing, part: "daemon", found, cure })
}

fn unrecorded(seen: &Seen) -> Option<Problem> {
    let (status, failure, found) = match (&seen.audit_refusing, &seen.audit_failure) {
        (Some(failure), _) => (
            Status::Failing,
            failure,
            format!("{failure}; what is permitted is answered 503, since it cannot be recorded."),
        ),
        // Requests go on without a record, or none has come for a while.
        (None, Some(failure)) => {
            (Status::Impaired, failure, format!("{failure}; records lost so far: {}.", seen.audit.lost))
        }
        (None, None) => return None,
    };
    Some(Problem { status, part: "audit", found, cure: failure.cure().to_owned() })
}

fn crowded(seen: &Seen) -> Option<Problem> {
    (seen.connections_open >= seen.connections_limit).then(|| Problem {
        status: Status::Impaired,
        part: "connections",
        found: format!("as many connections are open as may be ({}).", seen.connections_limit),
        cure: "Raise --max-connections, or find the client that leaves its connections open.".to_owned(),
    })
}

fn stale(seen: &Seen) -> Option<Problem> {
    seen.policy.failure.as_ref().map(|failure| Problem {
        status: Status::Impaired,
        part: "policy",
        found: format!("{}; the policy in force is an older one ({}).", failure.why.found, seen.policy.hash),
        cure: failure.why.cure.as_ref().map_or_else(
            || {
                "`dockgate check` shows what is wrong with the file; once it is mended it comes into force by itself."
                    .to_owned()
            },
            |cure| format!("{cure}."),
        ),
    })
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {} {}", self.part, self.found, self.cure)
    }
}
