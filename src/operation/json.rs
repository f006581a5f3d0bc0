//! JSON as a request carries it: read strictly, kept exactly, written anew.
//!
//! The daemon decodes with Go's `encoding/json`, which folds the case of keys, merges duplicates and
//! may ignore what follows. A general parser would settle these differently; this one refuses
//! wherever two readings are possible, so that what is judged is what the daemon reads.

mod check;
mod expected;
pub(super) mod glance;
mod key;
pub(super) mod place;
mod read;
mod scan;
mod text;
mod write;

use std::fmt;

use smol_str::SmolStr;

use super::field::Kind;
pub(super) use expected::Expected;
pub use key::Key;
pub use read::Flaw;
pub(super) use read::write_key;
pub use text::Text;

/// A JSON value. Objects keep the order of their keys, numbers their text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Json {
    /// `null`
    Null,
    /// `true` or `false`
    Bool(bool),
    /// A number as the client wrote it, by JSON's grammar; nothing is rounded.
    Number(SmolStr),
    /// A string, unescaped.
    String(SmolStr),
    /// An array.
    Array(Vec<Json>),
    /// An object. No key stands twice; keys of Docker's structs also not in different case.
    Object(Vec<(Key, Json)>),
}

impl Json {
    /// Reads a whole body by the field table. Keys of structs come out in canonical spelling, without those
    /// that the table does not know and that are zero. `null` is the empty value, as it is for the daemon.
    ///
    /// # Errors
    ///
    /// Whatever is not one JSON value of this kind with one meaning.
    pub fn read(bytes: &[u8], kind: Kind) -> Result<Self, Flaw> {
        Ok(match (read::value(bytes, Expected::Kind(&kind))?, kind) {
            (Self::Null, Kind::Struct(_) | Kind::Map(_)) => Self::Object(Vec::new()),
            (Self::Null, Kind::List(_) | Kind::StrSlice) => Self::Array(Vec::new()),
            (value, _) => value,
        })
    }

    /// Reads what the daemon shows of something. Its keys are as they are; texts may hold NUL, which no request may.
    ///
    /// # Errors
    ///
    /// Whatever is not one JSON value.
    pub fn read_shown(bytes: &[u8]) -> Result<Self, Flaw> {
        read::shown(bytes)
    }

    /// Reads any value; `expected` says what the keys of its objects are.
    pub(super) fn read_any(bytes: &[u8], expected: Expected) -> Result<Self, Flaw> {
        read::value(bytes, expected)
    }

    /// Writes the value compactly, in the order in which it was read.
    pub fn write(&self, out: &mut String) {
        write::value(self, out);
    }

    /// Writes a text as [`Json::write`] does where it is a value, or a key.
    pub fn write_text(text: &str, out: &mut String) {
        write::string(text, out);
    }

    /// The text, where this is one.
    #[must_use]
    pub fn as_text(&self) -> Option<&str> {
        match self {
            Self::String(text) => Some(text),
            Self::Null | Self::Bool(_) | Self::Number(_) | Self::Array(_) | Self::Object(_) => None,
        }
    }

    /// The number as it is written, where this is one.
    #[must_use]
    pub fn as_number(&self) -> Option<&str> {
        match self {
            Self::Number(text) => Some(text),
            Self::Null | Self::Bool(_) | Self::String(_) | Self::Array(_) | Self::Object(_) => None,
        }
    }

    /// What stands in an array; nothing, where this is none.
    #[must_use]
    pub fn items(&self) -> &[Json] {
        match self {
            Self::Array(items) => items,
            Self::Null | Self::Bool(_) | Self::Number(_) | Self::String(_) | Self::Object(_) => &[],
        }
    }

    /// What stands in an array, to be changed.
    pub(super) fn items_mut(&mut self) -> &mut [Json] {
        match self {
            Self::Array(items) => items,
            Self::Null | Self::Bool(_) | Self::Number(_) | Self::String(_) | Self::Object(_) => &mut [],
        }
    }

    /// What stands in an object under this key, to be changed.
    pub(super) fn get_mut(&mut self, key: &str) -> Option<&mut Json> {
        match self {
            Self::Object(fields) => fields.iter_mut().find(|(own, _)| own == key).map(|(_, value)| value),
            Self::Null | Self::Bool(_) | Self::Number(_) | Self::String(_) | Self::Array(_) => None,
        }
    }

