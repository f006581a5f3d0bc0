//! What a refused client is told, and that doing it helps.

use proptest::prelude::*;

use super::super::Suggestion;
use super::*;

const BASE: &str = r#"
[clients.backend]
listener = "backend"

[clients."b c"]
listener = "odd"

[[allow]]
name = "start"
operations = ["ContainerStart"]

[[allow]]
name = "stop"
operations = ["ContainerStop"]
query.t = { max = 60 }
query.signal = ["SIGTERM", "SIG?UP"]
reason = "containers get a minute to end"

[[allow]]
name = "kill"
operations = ['POST ~^/containers/nu-(web|db)\.[0-9]/kill$']
query.signal = { regex = 'SIG(INT|\w+1)' }

[[allow]]
name = "build"
operations = ["ImageBuild"]

[[allow]]
name = "table"
operations = ["ImageLoad", "ImageCreate"]
[allow.query]
fromImage = "docker.io/*"

[[allow]]
name = "create"
operations = ["ContainerCreate", "ContainerUpdate", "SwarmJoin"]

[[allow]]
name = "volumes"
operations = ["VolumeCreate"]
unguarded = false

[[allow]]
name = "list"
clients = ["backend"]
operations = ["ContainerList"]

[[forbid]]
name = "no exec"
operations = ["ContainerExec"]
reason = "ask the security team: security@example.org"
"#;

/// The source with the suggestion followed, as a reader would.
fn followed(source: &str, suggestion: &Suggestion) -> String {
    match suggestion {
        Suggestion::Rule(rule) => format!("{source}\n{rule}"),
        Suggestion::Lines { rule, lines } => {
            let name = format!("name = \"{rule}\"\n");
            assert!(source.contains(&name), "{rule}");
            source.replace(&name, &format!("{name}{lines}"))
        }
    }
}

#[test]
fn whoever_follows_the_suggestion_is_permitted() {
    let before = policy(BASE);
    for listener in ["tcp", "backend", "odd"] {
        for request in [
            "GET /info",
            "GET /containers/web/json?size=1",
            "POST /containers/web/kill?signal=SIGUSR1",
            "GET /images/a/b/json",
            "POST /containers/web/start?checkpoint-dir=/etc&checkpoint=x",
            "POST /containers/web/start?checkpoint=%2A%5C%22%0A%3F%C3%A9%20x",
            "POST /containers/web/stop?t=90",
            "POST /containers/web/stop?t=-1&signal=SIGKILL",
            "POST /build?remote=git://example.org/x&networkmode=host&extrahosts=a:1&extrahosts=b:2",
            "POST /build?shmsize=1000&buildargs=%7B%22A%22:%22b%22%7D&version=2&session=abc",
            "POST /images/create?fromSrc=http://example.org/x.tar",
            "POST /images/create?fromImage=ghcr.io/x&changes=USER%20root",
            "POST /containers/create?name=x {\"Image\":\"x\",\"HostConfig\":{\"Privileged\":true}}",
            "POST /containers/create {\"HostConfig\":{\"NewField\":[1],\"Binds\":[\"/:/h\"]}}",
            "POST /containers/web/update {\"Memory\":1}",
            "POST /volumes/create {\"Name\":\"x\",\"DriverOpts\":{\"o\":\"bind\"}}",
            "POST /networks/create {\"Name\":\"x\"}",
            "POST /swarm/init {\"ListenAddr\":\"x\"}",
            "POST /plugins/pull?remote=x [{\"Name\":\"network\"}]",
            "POST /session",
            "PUT /containers/web/archive?path=/x",
        ] {
            let refused = denial(&before, listener, request);
            let suggestion = refused.refusal().suggestion().unwrap_or_else(|| panic!("{request}"));
            let after = policy(&followed(BASE, suggestion));
            let verdict = judged(&after, listener, request);
            assert!(verdict.starts_with("permit"), "{request}: {verdict}\n{}", refused.message());
        }
    }
}

