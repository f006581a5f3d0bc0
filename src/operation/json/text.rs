//! A text that the daemon has written, left where it stands: at most of them nobody looks.

use std::borrow::Cow;
use std::fmt;
use std::ops::Deref;

/// A text in what the daemon has written.
#[derive(Clone)]
pub struct Text<'a>(Form<'a>);

#[derive(Clone)]
enum Form<'a> {
    /// INVARIANT: it is ASCII.
    Ascii(&'a [u8]),
    Any(Cow<'a, str>),
}

impl<'a> Text<'a> {
    /// A text in ASCII.
    pub(super) fn plain(text: &'a [u8]) -> Self {
        Self(Form::Ascii(text))
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match &self.0 {
            Form::Ascii(text) => str::from_utf8(text).unwrap_or_default(),
            Form::Any(text) => text,
        }
    }

    /// Its bytes, which compare as it does.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        match &self.0 {
            Form::Ascii(text) => text,
            Form::Any(text) => text.as_bytes(),
        }
    }

    /// The same without the slash that may stand before it.
    pub(in crate::operation) fn without_slash(self) -> Self {
        Self(match self.0 {
            Form::Ascii(text) => Form::Ascii(text.strip_prefix(b"/").unwrap_or(text)),
            Form::Any(Cow::Borrowed(text)) => Form::Any(text.strip_prefix('/').unwrap_or(text).into()),
            Form::Any(Cow::Owned(text)) => {
                Form::Any(text.strip_prefix('/').map(str::to_owned).unwrap_or(text).into())
            }
        })
    }
}

impl Deref for Text<'_> {
    type Target = str;

    fn deref(&self) -> &str {
        self.as_str()
    }
}

impl<'a> From<&'a str> for Text<'a> {
    fn from(text: &'a str) -> Self {
        Self(Form::Any(text.into()))
    }
}

impl From<String> for Text<'_> {
    fn from(text: String) -> Self {
        Self(Form::Any(text.into()))
    }
}

impl PartialEq for Text<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.as_bytes() == other.as_bytes()
    }
}

impl Eq for Text<'_> {}

impl PartialEq<str> for Text<'_> {
    fn eq(&self, other: &str) -> bool {
        self.as_bytes() == other.as_bytes()
    }
}

impl fmt::Debug for Text<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.as_str(), f)
    }
}

impl fmt::Display for Text<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self)
    }
}
