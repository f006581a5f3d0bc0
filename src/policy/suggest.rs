//! What a refused client is told: what was refused, why, and what to add to the policy.

mod toml_text;

use std::collections::BTreeSet;
use std::fmt::Write as _;

use super::nearest::list;
use super::pattern::escape_expression;
use super::rule::{Rule, Shortfall, body_shortfalls, needs_grant};
use super::selection::Paths;
use super::verdict::{Reason, Refusal, Suggestion};
use crate::operation::table::Guard;
use crate::operation::{Operation, Value};

/// Of how many fields a summary gives the names.
const MOST_NAMED: usize = 10;

/// How many shortfalls a message explains: a body can hold any number of them.
const MOST_EXPLAINED: usize = 100;

/// Paths longer than this are not repeated to the client.
const LONGEST_PATH_BYTES: usize = 500;

/// Who asked, as the policy knows them.
#[derive(Clone, Copy)]
pub(super) struct Asker<'a> {
    pub(super) name: Option<&'a str>,
    /// Whether the policy has names for clients at all.
    pub(super) some_are_named: bool,
}

/// Why the judge found against an operation.
pub(super) enum Case<'a> {
    /// No allow rule has the operation for this client.
    NoRule {
        /// Clients to which a rule grants it.
        granted_to: &'a BTreeSet<&'a str>,
        /// The closest of the client's rules that have the operation for other paths.
        elsewhere: Option<&'a Rule>,
    },
    /// A forbid rule strikes.
    Forbidden(&'a Rule),
    /// The closest allow rule, and what it lacks.
    Short(&'a Rule, &'a [Shortfall]),
}

/// The refusal, in words.
pub(super) fn refusal(operation: &Operation, asker: Asker<'_>, case: &Case<'_>) -> Refusal {
    let endpoint = operation.endpoint();
    let whom = asker.name.map_or_else(|| "this client".to_owned(), |name| format!("client \"{name}\""));
    let why = match case {
        Case::Forbidden(rule) => format!("{} forbids it", rule.name),
        Case::NoRule { granted_to, elsewhere } => ungranted(granted_to, *elsewhere),
        Case::Short(rule, shortfalls) => lacking(rule, shortfalls),
    };
    let summary = format!("dockgate: {endpoint} ({}) is not allowed for {whom}: {why}.", endpoint.id);
    let mut message = summary.clone();
    let (reason, rule, suggestion) = match case {
        Case::Forbidden(rule) => {
            match &rule.reason {
                Some(reason) => push(&mut message, format_args!("\nReason: {reason}")),
                None => {
                    message
                        .push_str("\nNothing that is added to the policy allows it while that rule stands.");
                }
            }
            (Reason::Forbidden, Some(rule), None)
        }
        Case::NoRule { granted_to: _, elsewhere } => {
            let rule = whole_rule(operation, asker, *elsewhere, &mut message);
            (Reason::NoRule, None, Some(Suggestion::Rule(rule)))
        }
        Case::Short(rule, shortfalls) => {
            let fails = |shortfall: &Shortfall| matches!(shortfall, Shortfall::Condition { .. });
            let only_grants = !shortfalls.iter().any(fails);
            let reason = if only_grants { Reason::MissingGrant } else { Reason::Condition };
            let conditions: Vec<_> =
                shortfalls.iter().filter(|shortfall| fails(shortfall)).cloned().collect();
            push_details(&mut message, &conditions);
            if let (Some(reason), Reason::Condition) = (&rule.reason, reason) {
                push(&mut message, format_args!("\nReason: {reason}"));
            }
            let suggestion = if only_grants && rule.takes_lines {
                Suggestion::Lines { rule: rule.name.label(), lines: grant_lines(shortfalls, &mut message) }
            } else {
                Suggestion::Rule(whole_rule(operation, asker, Some(rule), &mut message))
            };
            (reason, Some(rule), Some(suggestion))
        }
    };
    match &suggestion {
        Some(Suggestion::Rule(text)) => {
            push(&mut message, format_args!("\nTo allow it, add to the policy:\n\n{text}"));
        }
        Some(Suggestion::Lines { lines, .. }) => {
            let name = rule.map(|rule| rule.name.to_string()).unwrap_or_default();
            push(&mut message, format_args!("\nTo allow it, add to {name}, under its [[allow]]:\n\n{lines}"));
        }
        None => {}
    }
    Refusal {
        reason,
        rule: rule.map(|rule| rule.name.label()),
        summary,
        message: message.trim_end().to_owned(),
        suggestion,
    }
}

