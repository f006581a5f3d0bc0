//! Steady load: clients that ask for containers nobody has, each by a name of its own, so that every answer shows
//! whose it is and every request can be found again in the audit and at the daemon.

use std::io::{ErrorKind, Read as _, Write as _};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use super::{PATIENCE, eventually, unique};

/// How long a client watches a request before it leaves it to somebody else and goes on with the next.
const ATTENTION: Duration = Duration::from_millis(500);
/// Between two requests of one client.
const PAUSE: Duration = Duration::from_millis(15);
/// An answer that takes longer, once nothing stands in the way any more, is a hang.
const HANG: Duration = PATIENCE;
/// So many answers in a row show that all is well.
const STREAK: usize = 50;

/// What a request asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Asked {
    /// To see something.
    Look,
    /// The same, in a path without a version.
    LookUnversioned,
    /// To change something.
    Change,
    /// What the policy forbids.
    Forbidden,
    /// To change something; and the client leaves without waiting for the answer.
    ChangeAndLeave,
}

/// What came of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Got {
    /// The daemon's answer to this request.
    Answer,
    /// dockgate's refusal.
    Refusal,
    /// 503: not sent.
    Unavailable,
    /// 502: perhaps sent.
    Lost,
    /// The connection ended before there was an answer.
    Nothing,
    /// Nobody waited.
    Unheard,
    /// What no client may ever get.
    Wrong(String),
}

/// A request, from its client's side.
#[derive(Clone, Debug)]
pub(crate) struct Sent {
    pub(crate) token: String,
    pub(crate) asked: Asked,
    pub(crate) began: Instant,
    pub(crate) ended: Instant,
    pub(crate) got: Got,
}

/// Clients at work.
pub(crate) struct Load {
    shared: Arc<Shared>,
    clients: Vec<JoinHandle<()>>,
}

struct Shared {
    prefix: String,
    socket: PathBuf,
    stop: AtomicBool,
    /// How many requests that began since then were answered, one after the other.
    streak: AtomicUsize,
    since: Mutex<Instant>,
    sent: Mutex<Vec<Sent>>,
    waiting: Mutex<Vec<JoinHandle<()>>>,
}

impl Load {
    /// Starts so many clients of the gate at `socket`.
    pub(crate) fn start(socket: &Path, clients: usize) -> Self {
        let shared = Arc::new(Shared {
            prefix: unique("load"),
            socket: socket.to_owned(),
            stop: AtomicBool::new(false),
            streak: AtomicUsize::new(0),
            since: Mutex::new(Instant::now()),
            sent: Mutex::default(),
            waiting: Mutex::default(),
        });
        let clients = (0..clients)
            .map(|number| {
                let shared = Arc::clone(&shared);
                std::thread::spawn(move || Client { number, shared, connection: None }.work())
            })
            .collect();
        Self { shared, clients }
    }

    /// What the names of all that is asked for begin with.
    pub(crate) fn prefix(&self) -> &str {
        &self.shared.prefix
    }

    /// Waits until every request of a while that begins now is answered by the daemon.
    #[track_caller]
    pub(crate) fn flows(&self) {
        *self.shared.since.lock().unwrap() = Instant::now();
        self.shared.streak.store(0, Ordering::Relaxed);
        eventually("requests to be answered, one after the other", || {
            (self.shared.streak.load(Ordering::Relaxed) > STREAK).then_some(())
        });
    }

    /// Stops and gives account.
    pub(crate) fn stop(self) -> Vec<Sent> {
        self.shared.stop.store(true, Ordering::Relaxed);
        for client in self.clients {
            client.join().unwrap();
        }
        let waiting = std::mem::take(&mut *self.shared.waiting.lock().unwrap());
        for request in waiting {
            request.join().unwrap();
        }
        let mut sent = std::mem::take(&mut *self.shared.sent.lock().unwrap());
        sent.sort_by_key(|sent| sent.began);
        sent
    }
}

impl Shared {
    fn note(&self, mut sent: Sent, got: Got) {
        match got {
            Got::Answer if sent.began < *self.since.lock().unwrap() => {}
            Got::Answer => drop(self.streak.fetch_add(1, Ordering::Relaxed)),
            Got::Refusal | Got::Unheard => {}
            Got::Unavailable | Got::Lost | Got::Nothing | Got::Wrong(_) => {
                self.streak.store(0, Ordering::Relaxed);
            }
        }
        (sent.got, sent.ended) = (got, Instant::now());
        self.sent.lock().unwrap().push(sent);
    }
}

struct Client {
    number: usize,
    shared: Arc<Shared>,
    connection: Option<UnixStream>,
}

