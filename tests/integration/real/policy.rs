//! What a policy does to a user of the docker CLI.

use crate::harness::{Container, Gate};

#[test]
fn read_only_lists_and_does_not_stop() {
    let gate = Gate::with_policy("read-only").start();
    let container = Container::running("sleep 600");
    let filter = format!("name={}", container.name);
    gate.docker(["ps", "--filter", &filter]).same_as_direct().ok();
    gate.docker(["version"]).same_as_direct().ok();

    let refused = gate.docker(["stop", &container.name]).run().failed(1);
    assert!(refused.stderr.contains("Error response from daemon: dockgate: "), "{refused:?}");
    assert!(refused.stderr.contains("POST /containers/{id}/stop"), "names the operation: {refused:?}");
    assert!(refused.stderr.contains("operations = ["), "shows the TOML that would allow it: {refused:?}");
    assert!(container.is_running(), "refused is not done");

    let judged = gate.recorded("judged", "ContainerStop");
    assert_eq!((judged.text("decision"), judged.text("reason")), ("deny", "no_rule"), "{judged:?}");
    assert_eq!(gate.ended(&judged).field("status"), 403);
}

#[test]
fn a_refusal_says_so_to_every_command() {
    let gate = Gate::with_policy("read-only").start();
    let container = Container::running("sleep 600");
    for (arguments, code) in [
        (vec!["run", "--rm", "dockgate-test/busybox", "true"], 125),
        (vec!["exec", &container.name, "true"], 1),
        (vec!["rm", "--force", &container.name], 1),
        (vec!["cp", &format!("{}:/etc/passwd", container.name), "-"], 1),
        (vec!["volume", "create", "dockgate-never"], 1),
    ] {
        let refused = gate.docker(&arguments).run();
        assert_eq!(refused.code, Some(code), "{refused:?}");
        assert!(refused.stderr.contains("dockgate: "), "{refused:?}");
    }
    assert!(container.is_running());
}

#[test]
fn a_rule_forbids_in_its_own_words() {
    let policy = r#"
        version = 1
        [[allow]]
        name = "all"
        operations = ["*"]
        unguarded = true
        [[forbid]]
        name = "nobody is killed here"
        operations = ["ContainerKill"]
        reason = "ask the night shift"
    "#;
    let gate = Gate::with_policy_text(policy).start();
    let container = Container::running("sleep 600");
    let refused = gate.docker(["kill", &container.name]).run().failed(1);
    assert!(refused.stderr.contains("ask the night shift"), "{refused:?}");
    let judged = gate.recorded("judged", "ContainerKill");
    assert_eq!((judged.text("decision"), judged.text("reason")), ("deny", "forbidden"), "{judged:?}");
    assert_eq!(judged.field("rules")[0]["name"], "nobody is killed here");
    gate.docker(["pause", &container.name]).run().ok();
}

#[test]
fn observing_forwards_and_remembers() {
    let policy = "version = 1\nmode = \"observe\"\n[[allow]]\nname = \"hello\"\noperations = [\"@ping\"]\n";
    let gate = Gate::with_policy_text(policy).start();
    let container = Container::running("sleep 600");
    gate.docker(["stop", "--time", "0", &container.name]).run().ok();
    assert!(!container.is_running(), "observed is done");
    let judged = gate.recorded("judged", "ContainerStop");
    assert_eq!(judged.text("reason"), "no_rule", "what it would have been refused for: {judged:?}");
    assert_ne!(judged.text("decision"), "deny");
    assert_eq!(gate.ended(&judged).field("status"), 204);
}
