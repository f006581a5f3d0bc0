//! `[[allow]]` and `[[forbid]]`.

use serde_json::{Map, Value, json};

use super::super::aspect::{CAPABILITIES, takes_expressions};
use super::super::draft::{RESOURCES, THINGS, Unit, rule_keys, thing_keys};
use super::condition::{expression, number, range, text as texts};
use super::{boolean, described, field, list, one_or_many, reference, table, text, with};
use crate::operation::meaning::{Aspect, Stance};
use crate::operation::redaction::Set;
use crate::operation::thing::ThingKind;

pub(super) fn define(definitions: &mut Map<String, Value>) {
    for aspect in Aspect::ALL.into_iter().filter(|aspect| !matches!(aspect, Aspect::Resource(_))) {
        definitions.insert(aspect.as_str().to_owned(), aspect_schema(aspect));
    }
    definitions.insert("resources".to_owned(), resources());
    definitions.insert("labels".to_owned(), labels());
    for kind in THINGS {
        definitions.insert(kind.as_str().to_owned(), thing(kind));
    }
    definitions.insert("require".to_owned(), require());
    for (name, forbids) in [("allow", false), ("forbid", true)] {
        let rule = table(rule_keys(forbids), |key| rule_key(key, forbids));
        let rule = with(rule, "required", json!(["operations"]));
        definitions.insert(name.to_owned(), rule);
    }
}

fn rule_key(key: &'static str, forbids: bool) -> Value {
    match key {
        "name" => described("What refusals and records call the rule; a name is given once", text()),
        "clients" => {
            described("For which named clients; for everyone if nothing is said", one_or_many(&text()))
        }
        "operations" => described("What the rule is about", one_or_many(&reference("operation"))),
        "query" => described("Conditions on parameters: `query.PARAMETER = …`", reference("query")),
        "body" if forbids => {
            described("Conditions on fields: `body.\"FIELD\" = …`", reference(&field::table_name("")))
        }
        "body" => described(
            "Conditions on fields: `body.\"FIELD\" = …`; or `true`, which grants what is guarded in the body, as far as dockgate knows it",
            json!({ "anyOf": [boolean(), reference(&field::table_name(""))] }),
        ),
        "reason" => described("Shown to a client that is refused because of the rule", text()),
        "own" => described(
            "For whom what is made is marked: the owner that `container.owner` and its like match",
            text(),
        ),
        "redact" => described(
            "What is hidden in answers: a set, or the way to a field",
            one_or_many(
                &json!({ "anyOf": [{ "enum": Set::ALL.map(Set::as_str) }, { "type": "string", "pattern": "^[^@]" }] }),
            ),
        ),
        "require" => described("What a request must have", reference("require")),
        "profile" => described(
            "`safe`: a root file system that is only read, no new privileges, no root, no capabilities, limits of memory and processes",
            json!({ "const": "safe" }),
        ),
        "registry_credentials" => described(
            "Grants credentials for registries in the header `X-Registry-Config` of a build",
            boolean(),
        ),
        "unguarded" => described("Grants whatever is guarded, now and in later versions", boolean()),
        other => {
            let aspect = Aspect::ALL.into_iter().find(|aspect| aspect.as_str() == other);
            let thing = THINGS.into_iter().find(|kind| kind.as_str() == other);
            match (aspect, thing) {
                (Some(aspect), _) => described(aspect.summary(), reference(other)),
                (None, Some(kind)) => {
                    described(&format!("Each {kind} that is acted on, made or shown"), reference(other))
                }
                (None, None) if other == "resources" => {
                    described("How much may be asked for", reference("resources"))
                }
                (None, None) => Value::Null,
            }
        }
    }
}

