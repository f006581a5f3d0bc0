//! Written down: what was asked, how it was judged and how it ended, one JSON line each.
//!
//! A request is recorded before it is forwarded: [`Audit::record`] alone turns a permit into a
//! [`Recorded`], which the daemon asks for. Writing happens on a thread of its own, so that no
//! thread of the runtime ever waits for a disk. `docs/audit.md` describes the lines.

mod ascii;
mod file;
mod record;
mod request_id;
mod shown;
mod subject;
#[cfg(test)]
mod tests;
mod writer;

use std::fmt;
use std::fs::File;
use std::io;
use std::os::fd::AsFd as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc;
use std::time::Duration;

use tokio::sync::oneshot;

use crate::client::Client;
use crate::operation::{Operation, Unreadable};
use crate::policy::{Denial, Permit, Terms};
use crate::settings::{AuditSettings, AuditSink};
use file::AuditFile;
use record::{Body, Event, Judged};
pub use request_id::{RequestId, RequestIds};
use subject::Detail;
use writer::{Entry, Sink, Tail, Writer};

/// A handle on the audit; clones write to the same place.
#[derive(Clone, Debug)]
pub struct Audit {
    /// Without a bound of its own, since its users bound it: a request is judged only after its
    /// connection's last request has ended, and goes on only when its record is written. So no
    /// connection has more than two records here, and connections are limited.
    queue: mpsc::Sender<Entry>,
    lost: Arc<AtomicU64>,
    detail: Detail,
}

/// What is recorded of every request.
#[derive(Clone, Copy, Debug)]
pub struct RequestContext<'a> {
    /// The request's id.
    pub id: RequestId,
    /// Who asks.
    pub client: &'a Client,
    /// The names that the policy has for the client.
    pub client_names: &'a [&'a str],
    /// The policy that judges.
    pub policy_hash: &'a str,
}

/// A permit that is on record. Only [`Audit::record`] makes one.
#[derive(Debug)]
#[must_use = "a request that is on record as permitted is to be forwarded"]
pub struct Recorded {
    permit: Permit,
}

/// How a request ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ending {
    /// The status that the client was sent, where it was sent one.
    pub status: Option<u16>,
    /// The status that the daemon answered with, where it did.
    pub daemon_status: Option<u16>,
    /// Bytes of body, or of the tunnel, from the client.
    pub request_bytes: u64,
    /// Bytes of body, or of the tunnel, to the client.
    pub response_bytes: u64,
    /// From the end of the request's head to now.
    pub duration: Duration,
    /// What ended it.
    pub end: End,
}

/// What ended a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum End {
    /// The daemon's answer was passed on whole, whatever its status.
    Complete,
    /// The connection became a tunnel, and both sides closed it.
    Tunnel,
    /// The client went away first.
    ClientGone,
    /// The daemon broke off in the middle.
    DaemonGone,
    /// The daemon could not be reached; it did not get the request.
    DaemonAway,
    /// dockgate refused it.
    Refused,
    /// dockgate was told to stop and closed it after the grace period.
    Drained,
    /// dockgate failed.
    Failed,
}

/// A record could not be written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditError {
    cause: Arc<str>,
}

impl Audit {
    /// Opens the audit and starts the thread that writes it.
    ///
    /// # Errors
    ///
    /// If the file cannot be opened, holds something else, or another process writes to it.
    pub fn open(settings: &AuditSettings) -> io::Result<Self> {
        let detail = Detail { exec_argv: settings.exec_argv };
        match &settings.sink {
            // A handle of its own, since that of the standard library has a buffer, and a buffer
            // would make records seem written that are not.
            AuditSink::Stdout => {
                let stdout = File::from(io::stdout().as_fd().try_clone_to_owned()?);
                Self::start(stdout, Tail::default(), detail)
            }
            AuditSink::File(path) => {
                let (file, tail) = AuditFile::open(path)?;
                Self::start(file, tail, detail)
            }
        }
    }

