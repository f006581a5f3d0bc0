//! Who asks: the listener a connection came in on, and what the kernel says of its other end.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};

/// The address of somebody whom no policy names (RFC 5737).
pub const STRANGER: IpAddr = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1));
/// The user and group of whom only the other is said.
const NOBODY: u32 = 65_534;

/// The program at the other end of a connection, as far as it can be known without trusting it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Client {
    /// The name of the listener that accepted the connection.
    pub listener: String,
    /// The other end of the connection.
    pub peer: Peer,
}

/// The other end of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Peer {
    /// A process on this host, by its credentials when it connected (`SO_PEERCRED`).
    Unix {
        /// Effective user id.
        uid: u32,
        /// Effective group id.
        gid: u32,
        /// Process id, where the kernel tells it (0 or absent across pid namespaces).
        pid: Option<i32>,
    },
    /// An address on a network.
    Tcp(SocketAddr),
}

/// Who counts as one client where many share something: the processes of a user, or a host, at a listener.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Who {
    listener: String,
    peer: Result<u32, IpAddr>,
}

impl Client {
    /// Who it counts as.
    #[must_use]
    pub fn who(&self) -> Who {
        let peer = match self.peer {
            Peer::Unix { uid, gid: _, pid: _ } => Ok(uid),
            Peer::Tcp(address) => Err(address.ip().to_canonical()),
        };
        Who { listener: self.listener.clone(), peer }
    }
}

impl Peer {
    /// An example of a process, of which this is said.
    #[must_use]
    pub fn process(uid: Option<u32>, gid: Option<u32>) -> Self {
        Self::Unix { uid: uid.unwrap_or(NOBODY), gid: gid.unwrap_or(NOBODY), pid: None }
    }
}

impl fmt::Display for Peer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unix { uid, gid, pid: Some(pid) } => write!(f, "uid {uid}, gid {gid}, pid {pid}"),
            Self::Unix { uid, gid, pid: None } => write!(f, "uid {uid}, gid {gid}"),
            Self::Tcp(address) => write!(f, "{address}"),
        }
    }
}
