//! A daemon that answers byte for byte what a test tells it to, and remembers every byte it was sent.

use std::io::{Read as _, Write as _};
use std::net::Shutdown;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use tempfile::TempDir;

use super::PATIENCE;

/// What it says of itself when dockgate asks, as a 20.10 does.
const VERSION: &str =
    r#"{"Version":"20.10.24","ApiVersion":"1.41","MinAPIVersion":"1.12","Os":"linux","Arch":"amd64"}"#;

/// A request as it reached the daemon.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Request {
    /// The request line and headers, without the empty line.
    pub(crate) head: String,
    /// Everything that followed on the connection before the next request: framing and all.
    pub(crate) after: Vec<u8>,
}

impl Request {
    pub(crate) fn line(&self) -> &str {
        self.head.lines().next().unwrap_or_default()
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().skip(1).find_map(|line| {
            let (this, value) = line.split_once(':')?;
            this.eq_ignore_ascii_case(name).then(|| value.trim())
        })
    }

    pub(crate) fn body(&self) -> String {
        String::from_utf8_lossy(&self.after).into_owned()
    }
}

type Requests = Arc<Mutex<Vec<Request>>>;
type Script = Arc<dyn Fn(&mut Conversation) + Send + Sync>;

/// The daemon. Its socket vanishes with it.
pub(crate) struct FakeDaemon {
    socket: PathBuf,
    requests: Requests,
    /// The socket's directory, where it is the daemon's own.
    dir: Option<TempDir>,
}

impl FakeDaemon {
    /// Plays `script` for every request that comes in. Dockgate's own questions (`/_ping`, `/version`) are
    /// answered before it gets to see them and not remembered.
    pub(crate) fn playing(script: impl Fn(&mut Conversation) + Send + Sync + 'static) -> Self {
        let dir = tempfile::Builder::new().prefix("dockgate-daemon-").tempdir_in("/tmp").unwrap();
        let socket = dir.path().join("docker.sock");
        let mut daemon = Self::playing_at(&socket, script);
        daemon.dir = Some(dir);
        daemon
    }

    /// The same at a place of the test's choosing.
    pub(crate) fn playing_at(
        socket: &Path,
        script: impl Fn(&mut Conversation) + Send + Sync + 'static,
    ) -> Self {
        let listener = UnixListener::bind(socket).unwrap();
        let requests = Requests::default();
        let (script, known): (Script, _) = (Arc::new(script), Arc::clone(&requests));
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let (script, requests) = (Arc::clone(&script), Arc::clone(&known));
                std::thread::spawn(move || Conversation::hold(stream.unwrap(), &requests, &script));
            }
        });
        Self { socket: socket.to_owned(), requests, dir: None }
    }

    /// Reads each request whole and gives this answer.
    pub(crate) fn answering(answer: &'static str) -> Self {
        Self::playing(move |conversation| {
            conversation.read_body();
            conversation.send(answer);
        })
    }

    /// Reads each request whole and answers `[]`, keeping the connection.
    pub(crate) fn content() -> Self {
        Self::answering("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 3\r\n\r\n[]\n")
    }

    pub(crate) fn address(&self) -> String {
        format!("unix://{}", self.socket.display())
    }

    pub(crate) fn socket(&self) -> &Path {
        &self.socket
    }

    /// Every request so far.
    pub(crate) fn received(&self) -> Vec<Request> {
        self.requests.lock().unwrap().clone()
    }

    /// The only request so far.
    #[track_caller]
    pub(crate) fn only_request(&self) -> Request {
        let mut received = self.received();
        assert_eq!(received.len(), 1, "one request expected: {received:#?}");
        received.remove(0)
    }
}

/// One request in progress, from the daemon's end.
pub(crate) struct Conversation {
    stream: UnixStream,
    unread: Vec<u8>,
    requests: Requests,
    index: usize,
    /// What the script has been told of the request.
    pub(crate) request: Request,
    open: bool,
}

