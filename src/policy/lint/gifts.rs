//! Warns of rules that give the host away, or part of it: by an operation, a body, a parameter, a field, or what may
//! be meant.

use std::ops::Range;

use toml::Spanned;

use super::dangers::{self, Danger, Extent};
use super::host::{self, By};
use super::samples;
use crate::operation::meaning::{Aspect, Meaning, Reading, aspects_of, readings_in};
use crate::policy::aspect::AspectSet;
use crate::policy::body::FieldCondition;
use crate::policy::condition::Condition;
use crate::policy::draft::{DraftAspect, DraftRule, Quantifier};
use crate::policy::problem::{Code, Problem};
use crate::policy::rule::Rule;

/// Warns of everything with which a client of the rule reaches the host; of each thing that is granted the worst.
pub(super) fn find(rule: &Rule, written: &DraftRule, problems: &mut Vec<Problem>) {
    by_operation(rule, written, problems);
    // Who has everything gains nothing by the rest.
    if rule.grants.everything {
        return;
    }
    by_meaning(rule, written, problems);
    by_field(rule, written, problems);
}

/// The strongest operation, body or parameter.
fn by_operation(rule: &Rule, written: &DraftRule, problems: &mut Vec<Problem>) {
    let Some((gift, target)) = host::gift(rule) else { return };
    let whole = || written.unguarded.as_ref().or(written.whole_body.as_ref()).map(Spanned::span);
    let condition = |name: &str| written.query.iter().find(|(written, _)| written.get_ref() == name);
    let field = |name: &str| {
        let (name, _) =
            written.body.iter().find(|(written, _)| written.get_ref().eq_ignore_ascii_case(name))?;
        Some(name.span())
    };
    let (extent, grant) = match gift.by {
        By::Operation => (Extent::Root, None),
        By::Body => (Extent::Root, whole()),
        By::Field(name) => (Extent::Root, field(name)),
        By::Parameter(name, _) => (Extent::Part, condition(name).map(|(name, _)| name.span()).or_else(whole)),
    };
    let mut problem = gives(rule, extent, grant.clone().unwrap_or(target.span.clone()), gift.why);
    if grant.is_some() {
        problem = problem.also(target.span.clone(), "for this operation");
    }
    problems.push(problem);
}

/// What may be meant.
fn by_meaning(rule: &Rule, written: &DraftRule, problems: &mut Vec<Problem>) {
    if written.aspects.is_empty() {
        return;
    }
    let sayable =
        |aspect: &Aspect| rule.selection.endpoints().any(|endpoint| aspects_of(endpoint).contains(aspect));
    let admits = |aspect: Aspect, meaning: &Meaning| {
        rule.aspects.get(&aspect).is_some_and(|set| set.admits(meaning)) && sayable(&aspect)
    };
    for (aspect, said) in &written.aspects {
        if let Some(danger) = dangers::worst(*aspect, |meaning| admits(*aspect, meaning)) {
            let span = item_of(*aspect, said, danger).unwrap_or(said.span());
            problems.push(gives(rule, danger.extent, span, &because(danger)));
        }
    }
    let together = dangers::together(
        |right| admits(Aspect::Capabilities, right),
        |namespace| admits(Aspect::Namespaces, namespace),
    );
    let span = |wanted: Aspect| {
        written.aspects.iter().find(|(aspect, _)| *aspect == wanted).map(|(_, said)| said.span())
    };
    if let (Some((extent, why)), Some(right), Some(namespace)) =
        (together, span(Aspect::Capabilities), span(Aspect::Namespaces))
    {
        problems
            .push(gives(rule, extent, right, &format!("it can {why}")).also(namespace, "together with this"));
    }
}

