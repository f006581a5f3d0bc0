//! Unix sockets, of which the runtime is told only what somebody waits for.
//!
//! tokio's own are told of room to write too, and a unix socket tells of that whenever the other side has read
//! something: who waits for the next request or answer would be woken for nothing, once for each.

use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::os::unix::net;
use std::path::Path;

use nix::sys::socket::{UnixCredentials, getsockopt, sockopt};
use socket2::{Domain, SockAddr, Socket, Type};
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;

/// A connected unix socket.
#[derive(Debug)]
pub struct UnixSocket(pub(super) AsyncFd<net::UnixStream>);

impl UnixSocket {
    /// Connects to the socket at `path`. That is done at once or fails, so that nothing need be waited for.
    ///
    /// # Errors
    /// As `connect(2)`.
    pub fn connect(path: &Path) -> io::Result<Self> {
        let socket = Socket::new(Domain::UNIX, Type::STREAM.nonblocking().cloexec(), None)?;
        socket.connect(&SockAddr::unix(path)?)?;
        told_of(socket.into(), Interest::READABLE).map(Self)
    }

    /// Takes a connected socket.
    ///
    /// # Errors
    /// When the runtime cannot be told of it.
    pub fn new(socket: net::UnixStream) -> io::Result<Self> {
        socket.set_nonblocking(true)?;
        told_of(socket, Interest::READABLE).map(Self)
    }

    /// Who is at the other end, or was when it connected.
    ///
    /// # Errors
    /// As `getsockopt(2)`.
    pub fn peer(&self) -> io::Result<UnixCredentials> {
        Ok(getsockopt(&self.0, sockopt::PeerCredentials)?)
    }

    /// Has the runtime told of room to write as well, by a further descriptor, as long as what this returns is kept.
    pub(super) fn told_of_room(&self) -> io::Result<AsyncFd<OwnedFd>> {
        told_of(self.as_fd().try_clone_to_owned()?, Interest::WRITABLE)
    }
}

impl AsFd for UnixSocket {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}

/// A unix socket that clients connect to.
#[derive(Debug)]
pub struct UnixListener(AsyncFd<net::UnixListener>);

impl UnixListener {
    /// Makes the socket at `path`.
    ///
    /// # Errors
    /// As `bind(2)` and `listen(2)`.
    pub fn bind(path: &Path) -> io::Result<Self> {
        let listener = net::UnixListener::bind(path)?;
        listener.set_nonblocking(true)?;
        told_of(listener, Interest::READABLE).map(Self)
    }

    /// Waits for a client.
    ///
    /// # Errors
    /// As `accept(2)`.
    pub async fn accept(&self) -> io::Result<UnixSocket> {
        let (socket, _) = self.0.async_io(Interest::READABLE, net::UnixListener::accept).await?;
        UnixSocket::new(socket)
    }
}

/// Has the runtime told of what `interest` names, and of nothing else.
#[expect(
    deprecated,
    reason = "its successor is unsafe to call, for descriptors that may be closed; these are owned"
)]
fn told_of<T: AsFd + AsRawFd>(socket: T, interest: Interest) -> io::Result<AsyncFd<T>> {
    AsyncFd::with_interest(socket, interest)
}
