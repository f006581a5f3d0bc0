//! What must be asked of the daemon before it is clear what of an answer may be seen.

use std::collections::BTreeMap;

use super::{Sight, Unexpected};
use crate::operation::redaction::Redaction;
use crate::operation::thing::{Thing, ThingKind};
use crate::operation::{Filters, Json, Reference, percent};

/// How many things are asked about at once, as long as the answers can be read.
const MOST_AT_ONCE: usize = 64;

/// Something that the daemon must be asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LookUp {
    path: String,
    subject: Subject,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Subject {
    /// What this is, of which an event tells no more than the ID.
    One(Reference),
    /// What these are: containers by their IDs, services by their names.
    Each(ThingKind, Vec<String>),
}

/// What is known of things that are only mentioned: whether the client may see them, and what not of them.
#[derive(Debug)]
pub(super) struct Known {
    things: BTreeMap<Reference, Option<Redaction>>,
    /// How many things are asked about at once.
    most_at_once: usize,
}

impl Default for Known {
    fn default() -> Self {
        Self { things: BTreeMap::new(), most_at_once: MOST_AT_ONCE }
    }
}

impl LookUp {
    /// The path, without version, at which the daemon answers it; with a query where it needs one.
    #[must_use]
    pub fn path(&self) -> &str {
        &self.path
    }

    /// What these are.
    fn each(kind: ThingKind, names: Vec<String>) -> Self {
        let (list, filter) = match kind {
            ThingKind::Service => ("/services?filters=", "name"),
            ThingKind::Container
            | ThingKind::Exec
            | ThingKind::Image
            | ThingKind::Network
            | ThingKind::Volume
            | ThingKind::Task
            | ThingKind::Secret
            | ThingKind::Config
            | ThingKind::Node
            | ThingKind::Plugin
            | ThingKind::BuildCache
            | ThingKind::Daemon => ("/containers/json?all=1&filters=", "id"),
        };
        let mut path = list.to_owned();
        percent::encode(&Filters::only(filter, &names).to_string(), b"", &mut path);
        Self { path, subject: Subject::Each(kind, names) }
    }
}

impl Known {
    /// Whether the client may see a thing of which no more than this is told; or what to ask first.
    pub(super) fn sees(&self, kind: ThingKind, id: &str) -> Result<Option<Redaction>, LookUp> {
        let reference = Reference::new(kind, id);
        match (self.things.get(&reference), reference.path()) {
            (Some(known), _) => Ok(known.clone()),
            (None, Some(path)) => Err(LookUp { path, subject: Subject::One(reference) }),
            (None, None) => Ok(None),
        }
    }

    /// The same for one of many, which were asked about by [`Known::ask`].
    pub(super) fn sees_one_of_many(&self, kind: ThingKind, id: &str) -> bool {
        self.things.get(&Reference::new(kind, id)).is_some_and(Option::is_some)
    }

    /// What must be asked about these before all of them are known, if anything.
    pub(super) fn ask(&self, kind: ThingKind, ids: Vec<String>) -> Option<LookUp> {
        let unknown = ids.into_iter().filter(|id| !self.things.contains_key(&Reference::new(kind, id)));
        let unknown: Vec<String> = unknown.take(self.most_at_once).collect();
        (!unknown.is_empty()).then(|| LookUp::each(kind, unknown))
    }

    /// Takes down an answer. What the daemon does not have, or does not show, nobody may see.
    pub(super) fn add(
        &mut self,
        look_up: &LookUp,
        answer: Option<&Json>,
        sight: &Sight,
    ) -> Result<(), Unexpected> {
        match &look_up.subject {
            Subject::One(reference) => {
                let read = |shown| Thing::inspected(reference.kind, shown).ok_or(Unexpected::NO_THING);
                let thing = answer.map(read).transpose()?;
                self.things.insert(reference.clone(), thing.and_then(|thing| sight(&thing)));
            }
            Subject::Each(kind, ids) => {
                for id in ids {
                    self.things.insert(Reference::new(*kind, id), None);
                }
                for shown in answer.map(Json::items).unwrap_or_default() {
                    let thing = Thing::listed(*kind, shown).ok_or(Unexpected::NO_THING)?;
                    // Services are asked about by name.
                    let by_name = thing.names.first().filter(|_| *kind == ThingKind::Service);
                    let id = by_name.unwrap_or(&thing.id);
                    // Filters may let through more than was asked for.
                    if let Some(known) = self.things.get_mut(&Reference::new(*kind, id)) {
                        *known = sight(&thing);
                    }
                }
            }
        }
        Ok(())
    }

    /// Takes down that an answer cannot be read: half as many are asked about from now on; a single one nobody may see.
    pub(super) fn miss(&mut self, look_up: &LookUp) {
        match &look_up.subject {
            Subject::Each(_, ids) if ids.len() > 1 => self.most_at_once = ids.len() / 2,
            Subject::Each(kind, ids) => {
                self.things.extend(ids.iter().map(|id| (Reference::new(*kind, id), None)));
            }
            Subject::One(reference) => {
                self.things.insert(reference.clone(), None);
            }
        }
    }

    /// Forgets it all: things change.
    pub(super) fn clear(&mut self) {
        self.things.clear();
    }
}
