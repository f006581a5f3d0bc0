//! From the policy as written to what it means: clients, operations and parameters are looked up.

use std::collections::hash_map::Entry;
use std::collections::{BTreeMap, BTreeSet};

use toml::Spanned;

use super::Mode;
use super::aspect::{AspectSet, capability, each};
use super::body::FieldCondition;
use super::condition::Condition;
use super::draft::{Conditioned, Draft, DraftAspect, DraftCondition, DraftRule};
use super::nearest::{did_you_mean, nearest};
use super::problem::{Code, Problem};
use super::require::{Demand, Requirement, safe_profile};
use super::rule::{Grants, Rule, RuleName};
use super::selection::{self, Selection};
use super::selector::Selector;
use super::things::ThingSet;
use super::{Hashed, hashed};
use crate::operation::field::{FieldPath, Kind};
use crate::operation::meaning::{Aspect, Posture, Stance};
use crate::operation::redaction::{Redaction, Set};
use crate::operation::table::{self, BodyKind, Endpoint, Parameter, ParameterKind};
use crate::operation::thing::ThingKind;
use crate::operation::version::ApiVersion;

/// The meaning of a draft.
#[derive(Clone, Debug)]
pub(super) struct Resolved {
    pub(super) mode: Mode,
    pub(super) min_version: Option<ApiVersion>,
    pub(super) clients: Vec<Selector>,
    pub(super) allow: Vec<Rule>,
    pub(super) forbid: Vec<Rule>,
}

/// Looks everything up; what cannot be found becomes a problem.
pub(super) fn resolve(draft: &Draft, source: &str, problems: &mut Vec<Problem>) -> Resolved {
    check_version(draft, problems);
    for client in &draft.clients {
        if client.name.get_ref().trim().is_empty() {
            problems.push(Problem::new(Code::EmptyValue, client.name.span(), "a client's name is empty"));
        }
    }
    check_names(draft, problems);
    let clients: Vec<_> = draft.clients.iter().map(|client| Selector::read(client, problems)).collect();
    let mut rules = |drafts: &[DraftRule], forbids| {
        let rules = drafts.iter().map(|rule| resolve_rule(rule, forbids, &clients, source, problems));
        rules.collect::<Vec<_>>()
    };
    let mut allow = rules(&draft.allow, false);
    let mut forbid = rules(&draft.forbid, true);
    number_lines(&mut allow, &mut forbid, source);
    let min_version = resolve_min_version(draft, problems);
    Resolved { mode: resolve_mode(draft, problems), min_version, clients, allow, forbid }
}

fn check_version(draft: &Draft, problems: &mut Vec<Problem>) {
    let Some(version) = &draft.version else { return };
    if *version.get_ref() != 1 {
        let message = format!("this dockgate does not read version {}", version.get_ref());
        problems
            .push(Problem::new(Code::UnknownVersion, version.span(), message).help("it reads `version = 1`"));
    }
}

fn resolve_mode(draft: &Draft, problems: &mut Vec<Problem>) -> Mode {
    let Some(mode) = &draft.mode else { return Mode::Enforce };
    Mode::ALL.into_iter().find(|known| known.as_str() == mode.get_ref()).unwrap_or_else(|| {
        let message = format!("there is no mode `{}`", mode.get_ref());
        problems.push(
            Problem::new(Code::UnknownMode, mode.span(), message)
                .help_if(did_you_mean(mode.get_ref(), Mode::ALL.map(Mode::as_str))),
        );
        Mode::Enforce
    })
}

fn resolve_min_version(draft: &Draft, problems: &mut Vec<Problem>) -> Option<ApiVersion> {
    known_version(draft.min_version.as_ref()?, "min_version", problems)
}

/// The API version that is written as the value of `key`.
pub(super) fn known_version(
    written: &Spanned<String>,
    key: &str,
    problems: &mut Vec<Problem>,
) -> Option<ApiVersion> {
    let version = ApiVersion::read(written.get_ref());
    let known = version.filter(|version| (ApiVersion::OLDEST..=ApiVersion::NEWEST).contains(version));
    if known.is_none() {
        let message = format!("`{}` is no API version that dockgate knows", written.get_ref());
        problems.push(Problem::new(Code::NumberOutOfRange, written.span(), message).help(format!(
            "it knows {} to {}: `{key} = \"1.44\"`",
            ApiVersion::OLDEST,
            ApiVersion::NEWEST
        )));
    }
    known
}

