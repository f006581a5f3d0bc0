//! What a request means, whatever says it: a field of the body, a parameter, a name in the path.
//!
//! The same thing has many spellings. A file of the host arrives in `Binds`, in `Mounts`, in options of a
//! volume's driver; root is `0`, `00` and `+0`. Here they come to one, so that a policy says a thing once.

mod device;
mod drivers;
mod image;
mod limits;
mod mode;
mod mount;
mod network;
mod parameter;
mod path;
mod plugin;
mod port;
mod posture;
mod reading;
mod sayable;
mod security;
pub mod spelling;
mod user;

use std::fmt;

use super::field::Place;
use super::thing::ThingKind;

pub use image::{ImageRef, full_name as full_image_name, split_tag as split_image_tag};
pub(super) use mount::mount_type;
pub use network::{DEFAULT_BRIDGE, is_network_id, may_be_id};
pub(super) use parameter::{of_identifiers, of_parameter};
pub(super) use path::clean;
pub use path::{HostPath, Link};
pub use port::HostPort;
pub use posture::{Posture, Stance, is_non_root};
pub use reading::Reading;
pub(super) use reading::{Context, Enclosing, Meant, Read};
pub use sayable::{aspects_of, aspects_of_parameter, plain_aspects_of, readings_in};

/// Whether a text is nothing but digits of those that the daemon writes its IDs with.
#[must_use]
pub fn is_hexadecimal(text: &str) -> bool {
    text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

/// How many digits an ID of a container, an exec, an image or a network has.
pub const ID_DIGITS: usize = 64;

/// Whether a text is an ID of a container, an exec, an image or a network, written out.
#[must_use]
pub fn is_full_id(text: &str) -> bool {
    text.len() == ID_DIGITS && is_hexadecimal(text)
}

/// One thing that a request means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Use {
    /// What.
    pub meaning: Meaning,
    /// Where the request says it: `HostConfig.Binds[0]`, `parameter networkmode`.
    pub place: Place,
    /// Whether the request does not say it, but names a thing that turned out to be this.
    pub turned_out: bool,
}

impl Use {
    pub(super) fn new(meaning: Meaning, place: Place) -> Self {
        Self { meaning, place, turned_out: false }
    }
}

/// What can be meant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Meaning {
    /// A file or directory of the host.
    HostPath(HostPath),
    /// A volume by its name; empty where the daemon gives it one.
    Volume(String),
    /// A path in a container, from its root.
    ContainerPath(String),
    /// A file system in memory: `/run:size=64m`.
    Tmpfs(String),
    /// A namespace that is not the container's own: `pid:host`.
    Namespace(String),
    /// A network, by what the request calls it.
    Network(String),
    /// A capability, in capitals and without `CAP_`.
    Capability(String),
    /// A device: a path of the host, or `cgroup:…`, `request:…`, `cdi:…`.
    Device(String),
    /// Something that changes what keeps the container from the kernel: `seccomp=unconfined`.
    Security(String),
    /// The user that a command runs as: numbers in decimal, `image` where none is said.
    User(String),
    /// An image.
    Image(ImageRef),
    /// A port of the host.
    Port(HostPort),
    /// A driver, a runtime or a builder: `log:syslog`.
    Driver(String),
    /// A setting of the kernel: `net.core.somaxconn=1024`.
    Sysctl(String),
    /// A limit of processes: `nofile=1024:2048`.
    Ulimit(String),
    /// An instruction of a Dockerfile, in capitals.
    Instruction(String),
    /// A URL that the daemon fetches.
    Remote(String),
    /// A name with its address: `db:10.0.0.1`.
    ExtraHost(String),
    /// How much of something is asked for.
    Amount(Resource, i64),
}

/// What can be asked for in amounts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Resource {
    /// Memory, in bytes.
    Memory,
    /// CPUs, in billionths.
    Cpus,
    /// Processes.
    Pids,
    /// `/dev/shm`, in bytes.
    Shm,
}

