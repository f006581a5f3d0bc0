//! A fast engine: it answers what the rows ask for, and checks what it gets. One thread, unix socket.
//!
//! `GET /containers/bN/json` answers N bytes with a length, `/containers/cN/json` N bytes chunked,
//! `GET /images/gN/get` N bytes chunked in the pieces of 32 KiB that an engine sends, `GET /containers/json`
//! a thousand containers.

use std::fmt::Write as _;
use std::path::Path;
use std::sync::LazyLock;
use std::time::Duration;

use anyhow::{Context as _, Result, bail, ensure};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{UnixListener, UnixStream};
use tokio::runtime::{Builder, LocalOptions};

use crate::framing::{Body, Framing};
use crate::pattern;

/// The engine's own pieces of a long answer.
const CHUNK: usize = 32 * 1024;
/// How large a piece of an upload is read at a time.
const READ: usize = 256 * 1024;
/// How often an event comes on a stream of events.
const EVENT_INTERVAL: Duration = Duration::from_millis(500);
/// What every answer says of the engine.
const SERVER: &str =
    "Api-Version: 1.41\r\nDocker-Experimental: false\r\nOstype: linux\r\nServer: Docker/20.10.24 (linux)\r\n";
/// What an exec sends first.
pub(crate) const GREETING: &[u8] = b"ready\n";

/// An exec that can be started; any other can as well.
pub(crate) const EXEC: &str = "0123456789abcdef";

/// How many containers are listed.
pub(crate) const CONTAINERS: usize = 1000;
/// One of so many has the label `team=own`.
pub(crate) const OWN_EVERY: usize = 2;

static LIST: LazyLock<String> = LazyLock::new(|| {
    let entries: Vec<String> = (0..CONTAINERS).map(container).collect();
    format!("[{}]", entries.join(","))
});

/// The answer to `GET /containers/json`.
pub(crate) fn list() -> &'static str {
    &LIST
}

/// The answer to what is only counted: an image loaded, a context that is built from.
pub(crate) fn counted(bytes: u64) -> String {
    format!("{{\"bytes\":{bytes}}}")
}

/// Serves until it is ended.
pub(crate) fn serve(socket: &Path) -> Result<()> {
    let runtime = Builder::new_current_thread().enable_all().build_local(LocalOptions::default())?;
    runtime.block_on(async {
        let listener = UnixListener::bind(socket)?;
        loop {
            let (stream, _) = listener.accept().await?;
            tokio::task::spawn_local(async move {
                // Whoever hangs up is done with; what else goes wrong is for the one who looks.
                if let Err(error) = (Connection { stream, buffer: Vec::new() }).serve().await
                    && error.downcast_ref::<std::io::Error>().is_none()
                {
                    eprintln!("engine: {error:#}");
                }
            });
        }
    })
}

struct Connection {
    stream: UnixStream,
    /// What came and was not used.
    buffer: Vec<u8>,
}

struct Request {
    method: String,
    path: String,
    body: Option<Framing>,
}

impl Connection {
    async fn serve(mut self) -> Result<()> {
        while let Some(request) = self.head().await? {
            self.answer(&request).await?;
        }
        Ok(())
    }

    async fn head(&mut self) -> Result<Option<Request>> {
        loop {
            let mut fields = [httparse::EMPTY_HEADER; 64];
            let mut head = httparse::Request::new(&mut fields);
            if let httparse::Status::Complete(length) = head.parse(&self.buffer)? {
                let method = head.method.unwrap_or_default().to_owned();
                let target = head.path.unwrap_or_default();
                let path = target.split('?').next().unwrap_or_default();
                let body = Framing::of(head.headers)?;
                let path = unversioned(path).to_owned();
                self.buffer.drain(..length);
                return Ok(Some(Request { method, path, body }));
            }
            if self.stream.read_buf(&mut self.buffer).await? == 0 {
                ensure!(self.buffer.is_empty(), "a head is cut off");
                return Ok(None);
            }
        }
    }

