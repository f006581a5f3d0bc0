//! Writing JSON: compact, one text for one value.

use std::fmt::Write;

use super::{Json, Key, scan};

/// Writes a value.
pub(super) fn value(value: &Json, out: &mut String) {
    match value {
        Json::Null => out.push_str("null"),
        Json::Bool(true) => out.push_str("true"),
        Json::Bool(false) => out.push_str("false"),
        Json::Number(text) => out.push_str(text),
        // As many are.
        Json::String(text) if text.is_empty() => out.push_str("\"\""),
        Json::String(text) => string(text, out),
        Json::Array(items) => array(items, out),
        Json::Object(fields) => object(fields, out),
    }
}

#[inline(never)]
fn array(items: &[Json], out: &mut String) {
    out.push('[');
    for (index, item) in items.iter().enumerate() {
        if index > 0 {
            out.push(',');
        }
        value(item, out);
    }
    out.push(']');
}

#[inline(never)]
fn object(fields: &[(Key, Json)], out: &mut String) {
    for (index, (key, item)) in fields.iter().enumerate() {
        out.push_str(if index == 0 { "{\"" } else { ",\"" });
        match key {
            // No name of a field needs an escape.
            Key::Field(_, field) => out.push_str(field.name),
            Key::Text(text) => inner(text, out),
        }
        out.push_str("\":");
        value(item, out);
    }
    if fields.is_empty() {
        out.push('{');
    }
    out.push('}');
}

/// Writes a string, escaping what JSON demands and the other control characters, nothing else.
pub(super) fn string(text: &str, out: &mut String) {
    out.push('"');
    inner(text, out);
    out.push('"');
}

/// Writes what a string is between its quotes.
fn inner(text: &str, out: &mut String) {
    let is_unusual = |bytes: u64| scan::is_special(bytes) | scan::is(bytes, 0x7f) | bytes;
    if scan::find(text.as_bytes(), is_unusual).is_none() {
        out.push_str(text);
    } else {
        unusual(text, out);
    }
}

#[cold]
fn unusual(text: &str, out: &mut String) {
    let mut rest = text;
    while let Some((plain, special, after)) = next_special(rest) {
        out.push_str(plain);
        match special {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            // Writing to a `String` cannot fail.
            control => write!(out, "\\u{:04x}", u32::from(control)).unwrap_or_default(),
        }
        rest = after;
    }
    out.push_str(rest);
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
