//! Connecting to the daemon's socket.

use std::io;

use tokio::net::{TcpStream, UnixStream};

use super::away::Away;
use crate::settings::{Address, DaemonSettings};
use crate::wire::Stream;

/// Connects, once. A daemon that is there accepts at once; one that is frozen lets the queue of its socket fill.
pub(super) async fn connect(settings: &DaemonSettings) -> Result<Stream, Away> {
    let (address, limit) = (&settings.address, settings.connect_timeout);
    match tokio::time::timeout(limit, open(address)).await {
        Ok(Ok(stream)) => Ok(stream),
        Ok(Err(error)) => Err(Away::connecting(address, &error)),
        Err(_) => Err(Away::slow(address, limit)),
    }
}

async fn open(address: &Address) -> io::Result<Stream> {
    match address {
        Address::Unix(path) => Ok(Stream::Unix(UnixStream::connect(path).await?)),
        Address::Tcp { host, port } => Stream::tcp(TcpStream::connect((host.as_str(), *port)).await?),
    }
}
