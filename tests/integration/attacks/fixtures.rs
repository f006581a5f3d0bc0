//! What the cases take for granted: two tenants' containers, images, networks and volumes.
//!
//! The names are those of the catalogue's bytes, so they are not unique to a run: the engine must have nothing
//! else whose name begins with `own-` or `victim`.

use std::collections::BTreeMap;
use std::net::TcpListener;

use serde_json::{Value, json};

use crate::harness::Engine;

/// What says that `own-net` is the tests'.
const LABEL: &str = "dockgate-test";
const BUSYBOX: &str = "dockgate-test/busybox";
/// The port that the catalogue's requests for a URL name.
const PORT: &str = "19777";

/// Everything that was made; taken away again in the end.
pub(super) struct Fixtures {
    engine: Engine,
    images: Vec<(&'static str, String)>,
    containers: Vec<Container>,
    /// Where a daemon that takes the bait would go.
    bait: TcpListener,
}

struct Container {
    name: &'static str,
    body: Value,
    running: bool,
    id: String,
}

impl Fixtures {
    pub(super) fn make(engine: Engine) -> Self {
        let mut this = Self {
            engine,
            images: Vec::new(),
            containers: Vec::new(),
            bait: TcpListener::bind("127.0.0.1:0").unwrap(),
        };
        this.bait.set_nonblocking(true).unwrap();
        this.insist_on_an_engine_without_others();
        this.clear();
        this.directories(
            "mkdir -p /srv/allowed/data /srv/allowed-evil && ln -sfn / /srv/allowed/lnk && touch /srv/allowed/$0",
        );
        this.make_images();
        this.images = ["own/bb", "victim/img"].map(|name| (name, this.image(name))).to_vec();
        for name in ["own-net", "victim-net"] {
            let body =
                json!({"Name": name, "Internal": true, "CheckDuplicate": true, "Labels": {LABEL: "attacks"}});
            this.post("/networks/create", &body);
        }
        this.post("/volumes/create", &json!({"Name": "own-vol"}));
        let trap = json!({"type": "none", "o": "bind", "device": "/etc"});
        this.post("/volumes/create", &json!({"Name": "own-trap", "DriverOpts": trap}));
        this.containers = containers();
        this.mend();
        this
    }

    /// Makes everything as it was again: what is gone, stopped or renamed anew, what is new away.
    pub(super) fn mend(&mut self) {
        self.clear_what_is_new();
        for (name, id) in &self.images {
            if self.image(name) != *id {
                self.post(&format!("/images/{id}/tag?repo={name}"), &Value::Null);
            }
        }
        for container in &mut self.containers {
            let (status, seen) =
                self.engine.ask("GET", &format!("/containers/{}/json", container.id), &Value::Null);
            let whole = status == 200
                && !container.id.is_empty()
                && seen["Name"] == format!("/{}", container.name)
                && seen["State"]["Running"] == container.running;
            if whole {
                continue;
            }
            for name in [container.name, &container.id] {
                self.engine.ask("DELETE", &format!("/containers/{name}?force=1&v=1"), &Value::Null);
            }
            container.id = create(&self.engine, container.name, &container.body);
            if container.running {
                start(&self.engine, &container.id);
            }
        }
    }

    /// What stands for the placeholders of a request.
    pub(super) fn names(&self) -> BTreeMap<&'static str, String> {
        let start =
            |id: &str, length| id.trim_start_matches("sha256:").chars().take(length).collect::<String>();
        let (victim, own) = (self.id("victim"), self.id("own-a"));
        let image = self.image("victim/img");
        let network = self.get("/networks/victim-net")["Id"].as_str().unwrap().to_owned();
        BTreeMap::from([
            ("{{VICTIM_ID12}}", start(victim, 12)),
            ("{{VICTIM_ID7}}", start(victim, 7)),
            ("{{VICTIM_ID}}", victim.to_owned()),
            ("{{OWN_ID12}}", start(own, 12)),
            ("{{VICTIM_IMG12}}", start(&image, 12)),
            ("{{VICTIM_IMG7}}", start(&image, 7)),
            ("{{VICTIM_NET12}}", start(&network, 12)),
            ("{{VICTIM_NET7}}", start(&network, 7)),
            ("{{SECRET}}", "hunter2".to_owned()),
            ("{{SWPORT}}", "24777".to_owned()),
            (PORT, self.bait.local_addr().unwrap().port().to_string()),
        ])
    }

