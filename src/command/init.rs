//! `dockgate init`: a policy with its tests and a compose file, for a client that is to have a little of Docker.

mod ability;
mod compose;
mod plan;
mod questions;
mod shipped;
mod write;

use std::io::{self, BufRead, Write};
use std::path::PathBuf;

use clap::Args;

use super::{Exit, complain};
use ability::{Ability, Label};
use plan::Plan;

/// Writes what a client needs.
#[derive(Args, Clone, Debug)]
#[command(after_help = EXAMPLES)]
pub(super) struct InitArguments {
    /// Where the files go; made where it is not there. Without it, dockgate-NAME
    #[arg(value_name = "DIR")]
    directory: Option<PathBuf>,
    /// Which program is to use Docker: one that dockgate has a policy for, or any other name with --may
    #[arg(long, value_name = "NAME")]
    client: Option<String>,
    /// What it may do, in place of a policy that ships
    #[arg(long, value_name = "ABILITY", value_delimiter = ',', requires = "client")]
    may: Vec<Ability>,
    /// Only with containers that have this label
    #[arg(long, value_name = "KEY=VALUE", requires = "may", value_parser = Label::read)]
    label: Option<Label>,
    /// Where it connects, as the container sees it: a socket in /run/dockgate, or a port
    ///
    /// Spelled as for serve. Without it, a socket that has the name of the client.
    #[arg(long, value_name = "ADDR")]
    listen: Option<String>,
    /// Replace files that are there
    #[arg(long)]
    force: bool,
}

const EXAMPLES: &str = "\
Examples:
  dockgate init                               asks
  dockgate init --client traefik              the policy that ships, and a compose file
  dockgate init --client panel --may look,logs,lifecycle --label app.managed=true

Ends with 0 if the files are written, 1 if they cannot be, 2 if it is not clear what they are to be.";

/// Asks what is not said, where somebody can answer, and writes the files.
///
/// # Errors
/// If `out` cannot be written to, or `answers` not be read.
pub(super) fn init(
    arguments: &InitArguments,
    answers: &mut dyn BufRead,
    is_terminal: bool,
    out: &mut dyn Write,
) -> io::Result<Exit> {
    let plan = match (&arguments.client, is_terminal) {
        (Some(_), _) => Plan::of_flags(arguments),
        (None, true) => questions::ask(arguments, answers, out)?,
        (None, false) => Err("which program is to use Docker? Say it with --client NAME".to_owned()),
    };
    let plan = match plan {
        Ok(plan) => plan,
        Err(message) => {
            complain(&format_args!("dockgate init: {message}"));
            return Ok(Exit::Usage);
        }
    };
    match write::files(&plan, arguments.force) {
        Ok(written) => {
            out.write_all(written.as_bytes())?;
            Ok(Exit::Success)
        }
        Err(message) => {
            complain(&format_args!("dockgate init: {message}"));
            Ok(Exit::Failure)
        }
    }
}

#[cfg(test)]
mod tests;
