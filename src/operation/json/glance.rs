//! JSON looked at in passing, as the daemon writes it: without space, nothing but texts where texts belong. Whatever is
//! otherwise, be it JSON or not, a glance does not tell: it must be read.

use super::{Json, Text};

/// A text of JSON that is gone over once.
#[derive(Debug)]
pub(in crate::operation) struct Glance<'a> {
    /// What is ahead.
    rest: &'a [u8],
}

impl<'a> Glance<'a> {
    /// Looks at what this begins with.
    pub(in crate::operation) fn at(text: &'a [u8]) -> Self {
        Self { rest: text }
    }

    /// What was not looked at yet.
    pub(in crate::operation) fn rest(&self) -> &'a [u8] {
        self.rest
    }

    /// Goes over an object; `see` goes over each value.
    pub(in crate::operation) fn object(
        &mut self,
        mut see: impl FnMut(&'a [u8], &mut Self) -> Option<()>,
    ) -> Option<()> {
        self.listed(b'{', b'}', |glance| {
            let key = glance.plain()?;
            glance.take(b':')?;
            see(key, glance)
        })
    }

    /// Goes over an object of texts.
    pub(in crate::operation) fn texts(
        &mut self,
        mut see: impl FnMut(Text<'a>, Text<'a>) -> Option<()>,
    ) -> Option<()> {
        self.listed(b'{', b'}', |glance| {
            let key = glance.text()?;
            glance.take(b':')?;
            see(key, glance.text()?)
        })
    }

    /// Goes over an array; `see` goes over each element.
    pub(in crate::operation) fn array(&mut self, see: impl FnMut(&mut Self) -> Option<()>) -> Option<()> {
        self.listed(b'[', b']', see)
    }

    /// Goes over a text.
    pub(in crate::operation) fn text(&mut self) -> Option<Text<'a>> {
        match self.plain() {
            Some(text) => Some(Text::plain(text)),
            None => self.unusual_text(),
        }
    }

    /// Goes over a text that is plain ASCII.
    #[inline]
    fn plain(&mut self) -> Option<&'a [u8]> {
        let text = self.rest.strip_prefix(b"\"")?;
        let is_no_plain =
            |bytes: u64| is(bytes, b'"') | is(bytes, b'\\') | bytes.wrapping_sub(eight(b' ')) | bytes;
        let behind = from(text, is_no_plain)?;
        self.rest = behind.strip_prefix(b"\"")?;
        before(text, behind)
    }

    /// Goes over a text that holds more than plain ASCII.
    #[cold]
    fn unusual_text(&mut self) -> Option<Text<'a>> {
        let text = self.rest;
        self.skip()?;
        match Json::read_shown(before(text, self.rest)?) {
            Ok(Json::String(text)) => Some(String::from(text).into()),
            Ok(_) | Err(_) => None,
        }
    }

    /// Goes over any value.
    #[inline]
    pub(in crate::operation) fn skip(&mut self) -> Option<()> {
        let (first, rest) = self.rest.split_first()?;
        self.rest = match first {
            b'"' => behind_text(rest)?,
            b'{' | b'[' => behind_nested(rest)?,
            b'-' | b'0'..=b'9' | b't' | b'f' | b'n' => {
                let is_part = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'.');
                rest.get(rest.iter().position(|byte| !is_part(byte))?..)?
            }
            _ => return None,
        };
        Some(())
    }

    #[inline]
    fn listed(&mut self, open: u8, close: u8, mut see: impl FnMut(&mut Self) -> Option<()>) -> Option<()> {
        self.take(open)?;
        if self.take(close).is_some() {
            return Some(());
        }
        loop {
            see(self)?;
            if self.take(b',').is_none() {
                return self.take(close);
            }
        }
    }

    #[inline]
    fn take(&mut self, byte: u8) -> Option<()> {
        self.rest = self.rest.strip_prefix(&[byte])?;
        Some(())
    }
}

/// What stands behind a text that was begun.
#[inline]
fn behind_text(mut rest: &[u8]) -> Option<&[u8]> {
    loop {
        match from(rest, |bytes| is(bytes, b'"') | is(bytes, b'\\'))? {
            [b'"', behind @ ..] => return Some(behind),
            [b'\\', _, behind @ ..] | [_, behind @ ..] => rest = behind,
            [] => return None,
        }
    }
}

/// What stands behind an array or object that was begun.
#[inline]
fn behind_nested(mut rest: &[u8]) -> Option<&[u8]> {
    let mut depth = 1_usize;
    loop {
        match rest {
            [b',', b'"', behind @ ..] => rest = behind_plain(rest).or_else(|| behind_text(behind))?,
            [b'"', behind @ ..] | [b':', b'"', behind @ ..] => rest = behind_text(behind)?,
            [b'{' | b'[', behind @ ..] => {
                depth = depth.saturating_add(1);
                rest = behind;
            }
            [b'}' | b']', behind @ ..] => {
                depth = depth.saturating_sub(1);
                rest = behind;
                if depth == 0 {
                    return Some(rest);
                }
            }
            [_, behind @ ..] => rest = behind,
            [] => return None,
        }
    }
}

/// What stands behind all that comes before the next bracket or escape, sixteen bytes at a time: there it is clear
/// where texts end by counting quotes. It begins outside of a text, and ends there. None: that is not worth while.
fn behind_plain(text: &[u8]) -> Option<&[u8]> {
    let mut rest = text;
    let mut quotes = [0_u8; 16];
    while let Some((bytes, behind)) = rest.split_first_chunk::<16>() {
        // In ASCII, brackets, braces and the backslash differ from each other by one, and by this bit.
        if bytes.iter().fold(false, |any, byte| any | ((byte | 0x20).wrapping_sub(b'{') < 3)) {
            break;
        }
        for (odd, byte) in quotes.iter_mut().zip(bytes) {
            *odd ^= u8::from(*byte == b'"');
        }
        rest = behind;
    }
    if rest.len() == text.len() {
        return None;
    }
    let is_within_text = quotes.iter().fold(0, |all, odd| all ^ odd) == 1;
    if is_within_text { behind_text(rest) } else { Some(rest) }
}

/// What stands before a part that the text ends with.
#[inline]
fn before<'a>(text: &'a [u8], end: &[u8]) -> Option<&'a [u8]> {
    text.get(..text.len().checked_sub(end.len())?)
}

/// Eight bytes, each of them this.
const fn eight(byte: u8) -> u64 {
    u64::from_le_bytes([byte; 8])
}

/// Marks, of eight bytes, those that are this by their highest bit; it may mark others behind the first that is, and
/// what is not ASCII.
fn is(bytes: u64, byte: u8) -> u64 {
    (bytes ^ eight(byte)).wrapping_sub(eight(1))
}

/// What begins with the first byte that is marked, or is no plain one. Eight are looked at together: most texts are too
/// short for more.
#[inline]
fn from(text: &[u8], mark: impl Fn(u64) -> u64) -> Option<&[u8]> {
    let mut at = 0_usize;
    loop {
        let rest = text.get(at..)?;
        let Some(bytes) = rest.first_chunk::<8>() else {
            return from_last(rest);
        };
        let marks = mark(u64::from_le_bytes(*bytes)) & eight(0x80);
        if marks != 0 {
            return rest.get(usize::try_from(marks.trailing_zeros() / 8).ok()?..);
        }
        at = at.wrapping_add(8);
    }
}

/// The same at the end of what has come.
#[cold]
fn from_last(text: &[u8]) -> Option<&[u8]> {
    text.get(text.iter().position(|byte| matches!(byte, b'"' | b'\\' | ..b' ' | 0x80..))?..)
}
