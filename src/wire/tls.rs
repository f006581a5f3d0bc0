//! A socket whose bytes are encrypted, used through a shared reference as the others are.

use std::cell::RefCell;
use std::future::poll_fn;
use std::io::{self, IoSlice};
use std::os::fd::{AsFd as _, BorrowedFd};
use std::pin::Pin;
use std::task::{Poll, ready};

use tokio::io::{AsyncRead as _, AsyncWrite as _, ReadBuf};
use tokio::net::TcpStream;
use tokio_rustls::client::TlsStream;

/// An encrypted connection to a server. Both directions are used by one task, so that what one of them waits for
/// wakes the other as well; nothing is borrowed while it waits.
#[derive(Debug)]
pub struct TlsSocket(RefCell<TlsStream<TcpStream>>);

impl TlsSocket {
    /// Takes a connection whose handshake is over.
    #[must_use]
    pub fn new(stream: TlsStream<TcpStream>) -> Self {
        Self(RefCell::new(stream))
    }

    pub(super) async fn read(&self, buffer: &mut [u8]) -> io::Result<usize> {
        let mut buffer = ReadBuf::new(buffer);
        poll_fn(|context| {
            let mut stream = self.0.borrow_mut();
            ready!(Pin::new(&mut *stream).poll_read(context, &mut buffer))?;
            Poll::Ready(Ok(buffer.filled().len()))
        })
        .await
    }

    pub(super) async fn write(&self, parts: &[IoSlice<'_>]) -> io::Result<usize> {
        poll_fn(|context| {
            let mut stream = self.0.borrow_mut();
            Pin::new(&mut *stream).poll_write_vectored(context, parts)
        })
        .await
    }

    /// Sends what was written and is only encrypted so far.
    pub(super) async fn flush(&self) -> io::Result<()> {
        poll_fn(|context| {
            let mut stream = self.0.borrow_mut();
            Pin::new(&mut *stream).poll_flush(context)
        })
        .await
    }

    /// Says that nothing more will be sent, in a way that cannot be forged.
    pub(super) async fn close_write(&self) -> io::Result<()> {
        poll_fn(|context| {
            let mut stream = self.0.borrow_mut();
            Pin::new(&mut *stream).poll_shutdown(context)
        })
        .await
    }

    /// Whether something was received and is already decrypted.
    pub(super) fn has_pending(&self) -> bool {
        let mut stream = self.0.borrow_mut();
        let (_, session) = stream.get_mut();
        session.process_new_packets().map_or(true, |state| state.plaintext_bytes_to_read() > 0)
    }

    pub(super) fn with_fd<T>(&self, look: impl FnOnce(BorrowedFd<'_>) -> T) -> T {
        let stream = self.0.borrow();
        let (socket, _) = stream.get_ref();
        look(socket.as_fd())
    }
}
