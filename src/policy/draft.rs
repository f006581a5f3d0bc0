//! The policy as written: every value with its place in the file, nothing looked up yet.

mod value;

use std::ops::Range;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::nearest::nearest;
use super::problem::{Code, Problem};
use crate::operation::table::{self, ParameterKind};
use value::Reader;

/// A policy file, as written.
#[derive(Debug)]
pub(super) struct Draft {
    pub(super) version: Option<Spanned<i64>>,
    pub(super) mode: Option<Spanned<String>>,
    pub(super) clients: Vec<DraftClient>,
    pub(super) allow: Vec<DraftRule>,
    pub(super) forbid: Vec<DraftRule>,
}

/// `[clients.NAME]`
#[derive(Debug)]
pub(super) struct DraftClient {
    pub(super) name: Spanned<String>,
    pub(super) listener: Option<Vec<Spanned<String>>>,
    pub(super) uid: Option<Vec<Spanned<i64>>>,
    pub(super) gid: Option<Vec<Spanned<i64>>>,
}

/// `[[allow]]` or `[[forbid]]`
#[derive(Debug)]
pub(super) struct DraftRule {
    /// The header.
    pub(super) span: Range<usize>,
    pub(super) name: Option<Spanned<String>>,
    pub(super) clients: Option<Vec<Spanned<String>>>,
    pub(super) operations: Vec<Spanned<String>>,
    pub(super) query: Vec<(Spanned<String>, Spanned<DraftCondition>)>,
    pub(super) unguarded: Option<Spanned<bool>>,
    pub(super) reason: Option<Spanned<String>>,
    /// Whether a line `query.PARAM = …` can be added under the header: not where `query` is an
    /// inline table or has a header of its own.
    pub(super) takes_query_lines: bool,
}

/// The right side of `query.PARAM = …`
#[derive(Debug)]
pub(super) enum DraftCondition {
    /// `true`, `false`
    Used(bool),
    /// `"a*"`, `["a", "b*"]`
    Texts(Vec<Spanned<String>>),
    /// `{ regex = "…" }`
    Regex(Spanned<String>),
    /// `10`, `[10, 20]`
    Numbers(Vec<Spanned<i64>>),
    /// `{ min = 1, max = 60 }`
    Range { min: Option<Spanned<i64>>, max: Option<Spanned<i64>> },
}

const FILE_KEYS: &[&str] = &["version", "mode", "clients", "allow", "forbid"];
const CLIENT_KEYS: &[&str] = &["listener", "uid", "gid"];
const ALLOW_KEYS: &[&str] = &["name", "clients", "operations", "query", "unguarded", "reason"];
const FORBID_KEYS: &[&str] = &["name", "clients", "operations", "query", "reason"];

/// Reads the source. What comes out is what could be read of it; nothing, where it is not TOML.
pub(super) fn read(source: &str) -> (Option<Draft>, Vec<Problem>) {
    let (table, errors) = DeTable::parse_recoverable(source);
    let mut reader = Reader::new(source);
    let mut torn: Option<Range<usize>> = None;
    let unclosed = errors.iter().any(|error| error.message().starts_with("unclosed array,"));
    for error in errors {
        let span = error.span().unwrap_or(0..0);
        let duplicate = error.message() == "duplicate key";
        if !duplicate {
            // What the parser finds behind a break is often only its echo.
            let is_echo = torn.as_ref().is_some_and(|last| unclosed || is_on_one_line(source, last, &span));
            torn = Some(span.clone());
            if is_echo {
                continue;
            }
        }
        let word = source.get(span.clone()).unwrap_or_default();
        let first = duplicate.then(|| earlier_key(table.get_ref(), word, span.start)).flatten();
        let mut problem = if duplicate {
            Problem::new(Code::Syntax, span, format!("`{word}` is defined twice"))
        } else {
            Problem::new(Code::Syntax, span, error.message()).help_if(syntax_help(error.message(), unclosed))
        };
        if let Some(first) = first {
            problem = problem.also(first, "first defined here");
        }
        reader.problems.push(problem);
    }
    // What was recovered from text that is not TOML can be far from what was meant: nothing is said of it.
    if torn.is_some() {
        return (None, reader.problems);
    }
    let draft = reader.file(table.get_ref());
    (Some(draft), reader.problems)
}

