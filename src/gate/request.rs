//! From a head on the wire to an operation: the body is read as the head's operation wants it.

use std::cell::Cell;
use std::io::IoSlice;
use std::pin::pin;
use std::time::{Duration, Instant};

use super::connection::Connection;
use super::crowd::Place;
use super::turns::Turn;
use super::{Gate, Outcome, relay};
use crate::client::Peer;
use crate::daemon::{Away, Untold};
use crate::operation::version::ApiVersion;
use crate::operation::{Asked, Fault, Head, Operation, Unreadable};
use crate::policy::Policy;
use crate::settings::Limits;
use crate::wire::{Body, BodyFault, Expectation, Framing, HeadFault, Inbox, RequestHead, Stream};

/// What bodies commonly are. No more is read where no rule allows the request whatever is in it: enough to say
/// what would allow it. Larger ones wait for their turn.
const SMALL_JSON_BYTES: usize = 64 * 1024;
/// How many larger bodies are read, and held until it is clear what becomes of them, at a time, so that clients cannot
/// fill the memory with them.
pub(super) const LARGE_BODIES: usize = 16;
/// How long nothing may come of one while others wait for their turn.
const STALL_TIME: Duration = Duration::from_secs(2);

/// What follows the head of a request.
#[derive(Clone, Copy, Debug)]
pub(super) struct Upload {
    pub(super) framing: Framing,
    /// Whether the client may be waiting to be told that it can send it.
    awaits_invitation: bool,
}

impl Upload {
    /// Nothing.
    pub(super) const NONE: Self = Self { framing: Framing::None, awaits_invitation: false };

    pub(super) fn of(head: &RequestHead<'_>) -> Self {
        let awaits_invitation = head.expectation == Expectation::Continue && !head.is_http_10;
        Self { framing: head.framing, awaits_invitation }
    }
}

/// Why a request is not sent on although the policy may permit it.
pub(super) enum Unasked {
    /// The daemon could not be asked for its version, or what something is.
    Away(Away),
    /// What it answered cannot be read: the sentence that says so.
    Unreadable(String),
    /// Nobody waits for the answer any more.
    Over(Outcome),
}

impl From<Away> for Unasked {
    fn from(away: Away) -> Self {
        Self::Away(away)
    }
}

impl From<Untold> for Unasked {
    fn from(untold: Untold) -> Self {
        match untold {
            Untold::Away(away) => Self::Away(away),
            Untold::Unreadable(sentence) => Self::Unreadable(sentence),
        }
    }
}

/// The newest version that the daemon could be asked in, which a request has that names none; and why the daemon could not be asked for it.
/// Neither a request that names one waits for the daemon, nor one that is denied whatever its version.
pub(super) async fn newest_version(
    gate: &Gate,
    policy: &Policy,
    connection: &mut Connection,
    head: &RequestHead<'_>,
) -> (ApiVersion, Option<Unasked>) {
    if let Some(version) = gate.daemon.known_version() {
        return (version, None);
    }
    if matches!(head.target, [b'/', b'v', b'0'..=b'9', ..]) {
        return (ApiVersion::NEWEST, None);
    }
    let asked = Head { method: head.method, target: head.target, headers: &head.fields };
    let endpoint = match Asked::read(&asked, ApiVersion::NEWEST) {
        Ok(asked) => Some(asked.endpoint()),
        Err(unreadable) => unreadable.endpoint,
    };
    if endpoint.is_none_or(|endpoint| !policy.could_grant(&connection.client, endpoint)) {
        return (ApiVersion::NEWEST, None);
    }
    let asking = gate.daemon.newest_version(&mut connection.line);
    let asking = while_wanted(&connection.stream, &mut connection.inbox, &connection.place, 0, asking);
    match Box::pin(asking).await {
        Ok(version) => (version, None),
        Err(unasked) => (ApiVersion::NEWEST, Some(unasked)),
    }
}

/// Waits for what dockgate asks the daemon itself, unless the client, of whose body so many bytes were read, goes away or
/// dockgate is stopped first.
pub(super) async fn while_wanted<T, E: Into<Unasked>>(
    client: &Stream,
    inbox: &mut Inbox,
    place: &Place,
    body_bytes: u64,
    asking: impl Future<Output = Result<T, E>>,
) -> Result<T, Unasked> {
    let nothing_taken = Cell::new(0);
    tokio::select! {
        biased;
        asked = asking => asked.map_err(Into::into),
        () = relay::watch(client, inbox, &nothing_taken) => Err(Unasked::Over(Outcome::client_gone(body_bytes))),
        () = place.until_cut() => Err(Unasked::Over(Outcome::drained(body_bytes))),
    }
}

