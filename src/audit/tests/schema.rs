//! `docs/audit.schema.json`, and as much of JSON Schema as it uses.

use std::collections::HashMap;
use std::sync::{LazyLock, Mutex};

use regex::Regex;
use serde_json::Value;

static SCHEMA: LazyLock<Value> =
    LazyLock::new(|| serde_json::from_str(include_str!("../../../docs/audit.schema.json")).unwrap());

/// Insists that a record is as the schema says, and has no field that it does not describe.
#[track_caller]
pub(in crate::audit) fn assert_valid(record: &Value) {
    if let Err(problem) = check(&SCHEMA, record, "the record") {
        panic!("{problem}\n{record}");
    }
}

fn check(schema: &'static Value, value: &Value, place: &str) -> Result<(), String> {
    for (keyword, wanted) in schema.as_object().unwrap() {
        let holds = match keyword.as_str() {
            "$schema" | "$defs" | "title" | "description" | "properties" | "additionalProperties" => true,
            "$ref" => {
                // Beside it stands no more than a description.
                let name = wanted.as_str().unwrap().strip_prefix("#/$defs/").unwrap();
                return check(&SCHEMA["$defs"][name], value, place);
            }
            "oneOf" => {
                let tried = wanted.as_array().unwrap().iter().map(|one| check(one, value, place));
                let (fit, unfit): (Vec<_>, Vec<_>) = tried.partition(Result::is_ok);
                if fit.len() != 1 {
                    return Err(format!("{place} fits {} of its kinds: {unfit:?}", fit.len()));
                }
                true
            }
            "type" => match wanted.as_array() {
                Some(types) => types.iter().any(|wanted| is(value, wanted)),
                None => is(value, wanted),
            },
            "const" => value == wanted,
            "enum" => wanted.as_array().unwrap().contains(value),
            "minimum" => value.as_u64() >= wanted.as_u64(),
            "pattern" => value.as_str().is_some_and(|text| matches(wanted.as_str().unwrap(), text)),
            "required" => {
                wanted.as_array().unwrap().iter().all(|name| value.get(name.as_str().unwrap()).is_some())
            }
            "items" => {
                for item in value.as_array().into_iter().flatten() {
                    check(wanted, item, place)?;
                }
                true
            }
            unknown => panic!("the schema has {unknown}, which this test does not know"),
        };
        if !holds {
            return Err(format!("{place}: {keyword} {wanted} does not hold of {value}"));
        }
    }
    for (name, value) in value.as_object().into_iter().flatten() {
        let place = format!("{place}, {name}");
        match (schema["properties"].get(name), schema.get("additionalProperties")) {
            (Some(schema), _) | (None, Some(schema)) => check(schema, value, &place)?,
            (None, None) if schema.get("oneOf").is_some() => {}
            (None, None) => return Err(format!("{place} is not in the schema")),
        }
    }
    Ok(())
}

fn matches(pattern: &'static str, text: &str) -> bool {
    static COMPILED: LazyLock<Mutex<HashMap<&str, Regex>>> = LazyLock::new(Mutex::default);
    let mut compiled = COMPILED.lock().unwrap();
    compiled.entry(pattern).or_insert_with(|| Regex::new(pattern).unwrap()).is_match(text)
}

fn is(value: &Value, wanted: &Value) -> bool {
    match wanted.as_str().unwrap() {
        "object" => value.is_object(),
        "array" => value.is_array(),
        "string" => value.is_string(),
        "integer" => value.is_i64() || value.is_u64(),
        "null" => value.is_null(),
        unknown => panic!("the schema has the type {unknown}, which this test does not know"),
    }
}

#[test]
fn what_is_not_as_the_schema_says_is_found() {
    let record = serde_json::json!({
        "schema": 1, "sequence": 1, "previous": "0".repeat(64), "time": "2026-01-02T03:04:05.678901Z", "event": "ended", "id": "00000000-1",
        "request_bytes": 0, "response_bytes": 0, "duration_us": 0, "end": "complete"
    });
    assert_valid(&record);
    for (field, value) in [
        ("schema", 2.into()),
        ("sequence", 0.into()),
        ("time", "today".into()),
        ("event", "begun".into()),
        ("end", "happily".into()),
        ("more", 1.into()),
    ] {
        let mut record = record.clone();
        record[field] = value;
        assert!(check(&SCHEMA, &record, "").is_err(), "{field}");
    }
}

#[test]
fn every_field_of_the_schema_is_in_the_manual() {
    fn walk(schema: &Value, manual: &str) {
        for (name, schema) in schema["properties"].as_object().into_iter().flatten() {
            assert!(manual.contains(&format!("`{name}`")), "docs/audit.md says nothing of `{name}`");
            for value in schema["enum"].as_array().into_iter().flatten().filter_map(Value::as_str) {
                assert!(
                    manual.contains(&format!("`{value}`")),
                    "docs/audit.md says nothing of {name} `{value}`"
                );
            }
            walk(schema, manual);
        }
        if let Some(items) = schema.get("items") {
            walk(items, manual);
        }
    }
    let manual = include_str!("../../../docs/audit.md");
    for schema in SCHEMA["$defs"].as_object().unwrap().values() {
        walk(schema, manual);
    }
}
