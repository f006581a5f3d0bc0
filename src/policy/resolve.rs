//! From the policy as written to what it means: clients, operations and parameters are looked up.

use std::collections::{BTreeMap, BTreeSet};

use toml::Spanned;

use super::Mode;
use super::condition::Condition;
use super::draft::{Draft, DraftCondition, DraftRule};
use super::nearest::did_you_mean;
use super::problem::{Code, Problem};
use super::rule::{Rule, RuleName};
use super::selection::Selection;
use super::selector::Selector;
use crate::operation::table::{self, Endpoint, Parameter, ParameterKind};

/// The meaning of a draft.
pub(super) struct Resolved {
    pub(super) mode: Mode,
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
    let allow = rules(&draft.allow, false);
    let forbid = rules(&draft.forbid, true);
    Resolved { mode: resolve_mode(draft, problems), clients, allow, forbid }
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

fn check_names(draft: &Draft, problems: &mut Vec<Problem>) {
    let mut seen: BTreeMap<&str, &Spanned<String>> = BTreeMap::new();
    let mut names: Vec<_> = draft.allow.iter().chain(&draft.forbid).filter_map(|r| r.name.as_ref()).collect();
    names.sort_by_key(|name| name.span().start);
    for name in names {
        if let Some(first) = seen.get(name.get_ref().as_str()) {
            let message = format!("two rules have the name `{}`", name.get_ref());
            problems.push(
                Problem::new(Code::DuplicateName, name.span(), message)
                    .also(first.span(), "the first is here")
                    .help("refusals and records name rules: give each a name of its own"),
            );
        } else {
            seen.insert(name.get_ref(), name);
        }
    }
}

fn resolve_rule(
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
    Rule {
        name,
        span: draft.span.clone(),
        clients: draft.clients.as_ref().map(|names| resolve_clients(names, clients, problems)),
        selection,
        conditions,
        unguarded: draft.unguarded.as_ref().is_some_and(|unguarded| *unguarded.get_ref()),
        reason: draft.reason.as_ref().map(|reason| reason.get_ref().clone()),
        takes_lines: draft.takes_query_lines && draft.unguarded.is_none(),
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

/// The line, counted from 1, in which the byte stands.
fn line_of(source: &str, byte: usize) -> usize {
    source.bytes().take(byte).filter(|byte| *byte == b'\n').count().saturating_add(1)
}
