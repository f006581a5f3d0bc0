//! Builds of real clients, where a rule says which images they may use.

use std::fs;

use crate::harness::{Gate, unique};

#[test]
fn a_build_upon_a_listed_image_is_built_and_no_other() {
    let tag = unique("inside");
    let policy = format!(
        r#"
        version = 1
        [[allow]]
        operations = ["@read", "POST /build", "GET /images/{{name}}/json"]
        images = ["dockgate-test/busybox", "{tag}"]
        query.buildargs = true
        "#
    );
    let gate = Gate::with_policy_text(&policy).start();
    let folder = gate.dir().join("context");
    fs::create_dir(&folder).unwrap();
    fs::write(folder.join("f"), "x".repeat(3_000_000)).unwrap();
    let build = |text: &str, more: &[&str]| {
        fs::write(folder.join("Dockerfile"), text).unwrap();
        let arguments = [&["build", "--tag", &tag], more, &[folder.to_str().unwrap()]].concat();
        gate.docker(arguments).env("DOCKER_BUILDKIT", "0").run()
    };
    build("ARG BASE\nFROM ${BASE}\nCOPY f /\n", &["--build-arg", "BASE=dockgate-test/busybox"]).ok();
    build("FROM dockgate-test/busybox\nCOPY f /\n", &["--compress"]).ok();
    let refused =
        build("FROM dockgate-test/busybox\nCOPY --from=dockgate-test/big /etc /etc\n", &[]).failed(1);
    assert!(refused.stderr.contains("dockgate-test/big"), "{refused:?}");
    assert!(refused.stderr.contains("line 2 of the Dockerfile"), "{refused:?}");
    let unset = build("ARG BASE\nFROM ${BASE}\n", &[]).failed(1);
    assert!(unset.stderr.contains("$BASE is not set"), "{unset:?}");
    crate::harness::Engine::real().docker(["image", "rm", "--force", &tag]).ok();
}
