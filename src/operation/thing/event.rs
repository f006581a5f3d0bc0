//! What happens to a thing, as `GET /events` tells it.

use super::{Json, Text, Thing, ThingKind, text, texts};

/// An event: what it is about, and whom it names beside that.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event<'a> {
    /// What it happened to, as far as the event says.
    pub thing: Thing<'a>,
    /// Whether the event says all of it that a rule can look at. The daemon tells the labels of containers and images;
    /// of anything else it tells the name, and the rest must be looked up.
    pub is_whole: bool,
    /// The ID of a container that it also names: the one that was connected to a network, or has mounted a volume.
    pub container: Option<Text<'a>>,
}

/// What the daemon itself writes among a container's labels (moby `daemon/events.go` and its callers). Whether one of
/// these is a label cannot be told.
const NOT_LABELS_OF_CONTAINERS: [&str; 12] = [
    "comment",
    "execDuration",
    "execID",
    "exitCode",
    "height",
    "image",
    "imageID",
    "imageRef",
    "name",
    "oldName",
    "signal",
    "width",
];

/// The same, among an image's labels.
const NOT_LABELS_OF_IMAGES: [&str; 1] = ["name"];

impl<'a> Event<'a> {
    /// Reads one event. None: it is about nothing that is known here.
    #[must_use]
    pub fn read(event: &'a Json) -> Option<Self> {
        let actor = event.get("Actor")?;
        let id = actor.get("ID")?.as_text()?;
        let attributes = texts(actor.get("Attributes"))?;
        let attribute = |key: &str| attributes.iter().find(|(own, _)| own == key).map(|(_, value)| value);
        let name = attribute("name").filter(|name| !name.is_empty()).cloned();
        let labels = |except: &[&str]| {
            attributes.iter().filter(|(key, _)| !except.contains(&key.as_str())).cloned().collect()
        };
        let thing = |kind| Thing { names: name.clone().into_iter().collect(), ..Thing::new(kind, id) };
        let (thing, is_whole) = match text(event, "Type")?.as_str() {
            "container" => {
                let (labels, image) = (labels(&NOT_LABELS_OF_CONTAINERS), attribute("image").cloned());
                (Thing { labels, image, ..thing(ThingKind::Container) }, true)
            }
            "image" => {
                let mut image = Thing { labels: labels(&NOT_LABELS_OF_IMAGES), ..thing(ThingKind::Image) };
                if !id.is_empty() && !id.starts_with("sha256:") {
                    image.names.push(id.into());
                }
                (image, true)
            }
            "network" => (thing(ThingKind::Network), false),
            "volume" => {
                let names = Some(id).filter(|id| !id.is_empty()).map(Text::from).into_iter().collect();
                (Thing { names, ..Thing::new(ThingKind::Volume, id) }, false)
            }
            "service" => (thing(ThingKind::Service), false),
            "secret" => (thing(ThingKind::Secret), false),
            "config" => (thing(ThingKind::Config), false),
            "node" => (thing(ThingKind::Node), false),
            // Neither has labels.
            "plugin" => (thing(ThingKind::Plugin), true),
            "builder" => (thing(ThingKind::BuildCache), true),
            "daemon" => (thing(ThingKind::Daemon), true),
            _ => return None,
        };
        let container = match thing.kind {
            ThingKind::Network | ThingKind::Volume => {
                attribute("container").filter(|id| !id.is_empty()).cloned()
            }
            ThingKind::Container
            | ThingKind::Exec
            | ThingKind::Image
            | ThingKind::Service
            | ThingKind::Task
            | ThingKind::Secret
            | ThingKind::Config
            | ThingKind::Node
            | ThingKind::Plugin
            | ThingKind::BuildCache
            | ThingKind::Daemon => None,
        };
        Some(Self { thing, is_whole, container })
    }
}
