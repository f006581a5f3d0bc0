//! The command line: one verb a file.

mod audit;
mod check;
mod completions;
mod doctor;
mod explain;
mod health;
mod init;
mod later;
mod log;
mod man;
pub mod operations;
mod policy_file;
mod reach;
mod report;
mod schema;
mod serve;
mod test;

use std::fmt;
use std::io::{self, IsTerminal, Write as _};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::settings::{ServeArgs, forbids_colour};
use later::Later;

/// A least-privilege filtering proxy for the Docker socket
///
/// dockgate listens on a socket of its own, judges each Docker API request against a policy, writes an
/// audit record, and forwards what is permitted. Without a verb it serves.
#[derive(Debug, Parser)]
#[command(version, args_conflicts_with_subcommands = true, max_term_width = 100)]
struct Line {
    #[command(flatten)]
    serve: ServeArgs,
    #[command(subcommand)]
    verb: Option<Verb>,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Serve clients (what dockgate does when no verb is given)
    Serve(Later<ServeArgs>),
    /// Say everything that is wrong with policy files, or looks wrong
    Check(Later<check::CheckArguments>),
    /// Say what a request means, what each rule says of it, and what would turn the verdict
    Explain(Later<explain::ExplainArguments>),
    /// Write a policy, its tests and a compose file for a program that is to have a little of Docker
    Init(Later<init::InitArguments>),
    /// Run the tests that stand in policy files
    Test(Later<test::TestArguments>),
    /// Say whether dockgate accepts clients and the daemon answers; for HEALTHCHECK
    ///
    /// Takes the same settings as `serve`: run it with the same flags, environment and settings file.
    Health(Later<ServeArgs>),
    /// Ask the audit: what was done, by whom, and whether the record is whole
    #[command(subcommand)]
    Audit(audit::AuditVerb),
    /// Look at everything that can be wrong, and say what to do about it
    ///
    /// Takes the same settings as `serve`: run it with the same flags, environment and settings file, and
    /// as the user that dockgate runs as. It changes nothing. Exit code 0: nothing keeps dockgate from working
    /// (there may be warnings); 1: something does; 2: the settings cannot be used.
    Doctor(Later<doctor::DoctorArguments>),
    /// Print the manual of operations, as in docs/operations.md
    Operations,
    /// Print the JSON Schema of policies or of settings files, for editors
    Schema {
        /// What the schema is of
        #[arg(value_name = "policy|settings")]
        document: schema::Document,
    },
    /// Print the completions of a shell
    ///
    /// To try them in bash: source <(dockgate completions bash)
    Completions {
        /// Which shell
        #[arg(value_name = "SHELL")]
        shell: completions::Shell,
    },
    /// Write the pages for man into a directory
    ///
    /// As root: dockgate man /usr/local/share/man/man1
    Man {
        /// The directory, which must exist
        #[arg(value_name = "DIR")]
        directory: PathBuf,
    },
}

/// What dockgate's exit codes mean, the worse the higher.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Exit {
    /// All is well.
    Success,
    /// The policy has errors, a test fails, a request that is explained is denied, the daemon or dockgate is not
    /// healthy, the doctor found an error, or serving failed.
    Failure,
    /// The flags, the environment or the settings file are wrong, or a file cannot be read.
    Usage,
}

/// Runs what the command line asks for.
#[must_use]
pub fn run() -> ExitCode {
    let line = match Line::try_parse() {
        Ok(line) => line,
        Err(error) => {
            // Help and version are no errors; where they cannot be printed, nothing can.
            let _printed = error.print();
            return if error.use_stderr() { Exit::Usage.into() } else { Exit::Success.into() };
        }
    };
    // Where output cannot be written, nobody reads it.
    let exit = match line.verb {
        None => serve::serve(&line.serve),
        Some(Verb::Serve(Later(args))) => serve::serve(&args),
        Some(Verb::Check(Later(args))) => {
            check::check(&args, &mut io::stdin(), &mut io::stdout(), is_coloured(&io::stdout()))
                .unwrap_or(Exit::Failure)
        }
        Some(Verb::Explain(Later(args))) => {
            explain::explain(&args, &mut io::stdin(), &mut io::stdout(), is_coloured(&io::stdout()))
                .unwrap_or(Exit::Failure)
        }
        Some(Verb::Test(Later(args))) => {
            test::test(&args, &mut io::stdin(), &mut io::stdout(), is_coloured(&io::stdout()))
                .unwrap_or(Exit::Failure)
        }
        Some(Verb::Init(Later(args))) => {
            let is_terminal = io::stdin().is_terminal();
            init::init(&args, &mut io::stdin().lock(), is_terminal, &mut io::stdout())
                .unwrap_or(Exit::Failure)
        }
        Some(Verb::Health(Later(args))) => health::health(&args),
        Some(Verb::Audit(verb)) => audit::audit(&verb),
        Some(Verb::Doctor(Later(args))) => doctor::doctor(&args),
        Some(Verb::Operations) => print(&operations::render()),
        Some(Verb::Schema { document }) => schema::schema(document),
        Some(Verb::Completions { shell }) => completions::completions(shell),
        Some(Verb::Man { directory }) => man::man(&directory),
    };
    exit.into()
}

fn is_coloured(stream: &impl IsTerminal) -> bool {
    stream.is_terminal() && !forbids_colour()
}

fn print(text: &str) -> Exit {
    match io::stdout().write_all(text.as_bytes()) {
        Ok(()) => Exit::Success,
        Err(_) => Exit::Failure,
    }
}

/// Appends to a text.
fn push(text: &mut String, arguments: fmt::Arguments<'_>) {
    // Writing to a `String` cannot fail.
    fmt::Write::write_fmt(text, arguments).unwrap_or_default();
}

/// Tells the person at the terminal; where that is not possible there is nobody to tell.
fn complain(text: &impl fmt::Display) {
    let _told = writeln!(io::stderr(), "{text}");
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        match exit {
            Exit::Success => Self::SUCCESS,
            Exit::Failure => Self::from(1),
            Exit::Usage => Self::from(2),
        }
    }
}
