//! Builds are judged by what their Dockerfiles take from outside.

use super::*;
use crate::operation::build::Builder;
use crate::operation::table;

const RULE: &str = "[[allow]]\nname = \"r\"\noperations = [\"POST /build\"]\n";

/// A build with these parameters, of which the context was looked into.
fn build(parameters: &str, text: &str) -> Operation {
    let mut operation = operation(&format!("POST /v1.41/build?{parameters}"));
    operation.look_inside(Dockerfile::read(text.as_bytes(), &[], Builder::Classic).map(Into::into));
    operation
}

/// Whether builds are looked into.
fn looks_inside(policy: &Policy) -> bool {
    let build = table::endpoints().find(|endpoint| endpoint.id == "ImageBuild").unwrap();
    policy.looks_inside(&client("tcp"), build)
}

fn build_denial(policy: &Policy, operation: Operation) -> Denial {
    match policy.judge(&client("tcp"), operation) {
        Verdict::Denial(denial) => denial,
        Verdict::Permit(permit) => panic!("it is permitted: {:?}", permit.grounds()),
    }
}

#[test]
fn only_listed_images_are_built_upon() {
    let policy = policy(&format!("{RULE}images = [\"own/*\"]"));
    for text in
        ["FROM own/a", "FROM scratch\nCOPY --from=own/b / /", "ARG A=own/a:1\nFROM docker.io/$A AS x\nFROM x"]
    {
        assert_eq!(verdict(&policy, "tcp", build("t=own/t", text)), "permit r", "{text}");
    }
    for text in [
        "FROM victim/img",
        "FROM own/a\nCOPY --from=victim/img / /",
        "FROM own/a\nRUN --mount=from=victim/img,target=/x y",
        "FROM own/a\nONBUILD COPY --from=victim/img / /",
        // It may be the beginning of an ID.
        "FROM cafe",
    ] {
        assert_eq!(verdict(&policy, "tcp", build("t=own/t", text)), "condition r", "{text}");
    }
    assert_eq!(verdict(&policy, "tcp", build("t=victim/img", "FROM own/a")), "condition r");
}

