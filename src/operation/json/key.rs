//! The key of an object: the field that it names, or whatever text it is.

use std::fmt;
use std::ops::Deref;

use smol_str::SmolStr;

use crate::operation::field::{Field, Part};

/// A key, which is a text: that of a field as the table spells it.
#[derive(Clone)]
pub enum Key {
    /// The name of a field of the struct, with the part in which that is found.
    Field(&'static Part, &'static Field),
    /// Any other.
    Text(SmolStr),
}

impl Deref for Key {
    type Target = str;

    fn deref(&self) -> &str {
        match self {
            Self::Field(_, field) => field.name,
            Self::Text(text) => text,
        }
    }
}

impl Key {
    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        self
    }

    /// The text, where it names no field.
    pub(super) fn as_text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            Self::Field(..) => None,
        }
    }
}

impl From<&str> for Key {
    fn from(text: &str) -> Self {
        Self::Text(text.into())
    }
}

impl From<String> for Key {
    fn from(text: String) -> Self {
        Self::Text(text.into())
    }
}

impl From<&Key> for SmolStr {
    fn from(key: &Key) -> Self {
        match key {
            Key::Field(_, field) => Self::new_static(field.name),
            Key::Text(text) => text.clone(),
        }
    }
}

impl From<Key> for String {
    fn from(key: Key) -> Self {
        match key {
            Key::Field(_, field) => field.name.to_owned(),
            Key::Text(text) => text.into(),
        }
    }
}

impl PartialEq for Key {
    fn eq(&self, other: &Self) -> bool {
        **self == **other
    }
}

impl Eq for Key {}

impl PartialEq<str> for Key {
    fn eq(&self, other: &str) -> bool {
        **self == *other
    }
}

impl PartialEq<&str> for Key {
    fn eq(&self, other: &&str) -> bool {
        **self == **other
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self)
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&**self, f)
    }
}
