//! `dockgate doctor`: everything that an operator can get wrong, looked at in turn, each finding with its cure.
//!
//! It changes nothing, and leaves no record: it connects to listeners without asking anything.

mod audit;
mod client;
mod daemon;
mod finding;
mod limits;
mod listener;
mod lock;
mod mount;
mod policy;
mod port;
mod rights;
mod running;
mod who;

use clap::Args;
use tokio::runtime;

use super::{Exit, complain, is_coloured, print};
use crate::settings::{ServeArgs, Settings};
use finding::{Finding, Findings, Level};
use listener::Known;

/// Looks at everything an operator can get wrong.
#[derive(Args, Clone, Debug)]
pub(super) struct DoctorArguments {
    #[command(flatten)]
    serve: ServeArgs,
    /// Print the findings as JSON: {"worst": …, "findings": [{"level", "part", "found", "cure"}, …]}
    #[arg(long)]
    json: bool,
}

/// Looks, and prints what was found.
pub(super) fn doctor(arguments: &DoctorArguments) -> Exit {
    let mut findings = Findings::default();
    let exit = match Settings::load(&arguments.serve) {
        Ok(settings) => match runtime::Builder::new_current_thread().enable_all().build() {
            Ok(runtime) => {
                findings.ok("settings", "the flags, the environment and the settings file can be used.");
                runtime.block_on(look(&settings, &mut findings));
                if findings.worst() == Level::Error { Exit::Failure } else { Exit::Success }
            }
            Err(error) => {
                complain(&format_args!("dockgate cannot start its runtime: {error}"));
                return Exit::Failure;
            }
        },
        Err(problems) => {
            for problem in problems.iter() {
                findings.add(Finding::error("settings", problem, "Mend it; nothing else was looked at."));
            }
            Exit::Usage
        }
    };
    let text = if arguments.json { findings.json() } else { findings.text(is_coloured(&std::io::stdout())) };
    match print(&text) {
        Exit::Success => exit,
        unprinted @ (Exit::Failure | Exit::Usage) => unprinted,
    }
}

async fn look(settings: &Settings, findings: &mut Findings) {
    who::look(findings);
    daemon::look(&settings.daemon, findings).await;
    policy::look(settings, findings);
    let said = match &settings.admin {
        Some(admin) => Some(running::ask(admin).await),
        None => None,
    };
    let health = said.as_ref().and_then(|said| said.as_ref().ok());
    let mut accepts = false;
    for wanted in &settings.listeners {
        let runs = health.is_some_and(|health| running::has_listener(health, &wanted.address));
        let known = if runs { Known::Runs } else { Known::Nothing };
        accepts |= listener::look(wanted, known, findings).await;
    }
    client::look(settings, findings);
    audit::look(&settings.audit, accepts || health.is_some(), findings);
    limits::look(settings.limits, findings);
    let known = if accepts { Known::OthersAccept } else { Known::Nothing };
    running::look(settings.admin.as_ref(), said.as_ref(), known, findings).await;
}
