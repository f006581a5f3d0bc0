//! Many clients at once, each with one request under way: one thread that waits for all.

use std::io::{Read as _, Write as _};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use nix::sys::epoll::{Epoll, EpollCreateFlags, EpollEvent, EpollFlags, EpollTimeout};

use crate::client::{Question, Reading};

/// What a load came to.
#[derive(Debug)]
pub(crate) struct Load {
    pub(crate) answers: u64,
    pub(crate) elapsed: Duration,
}

struct Asking {
    stream: UnixStream,
    reading: Reading,
}

/// Has `clients` ask the same again and again for so long. Every answer is checked.
pub(crate) fn run(socket: &Path, clients: usize, question: &Question, time: Duration) -> Result<Load> {
    let epoll = Epoll::new(EpollCreateFlags::EPOLL_CLOEXEC)?;
    let mut askers = Vec::with_capacity(clients);
    for index in 0..clients {
        let stream = UnixStream::connect(socket)?;
        stream.set_nonblocking(true)?;
        epoll.add(&stream, EpollEvent::new(EpollFlags::EPOLLIN, index as u64))?;
        askers.push(Asking { stream, reading: Reading::new() });
    }
    let started = Instant::now();
    for asker in &mut askers {
        asker.stream.write_all(&question.bytes)?;
    }
    let mut buffer = vec![0; 256 * 1024];
    let mut events = vec![EpollEvent::empty(); clients];
    let (mut answers, mut waiting) = (0, clients);
    while waiting > 0 {
        let ready = epoll.wait(&mut events, EpollTimeout::from(10_000_u16))?;
        ensure!(ready > 0, "no answer comes");
        let is_over = started.elapsed() >= time;
        for event in &events[..ready] {
            let asker = &mut askers[usize::try_from(event.data())?];
            let count = asker.stream.read(&mut buffer)?;
            ensure!(count > 0, "a connection ended");
            if !asker.reading.read(question, &buffer[..count])? {
                continue;
            }
            answers += 1;
            if is_over {
                waiting -= 1;
            } else {
                asker.reading = Reading::new();
                asker.stream.write_all(&question.bytes)?;
            }
        }
    }
    Ok(Load { answers, elapsed: started.elapsed() })
}
