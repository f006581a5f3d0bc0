//! The swarm.

use super::ParameterKind::{Bool, Int, StrictBool};
use super::{Endpoint, Parameter};
use crate::operation::field;

pub(super) static ROWS: &[Endpoint] = &[
    Endpoint::post("/swarm/init", "SwarmInit", "Makes the daemon the first manager of a new swarm")
        .json_guarded(field::swarm::INIT, "opens the daemon to other hosts")
        .since(1, 24),
    Endpoint::post("/swarm/join", "SwarmJoin", "Makes the daemon a node of a swarm")
        .json_guarded(field::swarm::JOIN, "hands the host to the managers of the swarm that it names")
        .since(1, 24),
    Endpoint::post("/swarm/leave", "SwarmLeave", "Takes the daemon out of its swarm")
        .query(&[Parameter::plain("force", Bool, "Also if it is the last manager, which ends the swarm")])
        .since(1, 24),
    Endpoint::get("/swarm", "SwarmInspect", "Shows the swarm, with the tokens that let nodes join")
        .since(1, 24),
    Endpoint::get("/swarm/unlockkey", "SwarmUnlockkey", "Shows the key that unlocks managers").since(1, 25),
    Endpoint::post("/swarm/update", "SwarmUpdate", "Changes the swarm's settings")
        .query(&[
            Parameter::plain("version", Int, "The version of the swarm that is changed"),
            Parameter::plain("rotateWorkerToken", StrictBool, "Makes a new token for workers"),
            Parameter::plain("rotateManagerToken", StrictBool, "Makes a new token for managers"),
            Parameter::plain("rotateManagerUnlockKey", StrictBool, "Makes a new key that unlocks managers"),
        ])
        .json_guarded(
            field::swarm::UPDATE,
            "changes every node of the swarm, its certificate authority included",
        )
        .since(1, 24),
    Endpoint::post("/swarm/unlock", "SwarmUnlock", "Unlocks a manager")
        .json_guarded(field::swarm::UNLOCK, "carries the key that unlocks managers")
        .since(1, 25),
];
