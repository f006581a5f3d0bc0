//! `dockgate audit export`: requests in the words of others.

mod ecs;
mod ocsf;

use clap::{Args, ValueEnum};
use jiff::Timestamp;

use super::LogArguments;
use super::selection::Selection;
use crate::audit::read::ascii_line;
use crate::command::Exit;
use crate::operation::table::endpoints;

/// What `export` is told.
#[derive(Args, Clone, Debug)]
pub(in crate::command) struct ExportArguments {
    #[command(flatten)]
    log: LogArguments,

    #[command(flatten)]
    selection: Selection,

    /// In whose words
    #[arg(long, value_name = "FORMAT")]
    format: Format,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    /// Open Cybersecurity Schema Framework 1.3, class API Activity (6003)
    Ocsf,
    /// Elastic Common Schema 8.17
    Ecs,
}

/// What an operation does with things, in the four words that others have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Deed {
    Create,
    Read,
    Update,
    Delete,
    Unknown,
}

pub(super) fn export(arguments: &ExportArguments) -> Exit {
    arguments.selection.list(&arguments.log, "", None, |request| {
        let (judged, ended) = (request.judged(), request.ended());
        ascii_line(&match arguments.format {
            Format::Ocsf => ocsf::event(&judged, ended.as_ref()),
            Format::Ecs => ecs::event(&judged, ended.as_ref()),
        })
    })
}

impl Deed {
    /// By the operation, or where it was not understood by the method.
    fn of(operation: Option<&str>, method: Option<&str>) -> Self {
        let endpoint = operation.and_then(|id| endpoints().find(|endpoint| endpoint.id == id));
        let method = endpoint.map(|endpoint| endpoint.method.as_str()).or(method);
        let id = endpoint.map_or("", |endpoint| endpoint.id);
        match method {
            Some("GET" | "HEAD") => Self::Read,
            Some("DELETE") => Self::Delete,
            Some("POST" | "PUT" | "PATCH") if id.ends_with("Prune") => Self::Delete,
            Some("POST" | "PUT" | "PATCH")
                if ["Create", "Pull", "Build"].iter().any(|end| id.ends_with(end)) =>
            {
                Self::Create
            }
            Some("POST" | "PUT" | "PATCH") => Self::Update,
            Some(_) | None => Self::Unknown,
        }
    }
}

/// Whether a request was forwarded, and the daemon did what was asked; none where that is not known.
fn is_done(decision: &str, daemon_status: Option<u16>) -> Option<bool> {
    match decision {
        "permit" | "observe" => Some(daemon_status? < 400),
        _ => Some(false),
    }
}

/// A time of a record in milliseconds since the epoch.
fn millis(time: &str) -> i64 {
    time.parse().map_or(0, Timestamp::as_millisecond)
}

/// An address with its port.
fn address(text: &str) -> (String, Option<u16>) {
    match text.parse::<std::net::SocketAddr>() {
        Ok(address) => (address.ip().to_string(), Some(address.port())),
        Err(_) => (text.to_owned(), None),
    }
}

#[cfg(test)]
mod tests;
