//! Namespaces: the container's own, the host's, or another container's.

use super::super::json::Json;
use super::Meaning;
use super::network::{DEFAULT_BRIDGE, joined};
use super::reading::Reader;

/// `NetworkMode`: a namespace, or a network by name.
pub(super) fn network(value: &Json, at: &mut Reader<'_, '_>) {
    match value.as_text() {
        Some("none") => {}
        Some("default" | DEFAULT_BRIDGE) => at.turns_out(Meaning::Network(DEFAULT_BRIDGE.to_owned())),
        Some(mode) if mode == "host" || is_joined(mode) => {
            at.means(Meaning::Namespace(format!("network:{mode}")));
        }
        Some(name) => joined(name, at.way(), at),
        None => at.says_more(),
    }
}

/// The mode of another namespace. What is not known to be the container's own is shown as it is.
pub(super) fn namespace(kind: &str, value: &Json, at: &mut Reader<'_, '_>) {
    match value.as_text() {
        Some("private" | "none") => {}
        Some(mode) => at.means(Meaning::Namespace(format!("{kind}:{mode}"))),
        None => at.says_more(),
    }
}

fn is_joined(mode: &str) -> bool {
    mode.starts_with("container:") || mode.starts_with("ns:")
}
