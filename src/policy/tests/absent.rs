//! Things that are not there, or that the daemon cannot be asked about.

use super::things::{self, about};
use super::*;

/// What becomes of a request that everybody may make, but for a forbid rule with these lines.
fn forbidding(lines: &str, request: &str) -> String {
    let policy = policy(&format!(
        "[[allow]]\noperations = [\"*\"]\nunguarded = true\n[[forbid]]\noperations = [\"*\"]\n{lines}"
    ));
    let verdict = about(&policy, request);
    if verdict.starts_with('/') { "permit".to_owned() } else { verdict }
}

#[test]
fn a_name_that_a_link_gives_may_be_that_of_any_container() {
    let create =
        |config: &str| format!(r#"POST /containers/create {{"Image":"x:1","HostConfig":{{{config}}}}}"#);
    let volumes =
        ["mine/d b", "/mine/d?b:ro", "d b"].map(|name| create(&format!(r#""VolumesFrom":["{name}"]"#)));
    for request in &volumes {
        assert_eq!(forbidding("host_paths = [\"/etc\"]", request), "forbidden", "{request}");
    }
    let others = [
        create(r#""PidMode":"container:mine/d b""#),
        create(r#""NetworkMode":"container:mine/d b""#),
        r#"POST /networks/net/disconnect {"Container":"mine/d b"}"#.to_owned(),
        "POST /commit?container=mine%2Fd%20b".to_owned(),
    ];
    for request in volumes.iter().chain(&others) {
        assert_eq!(forbidding("container.name = \"db\"", request), "forbidden", "{request}");
    }
    let listing = policy(
        r#"
            [[allow]]
            operations = ["POST /containers/create"]
            host_paths = ["/opt/**"]
            body."HostConfig.VolumesFrom" = true
        "#,
    );
    // One that is not there may be there a moment later.
    for request in volumes.iter().chain([&create(r#""VolumesFrom":["none"]"#)]) {
        assert_eq!(about(&listing, request), "condition", "{request}");
    }
}

#[test]
fn a_network_by_a_name_that_cannot_be_looked_at_may_be_any() {
    let network =
        |name: &str| format!(r#"POST /containers/create {{"HostConfig":{{"NetworkMode":"{name}"}}}}"#);
    for name in ["a//b", "../x", "\u{e9}", &"x".repeat(1025)] {
        assert_eq!(forbidding("network.label.secret = true", &network(name)), "forbidden", "{name}");
    }
    assert_eq!(forbidding("network.label.secret = true", &network("new")), "permit");
}

#[test]
fn what_swarm_calls_a_volume_cannot_be_looked_at() {
    let policy = policy(
        r#"
            [[allow]]
            operations = ["POST /services/create"]
            host_paths = ["/data/*"]
            body."TaskTemplate.ContainerSpec.Mounts" = true
        "#,
    );
    for (source, expected) in [("app-d", "/services/create"), (r#"{{\"app-d\"}}"#, "condition")] {
        let mounts = format!(r#"[{{"Type":"volume","Source":"{source}","Target":"/x"}}]"#);
        let body = format!(r#"{{"TaskTemplate":{{"ContainerSpec":{{"Image":"x","Mounts":{mounts}}}}}}}"#);
        let request = format!("POST /services/create {body}");
        assert_eq!(about(&policy, &request), expected, "{source}");
        if let Verdict::Denial(denial) = policy.judge(&client("tcp"), things::asked(&policy, &request)) {
            let message = denial.refusal().message();
            assert!(message.contains("by another") && !message.contains("To allow it"), "{message}");
        }
    }
}

#[test]
fn what_is_not_there_may_be_by_its_name() {
    let service = |image: &str| {
        format!(r#"POST /services/create {{"TaskTemplate":{{"ContainerSpec":{{"Image":"{image}"}}}}}}"#)
    };
    let container = |image: &str| format!(r#"POST /containers/create {{"Image":"{image}"}}"#);
    let volume =
        |name: &str| format!(r#"POST /containers/create {{"HostConfig":{{"Binds":["{name}:/x"]}}}}"#);
    // Swarm fetches an image that is not there, or it comes meanwhile, and the daemon makes a volume.
    for (lines, request, expected) in [
        ("image.name = \"evil/*\"", service("evil/x:1"), "no such image evil/x:1"),
        ("image.name = \"evil/*\"", service("good/x:1"), "permit"),
        ("image.label.evil = true", service("good/x:1"), "no such image good/x:1"),
        ("image.label.evil = true", service("pulled:1"), "permit"),
        ("image.label.evil = true", container("new:1"), "no such image new:1"),
        ("image.label.evil = true", container("pulled:1"), "permit"),
        ("volume.name = \"secret\"", volume("secret"), "no such volume secret"),
        ("volume.name = \"secret\"", volume("open"), "permit"),
        ("volume.label.secret = true", volume("open"), "permit"),
    ] {
        assert_eq!(forbidding(lines, &request), expected, "{lines} {request}");
    }
}

#[test]
fn what_is_not_there_may_be_there_a_moment_later() {
    for (condition, request, expected) in [
        ("container.label.owner = \"you\"", "DELETE /containers/none", "no such container none"),
        ("container.owner = \"you\"", "POST /exec/none/start {}", "no such exec none"),
        ("image.label.owner = true", "GET /images/none/get", "no such image none"),
        ("volume.label.owner = true", "DELETE /volumes/none", "no such volume none"),
        ("network.name = \"n*\"\nnetwork.label.x = false", "DELETE /networks/net-2", "no such network net-2"),
        ("container.name = \"db\"", "POST /containers/none/rename?name=db", "no such container none"),
        (
            "network.label.owner = \"you\"",
            r#"POST /services/create {"TaskTemplate":{"Networks":[{"Target":"net-2"}]}}"#,
            "no such network net-2",
        ),
        ("network.label.owner = \"you\"", "POST /build?networkmode=net-2", "no such network net-2"),
        // Other tags may be there.
        ("image.name = \"db:1\"", "GET /images/none/get", "no such image none"),
        ("image.name = \"db:1\"", "GET /images/get?names=none", "no such image none"),
        ("image.name = \"db:1\"", "POST /images/none/push", "no such image none"),
        // What a container has is not known before that is there.
        (
            "volume.name = \"db\"",
            r#"POST /containers/create {"HostConfig":{"VolumesFrom":["none"]}}"#,
            "no such container none",
        ),
        ("network.name = \"db\"", "POST /containers/none/start", "no such container none"),
        // It may come with an ID that begins so.
        (
            "network.name = \"db\"",
            r#"POST /containers/create {"HostConfig":{"NetworkMode":"beef"}}"#,
            "no such network beef",
        ),
        ("container.name = \"db\"", "DELETE /containers/beef", "no such container beef"),
        ("service.name = \"db\"", "DELETE /services/a1", "no such service a1"),
        (
            "host_paths = [\"/run/docker.sock\"]",
            r#"POST /containers/create {"HostConfig":{"VolumesFrom":["none"]}}"#,
            "forbidden",
        ),
        // By its name it is none of these, or it is made here, without what is forbidden.
        ("container.name = \"db\"", "POST /containers/none/rename?name=app", "permit"),
        ("image.name = \"db:1\"", "GET /images/none:1/get", "permit"),
        (
            "network.name = \"db\"",
            r#"POST /containers/create {"HostConfig":{"NetworkMode":"app"}}"#,
            "permit",
        ),
        ("network.name = \"x\"\nnetwork.label.x = false", "DELETE /networks/net-2", "permit"),
        ("network.label.owner = \"you\"", r#"POST /networks/create {"Name":"none"}"#, "permit"),
        (
            "volume.label.owner = \"you\"",
            r#"POST /containers/create {"HostConfig":{"Binds":["none:/x"]}}"#,
            "permit",
        ),
    ] {
        assert_eq!(forbidding(condition, request), expected, "{condition}: {request}");
    }
}

#[test]
fn the_namespace_of_a_container_is_struck_whatever_that_is_called() {
    let policy = super::forbids::forbidding("namespaces = [\"*:container:web\"]");
    let id = "4c01db0b339c".repeat(6).split_at(64).0.to_owned();
    for field in ["NetworkMode", "PidMode", "IpcMode"] {
        let ask = |name: &str, called: Option<&str>| {
            let body = format!(r#"{{"Image":"x","HostConfig":{{"{field}":"container:{name}"}}}}"#);
            let mut operation = read(&format!("POST /containers/create {body}"), ApiVersion::NEWEST);
            for question in policy.questions(&client("tcp"), &operation) {
                let shown =
                    called.map(|called| format!(r#"{{"Id":"{id}","Name":"/{called}","Config":{{}}}}"#));
                operation.learn(
                    question,
                    shown.map(|shown| crate::operation::Json::read_shown(shown.as_bytes()).unwrap()),
                );
            }
            verdict(&policy, "tcp", operation)
        };
        for (name, called, expected) in [
            ("web", None, "forbidden f"),
            ("/web", None, "forbidden f"),
            (&*id, Some("web"), "forbidden f"),
            ("4c01", Some("web"), "forbidden f"),
            ("app/w", Some("web"), "forbidden f"),
            // One may come.
            ("4c01", None, "forbidden f"),
            ("app/w", None, "forbidden f"),
            (&id, Some("db"), "permit all"),
            ("app/w", Some("db"), "permit all"),
            ("web2", None, "permit all"),
            ("cafe", Some("cafe"), "permit all"),
        ] {
            assert_eq!(ask(name, called), expected, "{field} {name} {called:?}");
        }
    }
}
