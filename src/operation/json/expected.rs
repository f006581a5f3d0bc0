//! What is expected at a place, and so what the keys of an object there are.

use crate::operation::field::{Kind, Spot};

/// What is expected at a place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::operation) enum Expected<'a> {
    /// What the field table says.
    Kind(&'a Kind),
    /// Nobody knows. Keys may be names of fields, so they must differ in more than case; they stay as they are.
    Unknown,
    /// Keys are names that the client makes up, exact, and so are those of the objects below.
    Names,
}

/// What the keys of one object are.
#[derive(Clone, Copy, Debug)]
pub(super) enum Keys<'a> {
    /// The names of this struct's fields.
    Fields(&'a Kind),
    /// Names, exact; this stands below each.
    Exact(Expected<'a>),
    /// Names of fields that nobody knows.
    Unknown,
}

impl<'a> Expected<'a> {
    /// What the keys are of an object that stands here. Where no object belongs, that is found later.
    pub(super) fn keys(self) -> Keys<'a> {
        match self {
            Self::Kind(kind @ Kind::Struct(_)) => Keys::Fields(kind),
            Self::Kind(Kind::Map(inner)) => Keys::Exact(Self::Kind(inner)),
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

impl<'a> Keys<'a> {
    /// Whether keys that differ only in case are the same.
    pub(super) fn fold(self) -> bool {
        match self {
            Self::Fields(_) | Self::Unknown => true,
            Self::Exact(_) => false,
        }
    }

    /// The field that a key names, where it is known.
    #[inline]
    pub(super) fn find(self, key: &str) -> Option<Spot> {
        match self {
            Self::Fields(kind) => kind.find(key),
            Self::Exact(_) | Self::Unknown => None,
        }
    }

    /// What stands below a key that names no field that is known.
    pub(super) fn below(self) -> Expected<'a> {
        match self {
            Self::Exact(inner) => inner,
            Self::Fields(_) | Self::Unknown => Expected::Unknown,
        }
    }
}
