//! `dockgate audit stats`: a log in numbers.

use std::collections::HashSet;
use std::io;
use std::path::PathBuf;

use clap::{Args, ValueEnum};
use serde_json::{Value, json};

use super::output::{Colour, Output};
use super::plain::plain;
use super::row::{duration, short_time};
use super::selection::{Selection, narrowed};
use super::{LogArguments, settings};
use crate::audit::read::{Stats, Tally, ascii_line};
use crate::command::policy_file::PolicyFile;
use crate::command::{Exit, complain, push};
use crate::operation::table::{Answer, endpoints};
use crate::policy::Policy;

/// What `stats` is told.
#[derive(Args, Clone, Debug)]
pub(in crate::command) struct StatsArguments {
    #[command(flatten)]
    log: LogArguments,

    #[command(flatten)]
    selection: Selection,

    /// The policy, to say which of its rules were never used
    ///
    /// Without it, the one that the environment or the settings file names.
    #[arg(long, value_name = "FILE")]
    policy: Option<PathBuf>,

    /// How many lines there are of a kind at most
    #[arg(long, value_name = "N", default_value_t = 10)]
    top: usize,

    /// How they are printed
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    format: Format,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    Text,
    Json,
}

/// The rules of a policy, each with its line.
struct Rules {
    file: String,
    all: Vec<(String, u32)>,
}

pub(super) fn stats(arguments: &StatsArguments) -> Exit {
    let filter = match arguments.selection.filter() {
        Ok(filter) => filter,
        Err(exit) => return exit,
    };
    let rules = match rules(arguments.policy.as_ref()) {
        Ok(rules) => rules,
        Err(exit) => return exit,
    };
    let log = match arguments.log.open() {
        Ok(log) => narrowed(log, &filter),
        Err(exit) => return exit,
    };
    let mut output = Output::new(log.bytes());
    let streams: HashSet<_> =
        endpoints().filter(|endpoint| endpoint.answer != Answer::Plain).map(|endpoint| endpoint.id).collect();
    let is_stream = |operation: &str| streams.contains(operation);
    match Stats::of(&log, &filter, &is_stream, &mut |read_bytes| output.step(read_bytes)) {
        Ok(stats) => {
            let text = match arguments.format {
                Format::Text => {
                    let mut page =
                        Page { text: String::new(), top: arguments.top, is_coloured: output.is_coloured };
                    page.stats(&stats, rules.as_ref());
                    page.text.into_bytes()
                }
                Format::Json => ascii_line(&as_json(&stats, rules.as_ref(), arguments.top)),
            };
            // Where it cannot be printed, `finish` says so.
            let _printed = output.print(&text);
            output.finish(Ok(()))
        }
        Err(error) => output.finish(Err(error)),
    }
}

/// The rules of the policy that is named, here or in the settings; none where none is.
fn rules(named: Option<&PathBuf>) -> Result<Option<Rules>, Exit> {
    let file = match named {
        Some(file) => Some(file.clone()),
        None => settings().ok().and_then(|settings| settings.policy),
    };
    let Some(file) = file else { return Ok(None) };
    let fail = |what: String| {
        complain(&format_args!("dockgate: the policy {}: {what}", file.display()));
        Exit::Usage
    };
    let PolicyFile { name, source, .. } = PolicyFile::read(&file, &mut io::stdin());
    let source = source.map_err(|error| fail(error.to_string()))?;
    let policy =
        Policy::read(&source).0.ok_or_else(|| fail("it has errors, see `dockgate check`".to_owned()))?;
    Ok(Some(Rules { file: name, all: policy.rules().collect() }))
}

/// The rules that neither permitted nor forbade anything, nor hid any of it.
fn unused<'r>(stats: &Stats, rules: &'r Rules) -> Vec<&'r (String, u32)> {
    let counted = stats.rules.sorted();
    let used: HashSet<_> =
        counted.iter().filter(|([_, how], _)| how != "close").map(|([rule, _], _)| rule.as_str()).collect();
    rules.all.iter().filter(|(label, _)| !used.contains(label.as_str())).collect()
}

struct Page {
    text: String,
    top: usize,
    is_coloured: bool,
}

