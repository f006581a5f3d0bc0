//! Networks that a container or a service is put into.

use super::super::field::Step;
use super::super::json::Json;
use super::Meaning;
use super::reading::Reader;

/// A network's name or ID.
pub(super) fn name(value: &Json, at: &mut Reader<'_, '_>) {
    match value.as_text() {
        Some(name) => at.means(Meaning::Network(name.to_owned())),
        None => at.says_more(),
    }
}

/// The network that a container is put into where nothing is said. It needs no grant; a rule that lists networks must list
/// it nevertheless.
pub const DEFAULT_BRIDGE: &str = "bridge";

/// A map with networks as keys. Those that `NetworkMode` takes without a grant need none here either.
pub(super) fn keys(value: &Json, at: &mut Reader<'_, '_>) {
    for (name, _) in value.fields() {
        let way = at.entry(name);
        match name.as_str() {
            "none" => {}
            "default" | DEFAULT_BRIDGE => at.turns_out_at(&way, Meaning::Network(DEFAULT_BRIDGE.to_owned())),
            _ => at.means_at(&way, Meaning::Network(name.to_string())),
        }
    }
}

/// The networks of a service: of the swarm, or the host's own.
pub(super) fn of_service(value: &Json, at: &mut Reader<'_, '_>) {
    for (index, item) in value.items().iter().enumerate() {
        let element = at.element(index);
        let way = element.then(Step::Name("Target"));
        match item.get("Target").and_then(Json::as_text) {
            Some("host") => at.means_at(&way, Meaning::Namespace("network:host".to_owned())),
            Some(name) if !name.is_empty() => at.means_at(&way, Meaning::Network(name.to_owned())),
            Some(_) | None => at.says_more(),
        }
        if item.get("DriverOpts").is_some_and(|options| !options.is_zero()) {
            at.says_beside();
        }
    }
}
