//! Dockge, which runs `docker compose` in the directory of each stack.

use crate::harness::{Container, Engine, Gate, eventually, unique};

/// Two stacks: the second joins the network of the first.
const STACKS: [&str; 2] = [
    r#"
services:
  web:
    image: dockgate-test/busybox
    pull_policy: never
    command: [sh, -c, "echo web is up; exec sleep 600"]
    init: true
    ports: ["0:80"]
    volumes: ["data:/data", "/etc/localtime:/etc/localtime:ro"]
    networks: [default, shared]
volumes: {data: {}}
networks: {shared: {name: "{project}-shared"}}
"#,
    r#"
services:
  other:
    image: dockgate-test/busybox
    pull_policy: never
    command: [sleep, "600"]
    init: true
    networks: [shared]
networks: {shared: {external: true, name: "{project}-shared"}}
"#,
];

#[test]
fn stacks_go_up_and_down_and_see_nothing_else() {
    let gate = Gate::with_policy("dockge").start();
    let other = Container::running("sleep 600");
    let project = unique("stack");
    let stack = |index: usize, arguments: &[&str]| {
        let name = format!("{project}-{index}");
        let file = gate.dir().join(format!("{name}.yaml"));
        std::fs::write(&file, STACKS[index].replace("{project}", &project)).unwrap();
        let head = ["compose", "--file", file.to_str().unwrap(), "--project-name", &name, "--ansi", "never"];
        gate.docker(head.iter().chain(arguments)).run()
    };
    for index in [0, 1] {
        stack(index, &["up", "--detach", "--remove-orphans"]).ok();
    }
    eventually("the output of the stack", || {
        stack(0, &["logs", "--tail", "100"]).ok().stdout.contains("web is up").then_some(())
    });
    assert!(stack(0, &["ps", "--format", "json"]).ok().stdout.contains("running"));
    assert!(stack(0, &["exec", "-T", "web", "id"]).ok().stdout.contains("uid=0"));
    for (arguments, seen) in [
        (&["compose", "ls", "--all", "--format", "json"][..], format!("{project}-1")),
        (&["network", "ls", "--format", "{{.Name}}"], format!("{project}-shared")),
        (&["stats", "--no-stream", "--format", "json"], format!("{project}-0-web-1")),
    ] {
        let said = gate.docker(arguments).run().ok().stdout;
        assert!(said.contains(&seen) && !said.contains(&other.name), "{arguments:?}: {said}");
    }
    stack(0, &["restart", "--timeout", "0"]).ok();
    stack(0, &["up", "--detach", "--force-recreate", "--timeout", "0"]).ok();
    stack(0, &["stop", "--timeout", "0"]).ok();
    for arguments in [&["stop", &other.name][..], &["rm", &other.name], &["exec", &other.name, "id"]] {
        gate.docker(arguments).run().failed(1);
    }
    for index in [1, 0] {
        stack(index, &["down", "--remove-orphans", "--volumes", "--timeout", "0"]).ok();
    }
    assert!(other.is_running());
    let left = ["network", "ls", "--quiet", "--filter", &format!("name={project}")].map(str::to_owned);
    assert_eq!(Engine::real().docker(left).ok().stdout, "");
}
