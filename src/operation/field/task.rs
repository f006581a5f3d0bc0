//! `TaskSpec` and `ContainerSpec`: what the tasks of a service are (moby `api/types/swarm/task.go`,
//! `container.go`).

use super::Kind::{Bool, Bytes, Int, List, Struct, Text, Uint};
use super::container::{HEALTHCHECK, MORE_LINES, ULIMITS};
use super::mount::MOUNTS;
use super::{Field, Kind, Part, Reading, Resource};

/// The field `Networks`, of tasks and, as it was in older versions, of services.
pub(super) const NETWORKS: Field = Field::guarded(
    "Networks",
    List(&Struct(&[Part::of(&[
        Field::plain("Target", Text, "The network"),
        Field::plain("Aliases", Kind::TEXTS, "Further names that it has there"),
        Field::plain("DriverOpts", Kind::TEXT_MAP, "Options of the network's driver"),
    ])])),
    "The networks of its containers",
    "can give the containers the host's network, or what is on another",
)
.means(Reading::ServiceNetworks);

/// `TaskSpec`.
pub(super) const TASK_TEMPLATE: Kind = Struct(&[Part::of(&[
    Field::plain("ContainerSpec", CONTAINER_SPEC, "The container"),
    Field::guarded(
        "PluginSpec",
        PLUGIN_SPEC,
        "A plugin in place of a container",
        "installs a plugin on the nodes, with privileges on them",
    )
    .since(33),
    Field::guarded(
        "NetworkAttachmentSpec",
        Struct(&[Part::of(&[Field::plain("ContainerID", Text, "The container").means(Reading::Container)])]),
        "A container that is attached to a network",
        "connects a container that is not the service's to networks",
    )
    .since(33),
    Field::plain("Resources", RESOURCES, "What a task may consume"),
    Field::plain(
        "RestartPolicy",
        Struct(&[Part::of(&[
            Field::plain("Condition", Text, "`none`, `on-failure` or `any`"),
            Field::plain("Delay", Int, "Nanoseconds until then"),
            Field::plain("MaxAttempts", Uint, "How often"),
            Field::plain("Window", Int, "Nanoseconds in which attempts count"),
        ])]),
        "When a task is started again",
    ),
    Field::plain("Placement", PLACEMENT, "On which nodes"),
    NETWORKS,
    Field::plain(
        "LogDriver",
        Struct(&[Part::of(&[
            Field::guarded(
                "Name",
                Text,
                "The log driver",
                "makes the daemon send what the containers print to where the driver says",
            )
            .means(Reading::Driver("log"))
            .harmless(&["json-file", "local", "none"]),
            Field::guarded(
                "Options",
                Kind::TEXT_MAP,
                "Its options",
                "can make the daemon, as root, open files and connect to sockets and hosts",
            ),
        ])]),
        "Where the output goes",
    ),
    Field::plain("ForceUpdate", Uint, "Starts tasks anew when it changes").since(25),
    Field::guarded(
        "Runtime",
        Text,
        "`container`, `plugin` or `attachment`",
        "can run something else than a container",
    )
    .harmless(&["container"])
    .since(33),
])]);

