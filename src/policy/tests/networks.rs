//! The networks that containers join, the one among them into which they are put where nothing is said.

use super::meanings::{assert_host_config, assert_permits};
use super::{judged, policy};

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