/// What may be the cause of a fault in the syntax.
fn syntax_help(message: &str, unclosed: bool) -> Option<String> {
    if message.starts_with("missing escaped value") {
        Some("put it in single quotes, in which a backslash stands for itself: `'\\d+'`".to_owned())
    } else if unclosed {
        Some("a bracket `[` is not closed, here or before".to_owned())
    } else {
        None
    }
}

/// Whether both places begin on the same line.
fn is_on_one_line(source: &str, one: &Range<usize>, other: &Range<usize>) -> bool {
    let between = one.start.min(other.start)..one.start.max(other.start);
    source.get(between).is_some_and(|text| !text.contains('\n'))
}

/// The last key spelled `word` that is defined before `before`.
fn earlier_key(table: &DeTable<'_>, word: &str, before: usize) -> Option<Range<usize>> {
    table
        .iter()
        .flat_map(|(key, value)| {
            let own = (key.get_ref() == word && key.span().end <= before).then(|| key.span());
            let inner = match value.get_ref() {
                DeValue::Table(table) => earlier_key(table, word, before),
                DeValue::Array(array) => array
                    .iter()
                    .filter_map(|element| element.get_ref().as_table())
                    .filter_map(|table| earlier_key(table, word, before))
                    .max_by_key(|span| span.start),
                DeValue::String(_)
                | DeValue::Integer(_)
                | DeValue::Float(_)
                | DeValue::Boolean(_)
                | DeValue::Datetime(_) => None,
            };
            [own, inner]
        })
        .flatten()
        .max_by_key(|span| span.start)
}

