//! What a rule says about one query parameter, as data: sets of texts and of numbers.

use toml::Spanned;

use super::draft::DraftCondition;
use super::pattern::{Expression, Glob};
use super::problem::{Code, Problem};
use crate::operation::Value;
use crate::operation::table::{Parameter, ParameterKind};

/// A set of values of a query parameter.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Condition {
    /// `false`: the parameter must not be used.
    Unused,
    /// `true`: any value.
    Any,
    /// Texts that match one of these.
    Texts(Vec<Glob>),
    /// Texts that match this.
    Expression(Expression),
    /// Numbers within one of these, both ends included.
    Numbers(Vec<(i64, i64)>),
}

impl Condition {
    /// The meaning of a condition as written, where it has one whatever the parameter is.
    pub(super) fn read(draft: &Spanned<DraftCondition>, problems: &mut Vec<Problem>) -> Option<Self> {
        match draft.get_ref() {
            DraftCondition::Used(false) => Some(Self::Unused),
            DraftCondition::Used(true) => Some(Self::Any),
            DraftCondition::Texts(texts) => {
                Some(Self::Texts(texts.iter().map(|text| Glob::new(text.get_ref())).collect()))
            }
            DraftCondition::Regex(regex) => match Expression::new(regex.get_ref()) {
                Ok(expression) => Some(Self::Expression(expression)),
                Err(fault) => {
                    problems.push(
                        Problem::new(Code::BadRegex, regex.span(), "this regular expression cannot be read")
                            .label(fault),
                    );
                    None
                }
            },
            DraftCondition::Numbers(numbers) => {
                Some(Self::Numbers(numbers.iter().map(|n| (*n.get_ref(), *n.get_ref())).collect()))
            }
            DraftCondition::Range { min, max } => {
                // A number below zero means "no limit" to the daemon: `max` alone must not let it in.
                let low = min.as_ref().map_or(0, |min| *min.get_ref());
                let high = max.as_ref().map_or(i64::MAX, |max| *max.get_ref());
                if low > high {
                    let message = format!("no number lies between {low} and {high}");
                    let mut problem = Problem::new(Code::EmptyRange, draft.span(), message);
                    if min.is_none() {
                        problem =
                            problem.help("without `min` a range starts at 0; a negative one needs both ends");
                    }
                    problems.push(problem);
                    return None;
                }
                Some(Self::Numbers(vec![(low, high)]))
            }
        }
    }

    /// Whether values of this kind can be in the set; the error says what to write instead.
    pub(super) fn fits(&self, parameter: &Parameter) -> Result<(), String> {
        let name = parameter.name;
        match (self, parameter.kind) {
            (Self::Unused | Self::Any, _)
            | (Self::Texts(_) | Self::Expression(_), ParameterKind::Text | ParameterKind::List)
            | (Self::Numbers(_), ParameterKind::Int) => Ok(()),
            (_, ParameterKind::Bool | ParameterKind::StrictBool) => Err(format!(
                "`{name}` is on or off: write `query.{name} = false` to keep it off, `true` to leave it open"
            )),
            (_, ParameterKind::Int) => Err(format!(
                "`{name}` is a number: write `query.{name} = 10` or `query.{name} = {{ max = 10 }}`"
            )),
            (_, ParameterKind::Text | ParameterKind::List) => {
                Err(format!("`{name}` is a text: write `query.{name} = [\"…\"]`, or `{{ regex = \"…\" }}`"))
            }
            (_, ParameterKind::Filters | ParameterKind::Json) => Err(json_help(name)),
        }
    }

    /// Whether an allow rule with this condition lets the value pass. What is sent but not used, as
    /// an empty text, always passes.
    pub(super) fn admits(&self, value: &Value) -> bool {
        if !is_used(value) {
            return true;
        }
        match value {
            Value::Bool(_) | Value::Filters(_) | Value::Json(_) => *self == Self::Any,
            Value::Int(number) => self.has_number(*number),
            Value::Text(text) => self.has_text(text),
            Value::List(texts) => texts.iter().all(|text| self.has_text(text)),
        }
    }

    /// Whether a forbid rule with this condition strikes the value: it is used, and in the set.
    pub(super) fn strikes(&self, value: &Value) -> bool {
        is_used(value)
            && match value {
                Value::Bool(_) | Value::Filters(_) | Value::Json(_) => *self == Self::Any,
                Value::Int(number) => self.has_number(*number),
                Value::Text(text) => self.has_text(text),
                Value::List(texts) => texts.iter().any(|text| self.has_text(text)),
            }
    }

    fn has_number(&self, number: i64) -> bool {
        match self {
            Self::Any => true,
            Self::Numbers(ranges) => ranges.iter().any(|(low, high)| (*low..=*high).contains(&number)),
            Self::Unused | Self::Texts(_) | Self::Expression(_) => false,
        }
    }

    fn has_text(&self, text: &str) -> bool {
        match self {
            Self::Any => true,
            Self::Texts(globs) => globs.iter().any(|glob| glob.matches(text)),
            Self::Expression(expression) => expression.matches(text),
            Self::Unused | Self::Numbers(_) => false,
        }
    }

    /// Whether every value that this admits is admitted by the other; `false` also where that is not clear.
    pub(super) fn within(&self, other: &Self) -> bool {
        match (self, other) {
            (_, Self::Any) | (Self::Unused, _) => true,
            (Self::Texts(narrow), Self::Texts(wide)) => {
                narrow.iter().all(|glob| wide.iter().any(|other| glob.within(other)))
            }
            (Self::Texts(narrow), Self::Expression(wide)) => {
                narrow.iter().all(|glob| glob.literal().is_some_and(|literal| wide.matches(&literal)))
            }
            (Self::Numbers(narrow), Self::Numbers(wide)) => narrow
                .iter()
                .all(|(low, high)| wide.iter().any(|(lowest, highest)| lowest <= low && high <= highest)),
            _ => self == other,
        }
    }
}

/// What may be said of a parameter that is JSON.
pub(super) fn json_help(name: &str) -> String {
    format!(
        "`{name}` is JSON, which conditions do not look into: write `query.{name} = true` to leave it open, `false` to keep it out"
    )
}

/// Whether a value that was sent does anything. Zero is a number like any other: `t=0` kills at once.
fn is_used(value: &Value) -> bool {
    matches!(value, Value::Int(_)) || !value.is_zero()
}
