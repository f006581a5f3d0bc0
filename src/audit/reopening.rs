//! `SIGUSR1`: the audit file may have been moved away.

use std::io;

use tokio::signal::unix::{Signal, SignalKind, signal};

use super::Audit;

/// `SIGUSR1`, caught.
#[derive(Debug)]
pub struct Reopening(Signal);

impl Reopening {
    /// Catches the signal from now on, which would end dockgate otherwise.
    ///
    /// # Errors
    /// When the system does not let it be caught.
    pub fn catch() -> io::Result<Self> {
        signal(SignalKind::user_defined1()).map(Self)
    }

    /// At each signal has the audit go on in the file that has its name then. Never returns.
    pub async fn attend(mut self, audit: Audit) {
        while self.0.recv().await.is_some() {
            audit.reopen();
        }
    }
}
