//! `dockgate audit`: questions to the audit.

mod export;
mod output;
pub(super) mod plain;
mod progress;
mod query;
mod row;
mod selection;
mod show;
mod stats;
mod tail;
mod verify;

use std::io;
use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};

use super::later::Later;
use super::{Exit, complain};
use crate::audit::read::Log;
use crate::settings::{AuditSink, Problems, ServeArgs, Settings};

#[derive(Debug, Subcommand)]
pub(in crate::command) enum AuditVerb {
    /// Show what is asked now, as it comes
    ///
    /// The last requests, and then each one that comes, when it is over or has gone on for a moment. It follows the
    /// file when that is rotated.
    Tail(Later<tail::TailArguments>),
    /// List requests: by time, client, operation, target, decision, rule, reason
    Query(Later<query::QueryArguments>),
    /// Say everything about one request, and why it was decided so
    Show(Later<show::ShowArguments>),
    /// Count: decisions, what is denied most, rules by use and those never used, clients, what takes long
    Stats(Later<stats::StatsArguments>),
    /// Write requests in the words of others: OCSF or ECS, one JSON object a line
    Export(Later<export::ExportArguments>),
    /// Say whether anything was changed, removed, reordered or cut off, and where it begins
    Verify(Later<verify::VerifyArguments>),
}

/// Which log is meant.
#[derive(Args, Clone, Debug)]
struct LogArguments {
    /// The audit file, with which what was moved out of it is read too; `-` is the standard input
    ///
    /// Of several files these are read and no others. Without one, the file that the environment or the
    /// settings file names (`DOCKGATE_AUDIT`, `DOCKGATE_SETTINGS`).
    #[arg(value_name = "FILE")]
    files: Vec<PathBuf>,
}

/// Answers.
pub(super) fn audit(verb: &AuditVerb) -> Exit {
    match verb {
        AuditVerb::Tail(Later(arguments)) => tail::tail(arguments),
        AuditVerb::Query(Later(arguments)) => query::query(arguments),
        AuditVerb::Show(Later(arguments)) => show::show(arguments),
        AuditVerb::Stats(Later(arguments)) => stats::stats(arguments),
        AuditVerb::Export(Later(arguments)) => export::export(arguments),
        AuditVerb::Verify(Later(arguments)) => verify::verify(arguments),
    }
}

impl LogArguments {
    /// Finds the log; whoever asked is told where there is none.
    fn open(&self) -> Result<Log, Exit> {
        let log = match self.files.as_slice() {
            [] => Log::of(&file_of_settings()?),
            [file] if file != Path::new("-") => Log::of(file),
            files => Log::of_files(files),
        };
        log.map_err(|error| {
            complain(&format_args!("dockgate: {error}"));
            Exit::Usage
        })
    }
}

/// What environment and settings file say.
fn settings() -> Result<Settings, Problems> {
    Settings::load(&ServeArgs::default())
}

fn file_of_settings() -> Result<PathBuf, Exit> {
    let settings = settings().map_err(|problems| {
        complain(&problems);
        Exit::Usage
    })?;
    match settings.audit.sink {
        AuditSink::File(path) => Ok(path),
        AuditSink::Stdout => {
            complain(
                &"dockgate: which audit? Name its file, behind what else is asked for, or set DOCKGATE_AUDIT. Where records go to standard output: `docker logs dockgate | dockgate audit … -`.",
            );
            Err(Exit::Usage)
        }
    }
}

/// Says that reading failed.
fn unreadable(error: &io::Error) -> Exit {
    complain(&format_args!("dockgate: {error}"));
    Exit::Usage
}
