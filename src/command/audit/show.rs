//! `dockgate audit show`: everything about one request, in words.

use std::collections::HashMap;
use std::io;

use clap::Args;

use super::LogArguments;
use super::output::{Colour, Output};
use super::plain::plain;
use super::row::{asked, duration};
use crate::audit::read::record::{Ended, Judged, PolicyInForce, Target, Who};
use crate::audit::read::{Filter, Joiner, Log, Request};
use crate::command::{Exit, complain, push};
use crate::operation::table::endpoints;

/// What `show` is told.
#[derive(Args, Clone, Debug)]
pub(in crate::command) struct ShowArguments {
    /// The request's id, as the client has it from `X-Dockgate-Request-Id`
    #[arg(value_name = "ID")]
    id: String,

    #[command(flatten)]
    log: LogArguments,
}

/// A request, and the file of the policy that judged it.
type Found = (Request, Option<String>);

pub(super) fn show(arguments: &ShowArguments) -> Exit {
    let log = match arguments.log.open() {
        Ok(log) => log,
        Err(exit) => return exit,
    };
    let mut output = Output::new(log.bytes());
    match find(&log, &arguments.id, &mut |read_bytes| output.step(read_bytes)) {
        Ok(found) if found.is_empty() => {
            let exit = output.finish(Ok(()));
            complain(&format_args!("dockgate: there is no request {} in this log", plain(&arguments.id)));
            exit.max(Exit::Failure)
        }
        Ok(found) => {
            for (request, policy) in &found {
                let text = describe(&log, request, policy.as_deref(), output.is_coloured);
                if output.print(text.as_bytes()).is_break() {
                    break;
                }
            }
            output.finish(Ok(()))
        }
        Err(error) => output.finish(Err(error)),
    }
}

/// Reads the whole log: ids are drawn anew with each start, but nothing makes sure that none comes twice.
fn find(log: &Log, id: &str, step: &mut dyn FnMut(u64)) -> io::Result<Vec<Found>> {
    let mut filter = Filter::default();
    filter.ids.push(id.to_owned());
    let filter = filter.prepared();
    let (mut joiner, mut policies) = (Joiner::new(&filter), HashMap::new());
    let mut lines = log.lines()?;
    while let Some(line) = lines.next_line()? {
        joiner.push(line);
        if let Some(policy) = PolicyInForce::of(line.bytes) {
            policies.insert(policy.policy.into_owned(), policy.name.into_owned());
        }
        if line.is_told_of() {
            step(lines.read_bytes());
        }
    }
    let requests = std::iter::from_fn(|| joiner.take());
    Ok(requests
        .map(|request| {
            let policy = policies.get(request.judged().policy.as_ref()).cloned();
            (request, policy)
        })
        .collect())
}

fn describe(log: &Log, request: &Request, policy: Option<&str>, is_coloured: bool) -> String {
    let (judged, ended) = (request.judged(), request.ended());
    let verdict = match judged.decision.as_ref() {
        "permit" => "permitted",
        "deny" => "denied",
        "observe" => "permitted, since the policy only observes; it would have been denied",
        "refuse" => "refused, since it could not be read",
        other => other,
    };
    let verdict = Colour::of_decision(&judged.decision).paint(&plain(verdict), is_coloured);
    let mut page = Page { text: format!("Request {}: {verdict}\n\n", plain(&judged.id)), is_coloured };
    page.entry("When", &plain(&judged.time).replacen('T', " ", 1).replace('Z', " UTC"));
    page.entry("Who", &who(&judged.client));
    page.entry("What", &what(&judged));
    for target in &judged.targets {
        page.entry("Target", &describe_target(target));
    }
    if let Some(image) = &judged.image {
        page.entry("Image", &plain(image));
    }
    for (name, value) in &judged.parameters {
        let value = value.as_str().map_or_else(|| "(guarded: not recorded)".into(), plain);
        page.entry("Parameter", &format!("{} = {value}", plain(name)));
    }
    for used in &judged.fields {
        let value = used.value.as_deref().map_or_else(|| "(not recorded)".into(), plain);
        page.entry("Field", &format!("{} = {value}", plain(&used.field)));
    }
    if let Some(more) = judged.fields_more {
        page.entry("Field", &format!("and {more} more"));
    }
    if let Some(argv) = &judged.argv {
        let words: Vec<_> =
            argv.iter().map(|word| format!("\"{}\"", plain(word).replace('"', "\\\""))).collect();
        page.entry("Command", &words.join(" "));
    }
    if let Some(more) = judged.argv_more {
        page.entry("Command", &format!("and {more} more"));
    }
    for reason in why(&judged, policy) {
        page.entry("Why", &reason);
    }
    let file = policy.map_or_else(String::new, |file| format!("{}, ", plain(file)));
    page.entry("Policy", &format!("{file}{}", plain(&judged.policy)));
    page.entry(
        "Ended",
        &ended.as_ref().map_or_else(|| "not yet, or dockgate was killed".to_owned(), describe_end),
    );
    let place = |(file, number): (usize, u64)| log.place(file, number);
    page.entry("Records", &format!("{} at {}", judged.sequence, place(request.place)));
    if let (Some(ended), Some(at)) = (&ended, request.end_place) {
        page.entry("", &format!("{} at {}", ended.sequence, place(at)));
    }
    page.text.push('\n');
    page.text
}

