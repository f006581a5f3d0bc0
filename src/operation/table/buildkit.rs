//! The tunnels of `BuildKit`. What goes through them is gRPC that dockgate does not read: who is allowed them
//! is trusted with everything that `BuildKit` can do.

use super::{Endpoint, Header, Protocol};

pub(super) static ROWS: &[Endpoint] = &[
    Endpoint::post(
        "/session",
        "Session",
        "Opens a tunnel through which BuildKit asks the client for files and secrets",
    )
    .carries(&[Header::ExposeSession])
    .hijacks(Protocol::H2c)
    .since(1, 31),
    Endpoint::post("/grpc", "Grpc", "Opens a tunnel to BuildKit's whole API: any build, as root")
        .hijacks(Protocol::H2c)
        .since(1, 39),
];
