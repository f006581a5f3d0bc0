//! `dockgate doctor`: what an operator can get wrong, found, with its cure.

use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt as _, chown};
use std::os::unix::net::{UnixDatagram, UnixListener};
use std::path::Path;
use std::process::Command;

use serde_json::Value;
use tempfile::TempDir;

use crate::harness::{FakeDaemon, Gate, binary, dockgate, eventually};

/// What a doctor said.
#[derive(Debug)]
struct Report {
    code: Option<i32>,
    findings: Vec<Finding>,
}

#[derive(Debug)]
struct Finding {
    level: String,
    part: String,
    found: String,
    cure: String,
}

impl Report {
    fn of(command: &mut Command) -> Self {
        let output = command.arg("--json").output().unwrap();
        let report: Value = serde_json::from_slice(&output.stdout)
            .unwrap_or_else(|error| panic!("{error}: {}", String::from_utf8_lossy(&output.stderr)));
        let text = |finding: &Value, key: &str| finding[key].as_str().unwrap_or_default().to_owned();
        let findings = report["findings"].as_array().unwrap().iter().map(|finding| Finding {
            level: text(finding, "level"),
            part: text(finding, "part"),
            found: text(finding, "found"),
            cure: text(finding, "cure"),
        });
        Self { code: output.status.code(), findings: findings.collect() }
    }

    /// Insists on a finding of this level on this part, which says this, and has this cure.
    #[track_caller]
    fn has(&self, level: &str, part: &str, found: &str, cure: &str) -> &Self {
        let is_it = |finding: &&Finding| {
            (finding.level.as_str(), finding.part.as_str()) == (level, part)
                && finding.found.contains(found)
                && finding.cure.contains(cure)
        };
        assert!(
            self.findings.iter().any(|finding| is_it(&finding)),
            "no {level} of {part}, {found:?} {cure:?}: {self:#?}"
        );
        self
    }

    /// The findings of this level.
    fn count(&self, level: &str) -> usize {
        self.findings.iter().filter(|finding| finding.level == level).count()
    }
}

fn unix(path: &Path) -> String {
    format!("unix://{}", path.display())
}

fn directory() -> TempDir {
    let directory = tempfile::Builder::new().prefix("dockgate-doctor-").tempdir_in("/tmp").unwrap();
    fs::set_permissions(directory.path(), Permissions::from_mode(0o755)).unwrap();
    directory
}

const POLICY: &str = "version = 1\n[[allow]]\noperations = [\"@read\"]\n";

#[test]
fn where_all_is_well_nothing_is_wrong() {
    let directory = directory();
    let daemon = FakeDaemon::content();
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let starting = Gate::with_policy_text(POLICY).behind(&daemon).listen(&format!("tcp://{port}"));
    let (policy, admin) = (starting.dir().join("policy.toml"), unix(&starting.dir().join("admin.sock")));
    let audit = starting.dir().join("audit.jsonl");
    let (journal, must_have) = (directory.path().join("journal"), ["--audit-copies-must", "yes"]);
    let receiver = UnixDatagram::bind(&journal).unwrap();
    let gate = starting.with(["--admin", &admin]).start();
    let none = unix(&directory.path().join("none.sock"));
    let mut command = dockgate();
    command.args(["doctor", "--listen", &gate.address(), "--admin", &none]);
    Report::of(&mut command).has("warning", "admin", "nobody listens there", "Restart dockgate");
    let doctor = || {
        let mut command = dockgate();
        command.args([
            "doctor",
            "--listen",
            &gate.address(),
            "--listen",
            &format!("tcp://{port}"),
            "--daemon",
            &daemon.address(),
            "--admin",
            &admin,
        ]);
        command.arg("--policy").arg(&policy).arg("--audit").arg(&audit).env("DOCKER_HOST", gate.address());
        command.args(["--audit-copies", &format!("journald:{}", journal.display())]).args(must_have);
        Report::of(&mut command)
    };
    let report = eventually("all to be well", || Some(doctor()).filter(|report| report.code == Some(0)));
    assert_eq!((report.count("error"), report.count("warning")), (0, 0), "{report:#?}");
    report
        .has("ok", "daemon", "answers: Docker 20.10.24, API 1.41.", "")
        .has("ok", "policy", "1 rule, sha256:", "")
        .has("ok", &format!("listener {}", gate.address()), "accepts connections", "")
        .has("ok", &format!("listener tcp://{port}"), "accepts connections", "")
        .has("ok", "client", "DOCKER_HOST is the address of listener", "")
        .has("ok", "audit", "can be written to", "")
        .has("ok", "audit", "copies go to journald:", "")
        .has("ok", "admin", "it says: ok", "");
    assert!(!gate.audit().iter().any(|record| record.text("event") == "judged"), "it leaves no record");

    drop(receiver);
    let report = doctor();
    assert_eq!(report.code, Some(1));
    report.has("error", "audit", "must have every record", "mount it");

    // What the one that runs finds wrong is found, too.
    fs::write(&policy, "version = 2\n").unwrap();
    eventually("the policy's failure", || gate.log().contains("the policy in force stays").then_some(()));
    let report = doctor();
    assert_eq!(report.code, Some(1));
    report.has("error", "policy", "has 1 error.", &format!("`dockgate check {}`", policy.display())).has(
        "warning",
        "running dockgate, policy",
        "the policy in force is an older one",
        "once it is mended",
    );
    fs::remove_file(&policy).unwrap();
    eventually("the policy's absence", || gate.log().contains("cannot be read").then_some(()));
    let found = "cannot be read: No such file or directory";
    doctor().has("warning", "running dockgate, policy", found, "Write it, or name another with --policy");
}

