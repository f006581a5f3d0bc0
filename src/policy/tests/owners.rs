//! Ways around ownership that the daemon offers, and that a rule which speaks of owners must see.

use super::super::Suggestion;
use super::things::{about, asked};
use super::*;

const OWN: &str = r#"
    [[allow]]
    name = "own"
    operations = ["*"]
    own = "me"
    container.owner = "me"
    network.owner = "me"
    volume.owner = "me"
    service.owner = "me"
    image.name = ["own/*", "pulled:1"]
    query.networkmode = true
    query.changes = true
    images = true
"#;

/// What goes to the daemon: the target, and the body.
fn sent(rules: &str, request: &str) -> String {
    let policy = policy(rules);
    match policy.judge(&client("tcp"), asked(&policy, request)) {
        Verdict::Permit(permit) => {
            let encoded = permit.operation().encode();
            let body = encoded.body.map(|body| String::from_utf8(body).unwrap()).unwrap_or_default();
            format!("{} {body}", encoded.target)
        }
        Verdict::Denial(denial) => panic!("{request}: {}", denial.message()),
    }
}

#[test]
fn a_build_joins_no_network_of_anothers() {
    let policy = policy(OWN);
    for (mode, expected) in [
        ("container:other", "no such container other"),
        ("container:nosuch", "no such container nosuch"),
        ("net", "no such network net"),
        ("nosuch", "no such network nosuch"),
    ] {
        assert_eq!(about(&policy, &format!("POST /build?t=own/x&networkmode={mode}")), expected);
    }
    let id = "c".repeat(64);
    let build = sent(OWN, "POST /build?t=own/x&networkmode=mynet");
    assert!(build.contains(&format!("networkmode={id}")), "{build}");
}

#[test]
fn a_start_goes_into_networks_by_their_names() {
    let policy = policy(OWN);
    assert_eq!(about(&policy, "POST /containers/late/start"), "no such network net");
    assert_eq!(about(&policy, "POST /containers/late/restart"), "no such network net");
    assert!(about(&policy, "POST /containers/early/start").starts_with("/containers/"));
    let by_network = "[[allow]]\noperations = [\"ContainerStart\"]\nnetwork.owner = \"me\"";
    assert_eq!(about(&super::policy(by_network), "POST /containers/late/start"), "no such network net");
}

#[test]
fn an_image_without_a_tag_is_not_one() {
    let policy = policy(OWN);
    for request in ["GET /images/own/bb/get", "GET /images/get?names=own/bb", "POST /images/own/bb/push"] {
        assert_eq!(about(&policy, request), "condition", "{request}");
    }
    assert_eq!(about(&policy, "GET /images/pulled:1/get"), "/images/pulled:1/get");
    assert_eq!(about(&policy, "POST /images/pulled/push?tag=1"), "/images/pulled/push?tag=1");
    assert_eq!(about(&policy, "POST /images/own/bb/push?tag=other"), "no such image own/bb:other");
    let id = "d".repeat(12);
    // The beginning of an ID may come to be that of another.
    assert_eq!(
        about(&policy, &format!("GET /images/{id}/get")),
        format!("/images/sha256:{}/get", "d".repeat(64))
    );
    let listed = "[[allow]]\noperations = [\"ImageGet\"]\nimages = [\"own/bb:1\"]";
    assert_eq!(about(&super::policy(listed), "GET /images/own/bb:1/get"), "/images/own/bb:1/get");
    assert_eq!(about(&super::policy(listed), "GET /images/own/bb/get"), "condition");
}

