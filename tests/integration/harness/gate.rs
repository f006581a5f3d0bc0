//! dockgate, started as a user starts it: by its command line, with files of its own.

use std::os::unix::fs::chown;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Child, ExitStatus, Stdio};
use std::time::Duration;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use tempfile::TempDir;

use super::engine::docker;
use super::ran::wait;
use super::{Command, Engine, FakeDaemon, Ran, RawClient, Record, eventually};

/// The user without rights, as whom the image runs.
pub(crate) const NOBODY: u32 = 65532;

/// How a gate is to be started.
#[derive(Debug)]
pub(crate) struct Starting {
    dir: TempDir,
    daemon: Option<String>,
    policy: PathBuf,
    audit: PathBuf,
    listen: Vec<String>,
    more: Vec<String>,
    /// The words that come before the program's own.
    under: Vec<String>,
    environment: Vec<(&'static str, String)>,
}

impl Starting {
    /// The daemon to put behind it; otherwise it is the real engine.
    pub(crate) fn behind(self, daemon: &FakeDaemon) -> Self {
        self.daemon_at(&daemon.address())
    }

    pub(crate) fn daemon_at(mut self, address: &str) -> Self {
        self.daemon = Some(address.to_owned());
        self
    }

    /// A further listener, or another one than the harness's own when the address is its socket.
    pub(crate) fn listen(mut self, address: &str) -> Self {
        self.listen.push(address.to_owned());
        self
    }

    /// A variable of its environment.
    pub(crate) fn env(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.environment.push((name, value.into()));
        self
    }

    /// Further arguments.
    pub(crate) fn with<const N: usize>(mut self, arguments: [&str; N]) -> Self {
        self.more.extend(arguments.map(str::to_owned));
        self
    }

    /// Another place for the audit than the gate's own directory.
    pub(crate) fn audit_at(mut self, file: PathBuf) -> Self {
        self.audit = file;
        self
    }

    /// As a user who has no rights but those of `groups`.
    pub(crate) fn without_rights_but(self, groups: &[u32]) -> Self {
        chown(self.dir.path(), Some(NOBODY), Some(NOBODY)).unwrap();
        let groups: Vec<_> = groups.iter().map(u32::to_string).collect();
        let groups = format!("--groups={}", groups.join(","));
        self.under(["setpriv", &format!("--reuid={NOBODY}"), &format!("--regid={NOBODY}"), &groups])
    }

    /// In a mount namespace of its own, once `script` has been run there.
    pub(crate) fn in_namespace(self, script: &str) -> Self {
        self.under(["unshare", "--mount", "sh", "-c", &format!("{script} && exec \"$0\" \"$@\"")])
    }

    fn under<const N: usize>(mut self, words: [&str; N]) -> Self {
        self.under = words.map(str::to_owned).into();
        self
    }

    pub(crate) fn dir(&self) -> &Path {
        self.dir.path()
    }

    pub(crate) fn socket(&self) -> PathBuf {
        self.dir.path().join("docker.sock")
    }

    /// Starts it and waits until it accepts connections.
    #[track_caller]
    pub(crate) fn start(self) -> Gate {
        let gate = self.spawn();
        eventually("dockgate to accept connections", || {
            let mut child = gate.child.borrow_mut();
            if let Some(status) = child.try_wait().unwrap() {
                panic!("dockgate ended with {status}:\n{}", gate.log());
            }
            UnixStream::connect(gate.socket()).ok()
        });
        gate
    }

    /// Starts it and waits until it has ended by itself.
    #[track_caller]
    pub(crate) fn start_in_vain(self) -> (ExitStatus, String) {
        let gate = self.spawn();
        let status = wait(&mut gate.child.borrow_mut(), "dockgate serve");
        (status, gate.log())
    }

    fn spawn(self) -> Gate {
        let log = std::fs::File::create(self.dir.path().join("log")).unwrap();
        let daemon = self.daemon.clone().unwrap_or_else(|| Engine::real().address);
        let mut command = self.program();
        command
            .arg("serve")
            .args(["--daemon", &daemon, "--log-level", "debug", "--policy"])
            .arg(&self.policy);
        command.arg("--audit").arg(&self.audit);
        command.args(["--listen", &format!("unix://{}", self.socket().display())]);
        for address in &self.listen {
            command.args(["--listen", address]);
        }
        command.args(&self.more).envs(self.environment.iter().map(|(name, value)| (name, value)));
        command.stdin(Stdio::null()).stdout(log.try_clone().unwrap()).stderr(log);
        let child = command.spawn().unwrap_or_else(|error| panic!("cannot start {command:?}: {error}"));
        Gate { dir: self.dir, child: child.into(), engine: daemon, audit: self.audit }
    }