impl Reader<'_> {
    fn file(&mut self, table: &DeTable<'_>) -> Draft {
        self.known_keys(table, FILE_KEYS, "a policy");
        let clients = table.get("clients").and_then(|value| self.table(value, "clients"));
        let is_misspelt = || {
            table.iter().any(|(key, _)| nearest(key.get_ref(), FILE_KEYS.iter().copied()) == Some("version"))
        };
        if !table.contains_key("version") && !is_misspelt() {
            self.problems.push(
                Problem::new(
                    Code::MissingVersion,
                    0..0,
                    "the policy does not say in which version it is written",
                )
                .help("begin the file with `version = 1`"),
            );
        }
        Draft {
            version: table.get("version").and_then(|value| self.integer(value, "version")),
            mode: table.get("mode").and_then(|value| self.string(value, "mode")),
            clients: clients
                .into_iter()
                .flatten()
                .filter_map(|(name, value)| self.client(name, value))
                .collect(),
            allow: self.rules(table, "allow", ALLOW_KEYS),
            forbid: self.rules(table, "forbid", FORBID_KEYS),
        }
    }

    fn client(
        &mut self,
        name: &Spanned<std::borrow::Cow<'_, str>>,
        value: &Spanned<DeValue<'_>>,
    ) -> Option<DraftClient> {
        let name = Spanned::new(name.span(), name.get_ref().clone().into_owned());
        let what = format!("clients.{}", name.get_ref());
        let table = self.table(value, &what)?;
        self.known_keys(table, CLIENT_KEYS, "a client");
        let client = DraftClient {
            listener: table.get("listener").map(|value| self.strings(value, "listener")),
            uid: table.get("uid").map(|value| self.integers(value, "uid")),
            gid: table.get("gid").map(|value| self.integers(value, "gid")),
            name,
        };
        if table.is_empty() {
            let span = client.name.span();
            let message = format!("client `{}` selects nothing", client.name.get_ref());
            self.problems.push(
                Problem::new(Code::ClientSelectsNothing, span, message)
                    .help("say who it is: `listener`, `uid` or `gid`; all that are given must hold"),
            );
        }
        Some(client)
    }

    fn rules(&mut self, table: &DeTable<'_>, kind: &str, keys: &[&'static str]) -> Vec<DraftRule> {
        let Some(value) = table.get(kind) else { return Vec::new() };
        let Some(array) = value.get_ref().as_array() else {
            self.wrong_type(value, kind, "an array of tables");
            if let Some(last) = self.problems.last_mut() {
                last.help = Some(format!("each rule has a header of its own: `[[{kind}]]`"));
            }
            return Vec::new();
        };
        array.iter().filter_map(|element| self.rule(element, kind, keys)).collect()
    }

    fn rule(&mut self, value: &Spanned<DeValue<'_>>, kind: &str, keys: &[&'static str]) -> Option<DraftRule> {
        let table = self.table(value, kind)?;
        self.known_keys(table, keys, if kind == "allow" { "an allow rule" } else { "a forbid rule" });
        let span = self.header(value.span());
        let operations = if let Some(operations) = table.get("operations") {
            self.strings(operations, "operations")
        } else {
            self.problems.push(
                Problem::new(Code::MissingKey, span.clone(), "this rule has no `operations`")
                    .help("name them: `operations = [\"GET /containers/json\"]`"),
            );
            Vec::new()
        };
        let query = table.get("query");
        let conditions = query.and_then(|value| self.table(value, "query")).into_iter().flatten();
        Some(DraftRule {
            span,
            name: table.get("name").and_then(|value| self.text(value, "name")),
            clients: table.get("clients").map(|value| self.strings(value, "clients")),
            operations,
            query: conditions
                .filter_map(|(name, value)| {
                    let name = Spanned::new(name.span(), name.get_ref().clone().into_owned());
                    let condition = self.condition(name.get_ref(), value)?;
                    Some((name, Spanned::new(value.span(), condition)))
                })
                .collect(),
            unguarded: table.get("unguarded").and_then(|value| self.boolean(value, "unguarded")),
            reason: table.get("reason").and_then(|value| self.text(value, "reason")),
            takes_query_lines: query.is_none_or(|value| self.is_dotted(value)),
        })
    }

    fn condition(&mut self, name: &str, value: &Spanned<DeValue<'_>>) -> Option<DraftCondition> {
        let what = format!("query.{name}");
        match value.get_ref() {
            DeValue::Boolean(used) => Some(DraftCondition::Used(*used)),
            DeValue::String(_) => self.string(value, &what).map(|text| DraftCondition::Texts(vec![text])),
            DeValue::Integer(_) => {
                self.integer(value, &what).map(|number| DraftCondition::Numbers(vec![number]))
            }
            DeValue::Array(array) if array.is_empty() => {
                self.strings(value, &what);
                None
            }
            DeValue::Array(array)
                if array.iter().next().is_some_and(|first| first.get_ref().is_integer()) =>
            {
                Some(DraftCondition::Numbers(self.integers(value, &what)))
            }
            DeValue::Array(_) => {
                let texts = self.strings(value, &what);
                (!texts.is_empty()).then_some(DraftCondition::Texts(texts))
            }
            DeValue::Table(table) => self.condition_table(name, value.span(), table),
            DeValue::Float(_) | DeValue::Datetime(_) => {
                self.wrong_type(value, &what, "a condition");
                None
            }
        }
    }

    fn condition_table(
        &mut self,
        name: &str,
        span: Range<usize>,
        table: &DeTable<'_>,
    ) -> Option<DraftCondition> {
        let what = format!("query.{name}");
        let reported = self.problems.len();
        self.known_keys(table, &["regex", "min", "max"], "a condition");
        let has_unknown = self.problems.len() > reported;
        if has_unknown && is_json(name) {
            // One for all of them, which says what there is in their place.
            self.problems.truncate(reported);
            self.problems.push(
                Problem::new(Code::WrongCondition, span, format!("this is no condition for `{name}`"))
                    .help(super::condition::json_help(name)),
            );
            return None;
        }
        let min = table.get("min");
        let max = table.get("max");
        match (table.get("regex"), min.or(max)) {
            (Some(regex), None) => self.string(regex, "regex").map(DraftCondition::Regex),
            (None, Some(_)) => Some(DraftCondition::Range {
                min: min.and_then(|value| self.integer(value, "min")),
                max: max.and_then(|value| self.integer(value, "max")),
            }),
            (Some(_), Some(bound)) => {
                let message = format!("`{what}` has both `regex` and a range");
                self.problems.push(
                    Problem::new(Code::WrongCondition, span, message)
                        .also(bound.span(), "a range is for numbers")
                        .help("a parameter is a text or a number: keep one of them"),
                );
                None
            }
            (None, None) if has_unknown => None,
            (None, None) => {
                self.problems.push(
                    Problem::new(Code::EmptyValue, span, format!("`{what}` says nothing"))
                        .help("write `{ max = 60 }`, `{ min = 1, max = 60 }` or `{ regex = \"…\" }`"),
                );
                None
            }
        }
    }
}

/// Whether every parameter of this name is JSON.
fn is_json(name: &str) -> bool {
    let mut kinds =
        table::endpoints().filter_map(|endpoint| endpoint.parameter(name)).map(|p| p.kind).peekable();
    kinds.peek().is_some() && kinds.all(|kind| matches!(kind, ParameterKind::Filters | ParameterKind::Json))
}
