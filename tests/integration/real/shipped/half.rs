//! Dashboards that are shown some of the containers: no call of an ordinary session fails, and none shows the others.

use serde_json::Value;

use crate::harness::{Container, Gate, RawClient, unique};

/// Asks as a dashboard does, on a connection of its own; what is answered, which must be fine.
#[track_caller]
fn ask(gate: &Gate, target: &str) -> String {
    let answer = gate.ask(format!("GET {target} HTTP/1.1\r\nHost: docker\r\nConnection: close\r\n\r\n"));
    assert_eq!(answer.status, 200, "{target}: {}", String::from_utf8_lossy(&answer.body));
    String::from_utf8_lossy(&answer.body).into_owned()
}

/// The beginning of a stream, and the connection that it goes on in.
#[track_caller]
fn open(gate: &Gate, target: &str) -> RawClient {
    let mut client = gate.connect();
    client.send(format!("GET {target} HTTP/1.1\r\nHost: docker\r\n\r\n"));
    let head = client.head();
    assert!(head.starts_with("HTTP/1.1 200"), "{target}: {head}");
    client
}

#[test]
fn a_session_of_each_works_with_half_of_the_containers() {
    let shown = unique("shown");
    let label = format!("half={shown}");
    let hidden = Container::running("while :; do echo secret; sleep 1; done");
    let joined = format!("container:{}", hidden.name);
    let seen = [
        Container::run_with(&["--label", &label], "while :; do echo hello; sleep 1; done"),
        Container::run_with(
            &["--label", &label, "--network", &joined, "--volumes-from", &hidden.name],
            "sleep 600",
        ),
        Container::run_with(&["--label", &label], "exit 0").ended(),
    ];
    for policy in ["portainer-read-only", "dozzle", "homepage"] {
        let file = format!("{}/policy/{policy}.toml", env!("CARGO_MANIFEST_DIR"));
        let shipped = std::fs::read_to_string(file).unwrap();
        let half =
            shipped.replacen("\nredact =", &format!("\ncontainer.label.half = \"{shown}\"\nredact ="), 1);
        assert_ne!(half, shipped);
        // Its own tests speak of containers without the label.
        let half = half.split("\n[[test]]").next().unwrap().to_owned();
        let gate = Gate::with_policy_text(&half).start();
        if policy != "homepage" {
            ask(&gate, "/_ping");
            ask(&gate, "/version");
            ask(&gate, "/info");
        }
        let listed = ask(&gate, "/containers/json?all=true");
        let listed: Vec<Value> = serde_json::from_str(&listed).unwrap();
        assert_eq!(listed.len(), seen.len(), "{policy}");
        assert!(ask(&gate, "/containers/json?all=1&limit=1").contains(&shown), "the newest of what is shown");
        let mut streams = Vec::new();
        for container in &listed {
            let id = container["Id"].as_str().unwrap();
            ask(&gate, &format!("/containers/{id}/json"));
            ask(&gate, &format!("/containers/{id}/stats?stream=false&one-shot=true"));
            if policy == "homepage" {
                continue;
            }
            ask(&gate, &format!("/containers/{id}/logs?stdout=1&stderr=1&tail=10"));
            if container["State"] == "running" {
                streams.push(open(&gate, &format!("/containers/{id}/stats?stream=1")));
            }
        }
        if policy == "portainer-read-only" {
            for lists in ["/images/json", "/networks", "/volumes", "/plugins"] {
                assert!(!ask(&gate, lists).contains(&hidden.name), "{lists}");
            }
            assert!(!ask(&gate, "/networks/bridge").contains(&hidden.name));
        }
        if policy != "homepage" {
            let mut events = open(&gate, "/events?filters=%7B%22type%22%3A%5B%22container%22%5D%7D");
            let late = Container::running("sleep 600");
            let later = Container::run_with(&["--label", &label], "sleep 600");
            let told = String::from_utf8_lossy(&events.until(later.name.as_bytes())).into_owned();
            assert!(!told.contains(&late.name), "{told}");
        }
        gate.refused_nothing();
        let missed = gate.ask(format!(
            "GET /containers/{}/json HTTP/1.1\r\nHost: docker\r\nConnection: close\r\n\r\n",
            hidden.name
        ));
        assert_eq!(missed.status, 404);
    }
    assert!(hidden.is_running());
}