/// What a request lacks is granted, and nothing else: not the same request with another value.
#[test]
fn whoever_follows_the_suggestion_permits_nothing_else() {
    let before = policy(BASE);
    for (request, others) in [
        (
            "POST /containers/web/stop?t=90",
            &["POST /containers/web/stop?t=91", "POST /containers/web/stop?t=90&signal=SIGKILL"][..],
        ),
        (
            "POST /containers/web/stop?t=90&signal=SIG*",
            &["POST /containers/web/stop?t=91&signal=SIG*", "POST /containers/web/stop?t=90&signal=SIGKILL"],
        ),
        ("POST /containers/web/stop?signal=KILL", &["POST /containers/web/stop?t=90&signal=KILL"]),
        (
            "POST /containers/nu-web.1/kill?signal=SIGKILL",
            &["POST /containers/nu-web.1/kill?signal=9", "POST /containers/nu-web.2/kill?signal=SIGKILL"],
        ),
        (
            "POST /containers/nu-web2.1/kill?signal=SIGUSR1",
            &[
                "POST /containers/nu-web2x1/kill?signal=SIGUSR1",
                "POST /containers/nu-web2.1/kill?signal=SIGKILL",
            ],
        ),
        (
            "POST /images/create?fromImage=alpine&tag=1",
            &[
                "POST /images/create?fromImage=debian&tag=1",
                "POST /images/create?fromSrc=http://example.org/x",
            ],
        ),
        (
            "POST /images/create?fromImage=alpine&changes=USER",
            &["POST /images/create?fromImage=debian&changes=USER", "POST /images/create?changes=CMD"],
        ),
    ] {
        let refused = denial(&before, "tcp", request);
        let after = policy(&followed(BASE, refused.refusal().suggestion().unwrap()));
        assert!(judged(&after, "tcp", request).starts_with("permit"), "{request}\n{}", refused.message());
        for other in others {
            let verdict = judged(&after, "tcp", other);
            assert!(!verdict.starts_with("permit"), "{other}: {verdict}\n{}", refused.message());
        }
    }
}

