//! When the audit file is to be moved away.

use std::path::{Path, PathBuf};
use std::sync::mpsc::Sender;
use std::time::{Duration, Instant};

use jiff::Timestamp;

use super::shelf::Rotated;
use crate::settings::Rotation;

/// How long to wait before what failed is tried again.
const PATIENCE: Duration = Duration::from_secs(60);

/// When the audit file is to be moved away, and to where.
#[derive(Debug)]
pub(super) struct Rotating {
    audit: PathBuf,
    most_bytes: Option<u64>,
    longest: Option<Duration>,
    /// What is in the file.
    bytes: u64,
    /// When its first record is as old as may be.
    old_at: Option<Instant>,
    /// Not before that, since it failed.
    not_before: Option<Instant>,
    /// Who looks after what was moved.
    keeper: Sender<()>,
}

impl Rotating {
    /// For a file that has so many bytes, the first of them written at `since`.
    pub(super) fn new(
        audit: &Path,
        rotation: &Rotation,
        (bytes, since): (u64, Option<Timestamp>),
        keeper: Sender<()>,
    ) -> Self {
        let left = rotation.age.filter(|_| bytes > 0).map(|longest| {
            let age = since.map(|since| Timestamp::now().duration_since(since));
            let age = age.and_then(|age| Duration::try_from(age).ok()).unwrap_or_default();
            longest.saturating_sub(age)
        });
        Self {
            audit: audit.to_owned(),
            most_bytes: rotation.bytes,
            longest: rotation.age,
            bytes,
            old_at: left.and_then(|left| Instant::now().checked_add(left)),
            not_before: None,
            keeper,
        }
    }

    /// So much was written.
    pub(super) fn wrote(&mut self, count: usize, now: Instant) {
        self.bytes = self.bytes.saturating_add(u64::try_from(count).unwrap_or(u64::MAX));
        if self.old_at.is_none() {
            self.old_at = self.longest.and_then(|longest| now.checked_add(longest));
        }
    }

    /// Whether the file is as large as may be.
    pub(super) fn is_full(&self) -> bool {
        self.most_bytes.is_some_and(|most| self.bytes >= most)
            && self.not_before.is_none_or(|time| time <= Instant::now())
    }

    /// Whether it is as old as may be.
    pub(super) fn is_old(&self, now: Instant) -> bool {
        self.due().is_some_and(|due| due <= now)
    }

    /// When it will be.
    pub(super) fn due(&self) -> Option<Instant> {
        self.old_at.max(self.old_at.and(self.not_before))
    }

    /// Where it is to be moved, when this is the number of its last record.
    pub(super) fn next_path(&self, last: u64) -> PathBuf {
        Rotated::path(&self.audit, Timestamp::now(), last)
    }

    /// It was moved.
    pub(super) fn moved(&mut self) {
        (self.bytes, self.old_at, self.not_before) = (0, None, None);
        // Where the keeper is gone, dockgate is about to be.
        self.keeper.send(()).ok();
    }

    /// It could not be moved.
    pub(super) fn postpone(&mut self) {
        self.not_before = Instant::now().checked_add(PATIENCE);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::channel;

    use super::*;

    fn of(rotation: &Rotation, bytes: u64, since: Option<Timestamp>) -> Rotating {
        Rotating::new(Path::new("a"), rotation, (bytes, since), channel().0)
    }

    #[test]
    fn a_file_has_its_time_when_it_is_large_or_old() {
        let now = Instant::now();
        let large = Rotation { bytes: Some(100), ..Rotation::default() };
        let mut rotating = of(&large, 60, None);
        assert!(!rotating.is_full());
        rotating.wrote(40, now);
        assert!(rotating.is_full() && rotating.due().is_none());
        rotating.postpone();
        assert!(!rotating.is_full());
        rotating.moved();
        rotating.wrote(40, now);
        assert!(!rotating.is_full());

        let hour = Duration::from_secs(3600);
        let old = Rotation { age: Some(hour), ..Rotation::default() };
        assert_eq!(of(&old, 0, None).due(), None, "an empty file does not grow old");
        let before = Timestamp::now() - 2 * hour;
        assert!(of(&old, 9, Some(before)).is_old(Instant::now()), "as its first record says");
        let mut rotating = of(&old, 0, None);
        rotating.wrote(1, now);
        assert!(!rotating.is_old(now + hour / 2) && rotating.is_old(now + hour));
        rotating.postpone();
        assert!(!rotating.is_old(now + PATIENCE / 2));
    }
}
