//! Bodies, as dockgate reads them and as Go's encoding/json does, by which the daemon reads: what dockgate accepts, Go must
//! understand as the same values in the same fields.
#![expect(
    clippy::arithmetic_side_effects,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::print_stderr,
    clippy::unwrap_used,
    reason = "this is test code; clippy.toml frees only the test functions themselves"
)]

mod bodies;
mod go;
mod understood;

use bodies::Bodies;
use dockgate::operation::Json;
use dockgate::operation::field::Kind;
use dockgate::operation::table::{self, BodyKind};
use go::Go;
use understood::Understood;

/// How many bodies are made of each kind.
const EACH: usize = 1500;

#[test]
fn what_is_read_is_what_go_reads() {
    let (names, kinds): (Vec<&str>, Vec<Kind>) = table::endpoints()
        .filter_map(|endpoint| match endpoint.body {
            BodyKind::Json { kind, guard: _ } => Some((endpoint.id, kind)),
            BodyKind::None | BodyKind::Tar => None,
        })
        .unzip();
    let go = Go::new(&kinds);
    let mut made = Bodies::new(1);
    // Each body that is accepted goes to Go twice: as it came, and as it is written anew.
    let mut sent = Vec::new();
    let mut read = Vec::new();
    for (number, kind) in (0..).zip(&kinds) {
        for _ in 0..EACH {
            let body = made.body(*kind);
            let Ok(json) = Json::read(&body, *kind) else { continue };
            let mut written = String::new();
            json.write(&mut written);
            let written = written.into_bytes();
            assert_eq!(Json::read(&written, *kind).as_ref(), Ok(&json), "{}", String::from_utf8_lossy(&body));
            sent.extend([(number, body), (number, written)]);
            read.push((number, json));
        }
    }
    let answers = go.understand(&sent);
    for ((number, json), (bodies, answers)) in read.iter().zip(sent.chunks(2).zip(answers.chunks(2))) {
        let kind = kinds[usize::try_from(*number).unwrap()];
        let own = Understood::of(json, kind);
        for ((_, body), answer) in bodies.iter().zip(answers) {
            let name = names[usize::try_from(*number).unwrap()];
            let body = String::from_utf8_lossy(body);
            let answer = answer.as_ref().unwrap_or_else(|| panic!("{name}: Go refuses {body}"));
            let theirs = Understood::of(&Json::read(answer, kind).unwrap(), kind);
            assert_eq!(own, theirs, "{name}: {body}\nGo: {}", String::from_utf8_lossy(answer));
        }
    }
    let total = EACH * kinds.len();
    eprintln!(
        "{} of {total} bodies of {} kinds were accepted, and understood by Go as they were here",
        read.len(),
        kinds.len()
    );
    assert!(read.len() > total / 4, "too few to say anything: {}", read.len());
}
