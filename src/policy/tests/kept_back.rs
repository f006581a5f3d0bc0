//! What a refusal keeps back of things that its client may not see.

use super::*;
use crate::operation::Json;

/// The message of a refusal where the daemon shows this of whatever it is asked about.
fn told(rules: &str, request: &str, shown: &str) -> String {
    let policy = policy(rules);
    let mut operation = read(request, ApiVersion::NEWEST);
    for question in policy.questions(&client("tcp"), &operation) {
        operation.learn(question, Some(Json::read_shown(shown.as_bytes()).unwrap()));
    }
    match policy.judge(&client("tcp"), operation) {
        Verdict::Denial(denial) => denial.message().to_owned(),
        Verdict::Permit(_) => panic!("{request}"),
    }
}

#[test]
fn what_a_thing_is_made_of_is_told_to_those_who_may_see_it() {
    let create = "[[allow]]\nname = \"r\"\noperations = [\"ContainerCreate\", \"NetworkInspect\"]\n\
                  host_paths = [\"/data/**\"]\nvolumes = [\"app-*\"]\nnetworks = [\"app-*\"]\nimages = [\"b\"]\n";
    let container =
        r#"{"Id":"aaaa","Name":"/db","Config":{},"Mounts":[{"Type":"bind","Source":"/srv/secret"}]}"#;
    let volume =
        r#"{"Name":"app-1","Driver":"local","Options":{"type":"none","o":"bind","device":"/srv/secret"}}"#;
    let network = r#"{"Name":"secret","Id":"cccc"}"#;
    let of = |config: &str| format!(r#"POST /containers/create {{"Image":"b","HostConfig":{{{config}}}}}"#);
    let (from, binds) = (of(r#""VolumesFrom":["db"]"#), of(r#""Binds":["app-1:/x"]"#));
    let cases = [
        (&*from, container, "", false),
        (&*from, container, "operations = [\"ContainerInspect\"]", true),
        (&*from, container, "operations = [\"ContainerList\"]\nredact = \"@environment\"", true),
        (&*from, container, "operations = [\"ContainerInspect\"]\nredact = \"@host-paths\"", false),
        (&*from, container, "operations = [\"ContainerInspect\"]\nredact = \"Mounts.Source\"", false),
        (&*from, container, "operations = [\"ContainerInspect\"]\ncontainer.label.a = \"b\"", false),
        (&*from, container, "operations = [\"GET ~^/containers/web/json$\"]", false),
        (&*from, container, "operations = [\"GET ~^/containers/(web|db)/json$\"]", true),
        (&*binds, volume, "", false),
        (&*binds, volume, "operations = [\"VolumeInspect\"]", true),
        (&*binds, volume, "operations = [\"VolumeInspect\"]\nvolumes = [\"other-*\"]", false),
        ("GET /networks/cccc", network, "", false),
        ("GET /networks/cccc", network, "operations = [\"NetworkList\"]", true),
    ];
    for (request, shown, rule, is_told) in cases {
        let rules = if rule.is_empty() { create.to_owned() } else { format!("{create}[[allow]]\n{rule}\n") };
        let message = told(&rules, request, shown);
        assert_eq!(message.contains("secret"), is_told, "{request}, {rule}: {message}");
        assert_eq!(message.contains("\nIt hangs on what "), !is_told, "{request}, {rule}: {message}");
    }
    // Of a volume that is nothing else there is nothing to keep back.
    let plain = told(create, &of(r#""Binds":["other:/x"]"#), r#"{"Name":"other","Options":null}"#);
    assert!(plain.contains("\nvolumes = [\"other\"]"), "{plain}");
}
