//! The connections that are open: how many there are, which of them rest, and what they are told.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::future::poll_fn;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

use tokio::sync::{Notify, watch};

use super::drain::Phase;

/// The connections that are open, over all listeners.
#[derive(Debug)]
pub(super) struct Crowd {
    limit: usize,
    /// Whether dockgate is stopping.
    phase: Cell<Phase>,
    /// The same, for whoever waits for it without a place.
    phase_told: watch::Sender<Phase>,
    left: Notify,
    /// In the order in which they came.
    seats: RefCell<BTreeMap<u64, Rc<Seat>>>,
    seats_taken: Cell<u64>,
    rests_begun: Cell<u64>,
}

/// What is told to one connection. All that a connection waits for is waited for by one task, so that one waker does.
#[derive(Debug, Default)]
struct Seat {
    /// Which of all rests it has now.
    rest: Cell<Option<u64>>,
    /// Whether it is needed for somebody else.
    is_needed: Cell<bool>,
    waker: RefCell<Option<Waker>>,
}

/// The place of one open connection; free again when this is dropped.
#[derive(Debug)]
pub(super) struct Place {
    crowd: Rc<Crowd>,
    number: u64,
    seat: Rc<Seat>,
}

/// A connection's rest between two requests, until this is dropped.
#[derive(Debug)]
pub(super) struct Rest<'a>(&'a Place);

impl Crowd {
    pub(super) fn new(limit: usize) -> Rc<Self> {
        Rc::new(Self {
            limit,
            phase: Cell::new(Phase::Serving),
            phase_told: watch::Sender::new(Phase::Serving),
            left: Notify::new(),
            seats: RefCell::default(),
            seats_taken: Cell::new(0),
            rests_begun: Cell::new(0),
        })
    }

    /// A place for a new connection. Where all are taken, the connection that has rested longest is asked
    /// to leave its own; where none rests there is no place.
    pub(super) fn enter(self: &Rc<Self>) -> Option<Place> {
        if self.open() >= self.limit {
            let seats = self.seats.borrow();
            let resting = seats.values().filter_map(|seat| Some((seat.rest.get()?, seat)));
            let (_, longest) = resting.min_by_key(|(rest, _)| *rest)?;
            longest.rest.set(None);
            longest.is_needed.set(true);
            longest.wake();
        }
        let (number, seat) = (next(&self.seats_taken), Rc::<Seat>::default());
        self.seats.borrow_mut().insert(number, Rc::clone(&seat));
        Some(Place { crowd: Rc::clone(self), number, seat })
    }

    /// How many may be open.
    pub(super) fn limit(&self) -> usize {
        self.limit
    }

    /// How many are open.
    pub(super) fn open(&self) -> usize {
        self.seats.borrow().len()
    }

    /// Returns when none is open.
    pub(super) async fn empty(&self) {
        while self.open() > 0 {
            self.left.notified().await;
        }
    }

    /// Tells everybody that another phase has begun.
    pub(super) fn begin(&self, phase: Phase) {
        self.phase.set(phase);
        self.phase_told.send_replace(phase);
        self.seats.borrow().values().for_each(|seat| seat.wake());
    }

    /// Tells of the phases to whoever has no place.
    pub(super) fn phase(&self) -> watch::Receiver<Phase> {
        self.phase_told.subscribe()
    }
}

impl Place {
    /// Begins a rest.
    pub(super) fn rest(&self) -> Rest<'_> {
        self.seat.rest.set(Some(next(&self.crowd.rests_begun)));
        Rest(self)
    }

    /// Whether dockgate is not stopping.
    pub(super) fn is_serving(&self) -> bool {
        self.crowd.phase.get() == Phase::Serving
    }

    /// Returns when dockgate begins to stop.
    pub(super) async fn until_draining(&self) {
        self.until(|| !self.is_serving()).await;
    }

    /// Returns when what still runs is to be cut.
    pub(super) async fn until_cut(&self) {
        self.until(|| self.crowd.phase.get() == Phase::Cutting).await;
    }

    async fn until(&self, is_so: impl Fn() -> bool) {
        poll_fn(|context| if is_so() { Poll::Ready(()) } else { self.seat.wait(context) }).await;
    }
}

impl Rest<'_> {
    /// Returns when the place is needed for somebody else, or dockgate begins to stop.
    pub(super) async fn is_over(&self) {
        self.0.until(|| self.0.seat.is_needed.get() || !self.0.is_serving()).await;
    }
}

impl Seat {
    fn wait(&self, context: &Context<'_>) -> Poll<()> {
        let mut waker = self.waker.borrow_mut();
        if !waker.as_ref().is_some_and(|waker| waker.will_wake(context.waker())) {
            *waker = Some(context.waker().clone());
        }
        Poll::Pending
    }

    fn wake(&self) {
        if let Some(waker) = self.waker.take() {
            waker.wake();
        }
    }
}

fn next(counter: &Cell<u64>) -> u64 {
    counter.replace(counter.get().wrapping_add(1))
}

impl Drop for Rest<'_> {
    fn drop(&mut self) {
        self.0.seat.rest.set(None);
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.crowd.seats.borrow_mut().remove(&self.number);
        self.crowd.left.notify_one();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_longest_rest_makes_room() {
        let crowd = Crowd::new(2);
        let (first, second) = (crowd.enter().unwrap(), crowd.enter().unwrap());
        assert!(crowd.enter().is_none(), "both are busy");
        let (later, longest) = (second.rest(), first.rest());
        drop(later);
        let later = second.rest();
        let third = crowd.enter().unwrap();
        longest.is_over().await;
        drop(longest);
        drop(first);
        assert_eq!(crowd.open(), 2);
        let fourth = crowd.enter().unwrap();
        later.is_over().await;
        assert!(crowd.enter().is_none(), "nobody rests any more");
        drop((later, third, fourth));
        drop(second);
        crowd.empty().await;
    }
}
