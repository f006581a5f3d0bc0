//! What a container or the tasks of a service will be like: the effective meaning of what is set, and left out.

use super::super::field::Kind;
use super::super::json::Json;
use super::super::version::ApiVersion;
use super::security::{capability, no_new_privileges};
use super::{limits, user};

/// What a container will be like. What a request leaves out is not there: the daemon's own defaults hold no promise.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Posture {
    /// Its root file system cannot be written.
    pub read_only_root: bool,
    /// Its processes cannot gain rights.
    pub no_new_privileges: bool,
    /// The user, canonical; `image` where none is said.
    pub user: String,
    /// The capabilities that it does without, `ALL` for every one.
    pub dropped: Vec<String>,
    /// Memory, in bytes; none where there is no limit.
    pub memory: Option<i64>,
    /// Processes; none where there is no limit.
    pub pids: Option<i64>,
    /// CPUs, in billionths; none where there is no limit.
    pub cpus: Option<i64>,
}

/// What can be required of a container.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stance {
    /// `read_only_root`
    ReadOnlyRoot,
    /// `no_new_privileges`
    NoNewPrivileges,
    /// `non_root`
    NonRoot,
    /// `drop_capabilities`
    DropCapabilities,
    /// `memory`
    Memory,
    /// `pids`
    Pids,
    /// `cpus`
    Cpus,
}

impl Stance {
    /// Every one.
    pub const ALL: [Self; 7] = [
        Self::ReadOnlyRoot,
        Self::NoNewPrivileges,
        Self::NonRoot,
        Self::DropCapabilities,
        Self::Memory,
        Self::Pids,
        Self::Cpus,
    ];

    /// The key in a policy.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ReadOnlyRoot => "read_only_root",
            Self::NoNewPrivileges => "no_new_privileges",
            Self::NonRoot => "non_root",
            Self::DropCapabilities => "drop_capabilities",
            Self::Memory => "memory",
            Self::Pids => "pids",
            Self::Cpus => "cpus",
        }
    }

    /// What the container is then, in one line.
    #[must_use]
    pub const fn summary(self) -> &'static str {
        match self {
            Self::ReadOnlyRoot => "It cannot write its root file system",
            Self::NoNewPrivileges => "It cannot gain rights",
            Self::NonRoot => "It runs as a user by number, other than 0",
            Self::DropCapabilities => "It does without these capabilities",
            Self::Memory => "It has a limit of memory, in bytes",
            Self::Pids => "It has a limit of processes",
            Self::Cpus => "It has a limit of CPUs",
        }
    }
}

impl Posture {
    /// Whether the operation of this endpoint makes containers, so that it has one.
    #[must_use]
    pub fn is_of(endpoint_id: &str) -> bool {
        matches!(endpoint_id, "ContainerCreate" | "ServiceCreate" | "ServiceUpdate")
    }

    /// That of a body; fields that its version does not have yet do nothing.
    pub(in crate::operation) fn read(
        endpoint_id: &str,
        kind: Kind,
        body: &Json,
        version: ApiVersion,
    ) -> Self {
        let get = |path: &[&str]| {
            let mut kind = kind;
            let mut value = body;
            for step in path {
                let (_, field) = kind.field(step)?;
                if field.since.is_some_and(|since| version < since) {
                    return None;
                }
                kind = field.kind;
                value = value.get(step)?;
            }
            Some(value)
        };
        let is_on = |path: &[&str]| get(path) == Some(&Json::Bool(true));
        // `null` sets none.
        let limit = |path: &[&str]| {
            get(path).filter(|value| **value != Json::Null).map(limits::number).filter(|limit| *limit > 0)
        };
        let names = |path: &[&str]| {
            let list = get(path).map(Json::items).unwrap_or_default();
            list.iter().filter_map(Json::as_text).map(capability).collect()
        };
        let user_of = |path: &[&str]| user::canonical(get(path).and_then(Json::as_text).unwrap_or_default());
        if endpoint_id == "ContainerCreate" {
            let quota = limit(&["HostConfig", "CpuQuota"]);
            let period = limit(&["HostConfig", "CpuPeriod"]).unwrap_or(100_000);
            return Self {
                read_only_root: is_on(&["HostConfig", "ReadonlyRootfs"]),
                no_new_privileges: get(&["HostConfig", "SecurityOpt"]).is_some_and(no_new_privileges),
                user: user_of(&["User"]),
                dropped: names(&["HostConfig", "CapDrop"]),
                memory: limit(&["HostConfig", "Memory"]),
                pids: limit(&["HostConfig", "PidsLimit"]),
                cpus: limit(&["HostConfig", "NanoCpus"])
                    .or(quota.map(|quota| limits::billionths(quota, period))),
            };
        }
        let task = |path: &[&'static str]| {
            let mut whole = vec!["TaskTemplate"];
            whole.extend(path);
            whole
        };
        Self {
            read_only_root: is_on(&task(&["ContainerSpec", "ReadOnly"])),
            no_new_privileges: is_on(&task(&["ContainerSpec", "Privileges", "NoNewPrivileges"])),
            user: user_of(&task(&["ContainerSpec", "User"])),
            dropped: names(&task(&["ContainerSpec", "CapabilityDrop"])),
            memory: limit(&task(&["Resources", "Limits", "MemoryBytes"])),
            pids: limit(&task(&["Resources", "Limits", "Pids"])),
            cpus: limit(&task(&["Resources", "Limits", "NanoCPUs"])),
        }
    }

    /// Whether no process begins as root: the user is a number, and not 0. What a name is, the image says.
    #[must_use]
    pub fn is_non_root(&self) -> bool {
        is_non_root(&self.user)
    }
}

/// Whether a canonical user is a number other than 0.
#[must_use]
pub fn is_non_root(canonical: &str) -> bool {
    let user = canonical.split(':').next().unwrap_or_default();
    user.parse::<u32>().is_ok_and(|id| id != 0)
}
