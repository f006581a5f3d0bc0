//! `AppAPI` of Nextcloud: an external app is deployed, gets the server's certificates, and is removed with its data.

use super::replay::Session;
use crate::harness::{BUSYBOX, Container, Engine, Gate, archive, unique};

/// An image, a network and a volume of one test.
struct App {
    image: String,
    network: String,
    volume: String,
}

impl Drop for App {
    fn drop(&mut self) {
        Engine::real().docker(["image", "rm", &self.image]);
        Engine::real().docker(["network", "rm", &self.network]);
        Engine::real().docker(["volume", "rm", "--force", &self.volume]);
    }
}

#[test]
fn an_app_is_deployed_and_removed() {
    let name = unique("app");
    let app = App {
        image: format!("ghcr.io/nextcloud/{name}:1"),
        network: unique("nextcloud"),
        volume: format!("nc_app_{name}_data"),
    };
    Engine::real().docker(["image", "tag", BUSYBOX, &app.image]).ok();
    Engine::real().docker(["network", "create", &app.network]).ok();
    let shipped = include_str!("../../../../policy/nextcloud-appapi.toml");
    let network = "network.name = \"nextcloud\"";
    assert!(shipped.contains(network));
    let policy = shipped.replace(network, &format!("network.name = \"{}\"", app.network));
    let gate = Gate::with_policy_text(&policy).start();
    // By the name that an app would have, but not made through this gate.
    let foreign = Container::called(&format!("nc_app_{}", unique("db")));
    Engine::real().docker(["run", "--detach", "--name", &foreign.name, BUSYBOX, "sleep", "600"]).ok();
    let _gone_in_the_end = Container::called(&format!("nc_app_{name}"));
    let mut session = Session::before(&gate)
        .know("app", &name)
        .know("image", &app.image)
        .know("net", &app.network)
        .know("foreign", &foreign.name);
    session.plays(
        r#"
        GET /v1.41/_ping
        GET /v1.41/images/$image/json
        POST /v1.41/images/create?fromImage=ghcr.io%2Fnextcloud%2F$app%3Anone => any
        GET /v1.41/containers/nc_app_$app/json => 404
        POST /v1.41/volumes/create {"name":"nc_app_$app_data"}
        HEAD /_ping
        GET /version
        POST /v1.41/containers/create?name=nc_app_$app {"Image":"$image","Hostname":"app","HostConfig":{"NetworkMode":"$net","Mounts":[{"Type":"volume","Source":"nc_app_$app_data","Target":"/nc_app_$app_data","ReadOnly":false}],"RestartPolicy":{"Name":"unless-stopped"},"Memory":67108864,"NanoCPUs":1000000000},"Env":["APP_ID=app"],"NetworkingConfig":{"EndpointsConfig":{"$net":{"Aliases":["app"]}}},"Cmd":["sleep","600"]}
        POST /v1.41/containers/nc_app_$app/start
        $exec = POST /v1.41/containers/nc_app_$app/exec {"Cmd":["mkdir","-p","/certificates"],"AttachStdout":true,"AttachStderr":true}
        open POST /v1.41/exec/$exec/start {"Detach":false,"Tty":false}
        "#,
    );
    let tar = archive::pack(&[archive::Entry::file("certificate.crt", "-----BEGIN")]);
    session.puts("/v1.41/containers/nc_app_$app/archive?path=%2F", &tar);
    session.plays(
        "
        POST /v1.41/containers/nc_app_$app/stop
        POST /v1.41/containers/nc_app_$app/start
        GET /v1.41/containers/nc_app_$app/json
        GET /v1.41/containers/nc_app_$app/logs?stdout=true&stderr=true&tail=all
        ",
    );
    session.never(
        r#"
        POST /v1.41/containers/create?name=nc_app_x {"Image":"dockgate-test/busybox"}
        POST /v1.41/containers/create?name=nc_app_x {"Image":"$image","HostConfig":{"Privileged":true}}
        POST /v1.41/containers/create?name=nc_app_x {"Image":"$image","HostConfig":{"Mounts":[{"Type":"bind","Source":"/etc","Target":"/etc"}]}}
        POST /v1.41/containers/create?name=nc_app_x {"Image":"$image","HostConfig":{"NetworkMode":"host"}}
        GET /v1.41/containers/$foreign/json
        POST /v1.41/containers/$foreign/exec {"Cmd":["id"]}
        DELETE /v1.41/containers/$foreign?force=true
        GET /v1.41/containers/json
        POST /v1.41/build
        "#,
    );
    assert!(foreign.is_running());
    session.plays(
        r#"
        DELETE /v1.41/containers/nc_app_$app?force=true
        DELETE /v1.41/volumes/nc_app_$app_data {"name":"nc_app_$app_data"}
        "#,
    );
    Engine::real().docker(["volume", "inspect", &app.volume]).failed(1);
}
