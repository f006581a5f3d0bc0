//! Rules and keys that do nothing: what can never match, what says nothing of any operation, what forbids what is not
//! granted.

use std::collections::BTreeSet;

use crate::operation::meaning::{Aspect, Meaning, Resource, Stance, aspects_of, plain_aspects_of};
use crate::operation::table::Endpoint;
use crate::operation::thing::ThingKind;
use crate::policy::aspect::AspectSet;
use crate::policy::condition::Condition;
use crate::policy::draft::{DraftAspect, DraftRule};
use crate::policy::nearest::list;
use crate::policy::problem::{Code, Problem};
use crate::policy::require::{Demand, Requirement};
use crate::policy::rule::Rule;
use crate::policy::things_met;

/// Warns of an allow rule that no request can match: it requires what it keeps out, or keeps out what every request
/// has.
pub(super) fn find_never_matching(rule: &Rule, written: &DraftRule, problems: &mut Vec<Problem>) {
    let never = |span, what: String| {
        Problem::new(Code::NeverMatches, span, format!("{} can never match: {what}", rule.name))
            .help("a condition that is `false` keeps the thing out; leave it out where any will do")
    };
    for (aspect, said) in &written.aspects {
        let always = |aspect: &Aspect| {
            let mut endpoints = rule.selection.endpoints().peekable();
            endpoints.peek().is_some() && endpoints.all(|endpoint| is_always_meant(*aspect, endpoint.id))
        };
        if rule.aspects.get(aspect) == Some(&AspectSet::Nothing) && always(aspect) {
            problems.push(never(said.span(), format!("every request means some `{aspect}`")));
        }
    }
    for requirement in &rule.requirements {
        let (kept_out, name) = match requirement {
            Requirement::Field(field) => (
                rule.fields
                    .iter()
                    .any(|own| own.path == field.path && own.condition.is_disjoint_from(&field.condition)),
                field.path.clone(),
            ),
            Requirement::Parameter(name, condition) => (
                rule.conditions.get(name).is_some_and(|own| own.is_disjoint_from(condition)),
                format!("query.{name}"),
            ),
            Requirement::Stance(stance, demand) => {
                (is_beyond(rule, *stance, demand), stance.as_str().to_owned())
            }
        };
        if kept_out {
            problems.push(never(rule.span.clone(), format!("it requires `{name}`, and keeps it out")));
        }
    }
}

/// Whether the limit that is demanded lies beyond what the rule lets be asked for.
fn is_beyond(rule: &Rule, stance: Stance, demand: &Demand) -> bool {
    let resource = match stance {
        Stance::Memory => Resource::Memory,
        Stance::Pids => Resource::Pids,
        Stance::Cpus => Resource::Cpus,
        Stance::ReadOnlyRoot | Stance::NoNewPrivileges | Stance::NonRoot | Stance::DropCapabilities => {
            return false;
        }
    };
    match (demand, rule.aspects.get(&Aspect::Resource(resource))) {
        (Demand::Limit(_), Some(AspectSet::Nothing)) => true,
        (Demand::Limit(limit), Some(AspectSet::Amounts(own))) => own.is_disjoint_from(limit),
        (Demand::Limit(_) | Demand::Holds | Demand::Dropped(_), _) => false,
    }
}

/// Whether every request to the endpoint means something of this kind.
fn is_always_meant(aspect: Aspect, endpoint: &str) -> bool {
    match endpoint {
        "ContainerCreate" => matches!(aspect, Aspect::Users | Aspect::Images),
        "ContainerExec" => aspect == Aspect::Users,
        "VolumeInspect" | "VolumeCreate" | "VolumeUpdate" | "VolumeDelete" => aspect == Aspect::Volumes,
        "NetworkInspect" | "NetworkConnect" | "NetworkDisconnect" | "NetworkDelete" => {
            aspect == Aspect::Networks
        }
        _ => false,
    }
}

/// Warns of keys about what may be meant, and of conditions on things, where no operation of the rule can mean such a
/// thing.
pub(super) fn find_idle_keys(rule: &Rule, written: &DraftRule, problems: &mut Vec<Problem>) {
    if rule.selection.partial || written.aspects.is_empty() && written.things.is_empty() {
        return;
    }
    for things in &written.things {
        let Some((name, _)) = things.properties.first() else { continue };
        if rule.selection.endpoints().any(|endpoint| can_meet(endpoint, things.kind)) {
            continue;
        }
        let (kind, property) = (things.kind, name.get_ref());
        let has_containers =
            rule.selection.endpoints().any(|endpoint| can_meet(endpoint, ThingKind::Container));
        let help = if kind == ThingKind::Image && has_containers {
            "take it out; of which image a container is, `container.image` says"
        } else {
            "take it out, or name the operations that were meant"
        };
        let message = format!("no operation of this rule has to do with `{kind}.{property}`");
        problems.push(Problem::new(Code::IdleKey, name.span(), message).help(help));
    }
    let sayable: BTreeSet<Aspect> = rule.selection.endpoints().flat_map(aspects_of).collect();
    for (aspect, said) in written.aspects.iter().filter(|(aspect, _)| !sayable.contains(aspect)) {
        let message = format!("no operation of this rule has to do with `{aspect}`");
        problems.push(
            Problem::new(Code::IdleKey, said.span(), message)
                .help("take it out, or name the operations that were meant"),
        );
    }
}