    /// What stands in an object; nothing, where this is none.
    #[must_use]
    pub fn fields(&self) -> &[(Key, Json)] {
        match self {
            Self::Object(fields) => fields,
            Self::Null | Self::Bool(_) | Self::Number(_) | Self::String(_) | Self::Array(_) => &[],
        }
    }

    /// What stands in an object under this key.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&Json> {
        self.fields().iter().find(|(own, _)| own == key).map(|(_, value)| value)
    }

    /// Whether this is a zero value: `null`, `false`, a zero, `""`, `[]` or `{}`. Clients send every
    /// field they know, most of them zero; a zero field is not used.
    #[must_use]
    #[inline]
    pub fn is_zero(&self) -> bool {
        match self {
            Self::Null => true,
            Self::Bool(value) => !value,
            Self::Number(text) => is_zero_number(text),
            Self::String(text) => text.is_empty(),
            Self::Array(items) => items.is_empty(),
            Self::Object(fields) => fields.is_empty(),
        }
    }

    /// Whether this is a zero value, or an object with nothing but zero values in it: for a struct, no
    /// more than that it stands there.
    #[must_use]
    pub fn is_all_zero(&self) -> bool {
        match self {
            Self::Object(fields) => fields.iter().all(|(_, value)| value.is_all_zero()),
            Self::Null | Self::Bool(_) | Self::Number(_) | Self::String(_) | Self::Array(_) => self.is_zero(),
        }
    }
}

fn is_zero_number(text: &str) -> bool {
    match text.as_bytes() {
        [b'0' | b'-', ..] => {
            let mut mantissa = text.bytes().take_while(|byte| !matches!(byte, b'e' | b'E'));
            !mantissa.any(|byte| matches!(byte, b'1'..=b'9'))
        }
        // Most that are not begin with another digit.
        _ => false,
    }
}

impl fmt::Display for Json {
    /// Compact JSON text.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = String::new();
        self.write(&mut text);
        f.write_str(&text)
    }
}

#[cfg(test)]
mod tests {
    use super::{Expected, Json};
    use crate::operation::field::{container, plugin};

    #[test]
    fn zero_values_are_those_that_clients_send_for_nothing() {
        for text in ["null", "false", "0", "-0", "0.00", "0e7", "\"\"", "[]", "{}"] {
            let json = Json::read_any(text.as_bytes(), Expected::Unknown).unwrap();
            assert!(json.is_zero() && json.is_all_zero(), "{text}");
        }
        for text in ["true", "1", "0.01", "10", "1e0", "\"0\"", "[null]", r#"{"a":null}"#] {
            assert!(!Json::read_any(text.as_bytes(), Expected::Unknown).unwrap().is_zero(), "{text}");
        }
        for (text, expected) in
            [(r#"{"a":null,"b":{"c":0}}"#, true), (r#"{"a":[0]}"#, false), (r#"{"a":{"b":1}}"#, false)]
        {
            let json = Json::read_any(text.as_bytes(), Expected::Unknown).unwrap();
            assert_eq!(json.is_all_zero(), expected, "{text}");
        }
    }

    #[test]
    fn a_null_body_is_the_empty_value() {
        assert_eq!(Json::read(b" null ", container::CREATE), Ok(Json::Object(Vec::new())));
        assert_eq!(Json::read(b"null", plugin::SETTINGS), Ok(Json::Array(Vec::new())));
    }

    #[test]
    fn a_body_of_another_kind_is_refused() {
        for text in ["[]", "true", "1", "\"x\""] {
            let flaw = Json::read(text.as_bytes(), container::CREATE).unwrap_err();
            assert_eq!(flaw.to_string(), "at byte 0: an object {…} belongs here");
        }
        assert!(Json::read(b"{}", plugin::SETTINGS).is_err());
    }

    #[test]
    fn content_order_and_numbers_are_kept() {
        let text = r#"{"Memory":9223372036854775807,"New":[1.50,-0,1E+2],"Labels":{"z":null,"a":"x"}}"#;
        let mut written = String::new();
        Json::read(text.as_bytes(), container::CREATE).unwrap().write(&mut written);
        assert_eq!(written, text);
    }
}
