//! The things that an operation refers to, wherever it names them: in its path, its parameters, its body.
//!
//! What is judged is acted on: once the daemon has said which thing a name stands for, the name is replaced by the
//! thing's full ID, which no renaming, tagging or making anew can turn to something else.

use std::collections::BTreeSet;
use std::ops::Deref;

use super::facts::{Known, Reference};
use super::field::Kind;
use super::meaning::{DEFAULT_BRIDGE, ImageRef, Reading, is_full_id, mount_type};
use super::table::{BodyKind, Endpoint, Identifier};
use super::thing::{Thing, ThingKind};
use super::{Body, Heading, Json, Operation, Text, Value, path};

/// What becomes of a reference: nothing, or another name for the same thing.
type Renaming<'r> = dyn FnMut(ThingKind, &str) -> Option<String> + 'r;

impl Operation {
    /// Everything that it refers to, each once.
    #[must_use]
    pub fn references(&self) -> Vec<Reference> {
        let mut references = Vec::new();
        let mut see = |kind: ThingKind, name: &str| {
            let reference = Reference::new(kind, name);
            if !reference.name.is_empty() {
                references.push(reference);
            }
            None
        };
        // Nothing is changed where there is no other name.
        let mut heading = self.heading.clone();
        rename_in_heading(&mut heading, &mut see);
        if let (Body::Json(json), BodyKind::Json { kind, guard: _ }) = (&self.body, self.endpoint().body) {
            look_within(kind, json, &mut see);
        }
        if self.joins_bridge_beside() {
            see(ThingKind::Network, DEFAULT_BRIDGE);
        }
        for network in self.networks_at_start() {
            see(ThingKind::Network, &network);
        }
        for volume in self.volumes_taken_over().into_iter().filter(|volume| !is_full_id(volume)) {
            see(ThingKind::Volume, volume);
        }
        for taken in self.taken_names() {
            see(taken.kind, &taken.name);
        }
        for (kind, name) in self.named_by_filters() {
            see(kind, name);
        }
        each_once(references)
    }

    /// Puts in place of the names of things their full IDs, where the daemon has said what they are: so that nothing
    /// else is acted on than what was judged. An image that is deleted, pushed or saved keeps the name that it was
    /// asked for by, unless that is the beginning of its ID: that is what is acted on.
    pub fn pin(&mut self) {
        let keeps_image = self.endpoint().identifiers.contains(&Identifier::Image);
        let keeps_image = keeps_image || self.endpoint().id == "ImageGetAll";
        if self.facts.knows_no_thing() {
            return;
        }
        let facts = self.facts.clone();
        self.rename(&mut |kind, name| match facts.known(&Reference::new(kind, name)) {
            Known::Is(thing) if kind == ThingKind::Image && keeps_image => whole_id(&thing, name),
            Known::Is(thing) if kind == ThingKind::Image => Some(immutable_name(&thing, name)),
            Known::Is(thing) => Some(thing.id.to_string()),
            Known::Missing | Known::Unclear | Known::Nothing => None,
        });
    }

    /// Whether the container is put into its networks by this. That goes by their names, whichever networks have them by
    /// then.
    #[must_use]
    pub fn starts_container(&self) -> bool {
        matches!(self.endpoint().id, "ContainerStart" | "ContainerRestart")
    }

    /// The networks that a container which is started is put into, as far as the container is known.
    fn networks_at_start(&self) -> Vec<String> {
        let (true, Some(name)) = (self.starts_container(), self.identifiers().first()) else {
            return Vec::new();
        };
        let Some(shown) = self.facts.shown(&Reference::new(ThingKind::Container, name)) else {
            return Vec::new();
        };
        let networks = shown.get("NetworkSettings").and_then(|settings| settings.get("Networks"));
        let names = networks.map(Json::fields).unwrap_or_default().iter().map(|(name, _)| name.to_string());
        names.filter(|name| !is_the_daemons_own(name)).collect()
    }

