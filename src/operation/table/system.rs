//! The daemon itself.

use super::ParameterKind::{Filters, List, StrictBool, Text};
use super::{Endpoint, Header, Parameter};
use crate::operation::field;

pub(super) static ROWS: &[Endpoint] = &[
    Endpoint::get("/_ping", "SystemPing", "Says that the daemon answers, and its API version").since(1, 11),
    Endpoint::head("/_ping", "SystemPingHead", "Says that the daemon answers, and its API version")
        .since(1, 40),
    Endpoint::get(
        "/events",
        "SystemEvents",
        "Follows what happens to containers, images, volumes and networks",
    )
    .query(&[
        Parameter::plain("since", Text, "From this time on"),
        Parameter::plain("until", Text, "Ends at this time"),
        Parameter::plain("filters", Filters, "Only those that match"),
    ])
    .carries(&[Header::Accept])
    .streams()
    .since(1, 3),
    Endpoint::get("/info", "SystemInfo", "Shows the daemon's configuration and state").since(1, 0),
    Endpoint::get("/version", "SystemVersion", "Shows the versions of the daemon and its parts").since(1, 0),
    Endpoint::get(
        "/system/df",
        "SystemDataUsage",
        "Shows what images, containers, volumes and caches take up",
    )
    .query(&[
        Parameter::plain("type", List, "Only these: `container`, `image`, `volume`, `build-cache` (1.42)"),
        Parameter::plain("verbose", StrictBool, "With each of them (1.52)"),
    ])
    .since(1, 25),
    Endpoint::post("/auth", "SystemAuth", "Tries credentials at a registry")
        .json_guarded(field::registry::AUTH, "makes the daemon contact any address that it names")
        .since(1, 0),
];
