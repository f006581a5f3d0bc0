//! One entry of `operations`.

use serde_json::{Map, Value, json};

use super::super::group::GROUPS;
use super::super::selection::placeholder;
use crate::operation::table::{Endpoint, Method, endpoints};

pub(super) fn define(definitions: &mut Map<String, Value>) {
    let mut entries = vec![entry("*", "Every operation")];
    entries.extend(GROUPS.iter().map(|group| entry(group.name, group.summary)));
    entries.extend(endpoints().map(|endpoint| entry(&endpoint.to_string(), endpoint.summary)));
    let mut ids: Vec<&Endpoint> = endpoints().collect();
    ids.dedup_by_key(|endpoint| endpoint.id);
    entries
        .extend(ids.iter().map(|endpoint| entry(endpoint.id, &format!("{endpoint}: {}", endpoint.summary))));
    entries.push(json!({
        "type": "string",
        "description": "A method and a regular expression, which must match the whole path",
        "pattern": format!("^({})\\s+~", Method::ALL.map(Method::as_str).join("|")),
    }));
    entries.push(json!({
        "type": "string",
        "description": "A method and a path, with whatever the template has in its braces",
        "pattern": format!("^({})$", endpoints().filter_map(with_any_placeholder).collect::<Vec<_>>().join("|")),
    }));
    definitions.insert("operation".to_owned(), json!({ "anyOf": entries }));
}

fn entry(written: &str, summary: &str) -> Value {
    json!({ "const": written, "description": summary })
}

/// An endpoint's template as a regular expression, `{id}`, `{name}` and `{}` being the same. None, where it has none.
fn with_any_placeholder(endpoint: &'static Endpoint) -> Option<String> {
    let segments = endpoint.template.split('/');
    let is_placeholder = |segment: &&str| placeholder(segment).is_some();
    if !segments.clone().any(|segment| is_placeholder(&segment)) {
        return None;
    }
    let written: Vec<String> =
        segments
            .map(|segment| {
                if is_placeholder(&segment) { "\\{[a-z]*\\}".to_owned() } else { segment.replace('.', "\\.") }
            })
            .collect();
    Some(format!("{} {}", endpoint.method, written.join("/")))
}