fn check_names(draft: &Draft, problems: &mut Vec<Problem>) {
    let mut names: Vec<_> = draft.allow.iter().chain(&draft.forbid).filter_map(|r| r.name.as_ref()).collect();
    names.sort_by_key(|name| name.span().start);
    let mut seen: Hashed<&str, &Spanned<String>> = hashed(names.len());
    for name in names {
        match seen.entry(name.get_ref()) {
            Entry::Occupied(first) => {
                let message = format!("two rules have the name `{}`", name.get_ref());
                problems.push(
                    Problem::new(Code::DuplicateName, name.span(), message)
                        .also(first.get().span(), "the first is here")
                        .help("refusals and records name rules: give each a name of its own"),
                );
            }
            Entry::Vacant(place) => {
                place.insert(name);
            }
        }
    }
}

/// In a forbid rule it could be meant that these may only be read, or that they may not be read.
fn refuse_ways_to_mount(aspects: &[(Aspect, Spanned<DraftAspect>)], problems: &mut Vec<Problem>) {
    for (aspect, written) in aspects {
        if let DraftAspect::Paths { .. } = written.get_ref() {
            let message = format!("a forbid rule does not say how its `{}` are mounted", aspect.as_str());
            let help = "list what is never mounted: `host_paths = [\"/etc/**\"]`; what is only read, allow rules say";
            problems.push(Problem::new(Code::WrongCondition, written.span(), message).help(help));
        }
    }
}

pub(super) fn resolve_rule(
    draft: &DraftRule,
    forbids: bool,
    clients: &[Selector],
    source: &str,
    problems: &mut Vec<Problem>,
) -> Rule {
    let name = draft.name.as_ref().map_or_else(
        || RuleName::AtLine(line_of(source, draft.span.start)),
        |name| RuleName::Named(name.get_ref().clone()),
    );
    let selection = Selection::read(&draft.operations, problems);
    let mut conditions = BTreeMap::new();
    for (name, condition) in &draft.query {
        conditions.extend(resolve_condition(name, condition, &selection, forbids, problems));
    }
    let fields = |conditions: &[Conditioned], table, problems: &mut Vec<Problem>| {
        let found = conditions
            .iter()
            .filter_map(|written| resolve_field(table, written, &selection, forbids, problems));
        found.collect::<Vec<_>>()
    };
    let body = fields(&draft.body, "body", problems);
    if forbids {
        refuse_ways_to_mount(&draft.aspects, problems);
    }
    let aspects = draft
        .aspects
        .iter()
        .filter_map(|(aspect, written)| Some((*aspect, AspectSet::read(*aspect, written, problems)?)));
    let aspects = aspects.collect();
    let is_on = |switch: &Option<Spanned<bool>>| switch.as_ref().is_some_and(|switch| *switch.get_ref());
    Rule {
        fields: body,
        aspects,
        things: resolve_things(draft, problems),
        redaction: redaction(&draft.redact, problems),
        own: draft.own.as_ref().map(|own| own.get_ref().clone()),
        requirements: resolve_requirements(draft, &selection, problems),
        grants: Grants {
            body: is_on(&draft.whole_body),
            registry_credentials: is_on(&draft.registry_credentials),
            everything: is_on(&draft.unguarded),
        },
        name,
        span: draft.span.clone(),
        line: 0,
        clients: draft.clients.as_ref().map(|names| resolve_clients(names, clients, problems)),
        selection,
        conditions,
        reason: draft.reason.as_ref().map(|reason| reason.get_ref().clone()),
        takes_lines: draft.takes_lines && draft.unguarded.is_none() && draft.whole_body.is_none(),
        keeps_marks: false,
    }
}

fn resolve_clients(
    names: &[Spanned<String>],
    clients: &[Selector],
    problems: &mut Vec<Problem>,
) -> BTreeSet<usize> {
    let mut found = BTreeSet::new();
    for name in names {
        if let Some(place) = clients.iter().position(|client| client.name == *name.get_ref()) {
            found.insert(place);
        } else {
            let known = clients.iter().map(|client| client.name.as_str());
            let help = did_you_mean(name.get_ref(), known).unwrap_or_else(|| {
                format!("define it: `[clients.{}]` with `listener`, `uid` or `gid`", name.get_ref())
            });
            let message = format!("there is no client `{}`", name.get_ref());
            problems.push(Problem::new(Code::UnknownClient, name.span(), message).help(help));
        }
    }
    found
}

