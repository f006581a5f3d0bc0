//! JSON looked at in passing, as the daemon writes it: without space, nothing but texts where texts belong. Whatever is
//! otherwise, be it JSON or not, a glance does not tell: it must be read.

use super::{Json, Text, scan};

/// By this bit brackets differ from braces in ASCII. Among themselves, with a backslash or bar between them, they differ
/// by one.
const LETTER_CASE: u8 = 0x20;

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
    #[inline]
    pub(in crate::operation) fn object(
        &mut self,
        mut see: impl FnMut(&'a [u8], &mut Self) -> Option<()>,
    ) -> Option<()> {
        self.listed(b'{', b'}', |glance| {
            let (key, rest) = plain(glance.rest)?;
            glance.rest = rest;
            glance.take(b':')?;
            see(key, glance)
        })
    }

    /// Goes over an object of texts.
    #[inline]
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
    #[inline]
    pub(in crate::operation) fn array(&mut self, see: impl FnMut(&mut Self) -> Option<()>) -> Option<()> {
        self.listed(b'[', b']', see)
    }

    /// Goes over a text.
    #[inline]
    pub(in crate::operation) fn text(&mut self) -> Option<Text<'a>> {
        let (text, rest) = match plain(self.rest) {
            Some((text, rest)) => (Text::plain(text), rest),
            None => unusual_text(self.rest)?,
        };
        self.rest = rest;
        Some(text)
    }

    /// Goes over any value.
    #[inline]
    pub(in crate::operation) fn skip(&mut self) -> Option<()> {
        self.rest = behind(self.rest)?;
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

/// A text that is plain ASCII, and what stands behind it.
#[inline]
fn plain(text: &[u8]) -> Option<(&[u8], &[u8])> {
    let text = text.strip_prefix(b"\"")?;
    let end = scan::find(text, |bytes| scan::is_special(bytes) | bytes)?;
    let (plain, rest) = text.split_at_checked(end)?;
    Some((plain, rest.strip_prefix(b"\"")?))
}

/// A text that holds more than plain ASCII, and what stands behind it.
#[cold]
fn unusual_text(text: &[u8]) -> Option<(Text<'static>, &[u8])> {
    let rest = behind(text)?;
    match Json::read_shown(before(text, rest)?) {
        Ok(Json::String(text)) => Some((String::from(text).into(), rest)),
        Ok(_) | Err(_) => None,
    }
}

/// What stands behind any value.
#[inline]
fn behind(text: &[u8]) -> Option<&[u8]> {
    let (first, rest) = text.split_first()?;
    match first {
        b'"' => behind_text(rest),
        b'{' | b'[' => behind_nested(rest),
        b'-' | b'0'..=b'9' | b't' | b'f' | b'n' => {
            let is_part = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'.');
            rest.get(rest.iter().position(|byte| !is_part(byte))?..)
        }
        _ => None,
    }
}

/// What stands behind a text that was begun.
#[inline]
fn behind_text(mut rest: &[u8]) -> Option<&[u8]> {
    loop {
        let at = scan::find(rest, |bytes| scan::is(bytes, b'"') | scan::is(bytes, b'\\'))?;
        match rest.get(at..)? {
            [b'"', behind @ ..] => return Some(behind),
            [b'\\', _, behind @ ..] | [_, behind @ ..] => rest = behind,
            [] => return None,
        }
    }
}

