//! What no client gets to see of a thing, whoever may see the thing.
//!
//! What is redacted keeps its type: a client's decoder finds a text where a text was, an address where an address was.
//! It is replaced by a [`mark`], which no request may bring back: so that nothing is made of it.

mod change;
pub mod mark;
mod path;
mod rules;
mod set;

use std::collections::BTreeSet;
use std::fmt;

use super::thing::ThingKind;
use path::Path;
pub(super) use rules::Rules;
pub use set::Set;

/// What is redacted: ready-made sets, and fields by their paths.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Redaction {
    sets: BTreeSet<Set>,
    paths: BTreeSet<Path>,
}

/// What stands in an answer, for what can be redacted in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Shape {
    Container,
    ListedContainer,
    Image,
    History,
    Attestation,
    Network,
    Volume,
    Service,
    Task,
    Node,
    Plugin,
    Event,
    Info,
    Swarm,
    Top,
    ErrorOfTop,
    /// Anything else: only paths say what is redacted.
    Other,
}

/// Why a word does not say what to redact.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NoRedaction(String);

impl Redaction {
    /// The words that say it in a policy.
    #[must_use]
    pub fn words(&self) -> Vec<String> {
        let sets = self.sets.iter().map(|set| set.as_str().to_owned());
        sets.chain(self.paths.iter().map(Path::to_string)).collect()
    }

    /// Whether the other redacts all of it.
    #[must_use]
    pub fn is_within(&self, other: &Self) -> bool {
        self.sets.is_subset(&other.sets) && self.paths.is_subset(&other.paths)
    }

    /// Redacts what the other redacts as well.
    pub fn join(&mut self, other: &Self) {
        self.sets.extend(&other.sets);
        self.paths.extend(other.paths.iter().cloned());
    }

    /// Reads one word of a policy, `@environment` or `Config.Env`, and adds it.
    ///
    /// # Errors
    ///
    /// When it is neither the name of a set nor a path.
    pub fn add(&mut self, word: &str) -> Result<(), NoRedaction> {
        if word.starts_with('@') {
            self.sets.insert(Set::read(word).ok_or_else(|| NoRedaction::no_set(word))?);
        } else {
            self.paths.insert(Path::read(word).map_err(NoRedaction)?);
        }
        Ok(())
    }

    /// Whether paths of the host and names are among what stays.
    #[must_use]
    pub fn tells_paths(&self) -> bool {
        !self.sets.contains(&Set::HostPaths) && self.paths.is_empty()
    }

    /// Whether nothing is redacted.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.sets.is_empty() && self.paths.is_empty()
    }

    /// What is redacted in such a value, if anything.
    pub(super) fn of(&self, shape: Shape) -> Option<Rules> {
        let mut rules = Rules::default();
        for (path, change) in self.sets.iter().flat_map(|set| set.of(shape)) {
            // A test reads them all.
            if let Ok(path) = Path::read(path) {
                rules.add(path.steps(), *change);
            }
        }
        for path in &self.paths {
            rules.add(path.steps(), path.change());
        }
        (!rules.is_empty()).then_some(rules)
    }
}

impl Shape {
    /// The shape of an element of a list.
    pub(super) fn listed(kind: ThingKind) -> Self {
        match kind {
            ThingKind::Container => Self::ListedContainer,
            // What is not listed of one is not there to be redacted.
            ThingKind::Image => Self::Image,
            ThingKind::Network => Self::Network,
            ThingKind::Volume => Self::Volume,
            ThingKind::Service => Self::Service,
            ThingKind::Task => Self::Task,
            ThingKind::Node => Self::Node,
            ThingKind::Plugin => Self::Plugin,
            ThingKind::Exec
            | ThingKind::Secret
            | ThingKind::Config
            | ThingKind::BuildCache
            | ThingKind::Daemon => Self::Other,
        }
    }
}

impl NoRedaction {
    fn no_set(word: &str) -> Self {
        Self(format!("there is no set `{word}`"))
    }
}

impl fmt::Display for NoRedaction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for NoRedaction {}

#[cfg(test)]
mod tests;
