//! Two owners of one engine, one of whom looks through dockgate: what it sees is its own, and of that not all.

use std::io::{BufRead as _, BufReader};
use std::time::Duration;

use bollard::Docker;
use bollard::query_parameters as query;
use futures_util::StreamExt as _;

use crate::harness::{Command, Container, Engine, Gate, Running, clients, eventually, unique};

const LOOKING: &str = r#"["@ping", "SystemVersion", "SystemInfo", "SystemEvents", "SystemDataUsage", "ContainerList", "ContainerInspect", "ContainerTop", "ImageList", "ImageInspect", "ImageHistory", "NetworkList", "NetworkInspect", "VolumeList", "VolumeInspect"]"#;

/// A container of this owner, with a network and a volume that are all called the same.
struct Own {
    name: String,
    owner: String,
    engine: Engine,
    /// Gone before the network and the volume are.
    container: Option<Container>,
}

impl Own {
    fn new(owner: &str, network: Option<&str>) -> Self {
        let (engine, name) = (Engine::real(), unique("own"));
        let label = format!("owner={owner}");
        engine.docker(["network", "create", "--internal", "--label", &label, &name]).ok();
        engine.docker(["volume", "create", "--label", &label, &name]).ok();
        let volume = format!("{name}:/data");
        let network = network.unwrap_or(&name);
        let mounts = ["-v", "/srv:/srv:ro", "-v", &volume, "-e", "SECRET=hunter2"];
        let options = [["--label", &label, "--network", network].as_slice(), &mounts].concat();
        let mut container = Container::run_with(&options, "sleep 600");
        engine.docker(["rename", &container.name, &name]).ok();
        container.name.clone_from(&name);
        Self { name, owner: owner.to_owned(), engine, container: Some(container) }
    }
}

impl Drop for Own {
    fn drop(&mut self) {
        self.container.take();
        self.engine.docker(["network", "rm", &self.name]);
        self.engine.docker(["volume", "rm", &self.name]);
    }
}

/// bollard, straight at the engine.
fn docker_of(own: &Own) -> Docker {
    let address = own.engine.address.trim_start_matches("unix://");
    Docker::connect_with_unix(address, 60, bollard::API_DEFAULT_VERSION).unwrap()
}

/// Two owners: the other has a container on the network of the first.
fn two() -> (Own, Own) {
    let mine = Own::new(&unique("me"), None);
    let other = Own::new(&unique("other"), Some(&mine.name));
    (mine, other)
}

/// A gate through which an owner sees its own.
fn looking(owner: &str, more: &str) -> Gate {
    let conditions =
        ["container", "network", "volume"].map(|kind| format!("{kind}.label.owner = \"{owner}\"\n"));
    Gate::with_policy_text(&format!(
        "version = 1\n[[allow]]\noperations = {LOOKING}\n{more}\n{}",
        conditions.concat()
    ))
    .start()
}

#[test]
fn the_docker_cli_sees_what_a_filter_would_show() {
    let (mine, other) = two();
    let gate = looking(&mine.owner, "");
    let label = format!("label=owner={}", mine.owner);
    for arguments in
        [vec!["ps", "--all", "--size", "--no-trunc"], vec!["network", "ls"], vec!["volume", "ls"]]
    {
        let filtered = arguments.iter().copied().chain(["--filter", &label]);
        let straight = mine.engine.docker(filtered).ok();
        let through = gate.docker(&arguments).run().ok();
        assert_eq!(through.steady(), straight.steady());
        assert!(through.stdout.contains(&mine.name), "{through:?}");
    }
    let network = gate.docker(["network", "inspect", &mine.name]).run().ok().stdout;
    assert!(
        network.contains(&format!("\"Name\": \"{}\"", mine.name)) && !network.contains(&other.name),
        "{network}"
    );
    let all = mine.engine.docker(["network", "inspect", &mine.name]).ok().stdout;
    assert!(all.contains(&other.name), "{all}");
    gate.docker(["network", "inspect", &other.name]).run().failed(1);
    let df = gate.docker(["system", "df", "--verbose"]).run().ok().stdout;
    assert!(df.contains(&mine.name) && !df.contains(&other.name), "{df}");
    for kind in ["Containers", "Local Volumes"] {
        let df = gate
            .docker(["system", "df", "--format", "{{.Type}} {{.TotalCount}} {{.Active}}"])
            .run()
            .ok()
            .stdout;
        assert!(df.contains(&format!("{kind} 1 1")), "{df}");
    }
}

#[test]
fn events_of_others_do_not_pass() {
    let (mine, other) = two();
    let gate = looking(&mine.owner, "");
    let before = gate.sockets();
    let mut listener = Running(
        gate.docker(["events", "--format", "{{.Type}} {{.Action}} {{.Actor.Attributes.name}}"]).spawn(),
    );
    let mut lines = BufReader::new(listener.0.stdout.take().unwrap()).lines();
    eventually("the stream", || (gate.sockets() >= before + 2).then_some(()));
    std::thread::sleep(Duration::from_millis(300));
    for own in [&other, &mine] {
        own.engine.docker(["pause", &own.name]).ok();
        own.engine.docker(["unpause", &own.name]).ok();
        own.engine.docker(["network", "disconnect", &mine.name, &own.name]).ok();
    }
    let mut next = || lines.next().unwrap().unwrap();
    assert_eq!(next(), format!("container pause {}", mine.name));
    assert_eq!(next(), format!("container unpause {}", mine.name));
    assert_eq!(next(), format!("network disconnect {}", mine.name));
}

