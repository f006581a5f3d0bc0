//! One rule of the policy: its meaning, and what it says of a single request.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::ops::Range;

use super::aspect::AspectSet;
use super::body::FieldCondition;
use super::condition::Condition;
use super::require::Requirement;
use super::selection::Selection;
use super::targets::kind_judged;
use super::things::ThingSet;
use crate::operation::field::UsedField;
use crate::operation::meaning::{Aspect, Meaning, Reading, Use};
use crate::operation::redaction::Redaction;
use crate::operation::table::{BodyKind, Endpoint, Guard, Identifier, Parameter};
use crate::operation::thing::ThingKind;
use crate::operation::{Json, Operation, Reference, Understanding, UsedParameter, Value};

/// What the archive in the body of a request can say: a Dockerfile, for which no daemon asks leave, an upload, and images.
pub(super) fn inside(endpoint: &Endpoint) -> &'static [Aspect] {
    match endpoint.id {
        "ImageBuild" => &[Aspect::Instructions, Aspect::Images, Aspect::Remotes],
        "PutContainerArchive" => &[Aspect::ContainerPaths],
        "ImageLoad" => &[Aspect::Images],
        _ => &[],
    }
}

/// An allow rule or a forbid rule.
#[derive(Clone, Debug)]
pub(super) struct Rule {
    pub(super) name: RuleName,
    /// Its header in the file.
    pub(super) span: Range<usize>,
    /// The line of that, counted from 1.
    pub(super) line: u32,
    /// Places in the policy's list of clients; without them it is for everyone.
    pub(super) clients: Option<BTreeSet<usize>>,
    pub(super) selection: Selection,
    /// On query parameters.
    pub(super) conditions: BTreeMap<&'static str, Condition>,
    /// On fields of bodies.
    pub(super) fields: Vec<FieldCondition>,
    /// On what is meant, whatever says it.
    pub(super) aspects: BTreeMap<Aspect, AspectSet>,
    /// On the things that are acted on.
    pub(super) things: BTreeMap<ThingKind, ThingSet>,
    /// What is kept back of answers. Nothing, in a forbid rule.
    pub(super) redaction: Redaction,
    /// For whom what is made is marked. Never in a forbid rule.
    pub(super) own: Option<String>,
    /// What must be set. Always empty in a forbid rule.
    pub(super) requirements: Vec<Requirement>,
    /// What it grants as a whole.
    pub(super) grants: Grants,
    pub(super) reason: Option<String>,
    /// Whether lines such as `query.PARAM = …` can be added under its header.
    pub(super) takes_lines: bool,
    /// Whether the policy asks for whom things were made, so that what this rule lets a client make may bear no mark that
    /// dockgate did not set.
    pub(super) keeps_marks: bool,
}

/// What an allow rule grants as a whole. Nothing, in a forbid rule.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Grants {
    /// What is guarded in bodies, as far as it is known.
    pub(super) body: bool,
    /// The credentials for registries that a build brings.
    pub(super) registry_credentials: bool,
    /// Whatever is guarded.
    pub(super) everything: bool,
}

/// What a rule is called in messages and records. Rules without a name go by their line.
///
/// The order is that in which one of several rules is named: it does not hang on where a rule with a
/// name stands in the file.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum RuleName {
    Named(String),
    AtLine(usize),
}

