//! What a dockgate that runs says of itself.

use std::io;

use serde_json::Value;

use super::finding::{Finding, Findings, Level};
use super::listener::{self, Known};
use crate::command::reach;
use crate::settings::{Address, ListenerSettings};

const PART: &str = "admin";

/// What a dockgate that runs says at `/healthz`, or why there is no answer.
pub(super) type Said = io::Result<Value>;

/// Asks the admin socket.
pub(super) async fn ask(admin: &ListenerSettings) -> Said {
    let (_, body) = reach::ask(&admin.address, "/healthz").await?;
    // What is not JSON is not dockgate's.
    Ok(serde_json::from_slice(&body).unwrap_or_default())
}

/// Whether it has a listener at `address`.
pub(super) fn has_listener(said: &Value, address: &Address) -> bool {
    let listeners = said.get("listeners").and_then(Value::as_array).into_iter().flatten();
    let mut addresses = listeners.filter_map(|listener| listener.get("address")?.as_str());
    addresses.any(|has| has == address.to_string())
}

/// Looks at the admin socket, where there is one, and at what was said there.
pub(super) async fn look(
    admin: Option<&ListenerSettings>,
    said: Option<&Said>,
    known: Known,
    findings: &mut Findings,
) {
    let (Some(admin), Some(said)) = (admin, said) else {
        findings.add(Finding::note(
            PART,
            "there is no admin socket: a dockgate that runs cannot be asked how it is, and nobody can read its metrics.",
            "Give it one: --admin unix:///run/dockgate/admin.sock, or tcp://127.0.0.1:9105 for Prometheus.",
        ));
        return;
    };
    if !listener::look_at(PART, admin, known, findings).await {
        return;
    }
    match said {
        Ok(health) => report(health, findings),
        Err(error) => findings.add(Finding::error(
            PART,
            format_args!("{} does not answer: {error}.", admin.address),
            "Look at dockgate's log; if it hangs, restart it.",
        )),
    }
}

/// What it finds wrong itself.
fn report(health: &Value, findings: &mut Findings) {
    let text =
        |value: &Value, key: &str| value.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
    let status = text(health, "status");
    let version = text(health, "version");
    let Some(problems) = health.get("problems").and_then(Value::as_array) else {
        findings.add(Finding::error(
            PART,
            "what answers at the admin address is no dockgate.",
            "Choose another address, or stop what listens there.",
        ));
        return;
    };
    findings.ok(
        PART,
        format_args!("dockgate {version} runs, since {}; it says: {status}.", text(health, "since")),
    );
    for problem in problems {
        let level = if text(problem, "status") == "failing" { Level::Error } else { Level::Warning };
        let part = format!("running dockgate, {}", text(problem, "part"));
        let (found, cure) = (text(problem, "found"), Some(text(problem, "cure")));
        findings.add(Finding { level, part, found, cure });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_it_finds_wrong_is_found_here() {
        let health = serde_json::json!({
            "status": "failing", "version": "1.2.3", "since": "yesterday",
            "problems": [
                { "status": "failing", "part": "daemon", "found": "it is away.", "cure": "Start it." },
                { "status": "impaired", "part": "policy", "found": "it has errors.", "cure": "Mend it." },
            ],
        });
        let mut findings = Findings::default();
        report(&health, &mut findings);
        insta::assert_snapshot!(findings.text(false), @r"
        ok       admin: dockgate 1.2.3 runs, since yesterday; it says: failing.
        error    running dockgate, daemon: it is away.
                 -> Start it.
        warning  running dockgate, policy: it has errors.
                 -> Mend it.
        1 error, 1 warning
        ");
        report(&serde_json::json!([]), &mut findings);
        assert!(findings.text(false).contains("is no dockgate"));
    }
}
