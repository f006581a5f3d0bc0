//! `dockgate test`: runs the tests that stand in policies, with the judge of the server.

mod junit;
mod tap;

use std::io::{self, Read, Write};
use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::Exit;
use super::policy_file::PolicyFile;
use super::report::{Report, counted};
use crate::policy::case::{Coverage, Ran, Suite};
use crate::policy::problem::{Severity, render};

/// Runs the tests of policies.
#[derive(Args, Clone, Debug)]
pub(super) struct TestArguments {
    /// Policy files; `-` is the standard input.
    #[arg(value_name = "FILE", required = true)]
    pub(super) files: Vec<PathBuf>,
    /// How the outcome is written
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    pub(super) format: Format,
    /// What no test notices counts as a failure
    #[arg(long)]
    pub(super) strict: bool,
}

/// How the outcome is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(super) enum Format {
    /// On the lines of the file, for people
    #[default]
    Text,
    /// JUnit's XML, for CI
    Junit,
    /// The Test Anything Protocol, version 14
    Tap,
}

/// What came of the tests of one file.
struct Tested {
    /// What is wrong with the file itself.
    report: Report,
    ran: Vec<Ran>,
    /// Of a file whose tests all pass.
    coverage: Option<Coverage>,
}

/// Runs the tests of all files and writes the outcome to `out`. The exit is the worst of all files.
///
/// # Errors
/// If `out` cannot be written to.
pub(super) fn test(
    arguments: &TestArguments,
    input: &mut dyn Read,
    out: &mut dyn Write,
    colour: bool,
) -> io::Result<Exit> {
    let files = arguments.files.iter().map(|file| test_one(&PolicyFile::read(file, input)));
    let tested: Vec<Tested> = files.collect();
    match arguments.format {
        Format::Text => tested.iter().try_for_each(|tested| text(tested, out, colour))?,
        Format::Junit => out.write_all(junit::written(&tested).as_bytes())?,
        Format::Tap => out.write_all(tap::written(&tested).as_bytes())?,
    }
    Ok(tested.iter().map(|tested| tested.exit(arguments.strict)).max().unwrap_or(Exit::Success))
}

fn test_one(file: &PolicyFile) -> Tested {
    let source = match &file.source {
        Ok(source) => source.clone(),
        Err(error) => {
            let report = Report::unreadable(&file.name, &error.to_string());
            return Tested { report, ran: Vec::new(), coverage: None };
        }
    };
    let (suite, mut problems) = Suite::read(&source);
    // What only looks wrong is what `check` is for.
    problems.retain(|problem| problem.severity() == Severity::Error);
    let mut ran = Vec::new();
    let mut coverage = None;
    if let Some(suite) = &suite {
        let (files, missing) = file.bodies(suite);
        if missing.is_empty() {
            ran = suite.run(&files);
            let all_pass = ran.iter().all(|ran| ran.failure.is_none());
            coverage = all_pass.then(|| suite.coverage(&files));
        }
        problems.extend(missing);
    }
    let report = Report { file: file.name.clone(), source, unreadable: None, problems, facts: None };
    Tested { report, ran, coverage }
}

impl Tested {
    fn failures(&self) -> usize {
        self.ran.iter().filter(|ran| ran.failure.is_some()).count()
    }

    fn exit(&self, strict: bool) -> Exit {
        let untested = self.coverage.as_ref().is_some_and(|coverage| !coverage.untested.is_empty());
        if self.failures() > 0 || (strict && untested) {
            return self.report.exit(strict).max(Exit::Failure);
        }
        self.report.exit(strict)
    }
}

