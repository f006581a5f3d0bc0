//! Whether a value is what the field table says, as Go's decoder would check it.

use super::Json;
use crate::operation::field::Kind;

/// Makes of a value what the daemon understands where this kind belongs. The error says what belongs there.
#[inline]
pub(super) fn fit(value: &mut Json, kind: Kind) -> Result<(), &'static str> {
    let fits = match (kind, &*value) {
        (_, Json::Null)
        | (Kind::Any, _)
        | (Kind::Bool, Json::Bool(_))
        | (Kind::Float, Json::Number(_))
        | (Kind::Text, Json::String(_))
        | (Kind::StrSlice | Kind::List(_), Json::Array(_))
        | (Kind::Map(_) | Kind::Struct(_), Json::Object(_)) => true,
        (Kind::StrSlice, Json::String(text)) => {
            *value = Json::Array(vec![Json::String(text.clone())]);
            true
        }
        (Kind::Int, Json::Number(text)) => text.parse::<i64>().is_ok(),
        (Kind::Uint, Json::Number(text)) => text.parse::<u64>().is_ok(),
        (Kind::Bytes, Json::String(text)) => is_base64(text),
        (
            Kind::Bool
            | Kind::Int
            | Kind::Uint
            | Kind::Float
            | Kind::Text
            | Kind::Bytes
            | Kind::StrSlice
            | Kind::List(_)
            | Kind::Map(_)
            | Kind::Struct(_),
            _,
        ) => false,
    };
    if fits { Ok(()) } else { Err(belongs(kind)) }
}

/// As Go's `base64.StdEncoding`, which passes over line breaks: groups of four, the last one padded.
fn is_base64(text: &str) -> bool {
    let text: Vec<u8> = text.bytes().filter(|byte| !matches!(byte, b'\r' | b'\n')).collect();
    let digits = text.strip_suffix(b"==").or_else(|| text.strip_suffix(b"=")).unwrap_or(&text);
    text.len().is_multiple_of(4)
        && digits.iter().all(|byte| byte.is_ascii_alphanumeric() || b"+/".contains(byte))
}

fn belongs(kind: Kind) -> &'static str {
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
