//! `dockgate explain`: what a request means, what each rule says of it, and what would turn the verdict.

mod audited;
mod cases;
mod curl;
mod json;
mod lessons;
mod record;
mod stand_in;
mod text;

use std::cell::RefCell;
use std::collections::{BTreeSet, HashMap};
use std::fs;
use std::io::{self, Read, Write};
use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};

use super::Exit;
use super::policy_file::PolicyFile;
use crate::client::{Client, Peer, STRANGER};
use crate::operation::version::ApiVersion;
use crate::operation::{Head, Json, Operation, Unreadable};
use crate::policy::Policy;
use crate::policy::account::Account;
use crate::policy::case::{Outcome, judge, learned, read_whole};
use crate::policy::problem::{Severity, render};
use audited::Audited;
use lessons::Lesson;

/// Says why a policy permits or denies a request.
#[derive(Args, Clone, Debug)]
#[command(after_help = EXAMPLES)]
pub(super) struct ExplainArguments {
    /// The policy file; `-` is the standard input
    #[arg(value_name = "POLICY")]
    policy: PathBuf,
    /// METHOD and /path?query; or a curl command; or with --record the command to run; or with --audit the
    /// request's id, or nothing for lines that would allow what was denied
    #[arg(value_name = "REQUEST", required_unless_present = "audit")]
    request: Vec<String>,
    /// The JSON body: as text, or the file in which it stands
    #[arg(long, value_name = "JSON|FILE")]
    body: Option<String>,
    /// Run the command with a stand-in for the daemon, and explain what it asks for
    #[arg(long, conflicts_with = "body")]
    record: bool,
    /// Explain a request of the audit in this file, by the id that its record and the answer to it have
    ///
    /// Without an id: what the policy denies of all that was denied, or would have been, as lines that would allow it.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["record", "client", "listener", "uid", "gid", "address"])]
    audit: Option<PathBuf>,
    /// Ask as this client of the policy
    #[arg(long, value_name = "NAME", conflicts_with_all = ["listener", "uid", "gid", "address"])]
    client: Option<String>,
    /// Ask by way of this listener
    #[arg(long, value_name = "NAME")]
    listener: Option<String>,
    /// Ask as this user
    #[arg(long, value_name = "UID")]
    uid: Option<u32>,
    /// Ask as this group
    #[arg(long, value_name = "GID")]
    gid: Option<u32>,
    /// Ask over TCP, from this address
    #[arg(long, value_name = "IP", conflicts_with_all = ["uid", "gid"])]
    address: Option<IpAddr>,
    /// The newest API version that the daemon speaks
    #[arg(long, value_name = "VERSION", value_parser = read_version, default_value_t = ApiVersion::NEWEST)]
    api: ApiVersion,
    /// What the daemon shows at a path, as /volumes/data={"Options":{}}; what is not given does not exist
    #[arg(long, value_name = "PATH=JSON", value_parser = read_shown)]
    shows: Vec<(String, Json)>,
    /// How it is written
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    format: Format,
}

const EXAMPLES: &str = "\
Examples:
  dockgate explain policy.toml GET '/containers/json?all=1'
  dockgate explain policy.toml --client backend POST /containers/create --body create.json
  dockgate explain policy.toml -- curl -X POST http://localhost/v1.44/containers/web/stop
  dockgate explain policy.toml --audit /var/log/dockgate/audit.jsonl 9f3ac41e-1b
  dockgate explain policy.toml --audit /var/log/dockgate/audit.jsonl
  dockgate explain policy.toml --record -- docker run --rm -v /etc:/host:ro alpine

Ends with 0 if every request is permitted, 1 if one is not or the policy has errors, 2 if there is nothing to explain.";

/// How it is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For people
    #[default]
    Text,
    /// One JSON object
    Json,
    /// As `[[test]]`s for the policy, with what it says now
    Tests,
}

/// A request as it is sent.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Request {
    method: String,
    target: String,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
}

impl Request {
    /// One of a client that sends JSON.
    fn of_json(method: String, target: String, body: Vec<u8>) -> Self {
        let json = (!body.is_empty()).then(|| ("Content-Type".to_owned(), "application/json".to_owned()));
        Self { method, target, headers: json.into_iter().collect(), body }
    }

