//! Policies that differ from a policy in one thing that it says: what tests are measured by.

use std::ops::Range;

use toml::Spanned;

use crate::policy::draft::{Conditioned, Draft, DraftAspect, DraftCondition, DraftRule};
use crate::policy::lint::has_guarded;
use crate::policy::problem::Severity;
use crate::policy::resolve::{Resolved, resolve_rule};
use crate::policy::rule::{Grants, Rule, RuleName};
use crate::policy::selection::Selection;

/// A policy of which one thing is changed.
pub(super) struct Mutant {
    /// Where it says so.
    pub(super) span: Range<usize>,
    /// What is changed: `rule "look"`, `images`.
    pub(super) part: String,
    /// How: `is taken out`.
    pub(super) change: String,
    pub(super) resolved: Resolved,
}

/// A change of one rule as it is written.
struct Change {
    span: Range<usize>,
    part: String,
    what: &'static str,
    rule: DraftRule,
}

const TAKEN_OUT: &str = "is taken out";
const ANY: &str = "admits any value";

/// Every policy that differs from this one in one thing.
pub(super) fn mutants(draft: &Draft, resolved: &Resolved, source: &str) -> Vec<Mutant> {
    let mut mutants = Vec::new();
    if let Some(floor) = &draft.min_version {
        let resolved = Resolved { min_version: None, ..resolved.clone() };
        let (span, part) = (floor.span(), "`min_version`".to_owned());
        mutants.push(Mutant { span, part, change: TAKEN_OUT.to_owned(), resolved });
    }
    for (forbids, written) in [(false, &draft.allow), (true, &draft.forbid)] {
        for (place, rule) in written.iter().enumerate() {
            of_rule(rule, forbids, place, resolved, source, &mut mutants);
        }
    }
    mutants
}

fn of_rule(
    written: &DraftRule,
    forbids: bool,
    place: usize,
    resolved: &Resolved,
    source: &str,
    mutants: &mut Vec<Mutant>,
) {
    let rules = if forbids { &resolved.forbid } else { &resolved.allow };
    let Some(rule) = rules.get(place) else { return };
    let with = |new: Option<Rule>| {
        let mut resolved = resolved.clone();
        let rules = if forbids { &mut resolved.forbid } else { &mut resolved.allow };
        rules.splice(place..place.saturating_add(1), new);
        resolved
    };
    let mut add = |span: &Range<usize>, part: &str, change: &str, new: Option<Rule>| {
        let (span, part, change) = (span.clone(), part.to_owned(), change.to_owned());
        mutants.push(Mutant { span, part, change, resolved: with(new) });
    };
    let name = match &rule.name {
        RuleName::Named(name) => format!("rule \"{name}\""),
        RuleName::AtLine(_) => "this rule".to_owned(),
    };
    let span = written.name.as_ref().map_or(written.span.clone(), Spanned::span);
    add(&span, &name, TAKEN_OUT, None);
    for change in changes(written) {
        let mut problems = Vec::new();
        let new = resolve_rule(&change.rule, forbids, &resolved.clients, source, &mut problems);
        // What cannot be said is no change: a condition that fits none of the operations that are left.
        if problems.iter().all(|problem| problem.severity() != Severity::Error) {
            add(&change.span, &change.part, change.what, Some(new));
        }
    }
    let operations = written.operations.first().map_or(written.span.clone(), Spanned::span);
    if rule.selection.has_expressions() {
        let selection = rule.selection.with_all_paths();
        add(
            &operations,
            "what its expressions say of paths",
            TAKEN_OUT,
            Some(Rule { selection, ..rule.clone() }),
        );
    }
    if !forbids && !written.operations.iter().any(|entry| entry.get_ref() == "*") {
        let selection = Selection::everything();
        add(&operations, &name, "is for every operation", Some(Rule { selection, ..rule.clone() }));
    }
    if !forbids && !rule.grants.everything && rule.selection.endpoints().any(has_guarded) {
        let new = Rule { grants: Grants { everything: true, ..rule.grants }, ..rule.clone() };
        add(&span, &name, "has `unguarded = true`", Some(new));
    }
}

