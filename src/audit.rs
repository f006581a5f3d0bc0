//! Written down: what was asked, how it was judged and how it ended, one JSON line each.
//!
//! A request is recorded before it is forwarded: [`Audit::record`] alone turns a permit into a
//! [`Recorded`], which the daemon asks for. The lines form a chain, so that none can be changed or taken out
//! without it showing. `docs/audit.md` describes them.

mod ascii;
mod chain;
mod clock;
mod copies;
mod counts;
mod file;
mod head;
mod hex;
mod keeper;
mod line;
mod queue;
pub mod read;
mod record;
mod reopening;
mod request_id;
mod rotating;
mod scribe;
mod shelf;
mod shown;
mod signature;
mod store;
mod subject;
#[cfg(test)]
mod tests;
mod writer;

use std::fmt;
use std::fs::{self, File};
use std::io;
use std::os::fd::AsFd as _;
use std::path::Path;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::mpsc::{Sender, channel};
use std::time::Duration;

use crate::client::Client;
use crate::operation::{Encoded, Operation, Unreadable};
use crate::policy::{Denial, Permit, Policy, Terms};
use crate::settings::{AuditSettings, AuditSink, Durability, OnFailure, Rotation};
use copies::Copies;
pub use copies::reach_receiver;
use counts::Counters;
pub use counts::Counts;
use file::{AuditFile, Tail, busy};
use head::{Head, Reading, Said};
use keeper::Keeper;
use line::Line;
use record::{Event, Mismatch, Opened, PolicyInForce, Torn};
pub use reopening::Reopening;
pub use request_id::{RequestId, RequestIds};
use rotating::Rotating;
use scribe::{Handle, Pending, Way};
use shelf::newest_record;
use signature::SealKey;
use store::Store;
pub(crate) use subject::is_cut;
use subject::{Detail, Judged, What};
use writer::{Sealing, Start, Writer};

/// A handle on the audit; clones write to the same place.
#[derive(Clone, Debug)]
pub struct Audit {
    scribe: Arc<Handle>,
    detail: Detail,
    on_failure: OnFailure,
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

/// What the record of a permit says, but for when that was and of which request: the same each time that the same is asked.
#[derive(Clone, Debug)]
#[cfg_attr(test, derive(Default))]
pub struct Statement(Rc<[u8]>);

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
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
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
    /// The client's body broke off into what is no framing, when the daemon had what came before.
    Malformed,
    /// dockgate was told to stop and closed it after the grace period.
    Drained,
    /// Another policy came into force that refuses it, and dockgate closed it.
    Revoked,
    /// dockgate failed.
    Failed,
}

/// A record could not be written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditError {
    cause: Arc<str>,
    /// Whether it is written, and one who must have a copy has not taken it.
    is_receivers: bool,
}

impl Audit {
    /// Opens the audit, puts that on record, and starts the thread that writes.
    ///
    /// # Errors
    ///
    /// If the file cannot be opened or written, holds something else, or another process writes to it; if the
    /// key for seals cannot be used.
    pub fn open(settings: &AuditSettings) -> io::Result<Self> {
        let key = settings.seal_key.as_deref().map(read_key).transpose()?;
        let (keeper, moved) = channel();
        let (store, start, way_to_file, opened) = match &settings.sink {
            // A handle of its own, since that of the standard library has a buffer, and a buffer
            // would make records seem written that are not.
            AuditSink::Stdout => {
                let store: Box<dyn Store> = Box::new(File::from(io::stdout().as_fd().try_clone_to_owned()?));
                (store, Start::EMPTY, Way::Thread, (None, None))
            }
            AuditSink::File(path) => open_file(path, &settings.rotation, keeper)?,
        };
        let way = match settings.durability {
            Durability::Buffered => Way::Later,
            Durability::Written if settings.copies.must => Way::Thread,
            Durability::Written => way_to_file,
            Durability::Synced => Way::Thread,
        };
        let counters = Arc::new(Counters::default());
        let sealing = Sealing { interval: settings.seal_interval, key };
        let copies = Copies::start(&settings.copies, &counters)?;
        let mut writer = Writer::new(store, start, (sealing, copies), settings, Arc::clone(&counters));
        let (torn, mismatch) = opened;
        let host = nix::unistd::gethostname().unwrap_or_default();
        let opened = Event::Opened(Opened {
            dockgate: env!("CARGO_PKG_VERSION"),
            host: &host.to_string_lossy(),
            pid: std::process::id(),
            torn: torn.as_ref(),
            mismatch,
        });
        if mismatch.is_some() {
            writer.open(&opened);
        }
        let audit = Self {
            scribe: Arc::new(Handle::start(writer, way, counters)?),
            detail: Detail { exec_argv: settings.exec_argv },
            on_failure: settings.on_failure,
        };
        if mismatch.is_none() {
            audit.put(&opened);
        }
        if let (AuditSink::File(path), Way::Inline, true) =
            (&settings.sink, way_to_file, settings.rotation.is_wanted())
        {
            Keeper::start(path, &settings.rotation, audit.scribe.weak(), moved)?;
        }
        Ok(audit)
    }

