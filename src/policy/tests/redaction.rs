//! What rules hide in answers.

use super::*;
use crate::operation::Json;
use crate::operation::answer::Step;
use crate::policy::problem::Code;

/// What the client gets to see of an answer; `daemon` says what a container is.
fn seen(policy: &Policy, request: &str, answer: &str) -> String {
    let mut operation = read(request, ApiVersion::NEWEST);
    for question in policy.questions(&client("tcp"), &operation) {
        let owner = if question.name == "mine" { "me" } else { "you" };
        let id = question.name.clone();
        let shown = format!(r#"{{"Id":"{id}","Name":"/{id}","Config":{{"Labels":{{"owner":"{owner}"}}}}}}"#);
        operation.learn(question, Some(Json::read_shown(shown.as_bytes()).unwrap()));
    }
    let permit = match policy.judge(&client("tcp"), operation) {
        Verdict::Permit(permit) => permit,
        Verdict::Denial(denial) => panic!("{request}: {}", denial.message()),
    };
    let Some(mut reader) = permit.terms().of_answer().reader(permit.operation()) else {
        return answer.to_owned();
    };
    let mut out = Vec::new();
    reader.feed(answer.as_bytes(), &mut out).unwrap();
    reader.end();
    assert_eq!(reader.step(&mut out), Ok(Step::Done));
    String::from_utf8(out).unwrap()
}

const CONTAINER: &str = r#"{"Id":"x","Config":{"Env":["A=b"],"Image":"own/bb"},"LogPath":"/var/x"}"#;

#[test]
fn what_a_rule_redacts_is_hidden_where_it_grants() {
    let policy = policy(
        r#"
            [[allow]]
            operations = ["ContainerInspect", "SystemInfo"]
            redact = ["@environment", "LogPath"]
        "#,
    );
    assert_eq!(
        seen(&policy, "GET /containers/x/json", CONTAINER),
        CONTAINER.replace("A=b", "A=redacted-by-dockgate").replace("/var/x", "/redacted-by-dockgate")
    );
    let info = r#"{"HttpProxy":"http://user:password@proxy:3128","NoProxy":"","Containers":3}"#;
    assert_eq!(
        seen(&policy, "GET /info", info),
        r#"{"HttpProxy":"redacted-by-dockgate","NoProxy":"","Containers":3}"#
    );
}

#[test]
fn what_one_rule_shows_another_does_not_hide() {
    let policy = policy(
        r#"
            [[allow]]
            name = "look"
            operations = ["ContainerInspect", "ContainerList"]
            redact = ["Config.Env", "Labels.secret", "Mounts"]
            [[allow]]
            name = "mine"
            operations = ["ContainerInspect", "ContainerList"]
            container.label.owner = "me"
        "#,
    );
    let hidden = CONTAINER.replace("A=b", "A=redacted-by-dockgate");
    assert_eq!(seen(&policy, "GET /containers/theirs/json", CONTAINER), hidden);
    assert_eq!(seen(&policy, "GET /containers/mine/json", CONTAINER), CONTAINER);
    let listed = |owner: &str, secret: &str| {
        format!(
            r#"{{"Id":"{owner}","Names":["/{owner}"],"Labels":{{"owner":"{owner}","secret":"{secret}"}},"Mounts":["?"]}}"#
        )
    };
    let list = format!("[{},{}]", listed("me", "s"), listed("you", "s"));
    let theirs = listed("you", "redacted-by-dockgate").replace('?', "redacted-by-dockgate");
    let expected = format!("[{},{theirs}]", listed("me", "s"));
    assert_eq!(seen(&policy, "GET /containers/json", &list), expected);
}

#[test]
fn of_rules_that_all_hide_something_all_count() {
    let policy = policy(
        r#"
            [[allow]]
            operations = ["ContainerInspect", "ContainerList"]
            redact = "Config.Env"
            [[allow]]
            operations = ["ContainerInspect", "ContainerList"]
            redact = "LogPath"
        "#,
    );
    let hidden =
        CONTAINER.replace("A=b", "A=redacted-by-dockgate").replace("/var/x", "/redacted-by-dockgate");
    assert_eq!(seen(&policy, "GET /containers/x/json", CONTAINER), hidden);
    // No rule tells one thing from another, so nothing has to be known of them.
    assert_eq!(seen(&policy, "GET /containers/json", "[{}]"), "[{}]");
}

#[test]
fn what_is_on_a_network_is_hidden_as_well() {
    let policy = policy("[[allow]]\noperations = [\"NetworkInspect\"]\nredact = [\"@network\"]");
    let network = r#"{"Id":"n","Containers":{"a":{"IPv4Address":"172.17.0.2/16"}}}"#;
    assert_eq!(seen(&policy, "GET /networks/n", network), network.replace("172.17.0.2/16", "192.0.2.100/32"));
}

#[test]
fn a_rule_that_redacts_does_not_cover_one_that_does_not() {
    let is_covered = |narrow: &str, wide: &str| {
        let rule = |redact: &str| format!("[[allow]]\noperations = [\"ContainerInspect\"]\n{redact}\n");
        let source = format!("version = 1\n{}{}", rule(wide), rule(narrow));
        let (_, problems) = Policy::read(&source);
        let last = source.rfind("[[allow]]").unwrap();
        problems.iter().any(|problem| problem.code == Code::CoveredRule && problem.start() == last)
    };
    let redact = "redact = [\"@network\"]";
    assert!(is_covered(redact, ""));
    assert!(!is_covered("", redact));
    assert!(is_covered("redact = [\"@network\", \"Args\"]", redact));
}

#[test]
fn a_suggestion_hides_as_much() {
    let policy = policy(
        r#"
            [[allow]]
            operations = ["ContainerLogs"]
            query.tail = "10"
            redact = ["@network", "Config.Labels.\"a.b\""]
        "#,
    );
    let denied = policy.judge(&client("tcp"), operation("GET /containers/x/logs?tail=20"));
    let Verdict::Denial(denial) = denied else { panic!() };
    let message = denial.message();
    assert!(message.contains(r#"redact = ["@network", "Config.Labels.\"a.b\""]"#), "{message}");
}

#[test]
fn forbid_rules_redact_nothing() {
    let (policy, problems) =
        Policy::read("version = 1\n[[forbid]]\noperations = [\"ContainerList\"]\nredact = \"@network\"\n");
    assert!(policy.is_none() && problems.iter().any(|problem| problem.code == Code::UnknownKey));
}