    fn program(&self) -> std::process::Command {
        let Some((first, rest)) = self.under.split_first() else { return dockgate() };
        let copy = program_in(self.dir.path());
        let mut command = std::process::Command::new(first);
        command.env_clear().envs(std::env::var_os("PATH").map(|path| ("PATH", path)));
        command.args(rest).arg(copy);
        command
    }
}

/// The program under test in a directory where anybody may run it: the build's own may be closed to others. It is not
/// copied where that can be helped: a program that is being written cannot be run, and what other threads start has
/// the file open for a moment, too.
pub(crate) fn program_in(directory: &Path) -> PathBuf {
    let program = directory.join("dockgate");
    if std::fs::hard_link(binary(), &program).is_err() {
        std::fs::copy(binary(), &program).unwrap();
    }
    program
}

/// The program under test: dockgate as cargo built it, or another one that takes the same arguments.
pub(crate) fn binary() -> PathBuf {
    std::env::var_os("DOCKGATE_TEST_BINARY")
        .map_or_else(|| PathBuf::from(env!("CARGO_BIN_EXE_dockgate")), PathBuf::from)
}

/// A command that runs it, with nothing of the environment's own: dockgate's settings can stand there.
pub(crate) fn dockgate() -> std::process::Command {
    let mut command = std::process::Command::new(binary());
    command.env_clear().envs(std::env::var_os("PATH").map(|path| ("PATH", path)));
    command
}

/// A running dockgate. Told to stop, and waited for, when the test is over.
#[derive(Debug)]
pub(crate) struct Gate {
    dir: TempDir,
    child: std::cell::RefCell<Child>,
    engine: String,
    audit: PathBuf,
}

impl Gate {
    /// A gate with one of the policies that ship, by its file name.
    pub(crate) fn with_policy(name: &str) -> Starting {
        let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("policy").join(name).with_extension("toml");
        let dir = tempfile::Builder::new().prefix("dockgate-").tempdir_in("/tmp").unwrap();
        let audit = dir.path().join("audit.jsonl");
        let (listen, more, under, environment) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        Starting { dir, daemon: None, policy: file, listen, more, audit, under, environment }
    }

    /// A gate with a policy of the test's own.
    pub(crate) fn with_policy_text(toml: &str) -> Starting {
        let mut starting = Self::with_policy("everything");
        starting.policy = starting.dir.path().join("policy.toml");
        std::fs::write(&starting.policy, toml).unwrap();
        starting
    }

    pub(crate) fn socket(&self) -> PathBuf {
        self.dir.path().join("docker.sock")
    }

    pub(crate) fn address(&self) -> String {
        format!("unix://{}", self.socket().display())
    }

    pub(crate) fn dir(&self) -> &Path {
        self.dir.path()
    }

    /// The docker CLI, pointed at this gate.
    pub(crate) fn docker<S: AsRef<str>>(&self, arguments: impl IntoIterator<Item = S>) -> Docker<'_> {
        let arguments = arguments.into_iter().map(|argument| argument.as_ref().to_owned()).collect();
        Docker { gate: self, arguments, stdin: Vec::new(), environment: Vec::new() }
    }

    /// A connection on which every byte is the test's.
    pub(crate) fn connect(&self) -> RawClient {
        RawClient::unix(&self.socket())
    }

    /// Sends these bytes on a connection of their own and takes the first answer.
    #[track_caller]
    pub(crate) fn ask(&self, request: impl AsRef<[u8]>) -> super::Answer {
        let mut client = self.connect();
        client.send(request);
        client.answer()
    }

    pub(crate) fn audit(&self) -> Vec<Record> {
        Record::read_all(&self.audit)
    }

    /// The records of an audit that could not be written at times.
    pub(crate) fn torn_audit(&self) -> Vec<Record> {
        Record::read_whole_ones(&self.audit)
    }

    /// The first audit record of this event and operation, waited for: records of an end come late.
    #[track_caller]
    pub(crate) fn recorded(&self, event: &str, operation: &str) -> Record {
        eventually(&format!("an audit record {event} {operation}"), || {
            self.audit().into_iter().find(|record| record.is(event, operation))
        })
    }

    /// Insists that so far everything was permitted.
    #[track_caller]
    pub(crate) fn refused_nothing(&self) {
        let refused: Vec<_> =
            self.audit().into_iter().filter(|record| record.field("decision") == "deny").collect();
        assert!(refused.is_empty(), "{refused:?}");
    }

