//! The lines of a Dockerfile: each instruction on one, without comments, continued lines joined.

use super::heredoc::{self, Reading};
use super::instruction;
use crate::operation::inside::Flaw;

/// A Dockerfile, line by line.
pub(super) struct Lines {
    pub(super) all: Vec<Line>,
    /// What escapes the character behind it, and the end of a line.
    pub(super) escape: char,
    /// Whether here-documents were left out.
    pub(super) has_documents: bool,
}

/// An instruction.
pub(super) struct Line {
    /// Where it begins, from 1.
    pub(super) number: usize,
    pub(super) text: String,
}

impl Lines {
    /// Reads the lines of `text`.
    pub(super) fn read(text: &str, reading: Reading) -> Result<Self, Flaw> {
        let escape = escape(text)?;
        let mut read = Self { all: Vec::new(), escape, has_documents: false };
        let mut physical = (1..).zip(text.lines());
        while let Some((number, line)) = physical.next() {
            let line = checked(number, line)?.trim_start();
            if is_comment(line) || line.is_empty() {
                continue;
            }
            let (line, mut continues) = continued(line, escape);
            let mut text = line.to_owned();
            while continues && let Some((number, line)) = physical.next() {
                let line = checked(number, line)?;
                if is_comment(line) || line.trim_start().is_empty() {
                    continue;
                }
                let (line, more) = continued(line, escape);
                continues = more;
                text.push_str(line);
            }
            if reading == Reading::Documents {
                for document in heredoc::of_line(&text, escape).map_err(|what| Flaw::line(number, what))? {
                    read.has_documents = true;
                    let mut ended = false;
                    while !ended && let Some((number, line)) = physical.next() {
                        ended = document.is_ended_by(checked(number, line)?);
                    }
                    if !ended {
                        return Err(Flaw::line(number, "the here-document does not end"));
                    }
                }
            }
            read.all.push(Line { number, text });
        }
        Ok(read)
    }

    /// False where a line is none for sure, so that every daemon refuses them all.
    pub(super) fn may_be_instructions(&self) -> bool {
        self.all.iter().all(|line| {
            let keyword = instruction::split(&line.text).0;
            !keyword.is_ascii() || instruction::is_known(keyword)
        })
    }
}

/// The directive `# escape=` at the top.
fn escape(text: &str) -> Result<char, Flaw> {
    let mut escape = None;
    let mut is_checked = false;
    for (number, line) in (1..).zip(text.lines()) {
        let flaw = |what| Err(Flaw::line(number, what));
        let Some((key, value)) = directive(line.trim_start()) else { break };
        match (key.trim().to_ascii_lowercase().as_str(), value) {
            ("syntax" | "check" | "escape", _)
                if key.contains(|c: char| c.is_whitespace() && !matches!(c, ' ' | '\t')) =>
            {
                return flaw("there is an odd blank in the directive");
            }
            ("syntax", _) => {}
            ("check", _) => is_checked = true,
            ("escape", _) if escape.is_some() => return flaw("escape is set twice"),
            // Daemons that do not know `check` read no further.
            ("escape", "`") if is_checked => return flaw("put escape before check"),
            ("escape", "`") => escape = Some('`'),
            ("escape", "\\") => escape = Some('\\'),
            ("escape", _) => return flaw("escape is either \\ or `"),
            _ => break,
        }
    }
    Ok(escape.unwrap_or('\\'))
}

/// The name of a directive, with the blanks around it, and its value, which may be nothing but blanks.
pub(super) fn directive(line: &str) -> Option<(&str, &str)> {
    let (key, value) = line.strip_prefix('#')?.split_once('=')?;
    let name = key.trim();
    let is_name = name.starts_with(|c: char| c.is_ascii_alphabetic())
        && name.bytes().all(|c| c.is_ascii_alphanumeric());
    (is_name && !value.is_empty()).then_some((key, value.trim()))
}

/// Carriage returns within a line, and marks of the byte order behind the beginning, are blanks to some daemons.
fn checked(number: usize, line: &str) -> Result<&str, Flaw> {
    if line.contains(['\r', '\u{feff}']) {
        return Err(Flaw::line(number, "there is a carriage return or byte-order mark within the line"));
    }
    Ok(line)
}

fn is_comment(line: &str) -> bool {
    line.trim_start().starts_with('#')
}

/// A line without the escape character at its end that lets it continue, and whether it does. An escaped one does not
/// count.
fn continued(line: &str, escape: char) -> (&str, bool) {
    match line.trim_end_matches([' ', '\t']).strip_suffix(escape) {
        Some(rest) if !rest.ends_with(escape) => (rest, true),
        Some(_) | None => (line, false),
    }
}
