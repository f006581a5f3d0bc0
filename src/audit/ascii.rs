//! JSON in ASCII, so that no text of a client's can disguise a line.
//!
//! JSON's own escapes keep control characters below U+0020 out. What is left could still play with a
//! reader's terminal: C1 controls, directional overrides, line separators, look-alikes.

use std::io::{self, Write};

use serde::Serialize;
use serde_json::ser::{Formatter, Serializer};

/// Appends a value as JSON, everything beyond printable ASCII escaped.
pub(super) fn write(value: &impl Serialize, out: &mut Vec<u8>) -> serde_json::Result<()> {
    value.serialize(&mut Serializer::with_formatter(out, Ascii))
}

/// Whether a text stands in JSON as it is.
pub(super) fn is_plain(text: &str) -> bool {
    has_none(text, |byte| is_unprintable(byte) | u8::from(byte == b'"') | u8::from(byte == b'\\'))
}

/// Whether nothing in a text needs an escape but quotes and backslashes.
pub(super) fn is_printable(text: &str) -> bool {
    has_none(text, is_unprintable)
}

/// 1 where a byte is none of printable ASCII, else 0.
fn is_unprintable(byte: u8) -> u8 {
    u8::from(!(b' '..=b'~').contains(&byte))
}

/// Whether a text has no byte for which this is 1.
fn has_none(text: &str, is_special: impl Fn(u8) -> u8) -> bool {
    // Without branches within a chunk, so that it is looked at all at once.
    let is_plain = |chunk: &[u8; 16]| chunk.iter().fold(0, |any, byte| any | is_special(*byte)) == 0;
    let bytes = text.as_bytes();
    match bytes.last_chunk() {
        Some(last) => bytes.as_chunks().0.iter().all(is_plain) && is_plain(last),
        None => bytes.iter().all(|byte| is_special(*byte) == 0),
    }
}

struct Ascii;

impl Formatter for Ascii {
    fn write_string_fragment<W: ?Sized + Write>(&mut self, writer: &mut W, fragment: &str) -> io::Result<()> {
        if is_printable(fragment) {
            return writer.write_all(fragment.as_bytes());
        }
        for run in fragment.split_inclusive(is_escaped) {
            let (plain, last) = match run.char_indices().next_back() {
                Some((at, last)) if is_escaped(last) => (run.get(..at).unwrap_or(""), Some(last)),
                Some(_) | None => (run, None),
            };
            writer.write_all(plain.as_bytes())?;
            for unit in last.into_iter().flat_map(|last| last.encode_utf16(&mut [0; 2]).to_vec()) {
                write!(writer, "\\u{unit:04x}")?;
            }
        }
        Ok(())
    }
}

fn is_escaped(character: char) -> bool {
    !(' '..='~').contains(&character)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whatever_the_text_it_is_one_line_of_ascii_that_reads_back() {
        let text = "a\"b\\c\n\r\0\u{7f}\u{85}ä\u{202e}\u{2028}\u{1f40b}z\u{1f40b}";
        let mut out = Vec::new();
        write(&text, &mut out).unwrap();
        assert!(out.iter().all(|byte| (b' '..=b'~').contains(byte)), "{}", String::from_utf8_lossy(&out));
        assert_eq!(serde_json::from_slice::<String>(&out).unwrap(), text);
    }

    #[test]
    fn a_plain_text_is_one_without_escapes() {
        for length in [1, 15, 16, 17, 40] {
            for character in ('\0'..='\u{ff}').chain(['\u{2028}', '\u{1f40b}']) {
                for at in [0, length - 1] {
                    let mut text = "a".repeat(length);
                    text.insert(at, character);
                    let mut out = Vec::new();
                    write(&text, &mut out).unwrap();
                    assert_eq!(is_plain(&text), out == format!("\"{text}\"").as_bytes(), "{text:?}");
                }
            }
        }
    }
}
