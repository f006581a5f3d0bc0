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
mod nearest;
mod pattern;
pub mod problem;
mod reach;
mod require;
mod resolve;
mod rule;
mod selection;
mod selector;
mod suggest;
mod targets;
mod terms;
mod things;
mod verdict;

use std::collections::BTreeMap;
use std::fmt;
use std::ops::Range;

use sha2::{Digest, Sha256};

use crate::client::Client;
use crate::operation::version::ApiVersion;
use case::Suite;
pub use judge::Permit;
use problem::Problem;
use rule::Rule;
use selection::{Key, Paths};
use selector::Selector;
pub use terms::Terms;
pub use verdict::{Denial, Grounds, Reason, Refusal, Suggestion, Verdict};

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
    allow: Vec<(usize, Paths)>,
    forbid: Vec<(usize, Paths)>,
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

    /// `text` is what it is judged by: the source without its cases.
    fn new(resolved: resolve::Resolved, text: &str) -> Self {
        let mut candidates: BTreeMap<Key, Candidates> = BTreeMap::new();
        for (place, rule) in resolved.allow.iter().enumerate() {
            for target in rule.selection.targets() {
                let of_endpoint = candidates.entry(selection::key(target.endpoint)).or_default();
                of_endpoint.allow.push((place, target.paths.clone()));
            }
        }
        for (place, rule) in resolved.forbid.iter().enumerate() {
            for target in rule.selection.targets() {
                let of_endpoint = candidates.entry(selection::key(target.endpoint)).or_default();
                of_endpoint.forbid.push((place, target.paths.clone()));
            }
        }
        Self {
            hash: hash(text),
            mode: resolved.mode,
            min_version: resolved.min_version,
            clients: resolved.clients,
            allow: resolved.allow,
            forbid: resolved.forbid,
            candidates,
        }
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

    /// The names of listeners in the policy, with their places in the file.
    pub fn listeners_named(&self) -> impl Iterator<Item = (&str, Range<usize>)> {
        let listeners = self.clients.iter().filter_map(|selector| selector.listeners.as_ref()).flatten();
        listeners.map(|name| (name.get_ref().as_str(), name.span()))
    }
}

fn hash(text: &str) -> String {
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
