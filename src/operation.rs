//! What is asked: a request, read as dockerd would read it, and encoded anew for the daemon.
//!
//! Reading is pure. A request comes in two steps, since the head says what the body is: [`Asked`] is
//! the head, read; with its body it becomes an [`Operation`]. What reaches the daemon is encoded from
//! the operation, never copied from the client's bytes.

pub mod build;
pub mod context;
pub mod dockerfile;
pub mod field;
pub mod inside;
pub mod table;
pub mod version;

pub mod answer;
pub mod facts;
pub mod meaning;
pub mod redaction;
pub mod thing;

mod encode;
mod filters;
mod header;
mod json;
mod making;
mod path;
mod percent;
mod query;
mod reference;
mod understanding;
mod upload;

use std::fmt;

pub use encode::Encoded;
use facts::Facts;
pub use facts::{Known, Reference, Shown};
use field::FieldPath;
use field::Kind;
pub use filters::Filters;
use inside::Inside;
use json::Expected;
pub use json::{Flaw, Json, Key, Text};
pub use making::ReservedLabel;
use meaning::Posture;
pub use path::MAX_TARGET_BYTES;
pub use query::{Query, Value};
use redaction::mark;
pub use reference::{kind_of_swarm, kinds_named};
use table::{BodyKind, Endpoint, Lookup, Method};
use understanding::Kept;
pub use understanding::{Understanding, UsedParameter};
use version::ApiVersion;

/// The head of a request as it came over the wire, split but not yet understood.
#[derive(Clone, Copy, Debug)]
pub struct Head<'a> {
    /// The method.
    pub method: &'a str,
    /// The request target: path and query.
    pub target: &'a [u8],
    /// The header fields in their order; names as the client spelled them.
    pub headers: &'a [(&'a str, &'a [u8])],
}

/// A request whose head is read; its body is still to come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asked {
    heading: Heading,
    /// Whether the `Content-Type` allows a JSON body.
    declares_json: bool,
    /// The newest API version that the daemon could be asked in.
    newest: ApiVersion,
    /// The query as it came, to tell a copy of it in the body.
    raw_query: Vec<u8>,
}

/// What a client asks for: one endpoint of the table with everything that the daemon will be told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Operation {
    heading: Heading,
    body: Body,
    /// The newest API version that the daemon could have been asked in.
    newest: ApiVersion,
    facts: Facts,
    /// What is known of the archive in its body.
    inside: Inside,
    /// INVARIANT: whatever changes one of the others lets go of this.
    understood: Kept,
}

/// What the head of a request says.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Heading {
    endpoint: &'static Endpoint,
    version: ApiVersion,
    /// The canonical path, without version.
    path: String,
    identifiers: Vec<String>,
    query: Query,
    headers: Vec<(&'static str, String)>,
    upgrade: bool,
}

/// The body of an operation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Body {
    /// No body.
    None,
    /// A JSON body, read whole.
    Json(Json),
    /// A tar archive that follows and is copied through.
    Stream,
}

/// Why a request cannot be read. Nothing of it reaches the daemon.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unreadable {
    /// What kind of fault it is.
    pub fault: Fault,
    /// The endpoint, where the request came that far.
    pub endpoint: Option<&'static Endpoint>,
    /// What is wrong and where, in the client's terms.
    pub message: String,
}

/// The kinds of fault for which a request is not read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The request does not say one thing only: 400.
    Malformed,
    /// No endpoint of the table has this method and path: 404, as the daemon answers.
    UnknownEndpoint,
    /// Nothing of its kind can have the name: 404, as the daemon answers.
    NoSuchThing,
    /// The API version is older or newer than what dockgate knows the meaning of: 400.
    UnsupportedVersion,
    /// A form body, which the daemon would let override the query, or another that is not what belongs: 415.
    UnsupportedMediaType,
    /// The body is larger than what dockgate reads: 413.
    BodyTooLarge,
    /// The request target is longer than what dockgate reads: 414.
    TargetTooLong,
    /// The head is larger than what dockgate reads: 431.
    HeadTooLarge,
    /// The head or body did not arrive in time: 408.
    TooSlow,
    /// An expectation other than `100-continue`: 417.
    UnknownExpectation,
    /// dockgate has no place for what it would have to read: 503.
    Unkept,
}

