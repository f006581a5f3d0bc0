//! The signals that dockgate minds, but for that which has the policy read again.

use std::io;

use tokio::signal::unix::{Signal, SignalKind, signal};

/// The signals that stop dockgate, `SIGTERM` and `SIGINT`, and one that must not.
#[derive(Debug)]
pub struct Signals {
    terminate: Signal,
    interrupt: Signal,
    /// A file as large as may be is an error to the audit, not the end of dockgate.
    file_too_large: Signal,
}

impl Signals {
    /// Catches the signals from now on.
    ///
    /// # Errors
    /// When the system does not let them be caught.
    pub fn catch() -> io::Result<Self> {
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
            file_too_large: signal(SignalKind::from_raw(nix::libc::SIGXFSZ))?,
        })
    }

    /// Returns at the next signal to stop.
    pub(super) async fn until_stop(&mut self) {
        loop {
            tokio::select! {
                _ = self.terminate.recv() => return,
                _ = self.interrupt.recv() => return,
                _ = self.file_too_large.recv() => {}
            }
        }
    }
}
