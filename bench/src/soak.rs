//! Under load for as long as is wanted: whether memory and descriptors stay what they are, and every client gets its
//! own answer.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, anyhow, ensure};

use crate::client::{Client, Expected, Question};
use crate::framing::Framing;
use crate::peer::{Kind, Peer, Place};

/// Between two lines of the report.
const INTERVAL: Duration = Duration::from_secs(10);
/// How many clients ask without a pause, and how many open and close streams.
const ASKERS: u64 = 16;
const STREAMERS: u64 = 8;
/// How long the process may take to let go of what clients have closed.
const CLOSING: Duration = Duration::from_secs(20);
/// The descriptors of the four pipes that are kept for the next bulk.
const KEPT: usize = 8;

/// Runs for so long; fails where something grows, or an answer is not the one that was asked for.
pub(crate) fn run(place: &Place, time: Duration) -> Result<()> {
    let peer = Peer::start(Kind::Dockgate, place)?;
    let process = peer.process.as_ref().context("dockgate has no process")?;
    let (is_over, asked, opened) = (AtomicBool::new(false), AtomicU64::new(0), AtomicU64::new(0));
    let at_rest = process.descriptors();
    let mut resident = Vec::new();
    println!("| after s | resident KiB | descriptors | answers | streams opened |\n|---|---|---|---|---|");
    let done = thread::scope(|scope| -> Result<()> {
        let until_over = |act: &dyn Fn() -> Result<()>| -> Result<()> {
            while !is_over.load(Ordering::Relaxed) {
                act()?;
            }
            Ok(())
        };
        let askers = (0..ASKERS).map(|number| {
            let asked = &asked;
            let peer = &peer;
            scope.spawn(move || {
                // Each asks for another size: an answer of somebody else's does not pass.
                let question = Question::inspect(1000 + number * 37);
                let client = std::cell::RefCell::new(Client::connect(&peer.socket)?);
                until_over(&|| {
                    asked.fetch_add(1, Ordering::Relaxed);
                    client.borrow_mut().ask(&question)
                })
            })
        });
        let askers: Vec<_> = askers.collect();
        let streamers = (0..STREAMERS).map(|number| {
            let opened = &opened;
            let peer = &peer;
            scope.spawn(move || {
                until_over(&|| {
                    opened.fetch_add(1, Ordering::Relaxed);
                    stream(peer, number)
                })
            })
        });
        let streamers: Vec<_> = streamers.collect();
        let started = Instant::now();
        while started.elapsed() < time {
            thread::sleep(INTERVAL.min(time));
            let kib = process.resident_kib()?;
            resident.push(kib);
            println!(
                "| {} | {kib} | {} | {} | {} |",
                started.elapsed().as_secs(),
                process.descriptors(),
                asked.load(Ordering::Relaxed),
                opened.load(Ordering::Relaxed)
            );
        }
        is_over.store(true, Ordering::Relaxed);
        for handle in askers.into_iter().chain(streamers) {
            handle.join().map_err(|_| anyhow!("a client has failed"))??;
        }
        Ok(())
    });
    done?;
    let closing = Instant::now();
    while process.descriptors() > at_rest + KEPT && closing.elapsed() < CLOSING {
        thread::sleep(Duration::from_millis(100));
    }
    let left = process.descriptors();
    println!("\nDescriptors before: {at_rest}; when all have left: {left}");
    ensure!(left <= at_rest + KEPT, "descriptors stay open");
    let (early, late) = resident.split_at(resident.len().div_ceil(2));
    if let (Some(early), Some(late)) = (early.iter().max(), late.iter().max()) {
        println!("Resident, KiB: {early} at most in the first half, {late} in the second");
        ensure!(*late * 10 <= *early * 11, "memory grows");
    }
    Ok(())
}

/// Opens a stream of one kind or another, uses it, and closes it.
fn stream(peer: &Peer, kind: u64) -> Result<()> {
    let mut client = Client::connect(&peer.socket)?;
    match kind % 4 {
        0 => {
            let mut tunnel = client.exec(crate::engine::EXEC)?;
            for _ in 0..10 {
                tunnel.echo(&kind.to_be_bytes())?;
            }
            tunnel.end()
        }
        1 => client.events().map(drop),
        2 => client.download(&Question::get("/v1.41/images/g10000000/get", Expected::Pattern(10_000_000))),
        _ => client.upload_pattern(
            if kind % 8 < 4 { Framing::Chunked } else { Framing::Length(5_000_000) },
            5_000_000,
        ),
    }
}
