//! Docker Engine API versions: `1.41` and the like.

use std::fmt;

use serde::{Serialize, Serializer};

/// A version of the Docker Engine API. It is part of a request's meaning: the same bytes ask for
/// different things below certain versions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ApiVersion {
    major: u16,
    minor: u16,
}

impl ApiVersion {
    /// The oldest version that dockgate passes on. Below it the daemon reads a `HostConfig` in the
    /// body of a container start.
    pub const OLDEST: Self = Self::new(1, 24);
    /// The newest version whose meaning the endpoint table knows.
    pub const NEWEST: Self = Self::new(1, 56);

    /// The version `major.minor`.
    #[must_use]
    pub const fn new(major: u16, minor: u16) -> Self {
        Self { major, minor }
    }

    /// Its two numbers.
    #[must_use]
    pub const fn numbers(self) -> (u16, u16) {
        (self.major, self.minor)
    }

    /// Reads a version as the daemon does (moby `api/types/versions`): numbers between dots are
    /// compared one by one, leading zeros do not count, and what is missing is zero, so that
    /// `1.41`, `01.041`, `1.41.` and `1.41.0.0` are one version.
    ///
    /// `None` for what is not `major.minor` in that reading (`1..41`, `.1.41`, `1.41.1`): the daemon
    /// would place it below or between the versions that exist. A number too large to be a version
    /// is read as a very large one.
    #[must_use]
    pub fn read(text: &str) -> Option<Self> {
        let mut numbers = text.as_bytes().split(|byte| *byte == b'.');
        let major = number(numbers.next()?)?;
        let minor = number(numbers.next()?)?;
        let rest_is_zero = numbers.flatten().all(|digit| *digit == b'0');
        rest_is_zero.then_some(Self { major, minor })
    }
}

/// One number of a version; the largest, where it is larger than that.
fn number(digits: &[u8]) -> Option<u16> {
    (!digits.is_empty()).then_some(())?;
    digits.iter().try_fold(0_u16, |number, digit| {
        let digit = digit.is_ascii_digit().then(|| digit.wrapping_sub(b'0'))?;
        Some(number.saturating_mul(10).saturating_add(digit.into()))
    })
}

impl fmt::Display for ApiVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.major, self.minor)
    }
}

impl Serialize for ApiVersion {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(test)]
mod tests {
    use super::ApiVersion;

    #[test]
    fn spellings_that_the_daemon_takes_for_one_version_are_one() {
        let version = Some(ApiVersion::new(1, 41));
        for text in ["1.41", "01.041", "1.41.", "1.41.0.0", "1.41..0", "00000000000000000000000000001.41"] {
            assert_eq!(ApiVersion::read(text), version, "{text}");
        }
    }

    #[test]
    fn what_is_not_major_and_minor_is_not_a_version() {
        for text in ["", ".", "1", "1.", ".1.41", "1..41", "1.4.1", "1.41.1", "..", "1,41", "1.41a", "+1.41"]
        {
            assert_eq!(ApiVersion::read(text), None, "{text}");
        }
    }

    #[test]
    fn numbers_compare_as_numbers_and_huge_ones_are_newest() {
        assert!(ApiVersion::read("1.9").unwrap() < ApiVersion::OLDEST);
        assert!(ApiVersion::read("1.99999999999999999999").unwrap() > ApiVersion::NEWEST);
        assert_eq!(ApiVersion::OLDEST.to_string(), "1.24");
    }
}