/// What an allow rule lacks to grant a request.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Shortfall {
    /// A guarded parameter is used, and the rule does not grant it.
    Grant { parameter: &'static Parameter, guard: &'static str, value: Value, means: Option<Vec<Use>> },
    /// Credentials for registries are brought, and the rule does not grant that.
    Credentials,
    /// The body is guarded as a whole, and the rule does not grant it.
    Body { guard: &'static str },
    /// A guarded field of the body is used, and the rule does not grant it.
    Field(LackingField),
    /// A parameter has a value that the rule's condition does not admit.
    Condition { parameter: &'static Parameter, value: Value },
    /// A field has a value that the rule's condition does not admit.
    FieldCondition { path: String, value: Json },
    /// Something is meant that the rule does not admit.
    Meaning(Use),
    /// A build's Dockerfile has the daemon do something that is guarded elsewhere, and the rule does not grant it.
    Inside(Use),
    /// The daemon was not asked what something is, and the rule says what it may be.
    Unknown(Reference),
    /// A thing that is acted on is not among those that the rule speaks of, or is not there.
    Thing(Reference),
    /// An image is named without a tag where that stands for all its tags.
    AllTags(Reference),
    /// The thing that is made is not among those that the rule speaks of.
    Made(ThingKind),
    /// The daemon cannot be told to prune only what the rule speaks of.
    Prune(ThingKind),
    /// A label is set that only dockgate may set.
    ReservedLabel { place: String },
    /// It is not known what a build takes from outside, and the rule says what it may; in words, why.
    Unseen(String),
    /// Something is not set that the rule requires; in words.
    Requirement(String),
}

/// A guarded field that is used and not granted.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct LackingField {
    pub(super) path: String,
    pub(super) place: String,
    pub(super) guard: &'static str,
    pub(super) known: bool,
    pub(super) value: Json,
    /// What it means, if that is all that it says.
    pub(super) means: Option<Vec<Use>>,
}

/// What an allow rule admits of one parameter.
pub(super) enum Admission<'r> {
    /// Whatever is sent.
    Anything,
    /// Only zero values, and what the table knows to be harmless: it is guarded.
    Zero { harmless: &'static [&'static str] },
    /// What the condition admits.
    If(&'r Condition),
}

impl Rule {
    /// A rule that says nothing.
    pub(super) fn blank() -> Self {
        Self {
            name: RuleName::AtLine(0),
            span: 0..0,
            line: 0,
            clients: None,
            selection: Selection::default(),
            conditions: BTreeMap::new(),
            fields: Vec::new(),
            aspects: BTreeMap::new(),
            things: BTreeMap::new(),
            redaction: Redaction::default(),
            own: None,
            requirements: Vec::new(),
            grants: Grants::default(),
            reason: None,
            takes_lines: true,
            keeps_marks: false,
        }
    }

    /// Whether the rule is for one of these clients.
    pub(super) fn is_for(&self, clients: &BTreeSet<usize>) -> bool {
        self.clients.as_ref().is_none_or(|mine| !mine.is_disjoint(clients))
    }

    /// As an allow rule: whether it must be known what the archive of such a request says.
    pub(super) fn looks_inside(&self, endpoint: &Endpoint) -> bool {
        inside(endpoint)
            .iter()
            .any(|aspect| self.aspects.get(aspect).is_some_and(|set| *set != AspectSet::Any))
    }

    /// As an allow rule: whether its archive is looked into, also where only its marks count.
    pub(super) fn opens(&self, endpoint: &Endpoint) -> bool {
        self.looks_inside(endpoint) || (self.keeps_marks && endpoint.id == "ImageBuild")
    }

    /// As an allow rule: why it is not known what the archive says, where that must be known. Who may have
    /// the daemon fetch a whole context is not asked what else is fetched for it, but which images it names.
    pub(super) fn unseen(&self, operation: &Operation) -> Option<String> {
        let is_fetched = operation.query().get("remote").is_some_and(|remote| !remote.is_zero());
        let must_be_known = self.looks_inside(operation.endpoint())
            && (!is_fetched || self.aspects.contains_key(&Aspect::Images));
        let may_mark = self.keeps_marks && operation.leaves_steps();
        let may_name = operation.loads_images() && self.things.contains_key(&ThingKind::Image);
        operation.unseen().filter(|_| must_be_known || may_mark || may_name)
    }

    /// As a forbid rule: whether it must be known.
    pub(super) fn strikes_inside(&self, endpoint: &Endpoint) -> bool {
        inside(endpoint).iter().any(|aspect| self.aspects.contains_key(aspect))
    }

    /// Whether it asks for whom something was made.
    pub(super) fn speaks_of_owners(&self) -> bool {
        self.things.values().any(ThingSet::speaks_of_owners)
    }

