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
pub(super) static RULES: Key = Key(LazyLock::new(|| Finder::new("\"rules\":[")));
pub(super) static END: Key = Key(LazyLock::new(|| Finder::new("\"end\":\"")));
pub(super) static UID: Key = Key(LazyLock::new(|| Finder::new("\"uid\":")));
pub(super) static DURATION: Key = Key(LazyLock::new(|| Finder::new("\"duration_us\":")));
pub(super) static DAEMON_STATUS: Key = Key(LazyLock::new(|| Finder::new("\"daemon_status\":")));
pub(super) static LOST: Key = Key(LazyLock::new(|| Finder::new("\"lost\":")));

impl Key {
    /// The text as it stands in the line, its escapes with it.
    pub(super) fn text<'l>(&self, line: &'l [u8]) -> Option<&'l [u8]> {
        text_of(self.behind(line)?).map(|(text, _)| text)
    }

    /// Of a field that holds a list of objects, their names, which they begin with.
    pub(super) fn names<'l>(&self, line: &'l [u8]) -> impl Iterator<Item = &'l [u8]> {
        let mut rest = self.behind(line);
        std::iter::from_fn(move || {
            let (name, behind) = text_of(rest?.strip_prefix(b"{\"name\":\"")?)?;
            let end = memchr::memchr(b'}', behind)?;
            rest = behind.get(end..).and_then(|behind| behind.strip_prefix(b"},"));
            Some(name)
        })
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

/// The text that begins here, and what stands behind its quotation mark.
fn text_of(rest: &[u8]) -> Option<(&[u8], &[u8])> {
    let mut end = 0_usize;
    loop {
        end = end.saturating_add(memchr::memchr2(b'"', b'\\', rest.get(end..)?)?);
        if rest.get(end) == Some(&b'"') {
            return Some((rest.get(..end)?, rest.get(end.saturating_add(1)..)?));
        }
        end = end.saturating_add(2);
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
    fn a_list_is_gone_through_name_by_name() {
        let line = br#"{"rules":[{"name":"a\"}","line":7},{"name":"","line":9},{"name":"c"}],"policy":"x"}"#;
        assert_eq!(RULES.names(line).collect::<Vec<_>>(), [&br#"a\"}"#[..], b"", b"c"]);
        for end in 0..line.len() {
            // Nothing breaks.
            RULES.names(&line[..end]).for_each(drop);
        }
    }

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