/// The largest JSON body that is read. The largest that the daemon takes are configs, of 1,000 KB before
/// base64 (swarmkit, `MaxConfigSize`).
const MAX_JSON_BYTES: usize = 2 * 1024 * 1024;
/// Where no body belongs, an empty JSON value is let go of, and nothing larger.
const MAX_NEEDLESS_BYTES: usize = 1024;
/// How many things a request may name, each of which the daemon may have to be asked about.
const MOST_REFERENCES: usize = 1000;
/// How many bytes one takes at least: `"a",`.
const BYTES_OF_REFERENCE: usize = 4;

impl Asked {
    /// Reads the head of a request. `newest` is the version of a request that names none: the newest
    /// that both the daemon and the table know.
    ///
    /// An endpoint newer than the request's version is not refused here: the daemon enforces that
    /// where it matters, and serves many endpoints below the version that documents them.
    ///
    /// # Errors
    ///
    /// Whatever is not one known endpoint, asked for in one way.
    pub fn read(head: &Head<'_>, newest: ApiVersion) -> Result<Self, Unreadable> {
        let (path, query) = path::split(head.target)?;
        let path = path::decode(path)?;
        let path = path::read(&path)?;
        let (endpoint, identifiers) = find(head.method, &path.segments)?;
        let read = || {
            let version = match path.version {
                Some(text) => read_version(text)?,
                None => newest,
            };
            if let Some(until) = endpoint.until.filter(|until| *until < version) {
                let message =
                    format!("{endpoint} is gone since API version {until}; this request has {version}");
                return Err(Unreadable::new(Fault::UnknownEndpoint, message));
            }
            header::refuse_forms(head)?;
            let mut read = Query::read(query, endpoint)?;
            making::spell_name(endpoint, &mut read);
            if let Some(parameter) = read.redacted() {
                return Err(Unreadable::redacted(&format!("parameter {:?}", parameter.name)));
            }
            let heading = Heading {
                endpoint,
                version,
                path: path::write(endpoint, &identifiers),
                identifiers,
                query: read,
                headers: header::meaningful(head, endpoint)?,
                upgrade: header::asks_for_upgrade(head, endpoint),
            };
            Ok(Self {
                heading,
                newest,
                declares_json: header::declares_json(head),
                raw_query: query.to_vec(),
            })
        };
        read().map_err(|unreadable| unreadable.at(endpoint))
    }

