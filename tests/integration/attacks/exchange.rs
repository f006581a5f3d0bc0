//! One case on a connection of its own: the bytes it sends, and what comes back.

use std::collections::BTreeMap;
use std::io::{Read as _, Write as _};
use std::net::Shutdown;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::Duration;

use super::case::{Case, Expected};
use crate::harness::{Message, PATIENCE};

/// How long an answer may keep the client from saying that it sends no more. Some of the requests are cut short,
/// and are answered only then.
const FIRST_ANSWER: Duration = Duration::from_millis(300);

/// The answers, until the connection was closed or became a tunnel.
pub(super) fn hold(socket: &Path, case: &Case, names: &BTreeMap<&'static str, String>) -> Vec<Message> {
    let mut stream = UnixStream::connect(socket).unwrap();
    let packets = case.packets(names);
    let sent = Message::all(&packets.concat());
    let ends_by_itself = sent.first().is_some_and(|first| first.head.contains("Connection: close"));
    for (index, packet) in packets.iter().enumerate() {
        if index > 0 {
            std::thread::sleep(case.pause());
        }
        // The other end may have refused and closed already.
        drop(stream.write_all(packet));
    }
    let mut received = Vec::new();
    stream.set_read_timeout(Some(FIRST_ANSWER)).unwrap();
    read(&mut stream, &mut received);
    let answers = Message::all(&received);
    let first = answers.first().map_or(0, Message::status);
    // Of a tunnel there is no end to wait for, nor of a stream that should not have begun.
    let should_not_be =
        case.expected == Expected::Deny && case.innocent.is_empty() && case.narrowed.is_none();
    if first == 101 || (first == 200 && should_not_be) {
        return answers;
    }
    // A client that hangs up cuts short what it asked for, such as a build; where the other end is to close, it waits.
    if first == 0 || !ends_by_itself {
        drop(stream.shutdown(Shutdown::Write));
    }
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    let last = case.narrowed.as_ref().filter(|narrowed| narrowed.endless);
    let last = last.and_then(|narrowed| narrowed.shows.as_ref());
    let is_seen = |received: &[u8]| last.is_some_and(|text| String::from_utf8_lossy(received).contains(text));
    while !is_seen(&received) && read(&mut stream, &mut received) {}
    Message::all(&received)
}

/// Reads some more; false at the end of the connection or of the time.
fn read(stream: &mut UnixStream, received: &mut Vec<u8>) -> bool {
    let mut buffer = vec![0; 65536];
    let count = stream.read(&mut buffer).unwrap_or(0);
    received.extend_from_slice(&buffer[..count]);
    count > 0
}
