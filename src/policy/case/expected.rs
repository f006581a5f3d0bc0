//! What a case expects, and how what came differs from it.

use toml::Spanned;

use super::{Line, Outcome};
use crate::operation::redaction::Redaction;
use crate::operation::thing::Thing;
use crate::operation::{Fault, Text};
use crate::policy::Reason;
use crate::policy::draft::DraftCase;
use crate::policy::nearest::{did_you_mean, list};
use crate::policy::problem::{Code, Problem};
use crate::policy::resolve::{self, Resolved};

/// What a verdict can be expected to be.
pub(in crate::policy) const VERDICTS: [&str; 2] = ["permit", "deny"];

/// What is expected of a verdict; what is not said may be anything.
#[derive(Clone, Debug)]
pub(super) enum Expected {
    /// A permit, by this rule, with which what is made is marked for this owner, this is hidden in the answer, and the
    /// client sees these and not those.
    Permit {
        rule: Option<String>,
        owner: Option<String>,
        hides: Redaction,
        sees: Vec<Thing<'static>>,
        misses: Vec<Thing<'static>>,
    },
    /// A denial: by this rule, for this reason, and these are lacking at least.
    Denial { rule: Option<String>, reason: Option<&'static str>, lacks: Vec<String> },
}

impl Expected {
    /// What is written; what cannot be expected becomes a problem.
    pub(super) fn read(draft: &DraftCase, resolved: &Resolved, problems: &mut Vec<Problem>) -> Self {
        if let Some(rule) = &draft.rule {
            let labels: Vec<String> =
                resolved.allow.iter().chain(&resolved.forbid).map(|rule| rule.name.label()).collect();
            if !labels.contains(rule.get_ref()) {
                let message = format!("there is no rule `{}`", rule.get_ref());
                let help = did_you_mean(rule.get_ref(), labels.iter().map(String::as_str));
                problems.push(Problem::new(Code::UnknownRule, rule.span(), message).help_if(help));
            }
        }
        let reason = draft.reason.as_ref().and_then(|written| {
            let known = reasons().find(|known| known == written.get_ref());
            if known.is_none() {
                let message = format!("there is no reason `{}`", written.get_ref());
                let known: Vec<&str> = reasons().collect();
                let help = did_you_mean(written.get_ref(), known);
                problems.push(Problem::new(Code::BadCase, written.span(), message).help_if(help));
            }
            known
        });
        let rule = draft.rule.as_ref().map(|rule| rule.get_ref().clone());
        let is_denial = match &draft.verdict {
            Some(verdict) if verdict.get_ref() == "deny" => true,
            Some(verdict) if verdict.get_ref() != "permit" => {
                let message = format!("there is no verdict `{}`", verdict.get_ref());
                let help = did_you_mean(verdict.get_ref(), VERDICTS);
                problems.push(Problem::new(Code::BadCase, verdict.span(), message).help_if(help));
                false
            }
            Some(_) | None => false,
        };
        if is_denial {
            if let (Some(seen), Some(verdict)) =
                (draft.sees.iter().chain(&draft.misses).next(), &draft.verdict)
            {
                problems.push(
                    Problem::new(Code::BadCase, seen.span(), "what is denied shows nothing")
                        .also(verdict.span(), "a denial is expected")
                        .help("write `verdict = \"permit\"`, or remove this"),
                );
            }
            let lacks = draft.lacks.iter().map(|lack| lack.get_ref().clone()).collect();
            return Self::Denial { rule, reason, lacks };
        }
        let needless = draft.reason.iter().chain(&draft.lacks).next();
        if let (Some(needless), Some(verdict)) = (needless, &draft.verdict) {
            problems.push(
                Problem::new(
                    Code::BadCase,
                    needless.span(),
                    "what is permitted has no reason and lacks nothing",
                )
                .also(verdict.span(), "a permit is expected")
                .help("write `verdict = \"deny\"`, or remove this"),
            );
        }
        let things =
            |seen: &[Spanned<Thing<'static>>]| seen.iter().map(|thing| thing.get_ref().clone()).collect();
        let owner = draft.owner.as_ref().map(|owner| owner.get_ref().clone());
        let hides = resolve::redaction(&draft.hides, problems);
        Self::Permit { rule, owner, hides, sees: things(&draft.sees), misses: things(&draft.misses) }
    }

    pub(super) fn is_met(&self, outcome: &Outcome) -> bool {
        let is = |expected: &Option<String>, came: Option<&str>| {
            expected.as_deref().is_none_or(|expected| came == Some(expected))
        };
        match (self, outcome) {
            (
                Self::Permit { rule, owner, hides, sees, misses },
                Outcome::Permit { rule: by, terms, owner: made_for },
            ) => {
                is(rule, Some(by))
                    && is(owner, made_for.as_deref())
                    && hides.is_within(&terms.redaction)
                    && sees.iter().all(|one| terms.shows(one))
                    && !misses.iter().any(|one| terms.shows(one))
            }
            (Self::Denial { rule, reason, lacks }, Outcome::Denial(refusal)) => {
                is(rule, refusal.rule())
                    && reason.is_none_or(|reason| refusal.reason().code() == reason)
                    && lacks.iter().all(|lack| refusal.lacks().contains(lack))
            }
            // Without a reason it may be a slip of the pen: a path that does not exist is kept from everybody.
            (Self::Denial { rule, reason, lacks }, Outcome::Unreadable(unreadable)) => {
                rule.is_none() && *reason == Some(unreadable.fault.code()) && lacks.is_empty()
            }
            (Self::Permit { .. }, Outcome::Denial(_) | Outcome::Unreadable(_))
            | (Self::Denial { .. }, Outcome::Permit { .. }) => false,
        }
    }

    /// The problem, where something else came than was expected.
    pub(super) fn missed(&self, line: &Line, outcome: &Outcome) -> Option<Problem> {
        if self.is_met(outcome) {
            return None;
        }
        let (came, why) = match outcome {
            Outcome::Permit { rule, terms, owner: made_for } => {
                let mut came = format!("is permitted by rule \"{rule}\"");
                if let Self::Permit { owner, hides, sees, misses, .. } = self {
                    if !hides.is_within(&terms.redaction) {
                        let hidden = terms.redaction.words();
                        let hidden =
                            if hidden.is_empty() { "nothing".to_owned() } else { list(&hidden, "and") };
                        came = format!("{came}, and hides {hidden}");
                    }
                    if owner.is_some() && owner != made_for {
                        let whom = made_for.as_deref().unwrap_or("nobody");
                        came = format!("{came}, and what it makes is marked for {whom}");
                    }
                    let hidden = names(sees.iter().filter(|one| !terms.shows(one)));
                    let shown = names(misses.iter().filter(|one| terms.shows(one)));
                    if !hidden.is_empty() {
                        came = format!("{came}, and does not show {}", list(&hidden, "and"));
                    }
                    if !shown.is_empty() {
                        came = format!("{came}, and shows {}", list(&shown, "and"));
                    }
                }
                (came, None)
            }
            Outcome::Denial(refusal) => {
                let rule = refusal.rule().map(|rule| format!(" by rule \"{rule}\"")).unwrap_or_default();
                let lacking = lacking(refusal.lacks());
                let came = format!("is denied{rule}: {}{lacking}", refusal.reason().code());
                (came, Some(refusal.message().to_owned()))
            }
            Outcome::Unreadable(unreadable) => {
                (format!("cannot be read: {}", unreadable.fault.code()), Some(unreadable.message.clone()))
            }
        };
        let message = format!("{} {} {came}", line.method, line.target);
        let help = match (self, outcome) {
            (Self::Denial { rule: None, reason: None, lacks }, Outcome::Unreadable(unreadable))
                if lacks.is_empty() =>
            {
                Some(format!(
                    "no rule was asked: correct the request, or where it is meant so write `reason = \"{}\"`",
                    unreadable.fault.code()
                ))
            }
            _ => None,
        };
        let problem =
            Problem::new(Code::FailedTest, line.span.clone(), message).label(self.in_words()).help_if(help);
        Some(match why {
            Some(why) => problem.note(why),
            None => problem,
        })
    }

    /// `expected: a denial by rule "x" for missing_grant`
    fn in_words(&self) -> String {
        let by = |rule: &Option<String>| {
            rule.as_ref().map(|rule| format!(" by rule \"{rule}\"")).unwrap_or_default()
        };
        match self {
            Self::Permit { rule, owner, hides, sees, misses } => {
                let marked = owner.as_ref().map(|owner| format!("marked for {owner}"));
                let listed = |what: &str, words: Vec<String>| {
                    (!words.is_empty()).then(|| format!("{what} {}", list(&words, "and")))
                };
                let terms = [
                    marked,
                    listed("hiding", hides.words()),
                    listed("showing", names(sees.iter())),
                    listed("not showing", names(misses.iter())),
                ];
                let permit = format!("expected: a permit{}", by(rule));
                [permit].into_iter().chain(terms.into_iter().flatten()).collect::<Vec<_>>().join(", ")
            }
            Self::Denial { rule, reason, lacks } => {
                let reason = reason.map(|reason| format!(" for {reason}")).unwrap_or_default();
                format!("expected: a denial{}{reason}{}", by(rule), lacking(lacks))
            }
        }
    }
}

/// Things by kind and name.
fn names<'t>(things: impl Iterator<Item = &'t Thing<'static>>) -> Vec<String> {
    let names = |thing: &Thing| thing.names.iter().map(Text::as_str).collect::<Vec<_>>().join(" ");
    things.map(|thing| format!("{} {}", thing.kind, names(thing))).collect()
}

/// What is lacking, in words, where anything is.
fn lacking(lacks: &[String]) -> String {
    if lacks.is_empty() {
        return String::new();
    }
    let lacks: Vec<String> = lacks.iter().map(|lack| format!("`{lack}`")).collect();
    format!(", lacking {}", list(&lacks, "and"))
}

/// Why a request can be denied, as records say it.
pub(in crate::policy) fn reasons() -> impl Iterator<Item = &'static str> {
    Reason::ALL.into_iter().map(Reason::code).chain(Fault::ALL.into_iter().map(Fault::code))
}
