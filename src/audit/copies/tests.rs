use std::io::{BufRead as _, BufReader, Read as _};
use std::net::TcpListener;
use std::os::unix::net::{UnixDatagram, UnixListener};
use std::path::Path;

use super::*;

const LINE: &[u8] = b"{\"schema\":1}\n";

fn copies(copy: AuditCopy, must: bool) -> (Copies, Arc<Counters>) {
    let counters = Arc::new(Counters::default());
    let settings = AuditCopies { to: vec![copy], must };
    (Copies::start(&settings, &counters).unwrap().unwrap(), counters)
}

fn syslog(address: &str) -> AuditCopy {
    AuditCopy::read(&format!("syslog:{address}")).unwrap()
}

fn unix(path: &Path) -> String {
    format!("unix://{}", path.display())
}

#[test]
fn a_datagram_has_a_message() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("log");
    let log = UnixDatagram::bind(&path).unwrap();
    let (copies, _) = copies(syslog(&unix(&path)), true);
    copies.give(&[LINE, LINE].concat()).unwrap();
    let mut buffer = [0; 1024];
    for _ in 0..2 {
        let count = log.recv(&mut buffer).unwrap();
        let message = str::from_utf8(&buffer[..count]).unwrap();
        assert!(message.starts_with("<110>1 - ") && message.ends_with(" - {\"schema\":1}"), "{message}");
    }
}

#[test]
fn a_unix_stream_has_a_message_a_line() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("log");
    let listener = UnixListener::bind(&path).unwrap();
    let (copies, _) = copies(syslog(&unix(&path)), false);
    copies.give(&[LINE, LINE].concat()).unwrap();
    let mut lines = BufReader::new(listener.accept().unwrap().0).lines();
    for _ in 0..2 {
        assert!(lines.next().unwrap().unwrap().ends_with(" - {\"schema\":1}"));
    }
}

#[test]
fn tcp_counts_octets_and_connects_again() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let (copies, _) = copies(syslog(&format!("tcp://{}", listener.local_addr().unwrap())), false);
    for _ in 0..2 {
        copies.give(LINE).unwrap();
        let mut connection = BufReader::new(listener.accept().unwrap().0);
        let mut count = Vec::new();
        connection.read_until(b' ', &mut count).unwrap();
        let count: usize = str::from_utf8(&count).unwrap().trim().parse().unwrap();
        let mut message = vec![0; count];
        connection.read_exact(&mut message).unwrap();
        assert!(message.starts_with(b"<110>1 ") && message.ends_with(b" - {\"schema\":1}"));
        drop(connection);
        // What is sent into a connection that the other side has closed is lost to whoever sends it; the next
        // is not.
        copies.give(LINE).unwrap();
        thread::sleep(Duration::from_millis(50));
    }
}

#[test]
fn one_that_hangs_holds_up_nobody_and_what_finds_no_room_is_counted() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("log");
    let _deaf = UnixDatagram::bind(&path).unwrap();
    let (copies, counters) = copies(syslog(&unix(&path)), false);
    let lines = LINE.repeat(10_000);
    let began = Instant::now();
    let mut given = 0;
    while counters.read().copies_dropped == 0 {
        copies.give(&lines).unwrap();
        given += 1;
        assert!(given < 1_000, "it hangs, and yet nothing is dropped");
    }
    assert!(began.elapsed() < Duration::from_secs(20));
    assert_eq!(counters.read().copies_dropped, 10_000);
}

#[test]
fn where_it_must_have_them_nothing_is_written_without_it() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("log");
    let (copies, _) = copies(AuditCopy::Journald(path.clone()), true);
    let error = copies.give(LINE).unwrap_err();
    assert_eq!(error.to_string(), format!("journald:{} does not take it", path.display()));
    // Whoever comes then does not wait for it as long again.
    let began = Instant::now();
    copies.give(LINE).unwrap_err();
    assert!(began.elapsed() < Duration::from_secs(3));
    let log = UnixDatagram::bind(&path).unwrap();
    copies.give(LINE).unwrap();
    let mut buffer = [0; 1024];
    let count = log.recv(&mut buffer).unwrap();
    assert!(buffer[..count].ends_with(b"SYSLOG_IDENTIFIER=dockgate\nMESSAGE={\"schema\":1}\n"));
}
