//! What a record says of a request: never a value that is guarded, a body or a raw query.

use super::RequestContext;
use super::record::{Decision, Judged, Who, WhoEnd};
use crate::client::{Client, Peer};
use crate::operation::table::{Endpoint, Guard, Identifier};
use crate::operation::{Fault, Operation, Query, Unreadable};
use crate::policy::{Denial, Grounds, Permit};

/// The longest value of a parameter, or raw path, that is written whole, in bytes.
const LONGEST_VALUE: usize = 256;

/// The longest method that is written whole, in bytes; Docker's are shorter.
const LONGEST_METHOD: usize = 16;

impl Judged {
    pub(super) fn permitted(context: &RequestContext<'_>, permit: &Permit) -> Self {
        let grounds = permit.grounds();
        let rule = grounds.rule().map(str::to_owned);
        let of = Self::of(context, permit.operation());
        match grounds {
            Grounds::Rule { name: _ } => Self { decision: Decision::Permit, rule, ..of },
            Grounds::Observed(refusal) => Self {
                decision: Decision::Observe,
                rule,
                reason: Some(refusal.reason().code()),
                detail: Some(refusal.summary().to_owned()),
                ..of
            },
        }
    }

    pub(super) fn denied(context: &RequestContext<'_>, denial: &Denial) -> Self {
        Self {
            decision: Decision::Deny,
            rule: denial.rule().map(str::to_owned),
            reason: Some(denial.reason().code()),
            detail: Some(denial.refusal().summary().to_owned()),
            ..Self::of(context, denial.operation())
        }
    }

    pub(super) fn unreadable(
        context: &RequestContext<'_>,
        unreadable: &Unreadable,
        method: &str,
        target: &[u8],
    ) -> Self {
        Self {
            client: who(context.client, context.client_names),
            method: escaped(method.as_bytes(), LONGEST_METHOD),
            path: escaped(raw_path(target), LONGEST_VALUE),
            version: None,
            operation: unreadable.endpoint.map(|endpoint| endpoint.id),
            target: Vec::new(),
            parameters: Vec::new(),
            decision: Decision::Refuse,
            rule: None,
            reason: Some(fault_code(unreadable.fault)),
            detail: Some(shortened(unreadable.message.clone())),
            policy: context.policy_hash.to_owned(),
        }
    }

    /// The record of an operation, the decision not yet filled in.
    fn of(context: &RequestContext<'_>, operation: &Operation) -> Self {
        let endpoint = operation.endpoint();
        Self {
            client: who(context.client, context.client_names),
            method: Some(endpoint.method.to_string()),
            path: Some(operation.path()),
            version: Some(operation.version().to_string()),
            operation: Some(endpoint.id),
            target: target(endpoint, operation.identifiers()),
            parameters: parameters(operation.query()),
            decision: Decision::Deny,
            rule: None,
            reason: None,
            detail: None,
            policy: context.policy_hash.to_owned(),
        }
    }
}

fn who(client: &Client, names: &[&str]) -> Who {
    let end = match client.peer {
        Peer::Unix { uid, gid, pid } => WhoEnd::Unix { uid, gid, pid: pid.filter(|pid| *pid != 0) },
        Peer::Tcp(address) => WhoEnd::Tcp { address: address.to_string() },
    };
    Who {
        names: names.iter().map(|name| (*name).to_owned()).collect(),
        listener: client.listener.clone(),
        end,
    }
}

fn target(endpoint: &Endpoint, identifiers: &[String]) -> Vec<(&'static str, String)> {
    endpoint
        .identifiers
        .iter()
        .zip(identifiers)
        .map(|(kind, value)| (kind_name(*kind, endpoint), value.clone()))
        .collect()
}