    /// The record of the end of the request that `judged` is about.
    #[track_caller]
    pub(crate) fn ended(&self, judged: &Record) -> Record {
        eventually("the audit record of the request's end", || {
            self.audit()
                .into_iter()
                .find(|r| r.text("event") == "ended" && r.field("id") == judged.field("id"))
        })
    }

    /// Everything the operator would have read so far.
    pub(crate) fn log(&self) -> String {
        std::fs::read_to_string(self.dir.path().join("log")).unwrap_or_default()
    }

    pub(crate) fn pid(&self) -> Pid {
        Pid::from_raw(self.child.borrow().id().try_into().unwrap())
    }

    /// Kibibytes from `/proc/<pid>/status`: `VmRSS` is resident now, `VmHWM` was at most.
    pub(crate) fn memory_kib(&self, field: &str) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.pid())).unwrap();
        let line = status.lines().find(|line| line.starts_with(field)).unwrap();
        line.split_whitespace().nth(1).unwrap().parse().unwrap()
    }

    /// How many files and sockets the process holds open.
    pub(crate) fn descriptors(&self) -> usize {
        std::fs::read_dir(format!("/proc/{}/fd", self.pid())).unwrap().count()
    }

    /// How many sockets the process holds open.
    pub(crate) fn sockets(&self) -> usize {
        let entries = std::fs::read_dir(format!("/proc/{}/fd", self.pid())).unwrap();
        let links = entries.filter_map(|entry| std::fs::read_link(entry.ok()?.path()).ok());
        links.filter(|link| link.to_string_lossy().starts_with("socket:")).count()
    }

    pub(crate) fn signal(&self, signal: Signal) {
        kill(self.pid(), signal).unwrap();
    }

    /// Waits for the process to end.
    #[track_caller]
    pub(crate) fn wait(&self) -> ExitStatus {
        wait(&mut self.child.borrow_mut(), "dockgate serve")
    }
}

impl Drop for Gate {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("--- dockgate's log\n{}---", self.log());
        }
        let child = self.child.get_mut();
        if child.try_wait().unwrap().is_some() {
            return;
        }
        kill(Pid::from_raw(child.id().try_into().unwrap()), Signal::SIGTERM).ok();
        for _ in 0..100 {
            if child.try_wait().unwrap().is_some() {
                return;
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        // Streams that a test left open are given their grace period by a drain; the tests have no time for it.
        drop(child.kill());
        drop(child.wait());
    }
}

/// A docker command on its way through a gate.
#[derive(Debug)]
pub(crate) struct Docker<'g> {
    gate: &'g Gate,
    arguments: Vec<String>,
    stdin: Vec<u8>,
    environment: Vec<(&'static str, String)>,
}

impl Docker<'_> {
    pub(crate) fn stdin(mut self, bytes: impl Into<Vec<u8>>) -> Self {
        self.stdin = bytes.into();
        self
    }

    pub(crate) fn env(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.environment.push((name, value.into()));
        self
    }

    /// Runs it through the gate.
    #[track_caller]
    pub(crate) fn run(&self) -> Ran {
        self.command(&self.gate.address(), "through").run()
    }

    /// The command, to be started and watched.
    pub(crate) fn command(&self, address: &str, side: &str) -> Command {
        let command =
            docker(address).args(self.arguments.iter().map(|argument| argument.replace("{side}", side)));
        let command = command.stdin(self.stdin.clone());
        self.environment.iter().fold(command, |command, (name, value)| command.env(name, value))
    }

    pub(crate) fn spawn(&self) -> Child {
        self.command(&self.gate.address(), "through").spawn()
    }

    /// Runs it through the gate and straight to the daemon, and insists on the same output and exit code.
    ///
    /// `{side}` in an argument becomes another word on each side, for what can be done only once. A
    /// command without it is asked again when the two differ: the engine moves on between them.
    #[track_caller]
    pub(crate) fn same_as_direct(&self) -> Ran {
        let once = self.arguments.iter().any(|argument| argument.contains("{side}"));
        let attempts = if once { 1 } else { 5 };
        for attempt in 1..=attempts {
            let through = self.command(&self.gate.address(), "through").run();
            let straight = self.command(&self.gate.engine, "straight").run();
            let sided = |text: &str| text.replace("through", "{side}").replace("straight", "{side}");
            let (code, stdout, stderr) = through.steady();
            let (straight_code, straight_stdout, straight_stderr) = straight.steady();
            if code == straight_code
                && sided(&stdout) == sided(&straight_stdout)
                && sided(&stderr) == sided(&straight_stderr)
            {
                return through;
            }
            assert!(attempt < attempts, "through dockgate:\n{through:?}\n\nstraight:\n{straight:?}");
        }
        unreachable!("the last attempt returns or panics")
    }
}
