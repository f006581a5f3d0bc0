//! The real Docker Engine, spoken to directly.

use std::path::PathBuf;
use std::process::Child;
use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::Value;

use super::{Command, Ran, RawClient, eventually};

/// The image of `scripts/images` that is one busybox.
pub(crate) const BUSYBOX: &str = "dockgate-test/busybox";

/// The engine that `scripts/test` found or brought up.
#[derive(Clone, Debug)]
pub(crate) struct Engine {
    pub(crate) address: String,
}

impl Engine {
    /// # Panics
    /// Without an engine: a test that silently tests nothing is worse than one that fails.
    #[track_caller]
    pub(crate) fn real() -> Self {
        let address = std::env::var("DOCKGATE_TEST_ENGINE").unwrap_or_else(|_| {
            panic!(
                "this test wants a real Docker Engine and DOCKGATE_TEST_ENGINE does not name one; \
                 run scripts/test, which brings one up, or set it to unix:///… after scripts/images up"
            )
        });
        Self { address }
    }

    pub(crate) fn socket(&self) -> PathBuf {
        PathBuf::from(self.address.trim_start_matches("unix://"))
    }

    /// Asks the engine itself: the status, and the JSON of the answer or null.
    #[track_caller]
    pub(crate) fn ask(&self, method: &str, path: &str, body: &Value) -> (u16, Value) {
        let mut client = RawClient::unix(&self.socket());
        let body = if body.is_null() { String::new() } else { body.to_string() };
        client.send(format!(
            "{method} {path} HTTP/1.1\r\nHost: docker\r\nConnection: close\r\n\
             Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        ));
        let answer = client.answer();
        (answer.status, serde_json::from_slice(&answer.body).unwrap_or_default())
    }

    pub(crate) fn docker<S: AsRef<str>>(&self, arguments: impl IntoIterator<Item = S>) -> Ran {
        docker(&self.address).args(arguments).run()
    }
}

/// The docker CLI pointed at `address`, with no settings of the user's.
pub(crate) fn docker(address: &str) -> Command {
    Command::new("docker")
        .env("DOCKER_HOST", address)
        .env("DOCKER_CONFIG", clients().join("config").to_string_lossy())
        .env("DOCKER_CLI_HINTS", "false")
}

/// Where `scripts/clients` has put what the tests speak through.
pub(crate) fn clients() -> PathBuf {
    std::env::var_os("DOCKGATE_TEST_CLIENTS")
        .map_or_else(|| PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/target/clients")), PathBuf::from)
}

/// A name nobody else uses: tests run side by side, and runs may share an engine.
pub(crate) fn unique(what: &str) -> String {
    static COUNT: AtomicUsize = AtomicUsize::new(0);
    format!("dockgate-{}-{}-{what}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed))
}

/// A container of one test, made straight at the engine and gone with the test.
#[derive(Debug)]
pub(crate) struct Container {
    engine: Engine,
    pub(crate) name: String,
}

impl Container {
    /// One that the test makes in its own way.
    pub(crate) fn called(name: &str) -> Self {
        Self { engine: Engine::real(), name: name.to_owned() }
    }

    /// Starts one that runs `script` in a shell.
    pub(crate) fn running(script: &str) -> Self {
        Self::run_with(&[], script)
    }

    /// Starts one with further options of `docker run`.
    #[track_caller]
    pub(crate) fn run_with(options: &[&str], script: &str) -> Self {
        let engine = Engine::real();
        let name = unique("container");
        let container = Self { engine, name };
        let head = ["run", "--detach", "--init", "--name", &container.name];
        let tail = [BUSYBOX, "sh", "-c", script];
        container.engine.docker(head.iter().chain(options).chain(&tail)).ok();
        container
    }

    /// Waits until the container has ended by itself.
    pub(crate) fn ended(self) -> Self {
        self.engine.docker(["wait", &self.name]).ok();
        self
    }

    /// Waits until its logs say `text`.
    pub(crate) fn said(self, text: &str) -> Self {
        eventually(&format!("{text:?} in the logs of {}", self.name), || {
            self.engine.docker(["logs", &self.name]).stdout.contains(text).then_some(())
        });
        self
    }

    pub(crate) fn is_running(&self) -> bool {
        self.engine.docker(["inspect", "--format", "{{.State.Running}}", &self.name]).ok().stdout.trim()
            == "true"
    }
}

impl Drop for Container {
    fn drop(&mut self) {
        self.engine.docker(["rm", "--force", "--volumes", &self.name]);
    }
}

/// A process that is stopped when the test is over.
#[derive(Debug)]
pub(crate) struct Running(pub(crate) Child);

impl Drop for Running {
    fn drop(&mut self) {
        drop(self.0.kill());
        drop(self.0.wait());
    }
}
