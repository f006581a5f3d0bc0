//! Bodies that say one thing to a filter and another to the daemon: none passes a rule that grants nothing
//! guarded. Each was seen to work on a daemon, but where the daemon refuses it itself.

use super::*;
use crate::operation::Unreadable;

fn read(method: &str, target: &str, body: &[u8]) -> Result<Operation, Unreadable> {
    let headers: &[(&str, &[u8])] = &[("Content-Type", b"APPLICATION/JSON; charset=utf-16")];
    let head = Head { method, target: target.as_bytes(), headers };
    Asked::read(&head, ApiVersion::NEWEST)?.with_body(body)
}

/// What becomes of a body under a rule that grants nothing guarded.
fn fate(target: &str, body: &[u8]) -> &'static str {
    let policy = policy(
        "[[allow]]\noperations = [\"ContainerCreate\", \"ContainerExec\", \"ContainerUpdate\", \"VolumeCreate\", \
         \"SwarmUpdate\", \"SystemAuth\", \"PluginPull\"]\n",
    );
    match read("POST", target, body).map(|operation| policy.judge(&client("tcp"), operation)) {
        Err(_) => "unreadable",
        Ok(Verdict::Denial(_)) => "denied",
        Ok(Verdict::Permit(_)) => "permitted",
    }
}

