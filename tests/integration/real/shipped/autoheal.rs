//! autoheal, which is a shell script around curl: it finds what is not well, and restarts it.

use crate::harness::{Command, Container, Gate, Ran, eventually};

/// What curl says of a request, and the status after it.
fn curl(gate: &Gate, arguments: &[&str]) -> Ran {
    let socket = gate.socket();
    let head = ["--silent", "--globoff", "--max-time", "60", "--unix-socket", socket.to_str().unwrap()];
    let tail = ["--write-out", " %{http_code}"];
    Command::new("curl").args(head.iter().chain(arguments).chain(&tail)).run().ok()
}

#[test]
fn what_has_the_label_and_is_not_well_is_restarted() {
    let gate = Gate::with_policy("autoheal").start();
    let sick = ["--health-cmd", "false", "--health-interval", "1s", "--health-retries", "1"];
    let healed = Container::run_with(&[&sick[..], &["--label", "autoheal=true"]].concat(), "sleep 600");
    let other = Container::run_with(&sick, "sleep 600");
    let unhealthy =
        "http://localhost/containers/json?filters={\"health\":[\"unhealthy\"],\"label\":[\"autoheal=true\"]}";
    let found = eventually("the container to be found unhealthy", || {
        let found = curl(&gate, &[unhealthy]).stdout;
        found.contains(&healed.name).then_some(found)
    });
    assert!(!found.contains(&other.name), "{found}");
    let everything = curl(&gate, &["http://localhost/containers/json?all=1"]).stdout;
    assert!(!everything.contains(&other.name), "{everything}");
    let restart = |name: &str| format!("http://localhost/containers/{name}/restart?t=0");
    assert_eq!(curl(&gate, &["--request", "POST", &restart(&healed.name)]).stdout, " 204");
    assert!(curl(&gate, &["--request", "POST", &restart(&other.name)]).stdout.ends_with(" 404"));
    let stop = format!("http://localhost/containers/{}/stop", healed.name);
    assert!(curl(&gate, &["--request", "POST", &stop]).stdout.ends_with(" 403"));
}
