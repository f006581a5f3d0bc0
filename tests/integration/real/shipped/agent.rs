//! An agent with the docker CLI: its sandboxes run, and reach nothing.

use crate::harness::{BUSYBOX, Container, Engine, Gate, unique};

/// An image that the policy lists, and a network, of one test.
struct Made(String, String);

impl Drop for Made {
    fn drop(&mut self) {
        Engine::real().docker(["image", "rm", &self.0]);
        Engine::real().docker(["network", "rm", &self.1]);
    }
}

#[test]
fn sandboxes_run_and_reach_nothing() {
    let gate = Gate::with_policy("agent-sandbox").start();
    let name = unique("try");
    let made = Made(format!("python:{name}"), format!("agent-{name}"));
    let image = made.0.as_str();
    Engine::real().docker(["image", "tag", BUSYBOX, image]).ok();
    let docker = |words: &[&str]| gate.docker(words).run();
    let safe = [
        "--read-only",
        "--tmpfs",
        "/tmp",
        "--user",
        "1000:1000",
        "--cap-drop",
        "ALL",
        "--security-opt",
        "no-new-privileges",
        "--memory",
        "64m",
        "--pids-limit",
        "20",
        "--cpus",
        "1",
    ];
    let run = |more: &[&str], words: &[&str]| {
        docker(&[&["run", "--rm"], &safe[..], more, &[image], words].concat())
    };

    let said =
        run(&["--network", "none"], &["sh", "-c", "id -u; echo x > /tmp/x && cat /tmp/x; ip -o link"]).ok();
    assert!(said.stdout.starts_with("1000\nx\n") && !said.stdout.contains("eth0"), "{said:?}");

    let sandbox = Container::called(&name);
    docker(&["network", "create", "--internal", &made.1]).ok();
    let start =
        [&["run", "--detach", "--name", &name, "--network", &made.1], &safe[..], &[image, "sleep", "600"]];
    docker(&start.concat()).ok();
    assert_eq!(docker(&["exec", &name, "id", "-u"]).ok().stdout, "1000\n");
    assert_eq!(docker(&["ps", "--format", "{{.Names}}"]).ok().stdout, format!("{name}\n"));
    docker(&["logs", &name]).ok();

    for (more, lacks) in [
        (&["--network", "bridge"][..], "HostConfig.NetworkMode"),
        (&[], "HostConfig.NetworkMode"),
        (&["--network", "none", "--volume", "/etc:/etc:ro"], "host_paths"),
        (&["--network", "none", "--privileged"], "HostConfig.Privileged"),
        (&["--network", "none", "--user", "0"], "non_root"),
        (&["--network", "none", "--memory", "4g"], "memory"),
        (&["--network", "none", "--cap-add", "NET_ADMIN"], "cap"),
        (&["--network", "none", "--security-opt", "seccomp=unconfined"], "seccomp"),
    ] {
        let refused = run(more, &["true"]);
        assert!(refused.code == Some(125) && refused.stderr.contains("dockgate: "), "{more:?}: {refused:?}");
        assert!(refused.stderr.contains(lacks), "{more:?}: {refused:?}");
    }
    for root in [&["exec", "--user", "0", &name, "id"][..], &["exec", "--privileged", &name, "id"]] {
        let refused = docker(root).failed(1);
        assert!(refused.stderr.contains("dockgate: "), "{refused:?}");
    }
    let other = Container::running("sleep 600");
    for verb in [&["rm", "--force"][..], &["stop"], &["container", "inspect"], &["logs"]] {
        let missed = docker(&[verb, &[other.name.as_str()]].concat());
        assert!(missed.stderr.contains("No such container"), "{missed:?}");
    }
    let missed = docker(&["exec", &other.name, "id"]).failed(1);
    assert!(missed.stderr.contains("No such container"), "{missed:?}");
    assert!(other.is_running());
    docker(&["rm", "--force", &name]).ok();
    docker(&["network", "rm", &made.1]).ok();
    assert!(!Engine::real().docker(["ps", "--all"]).ok().stdout.contains(&sandbox.name));
}
