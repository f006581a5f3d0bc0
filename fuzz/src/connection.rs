//! A whole connection: what a client sends, before a real gate with a daemon behind it that records. Nothing may reach the
//! daemon that was not recorded as allowed.

use std::fs::File;
use std::io::{Read as _, Seek as _, Write as _};
use std::net::Shutdown;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::sync::{LazyLock, Mutex};
use std::time::{Duration, Instant};

use dockgate::audit::{Audit, RequestIds};
use dockgate::daemon::Daemon;
use dockgate::gate::{Gate, Listener, Signals};
use dockgate::metrics::Metrics;
use dockgate::policy::Policy;
use dockgate::reload::{PolicyInForce, PolicySource};
use dockgate::settings::{ServeArgs, Settings};
use serde_json::Value;
use tempfile::TempDir;
use tokio::task::LocalSet;

use super::recorder::{Recorder, Seen};

/// Some of everything: what is allowed as it is, what depends on what is in it, what is taken away again, and tunnels.
/// Nothing that dockgate would ask the daemon of its own accord.
const POLICY: &str = r#"
    version = 1
    [[allow]]
    operations = ["@read", "POST /containers/{id}/attach", "POST /containers/{id}/exec", "POST /exec/{id}/start", "POST /images/load"]
    [[allow]]
    operations = ["POST /containers/create", "POST /build", "POST /images/create"]
    images = ["own/*"]
    query.version = ["1"]
    [[forbid]]
    operations = ["*"]
    capabilities = ["SYS_ADMIN"]
"#;

/// One connection at a time, so that what arrives is of it.
static RIG: LazyLock<Mutex<Rig>> = LazyLock::new(|| Mutex::new(Rig::start()));

struct Rig {
    dir: TempDir,
    recorder: Recorder,
    audit: File,
}

/// Checks what one client sends.
pub fn check(bytes: &[u8]) {
    let mut rig = RIG.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    rig.converse(bytes);
    let mut seen = rig.recorder.take();
    let allowed = rig.allowed();
    for permit in &allowed {
        if let Some(at) = seen.iter().position(|request| permit.is_of(request)) {
            seen.swap_remove(at);
        }
    }
    assert!(seen.is_empty(), "the daemon saw {seen:?}, and only these were allowed: {allowed:?}");
}

/// A record of what was allowed.
#[derive(Debug)]
struct Allowed {
    method: String,
    path: String,
    version: String,
}

impl Allowed {
    fn is_of(&self, request: &Seen) -> bool {
        let path = request.target.split('?').next().unwrap_or_default();
        let path = path.strip_prefix(&format!("/v{}", self.version)).unwrap_or(path);
        self.method == request.method && decoded(path) == self.path.as_bytes()
    }
}

fn decoded(path: &str) -> Vec<u8> {
    let mut bytes = path.bytes();
    let mut decoded = Vec::new();
    while let Some(byte) = bytes.next() {
        decoded.push(match byte {
            b'%' => {
                let digits = [bytes.next().unwrap(), bytes.next().unwrap()];
                u8::from_str_radix(str::from_utf8(&digits).unwrap(), 16).unwrap()
            }
            byte => byte,
        });
    }
    decoded
}

impl Rig {
    fn start() -> Self {
        let dir = tempfile::Builder::new().prefix("dockgate-fuzz-").tempdir_in("/tmp").unwrap();
        let recorder = Recorder::new(dir.path());
        let audit = dir.path().join("audit.jsonl");
        let settings = settings(dir.path(), &recorder.address());
        std::thread::spawn(move || serve(&settings));
        let socket = dir.path().join("gate.sock");
        wait_for("the gate to listen", || UnixStream::connect(&socket).is_ok());
        wait_for("the audit", || audit.exists());
        Self { recorder, audit: File::options().read(true).write(true).open(audit).unwrap(), dir }
    }

    /// Sends everything at once, says that no more comes, and reads until the gate closes.
    fn converse(&self, bytes: &[u8]) {
        let mut client = UnixStream::connect(self.socket()).unwrap();
        client.set_read_timeout(Some(PATIENCE)).unwrap();
        let mut reader = client.try_clone().unwrap();
        std::thread::scope(|scope| {
            scope.spawn(move || {
                // The gate may close before it has all.
                drop(client.write_all(bytes));
                drop(client.shutdown(Shutdown::Write));
            });
            let mut answers = Vec::new();
            match reader.read_to_end(&mut answers) {
                Ok(_) => {}
                Err(error) if error.kind() == std::io::ErrorKind::ConnectionReset => {}
                Err(error) => {
                    panic!("the gate does not close: {error}; so far: {}", String::from_utf8_lossy(&answers))
                }
            }
        });
    }

    fn socket(&self) -> PathBuf {
        self.dir.path().join("gate.sock")
    }

    /// What was recorded as allowed since this was last asked.
    fn allowed(&mut self) -> Vec<Allowed> {
        let mut text = String::new();
        self.audit.read_to_string(&mut text).unwrap();
        if self.audit.stream_position().unwrap() > 64 * 1024 * 1024 {
            // It is appended to.
            self.audit.set_len(0).unwrap();
            self.audit.rewind().unwrap();
        }
        let records = text.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
        records
            .filter(|record| record["event"] == "judged" && record["decision"] == "permit")
            .map(|record| {
                let text = |field: &str| record[field].as_str().unwrap_or_default().to_owned();
                Allowed { method: text("method"), path: text("path"), version: text("version") }
            })
            .collect()
    }
}

/// How long anything may take.
const PATIENCE: Duration = Duration::from_secs(20);

/// Waits until it holds.
pub(crate) fn wait_for(what: &str, mut holds: impl FnMut() -> bool) {
    let start = Instant::now();
    while !holds() {
        assert!(start.elapsed() < PATIENCE, "waited in vain for {what}");
        std::thread::sleep(Duration::from_micros(50));
    }
}

fn settings(dir: &Path, daemon: &str) -> Settings {
    let in_dir = |name: &str| dir.join(name).display().to_string();
    let variables = [
        ("DOCKGATE_LISTEN", format!("unix://{}", in_dir("gate.sock"))),
        ("DOCKGATE_DAEMON", daemon.to_owned()),
        ("DOCKGATE_AUDIT", in_dir("audit.jsonl")),
        ("DOCKGATE_HEALTH_INTERVAL", "24h".to_owned()),
        ("DOCKGATE_BUILD_CONTEXT_DIR", dir.display().to_string()),
        ("DOCKGATE_MAX_BUILD_CONTEXT", "1048576".to_owned()),
    ];
    let variables = variables.map(|(name, value)| (name.into(), value.into()));
    Settings::merge(&ServeArgs::default(), &variables, None).unwrap()
}

/// The gate, as `dockgate serve` runs it.
fn serve(settings: &Settings) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    LocalSet::new().block_on(&runtime, async {
        let audit = Audit::open(&settings.audit).unwrap();
        let listener = Listener::bind(&settings.listeners[0]).await.unwrap();
        let daemon = Rc::new(Daemon::new(settings.daemon.clone()));
        let policy =
            PolicyInForce::new(PolicySource::of(settings), Policy::read(POLICY).0.unwrap(), audit.clone());
        let metrics = Metrics::new(settings.limits.connections);
        let ids = RequestIds::new().unwrap();
        let gate = Gate::new(Rc::new(policy), audit, daemon, metrics, ids, settings);
        gate.serve(vec![listener], Signals::catch().unwrap()).await;
    });
}
