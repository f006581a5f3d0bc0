//! A thing as it is shown in a list. API versions have added to these shapes; what is read here stands in all of them.

use super::{Glance, Json, Text, Thing, ThingKind, own_name, references, text, texts};

pub(super) fn read(kind: ThingKind, shown: &Json) -> Option<Thing<'_>> {
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

/// The same at a glance, and what stands behind it. None: it must be read, as all but containers are, of which there are
/// few.
pub(super) fn glimpse(kind: ThingKind, text: &[u8]) -> Option<(Thing<'_>, &[u8])> {
    if kind != ThingKind::Container {
        return None;
    }
    let mut glance = Glance::at(text);
    let container = glimpse_container(&mut glance)?;
    Some((container, glance.rest()))
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

fn container(shown: &Json) -> Option<Thing<'_>> {
    let names = shown.get("Names")?.items().iter().map(Json::as_text).collect::<Option<Vec<_>>>()?;
    Some(Thing {
        names: names.into_iter().map(Text::from).filter_map(own_name).collect(),
        labels: texts(shown.get("Labels"))?,
        image: text(shown, "Image"),
        image_id: text(shown, "ImageID"),
        ..Thing::new(ThingKind::Container, text(shown, "Id")?)
    })
}

/// A container that has no names but its own.
#[inline]
fn glimpse_container<'a>(glance: &mut Glance<'a>) -> Option<Thing<'a>> {
    let (mut id, mut names, mut image, mut image_id, mut labels) = (None, None, None, None, None);
    glance.object(|key, glance| match key {
        b"Id" => once(&mut id, glance.text()?),
        b"Names" => once(&mut names, glimpse_names(glance)?),
        b"Image" => once(&mut image, glance.text()?),
        b"ImageID" => once(&mut image_id, glance.text()?),
        b"Labels" => once(&mut labels, glimpse_labels(glance)?),
        _ => glance.skip(),
    })?;
    let said = |text: &Text<'_>| !text.as_bytes().is_empty();
    Some(Thing {
        names: names?,
        labels: labels?,
        image: image.filter(said),
        image_id: image_id.filter(said),
        ..Thing::new(ThingKind::Container, id.filter(said)?)
    })
}

#[inline]
fn glimpse_names<'a>(glance: &mut Glance<'a>) -> Option<Vec<Text<'a>>> {
    let mut names = Vec::with_capacity(1);
    glance.array(|glance| {
        names.push(own_name(glance.text()?)?);
        Some(())
    })?;
    Some(names)
}

/// Labels in the order in which the daemon writes them, so that each is seen to stand there once.
#[inline]
fn glimpse_labels<'a>(glance: &mut Glance<'a>) -> Option<Vec<(Text<'a>, Text<'a>)>> {
    let mut labels: Vec<(Text<'_>, Text<'_>)> = Vec::with_capacity(8);
    glance.texts(|key, value| {
        let is_next = labels.last().is_none_or(|(before, _)| before.as_bytes() < key.as_bytes());
        labels.push((key, value));
        is_next.then_some(())
    })?;
    Some(labels)
}

/// Takes down what may be said once only.
fn once<T>(place: &mut Option<T>, value: T) -> Option<()> {
    place.replace(value).is_none().then_some(())
}

fn image(shown: &Json) -> Option<Thing<'_>> {
    Some(Thing {
        names: references(shown),
        labels: texts(shown.get("Labels"))?,
        ..Thing::new(ThingKind::Image, text(shown, "Id")?)
    })
}

fn network(shown: &Json) -> Option<Thing<'_>> {
    Some(Thing {
        names: vec![text(shown, "Name")?],
        labels: texts(shown.get("Labels"))?,
        ..Thing::new(ThingKind::Network, text(shown, "Id")?)
    })
}

fn volume(shown: &Json) -> Option<Thing<'_>> {
    let name = text(shown, "Name")?;
    Some(Thing {
        names: vec![name.clone()],
        labels: texts(shown.get("Labels"))?,
        ..Thing::new(ThingKind::Volume, name)
    })
}

fn service(shown: &Json) -> Option<Thing<'_>> {
    let container = shown.get("Spec").and_then(|spec| spec.get("TaskTemplate")?.get("ContainerSpec"));
    Some(Thing {
        image: container.and_then(|container| text(container, "Image")),
        ..specified(ThingKind::Service, shown)?
    })
}

fn task(shown: &Json) -> Option<Thing<'_>> {
    let container = shown.get("Spec").and_then(|spec| spec.get("ContainerSpec"));
    let mut labels = texts(shown.get("Labels"))?;
    for label in texts(container.and_then(|container| container.get("Labels")))? {
        if !labels.iter().any(|(key, _)| *key == label.0) {
            labels.push(label);
        }
    }
    Some(Thing {
        names: text(shown, "Name").into_iter().collect(),
        labels,
        image: container.and_then(|container| text(container, "Image")),
        owner: text(shown, "ServiceID"),
        ..Thing::new(ThingKind::Task, text(shown, "ID")?)
    })
}

fn node(shown: &Json) -> Option<Thing<'_>> {
    let mut node = specified(ThingKind::Node, shown)?;
    let hostname = shown.get("Description").and_then(|description| text(description, "Hostname"));
    node.names.extend(hostname);
    Some(node)
}

fn plugin(shown: &Json) -> Option<Thing<'_>> {
    Some(Thing { names: vec![text(shown, "Name")?], ..Thing::new(ThingKind::Plugin, text(shown, "Id")?) })
}

/// What the swarm keeps: its name and its labels stand in its spec.
fn specified(kind: ThingKind, shown: &Json) -> Option<Thing<'_>> {
    let spec = shown.get("Spec")?;
    Some(Thing {
        names: text(spec, "Name").into_iter().collect(),
        labels: texts(spec.get("Labels"))?,
        ..Thing::new(kind, text(shown, "ID")?)
    })
}
