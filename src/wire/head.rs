//! The heads of messages: found, parsed, and what they say of the body's framing.

use std::io;
use std::mem::MaybeUninit;
use std::net::IpAddr;

use super::inbox::{Inbox, InboxFault};
use super::stream::Stream;

/// More header fields than any Docker client sends; a head with more is refused.
const MAX_FIELDS: usize = 128;

/// The first byte of a TLS connection: a record of type handshake (RFC 8446, 5.1).
const TLS_HANDSHAKE: u8 = 22;

/// The first byte of a refusal by somebody who speaks TLS alone: a record of type alert.
const TLS_ALERT: u8 = 21;

/// A header field.
pub type Field<'a> = (&'a str, &'a [u8]);

/// How the end of a message's body is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Framing {
    /// There is no body.
    None,
    /// `Content-Length`.
    Length(u64),
    /// `Transfer-Encoding: chunked`.
    Chunked,
    /// It ends when the connection does (answers only).
    UntilClose,
}

/// The head of a request.
#[derive(Debug)]
pub struct RequestHead<'a> {
    /// The method, as sent.
    pub method: &'a str,
    /// The request target, as sent.
    pub target: &'a [u8],
    /// The header fields in their order.
    pub fields: Vec<Field<'a>>,
    /// How its body ends.
    pub framing: Framing,
    /// Whether the connection can carry another request behind this one.
    pub keep_alive: bool,
    /// Whether the client speaks HTTP/1.0, to which no chunked answer may go.
    pub is_http_10: bool,
    /// `Expect`: absent, `100-continue`, or something else.
    pub expectation: Expectation,
}

/// What a request expects before it sends its body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expectation {
    /// Nothing.
    None,
    /// `100-continue`.
    Continue,
    /// Something that nobody has defined.
    Unknown,
}

/// The head of an answer.
#[derive(Debug)]
pub struct ResponseHead<'a> {
    /// The status code.
    pub status: u16,
    /// The reason phrase.
    pub reason: &'a str,
    /// The header fields in their order.
    pub fields: Vec<Field<'a>>,
    /// How its body ends, as an answer to a request that is not `HEAD`.
    pub framing: Framing,
    /// Whether the connection can carry another request behind this one.
    pub keep_alive: bool,
}

/// Why a head cannot be read.
#[derive(Debug)]
pub enum HeadFault {
    /// The connection ended in the middle of it.
    Truncated,
    /// It is larger than the limit; `in_first_line`: its first line alone is.
    TooLarge {
        /// Whether the limit was reached before the first line ended.
        in_first_line: bool,
    },
    /// It is not what HTTP/1.1 allows; the text says what.
    Malformed(String),
    /// The socket failed.
    Io(io::Error),
}

/// Waits for a whole head, up to and with its empty line. `None`: the other side closed instead.
/// Dropping the future loses nothing.
///
/// # Errors
/// When the head is larger than `limit` bytes, has a line end that is not CR LF, ends early, or the
/// socket fails.
pub async fn head_bytes(
    inbox: &mut Inbox,
    stream: &Stream,
    limit: usize,
) -> Result<Option<Vec<u8>>, HeadFault> {
    let mut searched = 0;
    loop {
        if let Some(bytes) = take_head(inbox, &mut searched, limit)? {
            return Ok(Some(bytes));
        }
        match inbox.fill(stream, limit).await {
            Ok(()) => {}
            Err(InboxFault::End) if inbox.pending().is_empty() => return Ok(None),
            Err(InboxFault::End) => return Err(HeadFault::Truncated),
            Err(InboxFault::Full) => {
                let in_first_line = !inbox.pending().contains(&b'\n');
                return Err(HeadFault::TooLarge { in_first_line });
            }
            Err(InboxFault::Io(error)) => return Err(HeadFault::Io(error)),
        }
    }
}

/// A whole head, up to and with its empty line, if it has come already.
///
/// # Errors
/// When it is larger than `limit` bytes or has a line end that is not CR LF.
pub fn head_there(inbox: &mut Inbox, limit: usize) -> Result<Option<Vec<u8>>, HeadFault> {
    take_head(inbox, &mut 0, limit)
}

fn take_head(inbox: &mut Inbox, searched: &mut usize, limit: usize) -> Result<Option<Vec<u8>>, HeadFault> {
    let Some(length) = head_length(inbox.pending(), searched)? else { return Ok(None) };
    if length > limit {
        let within = inbox.pending().get(..limit).unwrap_or_default();
        return Err(HeadFault::TooLarge { in_first_line: !within.contains(&b'\n') });
    }
    let bytes = inbox.pending().get(..length).unwrap_or_default().to_vec();
    inbox.consume(length);
    Ok(Some(bytes))
}

