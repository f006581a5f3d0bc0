//! One question to the daemon and its answer, on one connection.

use std::fmt;
use std::io::{self, IoSlice};

use super::state::{Introduction, Mark};
use crate::operation::Encoded;
use crate::operation::version::ApiVersion;
use crate::wire::{
    Body, BodyFault, Broken, Framing, HeadFault, HeadWriter, Inbox, Pieces, ResponseHead, Stream, head_bytes,
};

/// The head of an answer may be this large: a container's path stat and the like travel in headers.
const MAX_HEAD_BYTES: usize = 256 * 1024;

/// Of the answers to questions of dockgate's own so much is read for one request. A body of 2 MiB can become more: the daemon
/// writes six bytes for some characters, and shows a command twice.
pub const MAX_ANSWER_BYTES: usize = 16 * 1024 * 1024;

/// The daemon's side of one client connection: at most one connection that rests between requests,
/// never shared, so that no answer can reach another client.
#[derive(Debug, Default)]
pub struct Line {
    resting: Option<Connection>,
}

/// A connection to the daemon.
#[derive(Debug)]
pub(super) struct Connection {
    stream: Stream,
    inbox: Inbox,
    mark: Mark,
}

/// A question of dockgate's own that was asked; the rest of the answer is still to come.
#[derive(Debug)]
pub(super) struct Asked {
    connection: Connection,
    status: u16,
    reusable: bool,
    body: Body,
    came: Vec<u8>,
}

/// What rests on a line.
#[derive(Debug)]
pub(super) enum Resting {
    /// Nothing.
    None,
    /// A connection that can carry a request.
    Clean(Connection),
    /// One that cannot: the daemon closed it, and may be another one by now.
    Spoiled,
}

/// A request that was sent; its answer, and perhaps its body, are still to come.
#[derive(Debug)]
pub struct Forwarded {
    connection: Connection,
    upload: Framing,
}

/// What carries a streamed body to the daemon.
#[derive(Debug)]
pub struct Sender<'a> {
    stream: &'a Stream,
    upload: Framing,
}

/// What the answer is read from.
#[derive(Debug)]
pub struct Receiver<'a> {
    /// The socket.
    pub stream: &'a Stream,
    /// What came over it.
    pub inbox: &'a mut Inbox,
    /// When it was connected.
    pub mark: Mark,
}

/// How the connection to the daemon broke after something may have been sent over it.
#[derive(Debug)]
pub enum Lost {
    /// The daemon closed it before it had answered.
    Closed,
    /// The daemon's answer is not one that HTTP/1.1 allows.
    Malformed(String),
    /// The socket failed.
    Io(io::Error),
}

impl Line {
    /// Takes the resting connection. It is no longer clean if something came over it since: its end, or
    /// what nobody asked for.
    pub(super) fn take(&mut self) -> Resting {
        match self.resting.take() {
            None => Resting::None,
            Some(connection)
                if connection.inbox.pending().is_empty() && !connection.stream.is_readable_now() =>
            {
                Resting::Clean(connection)
            }
            Some(_) => Resting::Spoiled,
        }
    }

    /// Lets a connection rest whose last answer was read to its end.
    pub(super) fn keep(&mut self, mut connection: Connection) {
        connection.inbox.rest();
        self.resting = Some(connection);
    }
}

impl Connection {
    pub(super) fn new(stream: Stream, mark: Mark) -> Self {
        Self { stream, inbox: Inbox::default(), mark }
    }

    pub(super) fn mark(&self) -> Mark {
        self.mark
    }

