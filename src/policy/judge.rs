//! The judge: one pure function from a client and an operation to a verdict.

use std::cell::OnceCell;
use std::collections::BTreeSet;

use super::rule::{Rule, Shortfall};
use super::selection::Paths;
use super::suggest::{self, Asker, Case};
use super::targets::{self, Reach, reach};
use super::terms::Terms;
use super::things::ThingSet;
use super::verdict::{Denial, Grounds, Refusal, Verdict};
use super::{Candidates, Mode, Policy, selection};
use crate::client::Client;
use crate::operation::meaning::Aspect;
use crate::operation::table::Endpoint;
use crate::operation::{Operation, Reference};

/// An operation that may go on. Only the judge makes one.
#[derive(Debug)]
pub struct Permit {
    operation: Operation,
    grounds: Grounds,
    terms: Terms,
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

    /// What of the answer the client gets to see.
    #[must_use]
    pub fn terms(&self) -> &Terms {
        &self.terms
    }
}

/// How a request is granted.
struct Grant<'p> {
    rule: &'p Rule,
    terms: Terms,
}

impl Policy {
    /// Judges an operation: what no allow rule grants as a whole, or a forbid rule strikes, is denied.
    ///
    /// The same client, operation and policy always give the same verdict, in whatever order the
    /// rules stand. What goes on acts on the things that were judged, by their IDs, and bears the marks that its
    /// rule puts on what it makes.
    pub fn judge(&self, client: &Client, mut operation: Operation) -> Verdict {
        match self.decide(client, &operation) {
            Ok(Grant { rule, terms }) => {
                let grounds = Grounds::Rule { name: rule.name.label() };
                if let Some(owner) = &rule.own {
                    operation.stamp(owner);
                }
                if let Reach::Prunes(kind) = reach(operation.endpoint())
                    && let Some(labels) = rule.things.get(&kind).and_then(ThingSet::label_filters)
                {
                    for label in &labels {
                        operation.narrow_to_label(label);
                    }
                }
                operation.pin();
                Verdict::Permit(Permit { operation, grounds, terms })
            }
            Err(refusal) => match self.mode {
                Mode::Observe => {
                    let grounds = Grounds::Observed(*refusal);
                    Verdict::Permit(Permit { operation, grounds, terms: Terms::default() })
                }
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
    pub fn questions(&self, client: &Client, operation: &Operation) -> Vec<Reference> {
        let clients = self.matching_clients(client);
        let rules = self.rules_for(&clients, operation.endpoint());
        let looks_at_files = rules.iter().any(|rule| rule.aspects.contains_key(&Aspect::HostPaths));
        let mut questions = targets::asked_about(&rules, operation);
        if looks_at_files {
            questions.extend(operation.understand().questions().cloned());
        }
        questions.into_iter().collect()
    }

    /// The rules of both kinds that come into question for a client and an endpoint.
    fn rules_for(&self, clients: &BTreeSet<usize>, endpoint: &Endpoint) -> Vec<&Rule> {
        let Some(candidates) = self.candidates.get(&selection::key(endpoint)) else { return Vec::new() };
        let allow = candidates.allow.iter().filter_map(|(place, _)| self.allow.get(*place));
        let forbid = candidates.forbid.iter().filter_map(|(place, _)| self.forbid.get(*place));
        allow.chain(forbid).filter(|rule| rule.is_for(clients)).collect()
    }

    /// Whether the context of a build must be looked into before the operation can be judged: where a rule says which
    /// images it may name, or what may be fetched.
    #[must_use]
    pub fn looks_inside(&self, client: &Client, endpoint: &'static Endpoint) -> bool {
        let clients = self.matching_clients(client);
        self.could_grant(client, endpoint)
            && self.candidates.get(&selection::key(endpoint)).is_some_and(|candidates| {
                let allow = candidates.allow.iter().filter_map(|(place, _)| self.allow.get(*place));
                let forbid = candidates.forbid.iter().filter_map(|(place, _)| self.forbid.get(*place));
                allow.filter(|rule| rule.is_for(&clients)).any(Rule::looks_inside)
                    || forbid.filter(|rule| rule.is_for(&clients)).any(Rule::strikes_inside)
            })
    }

    /// Whether the context of some build must be.
    #[must_use]
    pub fn looks_into_builds(&self) -> bool {
        self.allow.iter().any(Rule::looks_inside) || self.forbid.iter().any(Rule::strikes_inside)
    }

    /// The rule that grants the operation, or why it is refused.
    fn decide(&self, client: &Client, operation: &Operation) -> Result<Grant<'_>, Box<Refusal>> {
        let asker = Asker { name: self.client_name(client), some_are_named: !self.clients.is_empty() };
        let understood = &operation.understand();
        let clients = self.matching_clients(client);
        let hidden = self.hidden(&self.rules_for(&clients, operation.endpoint()), &clients, operation);
        let refuse = |case: &Case<'_>| {
            Box::new(Refusal {
                hidden: hidden.clone(),
                ..suggest::refusal(operation, understood, asker, case)
            })
        };
        let nothing = Candidates::default();
        let candidates = self.candidates.get(&selection::key(operation.endpoint())).unwrap_or(&nothing);
        let path = OnceCell::new();
        let is_path_of = |paths: &Paths| paths.contain(|| path.get_or_init(|| operation.path()).as_str());

        if let Some(floor) = self.min_version.filter(|floor| operation.version() < *floor) {
            return Err(refuse(&Case::TooOld(floor)));
        }
        let forbid =
            candidates.forbid.iter().filter_map(|(place, paths)| Some((self.forbid.get(*place)?, paths)));
        let forbidding = forbid
            .clone()
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
        let mut granting: Vec<&Rule> = Vec::new();
        for rule in for_client {
            let shortfalls = rule.shortfalls(operation, understood);
            if shortfalls.is_empty() {
                granting.push(rule);
            } else {
                let both = closest.into_iter().chain([(rule, shortfalls)]);
                closest = both.min_by_key(|(rule, shortfalls)| (shortfalls.len(), &rule.name));
            }
        }
        granting.sort_by_key(|rule| &rule.name);
        match (granting.first(), closest) {
            (Some(rule), _) => {
                let hiding = forbid.filter(|(rule, paths)| {
                    rule.is_for(&clients) && is_path_of(paths) && rule.strikes_request(operation, understood)
                });
                let hiding: Vec<&Rule> = hiding.map(|(rule, _)| rule).collect();
                // An answer that lists shows what any of the rules shows.
                let shows = reach(operation.endpoint()) == Reach::Shows;
                let counting = if shows { granting.as_slice() } else { std::slice::from_ref(rule) };
                Ok(Grant { rule, terms: targets::terms(counting, &hiding, operation) })
            }
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
    pub(super) fn matching_clients(&self, client: &Client) -> BTreeSet<usize> {
        let places = self.clients.iter().enumerate().filter(|(_, selector)| selector.matches(client));
        places.map(|(place, _)| place).collect()
    }
}
