//! Keys and values as TOML writes them.

use std::fmt::Write as _;

use crate::operation::Value;
use crate::policy::condition::Condition;
use crate::policy::pattern::{Glob, escape};

/// Values longer than this are not repeated to the client: a query can be 64 KiB.
const LONGEST_BYTES: usize = 200;

/// A condition that grants this value; any value, where the exact one is long or is JSON.
pub(super) fn condition(value: &Value) -> String {
    exact(value).unwrap_or_else(|| "true".to_owned())
}

/// A condition that grants this value and no other, where it can be written.
pub(super) fn exact(value: &Value) -> Option<String> {
    let text = match value {
        Value::Bool(_) => "true".to_owned(),
        Value::Filters(_) | Value::Json(_) => return None,
        Value::Int(number) => number.to_string(),
        Value::Text(text) => quote(&escape(text)),
        Value::List(texts) => {
            let globs: Vec<String> = texts.iter().map(|text| quote(&escape(text))).collect();
            format!("[{}]", globs.join(", "))
        }
    };
    (text.len() <= LONGEST_BYTES).then_some(text)
}

/// A condition as a policy writes it.
pub(super) fn written(condition: &Condition) -> String {
    match condition {
        Condition::Unused => "false".to_owned(),
        Condition::Any => "true".to_owned(),
        Condition::Texts(globs) => one_or_many(globs.iter().map(Glob::source).map(|glob| quote(&glob))),
        Condition::Expression(expression) => format!("{{ regex = {} }}", quote(expression.source())),
        Condition::Numbers(ranges) => match ranges.as_slice() {
            [(min, i64::MAX)] => format!("{{ min = {min} }}"),
            [(0, max)] if *max != 0 => format!("{{ max = {max} }}"),
            [(min, max)] if min != max => format!("{{ min = {min}, max = {max} }}"),
            ranges => one_or_many(ranges.iter().map(|(number, _)| number.to_string())),
        },
    }
}

fn one_or_many(items: impl Iterator<Item = String>) -> String {
    let items: Vec<String> = items.collect();
    match items.as_slice() {
        [only] => only.clone(),
        items => format!("[{}]", items.join(", ")),
    }
}

/// The value as TOML, where it is short enough to be repeated.
pub(super) fn short(value: &Value) -> Option<String> {
    let text = match value {
        Value::Bool(on) => on.to_string(),
        Value::Int(number) => number.to_string(),
        Value::Text(text) => quote(text),
        Value::List(texts) => {
            format!("[{}]", texts.iter().map(|text| quote(text)).collect::<Vec<_>>().join(", "))
        }
        Value::Filters(_) | Value::Json(_) => return None,
    };
    (text.len() <= LONGEST_BYTES).then_some(text)
}

/// A text in quotes; in single ones, where that spares it backslashes.
pub(super) fn quote(text: &str) -> String {
    let is_plain = text.chars().all(|c| (c.is_ascii_graphic() && c != '\'') || c == ' ');
    if is_plain && text.contains('\\') { format!("'{text}'") } else { basic(text) }
}

/// A basic string.
fn basic(text: &str) -> String {
    let mut quoted = "\"".to_owned();
    for character in text.chars() {
        match character {
            '"' | '\\' => quoted.extend(['\\', character]),
            // What cannot be seen is spelled out.
            _ if character.is_ascii_graphic() || character == ' ' || character.is_alphanumeric() => {
                quoted.push(character);
            }
            // Writing to a `String` cannot fail.
            _ => write!(quoted, "\\U{:08X}", u32::from(character)).unwrap_or_default(),
        }
    }
    quoted.push('"');
    quoted
}

/// A key, bare where it can be.
pub(super) fn key(name: &str) -> String {
    let is_bare = !name.is_empty()
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_');
    if is_bare { name.to_owned() } else { quote(name) }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use toml::de::DeTable;

    use super::*;

    proptest! {
        #[test]
        fn what_is_written_is_read_again(text in any::<String>()) {
            let source = format!("{} = {}", key(&text), quote(&text));
            let table = DeTable::parse(&source).unwrap();
            let (name, value) = table.get_ref().iter().next().unwrap();
            prop_assert_eq!(name.get_ref().as_ref(), text.as_str());
            prop_assert_eq!(value.get_ref().as_str(), Some(text.as_str()));
        }
    }
}
