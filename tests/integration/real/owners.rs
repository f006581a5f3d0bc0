//! Two clients of one engine, each with what is its own: neither sees, touches, mounts, joins or deletes anything of the
//! other, by whatever name.

use std::sync::atomic::{AtomicBool, Ordering};

use serde_json::{Value, json};

use super::tenants::Tenants;
use crate::harness::{BUSYBOX, Engine, unique};

/// What each of the two may do.
const RULE: &str = r#"
    operations = ["*"]
    own = "NAME"
    container.owner = "NAME"
    network.owner = "NAME"
    volume.owner = "NAME"
    image.name = ["dockgate-test/*", "NAME/*"]
"#;

/// A gate with the two, and what alice has made through it: a network, a volume, a container on both.
struct World {
    tenants: Tenants,
    engine: Engine,
    network: String,
    volume: String,
    container: String,
    image: String,
}

impl World {
    fn new() -> Self {
        let world = Self {
            tenants: Tenants::with(RULE, |starting| starting),
            engine: Engine::real(),
            network: unique("network"),
            volume: unique("volume"),
            container: unique("container"),
            image: format!("alice/{}", unique("image")),
        };
        let alice = |arguments: &[&str]| world.tenants.docker("alice", arguments).ok();
        alice(&["network", "create", &world.network]);
        alice(&["volume", "create", &world.volume]);
        let mount = format!("{}:/data", world.volume);
        alice(&[
            "run",
            "--detach",
            "--init",
            "--name",
            &world.container,
            "--network",
            &world.network,
            "--volume",
            &mount,
            BUSYBOX,
            "sleep",
            "600",
        ]);
        alice(&["commit", &world.container, &world.image]);
        world
    }

    /// The container as the engine shows it, without what changes by itself.
    fn container(&self) -> (Value, Value, Value, Value) {
        let (status, shown) =
            self.engine.ask("GET", &format!("/containers/{}/json", self.container), &Value::Null);
        assert_eq!(status, 200, "alice's container is there");
        let of = |key: &str| shown[key].clone();
        (of("Id"), of("State"), of("NetworkSettings")["Networks"].clone(), of("ExecIDs"))
    }

    fn id(&self, kind: &str, name: &str) -> String {
        let path =
            if kind == "containers" { format!("/containers/{name}/json") } else { format!("/{kind}/{name}") };
        let (_, shown) = self.engine.ask("GET", &path, &Value::Null);
        shown["Id"].as_str().unwrap_or_default().to_owned()
    }
}

impl Drop for World {
    fn drop(&mut self) {
        self.engine.docker(["rm", "--force", "--volumes", &self.container]);
        self.engine.docker(["network", "rm", &self.network]);
        self.engine.docker(["volume", "rm", "--force", &self.volume]);
        self.engine.docker(["image", "rm", "--force", &self.image]);
    }
}

#[test]
fn a_container_is_not_there_for_another_by_any_name() {
    let world = World::new();
    let id = world.id("containers", &world.container);
    let exec =
        world.tenants.ask("alice", "POST", &format!("/containers/{id}/exec"), &json!({"Cmd": ["true"]}));
    assert_eq!(exec.status, 201, "{exec:?}");
    let exec: Value = serde_json::from_slice(&exec.body).unwrap();
    let exec = exec["Id"].as_str().unwrap();

    let before = world.container();
    // Every operation that names a container, by each of its names.
    let container_operations = [
        ("GET", "json", Value::Null),
        ("GET", "top", Value::Null),
        ("GET", "logs?stdout=1", Value::Null),
        ("GET", "stats?stream=0", Value::Null),
        ("GET", "changes", Value::Null),
        ("GET", "export", Value::Null),
        ("GET", "archive?path=/etc", Value::Null),
        ("PUT", "archive?path=/etc", Value::Null),
        ("GET", "attach/ws?logs=1", Value::Null),
        ("POST", "start", Value::Null),
        ("POST", "stop?t=0", Value::Null),
        ("POST", "restart?t=0", Value::Null),
        ("POST", "kill", Value::Null),
        ("POST", "pause", Value::Null),
        ("POST", "unpause", Value::Null),
        ("POST", "wait", Value::Null),
        ("POST", "resize?h=1&w=1", Value::Null),
        ("POST", "attach?logs=1", Value::Null),
        ("POST", "rename?name=stolen", Value::Null),
        ("POST", "update", json!({"RestartPolicy": {"Name": "always"}})),
        ("POST", "exec", json!({"Cmd": ["id"]})),
        ("DELETE", "?force=1&v=1", Value::Null),
    ];
    for name in [world.container.as_str(), &id, short(&id, 12), short(&id, 7)] {
        for (method, operation, body) in &container_operations {
            let separator = if operation.starts_with('?') { "" } else { "/" };
            let path = format!("/containers/{name}{separator}{operation}");
            let answer = world.tenants.ask("bob", method, &path, body);
            assert_eq!(answer.status, 404, "{method} {path}: {answer:?}");
            assert_eq!(answer.message(), format!("No such container: {name}"), "{method} {path}");
        }
    }
    for (method, operation) in [("GET", "json"), ("POST", "start"), ("POST", "resize?h=1&w=1")] {
        let body = if operation == "start" { json!({}) } else { Value::Null };
        let answer = world.tenants.ask("bob", method, &format!("/exec/{exec}/{operation}"), &body);
        assert_eq!(
            (answer.status, answer.message()),
            (404, format!("No such exec instance: {exec}")),
            "{operation}"
        );
    }
    assert_eq!(world.container(), before, "nothing has touched it");
}

