//! Containers.

use super::ParameterKind::{Bool, Filters, Int, Text};
use super::{Endpoint, Header, Identifier, Parameter, Protocol};
use crate::operation::field;

pub(super) static ROWS: &[Endpoint] = &[
    Endpoint::head(
        "/containers/{id}/archive",
        "ContainerArchiveInfo",
        "Shows size, mode and link target of a file in a container",
    )
    .names(&[Identifier::Container])
    .query(&[Parameter::plain("path", Text, "The file, in the container")])
    .since(1, 20),
    Endpoint::get("/containers/json", "ContainerList", "Lists containers")
        .query(&[
            Parameter::plain("all", Bool, "Also those that are not running"),
            Parameter::plain("limit", Int, "At most so many, the newest first"),
            Parameter::plain("size", Bool, "With the size of what they wrote"),
            Parameter::plain("filters", Filters, "Only those that match"),
            Parameter::plain("since", Text, "Only those created after this one"),
            Parameter::plain("before", Text, "Only those created before this one"),
        ])
        .since(1, 0),
    Endpoint::get(
        "/containers/{id}/export",
        "ContainerExport",
        "Reads a container's whole file system, as a tar archive",
    )
    .names(&[Identifier::Container])
    .streams()
    .since(1, 0),
    Endpoint::get(
        "/containers/{id}/changes",
        "ContainerChanges",
        "Lists the files that changed since the image",
    )
    .names(&[Identifier::Container])
    .since(1, 0),
    Endpoint::get(
        "/containers/{id}/json",
        "ContainerInspect",
        "Shows a container's configuration and state, with its environment",
    )
    .names(&[Identifier::Container])
    .query(&[Parameter::plain("size", Bool, "With the size of what it wrote")])
    .since(1, 0),
    Endpoint::get("/containers/{id}/top", "ContainerTop", "Lists the processes of a container")
        .names(&[Identifier::Container])
        .query(&[Parameter::guarded(
            "ps_args",
            Text,
            "Arguments for the host's `ps`",
            "can print the environment of processes",
        )])
        .since(1, 3),
    Endpoint::get(
        "/containers/{id}/logs",
        "ContainerLogs",
        "Reads or follows what a container wrote to its output",
    )
    .names(&[Identifier::Container])
    .query(&[
        Parameter::plain("stdout", Bool, "With standard output"),
        Parameter::plain("stderr", Bool, "With standard error"),
        Parameter::plain("follow", Bool, "Goes on as more is written"),
        Parameter::plain("timestamps", Bool, "With the time of each line"),
        Parameter::plain("since", Text, "Only lines after this time"),
        Parameter::plain("until", Text, "Only lines before this time"),
        Parameter::plain("tail", Text, "Only so many lines from the end, or `all`"),
        Parameter::guarded(
            "details",
            Bool,
            "With the attributes that the log options ask for",
            "prints environment variables that the container's log options name",
        ),
        Parameter::plain("format", Text, "The format of the stream (1.54)"),
    ])
    .carries(&[Header::Accept])
    .streams()
    .since(1, 11),
    Endpoint::get("/containers/{id}/stats", "ContainerStats", "Shows or follows what a container consumes")
        .names(&[Identifier::Container])
        .query(&[
            Parameter::plain("stream", Bool, "Goes on, a sample each second; the default").on_by_default(),
            Parameter::plain("one-shot", Bool, "One sample without waiting for a second one (1.41)"),
        ])
        .streams()
        .since(1, 17),
    Endpoint::get(
        "/containers/{id}/attach/ws",
        "ContainerAttachWebsocket",
        "Attaches to a container's streams over a websocket; writes to its input although it is a GET",
    )
    .names(&[Identifier::Container])
    .query(&[
        Parameter::plain("detachKeys", Text, "The keys that detach"),
        Parameter::plain("logs", Bool, "First replays the logs"),
        // Below 1.42 the daemon attaches standard input whatever `stdin` says, as soon as it streams.
        Parameter::guarded(
            "stream",
            Bool,
            "Streams from now on",
            "attaches standard input too below API 1.42, whatever `stdin` says",
        ),
        STDIN,
        Parameter::plain("stdout", Bool, "Attaches standard output"),
        Parameter::plain("stderr", Bool, "Attaches standard error"),
    ])
    .hijacks(Protocol::WebSocket)
    .since(1, 0),
    Endpoint::get(
        "/containers/{id}/archive",
        "ContainerArchive",
        "Reads files of a container, as a tar archive",
    )
    .names(&[Identifier::Container])
    .query(&[Parameter::plain("path", Text, "The file or directory, in the container")])
    .carries(&[Header::AcceptEncoding])
    .streams()
    .since(1, 20),
    Endpoint::post("/containers/create", "ContainerCreate", "Creates a container")
        .query(&[
            Parameter::plain("name", Text, "The container's name"),
            Parameter::plain("platform", Text, "The platform to pick from the image (1.41)"),
        ])
        .json(field::container::CREATE)
        .since(1, 0),
    Endpoint::post("/containers/{id}/kill", "ContainerKill", "Sends a container a signal")
        .names(&[Identifier::Container])
        .query(&[Parameter::plain("signal", Text, "The signal; `SIGKILL` if left out")])
        .since(1, 0),
    Endpoint::post("/containers/{id}/pause", "ContainerPause", "Suspends a container's processes")
        .names(&[Identifier::Container])
        .since(1, 12),
    Endpoint::post("/containers/{id}/unpause", "ContainerUnpause", "Resumes a container's processes")
        .names(&[Identifier::Container])
        .since(1, 12),
    Endpoint::post("/containers/{id}/restart", "ContainerRestart", "Stops and starts a container")
        .names(&[Identifier::Container])
        .query(STOPPING)
        .since(1, 0),
    Endpoint::post("/containers/{id}/start", "ContainerStart", "Starts a container")
        .names(&[Identifier::Container])
        .query(&[
            Parameter::plain("detachKeys", Text, "The keys that detach; the daemon does not use it"),
            Parameter::guarded(
                "checkpoint",
                Text,
                "The checkpoint to go on from",
                "runs what a checkpoint holds in place of the image",
            ),
            Parameter::guarded(
                "checkpoint-dir",
                Text,
                "Directory of the host that holds the checkpoint",
                "restores from any directory of the host",
            ),
        ])
        .since(1, 0),
    Endpoint::post("/containers/{id}/stop", "ContainerStop", "Stops a container")
        .names(&[Identifier::Container])
        .query(STOPPING)
        .since(1, 0),
    Endpoint::post("/containers/{id}/wait", "ContainerWait", "Waits until a container stops")
        .names(&[Identifier::Container])
        .query(&[Parameter::plain("condition", Text, "`not-running`, `next-exit` or `removed` (1.30)")])
        .streams()
        .since(1, 0),
    Endpoint::post("/containers/{id}/resize", "ContainerResize", "Sets the size of a container's terminal")
        .names(&[Identifier::Container])
        .query(&[
            Parameter::plain("h", Int, "Height, in rows"),
            Parameter::plain("w", Int, "Width, in columns"),
        ])
        .since(1, 16),
    Endpoint::post("/containers/{id}/attach", "ContainerAttach", "Attaches to a container's streams")
        .names(&[Identifier::Container])
        .query(&[
            Parameter::plain("detachKeys", Text, "The keys that detach"),
            Parameter::plain("logs", Bool, "First replays the logs"),
            Parameter::plain("stream", Bool, "Streams from now on"),
            STDIN,
            Parameter::plain("stdout", Bool, "Attaches standard output"),
            Parameter::plain("stderr", Bool, "Attaches standard error"),
        ])
        .hijacks(Protocol::Tcp)
        .since(1, 0),
    Endpoint::post("/containers/{id}/rename", "ContainerRename", "Renames a container")
        .names(&[Identifier::Container])
        .query(&[Parameter::plain("name", Text, "The new name")])
        .since(1, 17),
    Endpoint::post(
        "/containers/{id}/update",
        "ContainerUpdate",
        "Changes a container's limits and restart policy",
    )
    .names(&[Identifier::Container])
    .json(field::container::UPDATE)
    .since(1, 22),
    Endpoint::post("/containers/prune", "ContainerPrune", "Deletes all stopped containers")
        .query(&[Parameter::plain("filters", Filters, "Only those that match")])
        .since(1, 25),
    Endpoint::put(
        "/containers/{id}/archive",
        "PutContainerArchive",
        "Writes files into a container, and through its mounts into the host, from a tar archive",
    )
    .names(&[Identifier::Container])
    .query(&[
        Parameter::plain("path", Text, "The directory to unpack in, in the container"),
        Parameter::plain(
            "noOverwriteDirNonDir",
            Bool,
            "Keeps a directory from becoming a file, and the reverse",
        ),
        Parameter::plain("copyUIDGID", Bool, "Keeps user and group of the archive"),
    ])
    .tar()
    .since(1, 20),
    Endpoint::delete("/containers/{id}", "ContainerDelete", "Deletes a container")
        .names(&[Identifier::Container])
        .query(&[
            Parameter::plain("force", Bool, "Kills it first if it is running"),
            Parameter::plain("v", Bool, "Also its anonymous volumes"),
            Parameter::plain("link", Bool, "Only the link of this name"),
        ])
        .since(1, 0),
    // Engines 20.10 to 25 have it, for clients that speak an API older than dockgate passes on.
    Endpoint::post("/containers/{id}/copy", "ContainerCopy", "Reads files of a container, as a tar archive")
        .names(&[Identifier::Container])
        .json_guarded(field::container::COPY, "reads any file of the container")
        .streams()
        .since(1, 4)
        .until(1, 23),
];

const STDIN: Parameter = Parameter::guarded(
    "stdin",
    Bool,
    "Attaches standard input",
    "writes to the container's input, which is a shell's command line where one runs",
);

const STOPPING: &[Parameter] = &[
    Parameter::plain("t", Int, "Seconds to wait before killing it"),
    Parameter::plain("signal", Text, "The signal that asks it to stop (1.42)"),
];
