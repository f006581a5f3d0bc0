//! The body of `NodeUpdate` (moby `api/types/swarm/node.go`).

use super::Kind::{Struct, Text};
use super::{Field, Kind, Part};

/// `NodeUpdate`. It takes the place of all that was said of the node before.
pub(in crate::operation) const UPDATE: Kind = Struct(&[Part::of(&[
    Field::plain("Name", Text, "Its name"),
    Field::guarded("Labels", Kind::TEXT_MAP, "Its labels", "can move services to the node or away from it"),
    Field::guarded(
        "Role",
        Text,
        "`worker` or `manager`",
        "can make the node a manager of the swarm, or take that from it",
    ),
    Field::guarded(
        "Availability",
        Text,
        "`active`, `pause` or `drain`",
        "can move what runs on the node elsewhere",
    ),
])]);
