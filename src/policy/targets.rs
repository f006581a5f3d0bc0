//! Judging the things that an operation acts on, and what of its answer a client gets to see.

use std::collections::BTreeSet;

use super::Policy;
use super::rule::{Rule, Shortfall};
use super::selection::Paths;
use super::terms::{Showing, Terms};
use super::things::ThingSet;
use crate::operation::answer::listed_kind;
use crate::operation::meaning::{ImageRef, Meaning, is_hexadecimal, is_network_id, may_be_id};
use crate::operation::redaction::Redaction;
use crate::operation::table::{self, Endpoint};
use crate::operation::thing::{Thing, ThingKind, owner_label};
use crate::operation::{Known, Operation, Reference, kinds_named};

/// How an operation meets things.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reach {
    /// It acts on those that it names.
    Named,
    /// Its answer shows those that there are.
    Shows,
    /// It deletes those of this kind that are not used.
    Prunes(ThingKind),
}

/// How the operation of an endpoint meets things.
pub(super) fn reach(endpoint: &Endpoint) -> Reach {
    match endpoint.id {
        "ContainerList" | "ImageList" | "NetworkList" | "VolumeList" | "ServiceList" | "TaskList"
        | "SecretList" | "ConfigList" | "NodeList" | "SystemDataUsage" | "SystemEvents" => Reach::Shows,
        "ContainerPrune" => Reach::Prunes(ThingKind::Container),
        "ImagePrune" => Reach::Prunes(ThingKind::Image),
        "NetworkPrune" => Reach::Prunes(ThingKind::Network),
        "VolumePrune" => Reach::Prunes(ThingKind::Volume),
        _ => Reach::Named,
    }
}

/// The kinds of things that conditions on them look at for an endpoint: what its path names, its answer shows, or it prunes.
#[must_use]
pub fn things_met(endpoint: &Endpoint) -> BTreeSet<ThingKind> {
    let pruned = if let Reach::Prunes(kind) = reach(endpoint) { Some(kind) } else { None };
    kinds_named(endpoint).chain(listed_kind(endpoint)).chain(pruned).map(kind_judged).collect()
}

/// The endpoints that show things of a kind: a client that may ask one of these may know that the thing is there.
fn showing(kind: ThingKind) -> &'static [&'static str] {
    match kind {
        ThingKind::Container | ThingKind::Exec => &["ContainerInspect", "ContainerList"],
        ThingKind::Image => &["ImageInspect", "ImageList"],
        ThingKind::Network => &["NetworkInspect", "NetworkList"],
        ThingKind::Volume => &["VolumeInspect", "VolumeList"],
        ThingKind::Service => &["ServiceInspect", "ServiceList"],
        ThingKind::Task => &["TaskInspect", "TaskList"],
        ThingKind::Secret => &["SecretInspect", "SecretList"],
        ThingKind::Config => &["ConfigInspect", "ConfigList"],
        ThingKind::Node => &["NodeInspect", "NodeList"],
        ThingKind::Plugin | ThingKind::BuildCache | ThingKind::Daemon => &[],
    }
}

impl Rule {
    /// As an allow rule: what of the things that the operation acts on, or makes, is not among those it speaks of.
    pub(super) fn thing_shortfalls(&self, operation: &Operation) -> Vec<Shortfall> {
        let mut shortfalls = Vec::new();
        for label in operation.reserved_labels() {
            if self.own.is_none() || label.owner != self.own {
                shortfalls.push(Shortfall::ReservedLabel { place: label.place });
            }
        }
        match reach(operation.endpoint()) {
            Reach::Prunes(kind) => {
                if self.things.get(&kind).is_some_and(|set| set.label_filters(kind).is_none()) {
                    shortfalls.push(Shortfall::Prune(kind));
                }
                return shortfalls;
            }
            // A list names things in its filters.
            Reach::Named | Reach::Shows => {}
        }
        if self.things.is_empty() {
            return shortfalls;
        }
        let taken: BTreeSet<Reference> = operation.taken_names().into_iter().collect();
        for reference in operation.references() {
            let Some(set) = self.things.get(&kind_judged(reference.kind)) else { continue };
            match thing(operation, &reference) {
                Known::Is(_) if operation.means_all_tags(&reference) => {
                    shortfalls.push(Shortfall::AllTags(reference));
                }
                Known::Is(thing) if is_meant(set, operation, &reference, &thing) => {}
                // What is made is judged below.
                Known::Missing | Known::Unclear if taken.contains(&reference) => {}
                Known::Is(_) | Known::Missing | Known::Unclear => {
                    shortfalls.push(Shortfall::Thing(reference));
                }
                Known::Nothing => shortfalls.push(Shortfall::Unknown(reference)),
            }
        }
        if !self.things.contains_key(&ThingKind::Container) {
            let unseen = self.things.keys().flat_map(|kind| unseen_on_the_way(*kind, operation));
            shortfalls.extend(unseen.map(Shortfall::Unknown));
        }
        if let Some(mut made) = operation.made() {
            let label = owner_label(made.kind);
            if let Some(own) = &self.own {
                made.labels.retain(|(key, _)| *key != *label);
                made.labels.push((label.into(), own.as_str().into()));
            }
            match (self.things.get(&made.kind), operation.pulls_all_tags_of()) {
                (Some(set), _) if !set.contains_by_each_name(&made) => {
                    shortfalls.push(Shortfall::Made(made.kind));
                }
                (Some(set), Some(repository)) if !set.contains_each_tag(&made, &repository) => {
                    let asked = Reference::new(ThingKind::Image, &repository.to_string());
                    shortfalls.push(Shortfall::AllTags(asked));
                }
                (_, _) => {}
            }
        }
        if let Some(renamed) = operation.renamed()
            && self.things.get(&renamed.kind).is_some_and(|set| !set.contains(&renamed))
        {
            shortfalls.push(Shortfall::Made(renamed.kind));
        }
        shortfalls
    }

