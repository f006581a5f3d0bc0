//! The lines of the audit, field by field. `docs/audit.md` describes them for those who read them, and
//! `docs/audit.schema.json` for programs.

use std::fmt;

use jiff::Timestamp;

use super::chain::Hash;
use super::line::Line;
use super::subject::Judged;
use super::{End, Ending, RequestId, Statement};

/// The number of this layout. Fields may be added to it; one that changes or goes makes a new one.
pub(super) const SCHEMA: u32 = 1;

/// What happened.
#[derive(Debug)]
pub(super) enum Event<'a> {
    /// A request was judged, or could not be read.
    Judged(Judged<'a>),
    /// The same, as it was stated before.
    Stated(RequestId, &'a Statement),
    /// A request is over.
    Ended(RequestId, Ending),
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

/// dockgate began to write here.
#[derive(Debug)]
pub(super) struct Opened<'a> {
    pub(super) dockgate: &'static str,
    pub(super) host: &'a str,
    pub(super) pid: u32,
    pub(super) torn: Option<&'a Torn>,
    pub(super) mismatch: Option<Mismatch>,
}

/// The end of a line that was not whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Torn {
    pub(super) bytes: usize,
    pub(super) sha256: Hash,
    /// How it begins.
    pub(super) text: String,
}

/// How what is there differs from what the head says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mismatch {
    /// Records that were written are gone.
    Missing { from: u64, to: u64 },
    /// The last record, which has this number, is not as it was written.
    Changed(u64),
    /// There are records, and no head to hold them against.
    NoHead,
    /// There is something else than a head.
    UnreadableHead,
}

impl fmt::Display for Mismatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing { from, to } if from == to => {
                write!(f, "record {to} was written and is gone")
            }
            Self::Missing { from, to } => write!(f, "records {from} to {to} were written and are gone"),
            Self::Changed(number) => {
                write!(f, "record {number}, the last, is not as it was written: somebody changed it")
            }
            Self::NoHead => f.write_str(
                "the head beside it (.head) is gone: whether records were cut off at the end cannot be told",
            ),
            Self::UnreadableHead => f.write_str(
                "the head beside it (.head) holds something else: whether records were cut off at the end cannot be told",
            ),
        }
    }
}

/// A policy is used from now on.
#[derive(Debug)]
pub(super) struct PolicyInForce<'a> {
    pub(super) policy: &'a str,
    pub(super) name: &'a str,
    pub(super) mode: &'static str,
    pub(super) rule_count: usize,
}

/// The records so far are vouched for.
#[derive(Debug)]
pub(super) struct Seal {
    pub(super) why: Why,
    pub(super) signature: Option<String>,
}

/// What a seal is set for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Why {
    /// The time is up.
    Interval,
    /// dockgate stops.
    Closing,
    /// The file was moved away, or is about to be.
    Rotation,
}

/// Records are missing here.
#[derive(Debug)]
pub(super) struct Gap {
    pub(super) lost: u64,
    pub(super) torn: Option<Torn>,
}

/// Older files are about to be removed.
#[derive(Debug)]
pub(super) struct Removed {
    /// The number of the last record in them.
    pub(super) to: u64,
    pub(super) files: Vec<String>,
}

/// A time as it stands in records.
pub(super) fn time_text(time: Timestamp) -> String {
    format!("{time:.6}")
}

impl Event<'_> {
    /// Appends the record's fields, without those that its place in the chain gives it. What does not apply is left
    /// out.
    pub(super) fn write(&self, time: &str, line: &mut Line<'_>) {
        line.key("time").plain(time.as_bytes());
        line.key("event").word(self.name());
        match self {
            Self::Judged(judged) => judged.write(line),
            Self::Stated(id, Statement(fields)) => {
                line.key("id").plain(id.as_bytes());
                line.fields(fields);
            }
            Self::Ended(id, ending) => ending.write(*id, line),
            Self::Opened(opened) => opened.write(line),
            Self::Policy(policy) => policy.write(line),
            Self::Seal(seal) => seal.write(line),
            Self::Gap(gap) => gap.write(line),
            Self::Removed(removed) => removed.write(line),
        }
    }

    fn name(&self) -> &'static str {
        match self {
            Self::Judged(_) | Self::Stated(..) => "judged",
            Self::Ended(..) => "ended",
            Self::Opened(_) => "opened",
            Self::Policy(_) => "policy",
            Self::Seal(_) => "seal",
            Self::Gap(_) => "gap",
            Self::Removed(_) => "removed",
        }
    }
}

