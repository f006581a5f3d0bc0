//! What makes a client root on the host, or gives it part of the host, once a rule grants it.

use std::collections::BTreeSet;
use std::iter::successors;

use crate::operation::Json;
use crate::operation::meaning::{Aspect, HostPath, Meaning, Reading};

/// Something that a rule should grant to nobody who is not given root.
pub(super) struct Danger {
    what: What,
    /// How far it goes.
    pub(super) extent: Extent,
    /// Why, going on from "because it can …".
    pub(super) why: &'static str,
}

/// What is granted.
#[derive(Clone, Copy)]
enum What {
    /// A file of the host, for writing.
    Written(&'static str),
    /// A file of the host, for reading.
    Read(&'static str),
    Capability(&'static str),
    Namespace(&'static str),
    Device(&'static str),
    Security(&'static str),
    Driver(&'static str),
    Remote(&'static str),
}

/// How far a danger goes; the worst first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Extent {
    /// All of the host.
    Root,
    /// Part of it.
    Part,
}

const fn root(what: What, why: &'static str) -> Danger {
    Danger { what, extent: Extent::Root, why }
}

const fn part(what: What, why: &'static str) -> Danger {
    Danger { what, extent: Extent::Part, why }
}

const SOCKET: &str = "reach a socket of Docker or its like, which grants everything";
const PROGRAMS: &str = "replace programs that root runs";
const CLOCK: &str = "write what root runs by the clock";
const START: &str = "write what the host runs at start";
const ROOTS: &str = "write who may become root";
const CONTAINERS: &str = "write the files of every container, and the daemon's own";
const DISK: &str = "write a disk of the host";
const DISKS: &str = "write the disks of the host";
const MEMORY: &str = "write the memory of the host";
const FETCH: &str = "have the daemon fetch what only the host can reach";

/// The worst first; of those that go as far, the plainest.
const DANGERS: &[Danger] = &[
    root(What::Written("/"), "write every file of the host"),
    root(
        What::Written("/etc"),
        "write below /etc, where users, their rights and what runs at start are said",
    ),
    root(What::Written("/etc/passwd"), "write /etc/passwd, which says who is root"),
    root(What::Written("/etc/shadow"), "write the password hashes of the host"),
    root(What::Written("/etc/group"), "write /etc/group, which says who may use Docker"),
    root(What::Written("/etc/dockgate"), "write the policy, by which dockgate judges it"),
    root(What::Written("/etc/cron.d"), CLOCK),
    root(What::Written("/etc/cron.daily"), CLOCK),
    root(What::Written("/etc/cron.hourly"), CLOCK),
    root(What::Written("/etc/cron.weekly"), CLOCK),
    root(What::Written("/etc/cron.monthly"), CLOCK),
    root(What::Written("/etc/crontab"), CLOCK),
    root(What::Written("/etc/systemd/system"), START),
    root(What::Written("/etc/init.d"), START),
    root(What::Written("/etc/udev/rules.d"), START),
    root(What::Written("/etc/sudoers.d"), ROOTS),
    root(What::Written("/etc/sudoers"), ROOTS),
    root(What::Written("/etc/pam.d"), ROOTS),
    root(What::Written("/etc/ssh"), "write who may log in to the host"),
    root(What::Written("/etc/profile.d"), "write what the shells of root run"),
    root(What::Written("/etc/ld.so.preload"), PROGRAMS),
    root(What::Written("/etc/docker"), "write how the daemon runs, which is root"),
    root(What::Written("/root"), "write root's own files, its SSH keys among them"),
    root(What::Written("/root/.ssh"), "write root's SSH keys"),
    root(What::Written("/root/.ssh/authorized_keys"), "write root's SSH keys"),
    root(What::Read("/var/run/docker.sock"), SOCKET),
    root(What::Read("/run/docker.sock"), SOCKET),
    root(What::Read("/run/containerd/containerd.sock"), SOCKET),
    root(What::Read("/var/run/containerd/containerd.sock"), SOCKET),
    root(What::Read("/run/podman/podman.sock"), SOCKET),
    root(What::Read("/run/crio/crio.sock"), SOCKET),
    root(What::Written("/run/systemd/system"), START),
    root(What::Written("/proc"), "write /proc of the host, where the kernel is told what to run as root"),
    root(What::Written("/sys"), "write /sys of the host, where the kernel is told what to run as root"),
    root(What::Written("/proc/sys"), "tell the kernel of the host what to run as root"),
    root(What::Written("/dev"), DISKS),
    root(What::Written("/boot"), "write the kernel that the host starts with"),
    root(What::Written("/usr"), PROGRAMS),
    root(What::Written("/usr/bin"), PROGRAMS),
    root(What::Written("/usr/local/bin"), PROGRAMS),
    root(What::Written("/usr/sbin"), PROGRAMS),
    root(What::Written("/usr/lib"), PROGRAMS),
    root(What::Written("/usr/lib/systemd/system"), START),
    root(What::Written("/lib/systemd/system"), START),
    root(What::Written("/usr/local/sbin"), PROGRAMS),
    root(What::Written("/usr/local/lib"), PROGRAMS),
    root(What::Written("/bin"), PROGRAMS),
    root(What::Written("/sbin"), PROGRAMS),
    root(What::Written("/lib"), PROGRAMS),
    root(What::Written("/lib64"), PROGRAMS),
    root(What::Written("/var/spool/cron"), CLOCK),
    root(What::Written("/var/lib/docker"), CONTAINERS),
    root(What::Written("/var/lib/docker/overlay2"), CONTAINERS),
    root(What::Written("/var/lib/docker/containers"), CONTAINERS),
    root(What::Written("/var/lib/containerd"), CONTAINERS),
    root(What::Capability("ALL"), "do what root on the host can do"),
    root(What::Capability("SYS_ADMIN"), "mount the disks of the host"),
    root(What::Capability("SYS_MODULE"), "load code into the kernel"),
    root(What::Capability("SYS_RAWIO"), "write the memory and the disks of the host"),
    root(What::Capability("DAC_READ_SEARCH"), "open every file of the host by its handle"),
    root(What::Capability("BPF"), "run programs in the kernel"),
    root(What::Device("/dev"), DISKS),
    root(What::Device("/dev/sda"), DISK),
    root(What::Device("/dev/sda1"), DISK),
    root(What::Device("/dev/sda2"), DISK),
    root(What::Device("/dev/sda3"), DISK),
    root(What::Device("/dev/sdb"), DISK),
    root(What::Device("/dev/sdb1"), DISK),
    root(What::Device("/dev/nvme0n1"), DISK),
    root(What::Device("/dev/nvme0n1p1"), DISK),
    root(What::Device("/dev/nvme0n1p2"), DISK),
    root(What::Device("/dev/nvme0n1p3"), DISK),
    root(What::Device("/dev/nvme1n1"), DISK),
    root(What::Device("/dev/vda"), DISK),
    root(What::Device("/dev/vda1"), DISK),
    root(What::Device("/dev/vda2"), DISK),
    root(What::Device("/dev/vda3"), DISK),
    root(What::Device("/dev/vdb"), DISK),
    root(What::Device("/dev/xvda"), DISK),
    root(What::Device("/dev/xvda1"), DISK),
    root(What::Device("/dev/mmcblk0"), DISK),
    root(What::Device("/dev/mmcblk0p2"), DISK),
    root(What::Device("/dev/dm-0"), DISK),
    root(What::Device("/dev/md0"), DISK),
    root(What::Device("/dev/mapper/root"), DISK),
    root(What::Device("/dev/disk/by-id/root"), DISK),
    root(What::Device("/dev/mem"), MEMORY),
    root(What::Device("/dev/kmem"), MEMORY),
    root(What::Device("/dev/port"), "speak to the hardware of the host"),
    root(What::Device("cgroup:a *:* rwm"), DISKS),
    root(What::Device("cgroup:b 8:0 rwm"), DISK),
    root(What::Device("cgroup:b *:* rwm"), DISKS),
    part(What::Read("/etc"), "read below /etc, where password hashes and keys are"),
    part(What::Read("/etc/shadow"), "read the password hashes of the host"),
    part(What::Read("/root"), "read root's own files, its SSH keys among them"),
    part(What::Read("/proc"), "read the environment of every process of the host"),
    part(What::Read("/var/lib/docker"), "read the files and the environment of every container"),
    part(What::Written("/var/lib/docker/volumes"), "write the volumes of every container"),
    part(What::Read("/var/lib/docker/volumes"), "read the volumes of every container"),
    part(What::Written("/home"), "write the SSH keys of the host's users"),
    part(
        What::Capability("SYS_PTRACE"),
        "look into processes and change them, those of the host where it shares their namespace",
    ),
    part(What::Namespace("pid:host"), "see every process of the host, with its environment"),
    part(What::Namespace("network:host"), "reach what listens on the loopback of the host alone"),
    part(What::Namespace("ipc:host"), "read and write the shared memory of the host's processes"),
    part(What::Namespace("user:host"), "be root of the host where users are mapped to keep it from that"),
    part(What::Security("seccomp=unconfined"), "make every call to the kernel"),
    part(What::Security("apparmor=unconfined"), "do without the confinement of AppArmor"),
    part(What::Security("label=disable"), "do without the confinement of SELinux"),
    part(What::Security("systempaths=unconfined"), "write what the daemon hides of the kernel"),
    part(What::Driver("runtime:any-shim"), "run containers by any shim of the host"),
    part(What::Remote("http://127.0.0.1/x.tar"), FETCH),
    part(What::Remote("http://169.254.169.254/x.tar"), FETCH),
    part(What::Remote("https://127.0.0.1/x.tar"), FETCH),
];

/// The worst danger of those that are let through, of the kind that an aspect is about.
pub(super) fn worst(aspect: Aspect, lets_through: impl Fn(&Meaning) -> bool) -> Option<&'static Danger> {
    DANGERS
        .iter()
        .filter(|danger| danger.meaning().aspect() == aspect)
        .find(|danger| danger.meanings().iter().any(&lets_through))
}

/// A path that leads out of the directory that it begins with.
pub(super) const CLIMB: Danger = root(
    What::Written("/etc"),
    "climb by `..` from there to every file of the host: `/data/*` has `/data/../etc`",
);

/// The worst danger of those that a field read like this can hold, where such values are let through, or any. Behind a path
/// may stand one of the ends.
pub(super) fn worst_in(
    reading: Reading,
    ends: &BTreeSet<String>,
    lets_through: impl Fn(&Json) -> bool,
    lets_anything: impl Fn() -> bool,
) -> Option<&'static Danger> {
    DANGERS.iter().find(|danger| {
        reading.aspects().contains(&danger.meaning().aspect())
            && ((lets_anything() && danger.can_stand_in(reading))
                || danger.samples(reading, ends).iter().any(&lets_through))
    })
}

/// What rights and namespaces come to together.
const TOGETHER: &[(&str, &str, Extent, &str)] = &[
    ("SYS_PTRACE", "pid:host", Extent::Root, "take over the processes of the host"),
    ("NET_ADMIN", "network:host", Extent::Part, "change the network of the host, its firewall too"),
];

/// The worst that a right and a namespace come to together, where both are let through.
pub(super) fn together(
    right: impl Fn(&Meaning) -> bool,
    namespace: impl Fn(&Meaning) -> bool,
) -> Option<(Extent, &'static str)> {
    let found = TOGETHER.iter().find(|(name, joined, _, _)| {
        right(&Meaning::Capability((*name).to_owned()))
            && namespace(&Meaning::Namespace((*joined).to_owned()))
    });
    found.map(|(_, _, extent, why)| (*extent, *why))
}

impl Danger {
    /// What is granted; for a file or device the directories that it is in, as who has one of those has it too; and for a
    /// directory of the host what is in it.
    pub(super) fn meanings(&self) -> Vec<Meaning> {
        let below = self.host_path().map(|(path, _)| format!("{}/x", path.trim_end_matches('/')));
        let of = |path: &str| self.meaning_at(path);
        above(self.value()).map(of).chain(below.as_deref().map(of)).collect()
    }

    fn meaning(&self) -> Meaning {
        self.meaning_at(self.value())
    }

    fn meaning_at(&self, text: &str) -> Meaning {
        let host = |path: &str, read_only| {
            Meaning::HostPath(HostPath { path: path.to_owned(), read_only, link: None })
        };
        match self.what {
            What::Written(_) => host(text, false),
            What::Read(_) => host(text, true),
            What::Capability(_) => Meaning::Capability(text.to_owned()),
            What::Namespace(_) => Meaning::Namespace(text.to_owned()),
            What::Device(_) => Meaning::Device(text.to_owned()),
            What::Security(_) => Meaning::Security(text.to_owned()),
            What::Driver(_) => Meaning::Driver(text.to_owned()),
            What::Remote(_) => Meaning::Remote(text.to_owned()),
        }
    }

    fn value(&self) -> &'static str {
        match self.what {
            What::Written(text)
            | What::Read(text)
            | What::Capability(text)
            | What::Namespace(text)
            | What::Device(text)
            | What::Security(text)
            | What::Driver(text)
            | What::Remote(text) => text,
        }
    }

    /// Whether a field read like this can say it at all: of namespaces and drivers it says one kind.
    fn can_stand_in(&self, reading: Reading) -> bool {
        !matches!(reading, Reading::NamespaceMode(_) | Reading::NetworkMode | Reading::Driver(_))
            || !self.samples(reading, &BTreeSet::new()).is_empty()
    }

    /// The path, of a file of the host, and whether it is for writing.
    fn host_path(&self) -> Option<(&'static str, bool)> {
        match self.what {
            What::Written(path) => Some((path, true)),
            What::Read(path) => Some((path, false)),
            What::Capability(_)
            | What::Namespace(_)
            | What::Device(_)
            | What::Security(_)
            | What::Driver(_)
            | What::Remote(_) => None,
        }
    }

    /// Values that a field read like this has to say it.
    fn samples(&self, reading: Reading, ends: &BTreeSet<String>) -> Vec<Json> {
        let text = |text: &str| Json::String(text.into());
        let list = |one: &str| Json::Array(vec![text(one)]);
        let behind = |kind: &str| self.value().strip_prefix(kind).and_then(|rest| rest.strip_prefix(':'));
        match reading {
            Reading::Binds => {
                let Some((path, is_written)) = self.host_path() else { return Vec::new() };
                let usual: &[&str] = if is_written { &[":/x", ":/x:rw"] } else { &[":/x:ro"] };
                let own = ends.iter().map(String::as_str).filter(|end| !is_written || !is_read_only(end));
                let ends: Vec<&str> = usual.iter().copied().chain(own).collect();
                let with_each = |path: &'static str| ends.iter().map(move |end| list(&[path, end].concat()));
                above(path).flat_map(with_each).collect()
            }
            Reading::VolumeOptions => match self.host_path() {
                Some((path, is_written)) => {
                    let how = if is_written { "bind" } else { "bind,ro" };
                    above(path).flat_map(|path| volumes(path, how)).collect()
                }
                None => Vec::new(),
            },
            Reading::Capabilities | Reading::SecurityOptions => vec![list(self.value())],
            Reading::NamespaceMode(kind) | Reading::Driver(kind) => {
                behind(kind).map(text).into_iter().collect()
            }
            Reading::NetworkMode => behind("network").map(text).into_iter().collect(),
            Reading::HostDirectory => vec![text(self.value())],
            Reading::Privileged => vec![Json::Bool(true)],
            Reading::DeviceRules => behind("cgroup").map(list).into_iter().collect(),
            // Nothing but `true` and what looks into their fields can be said of these.
            Reading::Mounts
            | Reading::VolumesFrom
            | Reading::AnonymousVolumes
            | Reading::Tmpfs
            | Reading::Network
            | Reading::NetworkKeys
            | Reading::ServiceNetworks
            | Reading::NetworkName
            | Reading::VolumeName
            | Reading::Devices
            | Reading::DeviceRequests
            | Reading::SystemPaths(_)
            | Reading::SeLinux
            | Reading::Seccomp
            | Reading::AppArmor
            | Reading::User
            | Reading::Image
            | Reading::PortBindings
            | Reading::AllPorts
            | Reading::ServicePorts
            | Reading::Sysctls
            | Reading::Ulimits
            | Reading::ExtraHosts
            | Reading::ServiceHosts
            | Reading::Amount(_)
            | Reading::CpuQuota
            | Reading::CpuPeriod
            | Reading::PluginPrivileges
            | Reading::PluginSettings
            | Reading::Links
            | Reading::Container
            | Reading::Secrets
            | Reading::Configs => Vec::new(),
        }
    }
}

/// A path and the directories above it, up to the root; of anything else that alone.
fn above(text: &'static str) -> impl Iterator<Item = &'static str> {
    successors(Some(text), |path| match path.rsplit_once('/') {
        Some((_, "")) | None => None,
        Some(("", _)) => Some("/"),
        Some((parent, _)) => path.starts_with('/').then_some(parent),
    })
}

/// Whether what stands behind the path of a bind leaves it to be read only.
fn is_read_only(end: &str) -> bool {
    end.split(':').nth(2).is_some_and(|options| options.split(',').any(|option| option == "ro"))
}

/// Options of volumes that are this directory.
fn volumes(path: &str, how: &str) -> Vec<Json> {
    let texts = [
        format!(r#"{{"o":"{how}","device":"{path}"}}"#),
        format!(r#"{{"type":"none","o":"{how}","device":"{path}"}}"#),
    ];
    texts.iter().filter_map(|text| Json::read_shown(text.as_bytes()).ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_worst_come_first() {
        assert!(DANGERS.is_sorted_by_key(|danger| danger.extent));
    }

    #[test]
    fn each_goes_on_from_because_it_can() {
        for Danger { why, .. } in DANGERS {
            assert!(
                why.starts_with(|first: char| first.is_ascii_lowercase()) && !why.ends_with('.'),
                "{why}"
            );
        }
    }
}