#[test]
fn everything_that_is_wrong_is_found_at_once() {
    let directory = directory();
    let at = |name: &str| directory.path().join(name);
    fs::create_dir(at("docker.sock")).unwrap();
    fs::write(at("policy.toml"), "version = 1\nmode = \"observed\"\n").unwrap();
    fs::write(at("file"), "precious").unwrap();
    let _other = UnixListener::bind(at("taken")).unwrap();
    drop(UnixListener::bind(at("stale")).unwrap());
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap();
    let mut command = dockgate();
    command.args(["doctor", "--daemon", &unix(&at("docker.sock"))]);
    command.arg("--policy").arg(at("policy.toml")).arg("--audit").arg(at("none/audit.jsonl"));
    for (name, place) in [("a", "file"), ("b", "taken"), ("c", "stale"), ("d", "new/deep/socket")] {
        command.args(["--listen", &format!("{name}={}", unix(&at(place)))]);
    }
    command.args(["--listen", "e=tcp://192.0.2.1:2375", "--listen", &format!("f=tcp://{port}")]);
    command.args(["--admin", &unix(&at("nobody.sock")), "--socket-group", "no-such-group"]);
    let copies = format!("journald:{},syslog:tcp://127.0.0.1:1", at("journal").display());
    command.args(["--audit-copies", &copies]);
    command.env("DOCKER_HOST", unix(&at("docker.sock"))).env("DOCKER_CONTEXT", "prod");
    let report = Report::of(&mut command);
    assert_eq!(report.code, Some(1));
    let process = format!("in use by process {}", std::process::id());
    report
        .has("error", "daemon", "is a directory", "the container")
        .has("error", "policy", "has 1 error.", "dockgate check")
        .has("error", "listener a", "is not a socket; dockgate does not remove it", "Choose another path")
        .has("error", "listener a", "there is no group `no-such-group` here", "Write its number")
        .has("error", "listener b", &process, "Stop that")
        .has("note", "listener c", "nobody listens; dockgate replaces it", "Start dockgate")
        .has("note", "listener d", "can be made", "Start dockgate")
        .has("error", "listener e", "cannot be listened on", "no address of this host")
        .has("warning", "listener e", "other hosts can reach", "Prefer a unix socket")
        .has("error", "listener f", &process, "Stop that")
        .has("warning", "client", "the daemon itself", "DOCKER_HOST=unix:///")
        .has("warning", "client", "DOCKER_CONTEXT is `prod`", "Unset")
        .has("error", "audit", "does not exist", "mkdir -p")
        .has("warning", "audit", "journal cannot be reached: No such file", "mount it: `--volume")
        .has(
            "warning",
            "audit",
            "syslog:tcp://127.0.0.1:1 cannot be reached: Connection refused",
            "Start what listens",
        )
        .has("note", "admin", "nobody listens there", "Start dockgate");
    assert_eq!(fs::read_to_string(at("file")).unwrap(), "precious");
    assert!(at("stale").exists() && !at("new").exists() && !at("none").exists(), "it changes nothing");
}

