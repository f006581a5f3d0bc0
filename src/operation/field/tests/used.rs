//! What of a body counts as used, and what of that needs a grant.

use super::super::super::json::Json;
use super::super::super::meaning::Meant;
use super::super::{Guard, used_fields};
use super::{context, endpoint, kind_of};

/// The places of the used fields of a body, with `!` behind those that are guarded, and `?` behind those
/// that are not known.
fn used(id: &str, body: &str) -> String {
    let endpoint = endpoint(id);
    let kind = kind_of(endpoint).unwrap();

    let json = Json::read(body.as_bytes(), kind).unwrap_or_else(|flaw| panic!("{body}: {flaw}"));
    let used = used_fields(kind, &json, context(endpoint), &mut Meant::default());
    let fields = used.into_iter().map(|used| {
        assert!(used.value(&json).is_some(), "{body}: nothing stands in {}", used.place());
        let mark = match (used.guard, used.field) {
            (Guard::Guarded(_), None) => "?",
            (Guard::Guarded(_), Some(_)) => "!",
            (Guard::Plain, _) => "",
        };
        format!("{}{mark}", used.place())
    });
    fields.collect::<Vec<_>>().join(" ")
}

#[track_caller]
fn assert_used(id: &str, cases: &[(&str, &str)]) {
    for (body, expected) in cases {
        assert_eq!(used(id, body), *expected, "{body}");
    }
}

