//! Connecting to the daemon's socket.

use std::io;
use std::time::Duration;

use tokio::net::{TcpStream, UnixStream};

use super::away::Away;
use crate::settings::Address;
use crate::wire::Stream;

/// How long connecting may take. A daemon that is there accepts at once; one that is frozen lets the
/// queue of its socket fill.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// Connects to `address`.
pub(super) async fn connect(address: &Address) -> Result<Stream, Away> {
    match tokio::time::timeout(CONNECT_TIMEOUT, open(address)).await {
        Ok(Ok(stream)) => Ok(stream),
        Ok(Err(error)) => Err(Away::connecting(address, &error)),
        Err(_) => Err(Away::slow(address, CONNECT_TIMEOUT)),
    }
}

async fn open(address: &Address) -> io::Result<Stream> {
    match address {
        Address::Unix(path) => Ok(Stream::Unix(UnixStream::connect(path).await?)),
        Address::Tcp { host, port } => Stream::tcp(TcpStream::connect((host.as_str(), *port)).await?),
    }
}
