//! What everything that reaches the daemon looks like, whatever the client sent: dockgate's own words.

use regex::Regex;
use serde::Deserialize as _;
use serde_json::Value;

use crate::harness::Message;

/// The headers that dockgate may send.
const FIELDS: [&str; 18] = [
    "Host",
    "User-Agent",
    "Content-Type",
    "Content-Length",
    "Transfer-Encoding",
    "Connection",
    "Upgrade",
    "Accept",
    "Accept-Encoding",
    "X-Registry-Auth",
    "X-Registry-Config",
    "X-Docker-Expose-Session-Uuid",
    "X-Docker-Expose-Session-Name",
    "X-Docker-Expose-Session-Sharedkey",
    "X-Docker-Expose-Session-Grpc-Method",
    "Sec-WebSocket-Key",
    "Sec-WebSocket-Version",
    "Sec-WebSocket-Protocol",
];

/// What dockgate asks for itself, to know the daemon or what a request is about.
const QUESTIONS: &str = r"^(GET|HEAD) (/v\d+\.\d+)?/(_ping|version|info|(containers|volumes|images|networks|exec|services)/[^?]+(/json)?)( |\?)";

/// Whether it is a question of dockgate's own, which changes nothing and which no client is shown the answer of.
pub(super) fn is_question(request: &Message) -> bool {
    let is_listed = Regex::new(QUESTIONS).unwrap().is_match(request.line());
    let asks_for_content =
        Regex::new("/(export|archive|get|logs|changes|top|stats|attach/ws)( |\\?)").unwrap();
    is_listed && !asks_for_content.is_match(request.line()) && request.body.is_empty()
}

/// What is odd about a request; nothing about one that is dockgate's own words.
pub(super) fn oddities(request: &Message) -> Vec<String> {
    let mut odd = Vec::new();
    let line = Regex::new(r"^(GET|HEAD|POST|PUT|DELETE) (/v[1-9]\d*\.[1-9]\d*)?/[!-~]* HTTP/1\.1$").unwrap();
    if !line.is_match(request.line()) {
        odd.push(format!("its line is {:?}", request.line()));
    }
    let path = request.line().split([' ', '?']).nth(1).unwrap_or_default().to_owned();
    if path.contains("//")
        || path.contains("/.")
        || path.contains(';')
        || path.to_ascii_uppercase().contains("%2F")
    {
        odd.push(format!("its path is {path:?}"));
    }
    let mut seen = Vec::new();
    for (name, _) in request.fields() {
        let twice = seen.contains(&name) && name != "X-Docker-Expose-Session-Grpc-Method";
        if twice || !FIELDS.contains(&name) {
            odd.push(format!("it has {name:?} in its head{}", if twice { " twice" } else { "" }));
        }
        seen.push(name);
    }
    match request.field("content-type") {
        Some("application/json") => odd.extend(odd_json(&request.body)),
        None if request.body.is_empty() || request.field("upgrade").is_some() => {}
        Some("application/x-tar") => {}
        other => odd.push(format!("it has a body of the type {other:?}")),
    }
    odd
}

/// What is odd about a JSON body: that reading and writing it by another reader changes it.
fn odd_json(body: &[u8]) -> Option<String> {
    let mut reader = serde_json::Deserializer::from_slice(body);
    let value = Value::deserialize(&mut reader).ok()?;
    let written = serde_json::to_vec(&value).unwrap();
    (!body.starts_with(&written)).then(|| format!("its JSON is {}", String::from_utf8_lossy(body)))
}