/// The length of the head at the front of `pending`, if it is whole. `searched` bytes of it hold no
/// line end that was not looked at.
fn head_length(pending: &[u8], searched: &mut usize) -> Result<Option<usize>, HeadFault> {
    if pending.first() == Some(&TLS_HANDSHAKE) {
        return Err(HeadFault::Malformed("it begins a TLS handshake, and plain HTTP is spoken here".into()));
    }
    if pending.first() == Some(&TLS_ALERT) {
        return Err(HeadFault::Malformed("it is an alert of TLS, and plain HTTP is spoken here".into()));
    }
    while let Some(offset) = memchr::memchr(b'\n', pending.get(*searched..).unwrap_or_default()) {
        let end = searched.saturating_add(offset);
        *searched = end.saturating_add(1);
        let before = pending.get(..end).unwrap_or_default();
        if !before.ends_with(b"\r") {
            return Err(HeadFault::Malformed("a line of the head ends without CR".into()));
        }
        if before == b"\r" {
            return Err(HeadFault::Malformed("an empty line comes before the request line".into()));
        }
        if before.ends_with(b"\r\n\r") {
            return Ok(Some(*searched));
        }
    }
    *searched = pending.len();
    Ok(None)
}

impl<'a> RequestHead<'a> {
    /// Parses a whole head.
    ///
    /// # Errors
    /// When it is not HTTP/1.0 or 1.1, or its framing could be read in two ways.
    pub fn parse(bytes: &'a [u8]) -> Result<Self, HeadFault> {
        let mut fields = [const { MaybeUninit::uninit() }; MAX_FIELDS];
        let mut head = httparse::Request::new(&mut []);
        match head.parse_with_uninit_headers(bytes, &mut fields) {
            Ok(httparse::Status::Complete(_)) => {}
            Ok(httparse::Status::Partial) => return Err(HeadFault::Truncated),
            Err(error) => return Err(malformed(error)),
        }
        let (Some(method), Some(target), Some(minor)) = (head.method, head.path, head.version) else {
            return Err(HeadFault::Truncated);
        };
        let fields: Vec<Field<'a>> = head.headers.iter().map(|field| (field.name, field.value)).collect();
        let is_http_10 = minor == 0;
        let said = Said::by(&fields);
        match said.hosts {
            Several::One(_) => {}
            Several::None if is_http_10 => {}
            Several::None | Several::More => {
                return Err(HeadFault::Malformed("it needs exactly one Host header".into()));
            }
        }
        if is_http_10 && !matches!(said.codings, Several::None) {
            return Err(HeadFault::Malformed("HTTP/1.0 has no Transfer-Encoding".into()));
        }
        Ok(Self {
            method,
            target: target.as_bytes(),
            framing: said.framing()?.unwrap_or(Framing::None),
            keep_alive: said.keeps_alive(is_http_10),
            is_http_10,
            expectation: said.expectation(),
            fields,
        })
    }

    /// The name or address in the `Host` header, without its port; empty where there is none.
    fn host(&self) -> &'a [u8] {
        let host = field(&self.fields, "host").unwrap_or_default();
        match host.strip_prefix(b"[") {
            Some(address) => address.split(|&byte| byte == b']').next().unwrap_or_default(),
            None => host.split(|&byte| byte == b':').next().unwrap_or_default(),
        }
    }

    /// Whether the `Host` header holds a name that others can register: one with a dot in it. Where only this
    /// host can connect, a web page in somebody's browser may be the client all the same, its own name made
    /// to mean 127.0.0.1 (DNS rebinding).
    #[must_use]
    pub fn names_foreign_host(&self) -> bool {
        let host = self.host();
        let is_address = str::from_utf8(host).is_ok_and(|host| host.parse::<IpAddr>().is_ok());
        !is_address && host.contains(&b'.') && !host.ends_with(b".localhost")
    }
}

impl<'a> ResponseHead<'a> {
    /// Parses a whole head.
    ///
    /// # Errors
    /// When it is not HTTP/1.0 or 1.1, or its framing could be read in two ways.
    pub fn parse(bytes: &'a [u8]) -> Result<Self, HeadFault> {
        let mut fields = [const { MaybeUninit::uninit() }; MAX_FIELDS];
        let mut head = httparse::Response::new(&mut []);
        let parser = httparse::ParserConfig::default();
        match parser.parse_response_with_uninit_headers(&mut head, bytes, &mut fields) {
            Ok(httparse::Status::Complete(_)) => {}
            Ok(httparse::Status::Partial) => return Err(HeadFault::Truncated),
            Err(error) => return Err(malformed(error)),
        }
        let (Some(status), Some(minor)) = (head.code, head.version) else {
            return Err(HeadFault::Truncated);
        };
        if status < 100 {
            return Err(HeadFault::Malformed(format!("its status is {status}")));
        }
        let fields: Vec<Field<'a>> = head.headers.iter().map(|field| (field.name, field.value)).collect();
        let said = Said::by(&fields);
        let framing = match status {
            100..=199 | 204 | 304 => Framing::None,
            _ => said.framing()?.unwrap_or(Framing::UntilClose),
        };
        Ok(Self {
            status,
            reason: head.reason.unwrap_or_default(),
            keep_alive: said.keeps_alive(minor == 0) && framing != Framing::UntilClose,
            framing,
            fields,
        })
    }