    fn read(&self, newest: ApiVersion) -> Result<Operation, Unreadable> {
        let headers = self.headers.iter().map(|(name, value)| (name.as_str(), value.as_bytes()));
        let headers: Vec<_> = headers.collect();
        let head = Head { method: &self.method, target: self.target.as_bytes(), headers: &headers };
        read_whole(&head, &self.body, newest)
    }
}

/// A request and what is to be said of it.
struct Explained {
    request: Request,
    /// None where it cannot be read.
    read: Option<Understood>,
    outcome: Outcome,
}

/// What a request is, once it is read.
struct Understood {
    /// The paths of the daemon that the verdict hangs on, and nobody said what it shows there.
    not_shown: Vec<String>,
    /// The paths of the host that it hangs on and that may have a link on their way, which was not looked for.
    untraced: Vec<String>,
    endpoint: String,
    id: &'static str,
    summary: &'static str,
    version: ApiVersion,
    account: Account,
}

/// Explains one request, or all that a command makes.
///
/// # Errors
/// If `out` cannot be written to.
pub(super) fn explain(
    arguments: &ExplainArguments,
    input: &mut dyn Read,
    out: &mut dyn Write,
    colour: bool,
) -> io::Result<Exit> {
    let file = PolicyFile::read(&arguments.policy, input);
    let source = match &file.source {
        Ok(source) => source,
        Err(error) => {
            super::complain(&format_args!("{}: cannot be read: {error}", file.name));
            return Ok(Exit::Usage);
        }
    };
    let (policy, mut problems) = Policy::read(source);
    problems.retain(|problem| problem.severity() == Severity::Error);
    let Some(policy) = policy else {
        super::complain(&render(&problems, &file.name, source, colour));
        return Ok(Exit::Failure);
    };
    if let (Some(audit), []) = (&arguments.audit, arguments.request.as_slice()) {
        return allowing(audit, arguments, &policy, out);
    }
    let Asked { client, requests, audited } = match asked(arguments, &policy) {
        Ok(asked) => asked,
        Err(message) => {
            super::complain(&format_args!("dockgate explain: {message}"));
            return Ok(Exit::Usage);
        }
    };
    let explained = requests.into_iter().map(|request| explained(request, arguments, &policy, &client));
    let explained: Vec<Explained> = explained.collect();
    let permitted = explained.iter().all(|one| matches!(one.outcome, Outcome::Permit { .. }));
    match arguments.format {
        Format::Text => {
            let record = audited.map(|audited| audited.written(&policy, permitted)).unwrap_or_default();
            out.write_all(record.as_bytes())?;
            out.write_all(text::written(&explained, &policy, &file.name).as_bytes())?;
        }
        Format::Tests => {
            out.write_all(cases::written(&explained, arguments, &client).as_bytes())?;
        }
        Format::Json => {
            let record = audited.map(|audited| audited.json(&policy, permitted));
            writeln!(out, "{:#}", json::written(&explained, policy.mode(), record))?;
        }
    }
    Ok(if permitted { Exit::Success } else { Exit::Failure })
}

/// Writes what would allow that which was denied, or would have been.
fn allowing(
    audit: &Path,
    arguments: &ExplainArguments,
    policy: &Policy,
    out: &mut dyn Write,
) -> io::Result<Exit> {
    let mut lessons: Vec<Lesson> = Vec::new();
    let mut kinds = HashMap::new();
    let read = if arguments.format == Format::Text && arguments.body.is_none() {
        audited::denied(audit, |kind, audited| {
            let explained = explained(audited.request.clone(), arguments, policy, &audited.client);
            // The policy may permit some of those by now that were denied for one reason.
            let index = *kinds.entry((kind, explained.verdict())).or_insert(lessons.len());
            match lessons.get_mut(index) {
                Some(lesson) => lesson.count = lesson.count.saturating_add(1),
                None => lessons.push(Lesson { audited, explained, count: 1 }),
            }
        })
    } else {
        Err("with --body or --format write the id of one request".to_owned())
    };
    if let Err(message) = read {
        super::complain(&format_args!("dockgate explain: {message}"));
        return Ok(Exit::Usage);
    }
    out.write_all(lessons::written(&lessons).as_bytes())?;
    Ok(if lessons.iter().all(Lesson::is_learnt) { Exit::Success } else { Exit::Failure })
}

