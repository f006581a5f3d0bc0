//! Images saved and loaded: how fast, at what cost, and what others notice of it.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use anyhow::{Result, anyhow};

use super::latency::{micros, percentile};
use crate::client::{Client, Expected, Question};
use crate::framing::Framing;
use crate::peer::Peer;
use crate::round::{Rig, Sample, Used};

const GIB: u64 = 1 << 30;
/// How many images are saved at a time while others ask for little.
const SAVERS: usize = 2;

pub(super) fn down(rig: &Rig, peer: &Peer) -> Result<Sample> {
    let question = saving(rig);
    timed(rig, peer, |client| client.download(&question))
}

pub(super) fn up_chunked(rig: &Rig, peer: &Peer) -> Result<Sample> {
    timed(rig, peer, |client| client.upload_pattern(Framing::Chunked, size(rig)))
}

pub(super) fn up_length(rig: &Rig, peer: &Peer) -> Result<Sample> {
    timed(rig, peer, |client| client.upload_pattern(Framing::Length(size(rig)), size(rig)))
}

/// Pings, while images are saved without a pause.
pub(super) fn fair(rig: &Rig, peer: &Peer) -> Result<Sample> {
    let ping = Question::get("/_ping", Expected::Bytes(b"OK".to_vec()));
    let question = saving(rig);
    let is_over = AtomicBool::new(false);
    let save = || -> Result<()> {
        let mut client = Client::connect(&peer.socket)?;
        while !is_over.load(Ordering::Relaxed) {
            client.download(&question)?;
        }
        Ok(())
    };
    let asking = || -> Result<Vec<f64>> {
        let mut client = Client::connect(&peer.socket)?;
        let mut micro = Vec::new();
        for _ in 0..if rig.is_quick { 200 } else { 1000 } {
            let started = Instant::now();
            client.ask(&ping)?;
            micro.push(micros(started.elapsed()));
        }
        Ok(micro)
    };
    let (asked, saved) = std::thread::scope(|scope| {
        let savers: Vec<_> = (0..SAVERS).map(|_| scope.spawn(save)).collect();
        let asked = asking();
        is_over.store(true, Ordering::Relaxed);
        (asked, savers.into_iter().map(std::thread::ScopedJoinHandle::join).collect::<Vec<_>>())
    });
    for saver in saved {
        saver.map_err(|_| anyhow!("a saver failed"))??;
    }
    let mut micro = asked?;
    Ok(Sample::from([("p50 us", percentile(&mut micro, 0.5)?), ("p99 us", percentile(&mut micro, 0.99)?)]))
}

fn timed(rig: &Rig, peer: &Peer, act: impl FnOnce(&mut Client) -> Result<()>) -> Result<Sample> {
    carried(rig, peer, size(rig), act)
}

/// How fast so many bytes are carried, and at what cost.
pub(super) fn carried(
    rig: &Rig,
    peer: &Peer,
    bytes: u64,
    act: impl FnOnce(&mut Client) -> Result<()>,
) -> Result<Sample> {
    let mut client = Client::connect(&peer.socket)?;
    let (used, started) = (Used::by(rig, peer), Instant::now());
    act(&mut client)?;
    let elapsed = started.elapsed();
    let [cpu, engine] = used.until_now();
    let gib = bytes as f64 / GIB as f64;
    Ok(Sample::from([
        ("GiB/s", gib / elapsed.as_secs_f64()),
        ("cpu s/GiB", cpu.as_secs_f64() / gib),
        ("engine cpu s/GiB", engine.as_secs_f64() / gib),
    ]))
}

fn saving(rig: &Rig) -> Question {
    let size = size(rig);
    Question::get(&format!("/v1.41/images/g{size}/get"), Expected::Pattern(size))
}

fn size(rig: &Rig) -> u64 {
    if rig.is_quick { GIB / 4 } else { GIB }
}
