//! The thread that writes: batches, sequence numbers, failure and recovery.

use std::fs::File;
use std::io::{self, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::Receiver;
use std::thread;
use std::time::Duration;

use tokio::sync::oneshot;

use super::AuditError;
use super::record::Body;

/// No batch grows further once it has this size.
const BATCH_BYTES: usize = 1024 * 1024;

/// How long to wait before a sink that is full is tried again.
const FULL_PAUSE: Duration = Duration::from_millis(2);

/// How the answer to an entry travels back.
type Answer = oneshot::Sender<Result<(), AuditError>>;

/// What waits to be written.
#[derive(Debug)]
pub(super) enum Entry {
    /// A record, and who waits for it.
    Record { body: Body, written: Option<Answer> },
    /// Nothing, but somebody waits for everything before it.
    Flush { written: Answer },
}

/// Where the lines go. Must not buffer.
pub(super) trait Sink: Write + Send + 'static {}

impl Sink for File {}

/// What stands at the end of the sink before the first record.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Tail {
    /// The sequence number of the last record; 0 if there is none.
    pub(super) sequence: u64,
    /// Whether the last line lacks its newline.
    pub(super) mid_line: bool,
}

/// Writes records to a sink.
pub(super) struct Writer<S> {
    sink: S,
    tail: Tail,
    batch: Vec<u8>,
    waiting: Vec<Waiting>,
    /// Records lost since the sink failed; `None` while all is well.
    failing: Option<u64>,
    lost: Arc<AtomicU64>,
}

/// A part of the batch.
struct Waiting {
    /// Where it ends in the batch, not counting its newline: without that it is still a record,
    /// since the next batch begins with a newline then.
    end: usize,
    is_record: bool,
    written: Option<Answer>,
}

impl<S: Sink> Writer<S> {
    pub(super) const fn new(sink: S, tail: Tail, lost: Arc<AtomicU64>) -> Self {
        Self { sink, tail, batch: Vec::new(), waiting: Vec::new(), failing: None, lost }
    }

    /// Writes until nobody is left who could ask for it.
    pub(super) fn run(mut self, queue: &Receiver<Entry>) {
        while let Ok(first) = queue.recv() {
            self.write_batch(first, queue);
        }
    }

    /// Writes what is queued by now, and answers everybody in it.
    fn write_batch(&mut self, first: Entry, queue: &Receiver<Entry>) {
        self.begin();
        let mut sequence = self.tail.sequence;
        self.add(first, &mut sequence);
        while self.batch.len() < BATCH_BYTES {
            let Ok(entry) = queue.try_recv() else { break };
            self.add(entry, &mut sequence);
        }
        self.write();
    }

    fn begin(&mut self) {
        self.batch.clear();
        self.batch.shrink_to(BATCH_BYTES);
        if self.tail.mid_line {
            self.batch.push(b'\n');
        }
    }

    fn add(&mut self, entry: Entry, sequence: &mut u64) {
        let (is_record, written) = match entry {
            Entry::Flush { written } => (false, Some(written)),
            Entry::Record { body, written } => {
                *sequence = sequence.saturating_add(1);
                body.write(*sequence, &mut self.batch);
                (true, written)
            }
        };
        self.waiting.push(Waiting { end: self.batch.len(), is_record, written });
        if is_record {
            self.batch.push(b'\n');
        }
    }

    fn write(&mut self) {
        let (count, result) = write_counted(&mut self.sink, &self.batch);
        if let Some(last) = self.batch.get(..count).and_then(<[u8]>::last) {
            self.tail.mid_line = *last != b'\n';
        }
        let error = result.as_ref().err().map(AuditError::new);
        let (mut kept, mut lost): (u64, u64) = (0, 0);
        for part in self.waiting.iter().filter(|part| part.is_record) {
            let counter = if part.end <= count { &mut kept } else { &mut lost };
            *counter = counter.saturating_add(1);
        }
        self.tail.sequence = self.tail.sequence.saturating_add(kept);
        self.lost.fetch_add(lost, Ordering::Relaxed);
        self.report(error.as_ref(), lost);
        // Answered last, so that whoever waits finds everything above done.
        for Waiting { end, is_record: _, written } in self.waiting.drain(..) {
            let result = match &error {
                Some(error) if end > count => Err(error.clone()),
                Some(_) | None => Ok(()),
            };
            answer(written, result);
        }
    }