#[test]
fn a_name_that_is_taken_is_not_given_out() {
    let policy = policy(OWN);
    for (request, is_granted) in [
        (r#"POST /volumes/create {"Name":"vol"}"#, false),
        (r#"POST /volumes/create {"Name":"myvol"}"#, true),
        (r#"POST /volumes/create {"Name":"new"}"#, true),
        (r#"POST /networks/create {"Name":"net"}"#, false),
        (r#"POST /networks/create {"Name":"new"}"#, true),
    ] {
        let about = about(&policy, request);
        assert_eq!(about.starts_with('/'), is_granted, "{request}: {about}");
    }
}

#[test]
fn filters_do_not_tell_what_is_there() {
    let policy = policy(OWN);
    for (request, expected) in [
        (r#"GET /containers/json?filters={"since":["other"]}"#, "no such container other"),
        (r#"GET /containers/json?filters={"before":["nosuch"]}"#, "no such container nosuch"),
        (r#"GET /images/json?filters={"since":["victim"]}"#, "no such image victim"),
        (r#"GET /tasks?filters={"service":["nosuch"]}"#, "no such service nosuch"),
    ] {
        assert_eq!(about(&policy, request), expected);
    }
    assert!(about(&policy, r#"GET /containers/json?filters={"since":["mine"]}"#).starts_with("/containers"));
}

#[test]
fn a_limit_does_not_count_what_is_hidden() {
    let forbidding = "[[allow]]\noperations = [\"*\"]\nunguarded = true\n[[forbid]]\noperations = [\"*\"]\ncontainer.name = [\"db\"]";
    for rules in [OWN, forbidding] {
        for (query, expected) in
            [("limit=2", "all=1"), ("limit=2&all=0", "all=1"), ("limit=0", ""), ("limit=-1&all=0", "all=0")]
        {
            let target = sent(rules, &format!("GET /containers/json?{query}"));
            let switch = target.split(['?', '&', ' ']).find(|part| part.starts_with("all="));
            assert_eq!(switch.unwrap_or_default(), expected, "{query}: {target}");
            assert!(!target.contains("limit"), "{target}");
        }
    }
    let open = "[[allow]]\noperations = [\"ContainerList\"]";
    assert!(sent(open, "GET /containers/json?limit=2").contains("?limit=2"), "nothing is hidden");
}

#[test]
fn nobody_inherits_a_mark() {
    let empty = r#""io.dockgate.owner":"""#;
    let commit = sent(OWN, "POST /commit?container=mine&repo=own/x");
    assert!(commit.contains(r#""io.dockgate.image.owner":"me""#) && commit.contains(empty), "{commit}");
    let two = format!(
        "{OWN}\n[[allow]]\nname = \"all\"\nclients = [\"all\"]\noperations = [\"*\"]\nunguarded = true\n[clients.all]\nlistener = \"tcp\""
    );
    let create = r#"POST /containers/create {"Image":"other/x"}"#;
    assert!(sent(&two, create).contains(empty), "{}", sent(&two, create));
    let update =
        r#"POST /services/x/update?version=1 {"TaskTemplate":{"ContainerSpec":{"Image":"other/x"}}}"#;
    assert_eq!(sent(&two, update).matches(empty).count(), 2, "{}", sent(&two, update));
    let alone = "[[allow]]\noperations = [\"ContainerCreate\"]";
    assert!(!sent(alone, create).contains("io.dockgate"), "nobody asks for owners");
    // What an updater has read it may send again.
    for labels in [r#"{"io.dockgate.owner":""}"#, r#"{"io.dockgate.image.owner":"you"}"#] {
        let again = format!(r#"POST /containers/create {{"Image":"own/bb","Labels":{labels}}}"#);
        assert!(about(&policy(OWN), &again).starts_with('/'), "{labels}");
    }
}

#[test]
fn a_mark_is_not_put_together_from_variables() {
    let policy = policy(OWN);
    for changes in [
        "LABEL+$X.dockgate.owner=you",
        "ENV+X=io%0alabel+$%7bX%7d.dockgate.owner=you",
        "ONBUILD+LABEL+\"$X\"=you",
        "LABEL+io.dockgate.image.owner=you",
        "LABEL+io.\"dockgate\".owner=you",
        "LABEL+--\"\"+io.dockgate.image.owner=you",
        "ONBUILD+RUN+<<\"CMD+%5c%5c\"%0aCMD+%5c%0aLABEL+io.dockgate.owner=you",
        "LABEL+io.%5c&changes=dockgate.owner=you",
        "LABEL+io.%5c%0a%23+x%0adockgate.owner=you",
        "%23+escape=`%0aLABEL+io.`dockgate.owner=you",
    ] {
        let request = format!("POST /commit?container=mine&repo=own/x&changes={changes}");
        assert_eq!(about(&policy, &request), "condition", "{changes}");
    }
    let trigger =
        r#"POST /commit?container=mine&repo=own/x {"OnBuild":["RUN id","LABEL io.dockgate.owner=you"]}"#;
    assert_eq!(about(&policy, trigger), "condition");
    let plain = "POST /commit?container=mine&repo=own/x&changes=ENV+X=$Y%0aLABEL+a=$X";
    assert!(about(&policy, plain).starts_with('/'), "{}", about(&policy, plain));
}

#[test]
fn what_is_left_to_later_builds_is_bounded_where_it_is_left() {
    let policy = policy(
        "[[allow]]\noperations = [\"ContainerCreate\", \"ImageCommit\", \"ImageCreate\"]\nbody = true\n\
         query.changes = true\nquery.fromSrc = true\nimages = [\"own/*\"]",
    );
    let (commit, create) = ("POST /commit?container=c&repo=own/x", "POST /containers/create");
    for (request, is_granted) in [
        (format!("{commit}&changes=CMD+a%0aONBUILD+COPY+--from=own/y+/a+/"), true),
        (format!("{commit}&changes=CMD+a%0aONBUILD+COPY+--from=their/y+/a+/"), false),
        (format!("{commit}&changes=CMD+a&changes=ONBUILD+RUN+--mount=from=their/y+id"), false),
        (format!("{commit}&changes=ONBUILD+COPY+--from=own/$X+/a+/"), false),
        (format!(r#"{commit} {{"OnBuild":["COPY --from=own/y /a /","COPY --from=0 /a /"]}}"#), true),
        (format!(r#"{commit} {{"OnBuild":["RUN id","COPY --from=their/y /a /"]}}"#), false),
        (format!(r#"{commit} {{"onbuild":["copy --\"from=their/y\" /a /"]}}"#), false),
        (
            "POST /images/create?fromSrc=-&repo=own/x&changes=ONBUILD+COPY+--from=their/y+/a+/".to_owned(),
            false,
        ),
        // A commit without a body takes them from the container.
        (format!(r#"{create} {{"Image":"own/x","OnBuild":["COPY --from=own/y /a /"]}}"#), true),
        (format!(r#"{create} {{"Image":"own/x","OnBuild":["COPY --from=their/y /a /"]}}"#), false),
        (format!(r#"{create} {{"Image":"own/x","OnBuild":["\nCOPY --from=own/y /a /"]}}"#), false),
    ] {
        assert_eq!(about(&policy, &request).starts_with('/'), is_granted, "{request}");
    }
    let policy = super::policy(
        "[[allow]]\noperations = [\"ContainerCreate\", \"ImageCommit\"]\nbody = true\nquery.changes = true\n\
         remotes = [\"https://own/*\"]",
    );
    for (request, is_granted) in [
        (format!("{commit}&changes=ONBUILD+ADD+https://own/x+/"), true),
        (format!("{commit}&changes=ONBUILD+ADD+https://their/x+/"), false),
        (format!("{commit}&changes=ONBUILD+ADD+https://own/$X+/"), false),
        (format!(r#"{commit} {{"OnBuild":["ADD https://own/x /"]}}"#), true),
        (format!(r#"{commit} {{"OnBuild":["ADD gi`t@their:x /"]}}"#), false),
        (format!(r##"{commit} {{"OnBuild":["# escape=`\nADD https://own/`x /"]}}"##), false),
        (format!(r#"{create} {{"OnBuild":["ADD https://their/x /"]}}"#), false),
    ] {
        assert_eq!(about(&policy, &request).starts_with('/'), is_granted, "{request}");
    }
}

#[test]
fn what_a_container_leaves_to_later_builds_needs_a_grant() {
    let rule = "[[allow]]\noperations = [\"ContainerCreate\"]\nimages = [\"own/*\"]";
    for (steps, expected) in [(r#"["RUN id"]"#, "missing_grant"), ("[]", "/"), ("null", "/")] {
        let request = format!(r#"POST /containers/create {{"Image":"own/x","OnBuild":{steps}}}"#);
        assert!(about(&policy(rule), &request).starts_with(expected), "{request}");
        assert!(about(&policy(&format!("{rule}\nbody.OnBuild = true")), &request).starts_with('/'));
    }
    let mark = r#"POST /containers/create {"Image":"own/x","OnBuild":["LABEL io.dockgate.owner=you"]}"#;
    assert_eq!(
        about(&policy("[[allow]]\noperations = [\"*\"]\nunguarded = true\nown = \"me\""), mark),
        "condition"
    );
}

#[test]
fn what_a_service_was_before_is_granted_by_itself() {
    let rules = "[[allow]]\noperations = [\"ServiceUpdate\"]\nbody = true";
    let request = "POST /services/s/update?version=1&rollback=previous {}";
    assert_eq!(about(&policy(rules), request), "missing_grant");
    let granting = format!("{rules}\nquery.rollback = true");
    assert!(about(&policy(&granting), request).starts_with('/'));
}

#[test]
fn an_image_takes_no_name_from_anothers() {
    let policy = policy(
        "[[allow]]\nname = \"own\"\noperations = [\"ImageTag\", \"ImageBuild\", \"ImageCommit\", \"ImageCreate\"]\n\
         own = \"me\"\nimage.owner = \"me\"\ncontainer.owner = \"me\"\nquery.fromSrc = true",
    );
    for (request, is_given) in [
        ("POST /images/mine/tag?repo=NAME", true),
        ("POST /build?t=NAME", true),
        ("POST /commit?container=c&repo=NAME", true),
        ("POST /images/create?fromSrc=-&repo=NAME", true),
        // What it is pulled for, the registry says.
        ("POST /images/create?fromImage=NAME&tag=1", false),
    ] {
        for (owner, expected) in [("you", !is_given), ("me", true)] {
            let mut operation = operation(&request.replace("NAME", "their/x"));
            for question in policy.questions(&client("tcp"), &operation) {
                let owner = if question.name.contains("their") { owner } else { "me" };
                let labels =
                    format!(r#"{{"io.dockgate.owner":"{owner}","io.dockgate.image.owner":"{owner}"}}"#);
                let shown =
                    format!(r#"{{"Id":"00","Name":"/x","RepoTags":[],"Config":{{"Labels":{labels}}}}}"#);
                operation
                    .learn(question, Some(crate::operation::Json::read_shown(shown.as_bytes()).unwrap()));
            }
            let judged = verdict(&policy, "tcp", operation);
            assert_eq!(judged.starts_with("permit"), expected, "{request}, {owner}: {judged}");
        }
    }
}

#[test]
fn a_pull_without_a_tag_is_one_of_each() {
    const PULL: &str = "[[allow]]\noperations = [\"ImageCreate\"]";
    let judged = |lines: &str, image: &str| {
        let request = format!("POST /images/create?fromImage={image}");
        about(&policy(&format!("{PULL}\n{lines}")), &request)
    };
    let forbidding = |name: &str| {
        format!("[[forbid]]\nname = \"f\"\noperations = [\"ImageCreate\"]\nimage.name = \"{name}\"")
    };
    for (image, by_tag, by_other, by_repository) in [
        ("own/x", false, false, true),
        ("own/x:", false, false, true),
        ("own/x&tag=latest", true, false, true),
        ("own/x&tag=prod", false, true, true),
        ("own/y", false, false, false),
    ] {
        for (name, is_admitted) in
            [("own/x:latest", by_tag), ("own/x:prod", by_other), ("own/x", by_repository)]
        {
            let lines = format!("image.name = \"{name}\"");
            assert_eq!(judged(&lines, image).starts_with('/'), is_admitted, "{name}, {image}");
            let is_forbidden = image.starts_with("own/x") && (is_admitted || !image.contains("tag"));
            assert_eq!(judged(&forbidding(name), image) == "forbidden", is_forbidden, "{name}, {image}");
        }
    }
    // A name that looks like an ID.
    for (image, is_forbidden) in
        [("cafe", true), ("cafe&tag=prod", true), ("cafe&tag=other", false), ("fade", false)]
    {
        let is_struck = judged(&forbidding("cafe:prod"), image) == "forbidden";
        assert_eq!(is_struck, is_forbidden, "{image}");
    }
}

#[test]
fn an_image_loses_no_name_that_the_rule_is_not_for() {
    const ID: &str = "sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
    let policy = policy(
        "[[allow]]\nname = \"own\"\noperations = [\"ImageDelete\", \"ImagePush\", \"ImageInspect\"]\n\
         image.name = [\"own/*\", \"tagged:1\", \"tagged@*\", \"sha\", \"cafe\"]\nquery.platforms = true",
    );
    let judge = |request: &str, tags: &str| {
        let mut operation = operation(request);
        for question in policy.questions(&client("tcp"), &operation) {
            let shown = format!(r#"{{"Id":"{ID}","RepoTags":[{tags}],"Config":{{}}}}"#);
            operation.learn(question, Some(crate::operation::Json::read_shown(shown.as_bytes()).unwrap()));
        }
        policy.judge(&client("tcp"), operation)
    };
    let may = |request: &str, tags: &str| matches!(judge(request, tags), Verdict::Permit(_));
    let (own, both) = (r#""own/x:1""#, r#""own/x:1","their/y:1""#);
    for (request, of_own, of_both) in [
        ("DELETE /images/own/x:1", true, true),
        ("DELETE /images/their/y:1", false, false),
        ("DELETE /images/0123456789ab?force=1", true, false),
        (&format!("DELETE /images/{ID}?force=1"), true, false),
        // What a platform loses, it loses under every name.
        ("DELETE /images/own/x:1?force=1&platforms=%7B%22os%22%3A%22linux%22%7D", true, false),
        ("POST /images/own/x/push?tag=1", true, true),
        ("POST /images/their/y/push?tag=1", false, false),
        ("GET /images/their/y:1/json", true, true),
        // A name, and what the daemon takes for the beginning of an ID.
        ("DELETE /images/cafe", true, true),
        ("DELETE /images/sha?force=1", true, false),
    ] {
        assert_eq!((may(request, own), may(request, both)), (of_own, of_both), "{request}");
    }
    // With the digest go all tags of the repository, and no others.
    let by_digest = format!("DELETE /images/tagged@{ID}");
    for (tags, is_granted) in
        [(r#""tagged:1""#, true), (r#""tagged:1","their/y:1""#, true), (r#""tagged:1","tagged:2""#, false)]
    {
        assert_eq!(may(&by_digest, tags), is_granted, "{tags}");
    }
    let Verdict::Denial(denial) = judge("DELETE /images/their/y:1", both) else { panic!("it is theirs") };
    let message = denial.refusal().message();
    for line in ["image.name = [\"docker.io/their/y:1\"]\n", &format!("image.id = [\"{ID}\"]")] {
        assert!(message.contains(line), "{message}");
    }
}

/// What is made is suggested by its own names, in place of those that the rule has.
#[test]
fn whoever_follows_what_is_suggested_of_a_thing_that_is_made_is_permitted() {
    for (rule, request, line) in [
        (
            "operations = [\"ImageCreate\"]\nimage.name = \"own/*\"",
            "POST /images/create?fromImage=their/x&tag=1",
            "image.name = [\"docker.io/their/x:1\"]\n",
        ),
        (
            "operations = [\"ImageCreate\"]\nimage.name = \"own/x:1\"",
            "POST /images/create?fromImage=own/x",
            "image.name = [\"docker.io/own/x\"]\n",
        ),
        (
            "operations = [\"ImageCreate\"]\nimage.name = \"own/x:1\"",
            "POST /images/create?fromImage=cafe",
            "image.name = [\"docker.io/library/cafe\"]\n",
        ),
        (
            "operations = [\"ImageCreate\"]\nown = \"me\"\nimage.owner = \"me\"\nimage.name = \"own/x:1\"",
            "POST /images/create?fromImage=their/x&tag=1",
            "own = \"me\"\nimage.name = [\"docker.io/their/x:1\"]\nimage.owner = \"me\"\n",
        ),
        (
            "operations = [\"ImageTag\"]\nimage.name = \"own/*\"",
            "POST /images/own/x:1/tag?repo=their/x&tag=1",
            "image.name = [\"docker.io/own/x:1\", \"docker.io/their/x:1\"]\n",
        ),
        (
            "operations = [\"ContainerCreate\"]\ncontainer.name = \"own-*\"\ncontainer.label.a = \"b\"",
            r#"POST /containers/create?name=their* {"Image":"x","Labels":{"a":"b"}}"#,
            "container.label.\"a\" = \"b\"\ncontainer.name = ['their\\*']\n",
        ),
        (
            "operations = [\"ContainerCreate\"]\ncontainer.name = \"own-*\"",
            r#"POST /containers/create {"Image":"x"}"#,
            "",
        ),
        (
            "operations = [\"VolumeCreate\"]\nvolume.name = \"own-*\"",
            r#"POST /volumes/create {"Name":"their"}"#,
            "volume.name = [\"their\"]\n",
        ),
    ] {
        let rule = format!("[[allow]]\nname = \"r\"\n{rule}");
        let judge = |rules: &str| {
            let policy = policy(rules);
            let mut operation = operation(request);
            for question in policy.questions(&client("tcp"), &operation) {
                let shown =
                    question.name.contains("own").then_some(r#"{"Id":"sha256:00","RepoTags":["own/x:1"]}"#);
                operation.learn(
                    question,
                    shown.map(|shown| crate::operation::Json::read_shown(shown.as_bytes()).unwrap()),
                );
            }
            policy.judge(&client("tcp"), operation)
        };
        let Verdict::Denial(denial) = judge(&rule) else { panic!("{request}") };
        let Some(Suggestion::Rule(suggested)) = denial.refusal().suggestion() else { panic!("{request}") };
        assert_eq!(suggested.lines, line, "{request}");
        let after = judge(&format!("{rule}\n\n{suggested}"));
        assert!(matches!(after, Verdict::Permit(_)), "{request}: {suggested}");
    }
    // No list of names says that all tags are meant.
    let policy = policy("[[allow]]\noperations = [\"ImagePush\"]\nimage.name = \"own/*\"");
    let mut operation = operation("POST /images/own/x/push");
    for question in policy.questions(&client("tcp"), &operation) {
        let shown = crate::operation::Json::read_shown(br#"{"Id":"sha256:00","RepoTags":["own/x:latest"]}"#);
        operation.learn(question, Some(shown.unwrap()));
    }
    let Verdict::Denial(denial) = policy.judge(&client("tcp"), operation) else { panic!("it is all tags") };
    assert_eq!(denial.refusal().suggestion(), None);
}
