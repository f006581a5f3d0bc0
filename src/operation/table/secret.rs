//! Secrets of the swarm. The daemon does not tell what is in them.

use super::ParameterKind::{Filters, Int};
use super::{Endpoint, Identifier, Parameter};
use crate::operation::field;

pub(super) static ROWS: &[Endpoint] = &[
    Endpoint::get("/secrets", "SecretList", "Lists secrets, without what is in them")
        .query(&[Parameter::plain("filters", Filters, "Only those that match")])
        .since(1, 25),
    Endpoint::post("/secrets/create", "SecretCreate", "Creates a secret")
        .json(field::secret::SECRET)
        .since(1, 25),
    Endpoint::delete("/secrets/{id}", "SecretDelete", "Deletes a secret")
        .names(&[Identifier::Swarm])
        .since(1, 25),
    Endpoint::get("/secrets/{id}", "SecretInspect", "Shows a secret, without what is in it")
        .names(&[Identifier::Swarm])
        .since(1, 25),
    Endpoint::post("/secrets/{id}/update", "SecretUpdate", "Changes a secret's labels")
        .names(&[Identifier::Swarm])
        .query(&[Parameter::plain("version", Int, "The version of the secret that is changed")])
        .json(field::secret::SECRET)
        .since(1, 26),
];
