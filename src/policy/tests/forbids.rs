//! A forbid strikes where it cannot tell: whatever spelling hides what is meant.

use super::things::about;
use super::*;
use crate::operation::Json;
use crate::operation::thing::ThingKind;

/// A policy that allows everything but what these lines forbid.
pub(super) fn forbidding(lines: &str) -> Policy {
    policy(&format!(
        "[[allow]]\nname = \"all\"\noperations = [\"*\"]\nunguarded = true\n\
         [[forbid]]\nname = \"f\"\noperations = [\"*\"]\n{lines}"
    ))
}

/// Asserts of requests whether a forbid rule with these lines strikes them.
#[track_caller]
pub(super) fn assert_strikes(lines: &str, yes: &[impl AsRef<str>], no: &[impl AsRef<str>]) {
    let policy = forbidding(lines);
    let yes = yes.iter().map(|request| (request.as_ref(), "forbidden f"));
    let no = no.iter().map(|request| (request.as_ref(), "permit all"));
    for (request, expected) in yes.chain(no) {
        assert_eq!(judged(&policy, "tcp", request), expected, "{lines}: {request}");
    }
}

/// The same of container creates, whose `HostConfig` is given.
#[track_caller]
pub(super) fn assert_strikes_host_config(lines: &str, yes: &[&str], no: &[&str]) {
    let whole = |config: &&str| {
        format!(r#"POST /containers/create {{"Image":"x:1","User":"5","HostConfig":{{{config}}}}}"#)
    };
    let yes: Vec<String> = yes.iter().map(whole).collect();
    let no: Vec<String> = no.iter().map(whole).collect();
    assert_strikes(lines, &yes, &no);
}

#[test]
fn a_volume_of_a_relative_directory_is_struck() {
    let volume = |options: &str| {
        [
            format!(r#"POST /volumes/create {{"Name":"v","Driver":"local","DriverOpts":{options}}}"#),
            format!(
                r#"POST /containers/create {{"HostConfig":{{"Mounts":[{{"Type":"volume","Target":"/m","VolumeOptions":{{"DriverConfig":{{"Name":"local","Options":{options}}}}}}}]}}}}"#
            ),
            format!(
                r#"POST /services/create {{"TaskTemplate":{{"ContainerSpec":{{"Mounts":[{{"Type":"volume","Target":"/m","VolumeOptions":{{"DriverConfig":{{"Options":{options}}}}}}}]}}}}}}"#
            ),
        ]
    };
    let yes = [
        r#"{"type":"none","o":"bind","device":"etc"}"#,
        r#"{"type":"none","o":"bind","device":"srv/dd"}"#,
        r#"{"type":"","o":"rbind,ro","device":"./etc"}"#,
        r#"{"type":"tmpfs","o":"bind","device":"/etc"}"#,
        r#"{"type":"nfs","o":"addr=10.0.0.1,bind","device":"/etc"}"#,
        r#"{"type":"overlay","o":"lowerdir=etc,upperdir=srv/u,workdir=srv/w","device":"overlay"}"#,
        r#"{"type":"overlay","o":"lowerdir=/srv/a:/srv/b","device":"overlay"}"#,
        r#"{"type":"ext4","device":"/dev/sda1"}"#,
        r#"{"type":"ext4","device":"dev/sda1"}"#,
    ];
    let no = [
        r#"{"type":"none","o":"bind","device":"/srv/dd"}"#,
        r#"{"type":"none","o":"bind,rslave","device":"/srv/dd"}"#,
        r#"{"type":"tmpfs","o":"size=1m","device":"tmpfs"}"#,
        r#"{"type":"nfs","o":"addr=10.0.0.1","device":":/export"}"#,
        r#"{"type":"cifs","o":"addr=10.0.0.1,username=u","device":"//nas/share"}"#,
        r#"{"size":"1g"}"#,
    ];
    let (yes, no) = (yes.map(volume), no.map(volume));
    assert_strikes("host_paths = [\"/etc/**\"]", yes.as_flattened(), no.as_flattened());
    // What another driver makes of its options nobody knows; that a rule for images has nothing to do with.
    let other = r#"POST /volumes/create {"Name":"v","Driver":"rclone","DriverOpts":{"remote":"etc"}}"#;
    assert_strikes("host_paths = [\"/etc/**\"]", &[other], &[""; 0]);
    assert_strikes("images = [\"evil\"]", &[""; 0], yes.as_flattened());
}

#[test]
fn a_volume_is_not_admitted_for_the_absolute_ones_of_its_layers() {
    let policy = policy(
        "[[allow]]\nname = \"r\"\noperations = [\"ContainerCreate\"]\nvolumes = true\nhost_paths = [\"/opt/**\"]\n\
         tmpfs = true",
    );
    for (options, expected) in [
        (
            r#"{"type":"overlay","o":"lowerdir=/opt/a,upperdir=/opt/u,workdir=/opt/w","device":"x"}"#,
            "permit r",
        ),
        (
            r#"{"type":"overlay","o":"lowerdir=etc:/opt/a,upperdir=/opt/u,workdir=/opt/w","device":"x"}"#,
            "condition r",
        ),
        (r#"{"type":"tmpfs","o":"bind","device":"/etc"}"#, "condition r"),
        (r#"{"type":"none","o":"bind","device":"etc"}"#, "condition r"),
        (r#"{"type":"none","o":"bind","device":"/opt/x"}"#, "permit r"),
    ] {
        let request = r#"POST /containers/create {"Image":"x","HostConfig":{"Binds":["v:/v"]}}"#;
        let mut operation = read(request, ApiVersion::NEWEST);
        let shown = format!(r#"{{"Driver":"local","Options":{options}}}"#);
        let shown = crate::operation::Json::read_shown(shown.as_bytes()).unwrap();
        operation.learn(Reference::new(crate::operation::thing::ThingKind::Volume, "v"), Some(shown));
        assert_eq!(verdict(&policy, "tcp", operation), expected, "{options}");
        let inline = format!(
            r#"POST /containers/create {{"Image":"x","HostConfig":{{"Mounts":[{{"Type":"volume","Target":"/m","VolumeOptions":{{"DriverConfig":{{"Options":{options}}}}}}}]}}}}"#
        );
        let granted = options.contains("/opt/x");
        assert_eq!(judged(&policy, "tcp", &inline) == "permit r", granted, "{options}");
    }
}

#[test]
fn ports_and_devices_in_odd_spellings_are_struck() {
    assert_strikes_host_config(
        "ports = [\"18080\"]",
        &[
            r#""PortBindings":{"80/tcp":[{"HostPort":"18080/tcp"}]}"#,
            r#""PortBindings":{"80/tcp":[{"HostPort":"18080/udp"}]}"#,
            r#""PortBindings":{"80/tcp":[{"HostPort":"18080-18080/tcp"}]}"#,
            r#""PortBindings":{"80/tcp":[{"HostPort":"018080"}]}"#,
            r#""PortBindings":{"80/tcp":[{"HostPort":" 18080"}]}"#,
            r#""PortBindings":{"80/tcp":[{"HostPort":"18080-18081-x"}]}"#,
        ],
        &[
            r#""PortBindings":{"80/tcp":[{"HostPort":"18081/tcp"}]}"#,
            r#""PortBindings":{"80/tcp":[{"HostPort":""},{"HostPort":"/tcp"}]}"#,
        ],
    );
    assert_strikes_host_config(
        "ports = [\"127.0.0.1:80\"]",
        &[
            r#""PortBindings":{"80/tcp":[{"HostIp":"::ffff:127.0.0.1","HostPort":"80"}]}"#,
            r#""PortBindings":{"80/tcp":[{"HostIp":"::ffff:0:0","HostPort":"80"}]}"#,
            r#""PortBindings":{"80/tcp":[{"HostIp":"127.0.0.01","HostPort":"80"}]}"#,
        ],
        &[r#""PortBindings":{"80/tcp":[{"HostIp":"127.0.0.2","HostPort":"80"}]}"#],
    );
    assert_strikes_host_config(
        "ports = [\"53/udp\"]",
        &[
            r#""PortBindings":{"53/UDP":[{"HostPort":"53/tcp"}]}"#,
            r#""PortBindings":{"53/udp/x":[{"HostPort":"53"}]}"#,
        ],
        &[
            r#""PortBindings":{"53":[{"HostPort":"53/udp"}]}"#,
            r#""PortBindings":{"53/":[{"HostPort":"53"}]}"#,
        ],
    );
    assert_strikes_host_config(
        "devices = [\"/dev/kmsg\"]",
        &[
            r#""Devices":[{"PathOnHost":"../../dev/kmsg"}]"#,
            r#""Devices":[{"PathOnHost":"kmsg"}]"#,
            r#""Devices":[{"PathOnHost":"//dev/./kmsg"}]"#,
            r#""DeviceCgroupRules":["c 1:11 rwm"]"#,
        ],
        &[
            r#""Devices":[{"PathOnHost":"/dev/net/tun"}]"#,
            r#""DeviceRequests":[{"Driver":"","Count":-1,"Capabilities":[["gpu"]]}]"#,
        ],
    );
    assert_strikes_host_config(
        "devices = [\"request:nvidia:*\", \"cgroup:c 10:200 *\"]",
        &[
            r#""DeviceRequests":[{"Driver":"","Count":-1,"Capabilities":[["gpu"]]}]"#,
            r#""DeviceCgroupRules":["c *:* r"]"#,
            r#""DeviceCgroupRules":["a *:* rwm"]"#,
            r#""DeviceCgroupRules":["c 10:200 r"]"#,
        ],
        &[r#""DeviceCgroupRules":["c 10:201 r"]"#, r#""Devices":[{"PathOnHost":"/dev/net/tun"}]"#],
    );
    assert_strikes_host_config(
        "devices = [\"cdi:nvidia.com/gpu=0\", \"cdi:acme.com/*\"]",
        &[
            r#""DeviceRequests":[{"Driver":"nvidia","DeviceIDs":["acme.com/x=0"],"Capabilities":[["gpu"]]}]"#,
            r#""DeviceRequests":[{"Count":-1,"Capabilities":[["gpu"]]}]"#,
        ],
        &[],
    );
    assert_strikes_host_config(
        "devices = [\"cdi:acme.com/*\"]",
        &[r#""DeviceRequests":[{"Driver":"cdi","DeviceIDs":["acme.com/x=0"]}]"#],
        &[r#""DeviceRequests":[{"Count":-1,"Capabilities":[["gpu"]]}]"#],
    );
}

#[test]
fn what_says_nothing_of_a_kind_is_not_struck_for_it() {
    assert_strikes_host_config(
        "host_paths = [\"/run/docker.sock\"]",
        &[r#""Mounts":[{"Type":"cluster","Source":"x","Target":"/x"}]"#, r#""Binds":["/srv:/x:wild"]"#],
        &[
            r#""Binds":["/srv:/x:rslave"]"#,
            r#""Mounts":[{"Type":"bind","Source":"/srv","Target":"/x","BindOptions":{"Propagation":"rslave"}}]"#,
            r#""Mounts":[{"Type":"bind","Source":"/srv","Target":"/x","BindOptions":{"CreateMountpoint":true}}]"#,
            r#""Privileged":true"#,
        ],
    );
    assert_strikes(
        "capabilities = [\"NET_ADMIN\"]\n",
        &[r#"POST /plugins/pull?remote=x [{"Name":"capabilities","Value":["CAP_NET_ADMIN"]}]"#],
        &[
            "POST /plugins/pull?remote=x []",
            r#"POST /plugins/pull?remote=x [{"Name":"network","Value":["bridge"]}]"#,
        ],
    );
    assert_strikes(
        "devices = [\"/dev/sda\"]\n",
        &[r#"POST /plugins/pull?remote=x [{"Name":"allow-all-devices","Value":["true"]}]"#],
        &[r#"POST /plugins/pull?remote=x [{"Name":"device","Value":["/dev/fuse"]}]"#],
    );
    // Whose volumes they are was not asked.
    let policy = forbidding("volumes = [\"secrets\"]");
    for (config, expected) in
        [(r#""VolumesFrom":["web"]"#, "forbidden f"), (r#""Binds":["v:/v"]"#, "permit all")]
    {
        let request = format!(r#"POST /containers/create {{"HostConfig":{{{config}}}}}"#);
        assert_eq!(verdict(&policy, "tcp", read(&request, ApiVersion::NEWEST)), expected, "{config}");
    }
}

#[test]
fn one_thing_in_several_spellings_is_struck_in_each() {
    assert_strikes_host_config(
        "sysctls = [\"kernel.shmmax=*\", \"net/ipv4/*\"]",
        &[
            r#""Sysctls":{"kernel.shmmax":"1"}"#,
            r#""Sysctls":{"kernel/shmmax":"1"}"#,
            r#""Sysctls":{"kernel//shmmax":"1"}"#,
            r#""Sysctls":{"net.ipv4.ip_forward":"1"}"#,
        ],
        &[r#""Sysctls":{"kernel.msgmax":"1"}"#],
    );
    assert_strikes_host_config(
        "ulimits = [\"Nofile=*\"]",
        &[
            r#""Ulimits":[{"Name":"nofile","Soft":1,"Hard":2}]"#,
            r#""Ulimits":[{"Name":"NOFILE","Soft":1,"Hard":2}]"#,
        ],
        &[r#""Ulimits":[{"Name":"core","Soft":1,"Hard":2}]"#],
    );
    assert_strikes_host_config(
        "extra_hosts = [\"db:*\"]",
        &[r#""ExtraHosts":["DB:10.0.0.1"]"#, r#""ExtraHosts":["Db=10.0.0.1"]"#],
        &[r#""ExtraHosts":["web:10.0.0.1"]"#],
    );
    assert_strikes_host_config(
        "tmpfs = [\"/run/\"]",
        &[
            r#""Tmpfs":{"/run":""}"#,
            r#""Tmpfs":{"//run":"size=1m"}"#,
            r#""Tmpfs":{"/x/../run":"size=1m,mode=700"}"#,
            r#""Mounts":[{"Type":"tmpfs","Target":"/x/../run","TmpfsOptions":{"SizeBytes":1}}]"#,
            r#""Mounts":[{"Type":"volume","Target":"/run","VolumeOptions":{"DriverConfig":{"Options":{"type":"tmpfs","device":"x"}}}}]"#,
        ],
        &[r#""Tmpfs":{"/run/lock":"","/runx":"size=1m"}"#],
    );
    assert_strikes_host_config(
        "drivers = [\"volume:nfs\"]",
        &[
            r#""VolumeDriver":"nfs:latest","Binds":["v:/v"]"#,
            r#""VolumeDriver":"0123456789ab","Binds":["v:/v"]"#,
            r#""Mounts":[{"Type":"volume","Source":"v","Target":"/v","VolumeOptions":{"DriverConfig":{"Name":"docker.io/library/nfs"}}}]"#,
        ],
        &[r#""VolumeDriver":"rclone","Binds":["v:/v"]"#, r#""Runtime":"cafe""#],
    );
    assert_strikes_host_config(
        "security = [\"label=disable\"]",
        &[r#""SecurityOpt":["disable"]"#, r#""SecurityOpt":["label:disable"]"#],
        &[r#""SecurityOpt":["label=level:s0"]"#],
    );
    assert_strikes_host_config(
        "security = [\"*=unconfined\"]",
        &[
            r#""SecurityOpt":["seccomp:unconfined"]"#,
            r#""SecurityOpt":["seccomp={\"defaultAction\":\"SCMP_ACT_ALLOW\"}"]"#,
            r#""MaskedPaths":[]"#,
            r#""ReadonlyPaths":["/nothing"]"#,
        ],
        &[r#""SecurityOpt":["seccomp=builtin","apparmor=mine"]"#],
    );
    // Go makes capitals of these letters, too.
    assert_strikes_host_config(
        "capabilities = [\"SYS_ADMIN\"]",
        &[
            r#""CapAdd":["cap_sys_admin"]"#,
            r#""CapAdd":["\u017fY\u017f_ADMIN"]"#,
            r#""CapAdd":["cap_sys_adm\u0131n"]"#,
        ],
        &[r#""CapAdd":["SYS_TIME","CAP_CAP_SYS_ADMIN"]"#],
    );
}

#[test]
fn what_swarm_reads_in_any_case_is_known_in_any() {
    let mount = |mount: &str| {
        format!(
            r#"POST /services/create {{"TaskTemplate":{{"ContainerSpec":{{"Image":"x:1","User":"5","Mounts":[{{{mount}}}]}}}}}}"#
        )
    };
    let binds = [
        r#""Type":"bind","Source":"/etc""#,
        r#""Type":"BIND","Source":"/etc""#,
        r#""Type":"B\u0131nd","Source":"/etc""#,
        r#""Source":"/etc""#,
    ];
    let volumes = [r#""Type":"volume","Source":"db""#, r#""Type":"Volume","Source":"db""#].map(mount);
    let others = [r#""Type":"Volume","Source":"web""#, r#""Type":"TMPFS","Target":"/x""#].map(mount);
    assert_strikes("host_paths = [\"/etc\"]", &binds.map(mount), &[""; 0]);
    assert_strikes("volumes = [\"db\"]", &volumes, &others);
    let listing = policy(
        r#"
            [[allow]]
            name = "r"
            operations = ["POST /services/create"]
            host_paths = ["/opt/**"]
            body."TaskTemplate.ContainerSpec.Mounts" = true
        "#,
    );
    for bind in binds {
        assert_eq!(judged(&listing, "tcp", &mount(bind)), "condition r", "{bind}");
        assert_eq!(judged(&listing, "tcp", &mount(&bind.replace("/etc", "/opt/x"))), "permit r", "{bind}");
    }
    for volume in volumes {
        let names: Vec<String> =
            read(&volume, ApiVersion::NEWEST).references().into_iter().map(|own| own.name).collect();
        assert!(names.contains(&"db".to_owned()), "{volume}");
    }
    let port = |protocol: &str| {
        format!(
            r#"POST /services/create {{"EndpointSpec":{{"Ports":[{{"PublishedPort":53,"Protocol":"{protocol}"}}]}}}}"#
        )
    };
    assert_strikes("ports = [\"53/sctp\"]", &["sctp", "SCTP", "\u{17f}ctp"].map(port), &[port("udp")]);
}

#[test]
fn what_is_listed_is_admitted_in_each_spelling_and_nothing_beside_it() {
    super::meanings::assert_host_config(
        "tmpfs = [\"/tmp*\"]\nsysctls = [\"net/*\"]\nulimits = [\"NOFILE=*\"]\nextra_hosts = [\"DB:10.*\"]",
        &[
            r#""Tmpfs":{"/tmp":"","//tmp/x":"size=1m"},"Sysctls":{"net.core.somaxconn":"1","net/core/somaxconn":"1"}"#,
            r#""Ulimits":[{"Name":"nofile","Soft":1,"Hard":2}],"ExtraHosts":["db:10.0.0.1","DB:10.0.0.1"]"#,
        ],
        &[
            r#""Tmpfs":{"/tmp/../etc":""}"#,
            r#""Mounts":[{"Type":"tmpfs","Target":"/tmp/../etc"}]"#,
            r#""Sysctls":{"/net/../kernel/shmmax":"1","kernel/net":"1"}"#,
        ],
    );
}

#[test]
fn no_limit_is_more_than_any() {
    assert_strikes_host_config(
        "resources.pids = { min = 100 }",
        &[r#""PidsLimit":100"#, r#""PidsLimit":-1"#],
        &[r#""PidsLimit":99"#],
    );
    assert_strikes_host_config("resources.pids = { max = 9 }", &[r#""PidsLimit":9"#], &[r#""PidsLimit":-1"#]);
}

#[test]
fn the_network_of_the_host_is_a_network() {
    assert_strikes_host_config(
        "networks = [\"host\"]",
        &[r#""NetworkMode":"host""#],
        &[r#""NetworkMode":"app""#, r#""PidMode":"host""#],
    );
    let service = r#"POST /services/create {"TaskTemplate":{"Networks":[{"Target":"host"}]}}"#;
    assert_strikes("networks = [\"host\"]", &[service], &[""; 0]);
}

#[test]
fn a_user_that_nobody_says_is_struck() {
    let create = |user: &str| format!(r#"POST /containers/create {{"Image":"x:1"{user}}}"#);
    let exec = |user: &str| format!(r#"POST /containers/web/exec {{"Cmd":["id"]{user}}}"#);
    let unclear = ["", r#","User":"""#, r#","User":"root""#, r#","User":"00:5""#, r#","User":"toor""#];
    let clear = [r#","User":"5""#, r#","User":"65534:0""#];
    for lines in ["users = [\"root\"]", "users = [\"0\"]"] {
        assert_strikes(lines, &unclear.map(create), &clear.map(create));
        assert_strikes(lines, &unclear.map(exec), &clear.map(exec));
    }
}

#[test]
fn a_forbidden_name_is_struck_however_it_is_come_by() {
    let policy = policy(
        r#"
            [[allow]]
            name = "all"
            operations = ["*"]
            unguarded = true
            [[forbid]]
            name = "never"
            operations = ["ContainerCreate", "ContainerRename"]
            container.name = ["db"]
        "#,
    );
    for (request, expected) in [
        ("POST /containers/create?name=db {}", "forbidden never"),
        ("POST /containers/create?name=/db {}", "forbidden never"),
        ("POST /containers/create?name=%2Fdb {}", "forbidden never"),
        // The daemon refuses it.
        ("POST /containers/create?name=//db {}", "permit all"),
        ("POST /containers/x/rename?name=/db", "forbidden never"),
        ("POST /containers/x/rename?name=db2", "permit all"),
    ] {
        assert_eq!(judged_of(&policy, request, "x", "a"), expected, "{request}");
    }
    let sent = read("POST /containers/create?name=/db {}", ApiVersion::NEWEST).encode();
    assert!(sent.target.ends_with("/containers/create?name=db"), "{}", sent.target);
}

#[test]
fn a_container_leaves_no_rule_by_another_name() {
    let policy = policy(
        r#"
            [[allow]]
            name = "own"
            operations = ["ContainerRename"]
            container.name = "app-*"
            container.label."x" = "y"
        "#,
    );
    for (new, expected) in [("app-2", "permit own"), ("/app-2", "permit own"), ("db", "condition own")] {
        let request = format!("POST /containers/app-1/rename?name={new}");
        assert_eq!(judged_of(&policy, &request, "app-1", "a"), expected, "{new}");
    }
}

#[test]
fn a_forbidden_image_of_a_container_is_struck_where_it_only_may_be_that() {
    let policy = policy(
        r#"
            [[allow]]
            name = "all"
            operations = ["*"]
            [[forbid]]
            name = "never"
            operations = ["ContainerStop"]
            container.image = ["postgres:16"]
        "#,
    );
    for (image, expected) in [
        ("postgres:16", "forbidden never"),
        ("postgres:15", "permit all"),
        ("postgres@sha256:00", "forbidden never"),
        ("sha256:00", "forbidden never"),
        ("00ff00ff00ff", "forbidden never"),
        ("redis@sha256:00", "permit all"),
    ] {
        assert_eq!(judged_of(&policy, "POST /containers/x/stop", "x", image), expected, "{image}");
    }
}

#[test]
fn blanks_in_a_name_of_a_host_hide_none() {
    let policy = policy(
        r#"
            [[allow]]
            name = "all"
            operations = ["ContainerCreate", "ServiceCreate"]
            extra_hosts = ["db:10.0.0.*"]
            [[forbid]]
            name = "never"
            operations = ["*"]
            extra_hosts = ["bank.example:*"]
        "#,
    );
    for (request, expected) in [
        (r#"POST /containers/create {"HostConfig":{"ExtraHosts":["db:10.0.0.1"]}}"#, "permit all"),
        (
            r#"POST /containers/create {"HostConfig":{"ExtraHosts":["bank.example:10.0.0.1"]}}"#,
            "forbidden never",
        ),
        (
            r#"POST /containers/create {"HostConfig":{"ExtraHosts":["bank.example db:10.0.0.1"]}}"#,
            "forbidden never",
        ),
        (r#"POST /containers/create {"HostConfig":{"ExtraHosts":["10.0.0.1 db"]}}"#, "forbidden never"),
        (
            r#"POST /services/create {"TaskTemplate":{"ContainerSpec":{"Hosts":["10.0.0.1 db"]}}}"#,
            "permit all",
        ),
        (
            r#"POST /services/create {"TaskTemplate":{"ContainerSpec":{"Hosts":["10.0.0.1 db bank.example"]}}}"#,
            "forbidden never",
        ),
    ] {
        assert_eq!(verdict(&policy, "tcp", operation(request)), expected, "{request}");
    }
}

#[test]
fn a_forbidden_device_is_struck_by_its_other_names() {
    let device = |path: &str| {
        format!(r#"POST /containers/create {{"HostConfig":{{"Devices":[{{"PathOnHost":"{path}"}}]}}}}"#)
    };
    let others = [
        "/dev/block/8:0",
        "/dev/disk/by-id/x",
        "/dev/mapper/x",
        "/dev/core",
        "/dev/dri/by-path/x",
        "/srv/x",
        "/dev/vg/root",
        "/dev/dvd",
    ];
    assert_strikes(
        "devices = [\"/dev/sda*\"]",
        &others.into_iter().chain(["/dev/sda1", "/dev"]).map(device).collect::<Vec<_>>(),
        &["/dev/sdb", "/dev/dri/card0", "/dev/net/tun"].map(device),
    );
}

#[test]
fn images_that_nobody_looked_at_may_be_any() {
    for lines in ["images = [\"own/*\"]", "image.name = [\"own/*\"]", "image.owner = \"me\""] {
        assert_strikes(lines, &["POST /images/load"], &["GET /images/json"]);
        let rule = format!("[[allow]]\nname = \"r\"\noperations = [\"ImageLoad\"]\n{lines}");
        let refused = denial(&policy(&rule), "tcp", "POST /images/load");
        assert!(
            refused.message().contains("which images are in it is not looked into"),
            "{}",
            refused.message()
        );
    }
    let any = policy("[[allow]]\nname = \"r\"\noperations = [\"ImageLoad\"]\nimages = true");
    assert_eq!(judged(&any, "tcp", "POST /images/load"), "permit r");
}

/// The verdict where the daemon has a container of this name, which was made of this image.
fn judged_of(policy: &Policy, request: &str, name: &str, image: &str) -> String {
    let text =
        format!(r#"{{"Id":"00ff","Name":"/{name}","Config":{{"Image":"{image}","Labels":{{"x":"y"}}}}}}"#);
    let mut operation = operation(request);
    let shown = Json::read_shown(text.as_bytes()).unwrap();
    operation.learn(Reference::new(ThingKind::Container, name), Some(shown));
    verdict(policy, "tcp", operation)
}

#[test]
fn a_url_is_struck_in_every_spelling() {
    let import = |url: &str| format!("POST /images/create?fromSrc={url}");
    let commit = |step: &str| format!("POST /commit?container=c&changes=ONBUILD+ADD+{step}+/");
    assert_strikes(
        "remotes = [\"http://internal.example/*\"]",
        &["HTTP://Internal.example/x", "http://me@internal.example.:80/x", "internal.example/x"].map(import),
        &["http://other.example/x", "https://internal.example/x", "-"].map(import),
    );
    assert_strikes(
        "remotes = [\"https://git.example/own/*\"]",
        &["https://GIT.example:443/%256fwn/x", "git.example/own/x.git", "https://git.example/a/../own/x"]
            .map(commit),
        &["https://git.example/other", "git@git.example:own/x"].map(commit),
    );
    let regex = "remotes = { regex = 'http://internal\\.example/.*' }";
    assert_strikes(regex, &[import("HTTP://internal.example:80/x")], &[import("http://other.example/")]);
}

#[test]
fn what_goes_by_the_beginning_of_several_ids_is_not_there() {
    let create = |config: &str| format!("POST /containers/create {{\"HostConfig\":{{{config}}}}}");
    let (volumes, network) = (create(r#""VolumesFrom":["ffff"]"#), create(r#""NetworkMode":"ffff""#));
    for (condition, request, expected) in [
        ("container.name = \"db\"", "DELETE /containers/ffff", "no such container ffff"),
        ("container.label.owner = \"you\"", "POST /containers/ffff/kill", "no such container ffff"),
        ("container.name = \"db\"", &volumes, "no such container ffff"),
        ("volume.name = \"db\"", &volumes, "no such container ffff"),
        ("host_paths = [\"/run/docker.sock\"]", &volumes, "forbidden"),
        ("network.name = \"db\"", "DELETE /networks/ffff", "no such network ffff"),
        ("network.name = \"db\"", "POST /containers/ffff/start", "no such container ffff"),
        ("networks = [\"db\"]", &network, "forbidden"),
        ("image.name = \"db\"", "GET /images/ffff/json", "no such image ffff"),
        // Of images the daemon does not tell several from none.
        ("image.name = \"db\"", "GET /images/beef/json", "no such image beef"),
        ("image.name = \"db\"", r#"POST /containers/create {"Image":"beef"}"#, "no such image beef"),
        // A name is no beginning, and what gets one is another.
        ("container.name = \"db\"", "DELETE /containers/none", "/containers/none"),
        ("image.name = \"db\"", "GET /images/none/json", "/images/none/json"),
        ("network.name = \"db\"", r#"POST /networks/create {"Name":"ffff"}"#, "/networks/create"),
    ] {
        assert_eq!(about(&forbidding(condition), request), expected, "{condition}: {request}");
    }
    let by_label = "[[allow]]\noperations = [\"ContainerRestart\"]\ncontainer.label.owner = \"me\"";
    assert_eq!(about(&policy(by_label), "POST /containers/ffff/restart"), "no such container ffff");
    let by_network = "[[allow]]\noperations = [\"ContainerStart\"]\nnetwork.owner = \"me\"";
    assert_eq!(about(&policy(by_network), "POST /containers/ffff/start"), "no such container ffff");
}
