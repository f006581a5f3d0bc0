//! The audit: whether records can be written, for how long, and who can read them.

use std::fmt::Display;
use std::fs::{self, File};
use std::io::Read as _;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

use nix::sys::statvfs::statvfs;

use super::finding::{Finding, Findings};
use super::listener::PROGRAM;
use super::lock;
use super::rights::{self, Obstacle};
use crate::audit::read::directory_of;
use crate::audit::{check_seal_key, holds_something_else, reach_receiver};
use crate::settings::{Address, AuditCopies, AuditCopy, AuditSettings, AuditSink, OnFailure};

const PART: &str = "audit";
/// Some hundred thousand records: what is left below this will not last.
const LITTLE_BYTES: u64 = 100 * 1024 * 1024;

/// Looks at where records go. Where dockgate `runs`, it is it that has the file.
pub(super) fn look(settings: &AuditSettings, runs: bool, findings: &mut Findings) {
    match &settings.sink {
        AuditSink::Stdout => findings.ok(PART, "records go to standard output."),
        AuditSink::File(path) => look_at_file(path, runs, settings.on_failure, findings),
    }
    if let Some(path) = &settings.seal_key {
        look_at_seal_key(path, findings);
    }
    look_at_copies(&settings.copies, settings.on_failure, findings);
}

fn look_at_seal_key(path: &Path, findings: &mut Findings) {
    match check_seal_key(path) {
        Ok(()) => {
            let shown = path.display();
            findings.ok(PART, format_args!("seals are signed with {shown}."));
            let mode = fs::metadata(path).map_or(0, |key| key.mode() & 0o7777);
            if mode & 0o004 != 0 {
                findings.add(Finding::warning(
                    PART,
                    format_args!("everybody on this machine may read {shown} (mode {mode:04o}), and so sign what was forged."),
                    format_args!("`chmod go-rwx {shown}`, and make another key if somebody may have read it."),
                ));
            }
        }
        Err(error) => findings.add(Finding::error(
            PART,
            format_args!("{error}: dockgate does not start."),
            "Name a private key that this user may read; `ssh-keygen -t ed25519 -N '' -C dockgate -f seal_key` makes one.",
        )),
    }
}

/// What becomes of what is permitted while no record of it can be written.
fn consequence(on_failure: OnFailure) -> &'static str {
    match on_failure {
        OnFailure::Refuse => "what is permitted is answered 503, since it cannot be recorded",
        OnFailure::Continue => "requests go on without a record (--audit-on-failure)",
    }
}

/// Records cannot be written: how bad that is follows from what becomes of requests then.
fn unwritten(on_failure: OnFailure, found: &str, cure: impl Display) -> Finding {
    let found = format!("{found}: {}.", consequence(on_failure));
    match on_failure {
        OnFailure::Refuse => Finding::error(PART, found, cure),
        OnFailure::Continue => Finding::warning(PART, found, cure),
    }
}

fn look_at_copies(copies: &AuditCopies, on_failure: OnFailure, findings: &mut Findings) {
    for copy in &copies.to {
        let Err(error) = reach_receiver(copy) else {
            findings.ok(PART, format_args!("copies go to {copy}."));
            continue;
        };
        let cure = match copy {
            AuditCopy::Journald(path) | AuditCopy::Syslog(Address::Unix(path)) => format!(
                "Start what listens there; in a container mount it: `--volume {0}:{0}`.",
                path.display()
            ),
            AuditCopy::Syslog(Address::Tcp { .. }) | AuditCopy::Stdout => {
                "Start what listens there, or name another with --audit-copies.".to_owned()
            }
        };
        findings.add(if copies.must {
            let found =
                format!("{copy} cannot be reached: {error}. It must have every record (--audit-copies-must)");
            unwritten(on_failure, &found, cure)
        } else {
            let found = format!(
                "{copy} cannot be reached: {error}. Its copies wait for it, and are dropped when 8 MiB do."
            );
            Finding::warning(PART, found, cure)
        });
    }
}

fn look_at_file(path: &Path, runs: bool, on_failure: OnFailure, findings: &mut Findings) {
    let shown = path.display();
    let parent = directory_of(path);
    let free_bytes = free_bytes(parent);
    let has_room = free_bytes != Some(0);
    match fs::metadata(path) {
        Ok(found) if found.is_dir() => {
            findings.add(Finding::error(PART, format_args!("{shown} is a directory."), "Name a file in it."));
            return;
        }
        Ok(found) => {
            if let Some(taken) = taken(path, &found, runs) {
                findings.add(taken);
                return;
            }
            look_at_records(path, &found, has_room, on_failure, findings);
        }
        Err(_) => {
            if let Some(Obstacle { found, cure }) = rights::obstacle_in(parent) {
                let found = format!("{shown} cannot be made: {found}; dockgate does not start.");
                findings.add(Finding::error(PART, found, cure));
                return;
            }
            if !parent.is_dir() {
                let directory = parent.display();
                findings.add(Finding::error(
                    PART,
                    format_args!(
                        "{shown}: its directory {directory} does not exist; dockgate does not start."
                    ),
                    format_args!("`mkdir -p {directory}`, and give it to the user that dockgate runs as."),
                ));
                return;
            }
            if has_room {
                findings.ok(PART, format_args!("{shown} can be made."));
            }
        }
    }
    findings.extend(free_bytes.and_then(|free_bytes| room(parent, free_bytes, on_failure)));
}

