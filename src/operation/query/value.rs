//! The value of a query parameter, read as its kind says.

use std::borrow::Cow;
use std::fmt;

use crate::operation::field::Kind;
use crate::operation::filters::Filters;
use crate::operation::json::{Expected, Json};
use crate::operation::table::{Parameter, ParameterKind};

/// The value of a query parameter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    /// A switch. A switch that is off is not one that is absent: some are on by default.
    Bool(bool),
    /// A whole number.
    Int(i64),
    /// Text.
    Text(String),
    /// Several texts; at least one.
    List(Vec<String>),
    /// Filters; at least one.
    Filters(Filters),
    /// JSON.
    Json(Json),
}

impl Value {
    /// Reads the decoded values of a parameter; `None` where they say nothing, as if it were absent.
    /// The error says what is wrong and never shows the value.
    pub(super) fn read(parameter: &Parameter, values: &[Cow<'_, [u8]>]) -> Result<Option<Self>, String> {
        let texts: Vec<&str> = values.iter().map(|value| text(value)).collect::<Result<_, _>>()?;
        let first = texts.first().copied().unwrap_or_default();
        let value = match parameter.kind {
            ParameterKind::Bool => Self::Bool(is_true(first)),
            ParameterKind::StrictBool => match first {
                "" => return Ok(None),
                "1" | "t" | "T" | "TRUE" | "true" | "True" => Self::Bool(true),
                "0" | "f" | "F" | "FALSE" | "false" | "False" => Self::Bool(false),
                _ => return Err("must be true or false".to_owned()),
            },
            ParameterKind::Int => match first {
                "" => return Ok(None),
                number => {
                    Self::Int(number.parse().map_err(|_| "must be a whole number of 64 bits".to_owned())?)
                }
            },
            ParameterKind::Text => Self::Text(first.to_owned()),
            ParameterKind::List => Self::List(texts.into_iter().map(str::to_owned).collect()),
            ParameterKind::Filters => match first {
                "" => return Ok(None),
                json => match Filters::read(json)? {
                    none if none.is_empty() => return Ok(None),
                    filters => Self::Filters(filters),
                },
            },
            ParameterKind::Json => match first {
                "" => return Ok(None),
                json => Self::Json(
                    Json::read_any(json.as_bytes(), expected_of(parameter))
                        .map_err(|flaw| flaw.to_string())?,
                ),
            },
        };
        Ok(Some(value))
    }

    /// Whether this is a zero value: off, 0, empty, or a filter of nothing.
    #[must_use]
    pub fn is_zero(&self) -> bool {
        match self {
            Self::Bool(value) => !value,
            Self::Int(number) => *number == 0,
            Self::Text(text) => text.is_empty(),
            Self::List(texts) => texts.iter().all(String::is_empty),
            Self::Filters(filters) => filters.is_zero(),
            Self::Json(json) => json.is_zero(),
        }
    }

    /// The text, where this is one; empty where it is not.
    #[must_use]
    pub fn as_text(&self) -> &str {
        match self {
            Self::Text(text) => text,
            Self::Bool(_) | Self::Int(_) | Self::List(_) | Self::Filters(_) | Self::Json(_) => "",
        }
    }

    /// The texts that are sent, one for each time the parameter stands in the query.
    pub(super) fn texts(&self) -> Vec<Cow<'_, str>> {
        match self {
            Self::Bool(value) => vec![Cow::Borrowed(if *value { "1" } else { "0" })],
            Self::Int(number) => vec![Cow::Owned(number.to_string())],
            Self::Text(text) => vec![Cow::Borrowed(text)],
            Self::List(texts) => texts.iter().map(|text| Cow::Borrowed(text.as_str())).collect(),
            Self::Filters(filters) => vec![Cow::Owned(filters.to_string())],
            Self::Json(json) => vec![Cow::Owned(json.to_string())],
        }
    }
}

impl fmt::Display for Value {
    /// The text that is sent, before percent-encoding; those of a list behind each other with commas.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.texts().join(","))
    }
}

/// A value as text. Control characters belong to no parameter, but line breaks and tabs do stand in
/// messages, Dockerfile instructions and indented JSON.
fn text(value: &[u8]) -> Result<&str, String> {
    let text = str::from_utf8(value).map_err(|_| "is not UTF-8".to_owned())?;
    if text.contains(|character: char| character.is_control() && !matches!(character, '\t' | '\n' | '\r')) {
        return Err("holds a control character".to_owned());
    }
    Ok(text)
}

/// Moby `httputils.BoolValue`: everything is true that does not say otherwise; `off` does not.
fn is_true(text: &str) -> bool {
    !matches!(text.trim().to_lowercase().as_str(), "" | "0" | "no" | "false" | "none")
}

/// What a parameter's JSON is: `labels` and `buildargs` are maps by themselves.
fn expected_of(parameter: &Parameter) -> Expected<'static> {
    match parameter.name {
        "labels" | "buildargs" => Expected::Kind(&Kind::Map(&Kind::Text)),
        _ => Expected::Unknown,
    }
}
