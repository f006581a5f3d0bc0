//! `dockgate audit query`: a list of requests.

use std::ops::ControlFlow;

use clap::{Args, ValueEnum};

use super::output::Output;
use super::selection::Selection;
use super::{LogArguments, row};
use crate::audit::read::{Request, ascii_object};
use crate::command::Exit;

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
    let (filter, log) = match arguments.selection.of(&arguments.log) {
        Ok(selected) => selected,
        Err(exit) => return exit,
    };
    let output = std::cell::RefCell::new(Output::new(log.bytes()));
    let is_coloured = output.borrow().is_coloured;
    let heading = match arguments.format {
        Format::Table => row::heading(is_coloured),
        Format::Json => String::new(),
        Format::Csv => row::csv_heading(),
    };
    let mut left = arguments.limit.unwrap_or(u64::MAX);
    let mut each = |request: Request| {
        let Some(less) = left.checked_sub(1) else { return ControlFlow::Break(()) };
        left = less;
        let line = match arguments.format {
            Format::Table => row::line(&request, is_coloured).into_bytes(),
            Format::Json => json(&request),
            Format::Csv => row::csv(&request).into_bytes(),
        };
        output.borrow_mut().print(&line)?;
        if left == 0 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    };
    let begun = output.borrow_mut().print(heading.as_bytes());
    let mut read = if begun.is_break() {
        Ok(())
    } else {
        log.requests(&filter, &mut |read_bytes| output.borrow_mut().step(read_bytes), &mut each)
    };
    if read.is_ok() && left == arguments.limit.unwrap_or(u64::MAX) {
        read = arguments.selection.tell_of_unknown_rules(&log);
    }
    output.into_inner().finish(read)
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