fn kind_name(kind: Identifier, endpoint: &Endpoint) -> &'static str {
    match kind {
        Identifier::Container => "container",
        Identifier::Exec => "exec",
        Identifier::Image => "image",
        Identifier::Network => "network",
        Identifier::Volume => "volume",
        Identifier::Plugin => "plugin",
        Identifier::Checkpoint => "checkpoint",
        Identifier::Profile => "profile",
        Identifier::Swarm => match endpoint.template.split('/').nth(1) {
            Some("services") => "service",
            Some("nodes") => "node",
            Some("tasks") => "task",
            Some("secrets") => "secret",
            Some("configs") => "config",
            Some(_) | None => "swarm",
        },
    }
}

fn parameters(query: &Query) -> Vec<(&'static str, String)> {
    query
        .iter()
        .map(|(parameter, value)| {
            let text = match parameter.guard {
                Guard::Plain => shortened(value.to_string()),
                Guard::Guarded(_) => "(guarded)".to_owned(),
            };
            (parameter.name, text)
        })
        .collect()
}

/// The path of a request target that could not be read. The query begins at the first `?`; before
/// the path of an absolute target may stand a user and a password.
fn raw_path(target: &[u8]) -> &[u8] {
    let before_query = target.split(|byte| matches!(byte, b'?' | b'#' | b';')).next().unwrap_or_default();
    match before_query.windows(3).position(|window| window == b"://") {
        Some(at) if !before_query.starts_with(b"/") => {
            let authority = before_query.get(at.saturating_add(3)..).unwrap_or_default();
            let path_start = authority.iter().position(|byte| *byte == b'/').unwrap_or(authority.len());
            authority.get(path_start..).unwrap_or_default()
        }
        Some(_) | None => before_query,
    }
}

/// Bytes as printable ASCII, all others percent-encoded; `None` if there are none.
fn escaped(bytes: &[u8], longest: usize) -> Option<String> {
    if bytes.is_empty() {
        return None;
    }
    let mut text = String::new();
    for byte in bytes.iter().take(longest.saturating_add(1)) {
        if byte.is_ascii_graphic() {
            text.push(char::from(*byte));
        } else {
            text.extend(format!("%{byte:02X}").chars());
        }
    }
    Some(shortened_to(text, longest))
}

fn shortened(text: String) -> String {
    shortened_to(text, LONGEST_VALUE)
}

/// The text, or its beginning and `...` where it is longer.
fn shortened_to(mut text: String, longest: usize) -> String {
    if text.len() > longest {
        let end = (0..=longest).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0);
        text.truncate(end);
        text.push_str("...");
    }
    text
}