    /// Tells the operator when the audit begins to fail and when it is well again, not at each record.
    fn report(&mut self, error: Option<&AuditError>, lost: u64) {
        match (self.failing, error) {
            (None, Some(error)) => {
                tracing::error!("{error}; requests are refused until it can be written again");
                self.failing = Some(lost);
            }
            (Some(before), Some(_)) => self.failing = Some(before.saturating_add(lost)),
            (Some(before), None) if !self.batch.is_empty() => {
                tracing::warn!("the audit is written again; {before} records were lost");
                self.failing = None;
            }
            // A batch of nothing but flushes says nothing about the sink.
            (None | Some(_), None) => {}
        }
    }
}

/// Writes all bytes and says how many were written, even if not all could be.
fn write_counted(sink: &mut impl Write, mut bytes: &[u8]) -> (usize, io::Result<()>) {
    let whole = bytes.len();
    let result = loop {
        if bytes.is_empty() {
            break Ok(());
        }
        match sink.write(bytes) {
            Ok(0) => break Err(io::ErrorKind::WriteZero.into()),
            Ok(count) => bytes = bytes.get(count..).unwrap_or_default(),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            // Whoever shares our standard output may have made it non-blocking; here is the one
            // thread that may wait.
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => thread::sleep(FULL_PAUSE),
            Err(error) => break Err(error),
        }
    };
    (whole.saturating_sub(bytes.len()), result)
}

fn answer(written: Option<Answer>, result: Result<(), AuditError>) {
    // Whoever waited may have gone away meanwhile.
    if let Some(written) = written {
        written.send(result).ok();
    }
}

#[cfg(test)]
mod tests {
    use std::collections::VecDeque;
    use std::sync::Mutex;

    use super::*;
    use crate::audit::record::Event;
    use crate::audit::{End, Ending, RequestIds};

    /// A sink that does as it is told, and once it is told nothing more takes everything.
    #[derive(Clone, Default)]
    struct Scripted {
        steps: Arc<Mutex<VecDeque<io::Result<usize>>>>,
        out: Arc<Mutex<Vec<u8>>>,
    }

    impl Write for Scripted {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            let step = self.steps.lock().unwrap().pop_front();
            let count = step.unwrap_or(Ok(bytes.len()))?.min(bytes.len());
            self.out.lock().unwrap().extend_from_slice(&bytes[..count]);
            Ok(count)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    impl Sink for Scripted {}

    struct Bench {
        sink: Scripted,
        writer: Writer<Scripted>,
        lost: Arc<AtomicU64>,
    }

    impl Bench {
        fn new() -> Self {
            let (sink, lost) = (Scripted::default(), Arc::new(AtomicU64::new(0)));
            let writer = Writer::new(sink.clone(), Tail::default(), Arc::clone(&lost));
            Self { sink, writer, lost }
        }

        /// Writes a batch of records and says which of them were acknowledged.
        fn batch(&mut self, records: usize, steps: impl IntoIterator<Item = io::Result<usize>>) -> Vec<bool> {
            self.sink.steps.lock().unwrap().extend(steps);
            let (sender, queue) = std::sync::mpsc::channel();
            let answers: Vec<_> = (0..records)
                .map(|_| {
                    let (written, answer) = oneshot::channel();
                    sender.send(Entry::Record { body: body(), written: Some(written) }).unwrap();
                    answer
                })
                .collect();
            self.writer.write_batch(queue.recv().unwrap(), &queue);
            answers.into_iter().map(|answer| answer.blocking_recv().unwrap().is_ok()).collect()
        }

        /// The sequence number of each line, or what the line begins with if it is no record.
        fn lines(&self) -> Vec<Result<u64, String>> {
            let out = String::from_utf8(self.sink.out.lock().unwrap().clone()).unwrap();
            assert!(out.ends_with('\n'), "{out}");
            out.lines()
                .map(|line| match serde_json::from_str::<serde_json::Value>(line) {
                    Ok(value) => Ok(value["sequence"].as_u64().unwrap()),
                    Err(_) => Err(line.chars().take(8).collect()),
                })
                .collect()
        }
    }

    fn body() -> Body {
        let ending = Ending {
            status: None,
            daemon_status: None,
            request_bytes: 0,
            response_bytes: 0,
            duration: Duration::ZERO,
            end: End::Complete,
        };
        Body::new(&Event::ended(RequestIds::new().unwrap().next(), ending)).unwrap()
    }

