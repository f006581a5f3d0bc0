//! Watchtower: a container is made anew of what was inspected, as it does when there is a newer image.

use serde_json::{Value, json};

use super::replay::Session;
use crate::harness::{Container, Engine, Gate, unique};

/// The body that it makes of a container: what is the image's own and what the daemon tells is left out.
fn anew(container: &Container) -> Value {
    let (_, seen) =
        Engine::real().ask("GET", &format!("/v1.41/containers/{}/json", container.name), &Value::Null);
    let mut body = seen["Config"].clone();
    body["Env"] = Value::Null;
    body["HostConfig"] = seen["HostConfig"].clone();
    body["NetworkingConfig"] = json!({ "EndpointsConfig": seen["NetworkSettings"]["Networks"] });
    for endpoint in body["NetworkingConfig"]["EndpointsConfig"].as_object_mut().unwrap().values_mut() {
        endpoint["Aliases"] = json!([]);
        for told in ["MacAddress", "IPAddress"] {
            endpoint[told] = json!("");
        }
    }
    body
}

/// A network of one test.
struct Network(String);

impl Drop for Network {
    fn drop(&mut self) {
        Engine::real().docker(["network", "rm", &self.0]);
    }
}

#[test]
fn a_container_that_has_the_label_is_made_anew() {
    let gate = Gate::with_policy("watchtower").start();
    let network = Network(unique("net"));
    Engine::real().docker(["network", "create", &network.0]).ok();
    let label = "com.centurylinklabs.watchtower.enable=true";
    let volume = format!("{}:/data", unique("data"));
    let old = Container::run_with(
        &[
            "--label",
            label,
            "--network",
            &network.0,
            "--publish",
            "80",
            "--volume",
            &volume,
            "--restart",
            "unless-stopped",
        ],
        "trap exit TERM; sleep 600 & wait",
    );
    let other = Container::running("sleep 600");
    let listed = gate.docker(["ps", "--format", "{{.Names}}"]).run().ok().stdout;
    assert!(listed.contains(&old.name) && !listed.contains(&other.name), "it sees what it updates: {listed}");
    let body = anew(&old);
    assert!(
        body["HostConfig"]["MaskedPaths"].is_array() && body["HostConfig"]["Runtime"] == "runc",
        "{body}"
    );
    let privileged = {
        let mut body = body.clone();
        body["HostConfig"]["Privileged"] = json!(true);
        body
    };
    let unlabelled = {
        let mut body = body.clone();
        body["Labels"] = json!({});
        body
    };
    let mut session = Session::before(&gate)
        .know("unlabelled", &unlabelled.to_string())
        .know("privileged", &privileged.to_string())
        .know("body", &body.to_string())
        .know("other", &other.name)
        .know("old", &old.name);
    session.never(
        r#"
        POST /v1.41/containers/create $privileged
        POST /v1.41/containers/create $unlabelled
        GET /v1.41/containers/$other/json
        POST /v1.41/containers/$other/stop?t=10
        DELETE /v1.41/containers/$other?force=1
        POST /v1.41/containers/$old/update {"RestartPolicy":{"Name":"no"}}
        POST /v1.41/containers/$old/exec {"Cmd":["id"]}
        GET /v1.41/events
        "#,
    );
    session.plays(
        "
        HEAD /_ping
        GET /v1.41/info
        GET /v1.41/containers/$old/json
        GET /v1.41/images/dockgate-test/busybox/json
        POST /v1.41/images/create?fromImage=docker.io%2Fdockgate-test%2Fbusybox&tag=none => any
        POST /v1.41/containers/$old/stop?t=10
        DELETE /v1.41/containers/$old?force=1
        $new = POST /v1.41/containers/create $body
        POST /v1.41/containers/$new/rename?name=$old
        POST /v1.41/containers/$new/start
        GET /v1.41/containers/$new/json
        ",
    );
    assert!(old.is_running() && other.is_running());
    let data = volume.trim_end_matches(":/data");
    drop(old);
    Engine::real().docker(["volume", "rm", data]).ok();
}
