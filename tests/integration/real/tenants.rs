//! Two clients of one dockgate, alice and bob, each with a listener of its own and as much as the other.

use serde_json::Value;

use crate::harness::{Answer, Gate, Ran, RawClient, Starting, docker};

/// A gate with the two.
pub(super) struct Tenants {
    pub(super) gate: Gate,
}

impl Tenants {
    /// Each has a rule of these lines, in which NAME stands for it; `prepare` says what else the gate starts with.
    pub(super) fn with(lines: &str, prepare: impl FnOnce(Starting) -> Starting) -> Self {
        let tenant = |name: &str| {
            let header =
                "[clients.NAME]\nlistener = \"NAME\"\n[[allow]]\nname = \"NAME\"\nclients = [\"NAME\"]\n";
            format!("{header}{lines}\n").replace("NAME", name)
        };
        let starting = Gate::with_policy_text(&format!("version = 1\n{}{}", tenant("alice"), tenant("bob")));
        let socket =
            |name: &str| format!("{name}=unix://{}", starting.dir().join(format!("{name}.sock")).display());
        let (alice, bob) = (socket("alice"), socket("bob"));
        Self { gate: prepare(starting).listen(&alice).listen(&bob).start() }
    }

    pub(super) fn docker(&self, client: &str, arguments: &[&str]) -> Ran {
        let address = format!("unix://{}", self.gate.dir().join(format!("{client}.sock")).display());
        docker(&address).args(arguments).run()
    }

    pub(super) fn ask(&self, client: &str, method: &str, path: &str, body: &Value) -> Answer {
        let mut connection = RawClient::unix(&self.gate.dir().join(format!("{client}.sock")));
        let body = if body.is_null() { String::new() } else { body.to_string() };
        let kind = if body.is_empty() { "" } else { "Content-Type: application/json\r\n" };
        connection.send(format!(
            "{method} {path} HTTP/1.1\r\nHost: docker\r\nConnection: close\r\n{kind}Content-Length: {}\r\n\r\n{body}",
            body.len()
        ));
        connection.answer()
    }
}
