//! Sockets whose bytes are not encrypted: read and written without asking the system more than it takes.

use std::cell::RefCell;
use std::future::poll_fn;
use std::io::{self, IoSlice};
use std::os::fd::{AsFd, AsRawFd as _, BorrowedFd, OwnedFd};
use std::time::Duration;

use nix::sys::socket::{MsgFlags, recv};
use socket2::SockRef;
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;
use tokio::net::TcpStream;

use super::unix::UnixSocket;

/// Parts of together so many bytes are joined before they are sent: to have the system gather them takes longer.
const JOINED_BYTES: usize = 4096;

/// After how long room is looked for again by who cannot be told of it, for want of a descriptor, say.
const MOMENT: Duration = Duration::from_millis(10);

thread_local! {
    /// Where they are joined.
    static JOINED: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

/// A socket, of either kind.
#[derive(Clone, Copy, Debug)]
pub(super) enum Plain<'a> {
    Unix(&'a UnixSocket),
    Tcp(&'a TcpStream),
}

/// Room to write on a socket, waited for. Of a unix socket's the runtime is told from the first time on that there was
/// none.
#[derive(Debug, Default)]
pub(super) struct Room(Option<AsyncFd<OwnedFd>>);

impl Plain<'_> {
    /// Waits until there may be something to read, be it the end. Only one task may do so at a time.
    pub(super) async fn readable(self) -> io::Result<()> {
        match self {
            Self::Unix(socket) => {
                poll_fn(|context| socket.0.poll_read_ready(context).map_ok(|mut guard| guard.retain_ready()))
                    .await
            }
            Self::Tcp(stream) => poll_fn(|context| stream.poll_read_ready(context)).await,
        }
    }

    /// Reads what has come; `WouldBlock` where there is nothing to read after all.
    pub(super) fn receive(self, buffer: &mut [u8]) -> io::Result<usize> {
        let mut count = 0;
        let received = self.try_read(|| {
            count = self.receive_now(buffer)?;
            // Fewer bytes than there was room for were all that had come: of more the system tells anew, and
            // until then nobody need ask in vain.
            let is_all = count > 0 && count < buffer.len();
            if is_all { Err(io::ErrorKind::WouldBlock.into()) } else { Ok(()) }
        });
        match received {
            Err(error) if count == 0 => Err(error),
            Ok(()) | Err(_) => Ok(count),
        }
    }

    /// The same, whether or not the system has told that something came.
    pub(super) fn receive_now(self, buffer: &mut [u8]) -> io::Result<usize> {
        Ok(recv(self.as_fd().as_raw_fd(), buffer, MsgFlags::empty())?)
    }

    /// Whether anything waits to be read, be it the end.
    pub(super) fn is_readable_now(self) -> bool {
        let mut byte = [0];
        let look = || Ok(recv(self.as_fd().as_raw_fd(), &mut byte, MsgFlags::MSG_PEEK)?);
        // Only where the system has told something is it asked what.
        let looked = self.try_read(look);
        !matches!(looked, Err(error) if error.kind() == io::ErrorKind::WouldBlock)
    }

    /// Writes all of `parts`, one after the other.
    pub(super) async fn write_all(self, mut parts: &mut [IoSlice<'_>]) -> io::Result<()> {
        // Mostly there is room for all of it.
        match self.send(parts) {
            Ok(count) => IoSlice::advance_slices(&mut parts, count),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            Err(error) => return Err(error),
        }
        if parts.is_empty() {
            return Ok(());
        }
        // In a box, since every connection would hold the place for it otherwise.
        Box::pin(self.write_rest(parts)).await
    }

    async fn write_rest(self, mut parts: &mut [IoSlice<'_>]) -> io::Result<()> {
        let mut room = Room::default();
        while !parts.is_empty() {
            match room.write(self, || self.send(parts)).await? {
                0 => return Err(io::ErrorKind::WriteZero.into()),
                count => IoSlice::advance_slices(&mut parts, count),
            }
        }
        Ok(())
    }

    fn send(self, parts: &[IoSlice<'_>]) -> io::Result<usize> {
        let socket = SockRef::from(&self);
        match parts {
            [part, rest @ ..] if rest.iter().all(|part| part.is_empty()) => socket.send(part),
            parts if parts.iter().map(|part| part.len()).sum::<usize>() <= JOINED_BYTES => JOINED
                .with_borrow_mut(|joined| {
                    joined.clear();
                    for part in parts {
                        joined.extend_from_slice(part);
                    }
                    socket.send(joined)
                }),
            parts => socket.send_vectored(parts),
        }
    }

    /// Reads by `act` if the system has told that something is there; asks to be told again if nothing was.
    pub(super) fn try_read<T>(self, act: impl FnOnce() -> io::Result<T>) -> io::Result<T> {
        match self {
            Self::Unix(socket) => socket.0.try_io(Interest::READABLE, |_| act()),
            Self::Tcp(stream) => stream.try_io(Interest::READABLE, act),
        }
    }
}

impl Room {
    /// Writes to `to`, the same socket each time, by `act`, as soon as there is room.
    pub(super) async fn write<T>(
        &mut self,
        to: Plain<'_>,
        mut act: impl FnMut() -> io::Result<T>,
    ) -> io::Result<T> {
        let socket = match to {
            Plain::Unix(socket) => socket,
            Plain::Tcp(stream) => return stream.async_io(Interest::WRITABLE, act).await,
        };
        loop {
            if let Some(told) = &self.0 {
                return told.async_io(Interest::WRITABLE, |_| act()).await;
            }
            match act() {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                done => return done,
            }
            self.0 = socket.told_of_room().ok();
            if self.0.is_none() {
                tokio::time::sleep(MOMENT).await;
            }
        }
    }
}

impl AsFd for Plain<'_> {
    fn as_fd(&self) -> BorrowedFd<'_> {
        match self {
            Self::Unix(stream) => stream.as_fd(),
            Self::Tcp(stream) => stream.as_fd(),
        }
    }
}
