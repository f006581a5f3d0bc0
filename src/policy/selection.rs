//! Which operations a rule is about: the entries of `operations`, looked up in the endpoint table.

mod entry;

use std::ops::Range;
use std::sync::Arc;

pub(super) use entry::placeholder;
use toml::Spanned;

use super::path_expression::{PathExpression, PathSet};
use super::problem::{Code, Problem};
use crate::operation::table::{self, Endpoint, Method};

/// What tells endpoints apart.
pub(super) type Key = (Method, &'static str);

/// The key of an endpoint.
pub(super) fn key(endpoint: &Endpoint) -> Key {
    (endpoint.method, endpoint.template)
}

/// The operations of one rule.
#[derive(Clone, Debug, Default)]
pub(super) struct Selection {
    /// In the order of their keys, each once.
    targets: Vec<Target>,
    /// Until they are taken.
    expressions: Vec<PathExpression>,
    /// Whether an entry could not be looked up, so that the selection says less than was meant.
    pub(super) partial: bool,
}

/// One endpoint of a rule, and which of its paths.
#[derive(Clone, Debug)]
pub(super) struct Target {
    pub(super) endpoint: &'static Endpoint,
    pub(super) paths: Paths,
    /// The first entry that names it.
    pub(super) span: Range<usize>,
}

/// Which paths of an endpoint.
#[derive(Clone, Debug)]
pub(super) enum Paths {
    /// Every path.
    All,
    /// Those that one of these expressions matches.
    Matching(Vec<Arc<str>>),
}

/// An endpoint, and an expression on its paths.
type Entry<'a> = (Key, Option<&'a str>);

/// One entry of the file, looked up.
struct Written {
    endpoints: Vec<&'static Endpoint>,
    expression: Option<PathExpression>,
}

impl Selection {
    /// Looks up every entry; what cannot be found becomes a problem.
    pub(super) fn read(operations: &[Spanned<String>], problems: &mut Vec<Problem>) -> Self {
        let mut selection = Self::default();
        let mut entries = Vec::with_capacity(operations.len());
        for operation in operations {
            match entry::read(operation) {
                Ok(entry) => {
                    selection.add(&entry, &operation.span());
                    entries.push((operation, entry));
                }
                Err(problem) => {
                    selection.partial = true;
                    problems.push(problem);
                }
            }
        }
        find_repeated(&entries, problems);
        selection.expressions = entries.into_iter().filter_map(|(_, entry)| entry.expression).collect();
        selection
    }

    /// Every operation.
    pub(super) fn everything() -> Self {
        let mut selection = Self::default();
        let entry = Written { endpoints: table::endpoints().collect(), expression: None };
        selection.add(&entry, &(0..0));
        selection
    }

    /// Whether it has an endpoint for some of its paths only.
    pub(super) fn has_expressions(&self) -> bool {
        self.targets.iter().any(|target| matches!(target.paths, Paths::Matching(_)))
    }

    /// The same endpoints, with every path.
    pub(super) fn with_all_paths(&self) -> Self {
        let mut selection = self.clone();
        selection.targets.iter_mut().for_each(|target| target.paths = Paths::All);
        selection
    }

    fn add(&mut self, entry: &Written, span: &Range<usize>) {
        self.targets.reserve(entry.endpoints.len());
        for &endpoint in &entry.endpoints {
            let expression = entry.expression.as_ref().map(|expression| Arc::clone(expression.source()));
            match self.place(endpoint) {
                Ok(place) => {
                    if let Some(target) = self.targets.get_mut(place) {
                        target.paths.add(expression);
                    }
                }
                Err(place) => {
                    let paths = expression.map_or(Paths::All, |expression| Paths::Matching(vec![expression]));
                    self.targets.insert(place, Target { endpoint, paths, span: span.clone() });
                }
            }
        }
    }

    /// Where the endpoint is among the targets, or would be.
    fn place(&self, endpoint: &Endpoint) -> Result<usize, usize> {
        self.targets.binary_search_by_key(&key(endpoint), |target| key(target.endpoint))
    }

    /// Its expressions, to be put together with those of others.
    pub(super) fn take_expressions(&mut self) -> Vec<PathExpression> {
        std::mem::take(&mut self.expressions)
    }

