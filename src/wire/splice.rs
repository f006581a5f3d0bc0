//! Pipes, through which bytes go from socket to socket without coming into the process.

use std::cell::{Cell, RefCell};
use std::io;
use std::os::fd::{AsFd, OwnedFd};

use nix::fcntl::{FcntlArg, OFlag, SpliceFFlags, fcntl, splice};
use nix::unistd::{pipe2, write};

use super::plain::{Plain, Room};

/// How much a pipe is asked to hold, in pages.
const PIPE_BYTES: i32 = 256 * 1024;
/// How much it is made to hold: what it holds of a socket's are not single pages.
const MOST_BYTES: usize = 256 * 1024;
/// How many pipes are kept for the next use.
const KEPT: usize = 4;
/// How many pipes there are at most, as each takes two descriptors.
const MOST: usize = 16;

thread_local! {
    static SPARE: RefCell<Vec<Pipe>> = const { RefCell::new(Vec::new()) };
    static MADE: Cell<usize> = const { Cell::new(0) };
}

/// A pipe.
#[derive(Debug)]
pub(super) struct Pipe {
    out: OwnedFd,
    into: OwnedFd,
    /// How many bytes are in it.
    held: usize,
}

impl Pipe {
    /// A pipe with nothing in it.
    pub(super) fn take() -> io::Result<Self> {
        if let Some(spare) = SPARE.with(|spare| spare.try_borrow_mut().ok()?.pop()) {
            return Ok(spare);
        }
        if MADE.get() >= MOST {
            return Err(io::ErrorKind::QuotaExceeded.into());
        }
        let (out, into) = pipe2(OFlag::O_NONBLOCK | OFlag::O_CLOEXEC)?;
        // One user's pipes have a share of memory together; beyond it they stay small.
        let _size = fcntl(&into, FcntlArg::F_SETPIPE_SZ(PIPE_BYTES));
        MADE.set(MADE.get().saturating_add(1));
        Ok(Self { out, into, held: 0 })
    }

    /// A pipe with room for one piece, as Linux makes them where a user has many.
    #[cfg(test)]
    pub(super) fn smallest() -> Self {
        let (out, into) = pipe2(OFlag::O_NONBLOCK | OFlag::O_CLOEXEC).unwrap();
        fcntl(&into, FcntlArg::F_SETPIPE_SZ(1)).unwrap();
        MADE.set(MADE.get().saturating_add(1));
        Self { out, into, held: 0 }
    }

    /// Keeps it for the next use, if nothing is in it.
    pub(super) fn give_back(self) {
        SPARE.with(|spare| {
            if let Ok(mut spare) = spare.try_borrow_mut()
                && spare.len() < KEPT
                && self.held == 0
            {
                spare.push(self);
            }
        });
    }

    pub(super) fn held(&self) -> usize {
        self.held
    }

    /// Takes in `bytes`, few enough for a page, as a whole; `WouldBlock` where it is full.
    pub(super) fn put(&mut self, bytes: &[u8]) -> io::Result<()> {
        let count = write(&self.into, bytes)?;
        self.held = self.held.saturating_add(count);
        Ok(())
    }

    /// Takes in what has come, at most so many bytes; `WouldBlock` where nothing has, or it is full. 0 is the end of
    /// what the other side sends.
    pub(super) fn fill(&mut self, from: Plain<'_>, most: u64) -> io::Result<usize> {
        let room = MOST_BYTES.saturating_sub(self.held);
        if room == 0 {
            return Err(io::ErrorKind::WouldBlock.into());
        }
        let want = usize::try_from(most).unwrap_or(usize::MAX).min(room);
        let count = moved(&from, &self.into, want)?;
        self.held = self.held.saturating_add(count);
        Ok(count)
    }

    /// Moves what is in it on to another, as much as that takes.
    pub(super) fn pour(&mut self, into: &mut Self) -> io::Result<()> {
        let count = moved(&self.out, &into.into, self.held)?;
        self.held = self.held.saturating_sub(count);
        into.held = into.held.saturating_add(count);
        Ok(())
    }

    /// Sends all that is in it.
    pub(super) async fn empty(&mut self, to: Plain<'_>, room: &mut Room) -> io::Result<()> {
        while self.held > 0 {
            match room.write(to, || moved(&self.out, &to, self.held)).await? {
                0 => return Err(io::ErrorKind::WriteZero.into()),
                count => self.held = self.held.saturating_sub(count),
            }
        }
        Ok(())
    }
}

impl Drop for Pipe {
    fn drop(&mut self) {
        // At the end of a thread nobody counts.
        let _counted = MADE.try_with(|made| made.set(made.get().saturating_sub(1)));
    }
}

fn moved(from: &impl AsFd, to: &impl AsFd, bytes: usize) -> io::Result<usize> {
    let flags = SpliceFFlags::SPLICE_F_MOVE | SpliceFFlags::SPLICE_F_NONBLOCK;
    Ok(splice(from.as_fd(), None, to.as_fd(), None, bytes, flags)?)
}
