//! The connections that are open: how many there are, and which of them rest.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::rc::Rc;

use tokio::sync::Notify;

/// The connections that are open, over all listeners.
#[derive(Debug)]
pub(super) struct Crowd {
    limit: usize,
    open: Cell<usize>,
    left: Notify,
    /// Those that rest between two requests, in the order in which they began to.
    resting: RefCell<BTreeMap<u64, Rc<Notify>>>,
    tickets: Cell<u64>,
}

/// The place of one open connection; free again when this is dropped.
#[derive(Debug)]
pub(super) struct Place {
    crowd: Rc<Crowd>,
    needed: Rc<Notify>,
}

/// A connection's rest between two requests, until this is dropped.
#[derive(Debug)]
pub(super) struct Rest<'a> {
    place: &'a Place,
    ticket: u64,
}

impl Crowd {
    pub(super) fn new(limit: usize) -> Rc<Self> {
        Rc::new(Self {
            limit,
            open: Cell::new(0),
            left: Notify::new(),
            resting: RefCell::default(),
            tickets: Cell::new(0),
        })
    }

    /// A place for a new connection. Where all are taken, the connection that has rested longest is asked
    /// to leave its own; where none rests there is no place.
    pub(super) fn enter(self: &Rc<Self>) -> Option<Place> {
        if self.open.get() >= self.limit {
            let (_, longest) = self.resting.borrow_mut().pop_first()?;
            longest.notify_one();
        }
        self.open.set(self.open.get().saturating_add(1));
        Some(Place { crowd: Rc::clone(self), needed: Rc::default() })
    }

    /// How many may be open.
    pub(super) fn limit(&self) -> usize {
        self.limit
    }

    /// How many are open.
    pub(super) fn open(&self) -> usize {
        self.open.get()
    }

    /// Returns when none is open.
    pub(super) async fn empty(&self) {
        while self.open.get() > 0 {
            self.left.notified().await;
        }
    }
}

impl Place {
    /// Begins a rest.
    pub(super) fn rest(&self) -> Rest<'_> {
        let ticket = self.crowd.tickets.get();
        self.crowd.tickets.set(ticket.wrapping_add(1));
        self.crowd.resting.borrow_mut().insert(ticket, Rc::clone(&self.needed));
        Rest { place: self, ticket }
    }
}

impl Rest<'_> {
    /// Returns when the place is needed for somebody else.
    pub(super) async fn is_over(&self) {
        self.place.needed.notified().await;
    }
}

impl Drop for Rest<'_> {
    fn drop(&mut self) {
        self.place.crowd.resting.borrow_mut().remove(&self.ticket);
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.crowd.open.set(self.crowd.open.get().saturating_sub(1));
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
