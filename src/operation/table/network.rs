//! Networks.

use super::ParameterKind::{Filters, StrictBool, Text};
use super::{Endpoint, Identifier, Parameter};
use crate::operation::field;

pub(super) static ROWS: &[Endpoint] = &[
    Endpoint::get("/networks", "NetworkList", "Lists networks")
        .query(&[Parameter::plain("filters", Filters, "Only those that match")])
        .since(1, 21),
    Endpoint::get("/networks/{id}", "NetworkInspect", "Shows a network and the containers on it")
        .names(&[Identifier::Network])
        .query(&[
            Parameter::plain("verbose", StrictBool, "With the services and tasks on it"),
            Parameter::plain("scope", Text, "Only in this scope: `swarm`, `global` or `local`"),
        ])
        .since(1, 21),
    Endpoint::post("/networks/create", "NetworkCreate", "Creates a network")
        .json(field::network::CREATE)
        .since(1, 21),
    Endpoint::post("/networks/{id}/connect", "NetworkConnect", "Connects a container to a network")
        .names(&[Identifier::Network])
        .json(field::network::CONNECT)
        .since(1, 21),
    Endpoint::post(
        "/networks/{id}/disconnect",
        "NetworkDisconnect",
        "Disconnects a container from a network",
    )
    .names(&[Identifier::Network])
    .json(field::network::DISCONNECT)
    .since(1, 21),
    Endpoint::post("/networks/prune", "NetworkPrune", "Deletes unused networks")
        .query(&[Parameter::plain("filters", Filters, "Only those that match")])
        .since(1, 25),
    Endpoint::delete("/networks/{id}", "NetworkDelete", "Deletes a network")
        .names(&[Identifier::Network])
        .since(1, 21),
];
