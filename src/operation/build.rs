//! What a build takes from outside: its parameters say where the Dockerfile is, its context which one the daemon
//! will really use, and the Dockerfile what is fetched and run.

use std::fmt;

use super::Fault;

/// Who builds. They find the Dockerfile and read it each in their own way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Builder {
    /// The daemon's own, `version=1`, which is the default of the API.
    Classic,
    /// `version=2`.
    BuildKit,
}

/// Why a build context or Dockerfile cannot be read in one way only.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Flaw {
    /// What kind of fault it is.
    pub fault: Fault,
    /// What is wrong, where, and what to do.
    message: String,
}

impl Flaw {
    /// In the archive.
    pub(super) fn context(what: impl fmt::Display) -> Self {
        Self { fault: Fault::Malformed, message: format!("the build context {what}") }
    }

    /// The archive goes over a limit.
    pub(super) fn too_large(what: impl fmt::Display) -> Self {
        Self { fault: Fault::BodyTooLarge, message: format!("the build context {what}") }
    }

    /// In a line of the Dockerfile.
    pub(super) fn line(line: usize, what: impl fmt::Display) -> Self {
        Self { fault: Fault::Malformed, message: format!("the Dockerfile, line {line}: {what}") }
    }

    /// In the Dockerfile as a whole.
    pub(super) fn dockerfile(what: impl fmt::Display) -> Self {
        Self { fault: Fault::Malformed, message: format!("the Dockerfile {what}") }
    }
}

impl fmt::Display for Flaw {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Flaw {}
