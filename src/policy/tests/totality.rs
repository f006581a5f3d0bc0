//! Judging and reading never fail, and the order of rules does not matter.

use std::fmt::Write as _;

use proptest::prelude::*;
use proptest::sample::{select, subsequence};

use super::super::problem::render;
use super::*;

const RULES: &[&str] = &[
    "[[allow]]\nname = \"a\"\noperations = [\"@read\"]",
    "[[allow]]\nname = \"b\"\noperations = [\"GET ~/containers/web/.*\", \"ContainerList\"]\nquery.all = false",
    "[[allow]]\nname = \"c\"\nclients = [\"backend\"]\noperations = [\"ImageBuild\"]\nquery.remote = \"x*\"",
    "[[allow]]\nname = \"d\"\noperations = [\"ImageBuild\", \"ContainerCreate\"]\nquery.networkmode = true",
    "[[allow]]\nname = \"e\"\noperations = [\"@lifecycle\", \"ContainerCreate\"]\nunguarded = true\nquery.t = 3",
    "[[allow]]\nname = \"f\"\nclients = [\"backend\", \"rooted\"]\noperations = [\"*\"]",
    "[[forbid]]\nname = \"g\"\noperations = [\"ContainerStop\"]\nquery.t = { max = 2 }",
    "[[forbid]]\nname = \"h\"\noperations = [\"GET ~/containers/db/.*\"]",
    "[[forbid]]\nname = \"i\"\nclients = [\"backend\"]\noperations = [\"ContainerCreate\", \"ContainerStop\"]",
];

const REQUESTS: &[&str] = &[
    "GET /_ping",
    "GET /containers/json",
    "GET /containers/json?all=1",
    "GET /containers/web/json",
    "GET /containers/db/top",
    "POST /containers/web/stop?t=1",
    "POST /containers/web/stop?t=3",
    "POST /containers/web/stop?t=9",
    "POST /containers/create {\"Image\":\"x\"}",
    "POST /build?remote=xy",
    "POST /build?remote=y&networkmode=host",
    "POST /build?remote=x&networkmode=host&t=a&t=b",
    "POST /swarm/init {\"a\":1}",
];

fn source(rules: &[&str]) -> String {
    let clients = "[clients.backend]\nlistener = \"backend\"\n[clients.rooted]\nuid = [0]\n";
    let mut source = clients.to_owned();
    for rule in rules {
        writeln!(source, "{rule}").unwrap();
    }
    source
}

proptest! {
    #[test]
    fn the_order_of_rules_does_not_matter(
        (sorted, shuffled) in subsequence(RULES, 0..=RULES.len()).prop_flat_map(|rules| {
            (Just(rules.clone()), Just(rules).prop_shuffle())
        }),
        listener in select(&["backend", "tcp"][..]),
    ) {
        let sorted = policy(&source(&sorted));
        let shuffled = policy(&source(&shuffled));
        for request in REQUESTS {
            prop_assert_eq!(judged(&sorted, listener, request), judged(&shuffled, listener, request));
        }
    }

    #[test]
    fn a_further_forbid_rule_permits_nothing_more_and_a_further_allow_rule_denies_nothing_more(
        rules in subsequence(RULES, 1..=RULES.len()),
        listener in select(&["backend", "tcp"][..]),
    ) {
        let (last, fewer) = rules.split_last().unwrap();
        let (before, after) = (policy(&source(fewer)), policy(&source(&rules)));
        for request in REQUESTS {
            let was = judged(&before, listener, request).starts_with("permit");
            let is = judged(&after, listener, request).starts_with("permit");
            prop_assert!(was == is || is == last.starts_with("[[allow]]"), "{request}");
        }
    }

    #[test]
    fn any_text_is_read_without_panic(text in ".{0,80}") {
        let (policy, problems) = Policy::read(&text);
        prop_assert!(policy.is_none());
        prop_assert!(!problems.is_empty());
        prop_assert!(render(&problems, "policy.toml", &text, true).contains("error"));
    }

    #[test]
    fn any_damage_to_a_policy_is_read_without_panic(
        at in 0..950usize,
        cut in 0..20usize,
        put in select(&["", "\"", "[", "]]", "{", "\n", "=", "'", "\\", "é", "\u{202e}", "*", "~", "(", "1", "x = 1\n", "\r"][..]),
    ) {
        let source = format!("version = 1\n{}", source(RULES));
        let (before, after) = source.split_at(at.min(source.len()));
        let damaged = format!("{before}{put}{}", after.get(cut..).unwrap_or_default());
        let (policy, problems) = Policy::read(&damaged);
        let text = render(&problems, "policy.toml", &damaged, false);
        prop_assert_eq!(text.is_empty(), problems.is_empty());
        if let Some(policy) = policy {
            for request in REQUESTS {
                judged(&policy, "tcp", request);
            }
        }
    }

    #[test]
    fn any_operation_text_is_read_without_panic(text in "(GET |POST |\\* |~|/|@|)[ -~é]{0,30}") {
        let quoted = text.replace('\\', "\\\\").replace('"', "\\\"");
        let source = format!("version = 1\n[[allow]]\noperations = [\"{quoted}\"]\n");
        let (_, problems) = Policy::read(&source);
        prop_assert_eq!(render(&problems, "policy.toml", &source, false).is_empty(), problems.is_empty());
    }
}
