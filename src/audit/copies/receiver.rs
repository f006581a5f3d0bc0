//! Who takes copies of records: standard output, syslog, journald.

use std::fs::File;
use std::io::{self, Write as _};
use std::net::{TcpStream, ToSocketAddrs as _};
use std::os::fd::AsFd as _;
use std::os::unix::net::{UnixDatagram, UnixStream};
use std::path::PathBuf;
use std::time::Duration;

use nix::errno::Errno;

use super::super::chain::Linked;
use super::super::store::write_counted;
use crate::settings::{Address, AuditCopy};

/// How long one may take to be reached, at each of its addresses.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// How long one may take to take a line.
const TIMEOUT: Duration = Duration::from_secs(30);
/// The facility `log audit` of RFC 5424.
const FACILITY: u8 = 13;
/// Severities of RFC 5424, which journald has too.
const WARNING: u8 = 4;
const NOTICE: u8 = 5;
const INFORMATIONAL: u8 = 6;

/// Somebody who takes lines, connected when there is one.
#[derive(Debug)]
pub(super) struct Receiver {
    way: Way,
    connection: Option<Connection>,
    host: String,
}

#[derive(Debug)]
enum Way {
    Stdout(File),
    Syslog(Address),
    Journald(PathBuf),
}

#[derive(Debug)]
enum Connection {
    Datagram(UnixDatagram),
    Stream(UnixStream),
    Tcp(TcpStream),
}

impl Receiver {
    pub(super) fn new(copy: &AuditCopy) -> io::Result<Self> {
        let way = match copy {
            AuditCopy::Stdout => Way::Stdout(File::from(io::stdout().as_fd().try_clone_to_owned()?)),
            AuditCopy::Syslog(address) => Way::Syslog(address.clone()),
            AuditCopy::Journald(path) => Way::Journald(path.clone()),
        };
        let host = nix::unistd::gethostname().unwrap_or_default().to_string_lossy().into_owned();
        Ok(Self { way, connection: None, host })
    }

    /// Finds out whether it can be reached, without sending anything.
    pub(super) fn reach(&self) -> io::Result<()> {
        match &self.way {
            Way::Stdout(_) => Ok(()),
            Way::Syslog(_) | Way::Journald(_) => self.connect().map(drop),
        }
    }

    /// Sends a line, its newline with it.
    pub(super) fn send(&mut self, line: &[u8]) -> io::Result<()> {
        if let Way::Stdout(out) = &mut self.way {
            return write_counted(out, line).1;
        }
        let text = line.strip_suffix(b"\n").unwrap_or(line);
        let message = match &self.way {
            Way::Journald(_) => journal_entry(text),
            Way::Syslog(_) | Way::Stdout(_) => syslog_message(text, &self.host),
        };
        let mut connection = match self.connection.take() {
            Some(connection) => connection,
            None => self.connect()?,
        };
        let sent = connection.send(&message);
        // After an error a stream may be in the middle of a message.
        if sent.is_ok() || sent.as_ref().is_err_and(is_too_long) {
            self.connection = Some(connection);
        }
        sent
    }

    fn connect(&self) -> io::Result<Connection> {
        let unix = |path: &PathBuf| {
            let socket = UnixDatagram::unbound()?;
            match socket.connect(path) {
                Ok(()) => Ok(Connection::Datagram(socket)),
                Err(error) if is(&error, Errno::EPROTOTYPE) => {
                    let stream = UnixStream::connect(path)?;
                    stream.set_write_timeout(Some(TIMEOUT))?;
                    Ok(Connection::Stream(stream))
                }
                Err(error) => Err(error),
            }
        };
        match &self.way {
            Way::Journald(path) | Way::Syslog(Address::Unix(path)) => unix(path),
            Way::Syslog(Address::Tcp { host, port }) => {
                let stream = connect_tcp(host, *port)?;
                stream.set_nodelay(true)?;
                stream.set_write_timeout(Some(TIMEOUT))?;
                Ok(Connection::Tcp(stream))
            }
            Way::Stdout(_) => Err(io::ErrorKind::Unsupported.into()),
        }
    }
}

fn connect_tcp(host: &str, port: u16) -> io::Result<TcpStream> {
    let mut failed = io::Error::new(io::ErrorKind::NotFound, "the host has no address");
    for address in (host, port).to_socket_addrs()? {
        match TcpStream::connect_timeout(&address, CONNECT_TIMEOUT) {
            Ok(stream) => return Ok(stream),
            Err(error) => failed = error,
        }
    }
    Err(failed)
}

impl Connection {
    fn send(&mut self, message: &[u8]) -> io::Result<()> {
        match self {
            Self::Datagram(socket) => socket.send(message).map(|_| ()),
            Self::Stream(stream) => stream.write_all(&[message, b"\n"].concat()),
            // RFC 6587, octet counting.
            Self::Tcp(stream) => {
                let mut framed = format!("{} ", message.len()).into_bytes();
                framed.extend_from_slice(message);
                stream.write_all(&framed)
            }
        }
    }
}

