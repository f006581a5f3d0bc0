//! The policy as written: every value with its place in the file, nothing looked up yet.

mod aspect;
mod case;
mod condition;
mod thing;
mod value;

use std::borrow::Cow;
use std::ops::Range;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::nearest::nearest;
use super::problem::{Code, Problem};
use crate::operation::meaning::Aspect;
use aspect::aspect_keys;
pub(super) use aspect::{DraftAspect, RESOURCES};
pub(super) use case::{ASKER_KEYS, CASE_KEYS, DraftAsker, DraftBody, DraftCase, seen_keys};
pub(super) use condition::{DraftCondition, KEYS as CONDITION_KEYS, Quantifier};
pub(super) use thing::{DraftThing, KINDS as THINGS, thing_keys};
use value::Reader;
pub(super) use value::Unit;

/// A policy file, as written.
#[derive(Clone, Debug)]
pub(super) struct Draft {
    pub(super) version: Option<Spanned<i64>>,
    pub(super) mode: Option<Spanned<String>>,
    pub(super) min_version: Option<Spanned<String>>,
    pub(super) clients: Vec<DraftClient>,
    pub(super) allow: Vec<DraftRule>,
    pub(super) forbid: Vec<DraftRule>,
    pub(super) cases: Vec<DraftCase>,
    /// Where its cases stand in the source.
    case_text: Vec<Range<usize>>,
}

impl Draft {
    /// The source without its cases: what requests are judged by.
    pub(super) fn judging<'s>(&self, source: &'s str) -> Cow<'s, str> {
        if self.case_text.is_empty() {
            return Cow::Borrowed(source);
        }
        let mut text = String::new();
        let mut start = 0;
        for case in &self.case_text {
            text.push_str(source.get(start..case.start).unwrap_or_default());
            start = case.end;
        }
        text.push_str(source.get(start..).unwrap_or_default());
        Cow::Owned(text)
    }
}

/// `[clients.NAME]`
#[derive(Clone, Debug)]
pub(super) struct DraftClient {
    pub(super) name: Spanned<String>,
    pub(super) listener: Option<Vec<Spanned<String>>>,
    pub(super) uid: Option<Vec<Spanned<i64>>>,
    pub(super) gid: Option<Vec<Spanned<i64>>>,
}

/// `[[allow]]` or `[[forbid]]`
#[derive(Clone, Debug)]
pub(super) struct DraftRule {
    /// The header.
    pub(super) span: Range<usize>,
    pub(super) name: Option<Spanned<String>>,
    pub(super) clients: Option<Vec<Spanned<String>>>,
    pub(super) operations: Vec<Spanned<String>>,
    pub(super) query: Vec<Conditioned>,
    pub(super) body: Vec<Conditioned>,
    /// `body = true`
    pub(super) whole_body: Option<Spanned<bool>>,
    pub(super) aspects: Vec<(Aspect, Spanned<DraftAspect>)>,
    pub(super) things: Vec<DraftThing>,
    /// `own = "NAME"`
    pub(super) own: Option<Spanned<String>>,
    /// `redact = ["@environment"]`
    pub(super) redact: Vec<Spanned<String>>,
    pub(super) require: Vec<Conditioned>,
    pub(super) require_query: Vec<Conditioned>,
    pub(super) profile: Option<Spanned<String>>,
    pub(super) registry_credentials: Option<Spanned<bool>>,
    pub(super) unguarded: Option<Spanned<bool>>,
    pub(super) reason: Option<Spanned<String>>,
    /// Whether lines can be added under the header: not where a table that they may go into is an inline one or has
    /// a header of its own.
    pub(super) takes_lines: bool,
}

/// What a condition is about, and the condition.
pub(super) type Conditioned = (Spanned<String>, Spanned<DraftCondition>);

/// The keys of a policy.
pub(super) const FILE_KEYS: &[&str] =
    &["version", "mode", "min_version", "clients", "allow", "forbid", "test"];
/// The keys of a client.
pub(super) const CLIENT_KEYS: &[&str] = &["listener", "uid", "gid"];
const RULE_KEYS: &[&str] = &["name", "clients", "operations", "query", "body", "resources", "reason"];
const ALLOW_KEYS: &[&str] = &["own", "redact", "require", "profile", "registry_credentials", "unguarded"];

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

/// Does a key of the table look like `wanted`, of those that are known? Then it is said of that key.
fn is_misspelt(table: &DeTable<'_>, wanted: &str, known: &[&'static str]) -> bool {
    table.iter().any(|(key, _)| nearest(key.get_ref(), known.iter().copied()) == Some(wanted))
}

