//! `dockgate audit query`: a list of requests.

use std::io;

use clap::{Args, ValueEnum};

use super::selection::Selection;
use super::{LogArguments, row};
use crate::audit::read::{Request, ascii_object};
use crate::command::{Exit, is_coloured};

/// What `query` is told.
#[derive(Args, Clone, Debug)]
pub(in crate::command) struct QueryArguments {
    #[command(flatten)]
    log: LogArguments,

    #[command(flatten)]
    selection: Selection,

    /// How they are listed
    #[arg(long, value_name = "FORMAT", default_value = "table")]
    format: Format,

    /// No more than the first so many
    #[arg(long, value_name = "N")]
    limit: Option<u64>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    /// A line each, in columns
    Table,
    /// A JSON object a line: the record of the judgement, with that of the end as `ended`
    Json,
    /// CSV (RFC 4180)
    Csv,
}

pub(super) fn query(arguments: &QueryArguments) -> Exit {
    let is_coloured = is_coloured(&io::stdout());
    let heading = match arguments.format {
        Format::Table => row::heading(is_coloured),
        Format::Json => String::new(),
        Format::Csv => row::csv_heading(),
    };
    let line = |request: &Request| match arguments.format {
        Format::Table => row::line(request, is_coloured).into_bytes(),
        Format::Json => json(request),
        Format::Csv => row::csv(request).into_bytes(),
    };
    arguments.selection.list(&arguments.log, &heading, arguments.limit, line)
}

/// The record of the judgement, and within it that of the end.
fn json(request: &Request) -> Vec<u8> {
    let (judged, ended) = request.lines();
    let judged = ascii_object(judged);
    let mut line = Vec::with_capacity(judged.len().saturating_mul(2));
    match ended.map(ascii_object) {
        None => line.extend_from_slice(&judged),
        Some(ended) => {
            line.extend_from_slice(judged.strip_suffix(b"}").unwrap_or(&judged));
            line.extend_from_slice(b",\"ended\":");
            line.extend_from_slice(&ended);
            line.push(b'}');
        }
    }
    line.push(b'\n');
    line
}
