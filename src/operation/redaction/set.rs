//! The ready-made sets: everything of one sort, in every shape in which a daemon shows it, from 20.10 to the newest.

use super::Shape;
use super::change::Change;

/// A ready-made set.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Set {
    /// Environment variables of containers, images, services and plugins, the build steps that set them, and the
    /// daemon's proxies, which stand in its environment.
    Environment,
    /// Paths of the host.
    HostPaths,
    /// Addresses of containers, networks, nodes and the host.
    Network,
}

/// A path, every element of a list meant, and how what stands there is replaced.
pub(super) type Entry = (&'static str, Change);

impl Set {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Environment, Self::HostPaths, Self::Network];

    /// The name, as in a policy.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Environment => "@environment",
            Self::HostPaths => "@host-paths",
            Self::Network => "@network",
        }
    }

    pub(super) fn read(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|set| set.as_str() == word)
    }

    /// What of it stands in such a value.
    pub(super) fn of(self, shape: Shape) -> &'static [Entry] {
        match self {
            Self::Environment => environment(shape),
            Self::HostPaths => host_paths(shape),
            Self::Network => network(shape),
        }
    }
}

fn environment(shape: Shape) -> &'static [Entry] {
    use Change::{Command, Environment, Steps, Texts};
    match shape {
        Shape::Container => &[("Config.Env", Environment), ("Config.OnBuild", Steps)],
        Shape::Image => &[
            ("Config.Env", Environment),
            ("Config.OnBuild", Steps),
            ("ContainerConfig.Env", Environment),
            ("ContainerConfig.OnBuild", Steps),
            ("ContainerConfig.Cmd", Command),
        ],
        Shape::History => &[("CreatedBy", Steps)],
        // How it was made tells the build arguments, in whatever form.
        Shape::Attestation => &[("Statement", Texts)],
        // The fields of a plugin stand in small letters.
        Shape::Service => &[
            ("Spec.TaskTemplate.ContainerSpec.Env", Environment),
            ("Spec.TaskTemplate.PluginSpec.env", Environment),
            ("PreviousSpec.TaskTemplate.ContainerSpec.Env", Environment),
            ("PreviousSpec.TaskTemplate.PluginSpec.env", Environment),
        ],
        Shape::Task => &[("Spec.ContainerSpec.Env", Environment), ("Spec.PluginSpec.env", Environment)],
        Shape::Plugin => &[("Settings.Env", Environment), ("Config.Env.Value", Texts)],
        Shape::Info => &[("HttpProxy", Texts), ("HttpsProxy", Texts), ("NoProxy", Texts)],
        Shape::Top => &[("Titles", Change::Titles), ("Processes", Change::Processes)],
        Shape::ErrorOfTop => &[("message", Texts)],
        Shape::ListedContainer
        | Shape::Network
        | Shape::Volume
        | Shape::Node
        | Shape::Event
        | Shape::Swarm
        | Shape::Other => &[],
    }
}