impl Reader<'_> {
    fn file(&mut self, table: &DeTable<'_>) -> Draft {
        self.known_keys(table, FILE_KEYS, "a policy");
        let clients = table.get("clients").and_then(|value| self.table(value, "clients"));
        if !table.contains_key("version") && !is_misspelt(table, "version", FILE_KEYS) {
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
            min_version: table.get("min_version").and_then(|value| self.string(value, "min_version")),
            clients: clients
                .into_iter()
                .flatten()
                .filter_map(|(name, value)| self.client(name, value))
                .collect(),
            allow: self.rules(table, "allow", &rule_keys(false)),
            forbid: self.rules(table, "forbid", &rule_keys(true)),
            cases: self.cases(table),
            case_text: case::text_of_cases(table, self.source()),
        }
    }

    fn client(&mut self, name: &Spanned<Cow<'_, str>>, value: &Spanned<DeValue<'_>>) -> Option<DraftClient> {
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
        let tables = self.tables(table, kind, "rule");
        let mut rules = Vec::with_capacity(tables.len());
        rules.extend(tables.into_iter().filter_map(|element| self.rule(element, kind, keys)));
        rules
    }

    /// The elements of `[[kind]]`.
    fn tables<'t, 'i>(
        &mut self,
        table: &'t DeTable<'i>,
        kind: &str,
        what: &str,
    ) -> Vec<&'t Spanned<DeValue<'i>>> {
        let Some(value) = table.get(kind) else { return Vec::new() };
        let Some(array) = value.get_ref().as_array() else {
            self.wrong_type(value, kind, "an array of tables");
            if let Some(last) = self.problems.last_mut() {
                last.help = Some(format!("each {what} has a header of its own: `[[{kind}]]`"));
            }
            return Vec::new();
        };
        array.iter().collect()
    }

    fn rule(&mut self, value: &Spanned<DeValue<'_>>, kind: &str, keys: &[&'static str]) -> Option<DraftRule> {
        let table = self.table(value, kind)?;
        self.known_keys(table, keys, if kind == "allow" { "an allow rule" } else { "a forbid rule" });
        let span = self.header(value.span());
        let operations = if let Some(operations) = table.get("operations") {
            self.strings(operations, "operations")
        } else {
            if !is_misspelt(table, "operations", keys) {
                self.problems.push(
                    Problem::new(Code::MissingKey, span.clone(), "this rule has no `operations`")
                        .help("name them: `operations = [\"GET /containers/json\"]`"),
                );
            }
            Vec::new()
        };
        let require = table.get("require").and_then(|value| self.table(value, "require"));
        let (body, whole_body) = match table.get("body") {
            Some(whole) if whole.get_ref().is_bool() => (Vec::new(), self.boolean(whole, "body")),
            Some(value) => {
                let fields = self.table(value, "body");
                (fields.map(|fields| self.paths("body", fields)).unwrap_or_default(), None)
            }
            None => (Vec::new(), None),
        };
        Some(DraftRule {
            span,
            name: table.get("name").and_then(|value| self.text(value, "name")),
            clients: table.get("clients").map(|value| self.strings(value, "clients")),
            operations,
            query: table.get("query").map(|value| self.parameters("query", value)).unwrap_or_default(),
            body,
            whole_body,
            aspects: self.aspects(table),
            things: self.things(table),
            own: table.get("own").and_then(|value| self.text(value, "own")),
            redact: table.get("redact").map(|value| self.strings(value, "redact")).unwrap_or_default(),
            require: require.map(|table| self.requirements(table)).unwrap_or_default(),
            require_query: require
                .and_then(|table| table.get("query"))
                .map(|value| self.parameters("require.query", value))
                .unwrap_or_default(),
            registry_credentials: table
                .get("registry_credentials")
                .and_then(|value| self.boolean(value, "registry_credentials")),
            profile: table.get("profile").and_then(|value| self.string(value, "profile")),
            unguarded: table.get("unguarded").and_then(|value| self.boolean(value, "unguarded")),
            reason: table.get("reason").and_then(|value| self.text(value, "reason")),
            takes_lines: ["query", "body", "resources"]
                .into_iter()
                .filter_map(|name| table.get(name))
                .all(|value| !value.get_ref().is_table() || self.is_dotted(value)),
        })
    }
}

/// The keys that a rule may have.
pub(super) fn rule_keys(forbids: bool) -> Vec<&'static str> {
    let further = if forbids { &[] } else { ALLOW_KEYS };
    let things = thing::KINDS.iter().map(|kind| kind.as_str());
    RULE_KEYS.iter().chain(further).copied().chain(aspect_keys()).chain(things).collect()
}
