//! The chain: each record carries the hash of the line before it, so that no line can be changed, taken out
//! or moved without all behind it telling.

use std::fmt;

use sha2::{Digest as _, Sha256};

use super::hex::hex;
use super::line::Line;
use super::record::SCHEMA;

/// How the line of a record begins.
const BEGINNING: &[u8] = b"{\"schema\":1,\"sequence\":";

/// Whether a file that begins so can be one of records: it is empty, or begins with one, or with part of one. Where that
/// could not be cut off it is a line of its own, and so is what a failed write left behind it.
pub(super) fn is_beginning(bytes: &[u8]) -> bool {
    let mut lines = bytes.split(|byte| *byte == b'\n');
    lines.find(|line| !BEGINNING.starts_with(line)).is_none_or(|line| line.starts_with(BEGINNING))
}

/// The first record of a file that begins so, behind what was torn and could not be cut off.
pub(super) fn first_record(bytes: &[u8]) -> Option<Linked<'_>> {
    let is_part = |line: &&[u8]| BEGINNING.starts_with(line) || line.starts_with(BEGINNING);
    bytes.split(|byte| *byte == b'\n').take_while(is_part).find_map(Linked::read)
}

/// The SHA-256 of a line, its newline included, as `sha256sum` would say.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct Hash([u8; 32]);

/// A place in the chain: the last record so far.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Link {
    /// Its number; 0 where there is none yet.
    pub(super) sequence: u64,
    /// The hash of its line.
    pub(super) hash: Hash,
}

impl Link {
    /// Before the first record.
    pub(super) const START: Self = Self { sequence: 0, hash: Hash([0; 32]) };

    /// Appends a record, which is given by its fields, as a line, and is then its place.
    pub(super) fn append(&mut self, fields: &[u8], lines: &mut Vec<u8>) {
        let start = lines.len();
        let sequence = self.sequence.saturating_add(1);
        Line::new(lines).object(|line| {
            line.key("schema").number(SCHEMA);
            line.key("sequence").number(sequence);
            line.key("previous").plain(hex(self.hash.0).as_flattened());
            line.fields(fields);
        });
        lines.push(b'\n');
        *self = Self { sequence, hash: Hash::of(lines.get(start..).unwrap_or_default()) };
    }
}

/// What a line says of its place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Linked<'l> {
    pub(super) sequence: u64,
    pub(super) previous: Hash,
    /// When, as text.
    pub(super) time: &'l [u8],
    /// What happened, as a code.
    pub(super) event: &'l [u8],
    /// What stands behind that.
    pub(super) rest: &'l [u8],
}

impl<'l> Linked<'l> {
    /// Reads the beginning of a line; nothing where it is not one that dockgate writes.
    pub(super) fn read(line: &'l [u8]) -> Option<Self> {
        let rest = line.strip_prefix(BEGINNING)?;
        let (digits, rest) = rest.split_at_checked(memchr::memchr(b',', rest)?)?;
        let sequence = digits.iter().try_fold(0_u64, |number, digit| {
            let digit = digit.is_ascii_digit().then(|| digit.wrapping_sub(b'0'))?;
            number.checked_mul(10)?.checked_add(u64::from(digit))
        })?;
        let rest = rest.strip_prefix(b",\"previous\":\"")?;
        let (previous, rest) = rest.split_at_checked(64)?;
        let rest = rest.strip_prefix(b"\",\"time\":\"")?;
        let (time, rest) = rest.split_at_checked(memchr::memchr(b'"', rest)?)?;
        let rest = rest.strip_prefix(b"\",\"event\":\"")?;
        let (event, rest) = rest.split_at_checked(memchr::memchr(b'"', rest)?)?;
        Some(Self { sequence, previous: Hash::read(previous)?, time, event, rest })
    }

    /// The id of the request that the record is about.
    pub(super) fn id(&self) -> Option<&'l [u8]> {
        let rest = self.rest.strip_prefix(b"\",\"id\":\"")?;
        rest.get(..memchr::memchr(b'"', rest)?)
    }
}

impl Hash {
    /// The hash of some bytes.
    pub(super) fn of(bytes: &[u8]) -> Self {
        Self(Sha256::digest(bytes).into())
    }

