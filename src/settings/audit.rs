//! The settings of the audit.

use std::path::PathBuf;

use super::draft::Layers;
use super::key::Key;
use super::problem::Problem;
use super::{file_name, switch};

/// Where the audit goes, and what is in it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AuditSettings {
    /// Where records are written.
    pub sink: AuditSink,
    /// Whether the arguments of commands that are run in containers are recorded.
    pub exec_argv: bool,
}

/// Where audit records are written.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum AuditSink {
    /// Standard output.
    #[default]
    Stdout,
    /// A file that is appended to.
    File(PathBuf),
}

/// Reads them; `None` if there was a problem.
pub(super) fn read(layers: &Layers, problems: &mut Vec<Problem>) -> Option<AuditSettings> {
    let sink = layers.read(Key::Audit, problems, sink);
    let exec_argv = layers.read(Key::AuditExecArgv, problems, switch);
    Some(AuditSettings { sink: sink?, exec_argv: exec_argv? })
}

fn sink(text: &str) -> Result<AuditSink, String> {
    if text == "-" { Ok(AuditSink::Stdout) } else { file_name(text).map(AuditSink::File) }
}
