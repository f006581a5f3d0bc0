//! A request that is read, written and read again must be what it was.

use dockgate::operation::table::BodyKind;
use dockgate::operation::version::ApiVersion;
use dockgate::operation::{Asked, Head, Operation};

/// Reads a request without a body; none where it is refused.
pub(crate) fn read(method: &str, target: &[u8]) -> Option<Operation> {
    let head = Head { method, target, headers: &[] };
    with_body(Asked::read(&head, ApiVersion::NEWEST).ok()?, b"")
}

/// Adds a body, where one belongs.
pub(crate) fn with_body(asked: Asked, body: &[u8]) -> Option<Operation> {
    match asked.body_kind() {
        BodyKind::Tar => Some(asked.with_stream()),
        BodyKind::None | BodyKind::Json { .. } => asked.with_body(body).ok(),
    }
}

/// Writes an operation and reads it again.
pub(crate) fn again(operation: &Operation) {
    let encoded = operation.encode();
    let headers: Vec<(&str, &[u8])> =
        encoded.headers.iter().map(|(name, value)| (*name, value.as_bytes())).collect();
    let head = Head { method: encoded.method, target: encoded.target.as_bytes(), headers: &headers };
    let asked = Asked::read(&head, ApiVersion::NEWEST);
    let asked = asked.unwrap_or_else(|error| panic!("{encoded:?} is written and not read: {error}"));
    let read = with_body(asked, encoded.body.as_deref().unwrap_or_default());
    // Where the daemon does not go by a version, none is written.
    if operation.endpoint().versioned {
        assert_eq!(read.as_ref(), Some(operation), "{encoded:?} is read as something else");
    }
    assert_eq!(read.map(|read| read.encode()), Some(encoded));
}
