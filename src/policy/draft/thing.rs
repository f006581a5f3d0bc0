//! The right side of `container.label."x" = …`, `network.name = …` and the like.

use std::ops::Range;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::Conditioned;
use super::aspect::aspect_keys;
use super::value::{Reader, Unit};
use crate::operation::thing::ThingKind;

/// What is said of the things of one kind, as written.
#[derive(Clone, Debug)]
pub(in crate::policy) struct DraftThing {
    pub(in crate::policy) kind: ThingKind,
    /// `name`, `id`, `image`, `owner` and `label.KEY`, each with its condition.
    pub(in crate::policy) properties: Vec<Conditioned>,
}

/// The kinds of things that a rule can speak of.
pub(in crate::policy) const KINDS: [ThingKind; 9] = [
    ThingKind::Container,
    ThingKind::Image,
    ThingKind::Network,
    ThingKind::Volume,
    ThingKind::Service,
    ThingKind::Task,
    ThingKind::Secret,
    ThingKind::Config,
    ThingKind::Node,
];

impl Reader<'_> {
    /// What a rule says of things.
    pub(super) fn things(&mut self, rule: &DeTable<'_>) -> Vec<DraftThing> {
        let mut read = Vec::new();
        for (key, value) in rule {
            let Some(kind) = KINDS.into_iter().find(|kind| kind.as_str() == key.get_ref()) else { continue };
            if let Some(table) = value.get_ref().as_table() {
                let properties = self.properties(kind, table);
                read.push(DraftThing { kind, properties });
                continue;
            }
            let other = aspect_keys().find(|key| key.strip_suffix('s') == Some(kind.as_str()));
            let other = other.map(|key| format!("; or did you mean `{key}`?")).unwrap_or_default();
            let expected = format!("a table, as `{kind}.name = \"…\"`{other}");
            self.wrong_type(value, kind.as_str(), &expected);
        }
        read
    }

    fn properties(&mut self, kind: ThingKind, table: &DeTable<'_>) -> Vec<Conditioned> {
        let known = thing_keys(kind);
        self.known_keys(table, known, &format!("`{kind}`"));
        let mut read = Vec::new();
        for (name, value) in table.iter().filter(|(name, _)| known.contains(&name.get_ref().as_ref())) {
            if name.get_ref() == "label" {
                if let Some(labels) = self.table(value, &format!("{kind}.label")) {
                    self.labels(kind, "", labels, &mut read);
                }
            } else {
                self.property(kind, name.get_ref(), name.span(), value, &mut read);
            }
        }
        read
    }

    /// Labels have dots in their names, which may stand without quotes.
    fn labels(&mut self, kind: ThingKind, above: &str, table: &DeTable<'_>, read: &mut Vec<Conditioned>) {
        for (name, value) in table {
            let key = if above.is_empty() {
                name.get_ref().to_string()
            } else {
                format!("{above}.{}", name.get_ref())
            };
            match value.get_ref() {
                DeValue::Table(inner) if !inner.contains_key("regex") && !inner.is_empty() => {
                    self.labels(kind, &key, inner, read);
                }
                DeValue::Table(_)
                | DeValue::String(_)
                | DeValue::Integer(_)
                | DeValue::Float(_)
                | DeValue::Boolean(_)
                | DeValue::Datetime(_)
                | DeValue::Array(_) => {
                    self.property(kind, &format!("label.{key}"), name.span(), value, read);
                }
            }
        }
    }

    fn property(
        &mut self,
        kind: ThingKind,
        name: &str,
        span: Range<usize>,
        value: &Spanned<DeValue<'_>>,
        read: &mut Vec<Conditioned>,
    ) {
        if let Some(condition) = self.condition(kind.as_str(), name, value, Unit::One) {
            read.push((Spanned::new(span, name.to_owned()), Spanned::new(value.span(), condition)));
        }
    }
}

/// What can be said of a thing of this kind.
pub(in crate::policy) const fn thing_keys(kind: ThingKind) -> &'static [&'static str] {
    match kind {
        ThingKind::Container | ThingKind::Service => &["name", "id", "label", "owner", "image"],
        ThingKind::Exec
        | ThingKind::Image
        | ThingKind::Network
        | ThingKind::Volume
        | ThingKind::Task
        | ThingKind::Secret
        | ThingKind::Config
        | ThingKind::Node
        | ThingKind::Plugin
        | ThingKind::BuildCache
        | ThingKind::Daemon => &["name", "id", "label", "owner"],
    }
}
