//! The networks that containers join, the one among them into which they are put where nothing is said.

use super::meanings::{assert_host_config, assert_permits};

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
