//! Calls of programs that cannot be had here, as they stand in their sources, played at a real engine.

use crate::harness::{Answer, Gate, RawClient};

/// One program's session: what it has learnt from answers, and the streams that it holds open.
pub(super) struct Session<'g> {
    gate: &'g Gate,
    known: Vec<(String, String)>,
    open: Vec<RawClient>,
}

impl<'g> Session<'g> {
    pub(super) fn before(gate: &'g Gate) -> Self {
        Self { gate, known: Vec::new(), open: Vec::new() }
    }

    /// What `$name` stands for in calls.
    pub(super) fn know(mut self, name: &str, value: &str) -> Self {
        self.known.push((format!("${name}"), value.to_owned()));
        self
    }

    /// Plays calls, one a line: `METHOD TARGET BODY`. `$name = ` before it keeps the ID that is answered; `open` holds the
    /// answer's stream open; `=> STATUS` after it expects this status, or with `any` whatever the daemon says. None is refused.
    #[track_caller]
    pub(super) fn plays(&mut self, calls: &str) {
        for call in calls.lines().map(str::trim).filter(|call| !call.is_empty()) {
            let (kept, rest) = match call.split_once(" = ") {
                Some((name, rest)) if name.starts_with('$') && !name.contains(' ') => (Some(name), rest),
                Some(_) | None => (None, call),
            };
            let (rest, expected) = rest.rsplit_once(" => ").unwrap_or((rest, "fine"));
            if let Some(rest) = rest.strip_prefix("open ") {
                self.opens(rest);
                continue;
            }
            let answer = self.ask(rest);
            let said = String::from_utf8_lossy(&answer.body).into_owned();
            assert!(!said.contains("\"dockgate: "), "{call}: {said}");
            match expected {
                "fine" => assert!(answer.status < 400, "{call}: {} {said}", answer.status),
                "any" => {}
                status => assert_eq!(answer.status.to_string(), status, "{call}: {said}"),
            }
            if let Some(name) = kept {
                let answered: serde_json::Value = serde_json::from_str(&said).unwrap();
                let id = answered["Id"].as_str().unwrap_or_else(|| panic!("{call}: no ID in {said}"));
                self.known.push((name.to_owned(), id.to_owned()));
            }
        }
    }

    /// Plays calls that the program never makes: each is refused, or what it is about is not there for it.
    #[track_caller]
    pub(super) fn never(&self, calls: &str) {
        for call in calls.lines().map(str::trim).filter(|call| !call.is_empty()) {
            let answer = self.ask(call);
            let said = String::from_utf8_lossy(&answer.body).into_owned();
            let is_refused = answer.status == 403 && said.contains("\"dockgate: ");
            // What a container is made of or beside is told with another status.
            let is_beside =
                answer.status == 400 && call.contains("/containers/create") && said.contains("No such ");
            assert!(is_refused || is_beside || answer.status == 404, "{call}: {} {said}", answer.status);
            let id = answer.header("X-Dockgate-Request-Id").unwrap();
            let records = self.gate.audit();
            let judged = records.iter().find(|record| record.text("id") == id).expect("a record of it");
            assert_eq!(judged.text("decision"), "deny", "{call}: {judged:?}");
        }
    }

    /// Makes a call and reads the beginning of its answer; what follows is the test's.
    #[track_caller]
    pub(super) fn stream(&self, call: &str) -> RawClient {
        let mut client = self.send(call, "keep-alive");
        let head = client.head();
        assert!(head.starts_with("HTTP/1.1 200") || head.starts_with("HTTP/1.1 101"), "{call}: {head}");
        client
    }

    /// Sends an archive.
    #[track_caller]
    pub(super) fn puts(&self, target: &str, archive: &[u8]) {
        let mut client = RawClient::unix(&self.gate.socket());
        client.send(format!(
            "PUT {} HTTP/1.1\r\nHost: docker\r\nContent-Type: application/x-tar\r\nContent-Length: {}\r\n\r\n",
            self.told(target),
            archive.len()
        ));
        client.send(archive);
        let answer = client.answer();
        assert_eq!(answer.status, 200, "{target}: {}", String::from_utf8_lossy(&answer.body));
    }

    #[track_caller]
    fn opens(&mut self, call: &str) {
        let client = self.stream(call);
        self.open.push(client);
    }

    #[track_caller]
    fn ask(&self, call: &str) -> Answer {
        let mut client = self.send(call, "close");
        if !call.starts_with("HEAD ") {
            return client.answer();
        }
        let head = client.head();
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        Answer { status, head, body: Vec::new() }
    }

    fn send(&self, call: &str, connection: &str) -> RawClient {
        let call = self.told(call);
        let mut words = call.splitn(3, ' ');
        let (method, target) = (words.next().unwrap(), words.next().unwrap());
        let body = words.next().unwrap_or_default();
        let upgrades = target.contains("/attach") || target.contains("/exec/") && target.ends_with("/start");
        let connection = if upgrades { "Upgrade\r\nUpgrade: tcp".to_owned() } else { connection.to_owned() };
        let typed = if body.is_empty() { "" } else { "Content-Type: application/json\r\n" };
        let mut client = RawClient::unix(&self.gate.socket());
        client.send(format!(
            "{method} {target} HTTP/1.1\r\nHost: docker\r\nConnection: {connection}\r\n{typed}Content-Length: {}\r\n\r\n{body}",
            body.len()
        ));
        client
    }

    fn told(&self, text: &str) -> String {
        self.known.iter().rev().fold(text.to_owned(), |text, (name, value)| text.replace(name, value))
    }
}