    async fn answer(&mut self, request: &Request) -> Result<()> {
        let segments: Vec<&str> = request.path.split('/').skip(1).collect();
        match (request.method.as_str(), segments.as_slice()) {
            ("GET", ["_ping"]) => self.whole("200 OK", b"OK").await,
            ("GET", ["containers", "json"]) => self.whole("200 OK", list().as_bytes()).await,
            ("GET", ["containers", name, "json"]) => match name.split_at(1) {
                ("b", size) => {
                    let size = size.parse()?;
                    self.whole("200 OK", pattern::bytes(0, size)).await
                }
                ("c", size) => self.chunked(size.parse()?).await,
                _ => self.whole("200 OK", b"{}").await,
            },
            ("GET", ["images", name, "get"]) => self.chunked(name[1..].parse()?).await,
            ("GET", ["events"]) => self.events().await,
            ("POST", ["images", "load"]) => {
                let bytes = self.body(request, |offset, piece| {
                    ensure!(pattern::fits(offset, piece), "an upload is out of place at {offset}");
                    Ok(())
                });
                let bytes = bytes.await?;
                self.whole("200 OK", counted(bytes).as_bytes()).await
            }
            ("POST", ["containers", "create"]) => {
                let mut body = Vec::new();
                self.body(request, |_, piece| {
                    body.extend_from_slice(piece);
                    Ok(())
                })
                .await?;
                let body: serde_json::Value = serde_json::from_slice(&body).context("a create's body")?;
                ensure!(body.get("Image").is_some(), "a create without an image");
                self.whole("201 Created", br#"{"Id":"0123456789abcdef","Warnings":[]}"#).await
            }
            ("POST", ["build"]) => {
                let bytes = self.body(request, |_, _| Ok(())).await?;
                self.whole("200 OK", counted(bytes).as_bytes()).await
            }
            ("POST", ["exec", _, "start"]) => {
                self.body(request, |_, _| Ok(())).await?;
                self.echo().await
            }
            (method, _) => bail!("{method} {} is none of the engine's requests", request.path),
        }
    }

    async fn whole(&mut self, status: &str, body: &[u8]) -> Result<()> {
        let mut answer = format!(
            "HTTP/1.1 {status}\r\n{SERVER}Content-Type: application/json\r\nContent-Length: {}\r\n\r\n",
            body.len()
        )
        .into_bytes();
        answer.extend_from_slice(body);
        Ok(self.stream.write_all(&answer).await?)
    }

    async fn chunked(&mut self, size: u64) -> Result<()> {
        let mut piece = format!(
            "HTTP/1.1 200 OK\r\n{SERVER}Content-Type: application/x-tar\r\nTransfer-Encoding: chunked\r\n\r\n"
        )
        .into_bytes();
        let mut offset = 0;
        while offset < size {
            let length = CHUNK.min(usize::try_from(size - offset).unwrap_or(CHUNK));
            piece.extend_from_slice(format!("{length:x}\r\n").as_bytes());
            piece.extend_from_slice(pattern::bytes(offset, length));
            piece.extend_from_slice(b"\r\n");
            self.stream.write_all(&piece).await?;
            piece.clear();
            offset += length as u64;
        }
        piece.extend_from_slice(b"0\r\n\r\n");
        Ok(self.stream.write_all(&piece).await?)
    }

    /// Events until the client leaves.
    async fn events(&mut self) -> Result<()> {
        let mut piece = format!(
            "HTTP/1.1 200 OK\r\n{SERVER}Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"
        );
        for number in 0_u64.. {
            let event = format!("{{\"Type\":\"container\",\"Action\":\"start\",\"time\":{number}}}\n");
            write!(piece, "{:x}\r\n{event}\r\n", event.len())?;
            self.stream.write_all(piece.as_bytes()).await?;
            piece.clear();
            let mut nothing = [0];
            let left = tokio::time::timeout(EVENT_INTERVAL, self.stream.read(&mut nothing)).await;
            if left.is_ok() {
                bail!(std::io::Error::from(std::io::ErrorKind::BrokenPipe));
            }
        }
        Ok(())
    }

    /// What a `cat` in a container does, until the client has said all.
    async fn echo(&mut self) -> Result<()> {
        let mut head = b"HTTP/1.1 101 UPGRADED\r\nContent-Type: application/vnd.docker.raw-stream\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\n".to_vec();
        head.extend_from_slice(GREETING);
        self.stream.write_all(&head).await?;
        let mut bytes = std::mem::take(&mut self.buffer);
        loop {
            self.stream.write_all(&bytes).await?;
            bytes.clear();
            if self.stream.read_buf(&mut bytes).await? == 0 {
                self.stream.shutdown().await?;
                bail!(std::io::Error::from(std::io::ErrorKind::UnexpectedEof));
            }
        }
    }

    async fn body(
        &mut self,
        request: &Request,
        mut piece: impl FnMut(u64, &[u8]) -> Result<()>,
    ) -> Result<u64> {
        let mut body = Body::new(request.body.unwrap_or(Framing::Length(0)));
        let used = body.read(&self.buffer, &mut piece)?;
        self.buffer.drain(..used);
        if body.is_done() {
            return Ok(body.bytes);
        }
        let mut large = std::mem::take(&mut self.buffer);
        large.reserve(READ);
        while !body.is_done() {
            ensure!(self.stream.read_buf(&mut large).await? > 0, "a body is cut off");
            let used = body.read(&large, &mut piece)?;
            large.drain(..used);
        }
        large.shrink_to(8 * 1024);
        self.buffer = large;
        Ok(body.bytes)
    }
}

/// The path without `/vX.Y`.
fn unversioned(path: &str) -> &str {
    match path.strip_prefix("/v") {
        Some(rest) if rest.starts_with(|first: char| first.is_ascii_digit()) => {
            rest.find('/').map_or("", |slash| &rest[slash..])
        }
        Some(_) | None => path,
    }
}

/// One entry of the list, as an engine shows a container that compose made.
fn container(number: usize) -> String {
    let team = if number.is_multiple_of(OWN_EVERY) { "own" } else { "other" };
    format!(
        r#"{{"Id":"{number:064x}","Names":["/app-{number}"],"Image":"lscr.io/linuxserver/app:latest","ImageID":"sha256:{number:064x}","Command":"/init","Created":1700000000,"Ports":[{{"IP":"0.0.0.0","PrivatePort":80,"PublicPort":{},"Type":"tcp"}}],"Labels":{{"com.docker.compose.config-hash":"{number:064x}","com.docker.compose.container-number":"1","com.docker.compose.project":"apps","com.docker.compose.service":"app-{number}","com.docker.compose.version":"2.26.1","team":"{team}"}},"State":"running","Status":"Up 2 hours","HostConfig":{{"NetworkMode":"apps"}},"NetworkSettings":{{"Networks":{{"apps":{{"IPAMConfig":null,"Links":null,"Aliases":null,"NetworkID":"{number:064x}","EndpointID":"{number:064x}","Gateway":"172.18.0.1","IPAddress":"172.18.0.2","IPPrefixLen":16,"IPv6Gateway":"","GlobalIPv6Address":"","GlobalIPv6PrefixLen":0,"MacAddress":"02:42:ac:12:00:02","DriverOpts":null}}}}}},"Mounts":[{{"Type":"bind","Source":"/opt/appdata/app-{number}","Destination":"/config","Mode":"rw","RW":true,"Propagation":"rprivate"}}]}}"#,
        8000 + number
    )
}
