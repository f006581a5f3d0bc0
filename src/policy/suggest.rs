//! What a refused client is told: what was refused, why, and what to add to the policy.

mod lines;
mod toml_text;
mod words;

use std::collections::BTreeSet;
use std::fmt::{self, Write as _};

use super::nearest::{list, shorten};
use super::pattern::escape_expression;
use super::rule::{Grants, LackingField, Rule, Shortfall, has_guarded_body};
use super::selection::Paths;
use super::verdict::{Reason, Refusal, Suggestion};
use crate::operation::meaning::{ID_DIGITS, ImageRef, Meaning};
use crate::operation::thing::{OWNER_LABEL, ThingKind};
use crate::operation::version::ApiVersion;
use crate::operation::{Known, Operation, Reference, Understanding};
use lines::Lines;
pub(super) use words::{in_words, value_in_words};

/// Of how many fields a summary gives the names.
const MOST_NAMED: usize = 10;

/// How many shortfalls a message explains: a body can hold any number of them.
const MOST_EXPLAINED: usize = 100;

/// Paths longer than this are not repeated to the client.
const LONGEST_PATH_BYTES: usize = 500;

/// Who asked, as the policy knows them.
#[derive(Clone, Copy)]
pub(super) struct Asker<'a> {
    pub(super) name: Option<&'a str>,
    /// The listener that it came in on; empty where nobody said.
    pub(super) listener: &'a str,
    /// Whether the policy has names for clients at all.
    pub(super) some_are_named: bool,
}

/// Why the judge found against an operation.
pub(super) enum Cause<'a> {
    /// No allow rule has the operation for this client.
    NoRule {
        /// Clients to which a rule grants it.
        granted_to: &'a BTreeSet<&'a str>,
        /// The closest of the client's rules that have the operation for other paths.
        elsewhere: Option<&'a Rule>,
    },
    /// A forbid rule strikes.
    Forbidden(&'a Rule),
    /// The closest allow rule, and what it lacks.
    Short(&'a Rule, &'a [Shortfall]),
    /// The request's API version is below this, the policy's floor.
    TooOld(ApiVersion),
}

/// The refusal, in words.
pub(super) fn refusal(
    operation: &Operation,
    understood: &Understanding,
    asker: Asker<'_>,
    cause: &Cause<'_>,
) -> Refusal {
    let endpoint = operation.endpoint();
    let whom = asker.name.map_or_else(|| "this client".to_owned(), |name| format!("client \"{name}\""));
    let why = match cause {
        Cause::Forbidden(rule) => format!("{} forbids it", rule.name),
        Cause::NoRule { granted_to, elsewhere } => ungranted(granted_to, *elsewhere),
        Cause::Short(rule, shortfalls) => lacking(rule, shortfalls),
        Cause::TooOld(floor) => {
            format!(
                "the policy takes no API version below {floor}, and the request has {}",
                operation.version()
            )
        }
    };
    let summary = format!("dockgate: {endpoint} ({}) is not allowed for {whom}: {why}.", endpoint.id);
    let mut message = summary.clone();
    let (reason, rule, suggestion) = match cause {
        Cause::Forbidden(rule) => {
            if let Some(why) = operation.unseen().filter(|_| rule.strikes_inside(endpoint)) {
                push(&mut message, format_args!("\nWhat its archive says is not known: {why}."));
            }
            match &rule.reason {
                Some(reason) => push(&mut message, format_args!("\nReason: {reason}")),
                None => {
                    message
                        .push_str("\nNothing that is added to the policy allows it while that rule stands.");
                }
            }
            (Reason::Forbidden, Some(rule), None)
        }
        Cause::TooOld(floor) => {
            push(
                &mut message,
                format_args!(
                    "\nSpeak {floor} or a newer one (DOCKER_API_VERSION), or lower `min_version` in the policy."
                ),
            );
            (Reason::Version, None, None)
        }
        Cause::NoRule { granted_to: _, elsewhere } => {
            let rule = whole_rule(operation, understood, asker, *elsewhere, &mut message);
            (Reason::NoRule, None, Some(Suggestion::Rule(rule)))
        }
        Cause::Short(rule, shortfalls) => {
            let (reason, suggestion) =
                of_closest(rule, shortfalls, operation, understood, asker, &mut message);
            (reason, Some(rule), suggestion)
        }
    };
    match &suggestion {
        Some(Suggestion::Rule(rule)) => {
            push(&mut message, format_args!("\nTo allow it, add to the policy:\n\n{rule}"));
        }
        Some(Suggestion::Lines { lines, .. }) => {
            let name = rule.map(|rule| rule.name.to_string()).unwrap_or_default();
            push(&mut message, format_args!("\nTo allow it, add to {name}, under its [[allow]]:\n\n{lines}"));
        }
        None => {}
    }
    let lacks: BTreeSet<String> = match cause {
        Cause::Short(_, shortfalls) => shortfalls.iter().flat_map(Shortfall::keys).collect(),
        Cause::NoRule { .. } | Cause::Forbidden(_) | Cause::TooOld(_) => BTreeSet::new(),
    };
    Refusal {
        reason,
        lacks: lacks.into_iter().collect(),
        others: Vec::new(),
        rule: rule.map(|rule| rule.name.label()),
        line: rule.map(|rule| rule.line),
        summary,
        message: message.trim_end().to_owned(),
        suggestion,
        hidden: None,
    }
}

