//! Copies of the records, taken by real receivers.

use std::fs;
use std::process::{Child, Command, Stdio};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use super::LIST;
use crate::harness::{FakeDaemon, Gate, Starting, eventually};

/// A receiver that ends with the test.
struct Socat(Child);

impl Socat {
    fn start(arguments: &[&str]) -> Self {
        let mut command = Command::new("socat");
        Self(command.arg("-u").args(arguments).stdin(Stdio::null()).stdout(Stdio::null()).spawn().unwrap())
    }
}

impl Drop for Socat {
    fn drop(&mut self) {
        drop(self.0.kill());
        drop(self.0.wait());
    }
}

fn starting(daemon: &FakeDaemon) -> Starting {
    Gate::with_policy("read-only").behind(daemon)
}

fn ask(gate: &Gate) {
    let mut client = gate.connect();
    client.send(LIST);
    assert_eq!(client.answer().status, 200);
}

#[test]
fn syslog_and_standard_output_have_every_record_beside_the_file() {
    let daemon = FakeDaemon::content();
    let starting = starting(&daemon);
    let (socket, out) = (starting.dir().join("log.sock"), starting.dir().join("syslog"));
    let _receiver = Socat::start(&[
        &format!("UNIX-RECV:{}", socket.display()),
        &format!("OPEN:{},creat,append", out.display()),
    ]);
    eventually("the receiver", || socket.exists().then_some(()));
    let gate =
        starting.with(["--audit-copies", &format!("stdout,syslog:unix://{}", socket.display())]).start();
    ask(&gate);
    gate.signal(Signal::SIGTERM);
    assert!(gate.wait().success(), "{}", gate.log());
    let file = fs::read_to_string(gate.dir().join("audit.jsonl")).unwrap();
    let log = gate.log();
    for line in file.lines() {
        assert!(log.contains(line), "standard output lacks {line}:\n{log}");
    }
    let logged = || fs::read_to_string(&out).unwrap_or_default();
    eventually("all records", || file.lines().all(|line| logged().contains(line)).then_some(()));
    assert!(logged().starts_with("<110>1 20"), "{}", logged());
}

#[test]
fn one_that_is_not_there_holds_up_nobody_unless_it_must() {
    let daemon = FakeDaemon::content();
    let gate = starting(&daemon).with(["--audit-copies", "journald:/nonexistent/socket"]).start();
    ask(&gate);
    eventually("the log to tell of it", || {
        gate.log().contains("journald:/nonexistent/socket takes no records").then_some(())
    });

    let must = ["--audit-copies", "syslog:unix:///nonexistent/log", "--audit-copies-must", "yes"];
    let gate = starting(&daemon).with(must).start();
    let mut client = gate.connect();
    client.send(LIST);
    assert_eq!(client.answer().status, 503);
}

#[test]
fn journald_itself_has_the_records() {
    const JOURNALD: &str = "/lib/systemd/systemd-journald";
    if !std::path::Path::new(JOURNALD).exists() {
        return;
    }
    let daemon = FakeDaemon::content();
    let starting = starting(&daemon);
    let number = starting.dir().join("journald.pid");
    // Its sockets are in a /run of its own, and the machine's journal is left alone.
    let script = format!(
        "mount -t tmpfs tmpfs /run && mkdir -p /run/systemd/journal /run/log/journal && \
         {{ {JOURNALD} >/dev/null 2>&1 & echo $! >{}; }} && \
         for try in $(seq 100); do [ -S /run/systemd/journal/socket ] && break; sleep 0.1; done",
        number.display()
    );
    let gate = starting.in_namespace(&script).with(["--audit-copies", "journald"]).start();
    ask(&gate);
    let id = gate.recorded("ended", "").text("id").to_owned();
    let journal = || {
        let pid = gate.pid().to_string();
        let output = Command::new("nsenter")
            .args(["--mount", "--target", &pid, "journalctl", "--directory=/run/log/journal", "--output=cat"])
            .arg(format!("DOCKGATE_REQUEST={id}"))
            .output()
            .unwrap();
        String::from_utf8(output.stdout).unwrap()
    };
    eventually("both records of the request", || (journal().matches(&id).count() == 2).then_some(()));
    let journald = fs::read_to_string(number).unwrap().trim().parse().unwrap();
    kill(Pid::from_raw(journald), Signal::SIGTERM).unwrap();
}
