//! Patterns of volumes.

use super::text::never;
use crate::policy::pattern::{Glob, escape};

/// What a policy writes where a volume has no name, and the daemon gives it one.
pub(super) const UNNAMED: &str = "anonymous";

/// A pattern of volumes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::policy) enum VolumePattern {
    /// `anonymous`: none is said. One that is called so is not meant.
    Unnamed,
    /// A name; `*` is also none.
    Named(Glob),
}

impl VolumePattern {
    /// Reads a pattern; the error says what is wrong, and what to write.
    pub(super) fn read(text: &str) -> Result<Self, (String, String)> {
        match text {
            UNNAMED => Ok(Self::Unnamed),
            "" => {
                let help = format!("write `\"{UNNAMED}\"` for volumes without a name");
                Err(("the name of a volume is empty".to_owned(), help))
            }
            _ if text.starts_with('/') => {
                Err(never(text, "a volume has a name; a directory is said by `host_paths`".to_owned()))
            }
            _ => Ok(Self::Named(Glob::new(text))),
        }
    }

    /// Whether the volume is among them; empty where it has no name.
    pub(super) fn matches(&self, name: &str) -> bool {
        match self {
            Self::Unnamed => name.is_empty(),
            Self::Named(glob) => glob.matches(name),
        }
    }

    /// Whether all that this matches the other matches; `false` also where that is not clear.
    pub(super) fn within(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Unnamed, wide) => wide.matches(""),
            (Self::Named(narrow), Self::Named(wide)) => narrow.within(wide),
            (Self::Named(_), Self::Unnamed) => false,
        }
    }

    /// It, as a policy writes it.
    pub(super) fn source(&self) -> String {
        match self {
            Self::Unnamed => UNNAMED.to_owned(),
            Self::Named(glob) => spelled(glob.source()),
        }
    }
}

/// The pattern that matches this volume and no other; as an item of a list.
pub(super) fn exact(name: &str) -> String {
    if name.is_empty() { UNNAMED.to_owned() } else { spelled(escape(name)) }
}

/// A pattern of names, so that it is read as one.
fn spelled(pattern: String) -> String {
    if pattern == UNNAMED { format!("\\{pattern}") } else { pattern }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_volume_that_is_called_like_those_without_a_name_is_another() {
        for (pattern, name, expected) in [
            ("anonymous", "", true),
            ("anonymous", "anonymous", false),
            ("\\anonymous", "anonymous", true),
            ("\\anonymous", "", false),
            ("*", "", true),
            ("*", "anonymous", true),
            ("app-*", "", false),
        ] {
            let read = VolumePattern::read(pattern).unwrap();
            assert_eq!(read.matches(name), expected, "{pattern} {name:?}");
            assert_eq!(VolumePattern::read(&read.source()), Ok(read), "{pattern}");
        }
        for name in ["", "anonymous", "app-1"] {
            let exact = VolumePattern::read(&exact(name)).unwrap();
            let others = ["", "anonymous", "app-1"].into_iter().filter(|other| exact.matches(other));
            assert!(others.eq([name]), "{name:?}");
        }
        let within =
            |one, other| VolumePattern::read(one).unwrap().within(&VolumePattern::read(other).unwrap());
        assert!(within("anonymous", "*") && within("anonymous", "anonymous") && within("a-*", "a*"));
        assert!(!within("anonymous", "a*") && !within("*", "anonymous"));
        assert!(VolumePattern::read("").is_err() && VolumePattern::read("/x").is_err());
    }
}
