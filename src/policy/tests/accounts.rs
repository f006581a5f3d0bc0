//! What is said of each rule agrees with the judge.

use super::super::account::Finding;
use super::*;

const POLICY: &str = r#"
    [clients.backend]
    listener = "backend"

    [[allow]]
    name = "look"
    operations = ["@read", "GET ~/containers/web/json"]

    [[allow]]
    name = "create"
    clients = "backend"
    operations = ["POST /containers/create"]
    images = ["alpine"]
    host_paths = ["/opt/**"]
    query.name = "app-*"
    require.memory = true

    [[forbid]]
    name = "no debugging"
    operations = ["POST /containers/create", "GET /containers/json"]
    body.Env = "DEBUG=*"

    [[forbid]]
    name = "no socket"
    operations = ["*"]
    host_paths = ["/run/docker.sock"]
    users = ["0", "image"]

    [[forbid]]
    name = "not this one"
    operations = ["POST /containers/create"]
    query.name = "app-x"
"#;

/// What a rule says of a request: `matches`, or the first thing that is in its way.
fn finding(listener: &str, request: &str, rule: &str) -> String {
    let account = policy(POLICY).account(&client(listener), &operation(request));
    let found = account.rules.into_iter().find(|account| account.rule == rule).unwrap();
    match found.finding {
        Finding::Matches => "matches".to_owned(),
        Finding::OtherOperations => "other operations".to_owned(),
        Finding::OtherPaths => "other paths".to_owned(),
        Finding::OtherClients(names) => format!("for {}", names.join(", ")),
        Finding::Fails(lacks) => lacks.first().unwrap().clone(),
    }
}

const APP: &str = r#"POST /containers/create?name=app-1 {"Image":"alpine","HostConfig":{"Memory":9,"Binds":["/opt/x:/x"]}}"#;
const SOCKET: &str = r#"POST /containers/create?name=app-1 {"Image":"alpine","HostConfig":{"Memory":9,"Binds":["/run:/run"]}}"#;

#[test]
fn the_first_thing_in_the_way_is_named() {
    for (listener, request, rule, expected) in [
        ("tcp", "GET /info", "look", "matches"),
        ("tcp", "POST /build", "look", "other operations"),
        ("tcp", "GET /containers/db/json", "look", "other paths"),
        ("tcp", APP, "create", "for backend"),
        ("backend", APP, "create", "matches"),
        ("backend", "POST /containers/create?name=x", "create", "its condition on name does not admit \"x\""),
        (
            "backend",
            r#"POST /containers/create {"Image":"alpine","HostConfig":{"Memory":1,"PidMode":"host"}}"#,
            "create",
            "it does not grant HostConfig.PidMode, which can show the container the processes of the host or of another container",
        ),
        (
            "backend",
            r#"POST /containers/create {"Image":"alpine"}"#,
            "create",
            "`require.memory = { min = 1 }` does not hold",
        ),
        ("backend", SOCKET, "create", "its host_paths do not have \"/run\", in HostConfig.Binds[0]"),
        ("backend", SOCKET, "no socket", "matches"),
        ("backend", SOCKET, "no debugging", "its condition on Env does not strike"),
        ("backend", APP, "no socket", "nothing that is asked is among its host_paths"),
        ("backend", APP, "not this one", "its condition on name does not strike"),
        ("backend", "POST /containers/create", "not this one", "the parameter name is not used"),
    ] {
        assert_eq!(finding(listener, request, rule), expected, "{request}");
    }
}

#[test]
fn the_account_agrees_with_the_judge() {
    let policy = policy(POLICY);
    let debugging = APP.replace("\"alpine\"", "\"alpine\",\"Env\":[\"DEBUG=1\"]");
    let second = APP.replace("app-1", "app-x");
    for request in [
        "GET /info",
        "GET /containers/web/json",
        "GET /containers/db/json",
        "POST /build",
        APP,
        SOCKET,
        &debugging,
        &second,
    ] {
        for listener in ["tcp", "backend"] {
            let account = policy.account(&client(listener), &operation(request));
            let has = |forbids| {
                let mut rules = account.rules.iter().filter(|rule| rule.forbids == forbids);
                rules.any(|rule| rule.finding == Finding::Matches)
            };
            let permits = judged(&policy, listener, request).starts_with("permit");
            assert_eq!(has(false) && !has(true), permits, "{listener}: {request}");
        }
    }
}

#[test]
fn everything_that_is_meant_is_told_with_its_place() {
    let request = r#"POST /v1.44/containers/create {"Image":"alpine","HostConfig":{"Binds":["/etc:/x:ro","data:/d"],"CapAdd":["SYS_ADMIN"]}}"#;
    let account = policy(POLICY).account(&client("backend"), &operation(request));
    let meant: Vec<String> =
        account.meant.iter().map(|one| format!("{} {} in {}", one.aspect, one.what, one.place)).collect();
    for expected in [
        "images \"docker.io/library/alpine:latest\" in Image",
        "host_paths \"/etc\" (read-only) in HostConfig.Binds[0]",
        "volumes \"data\" in HostConfig.Binds[1]",
        "capabilities \"SYS_ADMIN\" in HostConfig.CapAdd[0]",
        "users \"image\" in User",
    ] {
        assert!(meant.iter().any(|one| one == expected), "{expected} in {meant:#?}");
    }
    let guarded: Vec<&str> = account.guarded.iter().map(|one| one.place.as_str()).collect();
    assert_eq!(guarded, ["HostConfig.Binds", "HostConfig.CapAdd"]);
    assert_eq!(account.client, ["backend"]);
}