/// The same for whoever may not see what a thing is that decides about the request: without what it tells of that.
pub(super) fn keep_back(thing: &Reference, cause: &Cause<'_>, refusal: Refusal) -> Refusal {
    let rule = match cause {
        Cause::NoRule { .. } => None,
        Cause::Short(rule, _) => Some(rule),
        Cause::Forbidden(_) | Cause::TooOld(_) => return refusal,
    };
    let mut message = refusal.summary.clone();
    push(
        &mut message,
        format_args!(
            "\nIt hangs on what {thing} is. This client may not see that, so no more is told, and no lines that would \
             allow it."
        ),
    );
    if let Some(rule) = rule {
        push_reason(&mut message, rule, refusal.reason);
    }
    Refusal { message, suggestion: None, ..refusal }
}

/// The closest rule: what kind of reason it is that it does not grant the request, and what to add so that it does. What
/// there is to know of that is added to the message.
fn of_closest(
    rule: &Rule,
    shortfalls: &[Shortfall],
    operation: &Operation,
    understood: &Understanding,
    asker: Asker<'_>,
    message: &mut String,
) -> (Reason, Option<Suggestion>) {
    let only_grants = shortfalls.iter().all(Shortfall::is_grant);
    let reason = if only_grants { Reason::MissingGrant } else { Reason::Condition };
    let conditions: Vec<_> = shortfalls.iter().filter(|shortfall| !shortfall.is_grant()).cloned().collect();
    push_details(message, operation, &conditions);
    push_reason(message, rule, reason);
    let suggestion = if shortfalls.iter().any(|one| is_beyond_looks(one) || needs_tag(one, operation)) {
        None
    } else if shortfalls.iter().all(|shortfall| is_no_one_thing(shortfall, operation)) {
        message.push_str("\nIt must be there first, and be one of those that the rule is for.");
        if shortfalls.iter().any(|shortfall| is_of(shortfall, ThingKind::Volume)) {
            message.push_str(
                " A volume that the daemon makes with the container is admitted by `volumes`, in place of `volume.…`.",
            );
        }
        None
    } else if only_grants && rule.takes_lines && !grants_beside(rule, operation, shortfalls) {
        push_details(message, operation, shortfalls);
        let mut lines = Lines::default();
        lines.grant(shortfalls, understood, rule);
        lines.keep_bridge(rule, understood);
        Some(Suggestion::Lines { rule: rule.name.label(), lines: lines.written(message) })
    } else {
        Some(Suggestion::Rule(whole_rule(operation, understood, asker, Some(rule), message)))
    };
    (reason, suggestion)
}

/// Why the closest rule has its conditions, where they are the reason.
fn push_reason(message: &mut String, rule: &Rule, reason: Reason) {
    if let (Some(why), Reason::Condition) = (&rule.reason, reason) {
        push(message, format_args!("\nReason: {why}"));
    }
}

/// `no rule for this client grants it; a rule for client "admin" does`
fn ungranted(granted_to: &BTreeSet<&str>, elsewhere: Option<&Rule>) -> String {
    let names: Vec<String> = granted_to.iter().map(|name| format!("\"{name}\"")).collect();
    let mut why = match names.as_slice() {
        [] => "no rule of the policy grants it".to_owned(),
        [only] => format!("no rule for this client grants it; a rule for client {only} does"),
        several => {
            format!("no rule for this client grants it; rules for the clients {} do", list(several, "and"))
        }
    };
    if let Some(rule) = elsewhere {
        push(&mut why, format_args!("; {} has the endpoint, but not this path", rule.name));
    }
    why
}

