//! The circuit breaker: after so many failures in a row nobody waits for the daemon any more, until it was
//! asked again and answered.

use std::time::{Duration, Instant};

use serde::Serialize;

use crate::settings::BreakerSettings;

/// Whether clients' requests go on to the daemon.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum BreakerState {
    /// They do.
    Closed,
    /// They are answered at once, without asking.
    Open,
    /// They are answered at once, and dockgate itself is asking the daemon whether it is there.
    HalfOpen,
}

/// The breaker. It knows no clock: what time it is, it is told.
#[derive(Debug)]
pub(super) struct Breaker {
    settings: BreakerSettings,
    /// Failures since the last success.
    failures: u32,
    state: BreakerState,
    /// When the daemon is to be asked again, where the breaker is not closed.
    open_until: Option<Instant>,
}

impl Breaker {
    pub(super) fn new(settings: BreakerSettings) -> Self {
        Self { settings, failures: 0, state: BreakerState::Closed, open_until: None }
    }

    pub(super) fn state(&self) -> BreakerState {
        self.state
    }

    pub(super) fn failures(&self) -> u32 {
        self.failures
    }

    /// How long until the daemon is asked again, where the breaker is not closed.
    pub(super) fn rest(&self, now: Instant) -> Option<Duration> {
        Some(self.open_until?.saturating_duration_since(now))
    }

    /// Takes note of a failure; whether it opened the breaker.
    pub(super) fn failed(&mut self, now: Instant) -> bool {
        self.failures = self.failures.saturating_add(1);
        let opens = match self.state {
            BreakerState::Closed => self.failures >= self.settings.threshold,
            // A request that was under way before says nothing new.
            BreakerState::Open => return false,
            BreakerState::HalfOpen => true,
        };
        if opens {
            self.open_until = now.checked_add(self.settings.open_time);
        }
        let was_closed = self.state == BreakerState::Closed;
        if opens {
            self.state = BreakerState::Open;
        }
        opens && was_closed
    }

    /// Takes note of an answer.
    pub(super) fn succeeded(&mut self) {
        self.failures = 0;
        self.state = BreakerState::Closed;
        self.open_until = None;
    }

    /// Takes note that dockgate asks the daemon whether it is there.
    pub(super) fn tries(&mut self) {
        if self.state == BreakerState::Open {
            self.state = BreakerState::HalfOpen;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const OPEN_TIME: Duration = Duration::from_secs(2);

    fn breaker() -> Breaker {
        Breaker::new(BreakerSettings { threshold: 3, open_time: OPEN_TIME })
    }

    #[test]
    fn failures_in_a_row_open_it_and_a_success_starts_the_count_anew() {
        let (mut breaker, now) = (breaker(), Instant::now());
        assert!(!breaker.failed(now) && !breaker.failed(now));
        breaker.succeeded();
        assert!(!breaker.failed(now) && !breaker.failed(now));
        assert_eq!((breaker.state(), breaker.rest(now)), (BreakerState::Closed, None));
        assert!(breaker.failed(now), "the third");
        assert_eq!((breaker.state(), breaker.rest(now)), (BreakerState::Open, Some(OPEN_TIME)));
        assert!(!breaker.failed(now), "it is open already");
        assert_eq!(breaker.failures(), 4);
    }

    #[test]
    fn what_dockgate_asks_decides_whether_it_stays_open() {
        let (mut breaker, start) = (breaker(), Instant::now());
        for _ in 0..3 {
            breaker.failed(start);
        }
        let later = start + OPEN_TIME;
        breaker.tries();
        assert_eq!((breaker.state(), breaker.rest(later)), (BreakerState::HalfOpen, Some(Duration::ZERO)));
        assert!(!breaker.failed(later), "it was open before");
        assert_eq!((breaker.state(), breaker.rest(later)), (BreakerState::Open, Some(OPEN_TIME)));
        breaker.tries();
        breaker.succeeded();
        assert_eq!((breaker.state(), breaker.failures()), (BreakerState::Closed, 0));
        breaker.tries();
        assert_eq!(breaker.state(), BreakerState::Closed, "asking while all is well changes nothing");
    }

    #[test]
    fn failures_that_come_late_do_not_keep_it_open() {
        let (mut breaker, start) = (breaker(), Instant::now());
        for _ in 0..3 {
            breaker.failed(start);
        }
        breaker.failed(start + OPEN_TIME / 2);
        assert_eq!(breaker.rest(start + OPEN_TIME), Some(Duration::ZERO));
    }
}
