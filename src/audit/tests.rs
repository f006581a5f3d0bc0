//! The audit as a whole, on real files.

mod canaries;
mod rotation;
mod schema;
mod starts;

use std::net::{Ipv6Addr, SocketAddr};
use std::path::Path;

use serde_json::Value;

use super::*;
use crate::client::Peer;
use crate::operation::thing::ThingKind;
use crate::operation::version::ApiVersion;
use crate::operation::{self, Asked, Fault, Json, Reference};
use crate::policy::{Policy, Verdict};

const POLICY: &str = "sha256:1111111111111111111111111111111111111111111111111111111111111111";

fn client() -> Client {
    Client { listener: "ui".to_owned(), peer: Peer::Unix { uid: 1000, gid: 999, pid: Some(77) } }
}

fn context(client: &Client, id: RequestId) -> RequestContext<'_> {
    RequestContext { id, client, client_names: &["backend"], policy_hash: POLICY }
}

fn malformed() -> Unreadable {
    Unreadable { fault: Fault::Malformed, endpoint: None, message: "it has two ends".to_owned() }
}

fn ending(end: End) -> Ending {
    Ending {
        status: Some(200),
        daemon_status: None,
        request_bytes: 3,
        response_bytes: 5,
        duration: Duration::from_micros(1500),
        end,
    }
}

fn open(path: &Path) -> Audit {
    let settings = AuditSettings { sink: AuditSink::File(path.to_owned()), ..AuditSettings::default() };
    Audit::open(&settings).unwrap()
}

/// Writes a log of some requests, as a dockgate does that is then stopped.
pub(super) fn write_log(path: &Path, settings: &AuditSettings, requests: usize) {
    let settings = AuditSettings { sink: AuditSink::File(path.to_owned()), ..settings.clone() };
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(async {
        let (audit, ids) = (Audit::open(&settings).unwrap(), RequestIds::new().unwrap());
        for _ in 0..requests {
            let (client, id) = (client(), ids.next());
            audit.record_unreadable(&context(&client, id), &malformed(), "GET", b"/x").await.unwrap();
            audit.ended(id, ending(End::Refused));
        }
        audit.close().await;
    });
    wait_for_the_lock(path);
}

/// The records of a file, of which the chain holds.
fn lines(path: &Path) -> Vec<Value> {
    let text = std::fs::read_to_string(path).unwrap();
    assert!(text.is_empty() || text.ends_with('\n'));
    let mut hash = "0".repeat(64);
    let records = text.split_inclusive('\n').map(|line| {
        let record: Value = serde_json::from_str(line).unwrap();
        assert_eq!(record["previous"], hash, "{text}");
        hash = chain::Hash::of(line.as_bytes()).to_string();
        let mut again = Vec::new();
        ascii::write(&record, &mut again).unwrap();
        assert_eq!(line.trim_end(), String::from_utf8(again).unwrap());
        schema::assert_valid(&record);
        record
    });
    records.collect()
}

/// Those of them that are about requests.
fn requests(path: &Path) -> Vec<Value> {
    lines(path).into_iter().filter(|record| record.get("id").is_some()).collect()
}

#[tokio::test]
async fn a_thing_with_a_long_name_fills_no_log() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("audit");
    let (audit, client) = (open(&path), client());
    let policy = Policy::read("version = 1").0.unwrap();
    let head = operation::Head { method: "GET", target: b"/networks/ab", headers: &[] };
    let mut operation = Asked::read(&head, ApiVersion::NEWEST).unwrap().with_body(&[]).unwrap();
    let shown = format!(r#"{{"Name":"{}","Id":"ab"}}"#, "\u{e4}".repeat(1024 * 1024));
    let shown = Json::read_shown(shown.as_bytes()).unwrap();
    operation.learn(Reference::new(ThingKind::Network, "ab"), Some(shown));
    let Verdict::Denial(denial) = policy.judge(&client, operation) else { panic!("nothing is allowed") };
    let id = RequestIds::new().unwrap().next();
    audit.record_denial(&context(&client, id), &denial).await.unwrap();
    audit.flush().await;
    let records = requests(&path);
    let name = records[0]["targets"][0]["name"].as_str().unwrap();
    assert!(name.starts_with("\u{e4}\u{e4}") && name.ends_with("...") && name.len() < 2000, "{name}");
}

