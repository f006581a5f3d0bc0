#![expect(clippy::arithmetic_side_effects, reason = "what a test does wrong may panic")]

use std::collections::VecDeque;
use std::io::{self, Write};
use std::sync::Mutex;

use serde_json::Value;
use tokio::sync::oneshot;

use super::*;
use crate::audit::chain::Hash;
use crate::audit::file::Tail;
use crate::audit::head::Reading;
use crate::audit::queue::Queue;
use crate::audit::record::{Mismatch, Opened};
use crate::audit::{End, Ending, RequestIds};

/// A store that does as it is told, and once it is told nothing more takes everything.
#[derive(Clone, Debug, Default)]
struct Scripted {
    steps: Arc<Mutex<VecDeque<io::Result<usize>>>>,
    out: Arc<Mutex<Vec<u8>>>,
    /// Whether what was written can be taken back.
    keeps: bool,
    /// Whether it is a file that was removed, and nothing can take its place.
    is_gone: bool,
    syncs: Arc<Mutex<VecDeque<io::Result<()>>>>,
}

impl Store for Scripted {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let step = self.steps.lock().unwrap().pop_front();
        let count = step.unwrap_or(Ok(bytes.len()))?.min(bytes.len());
        self.out.lock().unwrap().extend_from_slice(&bytes[..count]);
        Ok(count)
    }

    fn take_back(&mut self, count: u64) -> io::Result<()> {
        if self.keeps {
            return Err(io::ErrorKind::PermissionDenied.into());
        }
        let mut out = self.out.lock().unwrap();
        let length = out.len() - usize::try_from(count).unwrap();
        out.truncate(length);
        Ok(())
    }

    fn sync(&mut self) -> io::Result<()> {
        self.syncs.lock().unwrap().pop_front().unwrap_or(Ok(()))
    }

    fn replace_removed(&mut self) -> io::Result<Option<Tail>> {
        if self.is_gone { Err(io::ErrorKind::NotADirectory.into()) } else { Ok(None) }
    }
}

struct Bench {
    store: Scripted,
    writer: Writer,
    counters: Arc<Counters>,
}

impl Bench {
    fn new() -> Self {
        Self::with(Scripted::default(), &AuditSettings::default())
    }

    fn with(store: Scripted, settings: &AuditSettings) -> Self {
        let counters = Arc::new(Counters::default());
        let start = Start::EMPTY;
        let sealing = Sealing { interval: Duration::from_secs(60), key: None };
        let writer =
            Writer::new(Box::new(store.clone()), start, (sealing, None), settings, Arc::clone(&counters));
        Self { store, writer, counters }
    }

    /// Writes a group of records and says which of them were acknowledged.
    fn write(&mut self, records: usize, steps: impl IntoIterator<Item = io::Result<usize>>) -> Vec<bool> {
        self.store.steps.lock().unwrap().extend(steps);
        let (mut queue, mut waiting) = (Queue::default(), Waiting::default());
        let answers: Vec<_> = (0..records)
            .map(|_| {
                let (written, answer) = oneshot::channel();
                queue.push(Timestamp::UNIX_EPOCH, &ended(), Some(written)).unwrap();
                answer
            })
            .collect();
        queue.take(&mut waiting);
        self.writer.write(&mut waiting, Instant::now());
        answers.into_iter().map(|answer| answer.blocking_recv().unwrap().is_ok()).collect()
    }

    fn out(&self) -> String {
        String::from_utf8(self.store.out.lock().unwrap().clone()).unwrap()
    }

    /// Each line in short: its number and event, or what it begins with if it is no record. The chain holds.
    fn lines(&self) -> Vec<String> {
        let out = self.out();
        assert!(out.ends_with('\n'), "{out}");
        let mut link = Link::START;
        let short = out.split_inclusive('\n').map(|line| match serde_json::from_str::<Value>(line) {
            Ok(record) => {
                assert_eq!(record["previous"], link.hash.to_string(), "{out}");
                link =
                    Link { sequence: record["sequence"].as_u64().unwrap(), hash: Hash::of(line.as_bytes()) };
                let lost = record["lost"].as_u64().map(|lost| format!(" of {lost}"));
                format!("{} {}{}", link.sequence, record["event"].as_str().unwrap(), lost.unwrap_or_default())
            }
            Err(_) => line.chars().take(8).collect(),
        });
        short.collect()
    }
}