impl Ending {
    fn write(&self, id: RequestId, line: &mut Line<'_>) {
        let Self { status, daemon_status, request_bytes, response_bytes, duration, end } = *self;
        line.key("id").plain(id.as_bytes());
        if let Some(status) = status {
            line.key("status").number(status);
        }
        if let Some(daemon_status) = daemon_status {
            line.key("daemon_status").number(daemon_status);
        }
        line.key("request_bytes").number(request_bytes);
        line.key("response_bytes").number(response_bytes);
        line.key("duration_us").number(u64::try_from(duration.as_micros()).unwrap_or(u64::MAX));
        line.key("end").word(end.as_str());
    }
}

impl End {
    /// The word for it, in records and labels of metrics.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Complete => "complete",
            Self::Tunnel => "tunnel",
            Self::ClientGone => "client_gone",
            Self::DaemonGone => "daemon_gone",
            Self::DaemonAway => "daemon_away",
            Self::Refused => "refused",
            Self::Malformed => "malformed",
            Self::Drained => "drained",
            Self::Revoked => "revoked",
            Self::Failed => "failed",
        }
    }
}

impl Opened<'_> {
    fn write(&self, line: &mut Line<'_>) {
        let Self { dockgate, host, pid, torn, mismatch } = self;
        line.key("dockgate").word(dockgate);
        line.key("host").text(host);
        line.key("pid").number(*pid);
        if let Some(torn) = torn {
            line.key("torn").object(|line| torn.write(line));
        }
        match mismatch {
            Some(Mismatch::Missing { from, to }) => line.key("missing").object(|line| {
                line.key("from").number(*from);
                line.key("to").number(*to);
            }),
            Some(Mismatch::Changed(number)) => line.key("changed").number(*number),
            Some(Mismatch::NoHead) => line.key("head").word("absent"),
            Some(Mismatch::UnreadableHead) => line.key("head").word("unreadable"),
            None => {}
        }
    }
}

impl Torn {
    /// The longest text of one that is recorded whole, in bytes.
    const LONGEST: usize = 256;

    pub(super) fn of(bytes: &[u8]) -> Self {
        let text = String::from_utf8_lossy(bytes.get(..Self::LONGEST).unwrap_or(bytes)).into_owned();
        Self { bytes: bytes.len(), sha256: Hash::of(bytes), text }
    }

    fn write(&self, line: &mut Line<'_>) {
        let Self { bytes, sha256, text } = self;
        line.key("bytes").number(*bytes);
        line.key("sha256").text(&sha256.to_string());
        line.key("text").text(text);
    }
}

impl PolicyInForce<'_> {
    fn write(&self, line: &mut Line<'_>) {
        let Self { policy, name, mode, rule_count } = self;
        line.key("policy").text(policy);
        line.key("name").text(name);
        line.key("mode").word(mode);
        line.key("rule_count").number(*rule_count);
    }
}

impl Seal {
    fn write(&self, line: &mut Line<'_>) {
        let Self { why, signature } = self;
        line.key("why").word(match why {
            Why::Interval => "interval",
            Why::Closing => "closing",
            Why::Rotation => "rotation",
        });
        if let Some(signature) = signature {
            line.key("signature").text(signature);
        }
    }
}

impl Gap {
    fn write(&self, line: &mut Line<'_>) {
        let Self { lost, torn } = self;
        line.key("lost").number(*lost);
        if let Some(torn) = torn {
            line.key("torn").object(|line| torn.write(line));
        }
    }
}

impl Removed {
    fn write(&self, line: &mut Line<'_>) {
        let Self { to, files } = self;
        line.key("to").number(*to);
        line.key("files").array(files, |line, file| line.text(file));
    }
}