/// Every change of one thing that a rule says.
fn changes(written: &DraftRule) -> Vec<Change> {
    let mut changes = Changes { written, changes: Vec::new() };
    if written.operations.len() > 1 {
        for (index, entry) in written.operations.iter().enumerate() {
            changes.add(entry.span(), format!("`{}`", entry.get_ref()), TAKEN_OUT, |rule| {
                rule.operations.remove(index);
            });
        }
    }
    if let Some(clients) = &written.clients {
        let span = clients.first().map_or(written.span.clone(), Spanned::span);
        changes.add(span, "`clients`".to_owned(), TAKEN_OUT, |rule| rule.clients = None);
        for (index, name) in clients.iter().enumerate().filter(|_| clients.len() > 1) {
            changes.add(name.span(), format!("client `{}`", name.get_ref()), TAKEN_OUT, |rule| {
                if let Some(clients) = &mut rule.clients {
                    clients.remove(index);
                }
            });
        }
    }
    changes.conditions("query", &written.query, |rule| &mut rule.query);
    changes.conditions("body", &written.body, |rule| &mut rule.body);
    changes.requirements("require", &written.require, |rule| &mut rule.require);
    changes.requirements("require.query", &written.require_query, |rule| &mut rule.require_query);
    changes.aspects();
    changes.things();
    let grants: [Grant<'_>; 3] = [
        ("body", &written.whole_body, |rule| rule.whole_body = None),
        ("registry_credentials", &written.registry_credentials, |rule| rule.registry_credentials = None),
        ("unguarded", &written.unguarded, |rule| rule.unguarded = None),
    ];
    for (key, said, take_out) in grants {
        if let Some(said) = said.as_ref().filter(|said| *said.get_ref()) {
            changes.add(said.span(), format!("`{key}`"), TAKEN_OUT, take_out);
        }
    }
    if let Some(own) = &written.own {
        changes.add(own.span(), "`own`".to_owned(), TAKEN_OUT, |rule| rule.own = None);
    }
    for (index, word) in written.redact.iter().enumerate() {
        changes.add(word.span(), format!("`{}` of `redact`", word.get_ref()), TAKEN_OUT, |rule| {
            rule.redact.remove(index);
        });
    }
    if let Some(profile) = &written.profile {
        changes.add(profile.span(), "`profile`".to_owned(), TAKEN_OUT, |rule| rule.profile = None);
    }
    changes.changes
}

/// A key that grants, what it is set to, and how it is taken out.
type Grant<'r> = (&'static str, &'r Option<Spanned<bool>>, fn(&mut DraftRule));

struct Changes<'r> {
    written: &'r DraftRule,
    changes: Vec<Change>,
}