fn ended() -> Event<'static> {
    let ending = Ending {
        status: None,
        daemon_status: None,
        request_bytes: 0,
        response_bytes: 0,
        duration: Duration::ZERO,
        end: End::Complete,
    };
    Event::Ended(RequestIds::new().unwrap().next(), ending)
}

fn line_len() -> usize {
    let mut bench = Bench::new();
    bench.write(1, []);
    bench.out().len()
}

fn full() -> io::Result<usize> {
    Err(io::ErrorKind::StorageFull.into())
}

#[test]
fn a_group_is_numbered_in_its_order() {
    let mut bench = Bench::new();
    assert_eq!(bench.write(3, []), [true; 3]);
    assert_eq!(bench.write(2, []), [true; 2]);
    assert_eq!(bench.lines(), ["1 ended", "2 ended", "3 ended", "4 ended", "5 ended"]);
    assert_eq!(bench.counters.read().written, 5);
}

#[test]
fn a_store_that_takes_little_or_must_be_asked_twice_is_no_failure() {
    let mut bench = Bench::new();
    let steps =
        [Ok(1), Err(io::ErrorKind::Interrupted.into()), Ok(7), Err(io::ErrorKind::WouldBlock.into()), Ok(3)];
    assert_eq!(bench.write(2, steps), [true; 2]);
    assert_eq!(bench.lines(), ["1 ended", "2 ended"]);
}

#[test]
fn what_a_torn_group_still_wrote_counts_and_the_rest_is_refused_and_told_of() {
    let mut bench = Bench::new();
    assert_eq!(bench.write(4, [Ok(2 * line_len() + 8), full()]), [true, true, false, false]);
    assert_eq!(bench.counters.read().lost, 2);
    assert!(bench.counters.read().is_failing);
    assert_eq!(bench.write(1, [full()]), [false]);
    assert_eq!(bench.write(2, []), [true; 2]);
    assert_eq!(bench.lines(), ["1 ended", "2 ended", "3 gap of 3", "4 ended", "5 ended"]);
    assert_eq!((bench.counters.read().lost, bench.counters.read().is_failing), (3, false));
    assert_eq!(bench.write(1, []), [true]);
    assert_eq!(bench.lines().last().unwrap(), "6 ended");
}

#[test]
fn a_torn_line_that_cannot_be_taken_back_stays_and_is_accounted_for() {
    let store = Scripted { keeps: true, ..Scripted::default() };
    let mut bench = Bench::with(store, &AuditSettings::default());
    assert_eq!(bench.write(2, [Ok(line_len() + 8), full()]), [true, false]);
    assert_eq!(bench.write(1, [Ok(0)]), [false]);
    assert_eq!(bench.write(1, []), [true]);
    assert_eq!(bench.lines(), ["1 ended", "{\"schema", "2 gap of 2", "3 ended"]);
    let gap: Value = serde_json::from_str(bench.out().lines().nth(2).unwrap()).unwrap();
    assert_eq!(gap["torn"]["sha256"], Hash::of(b"{\"schema").to_string());
}

#[test]
fn a_gap_that_is_torn_itself_is_told_of_again() {
    let mut bench = Bench::new();
    assert_eq!(bench.write(1, [full()]), [false]);
    assert_eq!(bench.write(1, [Ok(8), full()]), [false]);
    assert_eq!(bench.write(1, []), [true]);
    assert_eq!(bench.lines(), ["1 gap of 2", "2 ended"]);
}

#[test]
fn a_record_that_lacks_only_its_newline_is_written() {
    let mut bench = Bench::new();
    assert_eq!(bench.write(2, [Ok(line_len() - 1), full()]), [true, false]);
    assert_eq!(bench.write(1, []), [true]);
    assert_eq!(bench.lines(), ["1 ended", "2 gap of 1", "3 ended"]);
}

#[test]
fn what_is_lost_at_the_end_is_for_the_head_to_keep() {
    let directory = tempfile::tempdir().unwrap();
    let audit = directory.path().join("audit");
    let mut bench = Bench::new();
    bench.writer.head = Some(Head::beside(&audit, None));
    bench.write(1, []);
    bench.write(2, [full()]);
    bench.store.steps.lock().unwrap().push_back(full());
    let told = told(|| bench.writer.close());
    insta::assert_snapshot!(told, @"ERROR 2 records could not be written and are lost; the next start writes down how many");
    assert_eq!(bench.lines(), ["1 ended"]);
    assert_eq!(
        Head::read(&audit).unwrap().said(),
        Some(Said { link: bench.writer.link, lost: 2, is_moved: false })
    );
    bench.write(1, []);
    bench.writer.close();
    assert_eq!(
        Head::read(&audit).unwrap().said(),
        Some(Said { link: bench.writer.link, lost: 0, is_moved: false })
    );
}

