//! What is expected at a place, and so what the keys of an object there are.

use std::borrow::Cow;

use crate::operation::field::Kind;

/// What is expected at a place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::operation) enum Expected {
    /// What the field table says.
    Kind(Kind),
    /// Nobody knows. Keys may be names of fields, so they must differ in more than case; they stay as they are.
    Unknown,
    /// Keys are names that the client makes up, exact, and so are those of the objects below.
    Names,
}

/// What the keys of one object are.
#[derive(Clone, Copy, Debug)]
pub(super) enum Keys {
    /// The names of this struct's fields.
    Fields(Kind),
    /// Names, exact; this stands below each.
    Exact(Expected),
    /// Names of fields that nobody knows.
    Unknown,
}

/// How a key is spelled in what is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Spelling {
    /// As the table has it.
    Canonical(&'static str),
    /// As the client has it.
    AsItIs,
    /// As the client has it, but the struct has no such field.
    NoField,
}

impl Expected {
    /// What the keys are of an object that stands here. Where no object belongs, that is found later.
    pub(super) fn keys(self) -> Keys {
        match self {
            Self::Kind(kind @ Kind::Struct(_)) => Keys::Fields(kind),
            Self::Kind(Kind::Map(inner)) => Keys::Exact(Self::Kind(*inner)),
            Self::Names => Keys::Exact(Self::Names),
            Self::Kind(
                Kind::Bool
                | Kind::Int
                | Kind::Uint
                | Kind::Float
                | Kind::Text
                | Kind::Bytes
                | Kind::StrSlice
                | Kind::List(_)
                | Kind::Any,
            )
            | Self::Unknown => Keys::Unknown,
        }
    }
}

impl Keys {
    /// Whether keys that differ only in case are the same.
    pub(super) fn fold(self) -> bool {
        match self {
            Self::Fields(_) | Self::Unknown => true,
            Self::Exact(_) => false,
        }
    }

    /// How the key is spelled in what is read, and what stands below it.
    pub(super) fn below(self, key: &str) -> (Spelling, Expected) {
        match self {
            Self::Fields(kind) => match kind.field(key) {
                Some((_, field)) => (Spelling::Canonical(field.name), Expected::Kind(field.kind)),
                None => (Spelling::NoField, Expected::Unknown),
            },
            Self::Exact(inner) => (Spelling::AsItIs, inner),
            Self::Unknown => (Spelling::AsItIs, Expected::Unknown),
        }
    }
}

impl Spelling {
    pub(super) fn of(self, key: Cow<'_, str>) -> String {
        match self {
            Self::Canonical(name) => name.to_owned(),
            Self::AsItIs | Self::NoField => key.into_owned(),
        }
    }
}
