//! The id by which client, audit and log speak of one request.

use std::fmt;
use std::io;
use std::sync::atomic::{AtomicU64, Ordering};

use super::hex::hex;

/// The id of a request: eight hexadecimal digits that are drawn when dockgate starts, `-`, and a count.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct RequestId {
    text: [u8; LONGEST],
    length: usize,
}

/// Where ids come from.
#[derive(Debug)]
pub struct RequestIds {
    start: u32,
    last: AtomicU64,
}

/// The digits of the start and `-`; these and the digits of the longest count.
const START: usize = 9;
const LONGEST: usize = START + 16;

impl RequestIds {
    /// A new series of ids.
    ///
    /// # Errors
    ///
    /// If the system gives no random number.
    pub fn new() -> io::Result<Self> {
        Ok(Self {
            start: getrandom::u32().map_err(|error| io::Error::other(error.to_string()))?,
            last: AtomicU64::new(0),
        })
    }

    /// The next id of the series.
    pub fn next(&self) -> RequestId {
        let before = self.last.fetch_add(1, Ordering::Relaxed);
        RequestId::new(self.start, before.wrapping_add(1))
    }
}

impl RequestId {
    fn new(start: u32, number: u64) -> Self {
        let (start, number) = (hex(start.to_be_bytes()), hex(number.to_be_bytes()));
        let number = without_zeros(number.as_flattened());
        let mut text = [b'-'; LONGEST];
        for (place, digit) in text.iter_mut().zip(start.as_flattened()) {
            *place = *digit;
        }
        for (place, digit) in text.iter_mut().skip(START).zip(number) {
            *place = *digit;
        }
        Self { text, length: START.saturating_add(number.len()) }
    }

    /// Its text, which is ASCII.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        self.text.get(..self.length).unwrap_or_default()
    }
}

impl fmt::Display for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(str::from_utf8(self.as_bytes()).unwrap_or_default())
    }
}

fn without_zeros(digits: &[u8]) -> &[u8] {
    let last = digits.len().saturating_sub(1);
    let first = digits.iter().position(|digit| *digit != b'0').unwrap_or(last);
    digits.get(first..).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_a_start_and_a_count() {
        let ids = RequestIds { start: 0xab, last: AtomicU64::new(0x0e) };
        assert_eq!(ids.next().to_string(), "000000ab-f");
        assert_eq!(ids.next().to_string(), "000000ab-10");
        assert_eq!(RequestId::new(u32::MAX, u64::MAX).to_string(), "ffffffff-ffffffffffffffff");
        assert_eq!(RequestId::new(0, 0).to_string(), "00000000-0");
    }
}
