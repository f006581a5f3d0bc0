//! A connected socket, of either kind, used through a shared reference from both directions at once.

use std::io::{self, IoSlice};
use std::net::Shutdown;
use std::os::fd::{AsFd as _, BorrowedFd};
use std::time::Duration;

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use socket2::{SockRef, TcpKeepalive};
use tokio::net::TcpStream;

use super::plain::Plain;
use super::tls::TlsSocket;
use super::unix::UnixSocket;

/// How often a connection that was half-closed is looked at again.
const GONE_INTERVAL: Duration = Duration::from_millis(200);
/// How long a TCP client that closed its sending side, and was sent nothing since, is still thought to be
/// listening. A unix socket tells a half-close from a close; TCP does not, until one writes.
const TCP_HALF_CLOSED_GRACE: Duration = Duration::from_secs(5);

/// After how long a silence the system asks a TCP peer whether it is still there.
const TCP_KEEPALIVE: Duration = Duration::from_secs(60);

/// A connected socket.
#[derive(Debug)]
pub enum Stream {
    /// A unix socket.
    Unix(UnixSocket),
    /// A TCP socket.
    Tcp(TcpStream),
    /// A TCP socket whose bytes are encrypted.
    Tls(Box<TlsSocket>),
}

impl Stream {
    /// One end of a pair.
    #[cfg(test)]
    pub(super) fn of(end: tokio::net::UnixStream) -> Self {
        Self::Unix(UnixSocket::new(end.into_std().unwrap()).unwrap())
    }

    /// Takes a TCP connection.
    ///
    /// # Errors
    /// As [`prepare_tcp`].
    pub fn tcp(stream: TcpStream) -> io::Result<Self> {
        prepare_tcp(&stream)?;
        Ok(Self::Tcp(stream))
    }

    /// Waits until there may be something to read, be it the end. What is encrypted is only read to find out.
    ///
    /// # Errors
    /// When the runtime is gone.
    pub async fn readable(&self) -> io::Result<()> {
        match self.plain() {
            Ok(socket) => socket.readable().await,
            Err(_) => Ok(()),
        }
    }

    /// Reads what has come; 0 is the end of what the other side sends.
    ///
    /// # Errors
    /// As `recv(2)`; `WouldBlock` where there is nothing to read after all.
    pub async fn receive(&self, buffer: &mut [u8]) -> io::Result<usize> {
        match self.plain() {
            Ok(socket) => socket.receive(buffer),
            Err(socket) => socket.read(buffer).await,
        }
    }

    /// The same, whether or not the system has told that something came.
    ///
    /// # Errors
    /// As `recv(2)`.
    pub fn receive_now(&self, buffer: &mut [u8]) -> io::Result<usize> {
        match self.plain() {
            Ok(socket) => socket.receive_now(buffer),
            Err(_) => Err(io::ErrorKind::WouldBlock.into()),
        }
    }

    /// Writes all of `parts`, one after the other.
    ///
    /// # Errors
    /// As `sendmsg(2)`.
    pub async fn write_all(&self, mut parts: &mut [IoSlice<'_>]) -> io::Result<()> {
        IoSlice::advance_slices(&mut parts, 0);
        if parts.is_empty() {
            return Ok(());
        }
        let socket = match self.plain() {
            Ok(socket) => return socket.write_all(parts).await,
            Err(socket) => socket,
        };
        while !parts.is_empty() {
            match socket.write(parts).await? {
                0 => return Err(io::ErrorKind::WriteZero.into()),
                count => IoSlice::advance_slices(&mut parts, count),
            }
        }
        socket.flush().await
    }

    /// Says that nothing more will be sent; the other direction stays open.
    ///
    /// # Errors
    /// As `shutdown(2)`; a side that is gone already is one.
    pub async fn close_write(&self) -> io::Result<()> {
        match self {
            Self::Unix(stream) => SockRef::from(stream).shutdown(Shutdown::Write),
            Self::Tcp(stream) => SockRef::from(stream).shutdown(Shutdown::Write),
            Self::Tls(stream) => stream.close_write().await,
        }
    }

    /// Whether anything waits to be read, be it the end: an idle connection on which something came
    /// is not a clean one.
    #[must_use]
    pub fn is_readable_now(&self) -> bool {
        match self.plain() {
            Ok(socket) => socket.is_readable_now(),
            Err(socket) => socket.has_pending() || self.poll_now(PollFlags::POLLIN),
        }
    }

    /// Returns once the other side, whose end of sending was already read, can no longer receive.
    pub async fn gone_after_end(&self) {
        match self {
            Self::Tcp(_) | Self::Tls(_) => tokio::time::sleep(TCP_HALF_CLOSED_GRACE).await,
            Self::Unix(_) => self.hung_up().await,
        }
    }

    /// Returns once the other side sends no more, whether or not what it sent was read.
    pub async fn ended(&self) {
        // nix does not name this flag.
        let read_hang_up = PollFlags::from_bits_retain(nix::libc::POLLRDHUP);
        while !self.poll_now(read_hang_up) {
            tokio::time::sleep(GONE_INTERVAL).await;
        }
    }

    /// Whether the other side is known to have closed both directions.
    #[must_use]
    pub fn is_gone(&self) -> bool {
        self.poll_now(PollFlags::empty())
    }

    /// Returns once the other side has closed both directions. On TCP only a failed write shows that.
    pub async fn hung_up(&self) {
        while !self.is_gone() {
            tokio::time::sleep(GONE_INTERVAL).await;
        }
    }

    /// The socket, where its bytes are not encrypted.
    pub(super) fn plain(&self) -> Result<Plain<'_>, &TlsSocket> {
        match self {
            Self::Unix(stream) => Ok(Plain::Unix(stream)),
            Self::Tcp(stream) => Ok(Plain::Tcp(stream)),
            Self::Tls(stream) => Err(stream),
        }
    }

    /// Whether one of `events`, a hang-up or an error is there now.
    fn poll_now(&self, events: PollFlags) -> bool {
        match self {
            Self::Unix(stream) => poll_fd(stream.as_fd(), events),
            Self::Tcp(stream) => poll_fd(stream.as_fd(), events),
            Self::Tls(stream) => stream.with_fd(|fd| poll_fd(fd, events)),
        }
    }
}

/// Makes small writes go out at once, and has the system notice by itself when the other host has vanished.
///
/// # Errors
/// As `setsockopt(2)`.
pub fn prepare_tcp(stream: &TcpStream) -> io::Result<()> {
    stream.set_nodelay(true)?;
    SockRef::from(stream).set_tcp_keepalive(&TcpKeepalive::new().with_time(TCP_KEEPALIVE))
}

fn poll_fd(fd: BorrowedFd<'_>, events: PollFlags) -> bool {
    let mut fds = [PollFd::new(fd, events)];
    // A poll that cannot be done says nothing good about the socket.
    poll(&mut fds, PollTimeout::ZERO).map_or(true, |ready| ready > 0)
}
