//! The rows of the table: what is measured, and what it is to come to.

mod bulk;
mod latency;
mod memory;
mod real;
mod start;

use anyhow::Result;
pub(crate) use real::ROWS as REAL_ROWS;

use crate::peer::{Kind, Peer};
use crate::round::{Rig, Round, Sample};

/// One row.
#[derive(Clone, Copy)]
pub(crate) struct Row {
    pub(crate) name: &'static str,
    pub(crate) what: &'static str,
    pub(crate) setting: Setting,
    pub(crate) peers: &'static [Kind],
    pub(crate) measure: fn(&Rig, &Peer) -> Result<Sample>,
    /// What is measured, and in what unit.
    pub(crate) columns: &'static [&'static str],
    pub(crate) figures: &'static [Figure],
    /// Of how many rounds it has one: those that take long have fewer.
    pub(crate) one_of: usize,
}

/// Where the client, the engine and the peer run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Setting {
    /// All on one CPU: the steadiest.
    OneCpu,
    /// Where they like.
    Free,
}

/// What a row is about, computed within a round.
#[derive(Clone, Copy)]
pub(crate) struct Figure {
    pub(crate) what: &'static str,
    pub(crate) bar: Bar,
    pub(crate) of: fn(&Round, Kind) -> Option<f64>,
}

/// What a figure is to come to.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Bar {
    AtMost(f64),
    AtLeast(f64),
    /// It is only stated.
    None,
}

impl Row {
    pub(crate) fn rounds(&self, rig: &Rig) -> usize {
        rig.rounds.div_ceil(self.one_of).max(1)
    }
}

impl Bar {
    pub(crate) fn holds(self, value: f64) -> Option<bool> {
        match self {
            Self::AtMost(most) => Some(value <= most),
            Self::AtLeast(least) => Some(value >= least),
            Self::None => None,
        }
    }
}

const ALL: &[Kind] = &[Kind::Direct, Kind::Copy, Kind::Splice, Kind::Haproxy, Kind::Dockgate];
/// Where what is recorded is as long as the bound's records are.
const RECORDED: &[Kind] =
    &[Kind::Direct, Kind::Copy, Kind::Splice, Kind::Record, Kind::Haproxy, Kind::Dockgate];
/// Where `HAProxy` is not asked: it lets no images be built.
const WITHOUT_HAPROXY: &[Kind] = &[Kind::Direct, Kind::Copy, Kind::Splice, Kind::Dockgate];
const RULES: &[Kind] =
    &[Kind::Direct, Kind::Copy, Kind::Dockgate, Kind::Dockgate1000, Kind::Haproxy, Kind::Haproxy1000];

/// A measurement over that of another peer.
fn over(round: &Round, kind: Kind, name: &str, other: Kind) -> Option<f64> {
    Some(round.of(kind, name)? / round.of(other, name)?)
}

const fn p50_over_copy(bar: Bar) -> Figure {
    Figure { what: "p50 over copy's", bar, of: |round, kind| over(round, kind, "p50 us", Kind::Copy) }
}

/// What a proxy adds, over what another one adds.
fn added_over(round: &Round, kind: Kind, name: &str, other: Kind) -> Option<f64> {
    let direct = round.of(Kind::Direct, name)?;
    Some((round.of(kind, name)? - direct) / (round.of(other, name)? - direct))
}