#[test]
fn what_is_zero_is_not_used() {
    assert_used(
        "ContainerCreate",
        &[
            ("{}", ""),
            ("null", ""),
            (r#"{"Image":"","Env":null,"HostConfig":{"Privileged":false,"Binds":[],"ShmSize":0}}"#, ""),
            (r#"{"HostConfig":{"LogConfig":{"Type":"","Config":{}},"PortBindings":{}}}"#, ""),
            (r#"{"HostConfig":{"MaskedPaths":null,"ReadonlyPaths":null}}"#, ""),
            (r#"{"HostConfig":{"MaskedPaths":[]}}"#, "HostConfig.MaskedPaths!"),
            (r#"{"ReadonlyPaths":[]}"#, "ReadonlyPaths!"),
            (r#"{"New":{"A":false,"B":{"C":[]}}}"#, ""),
        ],
    );
}

#[test]
fn a_list_or_map_with_anything_in_it_is_used() {
    assert_used(
        "ContainerCreate",
        &[
            (r#"{"HostConfig":{"Devices":[{}]}}"#, "HostConfig.Devices!"),
            (r#"{"HostConfig":{"MaskedPaths":[""]}}"#, "HostConfig.MaskedPaths!"),
            (r#"{"HostConfig":{"Binds":[null]}}"#, "HostConfig.Binds!"),
            (
                r#"{"HostConfig":{"PortBindings":{"80/tcp":[{"HostIp":"","HostPort":""}]}}}"#,
                "HostConfig.PortBindings!",
            ),
            (r#"{"Volumes":{"/data":{}}}"#, "Volumes"),
        ],
    );
}

#[test]
fn whatever_reaches_out_of_the_container_needs_a_grant() {
    for field in [
        r#""Binds":["/:/h"]"#,
        r#""Mounts":[{"Type":"bind","Source":"/","Target":"/h"}]"#,
        r#""VolumesFrom":["x"]"#,
        r#""VolumeDriver":"x""#,
        r#""Privileged":true"#,
        r#""CapAdd":["SYS_ADMIN"]"#,
        r#""CapAdd":"SYS_ADMIN""#,
        r#""Capabilities":["SYS_ADMIN"]"#,
        r#""Devices":[{"PathOnHost":"/dev/sda"}]"#,
        r#""DeviceCgroupRules":["b *:* rwm"]"#,
        r#""DeviceRequests":[{"Count":-1}]"#,
        r#""SecurityOpt":["seccomp=unconfined"]"#,
        r#""SecurityOpt":["no-new-privileges","seccomp=unconfined"]"#,
        r#""SecurityOpt":["no-new-privileges:false"]"#,
        r#""PidMode":"host""#,
        r#""IpcMode":"container:x""#,
        r#""UTSMode":"host""#,
        r#""NetworkMode":"host""#,
        r#""NetworkMode":"Default""#,
        r#""NetworkMode":"backend""#,
        r#""UsernsMode":"host""#,
        r#""CgroupnsMode":"host""#,
        r#""Cgroup":"container:x""#,
        r#""CgroupParent":"/x""#,
        r#""Runtime":"io.containerd.runc.v2""#,
        r#""Annotations":{"a":"b"}"#,
        r#""Sysctls":{"kernel.domainname":"x"}"#,
        r#""Ulimits":[{"Name":"nofile","Hard":1000000}]"#,
        r#""OomScoreAdj":-1000"#,
        r#""OomKillDisable":true"#,
        r#""ShmSize":1000000000000"#,
        r#""StorageOpt":{"size":"1T"}"#,
        r#""Tmpfs":{"/x":""}"#,
        r#""GroupAdd":["disk"]"#,
        r#""Links":["x"]"#,
        r#""ExtraHosts":["a:host-gateway"]"#,
        r#""PortBindings":{"80/tcp":null}"#,
        r#""PublishAllPorts":true"#,
    ] {
        // Engines up to 26.1 take it at the top too.
        for (body, place) in
            [(format!("{{\"HostConfig\":{{{field}}}}}"), "HostConfig."), (format!("{{{field}}}"), "")]
        {
            let name = field.split('"').nth(1).unwrap();
            assert_eq!(used("ContainerCreate", &body), format!("{place}{name}!"), "{body}");
        }
    }
}

#[test]
fn what_a_container_has_by_default_can_be_more_than_it_has() {
    assert_used("ContainerCreate", &[(r#"{"HostConfig":{"CpuShares":1024}}"#, "HostConfig.CpuShares")]);
    assert_used(
        "ContainerUpdate",
        &[
            (r#"{"CpuShares":1024}"#, "CpuShares!"),
            (r#"{"BlkioWeight":500}"#, "BlkioWeight!"),
            (r#"{"CpuShares":0,"BlkioWeight":0}"#, ""),
        ],
    );
}

#[test]
fn logs_may_go_where_they_go_by_default() {
    assert_used(
        "ContainerCreate",
        &[
            (r#"{"HostConfig":{"LogConfig":{"Type":"json-file"}}}"#, "HostConfig.LogConfig.Type"),
            (r#"{"HostConfig":{"LogConfig":{"Type":"syslog"}}}"#, "HostConfig.LogConfig.Type!"),
            (
                r#"{"HostConfig":{"LogConfig":{"Config":{"fluentd-address":"unix:///x"}}}}"#,
                "HostConfig.LogConfig.Config!",
            ),
        ],
    );
}

#[test]
fn harmless_values_need_no_grant() {
    for field in [
        r#""NetworkMode":"default""#,
        r#""NetworkMode":"none""#,
        r#""NetworkMode":"bridge""#,
        r#""IpcMode":"private""#,
        r#""CgroupnsMode":"private""#,
        r#""VolumeDriver":"local""#,
        r#""ShmSize":67108864"#,
        r#""SecurityOpt":["no-new-privileges:true"]"#,
        r#""Memory":1"#,
        r#""CapDrop":["ALL"]"#,
        r#""ReadonlyRootfs":true"#,
    ] {
        assert!(
            !used("ContainerCreate", &format!("{{\"HostConfig\":{{{field}}}}}")).contains('!'),
            "{field}"
        );
    }
}

#[test]
fn networks_are_joined_by_the_keys_of_a_map() {
    assert_used(
        "ContainerCreate",
        &[
            (
                r#"{"NetworkingConfig":{"EndpointsConfig":{"default":{"Aliases":["a"]}}}}"#,
                r"NetworkingConfig.EndpointsConfig NetworkingConfig.EndpointsConfig[default].Aliases",
            ),
            (
                r#"{"NetworkingConfig":{"EndpointsConfig":{"default":{"NetworkID":"x"}}}}"#,
                r"NetworkingConfig.EndpointsConfig NetworkingConfig.EndpointsConfig[default].NetworkID!",
            ),
            (
                r#"{"NetworkingConfig":{"EndpointsConfig":{"none":null,"a b":{"IPAMConfig":{"IPv4Address":"10.0.0.1"}}}}}"#,
                "NetworkingConfig.EndpointsConfig! \
                 NetworkingConfig.EndpointsConfig[\"a b\"].IPAMConfig.IPv4Address!",
            ),
        ],
    );
}

#[test]
fn a_field_that_is_not_known_is_guarded_wherever_it_stands() {
    assert_used(
        "ContainerCreate",
        &[
            (r#"{"New":{"a":[1]}}"#, "New?"),
            (r#"{"HostConfig":{"NewDangerousField":true}}"#, "HostConfig.NewDangerousField?"),
            (
                r#"{"HostConfig":{"Mounts":[{"Target":"/a"},{"VolumeOptions":{"New":1}}]}}"#,
                "HostConfig.Mounts! HostConfig.Mounts[1].VolumeOptions.New?",
            ),
            (r#"{"Volumes":{"/a b":{"x":1}}}"#, "Volumes Volumes[\"/a b\"].x?"),
            ("{\"a\\u001bb\":1}", "\"a\\u{1b}b\"?"),
        ],
    );
    assert_eq!(used("PluginPull", r#"[{"Name":"network"},{"x":1}]"#), "[0].Name [1].x?");
}

#[test]
fn the_same_field_is_guarded_where_it_can_do_more() {
    assert_used(
        "ContainerUpdate",
        &[(r#"{"Memory":1,"RestartPolicy":{"Name":"no"}}"#, "Memory! RestartPolicy.Name")],
    );
    assert_used("ImageCommit", &[(r#"{"Env":["a=b"],"Healthcheck":{"Retries":1}}"#, "Env! Healthcheck!")]);
}

#[test]
fn other_bodies_are_plain_where_they_do_what_the_operation_says() {
    assert_used(
        "ContainerExec",
        &[
            (r#"{"Cmd":["id"],"AttachStdout":true,"Container":"x"}"#, "Cmd AttachStdout Container"),
            (r#"{"Cmd":["id"],"User":"0","privileged":true}"#, "Cmd User! Privileged!"),
        ],
    );
    assert_used(
        "VolumeCreate",
        &[
            (r#"{"Name":"x","Driver":"local","DriverOpts":{}}"#, "Name Driver"),
            (r#"{"Name":"x","DriverOpts":{"o":"bind"}}"#, "Name DriverOpts!"),
            (r#"{"Driver":"rclone"}"#, "Driver!"),
        ],
    );
    assert_used(
        "NetworkCreate",
        &[
            (
                r#"{"Driver":"bridge","IPAM":{"Driver":"default","Options":{},"Config":[]},"ConfigFrom":null,"Name":"x"}"#,
                "Driver IPAM.Driver Name",
            ),
            (
                r#"{"Driver":"macvlan","Options":{"parent":"eth0"},"ConfigFrom":{"Network":"x"},"Ingress":true}"#,
                "Driver! Options! ConfigFrom.Network! Ingress!",
            ),
        ],
    );
    assert_used("NetworkConnect", &[(r#"{"Container":"x"}"#, "Container!")]);
    assert_used(
        "ServiceCreate",
        &[
            (
                r#"{"Labels":{},"TaskTemplate":{"ContainerSpec":{"Image":"busybox:latest","Init":false,"DNSConfig":{}},"Resources":{"Limits":{},"Reservations":{}},"Placement":{},"ForceUpdate":0},"Mode":{"Replicated":{}},"EndpointSpec":{"Mode":"vip"}}"#,
                "TaskTemplate.ContainerSpec.Image EndpointSpec.Mode",
            ),
            (
                r#"{"TaskTemplate":{"Networks":[{"Target":"host"}],"ContainerSpec":{"Privileges":{"NoNewPrivileges":true,"Seccomp":{"Mode":"unconfined"}}}}}"#,
                "TaskTemplate.Networks! TaskTemplate.ContainerSpec.Privileges.NoNewPrivileges \
                 TaskTemplate.ContainerSpec.Privileges.Seccomp!",
            ),
            (
                r#"{"Networks":[{"Target":"x"}],"Mode":{"Replicated":{"Replicas":2}}}"#,
                "Networks! Mode.Replicated.Replicas!",
            ),
        ],
    );
}
