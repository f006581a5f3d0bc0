//! What the cases of a policy would not notice.

use std::collections::BTreeMap;
use std::ops::Range;

use super::mutant::{Mutant, mutants};
use super::{Files, Suite};
use crate::policy::Policy;
use crate::policy::nearest::list;
use crate::policy::problem::{Code, Problem};
use crate::policy::resolve::resolve;

/// How far the cases of a policy tell it from others: every single thing that a rule says is taken out or widened in
/// turn, and a case should fail.
#[derive(Debug)]
pub struct Coverage {
    /// How many such changes there are.
    pub changes: usize,
    /// How many of them a case notices.
    pub noticed: usize,
    /// What no case notices, by its place.
    pub untested: Vec<Problem>,
}

impl Suite {
    /// Changes one thing after the other and looks whether the cases notice.
    #[must_use]
    pub fn coverage(&self, files: &Files) -> Coverage {
        // It was read without an error.
        let resolved = resolve(&self.draft, &self.source, &mut Vec::new());
        let mutants = mutants(&self.draft, &resolved, &self.source);
        let changes = mutants.len();
        let unnoticed: Vec<Mutant> =
            mutants.into_iter().filter(|mutant| !self.notices(mutant, files)).collect();
        let noticed = changes.saturating_sub(unnoticed.len());
        if self.cases.is_empty() {
            let none = Problem::new(Code::Untested, 0..0, "the policy has no tests");
            let help = "add some: `dockgate explain --format tests` writes them of requests";
            return Coverage { changes, noticed, untested: vec![none.help(help)] };
        }
        let mut by_place: BTreeMap<(usize, usize), BTreeMap<String, Vec<String>>> = BTreeMap::new();
        for Mutant { span, part, change, .. } in unnoticed {
            by_place.entry((span.start, span.end)).or_default().entry(part).or_default().push(change);
        }
        let untested = by_place.into_iter().flat_map(|((start, end), parts)| {
            parts.into_iter().map(move |(part, changes)| untested(start..end, &part, &changes))
        });
        Coverage { changes, noticed, untested: untested.collect() }
    }

    fn notices(&self, mutant: &Mutant, files: &Files) -> bool {
        // A change adds no expression, so that what could be taken together still can.
        Policy::new(mutant.resolved.clone(), "")
            .is_none_or(|policy| !self.cases.iter().all(|case| case.passes(&policy, files)))
    }
}

fn untested(span: Range<usize>, part: &str, changes: &[String]) -> Problem {
    let message = format!("no test notices if {part} {}", list(changes, "or"));
    Problem::new(Code::Untested, span, message).help("add a test of a request that is judged otherwise then")
}