/// `rule "pull" has it, but does not grant the parameter fromSrc`
fn lacking(rule: &Rule, shortfalls: &[Shortfall]) -> String {
    let mut grants = Vec::new();
    let mut conditions = Vec::new();
    let mut sets = BTreeSet::new();
    let mut requirements = Vec::new();
    let mut fields = Vec::new();
    let mut seen = BTreeSet::new();
    let mut unknown = 0_usize;
    let mut unknown_things = false;
    let mut all_tags = false;
    let mut things = BTreeSet::new();
    let mut pruned = None;
    let mut reserved = false;
    let mut inside = BTreeSet::new();
    let mut unseen = false;
    for shortfall in shortfalls {
        match shortfall {
            Shortfall::Grant { parameter, .. } => grants.push(format!("the parameter {}", parameter.name)),
            Shortfall::Credentials => grants.push("the credentials in X-Registry-Config".to_owned()),
            Shortfall::Body { .. } => grants.push("the body".to_owned()),
            // The same field may stand in several elements of a list or map.
            Shortfall::Field(field) if field.known => {
                if seen.insert(&field.path) {
                    fields.push(field.path.clone());
                }
            }
            Shortfall::Field(_) => unknown = unknown.saturating_add(1),
            Shortfall::Condition { parameter, .. } => conditions.push(parameter.name.to_owned()),
            Shortfall::FieldCondition { path, .. } => conditions.push(path.clone()),
            Shortfall::Meaning(meant) => {
                sets.insert(meant.meaning.aspect().as_str());
            }
            Shortfall::Inside(meant) => {
                inside.insert(meant.meaning.aspect());
            }
            Shortfall::Unknown(_) => unknown_things = true,
            Shortfall::AllTags(_) => all_tags = true,
            Shortfall::Thing(reference) => {
                things.insert(reference.kind.as_str());
            }
            Shortfall::Made(kind) => {
                things.insert(kind.as_str());
            }
            Shortfall::Prune(kind) => pruned = Some(*kind),
            Shortfall::ReservedLabel { .. } => reserved = true,
            Shortfall::Unseen(_) => unseen = true,
            Shortfall::Requirement(wish) => requirements.push(format!("`{wish}`")),
        }
    }
    grants.extend(inside.iter().map(|aspect| format!("the {aspect} of the Dockerfile")));
    shorten(&mut fields, MOST_NAMED);
    grants.extend(fields);
    match unknown {
        0 => {}
        1 => grants.push("a field that is not known".to_owned()),
        several => grants.push(format!("{several} fields that are not known")),
    }
    let mut lacks = Vec::new();
    match conditions.as_slice() {
        [] => {}
        [only] => lacks.push(format!("its condition on {only} does not hold")),
        several => lacks.push(format!("its conditions on {} do not hold", list(several, "and on"))),
    }
    if !sets.is_empty() {
        let sets: Vec<String> = sets.into_iter().map(str::to_owned).collect();
        lacks.push(format!("its {} do not have all that is asked", list(&sets, "and")));
    }
    if !things.is_empty() {
        let things: Vec<String> = things.into_iter().map(str::to_owned).collect();
        lacks.push(format!("it is not for this {}", list(&things, "and")));
    }
    if let Some(kind) = pruned {
        lacks.push(format!(
            "the daemon can be told to prune each {kind} with one label only, not those it is for"
        ));
    }
    if reserved {
        lacks.push(format!("only dockgate sets the label {OWNER_LABEL}, where a rule says `own`"));
    }
    if all_tags {
        lacks.push("an image without a tag stands for all its tags, and it is judged by one".to_owned());
    }
    if unknown_things {
        lacks.push("the daemon was not asked what all that is asked for is".to_owned());
    }
    if unseen {
        lacks.push("it is not known what the archive says".to_owned());
    }
    match requirements.as_slice() {
        [] => {}
        [only] => lacks.push(format!("{only} does not hold")),
        several => lacks.push(format!("{} do not hold", list(several, "and"))),
    }
    if !grants.is_empty() {
        lacks.push(format!("it does not grant {}", list(&grants, "and")));
    }
    format!("{} has it, but {}", rule.name, list(&lacks, "and"))
}

