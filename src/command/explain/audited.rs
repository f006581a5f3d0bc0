//! A request from its record in the audit: as much of it as the record holds, and what it does not.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::path::Path;

use memchr::memmem;
use serde_json::{Map, Value, json};

use super::Request;
use crate::audit::is_cut;
use crate::audit::read::Log;
use crate::audit::read::record::{Event, Judged, Who};
use crate::client::{Client, Peer};
use crate::command::audit::plain::plain;
use crate::command::push;
use crate::operation::table::{BodyKind, Endpoint, Header, ParameterKind, endpoints};
use crate::policy::Policy;

/// A record, and the request that it tells of.
pub(super) struct Audited {
    pub(super) request: Request,
    pub(super) client: Client,
    id: String,
    time: String,
    /// `FILE:LINE`
    place: String,
    /// What became of it then.
    decision: String,
    reason: Option<String>,
    rule: Option<String>,
    /// The hash of the policy that judged it.
    policy: String,
    /// What was asked and is not in the record.
    missing: Vec<String>,
    /// Whether something guarded is among that.
    is_partial: bool,
}

/// Finds the record of a request, in the audit file or those that were moved out of it. The error says why there is
/// nothing to explain.
pub(super) fn find(file: &Path, id: &str, mut body: Option<Vec<u8>>) -> Result<Audited, String> {
    let mut found = None;
    each(file, id, |judged, place| {
        let is_it = judged.id == id;
        if is_it {
            found = Some(Audited::read(judged, place(), body.take()));
        }
        !is_it
    })?;
    found.unwrap_or_else(|| Err(format!("the audit {} has no request `{id}`", file.display())))
}

/// Goes through what was denied, or would have been: of which kind it is as its record says, and what it was.
pub(super) fn denied(file: &Path, mut each_one: impl FnMut(String, Audited)) -> Result<(), String> {
    each(file, "\"judged\"", |judged, place| {
        if (judged.decision == "deny" || judged.decision == "observe")
            && let Ok(audited) = Audited::read(judged, place(), None)
        {
            let Judged { client, operation, reason, detail, rules, fields, fields_more, .. } = judged;
            let rule = rules.first().map(|rule| &rule.name);
            let used: BTreeSet<&str> = fields.iter().map(|used| used.field.as_ref()).collect();
            let used = (used, fields_more.is_some());
            let kind =
                format!("{:?}", (&client.names, &client.listener, operation, reason, detail, rule, used));
            each_one(kind, audited);
        }
        true
    })
}

