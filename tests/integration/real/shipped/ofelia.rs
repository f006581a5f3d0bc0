//! Ofelia: a job in a container, and one of an image, as its source runs them.

use super::replay::Session;
use crate::harness::{Container, Gate};

#[test]
fn jobs_run_where_they_may() {
    let gate = Gate::with_policy("ofelia").start();
    let web = Container::run_with(&["--label", "ofelia.enabled=true"], "sleep 600");
    let other = Container::running("sleep 600");
    let mut session = Session::before(&gate).know("web", &web.name).know("other", &other.name);
    session.plays(
        r#"
        GET /info
        GET /containers/json?filters={"label":["ofelia.enabled=true"]}
        GET /version
        $exec = POST /containers/$web/exec {"Env":["A=b"],"Cmd":["true"],"Container":"$web","User":"root","AttachStdout":true,"AttachStderr":true}
        open POST /exec/$exec/start {"Detach":false,"Tty":false}
        GET /exec/$exec/json
        POST /containers/$web/start => 304
        POST /images/create?fromImage=dockgate-test%2Fbusybox&tag=none => any
        GET /images/json?filters={"reference":["dockgate-test/busybox"]}
        $job = POST /containers/create? {"User":"root","Cmd":["echo","done"],"Image":"dockgate-test/busybox","Entrypoint":null,"AttachStdout":true,"AttachStderr":true,"HostConfig":{"ConsoleSize":[0,0],"RestartPolicy":{},"LogConfig":{}},"NetworkingConfig":{}}
        POST /containers/$job/start
        GET /containers/$job/json?
        "#,
    );
    session.never(
        r#"
        GET /containers/$other/json
        POST /containers/$other/exec {"Cmd":["id"],"Container":"$other","User":"root"}
        POST /containers/$other/start
        DELETE /containers/$web?force=1
        POST /containers/create {"Image":"dockgate-test/busybox","HostConfig":{"Binds":["/etc:/etc"]}}
        POST /containers/$job/exec {"Cmd":["id"]}
        "#,
    );
    let logs = session.stream("GET /containers/$job/logs?follow=1&stderr=1&stdout=1&tail=all").until(b"done");
    assert!(logs.ends_with(b"done"));
    session.plays("DELETE /containers/$job?");
    assert!(web.is_running() && other.is_running());
}