/// One line for each shortfall: why it is guarded, or what the rule does not admit.
fn push_details(message: &mut String, operation: &Operation, shortfalls: &[Shortfall]) {
    let more = shortfalls.len().saturating_sub(MOST_EXPLAINED);
    for shortfall in shortfalls.iter().take(MOST_EXPLAINED) {
        match shortfall {
            Shortfall::Grant { parameter, guard, .. } => {
                push(message, format_args!("\nThe parameter {} is guarded: it {guard}.", parameter.name));
            }
            Shortfall::Credentials => message.push_str(
                "\nThe header X-Registry-Config is guarded: it has the daemon log in to any registry that it names.",
            ),
            Shortfall::Body { guard } => push(message, format_args!("\nThe body is guarded: it {guard}.")),
            Shortfall::Field(LackingField { place, guard, known, value, .. }) => {
                let is = if *known { "is guarded: it " } else { "" };
                let value = toml_text::short_json(value);
                push(message, format_args!("\nThe field {place} {is}{guard}. It was asked with {value}."));
            }
            Shortfall::Condition { parameter, value } => {
                if let Some(value) = toml_text::short(value) {
                    push(message, format_args!("\nIt was asked with {} = {value}.", parameter.name));
                }
            }
            Shortfall::FieldCondition { path, value } => {
                let value = toml_text::short_json(value);
                push(message, format_args!("\nIt was asked with {path} = {value}."));
            }
            Shortfall::Meaning(meant) => {
                let what = toml_text::meant(&meant.meaning);
                push(message, format_args!("\nIt was asked with {what}, in {}.", meant.place));
                if is_read_only_in_vain(operation, &meant.meaning) {
                    message.push_str(
                        " Below API 1.44 a read-only mount leaves what is mounted further down writable: speak 1.44 \
                         or newer.",
                    );
                }
                push_beginning(message, &meant.meaning);
            }
            Shortfall::Inside(meant) => {
                let what = toml_text::meant(&meant.meaning);
                push(message, format_args!("\nIt asks for {what}, in {}.", meant.place));
                push_beginning(message, &meant.meaning);
            }
            Shortfall::Unknown(question) => {
                push(message, format_args!("\nIt is not known what {question} is."));
                if is_beyond_looks(shortfall) {
                    message.push_str(" It cannot be looked at by this name: ask for it by another, or by its ID.");
                }
            }
            Shortfall::Thing(reference) => {
                let remark = match operation.known(reference) {
                    Known::Missing => ", which is not there",
                    Known::Unclear => ", which is the name of none, and may be the beginning of several IDs",
                    Known::Is(_) | Known::Nothing => "",
                };
                push(message, format_args!("\nIt was asked for {reference}{remark}."));
            }
            Shortfall::AllTags(reference) => {
                push(message, format_args!("\nIt was asked for {reference}: name it with its tag."));
            }
            Shortfall::ReservedLabel { place } => {
                push(message, format_args!("\nIt stands in {place}."));
            }
            Shortfall::Made(_) | Shortfall::Prune(_) | Shortfall::Requirement(_) => {}
            Shortfall::Unseen(why) => push(message, format_args!("\nWhat its archive says is not known: {why}.")),
        }
    }
    if more > 0 {
        push(message, format_args!("\nThere are {more} more of these."));
    }
}

/// Whether a rule is not for something only because that is not there, or may be several.
fn is_no_one_thing(shortfall: &Shortfall, operation: &Operation) -> bool {
    matches!(shortfall, Shortfall::Thing(reference) if matches!(operation.known(reference), Known::Missing | Known::Unclear))
}

/// Whether a rule is not for a thing of this kind.
fn is_of(shortfall: &Shortfall, kind: ThingKind) -> bool {
    matches!(shortfall, Shortfall::Thing(reference) if reference.kind == kind)
}

/// Whether something is called so that it cannot be looked at, whatever a policy says.
fn is_beyond_looks(shortfall: &Shortfall) -> bool {
    matches!(shortfall, Shortfall::Unknown(question) if question.path().is_none())
}

/// Whether an image is to be named with its tag, whatever a policy says of images.
fn needs_tag(shortfall: &Shortfall, operation: &Operation) -> bool {
    matches!(shortfall, Shortfall::AllTags(_)) && operation.pulls_all_tags_of().is_none()
}