    /// The containers whose volumes a container that is made has, too, each once.
    #[must_use]
    pub fn volumes_from(&self) -> Vec<Reference> {
        let (Body::Json(body), "ContainerCreate") = (&self.body, self.endpoint().id) else {
            return Vec::new();
        };
        // Older daemons look for them at the top as well.
        let around = [body.get("HostConfig"), Some(body)].into_iter().flatten();
        let lists = around.filter_map(|around| around.get("VolumesFrom"));
        let names = lists.flat_map(Json::items).filter_map(Json::as_text);
        let names = names.map(|text| text.split(':').next().unwrap_or_default());
        each_once(names.map(|name| Reference::new(ThingKind::Container, name)).collect())
    }

    /// The things of which it is judged what they are made of, where the daemon has shown that: containers whose volumes are
    /// taken over, volumes with options, and what a network is called that goes by its ID.
    #[must_use]
    pub fn seen_through(&self) -> Vec<(Reference, Thing<'_>)> {
        let containers = self.volumes_from();
        let has_options = |reference: &Reference| {
            let options = self.facts.shown(reference).and_then(|volume| volume.get("Options"));
            reference.kind == ThingKind::Volume && options.is_some_and(|options| !options.is_zero())
        };
        let goes_by_id = |reference: &Reference, thing: &Thing<'_>| {
            reference.kind == ThingKind::Network && thing.names.iter().all(|name| *name != *reference.name)
        };
        let things = self.facts.things().filter(|(reference, thing)| {
            containers.contains(reference) || has_options(reference) || goes_by_id(reference, thing)
        });
        things.map(|(reference, thing)| (reference.clone(), thing)).collect()
    }

    /// Whether a volume of those goes with its container and has no name of its own: it is not looked at as a thing.
    #[must_use]
    pub fn goes_with_container(&self, volume: &str) -> bool {
        is_full_id(volume) && self.volumes_taken_over().contains(&volume)
    }

    /// The volumes of those, as far as they are known.
    fn volumes_taken_over(&self) -> Vec<&str> {
        let containers = self.volumes_from();
        let shown = containers.iter().filter_map(|container| self.facts.shown(container));
        let mounts = shown.filter_map(|shown| shown.get("Mounts")).flat_map(Json::items);
        let is_volume = |mount: &&Json| mount.get("Type").and_then(Json::as_text) == Some("volume");
        mounts.filter(is_volume).filter_map(|mount| mount.get("Name")?.as_text()).collect()
    }

    /// What the filters of a list name, where the daemon's answer tells whether it is there.
    fn named_by_filters(&self) -> impl Iterator<Item = (ThingKind, &str)> {
        let naming: &[(&str, ThingKind)] = match self.endpoint().id {
            "ContainerList" => &[("before", ThingKind::Container), ("since", ThingKind::Container)],
            "ImageList" => &[("before", ThingKind::Image), ("since", ThingKind::Image)],
            "TaskList" => &[("service", ThingKind::Service), ("node", ThingKind::Node)],
            _ => &[],
        };
        let filters = match self.query().get("filters") {
            Some(Value::Filters(filters)) => Some(filters),
            Some(_) | None => None,
        };
        naming.iter().flat_map(move |(filter, kind)| {
            let names = filters.and_then(|filters| filters.get(filter)).unwrap_or_default();
            names.iter().map(|name| (*kind, name.as_str()))
        })
    }

    /// The names of what is made, where there may be one already that the daemon gives instead, or beside it, or from which
    /// it takes the name.
    #[must_use]
    pub fn taken_names(&self) -> Vec<Reference> {
        let kind = match self.endpoint().id {
            "VolumeCreate" => ThingKind::Volume,
            "NetworkCreate" => ThingKind::Network,
            // What a name is pulled for, the registry says.
            "ImageCreate" if self.query().get("fromImage").is_some_and(|name| !name.is_zero()) => {
                return Vec::new();
            }
            "ImageBuild" | "ImageCommit" | "ImageCreate" | "ImageTag" => {
                let names = self.image_names();
                return names.iter().map(|name| Reference::new(ThingKind::Image, &as_name(name))).collect();
            }
            _ => return Vec::new(),
        };
        let name = self.body_json().and_then(|body| body.get("Name")).and_then(Json::as_text);
        name.filter(|name| !name.is_empty()).map(|name| Reference::new(kind, name)).into_iter().collect()
    }

    /// Whether a reference stands for every image of a repository, not for one.
    #[must_use]
    pub fn means_all_tags(&self, reference: &Reference) -> bool {
        let takes_all = matches!(self.endpoint().id, "ImageGet" | "ImageGetAll" | "ImagePush");
        let is_id = || match self.known(reference) {
            Known::Is(image) => has_id_from(&image, &reference.name),
            Known::Missing | Known::Unclear | Known::Nothing => false,
        };
        takes_all
            && reference.kind == ThingKind::Image
            && match ImageRef::with_tag(&reference.name, "") {
                ImageRef::Named { name: _, tag, digest } => tag.is_none() && digest.is_none() && !is_id(),
                ImageRef::Id(id) => !id.starts_with("sha256:") && !is_id(),
                ImageRef::None => false,
            }
    }

    /// The names that are taken from an image, or pushed: the one that it is deleted or pushed by, with those of its repository
    /// where that has a digest, or all where that is its ID, or it loses a platform under all of them. None where it is
    /// something else that happens.
    #[must_use]
    pub fn names_at_stake<'a>(&self, reference: &Reference, thing: &Thing<'a>) -> Option<Vec<Text<'a>>> {
        if !matches!(self.endpoint().id, "ImageDelete" | "ImagePush") || thing.kind != ThingKind::Image {
            return None;
        }
        // To the daemon `sha` is the beginning of any ID (moby `isImageIDPrefix`).
        let digits = thing.id.strip_prefix("sha256:");
        let mut ids = [Some(&*thing.id), digits].into_iter().flatten();
        let is_id = ids.any(|id| id.starts_with(&reference.name));
        let loses_platform = self.query().get("platforms").is_some_and(|platforms| !platforms.is_zero());
        if is_id || loses_platform {
            return Some(thing.names.clone());
        }
        let asked = as_name(&reference.name);
        let mut names = vec![asked.clone().into()];
        // By a digest an image can lose all tags of the repository (moby `daemon/containerd/image_delete.go`).
        if let ImageRef::Named { name: repository, digest: Some(_), .. } = ImageRef::read(&asked) {
            names.extend(thing.names.iter().filter(|name| is_of_repository(name, &repository)).cloned());
        }
        Some(names)
    }

    /// Whether a container is put into the default bridge besides another network: that is not what happens where nothing
    /// is said, which needs no leave.
    pub(super) fn joins_bridge_beside(&self) -> bool {
        let (Body::Json(body), "ContainerCreate") = (&self.body, self.endpoint().id) else { return false };
        let endpoints = body.get("NetworkingConfig").and_then(|config| config.get("EndpointsConfig"));
        let is_default = |name: &str| matches!(name, "default" | DEFAULT_BRIDGE);
        // Older daemons look for the mode at the top as well.
        let around = [body.get("HostConfig"), Some(body)];
        let mut modes = around.into_iter().filter_map(|around| around?.get("NetworkMode")?.as_text());
        endpoints.map(Json::fields).unwrap_or_default().iter().any(|(name, _)| is_default(name))
            && modes.any(|mode| !mode.is_empty() && !is_default(mode))
    }

    /// Gives the things that it refers to other names.
    fn rename(&mut self, renaming: &mut Renaming<'_>) {
        self.understand_anew();
        rename_in_heading(&mut self.heading, renaming);
        self.heading.path = path::write(self.endpoint(), self.identifiers());
        let kind = self.endpoint().body;
        if let (Body::Json(json), BodyKind::Json { kind, guard: _ }) = (&mut self.body, kind) {
            within(kind, json, renaming);
        }
    }
}