#[test]
fn what_else_one_has_is_not_there_for_another() {
    let world = World::new();
    let network = world.id("networks", &world.network);
    for name in [world.network.as_str(), &network, short(&network, 12)] {
        for (method, operation, body) in [
            ("GET", "", Value::Null),
            ("DELETE", "", Value::Null),
            ("POST", "/connect", json!({"Container": world.container})),
            ("POST", "/disconnect", json!({"Container": world.container, "Force": true})),
        ] {
            let answer = world.tenants.ask("bob", method, &format!("/networks/{name}{operation}"), &body);
            assert_eq!(answer.status, 404, "{method} {operation}: {answer:?}");
        }
    }
    for (method, path) in [
        ("GET", format!("/volumes/{}", world.volume)),
        ("DELETE", format!("/volumes/{}?force=1", world.volume)),
        ("GET", format!("/images/{}/json", world.image)),
        ("GET", format!("/images/{}/get", world.image)),
        ("GET", format!("/images/{}/history", world.image)),
        ("GET", format!("/images/get?names={}", world.image)),
        ("DELETE", format!("/images/{}?force=1", world.image)),
        ("POST", format!("/images/{}/tag?repo=bob/stolen", world.image)),
        ("POST", format!("/images/{}/push", world.image)),
        ("POST", format!("/commit?container={}&repo=bob/stolen", world.container)),
    ] {
        let answer = world.tenants.ask("bob", method, &path, &Value::Null);
        assert_eq!(answer.status, 404, "{method} {path}: {answer:?}");
    }
}

/// Every way for a container of bob's to reach what is alice's.
#[test]
fn nothing_of_anothers_is_joined_or_mounted() {
    let world = World::new();
    let id = world.id("containers", &world.container);
    let network = world.id("networks", &world.network);
    let container = &world.container;
    for host_config in [
        json!({"VolumesFrom": [container]}),
        json!({"VolumesFrom": [format!("{}:ro", short(&id, 12))]}),
        json!({"NetworkMode": format!("container:{container}")}),
        json!({"PidMode": format!("container:{id}")}),
        json!({"IpcMode": format!("container:{}", short(&id, 12))}),
        json!({"Links": [format!("/{container}:db")]}),
        json!({"NetworkMode": world.network}),
        json!({"NetworkMode": network}),
        json!({"NetworkMode": short(&network, 12)}),
        json!({"NetworkMode": "container:not-yet-there"}),
        json!({"NetworkMode": "not-yet-there"}),
        json!({"Binds": [format!("{}:/v", world.volume)]}),
        json!({"Mounts": [{"Type": "volume", "Source": world.volume, "Target": "/v"}]}),
    ] {
        let body = json!({"Image": BUSYBOX, "HostConfig": host_config});
        let answer = world.tenants.ask("bob", "POST", "/containers/create", &body);
        // To clients 404 would say that the image is not there.
        assert_eq!(answer.status, 400, "{body}: {answer:?}");
    }
    for (body, status) in [
        (json!({"Image": world.image}), 404),
        (
            json!({"Image": BUSYBOX, "NetworkingConfig": {"EndpointsConfig": {world.network.clone(): {}}}}),
            400,
        ),
        (json!({"Image": BUSYBOX, "NetworkingConfig": {"EndpointsConfig": {short(&network, 12): {}}}}), 400),
    ] {
        let answer = world.tenants.ask("bob", "POST", "/containers/create", &body);
        assert_eq!(answer.status, status, "{body}: {answer:?}");
    }
    let answer = world.tenants.ask(
        "bob",
        "POST",
        "/containers/create",
        &json!({"Image": BUSYBOX, "Labels": {"io.dockgate.owner": "alice"}}),
    );
    assert_eq!(answer.status, 403, "{answer:?}");
}

