//! Words, and the variables in them, as BuildKit's lexer reads them (`frontend/dockerfile/shell`).

/// How deep substitutions may stand in each other.
const MAX_DEPTH: usize = 16;
/// How long a word may become.
pub(super) const MAX_BYTES: usize = 4096;

/// What a variable is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Value {
    /// This text.
    Known(String),
    /// Nothing at all.
    Unset,
    /// It cannot be told; the text says why.
    Unsure(String),
}

/// The word with its quotes and escapes taken away and its variables put in, each as `look_up` tells.
pub(super) fn expand(word: &str, escape: char, look_up: &dyn Fn(&str) -> Value) -> Result<String, String> {
    let mut lexer = Lexer { rest: word, escape, look_up, unknown: None };
    let text = lexer.until(None, 0)?;
    lexer.unknown.map_or(Ok(text), Err)
}

/// The words of a line, with their quotes and escapes as they stand (`parser.parseWords`).
pub(super) fn split(line: &str, escape: char) -> Vec<String> {
    let mut words = Vec::new();
    let mut word = None::<String>;
    let mut quote = None;
    let mut characters = line.chars();
    while let Some(character) = characters.next() {
        match (character, quote) {
            (character, None) if character.is_whitespace() => words.extend(word.take()),
            _ => {
                let word = word.get_or_insert_default();
                match quote {
                    None if matches!(character, '\'' | '"') => quote = Some(character),
                    Some(open) if character == open => quote = None,
                    Some(_) | None => {}
                }
                if character == escape && quote != Some('\'') {
                    match characters.next() {
                        Some(next) => word.extend([character, next]),
                        // At the end it is left out.
                        None => break,
                    }
                } else {
                    word.push(character);
                }
            }
        }
    }
    words.extend(word);
    words
}

struct Lexer<'a> {
    rest: &'a str,
    escape: char,
    look_up: &'a dyn Fn(&str) -> Value,
    /// Why what was put in is not known, if it is not.
    unknown: Option<String>,
}

impl<'a> Lexer<'a> {
    /// Reads on to `stop`, or to the end.
    fn until(&mut self, stop: Option<char>, depth: usize) -> Result<String, String> {
        if depth > MAX_DEPTH {
            return Err("substitutions stand too deep in each other".to_owned());
        }
        let mut text = String::new();
        while let Some(character) = self.next() {
            match character {
                character if Some(character) == stop => return Ok(text),
                '\'' => self.single_quoted(&mut text)?,
                '"' => self.double_quoted(&mut text, depth)?,
                '$' => text.push_str(&self.variable(depth)?),
                character if character == self.escape => text.extend(self.next()),
                character => text.push(character),
            }
            refuse_long(&text)?;
        }
        match stop {
            None => Ok(text),
            Some(stop) => Err(format!("there is no {stop} where one belongs")),
        }
    }

    fn single_quoted(&mut self, text: &mut String) -> Result<(), String> {
        let (quoted, rest) = self.rest.split_once('\'').ok_or("a quote is not closed")?;
        text.push_str(quoted);
        self.rest = rest;
        Ok(())
    }

    fn double_quoted(&mut self, text: &mut String, depth: usize) -> Result<(), String> {
        while let Some(character) = self.next() {
            match character {
                '"' => return Ok(()),
                '$' => text.push_str(&self.variable(depth)?),
                character if character == self.escape => match self.peek() {
                    None => {}
                    Some(next) if matches!(next, '"' | '$') || next == self.escape => {
                        text.extend(self.next());
                    }
                    Some(_) => text.push(character),
                },
                character => text.push(character),
            }
            refuse_long(text)?;
        }
        Err("a quote is not closed".to_owned())
    }

    /// What stands behind a `$`.
    fn variable(&mut self, depth: usize) -> Result<String, String> {
        if self.peek() != Some('{') {
            return Ok(match self.name()? {
                "" => "$".to_owned(),
                name => self.value(name),
            });
        }
        self.next();
        let name = self.name()?;
        match (self.next(), self.peek()) {
            (Some('}'), _) if !name.is_empty() => Ok(self.value(name)),
            (Some(':'), Some(modifier @ ('-' | '+'))) if !name.is_empty() => {
                self.next();
                // What is not put in need not be known.
                let unknown = self.unknown.take();
                let word = self.until(Some('}'), depth.saturating_add(1))?;
                let unknown_in_word = std::mem::replace(&mut self.unknown, unknown);
                let value = (self.look_up)(name);
                let is_set = matches!(&value, Value::Known(value) if !value.is_empty());
                Ok(match (value, modifier, is_set) {
                    (Value::Unsure(why), _, _) => self.not_known(why),
                    (Value::Known(value), '-', true) => value,
                    (_, '+', true) | (_, '-', false) => {
                        self.unknown = self.unknown.take().or(unknown_in_word);
                        word
                    }
                    (Value::Known(_) | Value::Unset, _, _) => String::new(),
                })
            }
            _ => Err("of substitutions only ${NAME}, ${NAME:-default} and ${NAME:+text} are read".to_owned()),
        }
    }

    fn value(&mut self, name: &str) -> String {
        match (self.look_up)(name) {
            Value::Known(value) => value,
            Value::Unsure(why) => self.not_known(why),
            Value::Unset => self.not_known(format!(
                "${name} is not set; give it a value with ARG before the first FROM, or as a build argument"
            )),
        }
    }

    fn not_known(&mut self, why: String) -> String {
        self.unknown.get_or_insert(why);
        String::new()
    }

    /// The name of a variable; none where there is none.
    fn name(&mut self) -> Result<&'a str, String> {
        let is_name = |character: char| character.is_ascii_alphanumeric() || character == '_';
        let end = self.rest.find(|character| !is_name(character)).unwrap_or(self.rest.len());
        let (name, after) = self.rest.split_at_checked(end).unwrap_or_default();
        let is_special = name.is_empty() && after.starts_with(['@', '*', '#', '?', '-', '$', '!']);
        let is_odd = name.starts_with(|first: char| first.is_ascii_digit())
            || after.starts_with(|next: char| !next.is_ascii());
        if is_special || is_odd {
            return Err("it holds a variable with an odd name".to_owned());
        }
        self.rest = after;
        Ok(name)
    }

    fn next(&mut self) -> Option<char> {
        let mut characters = self.rest.chars();
        let next = characters.next();
        self.rest = characters.as_str();
        next
    }

    fn peek(&self) -> Option<char> {
        self.rest.chars().next()
    }
}

fn refuse_long(text: &str) -> Result<(), String> {
    if text.len() > MAX_BYTES { Err(format!("it becomes longer than {MAX_BYTES} bytes")) } else { Ok(()) }
}
