//! The containers and services on a network: who uses it.

use super::Unexpected;
use super::look_up::{Known, LookUp};
use crate::operation::json::place::{self, Kept};
use crate::operation::thing::ThingKind;

/// The maps of a network that say who uses it, and what their keys are: IDs of containers, names of services.
const USERS: [(&str, ThingKind); 2] =
    [("Containers", ThingKind::Container), ("Services", ThingKind::Service)];

/// Writes a network with those on it that may be seen; or says what must be asked first.
pub(super) fn narrow(network: &[u8], known: &Known, out: &mut Vec<u8>) -> Result<Option<LookUp>, Unexpected> {
    let mut missing = None;
    let start = out.len();
    place::rewrite_object(network, out, |key, value, out| {
        // How many addresses are taken tells how many are on it.
        if key == "Status" {
            return Ok(Kept::Not);
        }
        let Some((_, kind)) = USERS.iter().find(|(own, _)| *own == key) else {
            return Ok(Kept::AsItIs);
        };
        if value == b"null" {
            return Ok(Kept::AsItIs);
        }
        let mut ids = Vec::new();
        place::rewrite_object(value, out, |id, _, _| {
            if *kind == ThingKind::Container && is_of_the_swarm(id) {
                return Ok(Kept::AsItIs);
            }
            ids.push(id.to_owned());
            Ok::<_, Unexpected>(if known.sees_one_of_many(*kind, id) { Kept::AsItIs } else { Kept::Not })
        })?;
        // An endpoint that has lost its container has another key.
        ids.retain(|id| *kind != ThingKind::Container || id.bytes().all(|byte| byte.is_ascii_hexdigit()));
        missing = missing.take().or_else(|| known.ask(*kind, ids));
        Ok::<_, Unexpected>(Kept::Written)
    })?;
    if missing.is_some() {
        out.truncate(start);
    }
    Ok(missing)
}

/// The endpoints that the swarm itself has on a network: of a load balancer, and of the routing mesh.
fn is_of_the_swarm(key: &str) -> bool {
    key.starts_with("lb-") || key == "ingress-sbox"
}