fn resolve_condition(
    name: &Spanned<String>,
    draft: &Spanned<DraftCondition>,
    selection: &Selection,
    forbids: bool,
    problems: &mut Vec<Problem>,
) -> Option<(&'static str, Condition)> {
    let parameters: Vec<(&'static Endpoint, &'static Parameter)> = selection
        .endpoints()
        .filter_map(|endpoint| Some((endpoint, endpoint.parameter(name.get_ref())?)))
        .collect();
    let condition = Condition::read(draft, problems);
    let Some((_, first)) = parameters.first() else {
        problems.extend(unknown_parameter(name, selection));
        return None;
    };
    let condition = condition?;
    if forbids && condition == Condition::Unused {
        let message =
            format!("a forbid rule cannot strike what is not used: `query.{} = false`", name.get_ref());
        problems.push(
            Problem::new(Code::WrongCondition, draft.span(), message).help(format!(
                "`query.{0} = true` forbids it when it is used; in an allow rule `query.{0} = false` keeps it out",
                name.get_ref()
            )),
        );
        return None;
    }
    let unfit = parameters
        .iter()
        .find_map(|(endpoint, parameter)| Some((endpoint, parameter, condition.fits(parameter).err()?)));
    if let Some((endpoint, parameter, help)) = unfit {
        let fit = parameters.iter().find(|(_, parameter)| condition.fits(parameter).is_ok());
        let message = match fit {
            Some(_) => format!("this is no condition for `{}` of all this rule's operations", name.get_ref()),
            None => format!("this is no condition for `{}`", name.get_ref()),
        };
        let help = match fit {
            Some((other_endpoint, other)) => format!(
                "`{}` is {} in `{other_endpoint}`, but {} in `{endpoint}`: make two rules",
                name.get_ref(),
                kind(other),
                kind(parameter)
            ),
            None => help,
        };
        problems.push(Problem::new(Code::WrongCondition, draft.span(), message).help(help));
        return None;
    }
    Some((first.name, condition))
}

/// A condition on a field, in those operations of the rule that have it.
fn resolve_field(
    table: &str,
    (path, draft): &Conditioned,
    selection: &Selection,
    forbids: bool,
    problems: &mut Vec<Problem>,
) -> Option<FieldCondition> {
    let condition = Condition::read(draft, problems);
    let mut places = BTreeMap::new();
    for endpoint in selection.endpoints() {
        if let Some((path, found)) =
            json_kind(endpoint).and_then(|kind| FieldPath::find(kind, path.get_ref()))
        {
            places.insert(selection::key(endpoint), (path, found));
        }
    }
    let Some((canonical, found)) = places.values().next().cloned() else {
        problems.extend(unknown_field(path, selection));
        return None;
    };
    let condition = condition?;
    let name = canonical.to_string();
    let fault = if forbids && condition == Condition::Unused {
        Some((
            format!("a forbid rule cannot strike what is not used: `\"{name}\" = false`"),
            format!(
                "`body.\"{name}\" = true` forbids it when it is used; in an allow rule `false` keeps it out"
            ),
        ))
    } else {
        let help = condition.fits_kind(found.field.kind, &name).err();
        help.map(|help| (format!("this is no condition for `{table}.\"{name}\"`"), help))
    };
    if let Some((message, help)) = fault {
        problems.push(Problem::new(Code::WrongCondition, draft.span(), message).help(help));
        return None;
    }
    Some(FieldCondition { path: name, condition, places })
}

fn json_kind(endpoint: &Endpoint) -> Option<Kind> {
    match endpoint.body {
        BodyKind::Json { kind, guard: _ } => Some(kind),
        BodyKind::None | BodyKind::Tar => None,
    }
}

