//! One client's connection: requests one after the other, until either side has had enough.

use std::future::pending;
use std::io::IoSlice;
use std::rc::Rc;
use std::time::Duration;

use super::attendant::Attendants;
use super::crowd::Place;
use super::refusal::Refusal;
use super::turns::Turn;
use super::{Gate, Outcome, request};
use crate::audit::{End, RequestId};
use crate::client::Client;
use crate::daemon::Line;
use crate::operation::{Fault, Unreadable};
use crate::settings::Limits;
use crate::wire::{Framing, HeadFault, Inbox, InboxFault, Stream, head_bytes, head_there};

/// How long a client may take to read a refusal, and how long, and for how many bytes, it may go on sending before the
/// connection is closed under it. Closing at once would take the answer away from it.
const LINGER_TIME: Duration = Duration::from_secs(5);
const LINGER_BYTES: usize = 64 * 1024 * 1024;

/// What heads commonly are. Larger ones wait for their turn.
const SMALL_HEAD_BYTES: usize = 16 * 1024;
/// How many larger heads are held at a time, so that clients cannot fill the memory with them.
pub(super) const LARGE_HEADS: usize = 64;
/// How long the rest of one may take while others wait for their turn.
const LARGE_HEAD_TIME: Duration = Duration::from_secs(2);

/// A client's connection.
#[derive(Debug)]
pub(super) struct Connection {
    pub(super) client: Rc<Client>,
    pub(super) stream: Stream,
    pub(super) inbox: Inbox,
    /// The daemon's side of it.
    pub(super) line: Line,
    pub(super) place: Place,
    /// Whether the client would send another request behind the present one.
    pub(super) keep_alive: bool,
    /// Whether the client speaks HTTP/1.0.
    pub(super) is_http_10: bool,
    /// Whether the present request's body was read to its end.
    pub(super) body_read: bool,
    /// How many bytes of it were read before it was forwarded.
    pub(super) body_bytes: u64,
    /// The turn of the present request's head, where that is large and still held.
    pub(super) head_turn: Option<Turn>,
}

/// What happens on the connection after a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Next {
    /// Another request may come.
    Request,
    /// It is closed once the client has had time to read the answer.
    Close,
    /// It is closed at once.
    Cut,
}

/// Serves `client` until its connection is done with.
pub(super) async fn serve(gate: Rc<Gate>, client: Client, stream: Stream, place: Place) {
    let _open = gate.metrics.connection();
    let mut connection = Box::new(Connection {
        client: Rc::new(client),
        stream,
        inbox: Inbox::default(),
        line: Line::default(),
        place,
        keep_alive: false,
        is_http_10: false,
        body_read: false,
        body_bytes: 0,
        head_turn: None,
    });
    // Who connects mostly asks at once.
    connection.inbox.fill_now(&connection.stream);
    let mut next;
    loop {
        (connection, next) = Attendants::answer(&gate, connection).await;
        if next != Next::Request {
            break;
        }
        connection.inbox.rest();
        if !connection.another_comes().await {
            return;
        }
    }
    if next == Next::Close {
        let Connection { stream, inbox, .. } = &mut *connection;
        Box::pin(linger(stream, inbox)).await;
    }
}

impl Connection {
    /// Waits for the first byte of another request. Between requests a client may rest as long as it
    /// likes, unless its place is needed.
    async fn another_comes(&mut self) -> bool {
        if !self.inbox.pending().is_empty() {
            return true;
        }
        let rest = self.place.rest();
        tokio::select! {
            // First of all: somebody else may have the place by now.
            biased;
            () = rest.is_over() => false,
            filled = self.inbox.fill(&self.stream, 1) => filled.is_ok(),
        }
    }

    /// Answers the next request.
    pub(super) async fn next_request(&mut self, gate: &Gate) -> Next {
        let head = match head_there(&mut self.inbox, gate.limits.head_bytes) {
            Ok(Some(head)) => Ok(head),
            Ok(None) => match Box::pin(self.awaited_head(gate)).await {
                Some(head) => head,
                None => return Next::Cut,
            },
            Err(fault) => Err(request::unreadable_head(fault, gate.limits)),
        };
        self.keep_alive = false;
        self.body_read = false;
        self.body_bytes = 0;
        let next = gate.request(self, head).await;
        self.head_turn = None;
        next
    }

    /// Takes down what the head of a request says of the connection.
    pub(super) fn begin(&mut self, keep_alive: bool, is_http_10: bool, framing: Framing) {
        self.keep_alive = keep_alive && !is_http_10;
        self.is_http_10 = is_http_10;
        self.body_read = matches!(framing, Framing::None | Framing::Length(0));
    }

