//! Writes an audit log of so many records, as dockgate does, for `scripts/audit-bench` to put questions to:
//!
//! `audit_log FILE RECORDS [DURABILITY]`

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::print_stdout,
    reason = "what cannot be measured has failed"
)]

use std::time::{Duration, Instant};

use dockgate::audit::{Audit, End, Ending, RequestContext, RequestIds};
use dockgate::client::{Client, Peer};
use dockgate::operation::version::ApiVersion;
use dockgate::operation::{Asked, Head};
use dockgate::policy::{Policy, Verdict};
use dockgate::settings::{AuditSettings, AuditSink, Durability};

const POLICY: &str = r#"version = 1
[clients.dashboard]
uid = [1000]
[[allow]]
name = "look"
operations = ["@read"]
[[allow]]
name = "stop"
clients = ["dashboard"]
operations = ["ContainerStop"]
query.t = { max = 60 }
[[allow]]
name = "never needed"
operations = ["VolumeCreate"]
"#;

/// What is asked, by turns.
const ASKED: [(&str, &str); 8] = [
    ("GET", "/v1.41/containers/json?all=1"),
    ("GET", "/v1.41/containers/web/json"),
    ("GET", "/_ping"),
    ("POST", "/v1.41/containers/web/stop?t=10"),
    ("GET", "/v1.41/images/json"),
    ("POST", "/v1.41/containers/db/stop?t=600"),
    ("GET", "/v1.41/containers/0f2a77b1c0de/stats?stream=0"),
    ("DELETE", "/v1.41/volumes/data"),
];

/// How many wait for their records at a time.
const TOGETHER: usize = 64;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|argument| argument != "--bench").collect();
    let [file, records, durability @ ..] = arguments.as_slice() else { return };
    let durability = match durability {
        [synced] if synced == "synced" => Durability::Synced,
        _ => Durability::Written,
    };
    let settings =
        AuditSettings { sink: AuditSink::File(file.into()), durability, ..AuditSettings::default() };
    let requests = records.parse::<usize>().unwrap() / 2;
    let (policy, ids) = (Policy::read(POLICY).0.unwrap(), RequestIds::new().unwrap());
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(async {
        let audit = Audit::open(&settings).unwrap();
        audit.policy_in_force(&policy, "policy.toml");
        let start = Instant::now();
        for first in (0..requests).step_by(TOGETHER) {
            let last = requests.min(first.saturating_add(TOGETHER));
            futures_util::future::join_all((first..last).map(|number| ask(&audit, &policy, &ids, number)))
                .await;
        }
        audit.close().await;
        println!("{:.1} s, {} waits for the disk", start.elapsed().as_secs_f64(), audit.counts().syncs);
    });
}

async fn ask(audit: &Audit, policy: &Policy, ids: &RequestIds, number: usize) {
    let uid = if number.is_multiple_of(3) { 1000 } else { 33 };
    let client = Client { listener: "ui".to_owned(), peer: Peer::Unix { uid, gid: 999, pid: Some(77) } };
    let (method, target) = ASKED[number % ASKED.len()];
    let head = Head { method, target: target.as_bytes(), headers: &[] };
    let operation = Asked::read(&head, ApiVersion::NEWEST).unwrap().with_body(b"").unwrap();
    let names: Vec<&str> = policy.client_names(&client).collect();
    let id = ids.next();
    let context = RequestContext { id, client: &client, client_names: &names, policy_hash: policy.hash() };
    let end = match policy.judge(&client, operation) {
        Verdict::Permit(permit) => {
            drop(audit.record(&context, permit, None).await.unwrap());
            End::Complete
        }
        Verdict::Denial(denial) => {
            audit.record_denial(&context, &denial).await.unwrap();
            End::Refused
        }
    };
    let status = if end == End::Complete { 200 } else { 403 };
    audit.ended(
        id,
        Ending {
            status: Some(status),
            daemon_status: (end == End::Complete).then_some(200),
            request_bytes: 0,
            response_bytes: 2048,
            duration: Duration::from_micros(u64::try_from(number.wrapping_mul(7919) % 100_000).unwrap()),
            end,
        },
    );
}
