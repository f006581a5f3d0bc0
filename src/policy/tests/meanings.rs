//! What is meant is judged the same in every spelling.

use super::*;
use crate::operation::Json;
use crate::operation::thing::ThingKind;

/// Asserts of each body of `endpoint` whether a rule with these lines permits it.
#[track_caller]
pub(super) fn assert_permits(endpoint: &str, lines: &str, yes: &[impl AsRef<str>], no: &[impl AsRef<str>]) {
    let policy = policy(&format!("[[allow]]\nname = \"r\"\noperations = [\"{endpoint}\"]\n{lines}"));
    let yes = yes.iter().map(|body| (body.as_ref(), true));
    let no = no.iter().map(|body| (body.as_ref(), false));
    for (body, expected) in yes.chain(no) {
        let verdict = judged(&policy, "tcp", &format!("{endpoint} {body}"));
        assert_eq!(verdict == "permit r", expected, "{lines}: {body}: {verdict}");
    }
}

/// The same of bodies of container creates, whose `HostConfig` is given.
#[track_caller]
pub(super) fn assert_host_config(lines: &str, yes: &[&str], no: &[&str]) {
    let whole = |config: &&str| format!(r#"{{"Image":"x","HostConfig":{{{config}}}}}"#);
    let yes: Vec<String> = yes.iter().map(whole).collect();
    let no: Vec<String> = no.iter().map(whole).collect();
    assert_permits("POST /containers/create", lines, &yes, &no);
}

#[test]
fn files_of_the_host_are_seen_wherever_they_are_said() {
    assert_host_config(
        r#"host_paths = { read_write = ["/opt/data/**"], read_only = ["/etc/localtime"] }
           volumes = ["app-*"]"#,
        &[
            "",
            r#""Binds":["/opt/data/x:/x"]"#,
            r#""Binds":["/opt//data/./y/../x:/x:z"]"#,
            r#""Binds":["/etc/localtime:/etc/localtime:ro","app-1:/d:nocopy"]"#,
            r#""Mounts":[{"Type":"bind","Source":"/opt/data","Target":"/x"}]"#,
            r#""Mounts":[{"Type":"bind","Source":"/etc/localtime","Target":"/x","ReadOnly":true}]"#,
            r#""Mounts":[{"Type":"volume","Source":"app-2","Target":"/x","VolumeOptions":{"Subpath":"a/b"}}]"#,
            r#""Mounts":[{"Type":"volume","Source":"app-2","Target":"/x","VolumeOptions":{"DriverConfig":{"Name":"local","Options":{"type":"none","o":"bind","device":"/opt/data/v"}}}}]"#,
        ],
        &[
            r#""Binds":["/:/h"]"#,
            r#""Binds":["/opt/data/../../etc:/h"]"#,
            r#""Binds":["/opt/data2:/h"]"#,
            r#""Binds":["/etc/localtime:/etc/localtime"]"#,
            r#""Binds":["/etc/localtime:/etc/localtime:ro,z"]"#,
            r#""Binds":["/opt/data/x:/x:rshared"]"#,
            r#""Binds":["/opt/data/x:/x:wild"]"#,
            r#""Binds":["other:/x"]"#,
            r#""Binds":["/opt/data/x:/x:rw:y"]"#,
            r#""Binds":[null]"#,
            r#""Mounts":[{"Type":"bind","Source":"/etc","Target":"/x"}]"#,
            r#""Mounts":[{"Type":"npipe","Source":"/opt/data","Target":"/x"}]"#,
            r#""Mounts":[{"Type":"bind","Source":"/etc/localtime","Target":"/x","ReadOnly":true,"BindOptions":{"ReadOnlyNonRecursive":true}}]"#,
            r#""Mounts":[{"Type":"bind","Source":"/opt/data","Target":"/x","BindOptions":{"Propagation":"rshared"}}]"#,
            r#""Mounts":[{"Type":"bind","Source":"/opt/data/new","Target":"/x","BindOptions":{"CreateMountpoint":true}}]"#,
            r#""Mounts":[{"Type":"volume","Source":"app-2","Target":"/x","VolumeOptions":{"Subpath":"../.."}}]"#,
            r#""Mounts":[{"Type":"volume","Source":"app-2","Target":"/x","VolumeOptions":{"DriverConfig":{"Options":{"type":"none","o":"bind","device":"/"}}}}]"#,
            r#""Mounts":[{"Type":"volume","Source":"app-2","Target":"/x","VolumeOptions":{"DriverConfig":{"Options":{"type":"overlay","o":"lowerdir=/opt/data:/opt/data/x","device":"overlay"}}}}]"#,
            r#""Mounts":[{"Type":"volume","Source":"app-2","Target":"/x","VolumeOptions":{"DriverConfig":{"Options":{"type":"proc","device":"proc"}}}}]"#,
            r#""Mounts":[{"Type":"volume","Source":"app-2","Target":"/x","VolumeOptions":{"DriverConfig":{"Name":"nfs"}}}]"#,
            r#""Mounts":[{"Type":"bind","Source":"/opt/data","Target":"/x","VolumeOptions":{"DriverConfig":{"Options":{"device":"/etc"}}}}]"#,
            r#""Mounts":[{"Type":"tmpfs","Target":"/x"}]"#,
            r#""Mounts":[{"Type":"image","Source":"y","Target":"/x"}]"#,
            r#""Binds":["/anonymous"]"#,
            r#""Mounts":[{"Type":"volume","Target":"/x"}]"#,
            r#""VolumesFrom":["web"]"#,
            r#""Tmpfs":{"/x":""}"#,
        ],
    );
    // As older daemons read it.
    assert_permits(
        "POST /containers/create",
        r#"host_paths = ["/opt/data/**"]"#,
        &[r#"{"Binds":["/opt/data/x:/x"]}"#],
        &[r#"{"Binds":["/etc:/x"]}"#, r#"{"binds":["/opt/data/x:/x"],"HostConfig":{"Binds":["/etc:/x"]}}"#],
    );
    assert_permits(
        "POST /volumes/create",
        r#"host_paths = ["/opt/data/**"]"#,
        &[r#"{"Name":"v","DriverOpts":{"type":"none","o":"bind,ro","device":"/opt/data/v"}}"#],
        &[
            r#"{"Name":"v","DriverOpts":{"type":"none","o":"bind","device":"/opt/data/../v"}}"#,
            r#"{"name":"v","driveropts":{"type":"nfs","o":"addr=10.0.0.1","device":":/x"}}"#,
            r#"{"Name":"v","Driver":"other","DriverOpts":{"type":"none","o":"bind","device":"/opt/data/v"}}"#,
        ],
    );
}

#[test]
fn a_forbidden_file_is_struck_from_above_and_through_volumes() {
    let policy = policy(
        r#"
            [[allow]]
            name = "all"
            operations = ["*"]
            unguarded = true
            [[forbid]]
            name = "socket"
            operations = ["*"]
            host_paths = ["/var/run/docker.sock"]
        "#,
    );
    for (body, expected) in [
        (r#"{"HostConfig":{"Binds":["/var/run/docker.sock:/s:ro"]}}"#, "forbidden socket"),
        (r#"{"HostConfig":{"Binds":["/run:/r"]}}"#, "forbidden socket"),
        (r#"{"HostConfig":{"Mounts":[{"Type":"bind","Source":"/","Target":"/h"}]}}"#, "forbidden socket"),
        (r#"{"Binds":["/var/lib/../run/docker.sock:/s"]}"#, "forbidden socket"),
        (r#"{"HostConfig":{"Binds":["/var/lib:/l"]}}"#, "permit all"),
    ] {
        assert_eq!(judged(&policy, "tcp", &format!("POST /containers/create {body}")), expected, "{body}");
    }
    let service = r#"POST /services/create {"TaskTemplate":{"ContainerSpec":{"Mounts":[{"Type":"bind","Source":"/run","Target":"/r"}]}}}"#;
    assert_eq!(judged(&policy, "tcp", service), "forbidden socket");
    assert_eq!(
        judged(&policy, "tcp", "POST /plugins/x/set [\"sock.source=/run/docker.sock\"]"),
        "forbidden socket"
    );
    assert_eq!(judged(&policy, "tcp", "DELETE /containers/x/checkpoints/y?dir=/var/run"), "forbidden socket");

    let request = r#"POST /containers/create {"HostConfig":{"Binds":["v:/v"],"VolumesFrom":["web:ro"]}}"#;
    let shown = |json: &str| Some(Json::read_shown(json.as_bytes()).unwrap());
    let innocent = shown(r#"{"Driver":"local","Options":null}"#);
    let bind = shown(r#"{"Driver":"local","Options":{"type":"none","o":"bind","device":"/run"}}"#);
    let web = shown(r#"{"Mounts":[{"Type":"volume","Name":"w","RW":true}]}"#);
    let ask = |volume: &Option<Json>, container: &Option<Json>, further: &Option<Json>| {
        let mut operation = read(request, ApiVersion::NEWEST);
        let questions = policy.questions(&client("tcp"), &operation);
        assert_eq!(
            questions,
            [Reference::new(ThingKind::Container, "web"), Reference::new(ThingKind::Volume, "v")]
        );
        operation.learn(Reference::new(ThingKind::Volume, "v"), volume.clone());
        operation.learn(Reference::new(ThingKind::Container, "web"), container.clone());
        for question in policy.questions(&client("tcp"), &operation) {
            assert_eq!(question, Reference::new(ThingKind::Volume, "w"));
            operation.learn(question, further.clone());
        }
        verdict(&policy, "tcp", operation)
    };
    assert_eq!(ask(&innocent, &web, &None), "permit all");
    // The container may be there a moment later.
    assert_eq!(ask(&None, &None, &None), "forbidden socket");
    assert_eq!(ask(&bind, &web, &None), "forbidden socket");
    assert_eq!(ask(&innocent, &web, &bind), "forbidden socket");
    // What was not asked may be anything.
    assert_eq!(verdict(&policy, "tcp", read(request, ApiVersion::NEWEST)), "forbidden socket");
}

#[test]
fn volumes_are_granted_as_what_they_are() {
    let policy = policy(
        r#"
            [[allow]]
            name = "r"
            operations = ["ContainerCreate"]
            volumes = true
            host_paths = ["/opt/data/**"]
        "#,
    );
    let request = r#"POST /containers/create {"Image":"x","HostConfig":{"VolumesFrom":["web"]}}"#;
    for (mounts, expected) in [
        (r#"[{"Type":"bind","Source":"/opt/data/x","RW":true}]"#, "permit r"),
        (r#"[{"Type":"bind","Source":"/etc","RW":false}]"#, "condition r"),
        (r#"[{"Type":"npipe","Source":"x"}]"#, "missing_grant r"),
        ("[]", "missing_grant r"),
    ] {
        let mut operation = read(request, ApiVersion::NEWEST);
        let shown = Json::read_shown(format!(r#"{{"Mounts":{mounts}}}"#).as_bytes()).unwrap();
        operation.learn(Reference::new(ThingKind::Container, "web"), Some(shown));
        assert_eq!(verdict(&policy, "tcp", operation), expected, "{mounts}");
    }
}

#[test]
fn read_only_counts_where_it_holds_for_all_below() {
    let policy = policy(
        "[[allow]]\nname = \"r\"\noperations = [\"ContainerCreate\"]\nhost_paths = { read_only = [\"/etc/**\"] }",
    );
    let request = |version: &str| {
        format!(r#"POST {version}/containers/create {{"HostConfig":{{"Binds":["/etc:/e:ro"]}}}}"#)
    };
    let old = ApiVersion::new(1, 41);
    assert_eq!(verdict(&policy, "tcp", read(&request("/v1.44"), ApiVersion::NEWEST)), "permit r");
    assert_eq!(verdict(&policy, "tcp", read(&request("/v1.43"), ApiVersion::NEWEST)), "condition r");
    // The daemon cannot do better.
    assert_eq!(verdict(&policy, "tcp", read(&request("/v1.41"), old)), "permit r");
}

#[test]
fn lists_of_hidden_paths_that_hide_enough_are_told_from_others() {
    assert_host_config(
        r#"security = "systempaths=kept""#,
        &[
            r#""MaskedPaths":["/x","/proc/asound","/proc/acpi","/proc/kcore","/proc/keys","/proc/latency_stats","/proc/timer_list","/proc/timer_stats","/proc/sched_debug","/proc/scsi","/sys/firmware"]"#,
            r#""ReadonlyPaths":["/proc/bus","/proc/fs","/proc/irq","/proc/sys","/proc/sysrq-trigger"]"#,
        ],
        &[
            r#""MaskedPaths":[]"#,
            r#""MaskedPaths":["/proc/asound"]"#,
            r#""MaskedPaths":["/proc/bus","/proc/fs","/proc/irq","/proc/sys","/proc/sysrq-trigger"]"#,
            r#""ReadonlyPaths":["/proc/bus","/proc/fs","/proc/irq","/proc/sys"]"#,
        ],
    );
}

#[test]
fn rights_are_seen_in_every_spelling() {
    assert_host_config(
        r#"capabilities = ["NET_ADMIN", "cap_sys_ptrace"]"#,
        &[r#""CapAdd":["net_admin"]"#, r#""CapAdd":"CAP_NET_ADMIN""#, r#""CapAdd":["Cap_Sys_Ptrace"]"#],
        &[r#""CapAdd":["ALL"]"#, r#""CapAdd":["NET_ADMIN","SYS_ADMIN"]"#, r#""Privileged":true"#],
    );
    assert_host_config(
        r#"namespaces = ["pid:host", "network:container:web"]"#,
        &[r#""PidMode":"host""#, r#""NetworkMode":"container:web","IpcMode":"private""#],
        &[
            r#""PidMode":"container:x""#,
            r#""IpcMode":"host""#,
            r#""NetworkMode":"host""#,
            r#""UsernsMode":"host""#,
        ],
    );
    assert_host_config(
        r#"devices = ["/dev/net/tun", "cgroup:c 10:* rwm", "request:nvidia:*", "cdi:acme.com/gpu=0"]"#,
        &[
            r#""Devices":[{"PathOnHost":"/dev/./net/tun","PathInContainer":"/dev/net/tun","CgroupPermissions":"rwm"}]"#,
            r#""DeviceCgroupRules":["c 10:200 rwm"]"#,
            r#""DeviceRequests":[{"Driver":"nvidia","Count":-1,"Capabilities":[["gpu"]]}]"#,
            r#""DeviceRequests":[{"Driver":"cdi","DeviceIDs":["acme.com/gpu=0"]}]"#,
            r#""DeviceRequests":[{"Driver":"nvidia","DeviceIDs":["0","acme.com/gpu=0"],"Capabilities":[["gpu"]]}]"#,
        ],
        &[
            r#""Devices":[{"PathOnHost":"/dev"}]"#,
            r#""Devices":[{"PathOnHost":"dev/net/tun"}]"#,
            r#""DeviceCgroupRules":["a *:* rwm"]"#,
            r#""DeviceRequests":[{"Count":-1,"Capabilities":[["gpu"]]}]"#,
            r#""DeviceRequests":[{"Driver":"nvidia","Options":{"a":"b"}}]"#,
            r#""DeviceRequests":[{"Driver":"cdi","DeviceIDs":["acme.com/gpu=all"]}]"#,
            r#""DeviceRequests":[{"Driver":"nvidia","DeviceIDs":["acme.com/disk=0"],"Capabilities":[["gpu"]]}]"#,
        ],
    );
    assert_host_config(
        r#"security = ["seccomp=unconfined", "systempaths=unconfined"]"#,
        &[
            r#""SecurityOpt":["seccomp:unconfined"]"#,
            r#""SecurityOpt":["seccomp=unconfined","no-new-privileges:false","no-new-privileges"]"#,
            r#""MaskedPaths":[],"ReadonlyPaths":[]"#,
        ],
        &[
            r#""SecurityOpt":["apparmor=unconfined"]"#,
            r#""SecurityOpt":["seccomp={}"]"#,
            r#""SecurityOpt":["no-new-privileges","no-new-privileges=0"]"#,
            r#""MaskedPaths":["/x"]"#,
        ],
    );
    assert_host_config(
        r#"ports = ["8000-8999", "127.0.0.1:53/udp", "ephemeral"]"#,
        &[
            r#""PortBindings":{"80/tcp":[{"HostPort":"8080"}]}"#,
            r#""PortBindings":{"80/tcp":[{"HostPort":"8080-8090"},{"HostPort":""}],"53/UDP":[{"HostIp":"127.0.0.1","HostPort":"53"}]}"#,
            r#""PublishAllPorts":true"#,
        ],
        &[
            r#""PortBindings":{"80/tcp":[{"HostPort":"80"}]}"#,
            r#""PortBindings":{"80/tcp":[{"HostPort":"8990-9001"}]}"#,
            r#""PortBindings":{"53/udp":[{"HostIp":"0.0.0.0","HostPort":"53"}]}"#,
            r#""PortBindings":{"80/tcp":[{"HostPort":"x"}]}"#,
        ],
    );
    assert_host_config(
        r#"drivers = ["log:syslog", "runtime:nvidia"]
           sysctls = ["net.core.somaxconn=*"]
           ulimits = ["nofile=*"]
           extra_hosts = ["db:10.0.0.*"]
           tmpfs = ["/run*"]
           resources.shm = { max = "1GiB" }
           resources.memory = { max = "2GiB" }
           resources.cpus = { max = 1.5 }
           resources.pids = { max = 100 }"#,
        &[
            r#""LogConfig":{"Type":"syslog"},"Runtime":"nvidia","Sysctls":{"net.core.somaxconn":"9"}"#,
            r#""Ulimits":[{"Name":"nofile","Soft":1,"Hard":2}],"ExtraHosts":["db:10.0.0.7"],"Tmpfs":{"/run":"size=1m"}"#,
            r#""ShmSize":1073741824,"Memory":2147483648,"NanoCpus":1500000000,"PidsLimit":100"#,
            r#""CpuPeriod":100000,"CpuQuota":150000,"PidsLimit":0"#,
            r#""Mounts":[{"Type":"tmpfs","Target":"/run","TmpfsOptions":{"SizeBytes":1,"Mode":448}}]"#,
        ],
        &[
            r#""LogConfig":{"Type":"gelf"}"#,
            r#""LogConfig":{"Type":"syslog","Config":{"syslog-address":"unix:///run/docker.sock"}}"#,
            r#""Runtime":"io.containerd.runc.v2""#,
            r#""Sysctls":{"kernel.msgmax":"1"}"#,
            r#""Ulimits":[{"Name":"core","Soft":1,"Hard":2}]"#,
            r#""ExtraHosts":["db:10.1.0.7"]"#,
            r#""Tmpfs":{"/x":""}"#,
            r#""ShmSize":1073741825"#,
            r#""Memory":-1"#,
            r#""NanoCpus":1500000001"#,
            r#""CpuPeriod":1000,"CpuQuota":150000"#,
            r#""PidsLimit":-1"#,
        ],
    );
}

#[test]
fn words_for_none_are_no_names() {
    let words = policy(
        r#"
            [[allow]]
            name = "r"
            operations = ["ContainerCreate", "ContainerExec"]
            users = ["non-root", "image"]
            volumes = ["anonymous"]
        "#,
    );
    for (request, expected) in [
        ("POST /containers/x/exec {\"Cmd\":[\"id\"]}", "permit r"),
        ("POST /containers/x/exec {\"User\":\"image\"}", "condition r"),
        ("POST /containers/x/exec {\"User\":\"image:0\"}", "condition r"),
        ("POST /containers/create {\"Image\":\"a\",\"Volumes\":{\"/x\":{}}}", "permit r"),
        (
            "POST /containers/create {\"Image\":\"a\",\"HostConfig\":{\"Binds\":[\"anonymous:/x\"]}}",
            "condition r",
        ),
    ] {
        assert_eq!(verdict(&words, "tcp", operation(request)), expected, "{request}");
    }
    let any = policy("[[allow]]\nname = \"r\"\noperations = [\"ContainerCreate\"]\nvolumes = true");
    let called_so = operation("POST /containers/create {\"HostConfig\":{\"Binds\":[\"anonymous:/x\"]}}");
    assert_eq!(verdict(&any, "tcp", called_so), "permit r");
}

#[test]
fn users_and_images_are_judged_also_where_none_is_said() {
    assert_permits(
        "POST /containers/create",
        r#"users = ["non-root"]
           images = ["own/*"]"#,
        &[r#"{"Image":"own/bb","User":"65534"}"#, r#"{"image":"docker.io/own/bb:1","user":"+1:0"}"#],
        &[
            r#"{"Image":"own/bb"}"#,
            r#"{"Image":"own/bb","User":"0"}"#,
            r#"{"Image":"own/bb","User":"00:65534"}"#,
            r#"{"Image":"own/bb","User":"+0"}"#,
            r#"{"Image":"own/bb","User":"toor"}"#,
            r#"{"User":"65534"}"#,
            r#"{"Image":"","User":"65534"}"#,
            r#"{"Image":"cafe","User":"65534"}"#,
            r#"{"Image":"sha256:cafe","User":"65534"}"#,
            r#"{"Image":"own.io/bb","User":"65534"}"#,
            r#"{"Image":"own/bb","User":"1","HostConfig":{"Mounts":[{"Type":"image","Source":"other/x","Target":"/x"}]}}"#,
        ],
    );
    let policy = policy(
        "[[allow]]\nname = \"r\"\noperations = [\"ContainerExec\"]\nusers = [\"1000-1999\", \"image\"]",
    );
    for (body, expected) in [
        (r#"{"Cmd":["id"]}"#, "permit r"),
        (r#"{"Cmd":["id"],"User":"1000:1000"}"#, "permit r"),
        (r#"{"Cmd":["id"],"User":"root"}"#, "condition r"),
        (r#"{"Cmd":["id"],"Privileged":true}"#, "missing_grant r"),
        (r#"{"Cmd":["id"],"Env":["A=b"]}"#, "missing_grant r"),
    ] {
        assert_eq!(judged(&policy, "tcp", &format!("POST /containers/web/exec {body}")), expected, "{body}");
    }
}

#[test]
fn images_are_seen_in_parameters_and_paths() {
    let policy = policy(
        r#"
            [[allow]]
            name = "r"
            operations = ["*"]
            images = ["own/*", "127.0.0.1:5000/allowed:1.*"]
            remotes = ["https://git.example/*"]
        "#,
    );
    for (request, expected) in [
        ("POST /images/create?fromImage=own/bb&tag=1", "permit r"),
        ("POST /images/create?fromImage=docker.io/own/bb", "permit r"),
        ("POST /images/create?fromImage=own/bb&tag=1&fromImage=evil", "permit r"),
        ("POST /images/create?fromImage=127.0.0.1:5000/allowed&tag=1.2", "permit r"),
        ("POST /images/create?fromImage=127.0.0.1:5000/allowed", "condition r"),
        ("POST /images/create?fromImage=127.0.0.1:5000/allowed:1.1&tag=latest", "condition r"),
        ("POST /images/create?fromImage=127.0.0.1:5000/allowed:1.1&tag=sha256:00", "condition r"),
        ("POST /images/create?fromImage=evil", "condition r"),
        ("POST /images/create?fromSrc=https://git.example/x.tar&repo=own/x", "permit r"),
        ("POST /images/create?fromSrc=http://169.254.169.254/&repo=own/x", "condition r"),
        ("POST /images/create?fromSrc=https://git.example/x.tar&repo=evil/x", "condition r"),
        ("POST /images/own/bb/tag?repo=own/c&tag=2", "permit r"),
        ("POST /images/own/bb/tag?repo=cafe", "condition r"),
        ("POST /images/victim/img/tag?repo=own/bb", "condition r"),
        ("POST /images/own/bb/push?tag=1", "permit r"),
        ("POST /images/127.0.0.1:19777/x/push?tag=1", "condition r"),
        ("GET /images/get?names=own/bb&names=victim/img", "condition r"),
        ("DELETE /images/own/bb:1", "permit r"),
        ("DELETE /images/cafe", "condition r"),
        ("POST /build?t=own/a&t=own/b&version=1", "permit r"),
        ("POST /build?t=own/a&t=victim/img", "condition r"),
        (r#"POST /build?t=own/a&cachefrom=["evil"]"#, "condition r"),
        ("POST /build?t=own/a&remote=git://127.0.0.1/x", "condition r"),
        ("POST /build?t=own/a&networkmode=host", "missing_grant r"),
        ("POST /commit?container=x&repo=own/bb", "permit r"),
        ("POST /commit?container=x&repo=stolen", "condition r"),
    ] {
        assert_eq!(judged(&policy, "tcp", request), expected, "{request}");
    }
}

#[test]
fn services_are_judged_as_containers_are() {
    let spec = |spec: &str| {
        format!(r#"{{"TaskTemplate":{{"ContainerSpec":{{"Image":"own/x","User":"5",{spec}}}}}}}"#)
    };
    let yes = [
        r#""Mounts":[{"Type":"bind","Source":"/opt/data","Target":"/x"}]"#,
        r#""CapabilityAdd":["CAP_NET_ADMIN"]"#,
        r#""Hosts":["10.0.0.1 db cache"]"#,
    ]
    .map(spec);
    let no = [
        r#""Mounts":[{"type":"bind","source":"/","target":"/x"}]"#,
        r#""CapabilityAdd":["ALL"]"#,
        r#""Privileges":{"Seccomp":{"Mode":"unconfined"}}"#,
        r#""Privileges":{"SELinuxContext":{"Disable":true}}"#,
        r#""Hosts":["10.0.0.2 db"]"#,
    ]
    .map(spec);
    assert_permits(
        "POST /services/create",
        r#"host_paths = ["/opt/data"]
           capabilities = ["NET_ADMIN"]
           extra_hosts = ["*:10.0.0.1"]
           images = ["own/*"]
           users = ["5"]"#,
        &yes,
        &no,
    );
    assert_permits(
        "POST /services/create",
        "networks = [\"app\"]\nports = [\"8080\"]",
        &[
            r#"{"TaskTemplate":{"Networks":[{"Target":"app"}]},"EndpointSpec":{"Ports":[{"TargetPort":80,"PublishedPort":8080}]}}"#,
        ],
        &[
            r#"{"Networks":[{"Target":"host"}]}"#,
            r#"{"TaskTemplate":{"Networks":[{"Target":"other"}]}}"#,
            r#"{"EndpointSpec":{"Ports":[{"TargetPort":80,"PublishedPort":80}]}}"#,
            r#"{"EndpointSpec":{"Ports":[{"TargetPort":80}]}}"#,
        ],
    );
}

#[test]
fn conditions_on_fields_hold_for_every_element_and_strike_for_one() {
    assert_permits(
        "POST /containers/create",
        r#"body.Image = ["own/*"]
           body.Labels = { some = "team=*" }
           body.Env = { every = { regex = '[A-Z]+=.*' } }
           body."HostConfig.Memory" = { min = "1MiB", max = "1GiB" }
           body."HostConfig.LogConfig.Config" = ["max-size=*"]
           body.HostConfig.Binds = true
           body.Volumes = false"#,
        &[
            "{}",
            r#"{"Image":"own/x","Labels":{"team":"a","x":"y"},"Env":["A=b"],"HostConfig":{"Memory":1048576,"Binds":["/:/h"]}}"#,
            r#"{"HostConfig":{"LogConfig":{"Config":{"max-size":"1m"}}}}"#,
            r#"{"LogConfig":{"Config":{"max-size":"1m"}}}"#,
        ],
        &[
            r#"{"Image":"x"}"#,
            r#"{"Labels":{"x":"team=y"}}"#,
            r#"{"Env":["A=b","c=d"]}"#,
            r#"{"HostConfig":{"Memory":1}}"#,
            r#"{"HostConfig":{"LogConfig":{"Config":{"max-size":"1m","labels":"x"}}}}"#,
            r#"{"LogConfig":{"Config":{"labels":"x"}}}"#,
            r#"{"Volumes":{"/x":{}}}"#,
            r#"{"HostConfig":{"Privileged":true}}"#,
        ],
    );
    // A client's name for a network is not the name of a field.
    assert_permits(
        "POST /containers/create",
        r#"networks = true
           body."NetworkingConfig.EndpointsConfig.Aliases" = ["app"]"#,
        &[r#"{"NetworkingConfig":{"EndpointsConfig":{"Aliases":{"Aliases":["app"]}}}}"#],
        &[r#"{"NetworkingConfig":{"EndpointsConfig":{"Aliases":{},"n":{"Aliases":["db"]}}}}"#],
    );
    assert_permits(
        "POST /containers/create",
        "body = true",
        &[r#"{"HostConfig":{"Privileged":true,"Binds":["/:/h"]}}"#],
        &[r#"{"HostConfig":{"NewThing":1}}"#],
    );
    let policy = policy(
        r#"
            [[allow]]
            name = "all"
            operations = ["*"]
            unguarded = true
            [[forbid]]
            name = "f"
            operations = ["ContainerCreate"]
            body.Env = "LD_PRELOAD=*"
        "#,
    );
    for (body, expected) in [
        (r#"{"Env":["A=b","LD_PRELOAD=/x"]}"#, "forbidden f"),
        (r#"{"env":["LD_PRELOAD=/x"]}"#, "forbidden f"),
        (r#"{"Env":["A=b"]}"#, "permit all"),
        ("{}", "permit all"),
    ] {
        assert_eq!(judged(&policy, "tcp", &format!("POST /containers/create {body}")), expected, "{body}");
    }
}

#[test]
fn what_older_versions_take_by_default_is_meant_too() {
    let policy = policy(
        "[[allow]]\nname = \"r\"\noperations = [\"ContainerCreate\"]\nnamespaces = false\nvolumes = [\"anonymous\"]",
    );
    for (request, expected) in [
        (r#"POST /v1.41/containers/create {"Image":"x","Volumes":{"/x":{}}}"#, "permit r"),
        (r#"POST /v1.40/containers/create {"Image":"x"}"#, "condition r"),
        (
            r#"POST /v1.40/containers/create {"Image":"x","HostConfig":{"CgroupnsMode":"private"}}"#,
            "permit r",
        ),
        (
            r#"POST /v1.39/containers/create {"Image":"x","HostConfig":{"CgroupnsMode":"private"}}"#,
            "condition r",
        ),
        (
            r#"POST /v1.40/containers/create {"Image":"x","CgroupnsMode":"private","HostConfig":{"Memory":1}}"#,
            "condition r",
        ),
    ] {
        assert_eq!(judged(&policy, "tcp", request), expected, "{request}");
    }
}

#[test]
fn versions_below_the_floor_are_refused() {
    let policy = policy("min_version = \"1.41\"\n[[allow]]\nname = \"r\"\noperations = [\"@read\"]");
    assert_eq!(judged(&policy, "tcp", "GET /v1.40/info"), "version");
    assert_eq!(judged(&policy, "tcp", "GET /v1.41/info"), "permit r");
    assert_eq!(judged(&policy, "tcp", "GET /info"), "permit r");
    assert!(denial(&policy, "tcp", "GET /v1.40/info").message().contains("no API version below 1.41"));
}

#[test]
fn names_of_one_line_stay_so() {
    assert_permits(
        "POST /containers/create",
        "",
        &[r#"{"Image":"x","Hostname":"web"}"#],
        &[
            r#"{"Image":"x","Hostname":"a\nroot"}"#,
            r#"{"Image":"x","HostConfig":{"Dns":["1.1.1.1\noptions x"]}}"#,
        ],
    );
}

#[test]
fn what_swarm_makes_of_templates_is_not_known() {
    let mount =
        |mount: &str| format!(r#"{{"TaskTemplate":{{"ContainerSpec":{{"Image":"x","Mounts":[{mount}]}}}}}}"#);
    let plain = mount(r#"{"Type":"bind","Source":"/data/a","Target":"/x"}"#);
    let templates = [
        mount(r#"{"Type":"bind","Source":"/data/{{.Service.Name}}","Target":"/x"}"#),
        mount(r#"{"Type":"bind","Source":"/data/a","Target":"/{{printf \"%c\" 47}}"}"#),
        mount(
            r#"{"Type":"volume","Source":"app-d","Target":"/x","VolumeOptions":{"DriverConfig":{"Name":"local","Options":{"type":"none","o":"bind","device":"/data/{{.Task.Slot}}"}}}}"#,
        ),
        r#"{"TaskTemplate":{"ContainerSpec":{"Image":"x","Hostname":"{{index .Service.Labels \"p\"}}"}}}"#
            .to_owned(),
    ];
    let named = r#"{"TaskTemplate":{"ContainerSpec":{"Image":"x","Hostname":"{{.Node.Hostname}}-{{ .Task.Slot }}"}}}"#;
    let templates: Vec<&str> = templates.iter().map(String::as_str).collect();
    let rule = "host_paths = [\"/data/*\"]\nvolumes = [\"app-*\"]";
    assert_permits("POST /services/create", rule, &[&plain, named], &templates);
    // Who may mount anything is held to the list all the same.
    let rule = format!("{rule}\nbody.\"TaskTemplate.ContainerSpec.Mounts\" = true");
    assert_permits("POST /services/create", &rule, &[&plain, templates[1]], &[templates[0], templates[2]]);
    let forbid = policy(
        "[[allow]]\nname = \"r\"\noperations = [\"*\"]\nunguarded = true\n[[forbid]]\nname = \"f\"\noperations = [\"*\"]\nhost_paths = [\"/etc/**\"]",
    );
    for (request, expected) in [(plain.as_str(), "permit r"), (templates[0], "forbidden f")] {
        assert_eq!(
            judged(&forbid, "tcp", &format!("POST /services/create {request}")),
            expected,
            "{request}"
        );
    }
}