/// What stands behind an array or object that was begun. Where texts end is clear by counting quotes, eight bytes at a
/// time, as long as nothing is escaped.
fn behind_nested(mut rest: &[u8]) -> Option<&[u8]> {
    let mut depth = 1_usize;
    // Whether what comes next stands within a text, in every bit.
    let mut within = 0;
    loop {
        (rest, within) = behind_plain(rest, within);
        let Some((bytes, behind)) = rest.split_first_chunk::<8>() else { break };
        let bytes = u64::from_le_bytes(*bytes);
        let low = (bytes | scan::eight(LETTER_CASE)) & scan::eight(0x7f);
        let is_bracket =
            low.wrapping_add(scan::eight(0x80 - b'{')) & !low.wrapping_add(scan::eight(0x7f - b'}')) & !bytes;
        let mut brackets = (is_bracket >> 7) & scan::eight(1);
        // Brackets are odd. The backslash between them is not.
        if brackets & !bytes != 0 {
            break;
        }
        let texts = scan::are(bytes, b'"').wrapping_mul(scan::eight(1)) ^ within;
        within = ((texts >> 56) & 1).wrapping_neg();
        brackets &= !texts;
        while brackets != 0 {
            let at = brackets.trailing_zeros();
            if (bytes >> at) & 2 != 0 {
                depth = depth.wrapping_add(1);
            } else {
                depth = depth.wrapping_sub(1);
                if depth == 0 {
                    return rest.get(usize::try_from(at / 8).ok()?.wrapping_add(1)..);
                }
            }
            brackets &= brackets.wrapping_sub(1);
        }
        rest = behind;
    }
    behind_unusual_nested(if within == 0 { rest } else { behind_text(rest)? }, depth)
}

/// The same, one by one, from outside of a text in so many arrays and objects.
#[cold]
fn behind_unusual_nested(mut rest: &[u8], mut depth: usize) -> Option<&[u8]> {
    while depth > 0 {
        let (byte, behind) = rest.split_first()?;
        rest = behind;
        match byte {
            b'"' => rest = behind_text(rest)?,
            b'{' | b'[' => depth = depth.wrapping_add(1),
            b'}' | b']' => depth = depth.wrapping_sub(1),
            _ => {}
        }
    }
    Some(rest)
}

/// What stands behind all that comes before the next bracket or escape, sixteen bytes at a time, and whether that is
/// within a text.
#[inline]
fn behind_plain(mut rest: &[u8], within: u64) -> (&[u8], u64) {
    let mut quotes = [0_u8; 16];
    while let Some((bytes, behind)) = rest.split_first_chunk::<16>() {
        if bytes.iter().fold(false, |any, byte| any | ((byte | LETTER_CASE).wrapping_sub(b'{') < 3)) {
            break;
        }
        for (odd, byte) in quotes.iter_mut().zip(bytes) {
            *odd ^= u8::from(*byte == b'"');
        }
        rest = behind;
    }
    let is_odd = quotes.iter().fold(0, |all, odd| all ^ odd);
    (rest, within ^ u64::from(is_odd).wrapping_neg())
}

/// What stands before a part that the text ends with.
fn before<'a>(text: &'a [u8], end: &[u8]) -> Option<&'a [u8]> {
    text.get(..text.len().checked_sub(end.len())?)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::operation::json::place::Search;

    /// Pieces of JSON, or of something like it.
    fn pieces() -> impl Strategy<Value = Vec<u8>> {
        let piece = prop_oneof![
            6 => "[\\[\\]{}\",:|]",
            2 => "[a-z;=<\u{80}-\u{2ff}]{0,20}",
            2 => "\"[a-z\\[\\]{}:,é]{0,20}\"",
            1 => "\\\\[\\\\\"a]?",
        ];
        proptest::collection::vec(piece, 0..40).prop_map(|pieces| pieces.concat().into_bytes())
    }

    #[test]
    fn a_text_is_plain_up_to_its_quote() {
        for (byte, at) in (0..=u8::MAX).flat_map(|byte| (0..20).map(move |at| (byte, at))) {
            let mut text = *b"\"! #[]{|}~ azAZ09/:.\x7f!#\"";
            text[at + 1] = byte;
            let expected = match byte {
                b'"' => Some((&text[1..=at], &text[at + 2..])),
                b'\\' | ..b' ' | 0x80.. => None,
                _ => Some((&text[1..text.len() - 1], &[][..])),
            };
            assert_eq!(plain(&text), expected, "{byte:#x} at {at}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2000))]

        #[test]
        fn what_is_nested_ends_where_it_is_searched_for(pieces in pieces()) {
            let text = [b"{", pieces.as_slice()].concat();
            let length = behind(&text).and_then(|behind| text.len().checked_sub(behind.len()));
            prop_assert_eq!(length, Search::default().end_of_object(&text));
        }
    }
}
