//! Nodes of the swarm.

use super::ParameterKind::{Bool, Filters, Int};
use super::{Endpoint, Identifier, Parameter};
use crate::operation::field;

pub(super) static ROWS: &[Endpoint] = &[
    Endpoint::get("/nodes", "NodeList", "Lists nodes")
        .query(&[Parameter::plain("filters", Filters, "Only those that match")])
        .since(1, 24),
    Endpoint::get("/nodes/{id}", "NodeInspect", "Shows a node").names(&[Identifier::Swarm]).since(1, 24),
    Endpoint::delete("/nodes/{id}", "NodeDelete", "Takes a node out of the swarm")
        .names(&[Identifier::Swarm])
        .query(&[Parameter::plain("force", Bool, "Also if it is up")])
        .since(1, 24),
    Endpoint::post("/nodes/{id}/update", "NodeUpdate", "Changes a node's role, availability and labels")
        .names(&[Identifier::Swarm])
        .query(&[Parameter::plain("version", Int, "The version of the node that is changed")])
        .json(field::node::UPDATE)
        .since(1, 24),
];
