//! Connections that leave HTTP behind: standard input, half-close, terminals, attach and detach.

use std::process::Stdio;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::harness::{Command, Container, Engine, Gate, Ran, Running, clients, eventually};

const IMAGE: &str = "dockgate-test/busybox";

#[test]
fn piped_input_reaches_the_container_and_ends() {
    let gate = Gate::with_policy("everything").start();
    // cat ends when its input does: this hangs unless the half-close gets through.
    let said = gate.docker(["run", "--interactive", "--rm", IMAGE, "cat"]).stdin("hi").same_as_direct().ok();
    assert_eq!(said.stdout, "hi");
    let later =
        ["run", "--interactive", "--rm", IMAGE, "sh", "-c", "cat >/dev/null; sleep 1; echo after the end"];
    let said = gate.docker(later).stdin("hi").same_as_direct().ok();
    assert_eq!(said.stdout, "after the end\n");
}

#[test]
fn much_input_and_much_output_at_once() {
    let gate = Gate::with_policy("everything").start();
    let container = Container::running("sleep 600");
    let input = "0123456789abcde\n".repeat(500_000);
    let said = gate.docker(["exec", "-i", &container.name, "cat"]).stdin(input.clone()).run().ok();
    assert!(said.stdout == input, "{} bytes came back of {}", said.stdout.len(), input.len());
    gate.docker(["exec", "-i", &container.name, "md5sum"]).stdin(input).same_as_direct().ok();
}

#[test]
fn exec_keeps_output_errors_and_exit_code_apart() {
    let gate = Gate::with_policy("everything").start();
    let container = Container::running("sleep 600");
    let script = "echo out; echo err >&2; exit 5";
    let said = gate.docker(["exec", &container.name, "sh", "-c", script]).same_as_direct().failed(5);
    assert_eq!((said.stdout.as_str(), said.stderr.as_str()), ("out\n", "err\n"));
    gate.docker(["exec", "--detach", &container.name, "touch", "/made"]).run().ok();
    eventually("the detached exec's file", || {
        (Engine::real().docker(["exec", &container.name, "ls", "/made"]).code == Some(0)).then_some(())
    });
    gate.docker(["exec", &container.name, "no-such-program"]).same_as_direct();
}

#[test]
fn a_terminal_in_a_container_follows_the_window() {
    let gate = Gate::with_policy("everything").start();
    let container = Container::running("sleep 600");
    // The quotes keep the echo of what is typed from being taken for the answer.
    let sized = |size: &str| {
        format!("until [ \"$(stty size)\" = \"{size}\" ]; do sleep 0.1; done; echo si''zed {size}\n")
    };
    let steps = [
        json!({"expect": "#"}),
        json!({"send": sized("24 80")}),
        json!({"expect": "sized 24 80"}),
        json!({"resize": [33, 99]}),
        json!({"send": sized("33 99")}),
        json!({"expect": "sized 33 99"}),
        json!({"send": "tty; exit 6\n"}),
        json!({"expect": "/dev/pts/"}),
    ];
    on_terminal(&gate.address(), &["exec", "-it", &container.name, "sh"], &steps).failed(6);
    gate.recorded("judged", "ExecResize");
}

#[test]
fn run_with_a_terminal_looks_the_same() {
    let gate = Gate::with_policy("everything").start();
    let steps = [
        json!({"expect": "who?"}),
        json!({"send": "me\n"}),
        json!({"expect": "hello me"}),
        json!({"send": "4\n"}),
    ];
    // A shell's own prompt is drawn again when the window's size comes, early or late.
    let script = "echo who?; read who; echo hello $who; read code; exit $code";
    let command = ["run", "-it", "--rm", IMAGE, "sh", "-c", script];
    let run = |address: &str| on_terminal(address, &command, &steps).failed(4);
    let (through, straight) = (run(&gate.address()), run(&Engine::real().address));
    assert_eq!(through.steady(), straight.steady());
}

#[test]
fn detaching_leaves_the_container_running() {
    let gate = Gate::with_policy("everything").start();
    let script = "while read line; do echo got $line; done";
    let container = Container::run_with(&["--interactive", "--tty"], script);
    let attach = |address: &str, word: &str| {
        let steps = [
            json!({"send": format!("{word}\n")}),
            json!({"expect": format!("got {word}")}),
            json!({"send": "\u{10}\u{11}"}),
            json!({"expect": "read escape sequence"}),
        ];
        let ran = on_terminal(address, &["attach", &container.name], &steps);
        assert!(ran.stdout.contains("read escape sequence"), "{ran:?}");
        assert!(container.is_running(), "detached, not stopped");
        // Some versions of the CLI call this a success, others not.
        ran.code
    };
    assert_eq!(attach(&gate.address(), "one"), attach(&Engine::real().address, "two"));
}

#[test]
fn attach_hears_what_the_container_says_until_it_ends() {
    let gate = Gate::with_policy("everything").start();
    let container = Container::running("while [ ! -e /go ]; do sleep 0.1; done; echo said; exit 8");
    let before = gate.sockets();
    let attached = gate.docker(["attach", "--no-stdin", &container.name]).spawn();
    eventually("the tunnel", || (gate.sockets() >= before + 2).then_some(()));
    // The connection is there before the daemon has attached.
    std::thread::sleep(Duration::from_millis(300));
    Engine::real().docker(["exec", &container.name, "touch", "/go"]).ok();
    let output = attached.wait_with_output().unwrap();
    assert_eq!((output.stdout.as_slice(), output.status.code()), (b"said\n".as_slice(), Some(8)));
}

#[test]
fn a_quiet_terminal_is_not_cut() {
    let gate = Gate::with_policy("everything").start();
    let container = Container::running("sleep 600");
    let start = Instant::now();
    // Longer than the time a client may take for a request's head.
    let said =
        gate.docker(["exec", "-i", &container.name, "sh", "-c", "sleep 12; echo still here"]).run().ok();
    assert_eq!(said.stdout, "still here\n");
    assert!(start.elapsed() >= Duration::from_secs(12));
}

#[test]
fn killing_an_interactive_client_closes_both_connections() {
    let gate = Gate::with_policy("everything").start();
    let container = Container::running("sleep 600");
    let before = gate.sockets();
    let mut command = std::process::Command::new("docker");
    command.env("DOCKER_HOST", gate.address()).env("DOCKER_CONFIG", clients().join("config"));
    command.args(["exec", "-i", &container.name, "cat"]);
    let held = Running(command.stdin(Stdio::piped()).stdout(Stdio::null()).spawn().unwrap());
    eventually("the process in the container", || {
        Engine::real().docker(["top", &container.name]).stdout.contains(" cat").then_some(())
    });
    eventually("the tunnel", || (gate.sockets() >= before + 2).then_some(()));
    drop(held);
    eventually("both connections to be closed", || (gate.sockets() <= before).then_some(()));
}

/// A docker command on a terminal, and a dialogue with it.
fn on_terminal(address: &str, arguments: &[&str], steps: &[Value]) -> Ran {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/clients/terminal.py");
    let steps = steps.iter().map(Value::to_string).collect::<Vec<_>>().join("\n");
    Command::new("python3")
        .args([script, "docker"])
        .args(arguments)
        .env("DOCKER_HOST", address)
        .env("DOCKER_CONFIG", clients().join("config").to_string_lossy())
        .stdin(steps)
        .run()
}