    /// The endpoint asked for.
    #[must_use]
    pub fn endpoint(&self) -> &'static Endpoint {
        self.heading.endpoint
    }

    /// What the body of this request is. An image is only imported from the body where `fromSrc` says
    /// so; a pull has none.
    #[must_use]
    pub fn body_kind(&self) -> BodyKind {
        let endpoint = self.heading.endpoint;
        let from_body =
            || matches!(self.heading.query.get("fromSrc"), Some(Value::Text(source)) if source == "-");
        match endpoint.body {
            BodyKind::Tar if endpoint.id == "ImageCreate" && !from_body() => BodyKind::None,
            kind @ (BodyKind::None | BodyKind::Json { .. } | BodyKind::Tar) => kind,
        }
    }

    /// Adds the whole body, empty where there is none. Where the body is a stream, `bytes` do not
    /// count: that is what [`Asked::with_stream`] is for.
    ///
    /// # Errors
    ///
    /// A body that does not belong to the endpoint, or is not JSON with one meaning.
    pub fn with_body(self, bytes: &[u8]) -> Result<Operation, Unreadable> {
        let endpoint = self.heading.endpoint;
        if self.most_body_bytes().is_some_and(|most| bytes.len() > most) {
            return Err(self.too_large());
        }
        let body = match self.body_kind() {
            BodyKind::None => self.without_body(bytes),
            BodyKind::Json { kind, guard: _ } => self.json_body(bytes, kind),
            BodyKind::Tar => Ok(Body::Stream),
        };
        let body = body.map_err(|unreadable| unreadable.at(endpoint))?;
        let said_bytes = bytes.len().saturating_add(self.raw_query.len());
        let may_name_many = said_bytes / BYTES_OF_REFERENCE > MOST_REFERENCES;
        let operation = self.operation(body);
        if may_name_many && operation.references().len() > MOST_REFERENCES {
            let message =
                format!("the request names more than {MOST_REFERENCES} things; ask for fewer at a time");
            return Err(Unreadable::new(Fault::Malformed, message).at(endpoint));
        }
        Ok(operation)
    }

    /// How large a body may be; none where an archive is copied through.
    #[must_use]
    pub fn most_body_bytes(&self) -> Option<usize> {
        match self.body_kind() {
            BodyKind::None => Some(MAX_NEEDLESS_BYTES),
            BodyKind::Json { .. } => Some(MAX_JSON_BYTES),
            BodyKind::Tar => None,
        }
    }

    /// What is said of a larger one.
    #[must_use]
    pub fn too_large(&self) -> Unreadable {
        let endpoint = self.heading.endpoint;
        let (fault, message) = match self.body_kind() {
            BodyKind::None => (Fault::Malformed, format!("{endpoint} takes no body")),
            BodyKind::Json { .. } | BodyKind::Tar => {
                (Fault::BodyTooLarge, format!("the JSON body is larger than {MAX_JSON_BYTES} bytes"))
            }
        };
        Unreadable::new(fault, message).at(endpoint)
    }

    /// Lets a tar archive follow, where one belongs; elsewhere the operation has no body.
    #[must_use]
    pub fn with_stream(self) -> Operation {
        let body = match self.body_kind() {
            BodyKind::Tar => Body::Stream,
            BodyKind::None | BodyKind::Json { .. } => Body::None,
        };
        self.operation(body)
    }

    fn operation(self, body: Body) -> Operation {
        Operation {
            heading: self.heading,
            body,
            newest: self.newest,
            facts: Facts::NONE,
            inside: Inside::Unseen,
            understood: Kept::default(),
        }
    }

    fn json_body(&self, bytes: &[u8], kind: Kind) -> Result<Body, Unreadable> {
        if bytes.is_empty() {
            return Ok(Body::None);
        }
        if !self.declares_json {
            let message = "the body must be JSON: send it with Content-Type: application/json".to_owned();
            return Err(Unreadable::new(Fault::UnsupportedMediaType, message));
        }
        let json = Json::read(bytes, kind).map_err(|flaw| {
            Unreadable::new(Fault::Malformed, format!("the JSON body cannot be read: {flaw}"))
        })?;
        match Some(&json).filter(|_| mark::may_be_in(bytes)).and_then(mark::find) {
            Some(place) => Err(Unreadable::redacted(&format!("the JSON body at {place}"))),
            None => Ok(Body::Json(json)),
        }
    }

    /// Lets go of a body where none belongs, if it says nothing: none at all, a zero value, or a copy of the query, which
    /// dockerode sends beside it, or of a name in the path, as Nextcloud does. The daemon reads none of these.
    fn without_body(&self, bytes: &[u8]) -> Result<Body, Unreadable> {
        let says_nothing = bytes.trim_ascii().is_empty()
            || match Json::read_any(bytes, Expected::Unknown) {
                Ok(Json::Object(fields)) => {
                    let names = query::names(&self.raw_query);
                    let is_in_path = |value: &Json| {
                        value
                            .as_text()
                            .is_some_and(|text| self.heading.identifiers.iter().any(|id| id == text))
                    };
                    fields.iter().all(|(key, value)| names.contains(key.as_str()) || is_in_path(value))
                }
                Ok(json) => json.is_zero(),
                Err(_) => false,
            };
        if says_nothing {
            return Ok(Body::None);
        }
        let endpoint = self.heading.endpoint;
        Err(Unreadable::new(Fault::Malformed, format!("a body does not belong to {endpoint}; send none")))
    }
}

