//! docker compose: a project up, looked at and down again.

use std::collections::BTreeMap;

use crate::harness::{Engine, Gate, Ran, eventually, steady, unique};

const PROJECT: &str = r#"
services:
  talker:
    image: dockgate-test/busybox
    pull_policy: never
    command: [sh, -c, "echo talker is here; exec sleep 600"]
    init: true
    volumes: [kept:/data]
  asker:
    image: dockgate-test/busybox
    pull_policy: never
    command: [sh, -c, "echo asker is here; exec sleep 600"]
    init: true
    depends_on: [talker]
    networks: {default: {aliases: [questions]}}
    labels: {role: asker}
volumes: {kept: {}}
"#;

#[test]
fn a_project_goes_up_and_down() {
    let gate = Gate::with_policy("everything").start();
    let project = unique("project");
    let file = gate.dir().join("compose.yaml");
    std::fs::write(&file, PROJECT).unwrap();

    let compose = |arguments: &[&str]| {
        let head = ["compose", "--project-name", &project, "--file", file.to_str().unwrap()];
        gate.docker(head.iter().chain(arguments))
    };
    // The same project on both sides, one after the other: nothing of a name differs.
    let session = |run: &dyn Fn(&[&str]) -> Ran| {
        let up = ends(&run(&["up", "--detach"]).ok().stderr);
        let logs = eventually("both services in the logs", || {
            let logs = run(&["--ansi", "never", "logs", "--no-color"]).ok().stdout;
            (logs.contains("talker is here") && logs.contains("asker is here")).then_some(logs)
        });
        let listed = lines(&run(&["ps", "--format", "{{.Service}} {{.State}} {{.Image}}"]).ok().stdout);
        let answered = run(&["exec", "-T", "asker", "echo", "from inside"]).ok().stdout;
        let down = ends(&run(&["down", "--volumes", "--timeout", "0"]).ok().stderr);
        (up, lines(&logs), listed, answered, down)
    };
    let address = Engine::real().address;
    let straight = session(&|arguments| compose(arguments).command(&address, "").run());
    let through = session(&|arguments| compose(arguments).run());
    assert_eq!(through, straight);
    assert_eq!(through.2, ["asker running dockgate-test/busybox", "talker running dockgate-test/busybox"]);
}

/// The lines that were printed, without their order, their columns and where compose cleared one, which are the chance of
/// the moment.
fn lines(text: &str) -> Vec<String> {
    const CLEAR: &str = "\u{1b}[2K";
    let text = steady(text).replace(CLEAR, "");
    let mut lines: Vec<_> =
        text.lines().map(|line| line.split_whitespace().collect::<Vec<_>>().join(" ")).collect();
    lines.sort();
    lines
}

/// What became of each thing: the steps on the way there are skipped where it goes fast.
fn ends(text: &str) -> Vec<String> {
    let text = steady(text);
    let steps = text.lines().filter_map(|line| line.trim().rsplit_once(char::is_whitespace));
    let ends: BTreeMap<&str, &str> = steps.map(|(thing, step)| (thing.trim(), step)).collect();
    ends.into_iter().map(|(thing, step)| format!("{thing} {step}")).collect()
}
