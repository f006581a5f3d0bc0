//! How the audit fares, in numbers.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::AuditError;

/// How the audit fares since it was opened.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Records that were written.
    pub written: u64,
    /// Records that could not be written.
    pub lost: u64,
    /// Bytes that were written.
    pub bytes: u64,
    /// Times that the disk was waited for.
    pub syncs: u64,
    /// Copies of records that found no room with those who were to have them.
    pub copies_dropped: u64,
    /// Whether it fails at present.
    pub is_failing: bool,
}

/// The same, while it is counted.
#[derive(Debug, Default)]
pub(super) struct Counters {
    written: AtomicU64,
    lost: AtomicU64,
    bytes: AtomicU64,
    syncs: AtomicU64,
    copies_dropped: AtomicU64,
    failure: Mutex<Option<AuditError>>,
}

impl Counters {
    pub(super) fn wrote(&self, records: u64, bytes: usize) {
        self.written.fetch_add(records, Ordering::Relaxed);
        self.bytes.fetch_add(u64::try_from(bytes).unwrap_or(u64::MAX), Ordering::Relaxed);
    }

    pub(super) fn lost(&self, records: u64) {
        if records == 0 {
            return;
        }
        self.lost.fetch_add(records, Ordering::Relaxed);
    }

    pub(super) fn synced(&self) {
        self.syncs.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn dropped_copies(&self, records: u64) {
        self.copies_dropped.fetch_add(records, Ordering::Relaxed);
    }

    /// Takes note of why records cannot be written, or that they can again.
    pub(super) fn fails(&self, failure: Option<AuditError>) {
        *self.lock() = failure;
    }

    /// Why records cannot be written at present.
    pub(super) fn failure(&self) -> Option<AuditError> {
        self.lock().clone()
    }

    /// A panic elsewhere leaves nothing half done here.
    fn lock(&self) -> MutexGuard<'_, Option<AuditError>> {
        self.failure.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn read(&self) -> Counts {
        Counts {
            written: self.written.load(Ordering::Relaxed),
            lost: self.lost.load(Ordering::Relaxed),
            bytes: self.bytes.load(Ordering::Relaxed),
            syncs: self.syncs.load(Ordering::Relaxed),
            copies_dropped: self.copies_dropped.load(Ordering::Relaxed),
            is_failing: self.lock().is_some(),
        }
    }
}
