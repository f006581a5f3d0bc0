//! GitLab Runner: a job with a cache and a network of its own, as the docker executor runs it.

use super::replay::Session;
use crate::harness::{BUSYBOX, Container, Engine, Gate, unique};

#[test]
fn a_job_runs_and_leaves_its_cache() {
    let gate = Gate::with_policy("gitlab-runner").start();
    let job = unique("runner");
    let _gone_in_the_end = Container::called(&job);
    let image = Engine::real().docker(["image", "inspect", "--format", "{{.Id}}", BUSYBOX]).ok().stdout;
    let mut session = Session::before(&gate).know("job", &job).know("image", image.trim());
    session.plays(
        r#"
        HEAD /_ping
        GET /v1.41/version
        GET /v1.41/info
        GET /v1.41/images/dockgate-test/busybox/json
        POST /v1.41/images/create?fromImage=docker.io%2Fdockgate-test%2Fbusybox&tag=none => any
        GET /v1.41/images/$image/json
        POST /v1.41/volumes/create {"Name":"$job-cache","Driver":"","DriverOpts":null,"Labels":{"com.gitlab.gitlab-runner.type":"cache"}}
        GET /v1.41/volumes/$job-cache
        POST /v1.41/networks/create {"Name":"$job-net","EnableIPv6":false,"Options":null,"Labels":{"com.gitlab.gitlab-runner.managed":"true"}}
        GET /v1.41/networks/$job-net
        DELETE /v1.41/containers/$job?force=1&v=1 => 404
        $build = POST /v1.41/containers/create?name=$job {"Hostname":"runner","AttachStdin":true,"AttachStdout":true,"AttachStderr":true,"OpenStdin":true,"StdinOnce":true,"Env":["CI=true"],"Cmd":["sh"],"Image":"$image","Labels":{"com.gitlab.gitlab-runner.type":"build"},"HostConfig":{"Binds":["$job-cache:/cache"],"ExtraHosts":["postgres:172.17.0.3"],"LogConfig":{"Type":"json-file","Config":{}},"NetworkMode":"$job-net","RestartPolicy":{"Name":"no","MaximumRetryCount":0},"CapAdd":null,"Devices":[],"ShmSize":0},"NetworkingConfig":{"EndpointsConfig":{"$job-net":{"Aliases":["build"]}}}}
        GET /v1.41/containers/$build/json
        "#,
    );
    let mut script =
        session.stream("POST /v1.41/containers/$build/attach?stderr=1&stdin=1&stdout=1&stream=1");
    session.plays("POST /v1.41/containers/$build/start");
    script.send("echo kept > /cache/kept; echo job $((6 * 7))\n");
    script.half_close();
    assert!(String::from_utf8_lossy(&script.rest()).contains("job 42"));
    let other = Container::running("sleep 600");
    let mut session = session.know("other", &other.name);
    session.plays(
        "
        POST /v1.41/containers/$build/wait?condition=not-running
        GET /v1.41/containers/$build/logs?stderr=1&stdout=1&timestamps=1
        POST /v1.41/containers/$build/stop => 304
        GET /v1.41/networks
        GET /v1.41/networks/$job-net
        DELETE /v1.41/containers/$build?force=1&v=1
        DELETE /v1.41/networks/$job-net
        ",
    );
    session.never(
        r#"
        POST /v1.41/containers/create {"Image":"$image","HostConfig":{"Privileged":true}}
        POST /v1.41/containers/create {"Image":"$image","HostConfig":{"Binds":["/var/run/docker.sock:/var/run/docker.sock"]}}
        POST /v1.41/containers/create {"Image":"$image","HostConfig":{"Devices":[{"PathOnHost":"/dev/kmsg","PathInContainer":"/dev/kmsg","CgroupPermissions":"rwm"}]}}
        POST /v1.41/containers/create {"Image":"$image","HostConfig":{"NetworkMode":"container:$other"}}
        GET /v1.41/containers/$other/json
        POST /v1.41/containers/$other/exec {"Cmd":["id"]}
        POST /v1.41/containers/$other/attach?stdin=1&stream=1
        DELETE /v1.41/containers/$other?force=1&v=1
        POST /v1.41/images/load
        "#,
    );
    assert!(other.is_running());
    session.plays("DELETE /v1.41/volumes/$job-cache?force=1");
}
