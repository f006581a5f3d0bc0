//! The field table: every field of every JSON body, of Engine 20.10 to the newest.
//!
//! It is made from the Go structs that the daemon decodes into: what Go folds is a [`Kind::Struct`]
//! here, what it takes as it is a [`Kind::Map`]. Reading, judging and the manual go by this table; a field
//! that is not in it is unknown, and needs a grant.

use super::json::{Json, Key};
use super::meaning::{Reading, Resource, clean};
use super::table::Guard;
use super::version::ApiVersion;

pub(super) mod checkpoint;
pub(super) mod container;
pub(super) mod endpoint;
pub(super) mod exec;
pub(super) mod host_config;
pub(super) mod mount;
pub(super) mod network;
pub(super) mod node;
pub(super) mod plugin;
pub(super) mod registry;
pub(super) mod resources;
pub(super) mod secret;
pub(super) mod service;
pub(super) mod swarm;
pub(super) mod task;
pub(super) mod volume;

mod index;
mod path;
mod place;
mod row;
mod used;

pub use index::Index;
pub(super) use index::trace;
pub use path::{FieldPath, Found};
pub use place::Place;
pub(super) use place::{Step, Way};
pub use used::UsedField;
pub(super) use used::used_fields;

/// One field of a struct.
#[derive(Debug, PartialEq, Eq)]
pub struct Field {
    /// Its name, spelled as the daemon's source does. The daemon takes it in any case.
    pub name: &'static str,
    /// What stands in it.
    pub kind: Kind,
    /// Whether it needs a grant where it is used.
    pub guard: Guard,
    /// Values of a guarded field that need no grant all the same: texts, numbers as written, the texts of a
    /// list, or the keys of a map, if all of them are among these.
    pub harmless: &'static [&'static str],
    /// Whether a zero value, such as an empty list, is not the same as none: it takes away what the daemon
    /// would put there, or says something by being there.
    pub empty_counts: bool,
    /// Where a plain field is a path: below which directory it needs a grant, and why.
    pub guarded_below: Option<(&'static str, &'static str)>,
    /// Why a plain text needs a grant where it has a control character, as a line break, in it.
    pub one_line: Option<&'static str>,
    /// Whether Swarm puts something in place of Go's templates in it.
    is_expanded: bool,
    /// How it is read for what it means, whatever field says it.
    pub reading: Option<Reading>,
    /// The first API version whose reference has it, where it came later than the rest.
    pub since: Option<ApiVersion>,
    /// The last API version that has it, where it is gone from newer ones.
    pub until: Option<ApiVersion>,
    /// What it does, in one line.
    pub summary: &'static str,
}

