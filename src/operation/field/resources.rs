//! `Resources`: what a container may consume (moby `api/types/container/hostconfig.go`), embedded in
//! `HostConfig` and in the body of an update.

use super::Kind::{Bool, Int, List, Struct, Text, Uint};
use super::container::ULIMITS;
use super::{Field, Kind, Part, Reading, Resource};

const NAMES_DEVICES: &str = "makes the daemon look for any path of the host";

/// The limits, and the devices. A limit that can only narrow what there is without it is plain.
pub(super) const RESOURCES: &[Field] = &[
    Field::guarded(
        "CpuShares",
        Int,
        "Its share of CPU time beside others; 1024 if nothing is said",
        "can take CPU time away from other containers",
    )
    .harmless(&["1024"]),
    Field::plain("Memory", Int, "How much memory it may use, in bytes")
        .means(Reading::Amount(Resource::Memory)),
    Field::plain("NanoCpus", Int, "How many CPUs it may use, in billionths")
        .means(Reading::Amount(Resource::Cpus))
        .since(25),
    Field::guarded(
        "CgroupParent",
        Text,
        "The control group it is put into",
        "can take the container out of the limits that the host's owner set",
    ),
    Field::guarded(
        "BlkioWeight",
        Uint,
        "Its share of the disks beside others; 500 if nothing is said",
        "can take the disks away from other containers",
    )
    .harmless(&["500"]),
    Field::guarded("BlkioWeightDevice", WEIGHTS, "The same, for single devices", NAMES_DEVICES),
    Field::guarded("BlkioDeviceReadBps", RATES, "Bytes it may read in a second, by device", NAMES_DEVICES),
    Field::guarded("BlkioDeviceWriteBps", RATES, "Bytes it may write in a second, by device", NAMES_DEVICES),
    Field::guarded("BlkioDeviceReadIOps", RATES, "Reads in a second, by device", NAMES_DEVICES),
    Field::guarded("BlkioDeviceWriteIOps", RATES, "Writes in a second, by device", NAMES_DEVICES),
    Field::plain("CpuPeriod", Int, "The period of `CpuQuota`, in microseconds").means(Reading::CpuPeriod),
    Field::plain("CpuQuota", Int, "CPU time it may use in a period, in microseconds")
        .means(Reading::CpuQuota),
    Field::guarded(
        "CpuRealtimePeriod",
        Int,
        "The period of `CpuRealtimeRuntime`, in microseconds",
        "lets processes of the container run before all of the host's",
    ),
    Field::guarded(
        "CpuRealtimeRuntime",
        Int,
        "CPU time in a period at real-time priority, in microseconds",
        "lets processes of the container run before all of the host's",
    ),
    Field::plain("CpusetCpus", Text, "The CPUs it may use: `0-2,4`"),
    Field::plain("CpusetMems", Text, "The memory nodes it may use"),
    Field::guarded(
        "Devices",
        List(&DEVICE),
        "Devices of the host that it has",
        "gives the container devices of the host, its disks included",
    )
    .means(Reading::Devices),
    Field::guarded(
        "DeviceCgroupRules",
        Kind::TEXTS,
        "Devices that it may use: `c 13:* rwm`",
        "lets the container use devices of the host, its disks included",
    )
    .means(Reading::DeviceRules)
    .since(28),
    Field::guarded(
        "DeviceRequests",
        List(&DEVICE_REQUEST),
        "Devices that a driver picks, such as GPUs",
        "gives the container devices of the host, and has their driver's hooks run",
    )
    .means(Reading::DeviceRequests)
    .since(40),
    Field::plain("KernelMemory", Int, "How much memory of the kernel it may use, in bytes").until(41),
    Field::plain("KernelMemoryTCP", Int, "How much memory of TCP buffers it may use, in bytes").since(40),
    Field::plain("MemoryReservation", Int, "What it is held to when memory runs short, in bytes"),
    Field::plain("MemorySwap", Int, "Memory and swap together, in bytes; -1 for any"),
    Field::plain(
        "MemorySwappiness",
        Int,
        "How readily its memory is swapped out, from 0 to 100; -1 as the host",
    ),
    Field::guarded(
        "OomKillDisable",
        Bool,
        "Keeps its processes from being killed when memory runs out",
        "can bring the host to a halt when memory runs out",
    ),
    // In an update 0 takes the limit away (moby `postContainersUpdate`).
    Field::plain("PidsLimit", Int, "How many processes it may have; 0 and -1 for any")
        .means(Reading::Amount(Resource::Pids))
        .since(25)
        .empty_counts(),
    Field::guarded(
        "Ulimits",
        ULIMITS,
        "Limits of its processes",
        "can raise what the host's owner set for processes and open files",
    )
    .means(Reading::Ulimits),
    Field::plain("CpuCount", Int, "How many CPUs it may use; Windows only"),
    Field::plain("CpuPercent", Int, "How much of the CPUs it may use; Windows only"),
    Field::plain("IOMaximumIOps", Uint, "Operations in a second; Windows only"),
    Field::plain("IOMaximumBandwidth", Uint, "Bytes in a second; Windows only"),
];

const WEIGHTS: Kind = List(&Struct(&[Part::of(&[
    Field::plain("Path", Text, "The device"),
    Field::plain("Weight", Uint, "The share"),
])]));

const RATES: Kind = List(&Struct(&[Part::of(&[
    Field::plain("Path", Text, "The device"),
    Field::plain("Rate", Uint, "The rate"),
])]));

const DEVICE: Kind = Struct(&[Part::of(&[
    Field::plain("PathOnHost", Text, "The device, or a directory of devices, on the host"),
    Field::plain("PathInContainer", Text, "Where it is in the container"),
    Field::plain("CgroupPermissions", Text, "What it may do: `rwm`"),
])]);

const DEVICE_REQUEST: Kind = Struct(&[Part::of(&[
    Field::plain("Driver", Text, "The driver"),
    Field::plain("Count", Int, "How many; -1 for all"),
    Field::plain("DeviceIDs", Kind::TEXTS, "Which"),
    Field::plain("Capabilities", List(&Kind::TEXTS), "What they must be able to do"),
    Field::plain("Options", Kind::TEXT_MAP, "The driver's options"),
])]);
