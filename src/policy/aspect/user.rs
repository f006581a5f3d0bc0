//! Patterns of users.

use crate::operation::meaning::is_non_root;
use crate::policy::pattern::Glob;

/// A pattern of users.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::policy) enum UserPattern {
    /// `non-root`: every number but 0.
    NonRoot,
    /// `1000-1999`, `1000`: numbers, whatever the group.
    Numbers(u32, u32),
    /// A name, `image` for none; or, with a colon, user and group.
    Text(Glob),
}

impl UserPattern {
    /// Reads a pattern; the error says what is wrong, and what to write.
    pub(super) fn read(text: &str) -> Result<Self, (String, String)> {
        if text == "non-root" {
            return Ok(Self::NonRoot);
        }
        if text.is_empty() {
            let help = "write `\"image\"` for requests that leave the user to the image".to_owned();
            return Err(("a user is empty".to_owned(), help));
        }
        let number = |text: &str| text.parse::<u32>().ok().filter(|_| !text.starts_with('+'));
        let ends = text.split_once('-').unwrap_or((text, text));
        match (number(ends.0), number(ends.1)) {
            (Some(low), Some(high)) if low <= high => Ok(Self::Numbers(low, high)),
            (Some(low), Some(high)) => {
                let help = format!("write `{high}-{low}`");
                Err((format!("no number lies between {low} and {high}"), help))
            }
            _ => Ok(Self::Text(Glob::new(text))),
        }
    }

    /// In an allow rule: whether the user, canonical, is among them.
    pub(super) fn admits(&self, user: &str) -> bool {
        let name = user.split(':').next().unwrap_or_default();
        match self {
            Self::NonRoot => is_non_root(user),
            Self::Numbers(low, high) => name.parse().is_ok_and(|id: u32| (*low..=*high).contains(&id)),
            Self::Text(glob) if glob.source().contains(':') => glob.matches(user),
            Self::Text(glob) => glob.matches(name),
        }
    }

    /// In a forbid rule: whether it strikes the user. Root has a name and a number.
    pub(super) fn strikes(&self, user: &str) -> bool {
        let root = match user.split_once(':') {
            Some(("0", group)) => Some(format!("root:{group}")),
            Some(("root", group)) => Some(format!("0:{group}")),
            None if user == "0" => Some("root".to_owned()),
            None if user == "root" => Some("0".to_owned()),
            Some(_) | None => None,
        };
        self.admits(user) || root.is_some_and(|root| self.admits(&root))
    }

    /// It, as a policy writes it.
    pub(super) fn source(&self) -> String {
        match self {
            Self::NonRoot => "non-root".to_owned(),
            Self::Numbers(low, high) if low == high => low.to_string(),
            Self::Numbers(low, high) => format!("{low}-{high}"),
            Self::Text(glob) => glob.source(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::UserPattern;

    #[test]
    fn users_are_numbers_names_or_words() {
        for (pattern, yes, no) in [
            ("1000-1999", &["1000", "1999:0", "1500:staff"][..], &["0", "999", "root", "image", "1000x"][..]),
            ("0", &["0", "0:5"], &["root", "image"]),
            ("nobody", &["nobody", "nobody:x"], &["nobody2"]),
            ("non-root", &["1", "65534:0"], &["0", "0:1", "root", "app", "image"]),
            ("image", &["image"], &["0", "app"]),
            ("1000:1000", &["1000:1000"], &["1000", "1000:0"]),
            ("app*", &["app", "app1:x"], &["0"]),
        ] {
            let pattern_read = UserPattern::read(pattern).unwrap();
            for user in yes {
                assert!(pattern_read.admits(user), "{pattern} should admit {user}");
            }
            for user in no {
                assert!(!pattern_read.admits(user), "{pattern} should not admit {user}");
            }
        }
        assert!(UserPattern::read("root").unwrap().strikes("0:0"));
        assert!(UserPattern::read("0").unwrap().strikes("root"));
        assert!(UserPattern::read("9-1").is_err() && UserPattern::read("").is_err());
    }
}
