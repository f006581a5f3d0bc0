//! Volumes are judged by what the daemon would make of them.

use super::*;
use crate::operation::Json;
use crate::operation::meaning::Link;

const RULE: &str = r#"
    [[allow]]
    name = "r"
    operations = ["POST /containers/create"]
    host_paths = ["/opt/data/**"]
    volumes = ["app-*"]
"#;

#[test]
fn a_directory_that_something_is_mounted_over_is_no_volume() {
    let policy = policy(RULE);
    for (body, expected) in [
        (r#"{"Volumes":{"/x":{}}}"#, false),
        (r#"{"Volumes":{"/x":{}},"HostConfig":{"Binds":["app-1:/x"]}}"#, true),
        (
            r#"{"Volumes":{"/x/":{}},"HostConfig":{"Mounts":[{"Type":"volume","Source":"app-1","Target":"/./x"}]}}"#,
            true,
        ),
        (r#"{"Volumes":{"/x":{},"/y":{}},"HostConfig":{"Binds":["app-1:/x:ro"]}}"#, false),
        // Only older daemons mount it, and not beside a `HostConfig`.
        (r#"{"Volumes":{"/x":{}},"Binds":["app-1:/x"]}"#, false),
        (r#"{"Volumes":{"/x":{}},"Binds":["app-1:/x"],"HostConfig":{}}"#, false),
        (r#"{"Volumes":{"/x":{}},"Binds":["app-1:/x"],"HostConfig":{"Binds":["app-1:/y"]}}"#, false),
    ] {
        let judged = judged(&policy, "tcp", &format!("POST /containers/create {body}"));
        assert_eq!(judged == "permit r", expected, "{body}: {judged}");
    }
}

#[test]
fn what_is_no_name_of_a_volume_is_not_granted_as_one() {
    let policy = policy(RULE);
    for source in ["app-../../etc", "app-/x", "app- x", "app-\u{e9}"] {
        let body = format!(r#"{{"HostConfig":{{"Binds":["{source}:/x"]}}}}"#);
        let judged = judged(&policy, "tcp", &format!("POST /containers/create {body}"));
        assert!(judged.starts_with("missing_grant"), "{source}: {judged}");
    }
}

#[test]
fn what_the_daemon_knows_of_a_volume_counts() {
    let policy = policy(RULE);
    for (shown, expected) in [
        (r#"{"Driver":"local","Options":null}"#, true),
        (r#"{"Driver":"local","Options":{"type":"none","o":"bind","device":"/opt/data/x"}}"#, true),
        (r#"{"Driver":"local","Options":{"type":"none","o":"bind","device":"/etc"}}"#, false),
        (r#"{"Driver":"local","Options":{"type":"proc","device":"proc"}}"#, false),
        (r#"{"Driver":"local","Options":{"type":"nfs","o":"addr=10.0.0.1","device":":/x"}}"#, false),
    ] {
        let judged = after_learning(&policy, r#"{"HostConfig":{"Binds":["app-1:/x"]}}"#, shown);
        assert_eq!(judged == "permit r", expected, "{shown}: {judged}");
    }
    for (shown, expected) in [
        (r#"{"Mounts":[{"Type":"bind","Source":"/opt/data/x","RW":true}]}"#, true),
        (r#"{"Mounts":[{"Type":"bind","Source":"/etc","RW":false}]}"#, false),
        (r#"{"Mounts":[]}"#, false),
        ("{}", false),
    ] {
        let judged = after_learning(&policy, r#"{"HostConfig":{"VolumesFrom":["web"]}}"#, shown);
        assert_eq!(judged == "permit r", expected, "{shown}: {judged}");
    }
}

#[test]
fn a_volume_that_is_made_or_named_in_a_path_is_one_of_the_volumes() {
    let operations =
        r#"operations = ["VolumeCreate", "VolumeInspect", "VolumeUpdate", "VolumeDelete", "VolumeList"]"#;
    let bounded =
        policy(&format!("[[allow]]\nname = \"r\"\n{operations}\nvolumes = [\"app-*\"]\nbody.Spec = true"));
    let unnamed = policy(&format!("[[allow]]\nname = \"r\"\n{operations}\nvolumes = [\"anonymous\"]"));
    let unbounded = policy(&format!("[[allow]]\nname = \"r\"\n{operations}\nbody.Spec = true"));
    let forbidding = policy(&format!(
        "[[allow]]\nname = \"r\"\n{operations}\nbody.Spec = true\n\
         [[forbid]]\nname = \"f\"\noperations = [\"*\"]\nvolumes = [\"secrets\", \"anonymous\"]"
    ));
    for (volume, within, beside) in [
        ("app-1", "permit r", "permit r"),
        ("data", "condition r", "permit r"),
        ("secrets", "condition r", "forbidden f"),
    ] {
        for request in [
            format!(r#"POST /volumes/create {{"name":"{volume}"}}"#),
            format!("GET /volumes/{volume}"),
            format!(r#"PUT /volumes/{volume}?version=1 {{"Spec":{{"Availability":"drain"}}}}"#),
            format!("DELETE /volumes/{volume}?force=1"),
        ] {
            assert_eq!(judged(&bounded, "tcp", &request), within, "{request}");
            assert!(!judged(&unnamed, "tcp", &request).starts_with("permit"), "{request}");
            assert_eq!(judged(&unbounded, "tcp", &request), "permit r", "{request}");
            assert_eq!(judged(&forbidding, "tcp", &request), beside, "{request}");
        }
    }
    // The daemon makes up a name.
    for body in ["{}", r#"{"Name":""}"#, r#"{"Name":null,"Labels":{"a":"b"}}"#] {
        let request = format!("POST /volumes/create {body}");
        assert_eq!(judged(&bounded, "tcp", &request), "condition r", "{request}");
        assert_eq!(judged(&unnamed, "tcp", &request), "permit r", "{request}");
        assert_eq!(judged(&unbounded, "tcp", &request), "permit r", "{request}");
        assert_eq!(judged(&forbidding, "tcp", &request), "forbidden f", "{request}");
    }
    assert_eq!(judged(&bounded, "tcp", "GET /volumes"), "permit r");
}

#[test]
fn a_volume_is_read_only_where_nothing_of_it_can_be_written() {
    let policy = policy(
        r#"
            [[allow]]
            name = "r"
            operations = ["POST /volumes/create", "POST /containers/create"]
            host_paths = { read_only = ["/opt/data/**"] }
            volumes = ["app-*"]
        "#,
    );
    let options = |o: &str| format!(r#"{{"type":"none","o":"{o}","device":"/opt/data/x"}}"#);
    for (o, expected) in [
        ("bind,ro", "permit r"),
        ("bind,rw,ro", "permit r"),
        ("bind", "condition r"),
        ("bind,ro,rw", "condition r"),
        ("bind, ro", "condition r"),
        ("bind,ro ", "condition r"),
        ("rbind,ro", "condition r"),
    ] {
        let (options, mount) =
            (options(o), r#""Type":"volume","Source":"app-1","Target":"/x","ReadOnly":true"#);
        let volume = format!(r#"POST /volumes/create {{"Name":"app-1","DriverOpts":{options}}}"#);
        assert_eq!(judged(&policy, "tcp", &volume), expected, "{o}");
        let container = format!(
            r#"POST /containers/create {{"HostConfig":{{"Mounts":[
                {{{mount},"VolumeOptions":{{"DriverConfig":{{"Options":{options}}}}}}},
                {{"Type":"volume","Source":"app-1","Target":"/y"}}
            ]}}}}"#
        );
        assert_eq!(judged(&policy, "tcp", &container), expected, "{o}");
        let shown = format!(r#"{{"Driver":"local","Options":{options}}}"#);
        let judged = after_learning(&policy, r#"{"HostConfig":{"Binds":["app-1:/x"]}}"#, &shown);
        assert_eq!(judged, expected, "{o}");
    }
}

#[test]
fn a_link_that_no_rule_names_leads_nowhere() {
    let policy = policy(
        r#"
            [[allow]]
            name = "r"
            operations = ["POST /containers/create"]
            host_paths = { read_write = ["/opt/data/**", "/srv/link/x"], read_only = ["/etc/localtime"] }
            [[forbid]]
            name = "socket"
            operations = ["POST /containers/create"]
            host_paths = ["/var/run/docker.sock"]
        "#,
    );
    for (bind, link, expected) in [
        ("/opt/data/x", None, "permit r"),
        ("/opt/data/x", Some(("/opt/data", "/mnt/x")), "permit r"),
        ("/opt/data/x", Some(("/opt/data/x", "/mnt/x")), "condition r"),
        ("/opt/data/x/y", Some(("/opt/data/x", "/mnt/x/y")), "condition r"),
        ("/srv/link/x", Some(("/srv/link", "/mnt/x")), "permit r"),
        ("/etc/localtime:/etc/localtime:ro", Some(("/etc/localtime", "/usr/share/zoneinfo/UTC")), "permit r"),
        ("/etc/localtime:/etc/localtime:ro", Some(("/etc/localtime", "/run")), "forbidden socket"),
    ] {
        let target = if bind.contains(':') { "" } else { ":/x" };
        let body = format!(r#"{{"HostConfig":{{"Binds":["{bind}{target}"]}}}}"#);
        let mut operation = read(&format!("POST /containers/create {body}"), ApiVersion::NEWEST);
        for path in policy.unknown(&client("tcp"), &operation).paths {
            operation.trace(path, link.map(|(at, to)| Link { at: at.to_owned(), to: to.to_owned() }));
        }
        assert!(policy.unknown(&client("tcp"), &operation).paths.is_empty());
        assert_eq!(verdict(&policy, "tcp", operation), expected, "{bind} {link:?}");
    }
}

#[test]
fn what_is_not_looked_at_may_be_a_link_to_anywhere() {
    let policy = policy(
        r#"
            [clients.u]
            listener = "unix"
            [[allow]]
            name = "r"
            operations = ["POST /containers/create"]
            host_paths = ["/opt/data/**", "/srv/it"]
            [[allow]]
            name = "all"
            operations = ["POST /containers/create"]
            clients = ["u"]
            host_paths = true
            [[forbid]]
            name = "never"
            clients = ["u"]
            operations = ["POST /containers/create"]
            host_paths = ["/etc/**"]
        "#,
    );
    for (listener, path, expected) in [
        ("tcp", "/opt/data/x", "condition r"),
        ("tcp", "/srv/it", "permit r"),
        ("unix", "/opt/data/x", "forbidden never"),
    ] {
        let body = format!(r#"{{"HostConfig":{{"Binds":["/opt/data/seen:/a","{path}:/x"]}}}}"#);
        let mut operation = read(&format!("POST /containers/create {body}"), ApiVersion::NEWEST);
        operation.trace("/opt/data/seen".to_owned(), None);
        operation.trace_no_more();
        assert!(policy.unknown(&client(listener), &operation).paths.is_empty());
        assert_eq!(verdict(&policy, listener, operation), expected, "{listener} {path}");
    }
}

/// The verdict once the daemon has answered each question with this.
fn after_learning(policy: &Policy, body: &str, shown: &str) -> String {
    let mut operation = read(&format!("POST /containers/create {body}"), ApiVersion::NEWEST);
    let questions: Vec<Reference> = operation.understand().questions().cloned().collect();
    assert!(!questions.is_empty(), "{body}");
    for question in questions {
        operation.learn(question, Some(Json::read_shown(shown.as_bytes()).unwrap()));
    }
    verdict(policy, "tcp", operation)
}
