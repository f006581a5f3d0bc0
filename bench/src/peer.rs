//! What is compared: the engine itself, the bounds, `HAProxy` and dockgate, each started as its user would.

use std::fs;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};

use crate::client::{Client, Expected, Question};
use crate::process::Process;

const POLICY: &str = include_str!("../assets/policy.toml");
const HAPROXY: &str = include_str!("../assets/haproxy.cfg");
/// How many rules stand before those of the policy where there are to be a thousand.
const MORE_RULES: usize = 990;
/// How long a process may take to answer for the first time.
const START: Duration = Duration::from_secs(30);

/// What a client can be pointed at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Kind {
    Direct,
    Copy,
    Splice,
    Record,
    Haproxy,
    Haproxy1000,
    Dockgate,
    Dockgate1000,
    /// Another build of it, to be compared with.
    Other,
    /// Lists show only what has a label.
    Narrowing,
}

/// One of them, running.
#[derive(Debug)]
pub(crate) struct Peer {
    pub(crate) kind: Kind,
    pub(crate) socket: PathBuf,
    /// None for the engine itself.
    pub(crate) process: Option<Process>,
}

/// Where all of it is, and what is behind it.
#[derive(Debug)]
pub(crate) struct Place {
    pub(crate) dir: PathBuf,
    pub(crate) engine: PathBuf,
    /// Copies of programs: how a file came to be written has a share in how quick a program is.
    pub(crate) rig: PathBuf,
    pub(crate) dockgate: PathBuf,
    /// Another build of it.
    pub(crate) other: Option<PathBuf>,
}

impl Kind {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Direct => "direct",
            Self::Copy => "copy",
            Self::Splice => "splice",
            Self::Record => "record",
            Self::Haproxy => "haproxy",
            Self::Haproxy1000 => "haproxy, 1000 rules",
            Self::Dockgate => "dockgate",
            Self::Dockgate1000 => "dockgate, 1000 rules",
            Self::Other => "dockgate, the other",
            Self::Narrowing => "dockgate, narrowing",
        }
    }
}

impl Peer {
    /// Starts it and waits until it answers.
    pub(crate) fn start(kind: Kind, place: &Place) -> Result<Self> {
        let starting = Starting::prepare(kind, place)?;
        let peer = starting.start()?;
        peer.until_it_answers().with_context(|| format!("starting {}", kind.name()))?;
        Ok(peer)
    }

    /// Waits for its first answer.
    pub(crate) fn until_it_answers(&self) -> Result<()> {
        let deadline = Instant::now() + START;
        while UnixStream::connect(&self.socket).is_err() {
            if Instant::now() > deadline {
                bail!("nothing answers at {}", self.socket.display());
            }
            std::thread::sleep(Duration::from_micros(50));
        }
        Client::connect(&self.socket)?.ask(&Question::get("/_ping", Expected::Bytes(b"OK".to_vec())))
    }

    pub(crate) fn pids(&self) -> Vec<u32> {
        self.process.as_ref().map(Process::pids).unwrap_or_default()
    }

    pub(crate) fn cpu(&self) -> Duration {
        self.process.as_ref().map(Process::cpu).unwrap_or_default()
    }
}

impl Place {
    /// The build that a peer of this kind runs.
    pub(crate) fn program(&self, kind: Kind) -> &Path {
        match &self.other {
            Some(other) if kind == Kind::Other => other,
            _ => &self.dockgate,
        }
    }
}

/// All that a peer needs to be started, written down.
#[derive(Debug)]
pub(crate) struct Starting {
    kind: Kind,
    socket: PathBuf,
    command: Option<Command>,
}

impl Starting {
    pub(crate) fn prepare(kind: Kind, place: &Place) -> Result<Self> {
        let dir = tempfile::Builder::new().prefix("peer-").tempdir_in(&place.dir)?.keep();
        let socket = dir.join("socket");
        let command = match kind {
            Kind::Direct => {
                return Ok(Self { kind, socket: place.engine.clone(), command: None });
            }
            Kind::Copy | Kind::Splice | Kind::Record => {
                let mut command = Command::new(&place.rig);
                command.arg(kind.name()).arg(&socket).arg(&place.engine);
                command
            }
            Kind::Haproxy | Kind::Haproxy1000 => {
                haproxy(kind == Kind::Haproxy1000, &dir, &socket, &place.engine)?
            }
            Kind::Dockgate | Kind::Dockgate1000 | Kind::Other | Kind::Narrowing => {
                dockgate(kind, &dir, &socket, place)?
            }
        };
        Ok(Self { kind, socket, command: Some(command) })
    }

    /// Starts it. It does not answer yet.
    pub(crate) fn start(self) -> Result<Peer> {
        let Self { kind, socket, command } = self;
        let process = command.map(|mut command| Process::start(&mut command)).transpose()?;
        Ok(Peer { kind, socket, process })
    }
}

fn haproxy(is_large: bool, dir: &Path, socket: &Path, engine: &Path) -> Result<Command> {
    let more: Vec<String> = (0..if is_large { MORE_RULES } else { 0 })
        .map(|number| {
            format!(
                "    http-request allow if {{ path,url_dec -m reg -i ^(/v[\\d\\.]+)?/containers/n{number}/json }}"
            )
        })
        .collect();
    let text = HAPROXY
        .replace("LISTEN", &socket.display().to_string())
        .replace("ENGINE", &engine.display().to_string())
        .replace("MORE\n", &(more.join("\n") + "\n"));
    let file = dir.join("haproxy.cfg");
    fs::write(&file, text)?;
    let mut command = Command::new("haproxy");
    command.args(["-W", "-db", "-f"]).arg(file).stdout(Stdio::null()).stderr(Stdio::null());
    Ok(command)
}

fn dockgate(kind: Kind, dir: &Path, socket: &Path, place: &Place) -> Result<Command> {
    let file = dir.join("policy.toml");
    fs::write(&file, policy(kind))?;
    let mut command = Command::new(place.program(kind));
    command
        .arg("serve")
        .arg("--daemon")
        .arg(format!("unix://{}", place.engine.display()))
        .arg("--listen")
        .arg(format!("unix://{}", socket.display()))
        .arg("--policy")
        .arg(file)
        .arg("--audit")
        .arg(dir.join("audit.jsonl"))
        .arg("--admin")
        .arg(format!("unix://{}", dir.join("admin").display()))
        .args(["--log-level", "warn"])
        .stdout(Stdio::null());
    Ok(command)
}

fn policy(kind: Kind) -> String {
    match kind {
        Kind::Dockgate1000 => {
            let more = (0..MORE_RULES).map(|number| {
                format!(
                    "[[allow]]\nname = \"n{number}\"\noperations = [\"GET ~^/containers/n{number}/json$\"]\n"
                )
            });
            POLICY.replacen("[[allow]]", &(more.collect::<Vec<_>>().join("\n") + "\n[[allow]]"), 1)
        }
        Kind::Narrowing => {
            POLICY.replace("\"GET /containers/json\", ", "")
                + "\n[[allow]]\nname = \"own\"\noperations = [\"GET /containers/json\"]\ncontainer.label.team = \"own\"\n"
        }
        _ => POLICY.to_owned(),
    }
}