    /// Whether another head follows this one: all of 1xx, but for the 101 that ends HTTP.
    #[must_use]
    pub fn is_interim(&self) -> bool {
        matches!(self.status, 100 | 102..=199)
    }

    /// The value of the first field of that name.
    #[must_use]
    pub fn field(&self, name: &str) -> Option<&'a [u8]> {
        field(&self.fields, name)
    }
}

fn malformed(error: httparse::Error) -> HeadFault {
    HeadFault::Malformed(match error {
        httparse::Error::Version => "it is not HTTP/1.0 or HTTP/1.1".into(),
        httparse::Error::TooManyHeaders => format!("it has more than {MAX_FIELDS} header fields"),
        httparse::Error::HeaderName => "a header field's name is not a token followed by a colon".into(),
        httparse::Error::HeaderValue => "a header field's value has a control character".into(),
        httparse::Error::NewLine | httparse::Error::Status | httparse::Error::Token => {
            "its first line is not METHOD TARGET HTTP/1.1".into()
        }
    })
}

/// Whether a field has this name.
#[inline]
#[must_use]
pub fn is_named(field: &str, name: &str) -> bool {
    // Most differ in length.
    field.len() == name.len() && field.eq_ignore_ascii_case(name)
}

/// The value of the first field of that name.
fn field<'a>(fields: &[Field<'a>], name: &str) -> Option<&'a [u8]> {
    let (_, value) = fields.iter().find(|(field, _)| is_named(field, name))?;
    Some(value.trim_ascii())
}

/// What the fields say of the message's framing, of the connection, and of what is expected.
#[derive(Debug, Default)]
struct Said<'a> {
    hosts: Several<'a>,
    lengths: Several<'a>,
    codings: Several<'a>,
    expectations: Several<'a>,
    /// `Connection: close`.
    closes: bool,
    /// `Connection: keep-alive`.
    keeps: bool,
}

/// A field that there may be more than one of.
#[derive(Clone, Copy, Debug, Default)]
enum Several<'a> {
    #[default]
    None,
    One(&'a [u8]),
    More,
}

impl<'a> Several<'a> {
    fn add(&mut self, value: &'a [u8]) {
        *self = match self {
            Self::None => Self::One(value),
            Self::One(_) | Self::More => Self::More,
        };
    }
}

