//! Woodpecker's agent: a workflow with one step, as its docker backend runs it.

use super::replay::Session;
use crate::harness::{Container, Engine, Gate, unique};

#[test]
fn a_workflow_runs_and_leaves_nothing() {
    let gate = Gate::with_policy("woodpecker").start();
    let flow = unique("wp");
    let _gone_in_the_end = Container::called(&format!("wp_{flow}"));
    let mut session = Session::before(&gate).know("flow", &flow);
    session.plays(
        r#"
        HEAD /_ping
        GET /v1.41/info
        POST /v1.41/volumes/create {"Name":"$flow","Driver":"local"}
        POST /v1.41/networks/create {"Name":"$flow","Driver":"bridge","EnableIPv6":false}
        POST /v1.41/images/create?fromImage=docker.io%2Fdockgate-test%2Fbusybox&tag=none => any
        POST /v1.41/containers/create?name=wp_$flow {"AttachStdout":true,"AttachStderr":true,"Image":"dockgate-test/busybox","Env":["CI=woodpecker"],"Entrypoint":["sh","-c","echo built > /woodpecker/out; cat /woodpecker/out"],"Labels":{"wp_uuid":"$flow","wp_step":"build"},"Volumes":{"/woodpecker":{}},"WorkingDir":"/woodpecker","HostConfig":{"Binds":["$flow:/woodpecker"],"LogConfig":{"Type":"json-file","Config":null},"Tmpfs":{},"ShmSize":0}}
        POST /v1.41/networks/$flow/connect {"Container":"wp_$flow","EndpointConfig":{"Aliases":["build"]}}
        POST /v1.41/containers/wp_$flow/start
        POST /v1.41/containers/wp_$flow/wait
        GET /v1.41/containers/wp_$flow/json
        "#,
    );
    let logs =
        session.stream("GET /v1.41/containers/wp_$flow/logs?follow=1&stderr=1&stdout=1").until(b"built");
    assert!(logs.ends_with(b"built"));
    let other = Container::running("sleep 600");
    let session = session.know("other", &other.name);
    session.never(
        r#"
        POST /v1.41/containers/create?name=wp_x {"Image":"dockgate-test/busybox","HostConfig":{"Privileged":true}}
        POST /v1.41/containers/create?name=wp_x {"Image":"dockgate-test/busybox","HostConfig":{"Binds":["/etc:/etc"]}}
        POST /v1.41/containers/create?name=wp_x {"Image":"dockgate-test/busybox","HostConfig":{"NetworkMode":"host"}}
        POST /v1.41/containers/$other/stop
        DELETE /v1.41/containers/$other?force=1
        GET /v1.41/containers/$other/json
        POST /v1.41/networks/$flow/connect {"Container":"$other"}
        POST /v1.41/containers/wp_$flow/exec {"Cmd":["id"]}
        GET /v1.41/containers/json
        "#,
    );
    let mut session = session;
    session.plays(
        "
        POST /v1.41/containers/wp_$flow/stop?t=20 => 304
        POST /v1.41/containers/wp_$flow/kill?signal=9 => 409
        DELETE /v1.41/containers/wp_$flow?v=1
        DELETE /v1.41/volumes/$flow?force=1
        DELETE /v1.41/networks/$flow
        ",
    );
    assert!(other.is_running());
    Engine::real().docker(["volume", "inspect", &flow]).failed(1);
    Engine::real().docker(["network", "inspect", &flow]).failed(1);
}
