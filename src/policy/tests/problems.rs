//! Everything that can be said of a file, in full: each `problems/NAME.toml` with what is shown of it.

use std::collections::BTreeSet;

use super::super::case::{Files, Suite};
use super::super::problem::{Code, Problem, render};
use super::*;
use crate::operation::meaning::{Reading, readings_in};
use crate::operation::table::{BodyKind, endpoints};

macro_rules! case {
    ($name:literal) => {
        (
            concat!($name, ".toml"),
            include_str!(concat!("problems/", $name, ".toml")),
            include_str!(concat!("problems/", $name, ".txt")),
        )
    };
}

const CASES: [(&str, &str, &str); 13] = [
    case!("errors"),
    case!("cases"),
    case!("tested"),
    case!("untested"),
    case!("words"),
    case!("syntax"),
    case!("unclosed"),
    case!("escape"),
    case!("version"),
    case!("warnings"),
    case!("gifts"),
    case!("empty"),
    case!("star"),
];

/// What is said of a file, and of its tests.
fn found(source: &str) -> Vec<Problem> {
    let (suite, mut problems) = Suite::read(source);
    if let Some(suite) = suite.filter(|suite| suite.case_count() > 0) {
        problems.extend(suite.run(&Files::new()).into_iter().filter_map(|ran| ran.failure));
        problems.extend(suite.coverage(&Files::new()).untested);
    }
    problems
}

#[test]
fn problems_are_shown_on_the_lines_of_the_file() {
    for (name, source, expected) in CASES {
        let shown = render(&found(source), name, source, false);
        assert!(shown == expected, "{name} is shown otherwise:\n{shown}");
    }
}

#[test]
fn every_code_is_shown_by_a_case() {
    let shown: BTreeSet<Code> =
        CASES.iter().flat_map(|(_, source, _)| found(source)).map(|problem| problem.code).collect();
    let all: BTreeSet<Code> = Code::ALL.iter().copied().collect();
    assert_eq!(all.difference(&shown).collect::<Vec<_>>(), Vec::<&Code>::new());
}

#[test]
fn there_is_a_policy_only_where_there_is_no_error() {
    for (name, source, expected) in CASES {
        let has_errors = expected.replace("error[failed-test]", "").contains("error[");
        assert_eq!(Policy::read(source).0.is_none(), has_errors, "{name}");
    }
}

