//! `GET /system/df`: things with what they take up, and totals of that.
//!
//! The totals are made anew from what may be seen. What images take up together cannot be known, since they share
//! layers: it is the sum of their sizes. How many containers use an image or a volume counts those that may be seen,
//! and is -1, as the daemon writes where it has not counted, where the answer holds no containers.

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use super::look_up::Known;
use super::unit::{Shown, View};
use super::{Sight, Unexpected};
use crate::operation::Json;
use crate::operation::json::place::{self, Kept};
use crate::operation::thing::{Thing, ThingKind};

/// The sections: where the things stand up to API 1.51, and from 1.52 on, as `Items` beside totals.
const SECTIONS: [Section; 4] = [
    Section { kind: ThingKind::Container, list: "Containers", usage: "ContainerUsage", size: None },
    Section { kind: ThingKind::Image, list: "Images", usage: "ImageUsage", size: Some("LayersSize") },
    Section { kind: ThingKind::Volume, list: "Volumes", usage: "VolumeUsage", size: None },
    Section {
        kind: ThingKind::BuildCache,
        list: "BuildCache",
        usage: "BuildCacheUsage",
        size: Some("BuilderSize"),
    },
];

#[derive(Clone, Copy, Debug)]
struct Section {
    kind: ThingKind,
    list: &'static str,
    usage: &'static str,
    /// The older total.
    size: Option<&'static str>,
}

/// How often things are used by containers that may be seen, by their IDs and names; none where that is not told.
type Uses = Option<BTreeMap<String, i64>>;

/// What a section comes to.
#[derive(Clone, Copy, Debug, Default)]
struct Totals {
    count: i64,
    active: i64,
    size: i64,
    reclaimable: i64,
}

pub(super) fn show(view: &View, df: &[u8], known: &Known, out: &mut Vec<u8>) -> Result<Shown, Unexpected> {
    let mut uses = None;
    let mut totals = BTreeMap::new();
    if let Some(sight) = &view.sight {
        uses = read_uses(df, sight)?;
        for section in SECTIONS {
            if let Some(list) = section.find(df)? {
                totals.insert(section.list, section.count(list, sight, &uses)?);
            }
        }
    }
    place::rewrite_object(df, out, |key, value, out| {
        for section in SECTIONS {
            let total = totals.get(section.list);
            if section.list == key {
                section.write_list(view, value, &uses, known, out)?;
            } else if section.usage == key {
                section.write_usage(view, value, &uses, known, total, out)?;
            } else if let (true, Some(total)) = (section.size == Some(key), total) {
                out.extend_from_slice(total.size.to_string().as_bytes());
            } else if section.size == Some(key) && view.sight.is_some() {
                out.push(b'0');
            } else {
                continue;
            }
            return Ok(Kept::Written);
        }
        Ok::<_, Unexpected>(Kept::AsItIs)
    })?;
    Ok(Shown::Yes)
}

/// How often images and volumes are used by the containers in the answer.
fn read_uses(df: &[u8], sight: &Sight) -> Result<Uses, Unexpected> {
    let section = SECTIONS.iter().find(|section| section.kind == ThingKind::Container);
    let Some(list) = section.map(|section| section.find(df)).transpose()?.flatten() else {
        return Ok(None);
    };
    let mut uses: BTreeMap<String, i64> = BTreeMap::new();
    place::elements(list, |element| {
        let keys = ["Id", "Names", "Image", "ImageID", "Labels", "Mounts"];
        let Ok(container) = place::read_members(element, &keys) else { return Ok(()) };
        let Some(thing) = Thing::listed(ThingKind::Container, &container) else { return Ok(()) };
        if sight(&thing).is_none() {
            return Ok(());
        }
        let mounts = container.get("Mounts").map(Json::items).unwrap_or_default();
        let volumes = mounts.iter().filter_map(|mount| mount.get("Name")?.as_text());
        for used in thing.image_id.as_deref().into_iter().chain(volumes) {
            let count = uses.entry(used.to_owned()).or_default();
            *count = count.saturating_add(1);
        }
        Ok(())
    })?;
    Ok(Some(uses))
}

