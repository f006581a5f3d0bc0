//! Conditions: the right side of `query.PARAMETER = …` and `body."FIELD" = …`.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::super::draft::CONDITION_KEYS;
use super::{boolean, described, one_or_many, reference, table, with};
use crate::operation::field::Kind;
use crate::operation::table::{Guard, ParameterKind, endpoints};

/// What a condition is about, by the name of its definition.
const SWITCH: &str = "switch";
const NUMBER: &str = "number";
const NUMBERS: &str = "numbers";
const TEXT: &str = "text";
const TEXTS: &str = "texts";

pub(super) fn define(definitions: &mut Map<String, Value>) {
    let text = text();
    let number = number();
    let of_elements = |element: &Value| {
        let keys = CONDITION_KEYS.iter().copied().filter(|key| matches!(*key, "every" | "some"));
        let elements = table(keys, |key| match key {
            "every" => described("Every element matches", element.clone()),
            _ => described("One element matches at least", element.clone()),
        });
        with(with(elements, "minProperties", json!(1)), "maxProperties", json!(1))
    };
    let with_switch = |condition: Value| json!({ "anyOf": [reference(SWITCH), condition] });
    let switch = "`true`: any value, and a guarded one is granted; `false`: it must not be used";
    definitions.extend([
        (SWITCH.to_owned(), described(switch, boolean())),
        (NUMBER.to_owned(), with_switch(number.clone())),
        (TEXT.to_owned(), with_switch(text.clone())),
        (NUMBERS.to_owned(), json!({ "anyOf": [reference(NUMBER), of_elements(&number)] })),
        (TEXTS.to_owned(), json!({ "anyOf": [reference(TEXT), of_elements(&text)] })),
        ("query".to_owned(), parameters()),
    ]);
}

/// Texts with wildcards, or a regular expression.
pub(super) fn text() -> Value {
    json!({ "anyOf": [one_or_many(&json!({ "type": "string" })), expression()] })
}

/// `{ regex = "…" }`
pub(super) fn expression() -> Value {
    let expression = table(["regex"], |_| {
        described("Those that the regular expression matches as a whole", json!({ "type": "string" }))
    });
    with(expression, "required", json!(["regex"]))
}

/// Numbers, or a range of them.
pub(super) fn number() -> Value {
    let integer = json!({ "type": "integer" });
    let size = json!({ "anyOf": [integer, { "type": "string", "pattern": "^[0-9]", "examples": ["2GiB"] }] });
    json!({ "anyOf": [one_or_many(&integer), range(&size)] })
}

/// `{ min = 1, max = 60 }`
pub(super) fn range(bound: &Value) -> Value {
    let keys = CONDITION_KEYS.iter().copied().filter(|key| matches!(*key, "min" | "max"));
    let range = table(keys, |key| match key {
        "min" => described("From here on, this included", bound.clone()),
        _ => described("Up to here, this included; from 0 where there is no `min`", bound.clone()),
    });
    with(range, "minProperties", json!(1))
}

/// A condition for each parameter that an operation has.
fn parameters() -> Value {
    let mut found: BTreeMap<&'static str, Vec<(String, &'static str)>> = BTreeMap::new();
    for endpoint in endpoints() {
        for parameter in endpoint.parameters {
            let guard = guarded(parameter.guard);
            let said = format!("`{endpoint}`: {}{guard}", parameter.summary);
            found.entry(parameter.name).or_default().push((said, of_parameter(parameter.kind)));
        }
    }
    let properties = found.into_iter().map(|(name, said)| {
        let sentences: Vec<&str> = said.iter().map(|(sentence, _)| sentence.as_str()).collect();
        let conditions = either(said.iter().map(|(_, condition)| *condition));
        (name.to_owned(), described(&sentences.join("\n\n"), conditions))
    });
    let properties: Map<String, Value> = properties.collect();
    json!({ "type": "object", "properties": properties, "additionalProperties": false })
}

/// Any of these conditions.
pub(super) fn either<'a>(conditions: impl Iterator<Item = &'a str>) -> Value {
    let mut different: Vec<&str> = conditions.collect();
    different.sort_unstable();
    different.dedup();
    match different.as_slice() {
        [only] => reference(only),
        several => json!({ "anyOf": several.iter().map(|one| reference(one)).collect::<Vec<_>>() }),
    }
}

/// What is said of a guard, behind a summary.
pub(super) fn guarded(guard: Guard) -> String {
    match guard {
        Guard::Plain => String::new(),
        Guard::Guarded(reason) => format!(" (guarded: {reason})"),
    }
}

const fn of_parameter(kind: ParameterKind) -> &'static str {
    match kind {
        ParameterKind::Bool | ParameterKind::StrictBool | ParameterKind::Filters | ParameterKind::Json => {
            SWITCH
        }
        ParameterKind::Int => NUMBER,
        ParameterKind::Text => TEXT,
        ParameterKind::List => TEXTS,
    }
}

/// The condition that fits a field of this kind.
pub(super) fn of_field(kind: Kind) -> &'static str {
    match kind {
        Kind::Bool | Kind::Bytes | Kind::Any | Kind::Struct(_) => SWITCH,
        Kind::Int | Kind::Uint | Kind::Float => NUMBER,
        Kind::Text => TEXT,
        Kind::StrSlice | Kind::Map(_) => TEXTS,
        Kind::List(element) => match of_field(*element) {
            TEXT => TEXTS,
            NUMBER => NUMBERS,
            other => other,
        },
    }
}
