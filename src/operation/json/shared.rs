//! The texts of a JSON value that was read: parts of one text, which they share.

use std::fmt;
use std::ops::{Deref, Range};
use std::rc::Rc;

/// A text, or a part of one that others are parts of too.
#[derive(Clone)]
pub struct Shared {
    of: Rc<str>,
    /// Where the part begins and ends.
    start: u32,
    end: u32,
}

/// The end of a part that goes to the end of the text.
const TO_THE_END: u32 = u32::MAX;

impl Shared {
    /// A part of a text.
    pub(super) fn part(of: &Rc<str>, part: Range<usize>) -> Self {
        match (u32::try_from(part.start), u32::try_from(part.end)) {
            (Ok(start), Ok(end)) if end != TO_THE_END => Self { of: Rc::clone(of), start, end },
            // It is too far from the beginning to be shared.
            (_, _) => of.get(part).unwrap_or_default().into(),
        }
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        let start = usize::try_from(self.start).unwrap_or(usize::MAX);
        match usize::try_from(self.end) {
            Ok(end) if self.end != TO_THE_END => self.of.get(start..end),
            Ok(_) | Err(_) => self.of.get(start..),
        }
        .unwrap_or_default()
    }
}

impl From<&str> for Shared {
    fn from(text: &str) -> Self {
        Self { of: text.into(), start: 0, end: TO_THE_END }
    }
}

impl From<String> for Shared {
    fn from(text: String) -> Self {
        text.as_str().into()
    }
}

impl From<Shared> for String {
    fn from(text: Shared) -> Self {
        text.as_str().to_owned()
    }
}

impl Deref for Shared {
    type Target = str;

    fn deref(&self) -> &str {
        self.as_str()
    }
}

impl PartialEq for Shared {
    fn eq(&self, other: &Self) -> bool {
        **self == **other
    }
}

impl Eq for Shared {}

impl PartialEq<str> for Shared {
    fn eq(&self, other: &str) -> bool {
        **self == *other
    }
}

impl PartialEq<&str> for Shared {
    fn eq(&self, other: &&str) -> bool {
        **self == **other
    }
}

impl fmt::Debug for Shared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&**self, f)
    }
}

impl fmt::Display for Shared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_is_what_stands_there() {
        let text: Rc<str> = "a é z".into();
        assert_eq!(Shared::part(&text, 2..4), "é");
        assert_eq!(Shared::part(&text, 5..5), "");
        assert_eq!(Shared::part(&text, 0..6).to_string(), "a é z");
        assert_eq!(Shared::from("a é z"), Shared::part(&text, 0..6));
    }
}
