#![expect(clippy::arithmetic_side_effects, clippy::string_slice, reason = "what a test does wrong may panic")]

use std::fs;
use std::path::{Path, PathBuf};

use super::*;
use crate::audit::head::{Head, Said};
use crate::audit::tests::write_log;
use crate::settings::AuditSettings;

const KEY: &str = include_str!("../../signature/tests/seal_key.pub");

/// A log, and what is done to its text.
struct Bench {
    _directory: tempfile::TempDir,
    path: PathBuf,
    lines: Vec<String>,
}

impl Bench {
    fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("log");
        let key = concat!(env!("CARGO_MANIFEST_DIR"), "/src/audit/signature/tests/seal_key");
        let settings = AuditSettings { seal_key: Some(key.into()), ..AuditSettings::default() };
        write_log(&path, &settings, 3);
        write_log(&path, &settings, 2);
        let lines: Vec<_> =
            fs::read_to_string(&path).unwrap().split_inclusive('\n').map(str::to_owned).collect();
        Self { _directory: directory, path, lines }
    }

    fn verify_text(&self, text: impl AsRef<[u8]>) -> Result<Verified, (u64, String)> {
        fs::write(&self.path, text).unwrap();
        verify(&self.path, &Verifier::default())
    }
}

/// What is said of a log: of a break, its line and what it is.
fn verify(path: &Path, verifier: &Verifier) -> Result<Verified, (u64, String)> {
    let log = Log::of(path).unwrap();
    verifier.verify(&log, &mut |_| {}).unwrap().map_err(|found| {
        let line = found.place.rsplit(':').next().unwrap().parse().unwrap();
        (line, found.what)
    })
}

fn line_of(bench: &Bench, offset: usize) -> u64 {
    let text = bench.lines.concat();
    u64::try_from(text[..offset].matches('\n').count()).unwrap() + 1
}

#[test]
fn a_log_as_it_was_written_is_whole() {
    let bench = Bench::new();
    let last = u64::try_from(bench.lines.len()).unwrap();
    let verified = verify(&bench.path, &Verifier::default()).unwrap();
    let key = "SHA256:4ggNGvsYiJiKt3A3YslK2gVjImJmXx3L7hwAKk0HVsU".to_owned();
    assert_eq!(
        verified,
        Verified {
            first: 1,
            last,
            seals: 2,
            signed: 2,
            keys: [key].into(),
            last_seal: Some(last),
            headless: 0,
            last_headless: None,
            lost: 0,
            removed: None,
            end: End::Whole,
            head_behind: None
        }
    );
    let with_key = Verifier::default().with_keys(KEY).unwrap();
    assert_eq!(verify(&bench.path, &with_key), Ok(verified));
}

#[test]
fn a_byte_that_is_changed_anywhere_shows_in_its_line() {
    let bench = Bench::new();
    let text = bench.lines.concat().into_bytes();
    // Without its newline the last line is no line yet: that shows as a record that is cut off.
    for at in (0..text.len() - 1).step_by(3) {
        let mut changed = text.clone();
        changed[at] ^= 1;
        let (line, what) = bench.verify_text(&changed).expect_err(&format!("byte {at}"));
        // A newline that is gone joins two lines, of which the second is missing then.
        let expected = line_of(&bench, at) + u64::from(text[at] == b'\n' && line != line_of(&bench, at));
        assert_eq!(line, expected, "byte {at}: {what}");
    }
}

#[test]
fn a_line_that_is_taken_out_shows_where_it_was() {
    let bench = Bench::new();
    for at in 0..bench.lines.len() {
        let mut lines = bench.lines.clone();
        lines.remove(at);
        let (line, what) = bench.verify_text(lines.concat()).unwrap_err();
        let number = u64::try_from(at).unwrap() + 1;
        assert!(what.starts_with(&format!("record {number} is missing")), "{what}");
        assert_eq!(line, number.min(u64::try_from(lines.len()).unwrap()));
    }
    let mut lines = bench.lines.clone();
    lines.drain(2..5);
    let (line, what) = bench.verify_text(lines.concat()).unwrap_err();
    assert_eq!((line, what.as_str()), (3, "records 3 to 5 are missing: record 6 stands behind record 2"));
}

#[test]
fn lines_that_are_moved_or_put_in_twice_show() {
    let bench = Bench::new();
    for one in 0..bench.lines.len() {
        for two in one + 1..bench.lines.len() {
            let mut lines = bench.lines.clone();
            lines.swap(one, two);
            let (line, what) = bench.verify_text(lines.concat()).unwrap_err();
            assert!(what.contains("reordered") || what.contains("missing: the log begins"), "{what}");
            assert_eq!(line, u64::try_from(one).unwrap() + 1);
        }
        let mut lines = bench.lines.clone();
        lines.insert(one, lines[one].clone());
        let (line, what) = bench.verify_text(lines.concat()).unwrap_err();
        assert!(what.contains("put in twice") || what.starts_with("a new chain begins"), "{what}");
        assert_eq!(line, u64::try_from(one).unwrap() + 2);
    }
}

