//! How soon a fresh process answers, and how large the program is.

use std::time::Instant;

use anyhow::Result;

use crate::peer::{Peer, Starting};
use crate::round::{Rig, Sample};

pub(super) fn measure(rig: &Rig, peer: &Peer) -> Result<Sample> {
    let starting = Starting::prepare(peer.kind, &rig.place)?;
    let started = Instant::now();
    let fresh = starting.start()?;
    fresh.until_it_answers()?;
    Ok(Sample::from([("ms", started.elapsed().as_secs_f64() * 1e3)]))
}

/// As it was built: stripped, where the profile strips.
pub(super) fn size(rig: &Rig, peer: &Peer) -> Result<Sample> {
    let bytes = std::fs::metadata(rig.place.program(peer.kind))?.len();
    Ok(Sample::from([("MiB", bytes as f64 / f64::from(1 << 20))]))
}
