//! The lines of the audit, field by field. `docs/audit.md` describes them for those who read them.

use jiff::Timestamp;
use serde::{Serialize, Serializer};

use super::{End, Ending, RequestId, ascii};

/// The number of this layout. Fields may be added to it; one that changes or goes makes a new one.
const SCHEMA: u32 = 1;

/// One record, still without its sequence number.
#[derive(Debug)]
pub(super) struct Record {
    time: Timestamp,
    id: RequestId,
    event: Event,
}

/// What happened.
#[derive(Debug, Serialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub(super) enum Event {
    /// A request was judged, or could not be read.
    Judged(Box<Judged>),
    /// A request is over.
    Ended(Ended),
}

/// A request that was judged.
#[derive(Debug, Serialize)]
pub(super) struct Judged {
    pub(super) client: Who,
    pub(super) method: Option<String>,
    pub(super) path: Option<String>,
    pub(super) version: Option<String>,
    pub(super) operation: Option<&'static str>,
    #[serde(serialize_with = "as_object")]
    pub(super) target: Vec<(&'static str, String)>,
    #[serde(serialize_with = "as_object")]
    pub(super) parameters: Vec<(&'static str, String)>,
    pub(super) decision: Decision,
    pub(super) rule: Option<String>,
    pub(super) reason: Option<&'static str>,
    pub(super) detail: Option<String>,
    pub(super) policy: String,
}

/// Who asked.
#[derive(Debug, Serialize)]
pub(super) struct Who {
    pub(super) names: Vec<String>,
    pub(super) listener: String,
    #[serde(flatten)]
    pub(super) end: WhoEnd,
}

/// The other end of the connection.
#[derive(Debug, Serialize)]
#[serde(untagged)]
pub(super) enum WhoEnd {
    /// A process on this host.
    Unix { uid: u32, gid: u32, pid: Option<i32> },
    /// An address on a network.
    Tcp { address: String },
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
    status: Option<u16>,
    request_bytes: u64,
    response_bytes: u64,
    duration_us: u64,
    end: End,
}

impl Record {
    /// A record of now.
    pub(super) fn new(id: RequestId, event: Event) -> Self {
        Self { time: Timestamp::now(), id, event }
    }

    /// Appends the record as a line without its newline.
    pub(super) fn write(&self, sequence: u64, out: &mut Vec<u8>) -> serde_json::Result<()> {
        #[derive(Serialize)]
        struct Line<'a> {
            schema: u32,
            sequence: u64,
            time: String,
            id: RequestId,
            #[serde(flatten)]
            event: &'a Event,
        }
        let time = format!("{:.6}", self.time);
        ascii::write(&Line { schema: SCHEMA, sequence, time, id: self.id, event: &self.event }, out)
    }
}

impl Event {
    pub(super) fn ended(ending: Ending) -> Self {
        let Ending { status, request_bytes, response_bytes, duration, end } = ending;
        let duration_us = u64::try_from(duration.as_micros()).unwrap_or(u64::MAX);
        Self::Ended(Ended { status, request_bytes, response_bytes, duration_us, end })
    }
}

fn as_object<S: Serializer>(pairs: &[(&'static str, String)], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_map(pairs.iter().map(|(name, value)| (name, value)))
}
