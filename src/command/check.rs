//! `dockgate check`: finds everything that is wrong with policies, before they are used.

use std::fs;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use clap::Args;

use super::Exit;
use crate::policy::Policy;
use crate::policy::problem::{Severity, render};

/// Checks policies and shows every problem.
#[derive(Args, Clone, Debug)]
pub(super) struct CheckArguments {
    /// Policy files; `-` is the standard input.
    #[arg(value_name = "FILE", required = true)]
    pub(super) files: Vec<PathBuf>,
}

/// Checks the files and writes what is found to `out`. The outcome is the worst of all files.
///
/// # Errors
/// If `out` cannot be written to.
pub(super) fn check(
    files: &[PathBuf],
    input: &mut dyn Read,
    out: &mut dyn Write,
    colour: bool,
) -> io::Result<Exit> {
    let mut worst = Exit::Success;
    for file in files {
        let (name, source) = read(file, input);
        let outcome = match source {
            Ok(source) => check_one(&name, &source, out, colour)?,
            Err(error) => {
                writeln!(out, "{name}: cannot be read: {error}")?;
                Exit::Usage
            }
        };
        worst = worst.max(outcome);
    }
    Ok(worst)
}

fn read(file: &Path, input: &mut dyn Read) -> (String, io::Result<String>) {
    if file == Path::new("-") {
        let mut source = String::new();
        let result = input.read_to_string(&mut source).map(|_| source);
        return ("<stdin>".to_owned(), result);
    }
    (file.display().to_string(), fs::read_to_string(file))
}

fn check_one(name: &str, source: &str, out: &mut dyn Write, colour: bool) -> io::Result<Exit> {
    let (policy, problems) = Policy::read(source);
    out.write_all(render(&problems, name, source, colour).as_bytes())?;
    let warnings = problems.iter().filter(|problem| problem.severity() == Severity::Warning).count();
    let Some(policy) = policy else {
        writeln!(out, "{name}: {}", count(problems.len().saturating_sub(warnings), "error"))?;
        return Ok(Exit::Failure);
    };
    let rules = count(policy.rule_count(), "rule");
    match warnings {
        0 => writeln!(out, "{name}: ok ({rules})")?,
        some => writeln!(out, "{name}: ok ({rules}, {})", count(some, "warning"))?,
    }
    Ok(Exit::Success)
}

fn count(number: usize, what: &str) -> String {
    if number == 1 { format!("1 {what}") } else { format!("{number} {what}s") }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(files: &[&str], input: &str) -> (Exit, String) {
        let files: Vec<_> = files.iter().map(PathBuf::from).collect();
        let mut out = Vec::new();
        let outcome = check(&files, &mut input.as_bytes(), &mut out, false).unwrap_or(Exit::Usage);
        (outcome, String::from_utf8_lossy(&out).into_owned())
    }

    #[test]
    fn a_good_policy_is_ok() {
        let source = "version = 1\n[[allow]]\noperations = [\"@read\"]\n";
        assert_eq!(run(&["-"], source), (Exit::Success, "<stdin>: ok (1 rule)\n".to_owned()));
    }

    #[test]
    fn all_problems_of_a_file_are_shown() {
        let (outcome, text) = run(&["-"], "mode = \"watch\"\n");
        assert_eq!(outcome, Exit::Failure);
        assert!(text.contains("error[missing-version]") && text.contains("error[unknown-mode]"), "{text}");
        assert!(text.ends_with("<stdin>: 2 errors\n"), "{text}");
    }

    #[test]
    fn a_file_that_cannot_be_read_does_not_keep_the_others_from_being_checked() {
        let (outcome, text) = run(&["/nonexistent/policy.toml", "-"], "version = 1\n");
        assert_eq!(outcome, Exit::Usage);
        assert!(text.starts_with("/nonexistent/policy.toml: cannot be read: "), "{text}");
        assert!(text.ends_with("<stdin>: ok (0 rules, 1 warning)\n"), "{text}");
    }

    #[test]
    fn every_policy_that_ships_can_be_used() {
        let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("policy");
        let files: Vec<_> = fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path()).collect();
        assert!(files.len() >= 3);
        for file in files {
            let (outcome, text) = run(&[&file.display().to_string()], "");
            assert_eq!(outcome, Exit::Success, "{text}");
        }
    }
}
