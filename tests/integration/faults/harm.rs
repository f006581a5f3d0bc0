//! What is done to an engine, to its socket and to dockgate itself.

use std::fs::{self, File, Permissions};
use std::io::Write as _;
use std::os::unix::fs::{PermissionsExt as _, chown};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::Command;

use nix::sys::signal::Signal;

use super::bench::Bench;
use crate::harness::{Audit, NOBODY, eventually};

/// The group that `scripts/engine` gives the socket to.
pub(super) const GROUP: u32 = 2375;
/// More clients than there is room for.
const CROWD: usize = 3000;
/// The room.
pub(super) const ROOM: &str = "--max-connections=1000";
/// Enough for any test.
const DESCRIPTORS: usize = 4096;

/// A fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Harm {
    Killed,
    Frozen,
    SocketRemoved,
    DirectoryInstead,
    ClosedToGroup,
    OtherGroup,
    DiskFull,
    NoDescriptors,
    HalfOpenClients,
}

impl Harm {
    /// What it is, for the table.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Killed => "dockerd killed (SIGKILL), then started again",
            Self::Frozen => "dockerd frozen (SIGSTOP), then thawed",
            Self::SocketRemoved => "its socket removed, then put back",
            Self::DirectoryInstead => "a directory in its socket's place",
            Self::ClosedToGroup => "its socket's mode 0600, then 0660",
            Self::OtherGroup => "its socket given to another group, and back",
            Self::DiskFull => "the disk of the audit full",
            Self::NoDescriptors => "dockgate's descriptors exhausted",
            Self::HalfOpenClients => "3000 clients with half a head, room for 1000",
        }
    }

    /// Whether records may be missing.
    pub(super) fn audit(self) -> Audit {
        if self == Self::DiskFull { Audit::Interrupted } else { Audit::Whole }
    }

    /// Whether running streams outlive it.
    pub(super) fn spares_streams(self) -> bool {
        self != Self::Killed
    }

    pub(super) fn begin(self, bench: &Bench) {
        let (engine, socket) = (&bench.engine, bench.engine.socket());
        match self {
            Self::Killed => engine.signal(Signal::SIGKILL),
            Self::Frozen => engine.signal(Signal::SIGSTOP),
            Self::SocketRemoved => fs::rename(socket, aside(bench)).unwrap(),
            Self::DirectoryInstead => {
                fs::rename(&socket, aside(bench)).unwrap();
                fs::create_dir(socket).unwrap();
            }
            Self::ClosedToGroup => fs::set_permissions(socket, Permissions::from_mode(0o600)).unwrap(),
            Self::OtherGroup => chown(socket, None, Some(4711)).unwrap(),
            Self::DiskFull => fill(&bench.disk.ballast()),
            Self::NoDescriptors => limit_descriptors(bench, bench.gate.descriptors() / 2),
            Self::HalfOpenClients => bench.crowd.borrow_mut().extend((0..CROWD).map(|number| {
                let mut client = UnixStream::connect(bench.gate.socket()).unwrap();
                let some: &[u8] = if number.is_multiple_of(2) { b"GET /v1.41/containers/" } else { b"" };
                // It may have been turned away already.
                client.write_all(some).ok();
                client
            })),
        }
    }

    /// Takes it away again.
    pub(super) fn end(self, bench: &Bench) {
        let (engine, socket) = (&bench.engine, bench.engine.socket());
        match self {
            Self::Killed => engine.start_again(),
            Self::Frozen => engine.signal(Signal::SIGCONT),
            Self::SocketRemoved => fs::rename(aside(bench), socket).unwrap(),
            Self::DirectoryInstead => {
                fs::remove_dir(&socket).unwrap();
                fs::rename(aside(bench), socket).unwrap();
            }
            Self::ClosedToGroup => fs::set_permissions(socket, Permissions::from_mode(0o660)).unwrap(),
            Self::OtherGroup => chown(socket, None, Some(GROUP)).unwrap(),
            Self::DiskFull => fs::remove_file(bench.disk.ballast()).unwrap(),
            Self::NoDescriptors => limit_descriptors(bench, DESCRIPTORS),
            Self::HalfOpenClients => bench.crowd.borrow_mut().clear(),
        }
    }
}

/// Where the socket is put meanwhile.
fn aside(bench: &Bench) -> PathBuf {
    bench.engine.dir().join("aside.sock")
}

fn limit_descriptors(bench: &Bench, limit: usize) {
    let (pid, limit) = (format!("--pid={}", bench.gate.pid()), format!("--nofile={limit}:"));
    // As the gate's own user: a container's root may not do it to others.
    let user = [format!("--reuid={NOBODY}"), format!("--regid={NOBODY}"), "--clear-groups".to_owned()];
    let mut command = Command::new("setpriv");
    assert!(command.args(user).arg("prlimit").args([pid, limit]).status().unwrap().success());
}

/// Takes all the room that is left.
fn fill(ballast: &Path) {
    let mut file = File::create(ballast).unwrap();
    for size in [64 * 1024, 1024, 1] {
        while file.write_all(&vec![0; size]).is_ok() {}
    }
}

/// A small disk of its own, gone with the test.
pub(super) struct Disk {
    dir: tempfile::TempDir,
}

impl Disk {
    pub(super) fn mount(owner: u32) -> Self {
        let dir = tempfile::Builder::new().prefix("dockgate-disk-").tempdir_in("/tmp").unwrap();
        let mut mount = Command::new("mount");
        mount.args(["-t", "tmpfs", "-o", "size=128m", "tmpfs"]).arg(dir.path());
        assert!(mount.status().unwrap().success(), "mounting a disk needs root");
        chown(dir.path(), Some(owner), Some(owner)).unwrap();
        Self { dir }
    }

    pub(super) fn audit(&self) -> PathBuf {
        self.dir.path().join("audit.jsonl")
    }

    fn ballast(&self) -> PathBuf {
        self.dir.path().join("ballast")
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        let is_gone = || Command::new("umount").arg(self.dir.path()).status().unwrap().success();
        eventually("the disk to be unmounted", || is_gone().then_some(()));
    }
}
