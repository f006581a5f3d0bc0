//! `[[test]]`.

use serde_json::{Map, Value, json};

use super::super::case::{VERDICTS, reasons};
use super::super::draft::{ASKER_KEYS, CASE_KEYS, seen_keys};
use super::{api_version, described, id, one_or_many, reference, table, text, with};

pub(super) fn define(definitions: &mut Map<String, Value>) {
    let case = table(CASE_KEYS.iter().copied(), case_key);
    let case = with(case, "required", json!(["request", "verdict"]));
    definitions.insert("test".to_owned(), case);
    definitions.insert("seen".to_owned(), one_or_many(&seen()));
    let labels = json!({ "anyOf": [{ "type": "string" }, reference("label-values")] });
    definitions
        .insert("label-values".to_owned(), json!({ "type": "object", "additionalProperties": labels }));
}

fn case_key(key: &'static str) -> Value {
    match key {
        "name" => described("What the test is called", text()),
        "client" => described(
            "Who asks: a client of the policy by its name, or how somebody connects; if nothing is said, somebody whom no client is",
            json!({ "anyOf": [{ "type": "string" }, asker()] }),
        ),
        "request" => described(
            "What is asked: `METHOD /path?query`, as the client sends it; a JSON body can stand behind it",
            one_or_many(
                &json!({ "type": "string", "pattern": "\\S", "examples": ["GET /containers/json?all=1"] }),
            ),
        ),
        "body" => described(
            "The body: as a table, which becomes JSON, or as the text that is sent",
            json!({ "type": ["object", "string", "array", "boolean", "number"] }),
        ),
        "body_file" => described("The file in which the body stands, from where the policy lies", text()),
        "dockerfile" => described("The Dockerfile of a build, as text", text()),
        "version" => described("The newest API version that the daemon speaks", api_version()),
        "daemon" => described(
            "What the daemon shows at a path; `false`, where there is no such thing",
            json!({
                "type": "object",
                "propertyNames": { "pattern": "^/" },
                "additionalProperties": { "anyOf": [{ "type": "object" }, { "const": false }] },
            }),
        ),
        "verdict" => described("What is expected", json!({ "enum": VERDICTS })),
        "rule" => described(
            "The rule that permits or forbids it, or comes closest to permitting it; by its name, or its line: `line 12`",
            json!({ "type": "string" }),
        ),
        "reason" => described("Why it is denied", json!({ "enum": reasons().collect::<Vec<_>>() })),
        "lacks" => described(
            "What the closest rule lacks or does not admit, at least: a field, a parameter (`query.t`) or a key of the rule",
            one_or_many(&json!({ "type": "string" })),
        ),
        "owner" => {
            described("For whom what is made is marked: `own` of the rule", json!({ "type": "string" }))
        }
        "hides" => {
            described("What is hidden in the answer, at least: words of `redact`", one_or_many(&text()))
        }
        "sees" => described("Things that the client gets to see in the answer", reference("seen")),
        "misses" => described("Things that the client does not get to see in the answer", reference("seen")),
        _ => Value::Null,
    }
}

fn asker() -> Value {
    table(ASKER_KEYS.iter().copied(), |key| match key {
        "listener" => described("The listener that the connection came in on", text()),
        "uid" => described("The user id of the process at the other end", id()),
        "gid" => described("Its group id", id()),
        "address" => described("Where somebody who comes over TCP comes from", json!({ "type": "string" })),
        _ => Value::Null,
    })
}

/// `{ container = "web", label."a.b" = "c" }`
fn seen() -> Value {
    table(seen_keys(), |key| match key {
        "label" => described("Labels that it carries", reference("label-values")),
        "id" => described("Its full ID", json!({ "type": "string" })),
        kind => described(&format!("The name of the {kind}"), json!({ "type": "string" })),
    })
}
