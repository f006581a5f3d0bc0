//! Percent-encoding, as paths and queries use it.

use std::borrow::Cow;

/// Whether `+` stands for a space: in queries it does, in paths it does not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Plus {
    Space,
    Literal,
}

/// A `%` that two hexadecimal digits do not follow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct BadEscape;

/// Decodes once: `%2541` is `%41`.
pub(super) fn decode(raw: &[u8], plus: Plus) -> Result<Cow<'_, [u8]>, BadEscape> {
    if !raw.iter().any(|&byte| byte == b'%' || (byte == b'+' && plus == Plus::Space)) {
        return Ok(Cow::Borrowed(raw));
    }
    let mut decoded = Vec::with_capacity(raw.len());
    let mut rest = raw.iter();
    while let Some(&byte) = rest.next() {
        decoded.push(match byte {
            b'%' => escaped(rest.next(), rest.next())?,
            b'+' if plus == Plus::Space => b' ',
            literal => literal,
        });
    }
    Ok(Cow::Owned(decoded))
}

/// Whether every escape is one, without decoding: for values that are dropped unread.
pub(super) fn check(raw: &[u8]) -> Result<(), BadEscape> {
    let mut rest = raw.iter();
    while let Some(&byte) = rest.next() {
        if byte == b'%' {
            escaped(rest.next(), rest.next())?;
        }
    }
    Ok(())
}

fn escaped(high: Option<&u8>, low: Option<&u8>) -> Result<u8, BadEscape> {
    let digit = |byte: Option<&u8>| byte.and_then(|&byte| char::from(byte).to_digit(16)).ok_or(BadEscape);
    let value = digit(high)?.checked_mul(16).and_then(|high| high.checked_add(digit(low).ok()?));
    value.and_then(|value| u8::try_from(value).ok()).ok_or(BadEscape)
}

/// Decodes what need not be escaped, and leaves every other `%` as it is.
pub(super) fn decode_unreserved(text: &str) -> String {
    let mut parts = text.split('%');
    let mut plain = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let bytes = part.as_bytes();
        match escaped(bytes.first(), bytes.get(1)) {
            Ok(byte) if is_unreserved(byte) => {
                plain.push(char::from(byte));
                plain.push_str(part.get(2..).unwrap_or_default());
            }
            Ok(_) | Err(BadEscape) => {
                plain.push('%');
                plain.push_str(part);
            }
        }
    }
    plain
}

/// Whether a byte stands for itself wherever it stands: letters, digits and `-._~` (RFC 3986).
fn is_unreserved(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-._~".contains(&byte)
}

/// Writes `text` with every byte escaped but those that need not be and those of `also`.
pub(super) fn encode(text: &str, also: &[u8], out: &mut String) {
    let is_literal = |byte: u8| is_unreserved(byte) || also.contains(&byte);
    if text.bytes().all(is_literal) {
        out.push_str(text);
        return;
    }
    for byte in text.bytes() {
        if is_literal(byte) {
            out.push(char::from(byte));
        } else {
            out.push('%');
            for nibble in [byte >> 4, byte & 15] {
                out.extend(char::from_digit(u32::from(nibble), 16).map(|digit| digit.to_ascii_uppercase()));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{BadEscape, Plus, check, decode, encode};
    use proptest::prelude::*;

    #[test]
    fn escapes_decode_once() {
        assert_eq!(decode(b"%2541%2f%c3%A9", Plus::Literal).unwrap().as_ref(), "%41/é".as_bytes());
        assert_eq!(decode(b"a+b%2B", Plus::Space).unwrap().as_ref(), b"a b+");
        assert_eq!(decode(b"a+b%2B", Plus::Literal).unwrap().as_ref(), b"a+b+");
    }

    #[test]
    fn broken_escapes_are_errors() {
        for raw in ["%", "%4", "%zz", "a%4g", "%%41", "%+1"] {
            assert_eq!(decode(raw.as_bytes(), Plus::Space), Err(BadEscape), "{raw}");
            assert_eq!(check(raw.as_bytes()), Err(BadEscape), "{raw}");
        }
    }

    proptest! {
        #[test]
        fn what_is_encoded_decodes_to_itself(text: String) {
            let mut encoded = String::new();
            encode(&text, b":@", &mut encoded);
            prop_assert!(encoded.is_ascii());
            for plus in [Plus::Space, Plus::Literal] {
                let decoded = decode(encoded.as_bytes(), plus).unwrap();
                prop_assert_eq!(decoded.as_ref(), text.as_bytes());
            }
        }
    }
}
