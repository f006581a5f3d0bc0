//! Regular expressions on canonical paths. A policy looks up those that spell one path, and has all others in one
//! automaton, so that a request costs the same however many there are; the automaton's states are made as requests
//! come to them, so that starting costs little.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use regex_automata::hybrid::dfa::{Cache, Config, DFA};
use regex_automata::nfa::thompson::{self, NFA, WhichCaptures};
use regex_automata::util::start;
use regex_automata::{Anchored, MatchKind};
use regex_syntax::hir::{Hir, Look};

use super::pattern::last_line;
use super::{Hashed, hashed};

/// One expression takes no more than this to be looked into.
const SIZE_LIMIT_BYTES: usize = 1 << 20;
/// All of a policy take no more than this.
const WHOLE_LIMIT_BYTES: usize = 32 << 20;
/// What the automaton keeps of the states that it made; it makes them anew where that is not enough.
const STATES_BYTES: usize = 4 << 20;

/// An expression, read. It must match a whole path. It reads bytes: `.` is one byte, `\d` and `\w` are ASCII, and no
/// letter outside ASCII folds to one inside it.
#[derive(Clone, Debug)]
pub(super) struct PathExpression {
    source: Arc<str>,
    meaning: Meaning,
}

/// What an expression matches.
#[derive(Clone, Debug)]
pub(super) enum Meaning {
    /// One path, which it spells: most do.
    Path(String),
    /// Whatever this says.
    Paths(Hir),
}

impl PathExpression {
    /// Reads it; the error says what is wrong, in one line.
    pub(super) fn read(source: &str) -> Result<Self, String> {
        let meaning = match spelled(source) {
            Some(path) => Meaning::Path(path.to_owned()),
            None => Meaning::Paths(parse(source)?),
        };
        Ok(Self { source: source.into(), meaning })
    }

    /// As it was written.
    pub(super) fn source(&self) -> &Arc<str> {
        &self.source
    }

    pub(super) fn meaning(&self) -> &Meaning {
        &self.meaning
    }
}

/// The path that an expression of nothing but anchors and characters that stand for themselves spells.
fn spelled(source: &str) -> Option<&str> {
    let path = source.strip_prefix('^').unwrap_or(source);
    let path = path.strip_suffix('$').unwrap_or(path);
    path.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"/_-".contains(&byte)).then_some(path)
}

/// The expression, anchored.
fn parse(source: &str) -> Result<Hir, String> {
    let parsed = regex_syntax::ParserBuilder::new().unicode(false).utf8(false).build().parse(source);
    let inner = parsed.map_err(|error| last_line(&error.to_string()))?;
    Ok(Hir::concat(vec![Hir::look(Look::Start), inner, Hir::look(Look::End)]))
}

/// The automaton of one expression, unless that is too large.
pub(super) fn automaton(expression: &Hir) -> Option<NFA> {
    compiler(SIZE_LIMIT_BYTES).build_from_hir(expression).ok()
}

fn compiler(limit_bytes: usize) -> thompson::Compiler {
    let mut compiler = thompson::Compiler::new();
    compiler.configure(
        thompson::Config::new()
            .which_captures(WhichCaptures::None)
            .utf8(false)
            .nfa_size_limit(Some(limit_bytes)),
    );
    compiler
}

/// Expressions, each with whose it is.
pub(super) struct PathSet<T> {
    /// Whose expressions spell a path, by path.
    spelling: Hashed<String, Vec<T>>,
    /// Whose the others are, in the order in which the automaton has them.
    owners: Vec<T>,
    /// None where there are no others.
    automaton: Option<(DFA, Mutex<Cache>)>,
}

impl<T> PathSet<T> {
    /// Takes expressions together; none, where they are too large for that.
    pub(super) fn new(expressions: Vec<(PathExpression, T)>) -> Option<Self> {
        let mut spelling: Hashed<String, Vec<T>> = hashed(expressions.len());
        let (mut meanings, mut owners) = (Vec::new(), Vec::new());
        for (expression, owner) in expressions {
            match expression.meaning {
                Meaning::Path(path) => {
                    spelling.entry(path).or_insert_with(|| Vec::with_capacity(1)).push(owner);
                }
                Meaning::Paths(meaning) => {
                    meanings.push(meaning);
                    owners.push(owner);
                }
            }
        }
        if meanings.is_empty() {
            return Some(Self { spelling, owners, automaton: None });
        }
        let together = compiler(WHOLE_LIMIT_BYTES).build_many_from_hir(&meanings).ok()?;
        let config = Config::new()
            .match_kind(MatchKind::All)
            .cache_capacity(STATES_BYTES)
            .skip_cache_capacity_check(true);
        let automaton = DFA::builder().configure(config).build_from_nfa(together).ok()?;
        let cache = Mutex::new(automaton.create_cache());
        Some(Self { spelling, owners, automaton: Some((automaton, cache)) })
    }