/// What is to be explained.
struct Asked {
    client: Client,
    requests: Vec<Request>,
    /// The record that the request is from.
    audited: Option<Audited>,
}

fn asked(arguments: &ExplainArguments, policy: &Policy) -> Result<Asked, String> {
    let Some(file) = &arguments.audit else {
        let client = asker(arguments, policy)?;
        return Ok(Asked { client, requests: requests(arguments)?, audited: None });
    };
    let [id] = arguments.request.as_slice() else {
        return Err("with --audit write the id of one request".to_owned());
    };
    let body = arguments.body.as_deref().map(read_body).transpose()?;
    let audited = audited::find(file, id, body)?;
    Ok(Asked {
        client: audited.client.clone(),
        requests: vec![audited.request.clone()],
        audited: Some(audited),
    })
}

/// The requests that are to be explained.
fn requests(arguments: &ExplainArguments) -> Result<Vec<Request>, String> {
    let words = &arguments.request;
    if arguments.record {
        return record::record(words);
    }
    let split = match words.as_slice() {
        [only] => shlex::split(only).ok_or_else(|| format!("`{only}` has a quote that is not closed"))?,
        words => words.to_vec(),
    };
    let body = arguments.body.as_deref().map(read_body).transpose()?.unwrap_or_default();
    match split.as_slice() {
        [first, rest @ ..] if first == "curl" || first.ends_with("/curl") => {
            let request = curl::read(rest)?;
            Ok(vec![match body.as_slice() {
                [] => request,
                _ => Request::of_json(request.method, request.target, body),
            }])
        }
        [method, target] if target.contains('/') => {
            Ok(vec![Request::of_json(method.clone(), target.clone(), body)])
        }
        _ => Err("write METHOD and /path, as in `dockgate explain policy.toml GET /containers/json`; what a command asks for shows `dockgate explain policy.toml --record -- docker ps`".to_owned()),
    }
}

/// A body, as text or in a file.
fn read_body(given: &str) -> Result<Vec<u8>, String> {
    if given.trim_start().starts_with(['{', '[']) {
        return Ok(given.as_bytes().to_vec());
    }
    fs::read(given).map_err(|error| format!("the body {given} cannot be read: {error}"))
}

fn asker(arguments: &ExplainArguments, policy: &Policy) -> Result<Client, String> {
    if let Some(name) = &arguments.client {
        return policy.example_of(name).ok_or_else(|| format!("the policy names no client `{name}`"));
    }
    let ExplainArguments { listener, uid, gid, address, .. } = arguments;
    let peer = match (uid, gid) {
        (None, None) => Peer::Tcp(SocketAddr::new(address.unwrap_or(STRANGER), 1)),
        (uid, gid) => Peer::process(*uid, *gid),
    };
    Ok(Client { listener: listener.clone().unwrap_or_default(), peer })
}

fn explained(request: Request, arguments: &ExplainArguments, policy: &Policy, client: &Client) -> Explained {
    match request.read(arguments.api) {
        Ok(operation) => {
            let not_shown = RefCell::new(BTreeSet::new());
            let show = |path: &str| {
                let shown = arguments.shows.iter().find(|(shown, _)| shown == path);
                if shown.is_none() {
                    not_shown.borrow_mut().insert(path.to_owned());
                }
                shown.map(|(_, json)| json.clone())
            };
            let operation = learned(policy, client, operation, show);
            let endpoint = operation.endpoint();
            let read = Some(Understood {
                not_shown: not_shown.take().into_iter().collect(),
                untraced: policy.unknown(client, &operation).paths.into_iter().collect(),
                endpoint: endpoint.to_string(),
                id: endpoint.id,
                summary: endpoint.summary,
                version: operation.version(),
                account: policy.account(client, &operation),
            });
            Explained { request, read, outcome: judge(policy, client, operation) }
        }
        Err(unreadable) => Explained { request, read: None, outcome: Outcome::Unreadable(unreadable) },
    }
}

fn read_version(text: &str) -> Result<ApiVersion, String> {
    ApiVersion::read(text)
        .filter(|version| (ApiVersion::OLDEST..=ApiVersion::NEWEST).contains(version))
        .ok_or_else(|| format!("dockgate knows {} to {}", ApiVersion::OLDEST, ApiVersion::NEWEST))
}