#[test]
fn a_log_that_is_cut_off_anywhere_shows_where() {
    let bench = Bench::new();
    let text = bench.lines.concat();
    let ends = (0..text.len() - 1).filter(|at| at % 7 == 0 || text[*at..].starts_with(['}', '\n']));
    for at in ends {
        let (line, what) = bench.verify_text(&text[..at]).expect_err(&format!("cut at {at}"));
        let whole = u64::try_from(text[..at].matches('\n').count()).unwrap();
        // A last record that lacks only its newline is there.
        let whole = whole + u64::from(text[at..].starts_with('\n'));
        assert!(what.contains("missing"), "{what}");
        assert_eq!(line, whole.max(1), "cut at {at}: {what}");
    }
    fs::remove_file(format!("{}.head", bench.path.display())).unwrap();
    assert_eq!(bench.verify_text(bench.lines[..6].concat()).unwrap().end, End::Unknown);
}

#[test]
fn a_log_that_ended_before_its_first_record_lacks_nothing() {
    let bench = Bench::new();
    fs::write(&bench.path, "").unwrap();
    Head::beside(&bench.path, None).put(Said::START).unwrap();
    let verified = verify(&bench.path, &Verifier::default()).unwrap();
    assert_eq!((verified.last, verified.end), (0, End::Whole));
}

#[test]
fn a_head_that_is_behind_tells_of_the_end_no_more() {
    let bench = Bench::new();
    let link = Link { sequence: 3, hash: Hash::of(bench.lines[2].as_bytes()) };
    Head::beside(&bench.path, None).put(Said { link, ..Said::START }).unwrap();
    let verified = bench.verify_text(bench.lines[..6].concat()).unwrap();
    assert_eq!((verified.end, verified.head_behind), (End::Whole, Some(3)));
}

#[test]
fn what_is_put_in_shows() {
    let bench = Bench::new();
    for at in 0..=bench.lines.len() {
        let mut lines = bench.lines.clone();
        lines.insert(at, "something\n".to_owned());
        let (line, what) = bench.verify_text(lines.concat()).unwrap_err();
        assert_eq!(line, u64::try_from(at).unwrap() + 1, "{what}");
        assert!(what.starts_with("this line is no record"), "{what}");
    }
}

/// The fields of a line but for those that its place in the chain gives it.
fn fields(line: &str) -> &str {
    let start = line.find(",\"time\"").unwrap();
    line[start..].strip_suffix("}\n").unwrap()
}

#[test]
fn a_chain_made_up_anew_lacks_its_signatures() {
    let bench = Bench::new();
    // Whoever can write the file can also compute hashes.
    let (mut link, mut forged) = (Link::START, Vec::new());
    for line in bench.lines.iter().filter(|line| !line.contains("\"event\":\"judged\"")) {
        link.append(fields(line).as_bytes(), &mut forged);
    }
    fs::write(&bench.path, &forged).unwrap();
    fs::remove_file(format!("{}.head", bench.path.display())).unwrap();
    let (_, what) = verify(&bench.path, &Verifier::default()).unwrap_err();
    assert!(what.ends_with("its signature does not fit what it signs"), "{what}");

    let unsigned: Vec<u8> = {
        let (mut link, mut forged) = (Link::START, Vec::new());
        for line in bench.lines.iter().filter(|line| !line.contains("\"event\":\"seal\"")) {
            link.append(fields(line).as_bytes(), &mut forged);
        }
        link.append(b",\"time\":\"now\",\"event\":\"seal\",\"why\":\"closing\"", &mut forged);
        forged
    };
    fs::write(&bench.path, unsigned).unwrap();
    assert!(
        verify(&bench.path, &Verifier::default()).is_ok(),
        "without a key there is nothing to tell it by"
    );
    let verifier = Verifier::default().with_keys(KEY).unwrap();
    let (_, what) = verify(&bench.path, &verifier).unwrap_err();
    assert!(what.ends_with("is not signed"), "{what}");
}

