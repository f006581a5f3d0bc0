//! What a rule says about the things that an operation acts on: `container.label."x" = "y"` and its siblings.

use std::collections::BTreeSet;

use toml::Spanned;

use super::aspect::AspectSet;
use super::condition::Condition;
use super::draft::{DraftAspect, DraftCondition, DraftThing};
use super::problem::{Code, Problem};
use crate::operation::meaning::{Aspect, ID_DIGITS, ImageRef, Meaning, is_hexadecimal};
use crate::operation::thing::{Thing, ThingKind, owner_label};

/// A set of things of one kind, by what they are called and carry. All that is said must hold.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct ThingSet {
    properties: Vec<(Property, Values)>,
}

/// What is looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Property {
    /// `name`: one of its names.
    Name,
    /// `id`: the full ID.
    Id,
    /// `image`: that of a container or service, as it was asked for.
    Image,
    /// `owner`: for whom dockgate had it made.
    Owner,
    /// `label."KEY"`
    Label(String),
}

/// What a property may be.
#[derive(Clone, Debug, PartialEq)]
enum Values {
    Texts(Condition),
    Images(AspectSet),
}

impl Values {
    fn have_name(&self, name: &str) -> bool {
        match self {
            Self::Texts(condition) => condition.has_text(name),
            Self::Images(set) => set.admits(&named_image(name)),
        }
    }
}

impl ThingSet {
    /// The meaning of what is written.
    pub(super) fn read(draft: &DraftThing, problems: &mut Vec<Problem>) -> Option<Self> {
        let before = problems.len();
        let mut properties = Vec::new();
        for (name, condition) in &draft.properties {
            let property = match name.get_ref().as_str() {
                "name" => Property::Name,
                "id" => Property::Id,
                "image" => Property::Image,
                "owner" => Property::Owner,
                label => Property::Label(label.strip_prefix("label.").unwrap_or(label).to_owned()),
            };
            no_such_text(draft.kind, &property, condition, problems);
            let is_image =
                property == Property::Image || (property == Property::Name && draft.kind == ThingKind::Image);
            let values =
                if is_image { images(condition, problems) } else { texts(&property, condition, problems) };
            properties.extend(values.map(|values| (property, values)));
        }
        (problems.len() == before && !properties.is_empty()).then_some(Self { properties })
    }

    /// Whether it asks for whom something was made.
    pub(super) fn speaks_of_owners(&self) -> bool {
        self.properties.iter().any(|(property, _)| *property == Property::Owner)
    }

    /// Whether it asks what something is called.
    pub(super) fn speaks_of_names(&self) -> bool {
        self.properties.iter().any(|(property, _)| *property == Property::Name)
    }

    /// Whether a thing is among them.
    pub(super) fn contains(&self, thing: &Thing) -> bool {
        self.holds(thing, AspectSet::admits)
    }

    /// Whether a thing is or may be among them: of which image a container is, does not say who names that by ID or digest.
    pub(super) fn may_contain(&self, thing: &Thing) -> bool {
        self.holds(thing, AspectSet::strikes)
    }

    /// Whether one that is not there may be among them by what it would be called, or `has_more` that is not known.
    pub(super) fn may_contain_one_called(&self, name: &str, has_more: bool) -> bool {
        self.properties.iter().all(|(property, values)| match (property, values) {
            (Property::Name, Values::Texts(condition)) => condition.has_text(name),
            (Property::Name, Values::Images(set)) => set.strikes(&named_image(name)),
            _ => has_more,
        })
    }

    /// Whether a thing is among them by each of the names that it gets.
    pub(super) fn contains_by_each_name(&self, thing: &Thing) -> bool {
        let is_other = |one: &&(Property, Values)| one.0 != Property::Name;
        self.has_each_name(thing)
            && self.properties.iter().filter(is_other).all(|one| has(one, thing, AspectSet::admits))
    }

    /// Whether each of the names that a thing gets is one of theirs.
    pub(super) fn has_each_name(&self, thing: &Thing) -> bool {
        self.properties.iter().filter(|(property, _)| *property == Property::Name).all(|(_, values)| {
            !thing.names.is_empty() && thing.names.iter().all(|name| values.have_name(name))
        })
    }

    /// Whether an image that is pulled is among them, whichever tag of the repository it has.
    pub(super) fn contains_each_tag(&self, pulled: &Thing, repository: &ImageRef) -> bool {
        self.holds_by(pulled, repository, AspectSet::admits)
    }

