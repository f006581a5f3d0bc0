//! The context of a build, or an upload, kept in a file until it is known what it says and judged whether it may go on.

use std::cell::Cell;
use std::io::{self, BufReader, Read, Seek as _};
use std::rc::Rc;
use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};

use tokio::fs::File;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::task::spawn_blocking;

use super::connection::Connection;
use super::request::{Unread, Upload, describe, invite_body, time_for};
use super::turns::Turn;
use super::{Gate, relay};
use crate::operation::inside::{ArchiveReader, Flaw, Found};
use crate::operation::{Fault, Operation, Unreadable};
use crate::policy::Policy;
use crate::wire::{Body, BodyFault, RequestHead};

/// How many contexts are kept at a time, so that clients cannot fill the disk with them; others wait for their turn.
pub(super) const MOST_KEPT: usize = 4;
/// How long a client may send nothing of a context that it holds a turn for.
const STALL_TIME: Duration = Duration::from_secs(60);
/// How far it may be behind the pace of a large body, where others wait.
const LATE_TIME: Duration = Duration::from_secs(10);
/// After how many bytes it is looked whether somebody still waits: bzip2 makes gigabytes of a few thousand.
const LOOK_BYTES: usize = 256;
/// How much is read of it at a time to be sent on.
const PIECE_BYTES: usize = 128 * 1024;

/// An archive that was read to its end.
pub(super) struct Context {
    file: File,
    /// Its size, as it came.
    pub(super) bytes: u64,
    _turn: Option<Turn>,
}

/// An archive that can be read as long as somebody waits for what it says.
struct Awaited<R> {
    archive: R,
    by: Weak<()>,
}

/// Where a rule of the policy says what a build may take from outside or do, or where an upload may be written, reads
/// the archive and takes down what it is. All else is left on the wire.
pub(super) async fn look_inside(
    gate: &Gate,
    policy: &Policy,
    connection: &mut Connection,
    head: &RequestHead<'_>,
    mut operation: Operation,
) -> Result<(Operation, Option<Context>), Unread> {
    let Some(reader) = ArchiveReader::of(&operation) else { return Ok((operation, None)) };
    if !policy.looks_inside(&connection.client, operation.endpoint()) {
        return Ok((operation, None));
    }
    let endpoint = Some(operation.endpoint());
    let unread = |stop| match stop {
        Stop::Refused(fault, message) => Unread::Unreadable(Unreadable { fault, endpoint, message }),
        Stop::Gone(message) => Unread::Gone(Unreadable { fault: Fault::Malformed, endpoint, message }),
        Stop::Drained => {
            let message = "dockgate was stopped before the archive had come".to_owned();
            Unread::Drained(Unreadable { fault: Fault::Malformed, endpoint, message })
        }
    };
    let (context, found) = Box::pin(keep(gate, connection, head, reader)).await.map_err(unread)?;
    operation.look_inside(found);
    Ok((operation, Some(context)))
}

/// Why there is no context.
enum Stop {
    Refused(Fault, String),
    Gone(String),
    Drained,
}

async fn keep(
    gate: &Gate,
    connection: &mut Connection,
    head: &RequestHead<'_>,
    reader: ArchiveReader,
) -> Result<(Context, Result<Found, Flaw>), Stop> {
    let client = Rc::clone(&connection.client);
    let turn = while_there(connection, gate.contexts.take(&client)).await?;
    let limit = gate.limits.build_context_bytes;
    let mut file = receive(gate, connection, head, limit, turn.as_ref()).await?;
    file.flush().await.map_err(|error| no_room(gate, &error))?;
    let mut file = file.into_std().await;
    let waiting = Arc::new(());
    let by = Arc::downgrade(&waiting);
    // A thread cannot be stopped, so the turn is its own until it ends.
    let reading = spawn_blocking(move || {
        let rewound = file.rewind();
        let found = reader.read(Awaited { archive: BufReader::new(&file), by }, limit);
        (rewound.and_then(|()| file.rewind()), found, file, turn)
    });
    // Only a panic ends it otherwise.
    let (rewound, found, file, turn) = while_there(connection, reading)
        .await?
        .map_err(|_| Stop::Refused(Fault::Unkept, "the archive could not be read".to_owned()))?;
    rewound.map_err(|error| no_room(gate, &error))?;
    let bytes = connection.body_bytes;
    Ok((Context { file: File::from_std(file), bytes, _turn: turn }, found))
}