#[test]
fn shares_of_cpus_are_suggested_as_they_are_read() {
    let rule = "[[allow]]\nname = \"r\"\noperations = [\"ContainerCreate\"]\nimages = [\"x\"]\n\
                resources.cpus = { max = 1.5 }\nrequire.cpus = { max = 2 }\n";
    let before = policy(rule);
    let create = |image: &str, cpus: &str| {
        format!(r#"POST /containers/create {{"Image":"{image}","HostConfig":{{"NanoCpus":{cpus}}}}}"#)
    };
    for (image, cpus, lines, others) in [
        ("y", "1500000000", "resources.cpus = { max = 1.5 }", &["1500000001"][..]),
        ("x", "1750000000", "resources.cpus = { max = 1.75 }", &["1750000001", "2000000000"]),
        ("x", "2000000000", "resources.cpus = { max = 2 }", &["2000000001", "3000000000"]),
    ] {
        let refused = denial(&before, "tcp", &create(image, cpus));
        let message = refused.message();
        assert!(message.contains(lines) && message.contains("require.cpus = { max = 2 }"), "{message}");
        let after = policy(&followed(rule, refused.refusal().suggestion().unwrap()));
        assert!(judged(&after, "tcp", &create(image, cpus)).starts_with("permit"), "{message}");
        for other in others {
            assert!(
                !judged(&after, "tcp", &create(image, other)).starts_with("permit"),
                "{other}: {message}"
            );
        }
    }
    let told = denial(&before, "tcp", &create("x", "1750000000")).message().to_owned();
    assert!(told.contains("It was asked with resources.cpus 1.75, in HostConfig.NanoCpus."), "{told}");
}

proptest! {
    #[test]
    fn a_suggestion_for_one_value_is_for_no_other(
        (t, signal) in (-9..99_i64, "[A-Z*.]{1,5}"),
        (other_t, other_signal) in (-9..99_i64, "[A-Z*.]{1,5}"),
    ) {
        let request = format!("POST /containers/web/stop?t={t}&signal={signal}");
        let refused = denial(&policy(BASE), "tcp", &request);
        let after = policy(&followed(BASE, refused.refusal().suggestion().unwrap()));
        prop_assert!(judged(&after, "tcp", &request).starts_with("permit"));
        let other = format!("POST /containers/web/stop?t={other_t}&signal={other_signal}");
        let is_in_it = (other_t == t || (0..=60).contains(&t) && (0..=60).contains(&other_t))
            && other_signal == signal;
        prop_assert_eq!(judged(&after, "tcp", &other).starts_with("permit"), is_in_it, "{}", other);
    }
}

#[test]
fn a_long_value_is_not_repeated() {
    let request = format!("POST /containers/web/start?checkpoint={}", "x".repeat(10_000));
    let refused = denial(&policy(BASE), "tcp", &request);
    assert!(refused.message().ends_with("\n\nquery.checkpoint = true"), "{}", refused.message());
}

#[test]
fn the_summary_holds_no_value_that_was_sent() {
    for request in [
        "POST /containers/web/start?checkpoint=s3cret",
        "POST /containers/web/stop?signal=s3cret&t=4711",
        "GET /containers/s3cret/json",
        "POST /containers/create {\"Image\":\"s3cret\",\"Runtime\":\"s3cret\"}",
        "POST /containers/create {\"NetworkingConfig\":{\"EndpointsConfig\":{\"s3cret\":{\"MacAddress\":\"s3cret\"}}}}",
        "POST /containers/create {\"s3cret\":\"s3cret\"}",
    ] {
        let refused = denial(&policy(BASE), "tcp", request);
        let summary = refused.refusal().summary();
        assert!(!summary.contains("s3cret") && !summary.contains("4711"), "{summary}");
        assert!(refused.message().starts_with(summary));
    }
}

#[test]
fn a_rule_for_other_paths_is_named() {
    assert_eq!(
        denial(&policy(BASE), "backend", "POST /containers/nu-web2.1/kill?signal=SIGUSR1").message(),
        r#"dockgate: POST /containers/{id}/kill (ContainerKill) is not allowed for client "backend": no rule of the policy grants it; rule "kill" has the endpoint, but not this path.
To allow it, add to the policy:

[[allow]]
clients = ["backend"]
operations = ['POST ~^/containers/nu-web2\.1/kill$']
query.signal = { regex = 'SIG(INT|\w+1)' }"#
    );
}

#[test]
fn a_rule_for_others_is_named_only_where_it_grants() {
    let policy = policy(
        "[clients.a]\nlistener = \"a\"\n[clients.b]\nlistener = \"b\"\n\
         [[allow]]\nclients = \"a\"\noperations = [\"ContainerStop\"]\nquery.t = { max = 9 }\n\
         [[allow]]\nclients = \"b\"\noperations = [\"ContainerStop\"]\n",
    );
    for (request, why) in [
        ("POST /containers/x/stop?t=9", "rules for the clients \"a\" and \"b\" do."),
        ("POST /containers/x/stop?t=10", "a rule for client \"b\" does."),
    ] {
        let refused = denial(&policy, "tcp", request);
        assert!(refused.refusal().summary().ends_with(why), "{}", refused.message());
    }
}

/// The refusals of several kinds, each in full.
#[test]
fn a_refusal_says_what_why_and_what_to_add() {
    let policy = policy(BASE);
    let told = |listener, request| denial(&policy, listener, request).message().to_owned();
    assert_eq!(
        told("backend", "POST /containers/web/pause"),
        r#"dockgate: POST /containers/{id}/pause (ContainerPause) is not allowed for client "backend": no rule of the policy grants it.
To allow it, add to the policy:

[[allow]]
clients = ["backend"]
operations = ["POST /containers/{id}/pause"]"#
    );
    assert_eq!(
        told("backend", "POST /networks/create {\"Name\":\"x\",\"Driver\":\"macvlan\"}"),
        r#"dockgate: POST /networks/create (NetworkCreate) is not allowed for client "backend": no rule of the policy grants it.
The field Driver is guarded: it can put containers on the host's own network, or spread the network over a swarm. It was asked with "macvlan".
To allow it, add to the policy:

[[allow]]
clients = ["backend"]
operations = ["POST /networks/create"]
drivers = ["network:macvlan"]"#
    );
    assert_eq!(
        told("tcp", "GET /containers/json"),
        r#"dockgate: GET /containers/json (ContainerList) is not allowed for this client: no rule for this client grants it; a rule for client "backend" does.
The policy has no name for this client, so the rule below is for everyone. For who comes by its listener alone, add `[clients.NAME]` with `listener = "tcp"`, and `clients = ["NAME"]` to the rule.
To allow it, add to the policy:

[[allow]]
operations = ["GET /containers/json"]"#
    );
    assert_eq!(
        told("tcp", "POST /containers/web/exec {\"Cmd\":[\"sh\"]}"),
        r#"dockgate: POST /containers/{id}/exec (ContainerExec) is not allowed for this client: rule "no exec" forbids it.
Reason: ask the security team: security@example.org"#
    );
    assert_eq!(
        told("tcp", "POST /containers/web/stop?t=90"),
        r#"dockgate: POST /containers/{id}/stop (ContainerStop) is not allowed for this client: rule "stop" has it, but its condition on t does not hold.
It was asked with t = 90.
Reason: containers get a minute to end
The policy has no name for this client, so the rule below is for everyone. For who comes by its listener alone, add `[clients.NAME]` with `listener = "tcp"`, and `clients = ["NAME"]` to the rule.
To allow it, add to the policy:

[[allow]]
operations = ["POST /containers/{id}/stop"]
query.signal = ["SIGTERM", "SIG?UP"]
query.t = 90"#
    );
    assert_eq!(
        told(
            "tcp",
            r#"POST /containers/create {"image":"x","hostconfig":{"privileged":true,"Mounts":[{"New":1}]},"Binds":["/:/h"]}"#
        ),
        r#"dockgate: POST /containers/create (ContainerCreate) is not allowed for this client: rule "create" has it, but it does not grant HostConfig.Privileged, HostConfig.Mounts, HostConfig.Binds and a field that is not known.
The policy has no name for this client, so the rule below is for everyone. For who comes by its listener alone, add `[clients.NAME]` with `listener = "tcp"`, and `clients = ["NAME"]` to the rule.
The field HostConfig.Privileged is guarded: it gives the container every right and device of the host. It was asked with true.
The field HostConfig.Mounts is guarded: it can give the container any file of the host, any volume, and what other images hold. It was asked with [{"New":1}].
The field HostConfig.Mounts[0].New is not known to dockgate, so what it does is not either. It was asked with 1.
The field Binds is guarded: it can give the container any file of the host, and any volume. It was asked with ["/:/h"].
The line `unguarded = true` below grants whatever is guarded of this operation, known to dockgate or not: add it only for clients that you would give root on the host.
To allow it, add to the policy:

[[allow]]
operations = ["POST /containers/create"]
unguarded = true
host_paths = ["/"]"#
    );
    assert_eq!(
        told("tcp", "POST /swarm/join {\"JoinToken\":\"x\"}"),
        r#"dockgate: POST /swarm/join (SwarmJoin) is not allowed for this client: rule "create" has it, but it does not grant the body.
The policy has no name for this client, so the rule below is for everyone. For who comes by its listener alone, add `[clients.NAME]` with `listener = "tcp"`, and `clients = ["NAME"]` to the rule.
The body is guarded: it hands the host to the managers of the swarm that it names.
To allow it, add to the policy:

[[allow]]
operations = ["POST /swarm/join"]
body = true"#
    );
    assert_eq!(
        told("tcp", "POST /build?remote=a*b&networkmode=host"),
        r#"dockgate: POST /build (ImageBuild) is not allowed for this client: rule "build" has it, but it does not grant the parameter remote and the parameter networkmode.
The parameter remote is guarded: it makes the daemon fetch any URL or git repository.
The parameter networkmode is guarded: it can put the build on the host's network, or into another container's.
To allow it, add to rule "build", under its [[allow]]:

query.networkmode = "host"
query.remote = 'a\*b'"#
    );
}

#[test]
fn a_body_of_any_size_has_an_answer_of_some_size() {
    let unknown: Vec<String> = (0..50_000).map(|number| format!("\"New{number}\":1")).collect();
    let request = format!("POST /containers/create {{\"HostConfig\":{{{}}}}}", unknown.join(","));
    let refused = denial(&policy(BASE), "tcp", &request);
    assert!(refused.refusal().summary().ends_with("it does not grant 50000 fields that are not known."));
    assert!(refused.message().contains("\nThere are 49900 more of these.\n"), "{}", refused.message());
    assert!(refused.message().len() < 16_384, "{}", refused.message().len());
}

#[test]
fn what_must_be_set_and_is_not_is_told_in_one_sentence() {
    let told = |requirements: &str| {
        let rules = format!("[[allow]]\noperations = [\"ContainerCreate\"]\n{requirements}");
        denial(&policy(&rules), "tcp", "POST /containers/create {}").refusal().summary().to_owned()
    };
    let one = told("require.memory = true");
    assert!(one.ends_with("has it, but `require.memory = { min = 1 }` does not hold."), "{one}");
    let both = told("require.memory = true\nrequire.pids = true");
    let end = "has it, but `require.memory = { min = 1 }` and `require.pids = { min = 1 }` do not hold.";
    assert!(both.ends_with(end), "{both}");
}

#[test]
fn forbidding_has_no_suggestion() {
    let refused = denial(&policy(BASE), "tcp", "POST /containers/web/exec {\"Cmd\":[\"sh\"]}");
    assert_eq!(refused.refusal().suggestion(), None);
    assert_eq!(refused.refusal().rule(), Some("no exec"));
}

#[test]
fn a_refusal_of_countless_things_takes_reasonable_time() {
    let policy = policy("[[allow]]\nname = \"r\"\noperations = [\"ContainerCreate\"]\nvolumes = [\"app-*\"]");
    let list = |item: &dyn Fn(usize) -> String| (0..20_000).map(item).collect::<Vec<_>>().join(",");
    let devices = list(&|number| format!(r#"{{"PathOnHost":"/dev/{number}"}}"#));
    let ports = list(&|number| format!(r#""{number}/tcp":[{{"HostPort":"80"}}]"#));
    let volumes = list(&|number| format!(r#""/v{number}":{{}}"#));
    let binds = list(&|number| format!(r#""/x/{number}:/v{number}""#));
    for config in [
        format!(r#"{{"HostConfig":{{"Devices":[{devices}]}}}}"#),
        format!(r#"{{"HostConfig":{{"PortBindings":{{{ports}}}}}}}"#),
        format!(r#"{{"Volumes":{{{volumes}}},"HostConfig":{{"Binds":[{binds}]}}}}"#),
    ] {
        let denial = denial(&policy, "tcp", &format!("POST /containers/create {config}"));
        assert_eq!(denial.rule(), Some("r"));
    }
}

#[test]
fn what_is_required_twice_is_written_once() {
    let policy = policy(
        "[[allow]]\nname = \"r\"\noperations = [\"ContainerCreate\"]\nimages = [\"b\"]\nprofile = \"safe\"\nrequire.memory = { max = \"1GiB\" }\nrequire.drop_capabilities = [\"NET_RAW\"]",
    );
    let body = r#"{"Image":"a","User":"1000","HostConfig":{"ReadonlyRootfs":true,"SecurityOpt":["no-new-privileges"],"CapDrop":["ALL"],"Memory":1,"PidsLimit":1}}"#;
    let denial = denial(&policy, "tcp", &format!("POST /containers/create {body}"));
    let message = denial.message();
    assert_eq!(message.matches("require.memory").count(), 1, "{message}");
    assert!(message.contains("require.memory = { min = 1, max = 1073741824 }"), "{message}");
    assert!(message.contains(r#"require.drop_capabilities = ["ALL", "NET_RAW"]"#), "{message}");
}

#[test]
fn a_suggestion_for_what_is_not_there_keeps_to_what_the_rule_is_for() {
    let policy = policy(
        "[[allow]]\nname = \"own\"\noperations = [\"ContainerStart\", \"ContainerCreate\"]\n\
         container.label.owner = \"me\"\nown = \"me\"\n",
    );
    for request in [
        r#"POST /containers/create {"HostConfig":{"VolumesFrom":["nope"]}}"#,
        r#"POST /containers/create {"HostConfig":{"VolumesFrom":["nope","mine"]}}"#,
    ] {
        let Verdict::Denial(denial) = policy.judge(&client("tcp"), things::asked(&policy, request)) else {
            panic!("{request}")
        };
        let message = denial.message();
        assert!(message.contains("\nIt was asked for container nope, which is not there."), "{message}");
        assert!(message.contains("\ncontainer.label.\"owner\" = \"me\""), "{message}");
    }
    let start = things::asked(&policy, "POST /containers/nope/start");
    let Verdict::Denial(denial) = policy.judge(&client("tcp"), start) else { panic!() };
    let end = "\nIt was asked for container nope, which is not there.\nIt must be there first, and be one of those that the \
               rule is for.";
    assert!(denial.message().ends_with(end), "{}", denial.message());
    let start = things::asked(&policy, "POST /containers/ffff/start");
    let Verdict::Denial(denial) = policy.judge(&client("tcp"), start) else { panic!() };
    let end = "may be the beginning of several IDs.\nIt must be there first, and be one of those that the rule is for.";
    assert!(denial.message().ends_with(end), "{}", denial.message());
    let mixed = r#"POST /containers/create {"HostConfig":{"VolumesFrom":["nope","other"]}}"#;
    let Verdict::Denial(denial) = policy.judge(&client("tcp"), things::asked(&policy, mixed)) else {
        panic!()
    };
    let line = format!("\ncontainer.id = [\"{}\"]", "b".repeat(64));
    assert!(denial.message().contains(&line), "{}", denial.message());
}

#[test]
fn a_volume_that_is_made_with_its_container_is_admitted_by_volumes() {
    let request = r#"POST /containers/create {"HostConfig":{"Binds":["app-nope:/data"]}}"#;
    let rule = "[[allow]]\nname = \"make\"\noperations = [\"ContainerCreate\"]\n";
    let by_name = policy(&format!("{rule}volume.name = \"app-*\"\n"));
    let Verdict::Denial(denial) = by_name.judge(&client("tcp"), things::asked(&by_name, request)) else {
        panic!()
    };
    let end = "is admitted by `volumes`, in place of `volume.…`.";
    assert!(denial.message().ends_with(end), "{}", denial.message());
    let listed = policy(&format!("{rule}volumes = [\"app-*\"]\n"));
    assert!(matches!(listed.judge(&client("tcp"), things::asked(&listed, request)), Verdict::Permit(_)));
}

#[test]
fn a_suggestion_for_an_exec_is_for_its_container() {
    let policy =
        policy("[[allow]]\nname = \"own\"\noperations = [\"ExecStart\"]\ncontainer.label.owner = \"me\"\n");
    let Verdict::Denial(denial) = policy.judge(&client("tcp"), things::asked(&policy, "POST /exec/e2/start"))
    else {
        panic!()
    };
    let line = format!("\ncontainer.id = [\"{}\"]", "b".repeat(64));
    assert!(denial.message().contains(&line), "{}", denial.message());
    assert_eq!(denial.refusal().lacks(), ["container"]);
}

#[test]
fn a_value_that_reads_like_a_pattern_is_suggested_as_itself() {
    let base = "[[allow]]\nname = \"r\"\noperations = [\"ContainerCreate\"]\nimages = [\"own/*\"]\nusers = [\"1\"]\n";
    let create = |more: &str| format!("POST /containers/create {{\"Image\":\"own/a\",{more}}}");
    let host = |more: &str| create(&format!(r#""User":"1","HostConfig":{{{more}}}"#));
    for (request, others) in [
        (create(r#""User":"0-4294967295""#), &[create(r#""User":"0""#), create(r#""User":"root""#)][..]),
        (create(r#""User":"5-5""#), &[create(r#""User":"5""#)]),
        (create(r#""User":"9-1""#), &[create(r#""User":"9""#)]),
        (create(r#""User":"non-root""#), &[create(r#""User":"7""#)]),
        (create(r#""User":"image""#), &[create("\"User\":\"\"")]),
        (create(r#""User":"*""#), &[create(r#""User":"0""#), create("\"User\":\"\"")]),
        (create(r#""User":"?:?""#), &[create(r#""User":"0:0""#)]),
        (host(r#""Binds":["/data/**:/x"]"#), &[host(r#""Binds":["/data/a:/x"]"#)]),
        (host(r#""Binds":["/?/*:/x"]"#), &[host(r#""Binds":["/a/b:/x"]"#)]),
        (host(r#""NetworkMode":"*""#), &[host(r#""NetworkMode":"a""#), host(r#""NetworkMode":"host""#)]),
        (host(r#""NetworkMode":"container:*""#), &[host(r#""NetworkMode":"container:a""#)]),
        (host(r#""SecurityOpt":["seccomp=*"]"#), &[host(r#""SecurityOpt":["seccomp=unconfined"]"#)]),
        (host(r#""Devices":[{"PathOnHost":"/dev/*"}]"#), &[host(r#""Devices":[{"PathOnHost":"/dev/sda"}]"#)]),
        (host(r#""ExtraHosts":["*:*"]"#), &[host(r#""ExtraHosts":["a:1.2.3.4"]"#)]),
        (host(r#""Sysctls":{"*":"*"}"#), &[host(r#""Sysctls":{"net.a":"1"}"#)]),
        (host(r#""LogConfig":{"Type":"*"}"#), &[host(r#""LogConfig":{"Type":"syslog"}"#)]),
        (host(r#""PidMode":"container:~.*""#), &[host(r#""PidMode":"container:a""#)]),
    ] {
        let refused = denial(&policy(base), "tcp", &request);
        let suggestion = refused.refusal().suggestion().unwrap();
        let after = policy(&followed(base, suggestion));
        let verdict = judged(&after, "tcp", &request);
        assert!(verdict.starts_with("permit"), "{request}: {verdict}\n{}", refused.message());
        for other in others {
            let verdict = judged(&after, "tcp", other);
            assert!(!verdict.starts_with("permit"), "{other}: {verdict}\n{}", refused.message());
        }
    }
}

proptest! {
    #[test]
    fn a_suggestion_for_one_user_is_for_no_other(user in "[0a*?-]{1,4}|non-root|[0-9]-[0-9]", other in "[0-9]|root|a|app") {
        let base = "[[allow]]\nname = \"r\"\noperations = [\"ContainerExec\"]\nusers = [\"nobody\"]\n";
        let exec = |user: &str| format!("POST /containers/x/exec {{\"Cmd\":[\"a\"],\"User\":\"{user}\"}}");
        let refused = denial(&policy(base), "tcp", &exec(&user));
        let after = policy(&followed(base, refused.refusal().suggestion().unwrap()));
        prop_assert!(judged(&after, "tcp", &exec(&user)).starts_with("permit"), "{}", refused.message());
        let is_same = other == user || (other == "0" && ["00", "-0", "000", "-00", "0000", "-000"].contains(&&*user));
        prop_assert_eq!(judged(&after, "tcp", &exec(&other)).starts_with("permit"), is_same, "{}", refused.message());
    }
}

#[test]
fn that_any_image_is_admitted_is_said() {
    let rule =
        |operation: &str| format!("[[allow]]\noperations = [\"{operation}\"]\nimages = [\"alpine\"]\n");
    let create =
        denial(&policy(&rule("ContainerCreate")), "tcp", r#"POST /containers/create {"Image":"cafe"}"#);
    let message = create.message();
    assert!(message.contains("ask for `cafe:latest` if it is a name"), "{message}");
    assert!(message.contains("\nThe line for images below admits any value.\n"), "{message}");
    assert!(message.ends_with("\nimages = true"), "{message}");
    let id = "a".repeat(64);
    let whole = format!(r#"POST /containers/create {{"Image":"sha256:{id}"}}"#);
    let whole = denial(&policy(&rule("ContainerCreate")), "tcp", &whole);
    assert!(whole.message().ends_with(&format!("\nimages = [\"sha256:{id}\"]")), "{}", whole.message());
}

#[test]
fn what_grants_a_whole_body_is_no_line_for_other_operations() {
    let rules = |operations: &str| format!("[[allow]]\nname = \"r\"\noperations = [{operations}]\n");
    let suggestion = |operations: &str, request: &str| {
        let denial = denial(&policy(&rules(operations)), "tcp", request);
        denial.refusal().suggestion().unwrap().clone()
    };
    let rule = |suggestion: Suggestion| match suggestion {
        Suggestion::Rule(rule) => rule.to_string(),
        lines @ Suggestion::Lines { .. } => panic!("{lines:?}"),
    };
    let unknown = r#"POST /containers/create {"HostConfig":{"NewKnob":1}}"#;
    for operations in [r#""ContainerCreate""#, r#""ContainerCreate", "ContainerExec", "ImageBuild""#] {
        let expected = "[[allow]]\noperations = [\"POST /containers/create\"]\nunguarded = true\n";
        assert_eq!(rule(suggestion(operations, unknown)), expected);
    }
    let join = r#"POST /swarm/join {"JoinToken":"x"}"#;
    let lines = Suggestion::Lines { rule: "r".to_owned(), lines: "body = true\n".to_owned() };
    assert_eq!(suggestion(r#""SwarmJoin", "SystemInfo""#, join), lines);
    let expected = "[[allow]]\noperations = [\"POST /swarm/join\"]\nbody = true\n";
    assert_eq!(rule(suggestion(r#""SwarmJoin", "ContainerCreate""#, join)), expected);
}