#[test]
fn settings_that_cannot_be_used_are_all_found() {
    let mut command = dockgate();
    command.args(["doctor", "--listen", "127.0.0.1:2375", "--admin", "tcp://0.0.0.0:1"]);
    command.env("DOCKGATE_POLCY", "x");
    let report = Report::of(&mut command);
    assert_eq!((report.code, report.count("error")), (Some(2), 3), "{report:#?}");
    report
        .has("error", "settings", "write tcp://127.0.0.1:2375", "")
        .has("error", "settings", "did you mean `DOCKGATE_POLICY`?", "")
        .has("error", "settings", "--admin: `tcp://0.0.0.0:1` may be reached by others", "");
}

#[test]
fn what_another_user_may_not_do_is_found_by_that_user() {
    assert!(nix::unistd::geteuid().is_root(), "this test runs as another user: run it as root");
    let directory = directory();
    let at = |name: &str| directory.path().join(name);
    let _daemon = FakeDaemon::playing_at(&at("docker.sock"), |_| {});
    chown(at("docker.sock"), Some(0), Some(4711)).unwrap();
    fs::set_permissions(at("docker.sock"), Permissions::from_mode(0o660)).unwrap();
    let _clients = UnixListener::bind(at("clients.sock")).unwrap();
    chown(at("clients.sock"), Some(0), Some(4712)).unwrap();
    fs::set_permissions(at("clients.sock"), Permissions::from_mode(0o660)).unwrap();
    fs::write(at("policy.toml"), POLICY).unwrap();
    fs::set_permissions(at("policy.toml"), Permissions::from_mode(0o666)).unwrap();
    // A copy that nobody but root would have to be trusted for: the build's directory may be closed to others.
    fs::copy(binary(), at("dockgate")).unwrap();

    let mut command = Command::new("setpriv");
    command.env_clear().args(["--reuid=65532", "--regid=65532", "--clear-groups"]).arg(at("dockgate"));
    command.args(["doctor", "--daemon", &unix(&at("docker.sock")), "--socket-group", "4713"]);
    command.args(["--listen", &format!("a={}", unix(&at("new.sock")))]);
    command.args(["--listen", &format!("b={}", unix(&at("clients.sock")))]);
    command.arg("--policy").arg(at("policy.toml")).arg("--audit").arg(at("log/audit.jsonl"));
    let _admin = UnixListener::bind(at("admin.sock")).unwrap();
    fs::set_permissions(at("admin.sock"), Permissions::from_mode(0o600)).unwrap();
    command.args(["--admin", &unix(&at("admin.sock"))]);
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    command.args(["--listen", &format!("c=tcp://{}", port.local_addr().unwrap())]);
    let report = Report::of(&mut command);
    assert_eq!(report.code, Some(1));
    report
        .has("note", "listener c", "cannot be told: the process is uid 0's", "Run the doctor as")
        .has("warning", "admin", "this user may not use", "run the doctor as uid 0")
        .has("ok", "user", "uid 65532, gids 65532.", "")
        .has("error", "daemon", "gid 4711", "group_add: [\"4711\"]")
        .has("warning", "policy", "everybody on this machine may write", "chmod go-w")
        .has("error", "listener a", "cannot be made", "If it is for dockgate alone: `chown 65532")
        .has("error", "listener a", "is to belong to gid 4713", "group_add: [\"4713\"]")
        .has("warning", "listener b", "this user may not use", "group_add: [\"4712\"]")
        .has("error", "audit", "cannot be made", "`install -d -o 65532");

    let mut health = Command::new("setpriv");
    health.env_clear().args(["--reuid=65532", "--regid=65532", "--clear-groups"]).arg(at("dockgate"));
    health.args(["health", "--listen", &unix(&at("clients.sock")), "--admin", &unix(&at("admin.sock"))]);
    let said = String::from_utf8(health.output().unwrap().stdout).unwrap();
    assert_eq!(said.matches("cannot be told: uid 65532 may not connect there").count(), 2, "{said}");

    chown(directory.path(), Some(65532), None).unwrap();
    fs::set_permissions(directory.path(), Permissions::from_mode(0o555)).unwrap();
    let mut command = Command::new("setpriv");
    command.env_clear().args(["--reuid=65532", "--regid=65532", "--clear-groups"]).arg(at("dockgate"));
    command.arg("doctor").arg("--audit").arg(at("audit.jsonl")).arg("--policy").arg(at("policy.toml"));
    fs::set_permissions(at("policy.toml"), Permissions::from_mode(0o600)).unwrap();
    Report::of(&mut command).has("error", "audit", "though it is its own (mode 0555)", "chmod u+rwx").has(
        "error",
        "policy",
        "cannot be read: Permission denied",
        "(uid 65532) read it",
    );
}

