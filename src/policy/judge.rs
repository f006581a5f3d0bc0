//! The judge: one pure function from a client and an operation to a verdict.

use std::cell::OnceCell;
use std::collections::BTreeSet;

use super::rule::{Rule, Shortfall};
use super::selection::Paths;
use super::suggest::{self, Asker, Case};
use super::verdict::{Denial, Grounds, Refusal, Verdict};
use super::{Candidates, Mode, Policy, selection};
use crate::client::Client;
use crate::operation::meaning::Aspect;
use crate::operation::table::Endpoint;
use crate::operation::{Operation, Question};

/// An operation that may go on. Only the judge makes one.
#[derive(Debug)]
pub struct Permit {
    operation: Operation,
    grounds: Grounds,
}

impl Permit {
    /// What may be done.
    #[must_use]
    pub fn operation(&self) -> &Operation {
        &self.operation
    }

    /// Why.
    #[must_use]
    pub fn grounds(&self) -> &Grounds {
        &self.grounds
    }
}

impl Policy {
    /// Judges an operation: what no allow rule grants as a whole, or a forbid rule strikes, is denied.
    ///
    /// The same client, operation and policy always give the same verdict, in whatever order the
    /// rules stand.
    pub fn judge(&self, client: &Client, operation: Operation) -> Verdict {
        match self.decide(client, &operation) {
            Ok(rule) => {
                let grounds = Grounds::Rule { name: rule.name.label() };
                Verdict::Permit(Permit { operation, grounds })
            }
            Err(refusal) => match self.mode {
                Mode::Observe => Verdict::Permit(Permit { operation, grounds: Grounds::Observed(*refusal) }),
                Mode::Enforce => Verdict::Denial(Denial { operation, refusal: *refusal }),
            },
        }
    }

    /// Whether some request of this client to this endpoint could be granted. Where none could, there is no
    /// need to read its body.
    #[must_use]
    pub fn could_grant(&self, client: &Client, endpoint: &'static Endpoint) -> bool {
        let clients = self.matching_clients(client);
        let allow = self.candidates.get(&selection::key(endpoint)).map(|candidates| &candidates.allow);
        let mut rules = allow.into_iter().flatten().filter_map(|(place, _)| self.allow.get(*place));
        self.mode == Mode::Observe || rules.any(|rule| rule.is_for(&clients))
    }

    /// What the daemon must be asked before the operation can be judged: where a rule looks at files of the host,
    /// what volumes and the containers of `VolumesFrom` are.
    #[must_use]
    pub fn questions(&self, client: &Client, operation: &Operation) -> Vec<Question> {
        let clients = self.matching_clients(client);
        let Some(candidates) = self.candidates.get(&selection::key(operation.endpoint())) else {
            return Vec::new();
        };
        let allow = candidates.allow.iter().filter_map(|(place, _)| self.allow.get(*place));
        let forbid = candidates.forbid.iter().filter_map(|(place, _)| self.forbid.get(*place));
        let mut rules = allow.chain(forbid);
        let looks = |rule: &Rule| rule.is_for(&clients) && rule.aspects.contains_key(&Aspect::HostPaths);
        if !rules.any(looks) {
            return Vec::new();
        }
        let questions: BTreeSet<Question> = operation.understand().questions().cloned().collect();
        questions.into_iter().collect()
    }

    /// The rule that grants the operation, or why it is refused.
    fn decide(&self, client: &Client, operation: &Operation) -> Result<&Rule, Box<Refusal>> {
        let asker = Asker { name: self.client_name(client), some_are_named: !self.clients.is_empty() };
        let understood = &operation.understand();
        let refuse = |case: &Case<'_>| Box::new(suggest::refusal(operation, understood, asker, case));
        let nothing = Candidates::default();
        let candidates = self.candidates.get(&selection::key(operation.endpoint())).unwrap_or(&nothing);
        let clients = self.matching_clients(client);
        let path = OnceCell::new();
        let is_path_of = |paths: &Paths| paths.contain(|| path.get_or_init(|| operation.path()).as_str());

        if let Some(floor) = self.min_version.filter(|floor| operation.version() < *floor) {
            return Err(refuse(&Case::TooOld(floor)));
        }
        let forbidding = candidates
            .forbid
            .iter()
            .filter_map(|(place, paths)| Some((self.forbid.get(*place)?, paths)))
            .filter(|(rule, paths)| {
                rule.is_for(&clients) && rule.strikes(operation, understood) && is_path_of(paths)
            })
            .min_by_key(|(rule, _)| &rule.name);
        if let Some((rule, _)) = forbidding {
            return Err(refuse(&Case::Forbidden(rule)));
        }

        let (with_path, elsewhere): (Vec<_>, Vec<_>) = candidates
            .allow
            .iter()
            .filter_map(|(place, paths)| Some((self.allow.get(*place)?, paths)))
            .partition(|(_, paths)| is_path_of(paths));
        let (for_client, for_others): (Vec<&Rule>, Vec<&Rule>) =
            with_path.into_iter().map(|(rule, _)| rule).partition(|rule| rule.is_for(&clients));
        let mut closest: Option<(&Rule, Vec<Shortfall>)> = None;
        let mut granting: Option<&Rule> = None;
        for rule in for_client {
            let shortfalls = rule.shortfalls(operation, understood);
            if shortfalls.is_empty() {
                granting = granting.into_iter().chain([rule]).min_by_key(|rule| &rule.name);
            } else {
                let both = closest.into_iter().chain([(rule, shortfalls)]);
                closest = both.min_by_key(|(rule, shortfalls)| (shortfalls.len(), &rule.name));
            }
        }
        match (granting, closest) {
            (Some(rule), _) => Ok(rule),
            (None, Some((rule, shortfalls))) => Err(refuse(&Case::Short(rule, &shortfalls))),
            (None, None) => {
                let granting =
                    for_others.iter().filter(|rule| rule.shortfalls(operation, understood).is_empty());
                let others = granting.filter_map(|rule| rule.clients.as_ref()).flatten();
                let names: BTreeSet<&str> = others
                    .filter_map(|place| self.clients.get(*place))
                    .map(|selector| selector.name.as_str())
                    .collect();
                let elsewhere = elsewhere
                    .into_iter()
                    .map(|(rule, _)| rule)
                    .filter(|rule| rule.is_for(&clients))
                    .min_by_key(|rule| (rule.shortfalls(operation, understood).len(), &rule.name));
                Err(refuse(&Case::NoRule { granted_to: &names, elsewhere }))
            }
        }
    }

    /// The places of the named clients that this one is.
    fn matching_clients(&self, client: &Client) -> BTreeSet<usize> {
        let places = self.clients.iter().enumerate().filter(|(_, selector)| selector.matches(client));
        places.map(|(place, _)| place).collect()
    }
}
