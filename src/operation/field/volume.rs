//! The bodies about volumes (moby `api/types/volume`).

use super::Kind::{Int, List, Struct, Text};
use super::{Field, Kind, Part, Reading};

/// `VolumeCreate`.
pub(in crate::operation) const CREATE: Kind = Struct(&[Part::of(&[
    Field::plain("Name", Text, "Its name").means(Reading::VolumeName),
    Field::guarded(
        "Driver",
        Text,
        "The driver; `local` if nothing is said",
        "hands the volume to a plugin, or makes the daemon look for one",
    )
    .means(Reading::Driver("volume"))
    .harmless(&["local"]),
    Field::guarded(
        "DriverOpts",
        Kind::TEXT_MAP,
        "Options of the driver",
        "can make the volume any directory, device or share that the host reaches",
    )
    .means(Reading::VolumeOptions),
    Field::plain("Labels", Kind::TEXT_MAP, "Its labels"),
    Field::guarded(
        "ClusterVolumeSpec",
        CLUSTER_VOLUME_SPEC,
        "What it is, as a volume of the swarm",
        "makes a volume of the whole swarm, by a plugin and with secrets",
    )
    // That it is there makes it one.
    .empty_counts()
    .since(42),
])]);

/// `VolumeUpdate`.
pub(in crate::operation) const UPDATE: Kind = Struct(&[Part::of(&[Field::guarded(
    "Spec",
    CLUSTER_VOLUME_SPEC,
    "What it is from now on",
    "changes a volume of the whole swarm",
)])]);

const CLUSTER_VOLUME_SPEC: Kind = Struct(&[Part::of(&[
    Field::plain("Group", Text, "Its group"),
    Field::plain(
        "AccessMode",
        Struct(&[Part::of(&[
            Field::plain("Scope", Text, "On how many nodes: `single` or `multi`"),
            Field::plain("Sharing", Text, "By how many tasks"),
            Field::plain(
                "MountVolume",
                Struct(&[Part::of(&[
                    Field::plain("FsType", Text, "The file system"),
                    Field::plain("MountFlags", Kind::TEXTS, "Options of the mount"),
                ])]),
                "As a file system",
            ),
            Field::plain("BlockVolume", Kind::EMPTY, "As a device"),
        ])]),
        "How tasks use it",
    ),
    Field::plain(
        "AccessibilityRequirements",
        Struct(&[Part::of(&[
            Field::plain("Requisite", TOPOLOGIES, "It must be reached from one of these"),
            Field::plain("Preferred", TOPOLOGIES, "It should be"),
        ])]),
        "Where it must be reached",
    ),
    Field::plain(
        "CapacityRange",
        Struct(&[Part::of(&[
            Field::plain("RequiredBytes", Int, "At least so many bytes"),
            Field::plain("LimitBytes", Int, "At most so many bytes"),
        ])]),
        "Its size",
    ),
    Field::plain(
        "Secrets",
        List(&Struct(&[Part::of(&[
            Field::plain("Key", Text, "What the driver calls it"),
            Field::plain("Secret", Text, "The secret"),
        ])])),
        "Secrets for the driver",
    ),
    Field::plain("Availability", Text, "`active`, `pause` or `drain`"),
])]);

const TOPOLOGIES: Kind =
    List(&Struct(&[Part::of(&[Field::plain("Segments", Kind::TEXT_MAP, "The parts of the place")])]));
