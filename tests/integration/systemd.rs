//! What systemd is told, where it asks for it.

use std::collections::VecDeque;
use std::fs;
use std::os::unix::net::UnixDatagram;
use std::path::Path;

use nix::sys::signal::Signal;

use crate::harness::{Conversation, FakeDaemon, Gate, PATIENCE, eventually};

/// systemd's end.
struct Listening {
    socket: UnixDatagram,
    heard: VecDeque<String>,
}

impl Listening {
    fn at(path: &Path) -> Self {
        let socket = UnixDatagram::bind(path).unwrap();
        socket.set_read_timeout(Some(PATIENCE)).unwrap();
        Self { socket, heard: VecDeque::new() }
    }

    /// The next message.
    #[track_caller]
    fn next(&mut self) -> String {
        let mut buffer = [0; 4096];
        let count = self.socket.recv(&mut buffer).unwrap();
        let message = String::from_utf8(buffer[..count].to_vec()).unwrap();
        self.heard.push_back(message.clone());
        message
    }

    /// Waits for a message with this in it.
    #[track_caller]
    fn hears(&mut self, what: &str) -> String {
        for _ in 0..1000 {
            let message = self.next();
            if message.contains(what) {
                return message;
            }
        }
        panic!("never heard {what}; but {:?}", self.heard);
    }
}

#[test]
fn readiness_reloading_stopping_and_how_it_stands() {
    let policy = "version = 1\n[[allow]]\noperations = [\"@read\"]\n";
    let starting = Gate::with_policy_text(policy);
    let (notify, place) = (starting.dir().join("notify"), starting.dir().join("daemon.sock"));
    let mut systemd = Listening::at(&notify);
    let gate = starting
        .daemon_at(&format!("unix://{}", place.display()))
        .env("NOTIFY_SOCKET", notify.to_str().unwrap())
        .start();
    assert_eq!(systemd.next(), "READY=1", "without a daemon, too: clients are accepted and told");
    let away = systemd.hears("the daemon is away");
    assert!(away.starts_with("STATUS=Serving; ") && away.contains("there is no socket at"), "{away}");

    let _daemon = FakeDaemon::playing_at(&place, Conversation::read_body);
    systemd.hears("STATUS=Serving; the daemon is there (20.10.24).");

    fs::write(gate.dir().join("policy.toml"), "version = 2\n").unwrap();
    gate.signal(Signal::SIGHUP);
    let reloading = systemd.hears("RELOADING=1");
    let at: u128 = reloading.strip_prefix("RELOADING=1\nMONOTONIC_USEC=").unwrap().parse().unwrap();
    assert!(at > 0);
    systemd.hears("READY=1");
    systemd.hears("an older policy is in force");

    gate.signal(Signal::SIGTERM);
    systemd.hears("STOPPING=1");
    assert!(gate.wait().success());
}

#[test]
fn a_watchdog_hears_that_it_is_alive() {
    let daemon = FakeDaemon::content();
    let starting = Gate::with_policy("read-only");
    let notify = starting.dir().join("notify");
    let mut systemd = Listening::at(&notify);
    let gate = starting
        .behind(&daemon)
        .env("NOTIFY_SOCKET", notify.to_str().unwrap())
        .env("WATCHDOG_USEC", "200000")
        .start();
    for _ in 0..5 {
        systemd.hears("WATCHDOG=1");
    }
    // One that hangs says nothing.
    gate.signal(Signal::SIGSTOP);
    systemd.socket.set_nonblocking(true).unwrap();
    let mut buffer = [0; 64];
    eventually("silence", || systemd.socket.recv(&mut buffer).is_err().then_some(()));
    std::thread::sleep(std::time::Duration::from_millis(500));
    assert!(systemd.socket.recv(&mut buffer).is_err());
    gate.signal(Signal::SIGCONT);
    systemd.socket.set_nonblocking(false).unwrap();
    systemd.hears("WATCHDOG=1");
}

#[test]
fn a_socket_that_takes_nothing_keeps_nobody_waiting() {
    let daemon = FakeDaemon::content();
    let starting = Gate::with_policy("read-only");
    let notify = starting.dir().join("notify");
    let _deaf = UnixDatagram::bind(&notify).unwrap();
    let gate = starting
        .behind(&daemon)
        .env("NOTIFY_SOCKET", notify.to_str().unwrap())
        .env("WATCHDOG_USEC", "2000")
        .start();
    eventually("the socket's queue to be full", || gate.log().contains("systemd was not told").then_some(()));
    assert_eq!(gate.ask("GET /v1.41/containers/json HTTP/1.1\r\nHost: d\r\n\r\n").status, 200);
}
