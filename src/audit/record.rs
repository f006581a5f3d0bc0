//! The lines of the audit, field by field. `docs/audit.md` describes them for those who read them, and
//! `docs/audit.schema.json` for programs.

use std::borrow::Cow;

use jiff::Timestamp;
use serde::{Serialize, Serializer};

use super::{End, Ending, RequestId, ascii};

/// The number of this layout. Fields may be added to it; one that changes or goes makes a new one.
pub(super) const SCHEMA: u32 = 1;

/// A record without what its place gives it (`sequence`), as JSON: an object in ASCII, on one line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Body(Vec<u8>);

/// What happened.
#[derive(Debug, Serialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub(super) enum Event<'a> {
    /// A request was judged, or could not be read.
    Judged(&'a Judged<'a>),
    /// A request is over.
    Ended(Ended),
}

/// A request that was judged. What does not apply is left out.
#[derive(Debug, Serialize)]
pub(super) struct Judged<'a> {
    pub(super) id: RequestId,
    pub(super) client: Who<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) operation: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) method: Option<Cow<'a, str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) path: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) version: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) targets: Vec<Target<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) image: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty", serialize_with = "as_object")]
    pub(super) parameters: Vec<(&'static str, Option<String>)>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) fields: Vec<UsedField>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) fields_more: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) argv: Option<Vec<String>>,
    pub(super) decision: Decision,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) reason: Option<&'static str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) rules: Vec<RuleInvolved<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) detail: Option<Cow<'a, str>>,
    pub(super) policy: &'a str,
}

/// Who asked.
#[derive(Debug, Serialize)]
pub(super) struct Who<'a> {
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    pub(super) names: &'a [&'a str],
    pub(super) listener: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) address: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) uid: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) gid: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) pid: Option<i32>,
}

/// Something that the path names.
#[derive(Debug, Serialize)]
pub(super) struct Target<'a> {
    pub(super) kind: &'static str,
    /// As the client named it.
    pub(super) asked: Cow<'a, str>,
    /// The full ID, where it is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) id: Option<&'a str>,
}

/// A field of the body that needs a grant and is used.
#[derive(Debug, Serialize)]
pub(super) struct UsedField {
    pub(super) field: String,
    /// The value in short; none where it could be a secret.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) value: Option<String>,
}

/// A rule that had a part in the decision.
#[derive(Debug, Serialize)]
pub(super) struct RuleInvolved<'a> {
    pub(super) name: &'a str,
}

/// What became of the request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Decision {
    /// A rule permits it.
    Permit,
    /// The policy denies it.
    Deny,
    /// It cannot be read.
    Refuse,
    /// The policy would deny it, but only observes.
    Observe,
}

/// A request that is over.
#[derive(Debug, Serialize)]
pub(super) struct Ended {
    id: RequestId,
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<u16>,
    #[serde(skip_serializing_if = "Option::is_none")]
    daemon_status: Option<u16>,
    request_bytes: u64,
    response_bytes: u64,
    duration_us: u64,
    end: End,
}

impl Body {
    /// Something that happens now.
    ///
    /// # Errors
    ///
    /// Never, as it is: nothing in a record can fail to be written as JSON.
    pub(super) fn new(event: &Event<'_>) -> serde_json::Result<Self> {
        #[derive(Serialize)]
        struct Timed<'a> {
            time: String,
            #[serde(flatten)]
            event: &'a Event<'a>,
        }
        let mut json = Vec::with_capacity(512);
        ascii::write(&Timed { time: format!("{:.6}", Timestamp::now()), event }, &mut json)?;
        Ok(Self(json))
    }

    /// Appends the whole record as a line without its newline.
    pub(super) fn write(&self, sequence: u64, out: &mut Vec<u8>) {
        out.extend_from_slice(format!("{{\"schema\":{SCHEMA},\"sequence\":{sequence},").as_bytes());
        out.extend_from_slice(self.0.get(1..).unwrap_or_default());
    }
}

impl Event<'_> {
    pub(super) fn ended(id: RequestId, ending: Ending) -> Self {
        let Ending { status, daemon_status, request_bytes, response_bytes, duration, end } = ending;
        let duration_us = u64::try_from(duration.as_micros()).unwrap_or(u64::MAX);
        Self::Ended(Ended { id, status, daemon_status, request_bytes, response_bytes, duration_us, end })
    }
}

fn as_object<S: Serializer>(
    pairs: &[(&'static str, Option<String>)],
    serializer: S,
) -> Result<S::Ok, S::Error> {
    serializer.collect_map(pairs.iter().map(|(name, value)| (name, value)))
}
