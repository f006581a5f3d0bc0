//! The flags of an instruction: words that begin with `--` (BuildKit, `parser.extractBuilderFlags`).

/// A flag, and its value where it has one.
pub(super) type Flag = (String, Option<String>);

/// The flags at the beginning of `rest`, each of which must be among `known`, and what stands behind them.
pub(super) fn read<'a>(
    keyword: &str,
    known: &[&str],
    rest: &'a str,
    escape: char,
) -> Result<(Vec<Flag>, &'a str), String> {
    let mut flags = Vec::new();
    let mut rest = rest;
    loop {
        rest = rest.trim_start_matches(is_space);
        if rest.starts_with(char::REPLACEMENT_CHARACTER) {
            // Two bytes that are no UTF-8 alone, 85 and A0, are blanks to daemons where a flag could begin.
            return Err(format!("{keyword} is followed by a byte that is not UTF-8"));
        }
        if !rest.starts_with("--") {
            return Ok((flags, rest.trim()));
        }
        let (word, after) = word(rest, escape)
            .ok_or_else(|| format!("a flag of {keyword} holds what daemons read in several ways"))?;
        rest = after;
        let flag = word.strip_prefix("--").unwrap_or_default();
        let (name, value) = match flag.split_once('=') {
            Some((name, value)) => (name, Some(value.to_owned())),
            None => (flag, None),
        };
        if !known.contains(&name) {
            return Err(format!("dockgate does not know the flag --{name} of {keyword}"));
        }
        flags.push((name.to_owned(), value));
    }
}

/// What stands behind the flags at the beginning of `rest`, whichever they are; none, where they cannot be read.
pub(super) fn skip(mut rest: &str, escape: char) -> Option<&str> {
    loop {
        rest = rest.trim_start_matches(is_space);
        if !rest.starts_with("--") {
            return Some(rest.trim_start());
        }
        (_, rest) = word(rest, escape)?;
    }
}

/// The value of the flag `name`.
pub(super) fn last(flags: &[Flag], name: &str) -> Option<String> {
    flags.iter().rev().find(|flag| flag.0 == name).and_then(|flag| flag.1.clone())
}

/// The first word, without its quotes and escapes, and what is behind it. Older daemons know no escape character but
/// the backslash here, and all take the bytes of other characters one by one, blanks among them.
fn word(line: &str, escape: char) -> Option<(String, &str)> {
    let mut word = String::new();
    let mut quote = None;
    let mut characters = line.chars();
    let mut rest = line;
    while let Some(character) = characters.next() {
        let is_escape = character == escape;
        match (character, quote) {
            _ if !character.is_ascii() || (escape != '\\' && matches!(character, '\\' | '`')) => return None,
            (character, None) if is_space(character) => return Some((word, rest)),
            ('\'' | '"', None) => quote = Some(character),
            (character, Some(open)) if character == open => quote = None,
            _ if is_escape => word.extend(characters.next()),
            (character, _) => word.push(character),
        }
        rest = characters.as_str();
    }
    Some((word, ""))
}

fn is_space(character: char) -> bool {
    matches!(character, '\t'..='\r' | ' ')
}
