//! The body of `CheckpointCreate` (moby `api/types/checkpoint`).

use super::Kind::{Bool, Struct, Text};
use super::{Field, Kind, Part, Reading};

/// `CheckpointCreate`.
pub(in crate::operation) const CREATE: Kind = Struct(&[Part::of(&[
    Field::plain("CheckpointID", Text, "Its name"),
    Field::guarded(
        "CheckpointDir",
        Text,
        "Directory of the host to write it to, in place of the container's own",
        "writes to any directory of the host",
    )
    .means(Reading::HostDirectory),
    Field::plain("Exit", Bool, "Ends the container then"),
])]);
