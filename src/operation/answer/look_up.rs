//! What must be asked of the daemon before it is clear what of an answer may be seen.

use std::collections::BTreeMap;

use super::{Unexpected, unit};
use crate::operation::json::place;
use crate::operation::thing::{Thing, ThingKind};
use crate::operation::{Filters, Json, percent};

/// How many things are asked about at once.
const MOST_AT_ONCE: usize = 64;

/// Something that the daemon must be asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LookUp(Subject);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Subject {
    /// What this is, of which an event tells no more than the ID.
    One(ThingKind, String),
    /// What these are: containers by their IDs, services by their names.
    Each(ThingKind, Vec<String>),
}

/// What is known of things that are only mentioned: whether the client may see them.
#[derive(Debug, Default)]
pub(super) struct Known(BTreeMap<(ThingKind, String), bool>);

impl LookUp {
    /// The path and query, without version, at which the daemon answers it.
    #[must_use]
    pub fn target(&self) -> String {
        match &self.0 {
            Subject::One(kind, id) => {
                let (before, after) = place_of(*kind).unwrap_or_default();
                let mut target = before.to_owned();
                percent::encode(id, b"", &mut target);
                target.push_str(after);
                target
            }
            Subject::Each(ThingKind::Service, names) => filtered("/services?filters=", "name", names),
            Subject::Each(_, ids) => filtered("/containers/json?all=1&filters=", "id", ids),
        }
    }
}

impl Known {
    /// Whether the client may see a thing of which no more than this is told; or what to ask first.
    pub(super) fn admits(&self, kind: ThingKind, id: &str) -> Result<bool, LookUp> {
        match self.0.get(&(kind, id.to_owned())) {
            Some(is_admitted) => Ok(*is_admitted),
            None if place_of(kind).is_some() && is_sensible(id) => {
                Err(LookUp(Subject::One(kind, id.to_owned())))
            }
            None => Ok(false),
        }
    }

    /// The same for one of many, which were asked about by [`Known::ask`].
    pub(super) fn admits_one_of_many(&self, kind: ThingKind, id: &str) -> bool {
        self.0.get(&(kind, id.to_owned())).copied().unwrap_or_default()
    }

    /// What must be asked about these before all of them are known, if anything.
    pub(super) fn ask(&self, kind: ThingKind, ids: Vec<String>) -> Option<LookUp> {
        let unknown = ids.into_iter().filter(|id| !self.0.contains_key(&(kind, id.clone())));
        let unknown: Vec<String> = unknown.take(MOST_AT_ONCE).collect();
        (!unknown.is_empty()).then_some(LookUp(Subject::Each(kind, unknown)))
    }

    /// Takes down an answer. What the daemon does not have, or does not show, nobody may see.
    pub(super) fn add(
        &mut self,
        look_up: &LookUp,
        answer: Option<&[u8]>,
        admits: &dyn Fn(&Thing) -> bool,
    ) -> Result<(), Unexpected> {
        match &look_up.0 {
            Subject::One(kind, id) => {
                let thing = match answer {
                    Some(answer) => {
                        let shown = Json::read_shown(answer).map_err(|_| Unexpected::NOT_JSON)?;
                        Some(Thing::inspected(*kind, &shown).ok_or(Unexpected::NO_THING)?)
                    }
                    None => None,
                };
                self.0.insert((*kind, id.clone()), thing.is_some_and(|thing| admits(&thing)));
            }
            Subject::Each(kind, ids) => {
                for id in ids {
                    self.0.insert((*kind, id.clone()), false);
                }
                place::elements(place::trim(answer.unwrap_or(b"null")), |element| {
                    let thing = unit::read(*kind, element).map_err(|_| place::Misplaced)?;
                    // Services are asked about by name.
                    let by_name = thing.names.first().filter(|_| *kind == ThingKind::Service);
                    let id = by_name.unwrap_or(&thing.id);
                    // Filters may let through more than was asked for.
                    if let Some(known) = self.0.get_mut(&(*kind, id.clone())) {
                        *known = admits(&thing);
                    }
                    Ok(())
                })?;
            }
        }
        Ok(())
    }

    /// Forgets it all: things change.
    pub(super) fn clear(&mut self) {
        self.0.clear();
    }
}

/// Where the daemon shows a thing: what stands before and behind its ID.
fn place_of(kind: ThingKind) -> Option<(&'static str, &'static str)> {
    match kind {
        ThingKind::Container => Some(("/containers/", "/json")),
        ThingKind::Image => Some(("/images/", "/json")),
        ThingKind::Network => Some(("/networks/", "")),
        ThingKind::Volume => Some(("/volumes/", "")),
        ThingKind::Service => Some(("/services/", "")),
        ThingKind::Task => Some(("/tasks/", "")),
        ThingKind::Secret => Some(("/secrets/", "")),
        ThingKind::Config => Some(("/configs/", "")),
        ThingKind::Node => Some(("/nodes/", "")),
        ThingKind::Plugin => Some(("/plugins/", "/json")),
        ThingKind::Exec => Some(("/exec/", "/json")),
        ThingKind::BuildCache | ThingKind::Daemon => None,
    }
}

fn filtered(before: &str, filter: &str, values: &[String]) -> String {
    let mut target = before.to_owned();
    let filters = Filters::only(filter, values);
    percent::encode(&filters.to_string(), b"", &mut target);
    target
}

/// Whether the daemon can have a thing of this ID.
fn is_sensible(id: &str) -> bool {
    id.starts_with(|first: char| first.is_ascii_alphanumeric())
        && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.' | b'-'))
}