    /// A head that has not come as a whole yet; none, where nobody asks any more. A large one waits for its turn.
    async fn awaited_head(&mut self, gate: &Gate) -> Option<Result<Vec<u8>, Unreadable>> {
        let limits = gate.limits;
        let head_bytes = limits.head_bytes.min(SMALL_HEAD_BYTES);
        let head = self.head_within(Limits { head_bytes, ..limits }).await;
        let is_larger = |head: &Unreadable| matches!(head.fault, Fault::TargetTooLong | Fault::HeadTooLarge);
        if head_bytes == limits.head_bytes || !matches!(&head, Some(Err(fault)) if is_larger(fault)) {
            return head;
        }
        self.head_turn = tokio::select! {
            biased;
            turn = gate.heads.take(&self.client) => turn,
            () = self.stream.hung_up() => return None,
            () = self.place.until_draining() => return None,
        };
        self.head_within(limits).await
    }

    /// The same, of what these limits allow.
    async fn head_within(&mut self, limits: Limits) -> Option<Result<Vec<u8>, Unreadable>> {
        let receiving = head_bytes(&mut self.inbox, &self.stream, limits.head_bytes);
        let received = tokio::select! {
            biased;
            received = tokio::time::timeout(limits.head_timeout, receiving) => received,
            () = held_too_long(self.head_turn.as_ref()) => {
                return Some(Err(request::slow_head(LARGE_HEAD_TIME)));
            }
            () = self.place.until_draining() => return None,
        };
        match received {
            Ok(Ok(Some(head))) => Some(Ok(head)),
            Ok(Ok(None) | Err(HeadFault::Truncated | HeadFault::Io(_))) => None,
            Ok(Err(fault)) => Some(Err(request::unreadable_head(fault, limits))),
            Err(_) if self.inbox.pending().is_empty() => None,
            Err(_) => Some(Err(request::slow_head(limits.head_timeout))),
        }
    }

    /// Answers with a refusal.
    pub(super) async fn refuse(&self, id: RequestId, is_head: bool, refusal: &Refusal, end: End) -> Outcome {
        let keep = self.keep_alive && self.body_read && self.place.is_serving();
        let answer = refusal.encode(Some(id), is_head, keep);
        let mut parts = [IoSlice::new(&answer)];
        let writing = self.stream.write_all(&mut parts);
        if !matches!(tokio::time::timeout(LINGER_TIME, writing).await, Ok(Ok(()))) {
            return Outcome::client_gone(self.body_bytes);
        }
        Outcome {
            status: Some(refusal.status),
            daemon_status: None,
            request_bytes: self.body_bytes,
            response_bytes: if is_head { 0 } else { refusal.body_bytes() },
            end,
            next: if keep { Next::Request } else { Next::Close },
        }
    }
}

/// Returns once a turn was held for too long, while others wait.
async fn held_too_long(turn: Option<&Turn>) {
    let Some(turn) = turn else { return pending().await };
    loop {
        tokio::time::sleep(LARGE_HEAD_TIME).await;
        if turn.is_wanted() {
            return;
        }
    }
}

/// Reads over what the client still sends, for a while, so that it gets to read the answer: a socket
/// closed with unread bytes throws away what was written to it.
pub(super) async fn linger(stream: &Stream, inbox: &mut Inbox) {
    if stream.close_write().await.is_err() {
        return;
    }
    let mut left = LINGER_BYTES;
    let reading = async {
        loop {
            let pending = inbox.pending().len();
            inbox.consume(pending);
            left = left.saturating_sub(pending);
            match inbox.fill(stream, usize::MAX).await {
                Ok(()) if left > 0 => {}
                Ok(()) | Err(InboxFault::End | InboxFault::Full | InboxFault::Io(_)) => return,
            }
        }
    };
    // Either way the connection is closed now.
    let _lingered = tokio::time::timeout(LINGER_TIME, reading).await;
}

#[cfg(test)]
mod tests {
    use super::*;

    /// How large is what an asynchronous function returns.
    fn size<A, B, C, D, F>(_function: impl Fn(A, B, C, D) -> F) -> usize {
        size_of::<F>()
    }

    #[test]
    fn a_connection_holds_little() {
        let (at_rest, asking) = (size(serve), size(|a, b, (), ()| Connection::next_request(a, b)));
        assert!(at_rest <= 1024 && asking <= 6 * 1024, "bytes at rest: {at_rest}, while it asks: {asking}");
    }
}