const fn fault_code(fault: Fault) -> &'static str {
    match fault {
        Fault::Malformed => "malformed",
        Fault::UnknownEndpoint => "unknown_endpoint",
        Fault::UnsupportedVersion => "unsupported_version",
        Fault::UnsupportedMediaType => "unsupported_media_type",
        Fault::BodyTooLarge => "body_too_large",
        Fault::TargetTooLong => "target_too_long",
        Fault::HeadTooLarge => "head_too_large",
        Fault::TooSlow => "too_slow",
        Fault::UnknownExpectation => "unknown_expectation",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audit::RequestIds;
    use crate::operation::table::{self, BodyKind};
    use crate::operation::version::ApiVersion;
    use crate::operation::{Asked, Head};
    use crate::policy::{Policy, Verdict};

    const LOOK_AND_STOP: &str = r#"
        version = 1

        [[allow]]
        name = "look and stop"
        operations = ["ContainerList", "ContainerStop", "ImageCreate"]
    "#;

    /// What the record of a request says, as JSON.
    fn judged(policy: &str, method: &str, target: &str, body: &[u8]) -> serde_json::Value {
        let policy = Policy::read(policy).0.unwrap();
        let headers: [(&str, &[u8]); 2] =
            [("Content-Type", b"application/json"), ("X-Registry-Auth", b"canary-credentials")];
        let head = Head { method, target: target.as_bytes(), headers: &headers };
        let asked = Asked::read(&head, ApiVersion::NEWEST).unwrap();
        let operation = match asked.body_kind() {
            BodyKind::Tar => asked.with_stream(),
            BodyKind::None | BodyKind::Json { .. } => asked.with_body(body).unwrap(),
        };
        let client = Client { listener: "ui".to_owned(), peer: Peer::Unix { uid: 0, gid: 0, pid: Some(0) } };
        let context = RequestContext {
            id: RequestIds::new().unwrap().next(),
            client: &client,
            client_names: &[],
            policy_hash: "sha256:00",
        };
        let judged = match policy.judge(&client, operation) {
            Verdict::Permit(permit) => Judged::permitted(&context, &permit),
            Verdict::Denial(denial) => Judged::denied(&context, &denial),
        };
        let json = serde_json::to_value(&judged).unwrap();
        assert!(!json.to_string().contains("canary"), "{json}");
        json
    }

    #[test]
    fn a_permit_names_its_rule() {
        let json = judged(LOOK_AND_STOP, "POST", "/v1.41/containers/w%65b/stop?t=10&x=canary", b"");
        insta::assert_snapshot!(json, @r#"{"client":{"names":[],"listener":"ui","uid":0,"gid":0,"pid":null},"method":"POST","path":"/containers/web/stop","version":"1.41","operation":"ContainerStop","target":{"container":"web"},"parameters":{"t":"10"},"decision":"permit","rule":"look and stop","reason":null,"detail":null,"policy":"sha256:00"}"#);
    }

    #[test]
    fn a_denial_names_its_reason_and_no_guarded_value() {
        let long = "a".repeat(300);
        let target = format!("/images/create?fromImage={long}&fromSrc=canary&tag=1&other=canary");
        let json = judged(LOOK_AND_STOP, "POST", &target, b"");
        assert_eq!((&json["decision"], &json["reason"]), (&"deny".into(), &"missing_grant".into()));
        let cut = format!("{}...", "a".repeat(256));
        assert_eq!(
            json["parameters"],
            serde_json::json!({"fromImage": cut, "fromSrc": "(guarded)", "tag": "1"})
        );
    }

    #[test]
    fn a_body_is_not_recorded() {
        let body = br#"{"Image":"canary","Env":["TOKEN=canary"],"canary":1}"#;
        let json = judged(LOOK_AND_STOP, "POST", "/containers/create?name=web", body);
        assert_eq!((&json["decision"], &json["reason"]), (&"deny".into(), &"no_rule".into()));
        assert_eq!(json["parameters"], serde_json::json!({"name": "web"}));
    }

    #[test]
    fn what_is_only_observed_is_told_from_a_permit() {
        let policy =
            format!("{LOOK_AND_STOP}\n[[forbid]]\nname = \"no stop\"\noperations = [\"ContainerStop\"]");
        let policy = policy.replace("version = 1", "version = 1\nmode = \"observe\"");
        let json = judged(&policy, "POST", "/containers/web/stop", b"");
        assert_eq!(
            (&json["decision"], &json["reason"], &json["rule"]),
            (&"observe".into(), &"forbidden".into(), &"no stop".into())
        );
        let json = judged(&policy, "GET", "/containers/json", b"");
        assert_eq!((&json["decision"], &json["reason"]), (&"permit".into(), &serde_json::Value::Null));
    }

    #[test]
    fn each_name_in_a_path_has_a_kind_of_its_own_that_the_manual_lists() {
        let manual = include_str!("../../docs/audit.md");
        for endpoint in table::endpoints() {
            let mut kinds: Vec<_> =
                endpoint.identifiers.iter().map(|kind| kind_name(*kind, endpoint)).collect();
            assert!(kinds.iter().all(|kind| manual.contains(&format!("`{kind}`"))), "{endpoint}: {kinds:?}");
            kinds.sort_unstable();
            kinds.dedup();
            assert_eq!(kinds.len(), endpoint.identifiers.len(), "{endpoint}");
        }
    }
}