#[tokio::test]
async fn records_of_many_threads_stand_whole_and_in_order() {
    const THREADS: u64 = 8;
    const REQUESTS: u64 = 150;
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("audit");
    let (audit, ids) = (open(&path), RequestIds::new().unwrap());
    std::thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(|| {
                let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
                runtime.block_on(async {
                    for _ in 0..REQUESTS {
                        let (client, id) = (client(), ids.next());
                        audit
                            .record_unreadable(&context(&client, id), &malformed(), "GET", b"/x")
                            .await
                            .unwrap();
                        audit.ended(id, ending(End::Refused));
                    }
                });
            });
        }
    });
    audit.flush().await;

    let lines = requests(&path);
    assert_eq!(lines.len(), usize::try_from(2 * THREADS * REQUESTS).unwrap());
    let mut open = std::collections::HashSet::new();
    for line in &lines {
        let id = line["id"].as_str().unwrap();
        match line["event"].as_str().unwrap() {
            "judged" => assert!(open.insert(id)),
            "ended" => assert!(open.remove(id), "{id} ended before it was judged"),
            other => panic!("{other}"),
        }
    }
    assert!(open.is_empty());
}

#[tokio::test]
async fn the_chain_goes_on_after_a_restart() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("audit");
    for _ in 0..2 {
        let (audit, client) = (open(&path), client());
        let id = RequestIds::new().unwrap().next();
        audit.record_unreadable(&context(&client, id), &malformed(), "GET", b"/x").await.unwrap();
        audit.ended(id, ending(End::Refused));
        audit.close().await;
        drop(audit);
        wait_for_the_lock(&path);
    }
    let lines = lines(&path);
    let events: Vec<_> = lines.iter().map(|line| line["event"].as_str().unwrap()).collect();
    assert_eq!(events, [["opened", "judged", "ended", "seal"]; 2].concat());
    let sequences: Vec<_> = lines.iter().map(|line| line["sequence"].as_u64().unwrap()).collect();
    assert_eq!(sequences, (1..=8).collect::<Vec<_>>());
}

/// The writing thread ends, and gives the file free, shortly after its last handle is dropped.
fn wait_for_the_lock(path: &Path) {
    while AuditFile::open(path).is_err() {
        std::thread::sleep(Duration::from_millis(1));
    }
}

#[tokio::test]
async fn a_full_disk_is_an_error_for_each_that_waits_and_counted_for_the_others() {
    let audit = open(Path::new("/dev/full"));
    let (client, id) = (client(), RequestIds::new().unwrap().next());
    let error = audit.record_unreadable(&context(&client, id), &malformed(), "GET", b"/x").await.unwrap_err();
    assert_eq!(error.to_string(), "the audit cannot be written: No space left on device (os error 28)");
    audit.ended(id, ending(End::Refused));
    audit.flush().await;
    assert_eq!(audit.counts().lost, 3);
}

#[tokio::test]
async fn requests_go_on_without_a_record_where_the_settings_say_so() {
    let settings = AuditSettings {
        sink: AuditSink::File("/dev/full".into()),
        on_failure: OnFailure::Continue,
        ..AuditSettings::default()
    };
    let audit = Audit::open(&settings).unwrap();
    let (client, id) = (client(), RequestIds::new().unwrap().next());
    audit.record_unreadable(&context(&client, id), &malformed(), "GET", b"/x").await.unwrap();
    assert_eq!((audit.counts().lost, audit.counts().is_failing), (2, true));
}

