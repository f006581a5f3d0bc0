//! Namespaces: the container's own, the host's, or another container's.

use super::super::facts::{Reference, Shown};
use super::super::json::Json;
use super::super::thing::ThingKind;
use super::network::{DEFAULT_BRIDGE, joined};
use super::reading::Reader;
use super::{Meaning, is_hexadecimal};

/// `NetworkMode`: a namespace, or a network by name.
pub(super) fn network(value: &Json, at: &mut Reader<'_, '_>) {
    match value.as_text() {
        Some("none") => {}
        Some("default" | DEFAULT_BRIDGE) => at.turns_out(Meaning::Network(DEFAULT_BRIDGE.to_owned())),
        Some(mode) if mode == "host" || is_joined(mode) => namespace_of("network", mode, at),
        Some(name) => joined(name, at.way(), at),
        None => at.says_more(),
    }
}

/// The mode of another namespace. What is not known to be the container's own is shown as it is.
pub(super) fn namespace(kind: &str, value: &Json, at: &mut Reader<'_, '_>) {
    match value.as_text() {
        Some("private" | "none") => {}
        Some(mode) => namespace_of(kind, mode, at),
        None => at.says_more(),
    }
}

fn is_joined(mode: &str) -> bool {
    mode.starts_with("container:") || mode.starts_with("ns:")
}

/// Takes note of a namespace, which is that of a container by its name. What may be a container's ID, the beginning of one, or
/// what links call it, only the daemon can tell.
fn namespace_of(kind: &str, mode: &str, at: &mut Reader<'_, '_>) {
    let Some(name) = mode.strip_prefix("container:") else {
        return at.means(Meaning::Namespace(format!("{kind}:{mode}")));
    };
    let container = Reference::new(ThingKind::Container, name);
    let mut called = container.name.clone();
    if is_hexadecimal(&called) || called.contains('/') {
        let shown = at.around.context.facts.get(&container).and_then(Shown::thing);
        match shown.and_then(|shown| shown.get("Name")?.as_text()) {
            Some(name) => called = Reference::new(ThingKind::Container, name).name,
            None => at.joins(container),
        }
    }
    at.means(Meaning::Namespace(format!("{kind}:container:{called}")));
}
