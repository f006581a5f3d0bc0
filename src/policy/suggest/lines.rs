//! The lines of a rule that grants a request and no more.

use std::collections::{BTreeMap, BTreeSet};

use super::push;
use super::toml_text::{self, quote};
use crate::operation::meaning::{Aspect, DEFAULT_BRIDGE, ImageRef, Meaning};
use crate::operation::thing::{Thing, ThingKind};
use crate::operation::{Json, Known, Operation, Understanding};
use crate::policy::aspect;
use crate::policy::condition::Condition;
use crate::policy::draft::Unit;
use crate::policy::pattern::escape;
use crate::policy::require;
use crate::policy::rule::{self, Rule, Shortfall};
use crate::policy::targets::{kind_judged, thing};

/// Lines of a rule, each once, and which of them admit more than was asked.
#[derive(Debug, Default)]
pub(super) struct Lines {
    /// The rest of the rule is of no use then.
    unguarded: bool,
    whole_body: bool,
    credentials: bool,
    aspects: BTreeMap<Aspect, String>,
    fields: BTreeMap<String, String>,
    parameters: BTreeMap<String, String>,
    requirements: Vec<String>,
    /// On things, for whom what is made is marked, and what is redacted.
    things: Vec<String>,
    wide: Vec<String>,
}

impl Lines {
    /// Takes over the restrictions of a rule; where the request breaks one, what it asks for takes its place.
    pub(super) fn keep(&mut self, rule: &Rule, operation: &Operation, understood: &Understanding) {
        self.whole_body = rule.grants.body;
        self.credentials = rule.grants.registry_credentials;
        let endpoint = operation.endpoint();
        for (name, condition) in &rule.conditions {
            if endpoint.parameter(name).is_none() {
                continue;
            }
            match operation.query().get(name).filter(|value| !condition.admits(value)) {
                Some(value) => self.parameter(name, toml_text::exact(value)),
                None => self.parameter(name, Some(condition.written(quote))),
            }
        }
        for field in rule.fields.iter().filter(|field| field.of(endpoint).is_some()) {
            match field.fails(operation) {
                Some(value) => {
                    let exact = toml_text::exact_json(value).filter(|_| field.is_single(operation));
                    self.field(&field.path, exact);
                }
                None => self.field(&field.path, Some(field.condition.written(quote))),
            }
        }
        let is_unseen = rule.unseen(operation).is_some();
        for (aspect, set) in &rule.aspects {
            if is_unseen && rule::inside(endpoint).contains(aspect) {
                // Whatever is listed, it is not known to be all.
                self.wide.push(aspect.as_str().to_owned());
                self.aspects.insert(*aspect, "true".to_owned());
                continue;
            }
            let mut meant = understood.uses().map(|one| &one.meaning).filter(|one| one.aspect() == *aspect);
            if meant.all(|one| set.admits(one)) {
                self.aspects.insert(*aspect, set.written(*aspect, quote));
            } else {
                self.aspect(*aspect, understood);
            }
        }
        let words: Vec<String> = rule.redaction.words().iter().map(|word| quote(word)).collect();
        self.things.extend(toml_text::list(&words).map(|words| format!("redact = {words}")));
        self.things.extend(rule.own.iter().map(|own| format!("own = {}", quote(own))));
        let made = operation.made().or_else(|| operation.renamed());
        let pulls_all_tags = operation.pulls_all_tags_of().is_some();
        for (kind, set) in &rule.things {
            let is_misnamed =
                |made: &&Thing<'_>| made.kind == *kind && (pulls_all_tags || !set.has_each_name(made));
            if let Some(made) = made.as_ref().filter(is_misnamed) {
                let names = self.names(made, operation);
                self.things.extend(set.lines_with(*kind, names.as_deref(), quote));
                continue;
            }
            let acted_on = rule.thing_shortfalls(operation).into_iter().filter_map(|shortfall| {
                if let Shortfall::Thing(reference) = shortfall { Some(reference) } else { None }
            });
            let broken = acted_on.filter(|reference| kind_judged(reference.kind) == *kind);
            // Of an image that is deleted or pushed other names are not asked for.
            let mut names = Vec::new();
            let found = broken.filter_map(|reference| match thing(operation, &reference) {
                Known::Is(found) => {
                    let at_stake = operation.names_at_stake(&reference, &found).unwrap_or_default();
                    let images = at_stake.iter().map(|name| Meaning::Image(ImageRef::read(name)));
                    names.extend(images.filter_map(|image| Some(quote(&aspect::item(&image)?))));
                    Some(quote(&escape(&found.id)))
                }
                Known::Missing | Known::Unclear | Known::Nothing => None,
            });
            let ids = found.collect::<Vec<_>>();
            self.things.extend(toml_text::list(&names).map(|names| format!("{kind}.name = {names}")));
            // What is not there has no ID, and whatever is made in its place must still be what the rule is for.
            match toml_text::list(&ids) {
                Some(ids) => self.things.push(format!("{kind}.id = {ids}")),
                None => self.things.extend(set.lines(*kind, quote)),
            }
        }
        let met = rule.requirements.iter().filter(|requirement| requirement.is_met(operation));
        self.requirements.extend(require::written(met, quote));
    }

