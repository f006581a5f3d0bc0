//! Whether a value is what the field table says, as Go's decoder would check it.

use super::Json;
use crate::operation::field::Kind;

/// Makes of a value what the daemon understands where this kind belongs. The error says what belongs there.
#[inline]
pub(super) fn fit(value: Json, kind: &Kind) -> Result<Json, &'static str> {
    let fits = match (&value, kind) {
        (Json::Null, _) => true,
        (Json::Bool(_), kind) => matches!(kind, Kind::Any | Kind::Bool),
        (Json::Number(text), Kind::Int) => text.parse::<i64>().is_ok(),
        (Json::Number(text), Kind::Uint) => text.parse::<u64>().is_ok(),
        (Json::Number(_), kind) => matches!(kind, Kind::Any | Kind::Float),
        (Json::String(text), Kind::Bytes) => is_base64(text),
        (Json::String(_), Kind::StrSlice) => return Ok(Json::Array(vec![value])),
        (Json::String(_), kind) => matches!(kind, Kind::Any | Kind::Text),
        (Json::Array(_), kind) => matches!(kind, Kind::Any | Kind::StrSlice | Kind::List(_)),
        (Json::Object(_), kind) => matches!(kind, Kind::Any | Kind::Map(_) | Kind::Struct(_)),
    };
    if fits { Ok(value) } else { Err(belongs(kind)) }
}

/// As Go's `base64.StdEncoding`, which passes over line breaks: groups of four, the last one padded.
fn is_base64(text: &str) -> bool {
    let text: Vec<u8> = text.bytes().filter(|byte| !matches!(byte, b'\r' | b'\n')).collect();
    let digits = text.strip_suffix(b"==").or_else(|| text.strip_suffix(b"=")).unwrap_or(&text);
    text.len().is_multiple_of(4)
        && digits.iter().all(|byte| byte.is_ascii_alphanumeric() || b"+/".contains(byte))
}

#[cold]
fn belongs(kind: &Kind) -> &'static str {
    match kind {
        Kind::Bool => "true or false belongs here",
        Kind::Int => "a whole number belongs here, of 64 bits and written out",
        Kind::Uint => "a whole number not below zero belongs here, of 64 bits and written out",
        Kind::Float => "a number belongs here",
        Kind::Text => "a text belongs here",
        Kind::Bytes => "a text in base64 belongs here",
        Kind::StrSlice => "a list of texts belongs here, or one text",
        Kind::List(_) => "an array […] belongs here",
        Kind::Map(_) | Kind::Struct(_) => "an object {…} belongs here",
        Kind::Any => "a JSON value belongs here",
    }
}

#[cfg(test)]
mod tests {
    use super::is_base64;

    #[test]
    fn base64_is_what_go_takes_for_it() {
        for text in ["", "eA==", "eHg=", "eHh4", "eH\nh4", "eA=\r\n=", "\n", "+/+/"] {
            assert!(is_base64(text), "{text:?}");
        }
        for text in
            ["e", "eA", "eA=", "eHg", "eHh4=", "e===", "====", "=", "eA==eA==", "e-_=", "eHh4 ", "eHh\u{e9}"]
        {
            assert!(!is_base64(text), "{text:?}");
        }
    }
}
