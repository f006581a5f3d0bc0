//! Users and groups, by name or number.

use std::fmt;

use nix::unistd::{Group, User};

/// A user or a group as the settings name it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Account {
    /// By number.
    Id(u32),
    /// By name, as the host's own list knows it.
    Name(String),
}

impl Account {
    pub(super) fn read(text: &str) -> Result<Self, String> {
        if text.is_empty() {
            return Err("a name or number is missing".to_owned());
        }
        if !text.bytes().all(|byte| byte.is_ascii_digit()) {
            return Ok(Self::Name(text.to_owned()));
        }
        // The largest number means "leave as it is" to chown(2).
        text.parse()
            .ok()
            .filter(|id| *id != u32::MAX)
            .map(Self::Id)
            .ok_or_else(|| format!("`{text}` is too large for the number of a user or group"))
    }

    /// The user's number.
    ///
    /// # Errors
    ///
    /// If the host knows no user of this name.
    pub fn user_id(&self) -> Result<u32, String> {
        match self {
            Self::Id(id) => Ok(*id),
            Self::Name(name) => User::from_name(name)
                .map_err(|error| format!("the user `{name}` cannot be looked up: {error}"))?
                .map(|user| user.uid.as_raw())
                .ok_or_else(|| format!("there is no user `{name}` here; in a container, write its number")),
        }
    }

    /// The group's number.
    ///
    /// # Errors
    ///
    /// If the host knows no group of this name.
    pub fn group_id(&self) -> Result<u32, String> {
        match self {
            Self::Id(id) => Ok(*id),
            Self::Name(name) => Group::from_name(name)
                .map_err(|error| format!("the group `{name}` cannot be looked up: {error}"))?
                .map(|group| group.gid.as_raw())
                .ok_or_else(|| format!("there is no group `{name}` here; in a container, write its number")),
        }
    }
}

impl fmt::Display for Account {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Id(id) => write!(f, "{id}"),
            Self::Name(name) => f.write_str(name),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_numbers_are_found() {
        assert_eq!(Account::read("0"), Ok(Account::Id(0)));
        assert_eq!(Account::read("root").unwrap().user_id(), Ok(0));
        assert_eq!(Account::read("root").unwrap().group_id(), Ok(0));
    }

    #[test]
    fn what_no_host_has_is_refused() {
        assert!(Account::read("").is_err());
        assert!(Account::read("4294967295").is_err());
        assert_eq!(
            Account::read("nobody-at-all").unwrap().user_id().unwrap_err(),
            "there is no user `nobody-at-all` here; in a container, write its number"
        );
    }
}
