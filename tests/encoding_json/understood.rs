//! What a body was understood to be: the values of its fields, without those that are zero.

use dockgate::operation::Json;
use dockgate::operation::field::Kind;

/// A value as Go has it once it was read.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Understood {
    Bool(bool),
    Int(i64),
    Uint(u64),
    Float(f64),
    Text(String),
    Bytes(Vec<u8>),
    List(Vec<Understood>),
    Fields(Vec<(String, Understood)>),
    /// JSON that nobody looks into, compactly.
    Any(String),
}

impl Understood {
    /// What stands for this where the field table says that it is of this kind. Where it is none of it, it stays what it
    /// is, and differs.
    pub(crate) fn of(json: &Json, kind: Kind) -> Self {
        match (kind, json) {
            (Kind::Bool, Json::Bool(value)) => Self::Bool(*value),
            (Kind::Int, Json::Number(text)) => {
                text.parse().map_or_else(|_| Self::Any(text.to_string()), Self::Int)
            }
            (Kind::Uint, Json::Number(text)) => {
                text.parse().map_or_else(|_| Self::Any(text.to_string()), Self::Uint)
            }
            (Kind::Float, Json::Number(text)) => Self::Float(text.parse().unwrap()),
            (Kind::Text, Json::String(text)) => Self::Text(text.to_string()),
            (Kind::Bytes, Json::String(text)) => {
                base64(text).map_or_else(|| Self::Any(text.to_string()), Self::Bytes)
            }
            (Kind::StrSlice, Json::Array(items)) => {
                Self::List(items.iter().map(|item| Self::of(item, Kind::Text)).collect())
            }
            (Kind::List(inner), Json::Array(items)) => {
                Self::List(items.iter().map(|item| Self::of(item, *inner)).collect())
            }
            (Kind::Map(inner), Json::Object(fields)) => {
                let fields = fields.iter().map(|(key, value)| (key.to_string(), Self::of(value, *inner)));
                Self::sorted(fields.collect())
            }
            (Kind::Struct(_), Json::Object(fields)) => {
                let known = fields.iter().filter_map(|(key, value)| {
                    // In canonical spelling, and no other.
                    let (_, field) = kind.fields().find(|(_, field)| field.name == key.as_str())?;
                    Some((key.to_string(), Self::of(value, field.kind)))
                });
                Self::sorted(known.filter(|(_, value)| !value.is_zero()).collect())
            }
            (Kind::Any, json) => Self::Any(json.to_string()),
            (_, Json::Null) => Self::zero(kind),
            (_, json) => Self::Any(json.to_string()),
        }
    }

    fn zero(kind: Kind) -> Self {
        match kind {
            Kind::Bool => Self::Bool(false),
            Kind::Int => Self::Int(0),
            Kind::Uint => Self::Uint(0),
            Kind::Float => Self::Float(0.0),
            Kind::Text => Self::Text(String::new()),
            Kind::Bytes => Self::Bytes(Vec::new()),
            Kind::StrSlice | Kind::List(_) => Self::List(Vec::new()),
            Kind::Map(_) | Kind::Struct(_) => Self::Fields(Vec::new()),
            Kind::Any => Self::Any("null".to_owned()),
        }
    }

    fn is_zero(&self) -> bool {
        match self {
            Self::Bool(value) => !value,
            Self::Int(number) => *number == 0,
            Self::Uint(number) => *number == 0,
            Self::Float(number) => *number == 0.0,
            Self::Text(text) => text.is_empty(),
            Self::Bytes(bytes) => bytes.is_empty(),
            Self::List(items) => items.is_empty(),
            Self::Fields(fields) => fields.is_empty(),
            Self::Any(json) => json == "null",
        }
    }

    fn sorted(mut fields: Vec<(String, Self)>) -> Self {
        fields.sort_by(|one, other| one.0.cmp(&other.0));
        Self::Fields(fields)
    }
}

fn base64(text: &str) -> Option<Vec<u8>> {
    const DIGITS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let text: Vec<u8> = text.bytes().filter(|byte| !matches!(byte, b'\r' | b'\n')).collect();
    let mut bytes = Vec::new();
    for group in text.chunks(4) {
        let digits: Vec<u8> = group.iter().copied().take_while(|byte| *byte != b'=').collect();
        let mut bits: u32 = 0;
        for place in 0..4 {
            let digit =
                digits.get(place).map_or(Some(0), |byte| DIGITS.iter().position(|digit| digit == byte))?;
            bits = bits << 6 | u32::try_from(digit).ok()?;
        }
        bytes.extend(bits.to_be_bytes()[1..].iter().take(digits.len() * 3 / 4));
    }
    Some(bytes)
}
