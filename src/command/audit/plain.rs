//! Text of others, made fit for a terminal, a table, a spreadsheet.
//!
//! What a client chooses can hold what moves the cursor, turns the direction of writing, or looks like something else.
//! Shown are printable ASCII and the letters of Latin scripts; all else as `\u{…}`, and `\` as `\\`, so that
//! nothing that is shown could have been anything else.

use std::borrow::Cow;
use std::fmt::Write as _;

/// The text as it can be shown.
pub(in crate::command) fn plain(text: &str) -> Cow<'_, str> {
    if text.chars().all(|character| is_shown(character) && character != '\\') {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len().saturating_mul(2));
    for character in text.chars() {
        match character {
            '\\' => out.push_str("\\\\"),
            shown if is_shown(shown) => out.push(shown),
            // Writing to a `String` cannot fail.
            other => write!(out, "\\u{{{:x}}}", u32::from(other)).unwrap_or_default(),
        }
    }
    Cow::Owned(out)
}

fn is_shown(character: char) -> bool {
    matches!(character, ' '..='~') || (matches!(character, '\u{c0}'..='\u{24f}') && character.is_alphabetic())
}

/// The text as a cell of CSV (RFC 4180), of which no spreadsheet makes a formula.
pub(super) fn cell(text: &str) -> Cow<'_, str> {
    let text = plain(text);
    let is_formula = text.starts_with(['=', '+', '-', '@']);
    if !is_formula && !text.contains([',', '"', ';']) {
        return text;
    }
    let guard = if is_formula { "'" } else { "" };
    Cow::Owned(format!("\"{guard}{}\"", text.replace('"', "\"\"")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_plays_with_a_terminal() {
        assert_eq!(plain("web-1 (Zürich)"), "web-1 (Zürich)");
        assert_eq!(plain("\u{1b}[2J\r\n\t\u{7f}\u{9b}1m"), "\\u{1b}[2J\\u{d}\\u{a}\\u{9}\\u{7f}\\u{9b}1m");
        assert_eq!(
            plain("a\u{202e}b\u{2066}\u{200b}\u{feff}\u{ad}"),
            "a\\u{202e}b\\u{2066}\\u{200b}\\u{feff}\\u{ad}"
        );
        assert_eq!(plain("pаypal e\u{301}"), "p\\u{430}ypal e\\u{301}");
        assert_eq!(plain("\\u{1b}"), "\\\\u{1b}", "what was so spelled is told apart");
        for character in
            ('\0'..=char::MAX).filter(|character| !character.is_ascii_graphic() && *character != ' ')
        {
            let shown = plain(character.encode_utf8(&mut [0; 4])).into_owned();
            assert!(shown.starts_with("\\u{") || character.is_alphabetic(), "{character:?}");
            assert!(!shown.chars().any(char::is_control));
        }
    }

    #[test]
    fn no_cell_is_a_formula() {
        assert_eq!(cell("web"), "web");
        assert_eq!(cell("a,b \"c\""), "\"a,b \"\"c\"\"\"");
        for formula in ["=1+1", "+1", "-1", "@SUM(A1)", "=HYPERLINK(\"http://x\")"] {
            assert!(cell(formula).starts_with("\"'"), "{formula}");
        }
        assert_eq!(cell("\t=1"), "\\u{9}=1");
    }
}