/// Reads the body into a file without a name.
async fn receive(
    gate: &Gate,
    connection: &mut Connection,
    head: &RequestHead<'_>,
    limit: u64,
    turn: Option<&Turn>,
) -> Result<File, Stop> {
    let dir = gate.context_dir.clone();
    let made = spawn_blocking(move || tempfile::tempfile_in(dir)).await;
    let made = made.unwrap_or_else(|panic| Err(io::Error::other(panic)));
    let mut file = File::from_std(made.map_err(|error| no_room(gate, &error))?);
    invite_body(connection, Upload::of(head)).await.map_err(|error| Stop::Gone(error.to_string()))?;
    let mut body = Body::new(head.framing);
    let mut bytes: u64 = 0;
    let began = Instant::now();
    loop {
        let next = body.next(&mut connection.inbox, &connection.stream);
        let next = tokio::select! {
            next = tokio::time::timeout(STALL_TIME, next) => next,
            () = connection.place.until_cut() => return Err(Stop::Drained),
        };
        let piece = match next {
            Ok(Ok(Some(piece))) => piece,
            Ok(Ok(None)) => break,
            Ok(Err(fault @ BodyFault::Malformed(_))) => {
                return Err(Stop::Refused(Fault::Malformed, describe(&fault)));
            }
            Ok(Err(fault)) => return Err(Stop::Gone(describe(&fault))),
            Err(_) => {
                let message = format!("nothing came of the archive for {} seconds", STALL_TIME.as_secs());
                return Err(Stop::Refused(Fault::TooSlow, message));
            }
        };
        bytes = bytes.saturating_add(piece.try_into().unwrap_or(u64::MAX));
        connection.body_bytes = bytes;
        if bytes > limit {
            let message = format!("the archive is larger than {limit} bytes (--max-build-context)");
            return Err(Stop::Refused(Fault::BodyTooLarge, message));
        }
        let time = LATE_TIME.saturating_add(time_for(bytes.try_into().unwrap_or(usize::MAX)));
        if turn.is_some_and(Turn::is_wanted) && began.elapsed() > time {
            let message = "the archive came too slowly, while others waited".to_owned();
            return Err(Stop::Refused(Fault::TooSlow, message));
        }
        let pending = connection.inbox.pending().get(..piece).unwrap_or_default();
        file.write_all(pending).await.map_err(|error| no_room(gate, &error))?;
        connection.inbox.consume(piece);
    }
    connection.body_read = true;
    Ok(file)
}

/// What is waited for, unless the client goes away or dockgate is stopped first.
async fn while_there<T>(connection: &mut Connection, waited: impl Future<Output = T>) -> Result<T, Stop> {
    let nothing_taken = Cell::new(0);
    tokio::select! {
        biased;
        done = waited => Ok(done),
        () = relay::watch(&connection.stream, &mut connection.inbox, &nothing_taken) => {
            Err(Stop::Gone("the client went away before its archive was judged".to_owned()))
        }
        () = connection.place.until_cut() => Err(Stop::Drained),
    }
}

fn no_room(gate: &Gate, error: &io::Error) -> Stop {
    let dir = gate.context_dir.display();
    tracing::error!(
        "an archive cannot be kept in {dir}: {error}. The policy has rules that look into build contexts or uploads: give dockgate a directory with room that it may write to (--build-context-dir), in a container a volume or tmpfs."
    );
    let message = format!(
        "the archive must be looked into, and there is no place to keep it: {dir}: {error}. Give dockgate a directory that it may write to, with room: --build-context-dir."
    );
    Stop::Refused(Fault::Unkept, message)
}

impl<R: Read> Read for Awaited<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.by.strong_count() == 0 {
            return Err(io::Error::other("nobody waits for it any more"));
        }
        let most = buffer.len().min(LOOK_BYTES);
        self.archive.read(buffer.get_mut(..most).unwrap_or_default())
    }
}

impl Context {
    /// The next piece of it; empty at the end.
    pub(super) async fn piece(&mut self, buffer: &mut Vec<u8>) -> io::Result<()> {
        buffer.clear();
        let limit: u64 = PIECE_BYTES.try_into().unwrap_or(u64::MAX);
        (&mut self.file).take(limit).read_to_end(buffer).await.map(|_| ())
    }
}
