//! The daemon: connecting to it, asking it what was recorded, and the account of what is wrong with it.
//!
//! Only a [`Recorded`] operation can be forwarded, and it is encoded here from what was judged. Only
//! connecting may be tried again; a request whose first byte may have left is never sent twice.

mod away;
mod connect;
mod exchange;

use std::cell::Cell;
use std::time::Duration;

pub use away::{Away, AwayKind};
pub use exchange::{Forwarded, Line, Lost, Receiver, Sender};

use crate::audit::Recorded;
use crate::operation::version::ApiVersion;
use crate::settings::Address;
use crate::wire::{Framing, ResponseHead};
use connect::connect;
use exchange::{Connection, Resting, api_version};

/// How long a daemon may take to answer a ping of dockgate's own.
const PING_TIMEOUT: Duration = Duration::from_secs(5);

/// The daemon, at its address.
#[derive(Debug)]
pub struct Daemon {
    address: Address,
    /// The newest API version it said it speaks, once it said so; forgotten when it goes, since another may
    /// come back.
    version: Cell<Option<ApiVersion>>,
}

/// Why the daemon gave no answer.
#[derive(Debug)]
pub enum Failure {
    /// It could not be reached: nothing was sent.
    Away(Away),
    /// The connection broke after something may have been sent.
    Lost(Lost),
}

impl Daemon {
    /// The daemon at `address`; nothing is connected yet.
    #[must_use]
    pub fn new(address: Address) -> Self {
        Self { address, version: Cell::new(None) }
    }

    /// Where it is.
    #[must_use]
    pub fn address(&self) -> &Address {
        &self.address
    }

    /// The version that a request without one gets: the newest that both the daemon and the endpoint
    /// table know. Asks the daemon, over `line`, where it has not said so before.
    ///
    /// # Errors
    /// When the daemon cannot be asked.
    pub async fn newest_version(&self, line: &mut Line) -> Result<ApiVersion, Failure> {
        match self.version.get() {
            Some(version) => Ok(version.min(ApiVersion::NEWEST)),
            None => Ok(self.ping(line).await?.min(ApiVersion::NEWEST)),
        }
    }

    /// Asks the daemon whether it is there: a real `GET /_ping`, answered in time.
    ///
    /// # Errors
    /// When it is not.
    pub async fn ping(&self, line: &mut Line) -> Result<ApiVersion, Failure> {
        match tokio::time::timeout(PING_TIMEOUT, self.try_ping(line)).await {
            Ok(answer) => answer,
            Err(_) => Err(Failure::Away(Away::slow(&self.address, PING_TIMEOUT))),
        }
    }

    async fn try_ping(&self, line: &mut Line) -> Result<ApiVersion, Failure> {
        let connection = self.connection(line).await?;
        let (connection, version) = connection.ping().await.map_err(Failure::Lost)?;
        if let Some(connection) = connection {
            line.keep(connection);
        }
        self.version.set(Some(version));
        Ok(version)
    }

    /// Sends what was recorded, which is given up with that, so that it cannot be sent twice: its head, and its body where that is JSON. A body that is streamed,
    /// framed as `upload` says, is sent through the [`Sender`] of what this returns.
    ///
    /// # Errors
    /// When the daemon cannot be reached.
    pub async fn forward(
        &self,
        recorded: Recorded,
        line: &mut Line,
        upload: Framing,
    ) -> Result<Forwarded, Failure> {
        let connection = self.connection(line).await?;
        let encoded = recorded.operation().encode();
        drop(recorded);
        Ok(connection.forward(encoded, upload).await)
    }

    /// Takes note of the version that an answer names: the daemon may have been exchanged for another.
    pub fn note(&self, answer: &ResponseHead<'_>) {
        if let Some(version) = api_version(answer) {
            self.version.set(Some(version));
        }
    }

    /// The connection that rests on `line`, if it is clean, or a new one.
    async fn connection(&self, line: &mut Line) -> Result<Connection, Failure> {
        match line.take() {
            Resting::Clean(connection) => return Ok(connection),
            Resting::None => {}
            Resting::Spoiled => self.version.set(None),
        }
        match connect(&self.address).await {
            Ok(stream) => Ok(Connection::new(stream)),
            Err(away) => {
                self.version.set(None);
                Err(Failure::Away(away))
            }
        }
    }
}
