//! The libraries that programs speak to Docker with: each a whole session, the same on both sides.

use bollard::Docker;
use bollard::container::LogOutput;
use bollard::exec::{CreateExecOptions, StartExecResults};
use bollard::models::{
    ContainerCreateBody, HostConfig, NetworkCreateRequest, PortBinding, VolumeCreateRequest,
};
use bollard::query_parameters as query;
use futures_util::StreamExt as _;
use tokio::io::AsyncWriteExt as _;

use crate::harness::{Command, Container, Engine, Gate, Ran, clients, steady, unique};

#[test]
fn a_session_with_docker_py() {
    same_session(|| {
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/clients/docker_py.py");
        Command::new(clients().join("python/bin/python")).args([script])
    });
}

#[test]
fn a_session_with_dockerode() {
    same_session(|| {
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/clients/dockerode.js");
        let modules = clients().join("node/node_modules");
        Command::new("node").args([script]).env("NODE_PATH", modules.to_string_lossy())
    });
}

#[test]
fn a_test_with_testcontainers_for_python() {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/clients/with_testcontainers.py");
    let said = testcontainers(Command::new(clients().join("python/bin/python")).args([script]));
    assert_eq!(said, "exec: b'from inside\\n'\nlogs: (b'ready\\n', b'')\nport: True\n");
}

#[test]
fn a_test_with_testcontainers_for_node() {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/clients/with_testcontainers.js");
    let modules = clients().join("node/node_modules");
    let said =
        testcontainers(Command::new("node").args([script]).env("NODE_PATH", modules.to_string_lossy()));
    assert_eq!(said, "exec: copied\nport: true\n");
}

