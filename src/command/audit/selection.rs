//! Which requests are meant, as the command line says it.

use clap::Args;
use clap::builder::PossibleValuesParser;
use jiff::Timestamp;

use super::LogArguments;
use crate::audit::read::{Filter, Log, Pattern, time_of};
use crate::command::{Exit, complain};

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
        let times = time(&self.since).and_then(|since| Ok((since, time(&self.until)?)));
        let (since, until) = times.map_err(|problem| {
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
    pub(super) fn of(&self, log: &LogArguments) -> Result<(Filter, Log), Exit> {
        let filter = self.filter()?;
        let log = narrowed(log.open()?, &filter);
        Ok((filter, log))
    }
}

/// The log without what `filter` passes over file by file.
pub(super) fn narrowed(log: Log, filter: &Filter) -> Log {
    match &filter.since {
        Some(since) => log.since(since),
        None => log,
    }
}