    /// Whether some tag of the repository is or may be among them.
    pub(super) fn may_contain_some_tag(&self, pulled: &Thing, repository: &ImageRef) -> bool {
        self.holds_by(pulled, repository, AspectSet::strikes)
    }

    /// Whether all holds of an image that has this name.
    fn holds_by(
        &self,
        thing: &Thing,
        name: &ImageRef,
        is_of_image: fn(&AspectSet, &Meaning) -> bool,
    ) -> bool {
        self.properties.iter().all(|one| match one {
            (Property::Name, Values::Images(set)) => is_of_image(set, &Meaning::Image(name.clone())),
            _ => has(one, thing, is_of_image),
        })
    }

    fn holds(&self, thing: &Thing, is_of_image: fn(&AspectSet, &Meaning) -> bool) -> bool {
        self.properties.iter().all(|one| has(one, thing, is_of_image))
    }

    /// Filters of the daemon that let through just these, by labels alone. None where there are none.
    pub(super) fn label_filters(&self, kind: ThingKind) -> Option<Vec<String>> {
        self.properties.iter().map(|property| label_filter(kind, property)).collect()
    }

    /// Filters by labels that let through all of these, and others.
    pub(super) fn wide_label_filters(&self, kind: ThingKind) -> BTreeSet<String> {
        self.properties.iter().filter_map(|property| label_filter(kind, property)).collect()
    }

    /// Whether every thing that is among these is among the others; `false` also where that is not clear.
    pub(super) fn within(&self, other: &Self) -> bool {
        other.properties.iter().all(|(property, wide)| {
            self.properties.iter().any(|(own, narrow)| {
                own == property
                    && match (narrow, wide) {
                        (Values::Texts(narrow), Values::Texts(wide)) => narrow.within(wide),
                        (Values::Images(narrow), Values::Images(wide)) => narrow.within(wide),
                        (Values::Texts(_), Values::Images(_)) | (Values::Images(_), Values::Texts(_)) => {
                            false
                        }
                    }
            })
        })
    }

    /// The lines that a policy has for them, `kind` being what they are; texts and keys are quoted by `quote`.
    pub(super) fn lines(&self, kind: ThingKind, quote: fn(&str) -> String) -> Vec<String> {
        self.properties.iter().map(|one| line(kind, one, quote)).collect()
    }

    /// The same, with these names in place of theirs, if there are any.
    pub(super) fn lines_with(
        &self,
        kind: ThingKind,
        names: Option<&str>,
        quote: fn(&str) -> String,
    ) -> Vec<String> {
        let line = |one: &(Property, Values)| match one {
            (Property::Name, _) => names.map(|names| format!("{kind}.name = {names}")),
            _ => Some(line(kind, one, quote)),
        };
        self.properties.iter().filter_map(line).collect()
    }
}

/// The line of a policy for one property.
fn line(kind: ThingKind, (property, values): &(Property, Values), quote: fn(&str) -> String) -> String {
    let values = match values {
        Values::Texts(condition) => condition.written(quote),
        Values::Images(set) => set.written(Aspect::Images, quote),
    };
    match property {
        Property::Name => format!("{kind}.name = {values}"),
        Property::Id => format!("{kind}.id = {values}"),
        Property::Image => format!("{kind}.image = {values}"),
        Property::Owner => format!("{kind}.owner = {values}"),
        Property::Label(key) => format!("{kind}.label.{} = {values}", quote(key)),
    }
}

/// Whether a thing has the property.
fn has(
    (property, values): &(Property, Values),
    thing: &Thing,
    is_of_image: fn(&AspectSet, &Meaning) -> bool,
) -> bool {
    match (property, values) {
        (Property::Name, values) => thing.names.iter().any(|name| values.have_name(name)),
        (Property::Id, Values::Texts(condition)) => condition.has_text(&thing.id),
        (Property::Image, Values::Images(set)) => {
            thing.image.as_ref().is_some_and(|image| is_of_image(set, &named_image(image)))
        }
        (Property::Owner, Values::Texts(condition)) => {
            // An empty mark is none.
            let owner = thing.label(owner_label(thing.kind)).filter(|owner| !owner.is_empty());
            is_label(condition, owner)
        }
        (Property::Label(key), Values::Texts(condition)) => is_label(condition, thing.label(key)),
        (Property::Id | Property::Owner | Property::Label(_), Values::Images(_))
        | (Property::Image, Values::Texts(_)) => false,
    }
}

