//! Looking for bytes in a text, eight at a time: most texts are too short for more.

/// Eight bytes, each of them this.
pub(super) const fn eight(byte: u8) -> u64 {
    u64::from_le_bytes([byte; 8])
}

/// Marks, of eight bytes, those that are this by their highest bit; it may mark others behind the first that is, and
/// what is not ASCII.
#[inline]
pub(super) fn is(bytes: u64, byte: u8) -> u64 {
    (bytes ^ eight(byte)).wrapping_sub(eight(1))
}

/// Marks those that do not stand for themselves in a text of JSON: quotes, backslashes and control characters; and it may
/// mark others in ASCII behind the first that is.
#[inline]
pub(super) fn is_special(bytes: u64) -> u64 {
    // With this bit turned, quote and space change places: a quote is next to what is below the space.
    let turned = bytes ^ eight(b'"' ^ b' ');
    (turned.wrapping_sub(eight(b' ' + 1)) | is(bytes, b'\\')) & !bytes
}

/// Which of eight bytes are this, by their lowest bit.
pub(super) fn are(bytes: u64, byte: u8) -> u64 {
    let differ = bytes ^ eight(byte);
    (!((differ & eight(0x7f)).wrapping_add(eight(0x7f)) | differ) >> 7) & eight(1)
}

/// Where the first byte is that is marked; a space never is.
#[inline]
pub(super) fn find(text: &[u8], mark: impl Fn(u64) -> u64) -> Option<usize> {
    let (mut rest, mut at) = (text, 0_usize);
    while let Some((bytes, behind)) = rest.split_first_chunk::<8>() {
        if let Some(first) = first(mark(u64::from_le_bytes(*bytes))) {
            return at.checked_add(first);
        }
        rest = behind;
        at = at.wrapping_add(8);
    }
    let last = rest.iter().rev().fold(eight(b' '), |bytes, byte| bytes << 8 | u64::from(*byte));
    at.checked_add(first(mark(last))?)
}

/// Which of eight bytes is the first that is marked.
#[inline]
fn first(marks: u64) -> Option<usize> {
    let marks = marks & eight(0x80);
    if marks == 0 { None } else { usize::try_from(marks.trailing_zeros() / 8).ok() }
}
