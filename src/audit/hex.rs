//! Bytes as hexadecimal digits.

/// The digits of each byte, small letters.
pub(super) fn hex<const N: usize>(bytes: [u8; N]) -> [[u8; 2]; N] {
    bytes.map(|byte| [digit(byte >> 4), digit(byte & 0xf)])
}

/// The digit of a number below 16.
fn digit(number: u8) -> u8 {
    // Reckoned rather than looked up, so that the compiler can do many at a time.
    let zero = if number < 10 { b'0' } else { b'a'.wrapping_sub(10) };
    zero.wrapping_add(number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_byte_has_two_digits() {
        for byte in 0..=u8::MAX {
            let [digits] = hex([byte]);
            assert_eq!(String::from_utf8_lossy(&digits), format!("{byte:02x}"));
        }
    }
}