/// Whether a message is larger than the receiver can ever take.
pub(super) fn is_too_long(error: &io::Error) -> bool {
    is(error, Errno::EMSGSIZE)
}

fn is(error: &io::Error, number: Errno) -> bool {
    error.raw_os_error().map(Errno::from_raw) == Some(number)
}

/// A record as RFC 5424 has it.
fn syslog_message(line: &[u8], host: &str) -> Vec<u8> {
    let linked = Linked::read(line);
    let part = |bytes: Option<&[u8]>| {
        let text = bytes.and_then(|bytes| str::from_utf8(bytes).ok()).filter(|text| !text.is_empty());
        text.unwrap_or("-").to_owned()
    };
    let priority = FACILITY.saturating_mul(8).saturating_add(severity(line));
    let time = part(linked.as_ref().map(|linked| linked.time));
    let event = part(linked.as_ref().map(|linked| linked.event));
    let host = if host.is_empty() { "-" } else { host };
    let header = format!("<{priority}>1 {time} {host} dockgate {} {event} - ", std::process::id());
    [header.as_bytes(), line].concat()
}

/// A record as journald's own protocol has it. The line has no newline in it.
fn journal_entry(line: &[u8]) -> Vec<u8> {
    let linked = Linked::read(line);
    let mut entry =
        format!("PRIORITY={}\nSYSLOG_FACILITY={FACILITY}\nSYSLOG_IDENTIFIER=dockgate\n", severity(line))
            .into_bytes();
    let mut field = |name: &str, value: &[u8]| {
        entry.extend_from_slice(name.as_bytes());
        entry.push(b'=');
        entry.extend_from_slice(value);
        entry.push(b'\n');
    };
    if let Some(linked) = linked {
        field("DOCKGATE_EVENT", linked.event);
        if let Some(id) = linked.id() {
            field("DOCKGATE_REQUEST", id);
        }
    }
    field("MESSAGE", line);
    entry
}

/// How much a record matters.
fn severity(line: &[u8]) -> u8 {
    let has = |text: &[u8]| memchr::memmem::find(line, text).is_some();
    if has(b"\"event\":\"gap\"") {
        WARNING
    } else if has(b"\"decision\":\"permit\"") || !has(b"\"decision\":\"") {
        INFORMATIONAL
    } else {
        NOTICE
    }
}

#[cfg(test)]
mod tests {
    use nix::fcntl::{FcntlArg, OFlag, fcntl};

    use super::*;

    fn record(event: &str, more: &str) -> String {
        let zeros = "0".repeat(64);
        format!(
            "{{\"schema\":1,\"sequence\":7,\"previous\":\"{zeros}\",\"time\":\"2026-01-02T03:04:05.678901Z\",\"event\":\"{event}\"{more}}}"
        )
    }

    #[test]
    fn a_line_is_whole_also_where_standard_output_takes_only_a_part_at_a_time() {
        use std::io::Read as _;
        let (mut reader, writer) = io::pipe().unwrap();
        fcntl(&writer, FcntlArg::F_SETFL(OFlag::O_NONBLOCK)).unwrap();
        let out = File::from(std::os::fd::OwnedFd::from(writer));
        let mut receiver = Receiver { way: Way::Stdout(out), connection: None, host: String::new() };
        let line = [b"x".repeat(300_000), b"\n".to_vec()].concat();
        let sending = std::thread::spawn({
            let line = line.clone();
            move || receiver.send(&line)
        });
        let mut read = Vec::new();
        reader.read_to_end(&mut read).unwrap();
        sending.join().unwrap().unwrap();
        assert!(read == line);
    }

    #[test]
    fn a_record_is_a_message_of_syslog() {
        let line = record("judged", ",\"id\":\"0a-1\",\"decision\":\"deny\"");
        let message = String::from_utf8(syslog_message(line.as_bytes(), "h")).unwrap();
        let pid = std::process::id();
        assert_eq!(message, format!("<109>1 2026-01-02T03:04:05.678901Z h dockgate {pid} judged - {line}"));
        let gap = syslog_message(record("gap", "").as_bytes(), "");
        assert!(gap.starts_with(b"<108>1 2026-01-02T03:04:05.678901Z - dockgate "));
        assert!(syslog_message(record("seal", "").as_bytes(), "h").starts_with(b"<110>1 "));
    }

    #[test]
    fn a_record_is_an_entry_of_the_journal() {
        let line = record("judged", ",\"id\":\"0a-1\",\"decision\":\"permit\"");
        assert_eq!(
            String::from_utf8(journal_entry(line.as_bytes())).unwrap(),
            format!(
                "PRIORITY=6\nSYSLOG_FACILITY=13\nSYSLOG_IDENTIFIER=dockgate\nDOCKGATE_EVENT=judged\nDOCKGATE_REQUEST=0a-1\nMESSAGE={line}\n"
            )
        );
    }
}
