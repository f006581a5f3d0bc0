//! Patterns of texts: globs and regular expressions, kept as written so that they can be compared.

use regex::bytes::{Regex, RegexBuilder};

/// A regular expression that must match the whole text. It reads bytes: `.` is one byte, `\d` and
/// `\w` are ASCII, and no letter outside ASCII folds to one inside it.
#[derive(Clone, Debug)]
pub(super) struct Expression {
    source: String,
    regex: Regex,
}

impl PartialEq for Expression {
    fn eq(&self, other: &Self) -> bool {
        self.source == other.source
    }
}

impl Expression {
    /// Compiles it; the error says what is wrong, in one line.
    pub(super) fn new(source: &str) -> Result<Self, String> {
        // On its own first: `a)|(?:b` must not become valid by what is put around it.
        compile(source)?;
        let regex = compile(&anchored(source))?;
        Ok(Self { source: source.to_owned(), regex })
    }

    pub(super) fn matches(&self, text: &str) -> bool {
        self.regex.is_match(text.as_bytes())
    }

    /// As it was written.
    pub(super) fn source(&self) -> &str {
        &self.source
    }
}

/// The expression made to match whole texts only.
pub(super) fn anchored(source: &str) -> String {
    format!(r"\A(?:{source})\z")
}

fn compile(source: &str) -> Result<Regex, String> {
    RegexBuilder::new(source).unicode(false).build().map_err(|error| last_line(&error.to_string()))
}

/// Of what is wrong with an expression, what is said below the picture of it.
pub(super) fn last_line(fault: &str) -> String {
    let last = fault.lines().last().unwrap_or_default().trim();
    last.strip_prefix("error: ").unwrap_or(last).to_owned()
}

/// A text with wildcards: `*` is any run of characters, also an empty one, `?` is any one character,
/// and `\` takes the meaning from the character after it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Glob {
    tokens: Vec<Token>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Token {
    Literal(char),
    One,
    Run,
}

impl Glob {
    /// Reads a glob. Every text is one; a `\` at the end stands for itself.
    pub(super) fn new(source: &str) -> Self {
        let mut tokens = Vec::new();
        let mut characters = source.chars();
        while let Some(character) = characters.next() {
            tokens.push(match character {
                '*' => Token::Run,
                '?' => Token::One,
                '\\' => Token::Literal(characters.next().unwrap_or('\\')),
                literal => Token::Literal(literal),
            });
        }
        tokens.dedup_by(|next, before| *next == Token::Run && *before == Token::Run);
        Self { tokens }
    }