    /// Whether the daemon may have to be asked what something is, before it can be told what the rule says of it.
    pub(super) fn asks(&self, endpoint: &Endpoint, forbids: bool) -> bool {
        !self.things.is_empty()
            || self.aspects.contains_key(&Aspect::HostPaths)
            || self.asks_for_networks(endpoint, forbids)
            || (forbids && self.asks_for_joined())
    }

    /// As a forbid rule: whether the daemon must be asked what a container is called whose namespace is joined.
    pub(super) fn asks_for_joined(&self) -> bool {
        self.aspects.contains_key(&Aspect::Namespaces)
    }

    /// Whether the daemon must be asked which network goes by what may be an ID. Allow rules admit what they name, but for
    /// what a path names, which may be the beginning of another's ID, and the host's own, which a service can have by its ID.
    pub(super) fn asks_for_networks(&self, endpoint: &Endpoint, forbids: bool) -> bool {
        let may_have_host = matches!(endpoint.id, "ServiceCreate" | "ServiceUpdate");
        let networks = self.aspects.get(&Aspect::Networks);
        let speaks = networks.is_some();
        let is_bounded = networks.is_some_and(|set| *set != AspectSet::Any);
        (forbids && speaks)
            || (is_bounded && endpoint.identifiers.contains(&Identifier::Network))
            || (may_have_host
                && (speaks
                    || self.aspects.contains_key(&Aspect::Namespaces)
                    || self.things.contains_key(&ThingKind::Network)))
    }

