//! What was found in policy files, for people and for programs, from one value.

mod json;
mod sarif;

use std::io::{self, Write};

use clap::ValueEnum;

use super::Exit;
use crate::policy::problem::{Problem, Severity, render};

/// How findings are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(super) enum Format {
    /// On the lines of the file, for people
    #[default]
    Text,
    /// One JSON object
    Json,
    /// SARIF 2.1.0, for code scanners
    Sarif,
}

/// What was found in one file.
#[derive(Debug)]
pub(super) struct Report {
    /// What the file is called.
    pub(super) file: String,
    /// Its text; none, where it cannot be read.
    pub(super) source: String,
    /// Why it cannot be read.
    pub(super) unreadable: Option<String>,
    pub(super) problems: Vec<Problem>,
    /// What is known of a policy that can be used.
    pub(super) facts: Option<Facts>,
}

/// What is known of a policy.
#[derive(Debug)]
pub(super) struct Facts {
    pub(super) hash: String,
    pub(super) rules: usize,
    pub(super) tests: usize,
}

impl Report {
    /// Of a file that cannot be read.
    pub(super) fn unreadable(file: &str, why: &str) -> Self {
        Self {
            file: file.to_owned(),
            source: String::new(),
            unreadable: Some(why.to_owned()),
            problems: Vec::new(),
            facts: None,
        }
    }

    /// How a command ends that found this.
    pub(super) fn exit(&self, strict: bool) -> Exit {
        if self.unreadable.is_some() {
            return Exit::Usage;
        }
        let counted = self.count(Severity::Error).saturating_add(if strict {
            self.count(Severity::Warning)
        } else {
            0
        });
        if counted == 0 { Exit::Success } else { Exit::Failure }
    }

    /// How many problems are of this severity.
    pub(super) fn count(&self, severity: Severity) -> usize {
        self.problems.iter().filter(|problem| problem.severity() == severity).count()
    }
}

/// Writes the reports.
pub(super) fn write(format: Format, reports: &[Report], out: &mut dyn Write, colour: bool) -> io::Result<()> {
    match format {
        Format::Text => reports.iter().try_for_each(|report| text(report, out, colour)),
        Format::Json => writeln!(out, "{:#}", json::written(reports)),
        Format::Sarif => writeln!(out, "{:#}", sarif::written(reports)),
    }
}

/// The problems on the lines of the file, and one line that sums up.
fn text(report: &Report, out: &mut dyn Write, colour: bool) -> io::Result<()> {
    let Report { file, source, unreadable, problems, facts } = report;
    if let Some(why) = unreadable {
        return writeln!(out, "{file}: cannot be read: {why}");
    }
    out.write_all(render(problems, file, source, colour).as_bytes())?;
    let errors = report.count(Severity::Error);
    let Some(facts) = facts.as_ref().filter(|_| errors == 0) else {
        return writeln!(out, "{file}: {}", counted(errors, "error"));
    };
    let mut said = vec![counted(facts.rules, "rule")];
    if facts.tests > 0 {
        said.push(counted(facts.tests, "test"));
    }
    if report.count(Severity::Warning) > 0 {
        said.push(counted(report.count(Severity::Warning), "warning"));
    }
    writeln!(out, "{file}: ok ({})", said.join(", "))
}

/// `1 rule`, `2 rules`
pub(super) fn counted(number: usize, what: &str) -> String {
    if number == 1 { format!("1 {what}") } else { format!("{number} {what}s") }
}

/// A place in a text, counted from 1; columns in characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Position {
    line: usize,
    column: usize,
}

impl Position {
    fn of(source: &str, byte: usize) -> Self {
        let end = (0..=byte.min(source.len())).rev().find(|at| source.is_char_boundary(*at)).unwrap_or(0);
        let before = source.get(..end).unwrap_or_default();
        let line_start = before.rfind('\n').map_or(0, |at| at.saturating_add(1));
        Self {
            line: before.matches('\n').count().saturating_add(1),
            column: before.get(line_start..).unwrap_or_default().chars().count().saturating_add(1),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_counted_from_one_in_characters() {
        let at = |byte| {
            let Position { line, column } = Position::of("aé\nb", byte);
            (line, column)
        };
        assert_eq!(
            [at(0), at(1), at(2), at(3), at(4), at(5), at(99)],
            [(1, 1), (1, 2), (1, 2), (1, 3), (2, 1), (2, 2), (2, 2)]
        );
    }
}
