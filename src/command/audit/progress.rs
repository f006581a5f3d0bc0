//! A progress bar, for those who wait at a terminal.

use std::io::{self, IsTerminal as _, Write as _};
use std::time::{Duration, Instant};

/// How long there is none at first, and between two looks of it.
const PATIENCE: Duration = Duration::from_millis(300);
const PAUSE: Duration = Duration::from_millis(100);
const WIDTH: u64 = 30;

/// A progress bar on standard error, where that is a terminal. It vanishes when it is dropped.
#[derive(Debug)]
pub(super) struct Progress {
    total_bytes: u64,
    began: Instant,
    /// When it is to be drawn next; never where nobody sees it.
    next: Option<Instant>,
    is_drawn: bool,
}

impl Progress {
    pub(super) fn of(total_bytes: u64) -> Self {
        let began = Instant::now();
        let is_seen = total_bytes > 0 && io::stderr().is_terminal();
        let next = if is_seen { began.checked_add(PATIENCE) } else { None };
        Self { total_bytes, began, next, is_drawn: false }
    }

    /// So much was read.
    pub(super) fn step(&mut self, read_bytes: u64) {
        let now = Instant::now();
        if self.next.is_some_and(|next| next <= now) {
            self.next = now.checked_add(PAUSE);
            self.is_drawn = true;
            // Where it cannot be drawn nobody looks.
            let _drawn = write!(io::stderr(), "\r{}", self.text(read_bytes, now));
        }
    }

    /// Makes room for other output; it is drawn again in its time.
    pub(super) fn hide(&mut self) {
        if std::mem::take(&mut self.is_drawn) {
            let _cleared = write!(io::stderr(), "\r\x1b[K");
        }
    }

    fn text(&self, read_bytes: u64, now: Instant) -> String {
        let part = |whole: u64| {
            let part = u128::from(read_bytes).saturating_mul(u128::from(whole));
            let part = part.checked_div(u128::from(self.total_bytes)).unwrap_or_default();
            u64::try_from(part).unwrap_or(whole).min(whole)
        };
        let filled = usize::try_from(part(WIDTH)).unwrap_or_default();
        let empty = usize::try_from(WIDTH).unwrap_or_default().saturating_sub(filled);
        let millis = u64::try_from(now.duration_since(self.began).as_millis()).unwrap_or(u64::MAX);
        let rate = read_bytes.checked_div(millis.max(1)).unwrap_or_default() / 1000;
        format!("[{}{}] {:3} % {rate:5} MB/s", "#".repeat(filled), " ".repeat(empty), part(100))
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.hide();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_fills_from_left_to_right() {
        let began = Instant::now();
        let bar = Progress { total_bytes: 8_000_000_000, began, next: None, is_drawn: false };
        let at = |bytes| bar.text(bytes, began + Duration::from_secs(2));
        assert_eq!(at(0), "[                              ]   0 %     0 MB/s");
        assert_eq!(at(4_000_000_000), "[###############               ]  50 %  2000 MB/s");
        assert_eq!(at(9_000_000_000), "[##############################] 100 %  4500 MB/s");
    }
}