/// `no rule for this client grants it; a rule for client "admin" does`
fn ungranted(granted_to: &BTreeSet<&str>, elsewhere: Option<&Rule>) -> String {
    let names: Vec<String> = granted_to.iter().map(|name| format!("\"{name}\"")).collect();
    let mut why = match names.as_slice() {
        [] => "no rule of the policy grants it".to_owned(),
        [only] => format!("no rule for this client grants it; a rule for client {only} does"),
        several => {
            format!("no rule for this client grants it; rules for the clients {} do", list(several, "and"))
        }
    };
    if let Some(rule) = elsewhere {
        push(&mut why, format_args!("; {} has the endpoint, but not this path", rule.name));
    }
    why
}

/// `rule "pull" has it, but does not grant the parameter fromSrc`
fn lacking(rule: &Rule, shortfalls: &[Shortfall]) -> String {
    let mut grants = Vec::new();
    let mut conditions = Vec::new();
    let mut fields = Vec::new();
    let mut seen = BTreeSet::new();
    let mut unknown = 0_usize;
    for shortfall in shortfalls {
        match shortfall {
            Shortfall::Grant { parameter, .. } => grants.push(format!("the parameter {}", parameter.name)),
            Shortfall::Body { .. } => grants.push("the body".to_owned()),
            // The same field may stand in several elements of a list or map.
            Shortfall::Field { path, known: true, .. } if seen.insert(path) => fields.push(path.clone()),
            Shortfall::Field { known: true, .. } => {}
            Shortfall::Field { known: false, .. } => unknown = unknown.saturating_add(1),
            Shortfall::Condition { parameter, .. } => conditions.push(parameter.name.to_owned()),
        }
    }
    let more = fields.len().saturating_sub(MOST_NAMED);
    if more > 1 {
        fields.truncate(MOST_NAMED);
        fields.push(format!("{more} more"));
    }
    grants.extend(fields);
    match unknown {
        0 => {}
        1 => grants.push("a field that is not known".to_owned()),
        several => grants.push(format!("{several} fields that are not known")),
    }
    let mut lacks = Vec::new();
    match conditions.as_slice() {
        [] => {}
        [only] => lacks.push(format!("its condition on {only} does not hold")),
        several => lacks.push(format!("its conditions on {} do not hold", list(several, "and on"))),
    }
    if !grants.is_empty() {
        lacks.push(format!("it does not grant {}", list(&grants, "and")));
    }
    format!("{} has it, but {}", rule.name, list(&lacks, "and"))
}

/// One line for each shortfall: why it is guarded, or which value the condition does not admit.
fn push_details(message: &mut String, shortfalls: &[Shortfall]) {
    let more = shortfalls.len().saturating_sub(MOST_EXPLAINED);
    for shortfall in shortfalls.iter().take(MOST_EXPLAINED) {
        match shortfall {
            Shortfall::Grant { parameter, guard, .. } => {
                push(message, format_args!("\nThe parameter {} is guarded: it {guard}.", parameter.name));
            }
            Shortfall::Body { guard } => push(message, format_args!("\nThe body is guarded: it {guard}.")),
            Shortfall::Field { place, guard, known: true, .. } => {
                push(message, format_args!("\nThe field {place} is guarded: it {guard}."));
            }
            Shortfall::Field { place, guard, known: false, .. } => {
                push(message, format_args!("\nThe field {place} {guard}."));
            }
            Shortfall::Condition { parameter, value } => {
                if let Some(value) = toml_text::short(value) {
                    push(message, format_args!("\nIt was asked with {} = {value}.", parameter.name));
                }
            }
        }
    }
    if more > 0 {
        push(message, format_args!("\nThere are {more} more of these."));
    }
}

