//! What query parameters and the names in a path mean.

use super::super::field::{Place, Step, Way};
use super::super::query::Value;
use super::super::table::{Endpoint, Identifier, Parameter};
use super::super::{Json, Query};
use super::path::{HostPath, clean};
use super::reading::{Enclosing, Read, Reading};
use super::{Aspect, ImageRef, Meaning, Resource, Use, limits};

/// What a used parameter of the endpoint means.
pub(in crate::operation) fn of_parameter(
    endpoint: &Endpoint,
    parameter: &Parameter,
    value: &Value,
    query: &Query,
    around: Enclosing<'_>,
) -> Read {
    let way = Way::from_top(Step::Parameter(parameter.name));
    let text = value.as_text();
    let one = |meaning: Meaning| Read { uses: vec![Use::new(meaning, way.place())], ..Read::default() };
    let none = Read { says_more: true, ..Read::default() };
    let sibling = |name: &str| query.get(name).map(Value::as_text).unwrap_or_default();
    let read = |reading: Reading, json: &Json| reading.read(json, &way, around);
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
    match (endpoint.id, parameter.name) {
        ("ImageCreate", "fromImage") => one(Meaning::Image(ImageRef::with_tag(text, sibling("tag")))),
        ("ImageCreate", "fromSrc") if text == "-" => none,
        ("ImageCreate", "fromSrc") | ("ImageBuild", "remote") => one(Meaning::Remote(text.to_owned())),
        // Only an import has a name of its own to give.
        ("ImageCreate" | "ImageCommit" | "ImageTag", "repo") => {
            one(Meaning::Image(match ImageRef::with_tag(text, sibling("tag")) {
                ImageRef::Named { name, tag: None, digest: None } => {
                    ImageRef::Named { name, tag: Some("latest".to_owned()), digest: None }
                }
                // As a name that is made it is no ID.
                ImageRef::Id(name) => ImageRef::read(&format!("{name}:latest")),
                image @ (ImageRef::Named { .. } | ImageRef::None) => image,
            }))
        }
        ("ImageBuild", "t") => images(value, &way, ImageRef::read),
        // Without a tag it is all of them.
        ("ImageGetAll", "names") => images(value, &way, |name| ImageRef::with_tag(name, "")),
        ("ImageBuild", "cachefrom") => match value {
            Value::Json(json) => images_of(json, &way),
            Value::Bool(_) | Value::Int(_) | Value::Text(_) | Value::List(_) | Value::Filters(_) => none,
        },
        ("ImageBuild", "networkmode") => read(Reading::NetworkMode, &Json::String(text.into())),
        ("ImageBuild", "extrahosts") => read(Reading::ExtraHosts, &list()),
        ("ImageBuild", "shmsize") => one(Meaning::Amount(Resource::Shm, number)),
        ("ImageBuild", "memory") => one(Meaning::Amount(Resource::Memory, number)),
        ("ImageBuild", "cpuquota") => {
            let period = match query.get("cpuperiod") {
                Some(Value::Int(period)) if *period > 0 => *period,
                _ => 100_000,
            };
            one(Meaning::Amount(Resource::Cpus, limits::billionths(number, period)))
        }
        ("ImageBuild", "version") if text == "2" => one(Meaning::Driver("builder:buildkit".to_owned())),
        ("CheckpointList" | "CheckpointDelete", "dir") | ("ContainerStart", "checkpoint-dir") => {
            one(Meaning::HostPath(HostPath::new(text, false)))
        }
        ("ContainerArchive" | "ContainerArchiveInfo" | "PutContainerArchive", "path") => {
            one(Meaning::ContainerPath(clean(text)))
        }
        _ => none,
    }
}

/// The kind of thing that a name in a path of the endpoint means: an image, or a network that is joined or left.
pub(super) fn aspect_of_identifier(endpoint: &Endpoint, identifier: Identifier) -> Option<Aspect> {
    match (identifier, endpoint.id) {
        (Identifier::Image, _) => Some(Aspect::Images),
        (Identifier::Network, "NetworkConnect" | "NetworkDisconnect") => Some(Aspect::Networks),
        _ => None,
    }
}

/// What the names in a path mean. A push says its tag apart.
pub(in crate::operation) fn of_identifiers(
    endpoint: &Endpoint,
    identifiers: &[String],
    query: &Query,
) -> Vec<Use> {
    let meant = endpoint.identifiers.iter().zip(identifiers).filter_map(|(kind, name)| {
        let meaning = if aspect_of_identifier(endpoint, *kind)? == Aspect::Networks {
            Meaning::Network(name.clone())
        } else {
            Meaning::Image(match (endpoint.id, query.get("tag")) {
                ("ImagePush", Some(tag)) => ImageRef::with_tag(name, tag.as_text()),
                // Without a tag it is all of them.
                ("ImagePush", None) | ("ImageGet", _) => ImageRef::with_tag(name, ""),
                _ => ImageRef::read(name),
            })
        };
        Some(Use::new(meaning, Place::words("the path")))
    });
    meant.collect()
}

fn images(value: &Value, way: &Way<'_>, read: impl Fn(&str) -> ImageRef) -> Read {
    let Value::List(texts) = value else { return Read { says_more: true, ..Read::default() } };
    let uses = texts.iter().map(|text| Use::new(Meaning::Image(read(text)), way.place()));
    Read { uses: uses.collect(), ..Read::default() }
}

fn images_of(json: &Json, way: &Way<'_>) -> Read {
    let mut read = Read::default();
    for item in json.items() {
        match item.as_text() {
            Some(text) => {
                read.uses.push(Use::new(Meaning::Image(ImageRef::read(text)), way.place()));
            }
            None => read.says_more = true,
        }
    }
    read.says_more |= !matches!(json, Json::Array(_));
    if read.says_more {
        read.unclear.push(Aspect::Images);
    }
    read
}
