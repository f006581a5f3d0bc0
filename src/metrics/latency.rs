//! How long things take.

use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::{Registry, Unit};

use crate::operation::table::Answer;

/// What judging takes, in seconds: it only thinks.
const THINKING: [f64; 10] = [5e-6, 1e-5, 2.5e-5, 5e-5, 1e-4, 2.5e-4, 5e-4, 1e-3, 5e-3, 2.5e-2];
/// What a record takes: a write to a file, or a disk that is slow.
const WRITING: [f64; 12] = [5e-5, 1e-4, 2.5e-4, 5e-4, 1e-3, 2.5e-3, 5e-3, 1e-2, 5e-2, 0.25, 1.0, 5.0];
/// What the daemon takes, and all of it together: from a ping to a pull.
const WORKING: [f64; 14] =
    [5e-4, 1e-3, 2.5e-3, 5e-3, 1e-2, 2.5e-2, 5e-2, 0.1, 0.25, 0.5, 1.0, 5.0, 15.0, 60.0];

/// The histograms.
#[derive(Debug)]
pub(super) struct Latency {
    pub(super) judging: Histogram,
    pub(super) audit: Histogram,
    pub(super) daemon: Histogram,
    /// The whole of requests whose answer is no stream: a stream lasts as long as it is wanted.
    whole: Histogram,
}

impl Latency {
    pub(super) fn register(registry: &mut Registry) -> Self {
        let mut register = |name: &str, help: &str, buckets: &[f64]| {
            let histogram = Histogram::new(buckets.iter().copied());
            registry.register_with_unit(name, help, Unit::Seconds, histogram.clone());
            histogram
        };
        Self {
            judging: register("judging", "Time that judging a request took", &THINKING),
            audit: register(
                "audit",
                "Time from handing over a request's first record to its being written",
                &WRITING,
            ),
            daemon: register(
                "daemon",
                "Time from forwarding a request to the head of the daemon's answer",
                &WORKING,
            ),
            whole: register(
                "request",
                "Time from a request's head to its end, of requests whose answer is neither a stream nor a tunnel",
                &WORKING,
            ),
        }
    }

    /// Measures the whole of a request.
    pub(super) fn whole(&self, answer: Option<Answer>, seconds: f64) {
        match answer {
            Some(Answer::Plain) | None => self.whole.observe(seconds),
            Some(Answer::Stream | Answer::Hijack(_)) => {}
        }
    }
}
