//! What is not wrong with a policy but looks it: rules that do nothing, clients that nobody names,
//! rights that reach further than they seem to.

mod between;
mod characters;
mod dangers;
mod gifts;
mod host;
mod idle;
mod names;
mod samples;

use std::collections::BTreeMap;
use std::ops::Range;

use super::draft::{Draft, DraftRule};
use super::nearest::{list, shorten};
use super::problem::{Code, Problem};
use super::resolve::Resolved;
use super::rule::{Rule, body_guard, has_guarded_body};
use super::selection::Key;
use super::{Hashed, hashed};
use crate::operation::meaning::Aspect;
use crate::operation::table::{Endpoint, Guard};
use crate::operation::thing::ThingKind;
pub(super) use characters::{find_invisible_characters, find_odd_characters};

/// Of how many operations a finding gives the names.
const MOST_NAMED: usize = 3;

/// Looks over a policy without errors.
pub(super) fn lint(draft: &Draft, resolved: &Resolved, problems: &mut Vec<Problem>) {
    if resolved.allow.is_empty() {
        problems.push(
            Problem::new(
                Code::AllowsNothing,
                0..0,
                "this policy has no allow rule: it refuses every request",
            )
            .help("begin with `[[allow]]` and `operations = [\"@read\"]`"),
        );
    }
    find_unused_clients(draft, resolved, problems);
    find_covered(&resolved.allow, problems);
    for (rule, written) in resolved.allow.iter().zip(&draft.allow) {
        if rule.grants.everything {
            check_unguarded(rule, written, problems);
        } else if !rule.grants.body && !written.operations.iter().any(|entry| entry.get_ref() == "*") {
            find_bodies_without_grant(rule, problems);
        }
        find_open_builds(rule, problems);
        find_open_pulls(rule, problems);
        gifts::find(rule, written, problems);
        idle::find_never_matching(rule, written, problems);
        between::find_forbidden(rule, &resolved.forbid, problems);
        idle::find_idle_keys(rule, written, problems);
        idle::find_host_network(rule, written, problems);
    }
    between::find_open_starts(&resolved.allow, &resolved.clients, problems);
    between::find_covered_forbids(&resolved.forbid, problems);
    for (rule, written) in resolved.forbid.iter().zip(&draft.forbid) {
        let allow = resolved.allow.iter();
        let allow: Vec<&Rule> = allow.filter(|other| between::meet(rule, other, &resolved.clients)).collect();
        check_forbid(rule, &allow, problems);
        idle::find_idle_keys(rule, written, problems);
    }
}

fn find_unused_clients(draft: &Draft, resolved: &Resolved, problems: &mut Vec<Problem>) {
    for (place, client) in draft.clients.iter().enumerate() {
        let mut rules = resolved.allow.iter().chain(&resolved.forbid);
        if !rules.any(|rule| rule.clients.as_ref().is_some_and(|clients| clients.contains(&place))) {
            let message = format!("no rule names the client `{}`", client.name.get_ref());
            problems.push(Problem::new(Code::UnusedClient, client.name.span(), message).help(format!(
                "rules without `clients` are for everyone; name it with `clients = [\"{}\"]`, or remove it",
                client.name.get_ref()
            )));
        }
    }
}

fn find_covered(rules: &[Rule], problems: &mut Vec<Problem>) {
    // Who covers a rule has whatever the rule has: there is no need to look at all of the others.
    let mut having: BTreeMap<Key, Vec<(usize, &Rule)>> = BTreeMap::new();
    let mut matching: Hashed<&str, Vec<(usize, &Rule)>> = hashed(rules.len());
    for (place, rule) in rules.iter().enumerate() {
        for (key, expression) in rule.selection.entries() {
            let list = match expression {
                None => having.entry(key).or_default(),
                Some(expression) => matching.entry(expression).or_default(),
            };
            if list.last().is_none_or(|(last, _)| *last != place) {
                list.push((place, rule));
            }
        }
    }
    for (place, rule) in rules.iter().enumerate() {
        let Some((key, expression)) = rule.selection.entries().next() else { continue };
        let covers = |(other_place, other): &&(usize, &Rule)| {
            *other_place != place
                && rule.is_covered_by(other)
                // Of two that say the same, the later is the one too many.
                && (*other_place < place || !other.is_covered_by(rule))
        };
        let lists = [having.get(&key), expression.and_then(|expression| matching.get(expression))];
        let first = |list: &Vec<(usize, _)>| list.iter().find(covers).copied();
        let covering = lists.into_iter().flatten().filter_map(first).min_by_key(|(place, _)| *place);
        if let Some((_, other)) = covering {
            let message = format!("{} grants nothing that {} does not grant", rule.name, other.name);
            problems.push(
                Problem::new(Code::CoveredRule, rule.span.clone(), message)
                    .also(other.span.clone(), "this one grants all of it")
                    .help("remove it, or narrow the other if that is wider than it should be"),
            );
        }
    }
}

fn check_unguarded(rule: &Rule, written: &DraftRule, problems: &mut Vec<Problem>) {
    let Some(unguarded) = &written.unguarded else { return };
    if !rule.selection.endpoints().any(has_guarded) {
        problems.push(
            Problem::new(
                Code::NeedlessUnguarded,
                unguarded.span(),
                "none of this rule's operations has anything guarded",
            )
            .help("remove `unguarded = true`: it would grant what comes to be guarded later"),
        );
    }
}