    /// A new exec in `container`, for a placeholder: an exec is started once.
    pub(super) fn exec(&self, container: &str, command: &[&str]) -> String {
        let body = json!({
            "Cmd": command, "User": "65534", "AttachStdin": true, "AttachStdout": true, "AttachStderr": true,
        });
        text(&self.post(&format!("/containers/{container}/exec"), &body)["Id"])
    }

    /// Whether anybody asked for the URL that some of the requests name.
    pub(super) fn bait_was_taken(&self) -> bool {
        self.bait.accept().is_ok()
    }

    fn id(&self, name: &str) -> &str {
        &self.containers.iter().find(|container| container.name == name).unwrap().id
    }

    /// The ID of the image that this name means now.
    fn image(&self, name: &str) -> String {
        text(&self.engine.ask("GET", &format!("/images/{name}/json"), &Value::Null).1["Id"])
    }

    #[track_caller]
    fn get(&self, path: &str) -> Value {
        let (status, answer) = self.engine.ask("GET", path, &Value::Null);
        assert_eq!(status, 200, "GET {path}: {answer}");
        answer
    }

    #[track_caller]
    fn post(&self, path: &str, body: &Value) -> Value {
        let (status, answer) = self.engine.ask("POST", path, body);
        assert!(status < 300, "POST {path}: {status} {answer}");
        answer
    }

    fn make_images(&self) {
        self.post(&format!("/images/{BUSYBOX}/tag?repo=own/bb"), &Value::Null);
        let maker = create(
            &self.engine,
            "own-maker",
            &json!({"Image": "own/bb", "Cmd": ["sh", "-c", "echo topsecret >/secret"], "HostConfig": {"NetworkMode": "none"}}),
        );
        start(&self.engine, &maker);
        self.post(&format!("/containers/{maker}/wait"), &Value::Null);
        self.post(&format!("/commit?container={maker}&repo=victim/img"), &json!({"Cmd": ["sh"]}));
        self.engine.ask("DELETE", &format!("/containers/{maker}"), &Value::Null);
    }

    /// Runs `script` where it sees the engine's `/srv`.
    #[track_caller]
    fn directories(&self, script: &str) {
        let script = format!("[ ! -e /srv/allowed ] || [ -e /srv/allowed/$0 ] || exit 3; {script}");
        let body = json!({
            "Image": BUSYBOX, "Cmd": ["sh", "-c", script, ".dockgate-test"],
            "HostConfig": {"Binds": ["/srv:/srv"], "NetworkMode": "none"},
        });
        let id = create(&self.engine, "own-srv", &body);
        start(&self.engine, &id);
        let code = self.post(&format!("/containers/{id}/wait"), &Value::Null)["StatusCode"].clone();
        self.engine.ask("DELETE", &format!("/containers/{id}"), &Value::Null);
        assert_eq!(
            code, 0,
            "/srv/allowed is to be made on the engine's host; 3 means that it has one already"
        );
    }

    /// # Panics
    /// Where something has the names of the fixtures that no earlier run of the tests has left behind.
    #[track_caller]
    fn insist_on_an_engine_without_others(&self) {
        let (_, network) = self.engine.ask("GET", "/networks/own-net", &Value::Null);
        if network["Labels"][LABEL] == "attacks" {
            return;
        }
        let taken: Vec<String> = self.things().into_iter().map(|(_, name)| name).collect();
        assert!(taken.is_empty(), "the engine has things called like the tests' fixtures: {taken:?}");
    }

