//! What must be asked of the daemon before an operation can be judged, and what it answered.

use std::fmt;

use super::json::Json;
use super::meaning::Link;
use super::path;
use super::table::{self, Endpoint, Lookup, Method};
use super::thing::{Thing, ThingKind};

/// A thing that a request refers to, by whatever it calls it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Reference {
    /// What it is.
    pub kind: ThingKind,
    /// Its name, ID or ID prefix, as the request has it; of a container without the slash that may stand before it.
    pub name: String,
}

/// The answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Facts {
    /// What the daemon shows at each reference.
    things: Vec<(Reference, Shown)>,
    /// The link on the way to each path of the host, or none where there is none, or none that dockgate sees.
    links: Vec<(String, Option<Link>)>,
    /// Whether no other path will be looked at.
    links_end: bool,
}

/// What the daemon shows at a reference.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Shown {
    /// Nothing: it has no such thing.
    Missing,
    /// No one thing: what it was asked for can be no name, or is the beginning of several IDs.
    Unclear,
    /// This.
    Thing(Json),
}

/// What is known of a thing that a request refers to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Known<'a> {
    /// The daemon was not asked.
    Nothing,
    /// The daemon has no such thing.
    Missing,
    /// The daemon showed no one thing, or what cannot be read: of several IDs that begin so there may be one a moment later.
    Unclear,
    /// It is this.
    Is(Thing<'a>),
}

/// A path of the host was not looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Unlooked;

impl Reference {
    /// A reference to a thing of this kind.
    #[must_use]
    pub fn new(kind: ThingKind, name: &str) -> Self {
        let bare = name.strip_prefix('/').filter(|_| kind == ThingKind::Container);
        let name = bare.unwrap_or(name);
        Self { kind, name: name.to_owned() }
    }

    /// The path, without version, at which the daemon shows it. None, where it can have no such thing, or none that can be
    /// looked at.
    #[must_use]
    pub fn path(&self) -> Option<String> {
        let endpoint = inspecting(self.kind)?;
        let raw = endpoint.template.split('/').skip(1);
        let raw = raw.map(|segment| if segment.starts_with('{') { self.name.as_str() } else { segment });
        let raw = raw.collect::<Vec<_>>().join("/");
        let segments: Vec<&str> = raw.split('/').collect();
        match table::find(Method::Get, &segments) {
            Lookup::Found { endpoint: found, identifiers } if found == endpoint => {
                Some(path::write(endpoint, &identifiers))
            }
            Lookup::Found { .. }
            | Lookup::BadIdentifier { .. }
            | Lookup::MethodNotKnown { .. }
            | Lookup::NotFound => None,
        }
    }
}

/// The endpoint that shows things of this kind.
fn inspecting(kind: ThingKind) -> Option<&'static Endpoint> {
    let id = match kind {
        ThingKind::Container => "ContainerInspect",
        ThingKind::Exec => "ExecInspect",
        ThingKind::Image => "ImageInspect",
        ThingKind::Network => "NetworkInspect",
        ThingKind::Volume => "VolumeInspect",
        ThingKind::Service => "ServiceInspect",
        ThingKind::Task => "TaskInspect",
        ThingKind::Secret => "SecretInspect",
        ThingKind::Config => "ConfigInspect",
        ThingKind::Node => "NodeInspect",
        ThingKind::Plugin | ThingKind::BuildCache | ThingKind::Daemon => return None,
    };
    table::endpoints().find(|endpoint| endpoint.id == id)
}

impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.kind, self.name)
    }
}

impl Shown {
    /// The thing, where it shows one.
    #[must_use]
    pub fn thing(&self) -> Option<&Json> {
        match self {
            Self::Thing(thing) => Some(thing),
            Self::Missing | Self::Unclear => None,
        }
    }
}

impl From<Option<Json>> for Shown {
    fn from(thing: Option<Json>) -> Self {
        thing.map_or(Self::Missing, Self::Thing)
    }
}

impl Facts {
    /// Nothing was asked.
    pub(super) const NONE: Self = Self { things: Vec::new(), links: Vec::new(), links_end: false };

    /// Whether the daemon was asked for no thing.
    pub(super) fn knows_no_thing(&self) -> bool {
        self.things.is_empty()
    }

    /// What the daemon shows at a reference, where it was asked.
    pub(super) fn get(&self, reference: &Reference) -> Option<&Shown> {
        self.things.iter().find(|(own, _)| own == reference).map(|(_, shown)| shown)
    }

    /// The thing that the daemon shows at a reference, where it was asked and shows one.
    pub(super) fn shown(&self, reference: &Reference) -> Option<&Json> {
        self.get(reference)?.thing()
    }

    /// What is known of a thing. Of what cannot be looked at that is nothing: a link gives a container, and a plugin a volume,
    /// names in which anything can stand (moby `daemon.registerLink`).
    pub(super) fn known(&self, reference: &Reference) -> Known<'_> {
        match self.get(reference) {
            None => Known::Nothing,
            Some(Shown::Missing) => Known::Missing,
            Some(Shown::Unclear) => Known::Unclear,
            Some(Shown::Thing(thing)) => {
                Thing::inspected(reference.kind, thing).map_or(Known::Unclear, Known::Is)
            }
        }
    }

    /// The things that the daemon has shown, each with the reference that it stands for.
    pub(super) fn things(&self) -> impl Iterator<Item = (&Reference, Thing<'_>)> {
        self.things.iter().filter_map(|(reference, shown)| {
            Some((reference, Thing::inspected(reference.kind, shown.thing()?)?))
        })
    }

    /// Takes down an answer.
    pub(super) fn add(&mut self, reference: Reference, shown: Shown) {
        self.things.push((reference, shown));
    }

    /// The link on the way to a path of the host, or none; an error where it was not looked for yet.
    pub(super) fn link(&self, path: &str) -> Result<Option<Link>, Unlooked> {
        match self.links.iter().find(|(own, _)| own == path) {
            Some((_, link)) => Ok(link.clone()),
            None if self.links_end => Ok(Some(Link::unseen(path))),
            None => Err(Unlooked),
        }
    }

    /// Takes down the link on the way to a path, or that there is none.
    pub(super) fn add_link(&mut self, path: String, link: Option<Link>) {
        self.links.push((path, link));
    }

    /// Takes down that no other path will be looked at.
    pub(super) fn end_links(&mut self) {
        self.links_end = true;
    }
}

#[cfg(test)]
mod tests {
    use super::{Reference, ThingKind};

    #[test]
    fn a_thing_is_looked_at_at_one_path() {
        for (kind, name, path) in [
            (ThingKind::Volume, "data", "/volumes/data"),
            (ThingKind::Container, "/web", "/containers/web/json"),
            (ThingKind::Image, "own/bb:1@sha256:00", "/images/own/bb:1@sha256:00/json"),
            (ThingKind::Network, "my net", "/networks/my%20net"),
            (ThingKind::Secret, "s", "/secrets/s"),
        ] {
            assert_eq!(Reference::new(kind, name).path().as_deref(), Some(path), "{name}");
        }
        for name in ["", "..", "a?b", "a b", "/", "é", "a/../b", "//x"] {
            assert_eq!(Reference::new(ThingKind::Container, name).path(), None, "{name}");
        }
        assert_eq!(Reference::new(ThingKind::Image, "../x").path(), None);
    }
}
