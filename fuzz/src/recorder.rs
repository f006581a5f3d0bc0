//! A daemon that records what reaches it, and answers so that a gate goes on.

use std::io::{Read as _, Write as _};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

/// The daemon.
pub(crate) struct Recorder {
    socket: PathBuf,
    state: Arc<Mutex<State>>,
}

#[derive(Default)]
struct State {
    /// Connections that were accepted and are not over.
    open: usize,
    requests: Vec<Seen>,
    marks: usize,
}

/// A request that reached it: method and target.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Seen {
    pub(crate) method: String,
    pub(crate) target: String,
}

/// What is asked over a connection of the rig's own.
const MARK: &[u8] = b"MARK";

impl Recorder {
    pub(crate) fn new(dir: &Path) -> Self {
        let socket = dir.join("daemon.sock");
        let listener = UnixListener::bind(&socket).unwrap();
        let state: Arc<Mutex<State>> = Arc::default();
        let known = Arc::clone(&state);
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let state = Arc::clone(&known);
                state.lock().unwrap().open += 1;
                std::thread::spawn(move || {
                    converse(stream.unwrap(), &state);
                    state.lock().unwrap().open -= 1;
                });
            }
        });
        Self { socket, state }
    }

    pub(crate) fn address(&self) -> String {
        format!("unix://{}", self.socket.display())
    }

    /// What reached it since this was last asked; when all that was sent before has come.
    pub(crate) fn take(&self) -> Vec<Seen> {
        // Connections are accepted in their order: once this one is, all before it are counted.
        let marks = self.state.lock().unwrap().marks;
        UnixStream::connect(&self.socket).unwrap().write_all(MARK).unwrap();
        super::connection::wait_for("the daemon's connections to be over", || {
            let state = self.state.lock().unwrap();
            state.marks > marks && state.open == 0
        });
        std::mem::take(&mut self.state.lock().unwrap().requests)
    }
}

/// Reads requests, one after the other, as a daemon would.
fn converse(mut stream: UnixStream, state: &Mutex<State>) {
    let mut unread = Vec::new();
    loop {
        let Some(end) = find(&mut stream, &mut unread, b"\r\n\r\n") else {
            if unread == MARK {
                state.lock().unwrap().marks += 1;
            } else if !unread.is_empty() {
                // Whatever it is, nobody recorded it.
                let method = String::from_utf8_lossy(&unread).into_owned();
                state.lock().unwrap().requests.push(Seen { method, target: String::new() });
            }
            return;
        };
        let head: Vec<u8> = unread.drain(..end).collect();
        let head = String::from_utf8(head).expect("a head is text");
        let mut words = head.lines().next().unwrap_or_default().split(' ').map(str::to_owned);
        let seen =
            Seen { method: words.next().unwrap_or_default(), target: words.next().unwrap_or_default() };
        let field = |name: &str| {
            head.lines().find_map(|line| Some(line.strip_prefix(name)?.strip_prefix(": ")?.to_owned()))
        };
        let is_ping = seen.target == "/_ping";
        if !is_ping {
            state.lock().unwrap().requests.push(seen);
        }
        match (field("Content-Length"), field("Transfer-Encoding")) {
            (Some(length), _) => drop(take(&mut stream, &mut unread, length.parse().unwrap())),
            (None, Some(_)) => {
                if chunks(&mut stream, &mut unread).is_none() {
                    return;
                }
            }
            (None, None) => {}
        }
        let answer: &[u8] = if field("Upgrade").is_some() {
            b"HTTP/1.1 101 UPGRADED\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\n"
        } else if is_ping {
            b"HTTP/1.1 200 OK\r\nApi-Version: 1.45\r\nContent-Length: 2\r\n\r\nOK"
        } else {
            b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 3\r\n\r\n[]\n"
        };
        if stream.write_all(answer).is_err() {
            return;
        }
        if answer.starts_with(b"HTTP/1.1 101") {
            // From here on everything is the two ends' own.
            drop(stream.read_to_end(&mut unread));
            return;
        }
    }
}

fn chunks(stream: &mut UnixStream, unread: &mut Vec<u8>) -> Option<()> {
    loop {
        let end = find(stream, unread, b"\r\n")?;
        let line: Vec<u8> = unread.drain(..end).collect();
        let size = usize::from_str_radix(str::from_utf8(&line).ok()?.trim_end(), 16).ok()?;
        take(stream, unread, size + 2)?;
        if size == 0 {
            return Some(());
        }
    }
}

/// How many bytes there are up to and with `end`; none where the connection ends before.
fn find(stream: &mut UnixStream, unread: &mut Vec<u8>, end: &[u8]) -> Option<usize> {
    loop {
        if let Some(at) = unread.windows(end.len()).position(|window| window == end) {
            return Some(at + end.len());
        }
        fill(stream, unread)?;
    }
}

fn take(stream: &mut UnixStream, unread: &mut Vec<u8>, count: usize) -> Option<()> {
    while unread.len() < count {
        fill(stream, unread)?;
    }
    unread.drain(..count);
    Some(())
}

fn fill(stream: &mut UnixStream, unread: &mut Vec<u8>) -> Option<()> {
    let mut buffer = [0; 8192];
    let count = stream.read(&mut buffer).ok().filter(|count| *count > 0)?;
    unread.extend(&buffer[..count]);
    Some(())
}
