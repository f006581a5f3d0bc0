//! `Mounts`, of containers and of services (moby `api/types/mount`).

use super::Kind::{Bool, Int, List, Struct, Text, Uint};
use super::{Field, Kind, Part, Reading};

/// The field `Mounts`.
pub(super) const MOUNTS: Field = Field::guarded(
    "Mounts",
    List(&MOUNT),
    "Files of the host, volumes, images and memory that the container has",
    "can give the container any file of the host, any volume, and what other images hold",
)
.means(Reading::Mounts);

const MOUNT: Kind = Struct(&[Part::of(&[
    Field::plain("Type", Text, "`bind`, `volume`, `tmpfs`, `image`, `cluster` or `npipe`"),
    Field::plain("Source", Text, "The path on the host, or the volume's name"),
    Field::plain("Target", Text, "Where it is in the container"),
    Field::plain("ReadOnly", Bool, "Lets it only be read; below API 1.44 not what is mounted further down"),
    Field::plain("Consistency", Text, "Not used on Linux"),
    Field::plain("BindOptions", BIND_OPTIONS, "Options of `bind`"),
    Field::plain("VolumeOptions", VOLUME_OPTIONS, "Options of `volume`"),
    Field::plain("ImageOptions", SUBPATH, "Options of `image`").since(48),
    Field::plain("TmpfsOptions", TMPFS_OPTIONS, "Options of `tmpfs`"),
    Field::plain("ClusterOptions", Kind::EMPTY, "Options of `cluster`").since(42),
])]);

const BIND_OPTIONS: Kind = Struct(&[Part::of(&[
    Field::plain(
        "Propagation",
        Text,
        "Whether mounts made within are seen outside: `rprivate`, `rshared`, …",
    ),
    Field::plain("NonRecursive", Bool, "Leaves out what is mounted further down").since(40),
    Field::plain("CreateMountpoint", Bool, "Makes the directory on the host where it is missing").since(42),
    Field::plain("ReadOnlyNonRecursive", Bool, "Leaves what is mounted further down writable").since(44),
    Field::plain("ReadOnlyForceRecursive", Bool, "Fails where that cannot be made read-only").since(44),
])]);

const VOLUME_OPTIONS: Kind = Struct(&[Part::of(&[
    Field::plain("NoCopy", Bool, "Does not fill a new volume from the image"),
    Field::plain("Labels", Kind::TEXT_MAP, "Labels of a new volume"),
    Field::plain("Subpath", Text, "The directory in the volume").since(45),
    Field::plain(
        "DriverConfig",
        Struct(&[Part::of(&[
            Field::plain("Name", Text, "The driver of a new volume"),
            Field::plain("Options", Kind::TEXT_MAP, "Its options; those of `local` can mount any directory"),
        ])]),
        "How a new volume is made",
    ),
])]);

const SUBPATH: Kind =
    Struct(&[Part::of(&[Field::plain("Subpath", Text, "The directory in the image").since(48)])]);

const TMPFS_OPTIONS: Kind = Struct(&[Part::of(&[
    Field::plain("SizeBytes", Int, "Its size, in bytes"),
    Field::plain("Mode", Uint, "The permissions of its root"),
    Field::plain("Options", List(&Kind::TEXTS), "Options of the mount").since(46),
])]);
