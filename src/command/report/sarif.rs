//! Findings as SARIF 2.1.0, the format of code scanners.

use serde_json::{Value, json};

use super::{Position, Report};
use crate::policy::problem::{Code, Place, Problem, Severity};

pub(super) fn written(reports: &[Report]) -> Value {
    let results = reports.iter().flat_map(|report| report.problems.iter().map(|found| result(found, report)));
    let unreadable: Vec<Value> = reports.iter().filter_map(unreadable).collect();
    json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": {
                "name": "dockgate",
                "version": env!("CARGO_PKG_VERSION"),
                "rules": Code::ALL.iter().map(|code| rule(*code)).collect::<Vec<_>>(),
            } },
            "columnKind": "unicodeCodePoints",
            "invocations": [{
                "executionSuccessful": unreadable.is_empty(),
                "toolExecutionNotifications": unreadable,
            }],
            "results": results.collect::<Vec<_>>(),
        }],
    })
}

fn rule(code: Code) -> Value {
    json!({
        "id": code.as_str(),
        "shortDescription": { "text": code.summary() },
        "defaultConfiguration": { "level": level(code.severity()) },
    })
}

fn result(problem: &Problem, report: &Report) -> Value {
    let further = problem.places.iter().skip(1).enumerate().map(|(index, place)| {
        let mut location = location(place, report);
        if let Some(location) = location.as_object_mut() {
            location.insert("id".to_owned(), json!(index));
            location.insert("message".to_owned(), json!({ "text": place.label }));
        }
        location
    });
    json!({
        "ruleId": problem.code.as_str(),
        "level": level(problem.severity()),
        "message": { "text": problem.text() },
        "locations": problem.places.first().map(|place| location(place, report)).into_iter().collect::<Vec<_>>(),
        "relatedLocations": further.collect::<Vec<_>>(),
    })
}

fn location(place: &Place, report: &Report) -> Value {
    let start = Position::of(&report.source, place.span.start);
    let end = Position::of(&report.source, place.span.end);
    json!({ "physicalLocation": {
        "artifactLocation": { "uri": report.file },
        "region": {
            "startLine": start.line,
            "startColumn": start.column,
            "endLine": end.line,
            "endColumn": end.column,
        },
    } })
}

fn unreadable(report: &Report) -> Option<Value> {
    let why = report.unreadable.as_ref()?;
    let text = format!("{} cannot be read: {why}", report.file);
    Some(json!({ "level": "error", "message": { "text": text } }))
}

const fn level(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
    }
}
