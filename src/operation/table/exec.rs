//! Exec instances: further processes in running containers.

use super::ParameterKind::Int;
use super::{Endpoint, Identifier, Parameter, Protocol};
use crate::operation::field;

pub(super) static ROWS: &[Endpoint] = &[
    Endpoint::get("/exec/{id}/json", "ExecInspect", "Shows an exec instance, its command and its exit code")
        .names(&[Identifier::Exec])
        .since(1, 16),
    Endpoint::post(
        "/containers/{id}/exec",
        "ContainerExec",
        "Prepares a further process in a running container",
    )
    .names(&[Identifier::Container])
    .json(field::exec::CREATE)
    .since(1, 15),
    Endpoint::post("/exec/{id}/start", "ExecStart", "Starts an exec instance and attaches to its streams")
        .names(&[Identifier::Exec])
        .json(field::exec::START)
        .hijacks(Protocol::Tcp)
        .since(1, 15),
    Endpoint::post("/exec/{id}/resize", "ExecResize", "Sets the size of an exec instance's terminal")
        .names(&[Identifier::Exec])
        .query(&[
            Parameter::plain("h", Int, "Height, in rows"),
            Parameter::plain("w", Int, "Width, in columns"),
        ])
        .since(1, 15),
];
