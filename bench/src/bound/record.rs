//! Both directions by copying, and what recording takes at least: a line for each request, written before it
//! goes on, and one for each answer. Each has the hash of the line before.

use std::cell::RefCell;
use std::fs::File;
use std::io::{self, Write as _};
use std::path::Path;
use std::rc::Rc;

use anyhow::Result;
use sha2::{Digest as _, Sha256};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::UnixStream;
use tokio::net::unix::{ReadHalf, WriteHalf};

use super::BUFFER;

/// How long dockgate's record of the decision is, for the GET of the rows.
const JUDGED: usize = 569;
/// How long its record of the end is.
const ENDED: usize = 287;

/// Where the lines go.
#[derive(Debug)]
pub(crate) struct Ledger(RefCell<Group>);

/// The lines that are written next.
#[derive(Debug)]
struct Group {
    file: File,
    number: u64,
    lines: Vec<u8>,
    /// Of the last line.
    hash: [u8; 32],
}

impl Ledger {
    pub(super) fn create(path: &Path) -> io::Result<Self> {
        let file = File::create(path)?;
        Ok(Self(RefCell::new(Group { file, number: 0, lines: Vec::new(), hash: [0; 32] })))
    }

    /// Returns once a line is written, with those of everybody else who is ready.
    async fn judged(&self, is_alone: bool) -> io::Result<()> {
        let group = self.append(JUDGED);
        if !is_alone {
            tokio::task::yield_now().await;
        }
        self.0.borrow_mut().write(group)
    }

    /// Puts a line in that goes along with the next that is waited for.
    fn ended(&self) {
        self.append(ENDED);
    }

    /// The number of the group that it is in.
    fn append(&self, length: usize) -> u64 {
        let Group { number, lines, hash, .. } = &mut *self.0.borrow_mut();
        let start = lines.len();
        lines.extend_from_slice(hash);
        lines.resize(start + length, b'\n');
        *hash = Sha256::digest(&lines[start..]).into();
        *number
    }
}

impl Group {
    /// Writes the group of this number, unless somebody has done so.
    fn write(&mut self, number: u64) -> io::Result<()> {
        if self.number == number {
            self.file.write_all(&self.lines)?;
            self.lines.clear();
            self.number += 1;
        }
        Ok(())
    }
}

pub(super) async fn both(
    client: &mut UnixStream,
    engine: &mut UnixStream,
    ledger: &Rc<Ledger>,
) -> Result<()> {
    let (from_client, to_client) = client.split();
    let (from_engine, to_engine) = engine.split();
    // Each connection holds the ledger, and whoever accepts them does.
    let judged = async || ledger.judged(Rc::strong_count(ledger) == 2).await;
    let ended = async || {
        ledger.ended();
        Ok(())
    };
    tokio::try_join!(one(from_client, to_engine, judged), one(from_engine, to_client, ended))?;
    Ok(())
}

async fn one(
    mut from: ReadHalf<'_>,
    mut to: WriteHalf<'_>,
    record: impl AsyncFn() -> io::Result<()>,
) -> io::Result<()> {
    let mut buffer = vec![0; BUFFER];
    loop {
        let count = from.read(&mut buffer).await?;
        if count == 0 {
            return to.shutdown().await;
        }
        record().await?;
        to.write_all(&buffer[..count]).await?;
    }
}
