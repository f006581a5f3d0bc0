use std::collections::BTreeSet;

use serde::de::DeserializeOwned;

use super::*;
use crate::operation::Json;
use crate::operation::json::place::{self, Kept, Misplaced};
use crate::operation::tests::recorded::{ENGINES, recorded};

/// What an engine has answered, and of what it is made.
const ANSWERS: [(&str, Shape); 22] = [
    ("container", Shape::Container),
    ("containers", Shape::ListedContainer),
    ("containers-1.24", Shape::ListedContainer),
    ("image", Shape::Image),
    ("image-1.24", Shape::Image),
    ("images", Shape::Image),
    ("history", Shape::History),
    ("network", Shape::Network),
    ("network-verbose", Shape::Network),
    ("networks", Shape::Network),
    ("networks-1.24", Shape::Network),
    ("volumes", Shape::Volume),
    ("volume", Shape::Volume),
    ("service", Shape::Service),
    ("services", Shape::Service),
    ("tasks", Shape::Task),
    ("secrets", Shape::Other),
    ("configs", Shape::Other),
    ("nodes", Shape::Node),
    ("info", Shape::Info),
    ("top", Shape::Top),
    ("events", Shape::Event),
];

fn redaction(words: &[&str]) -> Redaction {
    let mut redaction = Redaction::default();
    for word in words {
        redaction.add(word).unwrap();
    }
    redaction
}

/// What is left of an answer: of each line of events, of each volume in its list.
fn redacted(redaction: &Redaction, shape: Shape, answer: &str) -> String {
    let Some(rules) = redaction.of(shape) else {
        return answer.to_owned();
    };
    let mut out = Vec::new();
    for line in answer.lines() {
        if line.starts_with("{\"Volumes\"") {
            place::rewrite_object(line.as_bytes(), &mut out, |key, value, out| {
                if key == "Volumes" {
                    rules.apply(value, out)?;
                }
                Ok::<_, Misplaced>(if key == "Volumes" { Kept::Written } else { Kept::AsItIs })
            })
            .unwrap();
        } else {
            rules.apply(line.as_bytes(), &mut out).unwrap();
        }
        out.push(b'\n');
    }
    String::from_utf8(out).unwrap()
}

/// The keys and the types of a value, without what stands in it.
fn form(json: &Json) -> String {
    match json {
        Json::Null => "null".into(),
        Json::Bool(_) => "bool".into(),
        Json::Number(text) => text.to_string(),
        Json::String(text) => if text.is_empty() { "empty" } else { "text" }.into(),
        Json::Array(items) => format!("[{}]", items.iter().map(form).collect::<Vec<_>>().join(",")),
        Json::Object(fields) => {
            let fields: Vec<String> =
                fields.iter().map(|(key, value)| format!("{key}:{}", form(value))).collect();
            format!("{{{}}}", fields.join(","))
        }
    }
}