const CONTAINER_SPEC: Kind = Struct(&[Part::of(&[
    Field::plain("Image", Text, "The image").means(Reading::Image),
    Field::plain("Labels", Kind::TEXT_MAP, "The container's labels"),
    Field::plain("Command", Kind::TEXTS, "The entry point"),
    Field::plain("Args", Kind::TEXTS, "Its arguments"),
    Field::plain("Hostname", Text, "The host name").one_line(MORE_LINES).expanded().since(25),
    Field::plain("Env", Kind::TEXTS, "The environment"),
    Field::working_directory("Dir", "The directory that the command runs in"),
    Field::plain("User", Text, "The user, and the group, that the command runs as in the container")
        .means(Reading::User),
    Field::guarded(
        "Groups",
        Kind::TEXTS,
        "Groups that the command has too",
        "can give the command a group to which files of the host belong",
    )
    .since(25),
    Field::plain("Privileges", PRIVILEGES, "What the kernel lets the container do").since(28),
    Field::plain("Init", Bool, "Runs a small init as the first process").since(37),
    Field::plain("StopSignal", Text, "The signal that stops it").since(28),
    Field::plain("TTY", Bool, "Gives it a terminal").since(25),
    Field::plain("OpenStdin", Bool, "Keeps standard input open").since(26),
    Field::plain("ReadOnly", Bool, "Lets it only read its file system").since(28),
    MOUNTS,
    Field::plain("StopGracePeriod", Int, "Nanoseconds until it is killed"),
    Field::plain("Healthcheck", HEALTHCHECK, "A command that tells whether it works").since(26),
    Field::guarded(
        "Hosts",
        Kind::TEXTS,
        "Names with addresses: `10.0.0.1 name`",
        "gives names in the container other addresses, with `host-gateway` that of the host",
    )
    .means(Reading::ServiceHosts)
    .since(26),
    Field::plain(
        "DNSConfig",
        Struct(&[Part::of(&[
            Field::plain("Nameservers", Kind::TEXTS, "Name servers").one_line(MORE_LINES),
            Field::plain("Search", Kind::TEXTS, "Domains in which the resolver looks").one_line(MORE_LINES),
            Field::plain("Options", Kind::TEXTS, "Options of the resolver").one_line(MORE_LINES),
        ])]),
        "How it resolves names",
    )
    .since(25),
    Field::guarded("Secrets", SECRETS, "Secrets that it has, as files", "hands out secrets of the swarm")
        .means(Reading::Secrets)
        .since(25),
    Field::guarded("Configs", CONFIGS, "Configs that it has, as files", "hands out configs of the swarm")
        .means(Reading::Configs)
        .since(30),
    Field::guarded(
        "Isolation",
        Text,
        "How it is isolated; Windows only",
        "can weaken what keeps the container from the host",
    )
    .harmless(&["default"])
    .since(35),
    Field::guarded(
        "Sysctls",
        Kind::TEXT_MAP,
        "Settings of the kernel",
        "changes settings of the kernel, of the host where a namespace is shared",
    )
    .means(Reading::Sysctls)
    .since(40),
    Field::guarded(
        "CapabilityAdd",
        Kind::TEXTS,
        "Capabilities of the kernel that it has beside the usual ones",
        "gives the container rights of the host's root",
    )
    .means(Reading::Capabilities)
    .since(41),
    Field::plain("CapabilityDrop", Kind::TEXTS, "Capabilities of the kernel that it does without").since(41),
    Field::guarded(
        "Ulimits",
        ULIMITS,
        "Limits of its processes",
        "can raise what the host's owner set for processes and open files",
    )
    .means(Reading::Ulimits)
    .since(41),
    Field::guarded(
        "OomScoreAdj",
        Int,
        "How soon its processes are killed when memory runs out",
        "can have processes of the host killed in place of the container's",
    )
    .since(46),
])]);

const WEAKENS: &str = "can take away what keeps the container from the kernel";

const PRIVILEGES: Kind = Struct(&[Part::of(&[
    Field::guarded(
        "CredentialSpec",
        Struct(&[Part::of(&[
            Field::plain("Config", Text, "As a config").since(40),
            Field::plain("File", Text, "As a file of the host"),
            Field::plain("Registry", Text, "In the host's registry"),
        ])]),
        "Credentials of a managed account; Windows only",
        "gives the container an account of the host's domain",
    ),
    Field::guarded(
        "SELinuxContext",
        Struct(&[Part::of(&[
            Field::plain("Disable", Bool, "Without SELinux"),
            Field::plain("User", Text, "The user").means(Reading::User),
            Field::plain("Role", Text, "The role"),
            Field::plain("Type", Text, "The type"),
            Field::plain("Level", Text, "The level"),
        ])]),
        "Its SELinux label",
        WEAKENS,
    )
    .means(Reading::SeLinux),
    Field::guarded(
        "Seccomp",
        Struct(&[Part::of(&[
            Field::plain("Mode", Text, "`default`, `unconfined` or `custom`"),
            Field::plain("Profile", Bytes, "The profile, in base64"),
        ])]),
        "Its seccomp profile",
        WEAKENS,
    )
    .means(Reading::Seccomp)
    .since(44),
    Field::guarded(
        "AppArmor",
        Struct(&[Part::of(&[Field::plain("Mode", Text, "`default` or `disabled`")])]),
        "Its AppArmor profile",
        WEAKENS,
    )
    .means(Reading::AppArmor)
    .since(44),
    Field::plain("NoNewPrivileges", Bool, "Keeps its processes from gaining rights").since(44),
])]);

