//! What registries know of images.

use super::{Endpoint, Header, Identifier};

pub(super) static ROWS: &[Endpoint] = &[Endpoint::get(
    "/distribution/{name}/json",
    "DistributionInspect",
    "Shows an image's digest and platforms; the daemon contacts the registry that the name says",
)
.names(&[Identifier::Image])
.carries(&[Header::RegistryAuth])
.since(1, 30)];
