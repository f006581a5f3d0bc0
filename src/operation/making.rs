//! What an operation makes: the thing it will be, and the mark that it bears.

use std::fmt;

use super::dockerfile::may_mark;
use super::facts::{Known, Reference};
use super::field::Kind;
use super::meaning::ImageRef;
use super::table::{BodyKind, Endpoint};
use super::thing::{IMAGE_OWNER_LABEL, OWNER_LABEL, Thing, ThingKind, owner_label};
use super::{Body, Filters, Json, Key, Operation, Query, Text, Value};

/// The endpoint that gives a container another name.
const RENAME: &str = "ContainerRename";

/// Labels that begin with this are dockgate's own.
pub(super) const RESERVED_LABELS: &str = "io.dockgate.";

/// Where an operation says which labels the thing has that it makes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Labels {
    /// In these fields of the body.
    Fields(&'static [&'static [&'static str]]),
    /// In this parameter.
    Parameter(&'static str),
    /// Nowhere: it comes with those that it has.
    Nowhere,
}

/// Writes the name that a container gets without the slash that may stand before it (moby `daemon/names.go`).
pub(super) fn spell_name(endpoint: &Endpoint, query: &mut Query) {
    if !matches!(endpoint.id, "ContainerCreate" | RENAME) {
        return;
    }
    query.each_mut(|parameter, value| {
        if parameter.name == "name"
            && let Value::Text(name) = value
            && let Some(bare) = name.strip_prefix('/').filter(|bare| !bare.starts_with('/'))
        {
            *name = bare.to_owned();
        }
    });
}

/// A label that is dockgate's own, in a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReservedLabel {
    /// Where it stands.
    pub place: String,
    /// Its value, where the request gives it a plain one.
    pub owner: Option<String>,
    /// Whether it is that of images.
    is_of_image: bool,
}

impl Operation {
    /// The name that it gives to a container which has another so far.
    #[must_use]
    pub fn new_name(&self) -> Option<&str> {
        match (self.endpoint().id, self.query().get("name")) {
            (RENAME, Some(Value::Text(new))) => Some(new),
            (_, _) => None,
        }
    }

    /// The container that gets that name, as far as the container is known.
    #[must_use]
    pub fn renamed(&self) -> Option<Thing<'_>> {
        let (new, name) = (self.new_name()?, self.identifiers().first()?);
        match self.known(&Reference::new(ThingKind::Container, name)) {
            Known::Is(container) => Some(Thing { names: vec![new.into()], ..container }),
            Known::Missing | Known::Unclear | Known::Nothing => None,
        }
    }

    /// The thing that it makes, or makes anew, as far as the request says. None where it makes none.
    #[must_use]
    pub fn made(&self) -> Option<Thing<'_>> {
        let (kind, labels) = self.makes()?;
        let body = self.body_json();
        let field = |path: &[&str]| {
            let value = path.iter().try_fold(body?, |value, key| value.get(key));
            value.and_then(Json::as_text).filter(|text| !text.is_empty()).map(str::to_owned)
        };
        let parameter = |name: &str| match self.query().get(name) {
            Some(Value::Text(text)) if !text.is_empty() => Some(text.clone()),
            _ => None,
        };
        let names = if kind == ThingKind::Image {
            self.image_names()
        } else {
            let name = if kind == ThingKind::Container { parameter("name") } else { field(&["Name"]) };
            name.into_iter().collect()
        };
        let in_service = || field(&["TaskTemplate", "ContainerSpec", "Image"]);
        let image = if kind == ThingKind::Service { in_service() } else { field(&["Image"]) };
        Some(Thing {
            kind,
            id: "".into(),
            names: names.into_iter().map(Text::from).collect(),
            labels: self.labels(labels),
            image: image.map(Text::from),
            image_id: None,
            owner: None,
        })
    }

    /// The names that an image gets: those of a build, one beside what is pulled, tagged, imported or committed.
    pub(super) fn image_names(&self) -> Vec<String> {
        let query = self.query();
        if let Some(Value::List(names)) = query.get("t") {
            return names.clone();
        }
        let text = |name: &str| query.get(name).map(Value::as_text).unwrap_or_default();
        let repositories =
            [text("fromImage"), text("repo")].into_iter().filter(|repository| !repository.is_empty());
        repositories
            .map(|repository| ImageRef::with_tag(repository, text("tag")).into_name().to_string())
            .collect()
    }

    /// The repository of which an image is pulled for each of its tags: that is what happens where no tag is said.
    #[must_use]
    pub fn pulls_all_tags_of(&self) -> Option<ImageRef> {
        if self.endpoint().id != "ImageCreate" {
            return None;
        }
        let text = |name: &str| self.query().get(name).map(Value::as_text).unwrap_or_default();
        let image = ImageRef::with_tag(text("fromImage"), text("tag")).into_name();
        matches!(image, ImageRef::Named { tag: None, digest: None, .. }).then_some(image)
    }

    fn labels(&self, labels: Labels) -> Vec<(Text<'_>, Text<'_>)> {
        let map = match labels {
            Labels::Fields(paths) => paths
                .first()
                .and_then(|path| path.iter().try_fold(self.body_json()?, |value, key| value.get(key))),
            Labels::Parameter(name) => match self.query().get(name) {
                Some(Value::Json(json)) => Some(json),
                _ => None,
            },
            Labels::Nowhere => None,
        };
        let texts = map.map(Json::fields).unwrap_or_default().iter();
        texts.map(|(key, value)| (key.as_str().into(), value.as_text().unwrap_or_default().into())).collect()
    }

    /// Marks what it makes as made for `owner`. What it makes none of is left as it is.
    pub fn stamp(&mut self, owner: &str) {
        let Some((kind, labels)) = self.makes() else { return };
        self.put_label(labels, owner_label(kind), owner);
        if kind == ThingKind::Image {
            // Of the container that it is made of, or of its base.
            self.put_label(labels, OWNER_LABEL, "");
        }
    }

    /// Marks what it makes as made for nobody, where it would inherit a mark from an image or a container.
    pub fn stamp_as_nobodys(&mut self) {
        let inherits = ["ContainerCreate", "ServiceCreate", "ServiceUpdate", "ImageBuild", "ImageCommit"];
        if inherits.contains(&self.endpoint().id) {
            self.stamp("");
        }
    }

    fn put_label(&mut self, labels: Labels, label: &str, owner: &str) {
        self.understand_anew();
        let mark = (label.into(), Json::String(owner.into()));
        match labels {
            Labels::Fields(paths) => {
                if self.body == Body::None {
                    self.body = Body::Json(Json::Object(Vec::new()));
                }
                if let Body::Json(body) = &mut self.body {
                    for path in paths {
                        put(body, path, &mark);
                    }
                }
            }
            Labels::Parameter(name) => self.heading.query.put_json(self.heading.endpoint, name, &mark),
            Labels::Nowhere => {}
        }
    }

    /// Narrows a prune to what bears a label: `key`, or `key=value`.
    pub fn narrow_to_label(&mut self, label: &str) {
        self.understand_anew();
        self.heading.query.put_filter(self.heading.endpoint, "label", label);
    }

    /// Has the daemon leave out of a list, or of events, what these filters do not let through, names and values,
    /// as far as that does not change what the client's own filters mean.
    pub fn have_filtered(&mut self, filters: &[(&'static str, String)]) {
        let endpoint = self.endpoint();
        if filters.is_empty() || endpoint.parameter("filters").is_none() {
            return;
        }
        self.understand_anew();
        let own = match self.query().get("filters") {
            Some(Value::Filters(own)) => own.clone(),
            Some(_) | None => Filters::default(),
        };
        for (name, value) in filters {
            let key = |value: &str| value.split('=').next().unwrap_or_default().to_owned();
            let of_client = own.get(name).unwrap_or_default();
            // Of several types any will do, of several labels all must be there; swarm knows one value of each.
            let is_free = match *name {
                "label" => of_client.iter().all(|one| key(one) != key(value)),
                _ => of_client.is_empty(),
            };
            if is_free {
                self.heading.query.put_filter(endpoint, name, value);
            }
        }
    }

    /// Takes the limit off a list, which is to hold what the client may see of all that there is. With one the daemon lists
    /// what does not run as well (moby `daemon/list.go`).
    pub fn take_limit(&mut self) -> Option<usize> {
        let endpoint = self.endpoint();
        if endpoint.id != "ContainerList" {
            return None;
        }
        self.understand_anew();
        let limit = self.heading.query.take_number("limit")?;
        let limit = usize::try_from(limit).ok().filter(|limit| *limit > 0)?;
        self.heading.query.turn_on(endpoint, "all");
        Some(limit)
    }

    /// The labels in the request that only dockgate may set, wherever things get labels by it.
    #[must_use]
    pub fn reserved_labels(&self) -> Vec<ReservedLabel> {
        let mut found = Vec::new();
        if let (Some(body), BodyKind::Json { kind, guard: _ }) = (self.body_json(), self.endpoint().body) {
            find_reserved(kind, body, None, &mut found);
        }
        for (parameter, value) in self.query().iter() {
            if let ("labels", Value::Json(labels)) = (parameter.name, value) {
                add_reserved(labels, &"parameter labels", &mut found);
            }
        }
        for (place, _) in self.added_instructions().iter().filter(|(_, added)| may_mark(added)) {
            found.push(ReservedLabel { place: (*place).to_owned(), owner: None, is_of_image: false });
        }
        // The containers of its steps bear them, and the images between.
        for mention in self.dockerfile().map(|dockerfile| dockerfile.marks.as_slice()).unwrap_or_default() {
            found.push(ReservedLabel { place: mention.place(), owner: None, is_of_image: false });
        }
        // Containers inherit it from their images, and nobody looks at it there.
        if !matches!(self.makes(), Some((ThingKind::Image, _))) {
            found.retain(|label| !label.is_of_image);
        }
        found
    }

    /// What it makes, and where it says the labels of that.
    fn makes(&self) -> Option<(ThingKind, Labels)> {
        Some(match self.endpoint().id {
            "ContainerCreate" => (ThingKind::Container, Labels::Fields(&[&["Labels"]])),
            "NetworkCreate" => (ThingKind::Network, Labels::Fields(&[&["Labels"]])),
            "VolumeCreate" => (ThingKind::Volume, Labels::Fields(&[&["Labels"]])),
            "ServiceCreate" | "ServiceUpdate" => (
                ThingKind::Service,
                // The service bears it, and its containers.
                Labels::Fields(&[&["Labels"], &["TaskTemplate", "ContainerSpec", "Labels"]]),
            ),
            "SecretCreate" | "SecretUpdate" => (ThingKind::Secret, Labels::Fields(&[&["Labels"]])),
            "ConfigCreate" | "ConfigUpdate" => (ThingKind::Config, Labels::Fields(&[&["Labels"]])),
            "ImageBuild" => (ThingKind::Image, Labels::Parameter("labels")),
            "ImageCreate" | "ImageTag" => (ThingKind::Image, Labels::Nowhere),
            "ImageCommit" => (ThingKind::Image, Labels::Fields(&[&["Labels"]])),
            _ => return None,
        })
    }

    pub(super) fn body_json(&self) -> Option<&Json> {
        match &self.body {
            Body::Json(json) => Some(json),
            Body::None | Body::Stream => None,
        }
    }
}

/// Sets an entry of the map at a path, making what is missing on the way.
fn put(value: &mut Json, path: &[&str], entry: &(Key, Json)) {
    if !matches!(value, Json::Object(_)) {
        *value = Json::Object(Vec::new());
    }
    let Json::Object(fields) = value else { return };
    match path.split_first() {
        None => {
            fields.retain(|(key, _)| *key != entry.0);
            fields.push(entry.clone());
        }
        Some((step, rest)) => {
            if !fields.iter().any(|(key, _)| key == step) {
                fields.push(((*step).into(), Json::Object(Vec::new())));
            }
            for (_, inner) in fields.iter_mut().filter(|(key, _)| key == step) {
                put(inner, rest, entry);
            }
        }
    }
}

/// A field, below others.
#[derive(Clone, Copy)]
struct Below<'a> {
    above: Option<&'a Below<'a>>,
    key: &'a str,
}

