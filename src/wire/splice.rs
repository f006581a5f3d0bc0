//! Bytes that go from socket to socket without coming into the process.

use std::cell::RefCell;
use std::io;
use std::os::fd::{AsFd, OwnedFd};

use nix::fcntl::{FcntlArg, OFlag, SpliceFFlags, fcntl, splice};
use nix::unistd::pipe2;
use tokio::io::Interest;

use super::plain::Plain;

/// Fewer bytes than this are not worth the further calls.
pub(super) const WORTH_BYTES: u64 = 128 * 1024;
/// How much a pipe is asked to hold.
const PIPE_BYTES: i32 = 256 * 1024;
/// How much is asked for at a time.
const PIECE_BYTES: usize = 256 * 1024;
/// How many pipes are kept for the next use.
const KEPT: usize = 4;

thread_local! {
    static SPARE: RefCell<Vec<Pipe>> = const { RefCell::new(Vec::new()) };
}

/// Which side broke.
#[derive(Debug)]
pub enum Broken {
    /// Nothing more comes: it ended too early, or failed.
    Source,
    /// It takes no more.
    Sink,
}

/// A pipe with nothing in it.
#[derive(Debug)]
struct Pipe {
    out: OwnedFd,
    into: OwnedFd,
}

impl Pipe {
    fn take() -> io::Result<Self> {
        if let Some(spare) = SPARE.with(|spare| spare.try_borrow_mut().ok()?.pop()) {
            return Ok(spare);
        }
        let (out, into) = pipe2(OFlag::O_NONBLOCK | OFlag::O_CLOEXEC)?;
        // One user's pipes have a share of memory together; beyond it they stay small.
        let _size = fcntl(&into, FcntlArg::F_SETPIPE_SZ(PIPE_BYTES));
        Ok(Self { out, into })
    }

    fn give_back(self) {
        SPARE.with(|spare| {
            if let Ok(mut spare) = spare.try_borrow_mut()
                && spare.len() < KEPT
            {
                spare.push(self);
            }
        });
    }
}

/// Carries so many bytes, and tells of each piece that has arrived. None, if the system has no pipe to spare:
/// nothing has been carried then. If the future is dropped, what is on its way is lost.
pub(super) async fn carry(
    from: Plain<'_>,
    to: Plain<'_>,
    bytes: u64,
    mut arrived: impl FnMut(usize),
) -> Option<Result<(), Broken>> {
    let pipe = Pipe::take().ok()?;
    let mut left = bytes;
    while left > 0 {
        let want = usize::try_from(left).unwrap_or(usize::MAX).min(PIECE_BYTES);
        let Ok(count @ 1..) = fill(from, &pipe.into, want).await else { return Some(Err(Broken::Source)) };
        if empty(&pipe.out, to, count).await.is_err() {
            return Some(Err(Broken::Sink));
        }
        arrived(count);
        left = left.saturating_sub(u64::try_from(count).unwrap_or(u64::MAX));
    }
    pipe.give_back();
    Some(Ok(()))
}

async fn fill(from: Plain<'_>, into: &OwnedFd, want: usize) -> io::Result<usize> {
    loop {
        from.readable().await?;
        match from.try_io(Interest::READABLE, || moved(&from, into, want)) {
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            done => return done,
        }
    }
}

async fn empty(out: &OwnedFd, to: Plain<'_>, count: usize) -> io::Result<()> {
    let mut left = count;
    let mut written = moved(out, &to, left);
    loop {
        match written {
            Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
            Ok(count) => left = left.saturating_sub(count),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            Err(error) => return Err(error),
        }
        if left == 0 {
            return Ok(());
        }
        to.writable().await?;
        written = to.try_io(Interest::WRITABLE, || moved(out, &to, left));
    }
}

fn moved(from: &impl AsFd, to: &impl AsFd, bytes: usize) -> io::Result<usize> {
    let flags = SpliceFFlags::SPLICE_F_MOVE | SpliceFFlags::SPLICE_F_NONBLOCK;
    Ok(splice(from.as_fd(), None, to.as_fd(), None, bytes, flags)?)
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::net::UnixStream;

    use super::*;
    use crate::wire::Stream;

    #[tokio::test]
    async fn so_many_bytes_arrive_and_the_next_stay() {
        let payload: Vec<u8> = (0..=250).cycle().take(1_000_003).collect();
        let (near, mut client) = UnixStream::pair().unwrap();
        let (far, mut daemon) = UnixStream::pair().unwrap();
        let (source, sink) = (Stream::Unix(near), Stream::Unix(far));
        for _ in 0..2 {
            let mut arrived = 0;
            let mut got = vec![0; payload.len()];
            let writing = async {
                client.write_all(&payload).await.unwrap();
                client.write_all(b"next").await.unwrap();
            };
            let carrying = source.carry(&sink, 1_000_003, |count| arrived += count);
            let ((), carried, read) = tokio::join!(writing, carrying, daemon.read_exact(&mut got));
            read.unwrap();
            carried.unwrap().unwrap();
            assert!(got == payload && arrived == payload.len());
            let mut next = [0; 4];
            source.readable().await.unwrap();
            source.receive(&mut next).await.unwrap();
            assert_eq!(&next, b"next");
        }
        drop(client);
        assert!(matches!(source.carry(&sink, 1, |_| ()).await, Some(Err(Broken::Source))));
    }
}
