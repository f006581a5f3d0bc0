//! A thing as it is shown when it is inspected. Where the daemon lists it whole as well, that is the shape.

use super::{Json, Thing, ThingKind, listed, own_name, references, text, texts};

pub(super) fn read(kind: ThingKind, shown: &Json) -> Option<Thing<'_>> {
    match kind {
        ThingKind::Container => container(shown),
        ThingKind::Image => image(shown),
        ThingKind::Exec => exec(shown),
        ThingKind::Network
        | ThingKind::Volume
        | ThingKind::Service
        | ThingKind::Task
        | ThingKind::Secret
        | ThingKind::Config
        | ThingKind::Node
        | ThingKind::Plugin
        | ThingKind::BuildCache
        | ThingKind::Daemon => listed::read(kind, shown),
    }
}

fn container(shown: &Json) -> Option<Thing<'_>> {
    let config = shown.get("Config")?;
    Some(Thing {
        names: vec![own_name(text(shown, "Name")?)?],
        labels: texts(config.get("Labels"))?,
        image: text(config, "Image"),
        image_id: text(shown, "Image"),
        ..Thing::new(ThingKind::Container, text(shown, "Id")?)
    })
}

fn image(shown: &Json) -> Option<Thing<'_>> {
    Some(Thing {
        names: references(shown),
        // An image of another kind than one that runs has no config.
        labels: texts(shown.get("Config").and_then(|config| config.get("Labels")))?,
        ..Thing::new(ThingKind::Image, text(shown, "Id")?)
    })
}

fn exec(shown: &Json) -> Option<Thing<'_>> {
    Some(Thing {
        owner: Some(text(shown, "ContainerID")?),
        ..Thing::new(ThingKind::Exec, text(shown, "ID")?)
    })
}
