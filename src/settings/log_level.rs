//! How much dockgate tells its operator.

use tracing::level_filters::LevelFilter;

use super::problem::did_you_mean;

/// How much dockgate tells its operator; each level includes those before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum LogLevel {
    /// What went wrong.
    Error,
    /// What may go wrong.
    Warn,
    /// What dockgate does as a whole: start, stop, lose and find the daemon.
    Info,
    /// What happens to each connection.
    Debug,
    /// Everything.
    Trace,
}

impl LogLevel {
    const ALL: [Self; 5] = [Self::Error, Self::Warn, Self::Info, Self::Debug, Self::Trace];

    /// The level as it is written.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warn => "warn",
            Self::Info => "info",
            Self::Debug => "debug",
            Self::Trace => "trace",
        }
    }

    pub(super) fn read(text: &str) -> Result<Self, String> {
        Self::ALL.into_iter().find(|level| level.as_str() == text).ok_or_else(|| {
            let hint = did_you_mean(text, Self::ALL.into_iter().map(Self::as_str));
            format!("`{text}` is not one of error, warn, info, debug, trace{hint}")
        })
    }
}

impl From<LogLevel> for LevelFilter {
    fn from(level: LogLevel) -> Self {
        match level {
            LogLevel::Error => Self::ERROR,
            LogLevel::Warn => Self::WARN,
            LogLevel::Info => Self::INFO,
            LogLevel::Debug => Self::DEBUG,
            LogLevel::Trace => Self::TRACE,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_level_is_written_as_tracing_writes_it() {
        for level in LogLevel::ALL {
            assert_eq!(LogLevel::read(level.as_str()), Ok(level));
            assert_eq!(LevelFilter::from(level).to_string(), level.as_str());
        }
    }

    #[test]
    fn another_word_is_refused_with_a_hint() {
        assert_eq!(
            LogLevel::read("Warning").unwrap_err(),
            "`Warning` is not one of error, warn, info, debug, trace"
        );
        assert_eq!(
            LogLevel::read("warning").unwrap_err(),
            "`warning` is not one of error, warn, info, debug, trace; did you mean `warn`?"
        );
    }
}
