//! Zabbix agent 2: the keys of its plugin for Docker, under the policy that ships for it.

use crate::harness::{Command, Container, Gate, clients};

#[test]
fn its_keys_have_values_and_nothing_is_refused() {
    let gate = Gate::with_policy("zabbix").start();
    let container = Container::running("sleep 600");
    let file = gate.dir().join("agent.conf");
    let log = gate.dir().join("agent.log");
    let config = format!(
        "LogFile={}\nHostname=test\nServerActive=\nPlugins.Docker.Endpoint={}\n",
        log.display(),
        gate.address()
    );
    std::fs::write(&file, config).unwrap();
    let value = |key: &str| {
        let agent = Command::new(clients().join("debian/usr/sbin/zabbix_agent2"));
        let said = agent.args(["-c", file.to_str().unwrap(), "-t", key]).run().ok().stdout;
        assert!(said.contains("[s|"), "{key}: {said}");
        said
    };
    assert!(value("docker.ping").contains("[s|1]"));
    for key in ["docker.info", "docker.data_usage", "docker.images", "docker.images.discovery"] {
        value(key);
    }
    for key in ["docker.containers", "docker.containers.discovery", "docker.containers.discovery[true]"] {
        assert!(value(key).contains(&container.name), "{key}");
    }
    for key in ["container_info[/NAME]", "container_info[/NAME,full]", "container_stats[/NAME]"] {
        value(&format!("docker.{}", key.replace("NAME", &container.name)));
    }
    gate.refused_nothing();
    let refused = gate.docker(["logs", &container.name]).run().failed(1);
    assert!(refused.stderr.contains("dockgate: "), "{refused:?}");
}
