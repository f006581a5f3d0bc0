//! The daemon: connecting to it, asking it what was recorded, and the account of what is wrong with it.
//!
//! Only a [`Recorded`] operation can be forwarded, and it is encoded here from what was judged. Only
//! connecting may be tried again; a request whose first byte may have left is never sent twice.

mod away;
mod backoff;
mod breaker;
mod connect;
mod exchange;
mod socket_file;
mod state;
mod tls;
mod vigil;

use std::cell::Cell;

use tokio::sync::{Notify, watch};
use tokio::time::{sleep, timeout};

pub use away::{Away, AwayKind, whole_seconds};
pub use breaker::BreakerState;
pub use exchange::{Forwarded, Line, Lost, MAX_ANSWER_BYTES, Receiver, Sender};
pub use socket_file::{FileKind, Place, SocketFile};
pub use state::{LastError, Mark, State};

use crate::audit::Recorded;
use crate::operation::version::ApiVersion;
use crate::operation::{Json, Shown};
use crate::settings::{Address, DaemonSettings};
use crate::wire::{Framing, ResponseHead};
use backoff::Backoff;
use connect::Connector;
use exchange::{Connection, Resting, api_version};
use state::{Account, Introduction};

/// The daemon, at its address.
#[derive(Debug)]
pub struct Daemon {
    settings: DaemonSettings,
    connector: Connector,
    /// The newest API version it said it speaks, once it said so; forgotten when it goes, since another may
    /// come back.
    version: Cell<Option<ApiVersion>>,
    account: Account,
    /// Told when a client's request has failed: whoever watches asks the daemon itself then.
    doubt: Notify,
}

/// Why the daemon gave no answer.
#[derive(Debug)]
pub enum Failure {
    /// It could not be reached: nothing was sent.
    Away(Away),
    /// The connection broke after something may have been sent.
    Lost(Lost),
}

/// What there is room for of the answers to questions of dockgate's own.
pub trait Room {
    /// Waits until there is room for so many bytes more; whether there ever is.
    fn take(&mut self, bytes: usize) -> impl Future<Output = bool>;
}

/// Why it is not known what something is.
#[derive(Debug)]
pub enum Untold {
    /// The daemon cannot be asked.
    Away(Away),
    /// It has answered more than is read, or what is no JSON that can be: the sentence that says so.
    Unreadable(String),
}

impl Daemon {
    /// The daemon that `settings` name; nothing is connected yet.
    #[must_use]
    pub fn new(settings: DaemonSettings) -> Self {
        let (connector, account) = (Connector::new(&settings), Account::new(&settings));
        Self { settings, connector, version: Cell::new(None), account, doubt: Notify::new() }
    }

    /// Where it is.
    #[must_use]
    pub fn address(&self) -> &Address {
        &self.settings.address
    }

    /// How it stands with it, as last seen.
    #[must_use]
    pub fn state(&self) -> State {
        self.account.state()
    }

    /// Tells when something changes in how it stands with it, other than times and counts.
    #[must_use]
    pub fn changes(&self) -> watch::Receiver<()> {
        self.account.changes()
    }

    /// The version that a request without one gets, where the daemon has said what it speaks: the newest that
    /// both it and the endpoint table know.
    #[must_use]
    pub fn known_version(&self) -> Option<ApiVersion> {
        self.version.get().map(|version| version.min(ApiVersion::NEWEST))
    }

    /// The same; asks the daemon, over `line`, where it has not said so.
    ///
    /// # Errors
    /// When the daemon cannot be asked.
    pub async fn newest_version(&self, line: &mut Line) -> Result<ApiVersion, Away> {
        match self.known_version() {
            Some(version) => Ok(version),
            None => Ok(self.ping(line).await?.min(ApiVersion::NEWEST)),
        }
    }

    async fn ping(&self, line: &mut Line) -> Result<ApiVersion, Away> {
        let connection = self.connection(line).await?;
        let limit = self.settings.connect_timeout;
        let address = &self.settings.address;
        let mark = connection.mark();
        let failure = match timeout(limit, connection.ping()).await {
            Ok(Ok((connection, Introduction { api_version, .. }))) => {
                if let Some(connection) = connection {
                    line.keep(connection);
                }
                self.account.answered(mark);
                self.version.set(Some(api_version));
                return Ok(api_version);
            }
            Ok(Err(lost)) => Away::unanswered(address, &lost),
            Err(_) => Away::slow(address, limit),
        };
        Err(self.failed(failure))
    }

    /// Sends what was recorded, which is given up with that, so that it cannot be sent twice: its head, and its body
    /// where that is JSON. A body that is streamed, framed as `upload` says, is sent through the [`Sender`] of what this
    /// returns.
    ///
    /// # Errors
    /// When the daemon cannot be reached.
    pub async fn forward(
        &self,
        recorded: Recorded,
        line: &mut Line,
        upload: Framing,
    ) -> Result<Forwarded, Failure> {
        let connection = self.connection(line).await.map_err(Failure::Away)?;
        let encoded = recorded.encoded();
        drop(recorded);
        Ok(connection.forward(&encoded, upload).await)
    }

