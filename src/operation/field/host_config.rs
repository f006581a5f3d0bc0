//! `HostConfig`: the part of a container that is about its host (moby `api/types/container/hostconfig.go`).

use super::Kind::{Bool, Int, List, Map, StrSlice, Struct, Text, Uint};
use super::container::{LOG_CONFIG, MORE_LINES};
use super::mount::MOUNTS;
use super::{Field, Kind, Part, Reading, Resource};

/// `RestartPolicy`, of containers.
pub(super) const RESTART_POLICY: Kind = Struct(&[Part::of(&[
    Field::plain("Name", Text, "`no`, `on-failure`, `unless-stopped` or `always`"),
    Field::plain("MaximumRetryCount", Int, "How often, for `on-failure`"),
])]);

/// `HostConfig`, but for the limits that it embeds.
pub(super) const HOST_CONFIG: &[Field] = &[
    Field::guarded(
        "Binds",
        Kind::TEXTS,
        "Files of the host and named volumes that the container has: `/host:/inside:ro`",
        "can give the container any file of the host, and any volume",
    )
    .means(Reading::Binds),
    Field::plain("ContainerIDFile", Text, "Where the client wrote the ID; the daemon only remembers it"),
    Field::plain("LogConfig", LOG_CONFIG, "Where its output goes"),
    Field::guarded(
        "NetworkMode",
        Text,
        "Its network: `default`, `none`, `bridge`, `host`, `container:…` or the name of one",
        "can give the container the host's network, that of another container, or what is on a network",
    )
    .means(Reading::NetworkMode)
    .harmless(&["default", "none", "bridge"]),
    Field::guarded(
        "PortBindings",
        Map(&List(&PORT_BINDING)),
        "The ports of the host that lead to ports of the container",
        "opens ports of the host",
    )
    .means(Reading::PortBindings),
    Field::plain("RestartPolicy", RESTART_POLICY, "When the daemon starts it again"),
    Field::plain("AutoRemove", Bool, "Deletes it when it ends").since(25),
    Field::guarded(
        "VolumeDriver",
        Text,
        "The driver of its volumes",
        "hands its volumes to a plugin, or makes the daemon look for one",
    )
    .means(Reading::Driver("volume"))
    .harmless(&["local"]),
    Field::guarded(
        "VolumesFrom",
        Kind::TEXTS,
        "Containers whose volumes it has too",
        "gives the container the volumes and the host's files of another container",
    )
    .means(Reading::VolumesFrom),
    Field::plain("ConsoleSize", List(&Uint), "Height and width of its terminal").since(25),
    Field::guarded(
        "Annotations",
        Kind::TEXT_MAP,
        "Settings for the runtime",
        "can make the runtime do what its vendor thought of, hooks on the host included",
    )
    .since(43),
    Field::guarded(
        "CapAdd",
        StrSlice,
        "Capabilities of the kernel that it has beside the usual ones",
        "gives the container rights of the host's root",
    )
    .means(Reading::Capabilities),
    Field::plain("CapDrop", StrSlice, "Capabilities of the kernel that it does without"),
    Field::guarded(
        "Capabilities",
        StrSlice,
        "Exactly the capabilities that it has",
        "gives the container rights of the host's root",
    )
    .means(Reading::Capabilities)
    .since(40)
    .until(40),
    Field::guarded(
        "CgroupnsMode",
        Text,
        "Its cgroup namespace: `private` or `host`",
        "can show the container the host's control groups",
    )
    .means(Reading::NamespaceMode("cgroup"))
    .harmless(&["private"])
    .since(41),
    Field::plain("Dns", Kind::TEXTS, "Its name servers").one_line(MORE_LINES),
    Field::plain("DnsOptions", Kind::TEXTS, "Options of its resolver").one_line(MORE_LINES),
    Field::plain("DnsSearch", Kind::TEXTS, "Domains in which its resolver looks").one_line(MORE_LINES),
    Field::guarded(
        "ExtraHosts",
        Kind::TEXTS,
        "Names with addresses: `name:10.0.0.1`",
        "gives names in the container other addresses, with `host-gateway` that of the host",
    )
    .means(Reading::ExtraHosts),
    Field::guarded(
        "GroupAdd",
        Kind::TEXTS,
        "Groups that the command has too",
        "can give the command a group to which files of the host belong",
    ),
    Field::guarded(
        "IpcMode",
        Text,
        "Its IPC namespace: `none`, `private`, `shareable`, `host` or `container:…`",
        "can give the container the shared memory of the host or of another container",
    )
    .means(Reading::NamespaceMode("ipc"))
    .harmless(&["none", "private"]),
    Field::guarded(
        "Cgroup",
        Text,
        "The control group: `container:…`",
        "can put the container into the control group of another",
    )
    .means(Reading::NamespaceMode("cgroup")),
    Field::guarded(
        "Links",
        Kind::TEXTS,
        "Containers that it knows by name",
        "gives the container the environment and the address of another one",
    )
    .means(Reading::Links),
    Field::guarded(
        "OomScoreAdj",
        Int,
        "How soon its processes are killed when memory runs out",
        "can have processes of the host killed in place of the container's",
    ),
    Field::guarded(
        "PidMode",
        Text,
        "Its PID namespace: empty, `host` or `container:…`",
        "can show the container the processes of the host or of another container",
    )
    .means(Reading::NamespaceMode("pid")),
    Field::guarded(
        "Privileged",
        Bool,
        "Lets it do what root on the host can do",
        "gives the container every right and device of the host",
    )
    .means(Reading::Privileged),
    Field::guarded(
        "PublishAllPorts",
        Bool,
        "Publishes all exposed ports on ports that the daemon picks",
        "opens ports of the host",
    )
    .means(Reading::AllPorts),
    Field::plain("ReadonlyRootfs", Bool, "Lets it only read its file system"),
    Field::guarded(
        "SecurityOpt",
        Kind::TEXTS,
        "Settings of seccomp, AppArmor, SELinux and the like",
        "can take away what keeps the container from the kernel",
    )
    .means(Reading::SecurityOptions)
    .harmless(&["no-new-privileges", "no-new-privileges:true", "no-new-privileges=true"]),
    Field::guarded(
        "StorageOpt",
        Kind::TEXT_MAP,
        "Options of its storage",
        "sets options of the host's storage driver, its size among them",
    ),
    Field::guarded(
        "Tmpfs",
        Kind::TEXT_MAP,
        "Directories that are kept in memory, with their options",
        "can fill the host's memory, and mount with options such as `exec` and `suid`",
    )
    .means(Reading::Tmpfs),
    Field::guarded(
        "UTSMode",
        Text,
        "Its UTS namespace: empty or `host`",
        "can let the container see and, with the right, change the host's name",
    )
    .means(Reading::NamespaceMode("uts")),
    Field::guarded(
        "UsernsMode",
        Text,
        "Its user namespace: empty or `host`",
        "can make root in the container root on the host where users are mapped",
    )
    .means(Reading::NamespaceMode("user")),
    Field::guarded("ShmSize", Int, "Size of `/dev/shm`, in bytes", "can fill the host's memory")
        .means(Reading::Amount(Resource::Shm))
        // 64 MiB, the daemon's own default.
        .harmless(&["67108864"]),
    Field::guarded(
        "Sysctls",
        Kind::TEXT_MAP,
        "Settings of the kernel",
        "changes settings of the kernel, of the host where a namespace is shared",
    )
    .means(Reading::Sysctls),
    Field::guarded(
        "Runtime",
        Text,
        "The runtime; the daemon's default if empty",
        "runs the container in another way than the host's owner chose; any shim of the host will do",
    )
    .means(Reading::Driver("runtime")),
    Field::guarded(
        "Isolation",
        Text,
        "How it is isolated; Windows only",
        "can weaken what keeps the container from the host",
    )
    .harmless(&["default"]),
    MOUNTS,
    Field::guarded(
        "MaskedPaths",
        Kind::TEXTS,
        "What is hidden of `/proc` and `/sys`, in place of what the daemon hides",
        "uncovers what the daemon hides of the kernel",
    )
    .means(Reading::SystemPaths(HIDDEN))
    .empty_counts()
    .since(38),
    Field::guarded(
        "ReadonlyPaths",
        Kind::TEXTS,
        "What cannot be written in `/proc` and `/sys`, in place of what the daemon protects",
        "lets the container write what the daemon protects of the kernel",
    )
    .means(Reading::SystemPaths(PROTECTED))
    .empty_counts()
    .since(38),
    Field::plain("Init", Bool, "Runs a small init as its first process").since(25),
];

/// What every daemon hides (moby `oci.DefaultSpec`; newer ones hide more).
const HIDDEN: &[&str] = &[
    "/proc/asound",
    "/proc/acpi",
    "/proc/kcore",
    "/proc/keys",
    "/proc/latency_stats",
    "/proc/timer_list",
    "/proc/timer_stats",
    "/proc/sched_debug",
    "/proc/scsi",
    "/sys/firmware",
];

/// What every daemon protects.
const PROTECTED: &[&str] = &["/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger"];

const PORT_BINDING: Kind = Struct(&[Part::of(&[
    Field::plain("HostIp", Text, "The address of the host; all of them if empty"),
    Field::plain("HostPort", Text, "The port of the host; any that is free if empty"),
])]);
