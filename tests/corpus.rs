//! Everything that fuzzing was begun with and has found, checked again: `fuzz/corpus`, a folder for each target.
#![expect(
    clippy::arithmetic_side_effects,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stderr,
    clippy::unwrap_used,
    unreachable_pub,
    reason = "this is test code, and it is shared with the fuzzer; clippy.toml frees only the test functions themselves"
)]

#[path = "../fuzz/src/lib.rs"]
mod targets;

use std::fs;
use std::path::Path;

use targets::{connection, context, dockerfile, json, path, query};

/// Runs a target on each file of its corpus.
fn replay(target: &str, check: fn(&[u8])) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus").join(target);
    let mut count = 0;
    for entry in fs::read_dir(&folder).unwrap() {
        let file = entry.unwrap().path();
        let bytes = fs::read(&file).unwrap();
        if let Err(panic) = std::panic::catch_unwind(|| check(&bytes)) {
            eprintln!("in {}", file.display());
            std::panic::resume_unwind(panic);
        }
        count += 1;
    }
    assert!(count > 0, "there is nothing in {}", folder.display());
}

#[test]
fn paths() {
    replay("path", path::check);
}

#[test]
fn queries() {
    replay("query", query::check);
}

#[test]
fn bodies() {
    replay("json", json::check);
}

#[test]
fn connections() {
    replay("connection", connection::check);
}

#[test]
fn contexts() {
    replay("context", context::check);
}

#[test]
fn dockerfiles() {
    replay("dockerfile", dockerfile::check);
}
