//! One step of a request's way, again and again, for `scripts/instructions` to count what it takes:
//!
//! `hot_path STEP TIMES`, and `hot_path` alone for the steps that there are. Each does once what comes before it,
//! outside of what is counted. Where that cannot be, `beside` stands behind its name, and `hot_path STEP TIMES beside`
//! does what is to be taken off.

#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "what cannot be measured has failed")]

use std::hint::black_box;
use std::iter::repeat_with;
use std::time::Duration;

use dockgate::audit::{Audit, End, Ending, RequestContext, RequestIds};
use dockgate::client::{Client, Peer};
use dockgate::operation::answer::Step as Reading;
use dockgate::operation::version::ApiVersion;
use dockgate::operation::{Asked, Head, Operation};
use dockgate::policy::{Permit, Policy, Verdict};
use dockgate::settings::{AuditSettings, AuditSink};
use dockgate::wire::RequestHead;
use sha2::{Digest as _, Sha256};

const POLICY: &str = include_str!("../bench/assets/policy.toml");
const CREATE: &[u8] = include_bytes!("../bench/assets/create.json");

/// A request as it comes over the wire.
struct Request {
    head: String,
    body: &'static [u8],
}

/// A step by its name: it is done so many times.
type Step = (&'static str, fn(usize));

const STEPS: [Step; 10] = [
    ("read-get", |times| read(&get(), times)),
    ("judge-get", |times| judge(&policy(0), &get(), times)),
    ("judge-get-1000", |times| judge(&policy(990), &get(), times)),
    ("encode-get", |times| encode(&get(), times)),
    ("record-get", |times| drop(record(&get(), times))),
    ("read-create", |times| read(&create(), times)),
    ("judge-create", |times| judge(&policy(0), &create(), times)),
    ("encode-create", |times| encode(&create(), times)),
    ("record-create", |times| drop(record(&create(), times))),
    ("narrow-list", narrow),
];

/// What belongs to no step and is done with it.
const BESIDE: [Step; 2] = [
    ("record-get", |times| permit_and_hash(&get(), times)),
    ("record-create", |times| permit_and_hash(&create(), times)),
];

/// How many containers are in the list that is narrowed, to half of them.
const LISTED: usize = 100;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|argument| argument != "--bench").collect();
    let find = |steps: &[Step], step: &str| steps.iter().find(|(name, _)| *name == step).map(|(_, run)| *run);
    match arguments.as_slice() {
        [step, times] => find(&STEPS, step).unwrap()(times.parse().unwrap()),
        [step, times, beside] if beside == "beside" => find(&BESIDE, step).unwrap()(times.parse().unwrap()),
        _ => STEPS.iter().for_each(|(name, _)| match find(&BESIDE, name) {
            Some(_) => println!("{name} beside"),
            None => println!("{name}"),
        }),
    }
}

fn read(request: &Request, times: usize) {
    for _ in 0..times {
        black_box(operation(black_box(request)));
    }
}

fn judge(policy: &Policy, request: &Request, times: usize) {
    let client = client();
    let asked = known(policy, &client, operation(request));
    for _ in 0..times {
        let operation = black_box(&asked).clone();
        black_box(policy.could_grant(&client, operation.endpoint()));
        black_box(policy.questions(&client, &operation));
        // What it came to is let go of as a request's is.
        drop(black_box(policy.judge(&client, operation)));
    }
}

fn encode(request: &Request, times: usize) {
    let operation = operation(request);
    for _ in 0..times {
        black_box(black_box(&operation).encode());
    }
}

fn narrow(times: usize) {
    let policy = "version = 1\n[[allow]]\noperations = [\"ContainerList\"]\ncontainer.label.team = \"own\"\n";
    let policy = Policy::read(policy).0.unwrap();
    let request =
        Request { head: "GET /v1.41/containers/json HTTP/1.1\r\nHost: docker\r\n\r\n".to_owned(), body: b"" };
    let permit = permit(&policy, &client(), operation(&request));
    let terms = permit.terms().of_answer();
    let list = list();
    for _ in 0..times {
        let mut reader = terms.reader(permit.operation()).unwrap();
        let mut out = Vec::with_capacity(list.len());
        assert_eq!(reader.feed(list.as_bytes(), &mut out), Ok(Reading::Starved));
        reader.end();
        assert_eq!(reader.step(&mut out), Ok(Reading::Done));
        black_box(out);
    }
}

