//! The lines of the audit, field by field. `docs/audit.md` describes them for those who read them, and
//! `docs/audit.schema.json` for programs.

use std::borrow::Cow;

use jiff::Timestamp;
use serde::{Serialize, Serializer};

use super::chain::Hash;
use super::{End, Ending, RequestId, ascii};

/// The number of this layout. Fields may be added to it; one that changes or goes makes a new one.
pub(super) const SCHEMA: u32 = 1;

/// What happened.
#[derive(Debug, Serialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub(super) enum Event<'a> {
    /// A request was judged, or could not be read.
    Judged(&'a Judged<'a>),
    /// A request is over.
    Ended(Ended),
    /// dockgate began to write here.
    Opened(Opened<'a>),
    /// A policy is used from now on.
    Policy(PolicyInForce<'a>),
    /// The records so far are vouched for.
    Seal(Seal),
    /// Records are missing here, since they could not be written.
    Gap(Gap),
    /// Older files are about to be removed, as the settings say.
    Removed(&'a Removed),
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
    pub(super) targets: Vec<Target>,
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
#[derive(Debug, Default, Serialize)]
pub(super) struct Target {
    pub(super) kind: &'static str,
    /// As the client named it.
    pub(super) asked: String,
    /// The full ID, where it is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) id: Option<String>,
    /// What the daemon calls it, where dockgate has looked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) name: Option<String>,
    /// Of an exec instance, the ID of the container that it is in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) container: Option<String>,
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
    /// Its line in the policy file.
    pub(super) line: u32,
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

/// dockgate began to write here.
#[derive(Debug, Serialize)]
pub(super) struct Opened<'a> {
    pub(super) dockgate: &'static str,
    pub(super) host: &'a str,
    pub(super) pid: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) torn: Option<&'a Torn>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) missing: Option<Missing>,
}

/// The end of a line that was not whole.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Torn {
    pub(super) bytes: usize,
    pub(super) sha256: Hash,
    /// How it begins.
    pub(super) text: String,
}

/// Records that were written and are gone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Missing {
    pub(super) from: u64,
    pub(super) to: u64,
}

/// A policy is used from now on.
#[derive(Debug, Serialize)]
pub(super) struct PolicyInForce<'a> {
    pub(super) policy: &'a str,
    pub(super) name: &'a str,
    pub(super) mode: &'static str,
    pub(super) rule_count: usize,
}

/// The records so far are vouched for.
#[derive(Debug, Serialize)]
pub(super) struct Seal {
    pub(super) why: Why,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) signature: Option<String>,
}

/// What a seal is set for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Why {
    /// The time is up.
    Interval,
    /// dockgate stops.
    Closing,
    /// The file was moved away, or is about to be.
    Rotation,
}

/// Records are missing here.
#[derive(Debug, Serialize)]
pub(super) struct Gap {
    pub(super) lost: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) torn: Option<Torn>,
}

/// Older files are about to be removed.
#[derive(Debug, Serialize)]
pub(super) struct Removed {
    /// The number of the last record in them.
    pub(super) to: u64,
    pub(super) files: Vec<String>,
}

/// A time as it stands in records.
pub(super) fn time_text(time: Timestamp) -> String {
    format!("{time:.6}")
}

impl Torn {
    /// The longest text of one that is recorded whole, in bytes.
    const LONGEST: usize = 256;

    pub(super) fn of(bytes: &[u8]) -> Self {
        let text = String::from_utf8_lossy(bytes.get(..Self::LONGEST).unwrap_or(bytes)).into_owned();
        Self { bytes: bytes.len(), sha256: Hash::of(bytes), text }
    }
}

impl Event<'_> {
    /// Appends the record without what its place in the chain gives it, as JSON: an object in ASCII, on
    /// one line.
    ///
    /// # Errors
    ///
    /// Never, as it is: nothing in a record can fail to be written as JSON.
    pub(super) fn write(&self, time: &str, out: &mut Vec<u8>) -> serde_json::Result<()> {
        #[derive(Serialize)]
        struct Timed<'a> {
            time: &'a str,
            #[serde(flatten)]
            event: &'a Event<'a>,
        }
        ascii::write(&Timed { time, event: self }, out)
    }

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
