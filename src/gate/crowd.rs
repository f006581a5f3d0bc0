//! The connections that are open: how many there are, which of them rest, and what they are told.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::future::poll_fn;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

use tokio::sync::{Notify, watch};

use super::drain::Phase;
use crate::client::Who;

/// Of so many places one is kept from whoever has all the others.
const KEPT_ONE_IN: usize = 8;

/// The connections that are open, over all listeners.
#[derive(Debug)]
pub(super) struct Crowd {
    limit: usize,
    /// How many of them one client may have.
    of_one: usize,
    /// Whether dockgate is stopping.
    phase: Cell<Phase>,
    /// The same, for whoever waits for it without a place.
    phase_told: watch::Sender<Phase>,
    left: Notify,
    /// In the order in which they came.
    seats: RefCell<BTreeMap<u64, Rc<Seat>>>,
    /// How many each client has, of those who have any.
    shares: RefCell<HashMap<Who, usize>>,
    seats_taken: Cell<u64>,
    rests_begun: Cell<u64>,
}

/// What is told to one connection. All that a connection waits for is waited for by one task, so that one waker does.
#[derive(Debug)]
struct Seat {
    /// Whose it is.
    who: Who,
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

/// Why there is no place: how many may be taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum NoPlace {
    /// All are.
    AtAll(usize),
    /// The client has as many as one may have.
    ForOne(usize),
}

impl Crowd {
    pub(super) fn new(limit: usize) -> Rc<Self> {
        Rc::new(Self {
            limit,
            of_one: limit.saturating_sub(limit / KEPT_ONE_IN),
            phase: Cell::new(Phase::Serving),
            phase_told: watch::Sender::new(Phase::Serving),
            left: Notify::new(),
            seats: RefCell::default(),
            shares: RefCell::default(),
            seats_taken: Cell::new(0),
            rests_begun: Cell::new(0),
        })
    }

    /// A place for a new connection. Where all that one client may have are taken, its connection that has rested longest is
    /// asked to leave, and where all are, whosever has; where none rests there is no place.
    pub(super) fn enter(self: &Rc<Self>, who: Who) -> Result<Place, NoPlace> {
        let share = self.shares.borrow().get(&who).copied().unwrap_or_default();
        if share >= self.of_one {
            self.make_room(|seat| seat.who == who).ok_or(NoPlace::ForOne(self.of_one))?;
        } else if self.open() >= self.limit {
            self.make_room(|_| true).ok_or(NoPlace::AtAll(self.limit))?;
        }
        self.shares.borrow_mut().insert(who.clone(), share.saturating_add(1));
        let (number, seat) = (next(&self.seats_taken), Rc::new(Seat::of(who)));
        self.seats.borrow_mut().insert(number, Rc::clone(&seat));
        Ok(Place { crowd: Rc::clone(self), number, seat })
    }

    /// Asks the connection that has rested longest, of those that may be asked, to leave its place; none, where none rests.
    fn make_room(&self, may_be_asked: impl Fn(&Seat) -> bool) -> Option<()> {
        let seats = self.seats.borrow();
        let resting = seats.values().filter(|seat| may_be_asked(seat));
        let (_, longest) =
            resting.filter_map(|seat| Some((seat.rest.get()?, seat))).min_by_key(|(rest, _)| *rest)?;
        longest.rest.set(None);
        longest.is_needed.set(true);
        longest.wake();
        Some(())
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
    fn of(who: Who) -> Self {
        Self { who, rest: Cell::default(), is_needed: Cell::default(), waker: RefCell::default() }
    }

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

impl fmt::Display for NoPlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::AtAll(limit) => write!(f, "as many connections are open as may be ({limit})"),
            Self::ForOne(limit) => write!(f, "as many connections are open as one client may have ({limit})"),
        }
    }
}

impl Drop for Rest<'_> {
    fn drop(&mut self) {
        self.0.seat.rest.set(None);
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.crowd.seats.borrow_mut().remove(&self.number);
        let mut shares = self.crowd.shares.borrow_mut();
        if let Some(share) = shares.get_mut(&self.seat.who) {
            *share = share.saturating_sub(1);
            if *share == 0 {
                shares.remove(&self.seat.who);
            }
        }
        self.crowd.left.notify_one();
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt as _;

    use super::*;
    use crate::client::{Client, Peer};

    fn who(uid: u32) -> Who {
        Client { listener: "x".into(), peer: Peer::Unix { uid, gid: 0, pid: None } }.who()
    }

    #[tokio::test]
    async fn the_longest_rest_makes_room() {
        let crowd = Crowd::new(2);
        let enter = || crowd.enter(who(0));
        let (first, second) = (enter().unwrap(), enter().unwrap());
        assert!(enter().is_err(), "both are busy");
        let (later, longest) = (second.rest(), first.rest());
        drop(later);
        let later = second.rest();
        let third = enter().unwrap();
        longest.is_over().await;
        drop(longest);
        drop(first);
        assert_eq!(crowd.open(), 2);
        let fourth = enter().unwrap();
        later.is_over().await;
        assert!(enter().is_err(), "nobody rests any more");
        drop((later, third, fourth));
        drop(second);
        crowd.empty().await;
    }

    #[test]
    fn one_client_leaves_some_places_to_others() {
        let crowd = Crowd::new(16);
        let greedy: Vec<Place> = (0..14).map(|_| crowd.enter(who(0)).unwrap()).collect();
        assert_eq!(crowd.enter(who(0)).unwrap_err(), NoPlace::ForOne(14));
        let other = crowd.enter(who(1)).unwrap();
        // Who has its share makes room for itself.
        let (longest, own) = (other.rest(), greedy[0].rest());
        let one_more = crowd.enter(who(0)).unwrap();
        assert!(own.is_over().now_or_never().is_some());
        assert!(!other.seat.is_needed.get());
        drop((own, longest));
        assert_eq!(crowd.enter(who(2)).unwrap_err(), NoPlace::AtAll(16), "nobody rests");
        drop((greedy, other, one_more));
        assert!(crowd.shares.borrow().is_empty(), "nothing is kept of who has none");
    }
}
