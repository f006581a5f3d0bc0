//! The daemon's debug pages, in no reference. They show its memory. Daemons before 28 know them without a
//! version only, so that is how they are asked for.

use super::ParameterKind::{Int, Text};
use super::{Endpoint, Identifier, Parameter};

pub(super) static ROWS: &[Endpoint] = &[
    Endpoint::get("/debug/vars", "DebugVars", "Shows the daemon's counters and command line").unversioned(),
    // The one path that ends in a slash: an empty last segment, which reading refuses before it comes here.
    Endpoint::get(
        "/debug/pprof/",
        "DebugPprofIndex",
        "Lists the daemon's profiles; out of reach, as dockgate refuses a path that ends in a slash",
    )
    .query(&[DETAIL])
    .unversioned(),
    Endpoint::get("/debug/pprof/cmdline", "DebugPprofCmdline", "Shows the daemon's command line")
        .unversioned(),
    Endpoint::get("/debug/pprof/profile", "DebugPprofProfile", "Records where the daemon spends its time")
        .query(&[SECONDS])
        .streams()
        .unversioned(),
    Endpoint::get(
        "/debug/pprof/symbol",
        "DebugPprofSymbol",
        "Shows whether the daemon can name its functions",
    )
    .unversioned(),
    Endpoint::get("/debug/pprof/trace", "DebugPprofTrace", "Records what the daemon does")
        .query(&[SECONDS])
        .streams()
        .unversioned(),
    Endpoint::get(
        "/debug/pprof/{name}",
        "DebugPprofNamed",
        "Shows one of the daemon's profiles: its memory and stacks, with the secrets in them",
    )
    .names(&[Identifier::Profile])
    .query(&[DETAIL, Parameter::plain("gc", Int, "Collects garbage first"), SECONDS])
    .streams()
    .unversioned(),
];

const DETAIL: Parameter = Parameter::plain("debug", Int, "As text, with so much detail");

const SECONDS: Parameter = Parameter::guarded(
    "seconds",
    Text,
    "For how long to record",
    "slows the daemon down for as long as it says",
);