/// The name of an image, which is no ID, however much it looks like one.
fn as_name(text: &str) -> String {
    match ImageRef::read(text) {
        ImageRef::Id(_) => format!("{text}:latest"),
        ImageRef::Named { .. } | ImageRef::None => text.to_owned(),
    }
}

/// Leaves the first of those that are the same.
fn each_once(references: Vec<Reference>) -> Vec<Reference> {
    let mut seen = BTreeSet::new();
    let is_first: Vec<bool> = references.iter().map(|reference| seen.insert(reference)).collect();
    let firsts = references.into_iter().zip(is_first).filter(|(_, is_first)| *is_first);
    firsts.map(|(reference, _)| reference).collect()
}

/// The kinds of things that the path of an endpoint names.
pub fn kinds_named(endpoint: &Endpoint) -> impl Iterator<Item = ThingKind> {
    endpoint.identifiers.iter().filter_map(|identifier| kind_of(*identifier, endpoint))
}

/// Goes through the path and the query.
fn rename_in_heading(heading: &mut Heading, renaming: &mut Renaming<'_>) {
    let endpoint = heading.endpoint;
    let tag = heading.query.get("tag").map(Value::as_text).filter(|tag| !tag.is_empty());
    for (identifier, name) in endpoint.identifiers.iter().zip(&mut heading.identifiers) {
        if let Some(kind) = kind_of(*identifier, endpoint) {
            if let (ThingKind::Image, "ImagePush", Some(tag)) = (kind, endpoint.id, tag) {
                // It is pushed under this name, which stays.
                renaming(kind, &format!("{name}{}{tag}", if tag.contains(':') { '@' } else { ':' }));
                continue;
            }
            replace(kind, name, renaming);
        }
    }
    heading.query.each_mut(|parameter, value| match (endpoint.id, parameter.name, value) {
        ("ImageCommit", "container", Value::Text(name)) => replace(ThingKind::Container, name, renaming),
        ("ImageBuild", "networkmode", Value::Text(mode)) => {
            if let Some(other) = of_network_mode(mode, renaming) {
                *mode = other;
            }
        }
        ("ImageGetAll", "names", Value::List(names)) => {
            for name in names {
                replace(ThingKind::Image, name, renaming);
            }
        }
        (
            _,
            _,
            Value::Bool(_)
            | Value::Int(_)
            | Value::Text(_)
            | Value::List(_)
            | Value::Filters(_)
            | Value::Json(_),
        ) => {}
    });
}

