//! Checkpoints: experimental, and in no reference. All three take a directory of the host.

use super::ParameterKind::Text;
use super::{Endpoint, Identifier, Parameter};
use crate::operation::field;

pub(super) static ROWS: &[Endpoint] = &[
    Endpoint::get("/containers/{id}/checkpoints", "CheckpointList", "Lists a container's checkpoints")
        .names(&[Identifier::Container])
        .query(&[Parameter::guarded(
            "dir",
            Text,
            "Directory of the host to look in, in place of the container's own",
            "lists any directory of the host",
        )])
        .since(1, 25),
    Endpoint::post(
        "/containers/{id}/checkpoints",
        "CheckpointCreate",
        "Writes a running container's memory and state to a checkpoint",
    )
    .names(&[Identifier::Container])
    .json_guarded(
        field::checkpoint::CREATE,
        "writes the memory of the container's processes, to any directory of the host",
    )
    .since(1, 25),
    Endpoint::delete("/containers/{id}/checkpoints/{checkpoint}", "CheckpointDelete", "Deletes a checkpoint")
        .names(&[Identifier::Container, Identifier::Checkpoint])
        .query(&[Parameter::guarded(
            "dir",
            Text,
            "Directory of the host to delete it from, in place of the container's own",
            "deletes below any directory of the host",
        )])
        .since(1, 25),
];