    fn start(sink: impl Sink, tail: Tail, detail: Detail) -> io::Result<Self> {
        let (sender, queue) = mpsc::channel();
        let lost = Arc::new(AtomicU64::new(0));
        let writer = Writer::new(sink, tail, Arc::clone(&lost));
        std::thread::Builder::new().name("audit".to_owned()).spawn(move || writer.run(&queue))?;
        Ok(Self { queue: sender, lost, detail })
    }

    /// Records that a request is permitted and returns once that is written.
    ///
    /// If the future is dropped before it is ready the record may still be written, but nothing can
    /// be forwarded.
    ///
    /// # Errors
    ///
    /// If the record cannot be written. The request must then be refused.
    pub async fn record(&self, context: &RequestContext<'_>, permit: Permit) -> Result<Recorded, AuditError> {
        self.write(&Judged::permitted(context, &permit, self.detail)).await?;
        Ok(Recorded { permit })
    }

    /// Records that a request is denied and returns once that is written.
    ///
    /// # Errors
    ///
    /// If the record cannot be written. The request stays denied.
    pub async fn record_denial(
        &self,
        context: &RequestContext<'_>,
        denial: &Denial,
    ) -> Result<(), AuditError> {
        self.write(&Judged::denied(context, denial, self.detail)).await
    }

    /// Records that a request cannot be read and returns once that is written. `method` and `target`
    /// are the client's own bytes, empty where the request did not come that far; no query of theirs
    /// is written.
    ///
    /// # Errors
    ///
    /// If the record cannot be written. The request stays refused.
    pub async fn record_unreadable(
        &self,
        context: &RequestContext<'_>,
        unreadable: &Unreadable,
        method: &str,
        target: &[u8],
    ) -> Result<(), AuditError> {
        self.write(&Judged::unreadable(context, unreadable, method, target)).await
    }

    /// Records how a request ended. Does not wait and may be called from a `Drop`; should the record
    /// not be written, the operator is told and [`Audit::lost`] counts it.
    pub fn ended(&self, id: RequestId, ending: Ending) {
        let sent = Body::new(&Event::ended(id, ending))
            .map_err(|error| AuditError::new(&error))
            .and_then(|body| self.send(Entry::Record { body, written: None }));
        if let Err(error) = sent {
            self.lost.fetch_add(1, Ordering::Relaxed);
            tracing::error!(%id, "the end of a request is not on record: {error}");
        }
    }

    /// Returns when everything before it is written, or has failed to be: for before the process ends.
    pub async fn flush(&self) {
        let (written, answer) = oneshot::channel();
        if self.queue.send(Entry::Flush { written }).is_ok() {
            answer.await.ok(); // What could not be written is reported elsewhere.
        }
    }

    /// How many records could not be written since the audit was opened.
    #[must_use]
    pub fn lost(&self) -> u64 {
        self.lost.load(Ordering::Relaxed)
    }

    async fn write(&self, judged: &Judged<'_>) -> Result<(), AuditError> {
        let body = Body::new(&Event::Judged(judged)).map_err(|error| AuditError::new(&error))?;
        let (written, answer) = oneshot::channel();
        self.send(Entry::Record { body, written: Some(written) })?;
        answer.await.map_err(|_| AuditError::stopped())?
    }

    fn send(&self, entry: Entry) -> Result<(), AuditError> {
        self.queue.send(entry).map_err(|_| AuditError::stopped())
    }
}

impl Recorded {
    /// What is asked.
    #[must_use]
    pub fn operation(&self) -> &Operation {
        self.permit.operation()
    }

    /// What of the answer the client gets to see.
    #[must_use]
    pub fn terms(&self) -> &Terms {
        self.permit.terms()
    }
}

impl AuditError {
    fn new(cause: &impl ToString) -> Self {
        Self { cause: cause.to_string().into() }
    }

    /// The writing thread is gone, which only a fault of dockgate's own can bring about.
    fn stopped() -> Self {
        Self::new(&"its writer has stopped")
    }
}

impl fmt::Display for AuditError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the audit cannot be written: {}", self.cause)
    }
}

impl std::error::Error for AuditError {}
