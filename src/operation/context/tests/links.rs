//! Uploads, and where their links lead.

use super::archive::{Entry, pack};
use crate::operation::context::links;

/// The links that lead out of `/data/in`, as `NAME -> TARGET`.
fn out(entries: &[Entry]) -> Result<Vec<String>, String> {
    let links = links(&pack(entries)[..], "/data/in", super::LIMIT).map_err(|flaw| flaw.to_string())?;
    Ok(links.iter().map(|link| format!("{} -> {}", link.name, link.target)).collect())
}

#[track_caller]
fn assert_refused(entries: &[Entry], expected: &str) {
    assert!(out(entries).unwrap_err().contains(expected), "{:?}", out(entries));
}

#[test]
fn links_within_the_directory_say_nothing() {
    let entries = [
        Entry::directory("./"),
        Entry::directory("a/"),
        Entry::file("a/f", "x"),
        Entry::symlink("a/g", "f"),
        Entry::symlink("a/up", "../other"),
        Entry::symlink("whole", "/data/in"),
        Entry::symlink("deep", "/data/in/./a//b"),
        Entry::hard_link("a/h", "a/f"),
    ];
    assert_eq!(out(&entries), Ok(Vec::new()));
}

#[test]
fn links_out_of_it_say_where_they_lead() {
    for (name, target, expected) in
        [("l", "/etc", "l -> /etc"), ("l", "/data/in2", "l -> /data/in2"), ("l", "/", "l -> /")]
    {
        assert_eq!(out(&[Entry::symlink(name, target)]), Ok(vec![expected.to_owned()]), "{name} -> {target}");
    }
    // A long target stands in a record before its entry.
    let long = Entry::symlink("l", "in").behind(Entry::records(b'x', &[("linkpath", "/etc/passwd")]));
    assert_eq!(out(&[long]), Ok(vec!["l -> /etc/passwd".to_owned()]));
}

#[test]
fn the_root_holds_everything() {
    let links = links(&pack(&[Entry::symlink("l", "/etc")])[..], "/", super::LIMIT);
    assert_eq!(links, Ok(Vec::new()));
}

#[test]
fn what_could_be_written_elsewhere_is_refused() {
    assert_refused(&[Entry::symlink("l", "a"), Entry::file("l/f", "x")], "goes through a link");
    assert_refused(&[Entry::symlink("l", "a"), Entry::file("./x/../l/f", "x")], "goes through a link");
    assert_refused(
        &[Entry::symlink("l", "a"), Entry::directory("l/"), Entry::file("l/f", "x")],
        "goes through a link",
    );
    assert_refused(&[Entry::symlink("l", "a"), Entry::hard_link("h", "l")], "hard link to a link");
    assert_refused(&[Entry::hard_link("h", "../x")], "hard link out of");
    assert_refused(&[Entry::file("../x", "")], "leads out of");
    assert_refused(&[Entry::symlink("l", "/data/in/a/../../x")], "`..` behind a name");
    assert_refused(&[Entry::symlink("l", "a/../x")], "`..` out of");
    assert_refused(&[Entry::symlink("l", "..")], "`..` out of");
    assert_refused(&[Entry::directory("a/"), Entry::symlink("a/l", "../../x")], "`..` out of");
    // An earlier upload may have left a link where `a` stands.
    assert_refused(&[Entry::symlink("a/l", "../x")], "a directory that the archive does not make");
    // These have one hash where nobody chooses its key.
    assert_refused(
        &[Entry::directory("8724440db7e2a180/"), Entry::symlink("4cd747619578828f/l", "../x")],
        "a directory that the archive does not make",
    );
    assert_refused(&[Entry::new(b'3', "dev")], "a device or pipe");
    assert_refused(
        &[Entry::symlink("l", "a\u{fffd}").behind(Entry::records(b'g', &[("path", "x")]))],
        "archive",
    );
}