/// What may be meant.
fn aspect_schema(aspect: Aspect) -> Value {
    let item = match aspect {
        Aspect::Capabilities => {
            json!({ "anyOf": [{ "enum": CAPABILITIES }, { "type": "string", "pattern": "^[A-Za-z_]+$" }] })
        }
        Aspect::HostPaths
        | Aspect::Volumes
        | Aspect::ContainerPaths
        | Aspect::Tmpfs
        | Aspect::Namespaces
        | Aspect::Networks
        | Aspect::Devices
        | Aspect::Security
        | Aspect::Users
        | Aspect::Images
        | Aspect::Ports
        | Aspect::Drivers
        | Aspect::Sysctls
        | Aspect::Ulimits
        | Aspect::Instructions
        | Aspect::Remotes
        | Aspect::ExtraHosts
        | Aspect::Resource(_) => json!({ "type": ["string", "integer"], "examples": aspect.examples() }),
    };
    let mut forms =
        vec![described("`true`: anything of the kind; `false`: nothing", boolean()), one_or_many(&item)];
    if takes_expressions(aspect) {
        forms.push(expression());
    }
    if aspect == Aspect::HostPaths {
        forms.push(table(["read_write", "read_only"], |key| {
            let said =
                if key == "read_only" { "These may only be read" } else { "These may be written, too" };
            described(said, one_or_many(&json!({ "type": "string" })))
        }));
    }
    json!({ "anyOf": forms })
}

fn resources() -> Value {
    table(RESOURCES.map(|(name, _, _)| name), |name| {
        let row = RESOURCES.into_iter().find(|(own, _, _)| *own == name);
        row.map_or(Value::Null, |(_, resource, unit)| {
            described(Aspect::Resource(resource).summary(), json!({ "anyOf": [boolean(), amount(unit)] }))
        })
    })
}

/// A number in this unit, numbers, or a range.
fn amount(unit: Unit) -> Value {
    match unit {
        Unit::One => number(),
        Unit::Billionth => {
            let decimal = json!({ "type": "number" });
            json!({ "anyOf": [decimal, list(&json!({ "type": "integer" })), range(&decimal)] })
        }
    }
}

/// A label's key may hold dots, which may stand without quotes.
fn labels() -> Value {
    let value = json!({ "anyOf": [boolean(), texts(), reference("labels")] });
    json!({ "type": "object", "additionalProperties": value, "minProperties": 1 })
}

fn thing(kind: ThingKind) -> Value {
    let images = one_or_many(&json!({ "type": "string" }));
    table(thing_keys(kind).iter().copied(), |key| match key {
        "name" if kind == ThingKind::Image => described("It has such a name", images.clone()),
        "name" => described("It has such a name", texts()),
        "id" => described("It has such a full ID", texts()),
        "label" => described(
            "Labels: `= \"value\"`, `= true` for any value, `= false` where it must not be there",
            reference("labels"),
        ),
        "owner" => described(
            "dockgate has marked it as made for such an owner; `true` for any",
            json!({ "anyOf": [{ "const": true }, texts()] }),
        ),
        "image" => described("It was made of such an image", images.clone()),
        _ => Value::Null,
    })
}

fn require() -> Value {
    let mut properties = field::properties();
    for stance in Stance::ALL {
        let form = match stance {
            Stance::ReadOnlyRoot | Stance::NoNewPrivileges | Stance::NonRoot => json!({ "const": true }),
            Stance::DropCapabilities => one_or_many(
                &json!({ "anyOf": [{ "enum": ["ALL"] }, { "enum": CAPABILITIES }, { "type": "string" }] }),
            ),
            Stance::Memory | Stance::Pids => json!({ "anyOf": [{ "const": true }, amount(Unit::One)] }),
            Stance::Cpus => json!({ "anyOf": [{ "const": true }, amount(Unit::Billionth)] }),
        };
        properties.insert(stance.as_str().to_owned(), described(stance.summary(), form));
    }
    properties.insert(
        "query".to_owned(),
        described("Parameters that the request must have, used", reference("query")),
    );
    json!({ "type": "object", "properties": properties, "additionalProperties": false })
}