impl Page {
    fn stats(&mut self, stats: &Stats, rules: Option<&Rules>) {
        if stats.requests == 0 {
            self.text.push_str("There are no such requests in this log.\n");
            return;
        }
        let times = [&stats.first, &stats.last].map(|time| short_time(time));
        self.heading(&format!("{} requests, {} to {} UTC", stats.requests, times[0], times[1]));
        for ([decision], count) in stats.decisions.sorted() {
            let word = Colour::of_decision(&decision).paint(&plain(&decision), self.is_coloured);
            push(&mut self.text, format_args!("{count:>10}  {word}\n"));
        }
        if stats.daemon_failures > 0 {
            push(
                &mut self.text,
                format_args!("{:>10}  answered by the daemon with 500 or more\n", stats.daemon_failures),
            );
        }
        if stats.lost > 0 {
            push(
                &mut self.text,
                format_args!("{:>10}  records could not be written, as the log itself says\n", stats.lost),
            );
        }
        for (heading, refused) in [
            ("Denied most", &stats.denials),
            ("Forwarded, and denied if the policy did not only observe", &stats.observed),
        ] {
            self.tally(heading, refused, |[reason, operation, client]| {
                format!("{reason:20}  {operation:22}  {client}")
            });
        }
        self.tally("Rules by use", &stats.rules, |[rule, how]| {
            let how = match how {
                "close" => "came close",
                "part" => "had a part",
                decision => decision,
            };
            format!("{how:10}  {rule}")
        });
        if let Some(rules) = rules {
            self.unused(stats, rules);
        }
        self.tally("Clients", &stats.clients, |[client, decision]| format!("{decision:10}  {client}"));
        self.tally("Operations", &stats.operations, |[operation, decision]| {
            format!("{decision:10}  {}", if operation.is_empty() { "(not understood)" } else { operation })
        });
        self.tally("How they ended", &stats.ends, |[end]| end.to_owned());
        self.heading("Slowest, streams aside");
        for slow in stats.slowest.iter().take(self.top) {
            let (operation, client, id) = (plain(&slow.operation), plain(&slow.client), plain(&slow.id));
            let took = duration(slow.duration_us);
            push(
                &mut self.text,
                format_args!("{took:>10}  {operation:22}  {client:14}  {}  {id}\n", short_time(&slow.time)),
            );
        }
    }

    fn unused(&mut self, stats: &Stats, rules: &Rules) {
        let unused = unused(stats, rules);
        self.heading(&format!(
            "Rules never used ({} of {} in {})",
            unused.len(),
            rules.all.len(),
            plain(&rules.file)
        ));
        for (label, line) in unused {
            push(&mut self.text, format_args!("{:>10}  {} (line {line})\n", 0, plain(label)));
        }
    }

    fn tally<const N: usize>(&mut self, heading: &str, tally: &Tally<N>, line: impl Fn([&str; N]) -> String) {
        let sorted = tally.sorted();
        if sorted.is_empty() {
            return;
        }
        self.heading(heading);
        for (key, count) in sorted.iter().take(self.top) {
            let parts = key.each_ref().map(|part| plain(part));
            let parts = parts.each_ref().map(AsRef::as_ref);
            push(&mut self.text, format_args!("{count:>10}  {}\n", line(parts).trim_end()));
        }
        let rest =
            sorted.iter().skip(self.top).fold(tally.others(), |sum, (_, count)| sum.saturating_add(*count));
        if rest > 0 {
            push(&mut self.text, format_args!("{rest:>10}  others\n"));
        }
    }

    fn heading(&mut self, text: &str) {
        if !self.text.is_empty() {
            self.text.push('\n');
        }
        push(&mut self.text, format_args!("{}\n", Colour::Bold.paint(text, self.is_coloured)));
    }
}

fn as_json(stats: &Stats, rules: Option<&Rules>, top: usize) -> Value {
    fn list<const N: usize>(tally: &Tally<N>, names: [&str; N], top: usize) -> Value {
        let entries = tally.sorted().into_iter().take(top).map(|(key, count)| {
            let pairs = names.into_iter().map(str::to_owned).zip(key.map(Value::from));
            let mut entry: serde_json::Map<_, _> = pairs.collect();
            entry.insert("count".to_owned(), count.into());
            Value::Object(entry)
        });
        entries.collect()
    }
    let slowest = stats.slowest.iter().take(top).map(|slow| {
        json!({
            "duration_us": slow.duration_us, "id": slow.id, "time": slow.time, "operation": slow.operation,
            "client": slow.client
        })
    });
    let mut all = json!({
        "requests": stats.requests,
        "first": stats.first,
        "last": stats.last,
        "records_lost": stats.lost,
        "daemon_failures": stats.daemon_failures,
        "decisions": list(&stats.decisions, ["decision"], top),
        "denials": list(&stats.denials, ["reason", "operation", "client"], top),
        "observed": list(&stats.observed, ["reason", "operation", "client"], top),
        "rules": list(&stats.rules, ["rule", "how"], top),
        "clients": list(&stats.clients, ["client", "decision"], top),
        "operations": list(&stats.operations, ["operation", "decision"], top),
        "ends": list(&stats.ends, ["end"], top),
        "slowest": slowest.collect::<Vec<_>>(),
    });
    if let (Some(rules), Some(all)) = (rules, all.as_object_mut()) {
        let unused =
            unused(stats, rules).into_iter().map(|(label, line)| json!({"rule": label, "line": line}));
        all.insert("rules_never_used".to_owned(), unused.collect());
    }
    all
}
