//! Every example in the manual is a policy without errors, whose tests pass.

use super::super::case::{Files, Suite};
use super::super::problem::{Problem, Severity, render};
use super::*;

/// The fenced blocks of a kind, each with the number of its first line.
fn blocks<'m>(manual: &'m str, kind: &str) -> Vec<(usize, String)> {
    let fence = format!("```{kind}");
    let mut blocks = Vec::new();
    let mut lines = manual.lines().enumerate();
    while let Some((fence_number, line)) = lines.next() {
        if line == fence {
            let block: Vec<&'m str> =
                lines.by_ref().map(|(_, line)| line).take_while(|line| *line != "```").collect();
            blocks.push((fence_number.saturating_add(2), format!("{}\n", block.join("\n"))));
        }
    }
    blocks
}

#[test]
fn every_example_is_a_policy_without_errors() {
    for manual in [include_str!("../../../docs/policy.md"), include_str!("../../../docs/problems.md")] {
        for (line, source) in blocks(manual, "toml") {
            let (suite, mut problems) = Suite::read(&source);
            let ran = suite.iter().flat_map(|suite| suite.run(&Files::new()));
            problems.extend(ran.filter_map(|ran| ran.failure));
            let unexpected: Vec<Problem> = problems
                .into_iter()
                .filter(|p| p.severity() == Severity::Error || p.code.as_str() != "gives-host-away")
                .collect();
            let text = render(&unexpected, &format!("line {line}"), &source, false);
            assert!(suite.is_some() && unexpected.is_empty(), "{text}");
        }
    }
    assert!(blocks(include_str!("../../../docs/policy.md"), "toml").len() >= 6);
}

#[test]
fn the_refusals_in_the_manual_are_those_that_are_given() {
    let refusals = blocks(include_str!("../../../docs/policy.md"), "text");
    let policy = policy(
        "[[allow]]\nname = \"pull\"\noperations = [\"ImageCreate\"]\n\
         [[allow]]\nname = \"create\"\noperations = [\"ContainerCreate\"]\n",
    );
    let requests = [
        "POST /containers/web/stop",
        "POST /images/create?fromSrc=https://example.org/image.tar",
        r#"POST /containers/create {"HostConfig":{"Binds":["/etc:/host:ro","app-data:/data"],"Sysctls":{"net.core.somaxconn":"1024"}}}"#,
    ];
    assert_eq!(refusals.len(), requests.len());
    for ((line, text), request) in refusals.iter().zip(requests) {
        assert_eq!(denial(&policy, "tcp", request).message(), text.trim_end(), "line {line}");
    }
}