#[test]
fn what_is_not_known_is_not_granted() {
    let policy = policy(&format!("{RULE}images = [\"own/*\"]\nremotes = true"));
    assert_eq!(verdict(&policy, "tcp", read("POST /build?t=own/t", ApiVersion::NEWEST)), "condition r");
    let unclear = build_denial(&policy, build("t=own/t", "FROM own/a\nFROM $X"));
    insta::assert_snapshot!(unclear.message(), @r#"
    dockgate: POST /build (ImageBuild) is not allowed for this client: rule "r" has it, but it is not known what the archive says.
    What its archive says is not known: line 2 of the Dockerfile: FROM $X: $X is not set; give it a value with ARG before the first FROM, or as a build argument.
    The line for images below admits any value.
    The line for remotes below admits any value.
    To allow it, add to the policy:

    [[allow]]
    operations = ["POST /build"]
    images = true
    remotes = true
    "#);
    let fetched = build_denial(&policy, operation("POST /build?remote=https://git.example/x.git"));
    assert!(fetched.message().contains("its context is fetched from elsewhere (parameter remote)"));
}

#[test]
fn what_is_fetched_is_guarded_where_it_is_seen() {
    let only_images = policy(&format!("{RULE}images = [\"own/*\"]"));
    let fetching = || build("", "FROM own/a\nADD https://git.example/x /x\nRUN --network=host y");
    insta::assert_snapshot!(build_denial(&only_images, fetching()).message(), @r#"
    dockgate: POST /build (ImageBuild) is not allowed for this client: rule "r" has it, but it does not grant the namespaces of the Dockerfile and the remotes of the Dockerfile.
    It asks for remotes "https://git.example/x", in line 2 of the Dockerfile.
    It asks for namespaces "network:host", in line 3 of the Dockerfile.
    To allow it, add to rule "r", under its [[allow]]:

    namespaces = ["network:host"]
    remotes = ["https://git.example/x"]
    "#);
    let both = policy(&format!(
        "{RULE}images = [\"own/*\"]\nremotes = [\"https://git.example/*\"]\nnamespaces = [\"network:host\"]"
    ));
    assert_eq!(verdict(&both, "tcp", fetching()), "permit r");
    assert_eq!(verdict(&both, "tcp", build("", "FROM own/a\nADD http://10.0.0.1/ /x")), "condition r");
    let trusting = policy(&format!("{RULE}images = [\"own/*\"]\nunguarded = true"));
    assert_eq!(verdict(&trusting, "tcp", fetching()), "permit r");
    // Who may have a whole context fetched is not asked what else is.
    let remotes = policy(&format!("{RULE}remotes = [\"https://git.example/*\"]"));
    assert_eq!(
        verdict(&remotes, "tcp", operation("POST /build?remote=https://git.example/x.git")),
        "permit r"
    );
    assert_eq!(verdict(&remotes, "tcp", read("POST /build", ApiVersion::NEWEST)), "condition r");
}

#[test]
fn the_frontend_is_an_image_like_any_other() {
    let lines = "images = [\"own/*\"]\ndrivers = [\"builder:buildkit\"]";
    let policy = policy(&format!("{RULE}{lines}"));
    let build = |text: &str| {
        let mut operation = operation("POST /build?version=2");
        operation.look_inside(Dockerfile::read(text.as_bytes(), &[], Builder::BuildKit).map(Into::into));
        operation
    };
    assert_eq!(verdict(&policy, "tcp", build("# syntax=own/frontend\nFROM own/a")), "permit r");
    assert_eq!(verdict(&policy, "tcp", build("# syntax=docker/dockerfile:1\nFROM own/a")), "condition r");
}

#[test]
fn a_forbid_strikes_what_is_in_it_and_what_is_not_known() {
    let policy = policy(
        "[[allow]]\nname = \"all\"\noperations = [\"*\"]\nunguarded = true\n\
         [[forbid]]\nname = \"f\"\noperations = [\"*\"]\nimages = [\"victim/*\"]",
    );
    assert_eq!(verdict(&policy, "tcp", build("t=x", "FROM own/a")), "permit all");
    assert_eq!(verdict(&policy, "tcp", build("t=x", "FROM victim/img")), "forbidden f");
    assert_eq!(verdict(&policy, "tcp", operation("POST /build?remote=https://x/")), "forbidden f");
    let unclear = build_denial(&policy, build("t=x", "FROM $X"));
    assert!(
        unclear.message().contains("What its archive says is not known: line 1 of the Dockerfile: FROM $X")
    );
}

#[test]
fn contexts_are_looked_into_where_a_rule_says_what_may_be_in_them() {
    let looks = |rules: &str| looks_inside(&policy(rules));
    assert!(looks(&format!("{RULE}images = [\"own/*\"]")));
    assert!(looks(&format!("{RULE}remotes = false")));
    assert!(!looks(RULE));
    assert!(!looks(&format!("{RULE}images = true\nextra_hosts = [\"a:*\"]")));
    let forbid = "[[forbid]]\noperations = [\"*\"]\nimages = [\"victim/*\"]\n";
    assert!(looks(&format!("{RULE}{forbid}")));
    // It is refused whatever is in it.
    assert!(!looks(forbid));
    let others = "[clients.a]\nlistener = \"unix\"\n[[allow]]\nclients = [\"a\"]\noperations = [\"POST /build\"]\nimages = [\"x\"]\n";
    assert!(!looks(others));
}

#[test]
fn a_build_sets_no_mark_where_somebody_asks_for_marks() {
    let owners = format!(
        "{RULE}query.version = true\nown = \"me\"\n[[allow]]\noperations = [\"ContainerKill\"]\ncontainer.owner = \"me\"\n"
    );
    let policy = policy(&owners);
    for text in ["FROM a\nLABEL version=$V \"io.dockgate\"=x", "FROM a\nLABEL a io.dockgate.owner=you"] {
        assert_eq!(verdict(&policy, "tcp", build("t=x", text)), "permit r", "{text}");
    }
    for text in [
        "FROM a\nLABEL io.dockgate.owner=me",
        "FROM a\nONBUILD LABEL -- io.dockgate.owner=you",
        "FROM a\nlabel a=b io.\"dockgate\".owner=you",
        "FROM a\nLABEL io.dock\\\n# x\ngate.owner=you",
        "# escape=`\nFROM a\nLABEL io.`dockgate.owner you",
        "FROM a\nENV A=io.dockgate.owner\nLABEL $A=you",
        "FROM a\nONBUILD LABEL 'io.dockgate.image.owner'=you",
    ] {
        assert_eq!(verdict(&policy, "tcp", build("t=x", text)), "condition r", "{text}");
    }
    for (request, expected) in [
        ("POST /build?t=x", "condition r"),
        // It keeps its steps to itself.
        ("POST /build?t=x&version=2", "permit r"),
    ] {
        assert_eq!(verdict(&policy, "tcp", read(request, ApiVersion::NEWEST)), expected, "{request}");
    }
    assert!(looks_inside(&policy) && policy.looks_into_archives());
}
