//! What a record says of a request: never a value that could be a secret, and no raw query.

use std::borrow::Cow;

use super::record::{Decision, Judged, RuleInvolved, Target, UsedField, Who};
use super::{RequestContext, shown};
use crate::client::{Client, Peer};
use crate::operation::table::{BodyKind, Endpoint, Guard, Identifier};
use crate::operation::thing::{Thing, ThingKind};
use crate::operation::{Body, Json, Operation, Query, Reference, Unreadable, Value};
use crate::policy::{Denial, Grounds, Permit, Refusal, RulePlace};

/// The longest value of a parameter, or raw path, that is written whole, in bytes.
const LONGEST_VALUE: usize = 256;

/// The longest path, or name in it, that is written whole, in bytes.
const LONGEST_PATH: usize = 1024;

/// The longest method that is written whole, in bytes; Docker's are shorter.
const LONGEST_METHOD: usize = 16;

/// How many guarded fields of a body are named, and arguments of a command shown.
const MOST_FIELDS: usize = 32;
const MOST_ARGUMENTS: usize = 64;

/// What of a request is recorded beside what always is.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Detail {
    /// The arguments of commands that are run in containers.
    pub(super) exec_argv: bool,
}

impl<'a> Judged<'a> {
    pub(super) fn permitted(context: &'a RequestContext<'_>, permit: &'a Permit, detail: Detail) -> Self {
        let of = Self::of(context, permit.operation(), detail);
        match permit.grounds() {
            Grounds::Rule { name, line } => {
                let first = RuleInvolved { name, line: *line };
                Self {
                    decision: Decision::Permit,
                    rules: [first].into_iter().chain(involved(permit.others())).collect(),
                    ..of
                }
            }
            Grounds::Observed(refusal) => Self { decision: Decision::Observe, ..of.refused(refusal) },
        }
    }

    pub(super) fn denied(context: &'a RequestContext<'_>, denial: &'a Denial, detail: Detail) -> Self {
        Self::of(context, denial.operation(), detail).refused(denial.refusal())
    }

    fn refused(self, refusal: &'a Refusal) -> Self {
        Self {
            decision: Decision::Deny,
            reason: Some(refusal.reason().code()),
            rules: refusal
                .rule()
                .zip(refusal.rule_line())
                .map(|(name, line)| RuleInvolved { name, line })
                .into_iter()
                .chain(involved(refusal.others()))
                .collect(),
            detail: Some(Cow::Borrowed(refusal.summary())),
            ..self
        }
    }

    pub(super) fn unreadable(
        context: &'a RequestContext<'_>,
        unreadable: &'a Unreadable,
        method: &str,
        target: &[u8],
    ) -> Self {
        Self {
            operation: unreadable.endpoint.map(|endpoint| endpoint.id),
            method: escaped(method.as_bytes(), LONGEST_METHOD).map(Cow::Owned),
            path: escaped(raw_path(target), LONGEST_VALUE),
            decision: Decision::Refuse,
            reason: Some(unreadable.fault.code()),
            detail: Some(shortened(&unreadable.message)),
            ..Self::nothing_of(context)
        }
    }

    /// The record of an operation, the decision not yet filled in.
    fn of(context: &'a RequestContext<'_>, operation: &'a Operation, detail: Detail) -> Self {
        let endpoint = operation.endpoint();
        let (fields, fields_more) = guarded_fields(operation);
        Self {
            operation: Some(endpoint.id),
            method: Some(Cow::Borrowed(endpoint.method.as_str())),
            path: Some(shortened_to(operation.path(), LONGEST_PATH)),
            version: Some(operation.version().to_string()),
            targets: targets(operation),
            image: image(operation),
            parameters: parameters(operation.query()),
            fields,
            fields_more,
            argv: if detail.exec_argv { argv(operation) } else { None },
            ..Self::nothing_of(context)
        }
    }

    /// Who asks, and no more.
    fn nothing_of(context: &'a RequestContext<'_>) -> Self {
        Self {
            id: context.id,
            client: who(context.client, context.client_names),
            operation: None,
            method: None,
            path: None,
            version: None,
            targets: Vec::new(),
            image: None,
            parameters: Vec::new(),
            fields: Vec::new(),
            fields_more: None,
            argv: None,
            decision: Decision::Deny,
            reason: None,
            rules: Vec::new(),
            detail: None,
            policy: context.policy_hash,
        }
    }
}

