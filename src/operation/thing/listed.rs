//! A thing as it is shown in a list. API versions have added to these shapes; what is read here stands in all of them.

use super::{Json, Thing, ThingKind, own_name, references, text, texts};

pub(super) fn read(kind: ThingKind, shown: &Json) -> Option<Thing> {
    match kind {
        ThingKind::Container => container(shown),
        ThingKind::Image => image(shown),
        ThingKind::Network => network(shown),
        ThingKind::Volume => volume(shown),
        ThingKind::Service => service(shown),
        ThingKind::Task => task(shown),
        ThingKind::Secret | ThingKind::Config => specified(kind, shown),
        ThingKind::Node => node(shown),
        ThingKind::Plugin => plugin(shown),
        ThingKind::BuildCache => Some(Thing::new(kind, text(shown, "ID")?)),
        // Nothing lists them.
        ThingKind::Exec | ThingKind::Daemon => None,
    }
}

/// The keys that are looked at below.
pub(super) fn keys(kind: ThingKind) -> &'static [&'static str] {
    match kind {
        ThingKind::Container => &["Id", "Names", "Image", "ImageID", "Labels"],
        ThingKind::Image => &["Id", "RepoTags", "RepoDigests", "Labels"],
        ThingKind::Network => &["Id", "Name", "Labels"],
        ThingKind::Volume => &["Name", "Labels"],
        ThingKind::Service | ThingKind::Secret | ThingKind::Config => &["ID", "Spec"],
        ThingKind::Task => &["ID", "Name", "Labels", "Spec", "ServiceID"],
        ThingKind::Node => &["ID", "Spec", "Description"],
        ThingKind::Plugin => &["Id", "Name"],
        ThingKind::BuildCache => &["ID"],
        ThingKind::Exec | ThingKind::Daemon => &[],
    }
}

fn container(shown: &Json) -> Option<Thing> {
    let names = shown.get("Names")?.items().iter().map(Json::as_text).collect::<Option<Vec<_>>>()?;
    Some(Thing {
        names: names.into_iter().filter_map(own_name).map(str::to_owned).collect(),
        labels: texts(shown.get("Labels"))?,
        image: text(shown, "Image").map(str::to_owned),
        image_id: text(shown, "ImageID").map(str::to_owned),
        ..Thing::new(ThingKind::Container, text(shown, "Id")?)
    })
}

fn image(shown: &Json) -> Option<Thing> {
    Some(Thing {
        names: references(shown),
        labels: texts(shown.get("Labels"))?,
        ..Thing::new(ThingKind::Image, text(shown, "Id")?)
    })
}

fn network(shown: &Json) -> Option<Thing> {
    Some(Thing {
        names: vec![text(shown, "Name")?.to_owned()],
        labels: texts(shown.get("Labels"))?,
        ..Thing::new(ThingKind::Network, text(shown, "Id")?)
    })
}

fn volume(shown: &Json) -> Option<Thing> {
    let name = text(shown, "Name")?;
    Some(Thing {
        names: vec![name.to_owned()],
        labels: texts(shown.get("Labels"))?,
        ..Thing::new(ThingKind::Volume, name)
    })
}

fn service(shown: &Json) -> Option<Thing> {
    let container = shown.get("Spec").and_then(|spec| spec.get("TaskTemplate")?.get("ContainerSpec"));
    Some(Thing {
        image: container.and_then(|container| text(container, "Image")).map(str::to_owned),
        ..specified(ThingKind::Service, shown)?
    })
}

fn task(shown: &Json) -> Option<Thing> {
    let container = shown.get("Spec").and_then(|spec| spec.get("ContainerSpec"));
    let mut labels = texts(shown.get("Labels"))?;
    for label in texts(container.and_then(|container| container.get("Labels")))? {
        if !labels.iter().any(|(key, _)| *key == label.0) {
            labels.push(label);
        }
    }
    Some(Thing {
        names: text(shown, "Name").map(str::to_owned).into_iter().collect(),
        labels,
        image: container.and_then(|container| text(container, "Image")).map(str::to_owned),
        owner: text(shown, "ServiceID").map(str::to_owned),
        ..Thing::new(ThingKind::Task, text(shown, "ID")?)
    })
}

fn node(shown: &Json) -> Option<Thing> {
    let mut node = specified(ThingKind::Node, shown)?;
    let hostname = shown.get("Description").and_then(|description| text(description, "Hostname"));
    node.names.extend(hostname.map(str::to_owned));
    Some(node)
}

fn plugin(shown: &Json) -> Option<Thing> {
    Some(Thing {
        names: vec![text(shown, "Name")?.to_owned()],
        ..Thing::new(ThingKind::Plugin, text(shown, "Id")?)
    })
}

/// What the swarm keeps: its name and its labels stand in its spec.
fn specified(kind: ThingKind, shown: &Json) -> Option<Thing> {
    let spec = shown.get("Spec")?;
    Some(Thing {
        names: text(spec, "Name").map(str::to_owned).into_iter().collect(),
        labels: texts(spec.get("Labels"))?,
        ..Thing::new(kind, text(shown, "ID")?)
    })
}
