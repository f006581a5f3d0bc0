//! One rule of the policy: its meaning, and what it says of a single request.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::ops::Range;

use super::condition::Condition;
use super::selection::Selection;
use crate::operation::field::UsedField;
use crate::operation::table::{BodyKind, Endpoint, Guard, Parameter};
use crate::operation::{Operation, Value};

/// An allow rule or a forbid rule.
#[derive(Clone, Debug)]
pub(super) struct Rule {
    pub(super) name: RuleName,
    /// Its header in the file.
    pub(super) span: Range<usize>,
    /// Places in the policy's list of clients; without them it is for everyone.
    pub(super) clients: Option<BTreeSet<usize>>,
    pub(super) selection: Selection,
    pub(super) conditions: BTreeMap<&'static str, Condition>,
    /// Whether it grants whatever is guarded. Always `false` in a forbid rule.
    pub(super) unguarded: bool,
    pub(super) reason: Option<String>,
    /// Whether lines such as `query.PARAM = …` can be added under its header.
    pub(super) takes_lines: bool,
}

/// What a rule is called in messages and records. Rules without a name go by their line.
///
/// The order is that in which one of several rules is named: it does not hang on where a rule with a
/// name stands in the file.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum RuleName {
    Named(String),
    AtLine(usize),
}

/// What an allow rule lacks to grant a request.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Shortfall {
    /// A guarded parameter is used, and the rule does not grant it.
    Grant { parameter: &'static Parameter, guard: &'static str, value: Value },
    /// The body is guarded as a whole, and the rule does not grant it.
    Body { guard: &'static str },
    /// A guarded field of the body is used, and the rule does not grant it.
    Field { path: String, place: String, guard: &'static str, known: bool },
    /// A parameter has a value that the rule's condition does not admit.
    Condition { parameter: &'static Parameter, value: Value },
}

/// What an allow rule admits of one parameter.
pub(super) enum Admission<'r> {
    /// Whatever is sent.
    Anything,
    /// Only zero values, and what the table knows to be harmless: it is guarded, and the text says why.
    Zero { why: &'static str, harmless: &'static [&'static str] },
    /// What the condition admits.
    If(&'r Condition),
}

impl Rule {
    /// Whether the rule is for one of these clients.
    pub(super) fn is_for(&self, clients: &BTreeSet<usize>) -> bool {
        self.clients.as_ref().is_none_or(|mine| !mine.is_disjoint(clients))
    }

    /// As an allow rule: what it admits of a parameter.
    pub(super) fn admission(&self, parameter: &Parameter) -> Admission<'_> {
        match (self.conditions.get(parameter.name), parameter.guard) {
            (Some(condition), _) => Admission::If(condition),
            (None, Guard::Guarded(why)) if !self.unguarded => {
                Admission::Zero { why, harmless: parameter.harmless }
            }
            (None, Guard::Plain | Guard::Guarded(_)) => Admission::Anything,
        }
    }

    /// As an allow rule for the operation's endpoint: everything that it lacks to grant the request.
    pub(super) fn shortfalls(&self, operation: &Operation) -> Vec<Shortfall> {
        let mut shortfalls = Vec::new();
        for (parameter, value) in operation.query().iter() {
            match self.admission(parameter) {
                Admission::Zero { why: guard, .. } if needs_grant(parameter, value) => {
                    shortfalls.push(Shortfall::Grant { parameter, guard, value: value.clone() });
                }
                Admission::If(condition) if !condition.admits(value) => {
                    shortfalls.push(Shortfall::Condition { parameter, value: value.clone() });
                }
                Admission::Anything | Admission::Zero { .. } | Admission::If(_) => {}
            }
        }
        if !self.unguarded {
            shortfalls.extend(body_shortfalls(operation));
        }
        shortfalls
    }

    /// As a forbid rule for the operation's endpoint: whether all its conditions strike.
    pub(super) fn strikes(&self, operation: &Operation) -> bool {
        self.conditions.iter().all(|(name, condition)| {
            operation.query().get(name).is_some_and(|value| condition.strikes(value))
        })
    }

    /// As an allow rule: whether the other grants everything that this one does, to everyone to whom
    /// this one does; `false` also where that is not clear.
    pub(super) fn is_covered_by(&self, other: &Self) -> bool {
        let clients = match (&self.clients, &other.clients) {
            (_, None) => true,
            (None, Some(_)) => false,
            (Some(mine), Some(theirs)) => mine.is_subset(theirs),
        };
        clients
            && self.selection.within(&other.selection)
            && self.selection.endpoints().all(|endpoint| {
                // Fields that are not known are guarded wherever there are fields.
                let takes_fields = matches!(endpoint.body, BodyKind::Json { .. });
                let body = !takes_fields || other.unguarded || !self.unguarded;
                body && endpoint
                    .parameters
                    .iter()
                    .all(|parameter| self.admission(parameter).within(&other.admission(parameter)))
            })
    }
}

impl Admission<'_> {
    fn within(&self, other: &Self) -> bool {
        match (self, other) {
            (_, Admission::Anything) | (Admission::Zero { .. }, Admission::Zero { .. }) => true,
            (Admission::Zero { harmless: [], .. }, Admission::If(wide)) => {
                !matches!(wide, Condition::Numbers(_)) || wide.admits(&Value::Int(0))
            }
            (Admission::Anything | Admission::Zero { .. }, Admission::If(wide)) => **wide == Condition::Any,
            (Admission::If(narrow), Admission::If(wide)) => narrow.within(wide),
            (Admission::Anything | Admission::If(_), Admission::Zero { .. }) => false,
        }
    }
}

/// Whether a rule must grant this value of the parameter.
pub(super) fn needs_grant(parameter: &Parameter, value: &Value) -> bool {
    parameter.guard != Guard::Plain
        && !value.is_zero()
        && parameter.guard_of(&value.to_string()) != Guard::Plain
}

/// What of the body must be granted by `unguarded`.
pub(super) fn body_shortfalls(operation: &Operation) -> Vec<Shortfall> {
    // Of a body that is guarded as a whole an empty one says something too: everything by default.
    match body_guard(operation.endpoint()) {
        Some(guard) => vec![Shortfall::Body { guard }],
        None => operation.used_fields().into_iter().filter_map(Shortfall::of_field).collect(),
    }
}

impl Shortfall {
    fn of_field(used: UsedField<'_>) -> Option<Self> {
        let UsedField { path, place, field, guard, value: _ } = used;
        match guard {
            Guard::Plain => None,
            Guard::Guarded(guard) => Some(Self::Field { path, place, guard, known: field.is_some() }),
        }
    }
}

/// Whether anything in a body of the endpoint is known to be guarded.
pub(super) fn has_guarded_body(endpoint: &Endpoint) -> bool {
    match endpoint.body {
        BodyKind::Json { kind, guard } => guard != Guard::Plain || kind.has_guarded(),
        BodyKind::None | BodyKind::Tar => false,
    }
}

/// Why the body of the endpoint is guarded as a whole, where it is.
pub(super) fn body_guard(endpoint: &Endpoint) -> Option<&'static str> {
    match endpoint.body {
        BodyKind::Json { kind: _, guard: Guard::Guarded(why) } => Some(why),
        BodyKind::Json { kind: _, guard: Guard::Plain } | BodyKind::None | BodyKind::Tar => None,
    }
}

impl RuleName {
    /// The name alone, for records: `pull`, `line 12`.
    pub(super) fn label(&self) -> String {
        match self {
            Self::Named(name) => name.clone(),
            Self::AtLine(line) => format!("line {line}"),
        }
    }
}

impl fmt::Display for RuleName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Named(name) => write!(f, "rule \"{name}\""),
            Self::AtLine(line) => write!(f, "the rule in line {line}"),
        }
    }
}
