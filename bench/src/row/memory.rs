//! Memory: of a process that has just answered, and of what clients hold open. Each kind has a process of its own,
//! since memory that was given back is not always the system's again.

use anyhow::{Context as _, Result};

use super::latency::MESSAGE;
use crate::client::{Client, Question};
use crate::peer::{Kind, Peer};
use crate::process::Process;
use crate::round::{Rig, Sample};

pub(super) fn measure(rig: &Rig, peer: &Peer) -> Result<Sample> {
    let mut sample = Sample::new();
    let question = Question::inspect(2048);
    let rest = |fresh: &Peer| {
        let mut client = Client::connect(&fresh.socket)?;
        client.ask(&question)?;
        Ok(client)
    };
    let (idle, each) = growth(rig, peer, rest)?;
    sample.insert("idle MiB", idle / 1024.0);
    sample.insert("KiB/idle", each);
    sample.insert("KiB/events", growth(rig, peer, |fresh| Client::connect(&fresh.socket)?.events())?.1);
    // Debian 12's HAProxy drops the upgrade of a request that has a body.
    if peer.kind == Kind::Haproxy {
        return Ok(sample);
    }
    let exec = |fresh: &Peer| {
        let mut tunnel = Client::connect(&fresh.socket)?.exec(crate::engine::EXEC)?;
        tunnel.echo(MESSAGE)?;
        Ok(tunnel)
    };
    sample.insert("KiB/exec", growth(rig, peer, exec)?.1);
    Ok(sample)
}

/// What a fresh process holds once it has served one, and what each further one adds, in KiB.
fn growth<T>(rig: &Rig, peer: &Peer, mut open: impl FnMut(&Peer) -> Result<T>) -> Result<(f64, f64)> {
    let count = if rig.is_quick { 250 } else { 1000 };
    let fresh = Peer::start(peer.kind, &rig.place)?;
    let mut held = vec![open(&fresh)?];
    let before = resident(&fresh)?;
    for _ in 0..count {
        held.push(open(&fresh)?);
    }
    let after = resident(&fresh)?;
    Ok((before as f64, (after as f64 - before as f64) / f64::from(count)))
}

fn resident(peer: &Peer) -> Result<u64> {
    peer.process.as_ref().context("it has no process").and_then(Process::resident_kib)
}
