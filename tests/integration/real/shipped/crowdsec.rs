//! `CrowdSec`: its docker source follows what containers print, under the policy that ships for it.

use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use crate::harness::{Command, Container, Gate, Running, clients, eventually};

/// A `CrowdSec` of the test's own: no service, no hub, nobody to report to.
struct CrowdSec {
    dir: PathBuf,
    config: PathBuf,
}

impl CrowdSec {
    fn new(dir: &Path) -> Self {
        let dir = dir.join("crowdsec");
        std::fs::create_dir(&dir).unwrap();
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let config = format!(
            "common: {{ daemonize: false, log_media: stdout, log_level: info }}
config_paths: {{ config_dir: DIR, data_dir: DIR, simulation_path: DIR/simulation.yaml, hub_dir: HUB, index_path: HUB/.index.json, notification_dir: DIR, plugin_dir: DIR }}
crowdsec_service: {{ acquisition_path: DIR/acquis.yaml, parser_routines: 1 }}
db_config: {{ type: sqlite, db_path: DIR/crowdsec.db }}
plugin_config: {{ user: nobody, group: nogroup }}
api:
  client: {{ credentials_path: DIR/credentials.yaml }}
  server: {{ listen_uri: 127.0.0.1:{port}, profiles_path: DIR/profiles.yaml }}
prometheus: {{ enabled: false }}
cscli: {{ output: human }}
"
        )
        .replace("DIR", dir.to_str().unwrap())
        .replace("HUB", clients().join("debian/usr/share/crowdsec/hub").to_str().unwrap());
        let installed = clients().join("debian/etc/crowdsec");
        std::fs::copy(installed.join("profiles.yaml"), dir.join("profiles.yaml")).unwrap();
        std::os::unix::fs::symlink(installed.join("patterns"), dir.join("patterns")).unwrap();
        std::fs::write(dir.join("simulation.yaml"), "").unwrap();
        let file = dir.join("config.yaml");
        std::fs::write(&file, config).unwrap();
        let crowdsec = Self { dir, config: file };
        let credentials = crowdsec.dir.join("credentials.yaml");
        let machine =
            ["machines", "add", "test", "--password", "test", "--file", credentials.to_str().unwrap()];
        let url = format!("http://127.0.0.1:{port}");
        let cscli = Command::new(clients().join("debian/usr/bin/cscli"))
            .args(["-c", crowdsec.config.to_str().unwrap()]);
        cscli.args(machine).args(["--url", &url]).run().ok();
        crowdsec
    }

    /// Starts it on the container.
    fn follow(&self, gate: &Gate, container: &str) -> Running {
        let source = format!(
            "source: docker\ncontainer_name: [{container}]\ndocker_host: {}\ncheck_interval: 1s\nlabels: {{ type: test }}\n",
            gate.address()
        );
        std::fs::write(self.dir.join("acquis.yaml"), source).unwrap();
        let log = std::fs::File::create(self.dir.join("log")).unwrap();
        let child = std::process::Command::new(clients().join("debian/usr/bin/crowdsec"))
            .arg("-c")
            .arg(&self.config)
            .stdin(Stdio::null())
            .stdout(log.try_clone().unwrap())
            .stderr(log)
            .spawn()
            .expect("crowdsec, of the Debian package of that name");
        Running(child)
    }

    fn log(&self) -> String {
        std::fs::read_to_string(self.dir.join("log")).unwrap()
    }
}

#[test]
fn it_follows_a_container_and_is_refused_nothing() {
    let gate = Gate::with_policy("crowdsec").start();
    let container = Container::running("while :; do echo hello; sleep 1; done");
    let crowdsec = CrowdSec::new(gate.dir());
    let _running = crowdsec.follow(&gate, &container.name);
    let told = format!("start tail for container {}", container.name);
    eventually("CrowdSec to follow the container", || {
        let log = crowdsec.log();
        assert!(!log.contains("level=fatal"), "{log}");
        log.contains(&told).then_some(())
    });
    for operation in ["SystemInfo", "ContainerList", "ContainerInspect", "ContainerLogs"] {
        assert_eq!(gate.recorded("judged", operation).text("decision"), "permit");
    }
    gate.refused_nothing();
    let refused = gate.docker(["stop", &container.name]).run().failed(1);
    assert!(refused.stderr.contains("dockgate: "), "{refused:?}");
}
