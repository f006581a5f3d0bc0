//! Settings that are a number or a duration.

use std::ops::RangeInclusive;
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

/// How long a client may take to send a head: not at all would let nobody in.
pub(super) fn head_timeout(text: &str) -> Result<Duration, String> {
    let duration = duration(text)?;
    if duration.is_zero() {
        Err("no client can send a request in no time: write \"10s\", or \"1h\"".to_owned())
    } else {
        Ok(duration)
    }
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

fn number(text: &str, range: RangeInclusive<usize>) -> Result<usize, String> {
    let all_digits = text.bytes().all(|byte| byte.is_ascii_digit()); // `parse` would take "+7" too.
    text.parse()
        .ok()
        .filter(|number| all_digits && range.contains(number))
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
    fn a_head_needs_some_time() {
        assert!(head_timeout("0s").is_err());
    }
}
