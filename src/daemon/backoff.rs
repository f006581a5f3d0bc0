//! The pauses between tries: each twice as long as the one before, shortened by chance.

use std::time::Duration;

use crate::settings::{Jitter, Retry};

/// The pauses between tries that follow one another.
#[derive(Debug)]
pub(super) struct Backoff {
    retry: Retry,
    next: Duration,
}

impl Backoff {
    pub(super) fn new(retry: Retry) -> Self {
        Self { retry, next: retry.delay }
    }

    /// How long to wait before the next try.
    pub(super) fn pause(&mut self) -> Duration {
        // Without randomness all wait equally long, which is no reason not to wait.
        self.pause_by(getrandom::u32().unwrap_or(u32::MAX))
    }

    fn pause_by(&mut self, chance: u32) -> Duration {
        let whole = self.next.min(self.retry.max_delay);
        self.next = whole.saturating_mul(2);
        match self.retry.jitter {
            Jitter::None => whole,
            Jitter::Full => whole.mul_f64(f64::from(chance) / f64::from(u32::MAX)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn backoff(jitter: Jitter) -> Backoff {
        let (delay, max_delay) = (Duration::from_millis(100), Duration::from_millis(500));
        Backoff::new(Retry { attempts: 5, delay, max_delay, jitter })
    }

    #[test]
    fn pauses_double_up_to_the_longest() {
        let mut backoff = backoff(Jitter::None);
        let pauses: Vec<_> = (0..5).map(|_| backoff.pause().as_millis()).collect();
        assert_eq!(pauses, [100, 200, 400, 500, 500]);
    }

    #[test]
    fn chance_shortens_them_to_anything_down_to_nothing() {
        for (chance, expected) in [(0, [0, 0, 0]), (u32::MAX, [100, 200, 400]), (u32::MAX / 4, [25, 50, 100])]
        {
            let mut backoff = backoff(Jitter::Full);
            let pauses: Vec<_> = (0..3).map(|_| backoff.pause_by(chance).as_millis()).collect();
            assert_eq!(pauses, expected);
        }
    }
}
