//! What the doctor finds, and how it is shown.

use std::fmt::Display;

use serde::Serialize;

/// How bad a finding is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Level {
    /// It is as it should be.
    #[default]
    Ok,
    /// It is worth knowing.
    Note,
    /// It works, and is not as it should be.
    Warning,
    /// It does not work.
    Error,
}

/// One finding.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Finding {
    pub(super) level: Level,
    /// What was looked at.
    pub(super) part: String,
    /// What was found, in sentences.
    pub(super) found: String,
    /// What to do about it, where there is something to do.
    pub(super) cure: Option<String>,
}

/// All findings, in the order in which they were made.
#[derive(Debug, Default)]
pub(super) struct Findings(Vec<Finding>);

impl Finding {
    pub(super) fn error(part: &str, found: impl Display, cure: impl Display) -> Self {
        Self::new(Level::Error, part, found, cure)
    }

    pub(super) fn warning(part: &str, found: impl Display, cure: impl Display) -> Self {
        Self::new(Level::Warning, part, found, cure)
    }

    pub(super) fn note(part: &str, found: impl Display, cure: impl Display) -> Self {
        Self::new(Level::Note, part, found, cure)
    }

    fn new(level: Level, part: &str, found: impl Display, cure: impl Display) -> Self {
        Self { level, part: part.to_owned(), found: found.to_string(), cure: Some(cure.to_string()) }
    }
}

impl Findings {
    pub(super) fn add(&mut self, finding: Finding) {
        self.0.push(finding);
    }

    pub(super) fn extend(&mut self, findings: impl IntoIterator<Item = Finding>) {
        self.0.extend(findings);
    }

    pub(super) fn ok(&mut self, part: &str, found: impl Display) {
        self.add(Finding { level: Level::Ok, part: part.to_owned(), found: found.to_string(), cure: None });
    }

    /// The level of the worst of them.
    pub(super) fn worst(&self) -> Level {
        self.0.iter().map(|finding| finding.level).max().unwrap_or_default()
    }

    /// A line for each, the cure below it, and a last line that counts.
    pub(super) fn text(&self, colour: bool) -> String {
        let line = |Finding { level, part, found, cure }: &Finding| {
            let name = format!("{:<8}", level.name());
            let name = if colour { format!("\u{1b}[{}m{name}\u{1b}[0m", level.colour()) } else { name };
            let cure = cure.as_ref().map(|cure| format!("         -> {cure}\n")).unwrap_or_default();
            format!("{name} {part}: {found}\n{cure}")
        };
        let count = |level, what: &str| {
            let count = self.0.iter().filter(|finding| finding.level == level).count();
            format!("{count} {what}{}", if count == 1 { "" } else { "s" })
        };
        let lines: String = self.0.iter().map(line).collect();
        format!("{lines}{}, {}\n", count(Level::Error, "error"), count(Level::Warning, "warning"))
    }

    /// The same for programs.
    pub(super) fn json(&self) -> String {
        let report = serde_json::json!({ "worst": self.worst(), "findings": self.0 });
        format!("{report:#}\n")
    }
}

impl Level {
    const fn name(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Note => "note",
            Self::Warning => "warning",
            Self::Error => "error",
        }
    }

    /// Its number among the terminal's colours.
    const fn colour(self) -> u8 {
        match self {
            Self::Ok => 32,
            Self::Note => 36,
            Self::Warning => 33,
            Self::Error => 31,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn findings_are_shown_with_their_cures_and_counted() {
        let mut findings = Findings::default();
        findings.ok("settings", "they can be used.");
        findings.add(Finding::error("daemon", "there is no socket.", "Start the daemon."));
        assert_eq!(findings.worst(), Level::Error);
        insta::assert_snapshot!(findings.text(false), @r"
        ok       settings: they can be used.
        error    daemon: there is no socket.
                 -> Start the daemon.
        1 error, 0 warnings
        ");
        insta::assert_snapshot!(findings.json(), @r#"
        {
          "worst": "error",
          "findings": [
            {
              "level": "ok",
              "part": "settings",
              "found": "they can be used.",
              "cure": null
            },
            {
              "level": "error",
              "part": "daemon",
              "found": "there is no socket.",
              "cure": "Start the daemon."
            }
          ]
        }
        "#);
    }
}