/// The kinds of things that can be meant: what a policy's keys are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Aspect {
    /// `host_paths`
    HostPaths,
    /// `volumes`
    Volumes,
    /// `container_paths`
    ContainerPaths,
    /// `tmpfs`
    Tmpfs,
    /// `namespaces`
    Namespaces,
    /// `networks`
    Networks,
    /// `capabilities`
    Capabilities,
    /// `devices`
    Devices,
    /// `security`
    Security,
    /// `users`
    Users,
    /// `images`
    Images,
    /// `ports`
    Ports,
    /// `drivers`
    Drivers,
    /// `sysctls`
    Sysctls,
    /// `ulimits`
    Ulimits,
    /// `instructions`
    Instructions,
    /// `remotes`
    Remotes,
    /// `extra_hosts`
    ExtraHosts,
    /// `resources.…`
    Resource(Resource),
}

impl Aspect {
    /// Every one, in the order in which manuals list them.
    pub const ALL: [Self; 22] = [
        Self::HostPaths,
        Self::Volumes,
        Self::Tmpfs,
        Self::Images,
        Self::Users,
        Self::Networks,
        Self::Ports,
        Self::ExtraHosts,
        Self::Namespaces,
        Self::Capabilities,
        Self::Devices,
        Self::Security,
        Self::Drivers,
        Self::Sysctls,
        Self::Ulimits,
        Self::Remotes,
        Self::Instructions,
        Self::ContainerPaths,
        Self::Resource(Resource::Memory),
        Self::Resource(Resource::Cpus),
        Self::Resource(Resource::Pids),
        Self::Resource(Resource::Shm),
    ];

    /// The key in a policy.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::HostPaths => "host_paths",
            Self::Volumes => "volumes",
            Self::ContainerPaths => "container_paths",
            Self::Tmpfs => "tmpfs",
            Self::Namespaces => "namespaces",
            Self::Networks => "networks",
            Self::Capabilities => "capabilities",
            Self::Devices => "devices",
            Self::Security => "security",
            Self::Users => "users",
            Self::Images => "images",
            Self::Ports => "ports",
            Self::Drivers => "drivers",
            Self::Sysctls => "sysctls",
            Self::Ulimits => "ulimits",
            Self::Instructions => "instructions",
            Self::Remotes => "remotes",
            Self::ExtraHosts => "extra_hosts",
            Self::Resource(Resource::Memory) => "resources.memory",
            Self::Resource(Resource::Cpus) => "resources.cpus",
            Self::Resource(Resource::Pids) => "resources.pids",
            Self::Resource(Resource::Shm) => "resources.shm",
        }
    }

    /// What it is about, in one line.
    #[must_use]
    pub const fn summary(self) -> &'static str {
        match self {
            Self::HostPaths => "Files and directories of the host",
            Self::Volumes => "Volumes",
            Self::ContainerPaths => "Files and directories in a container that are read or written",
            Self::Tmpfs => "Directories that are kept in memory, with their options",
            Self::Namespaces => "Namespaces that are not the container's own",
            Self::Networks => "Networks",
            Self::Capabilities => "Capabilities of the kernel beside the usual ones",
            Self::Devices => "Devices of the host",
            Self::Security => "What is changed of seccomp, AppArmor, SELinux and hidden paths",
            Self::Users => "The user that commands run as",
            Self::Images => "Images that are used, made, named or deleted",
            Self::Ports => "Ports of the host that are published",
            Self::Drivers => "Drivers of volumes, networks and logs, runtimes and builders",
            Self::Sysctls => "Settings of the kernel",
            Self::Ulimits => "Limits of processes",
            Self::Instructions => "Instructions of Dockerfiles",
            Self::Remotes => "URLs that the daemon fetches",
            Self::ExtraHosts => "Names with addresses",
            Self::Resource(Resource::Memory) => "Memory, in bytes",
            Self::Resource(Resource::Cpus) => "CPUs",
            Self::Resource(Resource::Pids) => "Processes",
            Self::Resource(Resource::Shm) => "`/dev/shm`, in bytes",
        }
    }

    /// Items that a policy may list.
    #[must_use]
    pub const fn examples(self) -> &'static [&'static str] {
        match self {
            Self::HostPaths => &["/opt/appdata/*/**", "/etc/localtime"],
            Self::Volumes => &["app-*", "anonymous"],
            Self::ContainerPaths => &["/data/**"],
            Self::Tmpfs => &["/run*"],
            Self::Namespaces => &["pid:host", "network:container:*"],
            Self::Networks => &["proxy", "app-*"],
            Self::Capabilities => &["NET_ADMIN", "ALL"],
            Self::Devices => {
                &["/dev/net/tun", "cgroup:c 10:* rwm", "request:nvidia:*", "cdi:vendor.com/gpu=*"]
            }
            Self::Security => {
                &["seccomp=unconfined", "apparmor=*", "label=disable", "systempaths=unconfined"]
            }
            Self::Users => &["1000", "1000-1999", "nobody", "non-root", "image"],
            Self::Images => &["alpine", "ghcr.io/own/*:1.*", "*@sha256:*"],
            Self::Ports => &["8000-8999", "53/udp", "127.0.0.1:9000", "ephemeral"],
            Self::Drivers => {
                &["log:syslog", "volume:nfs", "network:macvlan", "runtime:nvidia", "builder:buildkit"]
            }
            Self::Sysctls => &["net.core.somaxconn=*"],
            Self::Ulimits => &["nofile=1024:*"],
            Self::Instructions => &["RUN", "COPY"],
            Self::Remotes => &["https://git.example/*"],
            Self::ExtraHosts => &["db:10.0.0.*"],
            Self::Resource(Resource::Memory | Resource::Shm) => &["2GiB"],
            Self::Resource(Resource::Cpus) => &["1.5"],
            Self::Resource(Resource::Pids) => &["100"],
        }
    }
}

