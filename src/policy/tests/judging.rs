//! How requests are judged.

use super::super::Mode;
use super::*;
use crate::policy::Grounds;

/// Asserts the judgement of each request, from someone on the listener `tcp`.
fn assert_judged(rules: &str, expected: &[(&str, &str)]) {
    let policy = policy(rules);
    for (request, verdict) in expected {
        assert_eq!(judged(&policy, "tcp", request), *verdict, "{request}");
    }
}

#[test]
fn nothing_is_allowed_that_no_rule_grants() {
    assert_judged("", &[("GET /_ping", "no_rule"), ("GET /containers/json", "no_rule")]);
}

#[test]
fn operations_are_named_by_path_id_group_or_expression() {
    assert_judged(
        r#"
            [[allow]]
            name = "path"
            operations = ["GET /containers/{name}/json"]
            [[allow]]
            name = "id"
            operations = ["ContainerList"]
            [[allow]]
            name = "group"
            operations = ["@ping"]
            [[allow]]
            name = "expression"
            operations = ["GET ~/containers/(web|db)/logs"]
        "#,
        &[
            ("GET /v1.41/containers/web/json", "permit path"),
            ("GET /containers/json", "permit id"),
            ("HEAD /_ping", "permit group"),
            ("GET /containers/db/logs", "permit expression"),
            ("GET /containers/dbx/logs", "no_rule"),
            ("GET /containers/%77eb/logs", "permit expression"),
            ("GET /containers/web/top", "no_rule"),
            ("POST /containers/web/stop", "no_rule"),
        ],
    );
}

#[test]
fn rules_without_a_name_go_by_their_line() {
    assert_judged("[[allow]]\noperations = [\"@ping\"]\n", &[("GET /_ping", "permit line 2")]);
}

#[test]
fn a_forbid_rule_wins_where_its_conditions_strike() {
    assert_judged(
        r#"
            [[allow]]
            name = "all"
            operations = ["*"]
            unguarded = true
            [[forbid]]
            name = "keep volumes"
            operations = ["DELETE /containers/{id}"]
            query.v = true
            query.force = true
            [[forbid]]
            name = "not the database"
            operations = ["POST ~/containers/db/.*"]
            [[forbid]]
            name = "no local names"
            operations = ["ImageBuild"]
            query.t = "local/*"
        "#,
        &[
            ("DELETE /containers/x?v=1&force=1", "forbidden keep volumes"),
            ("DELETE /containers/x?v=1", "permit all"),
            ("DELETE /containers/x?v=1&force=0", "permit all"),
            ("POST /containers/db/stop", "forbidden not the database"),
            ("POST /containers/web/stop", "permit all"),
            ("POST /build?t=a&t=local/b", "forbidden no local names"),
            ("POST /build?t=a", "permit all"),
            ("POST /build", "permit all"),
        ],
    );
}

#[test]
fn a_condition_holds_for_what_is_sent() {
    assert_judged(
        r#"
            [[allow]]
            name = "stop"
            operations = ["ContainerStop", "ContainerStart"]
            query.t = { max = 60 }
            query.signal = ["SIGTERM", "SIG?UP"]
            [[allow]]
            name = "logs"
            operations = ["ContainerLogs"]
            query.follow = false
            query.tail = { regex = '\d+' }
            [[allow]]
            name = "build"
            operations = ["ImageBuild"]
            query.t = ["a/*", "b"]
        "#,
        &[
            ("POST /containers/x/stop", "permit stop"),
            ("POST /containers/x/stop?t=60&signal=SIGHUP", "permit stop"),
            ("POST /containers/x/stop?t=0&signal=", "permit stop"),
            ("POST /containers/x/stop?t=61", "condition stop"),
            ("POST /containers/x/stop?t=-1", "condition stop"),
            ("POST /containers/x/stop?signal=SIGKILL", "condition stop"),
            ("POST /containers/x/start", "permit stop"),
            ("GET /containers/x/logs?stdout=1&follow=0&tail=10", "permit logs"),
            ("GET /containers/x/logs?stdout=1&follow=1", "condition logs"),
            ("GET /containers/x/logs?stdout=1&tail=all", "condition logs"),
            ("POST /build?t=a/x&t=b", "permit build"),
            ("POST /build?t=a/x&t=c", "condition build"),
        ],
    );
}

