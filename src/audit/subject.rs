//! What a record says of a request: never a value that could be a secret, and no raw query.

use std::borrow::Cow;

use super::line::Line;
use super::{RequestContext, shown};
use crate::client::{Client, Peer};
use crate::operation::meaning::is_full_id;
use crate::operation::table::{Endpoint, Guard, Identifier};
use crate::operation::thing::{Thing, ThingKind};
use crate::operation::{Body, Json, Operation, Query, Reference, Unreadable, Value, kind_of_swarm};
use crate::policy::{Denial, Grounds, Permit, Refusal, RulePlace};

/// The longest path, name in it, or value of a parameter or field that is written whole, in bytes.
pub(super) const LONGEST_VALUE: usize = 1024;

/// The longest other text that is written whole, in bytes: a raw path, an argument, what is wrong.
const LONGEST_TEXT: usize = 256;

/// The longest method that is written whole, in bytes; Docker's are shorter.
const LONGEST_METHOD: usize = 16;

/// How a text ends that was longer.
const CUT: &str = "...";

/// How many guarded fields of a body are named, and arguments of a command shown.
const MOST_FIELDS: usize = 32;
const MOST_ARGUMENTS: usize = 64;

/// What of a request is recorded beside what always is.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Detail {
    /// The arguments of commands that are run in containers.
    pub(super) exec_argv: bool,
}

/// A request that was judged, or could not be read.
#[derive(Debug)]
pub(super) struct Judged<'a> {
    pub(super) context: &'a RequestContext<'a>,
    pub(super) what: What<'a>,
    pub(super) detail: Detail,
}