    fn line_len() -> usize {
        let mut line = Vec::new();
        body().write(1, &mut line);
        line.push(b'\n');
        line.len()
    }

    fn full() -> io::Result<usize> {
        Err(io::ErrorKind::StorageFull.into())
    }

    #[test]
    fn a_batch_is_numbered_in_its_order() {
        let mut bench = Bench::new();
        assert_eq!(bench.batch(3, []), [true; 3]);
        assert_eq!(bench.batch(2, []), [true; 2]);
        assert_eq!(bench.lines(), [Ok(1), Ok(2), Ok(3), Ok(4), Ok(5)]);
    }

    #[test]
    fn a_sink_that_takes_little_or_must_be_asked_twice_is_no_failure() {
        let mut bench = Bench::new();
        let steps = [
            Ok(1),
            Err(io::ErrorKind::Interrupted.into()),
            Ok(7),
            Err(io::ErrorKind::WouldBlock.into()),
            Ok(3),
        ];
        assert_eq!(bench.batch(2, steps), [true; 2]);
        assert_eq!(bench.lines(), [Ok(1), Ok(2)]);
    }

    #[test]
    fn what_a_torn_batch_still_wrote_counts_and_the_rest_is_refused() {
        let mut bench = Bench::new();
        assert_eq!(bench.batch(4, [Ok(2 * line_len() + 8), full()]), [true, true, false, false]);
        assert_eq!(bench.lost.load(Ordering::Relaxed), 2);
        assert_eq!(bench.batch(1, [full()]), [false]);
        assert_eq!(bench.batch(2, []), [true; 2]);
        assert_eq!(bench.lines(), [Ok(1), Ok(2), Err("{\"schema".to_owned()), Ok(3), Ok(4)]);
        assert_eq!(bench.lost.load(Ordering::Relaxed), 3);
    }

    #[test]
    fn a_record_that_lacks_only_its_newline_is_written() {
        let mut bench = Bench::new();
        assert_eq!(bench.batch(2, [Ok(line_len() - 1), full()]), [true, false]);
        assert_eq!(bench.batch(1, []), [true]);
        assert_eq!(bench.lines(), [Ok(1), Ok(2)]);
    }

    #[test]
    fn a_sink_that_takes_nothing_fails() {
        let mut bench = Bench::new();
        assert_eq!(bench.batch(1, [Ok(0)]), [false]);
        assert_eq!(bench.batch(1, []), [true]);
        assert_eq!(bench.lines(), [Ok(1)]);
    }

    #[test]
    fn a_flush_is_no_record() {
        let mut bench = Bench::new();
        let (sender, queue) = std::sync::mpsc::channel();
        let (written, answer) = oneshot::channel();
        sender.send(Entry::Record { body: body(), written: None }).unwrap();
        sender.send(Entry::Flush { written }).unwrap();
        sender.send(Entry::Record { body: body(), written: None }).unwrap();
        bench.writer.write_batch(queue.recv().unwrap(), &queue);
        assert_eq!(answer.blocking_recv(), Ok(Ok(())));
        assert_eq!(bench.lines(), [Ok(1), Ok(2)]);
    }

    #[test]
    fn a_tail_without_newline_gets_one_first() {
        let mut bench = Bench::new();
        bench.writer.tail = Tail { sequence: 41, mid_line: true };
        bench.sink.out.lock().unwrap().extend_from_slice(b"{\"sche");
        bench.batch(1, []);
        assert_eq!(bench.lines(), [Err("{\"sche".to_owned()), Ok(42)]);
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

    #[test]
    fn the_operator_is_told_when_it_begins_and_when_it_is_over() {
        let told = Told::default();
        let writer = told.clone();
        let subscriber = tracing_subscriber::fmt()
            .with_writer(move || writer.clone())
            .with_ansi(false)
            .with_target(false)
            .without_time()
            .finish();
        tracing::subscriber::with_default(subscriber, || {
            let mut bench = Bench::new();
            for _ in 0..3 {
                bench.batch(2, [full()]);
            }
            bench.batch(1, []);
            bench.batch(1, []);
        });
        let told = String::from_utf8(told.0.lock().unwrap().clone()).unwrap();
        insta::assert_snapshot!(told, @r"
        ERROR the audit cannot be written: no storage space; requests are refused until it can be written again
         WARN the audit is written again; 6 records were lost
        ");
    }
}