#[test]
fn lists_and_prunes_do_not_find_what_is_anothers() {
    let world = World::new();
    let before = world.container();
    let id = world.id("containers", &world.container);
    let network = world.id("networks", &world.network);
    for list in [
        vec!["ps", "--all", "--quiet"],
        vec!["network", "ls", "--format", "{{.Name}}"],
        vec!["volume", "ls", "--quiet"],
        vec!["system", "df", "--verbose"],
        vec!["images", "--format", "{{.Repository}}"],
        vec!["events", "--since", "10m", "--until", "0s"],
    ] {
        let seen = world.tenants.docker("bob", &list).ok().stdout;
        for name in
            [&world.container, &world.network, &world.volume, &world.image, &short(&id, 12).to_owned()]
        {
            assert!(!seen.contains(name.as_str()), "{list:?} shows {name}: {seen}");
        }
    }
    for prune in ["container", "network", "volume"] {
        world.tenants.docker("bob", &[prune, "prune", "--force"]).ok();
    }

    assert_eq!(world.container(), before, "nothing has touched it");
    let owner = |client: &str, list: &str| world.tenants.docker(client, &[list, "ls", "--quiet"]).ok().stdout;
    assert!(owner("alice", "volume").contains(&world.volume));
    assert!(owner("alice", "network").contains(short(&network, 12)));
    world.tenants.docker("alice", &["exec", &world.container, "true"]).ok();
    world.tenants.docker("alice", &["restart", "--time", "0", short(&id, 12)]).ok();
    world.tenants.docker("alice", &["rm", "--force", "--volumes", &world.container]).ok();
}

/// The words are the engine's own, so that nothing tells what is hidden from what is not there.
#[test]
fn what_is_hidden_is_missing_in_the_engines_own_words() {
    let world = World::new();
    let missing = unique("missing");
    for (path, name) in [
        ("/containers/NAME/json", &world.container),
        ("/containers/NAME/logs?stdout=1", &world.container),
        ("/networks/NAME", &world.network),
        ("/volumes/NAME", &world.volume),
        ("/images/NAME/json", &world.image),
    ] {
        let hidden = world.tenants.ask("bob", "GET", &path.replace("NAME", name), &Value::Null);
        let absent = world.tenants.ask("bob", "GET", &path.replace("NAME", &missing), &Value::Null);
        let (status, own) = world.engine.ask("GET", &path.replace("NAME", &missing), &Value::Null);
        let own = own["message"].as_str().unwrap();
        assert_eq!(absent.status, status, "{path}");
        // Engine 20.10 puts something before it where an image is inspected.
        assert!(own.ends_with(&absent.message()), "{path}: {own}, {}", absent.message());
        assert_eq!(hidden.message().replace(name.as_str(), &missing), absent.message(), "{path}");
        assert_eq!(hidden.status, absent.status, "{path}");
    }
}

