//! What query parameters and the names in a path mean.

use super::super::field::{Place, Step, Way};
use super::super::query::Value;
use super::super::table::{Endpoint, Identifier, Parameter};
use super::super::{Json, Query};
use super::network::{Network, is_network_id};
use super::path::{HostPath, clean};
use super::reading::{Context, Enclosing, Meant, Read, Reading};
use super::{Aspect, ImageRef, Meaning, Resource, Use, limits};

/// What a used parameter of the endpoint means.
pub(in crate::operation) fn of_parameter(
    endpoint: &Endpoint,
    parameter: &Parameter,
    value: &Value,
    query: &Query,
    around: Enclosing<'_>,
    meant: &mut Meant,
) -> Read {
    let way = Way::from_top(Step::Parameter(parameter.name));
    let text = value.as_text();
    let sibling = |name: &str| query.get(name).map(Value::as_text).unwrap_or_default();
    let list = || match value {
        Value::List(texts) => {
            Json::Array(texts.iter().map(|text| Json::String(text.as_str().into())).collect())
        }
        Value::Bool(_) | Value::Int(_) | Value::Text(_) | Value::Filters(_) | Value::Json(_) => Json::Null,
    };
    let number = match value {
        Value::Int(number) => *number,
        Value::Bool(_) | Value::Text(_) | Value::List(_) | Value::Filters(_) | Value::Json(_) => 0,
    };
    let meaning = match (endpoint.id, parameter.name) {
        ("ImageCreate", "fromImage") => Meaning::Image(ImageRef::with_tag(text, sibling("tag"))),
        ("ImageCreate", "fromSrc") if text == "-" => return meant.of_one(|_| true),
        // What is no URL is fetched over HTTP.
        ("ImageCreate", "fromSrc") if !text.contains("://") => Meaning::Remote(["http://", text].concat()),
        ("ImageCreate", "fromSrc") | ("ImageBuild", "remote") => Meaning::Remote(text.to_owned()),
        // Only an import has a name of its own to give.
        ("ImageCreate" | "ImageCommit" | "ImageTag", "repo") => {
            Meaning::Image(match ImageRef::with_tag(text, sibling("tag")) {
                ImageRef::Named { name, tag: None, digest: None } => {
                    ImageRef::Named { name, tag: Some("latest".to_owned()), digest: None }
                }
                // As a name that is made it is no ID.
                ImageRef::Id(name) => ImageRef::read(&format!("{name}:latest")),
                image @ (ImageRef::Named { .. } | ImageRef::None) => image,
            })
        }
        ("ImageBuild", "t") => return images(value, &way, ImageRef::read, meant),
        // Without a tag it is all of them.
        ("ImageGetAll", "names") => {
            return images(value, &way, |name| ImageRef::with_tag(name, ""), meant);
        }
        ("ImageBuild", "cachefrom") => return images_of(value, &way, meant),
        ("ImageBuild", "networkmode") => {
            return Reading::NetworkMode.read(&Json::String(text.into()), &way, around, meant);
        }
        ("ImageBuild", "extrahosts") => return Reading::ExtraHosts.read(&list(), &way, around, meant),
        ("ImageBuild", "shmsize") => Meaning::Amount(Resource::Shm, number),
        ("ImageBuild", "memory") => Meaning::Amount(Resource::Memory, number),
        ("ImageBuild", "cpuquota") => {
            let period = match query.get("cpuperiod") {
                Some(Value::Int(period)) if *period > 0 => *period,
                _ => 100_000,
            };
            Meaning::Amount(Resource::Cpus, limits::billionths(number, period))
        }
        ("ImageBuild", "version") if text == "2" => Meaning::Driver("builder:buildkit".to_owned()),
        ("CheckpointList" | "CheckpointDelete", "dir") | ("ContainerStart", "checkpoint-dir") => {
            Meaning::HostPath(HostPath::new(text, false))
        }
        ("ContainerArchive" | "ContainerArchiveInfo" | "PutContainerArchive", "path") => {
            Meaning::ContainerPath(clean(text))
        }
        _ => return meant.of_one(|_| true),
    };
    meant.of_one(|meant| {
        meant.uses.push(Use::new(meaning, way.place()));
        false
    })
}

/// The kind of thing that a name in a path means, where rules list such.
pub(super) const fn aspect_of_identifier(identifier: Identifier) -> Option<Aspect> {
    match identifier {
        Identifier::Image => Some(Aspect::Images),
        Identifier::Network => Some(Aspect::Networks),
        Identifier::Volume => Some(Aspect::Volumes),
        Identifier::Container
        | Identifier::Exec
        | Identifier::Plugin
        | Identifier::Swarm
        | Identifier::Checkpoint
        | Identifier::Profile => None,
    }
}

/// Takes note of what the names in a path mean. A push says its tag apart.
pub(in crate::operation) fn of_identifiers(
    identifiers: &[String],
    query: &Query,
    context: Context<'_>,
    meant: &mut Meant,
) {
    let endpoint = context.endpoint;
    if endpoint.id == "ContainerExport" {
        meant
            .uses
            .push(Use::new(Meaning::ContainerPath("/".to_owned()), Place::words("the whole file system")));
    }
    for (kind, name) in endpoint.identifiers.iter().zip(identifiers) {
        let meaning = match aspect_of_identifier(*kind) {
            None => continue,
            Some(Aspect::Volumes) => Meaning::Volume(name.clone()),
            Some(Aspect::Networks) => Meaning::Network(match Network::of(name, context.facts) {
                Network::Called(called) => called,
                Network::Missing => {
                    meant.unclear.extend(is_network_id(name).then_some(Aspect::Networks));
                    name.clone()
                }
                Network::Unknown(question) => {
                    meant.questions.push(question);
                    name.clone()
                }
            }),
            Some(_) => Meaning::Image(match (endpoint.id, query.get("tag")) {
                ("ImagePush", Some(tag)) => ImageRef::with_tag(name, tag.as_text()),
                // Without a tag it is all of them.
                ("ImagePush", None) | ("ImageGet", _) => ImageRef::with_tag(name, ""),
                _ => ImageRef::read(name),
            }),
        };
        meant.uses.push(Use::new(meaning, Place::words("the path")));
    }
}

fn images(value: &Value, way: &Way<'_>, read: impl Fn(&str) -> ImageRef, meant: &mut Meant) -> Read {
    meant.of_one(|meant| {
        let Value::List(texts) = value else { return true };
        let images = texts.iter().map(|text| Meaning::Image(read(text)));
        meant.uses.extend(images.map(|meaning| Use::new(meaning, way.place())));
        false
    })
}

fn images_of(value: &Value, way: &Way<'_>, meant: &mut Meant) -> Read {
    meant.of_one(|meant| {
        let Value::Json(json) = value else { return true };
        let mut says_more = !matches!(json, Json::Array(_));
        for item in json.items() {
            match item.as_text() {
                Some(text) => {
                    meant.uses.push(Use::new(Meaning::Image(ImageRef::read(text)), way.place()));
                }
                None => says_more = true,
            }
        }
        if says_more {
            meant.unclear.push(Aspect::Images);
        }
        says_more
    })
}