#[test]
fn what_anybody_could_forge_or_replace_is_warned_of() {
    let directory = directory();
    let at = |name: &str| directory.path().join(name);
    fs::set_permissions(directory.path(), Permissions::from_mode(0o777)).unwrap();
    fs::write(at("policy.toml"), POLICY).unwrap();
    fs::copy("src/audit/signature/tests/seal_key", at("seal_key")).unwrap();
    let doctor = |mode: u32| {
        fs::set_permissions(at("seal_key"), Permissions::from_mode(mode)).unwrap();
        let mut command = dockgate();
        command.arg("doctor").arg("--policy").arg(at("policy.toml"));
        command.arg("--audit-seal-key").arg(at("seal_key"));
        Report::of(&mut command)
    };
    doctor(0o644)
        .has(
            "warning",
            "policy",
            "everybody on this machine may put another file in the place of",
            "chmod o-w",
        )
        .has("warning", "audit", "(mode 0644), and so sign what was forged", "chmod go-rwx");
    let before = doctor(0o644).count("warning");
    assert_eq!(doctor(0o600).count("warning"), before - 1);
    fs::set_permissions(directory.path(), Permissions::from_mode(0o1777)).unwrap();
    assert_eq!(doctor(0o600).count("warning"), before - 2, "its files are its owners' alone");
}

#[test]
fn a_daemon_that_is_wedged_is_found_out() {
    let daemon = FakeDaemon::playing(|daemon| drop(daemon.read_to_end()));
    let report =
        Report::of(dockgate().args(["doctor", "--daemon", &daemon.address(), "--connect-timeout", "300ms"]));
    assert_eq!(report.code, Some(1));
    report.has("ok", "daemon", "answers", "").has(
        "error",
        "daemon",
        "did not list its containers",
        "restart it",
    );
}

#[test]
fn a_full_disk_and_a_mounted_file_are_found() {
    let directory = directory();
    let at = |name: &str| directory.path().join(name);
    let daemon = FakeDaemon::content();
    fs::create_dir(at("disk")).unwrap();
    fs::write(at("real.toml"), POLICY).unwrap();
    fs::write(at("docker.sock"), "").unwrap();
    fs::write(at("policy.toml"), "").unwrap();
    // In a mount namespace of its own, which goes with it.
    let script = "cd \"$1\" && mount -t tmpfs -o size=64k none disk && { cat /dev/zero >disk/fill 2>/dev/null; \
                  mount --bind \"$2\" docker.sock && mount --bind real.toml policy.toml && shift 2 && exec \"$@\"; }";
    let doctor = |more: &[&str]| {
        let mut command = Command::new("unshare");
        command.env_clear().env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin");
        command.args(["--mount", "sh", "-c", script, "sh"]).arg(directory.path());
        command.arg(daemon.address().strip_prefix("unix://").unwrap()).arg(binary());
        command.args(["doctor", "--daemon", &unix(&at("docker.sock"))]);
        command.arg("--policy").arg(at("policy.toml")).arg("--audit").arg(at("disk/audit.jsonl")).args(more);
        Report::of(&mut command)
    };
    let report = doctor(&["--audit-on-failure", "continue"]);
    assert_eq!(report.code, Some(0), "{report:#?}");
    report.has("warning", "audit", "is full: requests go on without a record", "Make room");
    let report = doctor(&[]);
    assert_eq!(report.code, Some(1));
    assert!(!report.findings.iter().any(|finding| finding.part == "audit" && finding.level == "ok"));
    report
        .has("error", "audit", "is full: what is permitted is answered 503", "Make room")
        .has("note", "daemon", "is mounted as a file", "Mount the directory")
        .has("note", "policy", "is mounted as a file", "Mount the directory");
}

