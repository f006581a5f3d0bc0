//! Every policy's own tests, played at the engine: what they permit is asked of the daemon, what they deny is not. What
//! would change something is left to the programs' own sessions.

use std::path::Path;

use crate::harness::{Container, Gate, RawClient};

/// The container that the tests of the policies speak of.
const CONTAINER: &str = "8dfafdbc3a40";

/// A test of a policy, as far as it can be played.
struct Played {
    request: String,
    is_permitted: bool,
}

/// The tests for which the daemon need not have anything but a container.
fn tests_of(policy: &str) -> Vec<Played> {
    let policy: toml::Table = toml::from_str(policy).unwrap();
    let tests = policy["test"].as_array().unwrap().iter();
    let tests = tests.filter(|test| {
        ["daemon", "client", "body", "dockerfile"].iter().all(|key| test.get(key).is_none())
            && test.get("reason").and_then(toml::Value::as_str) != Some("version")
    });
    tests
        .flat_map(|test| {
            let is_permitted = test["verdict"].as_str() == Some("permit");
            let requests = match &test["request"] {
                toml::Value::Array(requests) => requests.iter().collect(),
                toml::Value::String(_)
                | toml::Value::Integer(_)
                | toml::Value::Float(_)
                | toml::Value::Boolean(_)
                | toml::Value::Datetime(_)
                | toml::Value::Table(_) => vec![&test["request"]],
            };
            requests
                .into_iter()
                .map(move |request| Played { request: request.as_str().unwrap().to_owned(), is_permitted })
        })
        .filter(|played| !played.is_permitted || played.request.starts_with(['G', 'H']))
        .collect()
}

impl Played {
    /// The request as the wire has it, of the API version that the engine speaks, about this container.
    fn bytes(&self, container: &str) -> String {
        let mut words = self.request.splitn(3, ' ');
        let (method, target) = (words.next().unwrap(), words.next().unwrap());
        let body = words.next().unwrap_or_default();
        let unversioned = match target.strip_prefix("/v1.").and_then(|rest| rest.split_once('/')) {
            Some((_, rest)) => format!("/{rest}"),
            None => target.to_owned(),
        };
        let target = unversioned.replace(CONTAINER, container);
        let typed = if body.is_empty() { "" } else { "Content-Type: application/json\r\n" };
        format!(
            "{method} {target} HTTP/1.1\r\nHost: docker\r\nConnection: close\r\n{typed}Content-Length: {}\r\n\r\n{body}",
            body.len()
        )
    }
}

/// What dockgate decided of the answered request, as it is on record.
fn decision(gate: &Gate, head: &str) -> String {
    let id = head.lines().find_map(|line| line.strip_prefix("X-Dockgate-Request-Id: "));
    let id = id.unwrap_or_else(|| panic!("an answer of dockgate's: {head}")).trim().to_owned();
    let records = gate.audit();
    let mut judged = records.iter().filter(|record| record.text("id") == id);
    judged.find_map(|record| record.field("decision").as_str().map(str::to_owned)).unwrap_or_default()
}

#[test]
fn what_their_tests_say_holds_before_an_engine() {
    let container = Container::running("echo hello; exec sleep 600");
    let mut played = 0;
    for entry in std::fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("policy")).unwrap() {
        let file = entry.unwrap().path();
        if file.extension().is_none_or(|extension| extension != "toml") {
            continue;
        }
        let name = file.file_stem().unwrap().to_str().unwrap();
        let gate = Gate::with_policy(name).start();
        for test in tests_of(&std::fs::read_to_string(&file).unwrap()) {
            let mut client = RawClient::unix(&gate.socket());
            client.send(test.bytes(&container.name));
            let head = client.head();
            let expected = if test.is_permitted { "permit" } else { "deny" };
            assert_eq!(decision(&gate, &head), expected, "{name}: {}: {head}", test.request);
            played += 1;
        }
    }
    assert!(played > 600, "{played}");
}
