//! The daemon's answer, passed on to the client: each piece as it comes, none kept.

use std::cell::Cell;
use std::io::IoSlice;
use std::time::Instant;

use super::Gate;
use super::shown::Filter;
use crate::audit::RequestId;
use crate::client::Client;
use crate::daemon::{Away, Lost, Receiver};
use crate::metrics::{Flow, Tally};
use crate::operation::table::{Answer, Endpoint, Method, Protocol};
use crate::operation::version::ApiVersion;
use crate::wire::{Body, Broken, Framing, HeadWriter, Pieces, ResponseHead, Stream, is_named};

/// How far an exchange has come, seen from both directions.
#[derive(Debug)]
pub(super) struct Progress<'a> {
    pub(super) status: Cell<Option<u16>>,
    pub(super) up: Flow<'a>,
    pub(super) down: Flow<'a>,
    pub(super) uploaded: Cell<bool>,
    /// Whether the client was told that this is the last answer on its connection.
    pub(super) closing: Cell<bool>,
}

impl<'a> Progress<'a> {
    /// Nothing has passed yet but `came_bytes` of the body, which were read before; what follows is framed as `upload`
    /// says.
    pub(super) fn new(tally: &Tally<'a>, came_bytes: u64, upload: Framing) -> Self {
        Self {
            status: Cell::new(None),
            up: tally.up(came_bytes),
            down: tally.down(),
            // With nothing to upload the answer may be there before the way up is looked at once.
            uploaded: Cell::new(matches!(upload, Framing::None | Framing::Length(0))),
            closing: Cell::new(false),
        }
    }
}

/// How the way down ended.
pub(super) enum Down {
    /// The answer was passed on to its end; `reusable`: the daemon's connection can carry another request.
    Complete { reusable: bool },
    /// The answer turned the connection into a tunnel.
    Switched,
    /// The daemon broke off.
    Lost(Lost),
    /// The answer is not one of which it is clear what the client may see: why.
    Withheld(String),
    /// The daemon could not be asked what it takes to know that.
    Unasked(Away),
    /// The client takes no more.
    ClientGone,
}

/// What the way down needs to know of the request.
pub(super) struct Passing<'a> {
    pub(super) gate: &'a Gate,
    /// Who asks.
    pub(super) by: &'a Client,
    pub(super) client: &'a Stream,
    pub(super) is_http_10: bool,
    pub(super) endpoint: &'static Endpoint,
    /// Whether the client asked for an upgrade.
    pub(super) upgrade: bool,
    pub(super) id: RequestId,
    pub(super) keep_alive: bool,
    /// When the daemon was asked.
    pub(super) asked: Instant,
    pub(super) progress: &'a Progress<'a>,
    /// What the client may see of the answer, where that is not all of it.
    pub(super) filter: Option<Filter>,
}

