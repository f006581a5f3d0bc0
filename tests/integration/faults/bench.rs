//! A real engine, a gate before it and clients at work: what a fault does to them, and what is left of it.

use std::cell::RefCell;
use std::io::Write as _;
use std::os::unix::net::UnixStream;
use std::time::{Duration, Instant};

use super::harm::{Disk, GROUP, Harm, ROOM};
use crate::harness::{
    Counts, Gate, Load, NOBODY, OwnEngine, RawClient, Sent, Starting, assert_they_agree, eventually,
    recovery, unavailable_within, unique, wait_for_last_record,
};

/// Clients that work at the same time.
pub(super) const CLIENTS: usize = 4;
/// What a process that has seen a fault may hold more than before. The allocator keeps a little.
const MORE_KIB: u64 = 4 * 1024;

pub(super) const POLICY: &str = r#"
version = 1
[[allow]]
name = "ask"
operations = ["GET /containers/{id}/json", "POST /containers/{id}/kill", "GET /events", "POST /volumes/create"]
"#;

/// How long faults last, and how patient the gate is.
#[derive(Clone, Copy, Debug)]
struct Pace {
    settings: &'static [&'static str],
    fault: Duration,
    /// One that must outlast every timeout.
    long_fault: Duration,
}

/// The three of them, and what they stand on.
pub(super) struct Bench {
    // Dropped first, so that its log does not end with the loss of its engine.
    pub(super) gate: Gate,
    pub(super) engine: OwnEngine,
    pub(super) disk: Disk,
    pub(super) crowd: RefCell<Vec<UnixStream>>,
    pace: Pace,
}

impl Pace {
    /// In a hurry, as tests are; or, where `DOCKGATE_FAULTS_TABLE` names a file for the figures, with the settings
    /// that a user has.
    fn chosen() -> Self {
        if std::env::var_os("DOCKGATE_FAULTS_TABLE").is_some() {
            return Self {
                settings: &[],
                fault: Duration::from_secs(10),
                long_fault: Duration::from_secs(40),
            };
        }
        Self {
            settings: &[
                "--connect-timeout=300ms",
                "--health-interval=300ms",
                "--breaker-threshold=3",
                "--breaker-open-time=300ms",
            ],
            fault: Duration::from_secs(2),
            long_fault: Duration::from_secs(4),
        }
    }
}

impl Bench {
    /// With a gate that has no rights but those of the socket's group.
    pub(super) fn new() -> Self {
        Self::with(|starting, _| starting.without_rights_but(&[GROUP]))
    }

    /// With a gate that is started in a way of the test's own.
    pub(super) fn with(prepare: impl FnOnce(Starting, &OwnEngine) -> Starting) -> Self {
        let (engine, disk, pace) = (OwnEngine::start(), Disk::mount(NOBODY), Pace::chosen());
        let starting = Gate::with_policy_text(POLICY).daemon_at(&engine.address()).audit_at(disk.audit());
        let starting = starting.with([ROOM, "--head-timeout=2s"]);
        let starting = pace.settings.iter().fold(starting, |starting, setting| starting.with([*setting]));
        let gate = prepare(starting, &engine).start();
        Self { gate, engine, disk, crowd: RefCell::default(), pace }
    }

    /// Lets clients work, does them harm and takes it away again, and insists that all three accounts agree and that
    /// nothing is left of it.
    #[track_caller]
    pub(super) fn suffers(&self, harm: Harm) {
        let lasts = if harm == Harm::Frozen { self.pace.long_fault } else { self.pace.fault };
        // What the first requests cost is not the fault's.
        drop(self.work(|_| ()));
        let before = self.holds();

        let mut stream = self.gate.connect();
        stream.send("GET /v1.41/events HTTP/1.1\r\nHost: d\r\n\r\n");
        stream.head();
        let (sent, prefix, (began, lifted)) = self.work(|load| {
            let began = Instant::now();
            harm.begin(self);
            std::thread::sleep(lasts);
            harm.end(self);
            let lifted = Instant::now();
            load.flows();
            (began, lifted)
        });
        if harm.spares_streams() {
            self.goes_on(&mut stream);
        } else {
            stream.rest();
        }
        drop(stream);
        assert_they_agree(&sent, &prefix, &self.engine.calls(&prefix), &self.gate, harm.audit());

        eventually("descriptors to be given back", || (self.gate.descriptors() <= before.1).then_some(()));
        let after = self.holds();
        assert!(after.0 <= before.0 + MORE_KIB, "{before:?} KiB and descriptors before, {after:?} after");
        // The last third of it: by then it is clear that the daemon is away.
        let unavailable = unavailable_within(&sent, began + lasts * 2 / 3, lifted)
            .map_or_else(|| "–".to_owned(), |(median, worst)| format!("{median:.1?}, at most {worst:.1?}"));
        tabulate(&format!(
            "| {} | {lasts:?} | {} | {unavailable} | {:.1?} | {} → {} | {} → {} |\n",
            harm.name(),
            Counts::of(&sent),
            recovery(&sent, lifted),
            before.0,
            after.0,
            before.1,
            after.1
        ));
    }

    /// Clients work until `meanwhile` is over. What they sent, what its names begin with, and what `meanwhile` says.
    pub(super) fn work<T>(&self, meanwhile: impl FnOnce(&Load) -> T) -> (Vec<Sent>, String, T) {
        let load = Load::start(&self.gate.socket(), CLIENTS);
        load.flows();
        let result = meanwhile(&load);
        let prefix = load.prefix().to_owned();
        let sent = load.stop();
        wait_for_last_record(&self.gate);
        (sent, prefix, result)
    }

    /// A stream that began before the fault tells of something that happens after it.
    #[track_caller]
    fn goes_on(&self, stream: &mut RawClient) {
        let name = unique("volume");
        let body = format!("{{\"Name\":\"{name}\"}}");
        let answer = self.gate.ask(format!(
            "POST /v1.41/volumes/create HTTP/1.1\r\nHost: d\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        ));
        assert_eq!(answer.status, 201, "{}", answer.head);
        stream.until(name.as_bytes());
    }

    /// Kibibytes and descriptors.
    pub(super) fn holds(&self) -> (u64, usize) {
        (self.gate.memory_kib("VmRSS"), self.gate.descriptors())
    }
}

/// Adds a line to the table of figures, where one is wanted.
pub(super) fn tabulate(line: &str) {
    eprint!("{line}");
    if let Some(table) = std::env::var_os("DOCKGATE_FAULTS_TABLE") {
        let mut file = std::fs::OpenOptions::new().create(true).append(true).open(table).unwrap();
        file.write_all(line.as_bytes()).unwrap();
    }
}
