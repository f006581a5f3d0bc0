//! Reading single values of the TOML tree, with a problem for each that is not what it should be.

use std::ops::Range;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::operation::table;
use crate::policy::nearest::did_you_mean;
use crate::policy::problem::{Code, Problem};

/// Reads values and gathers what is wrong with them.
#[derive(Debug)]
pub(super) struct Reader<'s> {
    source: &'s str,
    pub(super) problems: Vec<Problem>,
}

impl<'s> Reader<'s> {
    pub(super) fn new(source: &'s str) -> Self {
        Self { source, problems: Vec::new() }
    }

    /// Finds fault with each key that is not among the known.
    pub(super) fn known_keys(&mut self, table: &DeTable<'_>, known: &[&'static str], of: &str) {
        for (key, _) in table {
            if !known.contains(&key.get_ref().as_ref()) {
                let message = format!("{of} has no key `{}`", key.get_ref());
                let is_parameter = known.contains(&"query")
                    && table::endpoints().any(|endpoint| endpoint.parameter(key.get_ref()).is_some());
                let help = if is_parameter {
                    Some(format!("a condition on a parameter is written `query.{} = …`", key.get_ref()))
                } else {
                    did_you_mean(key.get_ref(), known.iter().copied())
                };
                self.problems.push(Problem::new(Code::UnknownKey, key.span(), message).help_if(help));
            }
        }
    }

    pub(super) fn table<'t, 'i>(
        &mut self,
        value: &'t Spanned<DeValue<'i>>,
        what: &str,
    ) -> Option<&'t DeTable<'i>> {
        let table = value.get_ref().as_table();
        if table.is_none() {
            self.wrong_type(value, what, "a table");
        }
        table
    }

    pub(super) fn string(&mut self, value: &Spanned<DeValue<'_>>, what: &str) -> Option<Spanned<String>> {
        let text = value.get_ref().as_str().map(|text| Spanned::new(value.span(), text.to_owned()));
        if text.is_none() {
            self.wrong_type(value, what, "a text in quotes");
        }
        text
    }

    /// A text that says something.
    pub(super) fn text(&mut self, value: &Spanned<DeValue<'_>>, what: &str) -> Option<Spanned<String>> {
        let text = self.string(value, what)?;
        if text.get_ref().trim().is_empty() {
            self.problems.push(Problem::new(Code::EmptyValue, text.span(), format!("`{what}` is empty")));
        }
        Some(text)
    }

    pub(super) fn integer(&mut self, value: &Spanned<DeValue<'_>>, what: &str) -> Option<Spanned<i64>> {
        let Some(integer) = value.get_ref().as_integer() else {
            self.wrong_type(value, what, "an integer");
            return None;
        };
        let number = i64::from_str_radix(integer.as_str(), integer.radix()).ok();
        if number.is_none() {
            let message = format!("`{what}` is beyond what an integer of 64 bits holds");
            self.problems.push(Problem::new(Code::NumberOutOfRange, value.span(), message));
        }
        number.map(|number| Spanned::new(value.span(), number))
    }

    pub(super) fn boolean(&mut self, value: &Spanned<DeValue<'_>>, what: &str) -> Option<Spanned<bool>> {
        let boolean = value.get_ref().as_bool().map(|boolean| Spanned::new(value.span(), boolean));
        if boolean.is_none() {
            self.wrong_type(value, what, "`true` or `false`, without quotes");
        }
        boolean
    }

    /// A list of texts; one may stand without its brackets.
    pub(super) fn strings(&mut self, value: &Spanned<DeValue<'_>>, what: &str) -> Vec<Spanned<String>> {
        self.one_or_many(value, what, Self::string)
    }

    /// A list of integers; one may stand without its brackets.
    pub(super) fn integers(&mut self, value: &Spanned<DeValue<'_>>, what: &str) -> Vec<Spanned<i64>> {
        self.one_or_many(value, what, Self::integer)
    }

    fn one_or_many<T>(
        &mut self,
        value: &Spanned<DeValue<'_>>,
        what: &str,
        read: fn(&mut Self, &Spanned<DeValue<'_>>, &str) -> Option<T>,
    ) -> Vec<T> {
        let Some(array) = value.get_ref().as_array() else {
            return read(self, value, what).into_iter().collect();
        };
        if array.is_empty() {
            let message = format!("`{what}` is an empty list");
            self.problems.push(Problem::new(Code::EmptyValue, value.span(), message));
        }
        array.iter().filter_map(|element| read(self, element, what)).collect()
    }

    pub(super) fn wrong_type(&mut self, value: &Spanned<DeValue<'_>>, what: &str, expected: &str) {
        let found = match value.get_ref() {
            DeValue::String(_) => "a text",
            DeValue::Integer(_) => "an integer",
            DeValue::Float(_) => "a number with a point",
            DeValue::Boolean(_) => "a truth value",
            DeValue::Datetime(_) => "a date",
            DeValue::Array(_) => "a list",
            DeValue::Table(_) => "a table",
        };
        let message = format!("`{what}` must be {expected}");
        self.problems
            .push(Problem::new(Code::WrongType, value.span(), message).label(format!("this is {found}")));
    }

    /// What is shown of a rule: its header, not the whole of an inline table.
    pub(super) fn header(&self, span: Range<usize>) -> Range<usize> {
        let text = self.source.get(span.clone()).unwrap_or_default();
        let first_line = text.lines().next().unwrap_or_default();
        span.start..span.start.saturating_add(first_line.len())
    }

    /// Whether a table is written by dotted keys: its span is then that of a key.
    pub(super) fn is_dotted(&self, table: &Spanned<DeValue<'_>>) -> bool {
        let text = self.source.get(table.span()).unwrap_or_default();
        !text.starts_with(['{', '['])
    }
}
