//! A real engine, a gate before it and clients at work: what a fault does to them, and what is left of it.

use std::io::Write as _;
use std::time::{Duration, Instant};

use crate::harness::{
    Audit, Counts, Gate, Load, OwnEngine, RawClient, Sent, Starting, assert_they_agree, eventually, recovery,
    unavailable_within, unique, wait_for_last_record,
};

/// Clients that work at the same time.
const CLIENTS: usize = 4;
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
pub(super) struct Pace {
    pub(super) settings: &'static [&'static str],
    /// A fault.
    pub(super) fault: Duration,
    /// One that must outlast every timeout.
    pub(super) long_fault: Duration,
}

impl Pace {
    /// In a hurry, as tests are; or, where `DOCKGATE_FAULTS_TABLE` names a file for the figures, with the settings that a
    /// user has.
    pub(super) fn chosen() -> Self {
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

/// The three of them.
pub(super) struct Bench {
    // Dropped first, so that its log does not end with the loss of its engine.
    pub(super) gate: Gate,
    pub(super) engine: OwnEngine,
    pub(super) pace: Pace,
}

/// What is done to them.
pub(super) struct Fault<'a> {
    /// What it is, for the table.
    pub(super) name: &'a str,
    pub(super) lasts: Duration,
    /// Whether records may be missing.
    pub(super) audit: Audit,
    /// Whether running streams outlive it.
    pub(super) spares_streams: bool,
    pub(super) begin: &'a dyn Fn(&Bench),
    pub(super) end: &'a dyn Fn(&Bench),
}

impl Bench {
    /// With a gate that is started in a way of the test's own.
    pub(super) fn with(prepare: impl FnOnce(Starting, &OwnEngine) -> Starting) -> Self {
        let (engine, pace) = (OwnEngine::start(), Pace::chosen());
        let starting = Gate::with_policy_text(POLICY).daemon_at(&engine.address());
        let starting = pace.settings.iter().fold(starting, |starting, setting| starting.with([*setting]));
        let gate = prepare(starting, &engine).start();
        Self { gate, engine, pace }
    }

    pub(super) fn new() -> Self {
        Self::with(|starting, _| starting)
    }

    /// Lets clients work, does the fault to them and takes it away, and insists that all three accounts agree and that
    /// nothing is left of it.
    #[track_caller]
    pub(super) fn suffers(&self, fault: &Fault<'_>) {
        // What the first requests cost is not the fault's.
        drop(self.work(|_| ()));
        let before = self.holds();

        let mut stream = self.gate.connect();
        stream.send("GET /v1.41/events HTTP/1.1\r\nHost: d\r\n\r\n");
        stream.head();
        let (sent, (began, lifted)) = self.work(|load| {
            let began = Instant::now();
            (fault.begin)(self);
            std::thread::sleep(fault.lasts);
            (fault.end)(self);
            let lifted = Instant::now();
            load.flows();
            (began, lifted)
        });
        if fault.spares_streams {
            self.goes_on(&mut stream);
        } else {
            stream.rest();
        }
        drop(stream);
        assert_they_agree(&sent.0, &sent.1, &self.engine.calls(&sent.1), &self.gate, fault.audit);

        eventually("descriptors to be given back", || (self.gate.descriptors() <= before.1).then_some(()));
        let after = self.holds();
        assert!(after.0 <= before.0 + MORE_KIB, "{before:?} KiB and descriptors before, {after:?} after");
        // The last third of it: by then it is clear that the daemon is away.
        let clear = began + fault.lasts * 2 / 3;
        let unavailable = unavailable_within(&sent.0, clear, lifted);
        note(fault, &sent.0, unavailable, recovery(&sent.0, lifted), before, after);
    }

    /// Clients work until `meanwhile` is over.
    fn work<T>(&self, meanwhile: impl FnOnce(&Load) -> T) -> ((Vec<Sent>, String), T) {
        let load = Load::start(&self.gate.socket(), CLIENTS);
        load.flows();
        let result = meanwhile(&load);
        let prefix = load.prefix().to_owned();
        let sent = load.stop();
        wait_for_last_record(&self.gate);
        ((sent, prefix), result)
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
    fn holds(&self) -> (u64, usize) {
        (self.gate.memory_kib("VmRSS"), self.gate.descriptors())
    }
}

/// Adds a line to the table of figures, where one is wanted.
fn note(
    fault: &Fault<'_>,
    sent: &[Sent],
    unavailable: Option<(Duration, Duration)>,
    recovered: Duration,
    before: (u64, usize),
    after: (u64, usize),
) {
    let unavailable = unavailable
        .map_or_else(|| "–".to_owned(), |(median, worst)| format!("{median:.1?}, at most {worst:.1?}"));
    let line = format!(
        "| {} | {:?} | {} | {unavailable} | {recovered:.1?} | {} → {} KiB | {} → {} |\n",
        fault.name,
        fault.lasts,
        Counts::of(sent),
        before.0,
        after.0,
        before.1,
        after.1
    );
    eprint!("{line}");
    if let Some(table) = std::env::var_os("DOCKGATE_FAULTS_TABLE") {
        let mut file = std::fs::OpenOptions::new().create(true).append(true).open(table).unwrap();
        file.write_all(line.as_bytes()).unwrap();
    }
}
