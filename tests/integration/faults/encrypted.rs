//! A daemon on another host, asked over TLS: what goes wrong is told apart, and mended without a restart.

use std::fs;

use crate::harness::{Authority, FakeDaemon, Gate, RawClient, TlsFront, eventually};

const LIST: &str = "GET /v1.41/containers/json HTTP/1.1\r\nHost: d\r\n\r\n";

fn code_and_message(gate: &Gate) -> (String, String) {
    // A request that went out before that is clear is told that it may have arrived: 502.
    let answer = gate.ask(LIST);
    let body: serde_json::Value = serde_json::from_slice(&answer.body).unwrap();
    (body["code"].as_str().unwrap_or_default().to_owned(), answer.message())
}

#[test]
fn each_side_knows_the_other() {
    let daemon = FakeDaemon::content();
    let authority = Authority::new();
    let front = TlsFront::before(&authority, "127.0.0.1", daemon.socket());
    authority.sign("gate", "dockgate");
    let (ca, certificate, key) =
        (authority.file("ca.pem"), authority.file("gate.pem"), authority.file("gate-key.pem"));
    let starting = Gate::with_policy("everything").daemon_at(&front.address());
    let gate = starting
        .with(["--daemon-tls-ca", &ca, "--daemon-tls-cert", &certificate, "--daemon-tls-key", &key])
        .start();
    let mut client: RawClient = gate.connect();
    for _ in 0..3 {
        client.send(LIST);
        assert_eq!(client.answer().body, b"[]\n");
    }
    assert_eq!(daemon.received().len(), 3);
    eventually("dockgate to say so", || gate.log().contains("is there: Docker 20.10.24").then_some(()));
}

#[test]
fn what_is_wrong_is_told_apart() {
    let daemon = FakeDaemon::content();
    let (authority, stranger) = (Authority::new(), Authority::new());
    let (ca, foreign_ca) = (authority.file("ca.pem"), stranger.file("ca.pem"));
    let front = TlsFront::before(&authority, "127.0.0.1", daemon.socket());
    let other_name = Authority::new();
    let misnamed = TlsFront::before(&other_name, "elsewhere.example", daemon.socket());
    stranger.sign("gate", "dockgate");
    let (certificate, key) = (stranger.file("gate.pem"), stranger.file("gate-key.pem"));

    let cases: [(&TlsFront, &[&str], &str, &str); 4] = [
        (&front, &["--daemon-tls-ca", &foreign_ca], "CERT_UNTRUSTED", "does not vouch for it"),
        (&misnamed, &["--daemon-tls-ca", &other_name.file("ca.pem")], "CERT_UNTRUSTED", "subjectAltName"),
        (&front, &["--daemon-tls-ca", &ca], "CERT_REFUSED", "does not let dockgate in"),
        (
            &front,
            &["--daemon-tls-ca", &ca, "--daemon-tls-cert", &certificate, "--daemon-tls-key", &key],
            "CERT_REFUSED",
            "Give dockgate a certificate",
        ),
    ];
    for (front, flags, code, words) in cases {
        let starting = Gate::with_policy("everything").daemon_at(&front.address());
        let gate = flags.iter().fold(starting, |starting, flag| starting.with([*flag])).start();
        eventually(words, || {
            let (found, message) = code_and_message(&gate);
            (found == code && message.contains(words)).then_some(())
        });
    }
    assert_eq!(daemon.received().len(), 0, "nothing of a request was sent");
}

#[test]
fn without_tls_on_either_side_it_says_so() {
    let daemon = FakeDaemon::content();
    let authority = Authority::new();
    let front = TlsFront::before(&authority, "127.0.0.1", daemon.socket());
    let gate = Gate::with_policy("everything").daemon_at(&front.address()).start();
    eventually("the advice", || code_and_message(&gate).1.contains("--daemon-tls-ca").then_some(()));
}

#[test]
fn files_that_are_mended_are_read_again() {
    let daemon = FakeDaemon::content();
    let authority = Authority::new();
    let front = TlsFront::before(&authority, "127.0.0.1", daemon.socket());
    authority.sign("right", "dockgate");
    let (ca, certificate, key) =
        (authority.file("ca.pem"), authority.file("gate.pem"), authority.file("gate-key.pem"));
    let starting = Gate::with_policy("everything").daemon_at(&front.address());
    let gate = starting
        .with(["--daemon-tls-ca", &ca, "--daemon-tls-cert", &certificate, "--daemon-tls-key", &key])
        .start();
    let says = |words: &str| eventually(words, || code_and_message(&gate).1.contains(words).then_some(()));
    says("gate.pem cannot be read");
    fs::write(&certificate, "nothing of the kind").unwrap();
    says("there is no certificate in");
    fs::copy(authority.file("right-key.pem"), &key).unwrap();
    fs::copy(authority.file("right.pem"), &certificate).unwrap();
    eventually("an answer", || (gate.ask(LIST).status == 200).then_some(()));
}
