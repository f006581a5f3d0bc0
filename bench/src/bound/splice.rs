//! Both directions by `splice(2)`: the bytes never enter the process.

use std::io;
use std::os::fd::{AsFd, AsRawFd as _};

use anyhow::Result;
use nix::fcntl::{FcntlArg, OFlag, SpliceFFlags, fcntl, splice};
use nix::sys::socket::{Shutdown, shutdown};
use nix::unistd::pipe2;
use tokio::io::Interest;
use tokio::net::UnixStream;

/// What a pipe is asked to hold.
const PIPE: usize = 256 * 1024;

pub(super) async fn both(client: &UnixStream, engine: &UnixStream) -> Result<()> {
    tokio::try_join!(one(client, engine), one(engine, client))?;
    Ok(())
}

async fn one(from: &UnixStream, to: &UnixStream) -> Result<()> {
    let (out, into) = pipe2(OFlag::O_NONBLOCK | OFlag::O_CLOEXEC)?;
    // More than one user's share is not given; then it stays as it is.
    fcntl(&into, FcntlArg::F_SETPIPE_SZ(i32::try_from(PIPE)?)).ok();
    loop {
        let count = from.async_io(Interest::READABLE, || moved(from, &into, PIPE)).await?;
        if count == 0 {
            shutdown(to.as_raw_fd(), Shutdown::Write).ok();
            return Ok(());
        }
        let mut left = count;
        while left > 0 {
            left -= to.async_io(Interest::WRITABLE, || moved(&out, to, left)).await?;
        }
    }
}

fn moved(from: &impl AsFd, to: &impl AsFd, length: usize) -> io::Result<usize> {
    let flags = SpliceFFlags::SPLICE_F_MOVE | SpliceFFlags::SPLICE_F_NONBLOCK;
    Ok(splice(from.as_fd(), None, to.as_fd(), None, length, flags)?)
}