impl Passing<'_> {
    /// Passes the answer on.
    pub(super) async fn down(&mut self, receiver: &mut Receiver<'_>) -> Down {
        self.answered(receiver).await.unwrap_or_else(Down::Lost)
    }

    async fn answered(&mut self, receiver: &mut Receiver<'_>) -> Result<Down, Lost> {
        loop {
            let bytes = receiver.head().await.inspect_err(|lost| self.gate.daemon.lost(lost))?;
            let answer = ResponseHead::parse(&bytes)?;
            if answer.is_interim() {
                continue;
            }
            self.gate.daemon.note(&answer, receiver.mark);
            self.gate.metrics.answered(self.asked);
            if answer.status == 101 || self.is_raw_stream(&answer) {
                return Ok(Box::pin(self.switch(&answer)).await);
            }
            let filter = self.filter.take();
            let filter = if answer.status < 300 { filter } else { filter.and_then(Filter::of_error) };
            let passed = match filter {
                Some(filter) => Box::pin(self.show(receiver, &answer, filter)).await,
                None => self.pass(receiver, &answer).await,
            };
            return Ok(match passed {
                Ok(reusable) => Down::Complete { reusable },
                Err(down) => down,
            });
        }
    }

    /// Whether the daemon took the connection over without saying so in HTTP: the answer to an exec or
    /// attach that asked for no upgrade.
    fn is_raw_stream(&self, answer: &ResponseHead<'_>) -> bool {
        let kind = answer.field("content-type").unwrap_or_default();
        self.endpoint.answer == Answer::Hijack(Protocol::Tcp)
            && answer.status == 200
            && answer.framing == Framing::UntilClose
            && (kind == b"application/vnd.docker.raw-stream"
                || kind == b"application/vnd.docker.multiplexed-stream")
    }

    async fn switch(&self, answer: &ResponseHead<'_>) -> Down {
        let upgrade = match self.endpoint.answer {
            Answer::Hijack(protocol) if answer.status != 101 || self.upgrade => protocol,
            Answer::Hijack(_) | Answer::Plain | Answer::Stream => {
                return Down::Lost(Lost::Malformed("it switches protocols, which nobody asked for".into()));
            }
        };
        let mut head = self.answer_head(answer);
        if answer.status == 101 {
            head.field("Connection", "Upgrade");
            head.field("Upgrade", upgrade.as_str());
        }
        self.progress.status.set(Some(answer.status));
        match self.client.write_all(&mut [IoSlice::new(&head.end())]).await {
            Ok(()) => Down::Switched,
            Err(_) => Down::ClientGone,
        }
    }

    /// Passes an ordinary answer on. Its head goes out with the first piece of its body where that is
    /// there already, and at once where it is not.
    async fn pass(&self, receiver: &mut Receiver<'_>, answer: &ResponseHead<'_>) -> Result<bool, Down> {
        let is_head = self.endpoint.method == Method::Head;
        let chunked = match answer.framing {
            Framing::Chunked | Framing::UntilClose => !self.is_http_10 && !is_head,
            Framing::None | Framing::Length(_) => false,
        };
        let mut head = self.answer_head(answer);
        match answer.framing {
            Framing::Length(length) => head.number("Content-Length", length),
            Framing::Chunked | Framing::UntilClose if chunked => head.field("Transfer-Encoding", "chunked"),
            Framing::None | Framing::Chunked | Framing::UntilClose => {}
        }
        self.close_with(&mut head);
        let head = head.end();

        let mut before = head.as_slice();
        let mut body = Body::new(if is_head { Framing::None } else { answer.framing });
        let mut pieces = Pieces::default();
        loop {
            if before.is_empty() && body.is_bulk(receiver.inbox) {
                let ends = (receiver.stream, self.client);
                let carrying =
                    body.carry(receiver.inbox, ends, chunked, |count| self.progress.down.add(count));
                Box::pin(carrying).await.map_err(|broken| match broken {
                    Broken::Source(fault) => Down::Lost(fault.into()),
                    Broken::Sink => Down::ClientGone,
                })?;
            }
            let came = if before.is_empty() {
                body.all_there(receiver.inbox, receiver.stream, &mut pieces).await
            } else {
                tokio::select! {
                    biased;
                    came = body.all_there(receiver.inbox, receiver.stream, &mut pieces) => came,
                    () = std::future::ready(()) => {
                        self.progress.status.set(Some(answer.status));
                        let sent = self.client.write_all(&mut [IoSlice::new(before)]).await;
                        sent.map_err(|_| Down::ClientGone)?;
                        before = &[];
                        continue;
                    }
                }
            };
            came.map_err(|fault| Down::Lost(fault.into()))?;
            self.progress.status.set(Some(answer.status));
            let sent = pieces.write(receiver.inbox, self.client, before, chunked).await;
            sent.map_err(|_| Down::ClientGone)?;
            before = &[];
            self.progress.down.add(pieces.bytes());
            pieces.consume(receiver.inbox);
            if pieces.is_last {
                return Ok(answer.keep_alive);
            }
        }
    }

    /// Says so, if the client's connection does not go on behind this answer. Behind one that came before the
    /// request was over it does not: what is left of the request might never end.
    pub(super) fn close_with(&self, head: &mut HeadWriter) {
        if !self.keep_alive || !self.progress.uploaded.get() {
            head.field("Connection", "close");
            self.progress.closing.set(true);
        }
    }

    /// The status line and the daemon's header fields, but for those that belong to one hop, and the
    /// request's id. The fields of framing are still to come.
    pub(super) fn answer_head(&self, answer: &ResponseHead<'_>) -> HeadWriter {
        let named: Vec<&[u8]> = answer
            .fields
            .iter()
            .filter(|(name, _)| is_named(name, "connection"))
            .flat_map(|(_, value)| value.split(|&byte| byte == b','))
            .map(<[u8]>::trim_ascii)
            .collect();
        let version = if self.is_http_10 { "HTTP/1.0" } else { "HTTP/1.1" };
        let mut head = HeadWriter::answer(version, answer.status, answer.reason);
        for (name, value) in &answer.fields {
            if is_hop_by_hop(name) || named.iter().any(|option| option.eq_ignore_ascii_case(name.as_bytes()))
            {
                continue;
            }
            if is_named(name, "api-version") && is_beyond(value) {
                head.field(name, ApiVersion::NEWEST.to_string());
            } else {
                head.field(name, value);
            }
        }
        head.field("X-Dockgate-Request-Id", self.id.as_bytes());
        head
    }
}

/// Whether it is a version beyond the endpoint table. A daemon newer than that is made known as one that speaks the
/// table's newest version, so that clients which negotiate ask in a version that dockgate understands.
fn is_beyond(value: &[u8]) -> bool {
    let version = str::from_utf8(value).ok().and_then(ApiVersion::read);
    version.is_some_and(|version| version > ApiVersion::NEWEST)
}

fn is_hop_by_hop(name: &str) -> bool {
    // Most fields that pass differ from all of them in length.
    let same_length: &[&str] = match name.len() {
        2 => &["te"],
        7 => &["trailer", "upgrade"],
        10 => &["connection", "keep-alive"],
        14 => &["content-length"],
        16 => &["proxy-connection"],
        17 => &["transfer-encoding"],
        18 => &["proxy-authenticate"],
        _ => return false,
    };
    same_length.iter().any(|hop| name.eq_ignore_ascii_case(hop))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_belongs_to_one_hop_is_known_in_any_case() {
        const NAMES: [&str; 9] = [
            "Connection",
            "Content-Length",
            "Keep-Alive",
            "Proxy-Authenticate",
            "Proxy-Connection",
            "TE",
            "Trailer",
            "Transfer-Encoding",
            "Upgrade",
        ];
        for name in NAMES {
            assert!(is_hop_by_hop(name) && is_hop_by_hop(&name.to_lowercase()), "{name}");
            assert!(!is_hop_by_hop(&format!("x{name}")), "{name}");
        }
        for name in
            ["Server", "Api-Version", "Content-Type", "Docker-Experimental", "X-Docker-Container-Path-Stat"]
        {
            assert!(!is_hop_by_hop(name), "{name}");
        }
    }
}
