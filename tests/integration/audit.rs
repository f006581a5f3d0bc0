//! The audit as evidence: what is in it, whether it can be relied on, and what it answers.

mod canaries;
mod copies;
mod killed;
mod questions;
mod rotated;
mod verify;

use std::path::Path;

use crate::harness::{Command, Ran, binary};

const LIST: &str = "GET /v1.41/containers/json HTTP/1.1\r\nHost: d\r\n\r\n";

/// `dockgate audit …`
fn audit<'a>(arguments: impl IntoIterator<Item = &'a str>) -> Ran {
    Command::new(binary()).args(["audit"]).args(arguments).run()
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}
