//! What dockgate itself takes up, under the names that Prometheus has for it.

use std::fs;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use jiff::Timestamp;
use nix::sys::resource::{Resource, UsageWho, getrlimit, getrusage};
use nix::sys::time::TimeVal;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::{Registry, Unit};

/// The gauges of the process.
#[derive(Debug)]
pub(super) struct Process {
    pub(super) registry: Registry,
    cpu: Counter<f64, AtomicU64>,
    memory: Gauge,
    open_files: Gauge,
    files_limit: Gauge,
}

impl Process {
    pub(super) fn new() -> Self {
        let mut registry = Registry::with_prefix("process");
        let (cpu, memory) = (Counter::default(), Gauge::default());
        let (open_files, files_limit, start) = (Gauge::default(), Gauge::default(), Gauge::<i64>::default());
        start.set(Timestamp::now().as_second());
        let seconds = || Unit::Seconds;
        registry.register_with_unit(
            "cpu",
            "Processor time, of the user and of the system",
            seconds(),
            cpu.clone(),
        );
        registry.register_with_unit("resident_memory", "Memory in use", Unit::Bytes, memory.clone());
        registry.register("open_fds", "Open files, sockets among them", open_files.clone());
        registry.register("max_fds", "Files that may be open", files_limit.clone());
        registry.register_with_unit("start_time", "When dockgate was started", seconds(), start);
        Self { registry, cpu, memory, open_files, files_limit }
    }

    /// Looks at what it takes up now. What cannot be seen stays as it was.
    pub(super) fn look(&self) {
        if let Ok(usage) = getrusage(UsageWho::RUSAGE_SELF) {
            let time = duration(usage.user_time()).saturating_add(duration(usage.system_time()));
            self.cpu.inner().store(time.as_secs_f64().to_bits(), Ordering::Relaxed);
        }
        if let Some(kibibytes) = resident_kibibytes() {
            self.memory.set(kibibytes.saturating_mul(1024));
        }
        if let Ok(entries) = fs::read_dir("/proc/self/fd") {
            self.open_files.set(i64::try_from(entries.count()).unwrap_or(i64::MAX));
        }
        if let Ok((limit, _)) = getrlimit(Resource::RLIMIT_NOFILE) {
            self.files_limit.set(i64::try_from(limit).unwrap_or(i64::MAX));
        }
    }
}

fn duration(time: TimeVal) -> Duration {
    let seconds = u64::try_from(time.tv_sec()).unwrap_or_default();
    Duration::from_secs(seconds).saturating_add(Duration::from_micros(time.tv_usec().unsigned_abs()))
}

fn resident_kibibytes() -> Option<i64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    line.split_whitespace().next()?.parse().ok()
}
