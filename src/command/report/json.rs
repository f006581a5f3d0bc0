//! Findings as one JSON object.

use serde_json::{Value, json};

use super::{Position, Report};
use crate::policy::problem::{Place, Problem, Severity};

pub(super) fn written(reports: &[Report]) -> Value {
    json!({ "policies": reports.iter().map(policy).collect::<Vec<_>>() })
}

fn policy(report: &Report) -> Value {
    let facts = report.facts.as_ref();
    json!({
        "file": report.file,
        "unreadable": report.unreadable,
        "hash": facts.map(|facts| &facts.hash),
        "rules": facts.map(|facts| facts.rules),
        "tests": facts.map(|facts| facts.tests),
        "problems": report.problems.iter().map(|found| problem(found, &report.source)).collect::<Vec<_>>(),
    })
}

fn problem(problem: &Problem, source: &str) -> Value {
    json!({
        "code": problem.code.as_str(),
        "severity": severity(problem.severity()),
        "message": problem.message,
        "help": problem.help,
        "note": problem.note,
        "places": problem.places.iter().map(|found| place(found, source)).collect::<Vec<_>>(),
    })
}

fn place(place: &Place, source: &str) -> Value {
    let (start, end) = (Position::of(source, place.span.start), Position::of(source, place.span.end));
    json!({
        "line": start.line,
        "column": start.column,
        "end_line": end.line,
        "end_column": end.column,
        "label": place.label,
    })
}

const fn severity(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
    }
}
