//! One thing of an answer, shown as far as it may be seen.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;

use super::look_up::{Known, LookUp};
use super::{Sight, Unexpected, network, usage};
use crate::operation::Json;
use crate::operation::json::place::{self, Kept};
use crate::operation::redaction::{Redaction, Rules, Shape};
use crate::operation::thing::{Thing, ThingKind};

/// What became of a unit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Shown {
    /// It is passed on, or what may be seen of it.
    Yes,
    /// The client may not see it.
    No,
    /// That takes more than is known.
    NotYet(LookUp),
}

/// Who shows units.
pub(super) trait Show {
    /// What a glance tells of the unit that a text begins with. None: it must be shown, or is not all there.
    fn glance(&self, text: &[u8]) -> Option<Glanced>;

    /// Writes of a unit what is shown of it.
    fn show(&mut self, unit: &[u8], out: &mut Vec<u8>) -> Result<Shown, Unexpected>;

    /// Takes note that a unit is left out.
    fn leave_out(&mut self, why: Unexpected);
}

/// What a glance tells of a unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Glanced {
    /// Its length.
    pub(super) length: usize,
    /// Whether it is passed on, as it is.
    pub(super) is_shown: bool,
}

/// The most that is looked at in passing: what is longer may hold more than is read.
const MAX_GLANCED_BYTES: usize = 64 * 1024;

/// What the client may see.
pub(super) struct View {
    /// Which things, and what not of them.
    pub(super) sight: Option<Sight>,
    /// What not, of what is no thing that can be seen or not.
    pub(super) redaction: Redaction,
    /// What was made of redactions so far.
    rules: RefCell<BTreeMap<(Shape, Redaction), Option<Rules>>>,
    /// Why a unit was left out that nobody was told of.
    left_out: Cell<Option<Unexpected>>,
}

impl View {
    pub(super) fn new(sight: Option<Sight>, redaction: Redaction) -> Self {
        Self { sight, redaction, rules: RefCell::default(), left_out: Cell::default() }
    }

    /// Takes note that something is left out, which others must not be left without what else there is for.
    pub(super) fn leave_out(&self, why: Unexpected) {
        self.left_out.set(Some(why));
    }

    /// Why something was left out since this was asked last.
    pub(super) fn left_out(&self) -> Option<Unexpected> {
        self.left_out.take()
    }

    /// Writes a value with what is redacted in it.
    pub(super) fn write(
        &self,
        shape: Shape,
        redaction: &Redaction,
        value: &[u8],
        out: &mut Vec<u8>,
    ) -> Result<(), Unexpected> {
        if redaction.is_empty() {
            out.extend_from_slice(value);
            return Ok(());
        }
        let mut made = self.rules.borrow_mut();
        match made.entry((shape, redaction.clone())).or_insert_with(|| redaction.of(shape)) {
            Some(rules) => rules.apply(value, out)?,
            None => out.extend_from_slice(value),
        }
        Ok(())
    }

    /// What a glance tells of the element that a text begins with. None: it must be read, or is not all there.
    pub(super) fn glance(&self, kind: ThingKind, text: &[u8]) -> Option<Glanced> {
        let sight = self.sight.as_ref()?;
        let text = text.get(..text.len().min(MAX_GLANCED_BYTES))?;
        let (thing, rest) = Thing::glimpsed(kind, text)?;
        let seen = sight(&thing);
        let is_shown = seen.is_some();
        let length = text.len().checked_sub(rest.len())?;
        seen.is_none_or(|redaction| redaction.is_empty()).then_some(Glanced { length, is_shown })
    }

    /// Shows an element of a list.
    pub(super) fn element(
        &self,
        kind: ThingKind,
        element: &[u8],
        known: &Known,
        out: &mut Vec<u8>,
    ) -> Result<Shown, Unexpected> {
        let shape = Shape::listed(kind);
        let Some(sight) = &self.sight else {
            self.write(shape, &self.redaction, element, out)?;
            return Ok(Shown::Yes);
        };
        let shown = place::read_members(element, Thing::keys(kind))?;
        let thing = Thing::listed(kind, &shown).ok_or(Unexpected::NO_THING)?;
        let Some(redaction) = sight(&thing) else {
            return Ok(Shown::No);
        };
        let mut narrowed = Vec::new();
        match kind {
            ThingKind::Network => {
                if let Some(look_up) = network::narrow(element, known, &mut narrowed)? {
                    return Ok(Shown::NotYet(look_up));
                }
            }
            ThingKind::Container if has_other_names(&shown) => without_other_names(element, &mut narrowed)?,
            ThingKind::Container
            | ThingKind::Image
            | ThingKind::Exec
            | ThingKind::Volume
            | ThingKind::Service
            | ThingKind::Task
            | ThingKind::Secret
            | ThingKind::Config
            | ThingKind::Node
            | ThingKind::Plugin
            | ThingKind::BuildCache
            | ThingKind::Daemon => {}
        }
        self.write(shape, &redaction, if narrowed.is_empty() { element } else { &narrowed }, out)?;
        Ok(Shown::Yes)
    }
}

/// Whether a container has names by the links of others, which tell who they are.
fn has_other_names(container: &Json) -> bool {
    let names = container.get("Names").map(Json::items).unwrap_or_default();
    names.iter().filter_map(Json::as_text).any(is_name_of_link)
}

fn is_name_of_link(name: &str) -> bool {
    name.strip_prefix('/').unwrap_or(name).contains('/')
}

fn without_other_names(container: &[u8], out: &mut Vec<u8>) -> Result<(), Unexpected> {
    place::rewrite_object(container, out, |key, value, out| {
        if key != "Names" {
            return Ok(Kept::AsItIs);
        }
        place::rewrite_array(value, out, |name, _| {
            let name = Json::read_shown(name).map_err(|_| Unexpected::NOT_JSON)?;
            Ok::<_, Unexpected>(if name.as_text().is_some_and(is_name_of_link) {
                Kept::Not
            } else {
                Kept::AsItIs
            })
        })?;
        Ok::<_, Unexpected>(Kept::Written)
    })
}

/// An image without the containers that use it, which are their own business: how many there are is -1, which the daemon
/// writes where it has not counted, and those of each of its manifests are none.
pub(super) fn without_users(image: &[u8], out: &mut Vec<u8>) -> Result<(), Unexpected> {
    place::rewrite_object(image, out, |key, value, out| {
        match key {
            "Containers" if value != b"-1" => out.extend_from_slice(b"-1"),
            "Manifests" => place::rewrite_array(value, out, |manifest, out| {
                usage::replace(manifest, &["ImageData", "Containers"], b"[]", out)?;
                Ok::<_, Unexpected>(Kept::Written)
            })?,
            _ => return Ok(Kept::AsItIs),
        }
        Ok::<_, Unexpected>(Kept::Written)
    })
}