    /// Everything of the engine that is called like a fixture, with the path that deletes it.
    fn things(&self) -> Vec<(String, String)> {
        let is_ours =
            |name: &str| name.starts_with("own-") || name.starts_with("victim") || name.starts_with("own/");
        let mut things = Vec::new();
        for container in self.get("/containers/json?all=1").as_array().unwrap() {
            let names: Vec<String> = container["Names"].as_array().unwrap().iter().map(text).collect();
            if names.iter().any(|name| is_ours(name.trim_start_matches('/')))
                || is_ours(&text(&container["Image"]))
            {
                things.push((format!("/containers/{}?force=1&v=1", text(&container["Id"])), names.join(" ")));
            }
        }
        for network in self.get("/networks").as_array().unwrap() {
            if is_ours(&text(&network["Name"])) {
                things.push((format!("/networks/{}", text(&network["Id"])), text(&network["Name"])));
            }
        }
        for volume in self.get("/volumes")["Volumes"].as_array().into_iter().flatten() {
            if is_ours(&text(&volume["Name"])) {
                things.push((format!("/volumes/{}", text(&volume["Name"])), text(&volume["Name"])));
            }
        }
        for image in self.get("/images/json").as_array().unwrap() {
            for tag in image["RepoTags"].as_array().into_iter().flatten().map(text).filter(|tag| is_ours(tag))
            {
                things.push((format!("/images/{tag}?force=1"), tag));
            }
        }
        things
    }

    fn clear(&self) {
        for (path, _) in self.things() {
            self.engine.ask("DELETE", &path, &Value::Null);
        }
    }

    fn clear_what_is_new(&self) {
        const KEPT: [&str; 6] =
            ["own-net", "victim-net", "own-vol", "own-trap", "own/bb:latest", "victim/img:latest"];
        for (path, name) in self.things() {
            let kept = KEPT.contains(&name.as_str())
                || self
                    .containers
                    .iter()
                    .any(|container| !container.id.is_empty() && path.contains(&container.id));
            if !kept {
                self.engine.ask("DELETE", &path, &Value::Null);
            }
        }
    }
}

impl Drop for Fixtures {
    fn drop(&mut self) {
        self.clear();
        if !std::thread::panicking() {
            self.directories("rm -rf /srv/allowed /srv/allowed-evil");
        }
    }
}

#[track_caller]
fn create(engine: &Engine, name: &str, body: &Value) -> String {
    let (status, answer) = engine.ask("POST", &format!("/containers/create?name={name}"), body);
    assert_eq!(status, 201, "{name}: {answer}");
    text(&answer["Id"])
}

#[track_caller]
fn start(engine: &Engine, id: &str) {
    let (status, answer) = engine.ask("POST", &format!("/containers/{id}/start"), &Value::Null);
    assert_eq!(status, 204, "{answer}");
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

fn containers() -> Vec<Container> {
    let sleep = json!(["sh", "-c", "mkdir -p /data; exec sleep 36000"]);
    let container = |name, running, body: Value| Container { name, body, running, id: String::new() };
    let own = |cmd: &Value, network: &str| {
        json!({
            "Image": "own/bb", "Cmd": cmd, "Labels": {"owner": "me"}, "HostConfig": {"NetworkMode": network},
        })
    };
    let victim = |cmd: &Value, host: Value| {
        json!({
            "Image": "victim/img", "Cmd": cmd, "Labels": {"owner": "other"}, "Env": ["SECRET=hunter2"], "HostConfig": host,
        })
    };
    let with_stdin = |mut body: Value| {
        body["OpenStdin"] = json!(true);
        body
    };
    let bind = json!({"NetworkMode": "none", "Binds": ["/etc:/h:ro"]});
    let alone = || json!({"NetworkMode": "none"});
    let shared = json!({"NetworkMode": "victim-net", "IpcMode": "shareable"});
    let mut trapped = own(&sleep, "none");
    trapped["HostConfig"]["Binds"] = json!(["own-trap:/h"]);
    // The last is what the client's events end with.
    vec![
        container("victim", true, victim(&sleep, shared)),
        container("victim-sh", true, with_stdin(victim(&json!(["sh"]), alone()))),
        container("victim-stopped", false, victim(&json!(["true"]), alone())),
        container("victim-bind", true, victim(&sleep, bind)),
        container("own-trapped", false, trapped),
        container("own-a", true, own(&sleep, "none")),
        container("own-c", false, own(&sleep, "own-net")),
        container("own-stopped", false, own(&json!(["true"]), "none")),
        container("own-sh", true, with_stdin(own(&json!(["sh"]), "none"))),
    ]
}
