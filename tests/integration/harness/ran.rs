//! Running a program to its end, and what it said.

use std::fmt;
use std::io::Write as _;
use std::path::Path;
use std::process::{Child, Stdio};
use std::sync::LazyLock;
use std::thread::JoinHandle;

use regex::Regex;

use super::eventually;

/// What a program printed and how it ended.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Ran {
    pub(crate) command: String,
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Ran {
    /// Insists that the program was content.
    #[track_caller]
    pub(crate) fn ok(self) -> Self {
        assert!(self.code == Some(0), "{self:?}");
        self
    }

    /// Insists that it failed with this exit code.
    #[track_caller]
    pub(crate) fn failed(self, code: i32) -> Self {
        assert!(self.code == Some(code), "exit code {code} expected: {self:?}");
        self
    }

    /// The same with everything gone that differs between two runs of one command.
    pub(crate) fn steady(&self) -> (Option<i32>, String, String) {
        (self.code, steady(&self.stdout), steady(&self.stderr))
    }
}

impl fmt::Debug for Ran {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { command, code, stdout, stderr } = self;
        write!(f, "`{command}` ended with {code:?}\n--- stdout\n{stdout}\n--- stderr\n{stderr}")
    }
}

/// Replaces identifiers, times and durations by what they are.
pub(crate) fn steady(text: &str) -> String {
    static VOLATILE: LazyLock<Vec<(Regex, &str)>> = LazyLock::new(|| {
        [
            (r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(\.\d+)?(Z| ?[+-]\d\d:?\d\d( [A-Z]+)?)?", "<time>"),
            (r"\b[0-9a-f]{64}\b", "<id>"),
            (r"\b[0-9a-f]{12}\b", "<short id>"),
            (r"(About |Less than )?(an?|\d+) (second|minute|hour)s?( ago)?", "<while>"),
            (r"\b\d+(\.\d+)?(ms|s)\b", "<duration>"),
            (r"[0-9a-f]{2}(:[0-9a-f]{2}){5}", "<mac>"),
            // Columns are as wide as what stands in them was.
            (r" {3,}", "   "),
        ]
        .into_iter()
        .map(|(pattern, what)| (Regex::new(&format!("(?-u){pattern}")).unwrap(), what))
        .collect()
    });
    VOLATILE
        .iter()
        .fold(text.to_owned(), |text, (pattern, what)| pattern.replace_all(&text, *what).into_owned())
}

/// A program about to be run: a [`std::process::Command`] that cannot hang and keeps what was said.
pub(crate) struct Command {
    inner: std::process::Command,
    stdin: Vec<u8>,
}

impl Command {
    pub(crate) fn new(program: impl AsRef<Path>) -> Self {
        let mut inner = std::process::Command::new(program.as_ref());
        inner.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        // The machine's own Docker settings have no say here.
        inner.env_remove("DOCKER_CONTEXT").env_remove("DOCKER_TLS_VERIFY").env("LC_ALL", "C.UTF-8");
        Self { inner, stdin: Vec::new() }
    }

    pub(crate) fn args<S: AsRef<str>>(mut self, arguments: impl IntoIterator<Item = S>) -> Self {
        self.inner.args(arguments.into_iter().map(|argument| argument.as_ref().to_owned()));
        self
    }

    pub(crate) fn env(mut self, name: &str, value: impl AsRef<str>) -> Self {
        self.inner.env(name, value.as_ref());
        self
    }

    /// What the program reads; its standard input ends after that.
    pub(crate) fn stdin(mut self, bytes: impl Into<Vec<u8>>) -> Self {
        self.stdin = bytes.into();
        self
    }

    /// Starts it and leaves it to the caller.
    pub(crate) fn spawn(mut self) -> Child {
        self.inner.spawn().unwrap_or_else(|error| panic!("cannot start {:?}: {error}", self.inner))
    }

    /// Runs it to its end.
    #[track_caller]
    pub(crate) fn run(self) -> Ran {
        let command = self.describe();
        let input = self.stdin.clone();
        let mut child = self.spawn();
        let mut stdin = child.stdin.take().unwrap();
        // A program that does not want all of it is not wrong.
        let writer = std::thread::spawn(move || drop(stdin.write_all(&input)));
        let stdout = collect(child.stdout.take().unwrap());
        let stderr = collect(child.stderr.take().unwrap());
        let status = wait(&mut child, &command);
        writer.join().unwrap();
        Ran { command, code: status.code(), stdout: stdout.join().unwrap(), stderr: stderr.join().unwrap() }
    }

    fn describe(&self) -> String {
        let words = std::iter::once(self.inner.get_program()).chain(self.inner.get_args());
        words.map(|word| word.to_string_lossy()).collect::<Vec<_>>().join(" ")
    }
}

/// Waits for a child, but not for ever.
#[track_caller]
pub(crate) fn wait(child: &mut Child, what: &str) -> std::process::ExitStatus {
    eventually(&format!("the end of `{what}`"), || child.try_wait().unwrap())
}

fn collect(mut from: impl std::io::Read + Send + 'static) -> JoinHandle<String> {
    std::thread::spawn(move || {
        let mut bytes = Vec::new();
        from.read_to_end(&mut bytes).unwrap();
        String::from_utf8_lossy(&bytes).into_owned()
    })
}