/// Another process has the file to itself.
fn taken(path: &Path, found: &fs::Metadata, runs: bool) -> Option<Finding> {
    let (pid, name) = lock::holder(found).filter(|(_, name)| !(runs && name == PROGRAM))?;
    Some(Finding::error(
        PART,
        format_args!("process {pid} ({name}) writes to {}: dockgate does not start.", path.display()),
        "Stop that, or name another file: each dockgate needs one of its own.",
    ))
}

fn look_at_records(
    path: &Path,
    found: &fs::Metadata,
    has_room: bool,
    on_failure: OnFailure,
    findings: &mut Findings,
) {
    let shown = path.display();
    if let Some(Obstacle { found, cure }) = rights::obstacle_to(path) {
        findings.add(Finding::error(
            PART,
            format_args!(
                "{shown} cannot be written to: {found}; dockgate does not start, and with one that runs {}.",
                consequence(on_failure)
            ),
            cure,
        ));
        return;
    }
    if found.is_file() && begins_otherwise(path) {
        findings.add(Finding::error(
            PART,
            format_args!("{shown} holds something else than audit records: dockgate does not start."),
            "Name another file, or move this one away.",
        ));
        return;
    }
    if has_room {
        findings.ok(PART, format_args!("{shown} can be written to; it has {} bytes.", found.len()));
    }
    let mode = found.mode() & 0o7777;
    if found.is_file() && mode & 0o004 != 0 {
        findings.add(Finding::warning(
            PART,
            format_args!("everybody on this machine may read {shown} (mode {mode:04o}): who asked for what, and the names of things."),
            format_args!("`chmod o-r {shown}`"),
        ));
    }
}

/// Whether the file holds something, and no record at its beginning.
fn begins_otherwise(path: &Path) -> bool {
    const ENOUGH: u64 = 64;
    let mut first = Vec::new();
    File::open(path).is_ok_and(|file| file.take(ENOUGH).read_to_end(&mut first).is_ok())
        && holds_something_else(&first)
}

fn free_bytes(directory: &Path) -> Option<u64> {
    let disk = statvfs(directory).ok()?;
    Some(disk.blocks_available().saturating_mul(disk.fragment_size()))
}

/// What there is to say of a disk on which so much is free, if anything.
fn room(directory: &Path, free_bytes: u64, on_failure: OnFailure) -> Option<Finding> {
    let shown = directory.display();
    if free_bytes == 0 {
        let found = format!("the disk that {shown} is on is full");
        return Some(unwritten(on_failure, &found, "Make room; dockgate tries anew with each request."));
    }
    let mebibytes = free_bytes / (1024 * 1024);
    (free_bytes < LITTLE_BYTES).then(|| {
        let then = consequence(on_failure);
        Finding::warning(
            PART,
            format_args!("the disk that {shown} is on has {mebibytes} MiB left; when it is full, {then}."),
            "Make room, or rotate the file: --audit-rotate-bytes and --audit-keep-bytes.",
        )
    })
}

#[cfg(test)]
mod tests {
    use std::fs::Permissions;
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;
    use crate::command::doctor::finding::Level;

    #[test]
    fn a_seal_key_that_cannot_be_used_is_found() {
        let found = |path: &Path| {
            let mut findings = Findings::default();
            look_at_seal_key(path, &mut findings);
            findings.worst()
        };
        let keys = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/src/audit/signature/tests"));
        let directory = tempfile::tempdir().unwrap();
        let key = directory.path().join("seal_key");
        fs::copy(keys.join("seal_key"), &key).unwrap();
        for (mode, expected) in [(0o600, Level::Ok), (0o640, Level::Ok), (0o644, Level::Warning)] {
            fs::set_permissions(&key, Permissions::from_mode(mode)).unwrap();
            assert_eq!(found(&key), expected, "{mode:o}");
        }
        assert_eq!(found(&keys.join("seal_key.pub")), Level::Error);
        assert_eq!(found(Path::new("/nonexistent/seal_key")), Level::Error);
    }

    #[test]
    fn a_file_of_something_else_is_told_from_one_of_records() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("audit");
        let otherwise = |text: &str| {
            fs::write(&path, text).unwrap();
            begins_otherwise(&path)
        };
        assert!(otherwise("{\"log-driver\":\"json-file\"}") && otherwise("{\n}\n") && otherwise("root:x:0"));
        assert!(
            !otherwise("")
                && !otherwise("{\"schema\":1,\"seq")
                && !otherwise("{\"schema\":1,\"sequence\":7,")
        );
    }
}