impl<'a> Said<'a> {
    fn by(fields: &[Field<'a>]) -> Self {
        let mut said = Self::default();
        for (name, value) in fields {
            let is = |known: &str| is_named(name, known);
            if is("host") {
                said.hosts.add(value.trim_ascii());
            } else if is("content-length") {
                said.lengths.add(value.trim_ascii());
            } else if is("transfer-encoding") {
                said.codings.add(value.trim_ascii());
            } else if is("expect") {
                said.expectations.add(value.trim_ascii());
            } else if is("connection") {
                let options = || value.split(|&byte| byte == b',').map(<[u8]>::trim_ascii);
                said.closes |= options().any(|option| option.eq_ignore_ascii_case(b"close"));
                said.keeps |= options().any(|option| option.eq_ignore_ascii_case(b"keep-alive"));
            }
        }
        said
    }

    /// What `Content-Length` and `Transfer-Encoding` say, if they say one thing.
    fn framing(&self) -> Result<Option<Framing>, HeadFault> {
        let fault = |text: &str| Err(HeadFault::Malformed(text.into()));
        match (self.lengths, self.codings) {
            (Several::None, Several::None) => Ok(None),
            (Several::One(_) | Several::More, Several::One(_) | Several::More) => {
                fault("it has both Content-Length and Transfer-Encoding")
            }
            (Several::None, Several::One(coding)) if coding.eq_ignore_ascii_case(b"chunked") => {
                Ok(Some(Framing::Chunked))
            }
            (Several::None, Several::One(_)) => fault("its Transfer-Encoding is not chunked"),
            (Several::None, Several::More) => fault("it has more than one Transfer-Encoding header"),
            (Several::More, Several::None) => fault("it has more than one Content-Length header"),
            (Several::One(length), Several::None) => {
                let digits = str::from_utf8(length).unwrap_or_default();
                match digits.parse() {
                    Ok(length) if digits.bytes().all(|byte| byte.is_ascii_digit()) => {
                        Ok(Some(Framing::Length(length)))
                    }
                    Ok(_) | Err(_) => fault("its Content-Length is not a decimal number"),
                }
            }
        }
    }

    fn keeps_alive(&self, is_http_10: bool) -> bool {
        if is_http_10 { self.keeps } else { !self.closes }
    }

    fn expectation(&self) -> Expectation {
        match self.expectations {
            Several::None => Expectation::None,
            Several::One(value) if value.eq_ignore_ascii_case(b"100-continue") => Expectation::Continue,
            Several::One(_) | Several::More => Expectation::Unknown,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(head: &str) -> Result<(Framing, bool), String> {
        match RequestHead::parse(head.as_bytes()) {
            Ok(head) => Ok((head.framing, head.keep_alive)),
            Err(HeadFault::Malformed(text)) => Err(text),
            Err(other) => Err(format!("{other:?}")),
        }
    }

    #[test]
    fn a_request_is_framed_in_one_way() {
        let cases = [
            ("Host: x\r\n", (Framing::None, true)),
            ("Host: x\r\nContent-Length: 12\r\n", (Framing::Length(12), true)),
            ("host: x\r\ncontent-length:  0012 \r\n", (Framing::Length(12), true)),
            ("Host:\r\nTransfer-Encoding: Chunked\r\n", (Framing::Chunked, true)),
            ("Host: x\r\nConnection: keep-alive, Close\r\n", (Framing::None, false)),
        ];
        for (fields, expected) in cases {
            assert_eq!(request(&format!("POST /x HTTP/1.1\r\n{fields}\r\n")), Ok(expected), "{fields}");
        }
        assert_eq!(request("GET /x HTTP/1.0\r\n\r\n"), Ok((Framing::None, false)));
        assert_eq!(request("GET /x HTTP/1.0\r\nConnection: keep-alive\r\n\r\n"), Ok((Framing::None, true)));
    }

    #[test]
    fn a_request_that_could_be_read_in_two_ways_is_refused() {
        let cases = [
            ("Content-Length: 1\r\nTransfer-Encoding: chunked\r\n", "both"),
            ("Content-Length: 1\r\nContent-Length: 1\r\n", "more than one Content-Length"),
            ("Content-Length: +1\r\n", "not a decimal number"),
            ("Content-Length: 1, 1\r\n", "not a decimal number"),
            ("Content-Length:\r\n", "not a decimal number"),
            ("Content-Length: 0x1\r\n", "not a decimal number"),
            ("Content-Length: 99999999999999999999\r\n", "not a decimal number"),
            ("Transfer-Encoding: identity\r\n", "not chunked"),
            ("Transfer-Encoding: gzip, chunked\r\n", "not chunked"),
            (
                "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n",
                "more than one Transfer-Encoding",
            ),
            ("Content-Length : 1\r\n", "not a token"),
            ("X: a\r\n b\r\n", "not a token"),
            ("Host: y\r\n", "exactly one Host"),
            ("X: a\0b\r\n", "control character"),
        ];
        for (fields, expected) in cases {
            let error = request(&format!("POST /x HTTP/1.1\r\nHost: x\r\n{fields}\r\n")).unwrap_err();
            assert!(error.contains(expected), "{fields}: {error}");
        }
        for line in ["GET  /x HTTP/1.1", "GET /x HTTP/2.0", "GET /x", "G@T /x HTTP/1.1", "GET /x http/1.1"] {
            assert!(request(&format!("{line}\r\nHost: x\r\n\r\n")).is_err(), "{line}");
        }
    }

    #[test]
    fn an_answer_without_a_length_ends_with_its_connection() {
        let head = ResponseHead::parse(b"HTTP/1.1 200 OK\r\nContent-Type: x\r\n\r\n").unwrap();
        assert_eq!((head.framing, head.keep_alive), (Framing::UntilClose, false));
        assert_eq!(head.field("content-TYPE"), Some(&b"x"[..]));
        let head = ResponseHead::parse(b"HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\n").unwrap();
        assert_eq!((head.framing, head.keep_alive), (Framing::None, true));
    }

    #[test]
    fn a_head_is_found_wherever_its_bytes_are_split() {
        let bytes = b"GET / HTTP/1.1\r\nHost: x\r\n\r\nbody";
        for split in 1..bytes.len() {
            let mut searched = 0;
            let early = head_length(&bytes[..split], &mut searched).unwrap();
            let late = head_length(bytes, &mut searched).unwrap();
            assert_eq!(early.or(late), Some(bytes.len() - 4), "split at {split}");
        }
    }

    #[test]
    fn line_ends_are_cr_lf_and_nothing_comes_first() {
        for bytes in
            [&b"GET / HTTP/1.1\nHost: x\n\n"[..], b"\r\nGET / HTTP/1.1\r\n\r\n", b"GET / HTTP/1.1\r\n\n"]
        {
            assert!(matches!(head_length(bytes, &mut 0), Err(HeadFault::Malformed(_))));
        }
    }
}