#[tokio::test]
async fn what_is_buffered_is_written_a_little_later() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("audit");
    let settings = AuditSettings {
        sink: AuditSink::File(path.clone()),
        durability: Durability::Buffered,
        ..AuditSettings::default()
    };
    let audit = Audit::open(&settings).unwrap();
    let (client, id) = (client(), RequestIds::new().unwrap().next());
    audit.record_unreadable(&context(&client, id), &malformed(), "GET", b"/x").await.unwrap();
    while requests(&path).is_empty() {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

#[tokio::test]
async fn what_cannot_be_read_is_recorded_with_its_fault_and_without_query_or_password() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("audit");
    let audit = open(&path);
    let client = Client {
        listener: "net".to_owned(),
        peer: Peer::Tcp(SocketAddr::from((Ipv6Addr::LOCALHOST, 40000))),
    };
    let ids = RequestIds::new().unwrap();
    let long = "a".repeat(300);
    for (method, target) in [
        ("GET", "/containers/j\u{1b}[2J/../x?token=canary-query"),
        ("BREW-COFFEE-PLEASE-NOW", "http://me:canary-password@host/_ping#canary-fragment"),
        ("GET", "http://canary-authority"),
        ("GET", long.as_str()),
        ("", ""),
    ] {
        let context =
            RequestContext { id: ids.next(), client: &client, client_names: &[], policy_hash: POLICY };
        audit.record_unreadable(&context, &malformed(), method, target.as_bytes()).await.unwrap();
    }
    assert!(!std::fs::read_to_string(&path).unwrap().contains("canary"));
    let lines = requests(&path);
    let shown: Vec<_> = lines.iter().map(|line| (line["method"].as_str(), line["path"].as_str())).collect();
    let cut = format!("{}...", "a".repeat(256));
    assert_eq!(
        shown,
        [
            (Some("GET"), Some("/containers/j%1B[2J/../x")),
            (Some("BREW-COFFEE-PLEA..."), Some("/_ping")),
            (Some("GET"), None),
            (Some("GET"), Some(cut.as_str())),
            (None, None),
        ]
    );
    assert_eq!((&lines[0]["reason"], &lines[0]["detail"]), (&"malformed".into(), &"it has two ends".into()));
    assert_eq!(lines[0]["client"], serde_json::json!({"listener": "net", "address": "[::1]:40000"}));
}

#[tokio::test]
async fn records_look_like_this() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("audit");
    let audit = open(&path);
    let (client, id) = (client(), RequestIds::new().unwrap().next());
    audit.record_unreadable(&context(&client, id), &malformed(), "GET", b"/x").await.unwrap();
    audit.ended(id, ending(End::Refused));
    audit.flush().await;
    let mut text = std::fs::read_to_string(&path).unwrap();
    for line in lines(&path) {
        let previous = line["previous"].as_str().unwrap();
        text = text
            .replace(previous, "HASH")
            .replace(&format!("\"pid\":{}}}", std::process::id()), "\"pid\":PID}");
        text = text.replace(&format!("\"host\":{}", line["host"]), "\"host\":HOST");
        let time = line["time"].as_str().unwrap();
        time.parse::<jiff::Timestamp>().unwrap();
        text = text.replace(time, "TIME").replace(&id.to_string(), "ID");
    }
    insta::assert_snapshot!(text, @r#"
    {"schema":1,"sequence":1,"previous":"HASH","time":"TIME","event":"opened","dockgate":"0.1.0","host":HOST,"pid":PID}
    {"schema":1,"sequence":2,"previous":"HASH","time":"TIME","event":"judged","id":"ID","client":{"names":["backend"],"listener":"ui","uid":1000,"gid":999,"pid":77},"method":"GET","path":"/x","decision":"refuse","reason":"malformed","detail":"it has two ends","policy":"sha256:1111111111111111111111111111111111111111111111111111111111111111"}
    {"schema":1,"sequence":3,"previous":"HASH","time":"TIME","event":"ended","id":"ID","status":200,"request_bytes":3,"response_bytes":5,"duration_us":1500,"end":"refused"}
    "#);
}
