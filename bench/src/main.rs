//! The rig of `scripts/bench`: how dockgate stands to what looks at nothing, and to a proxy that filters by paths.

mod bound;
mod client;
mod engine;
mod framing;
mod load;
mod pattern;
mod peer;
mod process;
mod real;
mod report;
mod round;
mod row;
mod soak;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use bound::Way;
use clap::{Args, Parser, Subcommand};
use nix::sys::resource::{Resource, getrlimit, setrlimit};
use peer::Place;
use process::Process;
use real::Real;
use round::{Engine, Rig};
use row::{REAL_ROWS, ROWS, Row};
use tempfile::TempDir;

#[derive(Debug, Parser)]
#[command(about, max_term_width = 110)]
struct Arguments {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Measure rows of the table: all, or those named
    Run(Run),
    /// Keep dockgate busy, and see that nothing grows and nobody gets another's answer
    Soak {
        /// The dockgate to keep busy
        #[arg(long, default_value = "target/release/dockgate")]
        dockgate: PathBuf,
        /// For how long
        #[arg(long, default_value_t = 60.0)]
        minutes: f64,
    },
    /// Be the fast engine
    Engine {
        /// Its socket
        socket: PathBuf,
    },
    /// Be a proxy that looks at nothing and copies
    Copy {
        /// Its socket
        listen: PathBuf,
        /// The engine's
        to: PathBuf,
    },
    /// Be a proxy that looks at nothing and splices
    Splice {
        /// Its socket
        listen: PathBuf,
        /// The engine's
        to: PathBuf,
    },
    /// Be a proxy that looks at nothing, copies, and writes that it did
    Record {
        /// Its socket; the records go beside it
        listen: PathBuf,
        /// The engine's
        to: PathBuf,
    },
}

#[derive(Args, Debug)]
struct Run {
    /// The dockgate to measure
    #[arg(long, default_value = "target/release/dockgate")]
    dockgate: PathBuf,
    /// Another build of it, to be measured in the same rounds
    #[arg(long, value_name = "DOCKGATE")]
    other: Option<PathBuf>,
    /// A quarter of the work in each visit: for development
    #[arg(long)]
    quick: bool,
    /// How often each peer is visited; rows that take long have fewer rounds
    #[arg(long)]
    rounds: Option<usize>,
    /// A Docker Engine, for the rows that want a real one: the path of its socket
    #[arg(long)]
    engine: Option<String>,
    /// Write all that was measured to this file
    #[arg(long)]
    json: Option<PathBuf>,
    /// Which rows; without any, all
    rows: Vec<String>,
}

fn main() -> Result<()> {
    match Arguments::parse().verb {
        Verb::Run(run) => measure(&run),
        Verb::Soak { dockgate, minutes } => soak(&dockgate, minutes),
        Verb::Engine { socket } => {
            raise_descriptors()?;
            engine::serve(&socket)
        }
        Verb::Copy { listen, to } => bound::serve(&Way::Copy, &listen, &to),
        Verb::Splice { listen, to } => bound::serve(&Way::Splice, &listen, &to),
        Verb::Record { listen, to } => bound::serve(&Way::record(&listen)?, &listen, &to),
    }
}

fn measure(run: &Run) -> Result<()> {
    let (rows, real_rows) = chosen(&run.rows)?;
    let (dir, place, engine) = beside(&run.dockgate, run.other.as_deref())?;
    println!("Machine: {}", report::machine());
    let mut measured = Vec::new();
    let mut rig = Rig {
        place,
        engine: Engine::Fast(engine),
        is_quick: run.quick,
        rounds: run.rounds.unwrap_or(if run.quick { 7 } else { 20 }),
    };
    measure_rows(&rows, &mut rig, &mut measured)?;
    match &run.engine {
        Some(address) if !real_rows.is_empty() => {
            let real =
                Real::prepare(address).with_context(|| format!("preparing the engine at {address}"))?;
            rig.place.engine.clone_from(&real.socket);
            rig.engine = Engine::Real(real);
            measure_rows(&real_rows, &mut rig, &mut measured)?;
        }
        Some(_) => {}
        None => real_rows.iter().for_each(|row| eprintln!("{} is left out: no --engine", row.name)),
    }
    if let Some(file) = &run.json {
        let all = serde_json::json!({"machine": report::machine(), "quick": run.quick, "rows": measured});
        fs::write(file, serde_json::to_vec_pretty(&all)?)?;
    }
    drop(dir);
    Ok(())
}

fn measure_rows(rows: &[&Row], rig: &mut Rig, measured: &mut Vec<serde_json::Value>) -> Result<()> {
    for row in rows {
        let rounds = round::measure(row, rig)?;
        print!("{}", report::table(row, &rounds));
        measured.push(report::json(row, &rounds));
    }
    Ok(())
}

fn soak(dockgate: &Path, minutes: f64) -> Result<()> {
    let (_dir, place, _engine) = beside(dockgate, None)?;
    println!("Machine: {}\n", report::machine());
    soak::run(&place, Duration::from_secs_f64(minutes * 60.0))
}

/// A place for sockets, and a fast engine in it.
fn beside(dockgate: &Path, other: Option<&Path>) -> Result<(TempDir, Place, Process)> {
    raise_descriptors()?;
    let dir = tempfile::Builder::new().prefix("dockgate-bench-").tempdir()?;
    let copied = |program: &Path, name: &str| -> Result<PathBuf> {
        let copy = dir.path().join(name);
        fs::copy(program, &copy).with_context(|| program.display().to_string())?;
        Ok(copy)
    };
    let place = Place {
        dir: dir.path().to_owned(),
        engine: dir.path().join("engine.sock"),
        rig: copied(&std::env::current_exe()?, "rig")?,
        dockgate: copied(dockgate, "dockgate").context("build it, or name another with --dockgate")?,
        other: other.map(|other| copied(other, "other")).transpose()?,
    };
    let engine = Process::start(Command::new(&place.rig).arg("engine").arg(&place.engine))?;
    Ok((dir, place, engine))
}

/// The rows of that name, or all: those of the fast engine, and those of a real one.
fn chosen(names: &[String]) -> Result<(Vec<&'static Row>, Vec<&'static Row>)> {
    let all = || ROWS.iter().chain(REAL_ROWS);
    if let Some(name) = names.iter().find(|name| all().all(|row| row.name != **name)) {
        let known: Vec<&str> = all().map(|row| row.name).collect();
        bail!("there is no row {name}; the rows are {}", known.join(", "));
    }
    let is_chosen = |row: &&Row| names.is_empty() || names.iter().any(|name| name == row.name);
    Ok((ROWS.iter().filter(is_chosen).collect(), REAL_ROWS.iter().filter(is_chosen).collect()))
}

/// A thousand streams, both ends of each in here.
fn raise_descriptors() -> Result<()> {
    let (_, hard) = getrlimit(Resource::RLIMIT_NOFILE)?;
    Ok(setrlimit(Resource::RLIMIT_NOFILE, hard, hard)?)
}