    /// As an allow rule that has an endpoint which shows things: whether one of the paths that it has is that of this thing,
    /// by whatever it is called.
    fn leads_to(&self, endpoint: &Endpoint, thing: &Thing) -> bool {
        let Some(paths) = self.selection.paths(endpoint) else { return false };
        if !endpoint.template.contains('{') {
            return paths.contain(endpoint.template);
        }
        let names = || thing.names.iter().map(|name| &**name);
        let is_path = |name: &str| {
            let path = Reference::new(thing.kind, name).path();
            matches!(paths, Paths::All) || path.is_some_and(|path| paths.contain(&path))
        };
        let admits =
            |meaning: Meaning| self.aspects.get(&meaning.aspect()).is_none_or(|set| set.admits(&meaning));
        let is_admitted = |name: &str| {
            if thing.kind == ThingKind::Network {
                admits(Meaning::Network(name.to_owned()))
            } else if thing.kind == ThingKind::Volume {
                admits(Meaning::Volume(name.to_owned()))
            } else {
                true
            }
        };
        names().chain([&*thing.id]).any(is_path) && names().all(is_admitted)
    }

    /// As a forbid rule: whether the things strike that the operation acts on or makes. Of each kind that the rule
    /// speaks of there must be one. An answer that shows things is not refused, but shows fewer.
    pub(super) fn things_strike(&self, operation: &Operation) -> bool {
        if self.things.is_empty() {
            return true;
        }
        match reach(operation.endpoint()) {
            Reach::Shows => return false,
            // The daemon cannot be told to leave all of several sets of things out.
            Reach::Prunes(kind) => return self.things.contains_key(&kind),
            Reach::Named => {}
        }
        let references = operation.references();
        let taken: BTreeSet<Reference> = operation.taken_names().into_iter().collect();
        let made = operation.made().or_else(|| operation.renamed());
        let all_tags_of = operation.pulls_all_tags_of();
        self.things.iter().all(|(kind, set)| {
            let is_among = |made: &Thing| match &all_tags_of {
                Some(repository) => set.may_contain_some_tag(made, repository),
                None => set.may_contain(made),
            };
            let is_made = made.as_ref().is_some_and(|made| made.kind == *kind && is_among(made));
            is_made
                || (*kind == ThingKind::Image && operation.loads_images())
                || !unseen_on_the_way(*kind, operation).is_empty()
                || references
                    .iter()
                    .filter(|reference| kind_judged(reference.kind) == *kind)
                    .any(|reference| may_be_one(set, operation, reference, taken.contains(reference)))
        })
    }
}

impl Policy {
    /// The first thing that the operation acts on and that this client may not know to be there, or that is not there:
    /// both get the same answer. Only rules are looked at that speak of things of its kind.
    pub(super) fn hidden(
        &self,
        candidates: &[&Rule],
        clients: &BTreeSet<usize>,
        operation: &Operation,
    ) -> Option<Reference> {
        if matches!(reach(operation.endpoint()), Reach::Prunes(_)) {
            return None;
        }
        let speaks = |kind: ThingKind| candidates.iter().any(|rule| rule.things.contains_key(&kind));
        let kinds_beyond = [ThingKind::Volume, ThingKind::Network].into_iter().filter(|kind| speaks(*kind));
        let on_the_way: BTreeSet<Reference> =
            kinds_beyond.flat_map(|kind| unseen_on_the_way(kind, operation)).collect();
        let taken: BTreeSet<Reference> = operation.taken_names().into_iter().collect();
        operation.references().into_iter().find(|reference| {
            let kind = kind_judged(reference.kind);
            // That a name is taken cannot be hidden from whoever asks to have it.
            (speaks(kind) || on_the_way.contains(reference))
                && !taken.contains(reference)
                && match thing(operation, reference) {
                    Known::Is(thing) => !self.may_know(kind, &thing, clients),
                    Known::Missing | Known::Unclear => true,
                    Known::Nothing => false,
                }
        })
    }

