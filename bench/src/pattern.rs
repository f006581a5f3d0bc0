//! The bytes that travel: of every byte both ends know where it belongs, so that one that is lost, doubled or
//! somebody else's is seen.

use std::sync::LazyLock;

/// The pattern repeats after so many bytes, a prime: no buffer's size divides it.
const PERIOD: usize = 65_521;
/// How many bytes can be taken from the pattern at a time.
const LONGEST: usize = 256 * 1024;
/// Of what came, so many bytes are looked at where it begins and where it ends.
const LOOKED_AT: usize = 64;

static BYTES: LazyLock<Vec<u8>> =
    LazyLock::new(|| (0..PERIOD + LONGEST).map(|at| b'a' + (mix(at % PERIOD) % 26) as u8).collect());

/// The bytes from `offset` on, at most [`LONGEST`].
pub(crate) fn bytes(offset: u64, length: usize) -> &'static [u8] {
    let start = (offset % PERIOD as u64) as usize;
    &BYTES[start..start + length.min(LONGEST)]
}

/// Whether `piece` is what belongs at `offset`. Not every byte is compared: that would be the client's work
/// that is measured.
pub(crate) fn fits(offset: u64, piece: &[u8]) -> bool {
    let length = piece.len().min(LOOKED_AT);
    let tail = piece.len() - length;
    piece[..length] == *bytes(offset, length) && piece[tail..] == *bytes(offset + tail as u64, length)
}

fn mix(at: usize) -> usize {
    let mixed = at.wrapping_mul(0x9E37_79B9_7F4A_7C15);
    mixed ^ (mixed >> 29)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_out_of_place_is_seen() {
        assert!(fits(1_000_000, bytes(1_000_000, 4096)));
        assert!(!fits(1_000_001, bytes(1_000_000, 4096)));
        assert!(!fits(0, bytes(PERIOD as u64 / 2, 64)));
    }
}