impl fmt::Display for Below<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(above) = self.above {
            write!(f, "{above}.")?;
        }
        f.write_str(self.key)
    }
}

/// Finds reserved labels in whatever field is called `Labels`.
fn find_reserved(kind: Kind, value: &Json, above: Option<&Below<'_>>, found: &mut Vec<ReservedLabel>) {
    match kind {
        Kind::Struct(_) => {
            for (key, value) in value.fields() {
                if value.fields().is_empty() && value.items().is_empty() {
                    continue;
                }
                let Some((_, field)) = kind.field_of(key) else { continue };
                let place = Below { above, key };
                if field.name == "Labels" {
                    add_reserved(value, &place, found);
                } else {
                    find_reserved(field.kind, value, Some(&place), found);
                }
            }
        }
        Kind::List(inner) => value.items().iter().for_each(|item| find_reserved(*inner, item, above, found)),
        Kind::Map(inner) => {
            value.fields().iter().for_each(|(_, value)| find_reserved(*inner, value, above, found));
        }
        Kind::Bool
        | Kind::Int
        | Kind::Uint
        | Kind::Float
        | Kind::Text
        | Kind::Bytes
        | Kind::StrSlice
        | Kind::Any => {}
    }
}

fn add_reserved(labels: &Json, place: &impl fmt::Display, found: &mut Vec<ReservedLabel>) {
    // An empty mark is none.
    let is_mark =
        |(key, value): &&(Key, Json)| key.starts_with(RESERVED_LABELS) && value.as_text() != Some("");
    for (key, value) in labels.fields().iter().filter(is_mark) {
        let owner = value.as_text().filter(|_| *key == OWNER_LABEL).map(str::to_owned);
        let is_of_image = *key == IMAGE_OWNER_LABEL;
        found.push(ReservedLabel { place: format!("{place}[{key:?}]"), owner, is_of_image });
    }
}
