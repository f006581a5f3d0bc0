//! Connecting to the daemon's socket.

use std::io;

use tokio::net::TcpStream;
use tokio::time::timeout;

use super::away::Away;
use super::tls::Tls;
use crate::settings::{Address, DaemonSettings};
use crate::wire::{Stream, UnixSocket, prepare_tcp};

/// What connects to the daemon.
#[derive(Debug)]
pub(super) struct Connector {
    address: Address,
    tls: Option<Tls>,
    limit: std::time::Duration,
}

impl Connector {
    pub(super) fn new(settings: &DaemonSettings) -> Self {
        Self {
            address: settings.address.clone(),
            tls: settings.tls.clone().map(Tls::new),
            limit: settings.connect_timeout,
        }
    }

    /// Connects, once. A daemon that is there accepts at once; one that is frozen lets the queue of its socket fill.
    pub(super) async fn connect(&self) -> Result<Stream, Away> {
        let connected = timeout(self.limit, self.open()).await;
        connected.unwrap_or_else(|_| Err(Away::slow(&self.address, self.limit)))
    }

    /// Something failed: what connecting rests upon may have changed since it was last read.
    pub(super) fn forget(&self) {
        if let Some(tls) = &self.tls {
            tls.forget();
        }
    }

    async fn open(&self) -> Result<Stream, Away> {
        let failed = |error: io::Error| Away::connecting(&self.address, &error);
        match &self.address {
            Address::Unix(path) => UnixSocket::connect(path).map(Stream::Unix).map_err(failed),
            Address::Tcp { host, port } => {
                let socket = TcpStream::connect((host.as_str(), *port)).await.map_err(failed)?;
                prepare_tcp(&socket).map_err(failed)?;
                match &self.tls {
                    Some(tls) => tls.encrypt(&self.address, host, socket).await,
                    None => Ok(Stream::Tcp(socket)),
                }
            }
        }
    }
}
