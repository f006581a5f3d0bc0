//! Volumes.

use super::ParameterKind::{Bool, Filters, Int};
use super::{Endpoint, Identifier, Parameter};
use crate::operation::field;

pub(super) static ROWS: &[Endpoint] = &[
    Endpoint::get("/volumes", "VolumeList", "Lists volumes")
        .query(&[Parameter::plain("filters", Filters, "Only those that match")])
        .since(1, 21),
    Endpoint::get("/volumes/{name}", "VolumeInspect", "Shows a volume")
        .names(&[Identifier::Volume])
        .since(1, 21),
    Endpoint::post("/volumes/create", "VolumeCreate", "Creates a volume")
        .json(field::volume::CREATE)
        .since(1, 21),
    Endpoint::post("/volumes/prune", "VolumePrune", "Deletes unused volumes and what is in them")
        .query(&[Parameter::plain("filters", Filters, "Only those that match")])
        .since(1, 25),
    Endpoint::put("/volumes/{name}", "VolumeUpdate", "Changes a cluster volume")
        .names(&[Identifier::Volume])
        .query(&[Parameter::plain("version", Int, "The version of the volume that is changed")])
        .json(field::volume::UPDATE)
        .since(1, 42),
    Endpoint::delete("/volumes/{name}", "VolumeDelete", "Deletes a volume and what is in it")
        .names(&[Identifier::Volume])
        .query(&[Parameter::plain("force", Bool, "Also if its driver says no")])
        .since(1, 21),
];