    /// As an allow rule: what it admits of a parameter.
    pub(super) fn admission(&self, parameter: &Parameter) -> Admission<'_> {
        match (self.conditions.get(parameter.name), parameter.guard) {
            (Some(condition), _) => Admission::If(condition),
            (None, Guard::Guarded(_)) if !self.grants.everything => {
                Admission::Zero { harmless: parameter.harmless }
            }
            (None, Guard::Plain | Guard::Guarded(_)) => Admission::Anything,
        }
    }

    /// As an allow rule for the operation's endpoint: everything that it lacks to grant the request.
    pub(super) fn shortfalls(&self, operation: &Operation, understood: &Understanding) -> Vec<Shortfall> {
        let mut shortfalls = Vec::new();
        for (parameter, value) in operation.query().iter() {
            if let Some(condition) = self.conditions.get(parameter.name).filter(|c| !c.admits(value)) {
                debug_assert!(*condition != Condition::Any, "any value is admitted");
                shortfalls.push(Shortfall::Condition { parameter, value: value.clone() });
            }
        }
        for field in &self.fields {
            if let Some(value) = field.fails(operation) {
                shortfalls.push(Shortfall::FieldCondition { path: field.path.clone(), value: value.clone() });
            }
        }
        for meant in understood.uses() {
            let set = self.aspects.get(&meant.meaning.aspect());
            if set.is_some_and(|set| !set.admits(&meant.meaning)) {
                shortfalls.push(Shortfall::Meaning(meant.clone()));
            }
        }
        let must_know = |question: &&Reference| {
            if question.kind == ThingKind::Network {
                self.asks_for_networks(operation.endpoint(), false)
            } else {
                self.aspects.contains_key(&Aspect::HostPaths)
            }
        };
        shortfalls.extend(understood.questions().filter(must_know).cloned().map(Shortfall::Unknown));
        shortfalls.extend(self.thing_shortfalls(operation));
        shortfalls.extend(self.unseen(operation).map(Shortfall::Unseen));
        for requirement in self.requirements.iter().filter(|requirement| !requirement.is_met(operation)) {
            shortfalls.push(Shortfall::Requirement(requirement.wish()));
        }
        if !self.grants.everything {
            shortfalls.extend(self.ungranted(operation, understood));
        }
        shortfalls
    }

    /// What is guarded and used, and not granted.
    pub(super) fn ungranted(&self, operation: &Operation, understood: &Understanding) -> Vec<Shortfall> {
        let endpoint = operation.endpoint();
        let mut lacking = Vec::new();
        for used in &understood.parameters {
            let Guard::Guarded(guard) = used.guard() else { continue };
            if !self.conditions.contains_key(used.parameter.name)
                && !self.grants_meaning(operation, used.meaning(understood))
            {
                lacking.push(Shortfall::of_parameter(understood, used, guard));
            }
        }
        if operation.brings_credentials() && !self.grants.registry_credentials {
            lacking.push(Shortfall::Credentials);
        }
        if self.looks_inside(endpoint) {
            let inside = operation.uses_inside().into_iter();
            let is_granted = |meant: &Use| {
                let aspect = meant.meaning.aspect();
                matches!(aspect, Aspect::Images | Aspect::Instructions) || self.aspects.contains_key(&aspect)
            };
            lacking.extend(inside.filter(|meant| !is_granted(meant)).map(Shortfall::Inside));
        }
        if let Some(guard) = body_guard(endpoint) {
            if !self.grants.body {
                lacking.push(Shortfall::Body { guard });
            }
            return lacking;
        }
        for used in &understood.fields {
            let Guard::Guarded(guard) = used.guard else { continue };
            let refers = used.field.and_then(|field| field.reading).and_then(Reading::refers_to);
            let is_granted = (self.grants.body && used.field.is_some())
                || refers.is_some_and(|kind| self.things.contains_key(&kind))
                || self.fields.iter().any(|field| field.grants(endpoint, used))
                || self.grants_meaning(operation, used.meaning(understood));
            if !is_granted {
                lacking.push(Shortfall::of_field(operation, understood, used, guard));
            }
        }
        lacking
    }

    /// Whether all that is meant is of kinds that the rule says something of, so that nothing else need be said.
    fn grants_meaning(&self, operation: &Operation, meant: Option<&[Use]>) -> bool {
        // Images that a build takes from are not looked at as things, nor are volumes that go with their container.
        let is_judged = |meaning: &Meaning| {
            let is_of_build = matches!(meaning, Meaning::Image(_)) && operation.endpoint().id == "ImageBuild";
            let goes_along = matches!(meaning, Meaning::Volume(name) if operation.goes_with_container(name));
            !is_of_build && !goes_along
        };
        meant.is_some_and(|meant| {
            let is_covered = |one: &Use| {
                let is_thing = |kind| self.things.contains_key(&kind) && is_judged(&one.meaning);
                self.aspects.contains_key(&one.meaning.aspect()) || one.meaning.thing().is_some_and(is_thing)
            };
            meant.iter().filter(|one| !one.turned_out).all(is_covered)
        })
    }

    /// Whether it says nothing that a request could be held against but what it asks for.
    pub(super) fn is_unconditional(&self) -> bool {
        self.conditions.is_empty()
            && self.fields.is_empty()
            && self.aspects.is_empty()
            && self.things.is_empty()
    }

    /// As a forbid rule for the operation's endpoint: whether all its conditions strike.
    pub(super) fn strikes(&self, operation: &Operation, understood: &Understanding) -> bool {
        self.strikes_request(operation, understood) && self.things_strike(operation)
    }

    /// The same, but for those on the things that it acts on.
    pub(super) fn strikes_request(&self, operation: &Operation, understood: &Understanding) -> bool {
        let parameters = self.conditions.iter().all(|(name, condition)| {
            operation.query().get(name).is_some_and(|value| condition.strikes(value))
        });
        parameters
            && self.fields.iter().all(|field| field.strikes(operation))
            && self.aspects.iter().all(|(aspect, set)| {
                // The host's own network is one by that name too.
                let is_host = |meant: &Use| {
                    *aspect == Aspect::Networks
                        && matches!(&meant.meaning, Meaning::Namespace(mode) if mode == "network:host")
                };
                let strikes = |meant: &Use| {
                    (meant.meaning.aspect() == *aspect && set.strikes(&meant.meaning))
                        || (is_host(meant) && set.strikes(&Meaning::Network("host".to_owned())))
                };
                // What is not known may be anything.
                let is_unknown = understood.is_unclear(*aspect)
                    || understood.questions().any(|question| tells_of(question, *aspect))
                    || (inside(operation.endpoint()).contains(aspect) && operation.unseen().is_some());
                is_unknown || understood.uses().any(strikes)
            })
    }

    /// As an allow rule: whether the other grants everything that this one does, to everyone to whom
    /// this one does; `false` also where that is not clear.
    pub(super) fn is_covered_by(&self, other: &Self) -> bool {
        self.is_about_part_of(other)
            && self.bounds_within(other)
            && self.grants_within(other)
            && self.selection.endpoints().all(|endpoint| {
                // Fields that are not known are guarded wherever there are fields.
                let takes_fields = matches!(endpoint.body, BodyKind::Json { .. });
                let body = !takes_fields || other.grants.everything || !self.grants.everything;
                body && endpoint
                    .parameters
                    .iter()
                    .all(|parameter| self.admission(parameter).within(&other.admission(parameter)))
            })
    }

    /// Whether every operation of this rule, for all of its clients, is one of the other's.
    pub(super) fn is_about_part_of(&self, other: &Self) -> bool {
        let clients = match (&self.clients, &other.clients) {
            (_, None) => true,
            (None, Some(_)) => false,
            (Some(mine), Some(theirs)) => mine.is_subset(theirs),
        };
        clients && self.selection.within(&other.selection)
    }

    /// Whether this rule bounds whatever the other bounds, at least as narrowly.
    fn bounds_within(&self, other: &Self) -> bool {
        let fields = other.fields.iter().all(|wide| {
            wide.condition == Condition::Any
                || self
                    .fields
                    .iter()
                    .any(|own| own.path == wide.path && own.condition.within(&wide.condition))
        });
        let aspects = other
            .aspects
            .iter()
            .all(|(aspect, wide)| self.aspects.get(aspect).is_some_and(|own| own.within(wide)))
            && other
                .things
                .iter()
                .all(|(kind, wide)| self.things.get(kind).is_some_and(|own| own.within(wide)))
            && (other.own.is_none() || self.own == other.own)
            && other.redaction.is_within(&self.redaction);
        let requirements =
            other.requirements.iter().all(|wide| self.requirements.iter().any(|own| wide.is_implied_by(own)));
        fields && aspects && requirements
    }

    /// Whether the other grants whatever guarded things this one grants.
    fn grants_within(&self, other: &Self) -> bool {
        let body = other.grants.everything || other.grants.body;
        let grants = |field: &&FieldCondition| field.condition != Condition::Unused;
        let credentials = other.grants.registry_credentials || !self.grants.registry_credentials;
        other.grants.everything
            || (credentials
                && (body || !self.grants.body)
                && self.fields.iter().filter(grants).all(|own| {
                    body || other.fields.iter().any(|wide| wide.path == own.path && grants(&wide))
                })
                && self.aspects.keys().all(|aspect| other.aspects.contains_key(aspect))
                && self.things.keys().all(|kind| other.things.contains_key(kind))
                && (self.own.is_none() || self.own == other.own))
    }
}

