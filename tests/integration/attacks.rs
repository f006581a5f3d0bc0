//! The catalogue of attacks on filters like dockgate, and of requests that such filters must not break: each is
//! sent byte for byte to a dockgate with the policy it is meant for, before a real engine.
//!
//! What must be refused is refused, and a tap on the line to the engine saw nothing of it. What must pass passes,
//! and the engine did what was judged. `tests/attacks/` has the catalogue and the policies.

mod canonical;
mod case;
mod exchange;
mod fixtures;
mod threats;
mod verdict;

use std::collections::BTreeMap;
use std::fmt::Write as _;

use crate::harness::{Engine, Gate, Tap};
use case::{Case, folder};
use fixtures::Fixtures;

#[test]
fn every_case_of_the_catalogue_ends_as_it_must() {
    let engine = Engine::real();
    let mut by_policy = BTreeMap::<String, Vec<Case>>::new();
    for case in Case::all() {
        by_policy.entry(case.policy.clone()).or_default().push(case);
    }
    let mut fixtures = Fixtures::make(engine.clone());
    let mut report = String::new();
    let (mut cases_run, mut wrong) = (0_usize, 0_usize);
    for (policy, cases) in by_policy {
        let text = std::fs::read_to_string(folder().join("policies").join(&policy).with_extension("toml"))
            .unwrap_or_else(|error| panic!("the policy {policy}: {error}"));
        let tap = Tap::on(&engine);
        let gate = Gate::with_policy_text(&text).daemon_at(&tap.address()).start();
        for case in cases {
            cases_run += 1;
            if let Some(what) = run(&case, &gate, &tap, &mut fixtures, &engine) {
                wrong += 1;
                writeln!(report, "{} ({}): {what}", case.id, case.title).unwrap();
            }
        }
    }
    assert!(!fixtures.bait_was_taken(), "somebody fetched the URL that only forbidden requests name");
    assert!(wrong == 0, "{wrong} of {cases_run} cases:\n{report}");
}

/// Runs one case; what is wrong with how it ended.
fn run(case: &Case, gate: &Gate, tap: &Tap, fixtures: &mut Fixtures, engine: &Engine) -> Option<String> {
    let mut names = fixtures.names();
    for (placeholder, container, command) in [
        ("{{OWN_EXEC}}", "own-a", &["id", "-u"][..]),
        ("{{OWN_EXEC_STDIN}}", "own-a", &["sh", "-s"]),
        ("{{VICTIM_EXEC}}", "victim", &["id", "-u"]),
    ] {
        if case.names(placeholder) {
            names.insert(placeholder, fixtures.exec(container, command));
        }
    }
    if case.narrowed.is_some() {
        // Something for each to see: of the other tenant first, so that it would be there with the client's own.
        fixtures.exec("victim", &["true"]);
        fixtures.exec("own-sh", &["echo", "seen"]);
    }
    let answers = exchange::hold(&gate.socket(), case, &names);
    let tapped = tap.take();
    let wrong = verdict::wrong(case, &answers, &tapped, engine);
    if tapped.iter().any(|request| !request.line().starts_with("GET ")) {
        fixtures.mend();
    }
    wrong
}