impl Operation {
    /// The endpoint asked for.
    #[must_use]
    pub fn endpoint(&self) -> &'static Endpoint {
        self.heading.endpoint
    }

    /// The API version that the daemon will read the operation by.
    #[must_use]
    pub fn version(&self) -> ApiVersion {
        self.heading.version
    }

    /// What the `{…}` of the endpoint's template stand for, decoded, in order.
    #[must_use]
    pub fn identifiers(&self) -> &[String] {
        &self.heading.identifiers
    }

    /// The query parameters that the daemon reads.
    #[must_use]
    pub fn query(&self) -> &Query {
        &self.heading.query
    }

    /// The body.
    #[must_use]
    pub fn body(&self) -> &Body {
        &self.body
    }

    /// The values that stand in the body at a path of the field table, in all elements of lists and maps; and
    /// those that stand where older daemons look for them too.
    #[must_use]
    pub fn values_at(&self, path: &FieldPath) -> Vec<&Json> {
        path.spellings().flat_map(|steps| self.values_by(steps)).collect()
    }

    /// Those of them that stand where they belong.
    #[must_use]
    pub fn values_in_place(&self, path: &FieldPath) -> Vec<&Json> {
        self.values_by(path.steps())
    }

    fn values_by(&self, steps: &[String]) -> Vec<&Json> {
        match (&self.body, self.endpoint().body) {
            (Body::Json(json), BodyKind::Json { kind, guard: _ }) => {
                understanding::values_at(kind, json, steps)
            }
            (Body::None | Body::Json(_) | Body::Stream, _) => Vec::new(),
        }
    }

    /// What the container that it makes will be like, where it makes one.
    #[must_use]
    pub fn posture(&self) -> Option<Posture> {
        match (&self.body, self.endpoint().body) {
            (Body::Json(json), BodyKind::Json { kind, guard: _ }) if Posture::is_of(self.endpoint().id) => {
                Some(Posture::read(self.endpoint().id, kind, json, self.version()))
            }
            (Body::None | Body::Json(_) | Body::Stream, _) => None,
        }
    }

    /// Takes down what the daemon shows at a reference.
    pub fn learn(&mut self, reference: Reference, shown: impl Into<Shown>) {
        self.facts.add(reference, shown.into());
        self.understand_anew();
    }

    /// What is known of a thing that it refers to.
    #[must_use]
    pub fn known(&self, reference: &Reference) -> Known<'_> {
        self.facts.known(reference)
    }

    /// The things that the daemon has shown to be meant, each with what the client calls it.
    pub fn things(&self) -> impl Iterator<Item = (&Reference, thing::Thing<'_>)> {
        self.facts.things()
    }

    /// Whether the request hands the daemon credentials for registries of the client's choosing: those of a build. An
    /// empty set of them, which the docker CLI always sends, is none.
    #[must_use]
    pub fn brings_credentials(&self) -> bool {
        const EMPTY: [&str; 4] = ["e30=", "e30", "bnVsbA==", "bnVsbA"];
        let mut headers = self.heading.headers.iter();
        headers.any(|(name, value)| *name == "X-Registry-Config" && !EMPTY.contains(&value.as_str()))
    }

    /// Whether the client asks to upgrade the connection, where the endpoint can.
    #[must_use]
    pub fn upgrade(&self) -> bool {
        self.heading.upgrade
    }

    /// The canonical path, without version: what regular expressions of a policy see, and the audit
    /// shows.
    #[must_use]
    pub fn path(&self) -> &str {
        &self.heading.path
    }
}

impl<'a> Head<'a> {
    /// Every value of the header `name`, without the space around it.
    fn values(&self, name: &str) -> impl Iterator<Item = &'a [u8]> {
        let named = self.headers.iter().filter(move |(own, _)| own.eq_ignore_ascii_case(name));
        named.map(|(_, value)| value.trim_ascii())
    }
}

impl Fault {
    /// Every one.
    pub const ALL: [Self; 11] = [
        Self::Malformed,
        Self::UnknownEndpoint,
        Self::NoSuchThing,
        Self::UnsupportedVersion,
        Self::UnsupportedMediaType,
        Self::BodyTooLarge,
        Self::TargetTooLong,
        Self::HeadTooLarge,
        Self::TooSlow,
        Self::UnknownExpectation,
        Self::Unkept,
    ];

