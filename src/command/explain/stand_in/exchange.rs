//! HTTP/1.1 as far as the stand-in needs it.

use std::io::{self, BufRead, Read as _, Write as _};
use std::os::unix::net::UnixStream;

use super::super::Request;
use super::answers::Answer;
use crate::operation::version::ApiVersion;

/// The largest head that is read.
const MAX_HEAD_BYTES: u64 = 1024 * 1024;
/// Of a longer body, as that of a build, the rest is not kept.
const MAX_BODY_BYTES: usize = 4 * 1024 * 1024;
/// The stat of a directory, as `docker cp` wants it, in base64.
const PATH_STAT: &str = "eyJuYW1lIjoiZGlyZWN0b3J5Iiwic2l6ZSI6MCwibW9kZSI6MjE0NzQ4NDE0MSwibXRpbWUiOiIyMDI2LTAxLTAxVDAwOjAwOjAwWiIsImxpbmtUYXJnZXQiOiIifQ==";

/// The next request with its body, and what it asks to upgrade to. None, where the client is done.
pub(super) fn receive(reader: &mut impl BufRead) -> io::Result<Option<(Request, Option<String>)>> {
    let mut head = Vec::new();
    loop {
        let length = head.len();
        reader.by_ref().take(MAX_HEAD_BYTES).read_until(b'\n', &mut head)?;
        if head.len() == length || u64::try_from(length).is_ok_and(|length| length > MAX_HEAD_BYTES) {
            return Ok(None);
        }
        if head.ends_with(b"\r\n\r\n") || head.ends_with(b"\n\n") {
            break;
        }
    }
    let mut fields = [httparse::EMPTY_HEADER; 64];
    let mut parsed = httparse::Request::new(&mut fields);
    parsed.parse(&head).map_err(io::Error::other)?;
    let field = |name: &str| {
        let found = parsed.headers.iter().find(|field| field.name.eq_ignore_ascii_case(name));
        found.map(|field| read_text(field.value))
    };
    let is_chunked = field("Transfer-Encoding").is_some_and(|coding| coding.eq_ignore_ascii_case("chunked"));
    let body = if is_chunked {
        chunks(reader)?
    } else {
        let length = field("Content-Length").and_then(|length| length.parse().ok()).unwrap_or(0);
        kept(reader, length)?
    };
    let text = |text: Option<&str>| text.unwrap_or_default().to_owned();
    let headers = parsed.headers.iter().map(|field| (field.name.to_owned(), read_text(field.value)));
    let headers = headers.collect();
    let request = Request { method: text(parsed.method), target: text(parsed.path), headers, body };
    Ok(Some((request, field("Upgrade"))))
}

fn read_text(value: &[u8]) -> String {
    String::from_utf8_lossy(value).trim().to_owned()
}

/// So many bytes, of which no more are kept than a JSON body can have.
fn kept(reader: &mut impl BufRead, length: u64) -> io::Result<Vec<u8>> {
    let mut kept = Vec::new();
    let keep = u64::try_from(MAX_BODY_BYTES).unwrap_or(u64::MAX);
    reader.by_ref().take(length.min(keep)).read_to_end(&mut kept)?;
    io::copy(&mut reader.by_ref().take(length.saturating_sub(keep)), &mut io::sink())?;
    Ok(kept)
}

fn chunks(reader: &mut impl BufRead) -> io::Result<Vec<u8>> {
    let mut body = Vec::new();
    loop {
        let mut line = String::new();
        reader.by_ref().take(MAX_HEAD_BYTES).read_line(&mut line)?;
        let size = line.trim().split(';').next().unwrap_or_default();
        let size = u64::from_str_radix(size, 16).map_err(io::Error::other)?;
        let chunk = kept(reader, size)?;
        if body.len() < MAX_BODY_BYTES {
            body.extend_from_slice(&chunk);
        }
        line.clear();
        reader.by_ref().take(MAX_HEAD_BYTES).read_line(&mut line)?;
        if size == 0 {
            return Ok(body);
        }
    }
}

/// Answers; where the client asks for an upgrade and gets a stream, by switching to it.
pub(super) fn send(
    mut connection: &UnixStream,
    answer: &Answer,
    is_head: bool,
    upgrade: Option<String>,
) -> io::Result<()> {
    let (status, body) = match answer {
        Answer::Json(status, body) => (*status, Some(body.to_string())),
        Answer::Stream if upgrade.is_some() => (101, None),
        Answer::Silence | Answer::Stream => (200, None),
    };
    let more = match (&body, upgrade) {
        (None, Some(protocol)) if status == 101 => {
            format!("Connection: Upgrade\r\nUpgrade: {protocol}\r\n")
        }
        (None, _) => "Connection: close\r\nContent-Type: application/vnd.docker.raw-stream\r\n".to_owned(),
        (Some(_), _) if status == 204 => String::new(),
        (Some(body), _) => {
            format!("Content-Type: application/json\r\nContent-Length: {}\r\n", body.len())
        }
    };
    let head = format!(
        "HTTP/1.1 {status} {}\r\nApi-Version: {}\r\nOstype: linux\r\n\
         X-Docker-Container-Path-Stat: {PATH_STAT}\r\n{more}\r\n",
        if status < 400 { "OK" } else { "Not OK" },
        ApiVersion::NEWEST
    );
    connection.write_all(head.as_bytes())?;
    match body {
        Some(body) if !is_head && status != 204 => connection.write_all(body.as_bytes()),
        Some(_) | None => Ok(()),
    }
}
