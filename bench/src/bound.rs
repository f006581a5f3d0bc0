//! The bounds: proxies that look at nothing. What they need, every proxy needs; one of them, every proxy that records.

mod record;
mod splice;

use std::path::{Path, PathBuf};
use std::rc::Rc;

use anyhow::Result;
use record::Ledger;
use tokio::net::{UnixListener, UnixStream};
use tokio::runtime::{Builder, LocalOptions};

/// The buffers of the proxies that copy, for each direction.
const BUFFER: usize = 64 * 1024;

/// How the bytes travel.
#[derive(Clone, Debug)]
pub(crate) enum Way {
    /// `tokio::io::copy_bidirectional`.
    Copy,
    /// `splice(2)` through a pipe for each direction.
    Splice,
    /// Copied, once it is on record that there was something.
    Record(Rc<Ledger>),
}

impl Way {
    /// With the records in a file beside the socket.
    pub(crate) fn record(listen: &Path) -> Result<Self> {
        Ok(Self::Record(Rc::new(Ledger::create(&listen.with_file_name("records"))?)))
    }
}

/// Carries every connection to the socket `to`, until it is ended. One thread.
pub(crate) fn serve(way: &Way, listen: &Path, to: &Path) -> Result<()> {
    let runtime = Builder::new_current_thread().enable_all().build_local(LocalOptions::default())?;
    runtime.block_on(async {
        let listener = UnixListener::bind(listen)?;
        loop {
            let (client, _) = listener.accept().await?;
            tokio::task::spawn_local(carry(way.clone(), client, to.to_owned()));
        }
    })
}

/// Whoever hangs up is done with.
async fn carry(way: Way, mut client: UnixStream, to: PathBuf) -> Result<()> {
    let mut engine = UnixStream::connect(to).await?;
    match way {
        Way::Copy => {
            tokio::io::copy_bidirectional_with_sizes(&mut client, &mut engine, BUFFER, BUFFER).await?;
        }
        Way::Splice => splice::both(&client, &engine).await?,
        Way::Record(ledger) => record::both(&mut client, &mut engine, &ledger).await?,
    }
    Ok(())
}
