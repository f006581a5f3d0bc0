//! Reaching a dockgate that runs, as a client or as its operator would.

use std::io::{self, IoSlice};
use std::time::Duration;

use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::settings::Address;
use crate::wire::{Body, Inbox, ResponseHead, Stream, UnixSocket, head_bytes};

/// How long accepting may take.
const ACCEPT_TIME: Duration = Duration::from_secs(3);
/// How long an answer may take: dockgate may have to ask the daemon for it.
const ANSWER_TIME: Duration = Duration::from_secs(15);
/// How large an answer may be.
const MAX_ANSWER_BYTES: usize = 1024 * 1024;

/// Connects to where somebody listens at `address`.
///
/// # Errors
/// When nobody does, or accepts in time.
pub(super) async fn connect(address: &Address) -> io::Result<Stream> {
    let connecting = async {
        match address {
            Address::Unix(path) => UnixSocket::connect(path).map(Stream::Unix),
            Address::Tcp { host, port } => {
                let host = match host.as_str() {
                    "0.0.0.0" => "127.0.0.1",
                    "::" => "::1",
                    host => host,
                };
                Stream::tcp(TcpStream::connect((host, *port)).await?)
            }
        }
    };
    timeout(ACCEPT_TIME, connecting).await.unwrap_or_else(|_| {
        let message = format!("it did not accept within {} seconds", ACCEPT_TIME.as_secs());
        Err(io::Error::new(io::ErrorKind::TimedOut, message))
    })
}

/// Asks `GET target` of the admin socket at `address`: status and body.
///
/// # Errors
/// When there is no answer.
pub(super) async fn ask(address: &Address, target: &str) -> io::Result<(u16, Vec<u8>)> {
    let stream = connect(address).await?;
    let asking = async {
        let request = format!("GET {target} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
        stream.write_all(&mut [IoSlice::new(request.as_bytes())]).await?;
        let mut inbox = Inbox::default();
        let unreadable = || io::Error::other("what answers there is no dockgate");
        let bytes = head_bytes(&mut inbox, &stream, MAX_ANSWER_BYTES).await.map_err(|_| unreadable())?;
        let bytes = bytes.ok_or_else(|| io::Error::other("it closed the connection without an answer"))?;
        let head = ResponseHead::parse(&bytes).map_err(|_| unreadable())?;
        let mut body = Body::new(head.framing);
        let mut text = Vec::new();
        while let Some(count) = body.next(&mut inbox, &stream).await.map_err(|_| unreadable())? {
            text.extend_from_slice(inbox.pending().get(..count).unwrap_or_default());
            inbox.consume(count);
            if text.len() > MAX_ANSWER_BYTES {
                return Err(unreadable());
            }
        }
        Ok((head.status, text))
    };
    timeout(ANSWER_TIME, asking).await.unwrap_or_else(|_| {
        let message = format!("it did not answer within {} seconds", ANSWER_TIME.as_secs());
        Err(io::Error::new(io::ErrorKind::TimedOut, message))
    })
}