fn text(tested: &Tested, out: &mut dyn Write, colour: bool) -> io::Result<()> {
    let Tested { report: Report { file, source, unreadable, problems, facts: _ }, ran, coverage } = tested;
    if let Some(why) = unreadable {
        return writeln!(out, "{file}: cannot be read: {why}");
    }
    let failures: Vec<_> = ran.iter().filter_map(|ran| ran.failure.clone()).collect();
    for found in [problems, &failures] {
        out.write_all(render(found, file, source, colour).as_bytes())?;
    }
    if !problems.is_empty() {
        return writeln!(out, "{file}: {}", counted(problems.len(), "error"));
    }
    let requests = counted(ran.len(), "request");
    let Some(coverage) = coverage else {
        return writeln!(out, "{file}: {} of {requests} judged otherwise than expected", failures.len());
    };
    out.write_all(render(&coverage.untested, file, source, colour).as_bytes())?;
    let Coverage { changes, noticed, untested: _ } = coverage;
    writeln!(
        out,
        "{file}: ok ({requests} judged as expected; {noticed} of {changes} changes to the policy would be noticed)"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(format: Format, strict: bool, source: &str) -> (Exit, String) {
        let arguments = TestArguments { files: vec![PathBuf::from("-")], format, strict };
        let mut out = Vec::new();
        let exit = test(&arguments, &mut source.as_bytes(), &mut out, false).unwrap();
        (exit, String::from_utf8(out).unwrap())
    }

    const POLICY: &str = "version = 1\n[[allow]]\nname = \"hello\"\noperations = [\"GET /_ping\"]\n";
    const PASSES: &str =
        "[[test]]\nname = \"ping\"\nrequest = [\"GET /_ping\", \"HEAD /_ping\"]\nverdict = \"permit\"\n";

    #[test]
    fn failures_are_shown_and_counted() {
        let (exit, text) = run(Format::Text, false, &format!("{POLICY}{PASSES}"));
        assert_eq!(exit, Exit::Failure);
        assert!(text.starts_with("error[failed-test]: HEAD /_ping is denied: no_rule\n"), "{text}");
        assert!(text.ends_with("<stdin>: 1 of 2 requests judged otherwise than expected\n"), "{text}");
    }

    #[test]
    fn what_is_not_tested_fails_where_that_is_wished() {
        let passes = format!("{POLICY}{}", PASSES.replace(", \"HEAD /_ping\"", ""));
        let (exit, text) = run(Format::Text, false, &passes);
        assert_eq!(exit, Exit::Success);
        let end =
            "<stdin>: ok (1 request judged as expected; 1 of 2 changes to the policy would be noticed)\n";
        assert!(text.contains("warning[untested]") && text.ends_with(end), "{text}");
        assert_eq!(run(Format::Text, true, &passes).0, Exit::Failure);
        let whole = format!("{passes}[[test]]\nrequest = \"GET /info\"\nverdict = \"deny\"\n");
        assert_eq!(run(Format::Text, true, &whole).0, Exit::Success);
    }

    #[test]
    fn of_a_policy_without_tests_that_is_said_once() {
        let (exit, text) = run(Format::Text, false, POLICY);
        assert_eq!(exit, Exit::Success);
        assert!(text.starts_with("warning[untested]: the policy has no tests\n"), "{text}");
        assert_eq!(text.matches("warning").count(), 1, "{text}");
        assert!(text.ends_with("0 of 2 changes to the policy would be noticed)\n"), "{text}");
        assert_eq!(run(Format::Text, true, POLICY).0, Exit::Failure);
    }

    #[test]
    fn a_policy_with_errors_is_not_tested() {
        let (exit, text) = run(Format::Text, false, "version = 2\n[[test]]\nrequest = \"GET /_ping\"\n");
        assert_eq!(exit, Exit::Failure);
        assert!(text.contains("error[unknown-version]") && text.ends_with("<stdin>: 2 errors\n"), "{text}");
        let arguments =
            TestArguments { files: vec!["/nonexistent.toml".into()], format: Format::Tap, strict: false };
        let mut out = Vec::new();
        assert_eq!(test(&arguments, &mut io::empty(), &mut out, false).unwrap(), Exit::Usage);
        assert!(
            String::from_utf8(out)
                .unwrap()
                .starts_with("TAP version 14\n1..1\nnot ok 1 - /nonexistent.toml\n")
        );
    }

    #[test]
    fn a_body_file_that_is_not_there_is_a_problem_of_the_policy() {
        let source = format!(
            "{POLICY}[[test]]\nrequest = \"POST /build\"\nbody_file = \"no.json\"\nverdict = \"deny\"\n"
        );
        let (exit, text) = run(Format::Text, false, &source);
        assert_eq!(exit, Exit::Failure);
        assert!(text.contains("error[bad-test]: the file `no.json` cannot be read"), "{text}");
    }

    #[test]
    fn machines_get_a_case_for_each_request() {
        let (_, tap) = run(Format::Tap, false, &format!("{POLICY}{PASSES}"));
        let expected = "TAP version 14\n1..2\nok 1 - <stdin>: ping: GET /_ping\nnot ok 2 - <stdin>: ping: HEAD /_ping\n  ---\n  message: |\n    HEAD /_ping is denied: no_rule\n    expected: a permit\n";
        assert!(tap.starts_with(expected) && tap.ends_with("  ...\n"), "{tap}");
        let (exit, xml) = run(Format::Junit, false, &format!("{POLICY}{PASSES}"));
        assert_eq!(exit, Exit::Failure);
        for expected in [
            "<testsuite name=\"&lt;stdin&gt;\" tests=\"2\" failures=\"1\" errors=\"0\">",
            "<testcase classname=\"ping\" name=\"GET /_ping\"/>",
            "<failure message=\"HEAD /_ping is denied: no_rule\">",
        ] {
            assert!(xml.contains(expected), "{expected} in {xml}");
        }
    }
}
