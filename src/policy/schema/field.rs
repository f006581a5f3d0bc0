//! Fields of bodies: `body."HostConfig.Binds"`, or the same by dots alone.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::condition::{either, guarded, of_field};
use super::{described, reference};
use crate::operation::field::{FieldPath, Found};
use crate::operation::table::{BodyKind, Guard, endpoints};

/// What is said of a field, with the condition that fits it.
type Said = (String, &'static str);

pub(super) fn define(definitions: &mut Map<String, Value>) {
    let fields = all();
    for (path, said) in &fields {
        definitions.insert(name(path), field(path, said, &fields));
    }
    // One for each table of fields: that of the whole body, and those within.
    for above in std::iter::once("").chain(fields.keys().map(String::as_str)) {
        let below: Map<String, Value> = fields
            .keys()
            .filter_map(|path| Some((rest_below(above, path)?.to_owned(), reference(&name(path)))))
            .collect();
        if !below.is_empty() {
            let table = json!({ "type": "object", "properties": below, "additionalProperties": false, "minProperties": 1 });
            definitions.insert(table_name(above), table);
        }
    }
}

/// The properties of the whole body, to stand beside others.
pub(super) fn properties() -> Map<String, Value> {
    all().keys().map(|path| (path.clone(), reference(&name(path)))).collect()
}

fn name(path: &str) -> String {
    format!("field-{path}")
}

/// The name of the table of what stands below a path.
pub(super) fn table_name(above: &str) -> String {
    if above.is_empty() { "fields".to_owned() } else { format!("fields-of-{above}") }
}

fn field(path: &str, said: &[Said], fields: &BTreeMap<String, Vec<Said>>) -> Value {
    let mut sentences: Vec<&str> = said.iter().map(|(sentence, _)| sentence.as_str()).collect();
    sentences.dedup();
    let condition = either(said.iter().map(|(_, condition)| *condition));
    let has_fields = fields.keys().any(|other| rest_below(path, other).is_some());
    let condition =
        if has_fields { json!({ "anyOf": [condition, reference(&table_name(path))] }) } else { condition };
    described(&sentences.join("\n\n"), condition)
}

fn rest_below<'p>(above: &str, path: &'p str) -> Option<&'p str> {
    if above.is_empty() { Some(path) } else { path.strip_prefix(above)?.strip_prefix('.') }
}

/// Every field of every body, by its path.
fn all() -> BTreeMap<String, Vec<Said>> {
    let mut fields: BTreeMap<String, Vec<Said>> = BTreeMap::new();
    for endpoint in endpoints() {
        let BodyKind::Json { kind, guard } = endpoint.body else { continue };
        let mut paths = kind.paths();
        paths.sort_unstable();
        paths.dedup();
        for path in paths {
            let Some((_, Found { field, guard: own, since: _ })) = FieldPath::find(kind, &path) else {
                continue;
            };
            let guard = if own == Guard::Plain { guard } else { own };
            let said = format!("`{}`: {}{}", endpoint.id, field.summary, guarded(guard));
            fields.entry(path).or_default().push((said, of_field(field.kind)));
        }
    }
    fields
}
