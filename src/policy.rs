//! The policy: may a client do what it asks? A pure decision over values, total and without order.
//!
//! A policy is a TOML file. It is read in two steps, each of which tells everything that is wrong at
//! once: the [`draft`] is what is written, with its places; what it means is looked up in the endpoint
//! table. [`Policy::judge`] then decides, and nothing else makes a [`Permit`]. The language is
//! described in `docs/policy.md`.

pub mod account;
mod aspect;
mod body;
pub mod case;
mod condition;
mod draft;
pub mod group;
mod judge;
mod lint;
pub(crate) mod nearest;
mod path_expression;
mod pattern;
pub mod problem;
mod reach;
mod require;
mod resolve;
mod rule;
pub mod schema;
mod selection;
mod selector;
mod suggest;
mod targets;
mod terms;
mod things;
mod verdict;

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::hash::{BuildHasherDefault, DefaultHasher};
use std::ops::Range;
use std::sync::Arc;

use sha2::{Digest, Sha256};

use crate::client::Client;
use crate::operation::version::ApiVersion;
use case::Suite;
pub use judge::{LOOK_UP_ROUNDS, MOST_QUESTIONS, Permit, Unknown};
use path_expression::PathSet;
use problem::Problem;
use rule::Rule;
use selection::{Key, Paths};
use selector::Selector;
pub use suggest::SuggestedRule;
pub use targets::things_met;
pub use terms::Terms;
pub use verdict::{Denial, Grounds, Reason, Refusal, RulePlace, Suggestion, Verdict};

/// A policy that can be judged by.
#[derive(Clone, Debug)]
pub struct Policy {
    hash: String,
    mode: Mode,
    /// The oldest API version that a request may have.
    min_version: Option<ApiVersion>,
    clients: Vec<Selector>,
    allow: Vec<Rule>,
    forbid: Vec<Rule>,
    /// The rules that come into question for each endpoint.
    candidates: BTreeMap<Key, Candidates>,
    /// The regular expressions of all rules.
    expressions: PathSet<ByPath>,
    /// Whether any rule asks for whom something was made.
    speaks_of_owners: bool,
}

/// A rule that chooses paths by a regular expression.
#[derive(Clone, Debug)]
struct ByPath {
    is_forbid: bool,
    /// Its place in the policy's list.
    place: usize,
    expression: Arc<str>,
}

/// What becomes of a denial.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// The request is refused.
    Enforce,
    /// The request goes on, and it is recorded that it would have been refused.
    Observe,
}

/// The rules that come into question for one endpoint, by their place in the policy's lists.
#[derive(Clone, Debug, Default)]
struct Candidates {
    allow: Vec<usize>,
    forbid: Vec<usize>,
    /// Those of them that take all paths.
    for_all_paths: AboutPath,
    /// Whether there are others.
    has_expressions: bool,
    /// Whether one of them speaks of what the daemon may have to be asked about.
    asks: bool,
}

/// The rules that are about one path, by their place in the policy's lists.
#[derive(Clone, Debug, Default)]
struct AboutPath {
    allow: Vec<usize>,
    forbid: Vec<usize>,
}

/// By what a policy says. It is the policy that says it, so nobody gains by knowing how it is hashed; and the same policy
/// costs the same each time.
type Hashed<K, V> = HashMap<K, V, BuildHasherDefault<DefaultHasher>>;

/// Nothing yet, with room for so much.
fn hashed<K, V>(count: usize) -> Hashed<K, V> {
    HashMap::with_capacity_and_hasher(count, BuildHasherDefault::default())
}

/// The policy that dockgate has without a file: looking, for a dashboard.
#[must_use]
pub fn builtin() -> &'static str {
    include_str!("../policy/read-only.toml")
}

impl Policy {
    /// Reads a policy and finds everything that is wrong with it, in the order of the file. There is a
    /// policy where no problem is an error.
    #[must_use]
    pub fn read(source: &str) -> (Option<Self>, Vec<Problem>) {
        let (suite, problems) = Suite::read(source);
        (suite.map(Suite::into_policy), problems)
    }

