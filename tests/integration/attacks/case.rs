//! The catalogue: one request a line, what must become of it, and what the daemon makes of it unfiltered.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::Deserialize;
use serde_json::Value;

/// A case as it stands in the catalogue.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Case {
    pub(super) id: String,
    pub(super) title: String,
    #[serde(rename = "category")]
    _category: String,
    /// The file of `policies/` that it is judged by.
    pub(super) policy: String,
    /// What of the policy it is about, in words.
    #[serde(rename = "rule")]
    _rule: Option<String>,
    pub(super) expected: Expected,
    raw: Option<Raw>,
    /// In place of `raw`: what is sent in pieces, with a pause between them.
    #[serde(default)]
    packets: Vec<String>,
    #[serde(default)]
    packet_delay_ms: u64,
    /// What the daemon does with it, as seen on Docker Engines 20.10.24 to 29.
    #[serde(rename = "unfiltered")]
    _unfiltered: String,
    /// On which of them, if not on all.
    #[serde(default, rename = "engines")]
    _engines: Vec<String>,
    #[serde(default, rename = "note")]
    _note: String,
    /// Of a connection with several requests, those that may pass: parts of their lines.
    #[serde(default)]
    pub(super) innocent: Vec<String>,
    /// What must be kept out of an answer, which may then be given.
    pub(super) narrowed: Option<Narrowed>,
    /// What must be so afterwards.
    #[serde(default)]
    pub(super) then: Vec<Then>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Expected {
    /// Refused, and the daemon saw nothing of it.
    Deny,
    /// Answered, and the daemon did what was judged.
    Allow,
    /// Either, but what the daemon saw is what was judged and nothing else.
    DenyOrCanonical,
    /// As the last: the request means nothing to any daemon.
    DenyOrAllow,
}

/// How an answer is narrowed.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Narrowed {
    /// What it must not hold.
    pub(super) hides: String,
    /// What it holds all the same.
    pub(super) shows: Option<String>,
    /// Whether it never ends, and what is shown is the last of it for now.
    #[serde(default)]
    pub(super) endless: bool,
}

/// Something that the engine is asked after a request.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Then {
    /// The path; `{id}` is the `Id` of the answer.
    pub(super) get: String,
    #[serde(default = "ok")]
    pub(super) status: u16,
    /// What the answer holds, and more.
    #[serde(default)]
    pub(super) holds: Value,
}

const fn ok() -> u16 {
    200
}

/// Bytes, one character each; with long runs of one byte written short.
#[derive(Clone, Debug, Deserialize)]
#[serde(untagged)]
enum Raw {
    Text(String),
    Parts(Vec<Part>),
}

#[derive(Clone, Debug, Deserialize)]
#[serde(untagged)]
enum Part {
    Text(String),
    Run(char, usize),
}

/// Where the catalogue and its policies are.
pub(super) fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/attacks")
}

impl Case {
    /// The whole catalogue.
    pub(super) fn all() -> Vec<Self> {
        let read = |file| std::fs::read_to_string(folder().join(file)).unwrap();
        [read("cases.jsonl"), read("further.jsonl")]
            .concat()
            .lines()
            .map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error} in {line}")))
            .collect()
    }

    /// What is sent, in its pieces, with `{{NAME}}` replaced.
    pub(super) fn packets(&self, names: &BTreeMap<&'static str, String>) -> Vec<Vec<u8>> {
        let whole = self.raw.iter().map(Raw::text);
        let texts = whole.chain(self.packets.iter().cloned());
        texts.map(|text| latin_1(&substitute(&text, names))).collect()
    }

    pub(super) fn pause(&self) -> Duration {
        Duration::from_millis(self.packet_delay_ms)
    }

    /// Whether it names this placeholder.
    pub(super) fn names(&self, placeholder: &str) -> bool {
        matches!(&self.raw, Some(Raw::Text(text)) if text.contains(placeholder))
    }
}

impl Raw {
    fn text(&self) -> String {
        match self {
            Self::Text(text) => text.clone(),
            Self::Parts(parts) => parts
                .iter()
                .map(|part| match part {
                    Part::Text(text) => text.clone(),
                    Part::Run(byte, count) => byte.to_string().repeat(*count),
                })
                .collect(),
        }
    }
}

/// Puts the fixtures' identifiers in, and makes the length of the body right again.
fn substitute(text: &str, names: &BTreeMap<&'static str, String>) -> String {
    let filled = names.iter().fold(text.to_owned(), |text, (name, value)| text.replace(name, value));
    let (Some((_, before)), Some((head, body))) =
        (text.split_once("\r\n\r\n"), filled.split_once("\r\n\r\n"))
    else {
        return filled;
    };
    if before == body {
        return filled;
    }
    let old = format!("Content-Length: {}\r\n", before.chars().count());
    let new = format!("Content-Length: {}\r\n", body.chars().count());
    format!("{}\r\n\r\n{body}", format!("{head}\r\n").replace(&old, &new).trim_end())
}

fn latin_1(text: &str) -> Vec<u8> {
    text.chars().map(|character| u8::try_from(character).expect("one character is one byte")).collect()
}

#[test]
fn a_placeholder_in_the_body_changes_its_length() {
    let names = BTreeMap::from([("{{ID}}", "abc".to_owned())]);
    let filled = substitute("POST /{{ID}} HTTP/1.1\r\nContent-Length: 8\r\nA: b\r\n\r\n\"{{ID}}\"", &names);
    assert_eq!(filled, "POST /abc HTTP/1.1\r\nContent-Length: 5\r\nA: b\r\n\r\n\"abc\"");
}
