//! What can be meant by a field, a parameter, an operation: before there is a request.

use std::collections::BTreeSet;

use super::super::field::{Field, Kind};
use super::super::table::{BodyKind, Endpoint, Guard, Parameter};
use super::super::understanding::body_reading;
use super::parameter::aspect_of_identifier;
use super::{Aspect, Reading, Resource};

impl Reading {
    /// The kinds of things that a field read like this can mean.
    #[must_use]
    pub const fn aspects(self) -> &'static [Aspect] {
        match self {
            Self::Binds | Self::VolumesFrom => &[Aspect::HostPaths, Aspect::Volumes],
            Self::Mounts => {
                &[Aspect::HostPaths, Aspect::Volumes, Aspect::Tmpfs, Aspect::Images, Aspect::Drivers]
            }
            Self::AnonymousVolumes | Self::VolumeName => &[Aspect::Volumes],
            Self::VolumeOptions => &[Aspect::HostPaths, Aspect::Tmpfs],
            Self::Tmpfs => &[Aspect::Tmpfs],
            Self::HostDirectory => &[Aspect::HostPaths],
            Self::NetworkMode | Self::ServiceNetworks => &[Aspect::Networks, Aspect::Namespaces],
            Self::NamespaceMode(_) => &[Aspect::Namespaces],
            Self::Network | Self::NetworkKeys | Self::NetworkName => &[Aspect::Networks],
            Self::Capabilities => &[Aspect::Capabilities],
            Self::Privileged => &[Aspect::Capabilities, Aspect::Devices, Aspect::Security],
            Self::Devices | Self::DeviceRules | Self::DeviceRequests => &[Aspect::Devices],
            Self::SecurityOptions | Self::SystemPaths(_) | Self::SeLinux | Self::Seccomp | Self::AppArmor => {
                &[Aspect::Security]
            }
            Self::User => &[Aspect::Users],
            Self::Image => &[Aspect::Images],
            Self::PortBindings | Self::AllPorts | Self::ServicePorts => &[Aspect::Ports],
            Self::Driver(_) => &[Aspect::Drivers],
            Self::Sysctls => &[Aspect::Sysctls],
            Self::Ulimits => &[Aspect::Ulimits],
            Self::ExtraHosts | Self::ServiceHosts => &[Aspect::ExtraHosts],
            Self::Amount(Resource::Memory) => &[Aspect::Resource(Resource::Memory)],
            Self::Amount(Resource::Cpus) | Self::CpuQuota | Self::CpuPeriod => {
                &[Aspect::Resource(Resource::Cpus)]
            }
            Self::Amount(Resource::Pids) => &[Aspect::Resource(Resource::Pids)],
            Self::Amount(Resource::Shm) => &[Aspect::Resource(Resource::Shm)],
            Self::PluginPrivileges => {
                &[Aspect::HostPaths, Aspect::Devices, Aspect::Capabilities, Aspect::Namespaces]
            }
            Self::PluginSettings => &[Aspect::HostPaths, Aspect::Devices],
            Self::Links | Self::Container | Self::Secrets | Self::Configs => &[],
        }
    }
}

/// The kinds of things that a parameter of the endpoint can mean.
#[must_use]
pub fn aspects_of_parameter(endpoint: &Endpoint, parameter: &Parameter) -> &'static [Aspect] {
    match (endpoint.id, parameter.name) {
        ("ImageCreate", "fromImage")
        | ("ImageCreate" | "ImageCommit" | "ImageTag", "repo")
        | ("ImageBuild", "t" | "cachefrom")
        | ("ImageGetAll", "names") => &[Aspect::Images],
        ("ImageCreate", "fromSrc") | ("ImageBuild", "remote") => &[Aspect::Remotes],
        ("ImageBuild", "networkmode") => &[Aspect::Networks, Aspect::Namespaces],
        ("ImageBuild", "extrahosts") => &[Aspect::ExtraHosts],
        ("ImageBuild", "shmsize") => &[Aspect::Resource(Resource::Shm)],
        ("ImageBuild", "memory") => &[Aspect::Resource(Resource::Memory)],
        ("ImageBuild", "cpuquota") => &[Aspect::Resource(Resource::Cpus)],
        ("ImageBuild", "version") => &[Aspect::Drivers],
        ("CheckpointList" | "CheckpointDelete", "dir") | ("ContainerStart", "checkpoint-dir") => {
            &[Aspect::HostPaths]
        }
        ("ContainerArchive" | "ContainerArchiveInfo" | "PutContainerArchive", "path") => {
            &[Aspect::ContainerPaths]
        }
        _ => &[],
    }
}

/// The kinds of things that requests to the endpoint can mean.
#[must_use]
pub fn aspects_of(endpoint: &Endpoint) -> BTreeSet<Aspect> {
    collect(endpoint, false)
}

