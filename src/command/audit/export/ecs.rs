//! Elastic Common Schema 8.17.

use serde_json::{Map, Value, json};

use super::{Deed, address, is_done};
use crate::audit::read::record::{Ended, Judged};

const VERSION: &str = "8.17.0";

/// The request as an event.
pub(super) fn event(judged: &Judged<'_>, ended: Option<&Ended<'_>>) -> Value {
    let is_forwarded = matches!(judged.decision.as_ref(), "permit" | "observe");
    let kind = match Deed::of(judged.operation.as_deref(), judged.method.as_deref()) {
        Deed::Create => Some("creation"),
        Deed::Read => Some("access"),
        Deed::Update => Some("change"),
        Deed::Delete => Some("deletion"),
        Deed::Unknown => None,
    };
    let types: Vec<_> = kind.into_iter().chain([if is_forwarded { "allowed" } else { "denied" }]).collect();
    // To deny what is to be denied is a success of whoever does.
    let outcome = match is_done(&judged.decision, ended.and_then(|ended| ended.daemon_status)) {
        Some(true) => "success",
        Some(false) if !is_forwarded => "success",
        Some(false) => "failure",
        None => "unknown",
    };
    let mut fields = Map::new();
    let mut add = |name: &str, value: Option<Value>| {
        if let Some(value) = value {
            fields.insert(name.to_owned(), value);
        }
    };
    add("@timestamp", Some(json!(judged.time)));
    add("ecs", Some(json!({ "version": VERSION })));
    add("message", Some(json!(message(judged))));
    add("event", Some(event_fields(judged, ended, &types, outcome)));
    add("observer", Some(json!({ "vendor": "dockgate", "product": "dockgate", "type": "proxy" })));
    add("service", Some(json!({ "name": "dockgate", "type": "dockgate" })));
    add("user", judged.client.uid.map(|uid| user(judged, uid)));
    add("process", judged.client.pid.map(|pid| json!({ "pid": pid })));
    add("source", judged.client.address.as_deref().map(source));
    add("http", judged.method.as_ref().map(|method| http(method, ended)));
    add("url", judged.path.as_ref().map(|path| json!({ "path": path })));
    add("rule", judged.rules.first().map(|rule| json!({ "name": rule.name, "ruleset": judged.policy })));
    add("container", container(judged));
    add("dockgate", Some(rest(judged, ended)));
    fields.into()
}

fn message(judged: &Judged<'_>) -> String {
    let operation = judged.operation.as_deref().or(judged.method.as_deref()).unwrap_or("a request");
    let reason = judged.reason.as_ref().map_or_else(String::new, |reason| format!(" ({reason})"));
    format!("{} {operation} by {}{reason}", judged.decision, judged.client.label())
}

fn event_fields(judged: &Judged<'_>, ended: Option<&Ended<'_>>, types: &[&str], outcome: &str) -> Value {
    let mut event = json!({
        "kind": "event", "category": ["api"], "type": types, "outcome": outcome, "module": "dockgate",
        "dataset": "dockgate.audit", "provider": "dockgate", "id": judged.id, "sequence": judged.sequence,
        "start": judged.time,
    });
    let Some(fields) = event.as_object_mut() else { return event };
    let mut add = |name: &str, value: Option<Value>| {
        if let Some(value) = value {
            fields.insert(name.to_owned(), value);
        }
    };
    add("action", judged.operation.as_ref().map(|operation| json!(operation)));
    add("code", judged.reason.as_ref().map(|reason| json!(reason)));
    add("reason", judged.detail.as_ref().map(|detail| json!(detail)));
    // In nanoseconds.
    add("duration", ended.map(|ended| json!(ended.duration_us.saturating_mul(1000))));
    add("end", ended.map(|ended| json!(ended.time)));
    event
}

fn user(judged: &Judged<'_>, uid: u32) -> Value {
    let mut user = json!({ "id": uid.to_string() });
    if let Some(fields) = user.as_object_mut() {
        if let Some(gid) = judged.client.gid {
            fields.insert("group".to_owned(), json!({ "id": gid.to_string() }));
        }
        if let Some(name) = judged.client.names.first() {
            fields.insert("name".to_owned(), json!(name));
        }
    }
    user
}

fn source(text: &str) -> Value {
    match address(text) {
        (ip, Some(port)) => json!({ "address": text, "ip": ip, "port": port }),
        (other, None) => json!({ "address": other }),
    }
}

fn http(method: &str, ended: Option<&Ended<'_>>) -> Value {
    let mut http = json!({ "request": { "method": method } });
    let (Some(ended), Some(fields)) = (ended, http.as_object_mut()) else { return http };
    fields
        .insert("request".to_owned(), json!({ "method": method, "body": { "bytes": ended.request_bytes } }));
    let mut response = json!({ "body": { "bytes": ended.response_bytes } });
    if let (Some(status), Some(response)) = (ended.status, response.as_object_mut()) {
        response.insert("status_code".to_owned(), json!(status));
    }
    fields.insert("response".to_owned(), response);
    http
}

/// The container that the path names, or the image that one is to be made of.
fn container(judged: &Judged<'_>) -> Option<Value> {
    let mut container = Map::new();
    if let Some(target) = judged.targets.iter().find(|target| target.kind == "container") {
        let name = target.name.as_ref().unwrap_or(&target.asked);
        container.insert("name".to_owned(), json!(name));
        if let Some(id) = &target.id {
            container.insert("id".to_owned(), json!(id));
        }
    }
    if let Some(image) = &judged.image {
        container.insert("image".to_owned(), json!({ "name": image }));
    }
    (!container.is_empty()).then(|| container.into())
}

/// What has no place there.
fn rest(judged: &Judged<'_>, ended: Option<&Ended<'_>>) -> Value {
    let targets = judged.targets.iter().map(
        |target| json!({ "kind": target.kind, "asked": target.asked, "id": target.id, "name": target.name }),
    );
    let fields = judged.fields.iter().map(|used| json!({ "field": used.field, "value": used.value }));
    json!({
        "decision": judged.decision, "listener": judged.client.listener, "client": judged.client.names,
        "api_version": judged.version, "targets": targets.collect::<Vec<_>>(), "parameters": judged.parameters,
        "fields": fields.collect::<Vec<_>>(), "argv": judged.argv, "argv_more": judged.argv_more,
        "daemon_status": ended.and_then(|ended| ended.daemon_status), "end": ended.map(|ended| &ended.end),
    })
}
