//! A request in a line: of a table, and of CSV.

use super::output::Colour;
use super::plain::{cell, plain};
use crate::audit::read::Request;
use crate::audit::read::record::{Ended, Judged};
use crate::command::push;
use crate::operation::meaning::is_full_id;

/// The columns of the table, with their widths.
const COLUMNS: [(&str, usize); 8] = [
    ("TIME (UTC)", 23),
    ("DECISION", 8),
    ("CLIENT", 14),
    ("OPERATION", 22),
    ("TARGET", 24),
    ("STATUS", 6),
    ("TOOK", 8),
    ("ID", 12),
];

/// The columns of CSV.
const CELLS: &str = "time,id,client,listener,address,uid,gid,pid,operation,method,path,targets,image,decision,reason,rule,detail,policy,status,daemon_status,request_bytes,response_bytes,duration_us,end";

/// The first line of a table.
pub(super) fn heading(is_coloured: bool) -> String {
    let mut line = String::new();
    for (name, width) in COLUMNS {
        push(&mut line, format_args!("{name:width$}  "));
    }
    line.push_str("WHY");
    format!("{}\n", Colour::Bold.paint(&line, is_coloured))
}

/// The request as a line of a table.
pub(super) fn line(request: &Request, is_coloured: bool) -> String {
    let (judged, ended) = (request.judged(), request.ended());
    let mut line = String::new();
    let cells = cells(&judged, ended.as_ref());
    for ((name, width), text) in COLUMNS.into_iter().zip(&cells) {
        let padded = format!("{text:width$}");
        let shown = match name {
            "DECISION" => Colour::of_decision(&judged.decision).paint(&padded, is_coloured),
            "TIME (UTC)" | "ID" => Colour::Dim.paint(&padded, is_coloured),
            _ => padded,
        };
        push(&mut line, format_args!("{shown}  "));
    }
    push(&mut line, format_args!("{}\n", why(&judged)));
    line
}

fn cells(judged: &Judged<'_>, ended: Option<&Ended<'_>>) -> [String; 8] {
    let status =
        ended.and_then(|ended| ended.status).map_or_else(|| "-".to_owned(), |status| status.to_string());
    [
        short_time(&judged.time),
        plain(&judged.decision).into_owned(),
        plain(&judged.client.label()).into_owned(),
        asked(judged),
        plain(&target(judged)).into_owned(),
        status,
        ended.map_or_else(|| "-".to_owned(), |ended| duration(ended.duration_us)),
        plain(&judged.id).into_owned(),
    ]
}

/// The operation, or where there is none what was asked.
pub(super) fn asked(judged: &Judged<'_>) -> String {
    match (&judged.operation, &judged.method) {
        (Some(operation), _) => plain(operation).into_owned(),
        (None, Some(method)) => {
            plain(&format!("{method} {}", judged.path.as_deref().unwrap_or_default())).trim_end().to_owned()
        }
        (None, None) => "-".to_owned(),
    }
}

/// What it is about, by name where there is one.
fn target(judged: &Judged<'_>) -> String {
    let names = judged.targets.iter().map(|target| target.name.as_deref().unwrap_or(&target.asked));
    let names: Vec<_> = names.chain(judged.image.as_deref()).map(short).collect();
    if names.is_empty() { "-".to_owned() } else { names.join(" ") }
}

/// Of an ID as much as the docker CLI shows; it can be asked for by that.
fn short(name: &str) -> &str {
    name.get(..12).filter(|_| is_full_id(name)).unwrap_or(name)
}

/// Why it was decided so, in short.
fn why(judged: &Judged<'_>) -> String {
    let rules: Vec<_> = judged.rules.iter().map(|rule| format!("\"{}\"", plain(&rule.name))).collect();
    match (&judged.reason, rules.is_empty()) {
        (None, _) => rules.join(", "),
        (Some(reason), true) => plain(reason).into_owned(),
        (Some(reason), false) => format!("{} {}", plain(reason), rules.join(", ")),
    }
}

/// A time of a record, to milliseconds and without its `T`.
pub(super) fn short_time(time: &str) -> String {
    plain(time.get(..23).unwrap_or(time)).replacen('T', " ", 1)
}

/// A duration, to three digits.
pub(super) fn duration(micros: u64) -> String {
    let seconds = micros / 1_000_000;
    match micros {
        0..1_000 => format!("{micros} us"),
        1_000..1_000_000 => format!("{} ms", micros / 1_000),
        1_000_000..60_000_000 => format!("{seconds}.{} s", micros / 100_000 % 10),
        60_000_000..3_600_000_000 => format!("{} min", seconds / 60),
        _ => format!("{} h", seconds / 3600),
    }
}

/// The first line of CSV.
pub(super) fn csv_heading() -> String {
    format!("{CELLS}\r\n")
}

/// The request as a line of CSV.
pub(super) fn csv(request: &Request) -> String {
    fn number(value: Option<impl ToString>) -> String {
        value.map(|value| value.to_string()).unwrap_or_default()
    }
    let (judged, ended) = (request.judged(), request.ended());
    let of = |text: &Option<std::borrow::Cow<'_, str>>| text.as_deref().unwrap_or_default().to_owned();
    let targets: Vec<_> = judged.targets.iter().map(|target| target.asked.as_ref()).collect();
    let rules: Vec<_> = judged.rules.iter().map(|rule| rule.name.as_ref()).collect();
    let (client, ended) = (&judged.client, ended.as_ref());
    let texts = [
        judged.time.to_string(),
        judged.id.to_string(),
        client.names.join(" "),
        client.listener.to_string(),
        of(&client.address),
        number(client.uid),
        number(client.gid),
        number(client.pid),
        of(&judged.operation),
        of(&judged.method),
        of(&judged.path),
        targets.join(" "),
        of(&judged.image),
        judged.decision.to_string(),
        of(&judged.reason),
        rules.join(", "),
        of(&judged.detail),
        judged.policy.to_string(),
        number(ended.and_then(|ended| ended.status)),
        number(ended.and_then(|ended| ended.daemon_status)),
        number(ended.map(|ended| ended.request_bytes)),
        number(ended.map(|ended| ended.response_bytes)),
        number(ended.map(|ended| ended.duration_us)),
        ended.map(|ended| ended.end.to_string()).unwrap_or_default(),
    ];
    let cells: Vec<_> = texts.iter().map(|text| cell(text)).collect();
    format!("{}\r\n", cells.join(","))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_told_in_the_unit_that_fits() {
        let told = [7, 1_500, 999_999, 1_500_000, 61_000_000, 7_200_000_000].map(duration);
        assert_eq!(told, ["7 us", "1 ms", "999 ms", "1.5 s", "1 min", "2 h"]);
    }

    #[test]
    fn ids_are_cut_and_names_are_not() {
        assert_eq!(short(&"c0ffee00".repeat(8)), "c0ffee00c0ff");
        for name in ["c0ffee00".repeat(7), "web".to_owned(), "w".repeat(64)] {
            assert_eq!(short(&name), name);
        }
    }

    #[test]
    fn each_column_of_csv_has_its_name() {
        assert_eq!(CELLS.split(',').count(), csv(&Request::default()).split(',').count());
    }
}