const REDACT: &str = r#"redact = ["@environment", "@host-paths", "@network"]"#;

#[test]
fn the_docker_cli_reads_what_is_left() {
    let (mine, _other) = two();
    let gate = looking(&mine.owner, REDACT);
    let seen = |arguments: &[&str]| gate.docker(arguments).run().ok().stdout;
    let container = seen(&["inspect", &mine.name]);
    for (hidden, mark) in [
        ("hunter2", "SECRET=redacted-by-dockgate"),
        ("\"/srv:/srv:ro\"", "\"/redacted-by-dockgate:/srv:ro\""),
        ("\"Source\": \"/srv\"", "\"Source\": \"/redacted-by-dockgate\""),
        ("\"IPAddress\": \"172.", "\"IPAddress\": \"192.0.2.100\""),
    ] {
        assert!(!container.contains(hidden) && container.contains(mark), "{mark}: {container}");
    }
    for arguments in [
        vec!["ps", "--all"],
        vec!["network", "ls"],
        vec!["network", "inspect", &mine.name],
        vec!["volume", "inspect", &mine.name],
        vec!["image", "inspect", "dockgate-test/busybox"],
        vec!["image", "history", "dockgate-test/busybox"],
        vec!["image", "ls"],
        vec!["system", "df", "--verbose"],
        vec!["info"],
        vec!["top", &mine.name],
        vec!["port", &mine.name],
    ] {
        let seen = seen(&arguments);
        for hidden in ["hunter2", "/var/lib/docker", "172.1", "172.2"] {
            assert!(!seen.contains(hidden), "{arguments:?} shows {hidden}: {seen}");
        }
    }
}

#[test]
fn libraries_read_what_is_left_and_cannot_make_a_container_of_it() {
    let (mine, other) = two();
    // Whoever may see everything but what is hidden may also create: the mark is what stands against it.
    let gate = looking(&mine.owner, REDACT);
    let creating = "\n[[allow]]\noperations = [\"ContainerCreate\"]\n";
    let policy = std::fs::read_to_string(gate.dir().join("policy.toml")).unwrap() + creating;
    let gate = Gate::with_policy_text(&policy).start();
    let modules = clients().join("node/node_modules");
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/clients");
    let python = Command::new(clients().join("python/bin/python")).args([&format!("{folder}/looking.py")]);
    let node = Command::new("node").args([&format!("{folder}/looking.js")]);
    for client in [python, node.env("NODE_PATH", modules.to_string_lossy())] {
        let said = client.env("DOCKER_HOST", gate.address()).env("NAME", &mine.name).run().ok().stdout;
        assert!(said.contains(&mine.name) && !said.contains(&other.name), "{said}");
        assert!(said.contains("SECRET=redacted-by-dockgate") && !said.contains("hunter2"), "{said}");
        let again =
            said.lines().find(|line| line.starts_with("again: 400 ")).unwrap_or_else(|| panic!("{said}"));
        assert!(again.contains("the JSON body at Env[0] holds what dockgate put there"), "{again}");
    }
    mine.engine.docker(["inspect", &format!("{}-new", mine.name)]).failed(1);
}

#[test]
fn a_typed_library_reads_what_is_left() {
    let (mine, other) = two();
    let gate = looking(&mine.owner, REDACT);
    let address = gate.socket().display().to_string();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let docker = Docker::connect_with_unix(&address, 60, bollard::API_DEFAULT_VERSION).unwrap();
        let docker = docker.negotiate_version().await.unwrap();
        let options = query::ListContainersOptionsBuilder::new().all(true).build();
        let listed = docker.list_containers(Some(options)).await.unwrap();
        assert_eq!(listed.len(), 1);
        let seen =
            docker.inspect_container(&mine.name, None::<query::InspectContainerOptions>).await.unwrap();
        let environment = seen.config.unwrap().env.unwrap();
        assert!(environment.contains(&"SECRET=redacted-by-dockgate".to_owned()), "{environment:?}");
        let network = docker.inspect_network(&mine.name, None::<query::InspectNetworkOptions>).await.unwrap();
        assert!(!format!("{network:?}").contains(&other.name));
        assert_eq!(docker.list_networks(None::<query::ListNetworksOptions>).await.unwrap().len(), 1);
        assert_eq!(
            docker.list_volumes(None::<query::ListVolumesOptions>).await.unwrap().volumes.unwrap().len(),
            1
        );
        docker.inspect_volume(&mine.name).await.unwrap();
        docker.list_images(None::<query::ListImagesOptions>).await.unwrap();
        docker.inspect_image("dockgate-test/busybox").await.unwrap();
        docker.image_history("dockgate-test/busybox").await.unwrap();
        docker.info().await.unwrap();
        docker.df(None::<query::DataUsageOptions>).await.unwrap();
        docker.top_processes(&mine.name, None::<query::TopOptions>).await.unwrap();
        let mut events = docker.events(None::<query::EventsOptions>);
        let happens = async {
            tokio::time::sleep(Duration::from_millis(500)).await;
            docker_of(&mine).negotiate_version().await.unwrap().pause_container(&mine.name).await.unwrap();
        };
        let (first, ()) = tokio::join!(events.next(), happens);
        assert_eq!(first.unwrap().unwrap().action.as_deref(), Some("pause"));
    });
}