/// The network, or the container whose network it is, that a mode names.
fn of_network_mode(mode: &str, renaming: &mut Renaming<'_>) -> Option<String> {
    match mode.split_once(':') {
        Some(("container", name)) => Some(format!("container:{}", renaming(ThingKind::Container, name)?)),
        _ if is_the_daemons_own(mode) => None,
        // Whatever it is called, also with a colon.
        Some(_) | None => renaming(ThingKind::Network, mode),
    }
}

/// Whether a network is one that every daemon has, or stands for none.
fn is_the_daemons_own(network: &str) -> bool {
    matches!(network, "" | "default" | "none" | DEFAULT_BRIDGE | "host")
}

/// What an identifier of a path names, where that can be looked at.
fn kind_of(identifier: Identifier, endpoint: &Endpoint) -> Option<ThingKind> {
    match identifier {
        Identifier::Container => Some(ThingKind::Container),
        Identifier::Exec => Some(ThingKind::Exec),
        Identifier::Image if endpoint.id == "DistributionInspect" => None,
        Identifier::Image => Some(ThingKind::Image),
        Identifier::Network => Some(ThingKind::Network),
        Identifier::Volume => Some(ThingKind::Volume),
        Identifier::Plugin | Identifier::Checkpoint | Identifier::Profile => None,
        Identifier::Swarm => kind_of_swarm(endpoint),
    }
}

/// Of the things that Swarm has, that which the endpoint's path names.
#[must_use]
pub fn kind_of_swarm(endpoint: &Endpoint) -> Option<ThingKind> {
    match endpoint.template.split('/').nth(1)? {
        "services" => Some(ThingKind::Service),
        "tasks" => Some(ThingKind::Task),
        "secrets" => Some(ThingKind::Secret),
        "configs" => Some(ThingKind::Config),
        "nodes" => Some(ThingKind::Node),
        _ => None,
    }
}

