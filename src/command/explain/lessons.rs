//! What the audit says was denied, as lines that would allow it.

use super::audited::Audited;
use super::{Explained, Outcome};
use crate::command::audit::plain::plain;
use crate::command::push;
use crate::policy::{SuggestedRule, Suggestion};

/// A kind of requests that were denied.
pub(super) struct Lesson {
    /// The first of them.
    pub(super) audited: Audited,
    /// What the policy says of it now.
    pub(super) explained: Explained,
    /// How many there are.
    pub(super) count: u64,
}

impl Lesson {
    /// Whether the policy permits it by now, as far as the record tells.
    fn is_permitted(&self) -> bool {
        matches!(self.explained.outcome, Outcome::Permit { .. })
    }

    /// Whether there is nothing more to be said of it.
    pub(super) fn is_learnt(&self) -> bool {
        self.is_permitted() && self.audited.missing().is_empty()
    }

    /// `GET /v1.41/images/json: 12 times, as 9f3ac41e-1b`, and what its record does not hold.
    fn comment(&self) -> String {
        let Self { audited, explained, count } = self;
        let times = if *count == 1 { "once".to_owned() } else { format!("{count} times") };
        let request = &explained.request;
        let [method, target, id] = [request.method.as_str(), &request.target, audited.id()].map(plain);
        let mut comment = format!("# {method} {target}: {times}, as {id}\n");
        for missing in audited.missing() {
            push(&mut comment, format_args!("#   not in its record: {}\n", plain(missing)));
        }
        comment
    }
}

impl Explained {
    /// What the policy says of it, in short.
    pub(super) fn verdict(&self) -> String {
        match &self.outcome {
            Outcome::Permit { rule, .. } => rule.clone(),
            Outcome::Denial(refusal) => refusal.summary().to_owned(),
            Outcome::Unreadable(unreadable) => unreadable.message.clone(),
        }
    }
}

/// Rules to be added to the policy. What is to be added to a rule that is there, or is forbidden, stands in comments.
pub(super) fn written(lessons: &[Lesson]) -> String {
    let mut rules = Vec::new();
    let mut beside = String::new();
    for lesson in lessons {
        let refusal = match &lesson.explained.outcome {
            Outcome::Permit { .. } if lesson.is_learnt() => continue,
            Outcome::Permit { rule, .. } => {
                push(
                    &mut beside,
                    format_args!("\n{}#   permitted by rule \"{rule}\" but for that\n", lesson.comment()),
                );
                continue;
            }
            Outcome::Denial(refusal) => refusal,
            Outcome::Unreadable(unreadable) => {
                push(&mut beside, format_args!("\n{}#   {}\n", lesson.comment(), plain(&unreadable.message)));
                continue;
            }
        };
        match refusal.suggestion() {
            Some(Suggestion::Rule(rule)) => add(&mut rules, rule, &lesson.comment()),
            Some(Suggestion::Lines { rule, lines }) => {
                push(&mut beside, format_args!("\n{}# Add to rule \"{rule}\":\n", lesson.comment()));
                for line in lines.lines() {
                    push(&mut beside, format_args!("#     {line}\n"));
                }
            }
            None => {
                push(&mut beside, format_args!("\n{}#   {}\n", lesson.comment(), plain(refusal.summary())));
            }
        }
    }
    let denied = lessons.iter().filter(|lesson| !lesson.is_permitted()).count();
    let untold = lessons.iter().filter(|lesson| lesson.is_permitted() && !lesson.is_learnt()).count();
    let untold = match untold {
        0 => String::new(),
        _ => format!("; of {untold} their records do not tell"),
    };
    let mut text = format!(
        "# Of {} kinds of requests that were denied, or would have been, this policy denies {denied}{untold}.\n",
        lessons.len()
    );
    for (rule, comments) in &rules {
        push(&mut text, format_args!("\n{comments}{rule}"));
    }
    text.push_str(&beside);
    text
}

/// Adds a rule with what is said of it, or its operations to one that says the same of others.
fn add(rules: &mut Vec<(SuggestedRule, String)>, rule: &SuggestedRule, comment: &str) {
    let says_the_same = |other: &SuggestedRule| other.client == rule.client && other.lines == rule.lines;
    let Some((one, comments)) = rules.iter_mut().find(|(one, _)| says_the_same(one)) else {
        return rules.push((rule.clone(), comment.to_owned()));
    };
    comments.push_str(comment);
    for operation in &rule.operations {
        if !one.operations.contains(operation) {
            one.operations.push(operation.clone());
        }
    }
}