#[test]
fn the_head_stays_until_what_is_wrong_is_on_record() {
    let directory = tempfile::tempdir().unwrap();
    let audit = directory.path().join("audit");
    let mut bench = Bench::new();
    bench.writer.head = Some(Head::beside(&audit, None));
    bench.store.steps.lock().unwrap().push_back(full());
    bench.writer.open(&Event::Opened(Opened {
        dockgate: "0",
        host: "h",
        pid: 1,
        torn: None,
        mismatch: Some(Mismatch::NoHead),
    }));
    bench.writer.put_head();
    assert_eq!(Head::read(&audit).unwrap(), Reading::Absent);
    assert_eq!(bench.write(1, [full()]), [false]);
    bench.writer.put_head();
    assert_eq!(Head::read(&audit).unwrap(), Reading::Absent);
    assert_eq!(bench.write(1, []), [true]);
    bench.writer.put_head();
    assert_eq!(bench.lines(), ["1 gap of 1", "2 opened", "3 ended"]);
    assert_eq!(Head::read(&audit).unwrap().said().unwrap().link, bench.writer.link);
}

#[test]
fn a_waiter_is_answered_with_what_came_before() {
    let mut bench = Bench::new();
    let (mut queue, mut waiting) = (Queue::default(), Waiting::default());
    let (written, answer) = oneshot::channel();
    queue.push(Timestamp::UNIX_EPOCH, &ended(), None).unwrap();
    queue.push_waiter(written);
    queue.push(Timestamp::UNIX_EPOCH, &ended(), None).unwrap();
    queue.take(&mut waiting);
    bench.writer.write(&mut waiting, Instant::now());
    assert_eq!(answer.blocking_recv(), Ok(Ok(())));
    assert_eq!(bench.lines(), ["1 ended", "2 ended"]);
}

#[test]
fn a_start_without_newline_gets_one_first() {
    let mut bench = Bench::new();
    bench.write(1, []);
    bench.store.out.lock().unwrap().pop();
    bench.writer.mid_line = true;
    bench.write(1, []);
    assert_eq!(bench.lines(), ["1 ended", "2 ended"]);
}

#[test]
fn records_without_room_are_told_of() {
    let mut bench = Bench::new();
    let mut waiting = Waiting { lost: 7, ..Waiting::default() };
    bench.writer.write(&mut waiting, Instant::now());
    assert_eq!(bench.lines(), ["1 gap of 7"]);
    assert_eq!(bench.counters.read().lost, 7);
}

#[test]
fn where_the_disk_is_waited_for_it_counts_too() {
    let settings = AuditSettings { durability: Durability::Synced, ..AuditSettings::default() };
    let mut bench = Bench::with(Scripted::default(), &settings);
    assert_eq!(bench.write(3, []), [true; 3]);
    bench.store.syncs.lock().unwrap().push_back(Err(io::ErrorKind::StorageFull.into()));
    assert_eq!(bench.write(2, []), [false; 2]);
    assert_eq!(bench.write(1, []), [true]);
    assert_eq!(
        bench.lines(),
        ["1 ended", "2 ended", "3 ended", "4 ended", "5 ended", "6 gap of 2", "7 ended"]
    );
    assert_eq!(bench.counters.read().syncs, 3);
}

#[test]
fn seals_are_set_after_a_while_and_only_where_there_is_something_to_seal() {
    let mut bench = Bench::new();
    assert_eq!(bench.writer.due(), None);
    bench.write(1, []);
    let later = Instant::now() + Duration::from_secs(61);
    bench.writer.tend(later);
    bench.writer.tend(later);
    assert_eq!(bench.writer.seal_due, None);
    bench.write(1, []);
    bench.writer.tend(Instant::now());
    bench.writer.close();
    assert_eq!(bench.lines(), ["1 ended", "2 seal", "3 ended", "4 seal"]);
}