/// Why there is no operation.
pub(super) enum Unread {
    /// The request does not say one thing that dockgate understands.
    Unreadable(Unreadable),
    /// The client went away in the middle of it.
    Gone(Unreadable),
    /// dockgate was stopped in the middle of it.
    Drained(Unreadable),
}

/// Reads the operation that `head` asks for, with its JSON body, and the turn of that where it is large; a body that is
/// streamed is left on the wire.
pub(super) async fn read(
    gate: &Gate,
    policy: &Policy,
    connection: &mut Connection,
    head: &RequestHead<'_>,
    newest: ApiVersion,
) -> Result<(Operation, Option<Turn>), Unread> {
    refuse_foreign_host(connection, head)?;
    let asked =
        Asked::read(&Head { method: head.method, target: head.target, headers: &head.fields }, newest)?;
    let endpoint = asked.endpoint();
    let fault = |fault, message: String| Unreadable { fault, endpoint: Some(endpoint), message };
    if head.expectation == Expectation::Unknown {
        return Err(
            fault(Fault::UnknownExpectation, "of Expect, only 100-continue is understood".into()).into()
        );
    }
    let Some(most) = asked.most_body_bytes() else { return Ok((asked.with_stream(), None)) };
    if head.framing == Framing::None {
        return Ok((asked.with_body(&[])?, None));
    }
    // It is denied whatever is in its body.
    let is_hopeless = !policy.could_grant(&connection.client, endpoint);
    let limit = if is_hopeless { most.min(SMALL_JSON_BYTES) } else { most };
    let unreadable = match Box::pin(read_body(gate, connection, head, limit)).await {
        Ok((bytes, turn)) => return Ok((asked.with_body(&bytes)?, turn)),
        Err(BodyEnd::TooLarge) if limit < most => return Ok((asked.with_body(&[])?, None)),
        Err(BodyEnd::TooLarge) => asked.too_large(),
        Err(BodyEnd::TooSlow(message)) => fault(Fault::TooSlow, message),
        Err(BodyEnd::Drained) => {
            let message = "dockgate was stopped before the body had come".to_owned();
            return Err(Unread::Drained(fault(Fault::Malformed, message)));
        }
        Err(BodyEnd::Fault(body @ BodyFault::Malformed(_))) => fault(Fault::Malformed, describe(&body)),
        Err(BodyEnd::Fault(body)) => return Err(Unread::Gone(fault(Fault::Malformed, describe(&body)))),
    };
    Err(unreadable.into())
}

/// On the loopback, a web page in somebody's browser may be the client.
fn refuse_foreign_host(connection: &Connection, head: &RequestHead<'_>) -> Result<(), Unreadable> {
    let is_loopback = match connection.client.peer {
        Peer::Tcp(address) => address.ip().to_canonical().is_loopback(),
        Peer::Unix { .. } => false,
    };
    if !is_loopback || !head.names_foreign_host() {
        return Ok(());
    }
    let message = "the Host header holds a name with a dot in it; on the loopback dockgate answers to addresses, to localhost and to names without a dot, so that no web page can reach it by a name of its own".to_owned();
    Err(Unreadable { fault: Fault::Malformed, endpoint: None, message })
}

/// The method and the target of a request whose head cannot be read, as far as its first line came.
pub(super) fn first_line(head: &[u8]) -> (&str, &[u8]) {
    let line = head.split(|byte| matches!(byte, b'\r' | b'\n')).next().unwrap_or_default();
    let mut words = line.splitn(3, |&byte| byte == b' ');
    let method = words.next().and_then(|word| str::from_utf8(word).ok()).unwrap_or_default();
    (method, words.next().unwrap_or_default())
}

/// What is said of a head that cannot be parsed.
pub(super) fn unreadable_head(fault: HeadFault, limits: Limits) -> Unreadable {
    let limit = limits.head_bytes;
    let (fault, message) = match fault {
        HeadFault::Truncated => (Fault::Malformed, "the request's head is cut off".to_owned()),
        HeadFault::TooLarge { in_first_line: true } => (
            Fault::TargetTooLong,
            format!("the request's path and query are longer than {limit} bytes (--max-head-bytes)"),
        ),
        HeadFault::TooLarge { in_first_line: false } => (
            Fault::HeadTooLarge,
            format!("the request's head is larger than {limit} bytes (--max-head-bytes)"),
        ),
        HeadFault::Malformed(what) => {
            (Fault::Malformed, format!("the request's head cannot be read: {what}"))
        }
        HeadFault::Io(error) => {
            (Fault::Malformed, format!("the request's head could not be received: {error}"))
        }
    };
    Unreadable { fault, endpoint: None, message }
}