/// Lines with a heading each.
struct Page {
    text: String,
    is_coloured: bool,
}

impl Page {
    fn entry(&mut self, heading: &str, text: &str) {
        let heading = Colour::Bold.paint(&format!("{heading:9}"), self.is_coloured);
        push(&mut self.text, format_args!("  {heading}  {text}\n"));
    }
}

fn who(who: &Who<'_>) -> String {
    let mut parts = Vec::new();
    if !who.names.is_empty() {
        parts.push(plain(&who.names.join(", ")).into_owned());
    }
    let mut number =
        |name: &str, value: Option<String>| parts.extend(value.map(|value| format!("{name} {value}")));
    number("address", who.address.as_deref().map(|address| plain(address).into_owned()));
    number("uid", who.uid.map(|uid| uid.to_string()));
    number("gid", who.gid.map(|gid| gid.to_string()));
    number("process", who.pid.map(|pid| pid.to_string()));
    format!("{}, on listener {}", parts.join(", "), plain(&who.listener))
}

fn what(judged: &Judged<'_>) -> String {
    let summary = endpoints().find(|endpoint| Some(endpoint.id) == judged.operation.as_deref());
    let summary =
        summary.map_or_else(String::new, |endpoint| format!(": {}", endpoint.summary.trim_end_matches('.')));
    let version = judged.version.as_ref().map_or_else(String::new, |version| format!("/v{version}"));
    let (method, path) = (judged.method.as_deref().unwrap_or("-"), judged.path.as_deref().unwrap_or("-"));
    format!("{}{summary} ({})", asked(judged), plain(&format!("{method} {version}{path}")))
}

fn describe_target(target: &Target<'_>) -> String {
    let mut text = format!("{} {}", plain(&target.kind), plain(&target.asked));
    for (word, value) in [("name", &target.name), ("id", &target.id), ("in container", &target.container)] {
        if let Some(value) = value.as_deref().filter(|value| *value != target.asked) {
            push(&mut text, format_args!(", {word} {}", plain(value)));
        }
    }
    text
}

/// Why it was decided so: the reason, then each rule with its place.
fn why(judged: &Judged<'_>, policy: Option<&str>) -> Vec<String> {
    let mut whys = Vec::new();
    let rule = |at: usize| {
        let rule = judged.rules.get(at)?;
        let place = match (policy, rule.line) {
            (Some(file), Some(line)) => format!(" ({}:{line})", plain(file)),
            (None, Some(line)) => format!(" (line {line} of the policy)"),
            (_, None) => String::new(),
        };
        Some(format!("rule \"{}\"{place}", plain(&rule.name)))
    };
    let said = match (judged.reason.as_deref(), rule(0)) {
        (None, Some(rule)) => format!("{rule} permits it"),
        (None, None) => "no rule is recorded".to_owned(),
        (Some("no_rule"), _) => "no rule has this operation for this client (no_rule)".to_owned(),
        (Some("forbidden"), Some(rule)) => format!("{rule} forbids it (forbidden)"),
        (Some(reason @ "missing_grant"), Some(rule)) => {
            format!("{rule} has the operation, but does not grant all that is used ({reason})")
        }
        (Some(reason @ "condition"), Some(rule)) => {
            format!("{rule} has the operation, but a condition of it does not hold ({reason})")
        }
        (Some("version"), _) => "the API version is below the policy's floor (version)".to_owned(),
        (Some(reason), Some(rule)) => format!("{rule} ({})", plain(reason)),
        (Some(reason), None) => plain(reason).into_owned(),
    };
    whys.push(said);
    whys.extend(judged.detail.as_ref().map(|detail| plain(detail).into_owned()));
    whys.extend((1..judged.rules.len()).filter_map(rule));
    whys
}

fn describe_end(ended: &Ended<'_>) -> String {
    let how = match ended.end.as_ref() {
        "complete" => "the daemon's answer was passed on whole",
        "tunnel" => "it became a tunnel, which was closed",
        "client_gone" => "the client went away first",
        "daemon_gone" => "the daemon broke off in the middle",
        "daemon_away" => "the daemon could not be reached, and did not get it",
        "refused" => "dockgate refused it",
        "malformed" => {
            "what the client sent stopped being a body, and dockgate broke off; the daemon may have acted on what came before"
        }
        "drained" => "dockgate was told to stop, and closed it",
        "revoked" => "another policy came into force that refuses it, and dockgate closed it",
        "failed" => "dockgate failed",
        other => other,
    };
    let mut text = format!("after {}: {}", duration(ended.duration_us), plain(how));
    let mut add = |part: String| push(&mut text, format_args!("; {part}"));
    if let Some(status) = ended.daemon_status {
        add(format!("the daemon answered {status}"));
    }
    if let Some(status) = ended.status {
        add(format!("the client was sent {status}"));
    }
    add(format!("{} bytes from the client, {} to it", ended.request_bytes, ended.response_bytes));
    text
}