/// A name of an image that no tagging turns to another: its digest in the repository that it was asked for in, if it
/// has one, or else its ID.
fn immutable_name(image: &Thing, asked: &str) -> String {
    let ImageRef::Named { name: repository, .. } = ImageRef::read(asked) else { return image.id.to_string() };
    let is_digest = |name: &Text<'_>| matches!(ImageRef::read(name), ImageRef::Named { digest: Some(_), .. });
    let mut digests =
        image.names.iter().filter(|name| is_digest(name) && is_of_repository(name, &repository));
    digests.next().unwrap_or(&image.id).to_string()
}

/// Whether a name of an image has this repository.
fn is_of_repository(name: &str, repository: &str) -> bool {
    matches!(ImageRef::read(name), ImageRef::Named { name, .. } if name == repository)
}

/// The ID of an image that was asked for by the beginning of it, which may come to be that of another. None where it is
/// called so: that the daemon looks for first.
fn whole_id(image: &Thing, asked: &str) -> Option<String> {
    let is_called_so = || {
        let called = as_name(asked);
        image.names.iter().any(|name| *name == *called)
    };
    (has_id_from(image, asked) && !is_called_so()).then(|| image.id.to_string())
}

/// Whether the ID of an image begins with what it was asked for by.
fn has_id_from(image: &Thing, asked: &str) -> bool {
    let digits = asked.strip_prefix("sha256:").unwrap_or(asked);
    image.id.strip_prefix("sha256:").is_some_and(|id| id.starts_with(digits))
}

fn replace<S: Deref<Target = str> + From<String>>(
    kind: ThingKind,
    name: &mut S,
    renaming: &mut Renaming<'_>,
) {
    if let Some(other) = renaming(kind, name) {
        *name = other.into();
    }
}

/// Goes through a body that stays as it is.
fn look_within(kind: Kind, value: &Json, renaming: &mut Renaming<'_>) {
    match (kind, value) {
        (Kind::Struct(_), Json::Object(fields)) => {
            for (key, value) in fields.iter().filter(|(_, value)| !value.is_zero()) {
                let Some((_, field)) = kind.field_of(key) else { continue };
                if let Some(reading) = field.reading {
                    of_field(reading, &mut value.clone(), renaming);
                }
                look_within(field.kind, value, renaming);
            }
        }
        (Kind::List(inner), Json::Array(items)) => {
            for item in items {
                look_within(*inner, item, renaming);
            }
        }
        (Kind::Map(inner), Json::Object(fields)) => {
            for (_, value) in fields {
                look_within(*inner, value, renaming);
            }
        }
        (_, _) => {}
    }
}

/// Goes through a body as its fields are in the table.
fn within(kind: Kind, value: &mut Json, renaming: &mut Renaming<'_>) {
    match (kind, value) {
        (Kind::Struct(_), Json::Object(fields)) => {
            for (key, value) in fields {
                let Some((_, field)) = kind.field_of(key) else { continue };
                if let Some(reading) = field.reading {
                    of_field(reading, value, renaming);
                }
                within(field.kind, value, renaming);
            }
        }
        (Kind::List(inner), Json::Array(items)) => {
            for item in items {
                within(*inner, item, renaming);
            }
        }
        (Kind::Map(inner), Json::Object(fields)) => {
            for (_, value) in fields {
                within(*inner, value, renaming);
            }
        }
        (_, _) => {}
    }
}