/// While a name goes from one container to another, what is stopped by it is what was judged.
#[test]
fn a_name_that_moves_does_not_move_the_verdict() {
    let world = World::new();
    let (name, spare) = (unique("name"), unique("spare"));
    let victim = unique("victim");
    world
        .tenants
        .docker("bob", &["run", "--detach", "--init", "--name", &victim, BUSYBOX, "sleep", "600"])
        .ok();
    let rename = |from: &str, to: &str| {
        world.engine.ask("POST", &format!("/containers/{from}/rename?name={to}"), &Value::Null).0
    };
    let (mine, other) = (world.id("containers", &world.container), world.id("containers", &victim));
    let over = AtomicBool::new(false);
    let (mut done, mut denied) = (0, 0);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            while !over.load(Ordering::Relaxed) {
                for (first, second) in [(&mine, &other), (&other, &mine)] {
                    rename(second, &spare);
                    rename(first, &name);
                    rename(first, &world.container);
                }
            }
        });
        for _ in 0..150 {
            match world
                .tenants
                .ask("alice", "POST", &format!("/containers/{name}/kill?signal=USR1"), &Value::Null)
                .status
            {
                204 => done += 1,
                404 => denied += 1,
                409 => {}
                status => panic!("{status}"),
            }
        }
        over.store(true, Ordering::Relaxed);
    });
    let killed: Vec<String> = events_of(&world.engine, "kill");
    world.engine.docker(["rm", "--force", &victim, &other, &mine]);
    assert!(denied > 0, "{done} done, {denied} denied");
    assert!(!killed.contains(&other), "bob's container was sent a signal");
}

/// The IDs of containers to which this has happened lately.
fn events_of(engine: &Engine, action: &str) -> Vec<String> {
    let filter = format!("event={action}");
    let shown = engine
        .docker(["events", "--since", "5m", "--until", "0s", "--filter", &filter, "--format", "{{.ID}}"]);
    shown.ok().stdout.lines().map(str::to_owned).collect()
}

/// The beginning of an ID.
fn short(id: &str, length: usize) -> &str {
    id.get(..length).unwrap()
}

/// What the daemon itself would give to whoever knows how to ask.
#[test]
fn nothing_of_anothers_is_had_by_a_detour() {
    let world = World::new();
    for (method, path, body, status) in [
        ("POST", format!("/build?t=bob/x&networkmode=container:{}", world.container), Value::Null, 404),
        ("POST", format!("/build?t=bob/x&networkmode={}", world.network), Value::Null, 404),
        ("POST", "/volumes/create".to_owned(), json!({"Name": world.volume}), 403),
        ("POST", "/networks/create".to_owned(), json!({"Name": world.network}), 403),
        ("GET", format!("/images/{BUSYBOX}/get"), Value::Null, 403),
        ("GET", format!("/images/get?names={BUSYBOX}"), Value::Null, 403),
        ("POST", format!("/images/{BUSYBOX}/push"), Value::Null, 403),
    ] {
        let answer = world.tenants.ask("bob", method, &path, &body);
        assert_eq!(answer.status, status, "{method} {path}: {answer:?}");
    }
    // The daemon keeps the name of a network for a container that was not started yet.
    let (name, late) = (unique("late-network"), unique("late"));
    let bob = |arguments: &[&str]| world.tenants.docker("bob", arguments);
    bob(&["network", "create", &name]).ok();
    bob(&["create", "--name", &late, BUSYBOX, "true"]).ok();
    bob(&["network", "connect", &name, &late]).ok();
    bob(&["network", "rm", &name]).ok();
    world.tenants.docker("alice", &["network", "create", &name]).ok();
    let refused = bob(&["start", &late]);
    world.engine.docker(["rm", "--force", &late]);
    world.engine.docker(["network", "rm", &name]);
    assert!(refused.failed(1).stderr.contains("not found"));
}

/// That several have IDs which begin so is as little told as that one has.
#[test]
fn the_beginning_of_several_ids_tells_nothing() {
    let world = World::new();
    // Of seventeen IDs two begin alike.
    let made = (0..17).map(|_| world.tenants.docker("alice", &["create", BUSYBOX]).ok().stdout);
    let ids: Vec<String> = made.map(|id| id.trim().to_owned()).collect();
    let mut beginnings: Vec<char> = ids.iter().filter_map(|id| id.chars().next()).collect();
    beginnings.sort_unstable();
    let shared = beginnings.windows(2).find(|two| two[0] == two[1]).unwrap()[0];
    let answers: Vec<(u16, String)> = ["bob", "alice"]
        .iter()
        .map(|owner| {
            let path = format!("/containers/{shared}/json");
            let answer = world.tenants.ask(owner, "GET", &path, &Value::Null);
            (answer.status, String::from_utf8_lossy(&answer.body).into_owned())
        })
        .collect();
    for id in &ids {
        world.engine.docker(["rm", "--force", id]);
    }
    for (status, body) in answers {
        assert_eq!(status, 404, "{body}");
        assert!(body.contains(&format!("No such container: {shared}")), "{body}");
    }
}
