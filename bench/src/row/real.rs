//! The rows of a real engine. They are stated beside those of the fast one: most of what is measured is the engine.

use std::time::Instant;

use anyhow::{Result, bail};

use super::bulk::carried;
use super::latency::{CREATE, MESSAGE, asked, loaded, micros, percentile, timed};
use super::{ALL, Bar, Figure, Row, Setting, over, p50_over_copy};
use crate::client::{Client, Expected, Question};
use crate::framing::Framing;
use crate::peer::{Kind, Peer};
use crate::real::{self, CONTAINER, MADE, Real};
use crate::round::{Engine, Rig, Round, Sample, Used};

const TIMES: &[&str] = &["p50 us", "p99 us", "cpu us", "engine cpu us"];
const P50: &[Figure] = &[
    stated("p50 over direct's", |round, kind| over(round, kind, "p50 us", Kind::Direct)),
    p50_over_copy(Bar::None),
];
const RATE: &[Figure] = &[
    stated("rate over direct's", |round, kind| over(round, kind, "GiB/s", Kind::Direct)),
    stated("CPU over splice's", |round, kind| over(round, kind, "cpu s/GiB", Kind::Splice)),
];

/// The rows, in the order in which they are shown.
pub(crate) const ROWS: &[Row] = &[
    once("engine-ping", "a real engine's ping, one connection kept alive", ping),
    once("engine-list", "its containers listed, one connection kept alive", list),
    once("engine-inspect", "one of its containers shown, one connection kept alive", inspect),
    once("engine-connect", "its containers listed, a new connection for each", connect),
    Row {
        columns: &["requests/s", "cpu us", "engine cpu us"],
        figures: &[
            stated("rate over direct's", |round, kind| over(round, kind, "requests/s", Kind::Direct)),
            stated("CPU per request over copy's", |round, kind| over(round, kind, "cpu us", Kind::Copy)),
        ],
        ..once("engine-load", "its containers listed, 32 connections kept alive", load)
    },
    once("engine-exec", "64 bytes through the stream of an exec in a container and back", exec),
    Row {
        columns: &["p50 us", "cpu us"],
        ..once("engine-create", "a container made from a full body, judged field by field", create)
    },
    bulk("engine-save", "an image of 240 MB saved", save),
    bulk("engine-load-image", "the same image loaded, chunked", load_image),
];

/// A figure that no bar is held against.
const fn stated(what: &'static str, of: fn(&Round, Kind) -> Option<f64>) -> Figure {
    Figure { what, bar: Bar::None, of }
}

const fn once(name: &'static str, what: &'static str, measure: fn(&Rig, &Peer) -> Result<Sample>) -> Row {
    Row { name, what, setting: Setting::Free, peers: ALL, measure, columns: TIMES, figures: P50, one_of: 2 }
}

const fn bulk(name: &'static str, what: &'static str, measure: fn(&Rig, &Peer) -> Result<Sample>) -> Row {
    Row {
        columns: &["GiB/s", "cpu s/GiB", "engine cpu s/GiB"],
        figures: RATE,
        one_of: 4,
        ..once(name, what, measure)
    }
}

fn real(rig: &Rig) -> Result<&Real> {
    match &rig.engine {
        Engine::Real(real) => Ok(real),
        Engine::Fast(_) => bail!("this is the fast engine"),
    }
}

fn listing() -> Question {
    Question::get("/containers/json?all=1", Expected::Something)
}

fn ping(rig: &Rig, peer: &Peer) -> Result<Sample> {
    asked(rig, peer, 2000, &Question::get("/_ping", Expected::Bytes(b"OK".to_vec())))
}

fn list(rig: &Rig, peer: &Peer) -> Result<Sample> {
    asked(rig, peer, 1000, &listing())
}

fn inspect(rig: &Rig, peer: &Peer) -> Result<Sample> {
    let path = format!("/containers/{CONTAINER}/json");
    asked(rig, peer, 1000, &Question::get(&path, Expected::Something))
}

fn connect(rig: &Rig, peer: &Peer) -> Result<Sample> {
    let question = listing();
    timed(rig, peer, 1000, || Client::connect(&peer.socket)?.ask(&question))
}

fn load(rig: &Rig, peer: &Peer) -> Result<Sample> {
    loaded(rig, peer, &listing())
}

fn exec(rig: &Rig, peer: &Peer) -> Result<Sample> {
    let mut tunnel = Client::connect(&peer.socket)?.exec(&real(rig)?.exec()?)?;
    timed(rig, peer, 1000, || tunnel.echo(MESSAGE))
}

/// What is made is taken away by the engine's own socket: that is not measured, nor does the policy let it be done.
fn create(rig: &Rig, peer: &Peer) -> Result<Sample> {
    let real = real(rig)?;
    let question =
        Question::post(&format!("/containers/create?name={MADE}"), CREATE, 201, Expected::Something);
    let mut client = Client::connect(&peer.socket)?;
    let mut micro = Vec::new();
    let used = Used::by(rig, peer);
    let times = if rig.is_quick { 10 } else { 40 };
    for _ in 0..times {
        let started = Instant::now();
        client.ask(&question)?;
        micro.push(micros(started.elapsed()));
        real.remove(MADE)?;
    }
    let [cpu, _] = used.until_now();
    Ok(Sample::from([("cpu us", micros(cpu) / f64::from(times)), ("p50 us", percentile(&mut micro, 0.5)?)]))
}

fn save(rig: &Rig, peer: &Peer) -> Result<Sample> {
    let real = real(rig)?;
    let question = Question::get(&real::saving(), Expected::Something);
    carried(rig, peer, real.archive.len() as u64, |client| client.download(&question))
}

fn load_image(rig: &Rig, peer: &Peer) -> Result<Sample> {
    let archive = &real(rig)?.archive;
    let piece_at = |offset: u64, length: usize| {
        let start = usize::try_from(offset).unwrap_or(usize::MAX);
        archive.get(start..start + length).unwrap_or_default()
    };
    let size = archive.len() as u64;
    carried(rig, peer, size, |client| client.upload(Framing::Chunked, size, piece_at, Expected::Something))
}
