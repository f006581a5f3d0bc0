//! The policy as a whole: what is said of a file, and how requests are judged.

mod absent;
mod accounts;
mod amounts;
mod builds;
mod cases;
mod forbids;
mod instructions;
mod judging;
mod kept_back;
mod manual;
mod meanings;
mod networks;
mod owners;
mod problems;
mod redaction;
mod requirements;
mod smuggling;
mod suggestions;
mod things;
mod totality;
mod volumes;

use super::case::supposed_network;
use super::{Denial, Policy, Verdict};
use crate::client::{Client, Peer};
use crate::operation::dockerfile::Dockerfile;
use crate::operation::table::BodyKind;
use crate::operation::version::ApiVersion;
use crate::operation::{Asked, Head, Operation, Reference};

/// The policy of a source that has no errors; `version = 1` is put before it.
fn policy(rules: &str) -> Policy {
    let source = format!("version = 1\n{rules}");
    let (policy, problems) = Policy::read(&source);
    policy.unwrap_or_else(|| panic!("{}", super::problem::render(&problems, "policy", &source, false)))
}

/// A request: `POST /containers/web/stop?t=5`, with a body behind a blank; of a daemon that has neither volumes nor
/// containers, and the networks of services. A build takes nothing from outside.
fn operation(request: &str) -> Operation {
    let mut operation = read(request, ApiVersion::NEWEST);
    let questions: Vec<Reference> = operation.understand().questions().cloned().collect();
    for question in questions {
        let shown = supposed_network(&operation, &question);
        operation.learn(question, shown);
    }
    operation.look_inside(Ok(Dockerfile::default().into()));
    operation
}

/// A request to a daemon that speaks this version at most, before anything was asked of it.
fn read(request: &str, newest: ApiVersion) -> Operation {
    let mut parts = request.splitn(3, ' ');
    let method = parts.next().unwrap();
    let target = parts.next().unwrap().as_bytes();
    let body = parts.next().unwrap_or_default();
    let headers: &[(&str, &[u8])] =
        if body.is_empty() { &[] } else { &[("Content-Type", b"application/json")] };
    let asked = Asked::read(&Head { method, target, headers }, newest).unwrap();
    match asked.body_kind() {
        BodyKind::Tar => asked.with_stream(),
        BodyKind::None | BodyKind::Json { .. } => asked.with_body(body.as_bytes()).unwrap(),
    }
}

/// Someone who connects to this listener as user 1000.
fn client(listener: &str) -> Client {
    Client { listener: listener.to_owned(), peer: Peer::Unix { uid: 1000, gid: 1000, pid: Some(1) } }
}

/// `permit RULE`, or the code of the reason and the rule.
fn judged(policy: &Policy, listener: &str, request: &str) -> String {
    verdict(policy, listener, operation(request))
}

fn verdict(policy: &Policy, listener: &str, operation: Operation) -> String {
    match policy.judge(&client(listener), operation) {
        Verdict::Permit(permit) => format!("permit {}", permit.grounds().rule().unwrap_or_default()),
        Verdict::Denial(denial) => {
            format!("{} {}", denial.refusal().reason().code(), denial.rule().unwrap_or_default())
                .trim_end()
                .to_owned()
        }
    }
}

fn denial(policy: &Policy, listener: &str, request: &str) -> Denial {
    match policy.judge(&client(listener), operation(request)) {
        Verdict::Denial(denial) => denial,
        Verdict::Permit(permit) => panic!("{request} is permitted: {:?}", permit.grounds()),
    }
}
