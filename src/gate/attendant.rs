//! Who answers, for one connection and then for another.
//!
//! To answer takes some kilobytes of memory. A connection at rest has none of them, and those that there are go from one
//! request to the next as they are: to fill them anew takes longer than much of what is done in them.

use std::cell::{Cell, RefCell};
use std::convert::Infallible;
use std::fmt;
use std::future::poll_fn;
use std::pin::Pin;
use std::rc::Rc;
use std::task::Poll;

use super::Gate;
use super::connection::{Connection, Next};

/// How many wait for another request.
const MOST_WAITING: usize = 32;

/// Those who have nothing to do.
#[derive(Debug, Default)]
pub(super) struct Attendants(RefCell<Vec<Attendant>>);

/// Answers one request after the other, of whatever connection.
struct Attendant {
    desk: Rc<Desk>,
    work: Pin<Box<dyn Future<Output = Infallible>>>,
}

/// Where an attendant gets a connection that has asked, and puts it back.
#[derive(Default)]
struct Desk {
    asked: Cell<Option<(Rc<Gate>, Box<Connection>)>>,
    answered: Cell<Option<(Box<Connection>, Next)>>,
}

impl Attendants {
    /// Has the next request of a connection answered.
    pub(super) async fn answer(gate: &Rc<Gate>, connection: Box<Connection>) -> (Box<Connection>, Next) {
        let waiting = gate.attendants.0.borrow_mut().pop();
        let mut attendant = waiting.unwrap_or_else(Attendant::new);
        attendant.desk.asked.set(Some((Rc::clone(gate), connection)));
        let answered = poll_fn(|context| {
            let Poll::Pending = attendant.work.as_mut().poll(context);
            attendant.desk.answered.take().map_or(Poll::Pending, Poll::Ready)
        })
        .await;
        let mut waiting = gate.attendants.0.borrow_mut();
        if waiting.len() < MOST_WAITING {
            waiting.push(attendant);
        }
        answered
    }
}

impl Attendant {
    fn new() -> Self {
        let desk = Rc::new(Desk::default());
        Self { work: Box::pin(attend(Rc::clone(&desk))), desk }
    }
}

impl fmt::Debug for Attendant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Attendant").finish_non_exhaustive()
    }
}

async fn attend(desk: Rc<Desk>) -> Infallible {
    loop {
        let asked = poll_fn(|_| desk.asked.take().map_or(Poll::Pending, Poll::Ready));
        let (gate, mut connection) = asked.await;
        let next = connection.next_request(&gate).await;
        desk.answered.set(Some((connection, next)));
    }
}
