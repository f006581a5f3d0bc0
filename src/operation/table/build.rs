//! Image builds and their cache.

use super::ParameterKind::{Bool, Filters, Int, Json, List, Text};
use super::{Endpoint, Header, Parameter};

pub(super) static ROWS: &[Endpoint] = &[
    Endpoint::post("/build", "ImageBuild", "Builds an image from a tar archive")
        .query(PARAMETERS)
        .carries(&[Header::RegistryConfig])
        .tar()
        .streams()
        .since(1, 0),
    Endpoint::post("/build/prune", "BuildPrune", "Deletes the build cache")
        .query(&[
            Parameter::plain("all", Bool, "Also what is still in use by images"),
            Parameter::plain("filters", Filters, "Only what matches"),
            Parameter::plain("keep-storage", Int, "Bytes to keep; now `reserved-space`"),
            Parameter::plain("reserved-space", Int, "Bytes to keep (1.48)"),
            Parameter::plain("max-used-space", Int, "Bytes that the cache may take (1.48)"),
            Parameter::plain("min-free-space", Int, "Bytes of the disk to leave free (1.48)"),
        ])
        .since(1, 31),
    Endpoint::post("/build/cancel", "BuildCancel", "Ends a build that is under way")
        .query(&[Parameter::plain("id", Text, "The build's `buildid`")])
        .since(1, 39),
];

static PARAMETERS: &[Parameter] = &[
    Parameter::plain("dockerfile", Text, "Where the Dockerfile is, in the archive"),
    Parameter::plain("t", List, "Names for the image; take over names that exist"),
    Parameter::guarded(
        "extrahosts",
        List,
        "Host names and their addresses",
        "sends the build's connections elsewhere, the host itself included",
    ),
    Parameter::guarded(
        "remote",
        Text,
        "A URL to build from in place of the archive",
        "makes the daemon fetch any URL or git repository",
    ),
    Parameter::plain("q", Bool, "Only prints the image's ID"),
    Parameter::plain("nocache", Bool, "Does not use the cache"),
    Parameter::guarded(
        "cachefrom",
        Json,
        "Images to use as cache",
        "takes layers of images, or of registries that the daemon contacts, as if they had been built here",
    ),
    Parameter::plain("pull", Bool, "Looks for newer base images"),
    Parameter::plain("rm", Bool, "Deletes intermediate containers; the default").on_by_default(),
    Parameter::plain("forcerm", Bool, "Deletes them after a failure too"),
    Parameter::plain("memory", Int, "Limit of memory, in bytes"),
    Parameter::plain("memswap", Int, "Limit of memory and swap, in bytes"),
    Parameter::guarded(
        "cpushares",
        Int,
        "CPU weight; 1024 if nothing is said",
        "can take CPU time away from other containers",
    )
    .harmless(&["1024"]),
    Parameter::plain("cpusetcpus", Text, "CPUs to run on"),
    Parameter::plain("cpusetmems", Text, "Memory nodes to use"),
    Parameter::plain("cpuperiod", Int, "Length of a CPU period, in microseconds"),
    Parameter::plain("cpuquota", Int, "CPU time in a period, in microseconds"),
    Parameter::guarded(
        "buildargs",
        Json,
        "Build-time variables",
        "often carries credentials, and chooses the frontend image that BuildKit runs",
    ),
    Parameter::guarded(
        "shmsize",
        Int,
        "Size of `/dev/shm`, in bytes",
        "lets the build fill the host's memory",
    ),
    Parameter::plain("squash", Bool, "Makes one layer of what was built"),
    Parameter::plain("labels", Json, "Labels for the image"),
    Parameter::guarded(
        "networkmode",
        Text,
        "The network of `RUN` steps",
        "can put the build on the host's network, or into another container's",
    )
    .harmless(&["default", "none"]),
    Parameter::plain("platform", Text, "The platform to build for (1.32)"),
    Parameter::plain("target", Text, "The stage to build"),
    Parameter::guarded(
        "outputs",
        Json,
        "Where the result goes (1.40)",
        "can write the result to elsewhere than the image store",
    ),
    Parameter::guarded(
        "version",
        Text,
        "The builder: `1` is the classic one, `2` is BuildKit",
        "hands the build to BuildKit, which runs any frontend image that the Dockerfile names",
    )
    .harmless(&["1"]),
    Parameter::guarded(
        "session",
        Text,
        "The BuildKit session that serves the build",
        "lets the build ask a client for files, secrets and SSH keys",
    ),
    Parameter::plain("buildid", Text, "A name for the build, to cancel it by"),
    Parameter::guarded(
        "cgroupparent",
        Text,
        "The cgroup that the build runs below",
        "takes the build out of the limits set for containers",
    ),
    Parameter::plain("isolation", Text, "How a build is isolated; on Linux only `default` is taken"),
    Parameter::guarded(
        "ulimits",
        Json,
        "Limits of the build's processes",
        "can raise what the build may consume above the daemon's limits",
    ),
    Parameter::guarded(
        "securityopt",
        List,
        "Security options; daemons on Linux refuse them",
        "can loosen the build's confinement",
    ),
];