impl fmt::Display for Aspect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Meaning {
    /// The path, of a file of the host.
    #[must_use]
    pub fn host_path(&self) -> Option<&str> {
        if let Self::HostPath(host) = self { Some(&host.path) } else { None }
    }

    /// The kind of thing that it is, where it can be looked at as one.
    #[must_use]
    pub fn thing(&self) -> Option<ThingKind> {
        match self {
            Self::Volume(name) if !name.is_empty() => Some(ThingKind::Volume),
            Self::Network(_) => Some(ThingKind::Network),
            Self::Namespace(mode) if mode.contains(":container:") => Some(ThingKind::Container),
            Self::Image(ImageRef::Named { .. } | ImageRef::Id(_)) => Some(ThingKind::Image),
            Self::Volume(_)
            | Self::Namespace(_)
            | Self::Image(ImageRef::None)
            | Self::HostPath(_)
            | Self::ContainerPath(_)
            | Self::Tmpfs(_)
            | Self::Capability(_)
            | Self::Device(_)
            | Self::Security(_)
            | Self::User(_)
            | Self::Port(_)
            | Self::Driver(_)
            | Self::Sysctl(_)
            | Self::Ulimit(_)
            | Self::Instruction(_)
            | Self::Remote(_)
            | Self::ExtraHost(_)
            | Self::Amount(..) => None,
        }
    }

    /// Its kind.
    #[must_use]
    pub const fn aspect(&self) -> Aspect {
        match self {
            Self::HostPath(_) => Aspect::HostPaths,
            Self::Volume(_) => Aspect::Volumes,
            Self::ContainerPath(_) => Aspect::ContainerPaths,
            Self::Tmpfs(_) => Aspect::Tmpfs,
            Self::Namespace(_) => Aspect::Namespaces,
            Self::Network(_) => Aspect::Networks,
            Self::Capability(_) => Aspect::Capabilities,
            Self::Device(_) => Aspect::Devices,
            Self::Security(_) => Aspect::Security,
            Self::User(_) => Aspect::Users,
            Self::Image(_) => Aspect::Images,
            Self::Port(_) => Aspect::Ports,
            Self::Driver(_) => Aspect::Drivers,
            Self::Sysctl(_) => Aspect::Sysctls,
            Self::Ulimit(_) => Aspect::Ulimits,
            Self::Instruction(_) => Aspect::Instructions,
            Self::Remote(_) => Aspect::Remotes,
            Self::ExtraHost(_) => Aspect::ExtraHosts,
            Self::Amount(resource, _) => Aspect::Resource(*resource),
        }
    }
}
