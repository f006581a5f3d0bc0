//! The terms of a permit: what of the answer its client gets to see.

use std::collections::BTreeMap;
use std::rc::Rc;

use super::things::ThingSet;
use crate::operation::answer;
use crate::operation::redaction::Redaction;
use crate::operation::thing::{Thing, ThingKind};

/// What of an answer a client gets to see. Without terms it is all.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Terms {
    /// What each of the rules that grant the operation shows, by kind; a kind that a rule does not speak of it shows
    /// whole. None: everything is shown.
    pub(super) shown: Option<Vec<BTreeMap<ThingKind, ThingSet>>>,
    /// What rules forbid.
    pub(super) hidden: Vec<BTreeMap<ThingKind, ThingSet>>,
}

impl Terms {
    /// Whether the whole answer is passed on.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.shown.is_none() && self.hidden.is_empty()
    }

    /// The same for whatever passes the answer on.
    #[must_use]
    pub fn of_answer(&self) -> answer::Terms {
        let terms = self.clone();
        let sight: answer::Sight = Rc::new(move |thing| terms.shows(thing).then(Redaction::default));
        answer::Terms { sight: Some(sight).filter(|_| !self.is_empty()), redaction: Redaction::default() }
    }

    /// Whether the client gets to see a thing.
    #[must_use]
    pub fn shows(&self, thing: &Thing) -> bool {
        let is_in = |sets: &BTreeMap<ThingKind, ThingSet>, unsaid: bool| {
            sets.get(&thing.kind).map_or(unsaid, |set| set.contains(thing))
        };
        self.shown.as_ref().is_none_or(|rules| rules.iter().any(|sets| is_in(sets, true)))
            && !self.hidden.iter().any(|sets| is_in(sets, false))
    }
}
