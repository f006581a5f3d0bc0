//! The id by which client, audit and log speak of one request.

use std::fmt;
use std::io;
use std::sync::atomic::{AtomicU64, Ordering};

use serde::{Serialize, Serializer};

/// The id of a request: eight hexadecimal digits that are drawn when dockgate starts, and a count.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct RequestId {
    start: u32,
    number: u64,
}

/// Where ids come from.
#[derive(Debug)]
pub struct RequestIds {
    start: u32,
    last: AtomicU64,
}

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
        RequestId { start: self.start, number: before.wrapping_add(1) }
    }
}

impl fmt::Display for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:08x}-{:x}", self.start, self.number)
    }
}

impl Serialize for RequestId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_a_start_and_a_count() {
        let ids = RequestIds { start: 0xab, last: AtomicU64::new(0x0e) };
        assert_eq!(ids.next().to_string(), "000000ab-f");
        assert_eq!(ids.next().to_string(), "000000ab-10");
    }
}