/// The lines that grant what is missing; what there is to know of them is added to the message.
fn grant_lines(shortfalls: &[Shortfall], message: &mut String) -> String {
    push_details(message, shortfalls);
    let mut lines = String::new();
    // `unguarded` grants the parameters too.
    let needs_unguarded =
        |shortfall: &Shortfall| matches!(shortfall, Shortfall::Body { .. } | Shortfall::Field { .. });
    if shortfalls.iter().any(needs_unguarded) {
        lines.push_str("unguarded = true\n");
        return lines;
    }
    for shortfall in shortfalls {
        if let Shortfall::Grant { parameter, value, .. } = shortfall {
            lines.push_str(&condition_line(parameter.name, value));
            push_width(message, parameter.name, value);
        }
    }
    lines
}

/// A rule that grants the request and, beside what is plain, nothing more. Where there is a rule that
/// was meant for such requests, the new one has its restrictions, but for those that the request breaks.
/// What there is to know of it is added to the message.
fn whole_rule(operation: &Operation, asker: Asker<'_>, model: Option<&Rule>, message: &mut String) -> String {
    let mut rule = "[[allow]]\n".to_owned();
    if let Some(client) = asker.name {
        push(&mut rule, format_args!("clients = [{}]\n", toml_text::quote(client)));
    } else if asker.some_are_named {
        message.push_str("\nThe policy has no name for this client, so the rule below is for everyone.");
    }
    let entry = entry(operation, model, message);
    push(&mut rule, format_args!("operations = [{}]\n", toml_text::quote(&entry)));

    let conditions = || {
        let of_model = model.into_iter().flat_map(|model| &model.conditions);
        of_model.filter(|(name, _)| operation.endpoint().parameter(name).is_some())
    };
    let mut needed = body_shortfalls(operation);
    let is_unguarded = !needed.is_empty();
    if is_unguarded {
        rule.push_str("unguarded = true\n");
    }
    for (parameter, value) in operation.query().iter() {
        let Guard::Guarded(guard) = parameter.guard else { continue };
        if needs_grant(parameter, value) && !conditions().any(|(name, _)| *name == parameter.name) {
            needed.push(Shortfall::Grant { parameter, guard, value: value.clone() });
        }
    }
    push_details(message, &needed);
    for (name, condition) in conditions() {
        if let Some(value) = operation.query().get(name).filter(|value| !condition.admits(value)) {
            rule.push_str(&condition_line(name, value));
            push_width(message, name, value);
        } else {
            let condition = toml_text::written(condition);
            push(&mut rule, format_args!("query.{} = {condition}\n", toml_text::key(name)));
        }
    }
    // `unguarded` grants the parameters too.
    for shortfall in needed.iter().filter(|_| !is_unguarded) {
        if let Shortfall::Grant { parameter, value, .. } = shortfall {
            rule.push_str(&condition_line(parameter.name, value));
            push_width(message, parameter.name, value);
        }
    }
    rule
}

/// The operation as a rule writes it: every path, or this one alone where the model has not all.
fn entry(operation: &Operation, model: Option<&Rule>, message: &mut String) -> String {
    let endpoint = operation.endpoint();
    if let Some(Paths::Matching(_)) = model.and_then(|model| model.selection.paths(endpoint)) {
        let path = operation.path();
        if path.len() <= LONGEST_PATH_BYTES {
            return format!("{} ~^{}$", endpoint.method, escape_expression(&path));
        }
        message.push_str("\nThe path is too long to be repeated: the rule below is for every path.");
    }
    endpoint.to_string()
}

/// Says so where a condition that is suggested admits more than the value.
fn push_width(message: &mut String, name: &str, value: &Value) {
    if toml_text::exact(value).is_none() {
        push(message, format_args!("\nThe line for {name} below admits any value."));
    }
}

fn condition_line(name: &str, value: &Value) -> String {
    format!("query.{} = {}\n", toml_text::key(name), toml_text::condition(value))
}

fn push(text: &mut String, arguments: std::fmt::Arguments<'_>) {
    // Writing to a `String` cannot fail.
    text.write_fmt(arguments).unwrap_or_default();
}