fn unknown_field(path: &Spanned<String>, selection: &Selection) -> Option<Problem> {
    let kinds: Vec<Kind> = selection.endpoints().filter_map(json_kind).collect();
    if selection.endpoints().next().is_none() || (selection.partial && kinds.is_empty()) {
        return None;
    }
    let message = format!("no operation of this rule has a field `{}` in its body", path.get_ref());
    let known: BTreeSet<String> = kinds.iter().flat_map(|kind| kind.paths()).collect();
    let last = path.get_ref().rsplit('.').next().unwrap_or_default();
    let ends =
        known.iter().find(|known| known.rsplit('.').next().is_some_and(|l| l.eq_ignore_ascii_case(last)));
    let help = match ends {
        _ if kinds.is_empty() => Some("they have no JSON body".to_owned()),
        Some(known) => Some(format!("did you mean `\"{known}\"`?")),
        None => nearest(path.get_ref(), known.iter().map(String::as_str))
            .map(|near| format!("did you mean `\"{near}\"`?")),
    };
    Some(Problem::new(Code::UnknownField, path.span(), message).help_if(help))
}

/// What is kept back of answers.
pub(super) fn redaction(words: &[Spanned<String>], problems: &mut Vec<Problem>) -> Redaction {
    let mut redaction = Redaction::default();
    for word in words {
        if let Some(set) = Set::ALL.map(Set::as_str).iter().find(|set| set.get(1..) == Some(word.get_ref())) {
            let message = format!("`{}` is the field of no answer", word.get_ref());
            problems.push(
                Problem::new(Code::UnknownRedaction, word.span(), message)
                    .help(format!("did you mean `{set}`?")),
            );
        } else if let Err(error) = redaction.add(word.get_ref()) {
            let sets = did_you_mean(word.get_ref(), Set::ALL.map(Set::as_str));
            let help = sets.filter(|_| word.get_ref().starts_with('@')).unwrap_or_else(|| {
                "write the way to a field of the answer, keys with dots in double quotes: `Config.Labels.\"a.b\"`".to_owned()
            });
            problems.push(Problem::new(Code::UnknownRedaction, word.span(), error.to_string()).help(help));
        }
    }
    redaction
}

/// Conditions on things.
fn resolve_things(draft: &DraftRule, problems: &mut Vec<Problem>) -> BTreeMap<ThingKind, ThingSet> {
    let sets = draft.things.iter().filter_map(|thing| Some((thing.kind, ThingSet::read(thing, problems)?)));
    sets.collect()
}

fn resolve_requirements(
    draft: &DraftRule,
    selection: &Selection,
    problems: &mut Vec<Problem>,
) -> Vec<Requirement> {
    let mut requirements = Vec::new();
    let makes_containers = || selection.endpoints().any(|endpoint| Posture::is_of(endpoint.id));
    let needs_containers = |span: std::ops::Range<usize>, what: &str, problems: &mut Vec<Problem>| {
        if !selection.partial && !makes_containers() {
            let message =
                format!("no operation of this rule makes containers, so that `{what}` says nothing");
            problems.push(Problem::new(Code::WrongCondition, span, message).help(
                "it is for `POST /containers/create`, `POST /services/create` and updates of services",
            ));
        }
    };
    if let Some(profile) = &draft.profile {
        needs_containers(profile.span(), "profile", problems);
        if profile.get_ref() == "safe" {
            requirements.extend(safe_profile());
        } else {
            let message = format!("there is no profile `{}`", profile.get_ref());
            problems.push(
                Problem::new(Code::WrongCondition, profile.span(), message)
                    .help("write `profile = \"safe\"`; for something else name it under `require`"),
            );
        }
    }
    for written in &draft.require {
        let (name, condition) = written;
        if let Some(stance) = Stance::ALL.into_iter().find(|stance| stance.as_str() == name.get_ref()) {
            needs_containers(name.span(), name.get_ref(), problems);
            if let Some(demand) = resolve_demand(stance, condition, problems) {
                requirements.push(Requirement::Stance(stance, demand));
            }
            continue;
        }
        if let Some(field) = resolve_field("require", written, selection, false, problems) {
            if field.condition == Condition::Unused {
                let message = format!("`require.\"{}\" = false` requires nothing", field.path);
                problems.push(
                    Problem::new(Code::WrongCondition, condition.span(), message)
                        .help(format!("`body.\"{}\" = false` keeps it out", field.path)),
                );
            } else {
                requirements.push(Requirement::Field(field));
            }
        }
    }
    for (name, condition) in &draft.require_query {
        if let Some((name, condition)) = resolve_condition(name, condition, selection, false, problems) {
            requirements.push(Requirement::Parameter(name, condition));
        }
    }
    requirements
}

