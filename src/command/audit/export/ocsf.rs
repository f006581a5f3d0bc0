//! OCSF 1.3: class API Activity (6003), profile Security Control.

use serde_json::{Map, Value, json};

use super::{Deed, address, is_done, millis};
use crate::audit::read::record::{Ended, Judged};

const VERSION: &str = "1.3.0";
const CLASS: u64 = 6003;

/// The request as an event.
pub(super) fn event(judged: &Judged<'_>, ended: Option<&Ended<'_>>) -> Value {
    let (activity, activity_name) = match Deed::of(judged.operation.as_deref(), judged.method.as_deref()) {
        Deed::Unknown => (0, "Unknown"),
        Deed::Create => (1, "Create"),
        Deed::Read => (2, "Read"),
        Deed::Update => (3, "Update"),
        Deed::Delete => (4, "Delete"),
    };
    let is_forwarded = matches!(judged.decision.as_ref(), "permit" | "observe");
    let (status, status_name) = match is_done(&judged.decision, ended.and_then(|ended| ended.daemon_status)) {
        Some(true) => (1, "Success"),
        Some(false) => (2, "Failure"),
        None => (0, "Unknown"),
    };
    let (severity, severity_name) =
        if judged.decision == "permit" { (1, "Informational") } else { (2, "Low") };
    let mut event = json!({
        "class_uid": CLASS, "class_name": "API Activity",
        "category_uid": 6, "category_name": "Application Activity",
        "activity_id": activity, "activity_name": activity_name,
        "type_uid": CLASS.saturating_mul(100).saturating_add(activity),
        "type_name": format!("API Activity: {activity_name}"),
        "time": millis(&judged.time),
        "severity_id": severity, "severity": severity_name,
        "status_id": status, "status": status_name,
        "action_id": if is_forwarded { 1 } else { 2 }, "action": if is_forwarded { "Allowed" } else { "Denied" },
        "disposition_id": if is_forwarded { 1 } else { 2 },
        "disposition": if is_forwarded { "Allowed" } else { "Blocked" },
        "metadata": {
            "version": VERSION, "profiles": ["security_control"], "uid": judged.id, "sequence": judged.sequence,
            "log_name": "dockgate audit", "original_time": judged.time,
            "product": { "name": "dockgate", "vendor_name": "dockgate" },
        },
        "actor": actor(judged),
        "api": api(judged, ended),
        "src_endpoint": source(judged),
        "policy": { "uid": judged.policy },
        "resources": resources(judged),
    });
    let Some(fields) = event.as_object_mut() else { return event };
    let mut add = |name: &str, value: Option<Value>| {
        if let Some(value) = value {
            fields.insert(name.to_owned(), value);
        }
    };
    add("status_code", judged.reason.as_ref().map(|reason| json!(reason)));
    add("status_detail", judged.detail.as_ref().map(|detail| json!(detail)));
    add("duration", ended.map(|ended| json!(ended.duration_us / 1000)));
    add("end_time", ended.map(|ended| json!(millis(&ended.time))));
    add("firewall_rule", judged.rules.first().map(|rule| json!({ "name": rule.name })));
    add("http_request", judged.method.as_ref().map(|method| request(judged, method)));
    add(
        "http_response",
        ended.and_then(|ended| Some(json!({ "code": ended.status?, "length": ended.response_bytes }))),
    );
    add("unmapped", unmapped(judged, ended));
    event
}

fn actor(judged: &Judged<'_>) -> Value {
    let who = &judged.client;
    let mut user = Map::new();
    if let Some(name) = who.names.first() {
        user.insert("name".to_owned(), json!(name));
    }
    if let Some(uid) = who.uid {
        user.insert("uid".to_owned(), json!(uid.to_string()));
    }
    if let Some(gid) = who.gid {
        user.insert("groups".to_owned(), json!([{ "uid": gid.to_string() }]));
    }
    let mut actor = Map::new();
    if !user.is_empty() {
        actor.insert("user".to_owned(), user.into());
    }
    if let Some(pid) = who.pid {
        actor.insert("process".to_owned(), json!({ "pid": pid }));
    }
    actor.into()
}

fn api(judged: &Judged<'_>, ended: Option<&Ended<'_>>) -> Value {
    let mut api = json!({
        "operation": judged.operation.as_deref().or(judged.method.as_deref()).unwrap_or("unknown"),
        "service": { "name": "Docker Engine API" },
        "request": { "uid": judged.id },
    });
    if let Some(fields) = api.as_object_mut() {
        if let Some(version) = &judged.version {
            fields.insert("version".to_owned(), json!(version));
        }
        if let Some(status) = ended.and_then(|ended| ended.daemon_status) {
            fields.insert("response".to_owned(), json!({ "code": status }));
        }
    }
    api
}

fn source(judged: &Judged<'_>) -> Value {
    match judged.client.address.as_deref().map(address) {
        Some((ip, port)) => json!({ "ip": ip, "port": port, "interface_name": judged.client.listener }),
        None => json!({ "name": judged.client.listener }),
    }
}

fn request(judged: &Judged<'_>, method: &str) -> Value {
    let path = judged.path.as_deref().unwrap_or_default();
    json!({ "uid": judged.id, "http_method": method, "url": { "path": path } })
}

fn resources(judged: &Judged<'_>) -> Value {
    let targets = judged.targets.iter().map(|target| {
        let name = target.name.as_ref().unwrap_or(&target.asked);
        let mut resource = json!({ "type": target.kind, "name": name });
        if let (Some(id), Some(fields)) = (&target.id, resource.as_object_mut()) {
            fields.insert("uid".to_owned(), json!(id));
        }
        resource
    });
    let image = judged.image.as_ref().map(|image| json!({ "type": "image", "name": image }));
    targets.chain(image).collect()
}

/// What has no place there.
fn unmapped(judged: &Judged<'_>, ended: Option<&Ended<'_>>) -> Option<Value> {
    let mut rest = Map::new();
    let mut add = |name: &str, value: Value| drop(rest.insert(name.to_owned(), value));
    if judged.decision == "observe" {
        add("observed", json!(true));
    }
    if !judged.parameters.is_empty() {
        add("parameters", json!(judged.parameters));
    }
    if !judged.fields.is_empty() {
        let fields = judged.fields.iter().map(|used| json!({ "field": used.field, "value": used.value }));
        add("fields", fields.collect());
    }
    if let Some(argv) = &judged.argv {
        add("argv", json!(argv));
    }
    if let Some(more) = judged.argv_more {
        add("argv_more", json!(more));
    }
    if let Some(ended) = ended {
        add("end", json!(ended.end));
        add("request_bytes", json!(ended.request_bytes));
    }
    (!rest.is_empty()).then(|| rest.into())
}
