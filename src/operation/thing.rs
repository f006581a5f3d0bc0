//! What an answer of the daemon is about: a container, an image, …, as far as a rule can look at it.
//!
//! The daemon shows the same thing in several shapes: whole where it is inspected, in part where it is listed,
//! and as a bag of attributes where something happens to it. Here each shape becomes a [`Thing`].

mod event;
mod inspected;
mod listed;

use std::fmt;

use super::json::glance::Glance;
use super::json::{Json, Text};
pub use event::Event;

/// The label with which dockgate marks what it has made for somebody. No client may set it.
pub const OWNER_LABEL: &str = "io.dockgate.owner";
/// The same on images. What is made of an image inherits its labels, and must not inherit its owner.
pub const IMAGE_OWNER_LABEL: &str = "io.dockgate.image.owner";

/// The label that says for whom dockgate has had a thing made.
#[must_use]
pub fn owner_label(kind: ThingKind) -> &'static str {
    if kind == ThingKind::Image { IMAGE_OWNER_LABEL } else { OWNER_LABEL }
}

/// A thing that the daemon has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Thing<'a> {
    /// What it is.
    pub kind: ThingKind,
    /// Its full ID; the name of a volume. The event of a pull or push has the reference of the image here, and that of
    /// a prune nothing.
    pub id: Text<'a>,
    /// Its names: of a container without the slash in front, of an image all tags and digests. Names that the links
    /// of *other* containers have for a container are not among them: whoever makes a link chooses them.
    pub names: Vec<Text<'a>>,
    /// Its labels, in the daemon's order. Those of a task are its own and those of its containers.
    pub labels: Vec<(Text<'a>, Text<'a>)>,
    /// Of a container or service, the image as it was asked for; of a listed container whose image has lost that
    /// name, the image's ID.
    pub image: Option<Text<'a>>,
    /// Of a container, the ID of its image, where it is shown.
    pub image_id: Option<Text<'a>>,
    /// The ID of what it belongs to: the container of an exec instance, the service of a task.
    pub owner: Option<Text<'a>>,
}

/// The kinds of things that the daemon has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ThingKind {
    /// A container.
    Container,
    /// An exec instance in a container.
    Exec,
    /// An image.
    Image,
    /// A network.
    Network,
    /// A volume.
    Volume,
    /// A swarm service.
    Service,
    /// A task of a service.
    Task,
    /// A secret.
    Secret,
    /// A config.
    Config,
    /// A node of the swarm.
    Node,
    /// A plugin.
    Plugin,
    /// A record of the build cache, or the builder in an event.
    BuildCache,
    /// The daemon itself, in an event.
    Daemon,
}

impl<'a> Thing<'a> {
    /// Reads the answer to an inspection: `GET /containers/{id}/json`, `GET /networks/{id}`, … None: it does not
    /// show a thing of that kind.
    #[must_use]
    pub fn inspected(kind: ThingKind, shown: &'a Json) -> Option<Self> {
        inspected::read(kind, shown)
    }

    /// Reads one element of a list: of `GET /containers/json`, of `Volumes` in `GET /volumes`, of `Images` in
    /// `GET /system/df`, … None: it does not show a thing of that kind.
    #[must_use]
    pub fn listed(kind: ThingKind, shown: &'a Json) -> Option<Self> {
        listed::read(kind, shown)
    }

    /// The same at a glance, of the element that a text begins with, and what stands behind that. None: it must be read.
    pub(super) fn glimpsed(kind: ThingKind, text: &'a [u8]) -> Option<(Self, &'a [u8])> {
        listed::glimpse(kind, text)
    }

    /// The keys in an element of a list that [`Thing::listed`] looks at.
    pub(super) fn keys(kind: ThingKind) -> &'static [&'static str] {
        listed::keys(kind)
    }

    /// The value of a label.
    #[must_use]
    pub fn label(&self, key: &str) -> Option<&str> {
        self.labels.iter().find(|(own, _)| own == key).map(|(_, value)| value.as_str())
    }

    /// A thing of which no more is known.
    fn new(kind: ThingKind, id: impl Into<Text<'a>>) -> Self {
        Self {
            kind,
            id: id.into(),
            names: Vec::new(),
            labels: Vec::new(),
            image: None,
            image_id: None,
            owner: None,
        }
    }
}

impl ThingKind {
    /// Every kind.
    pub const ALL: [Self; 13] = [
        Self::Container,
        Self::Exec,
        Self::Image,
        Self::Network,
        Self::Volume,
        Self::Service,
        Self::Task,
        Self::Secret,
        Self::Config,
        Self::Node,
        Self::Plugin,
        Self::BuildCache,
        Self::Daemon,
    ];

    /// The word for it, as in a policy.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Container => "container",
            Self::Exec => "exec",
            Self::Image => "image",
            Self::Network => "network",
            Self::Volume => "volume",
            Self::Service => "service",
            Self::Task => "task",
            Self::Secret => "secret",
            Self::Config => "config",
            Self::Node => "node",
            Self::Plugin => "plugin",
            Self::BuildCache => "build cache",
            Self::Daemon => "daemon",
        }
    }
}

impl fmt::Display for ThingKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A text that stands under this key, if it says something.
fn text<'a>(json: &'a Json, key: &str) -> Option<Text<'a>> {
    json.get(key).and_then(Json::as_text).filter(|text| !text.is_empty()).map(Text::from)
}

/// A map of texts such as labels: `null` and none are the empty one.
fn texts(map: Option<&Json>) -> Option<Vec<(Text<'_>, Text<'_>)>> {
    match map {
        None | Some(Json::Null) => Some(Vec::new()),
        Some(Json::Object(fields)) => {
            fields.iter().map(|(key, value)| Some((key.as_str().into(), value.as_text()?.into()))).collect()
        }
        Some(Json::Bool(_) | Json::Number(_) | Json::String(_) | Json::Array(_)) => None,
    }
}

/// The name of a container among those that are shown: the others are links', `/other/alias`.
fn own_name(name: Text<'_>) -> Option<Text<'_>> {
    let name = name.without_slash();
    (!name.as_bytes().is_empty() && !name.as_bytes().contains(&b'/')).then_some(name)
}

/// The references of an image: its tags and its digests.
fn references(image: &Json) -> Vec<Text<'_>> {
    let lists = ["RepoTags", "RepoDigests"].into_iter().filter_map(|key| image.get(key));
    let texts = lists.flat_map(Json::items).filter_map(Json::as_text);
    // Older APIs write that there is none as a reference.
    texts.filter(|text| !text.starts_with("<none>")).map(Text::from).collect()
}

#[cfg(test)]
mod tests;
