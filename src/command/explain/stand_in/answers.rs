//! What the stand-in answers: as a daemon that has every container, and of the rest what it was asked to make.

use serde_json::{Value, json};

use crate::operation::meaning::ImageRef;
use crate::operation::version::ApiVersion;
use crate::operation::{Operation, Value as Parameter};

/// An answer.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Answer {
    /// A status with a JSON body.
    Json(u16, Value),
    /// A stream on which nothing comes, until the client closes it.
    Silence,
    /// A stream that is over at once.
    Stream,
}

/// What it pretends to have.
#[derive(Debug, Default)]
pub(super) struct Pretended {
    images: Vec<String>,
    containers: Vec<Container>,
    /// Names and labels.
    networks: Vec<(String, Value)>,
    volumes: Vec<(String, Value)>,
    made: u64,
}

#[derive(Debug)]
struct Container {
    id: String,
    name: String,
    /// What it was created with.
    config: Value,
}

impl Answer {
    /// A status with a message.
    pub(super) fn message(status: u16, message: &str) -> Self {
        Self::Json(status, json!({ "message": message }))
    }
}

impl Pretended {
    /// Answers an operation; `body` is what came with it.
    pub(super) fn answer(&mut self, operation: &Operation, body: &[u8]) -> Answer {
        let body: Value = serde_json::from_slice(body).unwrap_or_default();
        let named = operation.identifiers().first().map(String::as_str).unwrap_or_default();
        let ok = |body| Answer::Json(200, body);
        match operation.endpoint().id {
            "SystemPing" | "SystemPingHead" => ok(json!("OK")),
            "SystemVersion" => ok(version()),
            "SystemInfo" => ok(info()),
            "SystemEvents" => Answer::Silence,
            "ImageInspect" => self.image(named),
            "ImageCreate" => {
                let name = format!("{}:{}", text(operation, "fromImage"), text(operation, "tag"));
                self.images.push(full(name.trim_end_matches(':')));
                ok(json!({ "status": "Pull complete" }))
            }
            "ImageBuild" => {
                self.images.extend(texts(operation, "t").iter().map(|name| full(name)));
                ok(json!({ "stream": "Successfully built 0123456789ab\n" }))
            }
            "ContainerCreate" => self.create(&text(operation, "name"), body),
            "ContainerInspect" => ok(self.container(named)),
            "ContainerList" => ok(self.containers.iter().map(listed).collect()),
            "ContainerAttach" | "ExecStart" | "ContainerLogs" => Answer::Stream,
            "ContainerWait" => ok(json!({ "StatusCode": 0 })),
            "ContainerExec" | "ImageCommit" => Answer::Json(201, json!({ "Id": self.id() })),
            "ExecInspect" => ok(json!({ "ID": named, "Running": false, "ExitCode": 0 })),
            "ContainerTop" => ok(json!({ "Titles": ["PID"], "Processes": [] })),
            "ContainerUpdate" => ok(json!({ "Warnings": [] })),
            "ContainerStart" | "ContainerStop" | "ContainerRestart" | "ContainerKill" | "ContainerPause"
            | "ContainerUnpause" | "ContainerRename" | "ContainerDelete" | "VolumeDelete"
            | "NetworkDelete" => Answer::Json(204, Value::Null),
            "NetworkCreate" => {
                self.networks.push(name_and_labels(&body));
                Answer::Json(201, json!({ "Id": self.id(), "Warning": "" }))
            }
            "NetworkInspect" => made(&self.networks, named, network),
            "NetworkList" => ok(self.networks.iter().map(network).collect()),
            "VolumeCreate" => {
                let made = name_and_labels(&body);
                let answer = Answer::Json(201, volume(&made));
                self.volumes.push(made);
                answer
            }
            "VolumeInspect" => made(&self.volumes, named, volume),
            "VolumeList" => {
                ok(json!({ "Volumes": self.volumes.iter().map(volume).collect::<Vec<_>>(), "Warnings": [] }))
            }
            id if id.ends_with("List") || id == "ImageDelete" || id == "ContainerChanges" => ok(json!([])),
            _ => ok(json!({})),
        }
    }

    fn image(&self, name: &str) -> Answer {
        let name = full(name);
        if !self.images.contains(&name) {
            return Answer::message(404, &format!("No such image: {name}"));
        }
        let id = format!("sha256:{:064x}", name.len());
        Answer::Json(
            200,
            json!({
                "Id": id, "RepoTags": [name], "RepoDigests": [], "Os": "linux", "Architecture": "amd64",
                "Config": {}, "RootFS": { "Type": "layers", "Layers": [] },
            }),
        )
    }

