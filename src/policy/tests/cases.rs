//! Tests that stand in policies: what is run, what is expected, what is noticed.

use super::super::case::{Files, Suite};

fn suite(source: &str) -> Suite {
    let source = format!("version = 1\n{source}");
    let (suite, problems) = Suite::read(&source);
    suite.unwrap_or_else(|| panic!("{}", super::super::problem::render(&problems, "policy", &source, false)))
}

/// What is not as expected, in a line each.
fn failures(source: &str) -> Vec<String> {
    let ran = suite(source).run(&Files::from([("create.json".to_owned(), br#"{"Image":"a"}"#.to_vec())]));
    ran.into_iter().filter_map(|ran| ran.failure).map(|failure| failure.message).collect()
}

const POLICY: &str = r#"
    [clients.backend]
    listener = "backend"
    uid = 1001

    [[allow]]
    name = "look"
    operations = ["GET /containers/json"]

    [[allow]]
    name = "create"
    clients = "backend"
    operations = ["POST /containers/create"]
    host_paths = ["/opt/**"]
    volumes = true
    users = ["non-root", "image"]

    [[forbid]]
    name = "not all"
    operations = ["GET /containers/json"]
    query.size = true
"#;

#[test]
fn a_test_says_who_asks_for_what_and_what_is_said_of_it() {
    for (test, expected) in [
        (
            r#"request = "GET /containers/json"
            verdict = "permit""#,
            None,
        ),
        (
            r#"request = "GET /containers/json"
            verdict = "permit"
            rule = "create""#,
            Some("GET /containers/json is permitted by rule \"look\""),
        ),
        (
            r#"request = "GET /containers/json?size=1"
            verdict = "deny"
            rule = "not all"
            reason = "forbidden""#,
            None,
        ),
        (
            r#"request = "GET /containers/json?size=1"
            verdict = "deny"
            reason = "no_rule""#,
            Some("GET /containers/json?size=1 is denied by rule \"not all\": forbidden"),
        ),
        (
            r#"request = "GET /v9.9/info"
            verdict = "deny"
            reason = "unsupported_version""#,
            None,
        ),
        (
            r#"request = "POST /containers/create"
            verdict = "deny"
            reason = "no_rule""#,
            None,
        ),
        (
            r#"request = "POST /containers/create"
            client = "backend"
            body_file = "create.json"
            verdict = "permit""#,
            None,
        ),
        (
            r#"request = 'POST /containers/create {"User": "0"}'
            client = { listener = "backend", uid = 1001 }
            verdict = "deny"
            rule = "create"
            reason = "condition"
            lacks = "users""#,
            None,
        ),
        (
            r#"request = 'POST /containers/create {"User": "1", "HostConfig": {"Privileged": true}}'
            client = "backend"
            verdict = "deny"
            reason = "missing_grant"
            lacks = "HostConfig.Privileged""#,
            None,
        ),
        (
            r#"request = "POST /containers/create"
            client = { listener = "backend", uid = 1002 }
            verdict = "permit""#,
            Some("POST /containers/create is denied: no_rule"),
        ),
        (
            r#"request = "POST /containers/create"
            client = "backend"
            body = '{"image": "x", "hostconfig": {"binds": ["/opt/x:/x"]}}'
            verdict = "permit""#,
            None,
        ),
    ] {
        let failures = failures(&format!("{POLICY}\n[[test]]\n{test}\n"));
        assert_eq!(failures.first().map(String::as_str), expected, "{test}");
    }
}

#[test]
fn what_the_daemon_shows_counts() {
    let test = |shown: &str| {
        let test = r#"
            [[test]]
            client = "backend"
            request = "POST /v1.44/containers/create"
            body.HostConfig.Binds = ["data:/data"]
            verdict = "permit"
        "#;
        failures(&format!("{POLICY}{test}{shown}\n"))
    };
    let device = |path: &str| {
        format!(r#"daemon."/volumes/data".Options = {{ type = "none", o = "bind", device = "{path}" }}"#)
    };
    assert!(test("").is_empty(), "a volume that is not there is made, of the local driver");
    assert!(test(&device("/opt/data")).is_empty());
    let missed =
        "POST /v1.44/containers/create is denied by rule \"create\": condition, lacking `host_paths`";
    assert_eq!(test(&device("/etc")), [missed]);
    assert!(test("daemon.\"/volumes/data\" = false").is_empty());
    let container = r#"
        [[test]]
        client = "backend"
        request = "POST /containers/create"
        body.HostConfig.VolumesFrom = ["db"]
        daemon."/containers/db/json".Mounts = [{ Type = "bind", Source = "/etc", Destination = "/x", RW = true }]
        verdict = "deny"
        lacks = "host_paths"
    "#;
    assert_eq!(failures(&format!("{POLICY}{container}")), Vec::<String>::new());
}

#[test]
fn what_is_shown_of_an_answer_can_be_tested() {
    let source = |expected: &str| {
        format!(
            "[[allow]]\noperations = [\"GET /containers/json\"]\ncontainer.label.\"a.b\" = \"c\"\n[[test]]\nrequest = \"GET /containers/json\"\nverdict = \"permit\"\n{expected}\n"
        )
    };
    let seen = r#"{ container = "web", label.a.b = "c", image = "alpine" }"#;
    let missed = r#"{ container = "db" }"#;
    assert!(failures(&source(&format!("sees = {seen}\nmisses = [{missed}]"))).is_empty());
    assert_eq!(
        failures(&source(&format!("sees = [{seen}, {missed}]\nmisses = {seen}"))),
        [
            "GET /containers/json is permitted by rule \"line 2\", and does not show container db, and shows container web"
        ]
    );
}

#[test]
fn what_was_expected_of_an_answer_is_said() {
    let source = r#"
        [[allow]]
        operations = ["GET /containers/json"]
        [[test]]
        request = "GET /containers/json"
        verdict = "permit"
        owner = "ci"
        hides = ["@network"]
        sees = { container = "web" }
        misses = { container = "db" }
    "#;
    let ran = suite(source).run(&Files::new());
    let failure = ran.into_iter().find_map(|ran| ran.failure).unwrap();
    let expected =
        "expected: a permit, marked for ci, hiding @network, showing container web, not showing container db";
    assert_eq!(failure.places[0].label, expected);
}

#[test]
fn a_test_of_a_policy_that_only_observes_expects_what_would_be() {
    let source = "mode = \"observe\"\n[[allow]]\noperations = [\"@ping\"]\n[[test]]\nrequest = \"GET /info\"\nverdict = \"deny\"\n";
    assert!(failures(source).is_empty());
}

#[test]
fn the_daemon_of_a_test_can_be_an_older_one() {
    let source = r#"
        min_version = "1.44"
        [[allow]]
        operations = ["@read"]
        [[test]]
        version = "1.43"
        request = ["GET /info", "GET /v1.43/info"]
        verdict = "deny"
        reason = "version"
        [[test]]
        version = "1.44"
        request = "GET /info"
        verdict = "permit"
        rule = "line 3"
    "#;
    // The line counts as the file's own; `version = 1` stands before it.
    assert_eq!(failures(&source.replace("line 3", "line 4")), Vec::<String>::new());
}

#[test]
fn tests_do_not_change_what_is_judged() {
    let rules = "[clients.test]\nlistener = \"a\"\n[[allow]]\noperations = [\"ContainerCreate\"]\n";
    let more = "[allow.body]\nImage = \"x\"\n[[forbid]]\noperations = [\"@ping\"]\n";
    let test = "[[test]]\nclient = \"test\"\nrequest = \"POST /containers/create\"\nverdict = \"permit\"\n[test.body]\nImage = '[[allow]]'\n";
    let hash = |source: String| suite(&source).policy().hash().to_owned();
    let without = hash(format!("{rules}{more}"));
    for with in
        [format!("{rules}{more}{test}"), format!("{rules}{test}{more}{test}"), format!("{test}{rules}{more}")]
    {
        assert_eq!(hash(with.clone()), without, "{with}");
    }
    assert_ne!(hash(format!("{rules}{more}").replace("clients.test", "clients.tost")), without);
    assert_ne!(hash(format!("{rules}{more}# x\n")), without);
}

#[test]
fn a_policy_whose_every_word_is_tested_leaves_nothing_untested() {
    let source = r#"
        [[allow]]
        name = "create"
        operations = ["POST /containers/create"]
        images = ["alpine", "ghcr.io/example/*"]
        host_paths = { read_only = ["/etc/localtime"] }
        require.query.name = "app-*"

        [[forbid]]
        name = "no debugging"
        operations = ["POST /containers/create"]
        body.Env = "DEBUG=*"

        [[test]]
        request = 'POST /containers/create?name=app-1 {"Image":"ghcr.io/example/x","Env":["A=B"]}'
        verdict = "permit"

        [[test]]
        request = "POST /v1.44/containers/create?name=app-1"
        body = { Image = "alpine", HostConfig.Binds = ["/etc/localtime:/etc/localtime:ro"] }
        verdict = "permit"

        [[test]]
        request = [
            "GET /info",
            'POST /containers/create?name=db {"Image": "alpine"}',
            'POST /containers/create?name=app-1 {"Image": "debian"}',
            'POST /containers/create?name=app-1 {"Image": "alpine", "HostConfig": {"Privileged": true}}',
            'POST /v1.44/containers/create?name=app-1 {"Image": "alpine", "HostConfig": {"Binds": ["/etc:/x:ro"]}}',
            'POST /v1.44/containers/create?name=app-1 {"Image": "alpine", "HostConfig": {"Binds": ["/etc/localtime:/x"]}}',
        ]
        verdict = "deny"

        [[test]]
        request = 'POST /containers/create?name=app-1 {"Image": "alpine", "Env": ["DEBUG=1"]}'
        verdict = "deny"
        rule = "no debugging"
    "#;
    let suite = suite(source);
    assert!(suite.run(&Files::new()).iter().all(|ran| ran.failure.is_none()));
    let coverage = suite.coverage(&Files::new());
    let untested: Vec<_> = coverage.untested.iter().map(|problem| &problem.message).collect();
    assert_eq!(untested, Vec::<&String>::new());
    assert!(coverage.changes == coverage.noticed && coverage.changes >= 15, "{coverage:?}");
}

#[test]
fn a_test_can_say_what_a_build_takes_from_outside() {
    let policy = r#"
        [[allow]]
        name = "build"
        operations = ["POST /build"]
        images = "own/*"
    "#;
    for (dockerfile, verdict) in [
        ("dockerfile = \"FROM own/base\"", "permit"),
        ("dockerfile = \"FROM alpine\"", "deny"),
        ("dockerfile = \"ARG A\\nFROM $A\"", "deny"),
        ("", "deny"),
    ] {
        let test = format!("[[test]]\nrequest = \"POST /build\"\n{dockerfile}\nverdict = \"{verdict}\"");
        assert_eq!(failures(&format!("{policy}{test}")), Vec::<String>::new(), "{dockerfile}");
    }
}

#[test]
fn a_test_can_expect_what_is_hidden() {
    let policy = r#"
        [[allow]]
        name = "look"
        operations = ["GET /containers/json", "GET /containers/{id}/json"]
        redact = ["@environment", "Config.Cmd"]
    "#;
    let test = |hides: &str| {
        format!(
            "{policy}[[test]]\nrequest = [\"GET /containers/x/json\", \"GET /containers/json\"]\nverdict = \"permit\"\n\
             hides = {hides}"
        )
    };
    assert_eq!(failures(&test("[\"@environment\", \"Config.Cmd\"]")), Vec::<String>::new());
    let expected =
        "GET /containers/x/json is permitted by rule \"look\", and hides @environment and Config.Cmd";
    assert_eq!(failures(&test("\"@network\""))[0], expected);
    let untested = suite(&test("\"@environment\"")).coverage(&Files::new()).untested;
    let untested: Vec<_> = untested.into_iter().map(|problem| problem.message).collect();
    assert!(
        untested.contains(&"no test notices if `Config.Cmd` of `redact` is taken out".to_owned()),
        "{untested:?}"
    );
    assert!(!untested.iter().any(|message| message.contains("@environment")), "{untested:?}");
}

#[test]
fn a_test_learns_no_more_than_the_gate_asks() {
    let binds = |count: usize, bind: &dyn Fn(usize) -> String| {
        let binds: Vec<String> = (0..count).map(|number| format!("\"{}\"", bind(number))).collect();
        format!(r#"{{"Image":"a","HostConfig":{{"Binds":[{}]}}}}"#, binds.join(","))
    };
    let volume = |number: usize| format!("v{number}:/v/{number}");
    let path = |number: usize| format!("/opt/{number}:/v/{number}");
    for (body, verdict) in [
        (binds(192, &volume), "permit"),
        (binds(193, &volume), "deny"),
        (binds(64, &path), "permit"),
        (binds(65, &path), "deny"),
    ] {
        let test = format!(
            "[[test]]\nclient = \"backend\"\nrequest = \"POST /containers/create\"\nverdict = \"{verdict}\"\nbody = '{body}'\n"
        );
        assert_eq!(failures(&format!("{POLICY}\n{test}")), [""; 0], "{verdict}");
    }
}
