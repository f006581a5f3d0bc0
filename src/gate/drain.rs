//! Serving until told to stop, and stopping so that nobody loses an answer who could have had it.

use std::io::IoSlice;
use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::spawn_local;

use super::listener::Listener;
use super::refusal::Refusal;
use super::signals::Signals;
use super::{Gate, connection};
use crate::wire::{Inbox, Stream};

/// How long cut connections get to put their end on record, and the records to be written.
const CUT_TIME: Duration = Duration::from_secs(2);
/// How long accepting rests after it failed for want of descriptors or memory.
const ACCEPT_REST: Duration = Duration::from_millis(100);

/// How often the operator is told at most that there is no room: whether there is, clients have it in their hands.
const TELL_PAUSE: Duration = Duration::from_secs(10);

/// How long who finds no room may take to ask, and how many of them are waited for: one that has not asked yet
/// when its connection is closed finds that broken, and does not read why.
const TURN_AWAY_TIME: Duration = Duration::from_secs(1);
const TURNED_AWAY: usize = 32;

/// Whether dockgate serves or is stopping.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// New connections and requests are welcome.
    Serving,
    /// Running requests go on, others do not begin.
    Draining,
    /// What still runs is cut.
    Cutting,
}

/// What stopping took.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Drained {
    /// Connections that were still busy at the end of the grace period, and were cut.
    pub cut: usize,
}

/// Accepts and serves until the first of `signals`, then drains; a second one cuts the grace period short.
pub(super) async fn until_drained(gate: Rc<Gate>, listeners: Vec<Listener>, mut signals: Signals) -> Drained {
    let crowd = &gate.crowd;
    let turns = Arc::new(Semaphore::new(TURNED_AWAY));
    for listener in listeners {
        spawn_local(accept(Rc::clone(&gate), listener, Arc::clone(&turns)));
    }
    signals.until_stop().await;
    tracing::info!("stopping; open connections: {}", crowd.open());
    crowd.begin(Phase::Draining);
    tokio::select! {
        () = crowd.empty() => {}
        () = signals.until_stop() => {}
        () = tokio::time::sleep(gate.grace) => {}
    }
    let cut = crowd.open();
    if cut > 0 {
        tracing::warn!("connections that are cut, being busy at the end of the grace period: {cut}");
        crowd.begin(Phase::Cutting);
        if tokio::time::timeout(CUT_TIME, crowd.empty()).await.is_err() {
            tracing::warn!("connections that did not end when they were cut: {}", crowd.open());
        }
    }
    if tokio::time::timeout(CUT_TIME, gate.audit.close()).await.is_err() {
        tracing::warn!("the last records could not be written: nobody takes them");
    }
    Drained { cut }
}

async fn accept(gate: Rc<Gate>, listener: Listener, turns: Arc<Semaphore>) {
    let (crowd, mut phase) = (&gate.crowd, gate.phase());
    let (mut failing, mut turned_away) = (false, TurnedAway::default());
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            _ = phase.wait_for(|phase| *phase != Phase::Serving) => return,
        };
        let (stream, client) = match accepted {
            Ok(accepted) => accepted,
            Err(error) => {
                if !failing {
                    tracing::error!("listener {}: cannot accept: {error}", listener.name());
                }
                failing = true;
                tokio::time::sleep(ACCEPT_REST).await;
                continue;
            }
        };
        failing = false;
        match crowd.enter(client.who()) {
            Ok(place) => {
                tracing::debug!("listener {}: a client connected: {}", listener.name(), client.peer);
                spawn_local(connection::serve(Rc::clone(&gate), client, stream, place));
            }
            Err(no_place) => {
                if let Some(more) = turned_away.another(Instant::now()) {
                    let (name, peer) = (listener.name(), client.peer);
                    let more =
                        if more > 0 { format!("; nor was there for {more} before") } else { String::new() };
                    tracing::warn!("listener {name}: no room for {peer}: {no_place}, and all are busy{more}");
                }
                gate.metrics.no_room();
                let refusal = Refusal::crowded(no_place).encode(None, false, false);
                let turn = Arc::clone(&turns).try_acquire_owned().ok();
                spawn_local(turn_away(stream, refusal, turn));
            }
        }
    }
}

/// Those who found no room.
#[derive(Debug, Default)]
struct TurnedAway {
    told: Option<Instant>,
    untold: u64,
}

impl TurnedAway {
    /// There was none for one more. Where the operator is to be told, how many more there are that nobody told of.
    fn another(&mut self, now: Instant) -> Option<u64> {
        if self.told.is_some_and(|told| now.saturating_duration_since(told) < TELL_PAUSE) {
            self.untold = self.untold.saturating_add(1);
            return None;
        }
        self.told = Some(now);
        Some(std::mem::take(&mut self.untold))
    }
}

/// Tells a client that there is no room for it. Where its turn allows, it has time to ask first.
async fn turn_away(stream: Stream, refusal: Vec<u8>, turn: Option<OwnedSemaphorePermit>) {
    // It fits any socket's buffer; who does not read it is not waited for.
    if stream.write_all(&mut [IoSlice::new(&refusal)]).await.is_ok() && turn.is_some() {
        let mut inbox = Inbox::default();
        let lingering = connection::linger(&stream, &mut inbox);
        let _lingered = tokio::time::timeout(TURN_AWAY_TIME, lingering).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_operator_is_told_now_and_then_how_many_found_no_room() {
        let (mut turned_away, now) = (TurnedAway::default(), Instant::now());
        let told =
            [0, 0, 1, 9, 10, 11, 60].map(|seconds| turned_away.another(now + Duration::from_secs(seconds)));
        assert_eq!(told, [Some(0), None, None, None, Some(3), None, Some(1)]);
    }
}