/// Whether a request to the endpoint can have to do with a thing of this kind, so that conditions on such things are
/// looked at.
fn can_meet(endpoint: &Endpoint, kind: ThingKind) -> bool {
    let meant = [
        (ThingKind::Image, Aspect::Images),
        (ThingKind::Network, Aspect::Networks),
        (ThingKind::Volume, Aspect::Volumes),
    ];
    things_met(endpoint).contains(&kind)
        || meant.iter().any(|(own, aspect)| *own == kind && aspects_of(endpoint).contains(aspect))
        || match endpoint.id {
            "SystemEvents" | "SystemDataUsage" => true,
            "ContainerCreate" | "ImageBuild" | "ImageCommit" | "NetworkConnect" | "NetworkDisconnect" => {
                kind == ThingKind::Container
            }
            // The networks that the container is put into then.
            "ContainerStart" | "ContainerRestart" => kind == ThingKind::Network,
            "ImageLoad" => kind == ThingKind::Image,
            "NetworkList" | "NetworkInspect" => matches!(kind, ThingKind::Container | ThingKind::Service),
            "ServiceCreate" | "ServiceUpdate" => matches!(
                kind,
                ThingKind::Service | ThingKind::Secret | ThingKind::Config | ThingKind::Container
            ),
            "SecretCreate" => kind == ThingKind::Secret,
            "ConfigCreate" => kind == ThingKind::Config,
            "TaskList" => matches!(kind, ThingKind::Service | ThingKind::Node),
            _ => false,
        }
}

/// Warns of the host's own network among the `networks` of an allow rule that does not admit it as a namespace, nor lets
/// it be inspected: without that no container is put into it.
pub(super) fn find_host_network(rule: &Rule, written: &DraftRule, problems: &mut Vec<Problem>) {
    let host = Meaning::Namespace("network:host".to_owned());
    let shows_networks = rule.selection.endpoints().any(|endpoint| endpoint.id == "NetworkInspect");
    if shows_networks
        || rule.grants.everything
        || rule.aspects.get(&Aspect::Namespaces).is_some_and(|set| set.admits(&host))
    {
        return;
    }
    for (aspect, said) in &written.aspects {
        let (Aspect::Networks, DraftAspect::Texts(texts)) = (aspect, said.get_ref()) else { continue };
        for text in texts.iter().filter(|text| text.get_ref() == "host") {
            let message = format!("{} does not give the host's own network by this", rule.name);
            problems.push(Problem::new(Code::IdleKey, text.span(), message).help(
                "write `namespaces = [\"network:host\"]`, if the client is to have it; else take it out",
            ));
        }
    }
}

/// The kinds of things that a forbid rule speaks of and that no allow rule for its operations grants any of, in words;
/// none, where it can bite.
pub(super) fn ungranted_kinds(rule: &Rule, allow: &[&Rule]) -> Option<String> {
    if rule.aspects.is_empty() {
        return None;
    }
    let can_bite = |aspect: &Aspect| {
        rule.selection.endpoints().any(|endpoint| {
            let of_endpoint = allow.iter().filter(|other| other.selection.paths(endpoint).is_some());
            of_endpoint.into_iter().any(|other| grants_some(other, *aspect, &plain_aspects_of(endpoint)))
        })
    };
    let idle: Vec<String> =
        rule.aspects.keys().filter(|aspect| !can_bite(aspect)).map(|aspect| format!("`{aspect}`")).collect();
    // All must strike: one that cannot is enough.
    (!idle.is_empty()).then(|| list(&idle, "and"))
}

/// Whether an allow rule lets anything of this kind through. Where that is not clear it does.
fn grants_some(rule: &Rule, aspect: Aspect, plain: &BTreeSet<Aspect>) -> bool {
    let by_field = rule.fields.iter().any(|field| field.condition != Condition::Unused)
        || rule.conditions.values().any(|condition| *condition != Condition::Unused);
    match rule.aspects.get(&aspect) {
        Some(AspectSet::Nothing) => false,
        Some(_) => true,
        None => {
            rule.grants.everything
                || rule.grants.body
                || plain.contains(&aspect)
                || by_field
                || !rule.things.is_empty()
        }
    }
}
