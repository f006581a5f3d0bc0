//! The right side of `host_paths = …`, `images = …` and the like.

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::RULE_KEYS;
use super::condition::DraftCondition;
use super::value::{Reader, Unit};
use crate::operation::meaning::{Aspect, Resource};

/// What is said of one kind of meaning, as written.
#[derive(Clone, Debug)]
pub(in crate::policy) enum DraftAspect {
    /// `true`: any; `false`: none.
    Any(bool),
    /// A list of what it may be. Numbers are taken as their text.
    Texts(Vec<Spanned<String>>),
    /// `{ regex = "…" }`
    Regex(Spanned<String>),
    /// `{ read_write = […], read_only = […] }`
    Paths { read_write: Vec<Spanned<String>>, read_only: Vec<Spanned<String>> },
    /// Of a resource: numbers.
    Amount(DraftCondition),
}

/// The keys of `resources`.
pub(in crate::policy) const RESOURCES: [(&str, Resource, Unit); 4] = [
    ("memory", Resource::Memory, Unit::One),
    ("cpus", Resource::Cpus, Unit::Billionth),
    ("pids", Resource::Pids, Unit::One),
    ("shm", Resource::Shm, Unit::One),
];

/// The keys of a rule that are kinds of meanings.
pub(super) fn aspect_keys() -> impl Iterator<Item = &'static str> {
    Aspect::ALL.into_iter().filter(|aspect| !matches!(aspect, Aspect::Resource(_))).map(Aspect::as_str)
}

impl Reader<'_> {
    /// What a rule says of meanings.
    pub(super) fn aspects(&mut self, rule: &DeTable<'_>) -> Vec<(Aspect, Spanned<DraftAspect>)> {
        let mut read = Vec::new();
        for (key, value) in rule.iter().filter(|(key, _)| !RULE_KEYS.contains(&key.get_ref().as_ref())) {
            if let Some(aspect) = Aspect::ALL.into_iter().find(|aspect| aspect.as_str() == key.get_ref())
                && let Some(said) = self.aspect(aspect, value)
            {
                read.push((aspect, Spanned::new(value.span(), said)));
            }
        }
        let Some(resources) = rule.get("resources").and_then(|value| self.table(value, "resources")) else {
            return read;
        };
        let names: Vec<&'static str> = RESOURCES.iter().map(|(name, _, _)| *name).collect();
        self.known_keys(resources, &names, "`resources`");
        for (name, resource, unit) in RESOURCES {
            if let Some(value) = resources.get(name)
                && let Some(said) = self.condition("resources", name, value, unit)
            {
                let said = DraftAspect::Amount(said);
                read.push((Aspect::Resource(resource), Spanned::new(value.span(), said)));
            }
        }
        read
    }

    fn aspect(&mut self, aspect: Aspect, value: &Spanned<DeValue<'_>>) -> Option<DraftAspect> {
        let what = aspect.as_str();
        match value.get_ref() {
            DeValue::Boolean(any) => Some(DraftAspect::Any(*any)),
            DeValue::Table(table) if aspect == Aspect::HostPaths => {
                self.known_keys(table, &["read_write", "read_only"], "`host_paths`");
                let mut list =
                    |name: &str| table.get(name).map(|value| self.strings(value, name)).unwrap_or_default();
                let (read_write, read_only) = (list("read_write"), list("read_only"));
                Some(DraftAspect::Paths { read_write, read_only })
            }
            DeValue::Table(table) => {
                let reported = self.problems.len();
                self.known_keys(table, &["regex"], &format!("`{what}`"));
                let regex = table.get("regex").and_then(|value| self.string(value, "regex"));
                if regex.is_none() && self.problems.len() == reported {
                    self.wrong_type(value, what, "a list, or `{ regex = \"…\" }`");
                }
                regex.map(DraftAspect::Regex)
            }
            DeValue::String(_)
            | DeValue::Integer(_)
            | DeValue::Array(_)
            | DeValue::Float(_)
            | DeValue::Datetime(_) => {
                let texts = self.one_or_many(value, what, Reader::text_or_number);
                (!texts.is_empty()).then_some(DraftAspect::Texts(texts))
            }
        }
    }
}