#[test]
fn a_file_system_that_is_read_only_is_named() {
    let directory = directory();
    fs::create_dir(directory.path().join("disk")).unwrap();
    let at = |name: &str| directory.path().join("disk").join(name);
    let script = "cd \"$1\" && mount -t tmpfs none disk && mkdir disk/run && chown 65532 disk/run && \
                  echo '{}' >disk/old.jsonl && mount -o remount,bind,ro disk && shift && exec \"$@\"";
    fs::copy(binary(), directory.path().join("dockgate")).unwrap();
    let mount = fs::canonicalize(at("")).unwrap().display().to_string();
    for who in ["0", "65532"] {
        for (audit, place) in [("run/audit.jsonl", "/run"), ("no/audit.jsonl", "/no"), ("old.jsonl", "")] {
            let mut command = Command::new("unshare");
            command.env_clear().env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin");
            command.args(["--mount", "sh", "-c", script, "sh"]).arg(directory.path());
            command.args(["setpriv", &format!("--reuid={who}"), "--regid=65532", "--clear-groups"]);
            command.arg(directory.path().join("dockgate")).arg("doctor").arg("--audit").arg(at(audit));
            command.args(["--listen", &unix(&at("run/a.sock")), "--admin", &unix(&at("run/admin.sock"))]);
            let report = Report::of(&mut command);
            let listener = format!("listener {}", unix(&at("run/a.sock")));
            report
                .has("error", &listener, "is on a file system that is read-only", &format!("{mount}/run"))
                .has("error", "admin", "is on a file system that is read-only", &format!("{mount}/run"))
                .has("error", "audit", "is on a file system that is read-only", &format!("{mount}{place}"));
        }
    }
}

#[test]
fn a_socket_that_was_removed_under_dockgate_is_missed() {
    let daemon = FakeDaemon::content();
    let starting = Gate::with_policy_text(POLICY).behind(&daemon);
    let admin = unix(&starting.dir().join("admin.sock"));
    let gate = starting.with(["--admin", &admin]).start();
    let listener = format!("listener {}", gate.address());
    let doctor = || {
        let mut command = dockgate();
        command.args(["doctor", "--listen", &gate.address(), "--admin", &admin]);
        Report::of(command.args(["--daemon", &daemon.address()]))
    };
    eventually("all to be well", || Some(doctor()).filter(|report| report.code == Some(0)));
    fs::remove_file(gate.socket()).unwrap();
    doctor().has("error", &listener, "was removed or replaced", "Restart dockgate").has(
        "error",
        "running dockgate, listeners",
        &gate.address(),
        "Restart dockgate",
    );
    drop(UnixListener::bind(gate.socket()).unwrap());
    doctor().has("error", &listener, "was removed or replaced", "Restart dockgate");
}

#[test]
fn a_file_that_another_process_writes_to_is_found() {
    let directory = directory();
    let audit = directory.path().join("audit.jsonl");
    let file = fs::File::create(&audit).unwrap();
    let _locked = nix::fcntl::Flock::lock(file, nix::fcntl::FlockArg::LockExclusiveNonblock).unwrap();
    let report = Report::of(dockgate().arg("doctor").arg("--audit").arg(&audit));
    let process = format!("process {} (", std::process::id());
    report.has("error", "audit", &process, "each dockgate needs one of its own");
}