/// What became of it.
#[derive(Debug)]
pub(super) enum What<'a> {
    /// The policy permits it.
    Permitted(&'a Permit),
    /// The policy denies it.
    Denied(&'a Denial),
    /// It cannot be read; method and target are the client's own bytes.
    Unreadable { unreadable: &'a Unreadable, method: &'a str, target: &'a [u8] },
}

impl Judged<'_> {
    pub(super) fn write(&self, line: &mut Line<'_>) {
        line.key("id").plain(self.context.id.as_bytes());
        self.write_statement(line);
    }

    /// All but the id.
    pub(super) fn write_statement(&self, line: &mut Line<'_>) {
        let RequestContext { id: _, client, client_names, policy_hash } = *self.context;
        line.key("client").object(|line| write_client(client, client_names, line));
        match self.what {
            What::Permitted(permit) => {
                write_operation(permit.operation(), self.detail, line);
                match permit.grounds() {
                    Grounds::Rule { name, line: at } => {
                        line.key("decision").word("permit");
                        write_rules(Some((name, *at)), permit.others(), line);
                    }
                    Grounds::Observed(refusal) => write_refusal("observe", refusal, line),
                }
            }
            What::Denied(denial) => {
                write_operation(denial.operation(), self.detail, line);
                write_refusal("deny", denial.refusal(), line);
            }
            What::Unreadable { unreadable, method, target } => {
                write_unreadable(unreadable, method, target, line);
            }
        }
        line.key("policy").text(policy_hash);
    }
}

fn write_client(client: &Client, names: &[&str], line: &mut Line<'_>) {
    if !names.is_empty() {
        line.key("names").array(names, |line, name| line.text(name));
    }
    line.key("listener").text(&client.listener);
    match client.peer {
        Peer::Unix { uid, gid, pid } => {
            line.key("uid").number(uid);
            line.key("gid").number(gid);
            if let Some(pid) = pid.filter(|pid| *pid != 0) {
                line.key("pid").number(pid);
            }
        }
        Peer::Tcp(address) => line.key("address").text(&address.to_string()),
    }
}

fn write_operation(operation: &Operation, detail: Detail, line: &mut Line<'_>) {
    let endpoint = operation.endpoint();
    line.key("operation").word(endpoint.id);
    line.key("method").word(endpoint.method.as_str());
    line.key("path").text(&shortened(operation.path(), LONGEST_VALUE));
    line.key("version").version(operation.version());
    let named = endpoint.identifiers.iter().zip(operation.identifiers());
    if named.len() > 0 {
        line.key("targets").array(named, |line, (kind, name)| {
            line.object(|line| write_target(operation, kind_name(*kind, endpoint), name, line));
        });
    }
    if let Some(image) = image(operation) {
        line.key("image").text(&shortened(&image, LONGEST_TEXT));
    }
    if !operation.query().is_empty() {
        line.key("parameters").object(|line| write_parameters(operation.query(), line));
    }
    write_fields(operation, line);
    if let Some(words) = argv(operation).filter(|_| detail.exec_argv) {
        write_argv(words, line);
    }
}

fn write_refusal(decision: &'static str, refusal: &Refusal, line: &mut Line<'_>) {
    line.key("decision").word(decision);
    line.key("reason").word(refusal.reason().code());
    write_rules(refusal.rule().zip(refusal.rule_line()), refusal.others(), line);
    line.key("detail").text(refusal.summary());
}

fn write_unreadable(unreadable: &Unreadable, method: &str, target: &[u8], line: &mut Line<'_>) {
    if let Some(endpoint) = unreadable.endpoint {
        line.key("operation").word(endpoint.id);
    }
    if let Some(method) = escaped(method.as_bytes(), LONGEST_METHOD) {
        line.key("method").text(&method);
    }
    if let Some(path) = escaped(raw_path(target), LONGEST_TEXT) {
        line.key("path").text(&path);
    }
    line.key("decision").word("refuse");
    line.key("reason").word(unreadable.fault.code());
    line.key("detail").text(&shortened(&unreadable.message, LONGEST_TEXT));
}

/// The rules that had a part in it, first the one that decided.
fn write_rules(first: Option<(&str, u32)>, others: &[RulePlace], line: &mut Line<'_>) {
    let others = others.iter().map(|rule| (rule.name.as_str(), rule.line));
    let mut rules = first.into_iter().chain(others).peekable();
    if rules.peek().is_some() {
        line.key("rules").array(rules, |line, (name, at)| {
            line.object(|line| {
                line.key("name").text(name);
                line.key("line").number(at);
            });
        });
    }
}

/// Something that the path names. Where the daemon has shown what that is, its name stands no longer in the operation,
/// but its ID, which is acted on.
fn write_target(operation: &Operation, kind: &'static str, name: &str, line: &mut Line<'_>) {
    line.key("kind").word(kind);
    let is_meant = |reference: &Reference, thing: &Thing| {
        kind == reference.kind.as_str() && (reference.name == name || *thing.id == *name)
    };
    if let Some((reference, thing)) = operation.things().find(|(reference, thing)| is_meant(reference, thing))
    {
        line.key("asked").text(&shortened(&reference.name, LONGEST_VALUE));
        // Of some things the name can have any length.
        line.key("id").text(&shortened(&thing.id, LONGEST_VALUE));
        if let Some(name) = thing.names.first() {
            line.key("name").text(&shortened(name, LONGEST_VALUE));
        }
        if let Some(container) = thing.owner.filter(|_| thing.kind == ThingKind::Exec) {
            line.key("container").text(&shortened(&container, LONGEST_VALUE));
        }
    } else {
        line.key("asked").text(&shortened(name, LONGEST_VALUE));
        // No name can look like one, as the daemon takes it for an ID first.
        if is_full_id(name.strip_prefix("sha256:").unwrap_or(name)) {
            line.key("id").text(name);
        }
    }
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
        Identifier::Swarm => kind_of_swarm(endpoint).map_or("swarm", ThingKind::as_str),
    }
}

/// The query parameters, each with its value where that is plain.
fn write_parameters(query: &Query, line: &mut Line<'_>) {
    for (parameter, value) in query.iter() {
        let line = line.key(parameter.name);
        match (parameter.guard, value) {
            // Labels can hold secrets, as those in a body.
            (Guard::Plain, _) if parameter.name == "labels" => line.null(),
            (Guard::Plain, Value::Text(text)) => line.text(&shortened(text, LONGEST_VALUE)),
            (Guard::Plain, _) => line.text(&shortened(&value.to_string(), LONGEST_VALUE)),
            (Guard::Guarded(_), _) => line.null(),
        }
    }
}

/// The guarded fields that are used, and how many more there are than are named.
fn write_fields(operation: &Operation, line: &mut Line<'_>) {
    let mut fields = operation.guarded_fields().peekable();
    if fields.peek().is_none() {
        return;
    }
    let (mut path, mut room) = (String::with_capacity(LONGEST_TEXT), String::with_capacity(LONGEST_TEXT));
    line.key("fields").array(fields.by_ref().take(MOST_FIELDS), |line, (used, value)| {
        line.object(|line| {
            path.clear();
            used.write_path(&mut path);
            line.key("field").text(&shortened(&path, LONGEST_TEXT));
            // None where it could be a secret.
            if let Some(value) = shown::value(used, value, &mut room) {
                line.key("value").text(&value);
            }
        });
    });
    let more = fields.count();
    if more > 0 {
        line.key("fields_more").number(more);
    }
}