    /// What the record of such a permit says, for when the same is asked again.
    #[must_use]
    pub fn statement(&self, context: &RequestContext<'_>, permit: &Permit) -> Statement {
        let mut fields = Vec::new();
        let judged = Judged { context, what: What::Permitted(permit), detail: self.detail };
        judged.write_statement(&mut Line::new(&mut fields));
        Statement(fields.into())
    }

    /// Records that a request is permitted and returns once that is written. What the record says need not be worked out
    /// where its `statement` is known.
    ///
    /// If the future is dropped before it is ready the record may still be written, but nothing can
    /// be forwarded.
    ///
    /// # Errors
    ///
    /// If the record cannot be written, and the settings do not say that requests go on without. The request
    /// must then be refused.
    pub async fn record(
        &self,
        context: &RequestContext<'_>,
        mut permit: Permit,
        statement: Option<&Statement>,
    ) -> Result<Recorded, AuditError> {
        let pending = match statement {
            Some(statement) => self.scribe.enter(&Event::Stated(context.id, statement)),
            None => self.enter(context, What::Permitted(&permit)),
        };
        // It can be large, and who waits for the record or the daemon has no use for it.
        permit.forget_understanding();
        self.written(pending).await?;
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
        self.write(context, What::Denied(denial)).await
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
        self.write(context, What::Unreadable { unreadable, method, target }).await
    }

    /// Records how a request ended. Does not wait and may be called from a `Drop`; should the record
    /// not be written, the operator is told and [`Audit::counts`] has it.
    pub fn ended(&self, id: RequestId, ending: Ending) {
        self.put(&Event::Ended(id, ending));
    }

    /// Records that a policy is used from now on. Does not wait.
    pub fn policy_in_force(&self, policy: &Policy, name: &str) {
        self.put(&Event::Policy(PolicyInForce {
            policy: policy.hash(),
            name,
            mode: policy.mode().as_str(),
            rule_count: policy.rule_count(),
        }));
    }

    /// Returns when everything before it is written, or has failed to be.
    pub async fn flush(&self) {
        self.scribe.all_written().await;
    }

    /// Returns when everything before it is written, sealed and on the disk, or has failed to be: for before
    /// the process ends.
    pub async fn close(&self) {
        self.scribe.close().await;
    }

    /// How the audit fares since it was opened.
    #[must_use]
    pub fn counts(&self) -> Counts {
        self.scribe.counters.read()
    }

    /// Why records cannot be written, where the last one could not, whatever becomes of requests then.
    #[must_use]
    pub fn failure(&self) -> Option<AuditError> {
        self.scribe.counters.failure()
    }

    /// Goes on in the file that has the audit's name now, where the one that is written to was moved away.
    fn reopen(&self) {
        self.scribe.reopen();
    }

    async fn write(&self, context: &RequestContext<'_>, what: What<'_>) -> Result<(), AuditError> {
        self.written(self.enter(context, what)).await
    }

    fn enter(&self, context: &RequestContext<'_>, what: What<'_>) -> Result<Pending<'_>, AuditError> {
        self.scribe.enter(&Event::Judged(Judged { context, what, detail: self.detail }))
    }

    async fn written(&self, pending: Result<Pending<'_>, AuditError>) -> Result<(), AuditError> {
        let written = match pending {
            Ok(pending) => pending.written().await,
            Err(error) => Err(error),
        };
        match (written, self.on_failure) {
            (Err(error), OnFailure::Refuse) => Err(error),
            // The operator was told, and what is lost is counted.
            (Ok(()), _) | (Err(_), OnFailure::Continue) => Ok(()),
        }
    }

    fn put(&self, event: &Event<'_>) {
        // What finds no room is counted as lost, and told of with the rest.
        self.scribe.put(event).ok();
    }
}

/// Whether a file of which this is the beginning holds something else than audit records, so that none are written to it.
#[must_use]
pub fn holds_something_else(beginning: &[u8]) -> bool {
    !chain::is_beginning(beginning) && beginning.iter().any(|byte| *byte != 0)
}

