//! `EndpointSettings`: how a container stands in a network (moby `api/types/network/endpoint.go`).

use super::Kind::{Int, Struct, Text};
use super::container::MORE_LINES;
use super::{Field, Kind, Part, Reading};

/// The settings of one network. What the daemon tells of a running container it clears before it starts one
/// (moby `daemon.cleanOperationalData`).
pub(super) const ENDPOINT_SETTINGS: Kind = Struct(&[Part::of(&[
    Field::plain("IPAMConfig", IPAM_CONFIG, "Addresses that it asks for"),
    Field::guarded(
        "Links",
        Kind::TEXTS,
        "Containers that it knows by name there",
        "gives the container the address of another one under a name",
    )
    .means(Reading::Links),
    Field::plain("Aliases", Kind::TEXTS, "Further names that it has there").one_line(MORE_LINES),
    Field::guarded(
        "DriverOpts",
        Kind::TEXT_MAP,
        "Options of the network's driver",
        "sets options of the network's driver, settings of the kernel among them",
    )
    .since(32),
    Field::plain("GwPriority", Int, "Which network is its way out; the highest is").since(48),
    // moby `daemon.getNetworkID`: of networks that are not predefined it counts more than the key.
    Field::guarded(
        "NetworkID",
        Text,
        "The network's ID",
        "is the network that the container joins, whatever name is given beside it",
    )
    .means(Reading::Network),
    Field::plain("EndpointID", Text, "Told by the daemon, which clears it"),
    Field::plain("Gateway", Text, "Told by the daemon, which clears it"),
    Field::plain("IPAddress", Text, "Told by the daemon, which clears it"),
    Field::guarded("MacAddress", Text, "Its hardware address there", TAKES_ADDRESS).since(44),
    Field::plain("IPPrefixLen", Int, "Told by the daemon, which clears it"),
    Field::plain("IPv6Gateway", Text, "Told by the daemon, which clears it"),
    Field::plain("GlobalIPv6Address", Text, "Told by the daemon, which clears it"),
    Field::plain("GlobalIPv6PrefixLen", Int, "Told by the daemon, which clears it"),
    Field::plain("DNSNames", Kind::TEXTS, "Told by the daemon, which clears it").since(44),
])]);

/// Why an address needs a grant.
pub(super) const TAKES_ADDRESS: &str = "can take the address of another machine on the network";

const IPAM_CONFIG: Kind = Struct(&[Part::of(&[
    Field::guarded("IPv4Address", Text, "Its IPv4 address", TAKES_ADDRESS),
    Field::guarded("IPv6Address", Text, "Its IPv6 address", TAKES_ADDRESS),
    Field::guarded("LinkLocalIPs", Kind::TEXTS, "Link-local addresses", TAKES_ADDRESS),
])]);
