//! A client: it asks one thing after the other and checks every answer.

use std::io::{Read as _, Write as _};
use std::net::Shutdown;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context as _, Result, bail, ensure};

use crate::engine::{GREETING, counted};
use crate::framing::{Body, Framing};
use crate::pattern;

/// No answer takes this long, however busy the machine is.
const PATIENCE: Duration = Duration::from_secs(60);

/// A request, and what its answer must be.
#[derive(Clone, Debug)]
pub(crate) struct Question {
    /// As it goes over the wire, but for a body that is streamed.
    pub(crate) bytes: Vec<u8>,
    pub(crate) status: u16,
    pub(crate) answer: Expected,
}

/// What must be in an answer.
#[derive(Clone, Debug)]
pub(crate) enum Expected {
    /// So many bytes of the pattern.
    Pattern(u64),
    /// These bytes.
    Bytes(Vec<u8>),
    /// Something: a real engine says what it likes.
    Something,
}

impl Question {
    pub(crate) fn get(path: &str, answer: Expected) -> Self {
        let bytes = format!(
            "GET {path} HTTP/1.1\r\nHost: docker\r\nUser-Agent: Docker-Client/20.10.24 (linux)\r\n\r\n"
        );
        Self { bytes: bytes.into_bytes(), status: 200, answer }
    }

    pub(crate) fn post(path: &str, body: &[u8], status: u16, answer: Expected) -> Self {
        Self::with("POST", path, body, status, answer)
    }

    pub(crate) fn with(method: &str, path: &str, body: &[u8], status: u16, answer: Expected) -> Self {
        Self::sending(method, path, "application/json", body, status, answer)
    }

    pub(crate) fn sending(
        method: &str,
        path: &str,
        kind: &str,
        body: &[u8],
        status: u16,
        answer: Expected,
    ) -> Self {
        let mut bytes = format!(
            "{method} {path} HTTP/1.1\r\nHost: docker\r\nUser-Agent: Docker-Client/20.10.24 (linux)\r\nContent-Type: {kind}\r\nContent-Length: {}\r\n\r\n",
            body.len()
        )
        .into_bytes();
        bytes.extend_from_slice(body);
        Self { bytes, status, answer }
    }

    /// An inspect of `size` bytes.
    pub(crate) fn inspect(size: u64) -> Self {
        Self::get(&format!("/v1.41/containers/b{size}/json"), Expected::Pattern(size))
    }
}

/// One answer, read as far as it came.
#[derive(Debug)]
pub(crate) struct Reading {
    body: Option<Body>,
    /// What came of the head, or what lies across two reads of the body.
    rest: Vec<u8>,
    /// The body, where it is kept.
    kept: Option<Vec<u8>>,
}

impl Reading {
    pub(crate) fn new() -> Self {
        Self { body: None, rest: Vec::new(), kept: None }
    }

    /// Reads on; whether the answer is whole.
    pub(crate) fn read(&mut self, question: &Question, input: &[u8]) -> Result<bool> {
        let joined;
        let mut input = if self.rest.is_empty() {
            input
        } else {
            self.rest.extend_from_slice(input);
            joined = std::mem::take(&mut self.rest);
            &joined[..]
        };
        if self.body.is_none() {
            let mut fields = [httparse::EMPTY_HEADER; 64];
            let mut head = httparse::Response::new(&mut fields);
            let httparse::Status::Complete(length) = head.parse(input)? else {
                self.rest = input.to_vec();
                return Ok(false);
            };
            let status = head.code.unwrap_or_default();
            if status != question.status {
                bail!("status {status}: {}", String::from_utf8_lossy(input));
            }
            let framing = match status {
                204 => Framing::Length(0),
                _ => Framing::of(head.headers)?.context("an answer without an end")?,
            };
            if let (Framing::Length(length), Some(expected)) = (framing, question.answer.length()) {
                ensure!(length == expected, "{length} bytes are announced, not {expected}");
            }
            self.body = Some(Body::new(framing));
            input = &input[length..];
        }
        let Some(body) = &mut self.body else { return Ok(false) };
        let used = body.read(input, |offset, piece| {
            if let Some(kept) = &mut self.kept {
                kept.extend_from_slice(piece);
            }
            question.answer.check(offset, piece)
        })?;
        if body.is_done() {
            ensure!(used == input.len(), "more came than the answer");
            ensure!(
                question.answer.length().is_none_or(|length| length == body.bytes),
                "{} bytes are too few",
                body.bytes
            );
            return Ok(true);
        }
        self.rest.extend_from_slice(&input[used..]);
        Ok(false)
    }
}

impl Expected {
    fn length(&self) -> Option<u64> {
        match self {
            Self::Pattern(length) => Some(*length),
            Self::Bytes(bytes) => Some(bytes.len() as u64),
            Self::Something => None,
        }
    }

    fn check(&self, offset: u64, piece: &[u8]) -> Result<()> {
        let is_right = match self {
            Self::Pattern(_) => pattern::fits(offset, piece),
            Self::Bytes(bytes) => {
                let from = usize::try_from(offset)?;
                bytes.get(from..from + piece.len()).is_some_and(|expected| expected == piece)
            }
            Self::Something => true,
        };
        ensure!(is_right, "what came at {offset} is not what was asked for");
        Ok(())
    }
}

/// A connection.
#[derive(Debug)]
pub(crate) struct Client {
    stream: UnixStream,
    buffer: Vec<u8>,
}

impl Client {
    pub(crate) fn connect(socket: &Path) -> Result<Self> {
        let stream =
            UnixStream::connect(socket).with_context(|| format!("connecting to {}", socket.display()))?;
        stream.set_read_timeout(Some(PATIENCE))?;
        stream.set_write_timeout(Some(PATIENCE))?;
        Ok(Self { stream, buffer: vec![0; 64 * 1024] })
    }

