//! The bodies about secrets and configs of the swarm (moby `api/types/swarm/secret.go`, `config.go`).

use super::Kind::{Bytes, Struct, Text};
use super::{Field, Kind, Part};

/// `SecretCreate` and `SecretUpdate`.
pub(in crate::operation) const SECRET: Kind = Struct(&[
    Part::of(FILE),
    Part::of(&[Field::plain(
        "Driver",
        Struct(&[Part::of(&[
            Field::guarded("Name", Text, "The plugin", "has a plugin fetch the secret"),
            Field::guarded("Options", Kind::TEXT_MAP, "Its options", "says which secret a plugin fetches"),
        ])]),
        "What fetches the secret",
    )
    .since(31)]),
]);

/// `ConfigCreate` and `ConfigUpdate`.
pub(in crate::operation) const CONFIG: Kind = Struct(&[Part::of(FILE)]);

/// What both have. Nothing reads it until a service names it.
const FILE: &[Field] = &[
    Field::plain("Name", Text, "Its name"),
    Field::plain("Labels", Kind::TEXT_MAP, "Its labels"),
    Field::plain("Data", Bytes, "What is in it, in base64"),
    Field::plain(
        "Templating",
        Struct(&[Part::of(&[
            Field::guarded(
                "Name",
                Text,
                "What fills it in: `golang`",
                "can put other secrets and the environment of a service into it",
            ),
            Field::guarded("Options", Kind::TEXT_MAP, "Its options", "says how it is filled in"),
        ])]),
        "How it is filled in when a task reads it",
    )
    .since(37),
];
