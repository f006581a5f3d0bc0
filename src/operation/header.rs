//! The request headers that carry meaning, and the media type of the body.
//!
//! Everything else a client sends is dropped: dockgate writes a head of its own.

use super::table::{Answer, Endpoint, Header, Protocol};
use super::{Fault, Head, Unreadable};

/// What a build session says of itself, once each.
const SESSION: [&str; 3] =
    ["X-Docker-Expose-Session-Uuid", "X-Docker-Expose-Session-Name", "X-Docker-Expose-Session-Sharedkey"];

/// A method that a build session offers; there is one header for each.
const SESSION_METHOD: &str = "X-Docker-Expose-Session-Grpc-Method";

/// A header to send on.
type Field = (&'static str, String);

/// Refuses the media types that the daemon would read as a form, whose values override the query.
/// Every `Content-Type` counts, also a malformed one, and whatever the method.
pub(super) fn refuse_forms(head: &Head<'_>) -> Result<(), Unreadable> {
    for value in head.values("Content-Type") {
        let lower = value.to_ascii_lowercase();
        let holds = |part: &[u8]| lower.windows(part.len()).any(|window| window == part);
        let what = if holds(b"x-www-form-urlencoded") || holds(b"multipart/") {
            "a form is not read: the daemon would let it override the query. Put parameters into the query, and \
             send a JSON body with Content-Type: application/json (curl: -H 'Content-Type: application/json')"
        } else if lower.iter().all(|&byte| byte == b'\t' || (b' '..=b'~').contains(&byte)) {
            continue;
        } else {
            "the Content-Type holds bytes beyond printable ASCII"
        };
        return Err(Unreadable::new(Fault::UnsupportedMediaType, what.to_owned()));
    }
    Ok(())
}

/// Whether the body may be JSON by its `Content-Type`: absent, or `application/json` with any
/// parameters, as the daemon (moby `httputils.CheckForJSON`) wants it where there is a body.
pub(super) fn declares_json(head: &Head<'_>) -> bool {
    head.values("Content-Type").all(|value| {
        let media_type = value.split(|&byte| byte == b';').next().unwrap_or_default();
        media_type.trim_ascii().eq_ignore_ascii_case(b"application/json")
    })
}

/// Whether the client asks for the upgrade that the endpoint can answer with.
///
/// For attach and exec the daemon only looks whether the header exists, whatever it says; for the
/// others it must name the protocol.
pub(super) fn asks_for_upgrade(head: &Head<'_>, endpoint: &Endpoint) -> bool {
    let asked = head.values("Upgrade").next();
    match endpoint.answer {
        Answer::Plain | Answer::Stream => false,
        Answer::Hijack(Protocol::Tcp) => asked.is_some(),
        Answer::Hijack(Protocol::H2c) => asked == Some(b"h2c"),
        Answer::Hijack(Protocol::WebSocket) => {
            asked.is_some_and(|value| value.eq_ignore_ascii_case(b"websocket"))
        }
    }
}

/// The headers that the endpoint's row names, read and checked, in the row's order.
pub(super) fn meaningful(head: &Head<'_>, endpoint: &Endpoint) -> Result<Vec<Field>, Unreadable> {
    let mut fields = Vec::new();
    for header in endpoint.headers {
        match header {
            Header::RegistryAuth => fields.extend(first(head, "X-Registry-Auth", is_base64)?),
            Header::RegistryConfig => fields.extend(first(head, "X-Registry-Config", is_base64)?),
            Header::AcceptEncoding => fields.extend(joined(head, "Accept-Encoding")?),
            Header::Accept => fields.extend(joined(head, "Accept")?),
            Header::ExposeSession => {
                for name in SESSION {
                    fields.extend(first(head, name, is_text)?);
                }
                for value in head.values(SESSION_METHOD) {
                    fields.push(field(SESSION_METHOD, value, is_text)?);
                }
            }
        }
    }
    if endpoint.answer == Answer::Hijack(Protocol::WebSocket) {
        fields.extend(first(head, "Sec-WebSocket-Key", is_base64)?);
        fields.extend(first(head, "Sec-WebSocket-Version", |value| value.iter().all(u8::is_ascii_digit))?);
        fields.extend(joined(head, "Sec-WebSocket-Protocol")?);
    }
    Ok(fields)
}

/// The first value of a header, as the daemon reads it; an empty one is none.
fn first(head: &Head<'_>, name: &'static str, fits: fn(&[u8]) -> bool) -> Result<Option<Field>, Unreadable> {
    let value = head.values(name).next().filter(|value| !value.is_empty());
    value.map(|value| field(name, value, fits)).transpose()
}

/// A header whose values are a list: all of them, in one.
fn joined(head: &Head<'_>, name: &'static str) -> Result<Option<Field>, Unreadable> {
    let values: Vec<&[u8]> = head.values(name).filter(|value| !value.is_empty()).collect();
    if values.is_empty() { Ok(None) } else { field(name, &values.join(&b", "[..]), is_list).map(Some) }
}

fn field(name: &'static str, value: &[u8], fits: fn(&[u8]) -> bool) -> Result<Field, Unreadable> {
    match str::from_utf8(value) {
        Ok(text) if fits(value) => Ok((name, text.to_owned())),
        Ok(_) | Err(_) => Err(Unreadable::new(
            Fault::Malformed,
            format!("the header {name} holds characters that do not belong there"),
        )),
    }
}

/// Base64 in either alphabet.
fn is_base64(value: &[u8]) -> bool {
    value.iter().all(|byte| byte.is_ascii_alphanumeric() || b"+/-_=".contains(byte))
}

/// Media types, encodings or protocols with their weights.
fn is_list(value: &[u8]) -> bool {
    value.iter().all(|byte| byte.is_ascii_alphanumeric() || b"!#$&'*+-.^_`|~/;=, ".contains(byte))
}

/// Text of one line. A session is named after its directory, so it need not be ASCII.
fn is_text(value: &[u8]) -> bool {
    !value.iter().any(u8::is_ascii_control)
}

#[cfg(test)]
mod tests;
