//! Commands that only look.

use crate::harness::{Container, Engine, Gate};

#[test]
fn version_is_the_daemons() {
    let gate = Gate::with_policy("everything").start();
    let version = gate.docker(["version"]).same_as_direct().ok();
    assert!(version.stdout.contains("Server:"), "{version:?}");
}

#[test]
fn info_is_the_daemons() {
    let gate = Gate::with_policy("everything").start();
    // All of it but what other tests change and what changes by itself.
    for part in [
        "{{.ID}} {{.Name}} {{.Driver}} {{json .Plugins}}",
        "{{json .RegistryConfig}} {{.NCPU}} {{.MemTotal}}",
    ] {
        gate.docker(["info", "--format", part]).same_as_direct().ok();
    }
    let info = gate.docker(["info"]).run().ok();
    assert!(info.stdout.contains("Storage Driver:"), "{info:?}");
}

#[test]
fn ps_and_inspect_show_the_same() {
    let gate = Gate::with_policy("everything").start();
    let container = Container::running("sleep 600");
    let filter = format!("name={}", container.name);
    let listed =
        gate.docker(["ps", "--all", "--size", "--no-trunc", "--filter", &filter]).same_as_direct().ok();
    assert!(listed.stdout.contains(&container.name), "{listed:?}");
    gate.docker(["ps", "--filter", &filter, "--format", "{{json .}}"]).same_as_direct().ok();
    let seen = gate.docker(["inspect", "--size", &container.name]).same_as_direct().ok();
    assert!(seen.stdout.contains("\"SizeRw\""), "{seen:?}");
    gate.docker(["diff", &container.name]).same_as_direct().ok();
    gate.docker(["port", &container.name]).same_as_direct().ok();
}

#[test]
fn what_is_not_there_is_missed_the_same_way() {
    let gate = Gate::with_policy("everything").start();
    gate.docker(["inspect", "nobody"]).same_as_direct().failed(1);
    gate.docker(["logs", "nobody"]).same_as_direct().failed(1);
    gate.docker(["stop", "nobody"]).same_as_direct().failed(1);
    gate.docker(["run", "--rm", "--pull", "never", "nobody/nothing:none"]).same_as_direct().failed(125);
}

#[test]
fn images_look_the_same() {
    let gate = Gate::with_policy("everything").start();
    gate.docker(["image", "inspect", "dockgate-test/busybox"]).same_as_direct().ok();
    gate.docker(["image", "history", "--no-trunc", "dockgate-test/busybox"]).same_as_direct().ok();
    gate.docker(["images", "--digests", "dockgate-test/*"]).same_as_direct().ok();
}

#[test]
fn events_of_the_past_are_the_same() {
    let gate = Gate::with_policy("everything").start();
    let since = Engine::real().docker(["info", "--format", "{{.SystemTime}}"]).ok().stdout;
    let container = Container::running("exit 3").ended();
    let until = Engine::real().docker(["info", "--format", "{{.SystemTime}}"]).ok().stdout;
    let filter = format!("container={}", container.name);
    let events = gate
        .docker(["events", "--since", since.trim(), "--until", until.trim(), "--filter", &filter])
        .same_as_direct()
        .ok();
    assert!(events.stdout.contains("container die") && events.stdout.contains("exitCode=3"), "{events:?}");
}

#[test]
fn top_and_stats_show_the_same_processes() {
    let gate = Gate::with_policy("everything").start();
    let container = Container::running("sleep 600");
    let top = gate.docker(["top", &container.name, "-o", "pid,args"]).same_as_direct().ok();
    assert!(top.stdout.contains("sleep 600"), "{top:?}");
    let format = "{{.Name}} {{.PIDs}}";
    let stats =
        gate.docker(["stats", "--no-stream", "--format", format, &container.name]).same_as_direct().ok();
    assert!(stats.stdout.starts_with(&container.name), "{stats:?}");
}
