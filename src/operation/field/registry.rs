//! Credentials for a registry (moby `api/types/registry/authconfig.go`).

use super::Kind::{Struct, Text};
use super::{Field, Kind, Part};

/// `SystemAuth`.
pub(in crate::operation) const AUTH: Kind = Struct(&[Part::of(&[
    Field::plain("username", Text, "The user"),
    Field::plain("password", Text, "The password"),
    Field::plain("auth", Text, "Both, in base64"),
    Field::plain("email", Text, "Not used"),
    Field::plain("serveraddress", Text, "The registry"),
    Field::plain("identitytoken", Text, "A token in place of the password"),
    Field::plain("registrytoken", Text, "A token that is sent to the registry as it is"),
])]);
