//! A daemon whose answers are cut anywhere, under load.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::bench::POLICY;
use crate::harness::{
    Audit, Conversation, Counts, FakeDaemon, Gate, Load, assert_they_agree, eventually, wait_for_last_record,
};

#[test]
fn answers_cut_anywhere_are_nobodys_answers() {
    static COUNT: AtomicUsize = AtomicUsize::new(0);
    let daemon = FakeDaemon::playing(|daemon| {
        let answer = no_such_container(daemon);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        if count.is_multiple_of(3) {
            // Each time a little later: in the first line, in the head, in the body.
            daemon.send(&answer.as_bytes()[..count % answer.len()]);
            daemon.close();
        } else {
            daemon.send(answer);
        }
    });
    let gate = Gate::with_policy_text(POLICY).behind(&daemon).start();
    let load = Load::start(&gate.socket(), 4);
    eventually("some hundred answers", || (COUNT.load(Ordering::Relaxed) > 600).then_some(()));
    let prefix = load.prefix().to_owned();
    let sent = load.stop();
    wait_for_last_record(&gate);
    let mut calls = HashMap::new();
    for request in daemon.received() {
        let token = request.line().split(['/', '?', ' ']).find(|word| word.starts_with(&prefix));
        *calls.entry(token.expect("a name").to_owned()).or_default() += 1;
    }
    assert_they_agree(&sent, &prefix, &calls, &gate, Audit::Whole);
    let counts = Counts::of(&sent);
    assert!(counts.answered > 100 && counts.lost > 10 && counts.nothing > 10, "{counts}");
}

fn no_such_container(daemon: &mut Conversation) -> String {
    let line = daemon.request.line().to_owned();
    let name = line.split(['/', ' ']).rev().nth(3).unwrap_or_default();
    daemon.read_body();
    let body = format!("{{\"message\":\"No such container: {name}\"}}\n");
    format!(
        "HTTP/1.1 404 Not Found\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    )
}
