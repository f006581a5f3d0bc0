//! The networks that containers join, the one among them into which they are put where nothing is said.

use super::meanings::{assert_host_config, assert_permits};
use super::*;
use crate::operation::Json;

#[test]
fn the_default_bridge_is_one_of_the_networks() {
    assert_host_config(
        r#"networks = ["app-*", "bridge"]"#,
        &[
            r#""NetworkMode":"app-1""#,
            r#""NetworkMode":"default""#,
            r#""NetworkMode":"bridge""#,
            r#""NetworkMode":"""#,
        ],
        &[r#""NetworkMode":"host""#, r#""NetworkMode":"other""#],
    );
    let not_on_bridge = r#"networks = ["app-*"]"#;
    assert_host_config(
        not_on_bridge,
        &[r#""NetworkMode":"app-1""#, r#""NetworkMode":"none""#],
        &[r#""NetworkMode":"bridge""#, r#""NetworkMode":"default""#, r#""NetworkMode":"""#, r#""Init":true"#],
    );
    assert_permits(
        "POST /containers/create",
        not_on_bridge,
        &[r#"{"NetworkingConfig":{"EndpointsConfig":{"app-1":{}}}}"#, r#"{"NetworkDisabled":true}"#],
        &[
            r#"{"NetworkingConfig":{"EndpointsConfig":{"bridge":{}}}}"#,
            r#"{"HostConfig":{"NetworkMode":"app-1"},"NetworkingConfig":{"EndpointsConfig":{"default":{},"app-1":{}}}}"#,
        ],
    );
}

#[test]
fn a_network_that_is_joined_later_is_one_of_the_networks() {
    let operations = "operations = [\"NetworkConnect\", \"NetworkDisconnect\"]";
    let bounded = policy(&format!(
        "[[allow]]\nname = \"r\"\n{operations}\nnetworks = [\"app-*\"]\nbody.Container = true"
    ));
    let forbidding = policy(&format!(
        "[[allow]]\nname = \"r\"\n{operations}\nunguarded = true\n\
         [[forbid]]\nname = \"f\"\noperations = [\"*\"]\nnetworks = [\"prod\"]"
    ));
    for (network, within, beside) in [
        ("app-1", "permit r", "permit r"),
        ("bridge", "condition r", "permit r"),
        ("prod", "condition r", "forbidden f"),
        ("0123456789ab", "condition r", "forbidden f"),
    ] {
        for verb in ["connect", "disconnect"] {
            let request = format!(r#"POST /networks/{network}/{verb} {{"Container":"c"}}"#);
            assert_eq!(judged(&bounded, "tcp", &request), within, "{request}");
            assert_eq!(judged(&forbidding, "tcp", &request), beside, "{request}");
        }
    }
}

#[test]
fn a_network_that_is_made_or_named_in_a_path_is_one_of_the_networks() {
    let operations = "operations = [\"NetworkCreate\", \"NetworkInspect\", \"NetworkDelete\"]";
    let rule = format!("[[allow]]\nname = \"r\"\n{operations}");
    let bounded = policy(&format!("{rule}\nnetworks = [\"app*\"]"));
    let unbounded = policy(&rule);
    let forbidding =
        policy(&format!("{rule}\n[[forbid]]\nname = \"f\"\noperations = [\"*\"]\nnetworks = [\"prod\"]"));
    // As the daemon shows it, in case it is asked.
    for (network, is, within, beside) in [
        ("app-1", None, "permit r", "permit r"),
        ("app", Some("app"), "permit r", "permit r"),
        ("app", Some("prod"), "condition r", "forbidden f"),
        ("00ff", Some("app"), "permit r", "permit r"),
        ("00ff", Some("prod"), "condition r", "forbidden f"),
        ("00ff", None, "condition r", "forbidden f"),
        ("corp-2", None, "condition r", "permit r"),
        ("prod", Some("prod"), "condition r", "forbidden f"),
    ] {
        for verb in ["GET", "DELETE"] {
            let request = format!("{verb} /networks/{network}");
            for (policy, asks, expected) in
                [(&bounded, true, within), (&unbounded, false, "permit r"), (&forbidding, true, beside)]
            {
                let mut operation = read(&request, ApiVersion::NEWEST);
                let questions = policy.questions(&client("tcp"), &operation);
                let may_ask = asks && !network.contains('-');
                assert_eq!(!questions.is_empty(), may_ask, "{request}");
                if may_ask {
                    assert!(!verdict(policy, "tcp", operation.clone()).starts_with("permit"), "{request}");
                }
                for question in questions {
                    operation.learn(question, is.map(called));
                }
                assert_eq!(verdict(policy, "tcp", operation), expected, "{request}, {is:?}");
            }
        }
    }
    // What is made is called as it is asked for.
    for (network, within, beside) in [
        ("app", "permit r", "permit r"),
        ("00ff", "condition r", "permit r"),
        ("prod", "condition r", "forbidden f"),
    ] {
        let request = format!(r#"POST /networks/create {{"Name":"{network}"}}"#);
        assert!(bounded.questions(&client("tcp"), &read(&request, ApiVersion::NEWEST)).is_empty());
        assert_eq!(judged(&bounded, "tcp", &request), within, "{request}");
        assert_eq!(judged(&unbounded, "tcp", &request), "permit r", "{request}");
        assert_eq!(judged(&forbidding, "tcp", &request), beside, "{request}");
    }
}

#[test]
fn a_network_goes_by_its_id_too() {
    const OF_SWARM: &str = "kq9a8y8gcm2ibs7ajl42dmh4r";
    let policy = policy(
        r#"
            [[allow]]
            name = "all"
            operations = ["ContainerCreate", "NetworkConnect"]
            unguarded = true
            [[allow]]
            name = "serve"
            operations = ["ServiceCreate"]
            networks = ["*"]
            [[forbid]]
            name = "never"
            operations = ["ContainerCreate", "NetworkConnect", "ServiceCreate"]
            networks = ["corp"]
        "#,
    );
    let create =
        |network: &str| format!(r#"POST /containers/create {{"HostConfig":{{"NetworkMode":"{network}"}}}}"#);
    let join = |network: &str| {
        format!(
            r#"POST /containers/create {{"NetworkingConfig":{{"EndpointsConfig":{{"{network}":{{}}}}}}}}"#
        )
    };
    let connect = |network: &str| format!(r#"POST /networks/{network}/connect {{"Container":"c"}}"#);
    let serve = |network: &str| {
        format!(r#"POST /services/create {{"TaskTemplate":{{"Networks":[{{"Target":"{network}"}}]}}}}"#)
    };
    let requests = |network: &str| [create(network), join(network), connect(network), serve(network)];
    for (network, is, expected, of_service) in [
        ("corp", Some("corp"), "forbidden never", "forbidden never"),
        ("cor-p", None, "permit all", "permit serve"),
        (OF_SWARM, Some("corp"), "forbidden never", "forbidden never"),
        ("kq", Some("corp"), "forbidden never", "forbidden never"),
        ("00ff00ff", Some("corp"), "forbidden never", "forbidden never"),
        ("kq", Some("app"), "permit all", "permit serve"),
        ("db", Some("db"), "permit all", "permit serve"),
        ("app", Some("app"), "permit all", "permit serve"),
        ("app", None, "permit all", "missing_grant serve"),
        (OF_SWARM, None, "forbidden never", "missing_grant serve"),
        (OF_SWARM, Some("host"), "permit all", "missing_grant serve"),
    ] {
        for request in requests(network) {
            let mut operation = read(&request, ApiVersion::NEWEST);
            // Before it has said which it is, it may be any.
            if network != "cor-p" {
                let unasked = verdict(&policy, "tcp", operation.clone());
                assert_eq!(unasked, "forbidden never", "{request}");
            }
            for question in policy.questions(&client("tcp"), &operation) {
                operation.learn(question, is.map(called));
            }
            let expected = if request.contains("services") { of_service } else { expected };
            assert_eq!(verdict(&policy, "tcp", operation), expected, "{request}, {is:?}");
        }
    }
}

#[test]
fn nobody_is_asked_where_a_rule_admits_what_it_names() {
    let policy = policy("[[allow]]\noperations = [\"ContainerCreate\"]\nnetworks = [\"app\"]");
    let create = r#"POST /containers/create {"HostConfig":{"NetworkMode":"app"}}"#;
    let operation = read(create, ApiVersion::NEWEST);
    assert!(policy.questions(&client("tcp"), &operation).is_empty() && !policy.asks(operation.endpoint()));
    assert!(verdict(&policy, "tcp", operation).starts_with("permit"));
}

#[test]
fn the_hosts_network_of_a_service_is_no_network() {
    const OF_SWARM: &str = "kq9a8y8gcm2ibs7ajl42dmh4r";
    let serve = |network: &str| {
        let request =
            format!(r#"POST /services/create {{"TaskTemplate":{{"Networks":[{{"Target":"{network}"}}]}}}}"#);
        read(&request, ApiVersion::NEWEST)
    };
    for lines in [
        "network.owner = \"me\"\nown = \"me\"",
        "body = true\nnamespaces = false",
        "body.\"TaskTemplate.Networks\" = true\nnamespaces = [\"cgroup:private\"]",
        "networks = [\"*\"]",
    ] {
        let policy = policy(&format!("[[allow]]\nname = \"r\"\noperations = [\"ServiceCreate\"]\n{lines}"));
        for (network, shown) in [("host", None), (OF_SWARM, None), (OF_SWARM, Some("host"))] {
            let mut operation = serve(network);
            for question in policy.questions(&client("tcp"), &operation) {
                operation.learn(question, shown.map(called));
            }
            let judged = verdict(&policy, "tcp", operation);
            assert!(!judged.starts_with("permit"), "{lines}: {network}, {shown:?}");
        }
    }
    let policy = policy(
        "[[allow]]\nname = \"all\"\noperations = [\"*\"]\nunguarded = true\n\
         [[forbid]]\nname = \"never\"\noperations = [\"*\"]\nnamespaces = [\"*:host\"]",
    );
    for (network, shown, expected) in [
        ("host", None, "forbidden never"),
        (OF_SWARM, None, "forbidden never"),
        (OF_SWARM, Some("app"), "permit all"),
        ("app", Some("app"), "permit all"),
        ("my_app", None, "permit all"),
    ] {
        let mut operation = serve(network);
        for question in policy.questions(&client("tcp"), &operation) {
            operation.learn(question, shown.map(called));
        }
        assert_eq!(verdict(&policy, "tcp", operation), expected, "{network}, {shown:?}");
    }
}

/// A network, as the daemon shows it.
fn called(name: &str) -> Json {
    Json::read_shown(
        format!(
            r#"{{"Name":"{name}","Id":"kq9a8y8gcm2ibs7ajl42dmh4r","Labels":{{"io.dockgate.owner":"me"}}}}"#
        )
        .as_bytes(),
    )
    .unwrap()
}
