//! The policies that ship: each says what it gives away and carries tests that notice whatever is changed of it.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test that cannot read a policy has failed")]

use std::fs;
use std::path::Path;

use dockgate::policy::case::{Files, Suite};
use dockgate::policy::problem::{Code, Problem, Severity, render};

/// Every policy that ships: its name, and its text.
fn shipped() -> Vec<(String, String)> {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("policy");
    let paths = fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path());
    let policies = paths
        .map(|path| (path.file_stem().unwrap().display().to_string(), fs::read_to_string(&path).unwrap()));
    let mut policies: Vec<(String, String)> = policies.collect();
    policies.sort();
    assert!(policies.len() > 20, "{}", policies.len());
    policies
}

fn suite(name: &str, source: &str) -> (Suite, Vec<Problem>) {
    let (suite, problems) = Suite::read(source);
    let suite = suite.unwrap_or_else(|| panic!("{}", render(&problems, name, source, false)));
    (suite, problems)
}

#[test]
fn each_says_for_whom_it_is_and_what_it_gives_away() {
    for (name, source) in shipped() {
        let head: Vec<&str> = source.lines().take_while(|line| line.starts_with('#')).collect();
        assert!(head.len() >= 2, "{name}: the policy begins with what it is for");
        let says = source.lines().any(|line| line.starts_with("# Gives away: ") || line.contains("GIVES"));
        assert!(says, "{name}: a line begins with `# Gives away: `");
    }
}

#[test]
fn the_table_lists_each() {
    let table = include_str!("../docs/policies.md");
    let listed = table.lines().filter_map(|line| {
        let (_, rest) = line.split_once("](../policy/")?;
        rest.split_once(".toml)").map(|(name, _)| name.to_owned())
    });
    let mut listed: Vec<String> = listed.collect();
    listed.sort();
    assert_eq!(listed, shipped().into_iter().map(|(name, _)| name).collect::<Vec<_>>());
}

#[test]
fn what_the_table_for_other_proxies_names_is_there() {
    let text = include_str!("../docs/policies.md");
    let (_, section) = text.split_once("\n## From another proxy\n").unwrap();
    let words = section.split('`').skip(1).step_by(2);
    let is_operation = |word: &&str| ["GET ", "POST ", "@"].iter().any(|begin| word.starts_with(begin));
    let operations: Vec<String> = words.filter(is_operation).map(|word| format!("{word:?}")).collect();
    assert!(operations.len() > 20, "{operations:?}");
    let policy = format!("version = 1\n[[allow]]\noperations = [{}]\n", operations.join(", "));
    suite("docs/policies.md", &policy);
}

#[test]
fn the_tests_of_each_pass() {
    for (name, source) in shipped() {
        let (suite, _) = suite(&name, &source);
        let failures: Vec<Problem> =
            suite.run(&Files::new()).into_iter().filter_map(|ran| ran.failure).collect();
        assert!(failures.is_empty(), "{}", render(&failures, &name, &source, false));
        assert!(suite.case_count() > 0, "{name} has no tests");
    }
}

/// Giving the host away can be what a policy is for; it is said in its head.
#[test]
fn nothing_but_what_is_given_away_looks_doubtful() {
    for (name, source) in shipped() {
        let (_, problems) = suite(&name, &source);
        let doubtful = problems.into_iter().filter(|problem| problem.code != Code::GivesHostAway);
        let doubtful: Vec<Problem> = doubtful.collect();
        assert!(doubtful.is_empty(), "{}", render(&doubtful, &name, &source, false));
    }
}

/// Mutation testing in miniature: every rule, operation, item and condition is taken out in turn, every restriction
/// lifted, and a test of the policy fails.
#[test]
fn whatever_is_changed_of_one_its_tests_notice() {
    for (name, source) in shipped() {
        let (suite, _) = suite(&name, &source);
        let coverage = suite.coverage(&Files::new());
        let text = render(&coverage.untested, &name, &source, false);
        assert!(coverage.untested.is_empty() && coverage.noticed == coverage.changes, "{text}");
    }
}

/// A grant that is widened to anything is noticed by `check` too, where that gives the host away.
#[test]
fn a_grant_of_the_host_is_noticed_by_the_check() {
    for (name, source) in
        shipped().into_iter().filter(|(_, source)| source.contains("POST /containers/create"))
    {
        let (_, before) = suite(&name, &source);
        let widened = source.replacen(
            "\noperations = [\"POST /containers/create\"]",
            "\noperations = [\"POST /containers/create\"]\nbody.\"HostConfig.Privileged\" = true",
            1,
        );
        if widened == source {
            continue;
        }
        let (_, after) = suite(&name, &widened);
        assert!(after.len() > before.len(), "{name}: a privileged container is not warned of");
        assert!(after.iter().all(|problem| problem.severity() == Severity::Warning), "{name}");
    }
}