/// The values of the daemon's filter `label` that let through just what a property admits.
fn label_filter(kind: ThingKind, (property, values): &(Property, Values)) -> Option<String> {
    let key = match property {
        // An empty mark is none, which the daemon cannot be told.
        Property::Owner if *values == Values::Texts(Condition::Any) => return None,
        Property::Owner => owner_label(kind),
        // The daemon takes what is behind the first `=` for the value.
        Property::Label(key) if !key.contains('=') => key,
        Property::Label(_) | Property::Name | Property::Id | Property::Image => return None,
    };
    match values {
        Values::Texts(Condition::Any) => Some(key.to_owned()),
        Values::Texts(Condition::Texts(globs)) => match globs.as_slice() {
            [only] => Some(format!("{key}={}", only.literal()?)),
            _ => None,
        },
        Values::Texts(
            Condition::Unused | Condition::Expression(_) | Condition::Numbers(_) | Condition::Elements(..),
        )
        | Values::Images(_) => None,
    }
}

fn is_label(condition: &Condition, value: Option<&str>) -> bool {
    match (condition, value) {
        (Condition::Unused, value) => value.is_none(),
        (_, None) => false,
        (condition, Some(value)) => condition.has_text(value),
    }
}

fn named_image(name: &str) -> Meaning {
    Meaning::Image(ImageRef::read(name))
}

/// Finds fault with names and IDs as no thing of the kind has them. In a forbid rule they would strike nothing.
fn no_such_text(
    kind: ThingKind,
    property: &Property,
    written: &Spanned<DraftCondition>,
    problems: &mut Vec<Problem>,
) {
    let DraftCondition::Texts(texts) = written.get_ref() else { return };
    for text in texts {
        let (shown, name) = (text.get_ref(), text.get_ref().strip_prefix('/'));
        let help = match (kind, property, name) {
            (ThingKind::Container, Property::Name, Some(name)) => {
                format!("a container's name has no slash before it: write `{name}`")
            }
            (ThingKind::Container | ThingKind::Network, Property::Id, None) if is_short_id(shown) => {
                format!("write all {ID_DIGITS} digits of the ID, or `{shown}*`")
            }
            _ => continue,
        };
        let message = format!("`{shown}` matches nothing");
        problems.push(Problem::new(Code::WrongCondition, text.span(), message).help(help));
    }
}

/// Whether it is the beginning of an ID, as the docker CLI shows them.
fn is_short_id(text: &str) -> bool {
    !text.is_empty() && text.len() < ID_DIGITS && is_hexadecimal(text)
}

fn texts(
    property: &Property,
    written: &Spanned<DraftCondition>,
    problems: &mut Vec<Problem>,
) -> Option<Values> {
    let condition = Condition::read(written, problems)?;
    let help = match (&condition, property) {
        (Condition::Texts(_) | Condition::Expression(_), _)
        | (Condition::Any | Condition::Unused, Property::Label(_)) => {
            return Some(Values::Texts(condition));
        }
        (Condition::Any, Property::Owner) => return Some(Values::Texts(condition)),
        (_, Property::Label(_)) => {
            "write `= \"value\"`, `= [\"a\", \"b*\"]`, `= true` for any value, `= false` for none"
        }
        (_, Property::Name | Property::Id | Property::Image | Property::Owner) => {
            "write `= [\"a\", \"b*\"]` or `{ regex = \"…\" }`"
        }
    };
    problems
        .push(Problem::new(Code::WrongCondition, written.span(), "this is no condition for it").help(help));
    None
}

fn images(written: &Spanned<DraftCondition>, problems: &mut Vec<Problem>) -> Option<Values> {
    if let DraftCondition::Texts(texts) = written.get_ref() {
        let draft = Spanned::new(written.span(), DraftAspect::Texts(texts.clone()));
        return AspectSet::read(Aspect::Images, &draft, problems).map(Values::Images);
    }
    problems.push(
        Problem::new(Code::WrongCondition, written.span(), "this is no condition for images")
            .help("list them: `[\"ghcr.io/own/*\", \"alpine:3.*\"]`"),
    );
    None
}
