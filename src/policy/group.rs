//! Groups of operations that a rule can name in one word.
//!
//! A group is a convenience, and so what people grant without looking. It therefore never holds an operation
//! that gives the host away, writes anything but a container's state, hands out secrets or makes the daemon
//! contact another machine. There is none for logs, inspection of containers (their environment), archives,
//! exports, attaching, exec, builds, plugins or the swarm: a rule names these one by one.

/// A named group of operations.
#[derive(Debug, PartialEq, Eq)]
pub struct Group {
    /// Its name as a policy writes it, with the `@`.
    pub name: &'static str,
    /// What it is for, and what it leaves out.
    pub summary: &'static str,
    /// The operationIds of its operations.
    pub operations: &'static [&'static str],
}

/// The groups.
pub static GROUPS: &[Group] = &[
    Group {
        name: "@ping",
        summary: "What clients ask to learn that there is a daemon and which API version to speak.",
        operations: &["SystemPing", "SystemPingHead", "SystemVersion"],
    },
    Group {
        name: "@read",
        summary: "Everything of `@ping`, and what shows that things exist and how they fare: enough for a dashboard. \
                  It leaves out what shows the environment, output or files of containers, and volumes, whose driver \
                  options hold passwords of network shares. Names, labels and command lines of containers are shown: \
                  keep secrets out of those, or name the operations one by one.",
        operations: &[
            "SystemPing",
            "SystemPingHead",
            "SystemVersion",
            "SystemInfo",
            "SystemEvents",
            "ContainerList",
            "ContainerStats",
            "ContainerTop",
            "ImageList",
            "ImageInspect",
            "ImageHistory",
            "NetworkList",
            "NetworkInspect",
        ],
    },
    Group {
        name: "@lifecycle",
        summary: "Starting and stopping containers that exist, and waiting for them. It neither creates nor deletes \
                  any. Best with a condition on which containers.",
        operations: &[
            "ContainerStart",
            "ContainerStop",
            "ContainerRestart",
            "ContainerKill",
            "ContainerPause",
            "ContainerUnpause",
            "ContainerWait",
        ],
    },
];

/// The group of this name, `@` included.
#[must_use]
pub fn find(name: &str) -> Option<&'static Group> {
    GROUPS.iter().find(|group| group.name == name)
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;
    use crate::operation::table::{Answer, BodyKind, Endpoint, Method, endpoints};

    fn members(group: &Group) -> Vec<&'static Endpoint> {
        group
            .operations
            .iter()
            .map(|id| {
                endpoints().find(|row| row.id == *id).unwrap_or_else(|| panic!("{} has {id}", group.name))
            })
            .collect()
    }

    #[test]
    fn a_group_is_found_by_its_name() {
        for group in GROUPS {
            assert!(group.name.starts_with('@'));
            assert_eq!(find(group.name), Some(group));
        }
        assert_eq!(find("read"), None);
        assert_eq!(find("@logs"), None);
    }

    #[test]
    fn a_group_names_endpoints_of_the_table_once_each() {
        for group in GROUPS {
            let ids: HashSet<_> = members(group).iter().map(|row| row.id).collect();
            assert_eq!(ids.len(), group.operations.len(), "{}", group.name);
        }
    }

    #[test]
    fn no_group_takes_a_body_or_opens_a_tunnel() {
        for row in GROUPS.iter().flat_map(members) {
            assert_eq!(row.body, BodyKind::None, "{row}");
            assert!(!matches!(row.answer, Answer::Hijack(_)), "{row}");
            assert!(row.headers.iter().all(|header| !format!("{header:?}").starts_with("Registry")), "{row}");
        }
    }

    #[test]
    fn reading_holds_ping_and_nothing_that_writes() {
        let read = find("@read").unwrap();
        assert!(find("@ping").unwrap().operations.iter().all(|id| read.operations.contains(id)));
        assert!(members(read).iter().all(|row| matches!(row.method, Method::Get | Method::Head)));
    }

    /// Everything that may not be in a group, so that a new endpoint must be thought about: what is in no group
    /// stands here.
    #[test]
    fn what_hands_out_secrets_or_the_host_is_in_no_group() {
        // By reason: environment, output and files of containers, options of volumes; the swarm's keys and contents; the daemon's
        // memory and directories of the host; contact with another machine; what makes, changes or runs
        // something; what deletes something.
        const NEVER: &str = "
            ContainerArchive ContainerArchiveInfo ContainerAttach ContainerAttachWebsocket ContainerChanges
            ContainerCopy ContainerExport ContainerInspect ContainerLogs ExecInspect ImageAttestations ImageGet
            ImageGetAll PluginInspect PluginList ServiceInspect ServiceList ServiceLogs SystemDataUsage TaskInspect TaskList TaskLogs VolumeInspect
            VolumeList

            ConfigInspect ConfigList NodeInspect NodeList SecretInspect SecretList SwarmInspect SwarmUnlockkey

            CheckpointCreate CheckpointDelete CheckpointList DebugPprofCmdline DebugPprofIndex DebugPprofNamed
            DebugPprofProfile DebugPprofSymbol DebugPprofTrace DebugVars

            DistributionInspect GetPluginPrivileges ImageCreate ImagePush ImageSearch PluginPull PluginPush
            PluginUpgrade SystemAuth

            BuildCancel ConfigCreate ConfigUpdate ContainerCreate ContainerExec ContainerRename ContainerResize
            ContainerUpdate ExecResize ExecStart Grpc ImageBuild ImageCommit ImageLoad ImageTag NetworkConnect
            NetworkCreate NetworkDisconnect NodeUpdate PluginCreate PluginDisable PluginEnable PluginSet
            PutContainerArchive SecretCreate SecretUpdate ServiceCreate ServiceUpdate Session SwarmInit SwarmJoin
            SwarmLeave SwarmUnlock SwarmUpdate VolumeCreate VolumeUpdate

            BuildPrune ConfigDelete ContainerDelete ContainerPrune ImageDelete ImagePrune NetworkDelete NetworkPrune
            NodeDelete PluginDelete SecretDelete ServiceDelete VolumeDelete VolumePrune";
        let never: HashSet<_> = NEVER.split_whitespace().collect();
        let grouped: HashSet<_> = GROUPS.iter().flat_map(|group| group.operations).collect();
        for row in endpoints() {
            assert_ne!(never.contains(row.id), grouped.contains(&row.id), "{}: in a group, or never", row.id);
        }
        assert!(
            never.iter().all(|id| endpoints().any(|row| row.id == *id)),
            "a name in the list is no endpoint's"
        );
    }
}