/// The image that is to be run, or pulled.
fn image(operation: &Operation) -> Option<Cow<'_, str>> {
    let in_body = |words: &[&str]| match operation.body() {
        Body::Json(json) => words.iter().try_fold(json, |json, word| json.get(word)).and_then(Json::as_text),
        Body::None | Body::Stream => None,
    };
    match operation.endpoint().id {
        "ContainerCreate" => in_body(&["Image"]).map(Cow::Borrowed),
        "ServiceCreate" | "ServiceUpdate" => {
            in_body(&["TaskTemplate", "ContainerSpec", "Image"]).map(Cow::Borrowed)
        }
        "ImageCreate" => {
            let parameter = |name| match operation.query().get(name) {
                Some(Value::Text(text)) if !text.is_empty() => Some(text.as_str()),
                _ => None,
            };
            let image = parameter("fromImage")?;
            Some(match parameter("tag") {
                Some(digest) if digest.contains(':') => format!("{image}@{digest}").into(),
                Some(tag) => format!("{image}:{tag}").into(),
                None => image.into(),
            })
        }
        _ => None,
    }
}

/// The command, and how many more words it has than are shown.
fn write_argv(words: &[Json], line: &mut Line<'_>) {
    // What is null the daemon takes for an empty word.
    let shown = words.iter().take(MOST_ARGUMENTS).map(|word| word.as_text().unwrap_or_default());
    line.key("argv").array(shown, |line, word| line.text(&shortened(word, LONGEST_TEXT)));
    let more = words.len().saturating_sub(MOST_ARGUMENTS);
    if more > 0 {
        line.key("argv_more").number(more);
    }
}

/// The command that is to be run in a container.
fn argv(operation: &Operation) -> Option<&[Json]> {
    let (Body::Json(json), "ContainerExec") = (operation.body(), operation.endpoint().id) else {
        return None;
    };
    let Json::Array(words) = json.get("Cmd")? else { return None };
    Some(words)
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
    Some(shortened(&text, longest).into_owned())
}

/// The text, or its beginning and `...` where it is longer.
pub(super) fn shortened(text: &str, longest: usize) -> Cow<'_, str> {
    if text.len() <= longest {
        return text.into();
    }
    let end = (0..=longest).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0);
    [text.get(..end).unwrap_or_default(), CUT].concat().into()
}