#[test]
fn nothing_of_a_set_is_left_in_any_shape_of_any_version() {
    let gone: [(&str, &[&str]); 3] = [
        ("@environment", &["hunter2"]),
        ("@host-paths", &["/var/lib/docker", "/var/run/docker", "\"/srv\"", "\"/srv:", "\"/etc\""]),
        ("@network", &["172.1", "172.2", "10.0.", "198.51.100", "02:42:", "127.0.0"]),
    ];
    for (set, words) in gone {
        let redaction = redaction(&[set]);
        for engine in ENGINES {
            let mut hidden = BTreeSet::new();
            for (file, shape) in ANSWERS {
                let before = recorded(engine, file);
                let after = redacted(&redaction, shape, before);
                for word in words {
                    // The paths within a container are not the host's.
                    let after =
                        after.replace(r#""Destination":"/srv""#, "").replace(r#""Target":"/srv""#, "");
                    let after = after.replace(r#""destination":"/srv""#, "");
                    assert!(!after.contains(word), "{word} is left in {file} of {engine}: {after}");
                    if before.contains(word) {
                        hidden.insert(*word);
                    }
                }
                for (before, after) in before.lines().zip(after.lines()) {
                    let form = |text: &str| form(&Json::read_shown(text.as_bytes()).unwrap());
                    assert_eq!(form(before), form(after), "{file} of {engine}");
                }
            }
            assert!(hidden.len() * 2 > words.len(), "{set} of {engine} tests little: {hidden:?}");
        }
    }
}

#[test]
fn what_the_daemon_tells_of_its_settings_is_redacted() {
    let info =
        r#"{"Runtimes":{"gv":{"path":"/opt/runsc","runtimeArgs":["--debug","--debug-log=/srv/logs/"]}}}"#;
    let expected = r#"{"Runtimes":{"gv":{"path":"/redacted-by-dockgate","runtimeArgs":["--debug","/redacted-by-dockgate"]}}}"#;
    assert_eq!(redacted(&redaction(&["@host-paths"]), Shape::Info, info).trim_end(), expected);
    let reload = |runtimes: &str, registries: &str, advertised: &str| {
        format!(
            r#"{{"Type":"daemon","Actor":{{"Attributes":{{"runtimes":"{runtimes}","insecure-registries":"{registries}","cluster-advertise":"{advertised}"}}}}}}"#
        )
    };
    let event = reload("gv:/opt/runsc runc:runc", r#"[\"10.0.0.0/8\"]"#, "10.0.0.1:2376");
    let all = redaction(&["@host-paths", "@network"]);
    let expected = reload("/redacted-by-dockgate", "192.0.2.100", "192.0.2.100:2376");
    assert_eq!(redacted(&all, Shape::Event, &event).trim_end(), expected);
}

#[test]
fn what_is_not_redacted_is_the_same_byte_for_byte() {
    for engine in ENGINES {
        for (file, shape) in ANSWERS {
            let before = recorded(engine, file);
            let all = redaction(&["Nothing.Of.This.*.Is.There", "@environment"]);
            let after = redacted(&all, shape, before);
            if !matches!(shape, Shape::Top) && !before.contains("hunter2") {
                assert_eq!(before, after, "{file} of {engine}");
            }
        }
    }
}

#[test]
fn paths_say_what_else_is_redacted() {
    let container = recorded("28.5", "container");
    for (word, before, after) in [
        ("Config.Env", "SECRET=hunter2", "SECRET=redacted-by-dockgate"),
        ("HostConfig.Binds", "\"/srv:/srv:ro\"", "\"/redacted-by-dockgate:/srv:ro\""),
        ("NetworkSettings.Networks.*.IPAddress", "\"IPAddress\":\"172.", "\"IPAddress\":\"192.0.2.100\""),
        ("Config.Labels.owner", "\"owner\":\"me\"", "\"owner\":\"redacted-by-dockgate\""),
        (
            r#"Config.Labels."dockgate-test""#,
            "\"dockgate-test/busybox\",\"odd\"",
            "\"redacted-by-dockgate\",\"odd\"",
        ),
        ("Args", "\"Args\":[\"600\"]", "\"Args\":[\"redacted-by-dockgate\"]"),
        ("State.StartedAt", "\"StartedAt\":\"2", "\"StartedAt\":\"0001-01-01T00:00:00Z\""),
    ] {
        assert!(container.contains(before), "{before}");
        let seen = redacted(&redaction(&[word]), Shape::Container, container);
        assert!(seen.contains(after) && !seen.contains(before), "{word}: {seen}");
    }
    let config = r#"{"ID":"c","Spec":{"Name":"x","Data":"c2VjcmV0"}}"#;
    let seen = redacted(&redaction(&["Spec.Data"]), Shape::Other, config);
    assert_eq!(seen.trim(), config.replace("c2VjcmV0", mark::BYTES));
    // A set, and a path below what the set changes.
    let both = redaction(&["@host-paths", "Config.Labels.owner"]);
    let seen = redacted(&both, Shape::Container, container);
    assert!(
        seen.contains("\"owner\":\"redacted-by-dockgate\"") && !seen.contains("/var/lib/docker"),
        "{seen}"
    );
}

#[test]
fn the_environment_is_hidden_where_no_recorded_answer_has_it() {
    let redaction = redaction(&["@environment"]);
    for (shape, answer) in [
        (Shape::Service, r#"{"Spec":{"TaskTemplate":{"PluginSpec":{"name":"p","env":["A=hunter2"]}}}}"#),
        (Shape::Service, r#"{"PreviousSpec":{"TaskTemplate":{"PluginSpec":{"env":["A=hunter2"]}}}}"#),
        (Shape::Task, r#"{"Spec":{"PluginSpec":{"env":["A=hunter2"]}}}"#),
        (Shape::Image, r#"{"ContainerConfig":{"Cmd":["|1","TOKEN=hunter2","/bin/sh","-c","make"]}}"#),
        (Shape::Image, r#"{"Config":{"OnBuild":["ENV A=hunter2","env A hunter2"]}}"#),
        (Shape::Container, r#"{"Config":{"OnBuild":["ARG A=hunter2"]}}"#),
        (Shape::History, r#"[{"CreatedBy":"/bin/bash -c #(nop)  ENV A=hunter2"}]"#),
        (Shape::History, r#"[{"CreatedBy":"/bin/sh -c #(nop)  ONBUILD ENV A=hunter2"}]"#),
        (
            Shape::Attestation,
            r#"[{"PredicateType":"p","Statement":{"predicate":{"args":{"build-arg:A":"hunter2"}}}}]"#,
        ),
    ] {
        let seen = redacted(&redaction, shape, answer);
        assert!(!seen.contains("hunter2") && seen.contains(mark::TEXT), "{seen}");
    }
}

#[test]
fn paths_and_addresses_are_hidden_where_no_recorded_answer_has_them() {
    let redaction = redaction(&["@host-paths", "@network"]);
    let image = Shape::listed(ThingKind::Image);
    for (shape, answer) in [
        (Shape::Volume, r#"{"Options":{"type":"overlay","o":"lowerdir=/secret/a:/secret/b"}}"#),
        (Shape::Volume, r#"{"Options":{"type":"nfs","o":"rw","device":":/secret"}}"#),
        (Shape::Network, r#"{"Options":{"com.docker.network.host_ipv4":"203.0.113.7"}}"#),
        (Shape::Network, r#"{"Options":{"com.docker.network.host_ipv6":"2001:db8::113.7"}}"#),
        (Shape::Info, r#"{"SecurityOptions":["name=apparmor","name=seccomp,profile=/etc/secret.json"]}"#),
        (Shape::Info, r#"{"DriverStatus":[["Root Dir","/secret/aufs"],["Dirs","3"]]}"#),
        (Shape::Info, r#"{"ClusterAdvertise":"203.0.113.7:2376"}"#),
        (image, r#"[{"Labels":{"com.docker.compose.project.working_dir":"/secret"}}]"#),
        (Shape::Container, r#"{"State":{"Error":"mkdir /secret: read-only file system"}}"#),
        (Shape::Container, r#"{"State":{"Error":"Bind for 203.0.113.7:80 failed"}}"#),
        (Shape::Task, r#"{"Status":{"Err":"invalid mount config: /secret does not exist"}}"#),
        (Shape::Info, r#"{"Warnings":["API is accessible on http://203.0.113.7:2375 without encryption"]}"#),
        (
            Shape::Info,
            r#"{"Swarm":{"Error":"error while loading TLS certificate in /secret/swarm-node.crt"}}"#,
        ),
        (Shape::Info, r#"{"Swarm":{"Error":"dial tcp 203.0.113.7:2377: connect: connection refused"}}"#),
    ] {
        let seen = redacted(&redaction, shape, answer);
        assert!(!seen.contains("secret") && !seen.contains("113.7") && seen != answer, "{seen}");
        for plain in ["overlay", "nfs", "rw", "name=apparmor", "Root Dir", "\"3\"", ":2376"] {
            assert_eq!(answer.contains(plain), seen.contains(plain), "{seen}");
        }
    }
}

#[test]
fn what_is_no_json_object_has_nothing_to_redact() {
    let redaction = redaction(&["Config.Env"]);
    for text in ["OK", "", "null", "12"] {
        assert_eq!(redacted(&redaction, Shape::Other, text).trim(), text);
    }
}

#[test]
fn words_that_say_nothing_are_errors() {
    let mut redaction = Redaction::default();
    let error = redaction.add("@env").unwrap_err();
    assert_eq!(error.to_string(), "there is no set `@env`");
    assert!(redaction.add("Config.").is_err());
    assert!(redaction.is_empty());
}

/// Decodes as bollard does.
fn decodes<T: DeserializeOwned>(text: &str, what: &str) {
    if let Err(error) = serde_json::from_str::<T>(text) {
        panic!("{what}: {error} in {text}");
    }
}

#[test]
fn a_typed_client_decodes_what_is_left() {
    use bollard::models::{
        ContainerInspectResponse, ContainerSummary, EventMessage, ImageInspect, Network, NetworkInspect,
        Node, Service, SystemInfo, Task, Volume, VolumeListResponse,
    };
    let redaction = redaction(&["@environment", "@host-paths", "@network", "Created", "Config.Labels"]);
    for engine in ENGINES {
        for (file, shape) in ANSWERS {
            let seen = redacted(&redaction, shape, recorded(engine, file));
            let what = format!("{file} of {engine}");
            match (file, shape) {
                ("container", _) => decodes::<ContainerInspectResponse>(&seen, &what),
                ("containers", _) => decodes::<Vec<ContainerSummary>>(&seen, &what),
                ("image", _) => decodes::<ImageInspect>(&seen, &what),
                ("network" | "network-verbose", _) => decodes::<NetworkInspect>(&seen, &what),
                ("networks", _) => decodes::<Vec<Network>>(&seen, &what),
                ("volumes", _) => decodes::<VolumeListResponse>(&seen, &what),
                ("volume", _) => decodes::<Volume>(&seen, &what),
                ("service", _) => decodes::<Service>(&seen, &what),
                ("tasks", _) => decodes::<Vec<Task>>(&seen, &what),
                ("nodes", _) => decodes::<Vec<Node>>(&seen, &what),
                ("info", _) => decodes::<SystemInfo>(&seen, &what),
                ("events", _) => seen.lines().for_each(|line| decodes::<EventMessage>(line, &what)),
                _ => {}
            }
        }
    }
}
