//! Portainer where it manages: a container is deployed on a network of its own, entered, changed and removed.

use super::replay::Session;
use crate::harness::{Container, Engine, Gate, unique};

#[test]
fn a_container_is_deployed_and_removed_and_gets_no_more() {
    let gate = Gate::with_policy("portainer").start();
    let name = unique("app");
    let _gone_in_the_end = Container::called(&name);
    let mut session = Session::before(&gate).know("app", &name);
    session.plays(
        r#"
        GET /_ping
        GET /info
        GET /version
        GET /containers/json?all=1
        GET /images/json
        GET /volumes
        GET /networks
        POST /images/create?fromImage=dockgate-test/busybox:none => any
        POST /networks/create {"Name":"$app-net","Driver":"bridge","CheckDuplicate":true,"Internal":false,"Attachable":true,"EnableIPv6":false,"Labels":{},"Options":{},"IPAM":{"Driver":"default","Config":[],"Options":{}}}
        POST /volumes/create {"Name":"$app-data","Driver":"local","DriverOpts":{}}
        $id = POST /containers/create?name=$app {"Image":"dockgate-test/busybox","Cmd":["sh","-c","trap exit TERM; sleep 600 & wait"],"Env":["A=b"],"ExposedPorts":{"80/tcp":{}},"Labels":{},"HostConfig":{"RestartPolicy":{"Name":"always"},"PortBindings":{"80/tcp":[{"HostPort":""}]},"Binds":["$app-data:/data"],"NetworkMode":"$app-net","Privileged":false,"Devices":[],"CapAdd":[],"CapDrop":[]},"NetworkingConfig":{"EndpointsConfig":{"$app-net":{"Aliases":[]}}}}
        POST /containers/$id/start {}
        GET /containers/$id/json
        GET /containers/$id/stats?stream=false
        GET /containers/$id/top
        GET /containers/$id/logs?stdout=1&stderr=1&timestamps=1&tail=100
        $exec = POST /containers/$id/exec {"AttachStdin":true,"AttachStdout":true,"AttachStderr":true,"Tty":true,"User":"root","Cmd":["sh"]}
        open POST /exec/$exec/start {"Detach":false,"Tty":true}
        POST /exec/$exec/resize?h=40&w=120 {}
        POST /containers/$id/update {"Memory":67108864,"MemorySwap":-1,"MemoryReservation":0,"NanoCpus":500000000,"RestartPolicy":{"Name":"no"}}
        POST /containers/$id/restart?t=1
        POST /containers/$id/pause
        POST /containers/$id/unpause
        POST /containers/$id/rename?name=$app-2
        POST /networks/bridge/connect {"Container":"$id"}
        POST /networks/bridge/disconnect {"Container":"$id","Force":false}
        POST /containers/$id/kill
        "#,
    );
    session.never(
        r#"
        POST /containers/create {"Image":"dockgate-test/busybox","HostConfig":{"Privileged":true}}
        POST /containers/create {"Image":"dockgate-test/busybox","HostConfig":{"Binds":["/var/run/docker.sock:/var/run/docker.sock"]}}
        POST /containers/create {"Image":"dockgate-test/busybox","HostConfig":{"Binds":["/etc:/etc"]}}
        POST /containers/create {"Image":"dockgate-test/busybox","HostConfig":{"PidMode":"host"}}
        POST /containers/$id/exec {"Cmd":["id"],"Privileged":true}
        POST /volumes/create {"Name":"$app-x","DriverOpts":{"type":"none","o":"bind","device":"/"}}
        POST /networks/create {"Name":"$app-x","Driver":"macvlan"}
        GET /containers/$id/export
        POST /commit?container=$id
        POST /swarm/init
        POST /plugins/pull?remote=x
        "#,
    );
    session.plays(
        "
        POST /containers/$id/rename?name=$app
        DELETE /containers/$id?v=1&force=true
        DELETE /volumes/$app-data
        DELETE /networks/$app-net
        ",
    );
    Engine::real().docker(["network", "inspect", &format!("{name}-net")]).failed(1);
}
