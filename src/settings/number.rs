//! Settings that are a number or a duration.

use std::fmt::Display;
use std::ops::RangeInclusive;
use std::str::FromStr;
use std::time::Duration;

use jiff::SignedDuration;

/// Connections open at a time.
pub(super) fn connections(text: &str) -> Result<usize, String> {
    number(text, 1..=1_000_000)
}

/// Size of a request's head. The upper end keeps one client from filling the memory.
pub(super) fn head_bytes(text: &str) -> Result<usize, String> {
    number(text, 4096..=16 * 1024 * 1024)
}

/// Size of a build context or an upload that is looked into.
pub(super) fn context_bytes(text: &str) -> Result<u64, String> {
    number(text, 4096..=1024 * 1024 * 1024 * 1024)
}

/// How long a client may take to send a head: not at all would let nobody in.
pub(super) fn head_timeout(text: &str) -> Result<Duration, String> {
    let duration = duration(text)?;
    if duration.is_zero() {
        Err("no client can send a request in no time: write \"10s\", or \"1h\"".to_owned())
    } else {
        Ok(duration)
    }
}

/// How many more times something is tried.
pub(super) fn attempts(text: &str) -> Result<u32, String> {
    number(text, 0..=100)
}

/// How many failures in a row are too many.
pub(super) fn threshold(text: &str) -> Result<u32, String> {
    number(text, 1..=1000)
}

/// How long something is waited for, again and again: shorter pauses would keep a processor busy.
pub(super) fn pause(text: &str) -> Result<Duration, String> {
    const SHORTEST: Duration = Duration::from_millis(10);
    let duration = duration(text)?;
    if duration < SHORTEST {
        Err(format!("`{text}` is too short: write at least \"10ms\""))
    } else {
        Ok(duration)
    }
}

/// How often something is done: not all the time.
pub(super) fn interval(text: &str) -> Result<Duration, String> {
    let duration = duration(text)?;
    if duration < Duration::from_secs(1) {
        Err(format!("`{text}` is less than a second"))
    } else {
        Ok(duration)
    }
}

/// Size of a file, or of some: not so small that there would be one for every few records.
pub(super) fn file_bytes(text: &str) -> Result<u64, String> {
    number(text, 4096..=1024 * 1024 * 1024 * 1024 * 1024)
}

/// How many files.
pub(super) fn files(text: &str) -> Result<u64, String> {
    number(text, 0..=1_000_000)
}

/// An age, with its unit: days, too.
pub(super) fn age(text: &str) -> Result<Duration, String> {
    const DAY: u64 = 24 * 60 * 60;
    let Some(days) = text.strip_suffix('d') else {
        return interval(text).map_err(|why| format!("{why}; days are written \"90d\""));
    };
    let days: u64 = number(days, 1..=36_500)?;
    Ok(Duration::from_secs(days.saturating_mul(DAY)))
}

/// A duration of up to a day, with its unit.
pub(super) fn duration(text: &str) -> Result<Duration, String> {
    const LONGEST: Duration = Duration::from_secs(24 * 60 * 60);
    let signed: SignedDuration = text.parse().map_err(|_| {
        format!("`{text}` is no duration; write it with its unit: \"10s\", \"500ms\", \"2m\"")
    })?;
    match Duration::try_from(signed) {
        Ok(duration) if duration <= LONGEST => Ok(duration),
        Ok(_) => Err(format!("`{text}` is longer than a day")),
        Err(_) => Err(format!("`{text}` is less than nothing")),
    }
}

fn number<N: FromStr + PartialOrd + Display>(text: &str, range: RangeInclusive<N>) -> Result<N, String> {
    let all_digits = text.bytes().all(|byte| byte.is_ascii_digit()); // `parse` would take "+7" too.
    text.parse()
        .ok()
        .filter(|number: &N| all_digits && range.contains(number))
        .ok_or_else(|| format!("`{text}` is not a number from {} to {}", range.start(), range.end()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_carry_their_unit() {
        assert_eq!(duration("10s"), Ok(Duration::from_secs(10)));
        assert_eq!(duration("500ms"), Ok(Duration::from_millis(500)));
        assert_eq!(duration("2m"), Ok(Duration::from_secs(120)));
        assert_eq!(duration("0s"), Ok(Duration::ZERO));
        for wrong in ["10", "", "s", "-1s", "2 days", "48h", "ten seconds"] {
            assert!(duration(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn numbers_stay_within_their_range() {
        assert_eq!(connections("1"), Ok(1));
        assert_eq!(head_bytes("65536"), Ok(65536));
        for wrong in ["0", "-1", "+1", "1e3", "", "99999999999999999999"] {
            assert!(connections(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn pauses_are_not_nothing() {
        assert_eq!(pause("10ms"), Ok(Duration::from_millis(10)));
        for wrong in ["0s", "9ms", "1ns", "25h"] {
            assert!(pause(wrong).is_err(), "{wrong}");
        }
        assert_eq!((attempts("0"), threshold("1")), (Ok(0), Ok(1)));
        assert!(threshold("0").is_err(), "it would never ask");
    }

    #[test]
    fn ages_are_told_in_days_too() {
        assert_eq!(age("1d"), Ok(Duration::from_secs(24 * 60 * 60)));
        assert_eq!(age("90d"), Ok(Duration::from_secs(90 * 24 * 60 * 60)));
        assert_eq!(age("12h"), Ok(Duration::from_secs(12 * 60 * 60)));
        for wrong in ["0d", "d", "-1d", "1w", "10ms", "1.5d"] {
            assert!(age(wrong).is_err(), "{wrong}");
        }
        assert_eq!(age("48h").unwrap_err(), "`48h` is longer than a day; days are written \"90d\"");
    }

    #[test]
    fn a_head_needs_some_time() {
        assert!(head_timeout("0s").is_err());
    }
}
