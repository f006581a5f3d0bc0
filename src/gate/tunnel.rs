//! A connection that left HTTP behind: bytes both ways, each direction closed on its own.

use std::cell::Cell;
use std::future::pending;
use std::io::IoSlice;

use super::relay::left_untaken;
use crate::metrics::Flow;
use crate::wire::{Inbox, InboxFault, Stream};

/// One end of a tunnel.
#[derive(Debug)]
pub(super) struct Side<'a> {
    pub(super) stream: &'a Stream,
    pub(super) inbox: &'a mut Inbox,
}

/// Carries bytes both ways until both sides have ended, or the client is gone. The end of one direction
/// is passed on and leaves the other open. What came early on either side goes first.
pub(super) async fn run(client: Side<'_>, daemon: Side<'_>, up_flow: &Flow<'_>, down_flow: &Flow<'_>) {
    let client_stream = client.stream;
    let daemon_stream = daemon.stream;
    // A unix socket that was closed in both directions, one after the other, looks like one whose owner is gone.
    let is_down_closed = Cell::new(false);
    let up = async {
        let in_vain = || async {
            left_untaken(client_stream, up_flow.bytes()).await;
            if is_down_closed.get() {
                pending::<()>().await;
            }
        };
        let ended = carry(client, daemon_stream, up_flow, in_vain).await;
        if !matches!(ended, Carried::InVain) {
            // The daemon may have closed: what it sent before is still on its way down.
            daemon_stream.close_write().await.ok();
        }
        match ended {
            Carried::ToTheEnd => client_stream.hung_up().await,
            Carried::SourceBroken | Carried::InVain => {}
            Carried::SinkBroken => pending().await,
        }
    };
    let down = async {
        match carry(daemon, client_stream, down_flow, pending).await {
            Carried::ToTheEnd | Carried::SourceBroken => {
                is_down_closed.set(true);
                client_stream.close_write().await.ok();
                // The client may still have something to say, as it may to the daemon itself.
                daemon_stream.hung_up().await;
            }
            Carried::SinkBroken | Carried::InVain => {}
        }
    };
    tokio::select! {
        () = up => {}
        () = down => {}
    }
}

enum Carried {
    /// The source sends no more.
    ToTheEnd,
    /// The source failed.
    SourceBroken,
    /// The sink takes no more.
    SinkBroken,
    /// The sink has no room, and nobody waits for it any more.
    InVain,
}

/// Carries bytes from `source` to `sink`. Where the sink has no room, `in_vain` says when to give up waiting for it.
async fn carry<F: Future<Output = ()>>(
    source: Side<'_>,
    sink: &Stream,
    flow: &Flow<'_>,
    in_vain: impl Fn() -> F,
) -> Carried {
    let Side { stream, inbox } = source;
    loop {
        let came = inbox.pending();
        let count = came.len();
        if count > 0 {
            let mut parts = [IoSlice::new(came)];
            tokio::select! {
                biased;
                sent = sink.write_all(&mut parts) => if sent.is_err() {
                    return Carried::SinkBroken;
                },
                () = in_vain() => return Carried::InVain,
            }
            flow.add(count);
        }
        let brim = inbox.is_full();
        inbox.consume(count);
        match inbox.refill(stream, brim, None).await {
            Ok(()) => {}
            Err(InboxFault::Io(_)) => return Carried::SourceBroken,
            Err(InboxFault::End | InboxFault::Full) => return Carried::ToTheEnd,
        }
    }
}
