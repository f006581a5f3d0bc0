//! A real Docker Engine of a test's own, to be killed, frozen and cut off from its socket.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use super::unique;

/// An engine that writes down every request that reaches it. Gone with the test.
#[derive(Debug)]
pub(crate) struct OwnEngine {
    dir: PathBuf,
}

impl OwnEngine {
    /// # Panics
    /// Where it cannot be started: that needs root and Docker's daemon.
    #[track_caller]
    pub(crate) fn start() -> Self {
        let dir = PathBuf::from("/tmp").join(unique("engine"));
        std::fs::create_dir(&dir).unwrap();
        std::fs::write(dir.join("daemon.json"), r#"{"debug": true}"#).unwrap();
        let engine = Self { dir };
        engine.start_again();
        engine
    }

    /// Starts it over what it has left behind, and waits until it answers.
    #[track_caller]
    pub(crate) fn start_again(&self) {
        self.script("up");
    }

    pub(crate) fn dir(&self) -> &Path {
        &self.dir
    }

    pub(crate) fn socket(&self) -> PathBuf {
        self.dir.join("docker.sock")
    }

    pub(crate) fn address(&self) -> String {
        format!("unix://{}", self.socket().display())
    }

    pub(crate) fn signal(&self, signal: Signal) {
        let pid = std::fs::read_to_string(self.dir.join("pid")).unwrap();
        kill(Pid::from_raw(pid.trim().parse().unwrap()), signal).unwrap();
    }

    /// How many times each container that begins with `prefix` was asked for, by the daemon's own account.
    pub(crate) fn calls(&self, prefix: &str) -> HashMap<String, usize> {
        let log = std::fs::read(self.dir.join("log")).unwrap();
        let log = String::from_utf8_lossy(&log);
        let mut calls = HashMap::new();
        for line in log.lines().filter(|line| line.contains("msg=\"Calling ")) {
            if let Some(token) = line.split(['/', '"', '?']).find(|word| word.starts_with(prefix)) {
                *calls.entry(token.to_owned()).or_default() += 1;
            }
        }
        calls
    }

    #[track_caller]
    fn script(&self, verb: &str) {
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/scripts/engine");
        let status = Command::new(script).arg(verb).arg(&self.dir).status().unwrap();
        assert!(status.success() || std::thread::panicking(), "{script} {verb}: {status}");
    }
}

impl Drop for OwnEngine {
    fn drop(&mut self) {
        if self.dir.join("pid").exists() {
            self.signal(Signal::SIGCONT);
        }
        self.script("down");
    }
}