/// The references in a field that is read in this way.
fn of_field(reading: Reading, value: &mut Json, renaming: &mut Renaming<'_>) {
    match reading {
        Reading::Binds => each_text(value, |text| {
            let parts: Vec<&str> = text.split(':').collect();
            match *parts.as_slice() {
                [source, _] | [source, _, _] if !source.starts_with('/') => {
                    let rest = text.get(source.len()..).unwrap_or_default();
                    Some(format!("{}{rest}", renaming(ThingKind::Volume, source)?))
                }
                _ => None,
            }
        }),
        Reading::Mounts => {
            for mount in value.items_mut() {
                let kind = match mount_type(mount) {
                    "volume" | "cluster" => ThingKind::Volume,
                    "image" => ThingKind::Image,
                    _ => continue,
                };
                if let Some(Json::String(source)) = mount.get_mut("Source") {
                    replace(kind, source, renaming);
                }
            }
        }
        Reading::VolumesFrom | Reading::Links => each_text(value, |text| {
            let (name, rest) = text.split_at_checked(text.find(':').unwrap_or(text.len()))?;
            Some(format!("{}{rest}", renaming(ThingKind::Container, name)?))
        }),
        Reading::NetworkMode => each_text(value, |mode| of_network_mode(mode, renaming)),
        Reading::NamespaceMode(_) => each_text(value, |mode| {
            let name = mode.strip_prefix("container:")?;
            Some(format!("container:{}", renaming(ThingKind::Container, name)?))
        }),
        Reading::Network => each_text(value, |name| renaming(ThingKind::Network, name)),
        Reading::NetworkKeys => {
            if let Json::Object(fields) = value {
                let mut taken: BTreeSet<String> = fields.iter().map(|(name, _)| name.to_string()).collect();
                for (name, _) in fields.iter_mut().filter(|(name, _)| !is_the_daemons_own(name)) {
                    // Of one that is named in two ways, the second stays as it is.
                    if let Some(other) = renaming(ThingKind::Network, name)
                        && taken.insert(other.clone())
                    {
                        *name = other.into();
                    }
                }
            }
        }
        Reading::ServiceNetworks => {
            for network in value.items_mut() {
                if let Some(Json::String(name)) = network.get_mut("Target")
                    && name != "host"
                {
                    replace(ThingKind::Network, name, renaming);
                }
            }
        }
        Reading::Image => each_text(value, |name| renaming(ThingKind::Image, name)),
        Reading::Container => each_text(value, |name| renaming(ThingKind::Container, name)),
        Reading::Secrets => each_id(value, "SecretID", |name| renaming(ThingKind::Secret, name)),
        Reading::Configs => each_id(value, "ConfigID", |name| renaming(ThingKind::Config, name)),
        Reading::AnonymousVolumes
        | Reading::NetworkName
        | Reading::VolumeName
        | Reading::VolumeOptions
        | Reading::Tmpfs
        | Reading::HostDirectory
        | Reading::Capabilities
        | Reading::Privileged
        | Reading::Devices
        | Reading::DeviceRules
        | Reading::DeviceRequests
        | Reading::SecurityOptions
        | Reading::SystemPaths(_)
        | Reading::SeLinux
        | Reading::Seccomp
        | Reading::AppArmor
        | Reading::User
        | Reading::PortBindings
        | Reading::AllPorts
        | Reading::ServicePorts
        | Reading::Driver(_)
        | Reading::Sysctls
        | Reading::Ulimits
        | Reading::ExtraHosts
        | Reading::ServiceHosts
        | Reading::Amount(_)
        | Reading::CpuQuota
        | Reading::CpuPeriod
        | Reading::PluginPrivileges
        | Reading::PluginSettings => {}
    }
}

/// Replaces a text, or each text of a list, by what `other` makes of it.
fn each_text(value: &mut Json, mut other: impl FnMut(&str) -> Option<String>) {
    match value {
        Json::String(text) if !text.is_empty() => {
            if let Some(other) = other(text) {
                *text = other.into();
            }
        }
        Json::Array(items) => items.iter_mut().for_each(|item| {
            if let Json::String(text) = item
                && let Some(other) = other(text)
            {
                *text = other.into();
            }
        }),
        Json::String(_) | Json::Null | Json::Bool(_) | Json::Number(_) | Json::Object(_) => {}
    }
}

/// The same for the field `key` of each struct in a list.
fn each_id(value: &mut Json, key: &str, mut other: impl FnMut(&str) -> Option<String>) {
    for item in value.items_mut() {
        if let Some(id) = item.get_mut(key) {
            each_text(id, &mut other);
        }
    }
}
