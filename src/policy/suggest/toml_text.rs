//! Keys and values as TOML writes them.

use std::fmt::Write as _;

use crate::operation::meaning::{ImageRef, Meaning};
use crate::operation::{Json, Value};
use crate::policy::aspect::item;
use crate::policy::condition::entry;
use crate::policy::draft::Unit;
use crate::policy::pattern::escape;

/// Values longer than this are not repeated to the client: a query can be 64 KiB.
const LONGEST_BYTES: usize = 200;

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

/// A condition that grants this value of a field and no other, where it can be written.
pub(super) fn exact_json(value: &Json) -> Option<String> {
    let text = match value {
        Json::Bool(true) => "true".to_owned(),
        Json::Number(number) => number.parse::<i64>().ok()?.to_string(),
        Json::String(text) => quote(&escape(text)),
        Json::Array(items) => {
            let globs: Option<Vec<String>> =
                items.iter().map(|item| Some(quote(&escape(item.as_text()?)))).collect();
            list(&globs?)?
        }
        Json::Object(fields) => {
            let globs: Option<Vec<String>> = fields
                .iter()
                .map(|(key, value)| Some(quote(&escape(&entry(key, &Json::String(value.as_text()?.into()))))))
                .collect();
            list(&globs?)?
        }
        Json::Null | Json::Bool(false) => return None,
    };
    (text.len() <= LONGEST_BYTES).then_some(text)
}

/// A list of what is quoted already. None where it would be empty, which no condition is.
pub(super) fn list(quoted: &[String]) -> Option<String> {
    (!quoted.is_empty()).then(|| format!("[{}]", quoted.join(", ")))
}

/// The value of a field in short, as JSON.
pub(super) fn short_json(value: &Json) -> String {
    const MOST_CHARACTERS: usize = 120;
    let text = value.to_string();
    match text.char_indices().nth(MOST_CHARACTERS) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text,
    }
}

/// Something that is meant, in words.
pub(super) fn meant(meaning: &Meaning) -> String {
    let text = match meaning {
        Meaning::HostPath(host) if host.read_only => format!("{} (read-only)", quote(&host.path)),
        Meaning::HostPath(host) => quote(&host.path),
        Meaning::Image(ImageRef::None) => "no image".to_owned(),
        Meaning::Image(image) => quote(&image.to_string()),
        Meaning::Amount(_, amount) => Unit::of(meaning.aspect()).written(*amount),
        Meaning::Port(port) => quote(&port.to_string()),
        Meaning::Volume(_)
        | Meaning::ContainerPath(_)
        | Meaning::Tmpfs(_)
        | Meaning::Namespace(_)
        | Meaning::Network(_)
        | Meaning::Capability(_)
        | Meaning::Device(_)
        | Meaning::Security(_)
        | Meaning::User(_)
        | Meaning::Driver(_)
        | Meaning::Sysctl(_)
        | Meaning::Ulimit(_)
        | Meaning::Instruction(_)
        | Meaning::Remote(_)
        | Meaning::ExtraHost(_) => quote(&item(meaning).unwrap_or_default()),
    };
    let is_long = text.len() > LONGEST_BYTES;
    if is_long {
        format!("{} (too long to be shown)", meaning.aspect())
    } else {
        format!("{} {text}", meaning.aspect())
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
