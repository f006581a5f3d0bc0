//! `dockgate audit verify`: one line that says that the log is as it was written, or where it is not.

use std::fs;
use std::path::PathBuf;

use clap::Args;

use super::progress::Progress;
use super::{LogArguments, unreadable};
use crate::audit::read::{End, Log, Verified, Verifier};
use crate::command::{Exit, complain, print};

/// What `verify` is told.
#[derive(Args, Clone, Debug)]
pub(in crate::command) struct VerifyArguments {
    #[command(flatten)]
    log: LogArguments,

    /// A public key, or allowed signers as ssh-keygen has them: every seal must be signed by one of them
    #[arg(long, value_name = "FILE")]
    key: Option<PathBuf>,

    /// The log need not begin with record 1: older files were removed
    #[arg(long)]
    partial: bool,
}

pub(super) fn verify(arguments: &VerifyArguments) -> Exit {
    let verifier = match verifier(arguments) {
        Ok(verifier) => verifier,
        Err(problem) => {
            complain(&format_args!("dockgate: {problem}"));
            return Exit::Usage;
        }
    };
    let log = match arguments.log.open() {
        Ok(log) => log,
        Err(exit) => return exit,
    };
    let mut progress = Progress::of(log.bytes());
    let outcome = verifier.verify(&log, &mut |read_bytes| progress.step(read_bytes));
    drop(progress);
    match outcome {
        Ok(Ok(found)) => {
            log.head_withheld.iter().for_each(|why| complain(&format_args!("dockgate: {why}")));
            let printed = print(&format!("{}\n", describe(&log, &found)));
            if log.lacks_head() { Exit::Failure } else { printed }
        }
        Ok(Err(found)) => {
            print(&format!("{}: {}\n", found.place, found.what));
            Exit::Failure
        }
        Err(error) => unreadable(&error),
    }
}

fn verifier(arguments: &VerifyArguments) -> Result<Verifier, String> {
    let mut verifier = Verifier::default();
    if let Some(path) = &arguments.key {
        let fail = |what: String| format!("the key {}: {what}", path.display());
        let text = fs::read_to_string(path).map_err(|error| fail(error.to_string()))?;
        verifier = verifier.with_keys(&text).map_err(fail)?;
    }
    Ok(if arguments.partial { verifier.partial() } else { verifier })
}

fn describe(log: &Log, verified: &Verified) -> String {
    let mut text = log.name(log.files.len().saturating_sub(1));
    if verified.last == 0 {
        text.push_str(": there are no records");
        if log.lacks_head() {
            text.push_str(", and no head beside the file that tells whether there were any");
        }
        return text;
    }
    let mut add = |part: &str| text.push_str(part);
    add(&format!(": records {} to {}", verified.first, verified.last));
    if log.files.len() > 1 {
        add(&format!(" in {} files", log.files.len()));
    }
    add(match (verified.end, verified.last_headless) {
        (End::Whole | End::Torn, None) => ": nothing was changed, removed, reordered or cut off",
        (End::Whole | End::Torn, Some(_)) => {
            ": nothing was changed, removed or reordered, and nothing cut off at the end"
        }
        (End::Unknown, _) => {
            ": nothing was changed, removed or reordered; without the head beside the file it cannot be told whether anything was cut off at the end"
        }
    });
    if let Some(last) = verified.last_headless {
        let more = match verified.headless.saturating_sub(1) {
            0 => String::new(),
            more => format!(", and of {more} others before it"),
        };
        add(&format!(
            "; whether anything was cut off before record {last}{more} cannot be told: that start found no head"
        ));
    }
    match (verified.seals, verified.last_seal) {
        (0, _) | (_, None) => add("; no seal"),
        (1, Some(last)) => add(&format!("; 1 seal, record {last}")),
        (seals, Some(last)) => add(&format!("; {seals} seals, the last is record {last}")),
    }
    if verified.signed > 0 {
        let keys: Vec<_> = verified.keys.iter().map(String::as_str).collect();
        let all = if verified.signed == verified.seals {
            String::new()
        } else {
            format!("{} of them ", verified.signed)
        };
        add(&format!(", {all}signed by {}", keys.join(" and ")));
        match (verified.last_seal.unwrap_or_default().saturating_add(1), verified.last) {
            (first, last) if first > last => {}
            (first, last) if first == last => {
                add(&format!("; record {last} stands behind the last seal and is not signed yet"));
            }
            (first, last) => {
                add(&format!(
                    "; records {first} to {last} stand behind the last seal and are not signed yet"
                ));
            }
        }
    }
    if let Some((to, by)) = verified.removed.filter(|_| verified.first > 1) {
        add(&format!("; those up to {to} were removed after their time, as record {by} says"));
    }
    if verified.lost > 0 {
        add(&format!("; {} records could not be written, as the log says itself", verified.lost));
    }
    if let Some(said) = verified.head_behind {
        add(&format!(
            "; the head beside the file is behind: it vouches for the end only up to record {said}"
        ));
    }
    if verified.end == End::Torn {
        add("; the last line is not whole: it is being written, or was torn");
    }
    text
}
