//! Commands that make things: containers, images, networks, volumes.

use std::fs;

use crate::harness::{Container, Gate, unique};

#[test]
fn run_prints_what_the_container_prints_and_ends_as_it_ends() {
    let gate = Gate::with_policy("everything").start();
    let image = "dockgate-test/busybox";
    gate.docker(["run", "--rm", image, "echo", "hi"]).same_as_direct().ok();
    gate.docker(["run", "--rm", image, "sh", "-c", "echo out; echo err >&2; exit 42"])
        .same_as_direct()
        .failed(42);
    gate.docker(["run", "--rm", image, "no-such-program"]).same_as_direct().failed(127);
    gate.docker(["run", "--rm", "--network", "none", "--memory", "64m", "--user", "1000", image, "id"])
        .same_as_direct()
        .ok();
}

#[test]
fn the_life_of_a_container() {
    let gate = Gate::with_policy("everything").start();
    let name = format!("{}-{{side}}", unique("life"));
    let same = |arguments: &[&str]| gate.docker(arguments).same_as_direct().ok();
    let image = "dockgate-test/busybox";
    same(&["create", "--name", &name, "--label", "a=b", "--env", "C=d", "--init", image, "sleep", "600"]);
    same(&["start", &name]);
    same(&["exec", &name, "env"]);
    same(&["pause", &name]);
    same(&["unpause", &name]);
    same(&["update", "--memory", "64m", "--memory-swap", "64m", &name]);
    same(&["inspect", "--format", "{{.HostConfig.Memory}} {{json .Config.Labels}} {{.State.Status}}", &name]);
    same(&["restart", "--time", "0", &name]);
    same(&["kill", "--signal", "KILL", &name]);
    same(&["wait", &name]);
    same(&["commit", "--message", "as it was", &name, &name]);
    same(&["rename", &name, &format!("{name}-2")]);
    same(&["rm", &format!("{name}-2")]);
    for side in ["through", "straight"] {
        // Which layers go with an image depends on what else has them.
        gate.docker(["rmi", &name.replace("{side}", side)]).run().ok();
    }
}

#[test]
fn a_stop_stops() {
    let gate = Gate::with_policy("everything").start();
    let container = Container::running("sleep 600");
    gate.docker(["stop", "--time", "1", &container.name]).run().ok();
    assert!(!container.is_running());
    let judged = gate.recorded("judged", "ContainerStop");
    assert_eq!(gate.ended(&judged).field("status"), 204);
}

#[test]
fn a_classic_build_gives_the_same_image() {
    let gate = Gate::with_policy("everything").start();
    let context = gate.dir().join("context");
    fs::create_dir(&context).unwrap();
    fs::write(
        context.join("Dockerfile"),
        "FROM dockgate-test/busybox\nARG WHO\nCOPY f /f\nRUN cat /f && echo $WHO >/g\n",
    )
    .unwrap();
    // Larger than a buffer or two.
    fs::write(context.join("f"), "built\n".repeat(100_000)).unwrap();
    let tag = format!("{}:{{side}}", unique("built"));
    let built = gate
        .docker([
            "build",
            "--quiet",
            "--no-cache",
            "--build-arg",
            "WHO=me",
            "--tag",
            &tag,
            context.to_str().unwrap(),
        ])
        .env("DOCKER_BUILDKIT", "0")
        .run()
        .ok();
    assert!(built.stdout.starts_with("sha256:"), "{built:?}");
    // The other side takes its layers from the cache, and so has the very same image.
    let cached = gate
        .docker(["build", "--tag", &tag, "--build-arg", "WHO=me", context.to_str().unwrap()])
        .env("DOCKER_BUILDKIT", "0")
        .same_as_direct()
        .ok();
    assert!(cached.stdout.contains("Using cache"), "{cached:?}");
    gate.docker(["run", "--rm", &tag, "cat", "/g"]).same_as_direct().ok();
    for side in ["through", "straight"] {
        gate.docker(["rmi", &tag.replace("{side}", side)]).run().ok();
    }
}

#[test]
fn a_build_that_fails_says_why() {
    let gate = Gate::with_policy("everything").start();
    let context = gate.dir().join("context");
    fs::create_dir(&context).unwrap();
    fs::write(context.join("Dockerfile"), "FROM dockgate-test/busybox\nRUN exit 9\n").unwrap();
    let failed = gate
        .docker(["build", "--no-cache", "--rm", "--force-rm", context.to_str().unwrap()])
        .env("DOCKER_BUILDKIT", "0")
        .same_as_direct();
    assert!(failed.stderr.contains("returned a non-zero code: 9"), "{failed:?}");
}

#[test]
fn networks_are_made_used_and_removed() {
    let gate = Gate::with_policy("everything").start();
    let container = Container::running("sleep 600");
    let name = format!("{}-{{side}}", unique("network"));
    let same = |arguments: &[&str]| gate.docker(arguments).same_as_direct().ok();
    same(&["network", "create", "--internal", "--label", "a=b", &name]);
    same(&[
        "network",
        "ls",
        "--filter",
        &format!("name={name}"),
        "--format",
        "{{.Name}} {{.Driver}} {{.Labels}}",
    ]);
    same(&["network", "connect", "--alias", "here", &name, &container.name]);
    same(&["network", "inspect", "--format", "{{.Internal}} {{len .Containers}} {{json .Labels}}", &name]);
    same(&["network", "disconnect", &name, &container.name]);
    same(&["network", "rm", &name]);
}

#[test]
fn volumes_are_made_used_and_removed() {
    let gate = Gate::with_policy("everything").start();
    let name = format!("{}-{{side}}", unique("volume"));
    let same = |arguments: &[&str]| gate.docker(arguments).same_as_direct().ok();
    let mounted = format!("{name}:/data");
    same(&["volume", "create", "--label", "a=b", &name]);
    same(&["run", "--rm", "--volume", &mounted, "dockgate-test/busybox", "sh", "-c", "echo kept >/data/f"]);
    same(&["run", "--rm", "--volume", &mounted, "dockgate-test/busybox", "cat", "/data/f"]);
    same(&["volume", "ls", "--filter", &format!("name={name}")]);
    same(&["volume", "inspect", "--format", "{{.Driver}} {{json .Labels}} {{.Scope}}", &name]);
    same(&["volume", "rm", &name]);
}
