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
    if let Some(admits) = &view.admits {
        let event = Json::read_shown(text).map_err(|_| Unexpected::NOT_JSON)?;
        let Some(event) = Event::read(&event) else {
            return Ok(Shown::No);
        };
        let thing = &event.thing;
        let of_thing = if event.is_whole || thing.id.is_empty() {
            Ok(admits(thing))
        } else {
            known.admits(thing.kind, &thing.id)
        };
        match of_thing {
            Ok(true) => {}
            Ok(false) => return Ok(Shown::No),
            Err(look_up) => return Ok(Shown::NotYet(look_up)),
        }
        match event.container.map(|id| known.admits(ThingKind::Container, &id)) {
            None | Some(Ok(true)) => {}
            Some(Ok(false)) => return Ok(Shown::No),
            Some(Err(look_up)) => return Ok(Shown::NotYet(look_up)),
        }
    }
    view.write(Shape::Event, text, out)?;
    Ok(Shown::Yes)
}
