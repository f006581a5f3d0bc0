//! dockgate from outside: the binary as a user starts it, clients as users have them, and either a
//! real Docker Engine behind it or one that says exactly what a test wants said.
//!
//! Tests that want a real engine find it by `DOCKGATE_TEST_ENGINE`, which `scripts/test` sets, and fail
//! without it. To tell the rig's faults from dockgate's, run them through a gate that only copies bytes:
//! `DOCKGATE_TEST_BINARY=$PWD/tests/copy-gate cargo test --test integration -- real::`.
#![expect(
    clippy::arithmetic_side_effects,
    clippy::disallowed_methods,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stderr,
    clippy::unwrap_used,
    reason = "the harness is test code as well; clippy.toml frees only the test functions themselves"
)]

mod admin;
mod attacks;
mod audit;
mod doctor;
mod faults;
mod harness;
mod listener;
mod monitoring;
mod raw;
mod real;
mod reload;
mod systemd;
mod workbench;