    /// Time grows with the product of both lengths at worst.
    pub(super) fn matches(&self, text: &str) -> bool {
        let mut tokens = self.tokens.as_slice();
        let mut rest = text.chars();
        // Where to go on when the tokens after the last run do not fit here: one character further.
        let mut retry: Option<(&[Token], std::str::Chars<'_>)> = None;
        loop {
            if let [Token::Run, after @ ..] = tokens {
                retry = Some((after, rest.clone()));
                tokens = after;
                continue;
            }
            let mut ahead = rest.clone();
            match (tokens.split_first(), ahead.next()) {
                (None, None) => return true,
                (Some((Token::One, after)), Some(_)) => {
                    tokens = after;
                    rest = ahead;
                    continue;
                }
                (Some((Token::Literal(expected), after)), Some(found)) if *expected == found => {
                    tokens = after;
                    rest = ahead;
                    continue;
                }
                _ => {}
            }
            let Some((after, from)) = &mut retry else { return false };
            if from.next().is_none() {
                return false;
            }
            tokens = after;
            rest = from.clone();
        }
    }

    /// Whether it is this text, without wildcards.
    pub(super) fn is(&self, text: &str) -> bool {
        self.tokens.iter().copied().eq(text.chars().map(Token::Literal))
    }

    /// It, as a policy writes it.
    pub(super) fn source(&self) -> String {
        self.tokens
            .iter()
            .map(|token| match token {
                Token::Literal(character) => escape(&character.to_string()),
                Token::One => "?".to_owned(),
                Token::Run => "*".to_owned(),
            })
            .collect()
    }

    /// The one text that it matches, where it has no wildcard.
    pub(super) fn literal(&self) -> Option<String> {
        self.tokens
            .iter()
            .map(|token| match token {
                Token::Literal(character) => Some(*character),
                Token::One | Token::Run => None,
            })
            .collect()
    }

    /// A text that it matches: with this for each run of characters, and this for any one.
    pub(super) fn filled(&self, run: &str, one: char) -> String {
        self.tokens
            .iter()
            .map(|token| match token {
                Token::Literal(character) => character.to_string(),
                Token::One => one.to_string(),
                Token::Run => run.to_owned(),
            })
            .collect()
    }

    /// Whether everything that it matches is matched by the other; `false` also where that is not clear.
    pub(super) fn within(&self, other: &Self) -> bool {
        // Which beginnings of the other's tokens have taken all tokens so far.
        let runs_on = |reached: &mut Vec<bool>| {
            for (place, token) in other.tokens.iter().enumerate() {
                if *token == Token::Run && reached.get(place) == Some(&true) {
                    set(reached, place.saturating_add(1));
                }
            }
        };
        let mut reached = vec![false; other.tokens.len().saturating_add(1)];
        set(&mut reached, 0);
        runs_on(&mut reached);
        for mine in &self.tokens {
            let mut next = vec![false; reached.len()];
            for (place, theirs) in other.tokens.iter().enumerate() {
                if reached.get(place) != Some(&true) {
                    continue;
                }
                match (mine, theirs) {
                    // It goes on taking.
                    (_, Token::Run) => set(&mut next, place),
                    (Token::Literal(_) | Token::One, Token::One) => set(&mut next, place.saturating_add(1)),
                    (Token::Literal(mine), Token::Literal(theirs)) if mine == theirs => {
                        set(&mut next, place.saturating_add(1));
                    }
                    (Token::Literal(_) | Token::One | Token::Run, Token::Literal(_))
                    | (Token::Run, Token::One) => {}
                }
            }
            runs_on(&mut next);
            reached = next;
        }
        reached.last() == Some(&true)
    }
}

fn set(places: &mut [bool], place: usize) {
    if let Some(is_reached) = places.get_mut(place) {
        *is_reached = true;
    }
}

/// The text as a regular expression that matches it and nothing else, with no more backslashes than
/// it needs outside a class.
pub(super) fn escape_expression(text: &str) -> String {
    let mut expression = String::new();
    for character in text.chars() {
        if r"\.+*?()|[]{}^$".contains(character) {
            expression.push('\\');
        }
        expression.push(character);
    }
    expression
}

/// The text as a glob that matches it and nothing else.
pub(super) fn escape(text: &str) -> String {
    let mut glob = String::new();
    for character in text.chars() {
        if matches!(character, '*' | '?' | '\\') {
            glob.push('\\');
        }
        glob.push(character);
    }
    glob
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn globs_match_whole_texts() {
        for (glob, yes, no) in [
            ("latest", &["latest"][..], &["", "late", "latest1"][..]),
            ("", &[""], &["a"]),
            ("*", &["", "a", "é/ü"], &[]),
            ("a*", &["a", "ab", "a*"], &["", "ba"]),
            ("*/alpine", &["docker.io/library/alpine", "/alpine"], &["alpine", "x/alpine:3"]),
            ("a*b*c", &["abc", "aXbYc", "abbcc", "abcbc"], &["ab", "acb", "abcd"]),
            ("v?", &["v1", "vé"], &["v", "v12"]),
            (r"\*\?", &["*?"], &["ab", r"\*\?"]),
            (r"a\", &[r"a\"], &["a"]),
            ("**", &["", "x"], &[]),
        ] {
            for text in yes {
                assert!(Glob::new(glob).matches(text), "{glob} should match {text}");
            }
            for text in no {
                assert!(!Glob::new(glob).matches(text), "{glob} should not match {text}");
            }
        }
    }

    #[test]
    fn long_texts_do_not_take_long() {
        let glob = Glob::new(&"*a".repeat(200));
        assert!(!glob.matches(&"ab".repeat(1_000).replace('a', "bb")));
        assert!(!Glob::new("*a*a*a*a*a*a*a*a*b").matches(&"a".repeat(50_000)));
    }

    #[test]
    fn containment_is_claimed_only_where_it_is_clear() {
        for (narrow, wide, expected) in
            [("a", "a", true), ("a", "*", true), ("ab", "a?", true), ("a*", "a*", true), ("a*", "ab*", false)]
        {
            assert_eq!(Glob::new(narrow).within(&Glob::new(wide)), expected, "{narrow} within {wide}");
        }
    }

    #[test]
    fn expressions_are_anchored_however_they_are_written() {
        let expression = Expression::new("web|db").unwrap();
        assert!(expression.matches("web") && expression.matches("db"));
        assert!(!expression.matches("webdb") && !expression.matches("xdb") && !expression.matches("web\n"));
        assert!(!Expression::new("(?m)^web$").unwrap().matches("x\nweb\ny"));
        assert!(Expression::new("a)|(?:b").unwrap_err().contains("unopened group"));
        assert!(Expression::new("(?x) web # note").is_err());
        assert!(!Expression::new("(?i)k").unwrap().matches("\u{212a}"));
    }

    proptest! {
        #[test]
        fn a_glob_agrees_with_the_same_regular_expression(glob in "[ab*?]{0,8}", text in "[abc]{0,10}") {
            let expression = glob.replace('*', ".*").replace('?', ".");
            let expected = Expression::new(&expression).unwrap().matches(&text);
            prop_assert_eq!(Glob::new(&glob).matches(&text), expected);
        }

        #[test]
        fn what_is_within_another_matches_nothing_else(
            narrow in "[ab*?]{0,6}", wide in "[ab*?]{0,6}", text in "[abc]{0,8}",
        ) {
            let (narrow, wide) = (Glob::new(&narrow), Glob::new(&wide));
            prop_assert!(!narrow.within(&wide) || !narrow.matches(&text) || wide.matches(&text));
        }

        #[test]
        fn a_text_is_within_what_matches_it(glob in "[ab*?]{0,6}", text in "[ab]{0,8}") {
            prop_assert_eq!(Glob::new(&text).within(&Glob::new(&glob)), Glob::new(&glob).matches(&text));
        }

        #[test]
        fn an_escaped_text_matches_itself_and_is_literal(text in ".*") {
            let glob = Glob::new(&escape(&text));
            prop_assert!(glob.matches(&text));
            prop_assert_eq!(glob.literal(), Some(text.clone()));
            prop_assert!(Expression::new(&escape_expression(&text)).unwrap().matches(&text));
        }

        #[test]
        fn a_glob_is_written_as_it_can_be_read(glob in r"[ab*?\\]{0,8}") {
            let glob = Glob::new(&glob);
            prop_assert_eq!(Glob::new(&glob.source()), glob);
        }
    }
}
