//! Rounds: every peer is visited once in each, in a new random order, so that what disturbs disturbs all;
//! what is compared is compared within a round.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use anyhow::Result;

use crate::peer::{Kind, Peer, Place};
use crate::process::{self, Process};
use crate::real::Real;
use crate::row::{Row, Setting};

/// What one visit came to, by the name of what was measured.
pub(crate) type Sample = BTreeMap<&'static str, f64>;

/// The CPU that everything shares where it shares one.
const ONE: usize = 1;

/// What the rows measure against.
#[derive(Debug)]
pub(crate) struct Rig {
    pub(crate) place: Place,
    pub(crate) engine: Engine,
    pub(crate) is_quick: bool,
    pub(crate) rounds: usize,
}

/// What is behind the peers.
#[derive(Debug)]
pub(crate) enum Engine {
    /// One of the rig's own, pinned as the peers are.
    Fast(Process),
    /// Somebody else's.
    Real(Real),
}

impl Engine {
    /// Which of its processes are pinned.
    fn pids(&self) -> Vec<u32> {
        match self {
            Self::Fast(process) => process.pids(),
            Self::Real(_) => Vec::new(),
        }
    }

    fn cpu(&self) -> Duration {
        match self {
            Self::Fast(process) => process.cpu(),
            Self::Real(real) => real.cpu(),
        }
    }
}

/// The CPU time that a peer and the engine had used when one began to measure.
#[derive(Debug)]
pub(crate) struct Used<'a> {
    peer: &'a Peer,
    engine: &'a Engine,
    before: [Duration; 2],
}

impl<'a> Used<'a> {
    pub(crate) fn by(rig: &'a Rig, peer: &'a Peer) -> Self {
        Self { peer, engine: &rig.engine, before: [peer.cpu(), rig.engine.cpu()] }
    }

    /// What the peer has used since, and what the engine has.
    pub(crate) fn until_now(self) -> [Duration; 2] {
        let [peer, engine] = self.before;
        [self.peer.cpu().saturating_sub(peer), self.engine.cpu().saturating_sub(engine)]
    }
}

/// One round.
#[derive(Clone, Debug)]
pub(crate) struct Round {
    pub(crate) samples: BTreeMap<Kind, Sample>,
    /// How many CPUs were busy with what is not the rig's, on average.
    pub(crate) foreign: f64,
}

impl Round {
    /// What was measured of a peer.
    pub(crate) fn of(&self, kind: Kind, name: &str) -> Option<f64> {
        self.samples.get(&kind)?.get(name).copied()
    }
}

/// Measures a row.
pub(crate) fn measure(row: &Row, rig: &mut Rig) -> Result<Vec<Round>> {
    let mut peers = Vec::new();
    let other = rig.place.other.as_ref().map(|_| Kind::Other);
    for kind in row.peers.iter().copied().chain(other) {
        match Peer::start(kind, &rig.place) {
            Ok(peer) => peers.push(peer),
            // What a policy cannot say yet, or is not installed, is left out, and said.
            Err(error) => eprintln!("{}: {} is left out: {error:#}", row.name, kind.name()),
        }
    }
    let mut rounds = Vec::new();
    // Of whom it is said already.
    let mut failed = Vec::new();
    for number in 0..row.rounds(rig) {
        fastrand::shuffle(&mut peers);
        let mut samples = BTreeMap::new();
        let (busy, own, started) = (process::machine_busy()?, own_cpu(&peers, rig), Instant::now());
        for peer in &mut peers {
            if let Some(process) = &mut peer.process {
                process.ensure_runs()?;
            }
            let cpu = if row.setting == Setting::OneCpu { Some(ONE.min(process::cpus()? - 1)) } else { None };
            process::pin(peer.pids().into_iter().chain(rig.engine.pids()), cpu)?;
            match (row.measure)(rig, peer) {
                Ok(sample) => _ = samples.insert(peer.kind, sample),
                // Debian 12's HAProxy drops the upgrade of a request that has a body.
                Err(error) if matches!(peer.kind, Kind::Haproxy | Kind::Haproxy1000) => {
                    if failed.contains(&peer.kind) {
                        continue;
                    }
                    failed.push(peer.kind);
                    let error = error.to_string();
                    let first = error.lines().next().unwrap_or_default();
                    eprintln!("{}: {} fails: {first}", row.name, peer.kind.name());
                }
                Err(error) => {
                    let visit = format!("{}: {}, round {number}", row.name, peer.kind.name());
                    return Err(error.context(visit));
                }
            }
        }
        let used = own_cpu(&peers, rig).saturating_sub(own);
        let foreign = (process::machine_busy()?.saturating_sub(busy)).saturating_sub(used).as_secs_f64()
            / started.elapsed().as_secs_f64();
        rounds.push(Round { samples, foreign });
    }
    process::pin([], None)?;
    Ok(rounds)
}

fn own_cpu(peers: &[Peer], rig: &Rig) -> Duration {
    peers.iter().map(Peer::cpu).sum::<Duration>() + rig.engine.cpu() + process::cpu(std::process::id())
}

/// The rounds with the least that disturbed: three of five.
pub(crate) fn quietest(rounds: &[Round]) -> Vec<Round> {
    let mut rounds = rounds.to_vec();
    rounds.sort_by(|one, other| one.foreign.total_cmp(&other.foreign));
    rounds.truncate((rounds.len() * 3).div_ceil(5));
    rounds
}

/// The first quartile, the median and the third.
pub(crate) fn quartiles(mut values: Vec<f64>) -> Option<[f64; 3]> {
    values.sort_by(f64::total_cmp);
    let at = |part: f64| values.get(((values.len().checked_sub(1)?) as f64 * part).round() as usize).copied();
    Some([at(0.25)?, at(0.5)?, at(0.75)?])
}
