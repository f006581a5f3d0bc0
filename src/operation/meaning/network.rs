//! Networks that a container or a service is put into.

use super::super::facts::{Facts, Reference, Shown};
use super::super::field::{Step, Way};
use super::super::json::Json;
use super::super::thing::ThingKind;
use super::reading::Reader;
use super::{Aspect, Meaning, is_hexadecimal};

/// What goes by the name of a network, which may be an ID, or the beginning of one (moby `daemon.FindNetwork`).
pub(super) enum Network {
    /// One that is called so.
    Called(String),
    /// None that the daemon shows. What is [written as an ID](is_network_id) may nevertheless be that of one of Swarm's own.
    Missing,
    /// What only the daemon can say, for which it must be asked this.
    Unknown(Reference),
}

impl Network {
    pub(super) fn of(name: &str, facts: &Facts) -> Self {
        if !may_be_id(name) {
            return Self::Called(name.to_owned());
        }
        let reference = Reference::new(ThingKind::Network, name);
        match facts.get(&reference) {
            None | Some(Shown::Unclear) => Self::Unknown(reference),
            Some(Shown::Missing) => Self::Missing,
            Some(Shown::Thing(shown)) => match shown.get("Name").and_then(Json::as_text) {
                Some(called) => Self::Called(called.to_owned()),
                None => Self::Unknown(reference),
            },
        }
    }
}

/// How long an ID of Swarm is, of letters and digits.
const LONGEST_OF_SWARM: usize = 25;

/// Whether a name may be an ID of the daemon's or of Swarm's, or the beginning of one.
#[must_use]
pub fn may_be_id(name: &str) -> bool {
    let is_of_swarm = || name.bytes().all(|byte| byte.is_ascii_digit() || byte.is_ascii_lowercase());
    is_hexadecimal(name) || (name.len() <= LONGEST_OF_SWARM && is_of_swarm())
}

/// Whether a network's name is written as an ID: all of one of Swarm's, or the beginning of one of the daemon's own.
#[must_use]
pub fn is_network_id(name: &str) -> bool {
    is_hexadecimal(name) || name.len() == LONGEST_OF_SWARM
}

/// Takes note of a network that a container is put into.
pub(super) fn joined(name: &str, way: &Way<'_>, at: &mut Reader<'_, '_>) {
    let network = Network::of(name, at.around.context.facts);
    let called = if let Network::Called(called) = &network { called } else { name };
    at.means_at(way, Meaning::Network(called.to_owned()));
    match network {
        Network::Missing if is_network_id(name) => at.leaves_open(Aspect::Networks),
        Network::Called(_) | Network::Missing => {}
        Network::Unknown(question) => at.must_ask(question),
    }
}

/// A network's name or ID.
pub(super) fn name(value: &Json, at: &mut Reader<'_, '_>) {
    match value.as_text() {
        Some(name) => joined(name, at.way(), at),
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
            name => joined(name, &way, at),
        }
    }
}

/// The networks of a service: of the swarm, or the host's own.
pub(super) fn of_service(value: &Json, at: &mut Reader<'_, '_>) {
    for (index, item) in value.items().iter().enumerate() {
        let element = at.element(index);
        let way = element.then(Step::Name("Target"));
        match item.get("Target").and_then(Json::as_text) {
            Some(name) if !name.is_empty() => of_task(name, &way, at),
            Some(_) | None => at.says_more(),
        }
        if item.get("DriverOpts").is_some_and(|options| !options.is_zero()) {
            at.says_beside();
        }
    }
}

/// Takes note of a network of a service's tasks. Swarm has the host's as one of its own, of which the daemon does not tell.
fn of_task(name: &str, way: &Way<'_>, at: &mut Reader<'_, '_>) {
    let host = || Meaning::Namespace("network:host".to_owned());
    if name == "host" {
        return at.means_at(way, host());
    }
    match Network::of(name, at.around.context.facts) {
        Network::Called(called) if called == "host" => at.means_at(way, host()),
        Network::Called(called) => at.means_at(way, Meaning::Network(called)),
        Network::Missing => {
            let remark = Step::Words(" (no network that the daemon shows goes by it)".into());
            at.means_at(&way.then(remark), host());
        }
        Network::Unknown(question) => {
            at.means_at(way, Meaning::Network(name.to_owned()));
            at.leaves_open(Aspect::Namespaces);
            at.must_ask(question);
        }
    }
}