#[test]
fn a_rule_is_covered_only_where_the_other_grants_all_of_it() {
    let is_covered = |narrow: &str, wide: &str| {
        let source = format!("version = 1\n[clients.a]\nuid = 0\n[[allow]]\n{wide}\n[[allow]]\n{narrow}\n");
        let (_, problems) = Policy::read(&source);
        let last = source.rfind("[[allow]]").unwrap();
        problems.iter().any(|problem| problem.code == Code::CoveredRule && problem.start() == last)
    };
    let stop = r#"operations = ["ContainerStop"]"#;
    let build = r#"operations = ["ImageBuild"]"#;
    let with = |operations: &str, more: &str| format!("{operations}\n{more}");
    for (narrow, wide, expected) in [
        (stop.to_owned(), with(stop, ""), true),
        (stop.to_owned(), r#"operations = ["@lifecycle"]"#.to_owned(), true),
        (r#"operations = ["POST ~/containers/web/stop"]"#.to_owned(), stop.to_owned(), true),
        (stop.to_owned(), r#"operations = ["POST ~/containers/.*/stop"]"#.to_owned(), false),
        (with(stop, "query.t = 5"), with(stop, "query.t = { max = 9 }"), true),
        (with(stop, "query.t = { max = 9 }"), with(stop, "query.t = 5"), false),
        (stop.to_owned(), with(stop, "query.t = 5"), false),
        (with(stop, "clients = \"a\""), stop.to_owned(), true),
        (stop.to_owned(), with(stop, "clients = \"a\""), false),
        (with(build, "query.remote = \"a\""), build.to_owned(), false),
        (with(build, "query.remote = \"a\""), with(build, "query.remote = \"*\""), true),
        (build.to_owned(), with(build, "query.remote = \"x\""), true),
        (build.to_owned(), with(build, "query.shmsize = { min = 5 }"), false),
        (build.to_owned(), with(build, "query.networkmode = \"host\""), false),
        (with(build, "query.remote = \"a\""), with(build, "unguarded = true"), true),
        (with(build, "unguarded = true"), build.to_owned(), false),
    ] {
        assert_eq!(is_covered(&narrow, &wide), expected, "{narrow} within {wide}");
    }
}

#[test]
fn what_reaches_the_host_is_warned_of() {
    let warns = |rule: &str| {
        let (_, problems) = Policy::read(&format!("version = 1\n[[allow]]\n{rule}\n"));
        problems.iter().any(|problem| problem.code == Code::GivesHostAway)
    };
    for (rule, expected) in [
        ("operations = \"*\"", true),
        ("operations = \"Grpc\"", true),
        ("operations = \"PutContainerArchive\"", true),
        ("operations = \"@read\"", false),
        ("operations = \"ContainerCreate\"", false),
        ("operations = \"ContainerCreate\"\nunguarded = true", true),
        ("operations = \"ImageBuild\"", false),
        ("operations = \"ImageBuild\"\nunguarded = true", true),
        ("operations = \"ImageBuild\"\nquery.networkmode = \"app-*\"", false),
        ("operations = \"ImageBuild\"\nquery.networkmode = \"*\"", true),
        ("operations = \"ImageBuild\"\nquery.networkmode = [\"a\", \"container:*\"]", true),
        ("operations = \"ImageBuild\"\nquery.securityopt = true", true),
        ("operations = \"ImageCreate\"\nquery.fromSrc = \"https://example.org/*\"", false),
        ("operations = \"ImageCreate\"\nquery.fromSrc = \"http*\"", true),
        ("operations = \"ContainerStart\"\nquery.checkpoint-dir = true", true),
        ("operations = \"ContainerStart\"\nquery.checkpoint = true", false),
        ("operations = \"SwarmInspect\"", true),
        ("operations = \"SwarmUpdate\"\nbody = true", true),
        ("operations = \"ServiceCreate\"\nbody.\"TaskTemplate.PluginSpec\" = true", true),
        ("operations = \"ServiceUpdate\"\nbody.\"tasktemplate.pluginspec\" = true", true),
        ("operations = \"ServiceCreate\"\nbody.\"TaskTemplate.PluginSpec\" = false", false),
        ("operations = \"ServiceCreate\"\nbody.\"TaskTemplate.Resources\" = true", false),
        ("operations = \"ContainerCreate\"\nhost_paths = [\"/root/.ssh/authorized_keys\"]", true),
        ("operations = \"SwarmInspect\"\nredact = [\"JoinTokens.Worker\"]", true),
        ("operations = \"SwarmInspect\"\nredact = [\"JoinTokens.*\"]", false),
        // Who has a directory has what is in it.
        ("operations = \"ContainerCreate\"\nhost_paths = [\"/run\"]", true),
        ("operations = \"ContainerCreate\"\nhost_paths = { read_only = [\"/var\"] }", true),
        ("operations = \"ContainerCreate\"\nhost_paths = [\"/var/lib\"]", true),
        ("operations = \"ContainerCreate\"\nhost_paths = [\"/usr/local\"]", true),
        ("operations = \"ContainerCreate\"\nhost_paths = [\"/etc/sudoers\"]", true),
        ("operations = \"ContainerCreate\"\nhost_paths = [\"/srv\", \"/var/log/**\"]", false),
        ("operations = \"ContainerCreate\"\ndevices = [\"/dev/mapper\"]", true),
        ("operations = \"ContainerCreate\"\nhost_paths = [\"/etc/dockgate/**\"]", true),
        ("operations = \"ContainerCreate\"\nhost_paths = [\"/etc/cron.hourly/*\"]", true),
        ("operations = \"ContainerCreate\"\nhost_paths = [\"/usr/lib/systemd/**\"]", true),
        ("operations = \"ContainerCreate\"\nhost_paths = [\"/var/lib/docker/overlay2/**\"]", true),
        ("operations = \"ContainerCreate\"\nhost_paths = [\"/var/run/containerd/*\"]", true),
        ("operations = \"ContainerCreate\"\nhost_paths = { read_only = [\"/run/podman/**\"] }", true),
        ("operations = \"ContainerCreate\"\ndevices = [\"/dev/sda1\"]", true),
        ("operations = \"ContainerCreate\"\ndevices = [\"/dev/sda2\", \"/dev/net/tun\"]", true),
        ("operations = \"ContainerCreate\"\ndevices = [\"/dev/nvme0n1p2\"]", true),
        ("operations = \"ContainerCreate\"\ndevices = [\"/dev/net/tun\", \"/dev/dri\"]", false),
        ("operations = \"ContainerCreate\"\nbody.\"HostConfig.Binds\" = [\"/var:/x:ro\"]", true),
    ] {
        assert_eq!(warns(rule), expected, "{rule}");
    }
    assert!(Policy::read(super::super::builtin()).1.is_empty());
}

#[test]
fn the_hosts_network_is_not_had_by_its_name() {
    let warns = |table: &str, lines: &str| {
        let source = format!("version = 1\n[[{table}]]\noperations = \"ContainerCreate\"\n{lines}\n");
        let (_, problems) = Policy::read(&source);
        problems.iter().any(|problem| problem.code == Code::IdleKey)
    };
    assert!(warns("allow", "networks = [\"proxy\", \"host\"]"));
    assert!(!warns("allow", "networks = [\"host-*\", \"bridge\"]"));
    assert!(!warns("allow", "networks = [\"host\"]\nnamespaces = [\"network:host\"]"));
    assert!(!warns("forbid", "networks = [\"host\"]"));
    let inspecting =
        "version = 1\n[[allow]]\noperations = \"NetworkInspect\"\nnetworks = [\"host\", \"bridge\"]\n";
    assert!(Policy::read(inspecting).1.is_empty());
}

#[test]
fn a_condition_on_things_that_no_operation_has_to_do_with_is_warned_of() {
    for (operations, line, expected) in [
        ("\"ContainerStop\", \"ContainerList\"", "image.name = \"alpine\"", Some("`container.image`")),
        ("\"ContainerStop\"", "service.name = \"web\"", Some("name the operations")),
        ("\"ImagePrune\", \"ImageLoad\"", "volume.label.x = \"y\"", Some("name the operations")),
        ("\"ContainerStop\", \"ImageTag\"", "image.name = \"alpine\"", None),
        ("\"ContainerStart\"", "network.name = \"web\"", None),
        ("\"ExecStart\", \"ImageCommit\"", "container.name = \"web\"", None),
        ("\"ServiceCreate\"", "secret.name = \"web\"", None),
        ("\"SystemEvents\"", "node.name = \"web\"", None),
        ("\"*\"", "config.owner = \"web\"", None),
    ] {
        for table in ["allow", "forbid"] {
            let source = format!("version = 1\n[[{table}]]\noperations = [{operations}]\n{line}\n");
            let (_, problems) = Policy::read(&source);
            let warning = problems.iter().find(|problem| problem.code == Code::IdleKey);
            let help = warning.and_then(|warning| warning.help.as_deref());
            assert_eq!(help.is_some(), expected.is_some(), "{source}{problems:?}");
            assert!(help.unwrap_or_default().contains(expected.unwrap_or_default()), "{source}{problems:?}");
        }
    }
}

#[test]
fn every_reference_of_a_body_is_one_that_conditions_on_things_have_to_do_with() {
    // `Reading::Container`, `Links` and the like have no aspect, by which the endpoints are found.
    let things = |id: &str, thing: &str| {
        let source = format!("version = 1\n[[forbid]]\noperations = \"{id}\"\n{thing}.id = \"*\"\n");
        Policy::read(&source).1.iter().all(|problem| problem.code != Code::IdleKey)
    };
    for endpoint in endpoints() {
        let BodyKind::Json { kind, .. } = endpoint.body else { continue };
        for (_, field) in kind.fields() {
            for reading in readings_in(field) {
                let names_containers = matches!(
                    reading,
                    Reading::Container
                        | Reading::Links
                        | Reading::VolumesFrom
                        | Reading::NetworkMode
                        | Reading::NamespaceMode(_)
                );
                let names_networks = matches!(
                    reading,
                    Reading::NetworkMode | Reading::Network | Reading::NetworkKeys | Reading::ServiceNetworks
                );
                let kinds = [
                    ("container", names_containers),
                    ("network", names_networks),
                    ("volume", matches!(reading, Reading::Binds | Reading::Mounts)),
                    ("image", reading == Reading::Image),
                    ("secret", reading == Reading::Secrets),
                    ("config", reading == Reading::Configs),
                ];
                for (kind, _) in kinds.iter().filter(|(_, is_named)| *is_named) {
                    assert!(things(endpoint.id, kind), "{kind} of {}", endpoint.id);
                }
            }
        }
    }
}

#[test]
fn what_is_easily_written_wrong_is_told_with_its_cure() {
    for (lines, message, help) in [
        (
            "images = \"ghcr.io/own/\"",
            "`ghcr.io/own/` matches nothing",
            Some("write `ghcr.io/own/*` for all below it"),
        ),
        (
            "images = \"alpine@\"",
            "`alpine@` has no digest behind `@`",
            Some("write `alpine` for every tag and digest"),
        ),
        (
            "require.drop_capabilities = [\"ALL\", \"NETRAW\"]",
            "there is no capability `NETRAW`",
            Some("did you mean `NET_RAW`?"),
        ),
        (
            "image = \"alpine\"",
            "`image` must be a table, as `image.name = \"…\"`; or did you mean `images`?",
            None,
        ),
        ("container = \"web\"", "`container` must be a table, as `container.name = \"…\"`", None),
        (
            "[[allow]]\noperations = \"GET ^/containers/json$\"",
            "the Docker API has no `GET ^/containers/json$`",
            Some("a regular expression begins with `~`: `GET ~^/containers/json$`"),
        ),
    ] {
        let source = format!("version = 1\n[[allow]]\noperations = \"ContainerCreate\"\n{lines}\n");
        let (policy, problems) = Policy::read(&source);
        assert!(policy.is_none(), "{lines}");
        let [problem] = problems.as_slice() else { panic!("{lines}: {problems:?}") };
        assert_eq!((problem.message.as_str(), problem.help.as_deref()), (message, help));
    }
}

#[test]
fn a_path_that_names_what_is_kept_out_never_matches() {
    for (operations, lines, expected) in [
        ("\"VolumeDelete\", \"VolumeCreate\"", "volumes = false", true),
        ("\"NetworkInspect\"", "networks = false", true),
        ("\"VolumeDelete\", \"ContainerCreate\"", "volumes = false", false),
        ("\"VolumeDelete\"", "volumes = [\"app-*\"]", false),
    ] {
        let source = format!("version = 1\n[[allow]]\noperations = [{operations}]\n{lines}\n");
        let (_, problems) = Policy::read(&source);
        assert_eq!(problems.iter().any(|problem| problem.code == Code::NeverMatches), expected, "{source}");
    }
}

#[test]
fn texts_that_let_paths_of_the_host_through_are_warned_of() {
    let warned = |operation: &str, lines: &str| {
        let source = format!("version = 1\n[[allow]]\noperations = \"{operation}\"\n{lines}\n");
        let (policy, problems) = Policy::read(&source);
        assert!(policy.is_some(), "{lines}: {problems:?}");
        problems.iter().filter(|problem| problem.code == Code::GivesHostAway).count()
    };
    for (lines, expected) in [
        (r#"body."HostConfig.Binds" = ["/data/*:/x"]"#, 1),
        (r#"body."HostConfig.Binds" = ["/data/??:/y:ro"]"#, 1),
        (r#"body."HostConfig.Binds" = { regex = "/data/.*" }"#, 1),
        (r#"body."HostConfig.Binds" = { every = ["/data/*"] }"#, 1),
        (r#"body."HostConfig.Binds" = { some = ["/data:/x"] }"#, 1),
        (r#"body."HostConfig.Binds" = ["/:/host"]"#, 1),
        (r#"body."HostConfig.Binds" = ["/etc:/host/etc:ro"]"#, 1),
        (r#"body."HostConfig.Binds" = ["*:/data"]"#, 1),
        (r#"body."HostConfig.Binds" = ["/data:/x", "app-*:/y", "/srv/?:/z"]"#, 0),
        (r#"body."HostConfig.Binds" = { regex = "(/data|app-[a-z]+):/x" }"#, 0),
        ("body.\"HostConfig.Binds\" = [\"/data/*:/x\"]\nhost_paths = [\"/data/**\"]", 0),
        ("body.\"HostConfig.Mounts\" = true\nbody.\"HostConfig.Mounts.Source\" = [\"/data/*\"]", 2),
        ("body.\"HostConfig.Mounts\" = true\nbody.\"HostConfig.Mounts.Source\" = [\"app-*\"]", 1),
        ("body.\"HostConfig.Devices\" = true\nbody.\"HostConfig.Devices.PathOnHost\" = [\"/dev/dri/*\"]", 2),
    ] {
        assert_eq!(warned("ContainerCreate", lines), expected, "{lines}");
    }
    for (options, expected) in [
        (r#"["type=none", "o=bind", "device=/data/*"]"#, 1),
        (r#"["type=none", "o=bind", "device=/etc"]"#, 1),
        (r#"["type=none", "o=bind", "device=/data"]"#, 0),
        (r#"["type=nfs", "o=addr=*", "device=:/*"]"#, 0),
    ] {
        assert_eq!(warned("VolumeCreate", &format!("body.DriverOpts = {options}")), expected, "{options}");
    }
}
