//! The bodies about containers: create, update, copy, commit (moby `api/types/container`).

use super::Kind::{Bool, Int, List, Map, StrSlice, Struct, Text};
use super::endpoint::{ENDPOINT_SETTINGS, TAKES_ADDRESS};
use super::host_config::{HOST_CONFIG, RESTART_POLICY};
use super::resources::RESOURCES;
use super::{Field, Kind, Part, Reading};

/// `ContainerCreate`. Engines up to 26.1 decode it into one struct that embeds `Config` and `HostConfig`
/// (moby `runconfig.ContainerConfigWrapper`): without a `HostConfig`, all its fields are taken from the top.
pub(in crate::operation) const CREATE: Kind = Struct(&[
    Part::of(CONFIG),
    Part::of(&[
        Field::plain(
            "HostConfig",
            Struct(&[Part::of(HOST_CONFIG), Part::of(RESOURCES)]),
            "What the container has of the host",
        ),
        Field::plain("NetworkingConfig", NETWORKING_CONFIG, "The networks of the container"),
        Field::plain(
            "Cpuset",
            Text,
            "The CPUs it may use; as `HostConfig.CpusetCpus`, in Engines up to 26.1",
        ),
    ]),
    Part::of(&[
        Field::plain("name", Text, "Not read; dockerode says here what it says in the query"),
        Field::plain("platform", Text, "Not read; dockerode says here what it says in the query"),
    ]),
    Part::same_as(HOST_CONFIG, "HostConfig"),
    Part::same_as(RESOURCES, "HostConfig"),
]);

/// `ContainerUpdate`. On create a limit only narrows what there is without one; here it may take the place
/// of a lower one.
pub(in crate::operation) const UPDATE: Kind = Struct(&[
    Part::guarded(RESOURCES, "can lift a limit on what the container consumes"),
    Part::of(&[Field::plain("RestartPolicy", RESTART_POLICY, "When the daemon starts it again")]),
]);

/// `ImageCommit`. Engine 20.10 decodes a whole create body, and uses only this of it.
pub(in crate::operation) const COMMIT: Kind = Struct(&[Part::guarded(
    CONFIG,
    "sets the command, user, environment and volumes of all containers made of the image",
)]);

/// `ContainerCopy`.
pub(in crate::operation) const COPY: Kind =
    Struct(&[Part::of(&[Field::plain("Resource", Text, "The file or directory, in the container")])]);

const NETWORKING_CONFIG: Kind = Struct(&[Part::of(&[Field::guarded(
    "EndpointsConfig",
    Map(&ENDPOINT_SETTINGS),
    "The networks it is connected to, by name, beside that of `NetworkMode`",
    "lets the container reach what is on these networks, and take names there",
)
.means(Reading::NetworkKeys)
// What `NetworkMode` says without a grant. The daemon does not give out the host's by this way.
.harmless(&["default", "bridge", "none"])])]);

/// Why a name may have only one line.
pub(super) const MORE_LINES: &str =
    "writes further lines into files such as `/etc/hosts` and `/etc/resolv.conf`";

/// The part of a container that is the same on every host.
const CONFIG: &[Field] = &[
    Field::plain("Hostname", Text, "Its host name").one_line(MORE_LINES),
    Field::plain("Domainname", Text, "Its domain name").one_line(MORE_LINES),
    Field::plain("User", Text, "The user, and the group, that the command runs as in the container")
        .means(Reading::User),
    Field::plain("AttachStdin", Bool, "Attaches standard input when it starts"),
    Field::plain("AttachStdout", Bool, "Attaches standard output when it starts"),
    Field::plain("AttachStderr", Bool, "Attaches standard error when it starts"),
    Field::plain("ExposedPorts", Map(&Kind::EMPTY), "The ports it listens on; this alone publishes none"),
    Field::plain("Tty", Bool, "Gives it a terminal"),
    Field::plain("OpenStdin", Bool, "Keeps standard input open"),
    Field::plain("StdinOnce", Bool, "Closes standard input after the first client"),
    Field::plain("Env", Kind::TEXTS, "Its environment"),
    Field::plain("Cmd", StrSlice, "The command, or the arguments of the entry point"),
    Field::plain("Healthcheck", HEALTHCHECK, "A command that tells whether it works"),
    Field::plain("ArgsEscaped", Bool, "The command is escaped; Windows only"),
    Field::plain("Image", Text, "The image; without one the file system is empty").means(Reading::Image),
    Field::plain(
        "Volumes",
        Map(&Kind::EMPTY),
        "Directories in the container that become volumes without a name",
    )
    .means(Reading::AnonymousVolumes),
    Field::working_directory("WorkingDir", "The directory that the command runs in"),
    Field::plain("Entrypoint", StrSlice, "The entry point"),
    Field::plain("NetworkDisabled", Bool, "Leaves out the network"),
    Field::guarded("MacAddress", Text, "Its hardware address", TAKES_ADDRESS).until(51),
    Field::guarded(
        "OnBuild",
        Kind::TEXTS,
        "Instructions for builds from an image of this container",
        "has builds upon an image of it copy from other images and fetch from anywhere",
    ),
    Field::plain("Labels", Kind::TEXT_MAP, "Its labels"),
    Field::plain("StopSignal", Text, "The signal that stops it"),
    Field::plain("StopTimeout", Int, "Seconds until it is killed").since(25),
    Field::plain("Shell", StrSlice, "The shell of commands that are written as a text").since(25),
];

/// A health check; shared with services. Durations are in nanoseconds.
pub(super) const HEALTHCHECK: Kind = Struct(&[Part::of(&[
    Field::plain("Test", Kind::TEXTS, "The command"),
    Field::plain("Interval", Int, "Nanoseconds between two runs"),
    Field::plain("Timeout", Int, "Nanoseconds that a run may take"),
    Field::plain("StartPeriod", Int, "Nanoseconds in which failures do not count").since(29),
    Field::plain("StartInterval", Int, "Nanoseconds between two runs in that time").since(44),
    Field::plain("Retries", Int, "Failures in a row until it counts as unhealthy"),
])]);

/// Log settings, of containers. Those of the daemon apply where there are none.
pub(super) const LOG_CONFIG: Kind = Struct(&[Part::of(&[
    Field::guarded(
        "Type",
        Text,
        "The log driver",
        "makes the daemon send what the container prints to where the driver says",
    )
    .means(Reading::Driver("log"))
    .harmless(&["json-file", "local", "none"]),
    Field::guarded(
        "Config",
        Kind::TEXT_MAP,
        "The log driver's options",
        "can make the daemon, as root, open files and connect to sockets and hosts",
    ),
])]);

/// A list of ulimits; shared with services.
pub(super) const ULIMITS: Kind = List(&Struct(&[Part::of(&[
    Field::plain("Name", Text, "Which"),
    Field::plain("Hard", Int, "The hard limit"),
    Field::plain("Soft", Int, "The soft limit"),
])]));
