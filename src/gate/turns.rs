//! The turns of what takes much memory or disk: there are so many at a time, so that clients cannot fill it, and one client has
//! no more than half of them, so that others find some.

use std::cell::RefCell;
use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Weak};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::client::{Client, Who};

/// The turns.
#[derive(Debug)]
pub(super) struct Turns {
    all: Arc<Queue>,
    of_one: usize,
    by_client: RefCell<HashMap<Who, Weak<Queue>>>,
}

/// A turn, until this is dropped. (In a box, so that those who have none carry nothing.)
#[derive(Debug)]
pub(super) struct Turn(Box<Held>);

/// What it holds. That of a context goes with its file to the thread that reads it, so this is for several threads.
#[derive(Debug)]
struct Held {
    queues: [Arc<Queue>; 2],
    _permits: [OwnedSemaphorePermit; 2],
}

/// Turns, and who waits for one of them.
#[derive(Debug)]
struct Queue {
    free: Arc<Semaphore>,
    waiting: AtomicUsize,
}

/// Somebody who waits, until this is dropped.
struct Waiting<'a>(&'a AtomicUsize);

impl Turns {
    pub(super) fn new(turns: usize) -> Self {
        Self { all: Queue::new(turns), of_one: turns.div_ceil(2), by_client: RefCell::default() }
    }

    /// Waits for a turn, in the order in which they ask.
    pub(super) async fn take(&self, client: &Client) -> Option<Turn> {
        let own = self.of(client);
        // The semaphores are never closed, so this always is a turn.
        let permits = [own.take().await?, self.all.take().await?];
        Some(Turn(Box::new(Held { queues: [own, Arc::clone(&self.all)], _permits: permits })))
    }

    /// Those that one client may have, kept as long as it has or wants any.
    fn of(&self, client: &Client) -> Arc<Queue> {
        let who = client.who();
        let mut by_client = self.by_client.borrow_mut();
        by_client.retain(|_, queue| queue.strong_count() > 0);
        let known = by_client.get(&who).and_then(Weak::upgrade);
        known.unwrap_or_else(|| {
            let queue = Queue::new(self.of_one);
            by_client.insert(who, Arc::downgrade(&queue));
            queue
        })
    }
}

impl Turn {
    /// Whether somebody waits for it.
    pub(super) fn is_wanted(&self) -> bool {
        self.0.queues.iter().any(|queue| queue.waiting.load(Ordering::Relaxed) > 0)
    }
}

impl Queue {
    fn new(turns: usize) -> Arc<Self> {
        Arc::new(Self { free: Arc::new(Semaphore::new(turns)), waiting: AtomicUsize::new(0) })
    }

    async fn take(&self) -> Option<OwnedSemaphorePermit> {
        self.waiting.fetch_add(1, Ordering::Relaxed);
        let _waiting = Waiting(&self.waiting);
        Arc::clone(&self.free).acquire_owned().await.ok()
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt as _;

    use super::*;
    use crate::client::Peer;

    fn client(listener: &str, uid: u32) -> Client {
        Client { listener: listener.into(), peer: Peer::Unix { uid, gid: 0, pid: None } }
    }

    #[test]
    fn one_client_leaves_half_of_them_to_others() {
        let turns = Turns::new(4);
        let take = |client: &Client| turns.take(client).now_or_never().flatten();
        let (greedy, other, third) = (client("a", 0), client("a", 1), client("b", 0));
        let held = [take(&greedy).unwrap(), take(&greedy).unwrap()];
        assert!(take(&greedy).is_none());
        let mut more = Box::pin(turns.take(&greedy));
        assert!(more.as_mut().now_or_never().is_none());
        let others = [take(&other).unwrap(), take(&third).unwrap()];
        assert!(held.iter().all(Turn::is_wanted), "its own are wanted");
        assert!(!others.iter().any(Turn::is_wanted), "those of others are not");
        let fourth = client("b", 1);
        let mut late = Box::pin(turns.take(&fourth));
        assert!(late.as_mut().now_or_never().is_none() && others.iter().all(Turn::is_wanted));
        drop(held);
        assert!(late.now_or_never().is_some());
        drop((others, more));
        let host = |port| Client { listener: "a".into(), peer: Peer::Tcp(([10, 0, 0, 1], port).into()) };
        let held = [1, 2, 3].map(|port| take(&host(port)));
        assert_eq!(held.iter().flatten().count(), 2, "its connections are one client");
        assert_eq!(turns.by_client.borrow().len(), 1, "nothing is kept of who has none");
    }
}