impl Conversation {
    fn hold(stream: UnixStream, requests: &Requests, script: &Script) {
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        let mut this = Self {
            stream,
            unread: Vec::new(),
            requests: Arc::clone(requests),
            index: 0,
            request: Request::default(),
            open: true,
        };
        while this.open && this.next_head() {
            if this.is_question() {
                this.answer_question();
            } else {
                let mut all = this.requests.lock().unwrap();
                this.index = all.len();
                all.push(this.request.clone());
                drop(all);
                script(&mut this);
            }
        }
    }

    /// Reads a request's head; false when the connection is over.
    fn next_head(&mut self) -> bool {
        loop {
            if let Some(at) = self.unread.windows(4).position(|window| window == b"\r\n\r\n") {
                let head: Vec<u8> = self.unread.drain(..at + 4).take(at).collect();
                self.request =
                    Request { head: String::from_utf8_lossy(&head).into_owned(), after: Vec::new() };
                return true;
            }
            if !self.fill() {
                if !self.unread.is_empty() {
                    // Not a request, but it reached the daemon: a test that expects nothing must see it.
                    let head = String::from_utf8_lossy(&self.unread).into_owned();
                    self.requests.lock().unwrap().push(Request { head, after: Vec::new() });
                }
                return false;
            }
        }
    }

    fn is_question(&self) -> bool {
        let target = self.request.line().split(' ').nth(1).unwrap_or_default();
        target.ends_with("/_ping") || target.ends_with("/version")
    }

    fn answer_question(&mut self) {
        let body = if self.request.line().contains("/version") { VERSION } else { "OK" };
        let sent = if self.request.line().starts_with("HEAD") { "" } else { body };
        let length = body.len();
        self.send(format!(
            "HTTP/1.1 200 OK\r\nApi-Version: 1.41\r\nOstype: linux\r\nServer: Docker/20.10.24 (linux)\r\n\
             Docker-Experimental: false\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n\r\n{sent}"
        ));
    }

    /// Reads the body that the head announces.
    pub(crate) fn read_body(&mut self) {
        if let Some(length) = self.request.header("content-length") {
            let length = length.parse().unwrap();
            self.read(length);
        } else if self.request.header("transfer-encoding").is_some() {
            self.read_until(b"0\r\n\r\n");
        }
    }

    /// Reads exactly this many bytes, or what there is before the end.
    pub(crate) fn read(&mut self, length: usize) -> Vec<u8> {
        while self.unread.len() < length && self.fill() {}
        self.take(length.min(self.unread.len()))
    }

    /// Reads up to and with `end`, or to the end of the connection.
    pub(crate) fn read_until(&mut self, end: &[u8]) -> Vec<u8> {
        loop {
            if let Some(at) = self.unread.windows(end.len()).position(|window| window == end) {
                return self.take(at + end.len());
            }
            if !self.fill() {
                return self.take(self.unread.len());
            }
        }
    }

    /// Reads until the other end has said that nothing more comes.
    pub(crate) fn read_to_end(&mut self) -> Vec<u8> {
        while self.fill() {}
        self.take(self.unread.len())
    }

    fn take(&mut self, count: usize) -> Vec<u8> {
        let bytes: Vec<u8> = self.unread.drain(..count).collect();
        self.request.after.extend(&bytes);
        self.requests.lock().unwrap()[self.index] = self.request.clone();
        bytes
    }

    fn fill(&mut self) -> bool {
        let mut buffer = [0; 8192];
        let count = self.stream.read(&mut buffer).unwrap_or(0);
        self.unread.extend_from_slice(&buffer[..count]);
        count > 0
    }

    pub(crate) fn send(&mut self, bytes: impl AsRef<[u8]>) {
        self.open &= self.stream.write_all(bytes.as_ref()).is_ok();
    }

    /// False once the other end has hung up.
    pub(crate) fn is_open(&self) -> bool {
        self.open
    }

    /// Says that nothing more will be sent.
    pub(crate) fn half_close(&mut self) {
        drop(self.stream.shutdown(Shutdown::Write));
    }

    /// Ends the connection.
    pub(crate) fn close(&mut self) {
        drop(self.stream.shutdown(Shutdown::Both));
        self.open = false;
    }
}
