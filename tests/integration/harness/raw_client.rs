//! A client that sends whatever bytes a test wants sent and reads answers strictly.

use std::io::{Read as _, Write as _};
use std::net::{Shutdown, TcpStream};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::Duration;

use super::PATIENCE;

/// One connection.
#[derive(Debug)]
pub(crate) struct RawClient {
    stream: Stream,
    /// Read from the connection and not yet asked for.
    unread: Vec<u8>,
}

#[derive(Debug)]
enum Stream {
    Unix(UnixStream),
    Tcp(TcpStream),
}

/// An HTTP answer: the head as text, the body without its framing.
#[derive(Clone, Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    /// A header's value; of several, the first.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().skip(1).find_map(|line| {
            let (this, value) = line.split_once(':')?;
            this.eq_ignore_ascii_case(name).then(|| value.trim())
        })
    }

    /// The `message` of a Docker-shaped error.
    #[track_caller]
    pub(crate) fn message(&self) -> String {
        let body: serde_json::Value = serde_json::from_slice(&self.body)
            .unwrap_or_else(|error| panic!("{error} in {:?}", String::from_utf8_lossy(&self.body)));
        body["message"].as_str().unwrap_or_else(|| panic!("no message in {body}")).to_owned()
    }
}

impl RawClient {
    pub(crate) fn unix(path: &Path) -> Self {
        let stream = UnixStream::connect(path).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        Self { stream: Stream::Unix(stream), unread: Vec::new() }
    }

    pub(crate) fn tcp(address: &str) -> Self {
        let stream = TcpStream::connect(address).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        Self { stream: Stream::Tcp(stream), unread: Vec::new() }
    }

    #[track_caller]
    pub(crate) fn send(&mut self, bytes: impl AsRef<[u8]>) {
        self.try_send(bytes).unwrap();
    }

    /// Sends although the other end may have hung up already.
    pub(crate) fn try_send(&mut self, bytes: impl AsRef<[u8]>) -> std::io::Result<()> {
        match &mut self.stream {
            Stream::Unix(stream) => stream.write_all(bytes.as_ref()),
            Stream::Tcp(stream) => stream.write_all(bytes.as_ref()),
        }
    }

    /// Sends what is taken of it; none, where for a second nothing is.
    pub(crate) fn send_some(&mut self, bytes: &[u8]) -> Option<usize> {
        let patience = Some(Duration::from_secs(1));
        let sent = match &mut self.stream {
            Stream::Unix(stream) => {
                stream.set_write_timeout(patience).unwrap();
                stream.write(bytes)
            }
            Stream::Tcp(stream) => {
                stream.set_write_timeout(patience).unwrap();
                stream.write(bytes)
            }
        };
        match sent {
            Ok(count) => Some(count),
            Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => None,
            Err(error) => panic!("{error}"),
        }
    }

    /// Says that nothing more will be sent, and goes on reading.
    pub(crate) fn half_close(&mut self) {
        match &self.stream {
            Stream::Unix(stream) => stream.shutdown(Shutdown::Write).unwrap(),
            Stream::Tcp(stream) => stream.shutdown(Shutdown::Write).unwrap(),
        }
    }

    /// One answer with its whole body.
    #[track_caller]
    pub(crate) fn answer(&mut self) -> Answer {
        let head = self.head();
        let mut answer = Answer { status: status(&head), head, body: Vec::new() };
        let bodyless = answer.status < 200 || answer.status == 204 || answer.status == 304;
        answer.body = if bodyless {
            Vec::new()
        } else if answer
            .header("transfer-encoding")
            .is_some_and(|value| value.eq_ignore_ascii_case("chunked"))
        {
            self.chunks()
        } else if let Some(length) = answer.header("content-length") {
            self.exactly(length.parse().unwrap())
        } else {
            self.rest()
        };
        answer
    }

    /// The status of another answer, if one comes before the connection ends.
    pub(crate) fn rest_or_answer(&mut self) -> Option<u16> {
        while !self.unread.ends_with(b"\n") {
            if !self.fill() {
                return None;
            }
        }
        Some(self.answer().status)
    }

    /// One answer's head, up to and with the empty line.
    #[track_caller]
    pub(crate) fn head(&mut self) -> String {
        String::from_utf8(self.until(b"\r\n\r\n")).unwrap()
    }

    /// Everything up to and with `end`.
    #[track_caller]
    pub(crate) fn until(&mut self, end: &[u8]) -> Vec<u8> {
        loop {
            if let Some(at) = self.unread.windows(end.len()).position(|window| window == end) {
                return self.unread.drain(..at + end.len()).collect();
            }
            let so_far = String::from_utf8_lossy(&self.unread).into_owned();
            assert!(self.fill(), "the connection ended before {end:?}; so far: {so_far:?}");
        }
    }

    #[track_caller]
    pub(crate) fn exactly(&mut self, length: usize) -> Vec<u8> {
        while self.unread.len() < length {
            let have = self.unread.len();
            assert!(self.fill(), "the connection ended after {have} of {length} bytes");
        }
        self.unread.drain(..length).collect()
    }

    /// One chunk of a chunked body; empty at its end.
    #[track_caller]
    pub(crate) fn chunk(&mut self) -> Vec<u8> {
        let line = String::from_utf8(self.until(b"\r\n")).unwrap();
        let size = usize::from_str_radix(line.trim_end(), 16).unwrap();
        let chunk = self.exactly(size);
        assert_eq!(self.exactly(2), b"\r\n", "a chunk ends with its line");
        chunk
    }

    fn chunks(&mut self) -> Vec<u8> {
        let mut body = Vec::new();
        loop {
            let chunk = self.chunk();
            if chunk.is_empty() {
                return body;
            }
            body.extend(chunk);
        }
    }

    /// Everything until the other end closes, be it in order or not.
    pub(crate) fn rest(&mut self) -> Vec<u8> {
        while self.fill() {}
        std::mem::take(&mut self.unread)
    }

    /// Reads some more; false at the end of the connection.
    fn fill(&mut self) -> bool {
        let mut buffer = [0; 8192];
        let read = match &mut self.stream {
            Stream::Unix(stream) => stream.read(&mut buffer),
            Stream::Tcp(stream) => stream.read(&mut buffer),
        };
        match read {
            Ok(count) => {
                self.unread.extend_from_slice(&buffer[..count]);
                count > 0
            }
            Err(error) if error.kind() == std::io::ErrorKind::ConnectionReset => false,
            Err(error) => panic!("{error} after {:?}", String::from_utf8_lossy(&self.unread)),
        }
    }
}

#[track_caller]
fn status(head: &str) -> u16 {
    let rest = head.strip_prefix("HTTP/1.1 ").or_else(|| head.strip_prefix("HTTP/1.0 "));
    rest.and_then(|rest| rest.get(..3)?.parse().ok()).unwrap_or_else(|| panic!("not an answer: {head:?}"))
}