/// Those of them that need no grant, so that every rule for the endpoint lets some of them through.
#[must_use]
pub fn plain_aspects_of(endpoint: &Endpoint) -> BTreeSet<Aspect> {
    collect(endpoint, true)
}

fn collect(endpoint: &Endpoint, only_plain: bool) -> BTreeSet<Aspect> {
    let mut found = BTreeSet::new();
    for parameter in endpoint.parameters.iter().filter(|one| !only_plain || one.guard == Guard::Plain) {
        found.extend(aspects_of_parameter(endpoint, parameter));
    }
    found.extend(endpoint.identifiers.iter().copied().filter_map(aspect_of_identifier));
    match endpoint.id {
        // The user and the image are meant also where they are left out, and below API 1.41 namespaces.
        "ContainerCreate" => found.extend([Aspect::Users, Aspect::Images, Aspect::Namespaces]),
        "ServiceCreate" | "ServiceUpdate" => {
            found.extend([Aspect::Users, Aspect::Images]);
        }
        "ContainerExec" => drop(found.insert(Aspect::Users)),
        // All that there is.
        "ContainerExport" => drop(found.insert(Aspect::ContainerPaths)),
        // What the Dockerfile says.
        "ImageBuild" => {
            found.extend([Aspect::Images, Aspect::Instructions]);
            if !only_plain {
                found.extend([Aspect::Remotes, Aspect::Namespaces, Aspect::Security, Aspect::Devices]);
            }
        }
        _ => {}
    }
    if let BodyKind::Json { kind, guard } = endpoint.body
        && !(only_plain && guard != Guard::Plain)
    {
        found.extend(body_reading(endpoint).iter().flat_map(|reading| reading.aspects()));
        in_kind(kind, only_plain, &mut found);
    }
    found
}

fn in_kind(kind: Kind, only_plain: bool, found: &mut BTreeSet<Aspect>) {
    for (part, field) in kind.innermost().fields() {
        let is_guarded = part.guard_of(field) != Guard::Plain;
        if only_plain && is_guarded {
            continue;
        }
        found.extend(field.reading.iter().flat_map(|reading| reading.aspects()));
        if part.same_as.is_none() {
            in_kind(field.kind, only_plain, found);
        }
    }
}

