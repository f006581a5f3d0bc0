//! The kinds of findings, by stable names. `docs/problems.md` has a heading for each.

use std::fmt;

/// Whether a policy with this finding can be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// The policy is not used.
    Error,
    /// The policy is used; the finding is worth a look.
    Warning,
}

/// Writes the enum, its names and its severities from one table.
macro_rules! codes {
    ($( $(#[doc = $doc:literal])+ $severity:ident $variant:ident = $name:literal, )+) => {
        /// What kind of finding a problem is. The names are stable.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Code {
            $( $(#[doc = $doc])+ $variant, )+
        }

        impl Code {
            /// Every code.
            pub const ALL: &[Self] = &[$( Self::$variant, )+];

            /// The stable name: `unknown-operation`.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $( Self::$variant => $name, )+ }
            }

            /// What it is about, in one sentence.
            #[must_use]
            pub const fn summary(self) -> &'static str {
                match self { $( Self::$variant => concat!($($doc),+).trim_ascii_start(), )+ }
            }

            /// Whether a policy with this finding can be used.
            #[must_use]
            pub const fn severity(self) -> Severity {
                match self { $( Self::$variant => Severity::$severity, )+ }
            }
        }
    };
}

codes! {
    /// The file is not TOML.
    Error Syntax = "syntax",
    /// `version` is missing.
    Error MissingVersion = "missing-version",
    /// `version` is not one that this dockgate reads.
    Error UnknownVersion = "unknown-version",
    /// A key that the language does not have.
    Error UnknownKey = "unknown-key",
    /// A key that must be there is not.
    Error MissingKey = "missing-key",
    /// A value of another TOML type than the key takes.
    Error WrongType = "wrong-type",
    /// An empty text or list where something must stand.
    Error EmptyValue = "empty-value",
    /// An integer that cannot be what it stands for.
    Error NumberOutOfRange = "number-out-of-range",
    /// A `mode` that does not exist.
    Error UnknownMode = "unknown-mode",
    /// A client without a selector.
    Error ClientSelectsNothing = "client-selects-nothing",
    /// A rule names a client that is not defined.
    Error UnknownClient = "unknown-client",
    /// Two rules have the same name.
    Error DuplicateName = "duplicate-name",
    /// No endpoint is written like this.
    Error UnknownOperation = "unknown-operation",
    /// A group that does not exist.
    Error UnknownGroup = "unknown-group",
    /// A path without its method.
    Error MissingMethod = "missing-method",
    /// A method that the Docker API does not use.
    Error UnknownMethod = "unknown-method",
    /// An operation with `/v1.41` before its path.
    Error VersionInPath = "version-in-path",
    /// A regular expression that cannot be read.
    Error BadRegex = "bad-regex",
    /// A regular expression that no path of the Docker API matches.
    Error RegexMatchesNothing = "regex-matches-nothing",
    /// None of the rule's operations has this query parameter.
    Error UnknownParameter = "unknown-parameter",
    /// None of the rule's operations has this field in its body.
    Error UnknownField = "unknown-field",
    /// A condition that does not fit the kind of its parameter.
    Error WrongCondition = "wrong-condition",
    /// `redact` names neither a set nor the way to a field.
    Error UnknownRedaction = "unknown-redaction",
    /// A range in which no number lies.
    Error EmptyRange = "empty-range",
    /// A test expects a rule that does not exist.
    Error UnknownRule = "unknown-rule",
    /// A test that cannot be run, or expects what cannot be.
    Error BadCase = "bad-test",
    /// A test's request is judged otherwise than expected.
    Error FailedTest = "failed-test",
    /// The policy allows nothing at all.
    Warning AllowsNothing = "allows-nothing",
    /// No rule names this client.
    Warning UnusedClient = "unused-client",
    /// An operation stands twice in one rule.
    Warning DuplicateOperation = "duplicate-operation",
    /// An allow rule grants nothing that another does not grant already.
    Warning CoveredRule = "covered-rule",
    /// A rule that no request can match.
    Warning NeverMatches = "never-matches",
    /// A key that says nothing of any operation of its rule.
    Warning IdleKey = "idle-key",
    /// A forbid rule that no allow rule grants anything to strike.
    Warning UnreachableForbid = "unreachable-forbid",
    /// An operation of a forbid rule that its conditions can never match.
    Warning IdleOperation = "idle-operation",
    /// A forbid rule by name, which a client gets around by using the ID.
    Warning ForbidByName = "forbid-by-name",
    /// A rule that starts containers whatever networks they are put into, where another says whose those may be.
    Warning OpenStart = "open-start",
    /// An operation whose body is guarded as a whole, in a rule that does not grant it.
    Warning NeedsUnguarded = "needs-unguarded",
    /// A rule that says which images it is for, and does not say from which its builds take.
    Warning OpenBuild = "open-build",
    /// A rule that is for images of an owner, and marks what is made, which is not done to what is pulled.
    Warning OpenPull = "open-pull",
    /// `unguarded = true` where nothing is guarded.
    Warning NeedlessUnguarded = "needless-unguarded",
    /// A rule that gives the host away, or part of it.
    Warning GivesHostAway = "gives-host-away",
    /// No test would notice if this were taken out, or said more.
    Warning Untested = "untested",
    /// A character outside ASCII in an operation or a pattern.
    Warning NonAscii = "non-ascii",
    /// A letter in a name that looks like another one.
    Warning Confusable = "confusable",
    /// A character that cannot be seen, or that turns the direction of the text.
    Warning InvisibleCharacter = "invisible-character",
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn names_are_unique_and_kebab_case() {
        let names: BTreeSet<_> = Code::ALL.iter().map(|code| code.as_str()).collect();
        assert_eq!(names.len(), Code::ALL.len());
        for name in names {
            assert!(name.bytes().all(|b| b.is_ascii_lowercase() || b == b'-'), "{name}");
        }
    }

    #[test]
    fn the_manual_has_a_heading_for_each_code_and_for_nothing_else() {
        let manual = include_str!("../../../docs/problems.md");
        let headings: Vec<_> = manual.lines().filter_map(|line| line.strip_prefix("### ")).collect();
        let codes: Vec<_> = Code::ALL.iter().map(|code| code.as_str()).collect();
        assert_eq!(headings, codes);
    }
}