#[test]
fn what_is_guarded_needs_a_grant_in_the_same_rule() {
    assert_judged(
        r#"
            [[allow]]
            name = "build"
            operations = ["ImageBuild"]
            query.remote = "https://git.example/*"
            [[allow]]
            name = "start"
            operations = ["ContainerStart"]
            [[allow]]
            name = "create"
            operations = ["ContainerCreate"]
            [[allow]]
            name = "join"
            operations = ["SwarmJoin"]
            [[allow]]
            name = "volumes"
            operations = ["VolumeCreate"]
            unguarded = true
        "#,
        &[
            ("POST /build?remote=https://git.example/a", "permit build"),
            ("POST /build?remote=https://evil.example/a", "condition build"),
            ("POST /build?networkmode=host", "missing_grant build"),
            ("POST /build?networkmode=none", "permit build"),
            ("POST /build?shmsize=0&extrahosts=&networkmode=", "permit build"),
            ("POST /build?cpushares=1024", "permit build"),
            ("POST /build?cpushares=262144", "missing_grant build"),
            ("POST /containers/x/start?checkpoint-dir=", "permit start"),
            ("POST /containers/x/start?checkpoint-dir=/etc", "missing_grant start"),
            ("POST /containers/create", "permit create"),
            ("POST /containers/create {\"Image\":\"a\"}", "permit create"),
            ("POST /containers/create {\"Image\":\"a\",\"HostConfig\":{\"Memory\":1}}", "permit create"),
            ("POST /containers/create {\"hostconfig\":{\"privileged\":true}}", "missing_grant create"),
            ("POST /containers/create {\"Privileged\":true}", "missing_grant create"),
            ("POST /containers/create {\"HostConfig\":{\"MaskedPaths\":[]}}", "missing_grant create"),
            ("POST /containers/create {\"New\":1}", "missing_grant create"),
            ("POST /containers/create {\"New\":0}", "permit create"),
            ("POST /swarm/join {\"JoinToken\":\"x\"}", "missing_grant join"),
            ("POST /swarm/join {}", "missing_grant join"),
            ("POST /volumes/create {\"Name\":\"a\"}", "permit volumes"),
        ],
    );
}

#[test]
fn grants_of_two_rules_are_not_joined() {
    assert_judged(
        r#"
            [[allow]]
            name = "remote"
            operations = ["ImageBuild"]
            query.remote = true
            [[allow]]
            name = "network"
            operations = ["ImageBuild"]
            query.networkmode = true
        "#,
        &[
            ("POST /build?remote=a", "permit remote"),
            ("POST /build?networkmode=host", "permit network"),
            ("POST /build?remote=a&networkmode=host", "missing_grant network"),
        ],
    );
}

#[test]
fn rules_are_for_the_clients_that_they_name() {
    let policy = policy(
        r#"
            [clients.backend]
            listener = "backend"
            uid = [1000]
            [clients.root]
            uid = 0
            [clients.local]
            listener = ["backend", "other"]
            [[allow]]
            name = "stop"
            clients = ["backend", "root"]
            operations = ["ContainerStop"]
            [[allow]]
            name = "list"
            operations = ["ContainerList"]
            [[forbid]]
            name = "no lists here"
            clients = "local"
            operations = ["ContainerList"]
            query.all = true
        "#,
    );
    for (listener, request, verdict) in [
        ("backend", "POST /containers/x/stop", "permit stop"),
        ("tcp", "POST /containers/x/stop", "no_rule"),
        ("tcp", "GET /containers/json?all=1", "permit list"),
        ("other", "GET /containers/json", "permit list"),
        ("other", "GET /containers/json?all=1", "forbidden no lists here"),
        ("backend", "GET /containers/json?all=1", "forbidden no lists here"),
    ] {
        assert_eq!(judged(&policy, listener, request), verdict, "{listener}: {request}");
    }
    assert_eq!(policy.client_name(&client("backend")), Some("backend"), "of whom most is said");
    assert_eq!(policy.client_name(&client("other")), Some("local"));
    assert_eq!(policy.client_name(&client("tcp")), None);
    let named: Vec<_> = policy.listeners_named().map(|(name, _)| name).collect();
    assert_eq!(named, ["backend", "backend", "other"]);
}

#[test]
fn observing_permits_and_says_what_would_have_been() {
    let rules = "mode = \"observe\"\n[[allow]]\noperations = [\"@ping\"]\n";
    let policy = policy(rules);
    assert_eq!(policy.mode(), Mode::Observe);
    let Verdict::Permit(permit) = policy.judge(&client("tcp"), operation("POST /containers/x/stop")) else {
        panic!("it is refused");
    };
    let Grounds::Observed(refusal) = permit.grounds() else { panic!("it is granted") };
    assert_eq!(refusal.reason().code(), "no_rule");
    assert!(refusal.message().contains("[[allow]]"));
    let Verdict::Permit(permit) = policy.judge(&client("tcp"), operation("GET /_ping")) else {
        panic!("it is refused");
    };
    assert_eq!(*permit.grounds(), Grounds::Rule { name: "line 3".to_owned(), line: 3 });
}