fn who<'a>(client: &'a Client, names: &'a [&'a str]) -> Who<'a> {
    let who = Who { names, listener: &client.listener, address: None, uid: None, gid: None, pid: None };
    match client.peer {
        Peer::Unix { uid, gid, pid } => {
            Who { uid: Some(uid), gid: Some(gid), pid: pid.filter(|pid| *pid != 0), ..who }
        }
        Peer::Tcp(address) => Who { address: Some(address.to_string()), ..who },
    }
}

/// What the path names. Where the daemon has shown what that is, its name stands no longer in the operation, but its
/// ID, which is acted on.
fn targets(operation: &Operation) -> Vec<Target> {
    let endpoint = operation.endpoint();
    let named = endpoint.identifiers.iter().zip(operation.identifiers());
    let targets = named.map(|(kind, name)| {
        let kind = kind_name(*kind, endpoint);
        let target = |asked: &str| Target {
            kind,
            asked: shortened_to(asked.to_owned(), LONGEST_PATH),
            ..Target::default()
        };
        let is_meant = |reference: &Reference, thing: &Thing| {
            kind == reference.kind.as_str() && (reference.name == *name || thing.id == *name)
        };
        match operation.things().find(|(reference, thing)| is_meant(reference, thing)) {
            Some((reference, thing)) => Target {
                id: Some(thing.id),
                name: thing.names.into_iter().next(),
                container: thing.owner.filter(|_| thing.kind == ThingKind::Exec),
                ..target(&reference.name)
            },
            None => Target { id: is_full_id(name).then(|| name.clone()), ..target(name) },
        }
    });
    targets.collect()
}

/// Whether this is the ID of a container, exec, image, network: no name can look like one, as the daemon
/// takes it for an ID first.
fn is_full_id(text: &str) -> bool {
    let digits = text.strip_prefix("sha256:").unwrap_or(text);
    digits.len() == 64 && digits.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
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

/// The query parameters, each with its value where that is plain.
fn parameters(query: &Query) -> Vec<(&'static str, Option<String>)> {
    let shown = query.iter().map(|(parameter, value)| {
        let text = match parameter.guard {
            Guard::Plain => Some(shortened_to(value.to_string(), LONGEST_VALUE)),
            Guard::Guarded(_) => None,
        };
        (parameter.name, text)
    });
    shown.collect()
}

/// The guarded fields that are used, and how many more there are than are named.
fn guarded_fields(operation: &Operation) -> (Vec<UsedField>, Option<usize>) {
    let whole = match operation.endpoint().body {
        BodyKind::Json { kind: _, guard } => guard != Guard::Plain,
        BodyKind::None | BodyKind::Tar => false,
    };
    let mut fields = match operation.body() {
        Body::Json(_) => operation.understand().fields,
        Body::None | Body::Stream => return (Vec::new(), None),
    };
    fields.retain(|used| whole || used.guard != Guard::Plain);
    let more = fields.len().checked_sub(MOST_FIELDS).filter(|more| *more > 0);
    let named = fields
        .into_iter()
        .take(MOST_FIELDS)
        .map(|used| UsedField { value: shown::value(&used), field: shortened_to(used.path, LONGEST_VALUE) });
    (named.collect(), more)
}

/// The image that is to be run, or pulled.
fn image(operation: &Operation) -> Option<String> {
    let in_body = |words: &[&str]| match operation.body() {
        Body::Json(json) => words.iter().try_fold(json, |json, word| member(json, word)).and_then(text),
        Body::None | Body::Stream => None,
    };
    let image = match operation.endpoint().id {
        "ContainerCreate" => in_body(&["Image"])?.to_owned(),
        "ServiceCreate" | "ServiceUpdate" => in_body(&["TaskTemplate", "ContainerSpec", "Image"])?.to_owned(),
        "ImageCreate" => {
            let parameter = |name| match operation.query().get(name) {
                Some(Value::Text(text)) if !text.is_empty() => Some(text.as_str()),
                _ => None,
            };
            let image = parameter("fromImage")?;
            match parameter("tag") {
                Some(digest) if digest.contains(':') => format!("{image}@{digest}"),
                Some(tag) => format!("{image}:{tag}"),
                None => image.to_owned(),
            }
        }
        _ => return None,
    };
    Some(shortened_to(image, LONGEST_VALUE))
}

/// The command that is to be run in a container.
fn argv(operation: &Operation) -> Option<Vec<String>> {
    let (Body::Json(json), "ContainerExec") = (operation.body(), operation.endpoint().id) else {
        return None;
    };
    let Json::Array(items) = member(json, "Cmd")? else { return None };
    let words = items.iter().filter_map(text).take(MOST_ARGUMENTS);
    Some(words.map(|word| shortened(word).into_owned()).collect())
}

fn member<'j>(json: &'j Json, name: &str) -> Option<&'j Json> {
    let Json::Object(fields) = json else { return None };
    fields.iter().find(|(key, _)| key == name).map(|(_, value)| value)
}