    /// Asks `GET /_ping`, and reads the answer to its end. The connection is given back if it can carry
    /// another request.
    pub(super) async fn ping(self) -> Result<(Option<Self>, Introduction), Lost> {
        let mut introduction = None;
        let introduce = |head: &ResponseHead<'_>, _| {
            introduction = api_version(head)
                .map(|api_version| Introduction { daemon_version: daemon_version(head), api_version });
        };
        let (connection, status) = self.get("/_ping", introduce).await?;
        if status != 200 {
            return Err(Lost::Malformed(format!("it answers a ping with status {status}")));
        }
        let introduction = introduction
            .ok_or_else(|| Lost::Malformed("it answers a ping without an Api-Version header".into()))?;
        Ok((connection, introduction))
    }

    /// Asks `GET target`, shows `see` the head of the answer, and reads over the rest; says its status. The connection is
    /// given back if it can carry another request.
    pub(super) async fn get(
        self,
        target: &str,
        see: impl FnOnce(&ResponseHead<'_>, Mark),
    ) -> Result<(Option<Self>, u16), Lost> {
        let mut asked = self.ask(target, see).await?;
        while let Some(bytes) = asked.next().await? {
            asked.connection.inbox.consume(bytes);
        }
        let (connection, status, _) = asked.end();
        Ok((connection, status))
    }

    /// Asks `GET target`, and shows `see` the head of the answer.
    pub(super) async fn ask(
        mut self,
        target: &str,
        see: impl FnOnce(&ResponseHead<'_>, Mark),
    ) -> Result<Asked, Lost> {
        let mut head = HeadWriter::new([b"GET", target.as_bytes(), b"HTTP/1.1"]);
        head.field("Host", "docker");
        self.stream.write_all(&mut [IoSlice::new(&head.end())]).await.map_err(Lost::Io)?;
        let mut receiver = Receiver { stream: &self.stream, inbox: &mut self.inbox, mark: self.mark };
        let mut bytes = receiver.head().await?;
        while ResponseHead::parse(&bytes)?.is_interim() {
            bytes = receiver.head().await?;
        }
        let head = ResponseHead::parse(&bytes)?;
        see(&head, self.mark);
        let (status, reusable, body) = (head.status, head.keep_alive, Body::new(head.framing));
        Ok(Asked { connection: self, status, reusable, body, came: Vec::new() })
    }

    /// Sends `encoded`, with `upload` framing what is to follow.
    pub(super) async fn forward(self, encoded: &Encoded, upload: Framing) -> Forwarded {
        let body = encoded.body.as_deref().unwrap_or_default();
        let is_bare = matches!(upload, Framing::None | Framing::UntilClose)
            && body.is_empty()
            && encoded.method != "POST";
        let framed;
        let head = if is_bare {
            encoded.bare.get_or_init(|| head_of(encoded).end())
        } else {
            let mut head = head_of(encoded);
            match upload {
                Framing::None | Framing::UntilClose => head.number("Content-Length", body.len()),
                Framing::Length(length) => head.number("Content-Length", length),
                Framing::Chunked => head.field("Transfer-Encoding", "chunked"),
            }
            framed = head.end();
            &framed
        };
        // The daemon may answer and close without reading to the end: if this fails, its answer, or that
        // there is none, says more than the failure.
        let _sent = self.stream.write_all(&mut [IoSlice::new(head), IoSlice::new(body)]).await;
        Forwarded { connection: self, upload }
    }
}

impl Asked {
    /// Waits for so many bytes more of the answer; none at its end.
    pub(super) async fn next(&mut self) -> Result<Option<usize>, Lost> {
        let Connection { stream, inbox, mark: _ } = &mut self.connection;
        Ok(self.body.next(inbox, stream).await?)
    }

    /// Takes in these.
    pub(super) fn take(&mut self, bytes: usize) {
        let inbox = &mut self.connection.inbox;
        self.came.extend_from_slice(inbox.pending().get(..bytes).unwrap_or_default());
        inbox.consume(bytes);
    }

    /// The connection, if it can carry another request, the status, and all that was taken in.
    pub(super) fn end(self) -> (Option<Connection>, u16, Vec<u8>) {
        (self.reusable.then_some(self.connection), self.status, self.came)
    }
}

/// The head of a request, but for what frames its body.
fn head_of(encoded: &Encoded) -> HeadWriter {
    let mut head = HeadWriter::new([encoded.method.as_bytes(), encoded.target.as_bytes(), b"HTTP/1.1"]);
    head.field("Host", "docker");
    head.field("User-Agent", concat!("dockgate/", env!("CARGO_PKG_VERSION")));
    for (name, value) in &encoded.headers {
        head.field(name, value);
    }
    head
}

impl Forwarded {
    /// The two directions, to be used side by side.
    pub fn split(&mut self) -> (Sender<'_>, Receiver<'_>) {
        let Connection { stream, inbox, mark } = &mut self.connection;
        (Sender { stream, upload: self.upload }, Receiver { stream, inbox, mark: *mark })
    }

    /// Gives the connection back to its line; the answer must have been read to its end.
    pub fn keep_on(self, line: &mut Line) {
        line.keep(self.connection);
    }
}

impl Sender<'_> {
    /// Sends a piece of a body whose length was said.
    ///
    /// # Errors
    /// As the socket's; the daemon may have answered and closed.
    pub async fn piece(&self, payload: &[u8]) -> io::Result<()> {
        self.stream.write_all(&mut [IoSlice::new(payload)]).await
    }

    /// Sends of the body what can be carried on from `source`, as [`Body::carry`] does.
    ///
    /// # Errors
    /// As it.
    pub async fn carry(
        &self,
        body: &mut Body,
        inbox: &mut Inbox,
        source: &Stream,
        arrived: impl FnMut(usize),
    ) -> Result<(), Broken> {
        body.carry(inbox, (source, self.stream), self.upload == Framing::Chunked, arrived).await
    }

    /// Sends pieces of the body, which have come into `inbox`.
    ///
    /// # Errors
    /// As the socket's; the daemon may have answered and closed.
    pub async fn send(&self, pieces: &Pieces, inbox: &Inbox) -> io::Result<()> {
        pieces.write(inbox, self.stream, &[], self.upload == Framing::Chunked).await
    }
}

