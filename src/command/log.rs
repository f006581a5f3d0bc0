//! The operator's log, on standard error.

use std::io::{self, IsTerminal as _};

use tracing_subscriber::filter::LevelFilter;

use crate::settings::{LogLevel, forbids_colour};

/// Sends the log to standard error from now on; a second call changes nothing.
pub(super) fn start(level: LogLevel) {
    let _started = tracing_subscriber::fmt()
        .with_max_level(LevelFilter::from(level))
        .with_target(false)
        .with_ansi(io::stderr().is_terminal() && !forbids_colour())
        .with_writer(io::stderr)
        .try_init();
}
