//! Buffers, lent by the thread: whoever waits for something to come holds none, so that idle connections cost
//! next to nothing, and the pages of a large one are not fetched from the system again for every answer.

use std::cell::RefCell;

/// What a buffer begins with.
pub(super) const SMALL_BYTES: usize = 16 * 1024;
/// What bulk makes it grow to.
pub(super) const LARGE_BYTES: usize = 256 * 1024;
/// By how much it grows each time that bulk has filled it.
const GROWTH: usize = 4;

/// How many spare buffers are kept of each size.
const KEPT: [(usize, usize); 3] = [(SMALL_BYTES, 32), (SMALL_BYTES * GROWTH, 4), (LARGE_BYTES, 4)];

thread_local! {
    static SPARE: RefCell<[Vec<Vec<u8>>; 3]> = const { RefCell::new([Vec::new(), Vec::new(), Vec::new()]) };
}

/// A buffer of so many bytes, initialised, with something or other in it.
pub(super) fn take(bytes: usize) -> Vec<u8> {
    let spare = place(bytes)
        .and_then(|place| SPARE.with(|spare| spare.try_borrow_mut().ok()?.get_mut(place).and_then(Vec::pop)));
    spare.unwrap_or_else(|| vec![0; bytes])
}

/// Gives back a buffer that was taken.
pub(super) fn give_back(buffer: Vec<u8>) {
    let Some(place) = place(buffer.len()) else { return };
    let keep = |spare: &RefCell<[Vec<Vec<u8>>; 3]>| {
        let mut spare = spare.try_borrow_mut().ok()?;
        let (kept, (_, limit)) = (spare.get_mut(place)?, KEPT.get(place)?);
        if kept.len() < *limit {
            kept.push(buffer);
        }
        Some(())
    };
    // At the end of a thread there is nobody to keep it for.
    let _kept = SPARE.try_with(keep);
}

/// The size after this one.
pub(super) fn next_size(bytes: usize) -> usize {
    bytes.saturating_mul(GROWTH).clamp(SMALL_BYTES, LARGE_BYTES)
}

/// The smallest size that buffers have, no less than so many bytes; the largest, where none is.
pub(super) fn size_for(bytes: u64) -> usize {
    let fits = |size: &usize| u64::try_from(*size).is_ok_and(|size| size >= bytes);
    KEPT.iter().map(|(size, _)| *size).find(fits).unwrap_or(LARGE_BYTES)
}

fn place(bytes: usize) -> Option<usize> {
    KEPT.iter().position(|(size, _)| *size == bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_buffer_is_used_again() {
        let mut buffer = take(LARGE_BYTES);
        buffer[7] = 7;
        give_back(buffer);
        assert_eq!(take(LARGE_BYTES)[7], 7);
        assert_eq!(take(1000).len(), 1000);
    }

    #[test]
    fn sizes_grow_in_few_steps() {
        assert_eq!([next_size(0), next_size(SMALL_BYTES), next_size(65_536)], [16_384, 65_536, 262_144]);
        assert_eq!([size_for(1), size_for(16_385), size_for(u64::MAX)], [16_384, 65_536, 262_144]);
    }
}