    /// The names of what is made, as a list, and one of each thing of its kind that the request names besides.
    fn names(&mut self, made: &Thing<'_>, operation: &Operation) -> Option<String> {
        let item = |name: &str| {
            if made.kind == ThingKind::Image {
                aspect::item(&Meaning::Image(ImageRef::read(name)))
            } else {
                Some(escape(name))
            }
        };
        let mut items: Vec<Option<String>> = match operation.pulls_all_tags_of() {
            Some(repository) => vec![aspect::item(&Meaning::Image(repository))],
            None => made.names.iter().map(|name| item(name)).collect(),
        };
        let taken = operation.taken_names();
        let others = operation.references().into_iter().filter(|other| !taken.contains(other));
        for other in others.filter(|other| kind_judged(other.kind) == made.kind) {
            if let Known::Is(found) = thing(operation, &other) {
                items.extend(found.names.first().map(|name| item(name)));
            }
        }
        let items: Option<BTreeSet<String>> = items.into_iter().collect();
        if items.is_none() {
            self.wide.push(format!("{}.name", made.kind));
        }
        let items = items.unwrap_or_else(|| BTreeSet::from(["*".to_owned()]));
        toml_text::list(&items.iter().map(|item| quote(item)).collect::<Vec<_>>())
    }

    /// Grants what a rule lacks.
    pub(super) fn grant(&mut self, lacking: &[Shortfall], understood: &Understanding, rule: &Rule) {
        let mut several: BTreeMap<&str, Vec<&Json>> = BTreeMap::new();
        let mut aspects = BTreeSet::new();
        for shortfall in lacking {
            match shortfall {
                Shortfall::Grant { parameter, value, .. } => {
                    self.parameter(parameter.name, toml_text::exact(value));
                }
                Shortfall::Credentials => self.credentials = true,
                Shortfall::Inside(meant) => {
                    aspects.insert(meant.meaning.aspect());
                }
                Shortfall::Body { .. } => self.whole_body = true,
                Shortfall::Field(field) if !field.known => self.unguarded = true,
                Shortfall::Field(field) => {
                    let means = field
                        .means
                        .as_deref()
                        .filter(|means| means.iter().all(|one| aspect::item(&one.meaning).is_some()));
                    match means {
                        Some(means) => {
                            let kinds = means.iter().map(|one| one.meaning.aspect());
                            aspects.extend(kinds.filter(|aspect| !rule.aspects.contains_key(aspect)));
                        }
                        None => several.entry(&field.path).or_default().push(&field.value),
                    }
                }
                Shortfall::Condition { .. }
                | Shortfall::FieldCondition { .. }
                | Shortfall::Meaning(_)
                | Shortfall::Unknown(_)
                | Shortfall::AllTags(_)
                | Shortfall::Thing(_)
                | Shortfall::Made(_)
                | Shortfall::Prune(_)
                | Shortfall::ReservedLabel { .. }
                | Shortfall::Unseen(_)
                | Shortfall::Requirement(_) => {}
            }
        }
        for aspect in aspects {
            self.aspect(aspect, understood);
        }
        for (path, values) in several {
            match values.as_slice() {
                [only] => self.field(path, toml_text::exact_json(only)),
                _ => self.field(path, None),
            }
        }
    }

    /// Where lines are added to a rule that listed no networks: it goes on to admit what was admitted without any.
    pub(super) fn keep_bridge(&mut self, rule: &Rule, understood: &Understanding) {
        let Some(networks) = self.aspects.get_mut(&Aspect::Networks) else { return };
        if rule.aspects.contains_key(&Aspect::Networks) || self.wide.iter().any(|wide| wide == "networks") {
            return;
        }
        let meant = understood.uses().map(|one| &one.meaning).filter(|one| one.aspect() == Aspect::Networks);
        let bridge = Meaning::Network(DEFAULT_BRIDGE.to_owned());
        let items: BTreeSet<String> =
            meant.chain([&bridge]).filter_map(aspect::item).map(|item| quote(&item)).collect();
        let items: Vec<String> = items.into_iter().collect();
        if let Some(list) = toml_text::list(&items) {
            *networks = list;
        }
    }