/// Runs the client under the policy that ships for it, with the image of these tests in place of those that it names;
/// says what it said.
#[track_caller]
fn testcontainers(client: Command) -> String {
    let shipped = include_str!("../../../policy/testcontainers.toml");
    let images = r#"images = ["docker.io/library/*", "docker.io/testcontainers/*"]"#;
    assert!(shipped.contains(images));
    let policy = shipped.replace(images, r#"images = ["dockgate-test/busybox", "alpine:3.14"]"#);
    let gate = Gate::with_policy_text(&policy).start();
    let ran = client.env("DOCKER_HOST", gate.address()).run().ok();
    for more in
        [&["--privileged"][..], &["--volume", "/etc:/etc:ro"], &["--publish", "80:80"], &["--pid", "host"]]
    {
        let refused = gate.docker(["create"].iter().chain(more).chain(&["dockgate-test/busybox"])).run();
        assert!(refused.code != Some(0) && refused.stderr.contains("dockgate: "), "{refused:?}");
    }
    let container = Container::running("sleep 600");
    for other in
        [&["stop", &container.name][..], &["rm", "--force", &container.name], &["logs", &container.name]]
    {
        let missed = gate.docker(other).run();
        assert!(missed.stderr.to_lowercase().contains("no such"), "{missed:?}");
    }
    assert!(container.is_running(), "what it did not make is not its own");
    ran.stdout
}

#[test]
fn a_session_with_bollard() {
    let gate = narrow();
    let session = unique("bollard");
    let said = |address: &str| {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        steady(&runtime.block_on(bollard_session(address, &session)).unwrap().join("\n"))
    };
    assert_eq!(said(&gate.address()), said(&Engine::real().address));
    assert_no_more(&gate);
}

/// Runs the client through the gate and straight, one after the other under the same name.
#[track_caller]
fn same_session(client: impl Fn() -> Command) {
    let gate = narrow();
    let session = unique("session");
    let run = |address: &str| client().env("DOCKER_HOST", address).env("SESSION", &session).run();
    let straight: Ran = run(&Engine::real().address).ok();
    let through: Ran = run(&gate.address()).ok();
    assert_eq!(through.steady(), straight.steady(), "\n{through:?}\n{straight:?}");
    assert_no_more(&gate);
}

/// A gate that lets through what the sessions use, and no more.
fn narrow() -> Gate {
    Gate::with_policy_text(include_str!("../../clients/narrow.toml")).start()
}

/// Insists that what the sessions do not use is refused.
#[track_caller]
fn assert_no_more(gate: &Gate) {
    let create = |more: &str| {
        let body =
            format!(r#"{{"Image": "dockgate-test/busybox", "HostConfig": {{"NetworkMode": "none"{more}}}}}"#);
        let path = format!("/containers/create?name={}", unique("never"));
        let head = "Host: docker\r\nContent-Type: application/json\r\nConnection: close";
        gate.ask(format!("POST {path} HTTP/1.1\r\n{head}\r\nContent-Length: {}\r\n\r\n{body}", body.len()))
            .status
    };
    for more in [
        r#","Privileged":true"#,
        r#","Binds":["/etc:/etc:ro"]"#,
        r#","Binds":["/etc/hostname:/h"]"#,
        r#","Binds":["another:/data"]"#,
        r#","Memory":67108865"#,
        r#","PortBindings":{"80/tcp":[{"HostPort":"80"}]}"#,
        r#","Tmpfs":{"/run":"exec"}"#,
        r#","CapAdd":["NET_ADMIN"]"#,
    ] {
        assert_eq!(create(more), 403, "{more}");
    }
}

async fn bollard_session(address: &str, session: &str) -> Result<Vec<String>, bollard::errors::Error> {
    let docker =
        Docker::connect_with_unix(address, 60, bollard::API_DEFAULT_VERSION)?.negotiate_version().await?;
    let mut said = vec![docker.ping().await?];
    said.extend(docker.version().await?.api_version);
    said.extend(docker.info().await?.driver);

    let command = "echo begun; read line; echo got $line; sleep 600";
    let body = ContainerCreateBody {
        image: Some("dockgate-test/busybox".into()),
        cmd: Some(["sh", "-c", command].map(Into::into).into()),
        open_stdin: Some(true),
        attach_stdin: Some(true),
        host_config: Some(HostConfig { init: Some(true), ..HostConfig::default() }),
        ..ContainerCreateBody::default()
    };
    let named = query::CreateContainerOptionsBuilder::new().name(session).build();
    docker.create_container(Some(named), body).await?;
    let attach =
        query::AttachContainerOptionsBuilder::new().stream(true).stdin(true).stdout(true).stderr(true);
    let mut attached = docker.attach_container(session, Some(attach.build())).await?;
    docker.start_container(session, None::<query::StartContainerOptions>).await?;
    attached.input.write_all(b"hello\n").await?;
    said.push(listen(&mut attached.output, "got hello").await?);
    drop(attached);
    let logs = query::LogsOptionsBuilder::new().follow(true).stdout(true).stderr(true).build();
    said.push(listen(&mut docker.logs(session, Some(logs)), "got hello").await?);

    let exec = CreateExecOptions {
        cmd: Some(vec!["cat"]),
        attach_stdin: Some(true),
        attach_stdout: Some(true),
        ..CreateExecOptions::default()
    };
    let exec = docker.create_exec(session, exec).await?.id;
    if let StartExecResults::Attached { mut output, mut input } = docker.start_exec(&exec, None).await? {
        input.write_all(b"through cat").await?;
        input.shutdown().await?;
        said.push(listen(&mut output, "never said").await?);
    }
    said.push(format!("{:?}", docker.inspect_exec(&exec).await?.exit_code));

    let network = NetworkCreateRequest {
        name: session.into(),
        internal: Some(true),
        ..NetworkCreateRequest::default()
    };
    docker.create_network(network).await?;
    said.extend(docker.inspect_network(session, None::<query::InspectNetworkOptions>).await?.name);
    docker.remove_network(session).await?;
    let volume = VolumeCreateRequest { name: Some(session.into()), ..VolumeCreateRequest::default() };
    said.push(docker.create_volume(volume).await?.driver);
    said.push(bollard_run(&docker, session).await?);
    docker.remove_volume(session, None::<query::RemoveVolumeOptions>).await?;

    docker.stop_container(session, Some(query::StopContainerOptionsBuilder::new().t(10).build())).await?;
    let ended = docker.wait_container(session, None::<query::WaitContainerOptions>).next().await;
    said.push(format!("{ended:?}"));
    docker.remove_container(session, None::<query::RemoveContainerOptions>).await?;
    let gone = docker.inspect_container(session, None::<query::InspectContainerOptions>).await;
    said.push(gone.unwrap_err().to_string());
    Ok(said)
}

/// Runs a container that has a volume and a file of the host, and few rights; says what it said.
async fn bollard_run(docker: &Docker, session: &str) -> Result<String, bollard::errors::Error> {
    let texts = |texts: &[&str]| Some(texts.iter().map(|&text| text.into()).collect());
    let port = PortBinding { host_ip: Some("127.0.0.1".into()), host_port: Some(String::new()) };
    let host_config = HostConfig {
        binds: texts(&[&format!("{session}:/data"), "/etc/hostname:/h:ro"]),
        memory: Some(64 << 20),
        memory_swap: Some(64 << 20),
        pids_limit: Some(50),
        cap_drop: texts(&["ALL"]),
        readonly_rootfs: Some(true),
        security_opt: texts(&["no-new-privileges"]),
        tmpfs: Some([("/run".into(), "size=1m".into())].into()),
        port_bindings: Some([("80/tcp".into(), Some(vec![port]))].into()),
        ..HostConfig::default()
    };
    let body = ContainerCreateBody {
        image: Some("dockgate-test/busybox".into()),
        cmd: texts(&["sh", "-c", "exec 2>&1; id -u; touch /data/x /h; ls /data"]),
        user: Some("1000:1000".into()),
        env: texts(&["A=b"]),
        exposed_ports: texts(&["80/tcp"]),
        host_config: Some(host_config),
        ..ContainerCreateBody::default()
    };
    let name = format!("{session}-run");
    let named = query::CreateContainerOptionsBuilder::new().name(&name).build();
    docker.create_container(Some(named), body).await?;
    docker.start_container(&name, None::<query::StartContainerOptions>).await?;
    let logs = query::LogsOptionsBuilder::new().follow(true).stdout(true).stderr(true).build();
    let said = listen(&mut docker.logs(&name, Some(logs)), "never said").await?;
    docker.remove_container(&name, None::<query::RemoveContainerOptions>).await?;
    Ok(said)
}

/// What is said until `wanted` is, or until the end.
async fn listen(
    output: &mut (impl futures_util::Stream<Item = Result<LogOutput, bollard::errors::Error>> + Unpin),
    wanted: &str,
) -> Result<String, bollard::errors::Error> {
    let mut heard = String::new();
    while !heard.contains(wanted) {
        let Some(piece) = output.next().await else { break };
        heard.push_str(&piece?.to_string());
    }
    Ok(heard)
}