/// What is said of a body that is not framed by the book.
pub(super) fn describe(fault: &BodyFault) -> String {
    match fault {
        BodyFault::Truncated => "the body is cut off".to_owned(),
        BodyFault::Malformed(what) => format!("the body cannot be read: it has {what}"),
        BodyFault::Io(error) => format!("the body could not be received: {error}"),
    }
}

/// What is said of a head that does not come.
pub(super) fn slow_head(limit: Duration) -> Unreadable {
    let message = format!("the request's head did not arrive within {} seconds", limit.as_secs());
    Unreadable { fault: Fault::TooSlow, endpoint: None, message }
}

/// Why there is no body.
enum BodyEnd {
    TooLarge,
    TooSlow(String),
    Drained,
    Fault(BodyFault),
}

async fn read_body(
    gate: &Gate,
    connection: &mut Connection,
    head: &RequestHead<'_>,
    limit: usize,
) -> Result<(Vec<u8>, Option<Turn>), BodyEnd> {
    if let Framing::Length(length) = head.framing
        && usize::try_from(length).map_or(true, |length| length > limit)
    {
        return Err(BodyEnd::TooLarge);
    }
    invite_body(connection, Upload::of(head)).await.map_err(|error| BodyEnd::Fault(BodyFault::Io(error)))?;
    let mut body = Body::new(head.framing);
    let mut bytes = Vec::new();
    let (mut turn, mut began) = (None::<Turn>, Instant::now());
    loop {
        let next = body.next(&mut connection.inbox, &connection.stream);
        let Some(piece) = in_time(gate, next, began, turn.as_ref()).await? else { break };
        let length = bytes.len().saturating_add(piece);
        if length > limit {
            return Err(BodyEnd::TooLarge);
        }
        if length > SMALL_JSON_BYTES && turn.is_none() {
            turn = turn_of(gate, connection).await?;
            began = Instant::now();
        }
        if turn.as_ref().is_some_and(Turn::is_wanted) && began.elapsed() > time_for(length) {
            let message = "the body came too slowly, while others waited".to_owned();
            return Err(BodyEnd::TooSlow(message));
        }
        bytes.extend_from_slice(connection.inbox.pending().get(..piece).unwrap_or_default());
        connection.inbox.consume(piece);
    }
    connection.body_read = true;
    connection.body_bytes = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
    Ok((bytes, turn))
}

/// How long so many bytes of a body may take, where others wait.
pub(super) fn time_for(bytes: usize) -> Duration {
    let parts = bytes.div_ceil(SMALL_JSON_BYTES);
    STALL_TIME.saturating_mul(parts.try_into().unwrap_or(u32::MAX))
}

/// Waits for the next piece of a body that began to come then. Who has a turn may not keep others waiting for nothing.
async fn in_time<T>(
    gate: &Gate,
    next: impl Future<Output = Result<T, BodyFault>>,
    began: Instant,
    turn: Option<&Turn>,
) -> Result<T, BodyEnd> {
    let mut next = pin!(next);
    let limit = gate.limits.head_timeout;
    loop {
        let left = limit.saturating_sub(began.elapsed());
        if let Ok(came) = tokio::time::timeout(left.min(STALL_TIME), next.as_mut()).await {
            return came.map_err(BodyEnd::Fault);
        }
        if left <= STALL_TIME {
            let message = format!("the body did not arrive within {} seconds", limit.as_secs());
            return Err(BodyEnd::TooSlow(message));
        }
        if turn.is_some_and(Turn::is_wanted) {
            let time = STALL_TIME.as_secs();
            let message = format!("nothing came of the body for {time} seconds, while others waited");
            return Err(BodyEnd::TooSlow(message));
        }
    }
}

/// Waits for the turn of a large body, unless the client goes away or dockgate is stopped first.
async fn turn_of(gate: &Gate, connection: &mut Connection) -> Result<Option<Turn>, BodyEnd> {
    let nothing_taken = Cell::new(0);
    tokio::select! {
        biased;
        turn = gate.bodies.take(&connection.client) => Ok(turn),
        () = relay::watch(&connection.stream, &mut connection.inbox, &nothing_taken) => {
            Err(BodyEnd::Fault(BodyFault::Truncated))
        }
        () = connection.place.until_cut() => Err(BodyEnd::Drained),
    }
}

impl From<Unreadable> for Unread {
    fn from(unreadable: Unreadable) -> Self {
        Self::Unreadable(unreadable)
    }
}

/// Tells a client that waits for it to send its body.
pub(super) async fn invite_body(connection: &Connection, upload: Upload) -> std::io::Result<()> {
    let waits = upload.awaits_invitation && upload.framing != Framing::None;
    if waits && connection.inbox.pending().is_empty() {
        connection.stream.write_all(&mut [IoSlice::new(b"HTTP/1.1 100 Continue\r\n\r\n")]).await?;
    }
    Ok(())
}
