//! Records as they are read: what a reader asks of them, borrowed from the line where that can be.

use std::borrow::Cow;

use serde::Deserialize;

use super::super::chain::Linked;

/// A request that was judged, or could not be read. What does not apply is left out.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct Judged<'l> {
    /// The record's number.
    pub sequence: u64,
    /// When: RFC 3339, UTC, microseconds.
    #[serde(borrow)]
    pub time: Cow<'l, str>,
    /// The request.
    #[serde(borrow)]
    pub id: Cow<'l, str>,
    /// Who asked.
    #[serde(borrow)]
    pub client: Who<'l>,
    /// The operationId of Docker's API reference.
    #[serde(borrow)]
    pub operation: Option<Cow<'l, str>>,
    /// What was asked.
    #[serde(borrow)]
    pub method: Option<Cow<'l, str>>,
    /// The path without version and query.
    #[serde(borrow)]
    pub path: Option<Cow<'l, str>>,
    /// The API version that the daemon is told.
    #[serde(borrow)]
    pub version: Option<Cow<'l, str>>,
    /// What the path names.
    #[serde(borrow)]
    pub targets: Vec<Target<'l>>,
    /// The image that is to be run or pulled.
    #[serde(borrow)]
    pub image: Option<Cow<'l, str>>,
    /// The query parameters that the daemon is told, those that are guarded without their value.
    pub parameters: serde_json::Map<String, serde_json::Value>,
    /// The guarded fields of the body that are used.
    #[serde(borrow)]
    pub fields: Vec<UsedField<'l>>,
    /// How many more there are.
    pub fields_more: Option<u64>,
    /// The command that is to be run in a container.
    #[serde(borrow)]
    pub argv: Option<Vec<Cow<'l, str>>>,
    /// How many more words it has.
    pub argv_more: Option<u64>,
    /// `permit`, `deny`, `observe` or `refuse`.
    #[serde(borrow)]
    pub decision: Cow<'l, str>,
    /// Why not, as a code.
    #[serde(borrow)]
    pub reason: Option<Cow<'l, str>>,
    /// The rules that had a part in it, the one that decided first.
    #[serde(borrow)]
    pub rules: Vec<Rule<'l>>,
    /// Why not, in a line.
    #[serde(borrow)]
    pub detail: Option<Cow<'l, str>>,
    /// The policy that judged, by its hash.
    #[serde(borrow)]
    pub policy: Cow<'l, str>,
}

/// Who asked.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct Who<'l> {
    /// Its names in the policy.
    #[serde(borrow)]
    pub names: Vec<Cow<'l, str>>,
    /// The listener that it came in on.
    #[serde(borrow)]
    pub listener: Cow<'l, str>,
    /// Its address and port.
    #[serde(borrow)]
    pub address: Option<Cow<'l, str>>,
    /// The user of its process.
    pub uid: Option<u32>,
    /// The group of its process.
    pub gid: Option<u32>,
    /// Its process.
    pub pid: Option<i32>,
}

/// Something that the path names.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct Target<'l> {
    /// What it is.
    #[serde(borrow)]
    pub kind: Cow<'l, str>,
    /// As the client named it.
    #[serde(borrow)]
    pub asked: Cow<'l, str>,
    /// The full ID, where it is known.
    #[serde(borrow)]
    pub id: Option<Cow<'l, str>>,
    /// What the daemon calls it, where dockgate has looked.
    #[serde(borrow)]
    pub name: Option<Cow<'l, str>>,
    /// Of an exec, the container that it is in.
    #[serde(borrow)]
    pub container: Option<Cow<'l, str>>,
}

/// A guarded field that is used.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct UsedField<'l> {
    /// Where it stands in the body.
    #[serde(borrow)]
    pub field: Cow<'l, str>,
    /// Its value in short.
    #[serde(borrow)]
    pub value: Option<Cow<'l, str>>,
}

/// A rule that had a part in a decision.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct Rule<'l> {
    /// Its name, or its line.
    #[serde(borrow)]
    pub name: Cow<'l, str>,
    /// Its line in the policy file.
    pub line: Option<u64>,
}

/// What a line is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event<'l> {
    /// A request that was judged.
    Judged,
    /// The end of this request.
    Ended {
        /// Its id.
        id: &'l str,
    },
    /// The audit itself.
    Other,
}

impl<'l> Event<'l> {
    /// What a line is about; nothing where it is no record.
    #[must_use]
    pub fn of(line: &'l [u8]) -> Option<Self> {
        let linked = Linked::read(line)?;
        Some(match (linked.event, linked.id()) {
            (b"judged", _) => Self::Judged,
            (b"ended", Some(id)) => Self::Ended { id: str::from_utf8(id).ok()? },
            (_, _) => Self::Other,
        })
    }
}

/// A policy that is used from then on.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct PolicyInForce<'l> {
    /// Its hash.
    #[serde(borrow)]
    pub policy: Cow<'l, str>,
    /// Its file.
    #[serde(borrow)]
    pub name: Cow<'l, str>,
}

impl<'l> PolicyInForce<'l> {
    /// What a line says of a policy, where it is about one.
    #[must_use]
    pub fn of(line: &'l [u8]) -> Option<Self> {
        Linked::read(line).filter(|linked| linked.event == b"policy")?;
        serde_json::from_slice(line).ok()
    }
}

/// How a request ended.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct Ended<'l> {
    /// The record's number.
    pub sequence: u64,
    /// When.
    #[serde(borrow)]
    pub time: Cow<'l, str>,
    /// What the client was sent.
    pub status: Option<u16>,
    /// What the daemon answered.
    pub daemon_status: Option<u16>,
    /// Bytes from the client.
    pub request_bytes: u64,
    /// Bytes to the client.
    pub response_bytes: u64,
    /// How long it took, in microseconds.
    pub duration_us: u64,
    /// What ended it.
    #[serde(borrow)]
    pub end: Cow<'l, str>,
}

impl Who<'_> {
    /// What to call it in short: its name in the policy, or else what the kernel tells of it.
    #[must_use]
    pub fn label(&self) -> String {
        match (self.names.first(), self.uid, &self.address) {
            (Some(name), _, _) => name.to_string(),
            (None, Some(uid), _) => format!("uid={uid}"),
            (None, None, Some(address)) => host_of(address).to_owned(),
            (None, None, None) => self.listener.to_string(),
        }
    }
}

/// An address without its port.
pub(super) fn host_of(address: &str) -> &str {
    let host = address.rsplit_once(':').map_or(address, |(host, _)| host);
    host.trim_start_matches('[').trim_end_matches(']')
}