    /// Which of the endpoint's paths are among them.
    pub(super) fn paths(&self, endpoint: &Endpoint) -> Option<&Paths> {
        self.targets.get(self.place(endpoint).ok()?).map(|target| &target.paths)
    }

    /// What it has: endpoints, each with the expressions that choose among its paths; without one, all of them.
    pub(super) fn entries(&self) -> impl Iterator<Item = Entry<'_>> {
        self.targets.iter().flat_map(|target| {
            let key = key(target.endpoint);
            let (whole, expressions) = match &target.paths {
                Paths::All => (Some((key, None)), [].as_slice()),
                Paths::Matching(expressions) => (None, expressions.as_slice()),
            };
            whole.into_iter().chain(expressions.iter().map(move |expression| (key, Some(&**expression))))
        })
    }

    pub(super) fn targets(&self) -> impl Iterator<Item = &Target> {
        self.targets.iter()
    }

    pub(super) fn endpoints(&self) -> impl Iterator<Item = &'static Endpoint> {
        self.targets.iter().map(|target| target.endpoint)
    }

    /// Whether both have an endpoint in common.
    pub(super) fn meets(&self, other: &Self) -> bool {
        self.endpoints().any(|endpoint| other.place(endpoint).is_ok())
    }

    /// Whether every operation of this is one of the other's; `false` also where that is not clear.
    pub(super) fn within(&self, other: &Self) -> bool {
        // Both stand in the same order.
        let mut others = other.targets.iter();
        self.targets.iter().all(|target| {
            let same = others.find(|other| key(other.endpoint) == key(target.endpoint));
            same.is_some_and(|wide| target.paths.within(&wide.paths))
        })
    }
}

impl Paths {
    /// With those that this expression matches; without one, all.
    fn add(&mut self, expression: Option<Arc<str>>) {
        match (&mut *self, expression) {
            (Self::All, _) => {}
            (Self::Matching(_), None) => *self = Self::All,
            (Self::Matching(expressions), Some(expression)) => expressions.push(expression),
        }
    }

    /// Whether the path is among them: for one alone; requests are looked up in all expressions together.
    pub(super) fn contain(&self, path: &str) -> bool {
        match self {
            Self::All => true,
            Self::Matching(expressions) => {
                let read = expressions.iter().filter_map(|source| PathExpression::read(source).ok());
                let set = PathSet::new(read.map(|expression| (expression, ())).collect());
                set.is_some_and(|set| !set.matching(path).is_empty())
            }
        }
    }

    /// Whether those that this expression matches are among them.
    pub(super) fn have(&self, expression: &str) -> bool {
        match self {
            Self::All => false,
            Self::Matching(expressions) => expressions.iter().any(|own| **own == *expression),
        }
    }

    fn within(&self, other: &Self) -> bool {
        match (self, other) {
            (_, Self::All) => true,
            (Self::All, Self::Matching(_)) => false,
            (Self::Matching(narrow), Self::Matching(wide)) => {
                narrow.iter().all(|expression| wide.contains(expression))
            }
        }
    }
}

/// Warns of entries that add nothing to another of the same rule.
fn find_repeated(entries: &[(&Spanned<String>, Written)], problems: &mut Vec<Problem>) {
    for (index, (written, entry)) in entries.iter().enumerate() {
        let covering = entries.iter().enumerate().find(|(other_index, (_, other))| {
            *other_index != index && entry.within(other) && (*other_index < index || !other.within(entry))
        });
        if let Some((_, (other, _))) = covering {
            let message = format!("`{}` stands in this rule already", written.get_ref());
            problems.push(
                Problem::new(Code::DuplicateOperation, written.span(), message)
                    .also(other.span(), format!("`{}` has it", other.get_ref()))
                    .help("remove one of the two"),
            );
        }
    }
}

impl Written {
    fn within(&self, other: &Self) -> bool {
        let paths_within = other.expression.is_none() || self.source() == other.source();
        paths_within
            && self
                .endpoints
                .iter()
                .all(|endpoint| other.endpoints.iter().any(|wide| key(wide) == key(endpoint)))
    }

    fn source(&self) -> Option<&Arc<str>> {
        self.expression.as_ref().map(PathExpression::source)
    }
}
