//! What the answer of each endpoint is made of.

use super::look_up::Known;
use super::split::Layout;
use super::unit::{Glanced, Shown, View, without_users};
use super::{Unexpected, event, network, usage};
use crate::operation::json::place::{self, Kept};
use crate::operation::redaction::Shape;
use crate::operation::table::{Answer, Endpoint, Method};
use crate::operation::thing::ThingKind;

/// The form of an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// A list of things.
    Things(ThingKind),
    /// `GET /images/{name}/json`: one image, with who uses it.
    Image,
    /// `GET /networks/{id}`: one network, with who is on it.
    Network,
    /// `GET /volumes`: a list in an object.
    Volumes,
    /// `GET /images/{name}/history`: layers, with the names of the images that end in them.
    History,
    /// `GET /system/df`.
    Usage,
    /// `GET /events`.
    Events,
    /// Nothing that is another's; there may be something to redact.
    Other(Shape),
}

impl Form {
    /// The form of an endpoint's answer. None: it is no JSON to look into.
    pub(super) fn of(endpoint: &Endpoint) -> Option<Self> {
        Some(match endpoint.id {
            "ContainerList" => Self::Things(ThingKind::Container),
            "ImageList" => Self::Things(ThingKind::Image),
            "NetworkList" => Self::Things(ThingKind::Network),
            "ServiceList" => Self::Things(ThingKind::Service),
            "TaskList" => Self::Things(ThingKind::Task),
            "SecretList" => Self::Things(ThingKind::Secret),
            "ConfigList" => Self::Things(ThingKind::Config),
            "NodeList" => Self::Things(ThingKind::Node),
            "PluginList" => Self::Things(ThingKind::Plugin),
            "ImageInspect" => Self::Image,
            "NetworkInspect" => Self::Network,
            "VolumeList" => Self::Volumes,
            "ImageHistory" => Self::History,
            "SystemDataUsage" => Self::Usage,
            "SystemEvents" => Self::Events,
            "ContainerInspect" => Self::Other(Shape::Container),
            // What is there already is shown as it is.
            "VolumeInspect" | "VolumeCreate" => Self::Other(Shape::Volume),
            "ServiceInspect" => Self::Other(Shape::Service),
            "TaskInspect" => Self::Other(Shape::Task),
            "NodeInspect" => Self::Other(Shape::Node),
            "PluginInspect" => Self::Other(Shape::Plugin),
            "SystemInfo" => Self::Other(Shape::Info),
            "SwarmInspect" => Self::Other(Shape::Swarm),
            "ContainerTop" => Self::Other(Shape::Top),
            "ImageAttestations" => Self::Other(Shape::Attestation),
            _ if endpoint.answer == Answer::Plain && endpoint.method == Method::Get => {
                Self::Other(Shape::Other)
            }
            _ => return None,
        })
    }

    /// Whether there are things in it that one client may see and another may not.
    pub(super) fn has_things(self) -> bool {
        match self {
            Self::Things(_)
            | Self::Image
            | Self::Network
            | Self::Volumes
            | Self::History
            | Self::Usage
            | Self::Events => true,
            Self::Other(_) => false,
        }
    }

    /// What kind of thing it is about. None: several kinds, or nothing that is another's.
    pub(super) fn kind(self) -> Option<ThingKind> {
        match self {
            // A plugin has nothing that a rule looks at.
            Self::Things(kind) => Some(kind).filter(|kind| *kind != ThingKind::Plugin),
            Self::Network => Some(ThingKind::Network),
            Self::Volumes => Some(ThingKind::Volume),
            Self::Image | Self::History => Some(ThingKind::Image),
            Self::Usage | Self::Events | Self::Other(_) => None,
        }
    }

    /// What it is made of, for what is redacted in it.
    pub(super) fn shapes(self) -> Vec<Shape> {
        match self {
            Self::Things(kind) => vec![Shape::listed(kind)],
            Self::Image => vec![Shape::Image],
            Self::Network => vec![Shape::Network],
            Self::Volumes => vec![Shape::Volume],
            Self::History => vec![Shape::History],
            Self::Usage => [ThingKind::Container, ThingKind::Image, ThingKind::Volume, ThingKind::BuildCache]
                .map(Shape::listed)
                .to_vec(),
            Self::Events => vec![Shape::Event],
            Self::Other(shape) => vec![shape],
        }
    }

    pub(super) fn layout(self) -> Layout {
        match self {
            Self::Things(_) => Layout::List,
            Self::Volumes => Layout::ListIn("Volumes"),
            Self::Events => Layout::Sequence,
            Self::Image | Self::Network | Self::History | Self::Usage | Self::Other(_) => Layout::Whole,
        }
    }

    /// What a glance tells of the unit that a text begins with. None: it must be read, or is not all there.
    pub(super) fn glance(self, text: &[u8], view: &View) -> Option<Glanced> {
        match self {
            Self::Things(kind) => view.glance(kind, text),
            Self::Image
            | Self::Network
            | Self::Volumes
            | Self::History
            | Self::Usage
            | Self::Events
            | Self::Other(_) => None,
        }
    }

    /// Shows one unit of it.
    pub(super) fn show(
        self,
        unit: &[u8],
        view: &View,
        known: &Known,
        out: &mut Vec<u8>,
    ) -> Result<Shown, Unexpected> {
        match self {
            Self::Things(ThingKind::Image) if view.sight.is_some() => {
                let mut narrowed = Vec::with_capacity(unit.len());
                without_users(unit, &mut narrowed)?;
                return view.element(ThingKind::Image, &narrowed, known, out);
            }
            Self::Things(kind) => return view.element(kind, unit, known, out),
            Self::Events => return event::show(view, unit, known, out),
            Self::Usage => return usage::show(view, unit, known, out),
            Self::Image if view.sight.is_some() => {
                let mut narrowed = Vec::with_capacity(unit.len());
                without_users(unit, &mut narrowed)?;
                view.write(Shape::Image, &view.redaction, &narrowed, out)?;
            }
            Self::Image => view.write(Shape::Image, &view.redaction, unit, out)?,
            Self::Network if view.sight.is_some() => {
                let mut narrowed = Vec::with_capacity(unit.len());
                if let Some(look_up) = network::narrow(unit, known, &mut narrowed)? {
                    return Ok(Shown::NotYet(look_up));
                }
                view.write(Shape::Network, &view.redaction, &narrowed, out)?;
            }
            Self::Volumes => return view.element(ThingKind::Volume, unit, known, out),
            Self::History => {
                let mut is_first = true;
                place::rewrite_array(unit, out, |layer, out| {
                    let mut narrowed = Vec::new();
                    if view.sight.is_some() && !is_first {
                        without_names(layer, &mut narrowed)?;
                    }
                    is_first = false;
                    view.write(
                        Shape::History,
                        &view.redaction,
                        if narrowed.is_empty() { layer } else { &narrowed },
                        out,
                    )?;
                    Ok::<_, Unexpected>(Kept::Written)
                })?;
            }
            Self::Network => view.write(Shape::Network, &view.redaction, unit, out)?,
            Self::Other(shape) => view.write(shape, &view.redaction, unit, out)?,
        }
        Ok(Shown::Yes)
    }
}

/// A layer without the names of the image that ends in it: that is another image.
fn without_names(layer: &[u8], out: &mut Vec<u8>) -> Result<(), Unexpected> {
    place::rewrite_object(layer, out, |key, _, out| {
        if key != "Tags" {
            return Ok(Kept::AsItIs);
        }
        out.extend_from_slice(b"null");
        Ok::<_, Unexpected>(Kept::Written)
    })
}
