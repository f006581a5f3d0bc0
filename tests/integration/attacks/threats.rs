//! `docs/threats.md` names what exists.

use std::collections::BTreeSet;
use std::path::Path;

use regex::Regex;

use super::case::Case;

#[test]
fn every_answer_to_a_threat_exists() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let manual = std::fs::read_to_string(root.join("docs/threats.md")).unwrap();
    let mut names: BTreeSet<String> = Case::all().into_iter().map(|case| case.id).collect();
    let mut sources = String::new();
    for folder in ["src", "tests"] {
        read_sources(&root.join(folder), &mut sources);
    }
    let definition =
        Regex::new(r"#\[test\]\s+(?:#\[[^\]]*\]\s+)*fn (\w+)|(?:struct|enum) ([A-Z]\w*)").unwrap();
    for found in definition.captures_iter(&sources) {
        names.extend(found.iter().skip(1).flatten().map(|name| name.as_str().to_owned()));
    }
    let quoted = Regex::new("`([^`]+)`").unwrap();
    let mut wrong = Vec::new();
    for line in manual.lines().filter(|line| line.starts_with("| ") && !line.starts_with("| ---")) {
        let answer = line.trim_end_matches([' ', '|']).rsplit('|').next().unwrap().trim();
        let answers: Vec<&str> =
            quoted.captures_iter(answer).map(|found| found.get(1).unwrap().as_str()).collect();
        let is_heading = matches!(answer, "Kept by" | "Answered by");
        if answers.is_empty() && !is_heading {
            wrong.push(format!("nothing answers: {line}"));
        }
        wrong.extend(
            answers
                .iter()
                .filter(|name| !names.contains(**name))
                .map(|name| format!("there is no {name}, which answers: {line}")),
        );
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

fn read_sources(folder: &Path, sources: &mut String) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            read_sources(&path, sources);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            sources.push_str(&std::fs::read_to_string(path).unwrap());
        }
    }
}
