//! The operator's log, on standard error.

use std::io;

use tracing_subscriber::filter::LevelFilter;

use super::is_coloured;
use crate::settings::LogLevel;

/// Sends the log to standard error from now on; a second call changes nothing.
pub(super) fn start(level: LogLevel) {
    let _started = tracing_subscriber::fmt()
        .with_max_level(LevelFilter::from(level))
        .with_target(false)
        .with_ansi(is_coloured(&io::stderr()))
        .with_writer(io::stderr)
        .try_init();
}