fn read_shown(text: &str) -> Result<(String, Json), String> {
    let (path, json) = text.split_once('=').ok_or("write PATH=JSON")?;
    if !path.starts_with('/') {
        return Err(
            "write the path at which the daemon shows it, as /volumes/data={\"Options\":{}}".to_owned()
        );
    }
    let json = Json::read_shown(json.as_bytes()).map_err(|flaw| flaw.to_string())?;
    Ok((path.to_owned(), json))
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Parser)]
    struct Line {
        #[command(flatten)]
        explain: ExplainArguments,
    }

    const POLICY: &str = "version = 1\n[clients.ui]\nlistener = \"ui\"\n[[allow]]\nname = \"look\"\nclients = \"ui\"\noperations = [\"@read\"]\n[[allow]]\nname = \"make\"\noperations = [\"POST /volumes/create\"]\n";

    fn run(line: &[&str]) -> (Exit, String) {
        run_with(POLICY, line)
    }

    fn run_with(policy: &str, line: &[&str]) -> (Exit, String) {
        let arguments = Line::try_parse_from(["explain", "-"].iter().chain(line)).unwrap().explain;
        let mut out = Vec::new();
        let exit = explain(&arguments, &mut policy.as_bytes(), &mut out, false).unwrap();
        (exit, String::from_utf8(out).unwrap())
    }

    /// A record of what `ui` asked, with `more` members.
    fn record(id: &str, decision: &str, operation: &str, asked: &str, more: &str) -> String {
        let (method, path) = asked.split_once(' ').unwrap();
        let none = "0".repeat(64);
        format!(
            r#"{{"schema":1,"sequence":1,"previous":"{none}","time":"2026-01-02T03:04:05.678901Z","event":"judged","id":"{id}","client":{{"names":["ui"],"listener":"ui","uid":1,"gid":1}},"operation":"{operation}","method":"{method}","path":"{path}","version":"1.44","decision":"{decision}"{more}}}"#
        ) + "\n"
    }

    #[test]
    fn a_command_of_curl_is_read_with_its_headers() {
        const JSON: &str = "Content-Type: application/json";
        let (exit, text) = run(&["--", "curl", "d/v1.44/volumes/create", "-d", "{}"]);
        assert_eq!(exit, Exit::Failure);
        assert!(text.contains("deny, unsupported_media_type") && text.contains(JSON), "{text}");
        let (exit, _) = run(&["--", "curl", "d/v1.44/volumes/create", "-d", "{}", "-H", JSON]);
        assert_eq!(exit, Exit::Success);
        let (exit, _) = run(&["--body", "{}", "--", "curl", "-X", "POST", "d/v1.44/volumes/create"]);
        assert_eq!(exit, Exit::Success);
    }

    #[test]
    fn of_what_was_denied_rules_are_made_that_allow_it() {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("audit.jsonl");
        let used = r#","reason":"missing_grant","fields":[{"field":"DriverOpts","value":"_"}]"#;
        let records = [
            record("1", "observe", "ContainerLogs", "GET /containers/web/logs", ""),
            record("2", "observe", "ContainerLogs", "GET /containers/db/logs", ""),
            record("3", "deny", "VolumeList", "GET /volumes", ""),
            record("4", "deny", "SystemInfo", "GET /info", ""),
            record("5", "permit", "SecretList", "GET /secrets", ""),
            record("6", "refuse", "SystemInfo", "GET /info", ""),
            record("7", "deny", "VolumeCreate", "POST /volumes/create", used),
            record(
                "8",
                "deny",
                "VolumeCreate",
                "POST /volumes/create",
                &used.replace("DriverOpts", "Driver"),
            ),
            record("9", "deny", "VolumeCreate", "POST /volumes/create", used),
        ];
        fs::write(&file, records.concat()).unwrap();
        let (exit, text) = run(&["--audit", file.to_str().unwrap()]);
        assert_eq!(exit, Exit::Failure);
        assert_eq!(
            text,
            "\
# Of 5 kinds of requests that were denied, or would have been, this policy denies 2; of 2 their records do not tell.

# GET /v1.44/containers/web/logs: 2 times, as 1
# GET /v1.44/volumes: once, as 3
[[allow]]
clients = [\"ui\"]
operations = [
    \"GET /containers/{id}/logs\",
    \"GET /volumes\",
]

# POST /v1.44/volumes/create: 2 times, as 7
#   not in its record: the body; it used DriverOpts. Give it with --body
#   permitted by rule \"make\" but for that

# POST /v1.44/volumes/create: once, as 8
#   not in its record: the body; it used Driver. Give it with --body
#   permitted by rule \"make\" but for that
"
        );
        let (exit, _) = run(&["--audit", file.to_str().unwrap(), "--format", "json"]);
        assert_eq!(exit, Exit::Usage);
    }

    #[test]
    fn what_is_still_denied_is_not_hidden_by_what_was_denied_for_the_same_reason() {
        const POLICY: &str =
            "version = 1\n[[allow]]\nname = \"pull\"\noperations = [\"ImageCreate\"]\nimages = [\"a\"]\n";
        let record = |id: &str, image: &str| {
            let more = format!(r#","parameters":{{"fromImage":"{image}","tag":"1"}},"reason":"condition""#);
            record(id, "deny", "ImageCreate", "POST /images/create", &more)
        };
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("audit.jsonl");
        fs::write(&file, [record("1", "a"), record("2", "b"), record("3", "a"), record("4", "c")].concat())
            .unwrap();
        let (exit, text) = run_with(POLICY, &["--audit", file.to_str().unwrap()]);
        assert_eq!(exit, Exit::Failure);
        assert!(text.starts_with("# Of 2 kinds of requests") && text.contains("denies 1.\n"), "{text}");
        assert!(text.contains("fromImage=b&tag=1: 2 times, as 2\n"), "{text}");
    }

    #[test]
    fn a_permit_names_its_rule() {
        let (exit, text) = run(&["--client", "ui", "GET", "/v1.44/info"]);
        assert_eq!(exit, Exit::Success);
        assert_eq!(
            text,
            "\
GET /v1.44/info
  GET /info (SystemInfo), API 1.44: Shows the daemon's settings and how it fares
  client: ui
  rules:
    <stdin>:4 allow \"look\"  matches
    for other operations: \"make\"
  verdict: permit, by rule \"look\"

"
            .replace("Shows the daemon's settings and how it fares", summary("SystemInfo"))
        );
    }

    fn summary(id: &str) -> &'static str {
        crate::operation::table::endpoints().find(|endpoint| endpoint.id == id).unwrap().summary
    }

    #[test]
    fn a_denial_says_what_each_rule_lacks_and_what_would_turn_it() {
        let body = r#"{"Name": "x", "DriverOpts": {"type": "none", "o": "bind", "device": "/etc"}}"#;
        let (exit, text) = run(&["POST", "/volumes/create", "--body", body]);
        assert_eq!(exit, Exit::Failure);
        for expected in [
            "  client: nobody whom the policy names\n",
            "host_paths \"/etc\"",
            "<stdin>:8 allow \"make\"  it does not grant DriverOpts, which ",
            "  verdict: deny, missing_grant\n",
            "    host_paths = [\"/etc\"]\n",
        ] {
            assert!(text.contains(expected), "{expected} in:\n{text}");
        }
        let (_, text) = run(&["--listener", "x", "GET", "/info"]);
        assert!(text.contains("<stdin>:4 allow \"look\"  is for ui\n"), "{text}");
    }

    #[test]
    fn what_cannot_be_read_is_explained_too() {
        let (exit, text) = run(&["GET", "/v1.2/info"]);
        assert_eq!(exit, Exit::Failure);
        assert!(text.contains("verdict: deny, unsupported_version\n"), "{text}");
    }

    #[test]
    fn a_command_is_no_request() {
        let asked = |line: &[&str]| {
            let arguments = Line::try_parse_from(["explain", "-"].iter().chain(line)).unwrap().explain;
            requests(&arguments)
        };
        for line in [&["docker", "ps"][..], &["docker ps"], &["--", "docker", "run", "alpine"]] {
            assert!(asked(line).unwrap_err().contains("--record -- docker ps"), "{line:?}");
        }
        assert!(asked(&["GET", "containers/json"]).is_ok());
    }

    #[test]
    fn programs_get_all_of_it() {
        let (_, text) = run(&["--format", "json", "POST /volumes/create", "--body", r#"{"Driver": "nfs"}"#]);
        let json: serde_json::Value = serde_json::from_str(&text).unwrap();
        let request = &json["requests"][0];
        assert_eq!((&request["verdict"], &request["rule"]), (&"deny".into(), &"make".into()));
        assert_eq!(request["lacks"], serde_json::json!(["Driver", "drivers"]));
        assert_eq!(request["operation"]["means"][0]["value"], "\"volume:nfs\"");
        assert_eq!(request["suggestion"]["rule"], "make");
        let rules = request["operation"]["rules"].as_array().unwrap();
        assert_eq!(
            (&rules[0]["finding"], &rules[1]["finding"]),
            (&"other_operations".into(), &"fails".into())
        );
    }

    #[test]
    fn an_explanation_becomes_tests() {
        let (_, text) = run(&["--client", "ui", "--format", "tests", "--", "curl", "http://d/info"]);
        let source = format!("{POLICY}{text}");
        let (suite, problems) = crate::policy::case::Suite::read(&source);
        assert!(problems.iter().all(|problem| problem.severity() != Severity::Error), "{problems:?}");
        let ran = suite.unwrap().run(&crate::policy::case::Files::new());
        assert!(ran.len() == 1 && ran[0].failure.is_none(), "{ran:?}");
    }

    #[test]
    fn a_test_is_asked_as_what_was_explained() {
        const POLICY: &str = "version = 1\n[clients.ui]\nlistener = \"ui\"\nuid = 7\n[[allow]]\nname = \"look\"\nclients = \"ui\"\noperations = [\"@read\", \"ContainerStop\"]\ncontainer.label.a = \"b\"\n";
        let shown = r#"/containers/x/json={"Id":"x","Name":"/x","Config":{"Labels":{"a":"b"},"Cmd":null}}"#;
        for line in [
            &["--listener", "ui", "--uid", "7", "--api", "1.44", "GET", "/info"][..],
            &["--client", "ui", "--shows", shown, "POST", "/containers/x/stop"],
            &["--address", "10.0.0.7", "GET", "/info"],
        ] {
            let (_, text) = run_with(POLICY, &[&["--format", "tests"], line].concat());
            let (suite, problems) = crate::policy::case::Suite::read(&format!("{POLICY}{text}"));
            let ran = suite
                .unwrap_or_else(|| panic!("{problems:?} {text}"))
                .run(&crate::policy::case::Files::new());
            assert!(ran.len() == 1 && ran[0].failure.is_none(), "{text}{ran:?}");
            assert_eq!(text.contains("verdict = \"permit\""), !text.contains("10.0.0.7"), "{text}");
        }
    }

    #[test]
    fn that_links_were_not_looked_for_is_said_where_paths_count() {
        let rules =
            "[[allow]]\noperations = [\"ContainerCreate\"]\nhost_paths = [\"/opt/**\"]\nvolumes = true\n";
        let told = |bind: &str, format: &str| {
            let body = format!(r#"{{"HostConfig":{{"Binds":["{bind}:/x"]}}}}"#);
            let line = ["--format", format, "POST /containers/create", "--body", &body];
            run_with(&format!("version = 1\n{rules}"), &line).1
        };
        let line = "\n  not looked for: links on the host";
        assert!(told("/opt/x", "text").contains(line), "{}", told("/opt/x", "text"));
        assert!(!told("data", "text").contains(line));
        let json: serde_json::Value = serde_json::from_str(&told("/opt/x", "json")).unwrap();
        assert_eq!(json["requests"][0]["operation"]["untraced"], serde_json::json!(["/opt/x"]));
    }

    #[test]
    fn what_the_daemon_shows_can_be_said() {
        assert!(read_shown("/volumes/x").is_err() && read_shown("/volumes/x={").is_err());
        assert!(read_shown("volumes/x={}").unwrap_err().starts_with("write the path at which"));
        let (path, json) = read_shown(r#"/volumes/x={"Options":null}"#).unwrap();
        assert_eq!((path.as_str(), json.to_string().as_str()), ("/volumes/x", r#"{"Options":null}"#));
    }
}
