//! What the judge says: a permit, or a denial with everything that the client and the record need.

use super::judge::Permit;
use super::suggest::SuggestedRule;
use crate::operation::{Operation, Reference};

/// The judge's answer.
#[must_use = "an operation may go on only with its permit"]
#[derive(Debug)]
pub enum Verdict {
    /// The operation may go on.
    Permit(Permit),
    /// It may not.
    Denial(Denial),
}

/// Why an operation may go on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Grounds {
    /// An allow rule grants all of it.
    Rule {
        /// The rule's name, or its line: `line 12`.
        name: String,
        /// Its line in the policy file, counted from 1.
        line: u32,
    },
    /// It would have been refused, but the policy only observes.
    Observed(Box<Refusal>),
}

/// A rule, and where it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RulePlace {
    /// Its name, or its line: `line 12`.
    pub name: String,
    /// Its line in the policy file, counted from 1.
    pub line: u32,
}

/// An operation that may not go on.
#[derive(Debug)]
pub struct Denial {
    pub(super) operation: Box<Operation>,
    pub(super) refusal: Box<Refusal>,
}

/// Why an operation is refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    pub(super) reason: Reason,
    pub(super) rule: Option<String>,
    pub(super) line: Option<u32>,
    pub(super) summary: String,
    pub(super) message: String,
    pub(super) suggestion: Option<Suggestion>,
    /// What the client may not know to be there, if it is.
    pub(super) hidden: Option<Reference>,
    pub(super) lacks: Vec<String>,
    /// Other rules that forbid it as well.
    pub(super) others: Vec<RulePlace>,
}

/// The kinds of reasons for a refusal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Reason {
    /// No allow rule has the operation for this client.
    NoRule,
    /// A forbid rule strikes it.
    Forbidden,
    /// An allow rule has the operation, but something guarded is used that it does not grant.
    MissingGrant,
    /// An allow rule has the operation, but one of its conditions does not hold.
    Condition,
    /// The API version of the request is below the policy's floor.
    Version,
}

/// What to add to the policy so that it allows the request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Suggestion {
    /// A rule of its own.
    Rule(SuggestedRule),
    /// Lines under the header of a rule that is there.
    Lines {
        /// The rule's name, or its line: `line 12`.
        rule: String,
        /// The lines.
        lines: String,
    },
}

impl Grounds {
    /// The rule that decided: the one that grants, or where only observed the one that would refuse.
    #[must_use]
    pub fn rule(&self) -> Option<&str> {
        match self {
            Self::Rule { name, line: _ } => Some(name),
            Self::Observed(refusal) => refusal.rule(),
        }
    }
}

impl Denial {
    /// What was asked.
    #[must_use]
    pub fn operation(&self) -> &Operation {
        &self.operation
    }

    /// Why it is refused.
    #[must_use]
    pub fn refusal(&self) -> &Refusal {
        &self.refusal
    }

    /// The rule that forbids it, or the allow rule that came closest: its name, or its line.
    #[must_use]
    pub fn rule(&self) -> Option<&str> {
        self.refusal.rule()
    }

    /// For the client: what is refused, why, and what in the policy would allow it. It holds values
    /// that the client sent, so it is not for logs; [`Refusal::summary`] is.
    #[must_use]
    pub fn message(&self) -> &str {
        self.refusal.message()
    }
}

impl Refusal {
    /// Other rules that had a part in it: that forbid it as well.
    #[must_use]
    pub fn others(&self) -> &[RulePlace] {
        &self.others
    }

    /// The kind of reason.
    #[must_use]
    pub fn reason(&self) -> Reason {
        self.reason
    }

    /// The rule that forbids it, or the allow rule that came closest: its name, or its line.
    #[must_use]
    pub fn rule(&self) -> Option<&str> {
        self.rule.as_deref()
    }

    /// The line of that rule in the policy file, counted from 1.
    #[must_use]
    pub fn rule_line(&self) -> Option<u32> {
        self.line
    }

    /// What the closest allow rule lacks, or does not admit, as a policy calls it: `HostConfig.Binds`,
    /// `query.fromSrc`, `host_paths`, `require.non_root`.
    #[must_use]
    pub fn lacks(&self) -> &[String] {
        &self.lacks
    }

    /// What is refused and why, in one line, without any value that the client sent.
    #[must_use]
    pub fn summary(&self) -> &str {
        &self.summary
    }

    /// For the client: the summary, and what in the policy would allow the request.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.message
    }

    /// The thing of which the client is told that it is not there: whether it is, the client may not know.
    #[must_use]
    pub fn hidden(&self) -> Option<&Reference> {
        self.hidden.as_ref()
    }

    /// What to add to the policy, where adding helps.
    #[must_use]
    pub fn suggestion(&self) -> Option<&Suggestion> {
        self.suggestion.as_ref()
    }
}

impl Reason {
    /// Every one.
    pub const ALL: [Self; 5] =
        [Self::NoRule, Self::Forbidden, Self::MissingGrant, Self::Condition, Self::Version];

    /// The stable name, for records.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::NoRule => "no_rule",
            Self::Forbidden => "forbidden",
            Self::MissingGrant => "missing_grant",
            Self::Condition => "condition",
            Self::Version => "version",
        }
    }
}
