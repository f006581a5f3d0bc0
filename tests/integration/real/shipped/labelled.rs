//! Programs that start and stop what has a label of theirs: Sablier, docker-volume-backup and nginx-proxy's acme-companion, by
//! the calls that their sources make.

use super::replay::Session;
use crate::harness::{Container, Gate};

#[test]
fn sablier_starts_and_stops_what_has_its_label() {
    let gate = Gate::with_policy("sablier").start();
    let asleep = Container::run_with(&["--label", "sablier.enable=true", "--stop-timeout", "0"], "sleep 600");
    let other = Container::running("sleep 600");
    let mut session = Session::before(&gate).know("asleep", &asleep.name).know("other", &other.name);
    session.plays(
        r#"
        HEAD /_ping
        GET /v1.41/version
        GET /v1.41/containers/json?all=1&filters={"label":{"sablier.enable=true":true}}
        open GET /v1.41/events?filters={"event":{"create":true,"destroy":true,"die":true,"start":true},"type":{"container":true}}
        GET /v1.41/containers/$asleep/json
        POST /v1.41/containers/$asleep/pause
        POST /v1.41/containers/$asleep/unpause
        POST /v1.41/containers/$asleep/stop
        POST /v1.41/containers/$asleep/wait?condition=not-running
        POST /v1.41/containers/$asleep/start
        "#,
    );
    session.never(
        "
        GET /v1.41/containers/$other/json
        POST /v1.41/containers/$other/stop
        POST /v1.41/containers/$other/pause
        DELETE /v1.41/containers/$asleep
        GET /v1.41/containers/$asleep/logs?stdout=1
        ",
    );
    assert!(asleep.is_running() && other.is_running());
}

#[test]
fn a_backup_stops_and_starts_what_has_its_label() {
    let gate = Gate::with_policy("docker-volume-backup").start();
    let label = "docker-volume-backup.stop-during-backup=true";
    let stopped = Container::run_with(&["--label", label, "--stop-timeout", "0"], "sleep 600");
    let other = Container::running("sleep 600");
    let mut session = Session::before(&gate).know("stopped", &stopped.name).know("other", &other.name);
    session.plays(
        r#"
        HEAD /_ping
        GET /v1.41/info
        GET /v1.41/containers/json
        GET /v1.41/containers/json?filters={"label":{"docker-volume-backup.archive-pre":true}}
        POST /v1.41/containers/$stopped/stop
        POST /v1.41/containers/$stopped/start
        "#,
    );
    session.never(
        r#"
        POST /v1.41/containers/$other/stop
        POST /v1.41/containers/$stopped/exec {"Cmd":["id"]}
        GET /v1.41/containers/$stopped/archive?path=/etc
        "#,
    );
    assert!(stopped.is_running() && other.is_running());
}

#[test]
fn acme_companion_tells_nginx_of_new_certificates() {
    let gate = Gate::with_policy("acme-companion").start();
    let nginx = Container::run_with(
        &["--label", "com.github.nginx-proxy.nginx"],
        "trap : HUP; while true; do sleep 1; done",
    );
    let other = Container::running("sleep 600");
    let mut session = Session::before(&gate).know("nginx", &nginx.name).know("other", &other.name);
    session.plays(
        r#"
        GET /_ping
        GET /version
        GET /info
        GET /containers/json
        GET /containers/$other/json
        GET /networks
        open GET /events
        POST /containers/$nginx/kill?signal=SIGHUP
        $exec = POST /containers/$nginx/exec {"AttachStdin":false,"AttachStdout":true,"AttachStderr":true,"Tty":false,"Cmd":["true"]}
        open POST /exec/$exec/start {"Detach":false,"Tty":false}
        "#,
    );
    session.never(
        r#"
        POST /containers/$nginx/kill?signal=SIGKILL
        POST /containers/$other/kill?signal=SIGHUP
        POST /containers/$other/exec {"Cmd":["id"]}
        POST /containers/$nginx/restart
        "#,
    );
    assert!(nginx.is_running() && other.is_running());
}