    fn may_know(&self, kind: ThingKind, thing: &Thing, clients: &BTreeSet<usize>) -> bool {
        self.shows_by(kind, thing, clients, |_| true)
    }

    /// The first thing of which the operation's refusal would tell more than the request says, and than this client may
    /// see of it.
    pub(super) fn untold(&self, clients: &BTreeSet<usize>, operation: &Operation) -> Option<Reference> {
        let is_untold = |(reference, thing): &(Reference, Thing<'_>)| {
            !self.shows_by(reference.kind, thing, clients, |rule| rule.redaction.tells_paths())
        };
        operation.seen_through().into_iter().find(is_untold).map(|(reference, _)| reference)
    }

    /// Whether the client may see a thing by some of these rules.
    fn shows_by(
        &self,
        kind: ThingKind,
        thing: &Thing,
        clients: &BTreeSet<usize>,
        by: impl Fn(&Rule) -> bool,
    ) -> bool {
        let endpoints = table::endpoints().filter(|endpoint| showing(kind).contains(&endpoint.id));
        endpoints.into_iter().any(|endpoint| {
            let (allow, forbid) = self.rules_for(clients, endpoint);
            let shows = |rule: &&Rule| {
                by(rule)
                    && rule.things.get(&kind).is_none_or(|set| set.contains(thing))
                    && rule.leads_to(endpoint, thing)
            };
            let hides = |rule: &&Rule| match rule.things.get(&kind) {
                Some(set) => set.may_contain(thing),
                None => rule.is_unconditional(),
            };
            allow.iter().any(shows) && !forbid.iter().any(hides)
        })
    }
}

/// Which things the daemon must be asked about before the operation can be judged, given what is known so far.
pub(super) fn asked_about(rules: &[&Rule], operation: &Operation) -> BTreeSet<Reference> {
    let speak_of_none = rules.iter().all(|rule| rule.things.is_empty());
    if speak_of_none || matches!(reach(operation.endpoint()), Reach::Prunes(_)) {
        return BTreeSet::new();
    }
    let is_spoken_of = |kind: ThingKind| rules.iter().any(|rule| rule.things.contains_key(&kind));
    let mut asked = BTreeSet::new();
    let volumes_from: BTreeSet<Reference> = operation.volumes_from().into_iter().collect();
    for reference in operation.references() {
        let leads_to_networks = operation.starts_container() && is_spoken_of(ThingKind::Network);
        let leads_to_volumes = is_spoken_of(ThingKind::Volume) && volumes_from.contains(&reference);
        if !is_spoken_of(kind_judged(reference.kind)) && !leads_to_networks && !leads_to_volumes {
            continue;
        }
        match (operation.known(&reference), reference.kind) {
            (Known::Nothing, _) => {
                asked.insert(reference);
            }
            (Known::Is(exec), ThingKind::Exec) => {
                let container =
                    Reference::new(ThingKind::Container, exec.owner.as_deref().unwrap_or_default());
                if operation.known(&container) == Known::Nothing {
                    asked.insert(container);
                }
            }
            (Known::Is(_) | Known::Missing | Known::Unclear, _) => {}
        }
    }
    asked
}

/// What of the answer the client gets to see, where these rules grant the operation: of lists and events; and of what
/// shows others beside itself.
pub(super) fn terms(granting: &[&Rule], forbidding: &[&Rule], operation: &Operation) -> Terms {
    let mut redaction = Redaction::default();
    if granting.iter().all(|rule| !rule.redaction.is_empty()) {
        for rule in granting {
            redaction.join(&rule.redaction);
        }
    }
    // A network shows who is on it, an image who uses it, its history what others are made of the same layers.
    let shows_others = matches!(operation.endpoint().id, "NetworkInspect" | "ImageInspect" | "ImageHistory");
    if reach(operation.endpoint()) != Reach::Shows && !shows_others {
        return Terms { redaction, ..Terms::default() };
    }
    let shows_all = |rule: &&Rule| rule.things.is_empty();
    let is_whole = granting.iter().any(|rule| shows_all(rule) && rule.redaction.is_empty());
    let kind = listed_kind(operation.endpoint());
    let showing =
        |rule: &&Rule| Showing { kind, sets: rule.things.clone(), redaction: rule.redaction.clone() };
    let hidden = forbidding.iter().map(|rule| rule.things.clone()).collect();
    // Where the rules tell no thing from another, neither need the answer.
    if is_whole || granting.iter().all(shows_all) {
        return Terms { hidden, redaction, ..Terms::default() };
    }
    Terms { shown: Some(granting.iter().map(showing).collect()), hidden, redaction, limit: None }
}