    /// `text` is what it is judged by: the source without its cases. None, if the expressions are too large to be
    /// taken together.
    fn new(mut resolved: resolve::Resolved, text: &str) -> Option<Self> {
        let mut candidates: BTreeMap<Key, Candidates> = BTreeMap::new();
        let mut expressions = Vec::with_capacity(resolved.allow.len());
        for (is_forbid, rules) in [(false, &mut resolved.allow), (true, &mut resolved.forbid)] {
            for (place, rule) in rules.iter_mut().enumerate() {
                for target in rule.selection.targets() {
                    let of_endpoint = candidates.entry(selection::key(target.endpoint)).or_default();
                    of_endpoint.asks |= rule.asks(target.endpoint, is_forbid);
                    match target.paths {
                        Paths::All => of_endpoint.for_all_paths.list(is_forbid).push(place),
                        Paths::Matching(_) => of_endpoint.has_expressions = true,
                    }
                    let list = if is_forbid { &mut of_endpoint.forbid } else { &mut of_endpoint.allow };
                    list.push(place);
                }
                for expression in rule.selection.take_expressions() {
                    let by_path = ByPath { is_forbid, place, expression: Arc::clone(expression.source()) };
                    expressions.push((expression, by_path));
                }
            }
        }
        let speaks_of_owners = resolved.allow.iter().chain(&resolved.forbid).any(Rule::speaks_of_owners);
        for rule in &mut resolved.allow {
            rule.keeps_marks = speaks_of_owners && !rule.grants.everything;
        }
        Some(Self {
            hash: hash(text),
            mode: resolved.mode,
            min_version: resolved.min_version,
            clients: resolved.clients,
            allow: resolved.allow,
            forbid: resolved.forbid,
            candidates,
            expressions: PathSet::new(expressions)?,
            speaks_of_owners,
        })
    }

    /// `sha256:` and the digest of the source without its `[[test]]` tables, in hexadecimal.
    #[must_use]
    pub fn hash(&self) -> &str {
        &self.hash
    }

    /// What becomes of a denial.
    #[must_use]
    pub fn mode(&self) -> Mode {
        self.mode
    }

    /// How many rules there are, of both kinds.
    #[must_use]
    pub fn rule_count(&self) -> usize {
        self.allow.len().saturating_add(self.forbid.len())
    }

    /// Every rule: its name, or its line as `line 12`, and that line.
    pub fn rules(&self) -> impl Iterator<Item = (String, u32)> {
        self.allow.iter().chain(&self.forbid).map(|rule| (rule.name.label(), rule.line))
    }

    /// All names that the policy gives to a client.
    pub fn client_names(&self, client: &Client) -> impl Iterator<Item = &str> {
        self.clients.iter().filter(|selector| selector.matches(client)).map(|selector| selector.name.as_str())
    }

    /// The name that the policy gives to a client; of several, that of which it says most.
    #[must_use]
    pub fn client_name(&self, client: &Client) -> Option<&str> {
        let matching = self.clients.iter().filter(|selector| selector.matches(client));
        let best = matching.min_by_key(|selector| (std::cmp::Reverse(selector.strictness()), &selector.name));
        best.map(|selector| selector.name.as_str())
    }

    /// Someone who is the client of this name.
    #[must_use]
    pub fn example_of(&self, name: &str) -> Option<Client> {
        self.clients.iter().find(|selector| selector.name == name).map(Selector::example)
    }

    /// The names of listeners in the policy, with their places in the file.
    pub fn listeners_named(&self) -> impl Iterator<Item = (&str, Range<usize>)> {
        let listeners = self.clients.iter().filter_map(|selector| selector.listeners.as_ref()).flatten();
        listeners.map(|name| (name.get_ref().as_str(), name.span()))
    }
}

impl AboutPath {
    fn list(&mut self, is_forbid: bool) -> &mut Vec<usize> {
        if is_forbid { &mut self.forbid } else { &mut self.allow }
    }
}

/// `sha256:` and the digest of the text, in hexadecimal.
pub(crate) fn hash(text: &str) -> String {
    use std::fmt::Write as _;

    let mut hash = "sha256:".to_owned();
    for byte in Sha256::digest(text.as_bytes()) {
        // Writing to a `String` cannot fail.
        write!(hash, "{byte:02x}").unwrap_or_default();
    }
    hash
}

impl Mode {
    const ALL: [Self; 2] = [Self::Enforce, Self::Observe];

    /// The mode as a policy writes it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Enforce => "enforce",
            Self::Observe => "observe",
        }
    }
}

impl fmt::Display for Mode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests;