/// Whether anything of the endpoint is guarded.
pub(super) fn has_guarded(endpoint: &Endpoint) -> bool {
    has_guarded_body(endpoint)
        || endpoint.parameters.iter().any(|parameter| matches!(parameter.guard, Guard::Guarded(_)))
}

fn find_bodies_without_grant(rule: &Rule, problems: &mut Vec<Problem>) {
    for named in by_entry(rule, |endpoint| body_guard(endpoint).is_some()) {
        let (body, need) = if named.several { ("bodies", "need") } else { ("body", "needs") };
        let message = format!("this rule does not grant the {body} that {} {need}", named.words);
        problems.push(
            Problem::new(Code::NeedsUnguarded, named.span, message)
                .help("`body = true` grants it, with everything in it; without that, remove the operation"),
        );
    }
}

fn find_open_builds(rule: &Rule, problems: &mut Vec<Problem>) {
    let is_bounded =
        !rule.things.contains_key(&ThingKind::Image) || rule.aspects.contains_key(&Aspect::Images);
    if is_bounded || rule.grants.everything {
        return;
    }
    for named in by_entry(rule, |endpoint| endpoint.id == "ImageBuild") {
        let message = format!("{} says what its builds may be called, and not what they may take", rule.name);
        problems.push(
            Problem::new(Code::OpenBuild, named.span, message)
                .help("add `images = [\"…\"]`: what a build may be made from, copy from and be called"),
        );
    }
}

/// Warns of pulls that a rule takes for what it is for because it says `own`: no pulled image is marked.
fn find_open_pulls(rule: &Rule, problems: &mut Vec<Problem>) {
    let images = rule.things.get(&ThingKind::Image);
    let is_by_owner = images.is_some_and(|set| set.speaks_of_owners() && !set.speaks_of_names());
    if !is_by_owner || rule.own.is_none() || rule.grants.everything {
        return;
    }
    if rule.aspects.contains_key(&Aspect::Images) || rule.conditions.contains_key("fromImage") {
        return;
    }
    for named in by_entry(rule, |endpoint| endpoint.id == "ImageCreate") {
        let message =
            format!("{} has any image pulled: it is not `image.owner` that bounds pulls", rule.name);
        problems.push(
            Problem::new(Code::OpenPull, named.span, message)
                .help("add `images = [\"…\"]`, or `query.fromImage = false` if nothing is to be pulled"),
        );
    }
}

fn check_forbid(rule: &Rule, allow: &[&Rule], problems: &mut Vec<Problem>) {
    let promise = "what is not granted is refused anyway: remove the rule, or keep it as a promise";
    if !allow.iter().any(|other| other.selection.meets(&rule.selection)) {
        let message = format!("{} forbids what no allow rule grants", rule.name);
        problems.push(Problem::new(Code::UnreachableForbid, rule.span.clone(), message).help(promise));
    } else if let Some(kinds) = idle::ungranted_kinds(rule, allow) {
        let message = format!("{} forbids {kinds}, of which no allow rule grants any", rule.name);
        problems.push(Problem::new(Code::UnreachableForbid, rule.span.clone(), message).help(promise));
    } else if between::strikes_nothing(rule, allow) && !rule.is_unconditional() {
        let message =
            format!("{} forbids what its conditions say, and no allow rule lets that through", rule.name);
        problems.push(Problem::new(Code::UnreachableForbid, rule.span.clone(), message).help(promise));
    }
    let by_name = rule.selection.targets().find(|target| {
        names::has_another(target.endpoint) && !target.paths.contain(&names::path_by_id(target.endpoint))
    });
    if let Some(target) = by_name {
        let message = format!("{} does not strike a client that uses the ID", rule.name);
        problems.push(
            Problem::new(Code::ForbidByName, target.span.clone(), message)
                .help("what has a name has an ID too: say in allow rules which names may be used"),
        );
    }
    for name in rule.conditions.keys() {
        for named in by_entry(rule, |endpoint| endpoint.parameter(name).is_none()) {
            let have = if named.several { "have" } else { "has" };
            let message =
                format!("this rule never strikes {}, which {have} no parameter `{name}`", named.words);
            problems.push(
                Problem::new(Code::IdleOperation, named.span, message)
                    .help("all conditions must strike; give the operation a forbid rule of its own"),
            );
        }
    }
}

/// Endpoints that one entry names, in words.
struct Named {
    span: Range<usize>,
    words: String,
    several: bool,
}

/// The endpoints of a rule of which something is so, for each entry that names any.
fn by_entry(rule: &Rule, is_so: impl Fn(&Endpoint) -> bool) -> Vec<Named> {
    let mut entries: BTreeMap<usize, (Range<usize>, Vec<String>)> = BTreeMap::new();
    for target in rule.selection.targets().filter(|target| is_so(target.endpoint)) {
        let entry = entries.entry(target.span.start).or_insert_with(|| (target.span.clone(), Vec::new()));
        entry.1.push(format!("`{}`", target.endpoint));
    }
    let named = |(span, mut names): (Range<usize>, Vec<String>)| {
        let several = names.len() > 1;
        shorten(&mut names, MOST_NAMED);
        Named { span, words: list(&names, "and"), several }
    };
    entries.into_values().map(named).collect()
}
