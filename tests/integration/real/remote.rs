//! A daemon on another host: everything passes as it does over the socket itself, half-closed sessions included.

use std::path::Path;

use crate::harness::{Authority, BUSYBOX, Engine, Gate, TlsFront, unique};

#[test]
fn a_session_over_tls_is_the_same() {
    let engine = Engine::real();
    let authority = Authority::new();
    let socket = engine.address.strip_prefix("unix://").expect("a socket to put TLS in front of");
    let front = TlsFront::before(&authority, "127.0.0.1", Path::new(socket));
    authority.sign("gate", "dockgate");
    let (ca, certificate, key) =
        (authority.file("ca.pem"), authority.file("gate.pem"), authority.file("gate-key.pem"));
    let starting = Gate::with_policy("everything").daemon_at(&front.address());
    let gate = starting
        .with(["--daemon-tls-ca", &ca, "--daemon-tls-cert", &certificate, "--daemon-tls-key", &key])
        .start();

    let version = gate.docker(["version", "--format", "{{.Server.Version}}"]).run().ok();
    let direct = engine.docker(["version", "--format", "{{.Server.Version}}"]).ok();
    assert_eq!(version.stdout, direct.stdout);

    // More than fits any buffer goes up, the end of it is passed on, and all of it comes down again.
    let text = "a line of many\n".repeat(200_000);
    let name = unique("remote");
    let command = ["run", "--rm", "--interactive", "--name", &name, BUSYBOX, "cat"];
    let echoed = gate.docker(command).stdin(text.clone()).run().ok();
    assert!(echoed.stdout == text, "{} bytes came back of {}", echoed.stdout.len(), text.len());
}
