//! The terms of a permit: what of the answer its client gets to see.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use super::things::ThingSet;
use crate::operation::answer;
use crate::operation::redaction::Redaction;
use crate::operation::thing::{Thing, ThingKind};

/// Things by their kinds, as rules speak of them.
pub(super) type Sets = BTreeMap<ThingKind, ThingSet>;

/// What of an answer a client gets to see. Without terms it is all.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Terms {
    /// What each of the rules that grant the operation shows. None: everything is shown.
    pub(super) shown: Option<Vec<Showing>>,
    /// What rules forbid.
    pub(super) hidden: Vec<Sets>,
    /// What is redacted where the answer is no list.
    pub(super) redaction: Redaction,
    /// How many things of a list, at most, where the daemon is not told since it would count others.
    pub(super) limit: Option<usize>,
}

/// What one rule shows of a list.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Showing {
    /// What the answer is about: of that the rule shows all, unless it says which.
    pub(super) kind: Option<ThingKind>,
    /// The things that the rule speaks of. Others it does not show; without any, it shows whatever there is.
    pub(super) sets: Sets,
    /// What it keeps back of each thing.
    pub(super) redaction: Redaction,
}

impl Terms {
    /// Whether the whole answer is passed on.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.shown.is_none() && self.hidden.is_empty() && self.redaction == Redaction::default()
    }

    /// The same, for whatever passes the answer on.
    #[must_use]
    pub fn of_answer(&self) -> answer::Terms {
        let terms = self.clone();
        let sight: answer::Sight = Rc::new(move |thing| terms.sight(thing));
        answer::Terms {
            sight: Some(sight).filter(|_| self.narrow()),
            redaction: self.redaction.clone(),
            limit: self.limit,
        }
    }

    /// Whether things may be missing from the answer.
    pub(super) fn narrow(&self) -> bool {
        self.shown.is_some() || !self.hidden.is_empty()
    }

    /// Whether the client gets to see a thing.
    #[must_use]
    pub fn shows(&self, thing: &Thing) -> bool {
        self.sight(thing).is_some()
    }

    /// Filters of the daemon that let through all that is shown of a list or of events, so that it sends less of what is
    /// not: names and values.
    pub(super) fn filters(&self) -> Vec<(&'static str, String)> {
        let Some(shown) = &self.shown else { return Vec::new() };
        let listed = shown.iter().find_map(|showing| showing.kind);
        let kinds: BTreeSet<ThingKind> = match listed {
            Some(kind) => [kind].into(),
            None if shown.iter().any(|showing| showing.sets.is_empty()) => return Vec::new(),
            None => shown.iter().flat_map(|showing| showing.sets.keys().copied()).collect(),
        };
        let mut filters = Vec::new();
        if listed.is_none() {
            filters.extend(kinds.iter().filter_map(|kind| Some(("type", event_type(*kind)?.to_owned()))));
        }
        if kinds.iter().all(|kind| is_filtered_by_label(*kind, listed.is_none())) {
            let labels = shown.iter().map(|showing| {
                // A rule that says nothing of a kind that is listed shows all of it.
                let sets = kinds.iter().map(|kind| (*kind, showing.sets.get(kind)));
                let sets = sets.filter(|(_, set)| set.is_some() || listed.is_some());
                common(
                    sets.map(|(kind, set)| set.map(|set| set.wide_label_filters(kind)).unwrap_or_default()),
                )
            });
            filters.extend(common(labels).into_iter().map(|label| ("label", label)));
        }
        filters
    }

    /// What the client may see of a thing: nothing, or all but what is redacted. Where one rule shows all of it, all is
    /// shown; where several keep something back, what any of them keeps back.
    fn sight(&self, thing: &Thing) -> Option<Redaction> {
        if self.hidden.iter().any(|sets| sets.get(&thing.kind).is_some_and(|set| set.may_contain(thing))) {
            return None;
        }
        let Some(shown) = &self.shown else { return Some(self.redaction.clone()) };
        let mut kept_back: Option<Redaction> = None;
        for showing in shown {
            if showing.shows(thing) {
                if showing.redaction.is_empty() {
                    return Some(Redaction::default());
                }
                kept_back.get_or_insert_default().join(&showing.redaction);
            }
        }
        kept_back
    }
}

impl Showing {
    fn shows(&self, thing: &Thing) -> bool {
        match self.sets.get(&thing.kind) {
            Some(set) => set.contains(thing),
            None => self.sets.is_empty() || self.kind == Some(thing.kind),
        }
    }
}

/// What is in all of the sets.
fn common(sets: impl Iterator<Item = BTreeSet<String>>) -> BTreeSet<String> {
    sets.reduce(|all, set| all.intersection(&set).cloned().collect()).unwrap_or_default()
}

/// The type of the events of a kind of thing. A task has none.
fn event_type(kind: ThingKind) -> Option<&'static str> {
    match kind {
        ThingKind::Container
        | ThingKind::Image
        | ThingKind::Network
        | ThingKind::Volume
        | ThingKind::Service
        | ThingKind::Secret
        | ThingKind::Config
        | ThingKind::Node => Some(kind.as_str()),
        ThingKind::Exec | ThingKind::Task | ThingKind::Plugin | ThingKind::BuildCache | ThingKind::Daemon => {
            None
        }
    }
}

/// Whether the daemon's filter `label` is about the labels that rules look at. Nodes and tasks have several, and in
/// events there are those of containers and images alone.
fn is_filtered_by_label(kind: ThingKind, in_events: bool) -> bool {
    match kind {
        ThingKind::Container | ThingKind::Image => true,
        ThingKind::Network
        | ThingKind::Volume
        | ThingKind::Service
        | ThingKind::Secret
        | ThingKind::Config => !in_events,
        ThingKind::Exec
        | ThingKind::Task
        | ThingKind::Node
        | ThingKind::Plugin
        | ThingKind::BuildCache
        | ThingKind::Daemon => false,
    }
}
