//! Writing JSON: compact, one text for one value.

use std::fmt::{self, Write};

use super::{Json, Key, scan};

/// Writes a value.
pub(super) fn value(value: &Json, out: &mut impl Write) -> fmt::Result {
    match value {
        Json::Null => out.write_str("null"),
        Json::Bool(true) => out.write_str("true"),
        Json::Bool(false) => out.write_str("false"),
        Json::Number(text) => out.write_str(text),
        Json::String(text) => string(text, out),
        Json::Array(items) => {
            out.write_char('[')?;
            for (index, item) in items.iter().enumerate() {
                if index > 0 {
                    out.write_char(',')?;
                }
                self::value(item, out)?;
            }
            out.write_char(']')
        }
        Json::Object(fields) => {
            out.write_char('{')?;
            for (index, (key, item)) in fields.iter().enumerate() {
                if index > 0 {
                    out.write_char(',')?;
                }
                match key {
                    // No name of a field needs an escape.
                    Key::Field(_, field) => quoted(field.name, out)?,
                    Key::Text(text) => string(text, out)?,
                }
                out.write_char(':')?;
                self::value(item, out)?;
            }
            out.write_char('}')
        }
    }
}

fn quoted(text: &str, out: &mut impl Write) -> fmt::Result {
    out.write_char('"')?;
    out.write_str(text)?;
    out.write_char('"')
}

/// Writes a string, escaping what JSON demands and the other control characters, nothing else.
pub(super) fn string(text: &str, out: &mut impl Write) -> fmt::Result {
    let is_unusual = |bytes: u64| scan::is_special(bytes) | scan::is(bytes, 0x7f) | bytes;
    if scan::find(text.as_bytes(), is_unusual).is_none() {
        return quoted(text, out);
    }
    out.write_char('"')?;
    let mut rest = text;
    while let Some((plain, special, after)) = next_special(rest) {
        out.write_str(plain)?;
        match special {
            '"' => out.write_str("\\\"")?,
            '\\' => out.write_str("\\\\")?,
            '\n' => out.write_str("\\n")?,
            '\r' => out.write_str("\\r")?,
            '\t' => out.write_str("\\t")?,
            control => write!(out, "\\u{:04x}", u32::from(control))?,
        }
        rest = after;
    }
    out.write_str(rest)?;
    out.write_char('"')
}

/// The first character that must be escaped, with what stands before and behind it.
fn next_special(text: &str) -> Option<(&str, char, &str)> {
    let at = text.find(|character: char| character == '"' || character == '\\' || character.is_control())?;
    let (plain, from) = text.split_at_checked(at)?;
    let mut after = from.chars();
    Some((plain, after.next()?, after.as_str()))
}

#[cfg(test)]
mod tests {
    use super::Json;

    #[test]
    fn quotes_backslashes_and_control_characters_are_escaped() {
        let text = "q\"b\\n\nt\tr\rnul\0 esc\u{1b} del\u{7f} é 😀 \u{2028}";
        assert_eq!(
            Json::String(text.into()).to_string(),
            "\"q\\\"b\\\\n\\nt\\tr\\rnul\\u0000 esc\\u001b del\\u007f é 😀 \u{2028}\""
        );
    }
}