    /// The first create of an image that was not pulled fails, so that the client pulls it.
    fn create(&mut self, name: &str, config: Value) -> Answer {
        let image = full(config.get("Image").and_then(Value::as_str).unwrap_or_default());
        if !self.images.contains(&image) {
            return Answer::message(404, &format!("No such image: {image}"));
        }
        let id = self.id();
        self.containers.push(Container { id: id.clone(), name: name.to_owned(), config });
        Answer::Json(201, json!({ "Id": id, "Warnings": [] }))
    }

    /// A container by name or ID; where there is none, one is made up.
    fn container(&self, name: &str) -> Value {
        let found = self.containers.iter().find(|own| own.name == name || own.id.starts_with(name));
        let empty = Value::default();
        let config = found.map_or(&empty, |own| &own.config);
        json!({
            "Id": found.map_or_else(|| format!("{:064x}", 1), |own| own.id.clone()),
            "Name": format!("/{}", found.map_or(name, |own| own.name.as_str())),
            "Created": "2026-01-01T00:00:00Z",
            "Image": format!("sha256:{:064x}", 1),
            "State": { "Status": "running", "Running": true, "Pid": 1, "StartedAt": "2026-01-01T00:00:00Z" },
            "Config": { "Image": config.get("Image"), "Labels": config.get("Labels"), "Tty": false },
            "HostConfig": { "LogConfig": { "Type": "json-file", "Config": {} } },
            "NetworkSettings": { "Networks": {} },
            "Mounts": [],
        })
    }

    fn id(&mut self) -> String {
        self.made = self.made.saturating_add(1);
        format!("{:016x}{:048x}", self.made, 0)
    }
}

fn made(things: &[(String, Value)], name: &str, show: fn(&(String, Value)) -> Value) -> Answer {
    match things.iter().find(|(own, _)| own == name) {
        Some(thing) => Answer::Json(200, show(thing)),
        None => Answer::message(404, &format!("no such thing: {name}")),
    }
}

fn name_and_labels(body: &Value) -> (String, Value) {
    let name = body.get("Name").and_then(Value::as_str).unwrap_or_default();
    (name.to_owned(), body.get("Labels").cloned().unwrap_or_default())
}

fn network((name, labels): &(String, Value)) -> Value {
    json!({ "Name": name, "Id": name, "Driver": "bridge", "Scope": "local", "Labels": labels, "Containers": {} })
}

fn volume((name, labels): &(String, Value)) -> Value {
    json!({
        "Name": name, "Driver": "local", "Scope": "local", "Labels": labels,
        "Mountpoint": format!("/var/lib/docker/volumes/{name}/_data"),
    })
}

fn listed(container: &Container) -> Value {
    json!({
        "Id": container.id,
        "Names": [format!("/{}", container.name)],
        "Image": container.config.get("Image"),
        "Labels": container.config.get("Labels"),
        "State": "created",
        "Status": "Created",
    })
}

fn version() -> Value {
    json!({
        "Version": "0", "ApiVersion": ApiVersion::NEWEST.to_string(), "MinAPIVersion": ApiVersion::OLDEST.to_string(),
        "Os": "linux", "Arch": "amd64", "Components": [],
    })
}

fn info() -> Value {
    json!({
        "ID": "stand-in", "Name": "stand-in", "OSType": "linux", "Architecture": "x86_64", "ServerVersion": "0",
        "Swarm": { "LocalNodeState": "inactive" }, "SecurityOptions": [], "Plugins": {}, "Runtimes": {},
    })
}

fn text(operation: &Operation, name: &str) -> String {
    operation.query().get(name).map(ToString::to_string).unwrap_or_default()
}

fn texts(operation: &Operation, name: &str) -> Vec<String> {
    match operation.query().get(name) {
        Some(Parameter::List(texts)) => texts.clone(),
        Some(_) | None => Vec::new(),
    }
}

/// The full name of an image, its tag included.
fn full(name: &str) -> String {
    match ImageRef::read(name) {
        image @ ImageRef::Named { tag: None, digest: None, .. } => format!("{image}:latest"),
        image @ (ImageRef::Named { .. } | ImageRef::Id(_) | ImageRef::None) => image.to_string(),
    }
}