    /// Asks the daemon what something is, over `line`: what it shows at this path without version. The answer is read as
    /// `room` has it.
    ///
    /// # Errors
    /// When it cannot be asked, or gives no answer to that, or one that cannot be read. Of the last nothing is wrong with the
    /// daemon: whoever makes a thing may make it too large.
    pub async fn look_up(
        &self,
        path: &str,
        version: ApiVersion,
        line: &mut Line,
        room: &mut impl Room,
    ) -> Result<Shown, Untold> {
        let target = format!("/v{version}{path}");
        let connection = self.connection(line).await?;
        let asking = connection.ask(&target, |head, mark| self.note(head, mark));
        let mut asked = self.in_time(asking).await?;
        while let Some(bytes) = self.in_time(asked.next()).await? {
            if !room.take(bytes).await {
                let why = format!(
                    "it is larger than {MAX_ANSWER_BYTES} bytes, alone or with what else the request is about"
                );
                return Err(Untold::unreadable(&target, &why));
            }
            asked.take(bytes);
        }
        let (connection, status, body) = asked.end();
        if let Some(connection) = connection {
            line.keep(connection);
        }
        match status {
            404 => Ok(Shown::Missing),
            400 => Ok(Shown::Unclear),
            500 if is_of_several(&body) => Ok(Shown::Unclear),
            200 => {
                let shown = Json::read_shown(&body);
                shown.map(Shown::Thing).map_err(|flaw| Untold::unreadable(&target, &flaw.to_string()))
            }
            status => Err(Away::unhelpful(&self.settings.address, &target, status).into()),
        }
    }

    /// Waits for what comes next of an answer to a question of dockgate's own.
    async fn in_time<T>(&self, coming: impl Future<Output = Result<T, Lost>>) -> Result<T, Away> {
        let limit = self.settings.connect_timeout;
        let address = &self.settings.address;
        match timeout(limit, coming).await {
            Ok(Ok(came)) => Ok(came),
            Ok(Err(lost)) => {
                self.lost(&lost);
                Err(Away::unanswered(address, &lost))
            }
            Err(_) => {
                // It may be slow with this alone: whoever watches finds out.
                self.doubt.notify_one();
                Err(Away::slow(address, limit))
            }
        }
    }

    /// Takes note that the daemon answers, over a connection of this mark, and of the version that the answer names:
    /// the daemon may have been exchanged for another.
    pub fn note(&self, answer: &ResponseHead<'_>, mark: Mark) {
        self.account.answered(mark);
        if let Some(version) = api_version(answer) {
            self.version.set(Some(version));
        }
    }

    /// The connection that rests on `line`, if it is clean, or a new one.
    async fn connection(&self, line: &mut Line) -> Result<Connection, Away> {
        if let Some(away) = self.account.refusal() {
            return Err(away);
        }
        match line.take() {
            Resting::Clean(connection) => return Ok(connection),
            Resting::None => {}
            Resting::Spoiled => self.version.set(None),
        }
        Box::pin(self.connect()).await
    }

    /// Connects, and tries again as often as the settings say, or until nobody waits for the daemon any more.
    async fn connect(&self) -> Result<Connection, Away> {
        let mut backoff = Backoff::new(self.settings.retry);
        let mut left = self.settings.retry.attempts;
        loop {
            let mark = self.account.mark();
            let away = match self.connector.connect().await {
                Ok(stream) => return Ok(Connection::new(stream, mark)),
                Err(away) => self.failed(away),
            };
            if left == 0 {
                return Err(away);
            }
            left = left.saturating_sub(1);
            let mut changes = self.changes();
            if let Some(away) = self.account.refusal() {
                return Err(away);
            }
            tokio::select! {
                () = sleep(backoff.pause()) => {}
                // It is back, or it is clear that it is not.
                _ = changes.changed() => {}
            }
            if let Some(away) = self.account.refusal() {
                return Err(away);
            }
        }
    }

    /// Takes note of a failure, and has whoever watches look for himself.
    fn failed(&self, away: Away) -> Away {
        self.version.set(None);
        self.connector.forget();
        self.doubt.notify_one();
        self.account.failed(away)
    }
}

/// Whether a daemon says that something is called by what several are: older ones call that an error of their own (moby
/// `pkg/truncindex`, `daemon/cluster/helpers.go`).
fn is_of_several(answer: &[u8]) -> bool {
    let text = String::from_utf8_lossy(answer).to_ascii_lowercase();
    text.contains("multiple ids found") || text.contains(" is ambiguous")
}

impl Untold {
    /// What is asked in the query can be long, and is for no log.
    fn unreadable(target: &str, why: &str) -> Self {
        let path = target.split('?').next().unwrap_or_default();
        Self::Unreadable(format!(
            "the Docker daemon's answer to GET {path}, which dockgate must know, cannot be read: {why}"
        ))
    }
}

impl From<Away> for Untold {
    fn from(away: Away) -> Self {
        Self::Away(away)
    }
}
