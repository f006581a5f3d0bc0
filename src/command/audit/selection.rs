//! Which requests are meant, as the command line says it.

use std::borrow::Cow;
use std::cell::RefCell;
use std::collections::BTreeSet;
use std::io;
use std::ops::ControlFlow;
use std::path::Path;

use clap::Args;
use clap::builder::PossibleValuesParser;
use jiff::Timestamp;

use super::LogArguments;
use super::output::Output;
use super::plain::plain;
use crate::audit::read::{Filter, Log, Pattern, Request, time_of};
use crate::command::{Exit, complain};
use crate::operation::Fault;
use crate::operation::table::endpoints;
use crate::policy::Reason;
use crate::policy::nearest::{did_you_mean, nearest};

/// Which requests are meant.
#[derive(Args, Clone, Debug, Default)]
#[command(next_help_heading = "Which requests")]
pub(super) struct Selection {
    /// Not before: 2026-01-31, 2026-01-31T12:00:00Z (UTC), or how long ago: 90m, 7d
    #[arg(long, value_name = "TIME")]
    since: Option<String>,

    /// Before that time
    #[arg(long, value_name = "TIME")]
    until: Option<String>,

    /// Who asked: a name in the policy, a listener, an address, uid=1000; * stands for anything
    ///
    /// Of several of a kind one must fit, here and below.
    #[arg(long, value_name = "CLIENT")]
    client: Vec<String>,

    /// What was asked: `ContainerStart`, Container*, "POST /containers/*"
    #[arg(long, value_name = "OPERATION")]
    operation: Vec<String>,

    /// Of what: a name, an ID or its beginning, an image
    #[arg(long, value_name = "NAME")]
    target: Vec<String>,

    /// What was decided
    #[arg(long, value_name = "DECISION", value_parser = PossibleValuesParser::new(["permit", "deny", "refuse", "observe"]))]
    decision: Vec<String>,

    /// A rule that had a part in it
    #[arg(long, value_name = "RULE")]
    rule: Vec<String>,

    /// Why not, as a code: `missing_grant`
    #[arg(long, value_name = "REASON")]
    reason: Vec<String>,
}

impl Selection {
    /// What is meant; whoever asked is told what cannot be.
    pub(super) fn filter(&self) -> Result<Filter, Exit> {
        let now = Timestamp::now();
        let time = |text: &Option<String>| text.as_ref().map(|text| time_of(text, now)).transpose();
        let times = time(&self.since).and_then(|since| match (since, time(&self.until)?) {
            (Some(since), Some(until)) if until <= since => {
                Err("no time is before `--until` and not before `--since`: exchange them".to_owned())
            }
            times => Ok(times),
        });
        let known = self.operation.iter().try_for_each(|text| known_operation(text));
        let known = known.and_then(|()| self.reason.iter().try_for_each(|text| known_reason(text)));
        let (since, until) = known.and(times).map_err(|problem| {
            complain(&format_args!("dockgate: {problem}"));
            Exit::Usage
        })?;
        let patterns = |texts: &[String]| texts.iter().map(|text| Pattern::from(text.as_str())).collect();
        let mut filter = Filter::default();
        (filter.since, filter.until) = (since, until);
        filter.clients = patterns(&self.client);
        filter.operations = patterns(&self.operation);
        filter.targets = patterns(&self.target);
        filter.rules = patterns(&self.rule);
        filter.reasons = patterns(&self.reason);
        filter.decisions.clone_from(&self.decision);
        Ok(filter.prepared())
    }

    /// The filter, and the log without what it passes over file by file; whoever asked is told what is wrong.
    fn of(&self, log: &LogArguments) -> Result<(Filter, Log), Exit> {
        let filter = self.filter()?;
        let log = narrowed(log.open()?, &filter);
        Ok((filter, log))
    }