impl Changes<'_> {
    fn add(
        &mut self,
        span: Range<usize>,
        part: String,
        what: &'static str,
        edit: impl FnOnce(&mut DraftRule),
    ) {
        let mut rule = self.written.clone();
        edit(&mut rule);
        self.changes.push(Change { span, part, what, rule });
    }

    fn conditions(
        &mut self,
        table: &str,
        conditions: &[Conditioned],
        of: fn(&mut DraftRule) -> &mut Vec<Conditioned>,
    ) {
        for (index, (name, condition)) in conditions.iter().enumerate() {
            let part = || format!("`{table}.{}`", name.get_ref());
            self.add(name.span(), part(), TAKEN_OUT, |rule| {
                of(rule).remove(index);
            });
            let mut set = |span, part, change, new: DraftCondition| {
                self.add(span, part, change, |rule| {
                    if let Some((_, condition)) = of(rule).get_mut(index) {
                        *condition = Spanned::new(condition.span(), new);
                    }
                });
            };
            if !matches!(condition.get_ref(), DraftCondition::Used(_)) {
                set(name.span(), part(), ANY, DraftCondition::Used(true));
            }
            if let DraftCondition::Texts(texts) = condition.get_ref() {
                for (span, text, rest) in without_each(texts) {
                    set(span, format!("`{text}` of {}", part()), TAKEN_OUT, DraftCondition::Texts(rest));
                }
            }
        }
    }

    fn requirements(
        &mut self,
        table: &str,
        requirements: &[Conditioned],
        of: fn(&mut DraftRule) -> &mut Vec<Conditioned>,
    ) {
        for (index, (name, _)) in requirements.iter().enumerate() {
            self.add(name.span(), format!("`{table}.{}`", name.get_ref()), TAKEN_OUT, |rule| {
                of(rule).remove(index);
            });
        }
    }

    fn things(&mut self) {
        for (index, thing) in self.written.things.iter().enumerate() {
            for (place, (name, condition)) in thing.properties.iter().enumerate() {
                let part = format!("`{}.{}`", thing.kind, name.get_ref());
                self.add(name.span(), part.clone(), TAKEN_OUT, |rule| {
                    let Some(thing) = rule.things.get_mut(index) else { return };
                    thing.properties.remove(place);
                    if thing.properties.is_empty() {
                        rule.things.remove(index);
                    }
                });
                let DraftCondition::Texts(texts) = condition.get_ref() else { continue };
                for (span, text, rest) in without_each(texts) {
                    self.add(span, format!("`{text}` of {part}"), TAKEN_OUT, |rule| {
                        let thing = rule.things.get_mut(index);
                        let property = thing.and_then(|thing| thing.properties.get_mut(place));
                        if let Some((_, condition)) = property {
                            *condition = Spanned::new(condition.span(), DraftCondition::Texts(rest));
                        }
                    });
                }
            }
        }
    }

    fn aspects(&mut self) {
        for (index, (aspect, said)) in self.written.aspects.iter().enumerate() {
            let part = format!("`{aspect}`");
            self.add(said.span(), part.clone(), TAKEN_OUT, |rule| {
                rule.aspects.remove(index);
            });
            let mut set = |span, part, change, new: DraftAspect| {
                self.add(span, part, change, |rule| {
                    if let Some((_, said)) = rule.aspects.get_mut(index) {
                        *said = Spanned::new(said.span(), new);
                    }
                });
            };
            if !matches!(said.get_ref(), DraftAspect::Any(true)) {
                set(said.span(), part.clone(), ANY, DraftAspect::Any(true));
            }
            match said.get_ref() {
                DraftAspect::Texts(texts) => {
                    for (span, text, rest) in without_each(texts) {
                        set(span, format!("`{text}` of {part}"), TAKEN_OUT, DraftAspect::Texts(rest));
                    }
                }
                DraftAspect::Paths { read_write, read_only } => {
                    let lists = [(read_write, read_only, true), (read_only, read_write, false)];
                    for (list, other, writes) in lists {
                        for (index, text) in list.iter().enumerate() {
                            let mut rest = list.clone();
                            rest.remove(index);
                            let (read_write, read_only) =
                                if writes { (rest, other.clone()) } else { (other.clone(), rest) };
                            let new = DraftAspect::Paths { read_write, read_only };
                            set(text.span(), format!("`{}` of {part}", text.get_ref()), TAKEN_OUT, new);
                            if !writes {
                                let write = DraftAspect::Paths {
                                    read_write: list.iter().chain(other).cloned().collect(),
                                    read_only: Vec::new(),
                                };
                                set(text.span(), format!("`read_only` of {part}"), "admits writing", write);
                            }
                        }
                    }
                }
                DraftAspect::Any(_) | DraftAspect::Regex(_) | DraftAspect::Amount(_) => {}
            }
        }
    }
}

/// Each text of a list that has several, with what is left without it.
fn without_each(texts: &[Spanned<String>]) -> Vec<(Range<usize>, String, Vec<Spanned<String>>)> {
    if texts.len() < 2 {
        return Vec::new();
    }
    let each = texts.iter().enumerate().map(|(index, text)| {
        let mut rest = texts.to_vec();
        rest.remove(index);
        (text.span(), text.get_ref().clone(), rest)
    });
    each.collect()
}
