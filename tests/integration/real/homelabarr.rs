//! The policy for homelabarr's backend: it deploys apps with both of its clients, and gets no more than that.

use std::sync::Once;

use crate::harness::{Command, Container, Engine, Gate, clients, eventually, unique};

/// Where the policy lets apps keep what is theirs, on the engine's host. Gone with the test.
struct AppFolder(String);

impl AppFolder {
    fn new() -> Self {
        Self(format!("/opt/appdata/{}", unique("app")))
    }
}

impl Drop for AppFolder {
    fn drop(&mut self) {
        let name = self.0.trim_start_matches("/opt/appdata/");
        let script = format!("rm -rf /host/appdata/{name}; rmdir /host/appdata");
        let options = ["--volume", "/opt:/host", "--network", "none"];
        drop(Container::run_with(&options, &script).ended());
    }
}

/// The networks that the backend's apps share; they stay for other tests, and for other runs.
fn shared_networks() {
    static MADE: Once = Once::new();
    MADE.call_once(|| {
        for name in ["homelabarr", "proxy"] {
            if Engine::real().docker(["network", "inspect", name]).code != Some(0) {
                Engine::real().docker(["network", "create", name]).ok();
            }
        }
    });
}

#[test]
fn it_deploys_with_dockerode_and_gets_no_more() {
    shared_networks();
    let gate = Gate::with_policy("homelabarr").start();
    let folder = AppFolder::new();
    let session = unique("app");
    let _gone_in_the_end = Container::called(&session);
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/clients/homelabarr.js");
    let said = Command::new("node")
        .args([script])
        .env("NODE_PATH", clients().join("node/node_modules").to_string_lossy())
        .env("DOCKER_HOST", gate.address())
        .env("SESSION", &session)
        .env("FOLDER", &folder.0)
        .run()
        .ok()
        .stdout;
    let (works, never) = said.split_once("privileged:").expect("both parts of the session");
    for line in [
        "connected: true".to_owned(),
        "pull: true".to_owned(),
        format!(r#"binds: ["{}:/config","/etc/localtime:/etc/localtime:ro"]"#, folder.0),
        r#"networks: ["homelabarr","proxy"]"#.to_owned(),
        "running: true".to_owned(),
    ] {
        assert!(works.contains(&line), "{line} in {said}");
    }
    let never = format!("privileged:{never}");
    let refused: Vec<_> = never.lines().filter(|line| line.ends_with(": [403,true]")).collect();
    assert_eq!(refused, never.lines().collect::<Vec<_>>());
    assert_eq!(refused.len(), 32, "{never}");
}

const APP: &str = r#"
name: data
services:
  app:
    image: dockgate-test/busybox
    pull_policy: never
    container_name: {session}
    command: [sh, -c, "echo {session} is up; exec sleep 600"]
    restart: unless-stopped
    init: true
    environment: {PUID: "1000", PGID: "1000", UMASK: "022", TZ: Europe/Berlin}
    ports: ["0:80", "127.0.0.1::53/udp"]
    networks: [proxy, default]
    volumes:
      - {folder}/config:/config
      - /etc/localtime:/etc/localtime:ro
      - {session}:/data
    labels: {traefik.enable: "true"}
volumes: {{session}: {}}
networks: {proxy: {external: true}}
"#;

#[test]
fn it_deploys_with_compose_and_gets_no_more() {
    shared_networks();
    let gate = Gate::with_policy("homelabarr").start();
    let folder = AppFolder::new();
    let session = unique("app");
    let _gone_in_the_end = Container::called(&session);
    let file = gate.dir().join("compose.yaml");
    let app = APP.replace("{session}", &session).replace("{folder}", &folder.0);
    // A project of its own in place of `data`, as runs may share an engine.
    let app = app.replace("name: data", &format!("name: data_{session}"));
    std::fs::write(&file, &app).unwrap();
    let compose = |arguments: &[&str]| {
        let head = ["compose", "--file", file.to_str().unwrap(), "--ansi", "never"];
        gate.docker(head.iter().chain(arguments)).run()
    };
    compose(&["up", "--detach"]).ok();
    eventually("the app's output", || {
        compose(&["logs", "--tail=50"]).ok().stdout.contains(&format!("{session} is up")).then_some(())
    });
    let binds =
        gate.docker(["inspect", "--format", "{{json .HostConfig.Binds}}", &session]).run().ok().stdout;
    assert!(binds.contains(&format!("{}/config:/config", folder.0)), "{binds}");
    assert!(compose(&["ps", "--all"]).ok().stdout.contains(&session));
    compose(&["restart", "--timeout", "0"]).ok();

    // The template changes, and the app is put in the place of the old one.
    std::fs::write(&file, app.replace("UMASK: \"022\"", "UMASK: \"077\"")).unwrap();
    compose(&["up", "--detach", "--timeout", "0"]).ok();

    for (what, from, to) in [
        ("privileged", "init: true", "privileged: true"),
        ("the socket", "/etc/localtime:/etc/localtime:ro", "/var/run/docker.sock:/var/run/docker.sock"),
        ("the root", "/etc/localtime:/etc/localtime:ro", "/:/host:ro"),
        ("capabilities", "init: true", "cap_add: [NET_ADMIN]"),
        ("the processes of the host", "init: true", "pid: host"),
        (
            "a volume that is a directory",
            ": {}}\n",
            ": {driver_opts: {type: none, o: bind, device: /}, name: data_evil}}\n",
        ),
    ] {
        assert!(app.contains(from), "{from}");
        std::fs::write(&file, app.replacen(from, to, 1)).unwrap();
        let refused = compose(&["up", "--detach", "--timeout", "0"]);
        assert_ne!(refused.code, Some(0), "{what}: {refused:?}");
        assert!(refused.stderr.contains("dockgate: "), "{what}: {refused:?}");
    }
    std::fs::write(&file, &app).unwrap();
    compose(&["down", "--volumes", "--timeout", "0"]).ok();
    Engine::real().docker(["inspect", &session]).failed(1);
}

#[test]
fn the_docker_cli_runs_an_app_and_nothing_else() {
    let gate = Gate::with_policy("homelabarr").start();
    let session = unique("app");
    let _gone_in_the_end = Container::called(&session);
    let run = ["run", "--detach", "--pull", "never", "--name", &session, "--restart", "unless-stopped"];
    let command = ["--publish", "0:80", "dockgate-test/busybox", "sleep", "600"];
    gate.docker(run.iter().chain(&command)).run().ok();
    for health in
        [&["info", "--format", "{{.ServerVersion}}"][..], &["version"], &["ps", "--all", "--format", "json"]]
    {
        gate.docker(health).run().ok();
    }
    gate.docker(["stats", "--no-stream", &session]).run().ok();
    for never in [
        &["exec", session.as_str(), "id"][..],
        &["cp", &format!("{session}:/etc/passwd"), "-"],
        &["commit", &session],
    ] {
        let refused = gate.docker(never).run();
        assert!(refused.code != Some(0) && refused.stderr.contains("dockgate: "), "{refused:?}");
    }
    gate.docker(["stop", "--time", "0", &session]).run().ok();
    gate.docker(["rm", &session]).run().ok();
}
