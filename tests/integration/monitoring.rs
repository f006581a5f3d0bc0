//! What `examples/monitoring` holds, in a real Prometheus that scrapes dockgate.

use std::fs;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use serde_json::Value;
use tempfile::TempDir;

use crate::harness::{Command, FakeDaemon, Gate, RawClient, Running, docker, eventually};

fn examples() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/monitoring")
}

/// A Prometheus with the configuration of the examples, but for the address and the pace.
struct Prometheus {
    address: String,
    _process: Running,
    _dir: TempDir,
}

impl Prometheus {
    fn scraping(target: &str) -> Self {
        let dir = tempfile::Builder::new().prefix("dockgate-prometheus-").tempdir_in("/tmp").unwrap();
        let read = |name: &str| fs::read_to_string(examples().join(name)).unwrap();
        let config =
            read("prometheus.yml").replace("127.0.0.1:9105", target).replace("interval: 15s", "interval: 1s");
        fs::write(dir.path().join("prometheus.yml"), config).unwrap();
        fs::write(dir.path().join("alerts.yml"), read("alerts.yml")).unwrap();
        let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string();
        let log = fs::File::create(dir.path().join("log")).unwrap();
        let mut command = std::process::Command::new("prometheus");
        command.arg(format!("--config.file={}", dir.path().join("prometheus.yml").display()));
        command.arg(format!("--storage.tsdb.path={}", dir.path().join("data").display()));
        command.arg(format!("--web.listen-address={address}")).stdout(Stdio::null()).stderr(log);
        let process = command.spawn().expect("prometheus, of Debian's package of that name");
        Self { address, _process: Running(process), _dir: dir }
    }

    /// What it says at this path, once it answers.
    fn get(&self, target: &str) -> Value {
        eventually("Prometheus to answer", || {
            std::net::TcpStream::connect(&self.address).ok()?;
            let mut client = RawClient::tcp(&self.address);
            client.send(format!("GET {target} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"));
            serde_json::from_slice(&client.answer().body).ok()
        })
    }

    /// The series that an expression comes to now.
    #[track_caller]
    fn query(&self, expression: &str) -> Vec<Value> {
        let encoded = expression.bytes().fold(String::new(), |text, byte| text + &format!("%{byte:02X}"));
        let answer = self.get(&format!("/api/v1/query?query={encoded}"));
        assert_eq!(answer["status"], "success", "{expression}: {answer:#}");
        answer["data"]["result"].as_array().unwrap().clone()
    }

    /// The rules that alert, by name.
    fn alerts(&self) -> Vec<(String, Value)> {
        let answer = self.get("/api/v1/rules");
        let groups = answer["data"]["groups"].as_array().unwrap().clone();
        let rules = groups.iter().flat_map(|group| group["rules"].as_array().unwrap().clone());
        rules.map(|rule| (rule["name"].as_str().unwrap().to_owned(), rule)).collect()
    }
}

/// Every expression of the dashboard.
fn expressions() -> Vec<String> {
    fn collect(value: &Value, into: &mut Vec<String>) {
        match value {
            Value::Object(fields) => {
                into.extend(fields.get("expr").and_then(Value::as_str).map(str::to_owned));
                fields.values().for_each(|value| collect(value, into));
            }
            Value::Array(values) => values.iter().for_each(|value| collect(value, into)),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
        }
    }
    let dashboard = fs::read_to_string(examples().join("grafana/dockgate.json")).unwrap();
    let mut expressions = Vec::new();
    collect(&serde_json::from_str::<Value>(&dashboard).unwrap()["panels"], &mut expressions);
    expressions
}

#[test]
fn a_prometheus_gets_what_the_dashboard_shows_and_the_alerts_want() {
    let daemon = FakeDaemon::playing(|daemon| {
        if daemon.request.line().contains("/events") {
            daemon.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n");
            daemon.read_to_end();
        } else {
            daemon.send("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n[]\n");
        }
    });
    let flags = ["--admin", "tcp://127.0.0.1:0", "--health-interval", "500ms"];
    let gate = Gate::with_policy("read-only").behind(&daemon).with(flags).start();
    let target = eventually("the admin address", || {
        let log = gate.log();
        let (_, after) = log.split_once("admin: listening on tcp://")?;
        Some(after.split_whitespace().next()?.to_owned())
    });
    let prometheus = Prometheus::scraping(&target);

    let mut events = gate.connect();
    events.send("GET /v1.41/events HTTP/1.1\r\nHost: d\r\n\r\n");
    events.head();
    for line in ["GET /v1.41/containers/json", "POST /v1.41/containers/x/kill", "GET /v1.41/nothing"] {
        gate.ask(format!("{line} HTTP/1.1\r\nHost: d\r\n\r\n"));
    }
    eventually("dockgate to be scraped", || {
        prometheus.query("up{job=\"dockgate\"} == 1").first().map(|_| ())
    });
    let expressions = expressions();
    assert!(expressions.len() > 30, "{expressions:#?}");
    for expression in &expressions {
        eventually(expression, || (!prometheus.query(expression).is_empty()).then_some(()));
    }
    let decisions = prometheus.query("sum by (decision) (dockgate_requests_total)");
    assert_eq!(decisions.len(), 3, "permit, deny and refuse: {decisions:#?}");

    let alerts = eventually("the alerts to be evaluated", || {
        let alerts = prometheus.alerts();
        alerts.iter().all(|(_, rule)| rule["health"] != "unknown").then_some(alerts)
    });
    for (name, rule) in alerts {
        assert_eq!((&rule["health"], &rule["state"]), (&"ok".into(), &"inactive".into()), "{name}: {rule:#}");
    }
    drop(daemon);
    eventually("the daemon's absence to be an alert", || {
        let alerts = prometheus.alerts();
        let (_, rule) = alerts.iter().find(|(name, _)| name == "DockgateDaemonAway").unwrap();
        (rule["state"] == "pending").then_some(())
    });
}

#[test]
fn the_alerts_come_when_they_should() {
    let promtool = |arguments: &[&str]| {
        let directory = examples();
        let arguments = arguments.iter().map(|word| match word.strip_prefix('@') {
            Some(file) => directory.join(file).display().to_string(),
            None => (*word).to_owned(),
        });
        Command::new("promtool").args(arguments).run().ok()
    };
    promtool(&["check", "config", "@prometheus.yml"]);
    promtool(&["check", "rules", "@alerts.yml"]);
    promtool(&["test", "rules", "@alerts.test.yml"]);
}

#[test]
fn the_compose_stack_is_one() {
    let file = examples().join("docker-compose.yml");
    let compose = docker("unix:///nowhere/docker.sock").env("DOCKER_GID", "2375");
    compose.args(["compose", "--file", file.to_str().unwrap(), "config", "--quiet"]).run().ok();
}
