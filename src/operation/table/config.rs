//! Configs of the swarm: files for its services.

use super::ParameterKind::{Filters, Int};
use super::{Endpoint, Identifier, Parameter};
use crate::operation::field;

pub(super) static ROWS: &[Endpoint] = &[
    Endpoint::get("/configs", "ConfigList", "Lists configs, with what is in them")
        .query(&[Parameter::plain("filters", Filters, "Only those that match")])
        .since(1, 30),
    Endpoint::post("/configs/create", "ConfigCreate", "Creates a config")
        .json(field::secret::CONFIG)
        .since(1, 30),
    Endpoint::delete("/configs/{id}", "ConfigDelete", "Deletes a config")
        .names(&[Identifier::Swarm])
        .since(1, 30),
    Endpoint::get("/configs/{id}", "ConfigInspect", "Shows a config, with what is in it")
        .names(&[Identifier::Swarm])
        .since(1, 30),
    Endpoint::post("/configs/{id}/update", "ConfigUpdate", "Changes a config's labels")
        .names(&[Identifier::Swarm])
        .query(&[Parameter::plain("version", Int, "The version of the config that is changed")])
        .json(field::secret::CONFIG)
        .since(1, 30),
];