#[test]
fn the_policies_that_ship_judge_as_they_say() {
    let read_only = Policy::read(super::super::builtin()).0.unwrap();
    for request in
        ["HEAD /_ping", "GET /containers/json?all=1", "GET /containers/x/json", "GET /events", "GET /info"]
    {
        assert_eq!(judged(&read_only, "tcp", request), "permit look", "{request}");
    }
    for request in ["POST /containers/x/stop", "GET /containers/x/archive?path=/", "GET /containers/x/export"]
    {
        assert_eq!(judged(&read_only, "tcp", request), "no_rule", "{request}");
    }

    let everything = Policy::read(include_str!("../../../policy/everything.toml")).0.unwrap();
    for request in
        ["POST /session", "POST /build?remote=x&version=2", "POST /containers/create {\"Image\":\"x\"}"]
    {
        assert_eq!(judged(&everything, "tcp", request), "permit everything", "{request}");
    }

    let homelabarr = Policy::read(include_str!("../../../policy/homelabarr.toml")).0.unwrap();
    for (request, verdict) in [
        ("HEAD /_ping", "permit health"),
        ("GET /v1.41/info", "permit health"),
        ("GET /containers/json?limit=1", "permit look"),
        ("GET /containers/x/stats?stream=false", "permit look"),
        ("GET /v1.41/images/docker.io/library/redis:7/json", "permit look"),
        ("GET /containers/x/logs?stdout=true&stderr=true&tail=50&timestamps=true", "permit look"),
        ("POST /containers/x/restart", "permit run what is there"),
        ("POST /containers/x/wait?condition=next-exit", "permit run what is there"),
        ("DELETE /containers/x?force=1&v=1", "permit take apps away"),
        ("POST /images/create?fromImage=docker.io%2Flibrary%2Fx&tag=1", "permit pull images"),
        ("POST /images/create?fromSrc=-&repo=x", "missing_grant pull images"),
        ("POST /containers/create?name=x {\"Image\":\"x\"}", "permit install apps"),
        // The network, as the daemon shows it, is none of the apps.
        ("POST /networks/proxy/connect {\"Container\":\"x\"}", "condition apps onto these networks"),
        ("POST /containers/x/exec {\"Cmd\":[\"sh\"]}", "no_rule"),
        ("POST /build", "no_rule"),
        ("GET /containers/x/archive?path=/etc", "no_rule"),
        ("POST /containers/prune", "no_rule"),
    ] {
        assert_eq!(judged(&homelabarr, "tcp", request), verdict, "{request}");
    }
}

#[test]
fn the_hash_is_that_of_the_source() {
    let (policy, _) = Policy::read("version = 1\n");
    let hash = "sha256:dbab12665d98aef021ba64953c61b0ed8a908cfb56a1c01e2fcb4b052b71a2a1";
    assert_eq!(policy.unwrap().hash(), hash);
}

#[test]
fn who_reads_a_directory_of_a_container_reads_what_is_forbidden_in_it() {
    let policy = policy(
        "[[allow]]\nname = \"r\"\noperations = [\"ContainerArchive\", \"PutContainerArchive\", \"ContainerExport\"]\n\
         [[forbid]]\nname = \"keys\"\noperations = [\"*\"]\n\
         container_paths = [\"/config/keys/**\", \"/run/secrets\"]\n",
    );
    for (path, expected) in [
        ("/config/x", "permit r"),
        ("/data", "permit r"),
        ("/config/keys/a", "forbidden keys"),
        ("/config", "forbidden keys"),
        ("/data/../config/", "forbidden keys"),
        ("/", "forbidden keys"),
        ("/var/run", "forbidden keys"),
    ] {
        for method in ["GET", "PUT"] {
            let request = format!("{method} /containers/x/archive?path={path}");
            assert_eq!(judged(&policy, "tcp", &request), expected, "{request}");
        }
    }
    assert_eq!(judged(&policy, "tcp", "GET /containers/x/export"), "forbidden keys");
}

#[test]
fn who_reads_all_of_a_container_reads_more_than_a_part_of_it() {
    for (paths, expected) in
        [("[\"/data/**\"]", "condition r"), ("[\"/**\"]", "permit r"), ("true", "permit r")]
    {
        let policy = policy(&format!(
            "[[allow]]\nname = \"r\"\noperations = [\"ContainerArchive\", \"ContainerExport\"]\n\
             container_paths = {paths}\n"
        ));
        assert_eq!(judged(&policy, "tcp", "GET /containers/x/export"), expected, "{paths}");
        assert_eq!(judged(&policy, "tcp", "GET /containers/x/archive?path=/data/x"), "permit r", "{paths}");
    }
}
