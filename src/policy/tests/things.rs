//! Whose container: rules that speak of the things that an operation acts on, makes or shows.

use super::*;
use crate::operation::build::Builder;
use crate::operation::thing::{Thing, ThingKind};
use crate::operation::{Body, Json, Shown};

/// What the daemon shows of a world of two owners.
fn shown(reference: &Reference) -> Shown {
    let id = |letter: &str| letter.repeat(64);
    let labels = |owner: &str| format!(r#"{{"owner":"{owner}","io.dockgate.owner":"{owner}"}}"#);
    let container = |letter: &str, name: &str, owner: &str| {
        format!(
            r#"{{"Id":"{}","Name":"/{name}","Image":"sha256:1","Config":{{"Image":"own/bb","Labels":{}}}}}"#,
            id(letter),
            labels(owner)
        )
    };
    let text = match (reference.kind, reference.name.as_str()) {
        (ThingKind::Container, "mine" | "aaaa") => container("a", "mine", "me"),
        (ThingKind::Container, "other" | "bbbb") => container("b", "other", "you"),
        (ThingKind::Container, name @ ("late" | "early")) => {
            let network = if name == "late" { "net" } else { "mynet" };
            let shown = container("f", name, "me");
            let networks =
                format!(r#","NetworkSettings":{{"Networks":{{"bridge":{{}},"{network}":{{}}}}}}}}"#);
            format!("{}{networks}", shown.strip_suffix('}').unwrap())
        }
        (ThingKind::Exec, "e1") => r#"{"ID":"e1","ContainerID":"mine"}"#.to_owned(),
        (ThingKind::Exec, "e2") => r#"{"ID":"e2","ContainerID":"other"}"#.to_owned(),
        (ThingKind::Network, name @ ("mynet" | "net")) => {
            let owner = if name == "mynet" { "me" } else { "you" };
            format!(r#"{{"Id":"{}","Name":"{name}","Labels":{}}}"#, id("c"), labels(owner))
        }
        (ThingKind::Volume, name @ ("myvol" | "vol")) => {
            let owner = if name == "myvol" { "me" } else { "you" };
            format!(r#"{{"Name":"{name}","Labels":{}}}"#, labels(owner))
        }
        (ThingKind::Image, "own/bb") => format!(
            r#"{{"Id":"sha256:{}","RepoTags":["own/bb:latest"],"RepoDigests":[],"Config":{{"Labels":null}}}}"#,
            id("d")
        ),
        (ThingKind::Image, id) if id == "d".repeat(12) => {
            return shown(&Reference::new(ThingKind::Image, "own/bb"));
        }
        (ThingKind::Image, "pulled:1") => format!(
            r#"{{"Id":"sha256:{}","RepoTags":["pulled:1"],"RepoDigests":["pulled@sha256:{}"],"Config":{{"Labels":null}}}}"#,
            id("d"),
            id("e")
        ),
        // The beginning of several IDs.
        (_, "ffff") => return Shown::Unclear,
        _ => return Shown::Missing,
    };
    Shown::Thing(Json::read_shown(text.as_bytes()).unwrap())
}

/// The request with everything answered that the policy asks for.
/// With everything known that the policy asks for; of a build also its context.
pub(super) fn asked(policy: &Policy, request: &str) -> Operation {
    let mut operation = read(request, ApiVersion::NEWEST);
    if operation.leaves_steps() {
        operation.look_inside(Dockerfile::read(b"FROM scratch", &[], Builder::Classic).map(Into::into));
    }
    for _ in 0..4 {
        for question in policy.questions(&client("tcp"), &operation) {
            let answer = shown(&question);
            operation.learn(question, answer);
        }
    }
    assert_eq!(policy.questions(&client("tcp"), &operation), []);
    operation
}

pub(super) fn about(policy: &Policy, request: &str) -> String {
    match policy.judge(&client("tcp"), asked(policy, request)) {
        Verdict::Permit(permit) => permit.operation().encode().target.split_off("/v1.56".len()),
        Verdict::Denial(denial) => match denial.refusal().hidden() {
            Some(reference) => format!("no such {reference}"),
            None => denial.refusal().reason().code().to_owned(),
        },
    }
}

const RESTART: &str = r#"
    [[allow]]
    name = "restart"
    operations = ["POST /containers/{id}/restart", "POST /containers/{id}/exec", "POST /exec/{id}/start", "POST /networks/{id}/connect", "POST /commit"]
    container.label.owner = "me"
    body.Container = true
"#;

#[test]
fn a_target_is_judged_by_what_it_is_and_acted_on_by_its_id() {
    let policy = policy(RESTART);
    let a = "a".repeat(64);
    for (request, expected) in [
        ("POST /containers/mine/restart?t=1", format!("/containers/{a}/restart?t=1")),
        ("POST /containers/aaaa/restart", format!("/containers/{a}/restart")),
        ("POST /containers/other/restart", "no such container other".to_owned()),
        ("POST /containers/bbbb/restart", "no such container bbbb".to_owned()),
        ("POST /containers/none/restart", "no such container none".to_owned()),
        (r#"POST /containers/mine/exec {"Cmd":["id"]}"#, format!("/containers/{a}/exec")),
        ("POST /exec/e1/start {}", "/exec/e1/start".to_owned()),
        ("POST /exec/e2/start {}", "no such exec e2".to_owned()),
        ("POST /exec/e3/start {}", "no such exec e3".to_owned()),
        (r#"POST /networks/net/connect {"Container":"/other"}"#, "no such container other".to_owned()),
        ("POST /commit?container=other", "no such container other".to_owned()),
        // A link has such names, which cannot be looked at.
        (r#"POST /networks/net/connect {"Container":"mine/d b"}"#, "condition".to_owned()),
        ("POST /commit?container=mine%2Fd%20b", "condition".to_owned()),
    ] {
        assert_eq!(about(&policy, request), expected, "{request}");
    }
    let Verdict::Permit(permit) =
        policy.judge(&client("tcp"), asked(&policy, r#"POST /networks/net/connect {"container":"mine"}"#))
    else {
        panic!()
    };
    assert_eq!(
        *permit.operation().body(),
        Body::Json(Json::read_shown(format!(r#"{{"Container":"{a}"}}"#).as_bytes()).unwrap())
    );
}

#[test]
fn who_may_see_a_thing_is_told_why_it_is_not_for_him() {
    let policy = policy(&format!(
        "{RESTART}\n[[allow]]\nname = \"look\"\noperations = [\"ContainerList\"]\ncontainer.label.owner = true"
    ));
    assert_eq!(about(&policy, "POST /containers/other/restart"), "condition");
    assert_eq!(about(&policy, "POST /containers/none/restart"), "no such container none");
    let Verdict::Denial(denial) =
        policy.judge(&client("tcp"), asked(&policy, "POST /containers/other/restart"))
    else {
        panic!()
    };
    let b = "b".repeat(64);
    assert!(denial.message().contains("it is not for this container"), "{}", denial.message());
    assert!(denial.message().contains(&format!("container.id = [\"{b}\"]")), "{}", denial.message());
}

#[test]
fn without_an_answer_nothing_is_supposed() {
    let policy = policy(RESTART);
    let operation = read("POST /containers/mine/restart", ApiVersion::NEWEST);
    assert_eq!(policy.questions(&client("tcp"), &operation), [Reference::new(ThingKind::Container, "mine")]);
    assert_eq!(verdict(&policy, "tcp", operation), "condition restart");
    // Rules that do not look at things ask for nothing.
    let plain = super::policy("[[allow]]\noperations = [\"ContainerRestart\"]");
    let operation = read("POST /containers/mine/restart", ApiVersion::NEWEST);
    assert_eq!(plain.questions(&client("tcp"), &operation), []);
}

#[test]
fn whoever_takes_over_volumes_may_have_them() {
    let random = "0".repeat(64);
    let takes_over = |volume: &str, policy: &Policy| {
        let mut operation = read(
            r#"POST /containers/create {"Image":"x:1","Labels":{"shared":"1"},"HostConfig":{"VolumesFrom":["/web:ro"]}}"#,
            ApiVersion::NEWEST,
        );
        let before = verdict(policy, "tcp", operation.clone());
        for _ in 0..3 {
            for question in policy.questions(&client("tcp"), &operation) {
                let text = if question.kind == ThingKind::Container {
                    format!(
                        r#"{{"Id":"00ff","Name":"/web","Config":{{"Labels":{{"shared":"1"}}}},"Mounts":[{{"Type":"volume","Name":"{volume}"}}]}}"#
                    )
                } else {
                    format!(r#"{{"Name":"{}","Labels":{{}}}}"#, question.name)
                };
                operation.learn(question, Some(Json::read_shown(text.as_bytes()).unwrap()));
            }
        }
        [before, verdict(policy, "tcp", operation)]
    };
    let forbidding = policy(
        r#"
            [[allow]]
            name = "r"
            operations = ["*"]
            unguarded = true
            [[forbid]]
            name = "f"
            operations = ["*"]
            volume.name = "secrets"
        "#,
    );
    let lines =
        "[[allow]]\nname = \"r\"\noperations = [\"POST /containers/create\"]\nvolume.name = \"pub-*\"\n";
    let by_volume = policy(lines);
    let by_container = policy(&format!("{lines}container.label.shared = \"1\""));
    let by_field = policy(&format!("{lines}body.\"HostConfig.VolumesFrom\" = true"));
    for (volume, forbidden, allowed) in [
        ("secrets", "forbidden f", "condition r"),
        ("pub-1", "permit r", "permit r"),
        // One without a name goes with its container.
        (random.as_str(), "permit r", "permit r"),
    ] {
        assert_eq!(takes_over(volume, &forbidding), ["forbidden f", forbidden], "{volume}");
        assert_eq!(takes_over(volume, &by_container), ["condition r", allowed], "{volume}");
        assert_eq!(takes_over(volume, &by_field), ["condition r", allowed], "{volume}");
    }
    // Whose container that is, nobody has said.
    assert_eq!(takes_over("pub-1", &by_volume), ["condition r", "permit r"]);
    assert_eq!(takes_over(&random, &by_volume), ["condition r", "missing_grant r"]);
}

#[test]
fn forbidding_strikes_by_what_a_thing_is() {
    let policy = policy(
        r#"
            [[allow]]
            name = "all"
            operations = ["*"]
            unguarded = true
            [[forbid]]
            name = "yours"
            operations = ["*"]
            container.label.owner = "you"
        "#,
    );
    let a = "a".repeat(64);
    for (request, expected) in [
        ("POST /containers/mine/stop", format!("/containers/{a}/stop")),
        ("POST /containers/bbbb/stop", "no such container bbbb".to_owned()),
        ("GET /containers/other/json", "no such container other".to_owned()),
        ("POST /exec/e2/start {}", "no such exec e2".to_owned()),
        ("GET /_ping", "/_ping".to_owned()),
        ("GET /containers/json", "/containers/json".to_owned()),
        ("POST /containers/prune", "forbidden".to_owned()),
        (
            r#"POST /containers/create {"HostConfig":{"PidMode":"container:other"}}"#,
            "no such container other".to_owned(),
        ),
        (r#"POST /containers/create {"Labels":{"owner":"you"}}"#, "forbidden".to_owned()),
    ] {
        assert_eq!(about(&policy, request), expected, "{request}");
    }
}

/// What the client is shown of a list, `yes` and `no`.
fn shows(policy: &Policy, request: &str, thing: &Thing) -> bool {
    match policy.judge(&client("tcp"), asked(policy, request)) {
        Verdict::Permit(permit) => permit.terms().shows(thing),
        Verdict::Denial(denial) => panic!("{request}: {}", denial.message()),
    }
}

#[test]
fn a_list_shows_what_any_rule_shows_and_none_hides() {
    let rules = r#"
        [[allow]]
        operations = ["ContainerList", "SystemEvents"]
        container.label.owner = "me"
        [[allow]]
        operations = ["ContainerList"]
        container.name = "shared-*"
    "#;
    let container = |name: &str, owner: &str| Thing {
        kind: ThingKind::Container,
        id: "x".into(),
        names: vec![name.to_owned().into()],
        labels: vec![("owner".into(), owner.to_owned().into())],
        image: None,
        image_id: None,
        owner: None,
    };
    let allow = policy(rules);
    let hiding = policy(&format!(
        "{rules}\n[[forbid]]\noperations = [\"ContainerList\"]\ncontainer.name = \"*-secret\"\n\
         [[forbid]]\noperations = [\"ContainerList\"]\ncontainer.label.owner = true\nquery.size = true"
    ));
    for (name, owner, shown, shown_but_hidden) in [
        ("a", "me", true, true),
        ("shared-b", "you", true, true),
        ("c", "you", false, false),
        ("a-secret", "me", true, false),
    ] {
        let thing = container(name, owner);
        assert_eq!(shows(&allow, "GET /containers/json", &thing), shown, "{name}");
        assert_eq!(shows(&hiding, "GET /containers/json", &thing), shown_but_hidden, "{name}");
        assert!(!shows(&hiding, "GET /containers/json?size=1", &thing), "{name}");
    }
    assert!(!shows(&allow, "GET /events", &container("shared-b", "you")));
    let network = Thing { kind: ThingKind::Network, ..container("n", "me") };
    assert!(!shows(&allow, "GET /events", &network), "of networks nothing is said");
    let by_network = policy(
        "[[allow]]\noperations = [\"ContainerList\", \"NetworkInspect\", \"SystemEvents\"]\nnetwork.name = [\"n\", \"net\"]",
    );
    assert!(shows(&by_network, "GET /containers/json", &container("a", "me")), "it lists nothing else");
    for (request, shown) in [("GET /events", true), ("GET /networks/net", true)] {
        assert_eq!(shows(&by_network, request, &network), shown, "{request}");
        assert!(!shows(&by_network, request, &container("a", "me")), "{request}");
    }
    let all = policy("[[allow]]\noperations = [\"ContainerList\"]");
    let Verdict::Permit(permit) = all.judge(&client("tcp"), operation("GET /containers/json")) else {
        panic!()
    };
    assert!(permit.terms().is_empty());
}

#[test]
fn what_is_kept_back_hangs_on_the_rule_that_shows_most() {
    let policy = policy(
        r#"
            [[allow]]
            name = "a"
            operations = ["ContainerInspect", "ContainerList"]
            container.label.owner = "me"
            [[allow]]
            name = "b"
            operations = ["ContainerInspect", "ContainerList"]
            redact = ["@environment", "Config.Labels"]
        "#,
    );
    let redaction = |request: &str| match policy.judge(&client("tcp"), asked(&policy, request)) {
        Verdict::Permit(permit) => permit.terms().of_answer().redaction.words().join(" "),
        Verdict::Denial(denial) => denial.message().to_owned(),
    };
    assert_eq!(redaction("GET /containers/mine/json"), "");
    assert_eq!(redaction("GET /containers/other/json"), "@environment Config.Labels");
    let Verdict::Permit(permit) = policy.judge(&client("tcp"), operation("GET /containers/json")) else {
        panic!()
    };
    let sight = permit.terms().of_answer().sight.unwrap();
    let mine = shown(&Reference::new(ThingKind::Container, "mine"));
    let other = shown(&Reference::new(ThingKind::Container, "other"));
    let kept_back = |shown: &Shown| {
        let thing = Thing::inspected(ThingKind::Container, shown.thing().unwrap()).unwrap();
        sight(&thing).unwrap().words().join(" ")
    };
    assert_eq!((kept_back(&mine).as_str(), kept_back(&other).as_str()), ("", "@environment Config.Labels"));
}

#[test]
fn a_prune_is_told_which_labels() {
    let policy = policy(
        r#"
            [[allow]]
            operations = ["ContainerPrune"]
            container.label.owner = "me"
            container.label.temporary = true
            [[allow]]
            operations = ["NetworkPrune"]
            network.name = "x-*"
        "#,
    );
    let Verdict::Permit(permit) = policy.judge(
        &client("tcp"),
        operation(r#"POST /containers/prune?filters={"label":["a=b"],"until":["1h"]}"#),
    ) else {
        panic!()
    };
    let filters = permit.operation().query().get("filters").unwrap().to_string();
    assert_eq!(filters, r#"{"label":{"a=b":true,"owner=me":true,"temporary":true},"until":{"1h":true}}"#);
    assert_eq!(about(&policy, "POST /networks/prune"), "condition");
}

/// What the daemon is told to filter.
fn filtered(rules: &str, request: &str) -> String {
    match policy(rules).judge(&client("tcp"), operation(request)) {
        Verdict::Permit(permit) => {
            permit.operation().query().get("filters").map(ToString::to_string).unwrap_or_default()
        }
        Verdict::Denial(denial) => panic!("{request}: {}", denial.message()),
    }
}

#[test]
fn the_daemon_leaves_out_what_is_not_shown_as_far_as_it_can() {
    let mine = r#"
        [[allow]]
        operations = ["ContainerList", "NetworkList", "TaskList", "SystemEvents"]
        container.label.owner = "me"
        container.label.on = true
        container.name = "x*"
        task.owner = "me"
    "#;
    let two = format!(
        "{mine}\n[[allow]]\noperations = [\"ContainerList\", \"SystemEvents\"]\ncontainer.label.on = true"
    );
    let whole = format!("{mine}\n[[allow]]\noperations = [\"ContainerList\"]\nnetwork.name = \"n\"");
    let contained = r#"
        [[allow]]
        operations = ["SystemEvents"]
        container.owner = "me"
    "#;
    let odd = r#"
        [[allow]]
        operations = ["ContainerList"]
        container.label."a=b" = "c"
        container.label.two = ["a", "b"]
    "#;
    for (rules, request, expected) in [
        (mine, "GET /containers/json", r#"{"label":{"on":true,"owner=me":true}}"#),
        (
            mine,
            r#"GET /containers/json?filters={"label":["a=b"],"name":["y"]}"#,
            r#"{"label":{"a=b":true,"on":true,"owner=me":true},"name":{"y":true}}"#,
        ),
        // What the client asks of the same label stands alone; the answer is narrowed anyway.
        (
            mine,
            r#"GET /containers/json?filters={"label":["owner=you"]}"#,
            r#"{"label":{"owner=you":true,"on":true}}"#,
        ),
        (mine, "GET /networks", ""),
        (mine, "GET /tasks", ""),
        // The events of tasks are those of their containers.
        (mine, "GET /events", r#"{"type":{"container":true}}"#),
        (two.as_str(), "GET /containers/json", r#"{"label":{"on":true}}"#),
        (&whole, "GET /containers/json", ""),
        (contained, "GET /events", r#"{"type":{"container":true},"label":{"io.dockgate.owner=me":true}}"#),
        (
            contained,
            r#"GET /events?filters={"type":["network"]}"#,
            r#"{"type":{"network":true},"label":{"io.dockgate.owner=me":true}}"#,
        ),
        (odd, "GET /containers/json", ""),
    ] {
        assert_eq!(filtered(rules, request), expected, "{request} {rules}");
    }
}

const OWN: &str = r#"
    [[allow]]
    name = "own"
    operations = ["*"]
    own = "me"
    container.owner = "me"
    network.owner = "me"
    volume.owner = "me"
    image.name = ["own/*", "pulled"]
"#;

#[test]
fn what_is_made_is_marked_and_nothing_else_is_met() {
    let policy = policy(OWN);
    let body = |request: &str| match policy.judge(&client("tcp"), asked(&policy, request)) {
        Verdict::Permit(permit) => {
            let encoded = permit.operation().encode();
            let body = encoded.body.map(|body| String::from_utf8(body).unwrap()).unwrap_or_default();
            format!("{} {body}", encoded.target)
        }
        Verdict::Denial(denial) => denial.message().to_owned(),
    };
    let (a, c, d, e) = ("a".repeat(64), "c".repeat(64), "d".repeat(64), "e".repeat(64));
    assert_eq!(
        body(
            r#"POST /containers/create {"Image":"own/bb","HostConfig":{"NetworkMode":"mynet","Binds":["myvol:/v"],"PidMode":"container:mine"}}"#
        ),
        format!(
            r#"/v1.56/containers/create {{"Image":"sha256:{d}","HostConfig":{{"NetworkMode":"{c}","Binds":["myvol:/v"],"PidMode":"container:{a}"}},"Labels":{{"io.dockgate.owner":"me"}}}}"#
        )
    );
    assert_eq!(
        body(r#"POST /containers/create {"Image":"pulled:1","Labels":{"io.dockgate.owner":"me","x":"y"}}"#),
        format!(
            r#"/v1.56/containers/create {{"Image":"pulled@sha256:{e}","Labels":{{"x":"y","io.dockgate.owner":"me"}}}}"#
        )
    );
    assert_eq!(
        body("POST /volumes/create"),
        r#"/v1.56/volumes/create {"Labels":{"io.dockgate.owner":"me"}}"#
    );
    assert!(
        body("POST /build?t=own/x")
            .starts_with("/v1.56/build?t=own%2Fx&rm=1&labels=%7B%22io.dockgate.image.owner"),
        "{}",
        body("POST /build?t=own/x")
    );
    for request in [
        r#"POST /containers/create {"Image":"own/bb","Labels":{"io.dockgate.owner":"you"}}"#,
        r#"POST /containers/create {"Image":"own/bb","Labels":{"io.dockgate.other":"me"}}"#,
        r#"POST /networks/create {"Name":"n","labels":{"io.dockgate.owner":"you"}}"#,
        r#"POST /build?labels={"io.dockgate.owner":"you"}"#,
        "POST /commit?container=mine&changes=LABEL+io.dockgate.owner=you",
        r#"POST /services/create {"TaskTemplate":{"ContainerSpec":{"Labels":{"io.dockgate.owner":"you"}}}}"#,
        r#"POST /containers/create {"Image":"own/bb","HostConfig":{"Mounts":[{"Type":"volume","VolumeOptions":{"Labels":{"io.dockgate.owner":"you"}}}]}}"#,
    ] {
        let refused = body(request);
        assert!(refused.contains("only dockgate sets the label io.dockgate.owner"), "{request}: {refused}");
    }
    for (request, expected) in [
        ("POST /containers/other/stop", "no such container other"),
        ("GET /containers/other/logs?stdout=1", "no such container other"),
        ("DELETE /networks/net", "no such network net"),
        ("DELETE /volumes/vol", "no such volume vol"),
        ("DELETE /images/victim", "no such image victim"),
        ("GET /images/get?names=own/bb&names=victim", "no such image victim"),
        (r#"POST /networks/mynet/connect {"Container":"other"}"#, "no such container other"),
        (r#"POST /networks/net/connect {"Container":"mine"}"#, "no such network net"),
        (r#"POST /containers/create {"Image":"victim"}"#, "no such image victim"),
        (
            r#"POST /containers/create {"Image":"own/bb","HostConfig":{"NetworkMode":"net"}}"#,
            "no such network net",
        ),
        (
            r#"POST /containers/create {"Image":"own/bb","HostConfig":{"NetworkMode":"mynet"},"NetworkingConfig":{"EndpointsConfig":{"bridge":{}}}}"#,
            "no such network bridge",
        ),
        (
            r#"POST /containers/create {"Image":"own/bb","HostConfig":{"NetworkMode":"future"}}"#,
            "no such network future",
        ),
        (
            r#"POST /containers/create {"Image":"own/bb","HostConfig":{"NetworkMode":"a:b"}}"#,
            "no such network a:b",
        ),
        (
            r#"POST /containers/create {"Image":"own/bb","NetworkMode":"mynet","NetworkingConfig":{"EndpointsConfig":{"bridge":{}}}}"#,
            "no such network bridge",
        ),
        (
            r#"POST /containers/create {"Image":"own/bb","HostConfig":{"NetworkMode":"container:other"}}"#,
            "no such container other",
        ),
        (
            r#"POST /containers/create {"Image":"own/bb","HostConfig":{"Binds":["vol:/v"]}}"#,
            "no such volume vol",
        ),
        (
            r#"POST /containers/create {"Image":"own/bb","HostConfig":{"VolumesFrom":["other:ro"]}}"#,
            "no such container other",
        ),
        (
            r#"POST /containers/create {"Image":"own/bb","HostConfig":{"Links":["/other:db"]}}"#,
            "no such container other",
        ),
        (
            r#"POST /containers/create {"Image":"own/bb","NetworkingConfig":{"EndpointsConfig":{"net":{}}}}"#,
            "no such network net",
        ),
    ] {
        assert_eq!(about(&policy, request), expected, "{request}");
    }
}

#[test]
fn a_rule_for_labels_makes_only_what_has_them() {
    let policy = policy(
        "[[allow]]\nname = \"r\"\noperations = [\"ContainerCreate\"]\ncontainer.label.team = \"a\"\ncontainer.name = \"a-*\"",
    );
    for (request, expected) in [
        (r#"POST /containers/create?name=a-1 {"Image":"x","Labels":{"team":"a"}}"#, "permit r"),
        (r#"POST /containers/create?name=a-1 {"Image":"x"}"#, "condition r"),
        (r#"POST /containers/create {"Image":"x","Labels":{"team":"a"}}"#, "condition r"),
    ] {
        assert_eq!(judged(&policy, "tcp", request), expected, "{request}");
    }
}

#[test]
fn volumes_of_one_container_named_often_are_judged_in_reasonable_time() {
    let policy = policy(
        "[[allow]]\nname = \"r\"\noperations = [\"ContainerCreate\"]\ncontainer.label.shared = \"1\"\nvolumes = [\"*\"]\n",
    );
    let mounts: Vec<String> =
        (0..2000).map(|number| format!(r#"{{"Type":"volume","Name":"{number:064x}"}}"#)).collect();
    let shown = format!(
        r#"{{"Id":"00ff","Name":"/web","Config":{{"Labels":{{"shared":"1"}}}},"Mounts":[{}]}}"#,
        mounts.join(",")
    );
    let from = vec![r#""web:ro""#; 50_000].join(",");
    let mut operation = read(
        &format!(
            r#"POST /containers/create {{"Labels":{{"shared":"1"}},"HostConfig":{{"VolumesFrom":[{from}]}}}}"#
        ),
        ApiVersion::NEWEST,
    );
    for question in policy.questions(&client("tcp"), &operation) {
        operation.learn(question, Some(Json::read_shown(shown.as_bytes()).unwrap()));
    }
    assert_eq!(policy.questions(&client("tcp"), &operation), []);
    assert_eq!(verdict(&policy, "tcp", operation), "permit r");
}

#[test]
fn whoever_may_see_one_by_its_path_is_told_nothing_of_others() {
    let stop = "[[allow]]\noperations = [\"ContainerStop\"]\ncontainer.label.owner = \"nobody\"\n";
    for (look, other) in [
        ("GET ~^/containers/mine/json$", "no such container other"),
        ("GET ~^/containers/(mine|other)/json$", "condition"),
        ("GET ~^/containers/b+/json$", "condition"),
        ("ContainerInspect", "condition"),
        ("GET ~^/containers/json$", "condition"),
    ] {
        let policy = policy(&format!("{stop}[[allow]]\noperations = ['{look}']\n"));
        assert_eq!(about(&policy, "POST /containers/other/stop"), other, "{look}");
        assert_eq!(about(&policy, "POST /containers/none/stop"), "no such container none", "{look}");
    }
}
