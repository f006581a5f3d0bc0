//! Komodo's Periphery: a stack and a deployment, by the commands that it runs, and what it shows of the host.

use crate::harness::{Container, Engine, Gate, unique};

const STACK: &str = r#"
services:
  web:
    image: dockgate-test/busybox
    pull_policy: never
    command: [sleep, "600"]
    init: true
    volumes: ["data:/data"]
volumes: {data: {}}
"#;

#[test]
fn stacks_and_deployments_go_up_and_down_beside_others() {
    let gate = Gate::with_policy("komodo").start();
    let other = Container::run_with(&["--env", "PASSWORD=hunter2"], "sleep 600");
    let project = unique("stack");
    let file = gate.dir().join("compose.yaml");
    std::fs::write(&file, STACK).unwrap();
    let stack = |arguments: &[&str]| {
        let head = ["compose", "-p", &project, "-f", file.to_str().unwrap()];
        gate.docker(head.iter().chain(arguments)).run()
    };
    stack(&["up", "-d"]).ok();
    stack(&["logs", "--tail", "50", "--", "web"]).ok();
    assert!(stack(&["exec", "-T", "web", "id"]).ok().stdout.contains("uid=0"));
    let deployment = Container::called(&unique("deployment"));
    let network = format!("{project}_default");
    let run = ["run", "-d", "--name", &deployment.name, "--network", &network, "--restart", "unless-stopped"];
    gate.docker(run.iter().chain(&["dockgate-test/busybox", "sleep", "600"])).run().ok();
    for verb in ["pause", "unpause", "restart"] {
        gate.docker([verb, "--", &deployment.name]).run().ok();
    }
    let projects = gate.docker(["compose", "ls", "--all", "--format", "json"]).run().ok().stdout;
    assert!(projects.contains(&format!("\"ConfigFiles\":\"{}\"", file.display())), "{projects}");
    let stats = gate.docker(["stats", "--no-stream", "--format", "{{.Name}}"]).run().ok().stdout;
    assert!(stats.contains(&other.name) && stats.contains(&deployment.name), "{stats}");
    let inspected = gate.docker(["inspect", &other.name]).run().ok().stdout;
    assert!(inspected.contains("PASSWORD=redacted-by-dockgate"), "{inspected}");
    for arguments in [&["stop", &other.name][..], &["exec", &other.name, "id"], &["logs", &other.name]] {
        gate.docker(arguments).run().failed(1);
    }
    gate.docker(["stop", "--time", "0", "--", &deployment.name]).run().ok();
    gate.docker(["container", "rm", "--", &deployment.name]).run().ok();
    stack(&["down", "--volumes", "--timeout", "0"]).ok();
    assert!(other.is_running());
    let left = ["network", "ls", "--quiet", "--filter", &format!("name={project}")].map(str::to_owned);
    assert_eq!(Engine::real().docker(left).ok().stdout, "");
}