impl Section {
    /// The list of its things, in either shape.
    fn find<'a>(&self, df: &'a [u8]) -> Result<Option<&'a [u8]>, Unexpected> {
        let mut list = None;
        let mut usage = None;
        place::members(df, |key, value| {
            if key == self.list {
                list = Some(value);
            } else if key == self.usage {
                usage = Some(value);
            }
            ControlFlow::Continue(())
        })?;
        if let (None, Some(usage)) = (list, usage.filter(|usage| *usage != b"null")) {
            place::members(usage, |key, value| {
                if key == "Items" {
                    list = Some(value);
                }
                ControlFlow::Continue(())
            })?;
        }
        Ok(list)
    }

    fn count(&self, list: &[u8], sight: &Sight, uses: &Uses) -> Result<Totals, Unexpected> {
        const NUMBERS: [&str; 7] = ["Size", "SharedSize", "SizeRw", "State", "UsageData", "InUse", "Shared"];
        let keys: Vec<&str> = Thing::keys(self.kind).iter().copied().chain(NUMBERS).collect();
        let mut totals = Totals::default();
        place::elements(list, |element| {
            let Ok(shown) = place::read_members(element, &keys) else { return Ok(()) };
            let Some(thing) = Thing::listed(self.kind, &shown) else { return Ok(()) };
            if sight(&thing).is_some() {
                totals.add(&thing, &shown, uses);
            }
            Ok(())
        })?;
        Ok(totals)
    }

    fn write_list(
        &self,
        view: &View,
        list: &[u8],
        uses: &Uses,
        known: &Known,
        out: &mut Vec<u8>,
    ) -> Result<(), Unexpected> {
        place::rewrite_array(list, out, |element, out| {
            let counted = match &view.sight {
                Some(_) => self.with_count(element, uses),
                None => Ok(element.to_vec()),
            };
            let shown = counted.and_then(|counted| view.element(self.kind, &counted, known, out));
            Ok::<_, Unexpected>(match shown {
                Ok(Shown::Yes) => Kept::Written,
                Ok(Shown::No | Shown::NotYet(_)) => Kept::Not,
                // It was not counted either.
                Err(why) => {
                    view.leave_out(why);
                    Kept::Not
                }
            })
        })
    }

    fn write_usage(
        &self,
        view: &View,
        usage: &[u8],
        uses: &Uses,
        known: &Known,
        total: Option<&Totals>,
        out: &mut Vec<u8>,
    ) -> Result<(), Unexpected> {
        if usage == b"null" {
            out.extend_from_slice(usage);
            return Ok(());
        }
        place::rewrite_object(usage, out, |key, value, out| {
            if key == "Items" {
                self.write_list(view, value, uses, known, out)?;
                return Ok(Kept::Written);
            }
            if view.sight.is_none() {
                return Ok(Kept::AsItIs);
            }
            // Without the things themselves there is nothing to make totals of.
            let Some(number) = total.and_then(|total| total.get(key)) else {
                return Ok(Kept::Not);
            };
            out.extend_from_slice(number.to_string().as_bytes());
            Ok::<_, Unexpected>(Kept::Written)
        })
    }

    /// A thing with how often it is used by what may be seen.
    fn with_count(&self, element: &[u8], uses: &Uses) -> Result<Vec<u8>, Unexpected> {
        let (path, id): (&[&str], &str) = match self.kind {
            ThingKind::Image => (&["Containers"], "Id"),
            ThingKind::Volume => (&["UsageData", "RefCount"], "Name"),
            ThingKind::Container
            | ThingKind::Exec
            | ThingKind::Network
            | ThingKind::Service
            | ThingKind::Task
            | ThingKind::Secret
            | ThingKind::Config
            | ThingKind::Node
            | ThingKind::Plugin
            | ThingKind::BuildCache
            | ThingKind::Daemon => return Ok(element.to_vec()),
        };
        let shown = place::read_members(element, &[id])?;
        let id = shown.get(id).and_then(Json::as_text).unwrap_or_default();
        let count = uses_of(uses, id).unwrap_or(-1).to_string();
        let mut out = Vec::with_capacity(element.len());
        replace(element, path, count.as_bytes(), &mut out)?;
        Ok(out)
    }
}

impl Totals {
    fn add(&mut self, thing: &Thing, shown: &Json, uses: &Uses) {
        let is = |key: &str| shown.get(key) == Some(&Json::Bool(true));
        let times = uses_of(uses, &thing.id);
        let (size, active, freed) = match thing.kind {
            ThingKind::Image => {
                let (size, shared) = (number(shown, "Size"), number(shown, "SharedSize"));
                (size, times > Some(0), size.saturating_sub(shared))
            }
            ThingKind::Volume => {
                let size = shown.get("UsageData").map(|usage| number(usage, "Size")).unwrap_or_default();
                (size, times > Some(0), size)
            }
            ThingKind::BuildCache => {
                let size = if is("Shared") { 0 } else { number(shown, "Size") };
                (size, is("InUse"), size)
            }
            ThingKind::Container
            | ThingKind::Exec
            | ThingKind::Network
            | ThingKind::Service
            | ThingKind::Task
            | ThingKind::Secret
            | ThingKind::Config
            | ThingKind::Node
            | ThingKind::Plugin
            | ThingKind::Daemon => {
                let state = shown.get("State").and_then(Json::as_text);
                let size = number(shown, "SizeRw");
                (size, matches!(state, Some("running" | "paused" | "restarting")), size)
            }
        };
        // What nobody has counted may be in use.
        let is_free =
            !active && (times.is_some() || !matches!(thing.kind, ThingKind::Image | ThingKind::Volume));
        self.count = self.count.saturating_add(1);
        self.active = self.active.saturating_add(i64::from(active));
        self.size = self.size.saturating_add(size);
        self.reclaimable = self.reclaimable.saturating_add(if is_free { freed } else { 0 });
    }

    fn get(&self, key: &str) -> Option<i64> {
        match key {
            "TotalCount" => Some(self.count),
            "ActiveCount" => Some(self.active),
            "TotalSize" => Some(self.size),
            "Reclaimable" => Some(self.reclaimable),
            _ => None,
        }
    }
}

/// How often a thing is used. None: nobody has counted.
fn uses_of(uses: &Uses, id: &str) -> Option<i64> {
    uses.as_ref().map(|uses| uses.get(id).copied().unwrap_or_default())
}

/// A size; -1, which stands for one that is not known, is none.
fn number(shown: &Json, key: &str) -> i64 {
    let number = shown.get(key).and_then(Json::as_number);
    number.and_then(|number| number.parse::<i64>().ok()).unwrap_or_default().max(0)
}

/// Writes an object with another value at this path, where there is one.
pub(super) fn replace(
    object: &[u8],
    path: &[&str],
    with: &[u8],
    out: &mut Vec<u8>,
) -> Result<(), Unexpected> {
    let Some((first, rest)) = path.split_first() else {
        out.extend_from_slice(with);
        return Ok(());
    };
    if object == b"null" {
        out.extend_from_slice(object);
        return Ok(());
    }
    place::rewrite_object(object, out, |key, value, out| {
        if key != *first {
            return Ok(Kept::AsItIs);
        }
        replace(value, rest, with, out)?;
        Ok::<_, Unexpected>(Kept::Written)
    })
}