    /// Everything of this kind that is meant.
    fn aspect(&mut self, aspect: Aspect, understood: &Understanding) {
        let meant: Vec<&Meaning> =
            understood.uses().map(|one| &one.meaning).filter(|one| one.aspect() == aspect).collect();
        let items = |wanted: &dyn Fn(&Meaning) -> bool| {
            let items: Option<Vec<String>> =
                meant.iter().filter(|one| wanted(one)).map(|one| aspect::item(one)).collect();
            let mut quoted: Vec<String> = items?.iter().map(|item| quote(item)).collect();
            quoted.sort();
            quoted.dedup();
            Some(quoted)
        };
        let is_read_only = |one: &Meaning| matches!(one, Meaning::HostPath(host) if host.read_only);
        let written = match (items(&|one| !is_read_only(one)), items(&is_read_only)) {
            (Some(written), Some(read)) if read.is_empty() => toml_text::list(&written),
            (Some(written), Some(read)) if written.is_empty() => {
                toml_text::list(&read).map(|read| format!("{{ read_only = {read} }}"))
            }
            (Some(written), Some(read)) => toml_text::list(&written)
                .zip(toml_text::list(&read))
                .map(|(written, read)| format!("{{ read_write = {written}, read_only = {read} }}")),
            _ => None,
        };
        let written = written.or_else(|| amounts(&meant));
        if written.is_none() {
            self.wide.push(aspect.as_str().to_owned());
        }
        self.aspects.insert(aspect, written.unwrap_or_else(|| "true".to_owned()));
    }

    fn field(&mut self, path: &str, condition: Option<String>) {
        let condition = self.or_any(path, condition);
        self.fields.insert(path.to_owned(), condition);
    }

    fn parameter(&mut self, name: &str, condition: Option<String>) {
        let condition = self.or_any(name, condition);
        self.parameters.insert(name.to_owned(), condition);
    }

    fn or_any(&mut self, name: &str, condition: Option<String>) -> String {
        condition.unwrap_or_else(|| {
            self.wide.push(name.to_owned());
            "true".to_owned()
        })
    }

    /// The lines; what there is to know of them is added to the message.
    pub(super) fn written(&self, message: &mut String) -> String {
        let mut text = String::new();
        if self.unguarded {
            text.push_str("unguarded = true\n");
            message.push_str(
                "\nThe line `unguarded = true` below grants whatever is guarded of this operation, known to dockgate or \
                 not: add it only for clients that you would give root on the host.",
            );
        } else if self.whole_body {
            text.push_str("body = true\n");
        }
        if self.credentials && !self.unguarded {
            text.push_str("registry_credentials = true\n");
        }
        for (aspect, set) in &self.aspects {
            push(&mut text, format_args!("{aspect} = {set}\n"));
        }
        for (path, condition) in self.fields.iter().filter(|_| !self.whole_body) {
            let is_needless = self.unguarded && condition == "true";
            if !is_needless {
                push(&mut text, format_args!("body.{} = {condition}\n", toml_text::key(path)));
            }
        }
        for (name, condition) in &self.parameters {
            push(&mut text, format_args!("query.{} = {condition}\n", toml_text::key(name)));
        }
        for line in &self.things {
            push(&mut text, format_args!("{line}\n"));
        }
        for requirement in &self.requirements {
            push(&mut text, format_args!("require.{requirement}\n"));
        }
        let is_shown = |name: &&String| !self.unguarded || !self.fields.contains_key(*name);
        for name in self.wide.iter().filter(is_shown) {
            push(message, format_args!("\nThe line for {name} below admits any value."));
        }
        text
    }
}

/// Amounts as a ceiling, which is what was meant by whoever set one.
fn amounts(meant: &[&Meaning]) -> Option<String> {
    let amount = |one: &&Meaning| if let Meaning::Amount(_, amount) = one { Some(*amount) } else { None };
    let amounts: Option<Vec<i64>> = meant.iter().map(amount).collect();
    let amounts = amounts?;
    let (low, high) = (*amounts.iter().min()?, *amounts.iter().max()?);
    let unit = Unit::of(meant.first()?.aspect());
    Some(Condition::Numbers(vec![(low.min(0), high)]).written_in(unit, quote))
}