/// What may be the beginning of any image's ID no list can name alone; a tag makes a name of it.
fn push_beginning(message: &mut String, meaning: &Meaning) {
    if let Meaning::Image(ImageRef::Id(id)) = meaning
        && !id.contains(':')
        && id.len() <= ID_DIGITS
    {
        push(
            message,
            format_args!(
                " That may be the beginning of any image's ID: ask for `{id}:latest` if it is a name, or for the whole \
                 ID as `sha256:…`."
            ),
        );
    }
}

/// Whether a file of the host may only seem to be read-only.
fn is_read_only_in_vain(operation: &Operation, meaning: &Meaning) -> bool {
    matches!(meaning, Meaning::HostPath(host) if !host.read_only)
        && operation.version() < ApiVersion::new(1, 44)
}

/// Whether lines that grant these would grant far more of the rule's other operations: there, too, the body is granted, or
/// whatever is guarded.
fn grants_beside(rule: &Rule, operation: &Operation, shortfalls: &[Shortfall]) -> bool {
    let lacks_unknown = shortfalls.iter().any(|lack| matches!(lack, Shortfall::Field(field) if !field.known));
    let lacks_body = shortfalls.iter().any(|lack| matches!(lack, Shortfall::Body { .. }));
    let mut others = rule.selection.endpoints().filter(|other| other.id != operation.endpoint().id);
    lacks_unknown || (lacks_body && others.any(has_guarded_body))
}

/// An allow rule; shown, it is what is to be added.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SuggestedRule {
    /// The client that it is for; none, where it is for everyone.
    pub client: Option<String>,
    /// The operations, each as a rule writes it.
    pub operations: Vec<String>,
    /// The lines below these.
    pub lines: String,
}

impl fmt::Display for SuggestedRule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[[allow]]\n")?;
        if let Some(client) = &self.client {
            writeln!(f, "clients = [{}]", toml_text::quote(client))?;
        }
        match self.operations.as_slice() {
            [one] => writeln!(f, "operations = [{}]", toml_text::quote(one))?,
            several => {
                f.write_str("operations = [\n")?;
                for one in several {
                    writeln!(f, "    {},", toml_text::quote(one))?;
                }
                f.write_str("]\n")?;
            }
        }
        f.write_str(&self.lines)
    }
}

/// A rule that grants the request and, beside what is plain, nothing more. Where there is a rule that
/// was meant for such requests, the new one has its restrictions, but for those that the request breaks.
/// What there is to know of it is added to the message.
fn whole_rule(
    operation: &Operation,
    understood: &Understanding,
    asker: Asker<'_>,
    model: Option<&Rule>,
    message: &mut String,
) -> SuggestedRule {
    if asker.name.is_none() && asker.some_are_named {
        message.push_str("\nThe policy has no name for this client, so the rule below is for everyone.");
        if !asker.listener.is_empty() {
            let listener = toml_text::quote(asker.listener);
            push(
                message,
                format_args!(
                    " For who comes by its listener alone, add `[clients.NAME]` with `listener = {listener}`, and \
                     `clients = [\"NAME\"]` to the rule."
                ),
            );
        }
    }
    let entry = entry(operation, model, message);

    // What the model has of grants is said anew, as narrow as it can be.
    let model = model.map_or_else(Rule::blank, |model| Rule {
        grants: Grants { everything: false, ..model.grants },
        ..model.clone()
    });
    let needed = model.ungranted(operation, understood);
    push_details(message, operation, &needed);
    let mut lines = Lines::default();
    lines.keep(&model, operation, understood);
    lines.grant(&needed, understood, &model);
    let lines = lines.written(message);
    SuggestedRule { client: asker.name.map(str::to_owned), operations: vec![entry], lines }
}

/// The operation as a rule writes it: every path, or this one alone where the model has not all.
fn entry(operation: &Operation, model: Option<&Rule>, message: &mut String) -> String {
    let endpoint = operation.endpoint();
    if let Some(Paths::Matching(_)) = model.and_then(|model| model.selection.paths(endpoint)) {
        let path = operation.path();
        if path.len() <= LONGEST_PATH_BYTES {
            return format!("{} ~^{}$", endpoint.method, escape_expression(path));
        }
        message.push_str("\nThe path is too long to be repeated: the rule below is for every path.");
    }
    endpoint.to_string()
}

fn push(text: &mut String, arguments: std::fmt::Arguments<'_>) {
    // Writing to a `String` cannot fail.
    text.write_fmt(arguments).unwrap_or_default();
}
