//! Answers that go on: logs, events, stats, waiting, and clients that are slow or leave.

use std::io::{BufRead as _, BufReader, Read as _};
use std::time::{Duration, Instant};

use crate::harness::{Container, Engine, Gate, Running, eventually};

/// What dockgate may hold in memory, whatever passes through it.
pub(super) const FLAT_KIB: u64 = 40 * 1024;

#[test]
fn logs_are_the_same() {
    let gate = Gate::with_policy("everything").start();
    let script = "for i in 1 2 3; do echo out $i; echo err $i >&2; done";
    let container = Container::running(script).ended();
    let logs = gate.docker(["logs", &container.name]).same_as_direct().ok();
    assert!(logs.stdout.contains("out 3") && logs.stderr.contains("err 3"), "{logs:?}");
    gate.docker(["logs", "--timestamps", "--tail", "2", "--details", &container.name]).same_as_direct().ok();
}

#[test]
fn followed_logs_arrive_line_by_line() {
    let gate = Gate::with_policy("everything").start();
    let container = Container::running("echo first; while [ ! -e /go ]; do sleep 0.1; done; echo last");
    let mut follower = Running(gate.docker(["logs", "--follow", &container.name]).spawn());
    let mut lines = BufReader::new(follower.0.stdout.take().unwrap()).lines();
    assert_eq!(lines.next().unwrap().unwrap(), "first");
    // Only now may the container go on: a gate that holds the first line back would hang here.
    Engine::real().docker(["exec", &container.name, "touch", "/go"]).ok();
    assert_eq!(lines.next().unwrap().unwrap(), "last");
    assert!(lines.next().is_none(), "the logs end when the container does");
}

#[test]
fn events_arrive_as_they_happen() {
    let gate = Gate::with_policy("everything").start();
    let container = Container::running("sleep 600");
    let filter = format!("container={}", container.name);
    let before = gate.sockets();
    let mut listener =
        Running(gate.docker(["events", "--filter", &filter, "--format", "{{.Action}}"]).spawn());
    let mut lines = BufReader::new(listener.0.stdout.take().unwrap()).lines();
    eventually("the stream", || (gate.sockets() >= before + 2).then_some(()));
    // The connection is there before the daemon listens.
    std::thread::sleep(Duration::from_millis(300));
    for action in ["pause", "unpause"] {
        Engine::real().docker([action, &container.name]).ok();
        assert_eq!(lines.next().unwrap().unwrap(), action);
    }
}

#[test]
fn wait_returns_the_exit_code_when_it_comes() {
    let gate = Gate::with_policy("everything").start();
    let container = Container::running("while [ ! -e /go ]; do sleep 0.1; done; exit 7");
    let before = gate.sockets();
    let mut waiting = Running(gate.docker(["wait", &container.name]).spawn());
    eventually("the connection", || (gate.sockets() >= before + 2).then_some(()));
    Engine::real().docker(["exec", &container.name, "touch", "/go"]).ok();
    let mut code = String::new();
    waiting.0.stdout.take().unwrap().read_to_string(&mut code).unwrap();
    assert_eq!(code, "7\n");
}

#[test]
fn a_slow_reader_of_large_logs_costs_no_memory() {
    let gate = Gate::with_policy("everything").start();
    // 60 MB of log in lines of a thousand.
    let line = "x".repeat(999);
    let container = Container::running(&format!("yes {line} | head -n 60000")).ended();
    let mut reader = Running(gate.docker(["logs", &container.name]).spawn());
    let mut stdout = reader.0.stdout.take().unwrap();
    let mut buffer = vec![0; 1 << 20];
    let mut total = 0;
    let start = Instant::now();
    loop {
        let count = stdout.read(&mut buffer).unwrap();
        if count == 0 {
            break;
        }
        total += count;
        // Slow at first: everything between the daemon and here is full now.
        if start.elapsed() < Duration::from_secs(2) {
            std::thread::sleep(Duration::from_millis(20));
        }
    }
    assert_eq!(total, 60_000_000);
    let peak = gate.memory_kib("VmHWM");
    assert!(peak < FLAT_KIB, "{peak} KiB at the peak");
}

#[test]
fn a_client_that_is_killed_leaves_no_connection_behind() {
    let gate = Gate::with_policy("everything").start();
    let container = Container::running("while true; do echo tick; sleep 0.1; done");
    let before = gate.sockets();
    let mut follower = Running(gate.docker(["logs", "--follow", &container.name]).spawn());
    let mut first = [0; 5];
    follower.0.stdout.as_mut().unwrap().read_exact(&mut first).unwrap();
    assert!(gate.sockets() >= before + 2, "one connection on each side");
    drop(follower);
    eventually("both connections to be closed", || (gate.sockets() <= before).then_some(()));
    let judged = gate.recorded("judged", "ContainerLogs");
    assert_eq!(gate.ended(&judged).field("status"), 200);
}

#[test]
fn many_streams_at_once_cost_little() {
    let gate = Gate::with_policy("everything").start();
    let container = Container::running("echo here; sleep 600").said("here");
    let followers: Vec<_> =
        (0..20).map(|_| Running(gate.docker(["logs", "--follow", &container.name]).spawn())).collect();
    for mut follower in followers {
        let mut first = [0; 5];
        follower.0.stdout.as_mut().unwrap().read_exact(&mut first).unwrap();
        assert_eq!(&first, b"here\n");
    }
    let peak = gate.memory_kib("VmHWM");
    assert!(peak < FLAT_KIB, "{peak} KiB at the peak");
}
