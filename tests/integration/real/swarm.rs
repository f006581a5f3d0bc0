//! Two clients of one swarm, each with services, secrets, configs and networks that are its own.

use serde_json::{Value, json};

use super::tenants::Tenants;
use crate::harness::{BUSYBOX, Engine, OwnEngine, docker, eventually};

/// What each of the two may do.
const RULE: &str = r#"
    operations = ["*"]
    own = "NAME"
    container.owner = "NAME"
    network.owner = "NAME"
    service.owner = "NAME"
    task.owner = "NAME"
    secret.owner = "NAME"
    config.owner = "NAME"
    image.name = "dockgate-test/*"
    drivers = ["network:overlay"]
"#;

/// A swarm of one, and what alice has in it: a service on a network, with a secret and a config.
struct World {
    tenants: Tenants,
    engine: OwnEngine,
}

impl World {
    fn new() -> Self {
        let engine = OwnEngine::start();
        let straight = |arguments: &[&str]| docker(&engine.address()).args(arguments).run().ok();
        straight(&["swarm", "init", "--advertise-addr", "127.0.0.1"]);
        let tenants = Tenants::with(RULE, |starting| starting.daemon_at(&engine.address()));
        let image = tenants.gate.dir().join("image.tar").to_string_lossy().into_owned();
        Engine::real().docker(["save", "--output", &image, BUSYBOX]).ok();
        straight(&["load", "--input", &image]);
        let world = Self { tenants, engine };
        let note = world.tenants.gate.dir().join("note").to_string_lossy().into_owned();
        std::fs::write(&note, "hush").unwrap();
        for arguments in [
            &["network", "create", "--driver", "overlay", "a-net"][..],
            &["secret", "create", "a-secret", &note],
            &["config", "create", "a-config", &note],
            &[
                "service",
                "create",
                "--detach",
                "--no-resolve-image",
                "--name",
                "a-svc",
                "--network",
                "a-net",
                "--secret",
                "a-secret",
                "--config",
                "a-config",
                BUSYBOX,
                "sh",
                "-c",
                "echo up; sleep 600",
            ],
        ] {
            world.tenants.docker("alice", arguments).ok();
        }
        eventually("alice's task", || {
            let tasks = world
                .tenants
                .docker("alice", &["service", "ps", "--format", "{{.CurrentState}}", "a-svc"])
                .ok()
                .stdout;
            tasks.starts_with("Running").then_some(())
        });
        world
    }

    /// What alice is shown of a thing.
    fn shown(&self, path: &str) -> Value {
        let answer = self.tenants.ask("alice", "GET", path, &Value::Null);
        assert_eq!(answer.status, 200, "{path}: {answer:?}");
        serde_json::from_slice(&answer.body).unwrap()
    }
}

#[test]
fn what_is_anothers_in_the_swarm_is_not_there() {
    let world = World::new();
    let service = world.shown("/services/a-svc");
    let task = &world.shown("/tasks")[0];
    let labels = |path: &str| service.pointer(path).unwrap()["io.dockgate.owner"].clone();
    assert_eq!(labels("/Spec/Labels"), "alice");
    assert_eq!(labels("/Spec/TaskTemplate/ContainerSpec/Labels"), "alice");
    assert!(
        world.tenants.docker("alice", &["ps"]).ok().stdout.contains("a-svc.1."),
        "the task's container is hers"
    );

    let (service_id, task_id) = (service["ID"].as_str().unwrap(), task["ID"].as_str().unwrap());
    let version = service["Version"]["Index"].as_u64().unwrap();
    let spec = &service["Spec"];
    let mut asked = vec![("GET", format!("/tasks/{task_id}"), Value::Null)];
    asked.push(("GET", format!("/tasks/{task_id}/logs?stdout=1"), Value::Null));
    for name in ["a-svc", service_id, service_id.get(..10).unwrap()] {
        asked.push(("GET", format!("/services/{name}"), Value::Null));
        asked.push(("GET", format!("/services/{name}/logs?stdout=1"), Value::Null));
        asked.push(("POST", format!("/services/{name}/update?version={version}"), spec.clone()));
        asked.push((
            "POST",
            format!("/services/{name}/update?version={version}&rollback=previous"),
            spec.clone(),
        ));
        asked.push(("DELETE", format!("/services/{name}"), Value::Null));
    }
    for kind in ["secrets", "configs"] {
        let name = format!("a-{}", kind.trim_end_matches('s'));
        let id = world.shown(&format!("/{kind}/{name}"))["ID"].as_str().unwrap().to_owned();
        for name in [name.as_str(), &id, id.get(..10).unwrap()] {
            asked.push(("GET", format!("/{kind}/{name}"), Value::Null));
            asked.push(("POST", format!("/{kind}/{name}/update?version=1"), json!({"Name": name})));
            asked.push(("DELETE", format!("/{kind}/{name}"), Value::Null));
        }
    }
    // A service of bob's with something of alice's.
    let secret = world.shown("/secrets/a-secret")["ID"].clone();
    let config = world.shown("/configs/a-config")["ID"].clone();
    let file = json!({"Name": "x", "UID": "0", "GID": "0", "Mode": 292});
    for (with, what) in [
        ("Secrets", json!([{"File": file, "SecretID": secret, "SecretName": "a-secret"}])),
        ("Configs", json!([{"File": file, "ConfigID": config, "ConfigName": "a-config"}])),
    ] {
        let body =
            json!({"Name": "b-svc", "TaskTemplate": {"ContainerSpec": {"Image": BUSYBOX, with: what}}});
        asked.push(("POST", "/services/create".to_owned(), body));
    }
    let network = json!([{"Target": "a-net"}]);
    let body =
        json!({"Name": "b-svc", "TaskTemplate": {"ContainerSpec": {"Image": BUSYBOX}, "Networks": network}});
    asked.push(("POST", "/services/create".to_owned(), body));
    for (method, path, body) in &asked {
        let answer = world.tenants.ask("bob", method, path, body);
        assert_eq!(answer.status, 404, "{method} {path} {body}: {answer:?}");
    }

    for list in ["service", "secret", "config", "network", "container"] {
        let seen = world.tenants.docker("bob", &[list, "ls"]).ok().stdout;
        assert_eq!(seen.lines().count(), 1, "{list} ls shows the heading alone: {seen}");
    }
    assert_eq!(world.tenants.ask("bob", "GET", "/tasks", &Value::Null).body, b"[]\n");
    let events = world.tenants.docker("bob", &["events", "--since", "10m", "--until", "0s"]).ok().stdout;
    assert!(!events.contains("a-"), "{events}");
    assert_eq!(&world.shown("/services/a-svc")["Spec"], spec, "nothing has touched it");
    world.tenants.docker("alice", &["service", "update", "--detach", "--env-add", "X=1", "a-svc"]).ok();
    world.tenants.docker("alice", &["service", "rm", "a-svc"]).ok();
    let left = docker(&world.engine.address()).args(["service", "ls", "--quiet"]).run().ok().stdout;
    assert_eq!(left, "");
}
