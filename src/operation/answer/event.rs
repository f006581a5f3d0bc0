//! The event stream: each event by itself, as it passes.

use super::Unexpected;
use super::look_up::Known;
use super::unit::{Shown, View};
use crate::operation::Json;
use crate::operation::redaction::Shape;
use crate::operation::thing::{Event, ThingKind};

/// Shows an event. One that names a container beside its thing is shown to whoever may see both. Of what no longer
/// exists and of what an event tells too little, nothing more can be learnt: those are not shown.
pub(super) fn show(view: &View, text: &[u8], known: &Known, out: &mut Vec<u8>) -> Result<Shown, Unexpected> {
    let Some(sight) = &view.sight else {
        view.write(Shape::Event, &view.redaction, text, out)?;
        return Ok(Shown::Yes);
    };
    let event = Json::read_shown(text).map_err(|_| Unexpected::NOT_JSON)?;
    let Some(event) = Event::read(&event) else {
        return Ok(Shown::No);
    };
    let thing = &event.thing;
    let seen = if event.is_whole || thing.id.is_empty() {
        Ok(sight(thing))
    } else {
        known.sees(thing.kind, &thing.id)
    };
    let redaction = match seen {
        Ok(Some(redaction)) => redaction,
        Ok(None) => return Ok(Shown::No),
        Err(look_up) => return Ok(Shown::NotYet(look_up)),
    };
    match event.container.map(|id| known.sees(ThingKind::Container, &id)) {
        None | Some(Ok(Some(_))) => {}
        Some(Ok(None)) => return Ok(Shown::No),
        Some(Err(look_up)) => return Ok(Shown::NotYet(look_up)),
    }
    view.write(Shape::Event, &redaction, text, out)?;
    Ok(Shown::Yes)
}
