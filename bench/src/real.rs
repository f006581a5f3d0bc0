//! A real Docker Engine, and what the rows want to find in it. All of it is taken away again.

use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context as _, Result};
use nix::sys::socket::{getsockopt, sockopt};
use serde_json::{Value, json};

use crate::client::{Client, Expected, Question};
use crate::process;

/// What a container is made of that only has to be there; `scripts/images` makes it.
const SMALL_IMAGE: &str = "dockgate-test/busybox";
/// What is saved and loaded.
const LARGE_IMAGE: &str = "dockgate-test/big";
/// The image that a full body names.
const NAMED_IMAGE: &str = "lscr.io/linuxserver/app";
/// The container that is there all the time, and the name of those that are made and taken away again.
pub(crate) const CONTAINER: &str = "dockgate-bench";
pub(crate) const MADE: &str = "dockgate-bench-made";
/// Sends back what it is sent, once it has said what [`Client::exec`] waits for.
const ECHO: [&str; 3] = ["sh", "-c", "stty raw -echo; echo ready; exec cat"];

#[derive(Debug)]
pub(crate) struct Real {
    pub(crate) socket: PathBuf,
    /// The large image, saved.
    pub(crate) archive: Vec<u8>,
    /// Whether [`NAMED_IMAGE`] is a name that was given to the small image.
    has_named: bool,
    pid: Option<u32>,
}

impl Real {
    /// Finds the engine at `address`, `unix:///path` or a path, and makes there what the rows want.
    pub(crate) fn prepare(address: &str) -> Result<Self> {
        let socket = PathBuf::from(address.strip_prefix("unix://").unwrap_or(address));
        let pid = listener(&socket)?;
        let mut real = Self { socket, archive: Vec::new(), has_named: false, pid };
        real.archive = real.client()?.fetch(&Question::get(&saving(), Expected::Something))?;
        // Perhaps a run that was broken off has left something.
        for name in [CONTAINER, MADE] {
            real.remove(name).ok();
        }
        if real.image(NAMED_IMAGE).is_err() {
            real.post(
                &format!("/images/{SMALL_IMAGE}/tag?repo={NAMED_IMAGE}&tag=latest"),
                &Value::Null,
                201,
            )?;
        }
        real.has_named = real.image(NAMED_IMAGE)? == real.image(SMALL_IMAGE)?;
        let body =
            json!({"Image": SMALL_IMAGE, "Cmd": ["sleep", "86400"], "HostConfig": {"NetworkMode": "none"}});
        real.post(&format!("/containers/create?name={CONTAINER}"), &body, 201)?;
        real.post(&format!("/containers/{CONTAINER}/start"), &Value::Null, 204)?;
        Ok(real)
    }

    /// An exec that echoes, ready to be started.
    pub(crate) fn exec(&self) -> Result<String> {
        let body = json!({"Cmd": ECHO, "Tty": true, "AttachStdin": true, "AttachStdout": true, "AttachStderr": true});
        let made = self.post(&format!("/containers/{CONTAINER}/exec"), &body, 201)?;
        Ok(made["Id"].as_str().context("an exec without an ID")?.to_owned())
    }

    /// Takes a container away, whether or not it runs.
    pub(crate) fn remove(&self, container: &str) -> Result<()> {
        self.delete(&format!("/containers/{container}?force=1&v=1"), 204)
    }

    /// The CPU time that the daemon itself has used, where it can be seen; what it has started is not counted.
    pub(crate) fn cpu(&self) -> Duration {
        self.pid.map(process::cpu).unwrap_or_default()
    }

    fn client(&self) -> Result<Client> {
        Client::connect(&self.socket)
    }

    /// The ID of an image.
    fn image(&self, name: &str) -> Result<Value> {
        let path = format!("/images/{name}:latest/json");
        let shown = self.client()?.fetch(&Question::get(&path, Expected::Something))?;
        let mut shown: Value = serde_json::from_slice(&shown)?;
        Ok(shown["Id"].take())
    }

    fn post(&self, path: &str, body: &Value, status: u16) -> Result<Value> {
        let body = if body.is_null() { Vec::new() } else { serde_json::to_vec(body)? };
        let answer = self.client()?.fetch(&Question::post(path, &body, status, Expected::Something))?;
        Ok(serde_json::from_slice(&answer).unwrap_or_default())
    }

    fn delete(&self, path: &str, status: u16) -> Result<()> {
        self.client()?.ask(&Question::with("DELETE", path, &[], status, Expected::Something))
    }
}

impl Drop for Real {
    fn drop(&mut self) {
        let left = self.remove(CONTAINER).err();
        let named = self.has_named.then(|| self.delete(&format!("/images/{NAMED_IMAGE}:latest"), 200).err());
        for error in left.into_iter().chain(named.flatten()) {
            eprintln!("something is left in the engine: {error:#}");
        }
    }
}

/// The request that saves the large image.
pub(crate) fn saving() -> String {
    format!("/images/{LARGE_IMAGE}/get")
}

/// Which process listens there, unless it is in another namespace.
fn listener(socket: &Path) -> Result<Option<u32>> {
    let stream = UnixStream::connect(socket).with_context(|| format!("no engine at {}", socket.display()))?;
    let pid = getsockopt(&stream, sockopt::PeerCredentials)?.pid();
    Ok(u32::try_from(pid).ok().filter(|&pid| pid > 0))
}
