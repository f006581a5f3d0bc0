#![expect(clippy::arithmetic_side_effects, reason = "what a test does wrong may panic")]

use std::pin::pin;
use std::sync::mpsc::{Receiver, Sender, channel};

use super::*;
use crate::audit::record::Gap;
use crate::audit::store::Store;
use crate::audit::subject::{Detail, Judged, What};
use crate::audit::writer::{Sealing, Start};
use crate::audit::{End, Ending, RequestContext, RequestIds};
use crate::client::{Client, Peer};
use crate::operation::{Fault, Unreadable};
use crate::settings::AuditSettings;

/// A store that tells who writes how many lines, and waits for leave where it is told to.
#[derive(Debug)]
struct Told {
    wrote: Sender<(String, usize)>,
    leave: Option<Receiver<()>>,
    /// How long its first write takes.
    first_takes: Duration,
}

impl Store for Told {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        std::thread::sleep(std::mem::take(&mut self.first_takes));
        if let Some(leave) = &self.leave {
            leave.recv().ok();
        }
        let thread = std::thread::current().name().unwrap_or_default().to_owned();
        let lines = memchr::memchr_iter(b'\n', bytes).count();
        self.wrote.send((thread, lines)).ok();
        Ok(bytes.len())
    }

    fn take_back(&mut self, _count: u64) -> io::Result<()> {
        Ok(())
    }

    fn sync(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn start(way: Way, store: Told) -> Handle {
    let counters = Arc::new(Counters::default());
    let start = Start::EMPTY;
    let sealing = Sealing { interval: Duration::from_secs(60), key: None };
    let settings = AuditSettings::default();
    let writer = Writer::new(Box::new(store), start, (sealing, None), &settings, Arc::clone(&counters));
    Handle::start(writer, way, counters).unwrap()
}

fn event() -> Event<'static> {
    Event::Gap(Gap { lost: 0, torn: None })
}

fn quick(wrote: Sender<(String, usize)>) -> Told {
    Told { wrote, leave: None, first_takes: Duration::ZERO }
}

/// Hands in records at the same time, as the requests of one turn of the runtime do.
async fn written_together(scribe: &Handle, records: usize) {
    let events: Vec<_> = (0..records).map(|_| event()).collect();
    let mut writing: Vec<_> = events.iter().map(|event| Box::pin(enter_and_wait(scribe, event))).collect();
    let mut left = records;
    poll_fn(|context| {
        writing.retain_mut(|writing| match writing.as_mut().poll(context) {
            Poll::Ready(result) => {
                result.unwrap();
                left -= 1;
                false
            }
            Poll::Pending => true,
        });
        if left == 0 { Poll::Ready(()) } else { Poll::Pending }
    })
    .await;
}

/// Puts a record in and returns once it is written.
async fn enter_and_wait(scribe: &Scribe, event: &Event<'_>) -> Result<(), AuditError> {
    scribe.enter(event)?.written().await
}

#[tokio::test]
async fn records_of_one_turn_are_written_together_by_whoever_hands_them_in() {
    let (wrote, writes) = channel();
    let scribe = start(Way::Inline, quick(wrote));
    written_together(&scribe, 5).await;
    let (thread, lines) = writes.recv().unwrap();
    assert_eq!(lines, 5);
    assert_ne!(thread, "audit");
    scribe.put(&event()).unwrap();
    assert_eq!(writes.try_recv().unwrap().1, 1, "nobody waits, and it is written at once");
}

#[tokio::test]
async fn where_no_other_request_is_under_way_none_is_waited_for() {
    let (wrote, writes) = channel();
    let scribe = start(Way::Inline, quick(wrote));
    let client = Client { listener: "x".into(), peer: Peer::Unix { uid: 0, gid: 0, pid: None } };
    let id = RequestIds::new().unwrap().next();
    let context = RequestContext { id, client: &client, client_names: &[], policy_hash: "" };
    let unreadable = Unreadable { fault: Fault::Malformed, endpoint: None, message: "x".into() };
    let what = What::Unreadable { unreadable: &unreadable, method: "GET", target: b"/" };
    let judged = Event::Judged(Judged { context: &context, what, detail: Detail::default() });
    let is_at_once = async || {
        poll_fn(|context| Poll::Ready(pin!(enter_and_wait(&scribe, &judged)).poll(context).is_ready())).await
    };
    assert!(is_at_once().await);
    assert_eq!(writes.try_recv().unwrap().1, 1);
    assert!(!is_at_once().await, "another is under way");
}

