//! Patterns of users.

use crate::operation::meaning::is_non_root;
use crate::policy::pattern::{Glob, escape};

/// What a policy writes where a request leaves the user to the image.
const OF_IMAGE: &str = "image";

/// A pattern of users.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::policy) enum UserPattern {
    /// `image`: none is said, and the image decides. One that is called so is not meant.
    OfImage,
    /// `non-root`: every number but 0.
    NonRoot,
    /// `1000-1999`, `1000`: numbers, whatever the group.
    Numbers(u32, u32),
    /// A name; or, with a colon, user and group.
    Text(Glob),
}

impl UserPattern {
    /// Reads a pattern; the error says what is wrong, and what to write.
    pub(super) fn read(text: &str) -> Result<Self, (String, String)> {
        match text {
            OF_IMAGE => return Ok(Self::OfImage),
            "non-root" => return Ok(Self::NonRoot),
            _ => {}
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

    /// In an allow rule: whether the user, canonical, is among them; empty where none is said.
    pub(super) fn admits(&self, user: &str) -> bool {
        let name = user.split(':').next().unwrap_or_default();
        match self {
            Self::OfImage => user.is_empty(),
            Self::NonRoot => is_non_root(user),
            Self::Numbers(low, high) => name.parse().is_ok_and(|id: u32| (*low..=*high).contains(&id)),
            Self::Text(glob) if glob.source().contains(':') => glob.matches(user),
            Self::Text(glob) => glob.matches(name),
        }
    }

    /// In a forbid rule: whether the user is or may be among them. Root is 0. Which number another name has, and who runs
    /// where nobody is said, is up to the image, and the group with it.
    pub(super) fn strikes(&self, user: &str) -> bool {
        let (name, group) = match user.split_once(':') {
            Some((name, group)) => (name, Some(group)),
            None => (user, None),
        };
        match self {
            _ if user.is_empty() => true,
            Self::OfImage => false,
            Self::NonRoot => !is_root(name),
            Self::Numbers(low, _) if is_root(name) => *low == 0,
            Self::Numbers(..) => !is_number(name) || self.admits(user),
            Self::Text(glob) => match glob.source().split_once(':') {
                Some((own, own_group)) => {
                    may_be(own, name) && group.is_none_or(|group| may_be(own_group, group))
                }
                None => may_be(&glob.source(), name),
            },
        }
    }

    /// It, as a policy writes it.
    pub(super) fn source(&self) -> String {
        match self {
            Self::OfImage => OF_IMAGE.to_owned(),
            Self::NonRoot => "non-root".to_owned(),
            Self::Numbers(low, high) if low == high => low.to_string(),
            Self::Numbers(low, high) => format!("{low}-{high}"),
            Self::Text(glob) => spelled(glob.source()),
        }
    }
}

/// The pattern that matches this user, canonical, and no other; as an item of a list.
pub(super) fn exact(user: &str) -> String {
    if user.is_empty() {
        return OF_IMAGE.to_owned();
    }
    match UserPattern::read(user) {
        Ok(UserPattern::Numbers(low, high)) if low == high && !user.contains('-') => user.to_owned(),
        _ => spelled(escape(user)),
    }
}

/// A pattern of texts, so that it is read as one: a user can be called like a range or a word, as `0-9`.
fn spelled(pattern: String) -> String {
    match UserPattern::read(&pattern) {
        Ok(UserPattern::Text(_)) => pattern,
        Ok(UserPattern::OfImage | UserPattern::NonRoot | UserPattern::Numbers(..)) | Err(_) => {
            format!("\\{pattern}")
        }
    }
}

/// Whether a user or group that is called so may be one of the pattern.
fn may_be(pattern: &str, name: &str) -> bool {
    let glob = Glob::new(pattern);
    let has_root = glob.matches("root") || glob.matches("0");
    let is_of_numbers = pattern.bytes().all(|byte| byte.is_ascii_digit() || matches!(byte, b'*' | b'?'));
    if is_root(name) {
        has_root
    } else if is_number(name) {
        glob.matches(name) || !(is_of_numbers || pattern == "root")
    } else {
        glob.matches(name) || is_of_numbers || has_root
    }
}

/// Whether it is root whatever the image says; a group alone leaves the user at that.
fn is_root(name: &str) -> bool {
    matches!(name, "" | "0" | "root")
}

fn is_number(name: &str) -> bool {
    name.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::UserPattern;

    #[test]
    fn users_are_numbers_names_or_words() {
        for (pattern, yes, no) in [
            ("1000-1999", &["1000", "1999:0", "1500:staff"][..], &["0", "999", "root", "", "1000x"][..]),
            ("0", &["0", "0:5"], &["root", ""]),
            ("nobody", &["nobody", "nobody:x"], &["nobody2"]),
            ("non-root", &["1", "65534:0"], &["0", "0:1", "root", "app", ""]),
            ("image", &[""], &["0", "app", "image", "image:0", ":0"]),
            ("*", &["", "image", "app:1"], &[]),
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
        assert!(UserPattern::read("9-1").is_err() && UserPattern::read("").is_err());
    }

    #[test]
    fn a_forbidden_user_is_struck_also_where_it_only_may_be_that() {
        for (pattern, yes, no) in [
            (
                "root",
                &["root", "0", "0:0", "root:staff", "", "toor", ":5", "app:0", "image"][..],
                &["1000", "1:root"][..],
            ),
            ("0", &["root", "0", "", "toor", "root:root"], &["1000", "5:0"]),
            ("root:0", &["root", "0:0", "root:root", "toor"], &["0:5", "1000:0"]),
            ("1000-1999", &["1500", "app", ""], &["root", "0", "2000"]),
            ("nobody", &["nobody", "65534", ""], &["root", "0", "app"]),
            ("non-root", &["1", "app", ""], &["0", "root"]),
            ("image", &[""], &["0", "image"]),
        ] {
            let read = UserPattern::read(pattern).unwrap();
            for user in yes {
                assert!(read.strikes(user), "{pattern} should strike {user}");
            }
            for user in no {
                assert!(!read.strikes(user), "{pattern} should not strike {user}");
            }
        }
    }
}
