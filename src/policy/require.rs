//! What an allow rule requires to be set, judged on what the container will be like.

use super::body::FieldCondition;
use super::condition::Condition;
use super::draft::Unit;
use crate::operation::Operation;
use crate::operation::meaning::{Posture, Stance};

/// Something that a request must say.
#[derive(Clone, Debug)]
pub(super) enum Requirement {
    /// A field with a value that matches.
    Field(FieldCondition),
    /// A parameter with a value that matches.
    Parameter(&'static str, Condition),
    /// That the container will be like this.
    Stance(Stance, Demand),
}

/// What is demanded of a stance.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Demand {
    /// That it is so.
    Holds,
    /// That there is a limit, and that it lies in the set.
    Limit(Condition),
    /// That all of these are dropped.
    Dropped(Vec<String>),
}

impl Requirement {
    /// Whether the operation meets it. An operation that has no such thing does.
    pub(super) fn is_met(&self, operation: &Operation) -> bool {
        match self {
            Self::Field(condition) => condition.is_met(operation),
            Self::Parameter(name, condition) => {
                operation.endpoint().parameter(name).is_none()
                    || operation.query().get(name).is_some_and(|value| condition.is_met(value))
            }
            Self::Stance(stance, demand) => {
                !Posture::is_of(operation.endpoint().id)
                    || operation.posture().is_some_and(|posture| is_met(*stance, demand, &posture))
            }
        }
    }

    /// As a policy writes it, behind `require.`; texts are quoted by `quote`.
    pub(super) fn written(&self, quote: fn(&str) -> String) -> String {
        match self {
            Self::Field(field) => {
                format!("{} = {}", quote(&field.path), field.condition.written(quote))
            }
            Self::Parameter(name, condition) => format!("query.{name} = {}", condition.written(quote)),
            Self::Stance(stance, Demand::Holds) => format!("{} = true", stance.as_str()),
            Self::Stance(stance, Demand::Limit(condition)) => {
                let unit = if *stance == Stance::Cpus { Unit::Billionth } else { Unit::One };
                format!("{} = {}", stance.as_str(), condition.written_in(unit, quote))
            }
            Self::Stance(stance, Demand::Dropped(names)) => {
                let names: Vec<String> = names.iter().map(|name| quote(name)).collect();
                format!("{} = [{}]", stance.as_str(), names.join(", "))
            }
        }
    }

    /// What must be set, in words.
    pub(super) fn wish(&self) -> String {
        let plain = |text: &str| format!("\"{text}\"");
        format!("require.{}", self.written(plain))
    }

    /// Asks for what another of the same stance asks for, too; whether it is one.
    fn join(&mut self, other: &Self) -> bool {
        let (Self::Stance(own, demand), Self::Stance(stance, more)) = (self, other) else { return false };
        if own != stance {
            return false;
        }
        match (demand, more) {
            (Demand::Limit(own), Demand::Limit(other)) => own.narrow(other),
            (Demand::Dropped(own), Demand::Dropped(other)) => {
                own.extend(other.iter().cloned());
                own.sort();
                own.dedup();
            }
            (_, _) => {}
        }
        true
    }

    /// Whether it asks for no more than the other.
    pub(super) fn is_implied_by(&self, stricter: &Self) -> bool {
        match (self, stricter) {
            (Self::Field(own), Self::Field(other)) => {
                own.path == other.path && other.condition.within(&own.condition)
            }
            (Self::Parameter(own, condition), Self::Parameter(other, narrow)) => {
                own == other && narrow.within(condition)
            }
            (Self::Stance(own, demand), Self::Stance(other, narrow)) => {
                own == other
                    && match (demand, narrow) {
                        (Demand::Limit(wide), Demand::Limit(narrow)) => narrow.within(wide),
                        _ => demand == narrow,
                    }
            }
            (Self::Field(_) | Self::Parameter(..) | Self::Stance(..), _) => false,
        }
    }
}

/// Requirements as a policy writes them, each key once: of a profile and of its own a rule can have two of a kind.
pub(super) fn written<'r>(
    requirements: impl Iterator<Item = &'r Requirement>,
    quote: fn(&str) -> String,
) -> Vec<String> {
    let mut each: Vec<Requirement> = Vec::new();
    for requirement in requirements {
        if !each.iter_mut().any(|own| own.join(requirement)) {
            each.push(requirement.clone());
        }
    }
    each.iter().map(|requirement| requirement.written(quote)).collect()
}

/// The requirements of `profile = "safe"`: a container that can do nothing but run.
pub(super) fn safe_profile() -> Vec<Requirement> {
    let any_limit = || Demand::Limit(Condition::Numbers(vec![(1, i64::MAX)]));
    vec![
        Requirement::Stance(Stance::ReadOnlyRoot, Demand::Holds),
        Requirement::Stance(Stance::NoNewPrivileges, Demand::Holds),
        Requirement::Stance(Stance::NonRoot, Demand::Holds),
        Requirement::Stance(Stance::DropCapabilities, Demand::Dropped(vec!["ALL".to_owned()])),
        Requirement::Stance(Stance::Memory, any_limit()),
        Requirement::Stance(Stance::Pids, any_limit()),
    ]
}

fn is_met(stance: Stance, demand: &Demand, posture: &Posture) -> bool {
    let limit = |limit: Option<i64>| match (demand, limit) {
        (Demand::Limit(condition), Some(limit)) => condition.has_number(limit),
        (Demand::Limit(_) | Demand::Holds | Demand::Dropped(_), _) => false,
    };
    match stance {
        Stance::ReadOnlyRoot => posture.read_only_root,
        Stance::NoNewPrivileges => posture.no_new_privileges,
        Stance::NonRoot => posture.is_non_root(),
        Stance::Memory => limit(posture.memory),
        Stance::Pids => limit(posture.pids),
        Stance::Cpus => limit(posture.cpus),
        Stance::DropCapabilities => {
            let has = |name: &String| posture.dropped.contains(name);
            match demand {
                Demand::Dropped(names) => has(&"ALL".to_owned()) || names.iter().all(has),
                Demand::Holds | Demand::Limit(_) => false,
            }
        }
    }
}
