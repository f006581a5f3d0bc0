//! One recorded request on its way to the daemon, its body and its client watched while the answer comes back.

use std::cell::Cell;
use std::io::ErrorKind;
use std::pin::pin;
use std::time::{Duration, Instant};

use super::answer::{Down, Passing, Progress};
use super::connection::{Connection, Next};
use super::context::Context;
use super::crowd::Place;
use super::refusal::Refusal;
use super::request::Upload;
use super::shown::Filter;
use super::tenure::Tenure;
use super::{Gate, Hearing, Outcome, request, tunnel};
use crate::audit::{End, Recorded, RequestId};
use crate::daemon::{Daemon, Failure, Forwarded, Sender};
use crate::operation::table::Method;
use crate::operation::{self, Fault, Unreadable};
use crate::wire::{Body, BodyFault, Broken, Framing, Inbox, InboxFault, Pieces, Stream};

/// How much of what a client sends before its turn is kept for later.
const EARLY_BYTES: usize = 64 * 1024;
/// How long the daemon may take nothing of what a client that is gone has sent.
const UNTAKEN_TIME: Duration = Duration::from_secs(5);

/// How the way up ended, or was ended.
enum Up {
    /// The client is gone.
    ClientGone,
    /// Its body is not framed by the book.
    Malformed(BodyFault),
    /// What was kept of it cannot be read any more.
    Lost,
    /// dockgate closes it.
    Closed(End),
}

impl From<BodyFault> for Up {
    fn from(fault: BodyFault) -> Self {
        match fault {
            BodyFault::Truncated | BodyFault::Io(_) => Self::ClientGone,
            BodyFault::Malformed(_) => Self::Malformed(fault),
        }
    }
}

/// Forwards `recorded`, which was written at `asked`, and passes the answer on, until its tenure, where it has one, is over.
pub(super) async fn forward(
    gate: &Gate,
    connection: &mut Connection,
    (upload, context): (Upload, Option<Context>),
    (recorded, asked): (Recorded, Instant),
    hearing: &Hearing<'_>,
    tenure: Option<Box<Tenure<'_>>>,
) -> Outcome {
    let (daemon, id) = (&*gate.daemon, hearing.context.id);
    let operation = recorded.operation();
    let (endpoint, upgrade) = (operation.endpoint(), operation.upgrade());
    let is_head = endpoint.method == Method::Head;
    let terms = Some(recorded.terms()).filter(|terms| !terms.is_empty());
    let reader = terms.and_then(|terms| terms.of_answer().reader(operation));
    let filter = reader.map(|reader| Filter { reader, version: operation.version() });
    // What was kept, or read, has come already.
    let (upload, invited) = match (operation.body(), &context) {
        (operation::Body::Stream, Some(context)) => (Framing::Length(context.bytes), Upload::NONE),
        (operation::Body::Stream, None) => (upload.framing, upload),
        (operation::Body::None | operation::Body::Json(_), _) => (Framing::None, Upload::NONE),
    };
    let mut forwarded = match send(daemon, connection, recorded, id, (upload, invited)).await {
        Ok(forwarded) => forwarded,
        Err(outcome) => return outcome,
    };
    let _open = hearing.tally.forwarded();
    let progress = Progress::new(&hearing.tally, connection.body_bytes, upload);
    let keep_alive = connection.keep_alive && connection.place.is_serving();
    let mut closed = pin!(until_closed(&connection.place, tenure));
    let (sender, mut receiver) = forwarded.split();
    let mut passing = Passing {
        gate,
        by: hearing.context.client,
        client: &connection.stream,
        is_http_10: connection.is_http_10,
        endpoint,
        upgrade,
        id,
        keep_alive,
        asked,
        progress: &progress,
        filter,
    };
    let ended = tokio::select! {
        biased;
        down = passing.down(&mut receiver) => Ok(down),
        up = up(&connection.stream, &mut connection.inbox, (upload, context), sender, &progress) => Err(up),
        end = &mut closed => Err(Up::Closed(end)),
    };
    let answered = progress.status.get().is_some();
    connection.body_bytes = progress.up.bytes().get();
    match ended {
        Ok(Down::Complete { reusable }) => {
            let next = if progress.closing.get() { Next::Close } else { Next::Request };
            if reusable && progress.uploaded.get() {
                forwarded.keep_on(&mut connection.line);
            }
            outcome(&progress, End::Complete, next)
        }
        Ok(Down::Switched) => {
            let client = tunnel::Side { stream: &connection.stream, inbox: &mut connection.inbox };
            let daemon = tunnel::Side { stream: receiver.stream, inbox: receiver.inbox };
            tokio::select! {
                biased;
                () = Box::pin(tunnel::run(client, daemon, &progress.up, &progress.down)) => {
                    outcome(&progress, End::Tunnel, Next::Close)
                }
                end = &mut closed => outcome(&progress, end, Next::Cut),
            }
        }
        Ok(Down::Lost(lost)) if !answered => {
            connection.body_read = progress.uploaded.get();
            connection.refuse(id, is_head, &Refusal::failure(&Failure::Lost(lost)), End::DaemonGone).await
        }
        Ok(Down::Lost(_)) => outcome(&progress, End::DaemonGone, Next::Cut),
        Ok(Down::Withheld(why)) => {
            tracing::warn!("request {id}: the daemon's answer to {endpoint} is withheld: {why}");
            if answered {
                return outcome(&progress, End::Failed, Next::Cut);
            }
            connection.body_read = progress.uploaded.get();
            connection.refuse(id, is_head, &Refusal::withheld(&why), End::Failed).await
        }
        Ok(Down::Unasked(away)) if !answered => {
            connection.body_read = progress.uploaded.get();
            connection.refuse(id, is_head, &Refusal::away(&away), End::DaemonAway).await
        }
        Ok(Down::Unasked(_)) => outcome(&progress, End::DaemonAway, Next::Cut),
        Ok(Down::ClientGone) | Err(Up::ClientGone) => outcome(&progress, End::ClientGone, Next::Cut),
        Err(Up::Malformed(fault)) if !answered => {
            let message = request::describe(&fault);
            let unreadable = Unreadable { fault: Fault::Malformed, endpoint: Some(endpoint), message };
            connection.body_read = false;
            connection.refuse(id, is_head, &Refusal::unreadable(&unreadable), End::Malformed).await
        }
        Err(Up::Malformed(_)) => outcome(&progress, End::Malformed, Next::Cut),
        Err(Up::Lost) => outcome(&progress, End::Failed, Next::Cut),
        Err(Up::Closed(End::Revoked)) if !answered => {
            connection.body_read = progress.uploaded.get();
            connection.refuse(id, is_head, &Refusal::revoked(), End::Revoked).await
        }
        Err(Up::Closed(end)) => outcome(&progress, end, Next::Cut),
    }
}