    /// Whose expressions match the path.
    pub(super) fn matching(&self, path: &str) -> Vec<&T> {
        let mut matching: Vec<&T> = self.spelling.get(path).into_iter().flatten().collect();
        if let Some((automaton, cache)) = &self.automaton {
            // What another thread left behind while it panicked are states like others.
            let mut cache = cache.lock().unwrap_or_else(PoisonError::into_inner);
            let others = walk(automaton, &mut cache, path.as_bytes()).unwrap_or_default();
            matching.extend(others.into_iter().filter_map(|place| self.owners.get(place)));
        }
        matching
    }
}

/// The places of the expressions that match the whole text. An automaton that gives up or is stopped by a byte gives
/// none; this one is not told to do either.
fn walk(automaton: &DFA, cache: &mut Cache, text: &[u8]) -> Option<Vec<usize>> {
    let from = start::Config::new().anchored(Anchored::Yes);
    let mut state = automaton.start_state(cache, &from).ok()?;
    for byte in text {
        state = automaton.next_state(cache, state, *byte).ok()?;
        if state.is_dead() {
            return Some(Vec::new());
        }
    }
    let end = automaton.next_eoi_state(cache, state).ok()?;
    if !end.is_match() {
        return Some(Vec::new());
    }
    let count = automaton.match_len(cache, end);
    Some((0..count).map(|index| automaton.match_pattern(cache, end, index).as_usize()).collect())
}

impl<T: Clone> Clone for PathSet<T> {
    fn clone(&self) -> Self {
        let automaton = self.automaton.as_ref().map(|(automaton, _)| {
            let cache = Mutex::new(automaton.create_cache());
            (automaton.clone(), cache)
        });
        Self { spelling: self.spelling.clone(), owners: self.owners.clone(), automaton }
    }
}

impl<T: fmt::Debug> fmt::Debug for PathSet<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("PathSet").field(&self.spelling).field(&self.owners).finish()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::policy::pattern::Expression;

    fn matching(expressions: &[&str], path: &str) -> Vec<usize> {
        let read = |(place, source): (usize, &&str)| (PathExpression::read(source).unwrap(), place);
        let set = PathSet::new(expressions.iter().enumerate().map(read).collect()).unwrap();
        let mut places: Vec<usize> = set.matching(path).into_iter().copied().collect();
        places.sort_unstable();
        places
    }

    #[test]
    fn every_expression_that_matches_the_whole_path_is_told() {
        let expressions = ["^/a/(b|c)$", "/a/.*", "/a", "(?i)/A/B", "/a/b/c", "(?m)^/a/b$"];
        assert_eq!(matching(&expressions, "/a/b"), [0, 1, 3, 5]);
        assert_eq!(matching(&expressions, "/a/b/c"), [1, 4]);
        assert!(matching(&expressions, "/b").is_empty());
        assert!(matching(&[], "/b").is_empty());
    }

    #[test]
    fn it_is_anchored_however_it_is_written() {
        assert_eq!(PathExpression::read("a)|(?:b").unwrap_err(), "unopened group");
        assert_eq!(matching(&["web|db", "(?x) web # note"], "web"), [0, 1]);
        assert!(matching(&["web|db", "(?m)^web$"], "x\nweb").is_empty());
    }

    #[test]
    fn many_states_are_made_anew_rather_than_given_up() {
        let expression = "[ab]*a[ab]{12}";
        let text = "abbabaabbbabab".repeat(200);
        let expected = Expression::new(expression).unwrap().matches(&text);
        assert_eq!(matching(&[expression], &text).len(), usize::from(expected));
    }

    proptest! {
        #[test]
        fn they_agree_with_each_alone(
            expressions in prop::collection::vec("[a-c/|.]{1,6}[*+?]?", 1..8),
            path in "/[a-c/]{0,8}",
        ) {
            let valid: Vec<&str> =
                expressions.iter().map(String::as_str).filter(|source| Expression::new(source).is_ok()).collect();
            let alone = valid.iter().enumerate().filter(|(_, source)| Expression::new(source).unwrap().matches(&path));
            let alone: Vec<usize> = alone.map(|(place, _)| place).collect();
            prop_assert_eq!(matching(&valid, &path), alone);
        }
    }
}
