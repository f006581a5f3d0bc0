//! The bodies about networks (moby `api/types/network`).

use super::Kind::{Bool, List, Struct, Text};
use super::endpoint::ENDPOINT_SETTINGS;
use super::{Field, Kind, Part, Reading};

/// `NetworkCreate`.
pub(in crate::operation) const CREATE: Kind = Struct(&[Part::of(&[
    Field::plain("Name", Text, "Its name").means(Reading::NetworkName),
    Field::plain("CheckDuplicate", Bool, "Refuses a name that there is; newer daemons always do").until(43),
    Field::guarded(
        "Driver",
        Text,
        "The driver; `bridge` if nothing is said",
        "can put containers on the host's own network, or spread the network over a swarm",
    )
    .means(Reading::Driver("network"))
    .harmless(&["bridge"]),
    Field::guarded(
        "Scope",
        Text,
        "How far it reaches: `local` or `swarm`",
        "can spread the network over a swarm",
    )
    .harmless(&["local"])
    .since(30),
    Field::plain("EnableIPv4", Bool, "Gives out IPv4 addresses").since(47),
    Field::plain("EnableIPv6", Bool, "Gives out IPv6 addresses"),
    Field::plain("IPAM", IPAM, "Which addresses it gives out"),
    Field::plain("Internal", Bool, "Has no way out"),
    Field::plain("Attachable", Bool, "Lets containers join that are not of a service").since(25),
    Field::guarded(
        "Ingress",
        Bool,
        "Is the swarm's way in",
        "takes in what reaches the swarm's published ports",
    )
    .since(29),
    Field::plain("ConfigOnly", Bool, "Is only a configuration for others").since(30),
    Field::plain(
        "ConfigFrom",
        Struct(&[Part::of(&[Field::guarded(
            "Network",
            Text,
            "The network that holds it",
            "takes over driver options that are not in the request",
        )])]),
        "Where its configuration is",
    )
    .since(30),
    Field::guarded(
        "Options",
        Kind::TEXT_MAP,
        "Options of the driver",
        "can bind the network to an interface or bridge of the host",
    ),
    Field::plain("Labels", Kind::TEXT_MAP, "Its labels"),
])]);

/// `NetworkConnect`.
pub(in crate::operation) const CONNECT: Kind = Struct(&[Part::of(&[
    Field::guarded(
        "Container",
        Text,
        "The container",
        "lets that container reach what is on the network, and take names there",
    )
    .means(Reading::Container),
    Field::plain("EndpointConfig", ENDPOINT_SETTINGS, "How it stands there"),
])]);

/// `NetworkDisconnect`.
pub(in crate::operation) const DISCONNECT: Kind = Struct(&[Part::of(&[
    Field::plain("Container", Text, "The container").means(Reading::Container),
    Field::plain("Force", Bool, "Also if it is running"),
])]);

const IPAM: Kind = Struct(&[Part::of(&[
    Field::guarded(
        "Driver",
        Text,
        "What manages the addresses",
        "hands the addresses to a plugin, or makes the daemon look for one",
    )
    .means(Reading::Driver("ipam"))
    .harmless(&["default"]),
    Field::guarded(
        "Options",
        Kind::TEXT_MAP,
        "Its options",
        "sets options of whatever manages the addresses",
    ),
    Field::guarded(
        "Config",
        List(&POOL),
        "The addresses",
        "can take addresses that the host reaches elsewhere, so that they lead to the network",
    ),
])]);

const POOL: Kind = Struct(&[Part::of(&[
    Field::plain("Subnet", Text, "The subnet"),
    Field::plain("IPRange", Text, "The part of it that is given out"),
    Field::plain("Gateway", Text, "The gateway"),
    Field::plain("AuxiliaryAddresses", Kind::TEXT_MAP, "Addresses that are not given out"),
])]);
