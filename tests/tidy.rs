//! The structure, kept: who may name whom, what files are called, how long they are.

#![expect(clippy::unwrap_used, reason = "a test that cannot read the sources has failed")]

use std::fs;
use std::path::{Path, PathBuf};

/// The sources below `part`, each with its path relative to `src/`.
fn sources(part: &str) -> Vec<(String, String)> {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    let file = src.join(format!("{part}.rs"));
    if file.exists() {
        files.push(file);
    }
    let folder = src.join(part);
    if folder.is_dir() {
        walk(&folder, &mut files);
    }
    assert!(!files.is_empty(), "there is no part {part}");
    files
        .into_iter()
        .map(|file| {
            (file.strip_prefix(&src).unwrap().display().to_string(), fs::read_to_string(file).unwrap())
        })
        .collect()
}

fn walk(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            walk(&path, files);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
}

/// The lines of `text` that are code, without those of its tests, which stand last.
fn code(text: &str) -> impl Iterator<Item = &str> {
    text.lines()
        .take_while(|line| !line.starts_with("#[cfg(test)]"))
        .filter(|line| !line.trim_start().starts_with("//"))
}

/// An archive is read from whatever reads: that is no input or output of its own.
fn is_read_from(file: &str, word: &str) -> bool {
    let files = ["operation/build.rs", "operation/inside.rs", "operation/upload.rs"];
    word == "std::io" && (files.contains(&file) || file.starts_with("operation/context"))
}

fn assert_unnamed(part: &str, words: &[&str], why: &str) {
    for (file, text) in sources(part) {
        for line in code(&text) {
            for word in words.iter().filter(|word| !is_read_from(&file, word)) {
                assert!(!line.contains(word), "src/{file} names `{word}`, but {why}:\n{line}");
            }
        }
    }
}

const OUTSIDE: [&str; 12] = [
    "tokio",
    "hyper",
    "std::fs",
    "std::net",
    "std::env",
    "std::io",
    "std::time",
    "std::thread",
    "SystemTime",
    "tracing",
    "nix::",
    "socket2",
];

#[test]
fn operation_and_policy_are_pure() {
    assert_unnamed("operation", &OUTSIDE, "reading a request must not depend on anything but the request");
    assert_unnamed("policy", &OUTSIDE, "the same inputs must have the same verdict");
    assert_unnamed(
        "operation",
        &["crate::policy", "crate::audit", "crate::daemon", "crate::gate"],
        "it comes first",
    );
    assert_unnamed(
        "policy",
        &["crate::audit", "crate::daemon", "crate::gate"],
        "judging knows nothing of them",
    );
}

#[test]
fn audit_names_neither_gate_nor_daemon() {
    assert_unnamed(
        "audit",
        &["crate::gate", "crate::daemon"],
        "records must not depend on what happens to them",
    );
}

#[test]
fn the_parts_below_do_not_name_those_above() {
    assert_unnamed(
        "daemon",
        &["crate::gate", "crate::policy"],
        "the daemon is asked what was recorded, no more",
    );
    assert_unnamed(
        "reload",
        &["crate::gate", "crate::daemon"],
        "which policy is in force does not depend on who is judged by it",
    );
    assert_unnamed("metrics", &["crate::gate", "crate::admin"], "counting knows nothing of who counts");
    assert_unnamed("gate", &["crate::admin"], "clients are served whether or not anybody asks how it goes");
    assert_unnamed("wire", &["crate::"], "it serves them all");
    assert_unnamed("settings", &["crate::"], "it serves them all");
    for part in [
        "client",
        "operation",
        "policy",
        "audit",
        "daemon",
        "gate",
        "admin",
        "metrics",
        "reload",
        "settings",
        "wire",
    ] {
        assert_unnamed(part, &["crate::command"], "only the command line names commands");
    }
}

#[test]
fn main_does_nothing() {
    assert!(sources("main")[0].1.lines().count() < 30);
}

#[test]
fn files_are_named_after_the_one_thing_in_them() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut files = Vec::new();
    walk(&root.join("src"), &mut files);
    walk(&root.join("tests"), &mut files);
    for file in files {
        let name = file.file_stem().unwrap().to_str().unwrap();
        for vague in ["mod", "utils", "util", "helpers", "common", "types", "misc"] {
            assert_ne!(name, vague, "{} says nothing of what is in it", file.display());
        }
        let lines = fs::read_to_string(&file).unwrap().lines().count();
        assert!(lines <= 600, "{} has {lines} lines: are there two things in it?", file.display());
    }
}