const CREATE: &[(&str, &str, &str)] = &[
    (
        "lower case",
        r#"{"image":"own/bb","cmd":["sleep","300"],"hostconfig":{"networkmode":"none","privileged":true}}"#,
        "denied",
    ),
    ("mixed case", r#"{"iMAGE":"own/bb","hOSTcONFIG":{"NETWORKmode":"none","pRIVILEGED":true}}"#, "denied"),
    ("a long s", r#"{"Image":"own/bb","HoſtConfig":{"NetworkMode":"none","Privileged":true}}"#, "unreadable"),
    (
        "a long s, escaped",
        r#"{"Image":"own/bb","Ho\u017ftConfig":{"NetworkMode":"none","Bind\u017f":["/:/h"]}}"#,
        "unreadable",
    ),
    ("a Kelvin sign", "{\"HostConfig\":{\"Networ\u{212a}Mode\":\"host\"}}", "unreadable"),
    (
        "false, then true in other case",
        r#"{"HostConfig":{"Privileged":false,"privileged":true}}"#,
        "unreadable",
    ),
    ("false, then true", r#"{"HostConfig":{"Privileged":false,"Privileged":true}}"#, "unreadable"),
    (
        "two objects, which the daemon merges",
        r#"{"HostConfig":{"Privileged":true},"HostConfig":{"NetworkMode":"none"}}"#,
        "unreadable",
    ),
    (
        "two lists, whose elements the daemon merges",
        r#"{"HostConfig":{"Mounts":[{"Type":"bind","Source":"/etc","Target":"/a"}],"Mounts":[{"Target":"/b"}]}}"#,
        "unreadable",
    ),
    (
        "a list with null, which keeps the one before",
        r#"{"HostConfig":{"Binds":["/:/h"],"Binds":[null]}}"#,
        "unreadable",
    ),
    ("two documents", r#"{"HostConfig":{"Privileged":true}}{"HostConfig":{}}"#, "unreadable"),
    ("a text for a list", r#"{"HostConfig":{"CapAdd":"SYS_ADMIN"}}"#, "denied"),
    ("a mark of byte order", "\u{feff}{\"HostConfig\":{\"Privileged\":true}}", "unreadable"),
    ("a field that is not known", r#"{"HostConfig":{"NewDangerousField":true}}"#, "denied"),
    ("a number with an exponent", r#"{"HostConfig":{"Memory":1e99}}"#, "unreadable"),
    (
        "a key twice in a map, where the daemon takes the last",
        r#"{"NetworkingConfig":{"EndpointsConfig":{"n":{"Aliases":["ok"]},"n":{"Aliases":["victim"]}}}}"#,
        "unreadable",
    ),
    ("beside HostConfig", r#"{"Image":"x","Privileged":true,"Binds":["/:/h"]}"#, "denied"),
    ("beside HostConfig, in other case", r#"{"Image":"x","PIDMODE":"host"}"#, "denied"),
    ("beside a HostConfig that is null", r#"{"HostConfig":null,"Privileged":true}"#, "denied"),
    ("empty lists that uncover", r#"{"HostConfig":{"MaskedPaths":[],"ReadonlyPaths":[]}}"#, "denied"),
    (
        "another network than the key says",
        r#"{"NetworkingConfig":{"EndpointsConfig":{"bridge":{"NetworkID":"victim-net"}}}}"#,
        "denied",
    ),
    ("a wrong type behind what is harmless", r#"{"HostConfig":{"NetworkMode":["none"]}}"#, "unreadable"),
];

#[test]
fn nothing_is_smuggled_into_a_container() {
    for (what, body, expected) in CREATE {
        assert_eq!(fate("/v1.41/containers/create?name=own-t", body.as_bytes()), *expected, "{what}");
    }
    let padded =
        format!(r#"{{"Labels":{{"p":"{}"}},"HostConfig":{{"Privileged":true}}}}"#, "x".repeat(1_100_000));
    assert_eq!(fate("/containers/create", padded.as_bytes()), "denied");
    for body in [
        &b"{\"HostConfig\":{\"Networ\xffMode\":\"host\"}}"[..],
        b"{\"HostConfig\":{\"Binds\":[\"/srv/\xff:/h\"]}}",
    ] {
        assert_eq!(fate("/containers/create", body), "unreadable");
    }
}

#[test]
fn nothing_is_smuggled_into_an_exec() {
    for (body, expected) in [
        (r#"{"Cmd":["id"],"Uſer":"0","AttachStdout":true}"#, "unreadable"),
        (r#"{"Cmd":["id"],"privileged":true}"#, "denied"),
        (r#"{"Cmd":["id"],"user":"0"}"#, "denied"),
        (r#"{"Cmd":["id"],"AttachStdout":true}"#, "permitted"),
    ] {
        assert_eq!(fate("/containers/own-a/exec", body.as_bytes()), expected, "{body}");
    }
}

#[test]
fn what_is_there_can_say_something_by_that_alone() {
    for (target, body, expected) in [
        // In an update 0 takes the limit away, in a create it is none.
        ("/containers/x/update", r#"{"PidsLimit":0}"#, "denied"),
        ("/containers/x/update", r#"{"PidsLimit":null}"#, "permitted"),
        ("/containers/create", r#"{"HostConfig":{"PidsLimit":0}}"#, "permitted"),
        ("/volumes/create", r#"{"Name":"n","ClusterVolumeSpec":{}}"#, "denied"),
        ("/volumes/create", r#"{"Name":"n","ClusterVolumeSpec":null}"#, "permitted"),
        ("/swarm/update?version=1", "{}", "denied"),
        ("/auth", "{}", "denied"),
        ("/plugins/pull?remote=x", "[]", "denied"),
    ] {
        assert_eq!(fate(target, body.as_bytes()), expected, "{target} {body}");
    }
}

#[test]
fn a_directory_in_proc_is_no_place_to_work_in() {
    for directory in [
        "/proc/self/fd/8",
        "//proc//self",
        "/a/../proc/1",
        "proc/self/fd/8",
        "/../../proc",
        "/dev/fd/8",
        "dev//fd",
    ] {
        let body = format!(r#"{{"Cmd":["id"],"WorkingDir":"{directory}"}}"#);
        assert_eq!(fate("/containers/x/exec", body.as_bytes()), "denied", "{directory}");
    }
    for directory in ["/", "", "/srv", "/process", "/srv/proc", "/proc/.."] {
        let body = format!(r#"{{"Image":"x","WorkingDir":"{directory}"}}"#);
        assert_eq!(fate("/containers/create", body.as_bytes()), "permitted", "{directory}");
    }
}
