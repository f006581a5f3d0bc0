//! Secrets, put wherever a client can put one, and looked for wherever dockgate writes.

use std::io::{self, Write};
use std::sync::{Arc, Mutex};

use super::*;
use crate::audit::shown;
use crate::operation::field::Kind;
use crate::operation::table::{self, BodyKind, Endpoint, Guard, Parameter, ParameterKind};
use crate::operation::version::ApiVersion;
use crate::operation::{Asked, Head};
use crate::policy::{Policy, Verdict};

const CANARY: &str = "canary7secret";
/// Base64 of the canary, and of what stands around it in `X-Registry-Auth`.
const CANARY_BASE64: &str = "Y2FuYXJ5N3NlY3JldA==";

/// A body of this kind with a canary in each text that may hold a secret.
fn body(name: &str, kind: Kind) -> String {
    let within = |inner: &Kind| body(name, *inner);
    match kind {
        Kind::Bool => "true".to_owned(),
        Kind::Int | Kind::Uint => "7".to_owned(),
        Kind::Float => "0.5".to_owned(),
        Kind::Bytes => format!("\"{CANARY_BASE64}\""),
        Kind::Text if shown::is_shown(name) => "\"plain\"".to_owned(),
        Kind::Text => format!("\"{CANARY}\""),
        Kind::StrSlice => format!("[{0},{0}]", body(name, Kind::Text)),
        Kind::List(inner) => format!("[{}]", within(inner)),
        Kind::Map(inner) if shown::is_shown(name) => format!("{{\"plain\":{}}}", within(inner)),
        Kind::Map(inner) => format!("{{\"{CANARY}\":{}}}", within(inner)),
        Kind::Any => format!("{{\"{CANARY}\":[\"{CANARY}\"]}}"),
        Kind::Struct(_) => {
            let fields = kind
                .fields()
                .map(|(_, field)| format!("\"{}\":{}", field.name, body(field.name, field.kind)));
            let unknown = format!("\"Unknown\":{{\"a\":\"{CANARY}\"}}");
            format!("{{{}}}", fields.chain([unknown]).collect::<Vec<_>>().join(","))
        }
    }
}

/// The request's target, a canary in each parameter that is not plain, in labels, and in one that is unknown.
fn target(endpoint: &Endpoint) -> String {
    let mut path = endpoint.template.to_owned();
    while let (Some(from), Some(to)) = (path.find('{'), path.find('}')) {
        path.replace_range(from..=to, "thing");
    }
    let can_hold_it = |parameter: &&Parameter| parameter.guard != Guard::Plain || parameter.name == "labels";
    let pairs = endpoint.parameters.iter().filter(can_hold_it).map(|parameter| {
        let value = match parameter.kind {
            ParameterKind::Bool | ParameterKind::StrictBool | ParameterKind::Int => "1".to_owned(),
            ParameterKind::Text | ParameterKind::List => CANARY.to_owned(),
            ParameterKind::Filters => format!("%7B%22label%22:%5B%22{CANARY}%22%5D%7D"),
            ParameterKind::Json => format!("%7B%22{CANARY}%22:%22{CANARY}%22%7D"),
        };
        format!("{}={value}", parameter.name)
    });
    format!("{path}?{}", pairs.chain([format!("unknown={CANARY}")]).collect::<Vec<_>>().join("&"))
}

/// What dockgate logs.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn no_secret_of_any_operation_is_written_anywhere() {
    let log = Log::default();
    let writer = log.clone();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(tracing::Level::TRACE)
        .with_writer(move || writer.clone())
        .finish();
    let _guard = tracing::subscriber::set_default(subscriber);
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("audit");
    let audit = open(&path);
    let ids = RequestIds::new().unwrap();
    let (mut judged, mut unread) = (0, 0);
    for policy in [
        include_str!("../../../policy/everything.toml"),
        "version = 1",
        "version = 1\n[[allow]]\noperations = [\"*\"]",
        "version = 1\nmode = \"observe\"\n[[forbid]]\noperations = [\"*\"]",
    ] {
        let policy = Policy::read(policy).0.unwrap();
        for endpoint in table::endpoints() {
            let (client, id) = (client(), ids.next());
            let context = RequestContext { policy_hash: policy.hash(), ..context(&client, id) };
            let target = target(endpoint);
            let headers: [(&str, &[u8]); 4] = [
                ("Content-Type", b"application/json"),
                ("X-Registry-Auth", CANARY_BASE64.as_bytes()),
                ("X-Registry-Config", CANARY_BASE64.as_bytes()),
                ("Authorization", CANARY.as_bytes()),
            ];
            let head =
                Head { method: endpoint.method.as_str(), target: target.as_bytes(), headers: &headers };
            let operation =
                Asked::read(&head, endpoint.until.unwrap_or(ApiVersion::NEWEST)).and_then(|asked| {
                    let body = match asked.body_kind() {
                        BodyKind::Tar => return Ok(asked.with_stream()),
                        BodyKind::None => String::new(),
                        BodyKind::Json { kind, guard: _ } => body("", kind),
                    };
                    asked.with_body(body.as_bytes())
                });
            match operation {
                Ok(operation) => match policy.judge(&client, operation) {
                    Verdict::Permit(permit) => drop(audit.record(&context, permit, None).await.unwrap()),
                    Verdict::Denial(denial) => audit.record_denial(&context, &denial).await.unwrap(),
                },
                Err(unreadable) => {
                    unread += 1;
                    audit.record_unreadable(&context, &unreadable, head.method, head.target).await.unwrap();
                }
            }
            judged += 1;
            audit.ended(id, ending(End::Complete));
            // A body that belongs nowhere.
            let broken = format!("{{\"{CANARY}\":\"{CANARY}\"");
            let asked = Asked::read(&head, ApiVersion::NEWEST);
            if let Err(unreadable) = asked.and_then(|asked| asked.with_body(broken.as_bytes())) {
                audit.record_unreadable(&context, &unreadable, head.method, head.target).await.unwrap();
            }
        }
    }
    audit.flush().await;
    assert!(judged > 400 && unread < judged / 10, "{unread} of {judged} could not be read");
    let text = std::fs::read_to_string(&path).unwrap();
    let log = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
    for line in text.lines().chain(log.lines()) {
        assert!(!line.contains(CANARY) && !line.contains(CANARY_BASE64), "{line}");
    }
    assert!(lines(&path).len() >= 2 * judged);
}