fn host_paths(shape: Shape) -> &'static [Entry] {
    use Change::{Binds, PathLabels, Paths, Settings, Texts};
    match shape {
        Shape::Container => &[
            ("ResolvConfPath", Paths),
            ("HostnamePath", Paths),
            ("HostsPath", Paths),
            ("LogPath", Paths),
            ("GraphDriver.Data", Paths),
            ("Storage", Paths),
            ("Mounts.Source", Paths),
            ("HostConfig.Binds", Binds),
            ("HostConfig.ContainerIDFile", Paths),
            ("HostConfig.Mounts.Source", Paths),
            ("HostConfig.Mounts.VolumeOptions.DriverConfig.Options", Settings),
            ("HostConfig.Devices.PathOnHost", Paths),
            ("HostConfig.BlkioWeightDevice.Path", Paths),
            ("HostConfig.BlkioDeviceReadBps.Path", Paths),
            ("HostConfig.BlkioDeviceWriteBps.Path", Paths),
            ("HostConfig.BlkioDeviceReadIOps.Path", Paths),
            ("HostConfig.BlkioDeviceWriteIOps.Path", Paths),
            ("NetworkSettings.SandboxKey", Paths),
            ("Config.Labels", PathLabels),
            ("State.Error", Settings),
        ],
        Shape::ListedContainer => &[("Mounts.Source", Paths), ("Labels", PathLabels)],
        Shape::Image => &[
            ("GraphDriver.Data", Paths),
            ("Config.Labels", PathLabels),
            ("ContainerConfig.Labels", PathLabels),
            ("Labels", PathLabels),
        ],
        Shape::Volume => {
            &[("Mountpoint", Paths), ("Options", Settings), ("Status", Paths), ("Labels", PathLabels)]
        }
        Shape::Network => &[("Labels", PathLabels)],
        Shape::Service => &[
            ("Spec.TaskTemplate.ContainerSpec.Mounts.Source", Paths),
            ("Spec.TaskTemplate.ContainerSpec.Mounts.VolumeOptions.DriverConfig.Options", Settings),
            ("PreviousSpec.TaskTemplate.ContainerSpec.Mounts.Source", Paths),
            ("PreviousSpec.TaskTemplate.ContainerSpec.Mounts.VolumeOptions.DriverConfig.Options", Settings),
        ],
        Shape::Task => &[
            ("Spec.ContainerSpec.Mounts.Source", Paths),
            ("Spec.ContainerSpec.Mounts.VolumeOptions.DriverConfig.Options", Settings),
            ("Status.Err", Settings),
        ],
        Shape::Plugin => &[
            ("Settings.Mounts.Source", Paths),
            ("Settings.Devices.Path", Paths),
            ("Config.Mounts.Source", Paths),
            ("Config.Linux.Devices.Path", Paths),
        ],
        // Of the daemon, when it has read its settings anew.
        Shape::Event => &[("Actor.Attributes", PathLabels), ("Actor.Attributes.runtimes", Settings)],
        Shape::Info => &[
            ("DockerRootDir", Paths),
            ("DriverStatus", Paths),
            ("SecurityOptions", Settings),
            ("CDISpecDirs", Paths),
            ("Runtimes.*.path", Paths),
            ("Runtimes.*.runtimeArgs", Settings),
            ("Containerd.Address", Texts),
            ("Swarm.Error", Settings),
            ("Warnings", Settings),
        ],
        Shape::History
        | Shape::Attestation
        | Shape::Node
        | Shape::Swarm
        | Shape::Top
        | Shape::ErrorOfTop
        | Shape::Other => &[],
    }
}

