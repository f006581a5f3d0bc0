//! Processes: what they use up, and where they may run.

use std::fs;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use nix::sched::{CpuSet, sched_setaffinity};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

/// How long a process may take to end by itself.
const PATIENCE: Duration = Duration::from_secs(2);

/// A process of the rig's own, ended when this is dropped.
#[derive(Debug)]
pub(crate) struct Process {
    child: Child,
}

impl Process {
    pub(crate) fn start(command: &mut Command) -> Result<Self> {
        let child = command.stdin(Stdio::null()).spawn().with_context(|| format!("starting {command:?}"))?;
        Ok(Self { child })
    }

    /// It and its children: `HAProxy` works in a child.
    pub(crate) fn pids(&self) -> Vec<u32> {
        let mut pids = vec![self.child.id()];
        let mut at = 0;
        while let Some(pid) = pids.get(at) {
            let listed = fs::read_to_string(format!("/proc/{pid}/task/{pid}/children")).unwrap_or_default();
            pids.extend(listed.split_whitespace().filter_map(|pid| pid.parse::<u32>().ok()));
            at += 1;
        }
        pids
    }

    /// The CPU time it has used.
    pub(crate) fn cpu(&self) -> Duration {
        self.pids().into_iter().map(cpu).sum()
    }

    /// How much of its memory is resident, in KiB.
    pub(crate) fn resident_kib(&self) -> Result<u64> {
        self.pids().into_iter().map(|pid| field(pid, "VmRSS:")).sum()
    }

    /// How many files it has open.
    pub(crate) fn descriptors(&self) -> usize {
        let count = |pid| std::fs::read_dir(format!("/proc/{pid}/fd")).map_or(0, Iterator::count);
        self.pids().into_iter().map(count).sum()
    }

    pub(crate) fn ensure_runs(&mut self) -> Result<()> {
        match self.child.try_wait()? {
            None => Ok(()),
            Some(status) => bail!("a process of the rig has ended: {status}"),
        }
    }

    fn signal(&self, signal: Signal) {
        for pid in self.pids().into_iter().rev() {
            let Ok(pid) = i32::try_from(pid) else { continue };
            kill(Pid::from_raw(pid), signal).ok();
        }
    }
}

impl Drop for Process {
    /// Has it end by itself, as what counts for a profile writes that down then.
    fn drop(&mut self) {
        self.signal(Signal::SIGTERM);
        let deadline = Instant::now() + PATIENCE;
        while let Ok(None) = self.child.try_wait() {
            if Instant::now() > deadline {
                self.signal(Signal::SIGKILL);
                self.child.wait().ok();
                return;
            }
            thread::sleep(Duration::from_millis(5));
        }
    }
}

/// The CPU time of all threads of a process that run.
pub(crate) fn cpu(pid: u32) -> Duration {
    let of_thread = |thread: u32| {
        let text = fs::read_to_string(format!("/proc/{pid}/task/{thread}/schedstat")).unwrap_or_default();
        text.split(' ').next().and_then(|nanos| nanos.parse().ok()).unwrap_or(0)
    };
    Duration::from_nanos(threads(pid).into_iter().map(of_thread).sum())
}

/// The time that all processors of the machine were busy since it was started.
pub(crate) fn machine_busy() -> Result<Duration> {
    let stat = fs::read_to_string("/proc/stat")?;
    let ticks: Vec<u64> = stat
        .lines()
        .next()
        .unwrap_or_default()
        .split_whitespace()
        .filter_map(|field| field.parse().ok())
        .collect();
    // user, nice, system, idle, iowait, irq, softirq, steal, in hundredths of a second
    let busy: u64 = ticks.iter().enumerate().filter(|(at, _)| !(3..=4).contains(at)).map(|(_, t)| t).sum();
    Ok(Duration::from_millis(busy * 10))
}

/// Has the processes, all of their threads, and the rig itself run on one CPU, or wherever they like.
pub(crate) fn pin(pids: impl IntoIterator<Item = u32>, cpu: Option<usize>) -> Result<()> {
    let mut set = CpuSet::new();
    match cpu {
        Some(cpu) => set.set(cpu)?,
        None => {
            for cpu in 0..cpus()? {
                set.set(cpu)?;
            }
        }
    }
    for pid in pids.into_iter().chain([std::process::id()]) {
        for thread in threads(pid) {
            // A thread may have ended meanwhile.
            sched_setaffinity(Pid::from_raw(i32::try_from(thread)?), &set).ok();
        }
    }
    Ok(())
}

fn threads(pid: u32) -> Vec<u32> {
    let Ok(entries) = fs::read_dir(format!("/proc/{pid}/task")) else { return Vec::new() };
    entries.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok()).collect()
}

fn field(pid: u32, name: &str) -> Result<u64> {
    let status = fs::read_to_string(format!("/proc/{pid}/status"))?;
    let line = status.lines().find(|line| line.starts_with(name)).context("a process without memory")?;
    Ok(line.split_whitespace().nth(1).context("no number")?.parse()?)
}

/// How many CPUs the machine has, wherever this thread may run.
pub(crate) fn cpus() -> Result<usize> {
    let info = fs::read_to_string("/proc/stat")?;
    Ok(info.lines().filter(|line| line.starts_with("cpu") && !line.starts_with("cpu ")).count())
}
