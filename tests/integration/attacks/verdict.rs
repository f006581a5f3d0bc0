//! Whether a case ended as it must.

use serde_json::Value;

use super::canonical::{is_question, oddities};
use super::case::{Case, Expected, Narrowed};
use crate::harness::{Engine, Message};

/// What is wrong with how the case ended; `tapped` is what the daemon saw meanwhile.
pub(super) fn wrong(case: &Case, answers: &[Message], tapped: &[Message], engine: &Engine) -> Option<String> {
    let odd: Vec<_> = tapped.iter().flat_map(oddities).collect();
    if !odd.is_empty() {
        return Some(format!("the daemon saw what is not dockgate's own words: {}", odd.join("; ")));
    }
    match (case.expected, &case.narrowed) {
        (Expected::Deny, Some(narrowed)) => not_narrowed(narrowed, answers),
        (Expected::Deny, None) => wrongly_permitted(case, answers, tapped),
        (Expected::Allow, _) => {
            wrongly_refused(answers).or_else(|| done_otherwise(case, answers, tapped, engine))
        }
        (Expected::DenyOrCanonical | Expected::DenyOrAllow, _) => None,
    }
}

fn wrongly_permitted(case: &Case, answers: &[Message], tapped: &[Message]) -> Option<String> {
    let is_innocent = |request: &Message| case.innocent.iter().any(|part| request.line().contains(part));
    let reached: Vec<_> = tapped
        .iter()
        .filter(|request| !is_question(request) && !is_innocent(request))
        .map(describe)
        .collect();
    if !reached.is_empty() {
        return Some(format!("it reached the daemon: {}", reached.join(", ")));
    }
    let last = answers.last().map_or(0, Message::status);
    let refused = answers.is_empty() || (400..500).contains(&last);
    (!refused).then(|| format!("it was answered with {}", statuses(answers)))
}

/// What an answer holds that it must not, or lacks.
fn not_narrowed(narrowed: &Narrowed, answers: &[Message]) -> Option<String> {
    let shown: String = answers.iter().map(|answer| String::from_utf8_lossy(&answer.body)).collect();
    let is_refused = answers.iter().all(|answer| answer.status() >= 400);
    let lacks = narrowed.shows.as_ref().is_some_and(|text| !shown.contains(text));
    if is_refused || !(lacks || shown.contains(&narrowed.hides)) {
        return None;
    }
    Some(format!("it was answered with {}", shown.chars().take(500).collect::<String>()))
}

fn wrongly_refused(answers: &[Message]) -> Option<String> {
    let answered = !answers.is_empty() && answers.iter().all(|answer| (100..300).contains(&answer.status()));
    (!answered).then(|| {
        let said = answers.last().map(|answer| String::from_utf8_lossy(&answer.body).into_owned());
        format!("it was answered with {}: {}", statuses(answers), said.unwrap_or_default())
    })
}

/// What the daemon did that is not what was asked for.
fn done_otherwise(case: &Case, answers: &[Message], tapped: &[Message], engine: &Engine) -> Option<String> {
    if tapped.is_empty() {
        return Some("nobody but dockgate answered it".to_owned());
    }
    let answer: Value =
        answers.first().and_then(|first| serde_json::from_slice(&first.body).ok()).unwrap_or_default();
    let id = answer["Id"].as_str().unwrap_or_default();
    for then in &case.then {
        let path = then.get.replace("{id}", id);
        let (status, seen) = engine.ask("GET", &path, &Value::Null);
        if status != then.status {
            return Some(format!("afterwards GET {path} is {status} {seen}"));
        }
        if let Some(what) = lacks(&seen, &then.holds) {
            return Some(format!("afterwards in GET {path}, {what}"));
        }
    }
    let create = tapped.iter().find(|request| request.line().contains("/containers/create"))?;
    let asked: Value = serde_json::from_slice(&create.body).unwrap_or_default();
    let (_, made) = engine.ask("GET", &format!("/containers/{id}/json"), &Value::Null);
    made_otherwise(&asked, &made).map(|what| format!("of the container that was made, {what}"))
}

/// Where the daemon stored something else than the body says.
fn made_otherwise(asked: &Value, made: &Value) -> Option<String> {
    asked.as_object().into_iter().flatten().find_map(|(name, value)| match name.as_str() {
        "HostConfig" => lacks(&made["HostConfig"], value),
        // Its networks are those that it will be in.
        "NetworkingConfig" => None,
        _ => lacks(&made["Config"][name], value),
    })
}

/// What of `part` is not in `whole`. What is zero need not be there, and the daemon may add to a list.
fn lacks(whole: &Value, part: &Value) -> Option<String> {
    let differs = || (whole != part).then(|| format!("{whole} is not {part}"));
    match part {
        Value::Null => None,
        Value::Bool(false) if whole.is_null() => None,
        Value::String(text) if text.is_empty() => None,
        Value::Number(number) if number.as_i64() == Some(0) => None,
        // The daemon keeps "no limit" as none.
        Value::Number(number) if number.as_i64() == Some(-1) && whole.is_null() => None,
        Value::Object(fields) => fields
            .iter()
            .find_map(|(name, value)| lacks(&whole[name], value).map(|what| format!("{name}: {what}"))),
        Value::Array(list) => list.iter().enumerate().find_map(|(index, value)| {
            let held = whole.as_array().into_iter().flatten().any(|other| lacks(other, value).is_none());
            (!held).then(|| format!("[{index}]: {whole} has no {value}"))
        }),
        Value::Bool(_) | Value::String(_) | Value::Number(_) => differs(),
    }
}

fn describe(request: &Message) -> String {
    let body = String::from_utf8_lossy(&request.body);
    format!("{} {}", request.line(), body.chars().take(300).collect::<String>())
}

fn statuses(answers: &[Message]) -> String {
    let list: Vec<_> = answers.iter().map(|answer| answer.status().to_string()).collect();
    if list.is_empty() { "nothing".to_owned() } else { list.join(", ") }
}