/// What stands in a field. `null` may stand in any.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// `true` or `false`.
    Bool,
    /// A whole number.
    Int,
    /// A whole number, not below zero.
    Uint,
    /// A number.
    Float,
    /// Text.
    Text,
    /// Bytes, as text in base64.
    Bytes,
    /// A list of texts. Engines up to 28 also take one text for a list of one (moby `strslice`); it is
    /// read as that list.
    StrSlice,
    /// A list.
    List(&'static Kind),
    /// A map: its keys are what the client makes up, and stay as they are.
    Map(&'static Kind),
    /// A struct: its keys are known, and may be spelled in any case.
    Struct(&'static [Part]),
    /// Anything.
    Any,
}

/// Some fields of a struct: its own, or those of a struct that it embeds.
#[derive(Debug, PartialEq, Eq)]
pub struct Part {
    /// The fields.
    pub fields: &'static [Field],
    /// Where each of them is found.
    pub index: Index,
    /// Why all of them are guarded here, those too that are plain elsewhere.
    pub guard: Option<&'static str>,
    /// The field below which the same fields stand, where these are a second way to say what is said there.
    pub same_as: Option<&'static str>,
}

/// Where a field stands in a struct.
#[derive(Clone, Copy, Debug)]
pub(super) struct Spot {
    /// The part in which it is.
    pub part: &'static Part,
    /// The field.
    pub field: &'static Field,
    /// Those behind it in the part.
    behind: &'static [Field],
    /// How many stand before it in the struct, in whichever part.
    pub number: usize,
}

impl Spot {
    /// Where the next field of the part stands.
    #[inline]
    pub(super) fn next(self) -> Option<Self> {
        let (field, behind) = self.behind.split_first()?;
        Some(Self { field, behind, number: self.number.saturating_add(1), ..self })
    }
}

impl Kind {
    /// The fields of the struct, with the part that each stands in; none where this is no struct.
    pub fn fields(self) -> impl Iterator<Item = (&'static Part, &'static Field)> {
        let parts = match self {
            Self::Struct(parts) => parts,
            Self::Bool
            | Self::Int
            | Self::Uint
            | Self::Float
            | Self::Text
            | Self::Bytes
            | Self::StrSlice
            | Self::List(_)
            | Self::Map(_)
            | Self::Any => &[],
        };
        parts.iter().flat_map(|part| part.fields.iter().map(move |field| (part, field)))
    }

    /// The field that the daemon takes a key of the struct for. Go folds more than ASCII (U+017F is an
    /// `s`, U+212A a `k`), but a key beyond ASCII is refused where a struct stands.
    #[must_use]
    pub fn field(self, key: &str) -> Option<(&'static Part, &'static Field)> {
        self.find(key).map(|Spot { part, field, .. }| (part, field))
    }

    /// The same, with where it stands.
    #[inline]
    pub(super) fn find(self, key: &str) -> Option<Spot> {
        let Self::Struct(parts) = self else { return None };
        let mut before = 0_usize;
        parts.iter().find_map(|part| {
            let Some(number) = part.index.find(part.fields, key) else {
                before = before.saturating_add(part.fields.len());
                return None;
            };
            let (field, behind) = part.fields.get(number..)?.split_first()?;
            Some(Spot { part, field, behind, number: before.saturating_add(number) })
        })
    }

    /// The same, of a key that was read: by this struct, unless it was put there later.
    #[must_use]
    #[inline]
    pub fn field_of(self, key: &Key) -> Option<(&'static Part, &'static Field)> {
        match key {
            Key::Field(part, field) => Some((part, field)),
            Key::Text(text) => self.field(text),
        }
    }

    /// Whether none of these does anything, which stand in the struct.
    fn are_unused(self, fields: &[(Key, Json)]) -> bool {
        fields.iter().all(|(key, value)| match self.field_of(key) {
            Some((_, field)) => field.is_unused(value),
            None => value.is_all_zero(),
        })
    }

    /// What stands in a list or map, where this is one.
    fn element(self) -> Option<Self> {
        match self {
            Self::List(element) | Self::Map(element) => Some(*element),
            Self::Bool
            | Self::Int
            | Self::Uint
            | Self::Float
            | Self::Text
            | Self::Bytes
            | Self::StrSlice
            | Self::Struct(_)
            | Self::Any => None,
        }
    }

    /// The paths of all fields within, as a policy writes them.
    #[must_use]
    pub fn paths(self) -> Vec<String> {
        let mut paths = Vec::new();
        for (part, field) in self.innermost().fields() {
            let name = match part.same_as {
                Some(above) => format!("{above}.{}", field.name),
                None => field.name.to_owned(),
            };
            paths.extend(field.kind.paths().into_iter().map(|below| format!("{name}.{below}")));
            paths.push(name);
        }
        paths
    }

    /// What stands in the lists and maps, where it is any of these.
    pub(in crate::operation) fn innermost(self) -> Self {
        self.element().map_or(self, Self::innermost)
    }

    /// Whether there can be fields in it.
    fn has_structs(self) -> bool {
        matches!(self, Self::Struct(_)) || self.element().is_some_and(Self::has_structs)
    }

    /// Whether anything within needs a grant.
    #[must_use]
    pub fn has_guarded(self) -> bool {
        self.element().is_some_and(Self::has_guarded)
            || self
                .fields()
                .any(|(part, field)| part.guard_of(field) != Guard::Plain || field.kind.has_guarded())
    }
}

impl Part {
    /// Whether this field needs a grant here.
    #[must_use]
    pub fn guard_of(&self, field: &Field) -> Guard {
        match (field.guard, self.guard) {
            (Guard::Plain, Some(reason)) => Guard::Guarded(reason),
            (guard, _) => guard,
        }
    }

    /// The values of a guarded field that need no grant here: none in an update, which sets them in place of what may be
    /// less.
    #[must_use]
    pub fn harmless_of(&self, field: &Field) -> &'static [&'static str] {
        if self.guard.is_some() { &[] } else { field.harmless }
    }

    /// Whether this value, which is used, is one of them.
    #[must_use]
    pub fn is_harmless(&self, field: &Field, value: &Json) -> bool {
        let harmless = self.harmless_of(field);
        let is = |text: &str| harmless.contains(&text);
        match value {
            Json::String(text) | Json::Number(text) => is(text),
            Json::Array(items) => {
                !items.is_empty() && items.iter().all(|item| matches!(item, Json::String(text) if is(text)))
            }
            Json::Object(fields) => !fields.is_empty() && fields.iter().all(|(key, _)| is(key)),
            Json::Null | Json::Bool(_) => false,
        }
    }
}

impl Field {
    /// Whether this value does nothing: clients send every field they know, most of them zero.
    ///
    /// A list or map with anything in it is always used: `{"80/tcp":[{"HostPort":""}]}` publishes a
    /// port, and a list that holds only an empty text takes the place of the daemon's own.
    #[must_use]
    #[inline]
    pub fn is_unused(&self, value: &Json) -> bool {
        match (value, self.kind) {
            (Json::Null, _) => true,
            _ if self.empty_counts => false,
            (Json::Object(fields), kind @ Kind::Struct(_)) => kind.are_unused(fields),
            (value, _) => value.is_zero(),
        }
    }

    /// Why this value needs a grant although the field is plain, if it does.
    #[must_use]
    pub fn guard_of_text(&self, value: &Json) -> Guard {
        match (self.guarded_below, value) {
            (Some((directory, reason)), Json::String(path)) if is_below(path, directory) => {
                Guard::Guarded(reason)
            }
            _ => self.guard_of_lines(value),
        }
    }

    fn guard_of_lines(&self, value: &Json) -> Guard {
        let Some(reason) = self.one_line else { return Guard::Plain };
        let has_control = |text: &str| text.contains(|character: char| character.is_control());
        let has_more = |text: &str| has_control(text) || (self.is_expanded && !expands_to_one_line(text));
        let mut texts = value.as_text().into_iter().chain(value.items().iter().filter_map(Json::as_text));
        if texts.any(has_more) { Guard::Guarded(reason) } else { Guard::Plain }
    }
}

/// Whether Go's templates in a text of a service put nothing into it that can have several lines (swarmkit
/// `template/context.go`).
fn expands_to_one_line(text: &str) -> bool {
    const NAMES: [&str; 7] = [
        ".Node.Hostname",
        ".Node.ID",
        ".Service.ID",
        ".Service.Name",
        ".Task.ID",
        ".Task.Name",
        ".Task.Slot",
    ];
    let is_name =
        |template: &str| template.split_once("}}").is_some_and(|(name, _)| NAMES.contains(&name.trim()));
    text.split("{{").skip(1).all(is_name)
}

/// Whether a path, taken from the root, is the directory `/NAME` or below it, however it is spelled. `/dev/fd` is a link
/// into `/proc`.
fn is_below(path: &str, directory: &str) -> bool {
    let path = clean(path);
    let mut names = path.split('/').skip(1);
    let (first, second) = (names.next(), names.next());
    first == directory.strip_prefix('/')
        || (directory == "/proc" && first == Some("dev") && second == Some("fd"))
}

#[cfg(test)]
mod tests;