#[test]
fn a_log_without_a_seal_is_nothing_that_a_key_vouches_for() {
    let bench = Bench::new();
    let verifier = Verifier::default().with_keys(KEY).unwrap();
    let (mut link, mut forged) = (Link::START, Vec::new());
    for line in bench.lines.iter().filter(|line| !line.contains("\"event\":\"seal\"")) {
        link.append(fields(line).as_bytes(), &mut forged);
    }
    fs::remove_file(format!("{}.head", bench.path.display())).unwrap();
    for text in [forged, Vec::new()] {
        fs::write(&bench.path, text).unwrap();
        let (_, what) = verify(&bench.path, &verifier).unwrap_err();
        assert!(what.starts_with("there is no seal, and so nothing that the key vouches for"), "{what}");
    }
}

#[test]
fn another_key_is_not_the_key() {
    let bench = Bench::new();
    let verifier =
        Verifier::default().with_keys(include_str!("../../signature/tests/other_key.pub")).unwrap();
    let (line, what) = verify(&bench.path, &verifier).unwrap_err();
    assert_eq!(
        line,
        u64::try_from(bench.lines.iter().position(|l| l.contains("\"seal\"")).unwrap()).unwrap() + 1
    );
    assert!(what.contains("is signed by another key"), "{what}");
}

#[test]
fn a_log_without_its_beginning_is_told_or_allowed() {
    let bench = Bench::new();
    let (line, what) = bench.verify_text(bench.lines[4..].concat()).unwrap_err();
    assert_eq!((line, what.as_str()), (1, "records 1 to 4 are missing: the log begins with record 5"));
    let verified = verify(&bench.path, &Verifier::default().partial()).unwrap();
    assert_eq!((verified.first, verified.end), (5, End::Whole));
}

#[test]
fn a_torn_line_is_accounted_for_or_shows() {
    let bench = Bench::new();
    let text = bench.lines.concat();
    let torn = bench.verify_text(format!("{text}{{\"schema\":1,\"se")).unwrap();
    assert_eq!(torn.end, End::Torn);
    write_log(&bench.path, &AuditSettings::default(), 1);
    let verified = verify(&bench.path, &Verifier::default()).unwrap();
    assert_eq!(verified.end, End::Whole);
    let text = fs::read_to_string(&bench.path).unwrap();
    assert!(text.contains(r#""torn":{"bytes":15,"#), "{text}");
}

#[test]
fn records_that_were_gone_at_a_start_stay_missing() {
    let bench = Bench::new();
    fs::write(&bench.path, bench.lines[..5].concat()).unwrap();
    write_log(&bench.path, &AuditSettings::default(), 1);
    let (line, what) = verify(&bench.path, &Verifier::default()).unwrap_err();
    let last = bench.lines.len();
    assert_eq!(line, 6);
    assert_eq!(what, format!("records 6 to {last} are missing: record {} stands behind record 5", last + 1));
    let text = fs::read_to_string(&bench.path).unwrap();
    assert!(text.contains(&format!(r#""missing":{{"from":6,"to":{last}}}"#)), "{text}");
}

#[test]
fn a_compressed_file_that_is_cut_off_or_damaged_shows() {
    use std::io::Write as _;
    let bench = Bench::new();
    let moved = bench.path.with_file_name("log.1.gz");
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(bench.lines.concat().as_bytes()).unwrap();
    let compressed = encoder.finish().unwrap();
    fs::write(&moved, &compressed).unwrap();
    fs::remove_file(&bench.path).unwrap();
    write_log(&bench.path, &AuditSettings::default(), 1);
    assert_eq!(verify(&bench.path, &Verifier::default()).unwrap().end, End::Whole);
    let mut changed = compressed.clone();
    changed[compressed.len() - 6] ^= 1;
    for bytes in [&compressed[..compressed.len() / 2], &changed] {
        fs::write(&moved, bytes).unwrap();
        let log = Log::of(&bench.path).unwrap();
        let found = Verifier::default().verify(&log, &mut |_| {}).unwrap().unwrap_err();
        assert_eq!(found.place, moved.display().to_string());
        assert!(found.what.starts_with("the compressed file is damaged, or was cut off"), "{found:?}");
    }
}

#[test]
fn the_chain_runs_across_files() {
    let bench = Bench::new();
    let moved = bench.path.with_file_name("log.1");
    fs::rename(&bench.path, &moved).unwrap();
    write_log(&bench.path, &AuditSettings::default(), 1);
    let whole = verify(&bench.path, &Verifier::default()).unwrap();
    assert_eq!((whole.first, whole.end), (1, End::Whole));
    fs::write(&moved, bench.lines[..3].concat()).unwrap();
    let log = Log::of(&bench.path).unwrap();
    let found = Verifier::default().verify(&log, &mut |_| {}).unwrap().unwrap_err();
    assert_eq!(found.place, format!("{}:1", bench.path.display()));
    assert!(found.what.starts_with("records 4 to "), "{found:?}");
}