/// Goes through the judgements that have this text in them, with where each stands, as long as is wanted.
fn each(
    file: &Path,
    text: &str,
    mut wants_more: impl FnMut(&Judged<'_>, &dyn Fn() -> String) -> bool,
) -> Result<(), String> {
    let unreadable = |error: std::io::Error| error.to_string();
    let log = Log::of(file).map_err(unreadable)?;
    let mut lines = log.lines().map_err(unreadable)?;
    let finder = memmem::Finder::new(text.as_bytes());
    while let Some(line) = lines.next_line().map_err(unreadable)? {
        if finder.find(line.bytes).is_none() || Event::of(line.bytes) != Some(Event::Judged) {
            continue;
        }
        // What is no record tells of no request.
        if let Ok(judged) = serde_json::from_slice::<Judged<'_>>(line.bytes)
            && !wants_more(&judged, &|| log.place(line.file, line.number))
        {
            break;
        }
    }
    Ok(())
}

impl Audited {
    fn read(judged: &Judged<'_>, place: String, body: Option<Vec<u8>>) -> Result<Self, String> {
        let endpoint =
            judged.operation.as_ref().and_then(|id| endpoints().find(|endpoint| endpoint.id == *id));
        let (Some(endpoint), Some(method), Some(path)) = (endpoint, &judged.method, &judged.path) else {
            let detail = judged.detail.as_ref().or(judged.reason.as_ref());
            return Err(format!(
                "{place}: the request could not be read, so that its record does not hold what it was: {}",
                plain(detail.map(AsRef::as_ref).unwrap_or_default())
            ));
        };
        if is_cut(path) {
            return Err(format!("{place}: the path was long, and its end is not in the record"));
        }
        let mut missing = Vec::new();
        let query = query(endpoint, &judged.parameters, &mut missing);
        let is_partial = !missing.is_empty() || !judged.fields.is_empty() && body.is_none();
        let version = judged.version.as_ref().map(|version| format!("/v{version}")).unwrap_or_default();
        missing.extend(not_recorded(endpoint, judged, body.is_some()));
        let target = format!("{version}{path}{query}");
        let request = Request::of_json(method.clone().into_owned(), target, body.unwrap_or_default());
        let owned = |text: &Cow<'_, str>| text.clone().into_owned();
        Ok(Self {
            request,
            client: client(&judged.client).ok_or_else(|| format!("{place} does not say who asked"))?,
            id: owned(&judged.id),
            time: owned(&judged.time),
            place,
            decision: owned(&judged.decision),
            reason: judged.reason.as_ref().map(owned),
            rule: judged.rules.first().map(|rule| owned(&rule.name)),
            policy: owned(&judged.policy),
            missing,
            is_partial,
        })
    }

    /// The request's ID.
    pub(super) fn id(&self) -> &str {
        &self.id
    }

    /// What was asked and is not in the record, where the verdict may hang on that.
    pub(super) fn missing(&self) -> &[String] {
        if self.is_partial { &self.missing } else { &[] }
    }

    /// What is said of the record, for people; `permits` is whether the policy permits what the record holds.
    pub(super) fn written(&self, policy: &Policy, permits: bool) -> String {
        let Self { id, place, .. } = self;
        let (time, decision) = (plain(&self.time), plain(&self.decision));
        let mut text = format!("request {id} of {time}, in {place}\n");
        push(&mut text, format_args!("  recorded: {decision}"));
        if let Some(reason) = &self.reason {
            push(&mut text, format_args!(", {}", plain(reason)));
        }
        if let Some(rule) = &self.rule {
            push(&mut text, format_args!(", rule \"{}\"", plain(rule)));
        }
        text.push('\n');
        if self.is_of(policy) {
            text.push_str("  judged then by this policy\n");
        } else {
            push(&mut text, format_args!("  judged then by another policy, {}\n", plain(&self.policy)));
        }
        if self.missing.is_empty() {
            text.push_str("  the record holds all that was asked\n");
        } else {
            text.push_str("  not in the record, so that it is judged here as if it had not been sent:\n");
            for what in &self.missing {
                push(&mut text, format_args!("    {}\n", plain(what)));
            }
        }
        if permits != (self.decision == "permit") {
            text.push_str("  the verdict below is not what was decided then: ");
            text.push_str(match (self.is_of(policy), self.missing.is_empty()) {
                (true, _) => "it hangs on what is not in the record, or on what the daemon showed then\n",
                (false, true) => "the policy is another, or the daemon showed something else then\n",
                (false, false) => "the policy is another, and the record does not hold all\n",
            });
        }
        text.push('\n');
        text
    }

    /// The same for programs.
    pub(super) fn json(&self, policy: &Policy, permits: bool) -> Value {
        json!({
            "id": self.id,
            "time": self.time,
            "place": self.place,
            "decision": self.decision,
            "reason": self.reason,
            "rule": self.rule,
            "policy": self.policy,
            "same_policy": self.is_of(policy),
            "same_verdict": permits == (self.decision == "permit"),
            "not_recorded": self.missing,
        })
    }

    fn is_of(&self, policy: &Policy) -> bool {
        self.policy == policy.hash()
    }
}

fn client(who: &Who<'_>) -> Option<Client> {
    let peer = match &who.address {
        Some(address) => Peer::Tcp(address.parse().ok()?),
        None => Peer::Unix { uid: who.uid?, gid: who.gid?, pid: None },
    };
    Some(Client { listener: who.listener.clone().into_owned(), peer })
}

/// The query with the parameters that the record has the values of.
fn query(endpoint: &Endpoint, parameters: &Map<String, Value>, missing: &mut Vec<String>) -> String {
    let mut query = String::new();
    let mut push = |name: &str, value: &str| {
        let separator = if query.is_empty() { '?' } else { '&' };
        push(&mut query, format_args!("{separator}{}={}", encoded(name), encoded(value)));
    };
    for (name, value) in parameters {
        let Some(value) = value.as_str() else {
            missing.push(format!("the value of the parameter {name}, which no record has"));
            continue;
        };
        if is_cut(value) {
            missing.push(format!("the end of the parameter {name}, which was long; it is left out here"));
            continue;
        }
        let kind = endpoint.parameter(name).map(|parameter| parameter.kind);
        if kind != Some(ParameterKind::List) {
            push(name, value);
        } else if value.contains('{') && value.contains(',') {
            // A comma may be one of the JSON in it.
            missing.push(format!("where each value of the parameter {name} ends; it is left out here"));
        } else {
            value.split(',').for_each(|value| push(name, value));
        }
    }
    query
}

fn encoded(text: &str) -> String {
    let mut encoded = String::new();
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            push(&mut encoded, format_args!("%{byte:02X}"));
        }
    }
    encoded
}

