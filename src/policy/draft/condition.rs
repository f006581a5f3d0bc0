//! The right side of `query.PARAM = …`, `body."FIELD" = …` and `require."FIELD" = …`.

use std::ops::Range;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::Conditioned;
use super::value::{Reader, Unit};
use crate::operation::table::{self, ParameterKind};
use crate::policy::condition::json_help;
use crate::policy::problem::{Code, Problem};

/// A condition, as written.
#[derive(Clone, Debug)]
pub(in crate::policy) enum DraftCondition {
    /// `true`, `false`
    Used(bool),
    /// `"a*"`, `["a", "b*"]`
    Texts(Vec<Spanned<String>>),
    /// `{ regex = "…" }`
    Regex(Spanned<String>),
    /// `10`, `[10, 20]`
    Numbers(Vec<Spanned<i64>>),
    /// `{ min = 1, max = 60 }`
    Range { min: Option<Spanned<i64>>, max: Option<Spanned<i64>> },
    /// `{ every = […] }`, `{ some = […] }`
    Elements(Quantifier, Box<Spanned<DraftCondition>>),
}

/// How many elements of a list or map must match.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::policy) enum Quantifier {
    /// Every one.
    Every,
    /// One at least.
    Some,
}

/// The keys of a condition that is a table.
pub(in crate::policy) const KEYS: &[&str] = &["regex", "min", "max", "every", "some"];

