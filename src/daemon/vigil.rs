//! Watching the daemon, whether or not anybody asks for it: what is told of it stays true, and it is found again
//! when it comes back.

use std::time::Duration;

use tokio::time::{Instant, sleep, sleep_until, timeout};

use super::Daemon;
use super::away::Away;
use super::backoff::Backoff;
use super::exchange::{Connection, Lost};
use super::socket_file::Place;
use crate::operation::version::ApiVersion;
use crate::settings::Address;

/// How often the place of the socket is looked at while the daemon is away. (Not by inotify, which sees nothing of
/// what another mount namespace does to a directory's mount.)
const LOOK_INTERVAL: Duration = Duration::from_millis(200);
/// How many times as long as for connecting, or for a ping, the daemon may take to list a container.
const LISTING_FACTOR: u32 = 3;
/// How soon after the last time the daemon is asked again because a client's request failed.
const SHORTEST_INTERVAL: Duration = Duration::from_secs(1);

impl Daemon {
    /// Asks the daemon again and again whether it is there: at the health interval while it is, and so that
    /// it is found soon while it is not. Never returns.
    pub async fn watch(&self) {
        let mut backoff = Backoff::new(self.settings.retry);
        loop {
            let asked = Instant::now();
            let pause = match self.probe().await {
                Ok(_) => {
                    backoff = Backoff::new(self.settings.retry);
                    self.until_due(asked).await;
                    continue;
                }
                Err(_) => self.account.open_for().unwrap_or_else(|| backoff.pause()),
            };
            self.account.will_try_in(pause);
            self.until_something_changes(pause).await;
        }
    }

    /// Asks the daemon whether it is there: a real `GET /_ping` over a connection made for it, once, and
    /// whether or not clients' requests go on to it at present.
    ///
    /// # Errors
    /// When it is not.
    pub async fn probe(&self) -> Result<ApiVersion, Away> {
        self.look();
        self.account.tries();
        let limit = self.settings.connect_timeout;
        let asking = async {
            let mark = self.account.mark();
            let stream = self.connector.connect().await?;
            let asked = Connection::new(stream, mark).ping().await;
            asked.map_err(|lost| Away::unanswered(&self.settings.address, &lost))
        };
        match timeout(limit, asking).await.unwrap_or_else(|_| Err(Away::slow(&self.settings.address, limit)))
        {
            Ok((_, introduction)) => {
                let version = introduction.api_version;
                self.version.set(Some(version));
                self.account.introduced(introduction);
                Ok(version)
            }
            Err(away) => {
                self.version.set(None);
                self.connector.forget();
                Err(self.account.missed(away))
            }
        }
    }

    /// Has the daemon list a container, over a connection made for it: one that is wedged still accepts
    /// connections, and answers pings.
    ///
    /// # Errors
    /// When it does not.
    pub async fn list(&self) -> Result<(), Away> {
        let address = &self.settings.address;
        let limit = self.settings.connect_timeout.saturating_mul(LISTING_FACTOR);
        let listing = async {
            let mark = self.account.mark();
            let stream = self.connector.connect().await?;
            let asked = Connection::new(stream, mark).get("/containers/json?limit=1", |_, _| ()).await;
            let (_, status) = asked.map_err(|lost| Away::unanswered(address, &lost))?;
            match status {
                200 => Ok(()),
                status => {
                    let what = format!("it answers a listing with status {status}");
                    Err(Away::unanswered(address, &Lost::Malformed(what)))
                }
            }
        };
        timeout(limit, listing).await.unwrap_or_else(|_| Err(Away::wedged(address, limit)))
    }

    /// Waits until the daemon, which was there when it was `asked`, is to be asked again.
    async fn until_due(&self, asked: Instant) {
        tokio::select! {
            () = sleep(self.settings.health_interval) => {}
            () = self.doubt.notified() => {
                let earliest = asked.checked_add(SHORTEST_INTERVAL.min(self.settings.health_interval));
                sleep_until(earliest.unwrap_or(asked)).await;
            }
        }
    }

    /// Waits for so long, or until something else stands in the place of the daemon's socket.
    async fn until_something_changes(&self, pause: Duration) {
        let changed = async {
            while !self.look() {
                sleep(LOOK_INTERVAL).await;
            }
        };
        tokio::select! {
            () = sleep(pause) => {}
            () = changed => {}
        }
    }

    /// Looks at the place of the daemon's socket; whether it has changed.
    fn look(&self) -> bool {
        match &self.settings.address {
            Address::Unix(path) => self.account.looked_at(Place::look(path)),
            Address::Tcp { .. } => false,
        }
    }

    /// Takes note that a connection broke before the first byte of an answer. That may be for what was asked, so it
    /// does not count as a failure: whoever watches finds out.
    pub fn lost(&self, lost: &Lost) {
        match lost {
            Lost::Closed | Lost::Io(_) => {
                // Another one may come back.
                self.version.set(None);
                self.doubt.notify_one();
            }
            // It did answer.
            Lost::Malformed(_) => {}
        }
    }
}
