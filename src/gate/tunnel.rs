//! A connection that left HTTP behind: bytes both ways, each direction closed on its own.

use std::io::IoSlice;

use crate::metrics::Flow;
use crate::wire::{Inbox, Stream};

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
    let up = async {
        let ended = carry(client, daemon_stream, up_flow).await;
        // The daemon may have closed: what it sent before is still on its way down.
        daemon_stream.close_write().await.ok();
        match ended {
            Carried::ToTheEnd => client_stream.hung_up().await,
            Carried::SourceBroken => {}
            Carried::SinkBroken => std::future::pending().await,
        }
    };
    let down = async {
        match carry(daemon, client_stream, down_flow).await {
            Carried::ToTheEnd | Carried::SourceBroken => {
                client_stream.close_write().await.ok();
                // The client may still have something to say, as it may to the daemon itself.
                daemon_stream.hung_up().await;
            }
            Carried::SinkBroken => {}
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
}

async fn carry(source: Side<'_>, sink: &Stream, flow: &Flow<'_>) -> Carried {
    let Side { stream, inbox } = source;
    loop {
        let pending = inbox.pending();
        let count = pending.len();
        if count > 0 {
            if sink.write_all(&mut [IoSlice::new(pending)]).await.is_err() {
                return Carried::SinkBroken;
            }
            flow.add(count);
        }
        let brim = inbox.is_full();
        inbox.consume(count);
        match inbox.refill(stream, brim, None).await {
            Ok(()) => {}
            Err(crate::wire::InboxFault::Io(_)) => return Carried::SourceBroken,
            Err(crate::wire::InboxFault::End | crate::wire::InboxFault::Full) => return Carried::ToTheEnd,
        }
    }
}