/// A list as the daemon answers it.
fn list() -> String {
    let container = |number: usize| {
        let team = if number.is_multiple_of(2) { "own" } else { "other" };
        format!(
            r#"{{"Id":"{number:064x}","Names":["/app-{number}"],"Image":"registry.example/team/app:1.2.3","ImageID":"sha256:{number:064x}","Command":"/bin/app --serve","Created":1700000000,"Ports":[{{"IP":"0.0.0.0","PrivatePort":8080,"PublicPort":{number},"Type":"tcp"}}],"Labels":{{"com.docker.compose.project":"app","com.docker.compose.service":"web","team":"{team}"}},"State":"running","Status":"Up 2 hours","HostConfig":{{"NetworkMode":"app_default"}},"NetworkSettings":{{"Networks":{{"app_default":{{"IPAMConfig":null,"Links":null,"Aliases":null,"NetworkID":"{number:064x}","EndpointID":"{number:064x}","Gateway":"172.18.0.1","IPAddress":"172.18.0.2","IPPrefixLen":16,"MacAddress":"02:42:ac:12:00:02","DriverOpts":null}}}}}},"Mounts":[{{"Type":"volume","Name":"data-{number}","Source":"/var/lib/docker/volumes/data-{number}/_data","Destination":"/data","Driver":"local","Mode":"z","RW":true,"Propagation":""}}]}}"#
        )
    };
    let containers: Vec<String> = (0..LISTED).map(container).collect();
    format!("[{}]\n", containers.join(","))
}

/// Records requests that are permitted, and that they are over; what stands in the file then.
fn record(request: &Request, times: usize) -> Vec<u8> {
    let policy = policy(0);
    let client = client();
    let asked = known(&policy, &client, operation(request));
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("audit.jsonl");
    let sink = AuditSink::File(path.clone());
    let audit = Audit::open(&AuditSettings { sink, ..AuditSettings::default() }).unwrap();
    let ids = RequestIds::new().unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(async {
        for permit in repeat_with(|| permit(&policy, &client, asked.clone())).take(times) {
            let id = ids.next();
            let names: Vec<&str> = policy.client_names(&client).collect();
            let context =
                RequestContext { id, client: &client, client_names: &names, policy_hash: policy.hash() };
            drop(black_box(audit.record(&context, permit, None).await.unwrap()));
            audit.ended(id, ending());
        }
        audit.flush().await;
    });
    std::fs::read(path).unwrap()
}

/// Makes the permits, which are used up, and hashes the lines, for which valgrind has not the processor's own
/// instructions.
fn permit_and_hash(request: &Request, times: usize) {
    let recorded = record(request, 1);
    let is_of_request = |line: &&[u8]| line.windows(6).any(|window| window == b"\"id\":\"");
    let lines: Vec<&[u8]> = recorded.split_inclusive(|byte| *byte == b'\n').filter(is_of_request).collect();
    assert_eq!(lines.len(), 2);
    let (policy, client) = (policy(0), client());
    let asked = known(&policy, &client, operation(request));
    for _ in 0..times {
        drop(black_box(permit(&policy, &client, asked.clone())));
        for line in &lines {
            black_box(Sha256::digest(black_box(line)));
        }
    }
}

/// The operation, once the gate has found out what the policy must know: no link is on the way to any path.
fn known(policy: &Policy, client: &Client, mut operation: Operation) -> Operation {
    for path in policy.unknown(client, &operation).paths {
        operation.trace(path, None);
    }
    operation
}

fn ending() -> Ending {
    Ending {
        status: Some(200),
        daemon_status: Some(200),
        request_bytes: 0,
        response_bytes: 2048,
        duration: Duration::from_micros(250),
        end: End::Complete,
    }
}

fn permit(policy: &Policy, client: &Client, operation: Operation) -> Permit {
    match policy.judge(client, operation) {
        Verdict::Permit(permit) => permit,
        Verdict::Denial(denial) => unreachable!("{denial:?}"),
    }
}

fn operation(request: &Request) -> Operation {
    let head = RequestHead::parse(request.head.as_bytes()).unwrap();
    let head = Head { method: head.method, target: head.target, headers: &head.fields };
    Asked::read(&head, ApiVersion::NEWEST).unwrap().with_body(request.body).unwrap()
}

fn get() -> Request {
    let head = "GET /v1.41/containers/b2048/json HTTP/1.1\r\nHost: docker\r\nUser-Agent: Docker-Client/20.10.24 (linux)\r\n\r\n";
    Request { head: head.to_owned(), body: b"" }
}

fn create() -> Request {
    let head = format!(
        "POST /v1.44/containers/create?name=app HTTP/1.1\r\nHost: docker\r\nUser-Agent: Docker-Client/20.10.24 (linux)\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n",
        CREATE.len()
    );
    Request { head, body: CREATE }
}

fn client() -> Client {
    Client {
        listener: "unix:///run/dockgate.sock".to_owned(),
        peer: Peer::Unix { uid: 0, gid: 0, pid: Some(1) },
    }
}

/// The policy with so many rules more, none of which grants anything that is asked.
fn policy(more: usize) -> Policy {
    let rule = |number| {
        format!("[[allow]]\nname = \"n{number}\"\noperations = [\"GET ~^/containers/n{number}/json$\"]\n\n")
    };
    let more: String = (0..more).map(rule).collect();
    Policy::read(&POLICY.replacen("[[allow]]", &format!("{more}[[allow]]"), 1)).0.unwrap()
}
