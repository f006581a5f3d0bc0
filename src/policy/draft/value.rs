//! Reading single values of the TOML tree, with a problem for each that is not what it should be.

use std::ops::Range;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::operation::meaning::{Aspect, Resource};
use crate::operation::table;
use crate::policy::nearest::{did_you_mean, nearest};
use crate::policy::problem::{Code, Problem};

/// Of more keys than these a message does not list all.
const MOST_LISTED: usize = 12;

/// Words that other policies have for keys of this one.
const ELSEWHERE: [(&str, &str); 4] =
    [("deny", "forbid"), ("block", "forbid"), ("permit", "allow"), ("grant", "allow")];

/// What numbers are counted in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::policy) enum Unit {
    /// As they stand; sizes in bytes.
    One,
    /// One is a thousand million, so that parts of it can be said.
    Billionth,
}

impl Unit {
    /// What amounts of this kind of thing are counted in.
    pub(in crate::policy) const fn of(aspect: Aspect) -> Self {
        if matches!(aspect, Aspect::Resource(Resource::Cpus)) { Self::Billionth } else { Self::One }
    }

    /// A number of these, as a policy writes it: `2.5`.
    pub(in crate::policy) fn written(self, number: i64) -> String {
        if self == Self::One {
            return number.to_string();
        }
        let sign = if number < 0 { "-" } else { "" };
        let digits = format!("{:010}", number.unsigned_abs());
        let (whole, parts) = digits.split_at_checked(digits.len().saturating_sub(9)).unwrap_or_default();
        match parts.trim_end_matches('0') {
            "" => format!("{sign}{whole}"),
            parts => format!("{sign}{whole}.{parts}"),
        }
    }
}

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

    pub(super) fn source(&self) -> &'s str {
        self.source
    }

    /// Finds fault with each key that is not among the known.
    pub(super) fn known_keys(&mut self, table: &DeTable<'_>, known: &[&'static str], of: &str) {
        for (key, _) in table {
            if !known.contains(&key.get_ref().as_ref()) {
                let message = format!("{of} has no key `{}`", key.get_ref());
                let is_parameter = known.contains(&"query")
                    && table::endpoints().any(|endpoint| endpoint.parameter(key.get_ref()).is_some());
                let meant = ELSEWHERE.into_iter().find(|(word, _)| key.get_ref() == word);
                let help = if let Some((_, own)) = meant.filter(|(_, own)| known.contains(own)) {
                    Some(format!("did you mean `{own}`?"))
                } else if is_parameter {
                    Some(format!("a condition on a parameter is written `query.{} = …`", key.get_ref()))
                } else if known.len() > MOST_LISTED {
                    nearest(key.get_ref(), known.iter().copied())
                        .map(|near| format!("did you mean `{near}`?"))
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

    /// A text; a number is taken as its text.
    pub(super) fn text_or_number(
        &mut self,
        value: &Spanned<DeValue<'_>>,
        what: &str,
    ) -> Option<Spanned<String>> {
        if value.get_ref().is_integer() {
            return self
                .integer(value, what)
                .map(|number| Spanned::new(number.span(), number.get_ref().to_string()));
        }
        self.string(value, what)
    }

    /// A number, counted in this unit: `2.5`; or a size: `"2GiB"`.
    pub(super) fn amount(
        &mut self,
        value: &Spanned<DeValue<'_>>,
        what: &str,
        unit: Unit,
    ) -> Option<Spanned<i64>> {
        let scaled = match value.get_ref() {
            DeValue::String(text) if unit == Unit::One => read_size(text),
            DeValue::Float(float) if unit == Unit::Billionth => billionths(float.as_str()),
            DeValue::Integer(_) => {
                let number = self.integer(value, what)?;
                match unit {
                    Unit::One => Some(*number.get_ref()),
                    Unit::Billionth => number.get_ref().checked_mul(1_000_000_000),
                }
            }
            DeValue::String(_)
            | DeValue::Float(_)
            | DeValue::Boolean(_)
            | DeValue::Datetime(_)
            | DeValue::Array(_)
            | DeValue::Table(_) => None,
        };
        if scaled.is_none() {
            let expected = match unit {
                Unit::One => "a whole number, or a size such as \"2GiB\"",
                Unit::Billionth => "a number such as 2 or 1.5",
            };
            self.wrong_type(value, what, expected);
        }
        scaled.map(|number| Spanned::new(value.span(), number))
    }

    pub(super) fn one_or_many<T>(
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
        let mut many = Vec::with_capacity(array.len());
        many.extend(array.iter().filter_map(|element| read(self, element, what)));
        many
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

/// `512`, `64KiB`, `1.5GB`: bytes. `k`, `m`, `g` and `t` alone count by 1024, as for the docker CLI.
fn read_size(text: &str) -> Option<i64> {
    let end = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    let (number, suffix) = text.split_at_checked(end)?;
    let bytes: i64 = match suffix.trim().to_ascii_lowercase().as_str() {
        "" | "b" => 1,
        "k" | "kib" => 1 << 10,
        "m" | "mib" => 1 << 20,
        "g" | "gib" => 1 << 30,
        "t" | "tib" => 1 << 40,
        "kb" => 1_000,
        "mb" => 1_000_000,
        "gb" => 1_000_000_000,
        "tb" => 1_000_000_000_000,
        _ => return None,
    };
    let billionths = i128::from(billionths(number)?);
    let size = billionths.checked_mul(i128::from(bytes))?.checked_div(1_000_000_000)?;
    i64::try_from(size).ok()
}

/// A decimal number of at most nine places, in billionths.
fn billionths(text: &str) -> Option<i64> {
    let (whole, part) = text.split_once('.').unwrap_or((text, ""));
    if part.len() > 9 || !part.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let sign = if text.starts_with('-') { "-" } else { "" };
    let part: i64 = format!("{sign}{part:0<9}").parse().ok()?;
    whole.parse::<i64>().ok()?.checked_mul(1_000_000_000)?.checked_add(part)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_read_in_bytes() {
        for (text, bytes) in [
            ("512", Some(512)),
            ("2GiB", Some(2 << 30)),
            ("1.5g", Some(3 << 29)),
            ("64 KiB", Some(65_536)),
            ("1MB", Some(1_000_000)),
            ("", None),
            ("GiB", None),
            ("-1", None),
            ("2GG", None),
            ("9999999TiB", None),
        ] {
            assert_eq!(read_size(text), bytes, "{text}");
        }
        assert_eq!(billionths("2.5"), Some(2_500_000_000));
    }

    #[test]
    fn parts_are_written_as_they_are_read() {
        for (number, text) in [
            (0, "0"),
            (2_000_000_000, "2"),
            (1_500_000_000, "1.5"),
            (1, "0.000000001"),
            (-1, "-0.000000001"),
            (-1_500_000_000, "-1.5"),
            (i64::MAX, "9223372036.854775807"),
            (i64::MIN, "-9223372036.854775808"),
        ] {
            assert_eq!(Unit::Billionth.written(number), text);
            assert_eq!(billionths(text), Some(number));
        }
        assert_eq!(Unit::One.written(-5), "-5");
    }
}