    /// Asks, and reads the answer to its end.
    pub(crate) fn ask(&mut self, question: &Question) -> Result<()> {
        self.stream.write_all(&question.bytes)?;
        self.answer(question, &mut Reading::new())
    }

    /// Asks, and gives the body of the answer.
    pub(crate) fn fetch(&mut self, question: &Question) -> Result<Vec<u8>> {
        self.stream.write_all(&question.bytes)?;
        let mut reading = Reading { kept: Some(Vec::new()), ..Reading::new() };
        self.answer(question, &mut reading)?;
        Ok(reading.kept.unwrap_or_default())
    }

    fn answer(&mut self, question: &Question, reading: &mut Reading) -> Result<()> {
        loop {
            let count = self.stream.read(&mut self.buffer)?;
            ensure!(count > 0, "the connection ended before the answer");
            if reading.read(question, &self.buffer[..count])? {
                return Ok(());
            }
        }
    }

    /// Asks, with a larger buffer, as who takes much does.
    pub(crate) fn download(&mut self, question: &Question) -> Result<()> {
        self.buffer.resize(256 * 1024, 0);
        self.ask(question)
    }

    /// Loads an image of `size` bytes, of which `piece_at` gives those from an offset on, no more than so many.
    pub(crate) fn upload<'a>(
        &mut self,
        framing: Framing,
        size: u64,
        piece_at: impl Fn(u64, usize) -> &'a [u8],
        answer: Expected,
    ) -> Result<()> {
        let how = match framing {
            Framing::Length(_) => format!("Content-Length: {size}"),
            Framing::Chunked => "Transfer-Encoding: chunked".to_owned(),
        };
        let head = format!(
            "POST /images/load?quiet=1 HTTP/1.1\r\nHost: docker\r\nContent-Type: application/x-tar\r\n{how}\r\n\r\n"
        );
        let mut piece = head.into_bytes();
        let mut offset = 0;
        while offset < size {
            // As Go's client sends a body: 32 KiB at a time.
            let length = (32 * 1024).min(usize::try_from(size - offset)?);
            let bytes = piece_at(offset, length);
            match framing {
                Framing::Length(_) => piece.extend_from_slice(bytes),
                Framing::Chunked => {
                    piece.extend_from_slice(format!("{length:x}\r\n").as_bytes());
                    piece.extend_from_slice(bytes);
                    piece.extend_from_slice(b"\r\n");
                }
            }
            self.stream.write_all(&piece)?;
            piece.clear();
            offset += length as u64;
        }
        if framing == Framing::Chunked {
            self.stream.write_all(b"0\r\n\r\n")?;
        }
        self.answer(&Question { bytes: Vec::new(), status: 200, answer }, &mut Reading::new())
    }

    /// Loads an image of `size` bytes into the fast engine, which counts them.
    pub(crate) fn upload_pattern(&mut self, framing: Framing, size: u64) -> Result<()> {
        let answer = Expected::Bytes(counted(size).into_bytes());
        self.upload(framing, size, pattern::bytes, answer)
    }

    /// Starts an exec, whose output follows the head.
    pub(crate) fn exec(mut self, id: &str) -> Result<Tunnel> {
        let body = br#"{"Detach":false,"Tty":true}"#;
        let head = format!(
            "POST /exec/{id}/start HTTP/1.1\r\nHost: docker\r\nContent-Type: application/json\r\nConnection: Upgrade\r\nUpgrade: tcp\r\nContent-Length: {}\r\n\r\n",
            body.len()
        );
        self.stream.write_all(&[head.as_bytes(), body].concat())?;
        self.head(101)?;
        self.until(GREETING)?;
        Ok(Tunnel { stream: self.stream, buffer: vec![0; 4096] })
    }

    /// Asks for the stream of events, and waits for the first.
    pub(crate) fn events(mut self) -> Result<UnixStream> {
        self.stream.write_all(&Question::get("/v1.41/events", Expected::Something).bytes)?;
        self.head(200)?;
        self.until(b"}\n\r\n")?;
        Ok(self.stream)
    }

    /// Reads a head, byte by byte: what is behind it is left.
    fn head(&mut self, status: u16) -> Result<()> {
        let head = self.until(b"\r\n\r\n")?;
        let first = format!("HTTP/1.1 {status} ");
        ensure!(head.starts_with(first.as_bytes()), "{}", String::from_utf8_lossy(&head));
        Ok(())
    }

    fn until(&mut self, end: &[u8]) -> Result<Vec<u8>> {
        let mut bytes = Vec::new();
        let mut byte = [0];
        while !bytes.ends_with(end) {
            self.stream.read_exact(&mut byte)?;
            bytes.push(byte[0]);
        }
        Ok(bytes)
    }
}

/// An exec's stream.
#[derive(Debug)]
pub(crate) struct Tunnel {
    stream: UnixStream,
    buffer: Vec<u8>,
}

impl Tunnel {
    /// Says something, and waits until it comes back.
    pub(crate) fn echo(&mut self, message: &[u8]) -> Result<()> {
        self.stream.write_all(message)?;
        let mut came = 0;
        while came < message.len() {
            let count = self.stream.read(&mut self.buffer[came..])?;
            ensure!(count > 0, "the stream ended");
            came += count;
        }
        ensure!(self.buffer[..came] == *message, "another echo came");
        Ok(())
    }

    /// Says that nothing more comes, and waits for the end of what the other side says.
    pub(crate) fn end(mut self) -> Result<()> {
        self.stream.shutdown(Shutdown::Write)?;
        ensure!(self.stream.read(&mut self.buffer)? == 0, "something came behind the last echo");
        Ok(())
    }
}