fn network(shape: Shape) -> &'static [Entry] {
    use Change::{Addresses, Contents, Hosts, Settings, Texts};
    match shape {
        Shape::Container => &[
            ("Config.MacAddress", Addresses),
            ("HostConfig.Dns", Addresses),
            ("HostConfig.ExtraHosts", Hosts),
            ("HostConfig.PortBindings.*.HostIp", Addresses),
            ("NetworkSettings.Gateway", Addresses),
            ("NetworkSettings.IPAddress", Addresses),
            ("NetworkSettings.IPv6Gateway", Addresses),
            ("NetworkSettings.GlobalIPv6Address", Addresses),
            ("NetworkSettings.LinkLocalIPv6Address", Addresses),
            ("NetworkSettings.MacAddress", Addresses),
            ("NetworkSettings.SecondaryIPAddresses.Addr", Addresses),
            ("NetworkSettings.SecondaryIPv6Addresses.Addr", Addresses),
            ("NetworkSettings.Ports.*.HostIp", Addresses),
            ("NetworkSettings.Networks.*.IPAMConfig", Addresses),
            ("NetworkSettings.Networks.*.Gateway", Addresses),
            ("NetworkSettings.Networks.*.IPAddress", Addresses),
            ("NetworkSettings.Networks.*.IPv6Gateway", Addresses),
            ("NetworkSettings.Networks.*.GlobalIPv6Address", Addresses),
            ("NetworkSettings.Networks.*.MacAddress", Addresses),
            ("State.Error", Texts),
        ],
        Shape::ListedContainer => &[
            ("Ports.IP", Addresses),
            ("NetworkSettings.Networks.*.IPAMConfig", Addresses),
            ("NetworkSettings.Networks.*.Gateway", Addresses),
            ("NetworkSettings.Networks.*.IPAddress", Addresses),
            ("NetworkSettings.Networks.*.IPv6Gateway", Addresses),
            ("NetworkSettings.Networks.*.GlobalIPv6Address", Addresses),
            ("NetworkSettings.Networks.*.MacAddress", Addresses),
        ],
        Shape::Network => &[
            ("IPAM.Config.Subnet", Addresses),
            ("IPAM.Config.IPRange", Addresses),
            ("IPAM.Config.Gateway", Addresses),
            ("IPAM.Config.AuxiliaryAddresses", Addresses),
            // Subnets are its keys.
            ("Status.IPAM.Subnets", Contents),
            ("Containers.*.IPv4Address", Addresses),
            ("Containers.*.IPv6Address", Addresses),
            ("Containers.*.MacAddress", Addresses),
            ("Services.*.VIP", Addresses),
            ("Services.*.Tasks.EndpointIP", Addresses),
            ("Services.*.Tasks.Info", Addresses),
            ("Peers.IP", Addresses),
            (r#"Options."com.docker.network.bridge.host_binding_ipv4""#, Addresses),
            (r#"Options."com.docker.network.host_ipv4""#, Addresses),
            (r#"Options."com.docker.network.host_ipv6""#, Addresses),
        ],
        Shape::Service => &[
            ("Endpoint.VirtualIPs.Addr", Addresses),
            ("Spec.TaskTemplate.ContainerSpec.Hosts", Hosts),
            ("Spec.TaskTemplate.ContainerSpec.DNSConfig.Nameservers", Addresses),
            ("PreviousSpec.TaskTemplate.ContainerSpec.Hosts", Hosts),
            ("PreviousSpec.TaskTemplate.ContainerSpec.DNSConfig.Nameservers", Addresses),
        ],
        Shape::Task => &[
            ("NetworksAttachments.Addresses", Addresses),
            ("NetworksAttachments.Network.IPAMOptions.Configs", Addresses),
            ("NetworksAttachments.Network.Spec.IPAMOptions.Configs", Addresses),
            ("Spec.ContainerSpec.Hosts", Hosts),
            ("Spec.ContainerSpec.DNSConfig.Nameservers", Addresses),
            ("Status.Err", Texts),
        ],
        Shape::Node => &[("Status.Addr", Addresses), ("ManagerStatus.Addr", Addresses)],
        Shape::Info => &[
            ("ClusterAdvertise", Addresses),
            ("Swarm.NodeAddr", Addresses),
            ("Swarm.RemoteManagers.Addr", Addresses),
            ("Swarm.Cluster.DefaultAddrPool", Addresses),
            ("RegistryConfig.InsecureRegistryCIDRs", Addresses),
            ("RegistryConfig.AllowNondistributableArtifactsCIDRs", Addresses),
            ("DefaultAddressPools.Base", Addresses),
            ("Swarm.Error", Texts),
            // Where the daemon can be reached.
            ("Warnings", Settings),
        ],
        Shape::Swarm => &[("DefaultAddrPool", Addresses)],
        // Of the daemon, when it has read its settings anew.
        Shape::Event => &[
            ("Actor.Attributes.cluster-advertise", Addresses),
            ("Actor.Attributes.insecure-registries", Addresses),
        ],
        Shape::Image
        | Shape::History
        | Shape::Attestation
        | Shape::Volume
        | Shape::Plugin
        | Shape::Top
        | Shape::ErrorOfTop
        | Shape::Other => &[],
    }
}

#[cfg(test)]
mod tests {
    use super::{Set, Shape};
    use crate::operation::redaction::path::Path;

    #[test]
    fn every_path_can_be_read() {
        let shapes = [
            Shape::Container,
            Shape::ListedContainer,
            Shape::Image,
            Shape::History,
            Shape::Attestation,
            Shape::Network,
            Shape::Volume,
            Shape::Service,
            Shape::Task,
            Shape::Node,
            Shape::Plugin,
            Shape::Event,
            Shape::Info,
            Shape::Swarm,
            Shape::Top,
            Shape::ErrorOfTop,
        ];
        for (set, shape) in Set::ALL.into_iter().flat_map(|set| shapes.map(|shape| (set, shape))) {
            for (path, _) in set.of(shape) {
                assert!(Path::read(path).is_ok(), "{path}");
            }
        }
        assert!(Set::ALL.iter().all(|set| set.of(Shape::Other).is_empty()));
    }
}