/// Returns when dockgate closes the connection, and why it does.
async fn until_closed(place: &Place, tenure: Option<Box<Tenure<'_>>>) -> End {
    let revoked = async {
        match tenure {
            Some(tenure) => Box::pin(tenure.end()).await,
            None => std::future::pending().await,
        }
    };
    tokio::select! {
        biased;
        () = place.until_cut() => End::Drained,
        () = revoked => End::Revoked,
    }
}

/// Sends the recorded request, unless the client goes away or dockgate is stopped first.
async fn send(
    daemon: &Daemon,
    connection: &mut Connection,
    recorded: Recorded,
    id: RequestId,
    (upload, invited): (Framing, Upload),
) -> Result<Forwarded, Outcome> {
    let is_head = recorded.operation().endpoint().method == Method::Head;
    let sending = daemon.forward(recorded, &mut connection.line, upload);
    let nothing_taken = Cell::new(0);
    let sent = tokio::select! {
        biased;
        sent = sending => sent,
        () = watch(&connection.stream, &mut connection.inbox, &nothing_taken) => {
            return Err(Outcome::client_gone(connection.body_bytes));
        }
        () = connection.place.until_cut() => {
            return Err(Outcome::drained(connection.body_bytes));
        }
    };
    let (failure, end) = match sent {
        Ok(forwarded) => {
            return match request::invite_body(connection, invited).await {
                Ok(()) => Ok(forwarded),
                Err(_) => Err(Outcome::client_gone(connection.body_bytes)),
            };
        }
        Err(failure @ Failure::Away(_)) => (failure, End::DaemonAway),
        Err(failure @ Failure::Lost(_)) => (failure, End::DaemonGone),
    };
    Err(connection.refuse(id, is_head, &Refusal::failure(&failure), end).await)
}