#[tokio::test]
async fn that_a_request_is_over_waits_for_the_next_record_and_not_for_long() {
    let (wrote, writes) = channel();
    let scribe = start(Way::Inline, quick(wrote));
    let ending = Ending {
        status: None,
        daemon_status: None,
        request_bytes: 0,
        response_bytes: 0,
        duration: Duration::ZERO,
        end: End::Refused,
    };
    let over = Event::Ended(RequestIds::new().unwrap().next(), ending);
    scribe.put(&over).unwrap();
    assert_eq!(writes.recv().unwrap(), ("audit".to_owned(), 1));
}

#[tokio::test]
async fn a_request_that_is_given_up_leaves_nobody_waiting() {
    let (wrote, writes) = channel();
    let scribe = start(Way::Inline, quick(wrote));
    let (one, two) = (event(), event());
    let mut given_up = Box::pin(enter_and_wait(&scribe, &one));
    let mut other = Box::pin(enter_and_wait(&scribe, &two));
    poll_fn(|context| {
        assert!(given_up.as_mut().poll(context).is_pending() && other.as_mut().poll(context).is_pending());
        Poll::Ready(())
    })
    .await;
    drop(given_up);
    other.await.unwrap();
    assert_eq!(writes.recv().unwrap().1, 2);
}

#[tokio::test]
async fn a_disk_that_is_slow_is_left_to_the_thread() {
    let (wrote, writes) = channel();
    let scribe = start(Way::Inline, Told { first_takes: SLOW * 2, ..quick(wrote) });
    written_together(&scribe, 1).await;
    written_together(&scribe, 1).await;
    assert_ne!(writes.recv().unwrap().0, "audit");
    assert_eq!(writes.recv().unwrap().0, "audit");
    assert!(scribe.is_slow());
}

#[tokio::test]
async fn what_waits_for_the_disk_is_written_together() {
    let (wrote, writes) = channel();
    let (give, leave) = channel();
    let scribe = start(Way::Thread, Told { leave: Some(leave), ..quick(wrote) });
    // While the first is being written, the others come together.
    scribe.ask(|queue| queue.push(Timestamp::UNIX_EPOCH, &event(), None).unwrap());
    while !lock(&scribe.queue).entries.is_empty() {
        std::thread::yield_now();
    }
    // However many writes the rest is parted into.
    for _ in 0..8 {
        give.send(()).unwrap();
    }
    written_together(&scribe, 7).await;
    assert_eq!(writes.recv().unwrap(), ("audit".to_owned(), 1));
    let others: usize = writes.try_iter().map(|(_, lines)| lines).sum();
    assert_eq!(others, 7);
}

#[tokio::test]
async fn where_nobody_waits_a_disk_that_hangs_holds_up_nobody_and_what_piles_up_is_bounded() {
    let (wrote, writes) = channel();
    let (give, leave) = channel();
    let scribe = start(Way::Later, Told { leave: Some(leave), ..quick(wrote) });
    let (mut written, mut refused) = (0, 0);
    while refused < 10 {
        match enter_and_wait(&scribe, &event()).await {
            Ok(()) => written += 1,
            Err(error) => {
                refused += 1;
                assert!(error.to_string().contains("8 MiB wait to be written already"), "{error}");
            }
        }
    }
    drop(give);
    scribe.all_written().await;
    // The records themselves, and those that tell of what was lost.
    let lines: usize = writes.try_iter().map(|(_, lines)| lines).sum();
    assert_eq!(lines, written + 1);
    assert_eq!(scribe.counters.read().lost, 10);
}
