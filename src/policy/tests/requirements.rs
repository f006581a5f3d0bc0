//! What a rule requires is judged on what the container will be like.

use super::meanings::assert_permits;
use super::*;

#[test]
fn what_is_required_must_be_there_and_work() {
    let safe = r#"{"User":"1000","HostConfig":{"ReadonlyRootfs":true,"SecurityOpt":["no-new-privileges:true"],"CapDrop":["all"],"Memory":67108864,"PidsLimit":64}}"#;
    let without = |what: &str, instead: &str| safe.replace(what, instead);
    let no = [
        without(r#""User":"1000","#, ""),
        without("1000", "app"),
        without("1000", "0"),
        without(r#""ReadonlyRootfs":true,"#, ""),
        without("no-new-privileges:true", "no-new-privileges:false"),
        without(r#"["all"]"#, r#"["NET_RAW"]"#),
        without("67108864", "0"),
        without("64}", "-1}"),
        without("64}", "null}"),
        without("67108864", "null"),
        // Only daemons up to 26.1 read it there, and only without a `HostConfig`.
        r#"{"User":"1000","ReadonlyRootfs":true,"CapDrop":["ALL"],"Memory":1,"PidsLimit":1,"SecurityOpt":["no-new-privileges"]}"#.to_owned(),
    ];
    let no: Vec<&str> = no.iter().map(String::as_str).collect();
    assert_permits("POST /containers/create", "profile = \"safe\"", &[safe], &no);
    assert_permits(
        "POST /containers/create",
        r#"require.memory = { max = "64MiB" }
           require.cpus = { max = 0.5 }
           require."HostConfig.RestartPolicy.Name" = ["no"]
           require.Labels = { some = "owner=me" }"#,
        &[
            r#"{"Labels":{"owner":"me"},"HostConfig":{"Memory":67108864,"CpuQuota":50000,"RestartPolicy":{"Name":"no"}}}"#,
        ],
        &[
            "{}",
            r#"{"Labels":{"owner":"me"},"HostConfig":{"Memory":67108865,"NanoCpus":5,"RestartPolicy":{"Name":"no"}}}"#,
            r#"{"Labels":{"x":"y"},"HostConfig":{"Memory":1,"NanoCpus":5,"RestartPolicy":{"Name":"no"}}}"#,
            r#"{"Labels":{"owner":"me"},"HostConfig":{"Memory":1,"NanoCpus":5}}"#,
        ],
    );
    assert_permits(
        "POST /containers/create",
        r#"require."HostConfig.NetworkMode" = "none"
           networks = ["none"]"#,
        &[r#"{"HostConfig":{"NetworkMode":"none"}}"#],
        &[
            r#"{"NetworkMode":"none"}"#,
            r#"{"NetworkMode":"none","HostConfig":{}}"#,
            r#"{"NetworkMode":"none","HostConfig":{"Memory":1}}"#,
            r#"{"NetworkMode":"bridge","HostConfig":{"NetworkMode":"none"}}"#,
            r#"{"HostConfig":{"NetworkMode":"none"},"NetworkingConfig":{"EndpointsConfig":{"bridge":{}}}}"#,
        ],
    );
    let service = r#"{"TaskTemplate":{"ContainerSpec":{"User":"5","ReadOnly":true,"CapabilityDrop":["ALL"],"Privileges":{"NoNewPrivileges":true}},"Resources":{"Limits":{"MemoryBytes":1,"Pids":2}}}}"#;
    assert_permits("POST /services/create", "profile = \"safe\"", &[service], &["{}"]);
    // A version that does not have the fields yet does not do what they say.
    let policy = policy("[[allow]]\nname = \"r\"\noperations = [\"ServiceCreate\"]\nprofile = \"safe\"");
    assert_eq!(judged(&policy, "tcp", &format!("POST /v1.43/services/create {service}")), "condition r");
    assert_eq!(judged(&policy, "tcp", &format!("POST /v1.44/services/create {service}")), "permit r");
}

#[test]
fn parameters_can_be_required() {
    let policy = policy(
        "[[allow]]\nname = \"r\"\noperations = [\"ImageBuild\", \"ContainerKill\", \"SystemPing\"]\nrequire.query.networkmode = \"none\"\nrequire.query.signal = \"SIGTERM\"",
    );
    for (request, expected) in [
        ("POST /build?networkmode=none", "permit r"),
        ("POST /build", "condition r"),
        ("POST /containers/x/kill?signal=SIGTERM", "permit r"),
        ("POST /containers/x/kill", "condition r"),
        ("GET /_ping", "permit r"),
    ] {
        assert_eq!(judged(&policy, "tcp", request), expected, "{request}");
    }
}

#[test]
fn the_default_bridge_is_harmless_only_where_there_is_no_other_network() {
    let bridge = |mode: &str, name: &str| {
        format!(
            r#"{{"HostConfig":{{"NetworkMode":"{mode}"}},"NetworkingConfig":{{"EndpointsConfig":{{"{name}":{{}}}}}}}}"#
        )
    };
    let yes = [
        bridge("", "bridge"),
        bridge("default", "default"),
        bridge("bridge", "bridge"),
        bridge("none", "none"),
    ];
    assert_permits(
        "POST /containers/create",
        "",
        &yes,
        &[bridge("none", "bridge"), bridge("none", "default")],
    );
}