/// Whether a path or value in a record may be the beginning of a longer one: none that is shorter than this was cut.
pub(crate) fn is_cut(text: &str) -> bool {
    text.len() >= LONGEST_TEXT && text.ends_with(CUT)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audit::record::Event;
    use crate::audit::{RequestIds, Statement, ascii};
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
        let (mut line, mut restated) = (Vec::new(), Vec::new());
        let mut write = |what| {
            let judged = Judged { context: &context, what, detail };
            let mut fields = Vec::new();
            judged.write_statement(&mut Line::new(&mut fields));
            let stated = Event::Stated(context.id, &Statement(fields.into()));
            Line::new(&mut restated).object(|line| stated.write("now", line));
            Line::new(&mut line).object(|line| Event::Judged(judged).write("now", line));
        };
        match policy.judge(&client, operation) {
            Verdict::Permit(permit) => write(What::Permitted(&permit)),
            Verdict::Denial(denial) => write(What::Denied(&denial)),
        }
        assert_eq!(line, restated);
        let mut json: serde_json::Value = serde_json::from_slice(&line).unwrap();
        let mut again = Vec::new();
        ascii::write(&json, &mut again).unwrap();
        assert_eq!(String::from_utf8(line).unwrap(), String::from_utf8(again).unwrap());
        for common in ["time", "event", "id"] {
            json.as_object_mut().unwrap().shift_remove(common);
        }
        assert!(!json.to_string().contains("canary"), "{json}");
        json
    }

    #[test]
    fn a_permit_names_its_rule() {
        let json = judged(LOOK_AND_STOP, "POST", "/v1.41/containers/w%65b/stop?t=10&x=canary", b"");
        insta::assert_snapshot!(json, @r#"{"client":{"listener":"ui","uid":0,"gid":0},"operation":"ContainerStop","method":"POST","path":"/containers/web/stop","version":"1.41","targets":[{"kind":"container","asked":"web"}],"parameters":{"t":"10"},"decision":"permit","rules":[{"name":"look and stop","line":4}],"policy":"sha256:00"}"#);
    }

    #[test]
    fn all_that_a_record_can_say_stands_in_one_order() {
        let rules = r#"
            version = 1
            [[allow]]
            name = "shells \"\u00e4\""
            operations = ["ContainerExec"]
            body.Privileged = true
            body.User = true
            [[allow]]
            operations = ["@lifecycle", "ContainerExec"]
            [[forbid]]
            name = "never"
            operations = ["ContainerCreate"]
            [[forbid]]
            operations = ["ContainerCreate"]
            query.name = "web"
        "#;
        let body = br#"{"Cmd":["sh","-c","a\tb\u001b\ud83d\udc0b\"\\"],"Privileged":true,"User":"root\u00e4","unknown":1}"#;
        let exec = judged_in(Detail { exec_argv: true }, rules, "POST", "/v1.41/containers/web/exec", body);
        insta::assert_snapshot!(exec, @r#"{"client":{"listener":"ui","uid":0,"gid":0},"operation":"ContainerExec","method":"POST","path":"/containers/web/exec","version":"1.41","targets":[{"kind":"container","asked":"web"}],"fields":[{"field":"Privileged","value":"true"},{"field":"User","value":"rootä"},{"field":"unknown"}],"argv":["sh","-c","a\tb\u001b🐋\"\\"],"decision":"deny","reason":"missing_grant","rules":[{"name":"shells \"ä\"","line":3}],"detail":"dockgate: POST /containers/{id}/exec (ContainerExec) is not allowed for this client: rule \"shells \"ä\"\" has it, but it does not grant a field that is not known.","policy":"sha256:00"}"#);
        let body = br#"{"Image":"nginx:1","HostConfig":{"Binds":["/etc:/etc"],"Memory":9}}"#;
        let target = "/containers/create?name=web&platform=linux/%C3%A4";
        insta::assert_snapshot!(judged(rules, "POST", target, body), @r#"{"client":{"listener":"ui","uid":0,"gid":0},"operation":"ContainerCreate","method":"POST","path":"/containers/create","version":"1.56","image":"nginx:1","parameters":{"name":"web","platform":"linux/ä"},"fields":[{"field":"HostConfig.Binds","value":"[\"/etc:/etc\"]"}],"decision":"deny","reason":"forbidden","rules":[{"name":"never","line":10},{"name":"line 13","line":13}],"detail":"dockgate: POST /containers/create (ContainerCreate) is not allowed for this client: rule \"never\" forbids it.","policy":"sha256:00"}"#);
        insta::assert_snapshot!(judged(rules, "POST", "/containers/web/restart?t=10&signal=SIGHUP", b""), @r#"{"client":{"listener":"ui","uid":0,"gid":0},"operation":"ContainerRestart","method":"POST","path":"/containers/web/restart","version":"1.56","targets":[{"kind":"container","asked":"web"}],"parameters":{"t":"10","signal":"SIGHUP"},"decision":"permit","rules":[{"name":"line 8","line":8}],"policy":"sha256:00"}"#);
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
        let long = "a".repeat(2000);
        let target = format!("/images/create?fromImage={long}&fromSrc=canary&tag=1&other=canary");
        let json = judged(LOOK_AND_STOP, "POST", &target, b"");
        assert_eq!((&json["decision"], &json["reason"]), (&"deny".into(), &"missing_grant".into()));
        let cut = format!("{}...", "a".repeat(LONGEST_VALUE));
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
    fn of_a_long_command_is_recorded_how_much_longer_it_is_and_of_any_each_word() {
        let ask = |body: &str| {
            let detail = Detail { exec_argv: true };
            judged_in(detail, LOOK_AND_STOP, "POST", "/containers/web/exec", body.as_bytes())
        };
        let json = ask(r#"{"Cmd":["sh",null,"-c"]}"#);
        assert_eq!((&json["argv"], json.get("argv_more")), (&serde_json::json!(["sh", "", "-c"]), None));
        let json =
            ask(&format!(r#"{{"Cmd":["env",{}"sh","-c","x"]}}"#, r#""A=1","#.repeat(MOST_ARGUMENTS - 1)));
        assert_eq!(json["argv"].as_array().unwrap().len(), MOST_ARGUMENTS);
        assert_eq!(json["argv_more"], 3);
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
