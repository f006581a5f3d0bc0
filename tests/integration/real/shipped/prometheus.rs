//! Prometheus, as it finds what to scrape: under the policy that ships for it.

use std::fmt::Write as _;
use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::process::Stdio;

use crate::harness::{Container, Gate, Running, eventually};

/// A Prometheus that discovers by way of the gate.
fn prometheus(gate: &Gate) -> (Running, u16) {
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let mut config = String::new();
    writeln!(config, "scrape_configs:\n  - job_name: docker\n    docker_sd_configs:").unwrap();
    writeln!(config, "      - {{ host: \"{}\", refresh_interval: 1s }}", gate.address()).unwrap();
    let file = gate.dir().join("prometheus.yml");
    std::fs::write(&file, config).unwrap();
    let log = std::fs::File::create(gate.dir().join("prometheus.log")).unwrap();
    let child = std::process::Command::new("prometheus")
        .arg(format!("--config.file={}", file.display()))
        .arg(format!("--storage.tsdb.path={}", gate.dir().join("tsdb").display()))
        .arg(format!("--web.listen-address=127.0.0.1:{port}"))
        .stdout(Stdio::null())
        .stderr(log)
        .spawn()
        .expect("prometheus, of the Debian package of that name");
    (Running(child), port)
}

/// What Prometheus says it has found.
fn targets(port: u16) -> Option<String> {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).ok()?;
    stream.write_all(b"GET /api/v1/targets HTTP/1.0\r\nHost: prometheus\r\n\r\n").ok()?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).ok()?;
    Some(answer)
}

#[test]
fn it_finds_containers_and_their_networks() {
    let gate = Gate::with_policy("prometheus").start();
    let container = Container::run_with(&["--network", "host", "--label", "found=yes"], "sleep 600");
    let (_prometheus, port) = prometheus(&gate);
    let label = format!("\"__meta_docker_container_name\":\"/{}\"", container.name);
    let found = eventually("Prometheus to find the container", || {
        targets(port).filter(|targets| targets.contains(&label))
    });
    assert!(found.contains("\"__meta_docker_container_label_found\":\"yes\""), "{found}");
    for operation in ["ContainerList", "NetworkList"] {
        let judged = gate.recorded("judged", operation);
        assert_eq!(judged.text("decision"), "permit", "{judged:?}");
    }
    gate.refused_nothing();
    let environment = gate.docker(["inspect", &container.name]).run().failed(1);
    assert!(environment.stderr.contains("dockgate: "), "{environment:?}");
}
