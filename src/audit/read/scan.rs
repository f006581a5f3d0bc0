//! Looking for a field in a line without reading the line: what dockgate writes has each of these keys once, and no
//! quotation mark within a text that is not escaped.

use std::sync::LazyLock;

use memchr::memmem::Finder;

/// A field that holds a text, or begins with one.
pub(super) struct Key(LazyLock<Finder<'static>>);

pub(super) static NAMES: Key = Key(LazyLock::new(|| Finder::new("\"names\":[\"")));
pub(super) static ADDRESS: Key = Key(LazyLock::new(|| Finder::new("\"address\":\"")));
pub(super) static LISTENER: Key = Key(LazyLock::new(|| Finder::new("\"listener\":\"")));
pub(super) static OPERATION: Key = Key(LazyLock::new(|| Finder::new("\"operation\":\"")));
pub(super) static DECISION: Key = Key(LazyLock::new(|| Finder::new("\"decision\":\"")));
pub(super) static REASON: Key = Key(LazyLock::new(|| Finder::new("\"reason\":\"")));
pub(super) static RULE: Key = Key(LazyLock::new(|| Finder::new("\"rules\":[{\"name\":\"")));
pub(super) static END: Key = Key(LazyLock::new(|| Finder::new("\"end\":\"")));
pub(super) static UID: Key = Key(LazyLock::new(|| Finder::new("\"uid\":")));
pub(super) static DURATION: Key = Key(LazyLock::new(|| Finder::new("\"duration_us\":")));
pub(super) static DAEMON_STATUS: Key = Key(LazyLock::new(|| Finder::new("\"daemon_status\":")));
pub(super) static LOST: Key = Key(LazyLock::new(|| Finder::new("\"lost\":")));

impl Key {
    /// The text as it stands in the line, its escapes with it.
    pub(super) fn text<'l>(&self, line: &'l [u8]) -> Option<&'l [u8]> {
        let rest = self.behind(line)?;
        let mut end = 0_usize;
        loop {
            match *rest.get(end..).and_then(|rest| rest.get(memchr::memchr2(b'"', b'\\', rest)?..)).map(
                |found| {
                    end = rest.len().saturating_sub(found.len());
                    found.first()
                },
            )?? {
                b'"' => return rest.get(..end),
                _ => end = end.saturating_add(2),
            }
        }
    }

    /// The number.
    pub(super) fn number(&self, line: &[u8]) -> Option<u64> {
        let rest = self.behind(line)?;
        let digits = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
        str::from_utf8(rest.get(..digits)?).ok()?.parse().ok()
    }

    fn behind<'l>(&self, line: &'l [u8]) -> Option<&'l [u8]> {
        let at = self.0.find(line)?;
        line.get(at.saturating_add(self.0.needle().len())..)
    }
}

/// A text as it stands in a line, read.
pub(super) fn unescaped(text: &[u8]) -> String {
    let quoted = [b"\"", text, b"\""].concat();
    serde_json::from_slice(&quoted).unwrap_or_else(|_| String::from_utf8_lossy(text).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_end_where_their_quotation_mark_is_not_escaped() {
        let line = br#"{"client":{"names":["a\"b\\","c"],"listener":"ui","uid":1000},"operation":"","duration_us":12}"#;
        assert_eq!(NAMES.text(line).map(unescaped), Some("a\"b\\".to_owned()));
        assert_eq!(OPERATION.text(line), Some(b"".as_slice()));
        assert_eq!((UID.number(line), DURATION.number(line)), (Some(1000), Some(12)));
        assert_eq!(REASON.text(line), None);
        for end in 0..line.len() {
            // Nothing breaks.
            NAMES.text(&line[..end]);
        }
    }
}
