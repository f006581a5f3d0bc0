//! The language as a JSON Schema: what editors complete, explain and underline.
//!
//! Its keys are those that the reader knows; operations, parameters and fields, with what is said of them, come
//! from their tables. It accepts what the reader accepts, as far as that can be told of a key and its value alone:
//! whether a rule's operations have the field that a condition speaks of, `dockgate check` says.

mod case;
mod condition;
mod field;
mod operation;
mod rule;

use serde_json::{Map, Value, json};

use super::Mode;
use super::draft::{CLIENT_KEYS, FILE_KEYS};
use crate::operation::version::ApiVersion;

/// The schema of policies, of draft 7: what editors know best.
#[must_use]
pub fn schema() -> Value {
    let mut definitions = Map::new();
    condition::define(&mut definitions);
    operation::define(&mut definitions);
    field::define(&mut definitions);
    rule::define(&mut definitions);
    case::define(&mut definitions);
    let schema = table(FILE_KEYS.iter().copied(), |key| match key {
        "version" => described("The version of the language", json!({ "const": 1 })),
        "mode" => described(
            "`enforce`: what is not allowed is refused; `observe`: it goes on, and is recorded",
            json!({ "enum": Mode::ALL.map(Mode::as_str), "default": Mode::Enforce.as_str() }),
        ),
        "min_version" => described("The oldest API version that a request may have", api_version()),
        "clients" => described(
            "Who asks, by how they connect: `[clients.NAME]`",
            json!({ "type": "object", "additionalProperties": client() }),
        ),
        "allow" => described(
            "Adds to what may be done; one rule must grant the whole request",
            list(&reference("allow")),
        ),
        "forbid" => {
            described("Takes away from what may be done, whatever is allowed", list(&reference("forbid")))
        }
        "test" => {
            described("A request, and what the policy is expected to say of it", list(&reference("test")))
        }
        _ => Value::Null,
    });
    let schema = with(schema, "$schema", json!("http://json-schema.org/draft-07/schema#"));
    let schema = with(schema, "title", json!("A policy of dockgate"));
    with(with(schema, "required", json!(["version"])), "definitions", Value::Object(definitions))
}

fn client() -> Value {
    let client = table(CLIENT_KEYS.iter().copied(), |key| match key {
        "listener" => described(
            "The connection came in on one of these listeners",
            one_or_many(&json!({ "type": "string" })),
        ),
        "uid" => described("The process at the other end has one of these user ids", one_or_many(&id())),
        "gid" => {
            described("The process at the other end has one of these as its group id", one_or_many(&id()))
        }
        _ => Value::Null,
    });
    with(described("All that is given must hold", client), "minProperties", json!(1))
}

/// A user's or group's.
fn id() -> Value {
    json!({ "type": "integer", "minimum": 0, "maximum": u32::MAX })
}

fn api_version() -> Value {
    json!({ "type": "string", "pattern": "^0*1\\.[0-9.]+$", "examples": ["1.44", ApiVersion::NEWEST.to_string()] })
}

/// A table with these keys and no others, each of the schema that `of` has for it.
fn table(keys: impl IntoIterator<Item = &'static str>, of: impl Fn(&'static str) -> Value) -> Value {
    let properties: Map<String, Value> = keys.into_iter().map(|key| (key.to_owned(), of(key))).collect();
    json!({ "type": "object", "properties": properties, "additionalProperties": false })
}

/// A schema that says this, too.
fn with(mut schema: Value, keyword: &str, said: Value) -> Value {
    if let Some(fields) = schema.as_object_mut() {
        fields.insert(keyword.to_owned(), said);
    }
    schema
}

/// A schema with a sentence to it. Beside a reference nothing may stand, so that it is put into brackets.
fn described(sentence: &str, schema: Value) -> Value {
    match schema {
        schema if schema.get("$ref").is_none() => with(schema, "description", json!(sentence)),
        schema => json!({ "description": sentence, "allOf": [schema] }),
    }
}

/// What stands among the definitions.
fn reference(name: &str) -> Value {
    json!({ "$ref": format!("#/definitions/{name}") })
}

fn list(element: &Value) -> Value {
    json!({ "type": "array", "items": element })
}

/// A list, or one alone without its brackets.
fn one_or_many(one: &Value) -> Value {
    json!({ "anyOf": [one, { "type": "array", "items": one, "minItems": 1 }] })
}

/// A text that says something.
fn text() -> Value {
    json!({ "type": "string", "pattern": "\\S" })
}

fn boolean() -> Value {
    json!({ "type": "boolean" })
}
