//! A daemon that cannot be reached: every client gets an answer, and the next one a better one.

use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt as _, chown};
use std::os::unix::net::UnixListener;

use crate::harness::{FakeDaemon, Gate, RawClient, Running, dockgate, eventually, program_in};

const LIST: &str = "GET /v1.41/containers/json HTTP/1.1\r\nHost: d\r\n\r\n";
const ANSWER: &str = "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n[]\n";

#[test]
fn dockgate_starts_without_a_daemon_and_finds_it_later() {
    let starting = Gate::with_policy("everything");
    let socket = starting.dir().join("daemon.sock");
    let gate = starting.daemon_at(&format!("unix://{}", socket.display())).start();

    for request in [LIST, "GET /containers/json HTTP/1.1\r\nHost: d\r\n\r\n"] {
        let answer = gate.ask(request);
        assert_eq!(answer.status, 503);
        assert!(
            answer.header("Retry-After").is_some_and(|value| value.parse::<u32>().is_ok()),
            "{}",
            answer.head
        );
        assert!(answer.message().contains(socket.to_str().unwrap()), "{}", answer.message());
    }
    let refused = gate.docker(["ps"]).run().failed(1);
    assert!(refused.stderr.contains("the Docker daemon is away"), "{refused:?}");

    let daemon = FakeDaemon::playing_at(&socket, |daemon| daemon.send(ANSWER));
    eventually("the daemon to be found", || (gate.ask(LIST).status == 200).then_some(()));
    assert_eq!(daemon.received().len(), 1);

    // It goes, and comes back as another process with another socket in the same place.
    drop(daemon);
    fs::rename(&socket, socket.with_extension("old")).unwrap();
    assert_eq!(gate.ask(LIST).status, 503);
    let _daemon = FakeDaemon::playing_at(&socket, |daemon| daemon.send(ANSWER));
    eventually("the daemon to be found again", || (gate.ask(LIST).status == 200).then_some(()));
}

#[test]
fn what_stands_in_the_daemons_place_is_named() {
    let starting = Gate::with_policy("everything");
    let place = starting.dir().join("daemon.sock");
    let gate = starting.daemon_at(&format!("unix://{}", place.display())).start();

    let says = |what: &str| {
        eventually(what, || gate.ask(LIST).message().contains(what).then_some(()));
    };
    says("there is no socket");

    fs::create_dir(&place).unwrap();
    says("is a directory");
    fs::remove_dir(&place).unwrap();

    fs::write(&place, "").unwrap();
    says("is a file, not a socket");
    fs::remove_file(&place).unwrap();

    drop(UnixListener::bind(&place).unwrap());
    says("nobody listens");
}

#[test]
fn a_socket_of_another_group_is_answered_with_what_to_add() {
    assert!(nix::unistd::geteuid().is_root(), "this test gives a socket to another group: run it as root");
    let dir = tempfile::Builder::new().prefix("dockgate-group-").tempdir_in("/tmp").unwrap();
    fs::set_permissions(dir.path(), Permissions::from_mode(0o755)).unwrap();
    let socket = dir.path().join("docker.sock");
    let _daemon = FakeDaemon::playing_at(&socket, |daemon| daemon.send(ANSWER));
    chown(&socket, Some(0), Some(4711)).unwrap();
    fs::set_permissions(&socket, Permissions::from_mode(0o660)).unwrap();
    let program = program_in(dir.path());

    let listen = dir.path().join("open");
    fs::create_dir(&listen).unwrap();
    chown(&listen, Some(65532), Some(65532)).unwrap();
    let listen = listen.join("docker.sock");
    let policy = dir.path().join("policy.toml");
    fs::copy(concat!(env!("CARGO_MANIFEST_DIR"), "/policy/everything.toml"), &policy).unwrap();
    let start = |groups: &str| {
        let mut command = std::process::Command::new("setpriv");
        command.env_clear();
        command.args(["--reuid=65532", "--regid=65532", groups]).arg(&program).arg("serve");
        command.args(["--daemon", &format!("unix://{}", socket.display())]);
        command.args(["--listen", &format!("unix://{}", listen.display()), "--policy"]).arg(&policy);
        Running(command.stdout(std::process::Stdio::null()).spawn().unwrap())
    };
    let ask = || {
        let mut client = eventually("dockgate to listen", || {
            std::os::unix::net::UnixStream::connect(&listen).ok().map(|_| RawClient::unix(&listen))
        });
        client.send(LIST);
        client.answer()
    };

    let refused = start("--clear-groups");
    let answer = ask();
    assert_eq!(answer.status, 503);
    let message = answer.message();
    assert!(message.contains("gid 4711") && message.contains("group_add: [\"4711\"]"), "{message}");
    drop(refused);
    let _member = start("--groups=4711");
    assert_eq!(ask().status, 200);
}

#[test]
fn health_tells_whether_a_gate_and_its_daemon_answer() {
    let daemon = FakeDaemon::content();
    let gate = Gate::with_policy("read-only").behind(&daemon).start();
    let health = |address: &str, daemon: &str| {
        dockgate().args(["health", "--listen", address, "--daemon", daemon]).output().unwrap()
    };
    let well = health(&gate.address(), &daemon.address());
    assert!(well.status.success(), "{well:?}");
    let unwell = health("unix:///nowhere/docker.sock", &daemon.address());
    assert!(!unwell.status.success(), "{unwell:?}");
}
