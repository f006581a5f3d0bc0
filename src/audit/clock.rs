//! The time as it stands in records, most of which differ from the one before in the fraction of a second alone.

use jiff::Timestamp;

use super::record::time_text;

/// Microseconds in a second.
const SECOND: i64 = 1_000_000;

/// The text of the last time that was asked for.
#[derive(Debug, Default)]
pub(super) struct Clock {
    /// The second that it is in; none where there is no text yet.
    second: Option<i64>,
    text: String,
}

impl Clock {
    /// A time as it stands in records.
    pub(super) fn text(&mut self, time: Timestamp) -> &str {
        let (second, fraction) = (time.as_second(), time.as_microsecond().rem_euclid(SECOND));
        if self.second == Some(second) {
            self.text.truncate(self.text.len().saturating_sub("000000Z".len()));
            // Behind a 1, so that no zero is left out.
            let mut digits = itoa::Buffer::new();
            let digits = digits.format(SECOND.saturating_add(fraction)).split_at_checked(1);
            self.text.push_str(digits.map_or("", |(_, digits)| digits));
            self.text.push('Z');
        } else {
            self.text = time_text(time);
            self.second = Some(second);
        }
        &self.text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_says_the_time_whatever_it_said_before() {
        let mut clock = Clock::default();
        for nanoseconds in [
            1_767_323_045_000_000_000,
            1_767_323_045_000_000_999,
            1_767_323_045_000_001_000,
            1_767_323_045_678_901_234,
            1_767_323_045_999_999_999,
            1_767_323_046_000_000_001,
            1_767_323_045_010_000_000,
            0,
        ] {
            let time = Timestamp::from_nanosecond(nanoseconds).unwrap();
            assert_eq!(clock.text(time), time_text(time));
        }
    }
}