/// The readings of a field and of the fields in it.
#[must_use]
pub fn readings_in(field: &Field) -> Vec<Reading> {
    let inner = field.kind.innermost().fields().flat_map(|(_, inner)| readings_in(inner));
    field.reading.into_iter().chain(inner).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::operation::table::endpoints;
    use crate::operation::version::ApiVersion;
    use crate::operation::{Asked, Head, Operation};

    fn operation(request: &str) -> Operation {
        let mut parts = request.splitn(3, ' ');
        let (method, target) = (parts.next().unwrap(), parts.next().unwrap().as_bytes());
        let headers: &[(&str, &[u8])] = &[("Content-Type", b"application/json")];
        let asked = Asked::read(&Head { method, target, headers }, ApiVersion::NEWEST).unwrap();
        asked.with_body(parts.next().unwrap_or_default().as_bytes()).unwrap()
    }

    /// Requests that say as much as they can.
    const REQUESTS: &[&str] = &[
        r#"POST /containers/create {"Image":"a","User":"1","Volumes":{"/v":{}},"HostConfig":{"Binds":["/a:/b","v:/c"],"Mounts":[{"Type":"tmpfs","Target":"/t"},{"Type":"image","Source":"a"},{"Type":"volume","Source":"v","VolumeOptions":{"DriverConfig":{"Name":"nfs","Options":{"device":"/x"}}}}],"VolumeDriver":"x","NetworkMode":"host","IpcMode":"host","PidMode":"host","UTSMode":"host","UsernsMode":"host","CgroupnsMode":"host","CapAdd":["ALL"],"Privileged":true,"Devices":[{"PathOnHost":"/dev/x"}],"DeviceCgroupRules":["a *:* rwm"],"DeviceRequests":[{"Driver":"nvidia"}],"SecurityOpt":["seccomp=unconfined"],"MaskedPaths":[],"PortBindings":{"80/tcp":[{"HostPort":"1"}]},"PublishAllPorts":true,"Tmpfs":{"/t":""},"Sysctls":{"a":"b"},"Ulimits":[{"Name":"n","Soft":1,"Hard":2}],"ExtraHosts":["a:1.2.3.4"],"Runtime":"r","LogConfig":{"Type":"syslog"},"ShmSize":5,"Memory":6,"NanoCpus":7,"PidsLimit":8,"CpuQuota":9},"NetworkingConfig":{"EndpointsConfig":{"n":{"NetworkID":"m"}}}}"#,
        r#"POST /v1.30/containers/create {"Image":"a"}"#,
        r#"POST /services/create {"TaskTemplate":{"ContainerSpec":{"Image":"a","User":"u","Mounts":[{"Type":"bind","Source":"/a"}],"Privileges":{"SELinuxContext":{"Disable":true},"Seccomp":{"Mode":"unconfined"},"AppArmor":{"Mode":"disabled"}},"CapabilityAdd":["ALL"],"Hosts":["1.2.3.4 a"],"Sysctls":{"a":"b"},"Ulimits":[{"Name":"n"}]},"Networks":[{"Target":"host"},{"Target":"n"}],"Resources":{"Limits":{"MemoryBytes":1,"NanoCPUs":2,"Pids":3}},"LogDriver":{"Name":"x"}},"EndpointSpec":{"Ports":[{"PublishedPort":80}]}}"#,
        r#"POST /containers/x/exec {"User":"0","Privileged":true}"#,
        r#"POST /volumes/create {"Driver":"nfs","DriverOpts":{"device":"/x","type":"tmpfs"}}"#,
        r#"POST /networks/create {"Name":"n","Driver":"macvlan","IPAM":{"Driver":"x"}}"#,
        r#"POST /containers/x/checkpoints {"CheckpointDir":"/x"}"#,
        "POST /containers/x/start?checkpoint-dir=/x",
        "DELETE /containers/x/checkpoints/y?dir=/x",
        "GET /containers/x/archive?path=/x",
        "POST /build?t=a&remote=http://x&networkmode=host&extrahosts=a:1.2.3.4&shmsize=5&memory=6&cpuquota=7&version=2&cachefrom=[\"a\"]",
        "POST /images/create?fromImage=a&fromSrc=http://x&repo=b",
        "POST /commit?container=x&repo=a",
        "POST /images/a/tag?repo=b",
        "GET /images/get?names=a",
        r#"POST /networks/a/connect {"Container":"x"}"#,
        r#"POST /networks/a/disconnect {"Container":"x"}"#,
        "DELETE /images/a",
        "GET /networks/a",
        "DELETE /networks/a",
        r#"POST /networks/create {"Name":"a","Driver":"x"}"#,
        "GET /volumes/a",
        "PUT /volumes/a?version=1",
        "DELETE /volumes/a",
        r#"POST /volumes/create {"Name":"a","DriverOpts":{"device":"/x","o":"bind","type":"none"}}"#,
        "POST /volumes/create {}",
        r#"POST /plugins/pull?remote=x&name=y [{"Name":"mount","Value":["/x"]},{"Name":"device","Value":["/dev/x"]},{"Name":"capabilities","Value":["ALL"]},{"Name":"network","Value":["host"]}]"#,
        r#"POST /plugins/x/set ["a.source=/x","b.path=/dev/x"]"#,
    ];

    #[test]
    fn nothing_is_meant_that_cannot_be() {
        for request in REQUESTS {
            let operation = operation(request);
            let sayable = aspects_of(operation.endpoint());
            let understood = operation.understand();
            for one in understood.uses() {
                let aspect = one.meaning.aspect();
                assert!(sayable.contains(&aspect), "{request}: {aspect}, in {}", one.place);
            }
            for used in &understood.fields {
                let Some(reading) = used.field.and_then(|field| field.reading) else { continue };
                let aspects = used.meaning(understood).into_iter().flatten().map(|one| one.meaning.aspect());
                for aspect in aspects {
                    assert!(reading.aspects().contains(&aspect), "{}: {aspect}", used.place());
                }
            }
            for used in &understood.parameters {
                for one in used.meaning(understood).into_iter().flatten() {
                    let aspects = aspects_of_parameter(operation.endpoint(), used.parameter);
                    assert!(aspects.contains(&one.meaning.aspect()), "{}", one.place);
                }
            }
        }
    }

    #[test]
    fn each_kind_of_meaning_can_be_meant_somewhere() {
        let all: BTreeSet<Aspect> = endpoints().flat_map(aspects_of).collect();
        assert_eq!(all, Aspect::ALL.into_iter().collect());
    }

    #[test]
    fn what_is_plain_needs_no_grant() {
        let of = |id: &str| {
            let endpoint = endpoints().find(|endpoint| endpoint.id == id).unwrap();
            plain_aspects_of(endpoint)
        };
        assert!(of("ContainerCreate").contains(&Aspect::Images));
        assert!(of("ContainerCreate").contains(&Aspect::Resource(Resource::Memory)));
        assert!(!of("ContainerCreate").contains(&Aspect::HostPaths));
        assert!(of("ImageCreate").contains(&Aspect::Images) && !of("ImageCreate").contains(&Aspect::Remotes));
    }
}
