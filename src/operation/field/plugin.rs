//! The bodies about plugins (moby `api/types/plugin`): arrays.

use super::Kind::{List, Struct, Text};
use super::{Field, Kind, Part};

/// `PluginPull` and `PluginUpgrade`: the privileges that the plugin gets.
pub(in crate::operation) const PRIVILEGES: Kind = List(&Struct(&[Part::of(&[
    Field::plain("Name", Text, "What: `network`, `mount`, `device`, `capabilities`, …"),
    Field::plain("Description", Text, "What it is for"),
    Field::plain("Value", Kind::TEXTS, "Which"),
])]));

/// `PluginSet`: `name=value` each.
pub(in crate::operation) const SETTINGS: Kind = Kind::TEXTS;