impl Client {
    fn work(mut self) {
        for count in 0.. {
            if self.shared.stop.load(Ordering::Relaxed) {
                return;
            }
            self.ask(count);
            std::thread::sleep(PAUSE);
        }
    }

    fn ask(&mut self, count: usize) {
        let asked = match (count + self.number) % 10 {
            0 | 5 => Asked::Forbidden,
            1 | 3 | 6 => Asked::Change,
            2 => Asked::LookUnversioned,
            8 => Asked::ChangeAndLeave,
            _ => Asked::Look,
        };
        let token = format!("{}-{}-{count}", self.shared.prefix, self.number);
        let now = Instant::now();
        let sent = Sent { token, asked, began: now, ended: now, got: Got::Nothing };
        let token = &sent.token;
        let line = match asked {
            Asked::Look => format!("GET /v1.41/containers/{token}/json"),
            Asked::LookUnversioned => format!("GET /containers/{token}/json"),
            Asked::Change | Asked::ChangeAndLeave => format!("POST /v1.41/containers/{token}/kill"),
            Asked::Forbidden => format!("DELETE /v1.41/containers/{token}"),
        };
        let request = format!("{line} HTTP/1.1\r\nHost: load\r\n\r\n");
        let connected = self.connection.take().map_or_else(|| UnixStream::connect(&self.shared.socket), Ok);
        let Ok(mut stream) = connected else { return self.shared.note(sent, Got::Nothing) };
        if stream.write_all(request.as_bytes()).is_err() {
            return self.shared.note(sent, Got::Nothing);
        }
        if asked == Asked::ChangeAndLeave {
            return self.shared.note(sent, Got::Unheard);
        }
        let mut waiting = Waiting { stream, came: Vec::new(), sent };
        if let Some(got) = waiting.until(ATTENTION) {
            let is_kept = waiting.can_be_kept() && !self.number.is_multiple_of(2);
            self.connection = is_kept.then_some(waiting.stream);
            return self.shared.note(waiting.sent, got);
        }
        let shared = Arc::clone(&self.shared);
        let patient = std::thread::spawn(move || {
            let got = waiting.until(HANG).unwrap_or(Got::Wrong("no answer at all".into()));
            shared.note(waiting.sent, got);
        });
        self.shared.waiting.lock().unwrap().push(patient);
    }
}

/// A request that was sent, and what came of its answer so far.
struct Waiting {
    stream: UnixStream,
    came: Vec<u8>,
    sent: Sent,
}

impl Waiting {
    /// What came of it, unless that takes longer than `limit`.
    fn until(&mut self, limit: Duration) -> Option<Got> {
        let end = Instant::now() + limit;
        loop {
            if let Some(got) = self.got() {
                return Some(got);
            }
            let left = end.saturating_duration_since(Instant::now()).max(Duration::from_millis(1));
            self.stream.set_read_timeout(Some(left)).unwrap();
            let mut buffer = [0; 4096];
            match self.stream.read(&mut buffer) {
                Ok(0) => return Some(Got::Nothing),
                Ok(count) => self.came.extend_from_slice(&buffer[..count]),
                Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {
                    return None;
                }
                Err(_) => return Some(Got::Nothing),
            }
        }
    }

    /// What the answer is, once it is whole.
    fn got(&self) -> Option<Got> {
        let (head, body) = self.whole()?;
        let status: u16 = head.get(9..12)?.parse().ok()?;
        let is_own = body.contains(&format!("No such container: {}\"", self.sent.token));
        let got = match (status, self.sent.asked) {
            (404, asked) if is_own && asked != Asked::Forbidden => Got::Answer,
            (403, Asked::Forbidden) => Got::Refusal,
            (503, asked) if asked != Asked::Forbidden && head.contains("Retry-After: ") => Got::Unavailable,
            (502, asked) if asked != Asked::Forbidden => Got::Lost,
            // At the door, before it was read.
            (503, _) if body.contains("as many connections are open as ") => Got::Unavailable,
            _ => Got::Wrong(format!("{} got {head}\n{body}", self.sent.token)),
        };
        Some(got)
    }

    fn whole(&self) -> Option<(String, String)> {
        let text = std::str::from_utf8(&self.came).ok()?;
        let (head, body) = text.split_once("\r\n\r\n")?;
        let length = head.lines().find_map(|line| line.strip_prefix("Content-Length: "))?;
        (body.len() >= length.parse().ok()?).then(|| (head.to_owned(), body.to_owned()))
    }

    fn can_be_kept(&self) -> bool {
        !String::from_utf8_lossy(&self.came).contains("Connection: close")
    }
}
