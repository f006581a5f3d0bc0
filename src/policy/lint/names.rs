//! What a path can name in more than one way.

use crate::operation::table::{Endpoint, Identifier};

/// An ID as the daemon gives it.
const ID: &str = "c0ffee00c0ffee00c0ffee00c0ffee00c0ffee00c0ffee00c0ffee00c0ffee00";

/// Whether what a path of the endpoint names can be named by an ID in place of a name.
pub(super) fn has_another(endpoint: &Endpoint) -> bool {
    endpoint.identifiers.iter().any(|identifier| match identifier {
        Identifier::Container
        | Identifier::Image
        | Identifier::Network
        | Identifier::Plugin
        | Identifier::Swarm => true,
        Identifier::Exec | Identifier::Volume | Identifier::Checkpoint | Identifier::Profile => false,
    })
}

/// A path of the endpoint that names by ID.
pub(super) fn path_by_id(endpoint: &Endpoint) -> String {
    let segments =
        endpoint.template.split('/').map(|segment| if segment.starts_with('{') { ID } else { segment });
    segments.collect::<Vec<_>>().join("/")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::operation::table::endpoints;

    #[test]
    fn containers_have_ids_and_volumes_have_not() {
        let of = |id: &str| endpoints().find(|endpoint| endpoint.id == id).unwrap();
        assert!(has_another(of("ContainerStop")));
        assert_eq!(path_by_id(of("ContainerStop")), format!("/containers/{ID}/stop"));
        assert!(!has_another(of("VolumeDelete")) && !has_another(of("ContainerList")));
    }
}