/// What no record holds, of those things that a request of this kind has.
fn not_recorded(endpoint: &Endpoint, judged: &Judged<'_>, has_body: bool) -> Vec<String> {
    if judged.decision == "refuse" {
        let rest = if has_body { "the query and the headers" } else { "the query, the headers and the body" };
        return vec![format!("{rest}: of a request that cannot be read the record holds the path alone")];
    }
    let fields: Vec<&str> = judged.fields.iter().map(|used| used.field.as_ref()).collect();
    let body = match endpoint.body {
        BodyKind::Json { .. } if !has_body => {
            let used = match (fields.as_slice(), judged.fields_more) {
                ([], _) => "none of its guarded fields was used".to_owned(),
                (fields, None) => format!("it used {}", fields.join(", ")),
                (fields, Some(more)) => format!("it used {} and {more} more", fields.join(", ")),
            };
            Some(format!("the body; {used}. Give it with --body"))
        }
        BodyKind::Tar => Some("the archive that was sent".to_owned()),
        BodyKind::Json { .. } | BodyKind::None => None,
    };
    let credentials = endpoint.headers.contains(&Header::RegistryConfig);
    body.into_iter()
        .chain(credentials.then(|| "whether it brought credentials for registries".to_owned()))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const POLICY: &str = "version = 1\n[[allow]]\nname = \"pull\"\noperations = [\"POST /images/create\"]\n";

    fn line(more: &Value) -> String {
        let mut record = json!({
            "schema": 1, "sequence": 1, "previous": "0".repeat(64), "time": "2026-01-02T03:04:05.678901Z", "event": "judged",
            "client": {"listener": "ui", "uid": 1000, "gid": 999}, "decision": "deny", "policy": "sha256:00",
        });
        record.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        format!("{record}\n")
    }

    fn found(more: &Value, id: &str, body: Option<&str>) -> Result<Audited, String> {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("audit.jsonl");
        let ended = json!({"event": "ended", "id": id, "end": "complete"});
        std::fs::write(&file, format!("{}{ended}\n", line(more))).unwrap();
        find(&file, id, body.map(|body| body.as_bytes().to_vec()))
    }

    #[test]
    fn what_the_record_holds_is_asked_again() {
        let record = json!({
            "id": "0000000a-1", "operation": "ContainerLogs", "method": "GET", "path": "/containers/w%C3%A9b/logs",
            "version": "1.41", "parameters": {"stdout": "1", "tail": "1 0&...", "since": format!("{}...", "2".repeat(256))},
        });
        let audited = found(&record, "0000000a-1", None).unwrap();
        assert_eq!(audited.request.target, "/v1.41/containers/w%C3%A9b/logs?stdout=1&tail=1%200%26...");
        assert_eq!(audited.client.peer, Peer::Unix { uid: 1000, gid: 999, pid: None });
        assert_eq!(audited.missing, ["the end of the parameter since, which was long; it is left out here"]);
        let record = json!({
            "id": "0000000a-1", "operation": "ImageGetAll", "method": "GET", "path": "/images/get", "version": "1.48",
            "parameters": {"names": "a,b", "platform": "{\"os\":\"linux\",\"architecture\":\"arm64\"}"},
        });
        let audited = found(&record, "0000000a-1", None).unwrap();
        assert_eq!(audited.request.target, "/v1.48/images/get?names=a&names=b");
        assert_eq!(audited.missing, ["where each value of the parameter platform ends; it is left out here"]);
        assert!(found(&record, "0000000a-2", None).err().unwrap().contains("has no request `0000000a-2`"));
    }

    #[test]
    fn what_it_does_not_hold_is_said() {
        let policy = Policy::read(POLICY).0.unwrap();
        let record = json!({
            "id": "0000000a-1", "operation": "ImageCreate", "method": "POST", "path": "/images/create", "version": "1.41",
            "parameters": {"fromSrc": null}, "reason": "missing_grant", "rules": [{"name": "pull"}],
        });
        let text = found(&record, "0000000a-1", None).unwrap().written(&policy, false);
        for expected in [
            "audit.jsonl:1\n",
            "  recorded: deny, missing_grant, rule \"pull\"\n",
            "  judged then by another policy, sha256:00\n",
            "    the value of the parameter fromSrc, which no record has\n",
        ] {
            assert!(text.contains(expected), "{expected} in:\n{text}");
        }
        let record = json!({
            "id": "0000000a-1", "operation": "ContainerCreate", "method": "POST", "path": "/containers/create", "version": "1.41",
            "fields": [{"field": "HostConfig.Binds", "value": "/etc:_"}], "policy": policy.hash(),
        });
        let text = found(&record, "0000000a-1", None).unwrap().written(&policy, false);
        assert!(text.contains("    the body; it used HostConfig.Binds. Give it with --body\n"), "{text}");
        let text = found(&record, "0000000a-1", Some("{}")).unwrap().written(&policy, false);
        assert!(
            text.contains("  judged then by this policy\n  the record holds all that was asked\n"),
            "{text}"
        );
    }

    #[test]
    fn what_could_not_be_read_then_cannot_be_told_now() {
        let record = json!({"id": "0000000a-1", "method": "GET", "path": "/nope", "decision": "refuse", "reason": "unknown_endpoint"});
        let error = found(&record, "0000000a-1", None).err().unwrap();
        assert!(
            error.contains("audit.jsonl:1: the request could not be read")
                && error.ends_with("unknown_endpoint"),
            "{error}"
        );
        let path = format!("/images/{}.../json", "x".repeat(300));
        let record = |path: &str| {
            json!({
                "id": "0000000a-1", "operation": "ImageInspect", "method": "GET", "path": path,
                "decision": "refuse", "reason": "malformed",
            })
        };
        assert!(found(&record(&path), "0000000a-1", None).is_ok());
        let error = found(&record(path.trim_end_matches("/json")), "0000000a-1", None).err().unwrap();
        assert!(error.ends_with("the path was long, and its end is not in the record"), "{error}");
    }

    #[test]
    fn a_record_that_somebody_changed_does_not_play_with_a_terminal() {
        let policy = Policy::read(POLICY).0.unwrap();
        let esc = "\u{1b}]0;x\u{7}";
        let record = json!({
            "id": "0000000a-1", "operation": "ImageCreate", "method": "POST", "path": "/images/create",
            "decision": esc, "reason": esc, "rules": [{"name": esc}], "policy": esc, "time": esc,
            "fields": [{"field": esc}], "parameters": {esc: null},
        });
        let text = found(&record, "0000000a-1", None).unwrap().written(&policy, false);
        assert!(text.chars().all(|character| character == '\n' || !character.is_control()), "{text}");
        let error = found(&json!({"id": "0000000a-1", "detail": esc}), "0000000a-1", None).err().unwrap();
        assert!(!error.contains('\u{1b}'), "{error}");
    }

    #[test]
    fn what_was_refused_is_not_taken_to_be_all_in_its_record() {
        let policy = Policy::read(POLICY).0.unwrap();
        let record = json!({
            "id": "0000000a-1", "operation": "ImageCreate", "method": "POST", "path": "/v1.41/images/create",
            "decision": "refuse", "reason": "malformed", "policy": policy.hash(),
        });
        let text = found(&record, "0000000a-1", None).unwrap().written(&policy, true);
        assert!(text.contains("    the query, the headers and the body: of a request that"), "{text}");
        assert!(text.contains("it hangs on what is not in the record"), "{text}");
    }
}