impl Reader<'_> {
    /// `query` and its like: a condition for each parameter.
    pub(super) fn parameters(&mut self, table: &str, value: &Spanned<DeValue<'_>>) -> Vec<Conditioned> {
        let entries = self.table(value, table).into_iter().flatten();
        let read = entries.filter_map(|(name, value)| {
            let name = Spanned::new(name.span(), name.get_ref().clone().into_owned());
            let condition = self.condition(table, name.get_ref(), value, Unit::One)?;
            Some((name, Spanned::new(value.span(), condition)))
        });
        read.collect()
    }

    /// `body` and its like: a condition for each field, whose path may be quoted or spelled by dots alone.
    pub(super) fn paths(&mut self, table: &str, entries: &DeTable<'_>) -> Vec<Conditioned> {
        let mut read = Vec::new();
        for (name, value) in entries {
            self.path(table, name.get_ref(), &name.span(), value, &mut read);
        }
        read
    }

    fn path(
        &mut self,
        table: &str,
        path: &str,
        span: &Range<usize>,
        value: &Spanned<DeValue<'_>>,
        read: &mut Vec<Conditioned>,
    ) {
        if let Some(inner) = value.get_ref().as_table()
            && !inner.is_empty()
            && inner.iter().all(|(key, _)| !KEYS.contains(&key.get_ref().as_ref()))
        {
            for (name, value) in inner {
                let path = format!("{path}.{}", name.get_ref());
                let span = span.start..name.span().end.max(span.start);
                self.path(table, &path, &span, value, read);
            }
            return;
        }
        if let Some(condition) = self.condition(table, path, value, Unit::One) {
            read.push((Spanned::new(span.clone(), path.to_owned()), Spanned::new(value.span(), condition)));
        }
    }

    /// `require`: words and paths of fields; `query` in it is read apart.
    pub(super) fn requirements(&mut self, entries: &DeTable<'_>) -> Vec<Conditioned> {
        let mut read = Vec::new();
        for (name, value) in entries.iter().filter(|(name, _)| name.get_ref() != "query") {
            if name.get_ref() == "cpus" {
                if let Some(condition) = self.condition("require", "cpus", value, Unit::Billionth) {
                    let name = Spanned::new(name.span(), "cpus".to_owned());
                    read.push((name, Spanned::new(value.span(), condition)));
                }
            } else {
                self.path("require", name.get_ref(), &name.span(), value, &mut read);
            }
        }
        read
    }

    /// A condition on `name`, in the table that is called `table`. Numbers are counted in this unit.
    pub(super) fn condition(
        &mut self,
        table: &str,
        name: &str,
        value: &Spanned<DeValue<'_>>,
        unit: Unit,
    ) -> Option<DraftCondition> {
        let what = format!("{table}.{name}");
        match value.get_ref() {
            DeValue::Boolean(used) => Some(DraftCondition::Used(*used)),
            DeValue::String(_) => self.string(value, &what).map(|text| DraftCondition::Texts(vec![text])),
            DeValue::Integer(_) => {
                self.amount(value, &what, unit).map(|number| DraftCondition::Numbers(vec![number]))
            }
            DeValue::Float(_) if unit == Unit::Billionth => {
                self.amount(value, &what, unit).map(|number| DraftCondition::Numbers(vec![number]))
            }
            DeValue::Array(array) if array.is_empty() => {
                self.strings(value, &what);
                None
            }
            DeValue::Array(array)
                if array.iter().next().is_some_and(|first| first.get_ref().is_integer()) =>
            {
                Some(DraftCondition::Numbers(self.integers(value, &what)))
            }
            DeValue::Array(_) => {
                let texts = self.strings(value, &what);
                (!texts.is_empty()).then_some(DraftCondition::Texts(texts))
            }
            DeValue::Table(inner) => self.condition_table(table, name, value.span(), inner, unit),
            DeValue::Float(_) | DeValue::Datetime(_) => {
                self.wrong_type(value, &what, "a condition");
                None
            }
        }
    }

    fn condition_table(
        &mut self,
        table: &str,
        name: &str,
        span: Range<usize>,
        entries: &DeTable<'_>,
        unit: Unit,
    ) -> Option<DraftCondition> {
        let what = format!("{table}.{name}");
        let reported = self.problems.len();
        self.known_keys(entries, KEYS, "a condition");
        let has_unknown = self.problems.len() > reported;
        if has_unknown && table == "query" && is_json(name) {
            // One for all of them, which says what there is in their place.
            self.problems.truncate(reported);
            self.problems.push(
                Problem::new(Code::WrongCondition, span, format!("this is no condition for `{name}`"))
                    .help(json_help(name)),
            );
            return None;
        }
        let quantified = [("every", Quantifier::Every), ("some", Quantifier::Some)]
            .into_iter()
            .find_map(|(key, quantifier)| Some((quantifier, entries.get(key)?)));
        if let Some((quantifier, value)) = quantified {
            if entries.len() > 1 {
                let message = format!("`{what}` says more than `every` or `some`");
                self.problems.push(
                    Problem::new(Code::WrongCondition, span, message)
                        .help("put the rest into a rule of its own"),
                );
                return None;
            }
            let inner = self.condition(table, name, value, unit)?;
            return Some(DraftCondition::Elements(quantifier, Box::new(Spanned::new(value.span(), inner))));
        }
        let min = entries.get("min");
        let max = entries.get("max");
        match (entries.get("regex"), min.or(max)) {
            (Some(regex), None) => self.string(regex, "regex").map(DraftCondition::Regex),
            (None, Some(_)) => Some(DraftCondition::Range {
                min: min.and_then(|value| self.amount(value, "min", unit)),
                max: max.and_then(|value| self.amount(value, "max", unit)),
            }),
            (Some(_), Some(bound)) => {
                let message = format!("`{what}` has both `regex` and a range");
                self.problems.push(
                    Problem::new(Code::WrongCondition, span, message)
                        .also(bound.span(), "a range is for numbers")
                        .help("a parameter is a text or a number: keep one of them"),
                );
                None
            }
            (None, None) if has_unknown => None,
            (None, None) => {
                self.problems.push(
                    Problem::new(Code::EmptyValue, span, format!("`{what}` says nothing"))
                        .help("write `{ max = 60 }`, `{ min = 1, max = 60 }` or `{ regex = \"…\" }`"),
                );
                None
            }
        }
    }
}

/// Whether every parameter of this name is JSON.
fn is_json(name: &str) -> bool {
    let mut kinds =
        table::endpoints().filter_map(|endpoint| endpoint.parameter(name)).map(|p| p.kind).peekable();
    kinds.peek().is_some() && kinds.all(|kind| matches!(kind, ParameterKind::Filters | ParameterKind::Json))
}
