//! `dockgate check`: finds everything that is wrong with policies, before they are used.

use std::io::{self, Read, Write};
use std::path::PathBuf;

use clap::Args;

use super::Exit;
use super::policy_file::PolicyFile;
use super::report::{self, Facts, Format, Report};
use crate::policy::case::Suite;

/// Checks policies and shows every problem.
#[derive(Args, Clone, Debug)]
pub(super) struct CheckArguments {
    /// Policy files; `-` is the standard input.
    #[arg(value_name = "FILE", required = true)]
    pub(super) files: Vec<PathBuf>,
    /// How the findings are written
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    pub(super) format: Format,
    /// Warnings count as errors
    #[arg(long)]
    pub(super) strict: bool,
}

/// Checks the files and writes what is found to `out`. The outcome is the worst of all files.
///
/// # Errors
/// If `out` cannot be written to.
pub(super) fn check(
    arguments: &CheckArguments,
    input: &mut dyn Read,
    out: &mut dyn Write,
    colour: bool,
) -> io::Result<Exit> {
    let files = arguments.files.iter().map(|file| check_one(&PolicyFile::read(file, input)));
    let reports: Vec<Report> = files.collect();
    report::write(arguments.format, &reports, out, colour)?;
    Ok(reports.iter().map(|report| report.exit(arguments.strict)).max().unwrap_or(Exit::Success))
}

fn check_one(file: &PolicyFile) -> Report {
    let PolicyFile { name, source, .. } = file;
    let source = match source {
        Ok(source) => source,
        Err(error) => return Report::unreadable(name, &error.to_string()),
    };
    let (suite, mut problems) = Suite::read(source);
    let facts = suite.as_ref().map(|suite| Facts {
        hash: suite.policy().hash().to_owned(),
        rules: suite.policy().rule_count(),
        tests: suite.case_count(),
    });
    if let Some(suite) = &suite {
        problems.extend(file.bodies(suite).1);
    }
    Report { file: name.clone(), source: source.clone(), unreadable: None, problems, facts }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    use super::*;

    fn run(files: &[&str], input: &str) -> (Exit, String) {
        let files = files.iter().map(PathBuf::from).collect();
        let arguments = CheckArguments { files, format: Format::Text, strict: false };
        let mut out = Vec::new();
        let outcome = check(&arguments, &mut input.as_bytes(), &mut out, false).unwrap_or(Exit::Usage);
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
    fn warnings_fail_where_that_is_wished() {
        let files = vec![PathBuf::from("-")];
        let exit = |strict| {
            let arguments = CheckArguments { files: files.clone(), format: Format::Text, strict };
            check(&arguments, &mut "version = 1\n".as_bytes(), &mut Vec::new(), false).unwrap()
        };
        assert_eq!((exit(false), exit(true)), (Exit::Success, Exit::Failure));
    }

    #[test]
    fn programs_get_every_place() {
        let source = "version = 1\n[[allow]]\nname = \"a\"\noperations = [\"GET /inof\"]\n[[forbid]]\nname = \"a\"\noperations = \"*\"\n";
        let written = |format| -> serde_json::Value {
            let arguments =
                CheckArguments { files: vec!["-".into(), "/nonexistent".into()], format, strict: false };
            let mut out = Vec::new();
            let exit = check(&arguments, &mut source.as_bytes(), &mut out, false).unwrap();
            assert_eq!(exit, Exit::Usage);
            serde_json::from_slice(&out).unwrap()
        };
        let json = written(Format::Json);
        let [unknown, twice] = json["policies"][0]["problems"].as_array().unwrap().as_slice() else {
            panic!("{json:#}")
        };
        assert_eq!(unknown["code"], "unknown-operation");
        assert_eq!(unknown["help"], "did you mean `GET /info`?");
        assert_eq!((&twice["places"][0]["line"], &twice["places"][0]["column"]), (&6.into(), &8.into()));
        assert_eq!((&twice["places"][1]["line"], &twice["severity"]), (&3.into(), &"error".into()));
        assert!(json["policies"][1]["unreadable"].is_string() && json["policies"][0]["hash"].is_null());

        let sarif = &written(Format::Sarif)["runs"][0];
        let result = &sarif["results"][1];
        assert_eq!(result["ruleId"], "duplicate-name");
        let region =
            |location: &serde_json::Value| location["physicalLocation"]["region"]["startLine"].clone();
        assert_eq!(
            (region(&result["locations"][0]), region(&result["relatedLocations"][0])),
            (6.into(), 3.into())
        );
        assert_eq!(sarif["invocations"][0]["executionSuccessful"], false);
        let rules = sarif["tool"]["driver"]["rules"].as_array().unwrap();
        assert!(rules.iter().any(|rule| rule["id"] == "duplicate-name"));
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