/// The item of a list that lets the danger through.
fn item_of(aspect: Aspect, said: &Spanned<DraftAspect>, danger: &Danger) -> Option<Range<usize>> {
    let (write, read) = match said.get_ref() {
        DraftAspect::Texts(texts) => (texts.as_slice(), &[][..]),
        DraftAspect::Paths { read_write, read_only } => (read_write.as_slice(), read_only.as_slice()),
        DraftAspect::Any(_) | DraftAspect::Regex(_) | DraftAspect::Amount(_) => return None,
    };
    let lets_through = |item: &&Spanned<String>, writes: bool| {
        let one = vec![(*item).clone()];
        let one = match said.get_ref() {
            DraftAspect::Paths { .. } if writes => {
                DraftAspect::Paths { read_write: one, read_only: Vec::new() }
            }
            DraftAspect::Paths { .. } => DraftAspect::Paths { read_write: Vec::new(), read_only: one },
            DraftAspect::Texts(_) | DraftAspect::Any(_) | DraftAspect::Regex(_) | DraftAspect::Amount(_) => {
                DraftAspect::Texts(one)
            }
        };
        let set = AspectSet::read(aspect, &Spanned::new(item.span(), one), &mut Vec::new());
        set.is_some_and(|set| danger.meanings().iter().any(|meaning| set.admits(meaning)))
    };
    let found = write.iter().find(|item| lets_through(item, true));
    found.or_else(|| read.iter().find(|item| lets_through(item, false))).map(Spanned::span)
}

/// Conditions on fields, as far as they grant them.
fn by_field(rule: &Rule, written: &DraftRule, problems: &mut Vec<Problem>) {
    for field in rule.fields.iter().filter(|field| field.condition != Condition::Unused) {
        let is_it = |name: &str| field.places.values().any(|(path, _)| path.is_called(name));
        let span = written.body.iter().find(|(name, _)| is_it(name.get_ref())).map(|(name, _)| name.span());
        let span = span.unwrap_or(rule.span.clone());
        let worst = worst_in_field(field);
        if climbs(rule, field) && worst.is_none_or(|worst| worst.extent > Extent::Root) {
            problems.push(gives(rule, Extent::Root, span, &because(&dangers::CLIMB)).help(
                "say by `host_paths`, or `devices`, which paths it may be: those are compared as the daemon reads them",
            ));
        } else if let Some(danger) = worst {
            problems.push(gives(rule, danger.extent, span, &because(danger)));
        }
    }
}

/// The worst that a field lets through.
fn worst_in_field(field: &FieldCondition) -> Option<&'static Danger> {
    let ends = samples::ends(&field.condition);
    // Where some elements must be such, the others may be anything.
    let is_any = matches!(field.condition, Condition::Any | Condition::Elements(Quantifier::Some, _));
    let readings = field.places.values().flat_map(|(_, found)| readings_in(found.field));
    readings
        // These are the volumes of another container, whatever those are.
        .filter(|reading| *reading != Reading::VolumesFrom)
        .filter_map(|reading| {
            dangers::worst_in(reading, &ends, |sample| field.condition.admits_json(sample), || is_any)
        })
        .min_by_key(|danger| danger.extent)
}

/// Whether a field lets paths through that lead out of the directory they begin with, and nothing else holds them.
fn climbs(rule: &Rule, field: &FieldCondition) -> bool {
    let is_held = |aspect| matches!(rule.aspects.get(&aspect), Some(set) if *set != AspectSet::Any);
    samples::paths_held(field).is_some_and(|aspect| !is_held(aspect)) && samples::climbs(&field.condition)
}

fn because(danger: &Danger) -> String {
    format!("it can {}", danger.why)
}

fn gives(rule: &Rule, extent: Extent, span: Range<usize>, why: &str) -> Problem {
    let (what, is, whom) = match extent {
        Extent::Root => ("gives the host away", "is root on the host", "that you would give root"),
        Extent::Part => ("gives away part of the host", "gets at part of the host", "that may have that"),
    };
    Problem::new(Code::GivesHostAway, span, format!("{} {what}", rule.name))
        .label(format!("with this, the client {is}, because {why}"))
        .help(format!("give this rule only to clients {whom}"))
}