    /// Prints a line for each request that is meant, below a heading, and no more than so many. Where there is none, whoever
    /// asked is told of rules and clients that no record names.
    pub(super) fn list(
        &self,
        log: &LogArguments,
        heading: &str,
        limit: Option<u64>,
        line: impl Fn(&Request) -> Vec<u8>,
    ) -> Exit {
        let (filter, log) = match self.of(log) {
            Ok(selected) => selected,
            Err(exit) => return exit,
        };
        let output = RefCell::new(Output::new(log.bytes()));
        let mut listed = 0_u64;
        let mut each = |request: Request| {
            output.borrow_mut().print(&line(&request))?;
            listed = listed.saturating_add(1);
            if Some(listed) == limit { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        };
        let is_over = output.borrow_mut().print(heading.as_bytes()).is_break() || limit == Some(0);
        let read = if is_over {
            Ok(())
        } else {
            log.requests(&filter, &mut |read_bytes| output.borrow_mut().step(read_bytes), &mut each)
        };
        let is_told = read.is_ok() && listed == 0 && !is_over;
        let read = if is_told { self.tell_of_the_unknown(&log) } else { read };
        output.into_inner().finish(read)
    }

    /// Tells whoever asked of rules and clients that no record names, which may be mistyped. The standard input cannot be
    /// read again.
    fn tell_of_the_unknown(&self, log: &Log) -> io::Result<()> {
        let asks_nothing = self.rule.is_empty() && self.client.is_empty();
        if asks_nothing || log.files.iter().any(|file| file.path == Path::new("-")) {
            return Ok(());
        }
        let of_client = |text: &String| {
            let mut filter = Filter::default();
            filter.clients.push(Pattern::from(text.as_str()));
            filter
        };
        let mut unknown: Vec<_> = self.client.iter().map(|text| (text, of_client(text))).collect();
        let (mut clients, mut rules) = (BTreeSet::new(), BTreeSet::new());
        log.requests(&Filter::default(), &mut |_| {}, &mut |request| {
            let judged = request.judged();
            unknown.retain(|(_, filter)| !filter.fits(&judged));
            clients.extend(judged.client.names.into_iter().map(Cow::into_owned));
            rules.extend(judged.rules.into_iter().map(|rule| rule.name.into_owned()));
            ControlFlow::Continue(())
        })?;
        let unknown = unknown.into_iter().map(|(text, _)| not_named("client", text, &clients));
        for problem in self.rule.iter().filter_map(|rule| unknown_rule(rule, &rules)).chain(unknown) {
            complain(&format_args!("dockgate: {}", plain(&problem)));
        }
        Ok(())
    }
}

/// What is said of a rule that no record names.
fn unknown_rule(text: &str, names: &BTreeSet<String>) -> Option<String> {
    let pattern = Pattern::from(text);
    if names.iter().any(|name| pattern.fits(name)) {
        return None;
    }
    Some(not_named("rule", text, names))
}

fn not_named(kind: &str, text: &str, names: &BTreeSet<String>) -> String {
    let help = did_you_mean(text, names.iter().map(String::as_str));
    let help = help.map(|help| format!(": {help}")).unwrap_or_default();
    format!("no record here names a {kind} `{text}`{help}")
}

/// Whether there can be such an operation, as far as that can be told.
fn known_operation(text: &str) -> Result<(), String> {
    let mut ids = endpoints().map(|endpoint| endpoint.id);
    if text.contains(['*', '/']) || ids.any(|id| id.eq_ignore_ascii_case(text)) {
        return Ok(());
    }
    let help = nearest(text, endpoints().map(|endpoint| endpoint.id)).map_or_else(
        || "`dockgate operations` lists them".to_owned(),
        |nearest| format!("did you mean `{nearest}`?"),
    );
    Err(format!("there is no operation `{text}`: {help}"))
}

/// The same for a reason.
fn known_reason(text: &str) -> Result<(), String> {
    let codes: Vec<_> =
        Reason::ALL.into_iter().map(Reason::code).chain(Fault::ALL.into_iter().map(Fault::code)).collect();
    if text.contains('*') || codes.iter().any(|code| code.eq_ignore_ascii_case(text)) {
        return Ok(());
    }
    let help = did_you_mean(text, codes.iter().copied()).unwrap_or_default();
    Err(format!("there is no reason `{text}`: {help}"))
}

/// The log without what `filter` passes over file by file.
pub(super) fn narrowed(log: Log, filter: &Filter) -> Log {
    match &filter.since {
        Some(since) => log.since(since),
        None => log,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_span_with_no_time_in_it_is_refused() {
        let span = |since: &str, until: &str| {
            let times = [since, until].map(|time| Some(time.to_owned()));
            let [since, until] = times;
            Selection { since, until, ..Selection::default() }.filter().is_ok()
        };
        assert!(span("2h", "1h") && span("2026-01-01", "2026-01-02"));
        assert!(!span("1h", "2h") && !span("2026-01-01", "2026-01-01"));
    }

    #[test]
    fn a_rule_that_no_record_names_is_told_of() {
        let names: BTreeSet<String> = ["look", "line 12"].map(str::to_owned).into();
        for known in ["look", "LOOK", "l*", "line 12"] {
            assert_eq!(unknown_rule(known, &names), None);
        }
        let said = |text| unknown_rule(text, &names).unwrap();
        assert_eq!(said("lock"), "no record here names a rule `lock`: did you mean `look`?");
        assert_eq!(said("x*"), "no record here names a rule `x*`: there is `line 12` and `look`");
        assert_eq!(unknown_rule("look", &BTreeSet::new()).unwrap(), "no record here names a rule `look`");
    }

    #[test]
    fn what_no_record_can_hold_is_not_looked_for() {
        for known in ["ContainerList", "containerlist", "Container*", "GET /containers/json", "/_ping"] {
            assert_eq!(known_operation(known), Ok(()));
        }
        assert_eq!(
            known_operation("ContainerLst"),
            Err("there is no operation `ContainerLst`: did you mean `ContainerList`?".to_owned())
        );
        assert_eq!(
            known_operation("xyzzy"),
            Err("there is no operation `xyzzy`: `dockgate operations` lists them".to_owned())
        );
        for known in ["no_rule", "unkept", "*_too_large"] {
            assert_eq!(known_reason(known), Ok(()));
        }
        let problem = known_reason("forbiden").unwrap_err();
        assert_eq!(problem, "there is no reason `forbiden`: did you mean `forbidden`?");
        let problem = known_reason("foo").unwrap_err();
        assert!(
            problem.starts_with("there is no reason `foo`: there is `no_rule`, `forbidden`"),
            "{problem}"
        );
    }
}
