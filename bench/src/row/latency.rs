//! How long one thing takes, and what it costs.

use std::io::Write as _;
use std::iter;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use flate2::Compression;
use flate2::write::GzEncoder;

use crate::client::{Client, Expected, Question};
use crate::load;
use crate::pattern;
use crate::peer::{Kind, Peer};
use crate::round::{Rig, Sample, Used, quartiles};

/// A container as `docker compose` makes one, every kind of field used.
pub(super) const CREATE: &[u8] = include_bytes!("../../assets/create.json");
/// How many files an image is built from beside its Dockerfile.
const FILES: usize = 1000;
const DOCKERFILE: &[u8] = b"FROM alpine\nCOPY . /app\nRUN make -C /app\n";
/// How many connections a load has.
const CLIENTS: usize = 32;
/// What goes through an exec's stream.
pub(super) const MESSAGE: &[u8; 64] = &[b'x'; 64];

pub(super) fn get(rig: &Rig, peer: &Peer) -> Result<Sample> {
    asked(rig, peer, 4000, &Question::inspect(2048))
}

pub(super) fn large(rig: &Rig, peer: &Peer) -> Result<Sample> {
    asked(rig, peer, 500, &Question::inspect(200_000))
}

pub(super) fn large_chunked(rig: &Rig, peer: &Peer) -> Result<Sample> {
    asked(rig, peer, 500, &Question::get("/v1.41/containers/c200000/json", Expected::Pattern(200_000)))
}

pub(super) fn create(rig: &Rig, peer: &Peer) -> Result<Sample> {
    let made = Expected::Bytes(br#"{"Id":"0123456789abcdef","Warnings":[]}"#.to_vec());
    asked(rig, peer, 1000, &Question::post("/v1.41/containers/create?name=app", CREATE, 201, made))
}

/// An image built from a directory of so many files, as Docker's CLI sends it.
pub(super) fn build(rig: &Rig, peer: &Peer) -> Result<Sample> {
    built(rig, peer, &context()?)
}

/// The same as `docker build --compress` sends it.
pub(super) fn build_compressed(rig: &Rig, peer: &Peer) -> Result<Sample> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(&context()?)?;
    built(rig, peer, &encoder.finish()?)
}

fn built(rig: &Rig, peer: &Peer, context: &[u8]) -> Result<Sample> {
    let answer = Expected::Bytes(crate::engine::counted(context.len() as u64).into_bytes());
    asked(
        rig,
        peer,
        100,
        &Question::sending("POST", "/v1.41/build?t=app", "application/x-tar", context, 200, answer),
    )
}

/// The archive of a directory with a Dockerfile and many small files.
fn context() -> Result<Vec<u8>> {
    let files = (0..FILES)
        .map(|number| (format!("src/part-{}/file-{number}.txt", number % 50), pattern::bytes(0, 700)));
    let mut archive = tar::Builder::new(Vec::new());
    for (name, content) in iter::once(("Dockerfile".to_owned(), DOCKERFILE)).chain(files) {
        let mut header = tar::Header::new_ustar();
        header.set_size(content.len() as u64);
        header.set_mode(0o644);
        archive.append_data(&mut header, name, content)?;
    }
    Ok(archive.into_inner()?)
}

pub(super) fn list(rig: &Rig, peer: &Peer) -> Result<Sample> {
    let expected = match peer.kind {
        Kind::Narrowing => Expected::Something,
        _ => Expected::Bytes(crate::engine::list().as_bytes().to_vec()),
    };
    asked(rig, peer, 100, &Question::get("/v1.41/containers/json?all=1", expected))
}

pub(super) fn connect(rig: &Rig, peer: &Peer) -> Result<Sample> {
    let question = Question::inspect(2048);
    timed(rig, peer, 1500, || Client::connect(&peer.socket)?.ask(&question))
}

pub(super) fn exec(rig: &Rig, peer: &Peer) -> Result<Sample> {
    let mut tunnel = Client::connect(&peer.socket)?.exec(crate::engine::EXEC)?;
    let sample = timed(rig, peer, 4000, || tunnel.echo(MESSAGE))?;
    tunnel.end()?;
    Ok(sample)
}

pub(super) fn load(rig: &Rig, peer: &Peer) -> Result<Sample> {
    loaded(rig, peer, &Question::inspect(2048))
}

/// As many requests as get through.
pub(super) fn loaded(rig: &Rig, peer: &Peer, question: &Question) -> Result<Sample> {
    let time = Duration::from_millis(if rig.is_quick { 200 } else { 500 });
    let used = Used::by(rig, peer);
    let load = load::run(&peer.socket, CLIENTS, question, time)?;
    let [cpu, engine] = used.until_now();
    Ok(Sample::from([
        ("requests/s", load.answers as f64 / load.elapsed.as_secs_f64()),
        ("cpu us", micros(cpu) / load.answers as f64),
        ("engine cpu us", micros(engine) / load.answers as f64),
    ]))
}

pub(super) fn asked(rig: &Rig, peer: &Peer, times: usize, question: &Question) -> Result<Sample> {
    let mut client = Client::connect(&peer.socket)?;
    timed(rig, peer, times, || client.ask(question))
}

pub(super) fn timed(
    rig: &Rig,
    peer: &Peer,
    times: usize,
    mut act: impl FnMut() -> Result<()>,
) -> Result<Sample> {
    let times = if rig.is_quick { times.div_ceil(4) } else { times };
    for _ in 0..times.div_ceil(20) {
        act()?;
    }
    let used = Used::by(rig, peer);
    let mut micro = Vec::with_capacity(times);
    for _ in 0..times {
        let started = Instant::now();
        act()?;
        micro.push(micros(started.elapsed()));
    }
    let [cpu, engine] = used.until_now();
    Ok(Sample::from([
        ("p99 us", percentile(&mut micro, 0.99)?),
        ("cpu us", micros(cpu) / times as f64),
        ("engine cpu us", micros(engine) / times as f64),
        ("p50 us", quartiles(micro).context("nothing was measured")?[1]),
    ]))
}

/// The value below which so large a part of the others lies.
pub(super) fn percentile(values: &mut [f64], part: f64) -> Result<f64> {
    values.sort_by(f64::total_cmp);
    let at = ((values.len().saturating_sub(1)) as f64 * part).round() as usize;
    values.get(at).copied().context("nothing was measured")
}

pub(super) fn micros(time: Duration) -> f64 {
    time.as_secs_f64() * 1e6
}