const FILE: Kind = Struct(&[Part::of(&[
    Field::plain("Name", Text, "Where it is in the container"),
    Field::plain("UID", Text, "Its owner"),
    Field::plain("GID", Text, "Its group"),
    Field::plain("Mode", Uint, "Its permissions"),
])]);

const SECRETS: Kind = List(&Struct(&[Part::of(&[
    Field::plain("File", FILE, "The file"),
    Field::plain("SecretID", Text, "The secret"),
    Field::plain("SecretName", Text, "Its name"),
])]));

const CONFIGS: Kind = List(&Struct(&[Part::of(&[
    Field::plain("File", FILE, "The file"),
    Field::plain("Runtime", Kind::EMPTY, "It is not a file, but for the daemon").since(40),
    Field::plain("ConfigID", Text, "The config"),
    Field::plain("ConfigName", Text, "Its name"),
])]));

const PLUGIN_SPEC: Kind = Struct(&[Part::of(&[
    Field::plain("name", Text, "Its name"),
    Field::plain("remote", Text, "Where it comes from"),
    Field::plain(
        "privileges",
        List(&Struct(&[Part::of(&[
            Field::plain("name", Text, "What"),
            Field::plain("description", Text, "What it is for"),
            Field::plain("value", Kind::TEXTS, "Which"),
        ])])),
        "The privileges that it gets",
    ),
    Field::plain("disabled", Bool, "Is not started"),
    Field::plain("env", Kind::TEXTS, "Its settings"),
])]);

const RESOURCES: Kind = Struct(&[Part::of(&[
    Field::plain(
        "Limits",
        Struct(&[Part::of(&[
            Field::plain("NanoCPUs", Int, "CPUs, in billionths").means(Reading::Amount(Resource::Cpus)),
            Field::plain("MemoryBytes", Int, "Memory, in bytes").means(Reading::Amount(Resource::Memory)),
            Field::plain("Pids", Int, "Processes").means(Reading::Amount(Resource::Pids)).since(41),
        ])]),
        "What it may consume",
    ),
    Field::plain(
        "Reservations",
        Struct(&[Part::of(&[
            Field::plain("NanoCPUs", Int, "CPUs, in billionths"),
            Field::plain("MemoryBytes", Int, "Memory, in bytes"),
            Field::guarded(
                "GenericResources",
                List(&GENERIC_RESOURCE),
                "What nodes say that they have, such as GPUs",
                "gives the containers devices of the nodes",
            )
            .since(32),
        ])]),
        "What a node must have free for it",
    ),
    Field::plain("SwapBytes", Int, "Swap, in bytes").since(52),
    Field::plain("MemorySwappiness", Int, "How readily its memory is swapped out, from 0 to 100").since(52),
])]);

const GENERIC_RESOURCE: Kind = Struct(&[Part::of(&[
    Field::plain(
        "NamedResourceSpec",
        Struct(&[Part::of(&[Field::plain("Kind", Text, "What"), Field::plain("Value", Text, "Which")])]),
        "One that has a name",
    ),
    Field::plain(
        "DiscreteResourceSpec",
        Struct(&[Part::of(&[Field::plain("Kind", Text, "What"), Field::plain("Value", Int, "How many")])]),
        "A number of them",
    ),
])]);

const PLACEMENT: Kind = Struct(&[Part::of(&[
    Field::plain("Constraints", Kind::TEXTS, "What must hold of a node"),
    Field::plain(
        "Preferences",
        List(&Struct(&[Part::of(&[Field::plain(
            "Spread",
            Struct(&[Part::of(&[Field::plain("SpreadDescriptor", Text, "The label")])]),
            "Evenly over the values of a label",
        )])])),
        "How tasks are spread",
    )
    .since(27),
    Field::plain("MaxReplicas", Uint, "How many on one node").since(40),
    Field::plain(
        "Platforms",
        List(&Struct(&[Part::of(&[
            Field::plain("Architecture", Text, "The architecture"),
            Field::plain("OS", Text, "The operating system"),
        ])])),
        "The platforms that will do",
    )
    .since(30),
])]);