/// Whether a thing that is acted on is among these; an image that is deleted or pushed by each name that this is about.
fn is_meant(set: &ThingSet, operation: &Operation, reference: &Reference, thing: &Thing<'_>) -> bool {
    match operation.names_at_stake(reference, thing) {
        Some(names) => set.contains_by_each_name(&Thing { names, ..thing.clone() }),
        None => set.contains(thing),
    }
}

/// Whether what an operation refers to may be one of these, now or a moment later. Where the name is taken for what is made,
/// nothing else comes by it.
fn may_be_one(set: &ThingSet, operation: &Operation, reference: &Reference, is_taken: bool) -> bool {
    // Of further tags nothing is known, whether or not there is the one that was asked about.
    if operation.means_all_tags(reference) {
        return true;
    }
    match thing(operation, reference) {
        Known::Is(thing) => set.may_contain(&thing),
        // What is not known may be one.
        Known::Nothing => true,
        Known::Unclear if !is_taken => true,
        // What is not there the daemon may have a moment later, by an ID that begins so.
        Known::Missing if !is_taken && may_begin_id(operation, reference) => true,
        Known::Missing | Known::Unclear => {
            let has_more = !is_taken && !takes_what_is_missing(operation, reference.kind);
            let may_be = |name: &str| set.may_contain_one_called(name, has_more);
            may_be(&reference.name) || operation.new_name().is_some_and(may_be)
        }
    }
}

/// The containers whose volumes or networks the operation is about, and of which it is not known what they are, or will be a
/// moment later: volumes that are taken over, networks that one is put into when it is started.
fn unseen_on_the_way(kind: ThingKind, operation: &Operation) -> Vec<Reference> {
    let mut containers = if kind == ThingKind::Volume {
        operation.volumes_from()
    } else if kind == ThingKind::Network && operation.starts_container() {
        operation.references()
    } else {
        Vec::new()
    };
    containers
        .retain(|one| one.kind == ThingKind::Container && !matches!(operation.known(one), Known::Is(_)));
    containers
}

/// Whether the operation names things of this kind that need not be there: a volume that is mounted is made, and the network of
/// a container looked for when that is started, which Swarm may have to bring to this node first.
fn takes_what_is_missing(operation: &Operation, kind: ThingKind) -> bool {
    let endpoint = operation.endpoint();
    let joins_later = || endpoint.id == "ContainerCreate" || operation.starts_container();
    (kind == ThingKind::Volume && kinds_named(endpoint).all(|named| named != kind))
        || (kind == ThingKind::Network && joins_later())
}

/// Whether a thing is called by what may be its ID, or the beginning of that, whatever its name is. Of a network that is joined
/// later only what is written as an ID, since its name may be all letters and digits, and need not be there yet.
fn may_begin_id(operation: &Operation, reference: &Reference) -> bool {
    match reference.kind {
        ThingKind::Container => is_hexadecimal(&reference.name),
        ThingKind::Network if takes_what_is_missing(operation, ThingKind::Network) => {
            is_network_id(&reference.name)
        }
        ThingKind::Image => matches!(ImageRef::read(&reference.name), ImageRef::Id(_)),
        ThingKind::Network
        | ThingKind::Service
        | ThingKind::Task
        | ThingKind::Secret
        | ThingKind::Config
        | ThingKind::Node => may_be_id(&reference.name),
        ThingKind::Exec
        | ThingKind::Volume
        | ThingKind::Plugin
        | ThingKind::BuildCache
        | ThingKind::Daemon => false,
    }
}

/// As what a thing is judged: an exec instance as its container.
pub(super) fn kind_judged(kind: ThingKind) -> ThingKind {
    if kind == ThingKind::Exec { ThingKind::Container } else { kind }
}

/// What is known of a thing, as what it is judged.
pub(super) fn thing<'a>(operation: &'a Operation, reference: &Reference) -> Known<'a> {
    match (operation.known(reference), reference.kind) {
        (Known::Is(exec), ThingKind::Exec) => {
            operation.known(&Reference::new(ThingKind::Container, exec.owner.as_deref().unwrap_or_default()))
        }
        (known, _) => known,
    }
}
