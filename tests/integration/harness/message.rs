//! HTTP messages out of bytes that were kept: requests as the daemon got them, answers as a client did.

/// One message: its head without the empty line, its body without the framing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Message {
    pub(crate) head: String,
    pub(crate) body: Vec<u8>,
}

impl Message {
    /// The first line.
    pub(crate) fn line(&self) -> &str {
        self.head.lines().next().unwrap_or_default()
    }

    /// The names and values of the header.
    pub(crate) fn fields(&self) -> impl Iterator<Item = (&str, &str)> {
        self.head.lines().skip(1).map(|line| line.split_once(':').unwrap_or((line, "")))
    }

    /// A field's value; of several, the first.
    pub(crate) fn field(&self, name: &str) -> Option<&str> {
        self.fields().find(|(this, _)| this.eq_ignore_ascii_case(name)).map(|(_, value)| value.trim())
    }

    /// The status of an answer; 0 for a request.
    pub(crate) fn status(&self) -> u16 {
        let mut words = self.line().split(' ');
        match words.next() {
            Some("HTTP/1.1" | "HTTP/1.0") => words.next().and_then(|word| word.parse().ok()).unwrap_or(0),
            _ => 0,
        }
    }

    /// Splits what was sent over one connection into its messages. What is not a message, or is behind one that
    /// has no length or turned the connection into a tunnel, is the body of the last.
    pub(crate) fn all(mut bytes: &[u8]) -> Vec<Self> {
        let mut messages = Vec::new();
        while !bytes.is_empty() {
            let Some(at) = find(bytes, b"\r\n\r\n") else {
                messages.push(Self { head: String::new(), body: bytes.to_vec() });
                break;
            };
            let head = String::from_utf8_lossy(&bytes[..at]).into_owned();
            let mut message = Self { head, body: Vec::new() };
            bytes = message.take_body(&bytes[at + 4..]);
            messages.push(message);
        }
        messages
    }

    /// Takes this message's body from what follows its head, and gives back what follows the body.
    fn take_body<'b>(&mut self, rest: &'b [u8]) -> &'b [u8] {
        let status = self.status();
        let is_tunnel = status == 101 || (status == 0 && self.field("upgrade").is_some());
        let length = self.field("content-length").and_then(|length| length.parse::<usize>().ok());
        let chunked = self.field("transfer-encoding").is_some();
        let taken = if chunked {
            self.take_chunks(rest)
        } else if let Some(length) = length {
            length.min(rest.len())
        } else if is_tunnel || (status >= 200 && status != 204 && status != 304) {
            rest.len()
        } else {
            0
        };
        if !chunked {
            self.body = rest[..taken].to_vec();
        }
        let rest = &rest[taken..];
        if is_tunnel {
            self.body.extend_from_slice(rest);
            return &[];
        }
        rest
    }

    /// Takes a chunked body, and tells how many bytes it is in its chunks.
    fn take_chunks(&mut self, bytes: &[u8]) -> usize {
        let mut at = 0;
        while let Some(end) = find(&bytes[at..], b"\r\n") {
            let size = String::from_utf8_lossy(&bytes[at..at + end]);
            let Ok(size) = usize::from_str_radix(size.trim(), 16) else { break };
            let start = at + end + 2;
            let stop = (start + size).min(bytes.len());
            self.body.extend_from_slice(&bytes[start..stop]);
            at = (stop + 2).min(bytes.len());
            if size == 0 {
                return at;
            }
        }
        bytes.len()
    }
}

fn find(bytes: &[u8], what: &[u8]) -> Option<usize> {
    bytes.windows(what.len()).position(|window| window == what)
}

#[test]
fn messages_are_told_apart() {
    let sent = b"POST /a HTTP/1.1\r\nContent-Length: 2\r\n\r\n{}\
        PUT /b HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\nGET /c HTTP/1.1\r\n\r\n\
        POST /d HTTP/1.1\r\nUpgrade: tcp\r\nContent-Length: 1\r\n\r\nxGET /e HTTP/1.1\r\n\r\n";
    let seen: Vec<_> = Message::all(sent)
        .iter()
        .map(|message| (message.line().to_owned(), String::from_utf8_lossy(&message.body).into_owned()))
        .collect();
    let expected = [
        ("POST /a HTTP/1.1", "{}"),
        ("PUT /b HTTP/1.1", "abcde"),
        ("GET /c HTTP/1.1", ""),
        ("POST /d HTTP/1.1", "xGET /e HTTP/1.1\r\n\r\n"),
    ];
    assert_eq!(seen, expected.map(|(line, body)| (line.to_owned(), body.to_owned())));

    let answered = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nOKHTTP/1.1 404 Not Found\r\n\r\ngone";
    let statuses: Vec<_> = Message::all(answered).iter().map(Message::status).collect();
    assert_eq!(statuses, [200, 404]);
}