impl Receiver<'_> {
    /// Waits for a head: an interim one, of which any number may come first, or that of the answer.
    ///
    /// # Errors
    /// When the connection breaks or the head is too large.
    pub async fn head(&mut self) -> Result<Vec<u8>, Lost> {
        head_bytes(self.inbox, self.stream, MAX_HEAD_BYTES).await?.ok_or(Lost::Closed)
    }
}

/// The newest API version that the daemon speaks, as every answer of its says.
pub(super) fn api_version(head: &ResponseHead<'_>) -> Option<ApiVersion> {
    head.field("api-version").and_then(|value| ApiVersion::read(str::from_utf8(value).ok()?))
}

/// What the daemon says it is: `20.10.24` of `Server: Docker/20.10.24 (linux)`.
fn daemon_version(head: &ResponseHead<'_>) -> Option<String> {
    let server = str::from_utf8(head.field("server")?).ok()?;
    let version = server.strip_prefix("Docker/")?.split(' ').next()?;
    Some(version.to_owned())
}

impl fmt::Display for Lost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Closed => f.write_str("the Docker daemon closed the connection before it had answered"),
            Self::Malformed(what) => write!(f, "the Docker daemon's answer cannot be read: {what}"),
            Self::Io(error) => write!(f, "the connection to the Docker daemon broke: {error}"),
        }
    }
}

impl From<HeadFault> for Lost {
    fn from(fault: HeadFault) -> Self {
        match fault {
            HeadFault::Truncated => Self::Closed,
            HeadFault::TooLarge { .. } => {
                Self::Malformed(format!("its head is larger than {MAX_HEAD_BYTES} bytes"))
            }
            HeadFault::Malformed(text) => Self::Malformed(text),
            HeadFault::Io(error) => Self::Io(error),
        }
    }
}

impl From<BodyFault> for Lost {
    fn from(fault: BodyFault) -> Self {
        match fault {
            BodyFault::Truncated => Self::Closed,
            BodyFault::Malformed(text) => Self::Malformed(text.into()),
            BodyFault::Io(error) => Self::Io(error),
        }
    }
}
