//! An explanation as tests for the policy: each request, with what the policy says of it now.

use toml::{Table, Value};

use super::{ExplainArguments, Explained};
use crate::client::{Client, Peer, STRANGER};
use crate::operation::Json;
use crate::operation::version::ApiVersion;
use crate::policy::case::Outcome;

/// A `[[test]]` for each request.
pub(super) fn written(explained: &[Explained], arguments: &ExplainArguments, client: &Client) -> String {
    let cases = explained.iter().map(|one| case(one, arguments, client));
    cases.collect::<Vec<_>>().join("\n")
}

fn case(explained: &Explained, arguments: &ExplainArguments, client: &Client) -> String {
    let Explained { request, read: _, outcome } = explained;
    let mut lines = vec!["[[test]]".to_owned()];
    let mut put = |key: &str, value: Value| lines.push(format!("{key} = {value}"));
    if let Some(asker) = asker(arguments, client) {
        put("client", asker);
    }
    if arguments.api != ApiVersion::NEWEST {
        put("version", Value::String(arguments.api.to_string()));
    }
    for (path, shown) in &arguments.shows {
        let key = format!("daemon.{}", Value::String(path.clone()));
        if let Some(shown) = without_null(shown) {
            put(&key, shown);
        }
    }
    let mut say = |key: &str, value: &str| put(key, Value::String(value.to_owned()));
    say("request", &format!("{} {}", request.method, request.target));
    if !request.body.is_empty() {
        say("body", &String::from_utf8_lossy(&request.body));
    }
    match outcome {
        Outcome::Permit { rule, .. } => {
            say("verdict", "permit");
            say("rule", rule);
        }
        Outcome::Denial(refusal) => {
            say("verdict", "deny");
            refusal.rule().into_iter().for_each(|rule| say("rule", rule));
            say("reason", refusal.reason().code());
        }
        Outcome::Unreadable(unreadable) => {
            say("verdict", "deny");
            say("reason", unreadable.fault.code());
        }
    }
    lines.push(String::new());
    lines.join("\n")
}

/// Who asks, as a test says it: by name, or by how he connects; nothing of somebody whom no policy names.
fn asker(arguments: &ExplainArguments, client: &Client) -> Option<Value> {
    if let Some(name) = &arguments.client {
        return Some(Value::String(name.clone()));
    }
    let mut asker = Table::new();
    if !client.listener.is_empty() {
        asker.insert("listener".to_owned(), client.listener.clone().into());
    }
    match client.peer {
        Peer::Unix { uid, gid, pid: _ } => {
            asker.insert("uid".to_owned(), uid.into());
            asker.insert("gid".to_owned(), gid.into());
        }
        Peer::Tcp(address) if address.ip() != STRANGER => {
            asker.insert("address".to_owned(), address.ip().to_string().into());
        }
        Peer::Tcp(_) => {}
    }
    (!asker.is_empty()).then_some(Value::Table(asker))
}

/// What the daemon shows as TOML, which has no null: what is null there is as if it were not there.
fn without_null(shown: &Json) -> Option<Value> {
    fn cleaned(value: &serde_json::Value) -> Option<Value> {
        match value {
            serde_json::Value::Null => None,
            serde_json::Value::Array(items) => Some(Value::Array(items.iter().filter_map(cleaned).collect())),
            serde_json::Value::Object(fields) => {
                let fields = fields.iter().filter_map(|(key, value)| Some((key.clone(), cleaned(value)?)));
                Some(Value::Table(fields.collect()))
            }
            serde_json::Value::Bool(_) | serde_json::Value::Number(_) | serde_json::Value::String(_) => {
                Value::try_from(value).ok()
            }
        }
    }
    cleaned(&serde_json::from_str(&shown.to_string()).ok()?)
}