impl Admission<'_> {
    fn within(&self, other: &Self) -> bool {
        match (self, other) {
            (_, Admission::Anything) | (Admission::Zero { .. }, Admission::Zero { .. }) => true,
            (Admission::Zero { harmless: [] }, Admission::If(wide)) => {
                !matches!(wide, Condition::Numbers(_)) || wide.admits(&Value::Int(0))
            }
            (Admission::Anything | Admission::Zero { .. }, Admission::If(wide)) => **wide == Condition::Any,
            (Admission::If(narrow), Admission::If(wide)) => narrow.within(wide),
            (Admission::Anything | Admission::If(_), Admission::Zero { .. }) => false,
        }
    }
}

impl Shortfall {
    fn of_parameter(understood: &Understanding, used: &UsedParameter, guard: &'static str) -> Self {
        Self::Grant {
            parameter: used.parameter,
            guard,
            value: used.value.clone(),
            means: used.meaning(understood).map(<[Use]>::to_vec),
        }
    }

    fn of_field(
        operation: &Operation,
        understood: &Understanding,
        used: &UsedField,
        guard: &'static str,
    ) -> Self {
        Self::Field(LackingField {
            path: used.path(),
            place: used.place(),
            guard,
            known: used.field.is_some(),
            value: operation.value_of(used).cloned().unwrap_or(Json::Null),
            means: used.meaning(understood).map(<[Use]>::to_vec),
        })
    }