/// The rows, in the order in which they are shown.
pub(crate) const ROWS: &[Row] = &[
    Row {
        name: "get",
        what: "GET of 2 KB, one connection kept alive, everything on one CPU",
        setting: Setting::OneCpu,
        peers: RECORDED,
        measure: latency::get,
        columns: &["p50 us", "p99 us", "cpu us"],
        figures: &[Figure {
            what: "added p50 over copy's",
            bar: Bar::AtMost(1.05),
            of: |round, kind| added_over(round, kind, "p50 us", Kind::Copy),
        }],
        one_of: 1,
    },
    Row {
        name: "tail",
        what: "GET of 2 KB, one connection kept alive, free-running",
        setting: Setting::Free,
        peers: RECORDED,
        measure: latency::get,
        columns: &["p50 us", "p99 us", "cpu us"],
        figures: &[Figure {
            what: "p99 over copy's",
            bar: Bar::AtMost(1.3),
            of: |round, kind| over(round, kind, "p99 us", Kind::Copy),
        }],
        one_of: 1,
    },
    Row {
        name: "load",
        what: "GET of 2 KB, 32 connections kept alive, free-running",
        setting: Setting::Free,
        peers: RECORDED,
        measure: latency::load,
        columns: &["requests/s", "cpu us"],
        figures: &[Figure {
            what: "CPU per request over copy's",
            bar: Bar::AtMost(1.4),
            of: |round, kind| over(round, kind, "cpu us", Kind::Copy),
        }],
        one_of: 1,
    },
    Row {
        name: "connect",
        what: "GET of 2 KB, a new connection for each, everything on one CPU",
        setting: Setting::OneCpu,
        peers: ALL,
        measure: latency::connect,
        columns: &["p50 us", "p99 us", "cpu us"],
        figures: &[p50_over_copy(Bar::AtMost(1.0))],
        one_of: 1,
    },
    Row {
        name: "large",
        what: "GET of 200 KB, with a length, everything on one CPU",
        setting: Setting::OneCpu,
        peers: ALL,
        measure: latency::large,
        columns: &["p50 us", "p99 us", "cpu us"],
        figures: &[Figure {
            what: "p50 over direct's",
            bar: Bar::AtMost(2.0),
            of: |round, kind| over(round, kind, "p50 us", Kind::Direct),
        }],
        one_of: 1,
    },
    Row {
        name: "large-chunked",
        what: "GET of 200 KB, chunked, everything on one CPU",
        setting: Setting::OneCpu,
        peers: ALL,
        measure: latency::large_chunked,
        columns: &["p50 us", "p99 us", "cpu us"],
        figures: &[Figure {
            what: "p50 over direct's",
            bar: Bar::AtMost(2.0),
            of: |round, kind| over(round, kind, "p50 us", Kind::Direct),
        }],
        one_of: 1,
    },
    Row {
        name: "exec",
        what: "64 bytes through an exec's stream and back, everything on one CPU",
        setting: Setting::OneCpu,
        peers: ALL,
        measure: latency::exec,
        columns: &["p50 us", "p99 us", "cpu us"],
        figures: &[p50_over_copy(Bar::AtMost(1.0))],
        one_of: 1,
    },
    Row {
        name: "down",
        what: "an image saved, chunked, free-running",
        setting: Setting::Free,
        peers: ALL,
        measure: bulk::down,
        columns: &["GiB/s", "cpu s/GiB"],
        figures: &[
            Figure {
                what: "rate over direct's",
                bar: Bar::AtLeast(0.55),
                of: |round, kind| over(round, kind, "GiB/s", Kind::Direct),
            },
            Figure {
                what: "CPU over splice's",
                bar: Bar::AtMost(1.4),
                of: |round, kind| over(round, kind, "cpu s/GiB", Kind::Splice),
            },
        ],
        one_of: 2,
    },
    Row {
        name: "up",
        what: "an image loaded, chunked, free-running",
        setting: Setting::Free,
        peers: ALL,
        measure: bulk::up_chunked,
        columns: &["GiB/s", "cpu s/GiB"],
        figures: &[
            Figure {
                what: "rate over direct's",
                bar: Bar::AtLeast(0.55),
                of: |round, kind| over(round, kind, "GiB/s", Kind::Direct),
            },
            Figure {
                what: "CPU over splice's",
                bar: Bar::AtMost(1.3),
                of: |round, kind| over(round, kind, "cpu s/GiB", Kind::Splice),
            },
        ],
        one_of: 2,
    },
    Row {
        name: "up-length",
        what: "an image loaded, with a length, free-running",
        setting: Setting::Free,
        peers: ALL,
        measure: bulk::up_length,
        columns: &["GiB/s", "cpu s/GiB"],
        figures: &[
            Figure {
                what: "rate over direct's",
                bar: Bar::AtLeast(0.65),
                of: |round, kind| over(round, kind, "GiB/s", Kind::Direct),
            },
            Figure {
                what: "CPU over splice's",
                bar: Bar::AtMost(0.9),
                of: |round, kind| over(round, kind, "cpu s/GiB", Kind::Splice),
            },
        ],
        one_of: 2,
    },
    Row {
        name: "memory",
        what: "resident memory: idle, and for each of 1000 connections more",
        setting: Setting::Free,
        peers: &[Kind::Copy, Kind::Splice, Kind::Haproxy, Kind::Dockgate],
        measure: memory::measure,
        columns: &["idle MiB", "KiB/idle", "KiB/events", "KiB/exec"],
        figures: &[
            Figure { what: "idle, MiB", bar: Bar::AtMost(5.0), of: |round, kind| round.of(kind, "idle MiB") },
            Figure {
                what: "an idle connection, KiB",
                bar: Bar::AtMost(6.0),
                of: |round, kind| round.of(kind, "KiB/idle"),
            },
            Figure {
                what: "an event stream, KiB",
                bar: Bar::AtMost(10.0),
                of: |round, kind| round.of(kind, "KiB/events"),
            },
            Figure {
                what: "an exec stream, KiB",
                bar: Bar::AtMost(8.0),
                of: |round, kind| round.of(kind, "KiB/exec"),
            },
        ],
        one_of: 5,
    },
    Row {
        name: "rules",
        what: "GET of 2 KB, 32 connections, 1000 rules instead of 10, free-running",
        setting: Setting::Free,
        peers: RULES,
        measure: latency::load,
        columns: &["requests/s", "cpu us"],
        figures: &[Figure {
            what: "CPU per request, 1000 rules over 10",
            bar: Bar::AtMost(1.05),
            of: |round, kind| match kind {
                Kind::Dockgate => over(round, Kind::Dockgate1000, "cpu us", kind),
                Kind::Haproxy => over(round, Kind::Haproxy1000, "cpu us", kind),
                _ => None,
            },
        }],
        one_of: 1,
    },
    Row {
        name: "start",
        what: "from being started to the first answer",
        setting: Setting::Free,
        peers: &[Kind::Copy, Kind::Haproxy, Kind::Dockgate, Kind::Dockgate1000],
        measure: start::measure,
        columns: &["ms"],
        figures: &[
            Figure { what: "ms", bar: Bar::AtMost(4.0), of: |round, kind| round.of(kind, "ms") },
            Figure {
                what: "ms with 1000 rules",
                bar: Bar::AtMost(8.0),
                of: |round, kind| match kind {
                    Kind::Dockgate => round.of(Kind::Dockgate1000, "ms"),
                    _ => None,
                },
            },
        ],
        one_of: 1,
    },
    Row {
        name: "build",
        what: "an image built from a thousand files, all of which are gone through, everything on one CPU",
        setting: Setting::OneCpu,
        peers: WITHOUT_HAPROXY,
        measure: latency::build,
        columns: &["p50 us", "p99 us", "cpu us"],
        figures: &[p50_over_copy(Bar::None)],
        one_of: 2,
    },
    Row {
        name: "build-compressed",
        what: "the same, compressed by gzip",
        setting: Setting::OneCpu,
        peers: WITHOUT_HAPROXY,
        measure: latency::build_compressed,
        columns: &["p50 us", "p99 us", "cpu us"],
        figures: &[p50_over_copy(Bar::None)],
        one_of: 2,
    },
    Row {
        name: "create",
        what: "a container made from a full body, judged field by field, everything on one CPU",
        setting: Setting::OneCpu,
        peers: ALL,
        measure: latency::create,
        columns: &["p50 us", "p99 us", "cpu us"],
        figures: &[Figure {
            what: "p50 above copy's, us",
            bar: Bar::AtMost(40.0),
            of: |round, kind| Some(round.of(kind, "p50 us")? - round.of(Kind::Copy, "p50 us")?),
        }],
        one_of: 1,
    },
    Row {
        name: "list",
        what: "1000 containers listed, narrowed by label to half of them, against not narrowed; one CPU",
        setting: Setting::OneCpu,
        peers: &[Kind::Direct, Kind::Copy, Kind::Dockgate, Kind::Narrowing],
        measure: latency::list,
        columns: &["p50 us", "p99 us", "cpu us"],
        figures: &[Figure {
            what: "rate narrowed over not narrowed",
            bar: Bar::AtLeast(0.5),
            of: |round, kind| match kind {
                Kind::Dockgate => Some(round.of(kind, "p50 us")? / round.of(Kind::Narrowing, "p50 us")?),
                _ => None,
            },
        }],
        one_of: 1,
    },
    Row {
        name: "fair",
        what: "a ping on its own connection while images are saved through the same proxy, free-running",
        setting: Setting::Free,
        peers: ALL,
        measure: bulk::fair,
        columns: &["p50 us", "p99 us"],
        figures: &[Figure {
            what: "p99 over copy's",
            bar: Bar::None,
            of: |round, kind| over(round, kind, "p99 us", Kind::Copy),
        }],
        one_of: 2,
    },
    Row {
        name: "binary",
        what: "the program, stripped, with everything",
        setting: Setting::Free,
        peers: &[Kind::Dockgate],
        measure: start::size,
        columns: &["MiB"],
        figures: &[Figure { what: "MiB", bar: Bar::AtMost(6.0), of: |round, kind| round.of(kind, "MiB") }],
        one_of: usize::MAX,
    },
];
