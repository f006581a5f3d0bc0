//! Here-documents: lines behind an instruction that belong to it, up to one that ends them.

use super::{flags, instruction};

/// How what may be a here-document is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reading {
    /// As one (BuildKit since 0.10, and the classic builder since Docker 23).
    Documents,
    /// As instructions, which it is to daemons that know none.
    Instructions,
}

/// A here-document.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Document {
    end: String,
    /// Whether tabs before the end do not count.
    indented: bool,
}

impl Document {
    /// Whether this line is its end.
    pub(super) fn is_ended_by(&self, line: &str) -> bool {
        let line = if self.indented { line.trim_start_matches('\t') } else { line };
        line == self.end
    }
}

/// The here-documents that follow an instruction. What is plainly one is; what is plainly none is not; what depends on
/// how a shell would take it apart is refused.
pub(super) fn of_line(line: &str, escape: char) -> Result<Vec<Document>, &'static str> {
    const UNCLEAR: &str = "it is not clear whether << begins a here-document; write it as <<NAME, apart from the rest, without quotes, escapes and ${…} that change around it";
    let (keyword, rest) = instruction::split(line);
    let (keyword, rest) = match keyword.to_ascii_lowercase().as_str() {
        "onbuild" => instruction::split(rest),
        _ => (keyword, rest),
    };
    if !matches!(keyword.to_ascii_lowercase().as_str(), "run" | "copy" | "add") || !line.contains("<<") {
        return Ok(Vec::new());
    }
    let mut documents = Vec::new();
    let mut characters = Scan { rest: line, is_number: true };
    while let Some(step) = characters.step() {
        match step {
            Step::Other => {}
            Step::Document(document) => documents.push(document),
            Step::Unclear => return Err(UNCLEAR),
        }
    }
    // To JSON they do not belong, and older daemons take for it what only begins so.
    let may_be_json = || flags::skip(rest, escape).is_none_or(|rest| rest.starts_with('['));
    if !documents.is_empty() && may_be_json() {
        return Err(UNCLEAR);
    }
    Ok(documents)
}

/// A line, taken apart into words as BuildKit's lexer does.
struct Scan<'a> {
    rest: &'a str,
    /// Whether the word has nothing but digits so far.
    is_number: bool,
}

enum Step {
    Other,
    Document(Document),
    Unclear,
}

impl<'a> Scan<'a> {
    fn step(&mut self) -> Option<Step> {
        let mut characters = self.rest.chars();
        let character = characters.next()?;
        let after = characters.as_str();
        let was_number = std::mem::replace(&mut self.is_number, false);
        self.rest = after;
        Some(match character {
            '<' if after.starts_with('<') && was_number => self.document(after.trim_start_matches('<')),
            '<' => {
                self.rest = after.trim_start_matches('<');
                Step::Other
            }
            '\'' => self.close('\''),
            '"' => self.close('"'),
            '$' if after.starts_with('{') => self.variable(after),
            '\\' => {
                // What it escapes is a plain character to newer daemons.
                self.rest = characters.next().map(|_| characters.as_str()).unwrap_or_default();
                Step::Other
            }
            character => {
                self.is_number = character.is_whitespace() || (was_number && character.is_ascii_digit());
                Step::Other
            }
        })
    }

    /// What stands behind `<<` and any more of them.
    fn document(&mut self, after: &str) -> Step {
        let less_thans = self.rest.len().saturating_sub(after.len());
        self.rest = match self.rest.get(less_thans..) {
            Some(rest) => rest,
            None => return Step::Unclear,
        };
        if less_thans > 1 {
            // A here-string.
            return Step::Other;
        }
        let (indented, name) = match self.rest.strip_prefix('-') {
            Some(name) => (true, name),
            None => (false, self.rest),
        };
        let end = name.find(char::is_whitespace).unwrap_or(name.len());
        let Some((word, rest)) = name.split_at_checked(end) else { return Step::Unclear };
        let bare = ['\'', '"']
            .iter()
            .find_map(|&quote| word.strip_prefix(quote)?.strip_suffix(quote))
            .unwrap_or(word);
        let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.');
        if bare.is_empty() || !bare.bytes().all(is_plain) {
            return Step::Unclear;
        }
        self.rest = rest;
        Step::Document(Document { end: bare.to_owned(), indented })
    }

    /// Goes behind the quote that closes. Where more than a plain variable or an escape stands between, who knows.
    fn close(&mut self, quote: char) -> Step {
        match self.rest.split_once(quote) {
            Some((quoted, _)) if quote == '"' && quoted.contains(['\\', '$']) => self.close_escaped(),
            Some((_, rest)) => {
                self.rest = rest;
                Step::Other
            }
            None => Step::Unclear,
        }
    }

    fn close_escaped(&mut self) -> Step {
        loop {
            let mut characters = self.rest.chars();
            let Some(character) = characters.next() else { return Step::Unclear };
            let after = characters.as_str();
            self.rest = after;
            match character {
                '\\' => {
                    characters.next();
                    self.rest = characters.as_str();
                }
                '$' if after.starts_with('{') => {
                    if matches!(self.variable(after), Step::Unclear) {
                        return Step::Unclear;
                    }
                }
                '"' => return Step::Other,
                _ => {}
            }
        }
    }

    /// `${NAME}`, and nothing more than that.
    fn variable(&mut self, after: &'a str) -> Step {
        let inside = after.strip_prefix('{').and_then(|after| after.split_once('}'));
        match inside {
            Some((name, rest))
                if !name.is_empty()
                    && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_') =>
            {
                self.rest = rest;
                Step::Other
            }
            _ => Step::Unclear,
        }
    }
}
