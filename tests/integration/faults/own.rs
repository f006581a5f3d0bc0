//! What dockgate itself can run out of, under load.

use std::fs::{self, File};
use std::io::Write as _;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::process::Command;

use super::bench::{Bench, Fault};
use crate::harness::{Audit, eventually};

#[test]
fn the_disk_of_the_audit_full() {
    let disk = Disk::mount();
    let bench = Bench::with(|starting, _| starting.audit_at(disk.dir.path().join("audit.jsonl")));
    let ballast = disk.dir.path().join("ballast");
    bench.suffers(&Fault {
        name: "the disk of the audit full",
        lasts: bench.pace.fault,
        audit: Audit::Interrupted,
        spares_streams: true,
        begin: &|_| fill(&ballast),
        end: &|_| fs::remove_file(&ballast).unwrap(),
    });
    let log = bench.gate.log();
    assert!(log.contains("No space left on device") && log.contains("the audit is written again"), "{log}");
}

#[test]
fn descriptors_exhausted() {
    let bench = Bench::new();
    let limit = |bench: &Bench, limit: usize| {
        let pid = format!("--pid={}", bench.gate.pid());
        let limit = format!("--nofile={limit}:");
        assert!(Command::new("prlimit").args([pid, limit]).status().unwrap().success());
    };
    bench.suffers(&Fault {
        name: "descriptors exhausted",
        lasts: bench.pace.fault,
        audit: Audit::Whole,
        spares_streams: true,
        begin: &|bench| limit(bench, bench.gate.descriptors() / 2),
        end: &|bench| limit(bench, 1024),
    });
    let log = bench.gate.log();
    assert_eq!(log.matches("cannot accept").count(), 1, "{log}");
}

#[test]
fn thousands_of_half_open_clients() {
    let bench = Bench::with(|starting, _| starting.with(["--max-connections=1000", "--head-timeout=2s"]));
    let crowd = std::cell::RefCell::new(Vec::new());
    let come = |bench: &Bench| {
        for number in 0..3000 {
            let mut client = UnixStream::connect(bench.gate.socket()).unwrap();
            let some: &[u8] = if number % 2 == 0 { b"GET /v1.41/containers/" } else { b"" };
            // It may have been turned away already.
            client.write_all(some).ok();
            crowd.borrow_mut().push(client);
        }
    };
    // What the allocator keeps of a crowd it keeps once: here it is seen whether more of it stays each time.
    let before = bench.gate.descriptors();
    come(&bench);
    eventually("the first crowd", || (bench.gate.descriptors() > 1000).then_some(()));
    crowd.borrow_mut().clear();
    eventually("the first crowd to be gone", || (bench.gate.descriptors() <= before).then_some(()));
    bench.suffers(&Fault {
        name: "3000 clients that send half a head, and room for 1000",
        lasts: bench.pace.fault,
        audit: Audit::Whole,
        spares_streams: true,
        begin: &come,
        end: &|_| crowd.borrow_mut().clear(),
    });
}

/// Takes all the room that is left.
fn fill(ballast: &Path) {
    let mut file = File::create(ballast).unwrap();
    for size in [64 * 1024, 1024, 1] {
        while file.write_all(&vec![0; size]).is_ok() {}
    }
}

/// A small disk of its own, gone with the test.
struct Disk {
    dir: tempfile::TempDir,
}

impl Disk {
    fn mount() -> Self {
        let dir = tempfile::Builder::new().prefix("dockgate-disk-").tempdir_in("/tmp").unwrap();
        let mut mount = Command::new("mount");
        mount.args(["-t", "tmpfs", "-o", "size=64m", "tmpfs"]).arg(dir.path());
        assert!(mount.status().unwrap().success(), "mounting a disk needs root");
        Self { dir }
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        let is_gone = || Command::new("umount").arg(self.dir.path()).status().unwrap().success();
        eventually("the disk to be unmounted", || is_gone().then_some(()));
    }
}
