//! Which endpoints have paths that a regular expression matches: decided by walking the expression and
//! the templates as automata, so that one that matches nothing is found when the policy is read.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use regex_automata::Anchored;
use regex_automata::MatchKind;
use regex_automata::dfa::{Automaton, StartKind, dense};
use regex_automata::util::primitives::StateID;
use regex_automata::util::{start, syntax};

use super::pattern::anchored;
use crate::operation::table::{self, Endpoint, Identifier};

/// The automaton of a user's expression is not built beyond this many bytes.
const SIZE_LIMIT_BYTES: usize = 1 << 20;

/// The templates of all endpoints, in the order of the table, as one automaton.
static TEMPLATES: LazyLock<Option<dense::DFA<Vec<u32>>>> = LazyLock::new(|| {
    let expressions: Vec<String> =
        table::endpoints().map(|endpoint| anchored(&path_expression(endpoint))).collect();
    automaton(&expressions, None)
});

/// The endpoints that have a canonical path which the expression matches; also others, where an
/// identifier cannot be spelled as it would have to be, and all, where the expression is too large.
pub(super) fn endpoints_met(expression: &str) -> Vec<&'static Endpoint> {
    let expression = automaton(&[anchored(expression)], Some(SIZE_LIMIT_BYTES));
    let met =
        expression.zip(TEMPLATES.as_ref()).and_then(|(expression, templates)| meet(&expression, templates));
    table::endpoints()
        .enumerate()
        .filter(|(place, _)| met.as_ref().is_none_or(|met| met.contains(place)))
        .map(|(_, endpoint)| endpoint)
        .collect()
}

/// The paths of an endpoint, or somewhat more, as a regular expression.
fn path_expression(endpoint: &Endpoint) -> String {
    let mut identifiers = endpoint.identifiers.iter();
    let mut expression = String::new();
    for segment in endpoint.template.split('/').skip(1) {
        expression.push('/');
        if segment.starts_with('{') {
            expression.push_str(match identifiers.next() {
                Some(
                    Identifier::Exec
                    | Identifier::Volume
                    | Identifier::Swarm
                    | Identifier::Checkpoint
                    | Identifier::Profile,
                ) => "[!-.0-~]+",
                // Names of these may hold slashes.
                Some(
                    Identifier::Container | Identifier::Image | Identifier::Network | Identifier::Plugin,
                )
                | None => "[!-~]+",
            });
        } else {
            expression.push_str(&regex::escape(segment));
        }
    }
    expression
}

fn automaton(expressions: &[String], limit_bytes: Option<usize>) -> Option<dense::DFA<Vec<u32>>> {
    let config = dense::Config::new()
        .start_kind(StartKind::Anchored)
        .match_kind(MatchKind::All)
        .dfa_size_limit(limit_bytes)
        .determinize_size_limit(limit_bytes);
    dense::Builder::new()
        .configure(config)
        .syntax(syntax::Config::new().unicode(false).utf8(false))
        .build_many(expressions)
        .ok()
}

/// The places of the templates that match some text which the expression matches too.
fn meet(expression: &dense::DFA<Vec<u32>>, templates: &dense::DFA<Vec<u32>>) -> Option<BTreeSet<usize>> {
    let from = start::Config::new().anchored(Anchored::Yes);
    let first = (expression.start_state(&from).ok()?, templates.start_state(&from).ok()?);
    let mut met = BTreeSet::new();
    let mut seen: BTreeSet<(StateID, StateID)> = BTreeSet::from([first]);
    let mut open = vec![first];
    while let Some((a, b)) = open.pop() {
        let end = templates.next_eoi_state(b);
        if templates.is_match_state(end) && expression.is_match_state(expression.next_eoi_state(a)) {
            met.extend((0..templates.match_len(end)).map(|i| templates.match_pattern(end, i).as_usize()));
        }
        // Canonical paths are printable ASCII.
        for byte in b'!'..=b'~' {
            let next = (expression.next_state(a, byte), templates.next_state(b, byte));
            let ends = expression.is_dead_state(next.0) || templates.is_dead_state(next.1);
            if !ends && seen.insert(next) {
                open.push(next);
            }
        }
    }
    Some(met)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::operation::table::{Method, endpoints};

    fn met(expression: &str) -> Vec<&'static str> {
        let met = endpoints_met(expression).into_iter().filter(|endpoint| endpoint.method == Method::Get);
        met.map(|endpoint| endpoint.template).collect()
    }

    #[test]
    fn an_expression_meets_the_endpoints_that_have_such_paths() {
        assert_eq!(met("^/containers/(web|db)/json$"), ["/containers/{id}/json"]);
        assert_eq!(met("/containers/json"), ["/containers/json"]);
        assert_eq!(met("/containers/[^/]+/logs|/_ping"), ["/containers/{id}/logs", "/_ping"]);
    }

    #[test]
    fn an_expression_that_no_path_matches_meets_nothing() {
        for expression in
            ["/v1\\.41/containers/json", "containers/json", "/containers", "(?i)/CONTAINERS", "", "/é"]
        {
            assert_eq!(met(expression), Vec::<&str>::new(), "{expression}");
        }
        assert_eq!(met("(?i)/CONTAINERS/JSON"), ["/containers/json"]);
    }

    #[test]
    fn an_expression_too_large_to_decide_may_meet_everything() {
        assert_eq!(endpoints_met("[ab]*a[ab]{30}").len(), endpoints().count());
    }

    #[test]
    fn every_endpoint_is_met_by_what_matches_everything() {
        assert_eq!(endpoints_met(".*").len(), endpoints().count());
    }
}
