//! Records as JSON, written straight into the buffer in which they wait: on one line, in ASCII.

use super::ascii;
use crate::operation::version::ApiVersion;

/// Appends JSON to a buffer. Each field and item brings a comma along; that of the first is made the bracket which
/// opens what it is in.
#[derive(Debug)]
pub(super) struct Line<'o> {
    out: &'o mut Vec<u8>,
}

impl<'o> Line<'o> {
    pub(super) fn new(out: &'o mut Vec<u8>) -> Self {
        Self { out }
    }

    /// The name of a field, which its value is to follow.
    #[inline]
    pub(super) fn key(&mut self, name: &'static str) -> &mut Self {
        self.out.extend_from_slice(b",\"");
        self.out.extend_from_slice(name.as_bytes());
        self.out.extend_from_slice(b"\":");
        self
    }

    /// Fields that were written before.
    pub(super) fn fields(&mut self, fields: &[u8]) {
        self.out.extend_from_slice(fields);
    }

    /// An object, of the fields that `fields` writes.
    pub(super) fn object(&mut self, fields: impl FnOnce(&mut Self)) {
        self.enclosed(b'{', b'}', fields);
    }

    /// An array, of the items that `item` writes.
    pub(super) fn array<T>(
        &mut self,
        items: impl IntoIterator<Item = T>,
        mut item: impl FnMut(&mut Self, T),
    ) {
        self.enclosed(b'[', b']', |line| {
            for each in items {
                line.out.push(b',');
                item(line, each);
            }
        });
    }

    fn enclosed(&mut self, open: u8, close: u8, inside: impl FnOnce(&mut Self)) {
        let start = self.out.len();
        inside(self);
        match self.out.get_mut(start) {
            Some(comma) => *comma = open,
            None => self.out.push(open),
        }
        self.out.push(close);
    }

    /// Any text.
    pub(super) fn text(&mut self, text: &str) {
        if ascii::is_plain(text) {
            self.plain(text.as_bytes());
        } else if ascii::is_printable(text) {
            self.out.push(b'"');
            let is_escaped = |byte: &u8| matches!(byte, b'"' | b'\\');
            for run in text.as_bytes().chunk_by(|_, next| !is_escaped(next)) {
                if run.first().is_some_and(is_escaped) {
                    self.out.push(b'\\');
                }
                self.out.extend_from_slice(run);
            }
            self.out.push(b'"');
        } else {
            // Writing to a vector cannot fail.
            ascii::write(&text, self.out).unwrap_or_default();
        }
    }

    /// A word of dockgate's own, or of its endpoint table.
    #[inline]
    pub(super) fn word(&mut self, word: &'static str) {
        self.plain(word.as_bytes());
    }

    /// Text that needs no escapes.
    #[inline]
    pub(super) fn plain(&mut self, text: &[u8]) {
        self.out.push(b'"');
        self.out.extend_from_slice(text);
        self.out.push(b'"');
    }

    /// A version as text.
    pub(super) fn version(&mut self, version: ApiVersion) {
        let (major, minor) = version.numbers();
        self.out.push(b'"');
        self.number(major);
        self.out.push(b'.');
        self.number(minor);
        self.out.push(b'"');
    }

    #[inline]
    pub(super) fn number(&mut self, number: impl itoa::Integer) {
        self.out.extend_from_slice(itoa::Buffer::new().format(number).as_bytes());
    }

    pub(super) fn null(&mut self) {
        self.out.extend_from_slice(b"null");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_written_as_json_writes_it() {
        for character in ('\0'..='\u{ff}').chain(['\u{2028}', '\u{1f40b}']) {
            for text in
                [format!("{character}"), format!("a{character}b\"c{character}"), format!("\\{character}")]
            {
                let (mut written, mut expected) = (Vec::new(), Vec::new());
                Line::new(&mut written).text(&text);
                ascii::write(&text, &mut expected).unwrap();
                assert_eq!(written, expected, "{text:?}");
            }
        }
    }

    #[test]
    fn commas_stand_between_and_nowhere_else() {
        let mut out = b"before".to_vec();
        Line::new(&mut out).object(|line| {
            line.key("empty").object(|_| {});
            line.key("none").array([0; 0], |_, _| {});
            line.key("some").array([1, -2], Line::number);
            line.key("all").array(["", "\"\u{e4}"], |line, text| {
                line.object(|line| {
                    line.key("text").text(text);
                    line.key("word").word("a");
                    line.key("null").null();
                });
            });
        });
        assert_eq!(
            String::from_utf8(out).unwrap(),
            r#"before{"empty":{},"none":[],"some":[1,-2],"all":[{"text":"","word":"a","null":null},{"text":"\"\u00e4","word":"a","null":null}]}"#
        );
    }
}
