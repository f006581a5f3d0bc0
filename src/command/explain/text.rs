//! An explanation for people.

use super::{Explained, Understood};
use crate::command::push;
use crate::policy::account::{Account, Finding, RuleAccount};
use crate::policy::case::Outcome;
use crate::policy::{Mode, Policy};

/// Everything, one request after the other; and of several what became of each.
pub(super) fn written(explained: &[Explained], policy: &Policy, file: &str) -> String {
    let mut text = String::new();
    for one in explained {
        write_one(one, policy, file, &mut text);
        text.push('\n');
    }
    if explained.len() > 1 {
        let denied = explained.iter().filter(|one| !matches!(one.outcome, Outcome::Permit { .. })).count();
        push(&mut text, format_args!("{} requests, {denied} of them denied\n", explained.len()));
        for Explained { request, outcome, .. } in explained {
            let verdict = match outcome {
                Outcome::Permit { .. } => "permit",
                Outcome::Denial(_) | Outcome::Unreadable(_) => "deny",
            };
            push(&mut text, format_args!("  {verdict:6}  {} {}\n", request.method, request.target));
        }
    }
    text
}

fn write_one(one: &Explained, policy: &Policy, file: &str, text: &mut String) {
    let Explained { request, read, outcome } = one;
    push(text, format_args!("{} {}\n", request.method, request.target));
    if let Some(read) = read {
        write_read(read, file, text);
    }
    match outcome {
        Outcome::Permit { rule, terms, .. } => {
            push(text, format_args!("  verdict: permit, by rule \"{rule}\"\n"));
            if !terms.is_empty() {
                text.push_str("  (of the answer it sees what its rules speak of, and nothing else)\n");
            }
        }
        Outcome::Denial(refusal) => {
            push(text, format_args!("  verdict: deny, {}\n", refusal.reason().code()));
            if policy.mode() == Mode::Observe {
                text.push_str(
                    "  (the policy only observes: it goes on, and the audit says that it would be denied)\n",
                );
            }
            indent(refusal.message(), text);
        }
        Outcome::Unreadable(unreadable) => {
            push(text, format_args!("  verdict: deny, {}\n", unreadable.fault.code()));
            indent(&unreadable.message, text);
        }
    }
}

fn write_read(read: &Understood, file: &str, text: &mut String) {
    let Understood { not_shown, untraced, endpoint, id, summary, version, account } = read;
    let Account { client, meant, guarded, unknown, rules } = account;
    push(text, format_args!("  {endpoint} ({id}), API {version}: {summary}\n"));
    let who = if client.is_empty() { "nobody whom the policy names".to_owned() } else { client.join(", ") };
    push(text, format_args!("  client: {who}\n"));
    let what: Vec<String> = meant.iter().map(|one| format!("{} {}", one.aspect, one.what)).collect();
    section("means", &aligned(&what, meant.iter().map(|one| format!("in {}", one.place))), text);
    let places: Vec<String> = guarded.iter().map(|one| one.place.clone()).collect();
    section("guarded", &aligned(&places, guarded.iter().map(|one| format!("it {}", one.why))), text);
    let unknown: Vec<String> =
        unknown.iter().map(|what| format!("{what}: the daemon was not asked")).collect();
    section("not known", &unknown, text);
    section("taken as not there (`--shows` says otherwise)", not_shown, text);
    if !untraced.is_empty() {
        text.push_str("  not looked for: links on the host, by which such a path can lead elsewhere (`dockgate serve` looks)\n");
    }
    let (others, concerned): (Vec<&RuleAccount>, Vec<&RuleAccount>) =
        rules.iter().partition(|rule| rule.finding == Finding::OtherOperations);
    let names: Vec<String> = concerned
        .iter()
        .map(|RuleAccount { rule, line, forbids, .. }| {
            let kind = if *forbids { "forbid" } else { "allow" };
            format!("{file}:{line} {kind} \"{rule}\"")
        })
        .collect();
    let mut lines = aligned(&names, concerned.into_iter().map(finding));
    let others: Vec<String> = others.iter().map(|other| format!("\"{}\"", other.rule)).collect();
    if !others.is_empty() {
        lines.push(format!("for other operations: {}", others.join(", ")));
    }
    section("rules", &lines, text);
}

/// What a rule says, in a few words. Of what it lacks the first; the rest is counted, and stands in the refusal.
fn finding(account: &RuleAccount) -> String {
    match (&account.finding, account.forbids) {
        (Finding::Matches, false) => "matches".to_owned(),
        (Finding::Matches, true) => "matches: it strikes".to_owned(),
        (Finding::OtherOperations, _) => "other operations".to_owned(),
        (Finding::OtherPaths, _) => "is for other paths".to_owned(),
        (Finding::OtherClients(names), _) => format!("is for {}", names.join(", ")),
        (Finding::Fails(lacks), _) => {
            let first = lacks.first().map(String::as_str).unwrap_or_default();
            match lacks.len() {
                0 | 1 => first.to_owned(),
                several => format!("{first} (and {} more)", several.saturating_sub(1)),
            }
        }
    }
}

fn section(title: &str, lines: &[String], text: &mut String) {
    if lines.is_empty() {
        return;
    }
    push(text, format_args!("  {title}:\n"));
    for line in lines {
        push(text, format_args!("    {line}\n"));
    }
}

/// Two columns. Where the first is very wide the second follows it.
fn aligned(first: &[String], second: impl Iterator<Item = String>) -> Vec<String> {
    const WIDEST: usize = 60;
    let widths = first.iter().map(|text| text.chars().count()).filter(|width| *width <= WIDEST);
    let width = widths.max().unwrap_or_default();
    first.iter().zip(second).map(|(first, second)| format!("{first:width$}  {second}")).collect()
}

fn indent(message: &str, text: &mut String) {
    for line in message.lines() {
        push(text, format_args!("{}\n", format!("    {line}").trim_end()));
    }
}