    /// Reads 64 hexadecimal digits, small letters only.
    pub(super) fn read(hex: &[u8]) -> Option<Self> {
        let mut hash = [0; 32];
        let (pairs, rest) = hex.as_chunks::<2>();
        if pairs.len() != hash.len() || !rest.is_empty() {
            return None;
        }
        for (byte, [high, low]) in hash.iter_mut().zip(pairs) {
            *byte = digit(*high)?.checked_shl(4)? | digit(*low)?;
        }
        Some(Self(hash))
    }
}

fn digit(character: u8) -> Option<u8> {
    match character {
        b'0'..=b'9' => character.checked_sub(b'0'),
        b'a'..=b'f' => character.checked_sub(b'a')?.checked_add(10),
        _ => None,
    }
}

impl fmt::Display for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(str::from_utf8(hex(self.0).as_flattened()).unwrap_or_default())
    }
}

impl fmt::Debug for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hash_is_written_and_read_as_sha256sum_writes_it() {
        let hash = Hash::of(b"abc\n");
        let hex = "edeaaff3f1774ad2888673770c6d64097e391bc362d7d6fb34982ddf0efd18cb";
        assert_eq!(hash.to_string(), hex);
        assert_eq!(Hash::read(hex.as_bytes()), Some(hash));
        for wrong in ["", &format!("{hex}0"), &hex.to_uppercase(), &hex.replace('e', "g")] {
            assert_eq!(Hash::read(wrong.as_bytes()), None);
        }
    }

    #[test]
    fn a_line_says_where_it_belongs() {
        let (mut place, mut line) = (Link { sequence: 41, hash: Hash::of(b"") }, Vec::new());
        place.append(b",\"time\":\"now\",\"event\":\"seal\",\"why\":\"closing\"", &mut line);
        let read = Linked::read(&line).unwrap();
        assert_eq!((read.sequence, read.previous, read.event), (42, Hash::of(b""), b"seal".as_slice()));
        for end in 0..line.len() {
            // Nothing breaks.
            Linked::read(&line[..end]);
        }
        assert_eq!(Linked::read(b"{\"schema\":1,\"sequence\":99999999999999999999,"), None);
    }

    #[test]
    fn a_file_of_records_may_begin_with_what_was_torn() {
        let (mut link, mut record) = (Link::START, Vec::new());
        link.append(b",\"time\":\"now\",\"event\":\"gap\"", &mut record);
        for torn in [
            "",
            "\n",
            "{\n",
            "{\"schema\":1,\"se\n",
            "{\n\n{\"sch\n",
            "{\"schema\":1,\"sequence\":1,\"prev\n",
        ] {
            let file = [torn.as_bytes(), &record].concat();
            for end in 0..=file.len() {
                assert!(is_beginning(&file[..end]), "{}", String::from_utf8_lossy(&file[..end]));
            }
            assert_eq!(first_record(&file).map(|first| (first.sequence, first.time)), Some((1, &b"now"[..])));
        }
        for other in ["x", "\nx", "{\n  \"a\": 1\n}\n", "{\n}", "{\"schema\":1,\"se\n\0"] {
            assert!(!is_beginning(other.as_bytes()), "{other}");
            assert_eq!(first_record(&[other.as_bytes(), b"\n", &record].concat()), None);
        }
    }

    #[test]
    fn each_line_carries_the_hash_of_the_one_before() {
        let (mut link, mut lines) = (Link::START, Vec::new());
        link.append(b",\"event\":\"a\"", &mut lines);
        let first = lines.len();
        link.append(b",\"event\":\"b\"", &mut lines);
        let text = String::from_utf8(lines).unwrap();
        let (one, two) = text.split_at(first);
        let zeros = "0".repeat(64);
        assert_eq!(
            one,
            format!("{{\"schema\":1,\"sequence\":1,\"previous\":\"{zeros}\",\"event\":\"a\"}}\n")
        );
        let hash = Hash::of(one.as_bytes());
        assert_eq!(two, format!("{{\"schema\":1,\"sequence\":2,\"previous\":\"{hash}\",\"event\":\"b\"}}\n"));
        assert_eq!(link, Link { sequence: 2, hash: Hash::of(two.as_bytes()) });
    }
}
