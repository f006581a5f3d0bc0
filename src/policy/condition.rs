//! What a rule says about one parameter or field, as data: sets of texts and of numbers.

use toml::Spanned;

use super::draft::{DraftCondition, Quantifier, Unit};
use super::pattern::{Expression, Glob};
use super::problem::{Code, Problem};
use crate::operation::field::Kind;
use crate::operation::table::{Parameter, ParameterKind};
use crate::operation::{Json, Value};

/// A set of values of a parameter or field.
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
    /// Lists and maps of which so many elements are such.
    Elements(Quantifier, Box<Condition>),
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
            DraftCondition::Elements(quantifier, inner) => match Self::read(inner, problems)? {
                inner @ (Self::Texts(_) | Self::Expression(_) | Self::Numbers(_)) => {
                    Some(Self::Elements(*quantifier, Box::new(inner)))
                }
                Self::Unused | Self::Any | Self::Elements(..) => {
                    problems.push(
                        Problem::new(Code::WrongCondition, inner.span(), "this says nothing of an element")
                            .help("write `{ some = [\"…\"] }`, `{ every = { regex = \"…\" } }` or the like"),
                    );
                    None
                }
            },
        }
    }

    /// Whether values of this kind can be in the set; the error says what to write instead.
    pub(super) fn fits(&self, parameter: &Parameter) -> Result<(), String> {
        let name = parameter.name;
        match (self, parameter.kind) {
            (Self::Unused | Self::Any, _)
            | (Self::Texts(_) | Self::Expression(_), ParameterKind::Text | ParameterKind::List)
            | (Self::Numbers(_), ParameterKind::Int) => Ok(()),
            (Self::Elements(_, inner), ParameterKind::List) => inner.fits(parameter),
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

    /// Whether values of a field of this kind can be in the set; the error says what to write instead.
    pub(super) fn fits_kind(&self, kind: Kind, path: &str) -> Result<(), String> {
        let texts = format!("write `\"{path}\" = [\"…\"]`, or `{{ regex = \"…\" }}`");
        match (self, kind) {
            (Self::Unused | Self::Any, _)
            // The texts of a map are `key=value`.
            | (Self::Texts(_) | Self::Expression(_), Kind::Text | Kind::Map(_))
            | (Self::Numbers(_), Kind::Int | Kind::Uint | Kind::Float) => Ok(()),
            (Self::Elements(_, inner), Kind::StrSlice | Kind::Map(_)) => inner.fits_kind(Kind::Text, path),
            (Self::Elements(_, inner), Kind::List(element)) => inner.fits_kind(*element, path),
            (Self::Elements(..), _) => {
                Err(format!("`{path}` is neither a list nor a map: leave out `every` and `some`"))
            }
            (_, Kind::StrSlice) => self.fits_kind(Kind::Text, path),
            (_, Kind::List(element)) => self.fits_kind(*element, path),
            (_, Kind::Bool) => Err(format!(
                "`{path}` is true or false: write `= true` to leave it open, `= false` to keep it off, and \
                 `require.\"{path}\" = true` to have it on"
            )),
            (_, Kind::Int | Kind::Uint | Kind::Float) => {
                Err(format!("`{path}` is a number: write `= 10`, `{{ max = 10 }}` or `{{ max = \"2GiB\" }}`"))
            }
            (_, Kind::Text | Kind::Map(_)) => Err(texts),
            (_, Kind::Struct(_)) => {
                Err(format!("`{path}` has fields: name the one that is meant, as `{path}.NAME`"))
            }
            (_, Kind::Bytes | Kind::Any) => {
                Err(format!("conditions do not look into `{path}`: write `= true` or `= false`"))
            }
        }
    }

    /// Whether an allow rule with this condition lets a used value of a field pass: every element of a list or map
    /// must be in the set.
    pub(super) fn admits_json(&self, value: &Json) -> bool {
        self.has_json(value, Quantifier::Every)
    }

    /// Whether a forbid rule with this condition strikes a used value of a field: one element is enough.
    pub(super) fn strikes_json(&self, value: &Json) -> bool {
        self.has_json(value, Quantifier::Some)
    }

    fn has_json(&self, value: &Json, quantifier: Quantifier) -> bool {
        if let Self::Elements(own, inner) = self {
            return inner.has_json(value, *own);
        }
        let of_elements = |mut are: Box<dyn Iterator<Item = bool> + '_>| match quantifier {
            Quantifier::Every => are.all(|is| is),
            Quantifier::Some => are.any(|is| is),
        };
        match (self, value) {
            (Self::Any, _) => true,
            (Self::Unused, _) | (_, Json::Null | Json::Bool(_)) => false,
            (_, Json::Array(items)) => {
                of_elements(Box::new(items.iter().map(|item| self.has_json(item, quantifier))))
            }
            (_, Json::Object(fields)) => {
                of_elements(Box::new(fields.iter().map(|(key, value)| self.has_text(&entry(key, value)))))
            }
            (_, Json::String(text)) => self.has_text(text),
            // One that does not fit is larger than all that a policy can write.
            (_, Json::Number(text)) => self.has_number(text.parse().unwrap_or(i64::MAX)),
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
            Value::List(texts) => self.has_texts(texts, Quantifier::Every),
        }
    }

    /// Whether a forbid rule with this condition strikes the value: it is used, and in the set.
    pub(super) fn strikes(&self, value: &Value) -> bool {
        is_used(value)
            && match value {
                Value::Bool(_) | Value::Filters(_) | Value::Json(_) => *self == Self::Any,
                Value::Int(number) => self.has_number(*number),
                Value::Text(text) => self.has_text(text),
                Value::List(texts) => self.has_texts(texts, Quantifier::Some),
            }
    }

    /// As a requirement: whether the value is used, and in the set.
    pub(super) fn is_met(&self, value: &Value) -> bool {
        is_used(value) && self.admits(value)
    }

    fn has_texts(&self, texts: &[String], quantifier: Quantifier) -> bool {
        match (self, quantifier) {
            (Self::Elements(own, inner), _) => inner.has_texts(texts, *own),
            (_, Quantifier::Every) => texts.iter().all(|text| self.has_text(text)),
            (_, Quantifier::Some) => texts.iter().any(|text| self.has_text(text)),
        }
    }

    /// Whether the number is in the set.
    pub(super) fn has_number(&self, number: i64) -> bool {
        match self {
            Self::Any => true,
            Self::Numbers(ranges) => ranges.iter().any(|(low, high)| (*low..=*high).contains(&number)),
            Self::Unused | Self::Texts(_) | Self::Expression(_) | Self::Elements(..) => false,
        }
    }

    /// Leaves of ranges of numbers those that are in the other's too.
    pub(super) fn narrow(&mut self, other: &Self) {
        let (Self::Numbers(own), Self::Numbers(theirs)) = (self, other) else { return };
        let both = own.iter().flat_map(|(low, high)| {
            theirs.iter().map(|(lowest, highest)| (*low.max(lowest), *high.min(highest)))
        });
        *own = both.filter(|(low, high)| low <= high).collect();
    }

    /// Whether the text is in the set.
    pub(super) fn has_text(&self, text: &str) -> bool {
        match self {
            Self::Any => true,
            Self::Texts(globs) => globs.iter().any(|glob| glob.matches(text)),
            Self::Expression(expression) => expression.matches(text),
            Self::Unused | Self::Numbers(_) | Self::Elements(..) => false,
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
            (Self::Elements(narrow_quantifier, narrow), Self::Elements(quantifier, wide)) => {
                narrow_quantifier == quantifier && narrow.within(wide)
            }
            _ => self == other,
        }
    }

    /// Whether no used value is in both; `false` also where that is not clear.
    pub(super) fn is_disjoint_from(&self, other: &Self) -> bool {
        let apart = |one: &Glob, other: &Glob| {
            one.literal().is_some_and(|literal| !other.matches(&literal))
                || other.literal().is_some_and(|literal| !one.matches(&literal))
        };
        match (self, other) {
            (Self::Unused, _) | (_, Self::Unused) => true,
            (Self::Texts(mine), Self::Texts(theirs)) => {
                mine.iter().all(|one| theirs.iter().all(|other| apart(one, other)))
            }
            (Self::Texts(globs), Self::Expression(expression))
            | (Self::Expression(expression), Self::Texts(globs)) => {
                globs.iter().all(|glob| glob.literal().is_some_and(|literal| !expression.matches(&literal)))
            }
            (Self::Numbers(mine), Self::Numbers(theirs)) => mine
                .iter()
                .all(|(low, high)| theirs.iter().all(|(lowest, highest)| high < lowest || highest < low)),
            (Self::Any | Self::Texts(_) | Self::Expression(_) | Self::Numbers(_) | Self::Elements(..), _) => {
                false
            }
        }
    }

    /// The condition as a policy writes it; texts are quoted by `quote`.
    pub(super) fn written(&self, quote: fn(&str) -> String) -> String {
        self.written_in(Unit::One, quote)
    }

    /// The same, where numbers are counted in this unit.
    pub(super) fn written_in(&self, unit: Unit, quote: fn(&str) -> String) -> String {
        let number = |number: &i64| unit.written(*number);
        match self {
            Self::Unused => "false".to_owned(),
            Self::Any => "true".to_owned(),
            Self::Texts(globs) => one_or_many(globs.iter().map(Glob::source).map(|glob| quote(&glob))),
            Self::Expression(expression) => format!("{{ regex = {} }}", quote(expression.source())),
            Self::Numbers(ranges) => match ranges.as_slice() {
                [(min, i64::MAX)] => format!("{{ min = {} }}", number(min)),
                [(0, max)] if *max != 0 => format!("{{ max = {} }}", number(max)),
                [(min, max)] if min != max => format!("{{ min = {}, max = {} }}", number(min), number(max)),
                ranges => one_or_many(ranges.iter().map(|(only, _)| number(only))),
            },
            Self::Elements(Quantifier::Every, inner) => {
                format!("{{ every = {} }}", inner.written_in(unit, quote))
            }
            Self::Elements(Quantifier::Some, inner) => {
                format!("{{ some = {} }}", inner.written_in(unit, quote))
            }
        }
    }
}

fn one_or_many(items: impl Iterator<Item = String>) -> String {
    let items: Vec<String> = items.collect();
    match items.as_slice() {
        [only] => only.clone(),
        items => format!("[{}]", items.join(", ")),
    }
}

/// An entry of a map, as patterns see it: `key=value`; the key alone, where the value is no text.
pub(super) fn entry(key: &str, value: &Json) -> String {
    match value {
        Json::String(text) => format!("{key}={text}"),
        Json::Null | Json::Bool(_) | Json::Number(_) | Json::Array(_) | Json::Object(_) => key.to_owned(),
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