    /// The stable name, for records.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Malformed => "malformed",
            Self::UnknownEndpoint => "unknown_endpoint",
            Self::NoSuchThing => "no_such_thing",
            Self::UnsupportedVersion => "unsupported_version",
            Self::UnsupportedMediaType => "unsupported_media_type",
            Self::BodyTooLarge => "body_too_large",
            Self::TargetTooLong => "target_too_long",
            Self::HeadTooLarge => "head_too_large",
            Self::TooSlow => "too_slow",
            Self::UnknownExpectation => "unknown_expectation",
            Self::Unkept => "unkept",
        }
    }
}

impl Unreadable {
    fn new(fault: Fault, message: String) -> Self {
        Self { fault, endpoint: None, message }
    }

    /// What stands in `place` is not what the client means: it has read it from an answer.
    fn redacted(place: &str) -> Self {
        let message = format!(
            "{place} holds what dockgate put there in place of a value that this client may not see; nothing is made \
             of it. Send the value itself, or let a rule without redact show it"
        );
        Self::new(Fault::Malformed, message)
    }

    /// Says which endpoint was asked for.
    fn at(self, endpoint: &'static Endpoint) -> Self {
        Self { endpoint: Some(endpoint), ..self }
    }
}

/// The endpoint with this method and these segments.
fn find(method: &str, segments: &[&str]) -> Result<(&'static Endpoint, Vec<String>), Unreadable> {
    let Some(known) = Method::read(method) else {
        return Err(unknown_method(method));
    };
    match table::find(known, segments) {
        Lookup::Found { endpoint, identifiers } => Ok((endpoint, identifiers)),
        Lookup::BadIdentifier { endpoint, identifier, what, is_reference } => {
            let fault = if is_reference { Fault::NoSuchThing } else { Fault::Malformed };
            let message = format!("{endpoint}: nothing is named {identifier}: {what}");
            Err(Unreadable::new(fault, message).at(endpoint))
        }
        Lookup::MethodNotKnown { methods } => {
            let methods: Vec<&str> = methods.iter().map(|method| method.as_str()).collect();
            let message = format!("page not found: the path has {}, not {method}", methods.join(", "));
            Err(Unreadable::new(Fault::UnknownEndpoint, message))
        }
        Lookup::NotFound => {
            let message = "page not found: no endpoint of the Docker Engine API has this path".to_owned();
            Err(Unreadable::new(Fault::UnknownEndpoint, message))
        }
    }
}

fn unknown_method(method: &str) -> Unreadable {
    let is_token = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    if method.is_empty() || !method.bytes().all(is_token) {
        return Unreadable::new(Fault::Malformed, "the request has no method that HTTP knows".to_owned());
    }
    let message = if Method::read(&method.to_ascii_uppercase()).is_some() {
        "page not found: methods are written in capitals"
    } else {
        "page not found: dockgate passes on GET, HEAD, POST, PUT and DELETE only"
    };
    Unreadable::new(Fault::UnknownEndpoint, message.to_owned())
}

/// The version in a path; the daemon's own words where it is too old or too new.
fn read_version(text: &str) -> Result<ApiVersion, Unreadable> {
    let unsupported = |message| Unreadable::new(Fault::UnsupportedVersion, message);
    match ApiVersion::read(text) {
        Some(version) if version < ApiVersion::OLDEST => Err(unsupported(format!(
            "client version {version} is too old. Minimum supported API version is {}, please upgrade your client \
             to a newer version",
            ApiVersion::OLDEST
        ))),
        Some(version) if version > ApiVersion::NEWEST => Err(unsupported(format!(
            "client version {version} is too new. Maximum supported API version is {}",
            ApiVersion::NEWEST
        ))),
        Some(version) => Ok(version),
        None => Err(unsupported(format!(
            "the version in the path is none that Docker has; write it as in /v{}/info",
            ApiVersion::NEWEST
        ))),
    }
}

impl fmt::Display for Unreadable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Unreadable {}

#[cfg(test)]
mod tests;
