//! Glances: it shows the containers under the policy that ships for it.

use crate::harness::{Command, Container, Gate, clients};

#[test]
fn it_shows_containers_and_is_refused_nothing() {
    let gate = Gate::with_policy("glances").start();
    let container = Container::running("sleep 600");
    let only = ["--disable-plugin", "all", "--enable-plugin", "containers"];
    let show = ["--config", "/dev/null", "--stdout-json", "containers", "--stop-after", "3"];
    let glances = Command::new(clients().join("python/bin/glances")).args(only).args(show);
    let shown =
        glances.env("DOCKER_HOST", gate.address()).env("HOME", gate.dir().to_string_lossy()).run().ok();
    assert!(shown.stdout.contains(&container.name), "{shown:?}");
    for operation in ["ContainerList", "ContainerInspect", "ContainerStats", "ImageInspect"] {
        assert_eq!(gate.recorded("judged", operation).text("decision"), "permit");
    }
    gate.refused_nothing();
    let refused = gate.docker(["logs", &container.name]).env("DOCKER_API_VERSION", "1.41").run().failed(1);
    assert!(refused.stderr.contains("dockgate: "), "{refused:?}");
}