    /// What it is about, as a policy calls it: `query.fromSrc`, `HostConfig.Binds`, `host_paths`, `require.non_root`.
    /// What is missing can be called by what it means as well.
    pub(super) fn keys(&self) -> Vec<String> {
        let also = |own: String, means: &Option<Vec<Use>>| {
            let means = means.iter().flatten().map(|one| one.meaning.aspect().as_str().to_owned());
            std::iter::once(own).chain(means).collect()
        };
        match self {
            Self::Grant { parameter, means, .. } => also(format!("query.{}", parameter.name), means),
            Self::Condition { parameter, .. } => vec![format!("query.{}", parameter.name)],
            Self::Body { .. } => vec!["body".to_owned()],
            Self::Field(LackingField { path, means, .. }) => also(path.clone(), means),
            Self::FieldCondition { path, .. } => vec![path.clone()],
            Self::Meaning(meant) | Self::Inside(meant) => vec![meant.meaning.aspect().as_str().to_owned()],

            Self::Credentials => vec!["registry_credentials".to_owned()],
            Self::Unknown(Reference { kind, name: _ })
            | Self::Thing(Reference { kind, name: _ })
            | Self::AllTags(Reference { kind, name: _ })
            | Self::Made(kind)
            | Self::Prune(kind) => {
                vec![kind_judged(*kind).as_str().to_owned()]
            }
            Self::ReservedLabel { .. } => vec!["own".to_owned()],
            Self::Unseen(_) => vec!["context".to_owned()],
            Self::Requirement(wish) => vec![wish.split(" = ").next().unwrap_or_default().replace('"', "")],
        }
    }

    /// Whether something is lacking that can be granted beside what the rule says; not that what it says does not
    /// hold.
    pub(super) fn is_grant(&self) -> bool {
        match self {
            Self::Grant { .. } | Self::Credentials | Self::Body { .. } | Self::Field(_) | Self::Inside(_) => {
                true
            }
            Self::Condition { .. }
            | Self::FieldCondition { .. }
            | Self::Meaning(_)
            | Self::Unknown(_)
            | Self::Thing(_)
            | Self::AllTags(_)
            | Self::Made(_)
            | Self::Prune(_)
            | Self::ReservedLabel { .. }
            | Self::Unseen(_)
            | Self::Requirement(_) => false,
        }
    }
}

/// Whether the answer to a question could tell that something of this kind is meant.
fn tells_of(question: &Reference, aspect: Aspect) -> bool {
    if question.kind == ThingKind::Network {
        return aspect == Aspect::Networks;
    }
    aspect == Aspect::HostPaths || (aspect == Aspect::Volumes && question.kind == ThingKind::Container)
}

/// Whether anything in a body of the endpoint is known to be guarded.
pub(super) fn has_guarded_body(endpoint: &Endpoint) -> bool {
    match endpoint.body {
        BodyKind::Json { kind, guard } => guard != Guard::Plain || kind.has_guarded(),
        BodyKind::None | BodyKind::Tar => false,
    }
}

/// Why the body of the endpoint is guarded as a whole, where it is.
pub(super) fn body_guard(endpoint: &Endpoint) -> Option<&'static str> {
    match endpoint.body {
        BodyKind::Json { kind: _, guard: Guard::Guarded(why) } => Some(why),
        BodyKind::Json { kind: _, guard: Guard::Plain } | BodyKind::None | BodyKind::Tar => None,
    }
}

impl RuleName {
    /// The name alone, for records: `pull`, `line 12`.
    pub(super) fn label(&self) -> String {
        match self {
            Self::Named(name) => name.clone(),
            Self::AtLine(line) => format!("line {line}"),
        }
    }
}

impl fmt::Display for RuleName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Named(name) => write!(f, "rule \"{name}\""),
            Self::AtLine(line) => write!(f, "the rule in line {line}"),
        }
    }
}
