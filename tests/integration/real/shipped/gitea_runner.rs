//! Gitea's runner: a job with one step, as its source runs it.

use super::replay::Session;
use crate::harness::{Container, Engine, Gate, unique};

#[test]
fn a_job_runs_and_leaves_nothing() {
    let gate = Gate::with_policy("gitea-runner").start();
    let job = format!("GITEA-ACTIONS-TASK-7-WORKFLOW-ci-JOB-test-{}", unique("job"));
    let _gone_in_the_end = Container::called(&job);
    let other = Container::running("sleep 600");
    let mut session = Session::before(&gate).know("job", &job).know("other", &other.name);
    session.plays(
        r#"
        HEAD /_ping
        GET /v1.41/info
        GET /v1.41/images/dockgate-test/busybox/json
        GET /v1.41/containers/json?all=1
        GET /v1.41/volumes
        GET /v1.41/networks
        POST /v1.41/networks/create {"Name":"$job-network","Driver":"bridge","Scope":"local","Labels":{"com.gitea.runner.uuid":"5c0f"}}
        POST /v1.41/containers/create?name=$job {"Image":"dockgate-test/busybox","WorkingDir":"/workspace","Env":["LANG=C.UTF-8"],"Entrypoint":["/bin/sleep","600"],"HostConfig":{"Binds":[],"NetworkMode":"$job-network","Mounts":[{"Type":"volume","Source":"$job","Target":"/workspace"},{"Type":"volume","Source":"$job-env","Target":"/var/run/act"}]},"NetworkingConfig":{"EndpointsConfig":{"$job-network":{"Aliases":["test"]}}}}
        POST /v1.41/containers/$job/start
        GET /v1.41/containers/$job/json
        $exec = POST /v1.41/containers/$job/exec {"User":"0","Cmd":["sh","-c","echo A=b > /var/run/act/envs.txt"],"WorkingDir":"/workspace","Env":["CI=true"],"AttachStdout":true,"AttachStderr":true}
        open POST /v1.41/exec/$exec/start {"Tty":false}
        GET /v1.41/exec/$exec/json
        "#,
    );
    session.puts("/v1.41/containers/$job/archive?noOverwriteDirNonDir=true&path=/var/run/act", &[0; 1024]);
    session.plays("GET /v1.41/containers/$job/archive?path=/var/run/act");
    session.never(
        r#"
        POST /v1.41/containers/create?name=$job-x {"Image":"dockgate-test/busybox","HostConfig":{"Binds":["/var/run/docker.sock:/var/run/docker.sock"]}}
        POST /v1.41/containers/create?name=$job-x {"Image":"dockgate-test/busybox","HostConfig":{"Privileged":true}}
        POST /v1.41/containers/create?name=$job-x {"Image":"dockgate-test/busybox","HostConfig":{"VolumesFrom":["$other"]}}
        POST /v1.41/containers/$other/exec {"Cmd":["id"]}
        DELETE /v1.41/containers/$other?force=1&v=1
        GET /v1.41/containers/$other/archive?path=/etc
        "#,
    );
    session.plays(
        "
        POST /v1.41/containers/$job/kill?signal=SIGKILL
        DELETE /v1.41/containers/$job?force=1&v=1
        DELETE /v1.41/volumes/$job
        DELETE /v1.41/volumes/$job-env
        GET /v1.41/networks/$job-network
        DELETE /v1.41/networks/$job-network
        ",
    );
    assert!(other.is_running());
    Engine::real().docker(["volume", "inspect", &job]).failed(1);
    Engine::real().docker(["network", "inspect", &format!("{job}-network")]).failed(1);
}
