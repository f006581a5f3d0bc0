//! One question to dockgate itself and its answer, on one connection.

use std::io::IoSlice;
use std::time::Duration;

use tokio::time::timeout;

use crate::wire::{Framing, HeadFault, HeadWriter, Inbox, RequestHead, Stream, head_bytes};

/// How large a question may be, and how long it may take to come.
const MAX_HEAD_BYTES: usize = 8 * 1024;
const HEAD_TIME: Duration = Duration::from_secs(2);
/// How long whoever asked may take to read the answer.
const WRITE_TIME: Duration = Duration::from_secs(5);

/// What is asked.
#[derive(Clone, Copy, Debug)]
pub(super) struct Question<'a> {
    pub(super) path: &'a str,
    /// What stands behind the `?`.
    pub(super) query: &'a str,
}

/// What is answered.
#[derive(Debug)]
pub(super) struct Page {
    pub(super) status: u16,
    /// The type of the body.
    pub(super) kind: &'static str,
    pub(super) body: String,
}

/// Has one question answered, and closes the connection.
pub(super) async fn hold(stream: &Stream, answer: impl AsyncFnOnce(Question<'_>) -> Page) {
    let mut inbox = Inbox::default();
    let receiving = head_bytes(&mut inbox, stream, MAX_HEAD_BYTES);
    let (page, is_head) = match timeout(HEAD_TIME, receiving).await {
        Ok(Ok(Some(bytes))) => match RequestHead::parse(&bytes) {
            Ok(head) => match read(&head) {
                Ok(question) => (answer(question).await, head.method == "HEAD"),
                Err(page) => (page, head.method == "HEAD"),
            },
            Err(_) => (Page::refusal(400, "the request cannot be read"), false),
        },
        Ok(Err(HeadFault::TooLarge { .. } | HeadFault::Malformed(_))) => {
            (Page::refusal(400, "the request cannot be read"), false)
        }
        // Nobody is there, or nobody who asks.
        Ok(Ok(None) | Err(HeadFault::Truncated | HeadFault::Io(_))) | Err(_) => return,
    };
    // Whoever does not read the answer does without.
    let _written = timeout(WRITE_TIME, stream.write_all(&mut [IoSlice::new(&page.encode(is_head))])).await;
}

/// What is asked, or why that is not answered.
fn read<'a>(head: &RequestHead<'a>) -> Result<Question<'a>, Page> {
    if head.names_foreign_host() {
        let message = "the Host header holds a name with a dot in it: ask by address, or as localhost, so that no web page can ask by a name of its own";
        return Err(Page::refusal(400, message));
    }
    if !matches!(head.method, "GET" | "HEAD") || head.framing != Framing::None {
        return Err(Page::refusal(405, "only GET and HEAD, without a body, are answered here"));
    }
    let target = str::from_utf8(head.target).unwrap_or_default();
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    Ok(Question { path, query })
}

impl Page {
    fn refusal(status: u16, message: &str) -> Self {
        Self { status, kind: "text/plain; charset=utf-8", body: format!("dockgate: {message}\n") }
    }

    fn encode(&self, is_head: bool) -> Vec<u8> {
        let reason = match self.status {
            200 => "OK",
            400 => "Bad Request",
            404 => "Not Found",
            405 => "Method Not Allowed",
            _ => "Service Unavailable",
        };
        let mut head = HeadWriter::answer("HTTP/1.1", self.status, reason);
        head.field("Content-Type", self.kind);
        head.number("Content-Length", self.body.len());
        head.field("Cache-Control", "no-store");
        if self.status == 405 {
            head.field("Allow", "GET, HEAD");
        }
        head.field("Connection", "close");
        let mut answer = head.end();
        if !is_head {
            answer.extend_from_slice(self.body.as_bytes());
        }
        answer
    }
}