#[test]
fn a_seal_that_cannot_be_written_is_tried_again() {
    let mut bench = Bench::new();
    bench.write(1, []);
    bench.store.steps.lock().unwrap().push_back(full());
    let mut later = Instant::now() + Duration::from_secs(61);
    bench.writer.tend(later);
    assert_eq!(bench.lines(), ["1 ended"]);
    later += Duration::from_secs(61);
    bench.writer.tend(later);
    assert_eq!(bench.lines(), ["1 ended", "2 seal"]);
}

#[test]
fn a_seal_is_signed_over_the_number_and_hash_before_it_and_its_time() {
    let key = SealKey::read(include_str!("../signature/tests/seal_key")).unwrap();
    let public = key.public();
    let mut bench = Bench::new();
    bench.writer.sealing.key = Some(key);
    bench.write(1, []);
    bench.writer.seal(Why::Closing);
    let out = bench.out();
    let seal: Value = serde_json::from_str(out.lines().nth(1).unwrap()).unwrap();
    let hash = Hash::of(out.split_inclusive('\n').next().unwrap().as_bytes());
    let text = format!("1 {hash} {}\n", seal["time"].as_str().unwrap());
    let signature = seal["signature"].as_str().unwrap();
    assert_eq!(crate::audit::signature::PublicKey::that_signed(text.as_bytes(), signature), Ok(public));
}

/// What the operator is told.
#[derive(Clone, Default)]
struct Told(Arc<Mutex<Vec<u8>>>);

impl Write for Told {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// What the operator is told meanwhile.
fn told(act: impl FnOnce()) -> String {
    let told = Told::default();
    let writer = told.clone();
    let subscriber = tracing_subscriber::fmt()
        .with_writer(move || writer.clone())
        .with_ansi(false)
        .with_target(false)
        .without_time()
        .finish();
    tracing::subscriber::with_default(subscriber, act);
    String::from_utf8(told.0.lock().unwrap().clone()).unwrap()
}

#[test]
fn the_operator_is_told_when_it_begins_and_when_it_is_over() {
    let told = told(|| {
        let mut bench = Bench::new();
        for _ in 0..3 {
            bench.write(2, [full()]);
        }
        bench.write(1, []);
        bench.write(1, []);
    });
    insta::assert_snapshot!(told, @r"
    ERROR the audit cannot be written: no storage space; requests are refused until it can be written again
     WARN the audit is written again; 6 records were lost
    ");
}

#[test]
fn a_file_that_cannot_be_replaced_is_told_of_once_and_looked_for_now_and_then() {
    let most = crate::settings::Rotation {
        bytes: Some(1),
        age: Some(Duration::ZERO),
        ..crate::settings::Rotation::default()
    };
    let keeper = std::sync::mpsc::channel().0;
    let mut bench = Bench::with(Scripted { is_gone: true, ..Scripted::default() }, &AuditSettings::default());
    bench.writer.rotating = Some(Rotating::new(std::path::Path::new("a"), &most, (0, None), keeper));
    let told = told(|| {
        assert_eq!(bench.write(1, []), [true], "nobody has missed it");
        for _ in 0..3 {
            bench.writer.tend(Instant::now());
            assert_eq!(bench.write(1, []), [false]);
        }
        let due = bench.writer.rotating.as_ref().unwrap().due().unwrap();
        assert!(due > Instant::now() + Duration::from_secs(30));
    });
    insta::assert_snapshot!(told, @"ERROR the audit cannot be written: its file was removed, and cannot be replaced: not a directory; requests are refused until it can be written again");
}

#[test]
fn what_only_a_receiver_lacks_is_not_lost_and_the_end_does_not_wait_for_it() {
    let directory = tempfile::tempdir().unwrap();
    let audit = directory.path().join("audit");
    let nobody = crate::settings::AuditCopy::Journald(directory.path().join("nobody"));
    let settings = crate::settings::AuditCopies { to: vec![nobody], must: true };
    let mut bench = Bench::new();
    bench.writer.copies = Copies::start(&settings, &bench.counters).unwrap();
    bench.writer.head = Some(Head::beside(&audit, None));
    bench.writer.hurry();
    assert_eq!(bench.write(2, []), [false, false]);
    let counts = bench.counters.read();
    assert_eq!((counts.lost, counts.written, counts.is_failing), (0, 2, true));
    let began = Instant::now();
    bench.writer.close();
    assert!(began.elapsed() < Duration::from_millis(1900));
    assert_eq!(bench.lines(), ["1 ended", "2 ended", "3 seal"]);
    assert_eq!(Head::read(&audit).unwrap().said().unwrap().link.sequence, 3);
}