fn text(json: &Json) -> Option<&str> {
    let Json::String(text) = json else { return None };
    Some(text)
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

fn shortened(text: &str) -> Cow<'_, str> {
    shortened_cow(text, LONGEST_VALUE)
}

fn shortened_cow(text: &str, longest: usize) -> Cow<'_, str> {
    if text.len() <= longest {
        return Cow::Borrowed(text);
    }
    Cow::Owned(shortened_to(text.to_owned(), longest))
}

/// The text, or its beginning and `...` where it is longer.
pub(super) fn shortened_to(mut text: String, longest: usize) -> String {
    if text.len() > longest {
        let end = (0..=longest).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0);
        text.truncate(end);
        text.push_str("...");
    }
    text
}

fn involved(others: &[RulePlace]) -> impl Iterator<Item = RuleInvolved<'_>> {
    others.iter().map(|rule| RuleInvolved { name: &rule.name, line: rule.line })
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
        judged_in(Detail::default(), policy, method, target, body)
    }

    fn judged_in(detail: Detail, policy: &str, method: &str, target: &str, body: &[u8]) -> serde_json::Value {
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
        let mut json = match policy.judge(&client, operation) {
            Verdict::Permit(permit) => serde_json::to_value(Judged::permitted(&context, &permit, detail)),
            Verdict::Denial(denial) => serde_json::to_value(Judged::denied(&context, &denial, detail)),
        }
        .unwrap();
        json.as_object_mut().unwrap().shift_remove("id");
        assert!(!json.to_string().contains("canary"), "{json}");
        json
    }

    #[test]
    fn a_permit_names_its_rule() {
        let json = judged(LOOK_AND_STOP, "POST", "/v1.41/containers/w%65b/stop?t=10&x=canary", b"");
        insta::assert_snapshot!(json, @r#"{"client":{"listener":"ui","uid":0,"gid":0},"operation":"ContainerStop","method":"POST","path":"/containers/web/stop","version":"1.41","targets":[{"kind":"container","asked":"web"}],"parameters":{"t":"10"},"decision":"permit","rules":[{"name":"look and stop","line":4}],"policy":"sha256:00"}"#);
    }

    #[test]
    fn every_rule_that_had_a_part_is_named_and_first_the_one_that_decided() {
        let rules = r#"
            version = 1
            [[allow]]
            name = "b"
            operations = ["ContainerList"]
            container.label.team = "b"
            [[allow]]
            name = "a"
            operations = ["ContainerList", "ContainerInspect"]
            container.label.team = "a"
            [[forbid]]
            name = "hidden"
            operations = ["ContainerList"]
            container.name = "db"
            [[forbid]]
            name = "never"
            operations = ["ContainerInspect"]
            [[forbid]]
            name = "no"
            operations = ["@read", "ContainerInspect"]
            query.size = true
        "#;
        let names = |target: &str| -> Vec<(String, u64)> {
            let json = judged(rules, "GET", target, b"");
            let rule = |rule: &serde_json::Value| {
                (rule["name"].as_str().unwrap().to_owned(), rule["line"].as_u64().unwrap())
            };
            json["rules"].as_array().unwrap().iter().map(rule).collect()
        };
        let of = |rules: &[(&str, u64)]| -> Vec<(String, u64)> {
            rules.iter().map(|(name, line)| ((*name).to_owned(), *line)).collect()
        };
        assert_eq!(names("/containers/json"), of(&[("a", 7), ("b", 3), ("hidden", 11)]));
        assert_eq!(names("/containers/x/json?size=1"), of(&[("never", 15), ("no", 18)]));
    }

    #[test]
    fn a_denial_names_its_reason_and_no_guarded_parameter() {
        let long = "a".repeat(300);
        let target = format!("/images/create?fromImage={long}&fromSrc=canary&tag=1&other=canary");
        let json = judged(LOOK_AND_STOP, "POST", &target, b"");
        assert_eq!((&json["decision"], &json["reason"]), (&"deny".into(), &"missing_grant".into()));
        let cut = format!("{}...", "a".repeat(256));
        assert_eq!(json["parameters"], serde_json::json!({"fromImage": cut, "fromSrc": null, "tag": "1"}));
    }

    #[test]
    fn of_a_body_the_guarded_fields_are_recorded_in_short_and_the_image() {
        let body =
            br#"{"Image":"nginx:1","Env":["TOKEN=canary"],"Labels":{"a":"canary"},"unknown":{"b":"canary"},
            "HostConfig":{"privileged":true,"Binds":["/etc:/etc"],"PidMode":"host","Memory":0,
            "LogConfig":{"Type":"syslog","Config":{"token":"canary"}}}}"#;
        let json = judged(LOOK_AND_STOP, "POST", "/containers/create?name=web", body);
        assert_eq!((&json["decision"], &json["reason"]), (&"deny".into(), &"no_rule".into()));
        assert_eq!(json["parameters"], serde_json::json!({"name": "web"}));
        assert_eq!(json["image"], "nginx:1");
        insta::assert_snapshot!(json["fields"], @r#"[{"field":"unknown"},{"field":"HostConfig.Privileged","value":"true"},{"field":"HostConfig.Binds","value":"[\"/etc:/etc\"]"},{"field":"HostConfig.PidMode","value":"host"},{"field":"HostConfig.LogConfig.Type","value":"syslog"},{"field":"HostConfig.LogConfig.Config"}]"#);
    }

    #[test]
    fn a_body_with_very_many_fields_is_named_in_part() {
        let mounts: Vec<_> = (0..100).map(|n| format!(r#""unknown{n}":1"#)).collect();
        let json = judged(
            LOOK_AND_STOP,
            "POST",
            "/containers/create",
            format!("{{{}}}", mounts.join(",")).as_bytes(),
        );
        assert_eq!(json["fields"].as_array().unwrap().len(), MOST_FIELDS);
        assert_eq!(json["fields_more"], 100 - MOST_FIELDS);
    }

    #[test]
    fn the_image_of_a_pull_has_its_tag_or_digest() {
        let image = |query: &str| {
            judged(LOOK_AND_STOP, "POST", &format!("/images/create?{query}"), b"")["image"].clone()
        };
        assert_eq!(image("fromImage=nginx&tag=1"), "nginx:1");
        assert_eq!(image("fromImage=nginx:1"), "nginx:1");
        assert_eq!(image("fromImage=nginx&tag=sha256:00"), "nginx@sha256:00");
        assert_eq!(image("fromSrc=-"), serde_json::Value::Null);
    }

    #[test]
    fn a_command_is_recorded_where_the_settings_ask_for_it() {
        let ask = |exec_argv| {
            let body = br#"{"Cmd":["sh","-c","ls"],"Env":["A=canary"]}"#;
            judged_in(Detail { exec_argv }, LOOK_AND_STOP, "POST", "/containers/web/exec", body)
        };
        assert_eq!(ask(true)["argv"], serde_json::json!(["sh", "-c", "ls"]));
        assert_eq!(ask(false)["argv"], serde_json::Value::Null);
    }

    #[test]
    fn a_full_id_is_told_from_a_name() {
        let id = "0123456789abcdef".repeat(4);
        let targets = |name: &str| {
            judged(LOOK_AND_STOP, "POST", &format!("/containers/{name}/stop"), b"")["targets"].clone()
        };
        assert_eq!(targets(&id), serde_json::json!([{"kind": "container", "asked": id, "id": id}]));
        assert_eq!(targets("0123abcd"), serde_json::json!([{"kind": "container", "asked": "0123abcd"}]));
    }

    #[test]
    fn what_is_only_observed_is_told_from_a_permit() {
        let policy =
            format!("{LOOK_AND_STOP}\n[[forbid]]\nname = \"no stop\"\noperations = [\"ContainerStop\"]");
        let policy = policy.replace("version = 1", "version = 1\nmode = \"observe\"");
        let json = judged(&policy, "POST", "/containers/web/stop", b"");
        assert_eq!(
            (&json["decision"], &json["reason"], &json["rules"][0]["name"]),
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