/// The way up: the client's body, and then nothing but the client itself, which may go away.
async fn up(
    client: &Stream,
    inbox: &mut Inbox,
    (upload, context): (Framing, Option<Context>),
    sender: Sender<'_>,
    progress: &Progress<'_>,
) -> Up {
    if let Some(context) = context {
        tokio::select! {
            biased;
            sent = Box::pin(send_kept(context, &sender, progress)) => if let Err(error) = sent {
                tracing::error!("an archive that was kept cannot be read: {error}");
                return Up::Lost;
            },
            () = watch(client, inbox, progress.down.bytes()) => return Up::ClientGone,
        }
        watch(client, inbox, progress.down.bytes()).await;
        return Up::ClientGone;
    }
    // Without a body there is nothing to end.
    if !progress.uploaded.get() {
        tokio::select! {
            biased;
            sent = Box::pin(send_body(client, inbox, upload, &sender, progress)) => if let Err(up) = sent {
                return up;
            },
            () = left_untaken(client, progress.up.bytes()) => return Up::ClientGone,
        }
    }
    watch(client, inbox, progress.down.bytes()).await;
    Up::ClientGone
}

/// Sends the client's body. The daemon may close before it has all, perhaps after an early answer, which is on its way
/// down.
async fn send_body(
    client: &Stream,
    inbox: &mut Inbox,
    upload: Framing,
    sender: &Sender<'_>,
    progress: &Progress<'_>,
) -> Result<(), Up> {
    let mut body = Body::new(upload);
    let mut pieces = Pieces::default();
    while !progress.uploaded.get() {
        if body.is_bulk(inbox) {
            let carrying = sender.carry(&mut body, inbox, client, |count| progress.up.add(count));
            match carrying.await {
                Ok(()) => {}
                Err(Broken::Source(fault)) => return Err(fault.into()),
                Err(Broken::Sink) => return Ok(()),
            }
        }
        body.all_there(inbox, client, &mut pieces).await?;
        if sender.send(&pieces, inbox).await.is_err() {
            return Ok(());
        }
        progress.up.add(pieces.bytes());
        pieces.consume(inbox);
        progress.uploaded.set(pieces.is_last);
    }
    Ok(())
}

/// Returns once the client is gone and the daemon has taken nothing of what it left for a while, which `taken_bytes`
/// counts. While the daemon takes nothing, nothing is read that would tell of the client's end.
pub(super) async fn left_untaken(client: &Stream, taken_bytes: &Cell<u64>) {
    let mut is_gone = false;
    loop {
        let taken = taken_bytes.get();
        tokio::time::sleep(UNTAKEN_TIME).await;
        if is_gone && taken_bytes.get() == taken {
            return;
        }
        is_gone = client.is_gone();
    }
}

/// Sends a context that was kept, and lets go of it. The daemon may close before it has all, perhaps after an early
/// answer, which is on its way down. It fails where the context cannot be read.
async fn send_kept(
    mut context: Context,
    sender: &Sender<'_>,
    progress: &Progress<'_>,
) -> std::io::Result<()> {
    let (mut piece, mut left) = (Vec::new(), context.bytes);
    // The daemon may answer as soon as it has the last byte: there is nothing to wait for behind that.
    while left > 0 {
        context.piece(&mut piece).await?;
        if piece.is_empty() {
            return Err(ErrorKind::UnexpectedEof.into());
        }
        if sender.piece(&piece).await.is_err() {
            return Ok(());
        }
        left = left.saturating_sub(piece.len().try_into().unwrap_or(u64::MAX));
    }
    progress.uploaded.set(true);
    Ok(())
}

/// Returns when the client is gone. What it sends meanwhile waits for its turn; `taken_bytes` counts what
/// it was sent.
pub(super) async fn watch(client: &Stream, inbox: &mut Inbox, taken_bytes: &Cell<u64>) {
    loop {
        match inbox.fill(client, EARLY_BYTES).await {
            Ok(()) => {}
            Err(InboxFault::Io(_)) => return,
            Err(InboxFault::End) => break,
            Err(InboxFault::Full) => {
                client.ended().await;
                break;
            }
        }
    }
    // It sends no more. It may still be listening, as long as it takes what it is sent.
    loop {
        let taken = taken_bytes.get();
        client.gone_after_end().await;
        if client.is_gone() || taken_bytes.get() == taken {
            return;
        }
    }
}

fn outcome(progress: &Progress<'_>, end: End, next: Next) -> Outcome {
    Outcome {
        status: progress.status.get(),
        daemon_status: progress.status.get(),
        request_bytes: progress.up.bytes().get(),
        response_bytes: progress.down.bytes().get(),
        end,
        next,
    }
}