/// What [`Audit::open`] has to say about the end that it carries on from.
type Found = (Option<Torn>, Option<Mismatch>);

fn open_file(
    path: &Path,
    rotation: &Rotation,
    keeper: Sender<()>,
) -> io::Result<(Box<dyn Store>, Start, Way, Found)> {
    let (mut file, tail) = AuditFile::open(path)?;
    if !file.is_regular() {
        return Ok((Box::new(file), Start::EMPTY, Way::Thread, (None, None)));
    }
    let (head, said, mismatch) = carry_on(path, &tail, &mut file)?;
    if let Some(torn) = &tail.torn {
        tracing::warn!("the audit's last line was torn ({} bytes), and is no record", torn.bytes);
    }
    if let Some(mismatch) = mismatch {
        tracing::error!("the audit file {}: {mismatch}", path.display());
    }
    let rotating = Rotating::new(path, rotation, (tail.bytes, tail.since), keeper);
    // What could not be cut off is told of right behind it, however long it takes until something can be written there.
    let (cut, left) = if tail.mid_line { (None, tail.torn) } else { (tail.torn, None) };
    let start =
        Start { said, mid_line: tail.mid_line, torn: left, head: Some(head), rotating: Some(rotating) };
    Ok((Box::new(file), start, Way::Inline, (cut, mismatch)))
}

/// Where the chain goes on from such a file, and what is wrong with it; the head says it from now on.
fn carry_on(path: &Path, tail: &Tail, file: &mut AuditFile) -> io::Result<(Head, Said, Option<Mismatch>)> {
    let before = Head::read(path).unwrap_or(Reading::Unreadable);
    let moved = if tail.last.is_none() { newest_record(path) } else { Ok(None) };
    let moved = moved.unwrap_or_else(|error| {
        tracing::warn!("what was moved out of the audit file cannot be read: {error}");
        // Nothing tells that it is not what the head says.
        before.said().map(|before| before.link)
    });
    let (link, mismatch) = head::resume(tail.last, moved, before);
    // Where the file is ahead of the head, a record in it tells of what was lost.
    let lost = before.said().filter(|before| before.link == link).map_or(0, |before| before.lost);
    let said = Said { link, lost, is_moved: tail.last.is_none() && mismatch.is_none() };
    let mut head = Head::beside(path, file.metadata().ok());
    // Until what is wrong is on record, another start is to find it, too.
    match if mismatch.is_some() { head.keep() } else { head.put(said) } {
        Ok(()) => {}
        Err(error) if error.kind() == io::ErrorKind::ResourceBusy => return Err(busy(path)),
        Err(error) => tracing::warn!(
            "{} cannot be written: {error}; without it nothing tells when records are cut off at the end",
            Head::path(path).display()
        ),
    }
    Ok((head, said, mismatch))
}

/// Whether seals can be signed with this key.
///
/// # Errors
///
/// Why not.
pub fn check_seal_key(path: &Path) -> io::Result<()> {
    read_key(path).map(drop)
}

fn read_key(path: &Path) -> io::Result<SealKey> {
    let fail = |message: String| {
        io::Error::new(io::ErrorKind::InvalidInput, format!("the seal key {}: {message}", path.display()))
    };
    let text = fs::read_to_string(path).map_err(|error| fail(error.to_string()))?;
    SealKey::read(&text).map_err(fail)
}

impl Recorded {
    /// What is asked.
    #[must_use]
    pub fn operation(&self) -> &Operation {
        self.permit.operation()
    }

    /// What the daemon gets.
    pub(crate) fn encoded(&self) -> Rc<Encoded> {
        self.permit.encoded()
    }

    /// What of the answer the client gets to see.
    #[must_use]
    pub fn terms(&self) -> &Terms {
        self.permit.terms()
    }
}

impl AuditError {
    fn new(cause: &impl ToString) -> Self {
        Self { cause: cause.to_string().into(), is_receivers: false }
    }

    /// One who must have a copy has not taken it.
    fn of_receiver(cause: &impl ToString) -> Self {
        Self { is_receivers: true, ..Self::new(cause) }
    }

    /// What to do about it.
    #[must_use]
    pub fn cure(&self) -> &'static str {
        if self.is_receivers {
            "Start that receiver, or mend the way to it: it must have every record (--audit-copies-must), and is tried anew with each request."
        } else {
            "Make room on its disk, or give dockgate write access to its file; it is tried anew with each request."
        }
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