fn resolve_demand(
    stance: Stance,
    written: &Spanned<DraftCondition>,
    problems: &mut Vec<Problem>,
) -> Option<Demand> {
    let name = stance.as_str();
    let help = match (stance, written.get_ref()) {
        (Stance::ReadOnlyRoot | Stance::NoNewPrivileges | Stance::NonRoot, DraftCondition::Used(true)) => {
            return Some(Demand::Holds);
        }
        (Stance::DropCapabilities, DraftCondition::Texts(texts)) => {
            return each(texts, capability, problems).map(Demand::Dropped);
        }
        (Stance::Memory | Stance::Pids | Stance::Cpus, DraftCondition::Used(true)) => {
            return Some(Demand::Limit(Condition::Numbers(vec![(1, i64::MAX)])));
        }
        (
            Stance::Memory | Stance::Pids | Stance::Cpus,
            DraftCondition::Numbers(_) | DraftCondition::Range { .. } | DraftCondition::Texts(_),
        ) => match Condition::read(written, problems)? {
            condition @ Condition::Numbers(_) => return Some(Demand::Limit(condition)),
            Condition::Unused
            | Condition::Any
            | Condition::Texts(_)
            | Condition::Expression(_)
            | Condition::Elements(..) => {
                format!("write `require.{name} = {{ max = … }}`, or `true` for any limit")
            }
        },
        (Stance::Memory | Stance::Pids | Stance::Cpus, _) => {
            format!("write `require.{name} = {{ max = … }}`, or `true` for any limit")
        }
        (Stance::DropCapabilities, _) => "write `require.drop_capabilities = [\"ALL\"]`".to_owned(),
        (Stance::ReadOnlyRoot | Stance::NoNewPrivileges | Stance::NonRoot, _) => {
            format!("write `require.{name} = true`, or leave it out")
        }
    };
    let message = format!("this is no condition for `require.{name}`");
    problems.push(Problem::new(Code::WrongCondition, written.span(), message).help(help));
    None
}

/// What a parameter is, in words.
const fn kind(parameter: &Parameter) -> &'static str {
    match parameter.kind {
        ParameterKind::Bool | ParameterKind::StrictBool => "true or false",
        ParameterKind::Int => "a number",
        ParameterKind::Text => "a text",
        ParameterKind::List => "a list of texts",
        ParameterKind::Filters | ParameterKind::Json => "JSON",
    }
}

fn unknown_parameter(name: &Spanned<String>, selection: &Selection) -> Option<Problem> {
    let exists = |parameter: &Parameter| parameter.name == name.get_ref();
    // It may belong to an operation that could not be looked up.
    if selection.partial && table::endpoints().any(|endpoint| endpoint.parameters.iter().any(exists)) {
        return None;
    }
    let known: BTreeSet<&str> = selection
        .endpoints()
        .flat_map(|endpoint| endpoint.parameters)
        .map(|parameter| parameter.name)
        .collect();
    if known.is_empty() && selection.partial {
        return None;
    }
    let mut endpoints = selection.endpoints();
    let message = match (endpoints.next(), endpoints.next()) {
        (Some(only), None) => format!("`{only}` has no parameter `{}`", name.get_ref()),
        _ => format!("no operation of this rule has a parameter `{}`", name.get_ref()),
    };
    let help = if known.is_empty() {
        Some("it has no parameters at all".to_owned())
    } else {
        did_you_mean(name.get_ref(), known.iter().copied())
    };
    (selection.endpoints().next().is_some())
        .then(|| Problem::new(Code::UnknownParameter, name.span(), message).help_if(help))
}

/// Says in which line each rule begins, in one walk through the source.
fn number_lines(allow: &mut [Rule], forbid: &mut [Rule], source: &str) {
    let mut rules: Vec<_> = allow.iter_mut().chain(forbid).collect();
    rules.sort_by_key(|rule| rule.span.start);
    let (mut line, mut at) = (1_u32, 0);
    for rule in rules {
        let between = source.as_bytes().get(at..rule.span.start).unwrap_or_default();
        let newlines = memchr::memchr_iter(b'\n', between).count();
        line = line.saturating_add(newlines.try_into().unwrap_or(u32::MAX));
        (rule.line, at) = (line, rule.span.start);
    }
}

/// The line, counted from 1, in which the byte stands.
pub(super) fn line_of(source: &str, byte: usize) -> usize {
    let before = source.as_bytes().get(..byte).unwrap_or_default();
    memchr::memchr_iter(b'\n', before).count().saturating_add(1)
}
