//! Everything that dockgate itself answers: errors in Docker's shape, `{"message": …}`.

use super::crowd::NoPlace;
use crate::audit::{AuditError, RequestId};
use crate::daemon::{Away, Failure, whole_seconds};
use crate::operation::thing::ThingKind;
use crate::operation::{Fault, Reference, Unreadable};
use crate::policy::Denial;
use crate::wire::HeadWriter;

/// When a client may try again, in seconds, after the audit or a place was not to be had.
const RETRY_AFTER_SECONDS: u64 = 2;

/// An answer of dockgate's own.
#[derive(Debug)]
pub(super) struct Refusal {
    pub(super) status: u16,
    retry_after_seconds: Option<u64>,
    body: String,
}

impl Refusal {
    /// The policy does not allow it.
    pub(super) fn denied(denial: &Denial) -> Self {
        match denial.refusal().hidden() {
            Some(reference) => {
                // As the daemon does: what is not found when a container is made clients take to be its image, and pull that.
                let is_of_other = denial.operation().endpoint().id == "ContainerCreate"
                    && reference.kind != ThingKind::Image;
                Self::new(if is_of_other { 400 } else { 404 }, &missing(reference))
            }
            None => Self::new(403, denial.message()),
        }
    }

    /// It says not one thing that dockgate understands.
    pub(super) fn unreadable(unreadable: &Unreadable) -> Self {
        let status = match unreadable.fault {
            Fault::Malformed | Fault::UnsupportedVersion => 400,
            Fault::UnknownEndpoint | Fault::NoSuchThing => 404,
            Fault::TooSlow => 408,
            Fault::BodyTooLarge => 413,
            Fault::TargetTooLong => 414,
            Fault::UnsupportedMediaType => 415,
            Fault::UnknownExpectation => 417,
            Fault::HeadTooLarge => 431,
            Fault::Unkept => 503,
        };
        Self::new(status, &format!("dockgate: {unreadable}"))
    }

    /// It is allowed, but could not be put on record.
    pub(super) fn unrecorded(error: &AuditError) -> Self {
        Self {
            retry_after_seconds: Some(RETRY_AFTER_SECONDS),
            ..Self::new(
                503,
                &format!("dockgate: the request was not forwarded, since it could not be recorded: {error}"),
            )
        }
    }

    /// The daemon cannot be reached; nothing of the request was sent. Beside the message, which says what was found
    /// and what to do, stands what a program would look at.
    pub(super) fn away(away: &Away) -> Self {
        let retry_after = whole_seconds(away.retry_after);
        let body = serde_json::json!({
            "message": format!("dockgate: the Docker daemon is away: {away}"),
            "type": away.kind,
            "code": away.code,
            "recoverable": away.recoverable,
            "retry_after": retry_after,
        });
        Self { status: 503, retry_after_seconds: Some(retry_after), body: format!("{body}\n") }
    }

    /// The daemon gave no answer.
    pub(super) fn failure(failure: &Failure) -> Self {
        match failure {
            Failure::Away(away) => Self::away(away),
            Failure::Lost(lost) => {
                let doubt = "The request was not sent again, since the daemon may have acted on it";
                Self::new(502, &format!("dockgate: {lost}. {doubt}"))
            }
        }
    }

    /// The daemon has answered, but it is not clear what of that the client may see.
    pub(super) fn withheld(why: &str) -> Self {
        let cause = "Under the rule that allows the request the client may see only a part of the answer";
        Self::new(502, &format!("dockgate: the Docker daemon's answer is not passed on: {why}. {cause}"))
    }

    /// The daemon has said what something is, but not so that it can be read.
    pub(super) fn untold(sentence: &str) -> Self {
        Self::new(502, &format!("dockgate: the request was not forwarded: {sentence}"))
    }

    /// Another policy came into force before the daemon had answered.
    pub(super) fn revoked() -> Self {
        Self::new(
            403,
            "dockgate: another policy came into force while the daemon was being asked, and does not allow this request. The daemon may have acted on it",
        )
    }

    /// Too many connections are open.
    pub(super) fn crowded(no_place: NoPlace) -> Self {
        Self {
            retry_after_seconds: Some(RETRY_AFTER_SECONDS),
            ..Self::new(
                503,
                &format!(
                    "dockgate: {no_place}; raise --max-connections, or the limit of open files where that is lower, if that is too few"
                ),
            )
        }
    }

    /// The answer as it goes over the wire. A `HEAD` request gets its head alone.
    pub(super) fn encode(&self, id: Option<RequestId>, is_head: bool, keep: bool) -> Vec<u8> {
        let mut head = HeadWriter::answer("HTTP/1.1", self.status, reason_phrase(self.status));
        head.field("Content-Type", "application/json");
        head.number("Content-Length", self.body.len());
        if let Some(id) = id {
            head.field("X-Dockgate-Request-Id", id.as_bytes());
        }
        if let Some(seconds) = self.retry_after_seconds {
            head.number("Retry-After", seconds);
        }
        if !keep {
            head.field("Connection", "close");
        }
        let mut answer = head.end();
        if !is_head {
            answer.extend_from_slice(self.body.as_bytes());
        }
        answer
    }

    /// The size of its body.
    pub(super) fn body_bytes(&self) -> u64 {
        u64::try_from(self.body.len()).unwrap_or(u64::MAX)
    }

    fn new(status: u16, message: &str) -> Self {
        let mut body = serde_json::json!({ "message": message }).to_string();
        body.push('\n');
        Self { status, retry_after_seconds: None, body }
    }
}

/// What the daemon says of a thing that it does not have (moby `daemon`, `volume/service`, swarmkit). What a client may
/// not know to be there is missing for it.
fn missing(reference: &Reference) -> String {
    let Reference { kind, name } = reference;
    match kind {
        ThingKind::Container => format!("No such container: {name}"),
        ThingKind::Exec => format!("No such exec instance: {name}"),
        ThingKind::Image => {
            let last = name.rsplit('/').next().unwrap_or_default();
            let tag = if last.contains([':', '@']) { "" } else { ":latest" };
            format!("No such image: {name}{tag}")
        }
        ThingKind::Volume => format!("get {name}: no such volume"),
        ThingKind::Network
        | ThingKind::Service
        | ThingKind::Task
        | ThingKind::Secret
        | ThingKind::Config
        | ThingKind::Node
        | ThingKind::Plugin
        | ThingKind::BuildCache
        | ThingKind::Daemon => format!("{kind} {name} not found"),
    }
}

fn reason_phrase(status: u16) -> &'static str {
    match status {
        400 => "Bad Request",
        403 => "Forbidden",
        404 => "Not Found",
        408 => "Request Timeout",
        413 => "Content Too Large",
        414 => "URI Too Long",
        415 => "Unsupported Media Type",
        417 => "Expectation Failed",
        431 => "Request Header Fields Too Large",
        502 => "Bad Gateway",
        _ => "Service Unavailable",
    }
}
