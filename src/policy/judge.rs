//! The judge: one pure function from a client and an operation to a verdict.

use std::cell::OnceCell;
use std::collections::BTreeSet;
use std::rc::Rc;

use super::rule::{Rule, Shortfall};
use super::suggest::{self, Asker, Cause};
use super::targets::{self, Reach, reach};
use super::terms::Terms;
use super::verdict::{Denial, Grounds, Refusal, RulePlace, Verdict};
use super::{AboutPath, ByPath, Mode, Policy, selection};
use crate::client::Client;
use crate::operation::meaning::Aspect;
use crate::operation::table::Endpoint;
use crate::operation::thing::ThingKind;
use crate::operation::{Body, Encoded, Known, Operation, Reference};

/// How often what the daemon shows may raise further questions: a container may have a volume.
pub const LOOK_UP_ROUNDS: usize = 3;
/// Of how many things one request may have the daemon asked in a round, and how many paths of the host may be looked at. Of
/// further ones nothing good is supposed.
pub const MOST_QUESTIONS: usize = 64;

/// An operation that may go on. Only the judge makes one; a clone is for when the same is asked again.
#[derive(Clone, Debug)]
pub struct Permit(Rc<Permitted>);

#[derive(Debug)]
struct Permitted {
    operation: Operation,
    /// As the daemon gets it, once that is known.
    encoded: OnceCell<Rc<Encoded>>,
    grounds: Grounds,
    others: Vec<RulePlace>,
    terms: Terms,
}

impl Permit {
    fn new(operation: Operation, grounds: Grounds, others: Vec<RulePlace>, terms: Terms) -> Self {
        Self(Rc::new(Permitted { operation, encoded: OnceCell::new(), grounds, others, terms }))
    }

    /// Lets go of what was understood of the operation, unless somebody else has the permit too.
    pub fn forget_understanding(&mut self) {
        if let Some(permitted) = Rc::get_mut(&mut self.0) {
            permitted.operation.understand_anew();
        }
    }

    /// What may be done.
    #[must_use]
    pub fn operation(&self) -> &Operation {
        &self.0.operation
    }

    /// The same as the daemon gets it. It is kept for the next time, unless it has a body, which may be large.
    #[must_use]
    pub fn encoded(&self) -> Rc<Encoded> {
        let Permitted { operation, encoded, .. } = &*self.0;
        match operation.body() {
            Body::None => Rc::clone(encoded.get_or_init(|| Rc::new(operation.encode()))),
            Body::Json(_) | Body::Stream => Rc::new(operation.encode()),
        }
    }

    /// Why.
    #[must_use]
    pub fn grounds(&self) -> &Grounds {
        &self.0.grounds
    }

    /// Other rules that had a part in it: that grant it as well, or take something out of its answer.
    #[must_use]
    pub fn others(&self) -> &[RulePlace] {
        &self.0.others
    }

    /// What of the answer the client gets to see.
    #[must_use]
    pub fn terms(&self) -> &Terms {
        &self.0.terms
    }
}

/// What must be found out before an operation can be judged.
#[derive(Debug, Default)]
pub struct Unknown {
    /// What the daemon must be asked: where a rule looks at things, what those are; where one looks at files of the
    /// host, what volumes and the containers of `VolumesFrom` are.
    pub questions: Vec<Reference>,
    /// The paths of the host that a rule looks at and of which it is not known whether a link leads there.
    pub paths: BTreeSet<String>,
}

/// How a request is granted.
struct Grant<'p> {
    rule: &'p Rule,
    others: Vec<RulePlace>,
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
            Ok(Grant { rule, others, mut terms }) => {
                let grounds = Grounds::Rule { name: rule.name.label(), line: rule.line };
                match &rule.own {
                    Some(owner) => operation.stamp(owner),
                    None if self.speaks_of_owners => operation.stamp_as_nobodys(),
                    None => {}
                }
                if let Reach::Prunes(kind) = reach(operation.endpoint())
                    && let Some(labels) = rule.things.get(&kind).and_then(|set| set.label_filters(kind))
                {
                    for label in &labels {
                        operation.narrow_to_label(label);
                    }
                }
                operation.have_filtered(&terms.filters());
                if terms.narrow() {
                    terms.limit = operation.take_limit();
                }
                operation.pin();
                Verdict::Permit(Permit::new(operation, grounds, others, terms))
            }
            Err(refusal) => match self.mode {
                Mode::Observe => {
                    let grounds = Grounds::Observed(refusal);
                    Verdict::Permit(Permit::new(operation, grounds, Vec::new(), Terms::default()))
                }
                Mode::Enforce => Verdict::Denial(Denial { operation: Box::new(operation), refusal }),
            },
        }
    }

    /// Whether some request of this client to this endpoint could be granted. Where none could, there is no
    /// need to read its body.
    #[must_use]
    pub fn could_grant(&self, client: &Client, endpoint: &'static Endpoint) -> bool {
        let clients = self.matching_clients(client);
        self.mode == Mode::Observe || self.allowing(endpoint).any(|rule| rule.is_for(&clients))
    }

    /// What must be found out before the operation can be judged, given what is known so far.
    #[must_use]
    pub fn unknown(&self, client: &Client, operation: &Operation) -> Unknown {
        if !self.asks(operation.endpoint()) {
            return Unknown::default();
        }
        let endpoint = operation.endpoint();
        let (allow, forbid) = self.rules_for(&self.matching_clients(client), endpoint);
        let asks_for_networks = allow.iter().any(|rule| rule.asks_for_networks(endpoint, false))
            || forbid.iter().any(|rule| rule.asks_for_networks(endpoint, true));
        let rules = [&*allow, &*forbid].concat();
        let mut questions = targets::asked_about(&rules, operation);
        let mut paths = BTreeSet::new();
        let asks_for_paths = rules.iter().any(|rule| rule.aspects.contains_key(&Aspect::HostPaths));
        if asks_for_paths {
            paths = operation.untraced_paths();
        }
        let is_asked = |question: &&Reference| {
            if question.kind == ThingKind::Network { asks_for_networks } else { asks_for_paths }
        };
        if asks_for_networks || asks_for_paths {
            questions.extend(operation.understand().questions().filter(is_asked).cloned());
        }
        if forbid.iter().any(|rule| rule.asks_for_joined()) {
            questions.extend(operation.understand().joined().cloned());
        }
        // What cannot be looked at stays unknown, and so does what the daemon has not made clear.
        questions.retain(|question| question.path().is_some() && operation.known(question) == Known::Nothing);
        Unknown { questions: questions.into_iter().collect(), paths }
    }

    /// What the daemon must be asked.
    #[must_use]
    pub fn questions(&self, client: &Client, operation: &Operation) -> Vec<Reference> {
        self.unknown(client, operation).questions
    }

    /// Whether a rule speaks of what the daemon may have to be asked about.
    #[must_use]
    pub fn asks(&self, endpoint: &Endpoint) -> bool {
        self.candidates.get(&selection::key(endpoint)).is_some_and(|candidates| candidates.asks)
    }

    /// The rules that are about the operation's endpoint and path: those that allow, and those that forbid.
    fn about(&self, operation: &Operation) -> (Vec<&Rule>, Vec<&Rule>) {
        let Some(candidates) = self.candidates.get(&selection::key(operation.endpoint())) else {
            return (Vec::new(), Vec::new());
        };
        let AboutPath { allow, forbid } = &candidates.for_all_paths;
        let mut allow: Vec<&Rule> = allow.iter().filter_map(|place| self.allow.get(*place)).collect();
        let mut forbid: Vec<&Rule> = forbid.iter().filter_map(|place| self.forbid.get(*place)).collect();
        if candidates.has_expressions {
            for ByPath { is_forbid, place, expression } in self.expressions.matching(operation.path()) {
                let (rules, list) =
                    if *is_forbid { (&self.forbid, &mut forbid) } else { (&self.allow, &mut allow) };
                let Some(rule) = rules.get(*place) else { continue };
                let paths = rule.selection.paths(operation.endpoint());
                let is_listed = list.iter().any(|listed| std::ptr::eq(*listed, rule));
                if !is_listed && paths.is_some_and(|paths| paths.have(expression)) {
                    list.push(rule);
                }
            }
        }
        (allow, forbid)
    }

    /// The rules that come into question for a client and an endpoint: those that allow, and those that forbid.
    pub(super) fn rules_for(
        &self,
        clients: &BTreeSet<usize>,
        endpoint: &Endpoint,
    ) -> (Vec<&Rule>, Vec<&Rule>) {
        let candidates = self.candidates.get(&selection::key(endpoint));
        let forbid = candidates.into_iter().flat_map(|candidates| &candidates.forbid);
        let forbid = forbid.filter_map(|place| self.forbid.get(*place));
        let is_for = |rule: &&Rule| rule.is_for(clients);
        (self.allowing(endpoint).filter(is_for).collect(), forbid.filter(is_for).collect())
    }

    /// The rules that allow something at the endpoint.
    fn allowing(&self, endpoint: &Endpoint) -> impl Iterator<Item = &Rule> {
        let candidates = self.candidates.get(&selection::key(endpoint));
        let allow = candidates.into_iter().flat_map(|candidates| &candidates.allow);
        allow.filter_map(|place| self.allow.get(*place))
    }

    /// Whether the archive in the body must be looked into before the operation can be judged: where a rule says which
    /// images a build may name, what it may fetch or do, or where an upload may be written.
    #[must_use]
    pub fn looks_inside(&self, client: &Client, endpoint: &'static Endpoint) -> bool {
        let clients = self.matching_clients(client);
        self.could_grant(client, endpoint)
            && self.candidates.get(&selection::key(endpoint)).is_some_and(|candidates| {
                let allow = candidates.allow.iter().filter_map(|place| self.allow.get(*place));
                let forbid = candidates.forbid.iter().filter_map(|place| self.forbid.get(*place));
                allow.filter(|rule| rule.is_for(&clients)).any(|rule| rule.opens(endpoint))
                    || forbid.filter(|rule| rule.is_for(&clients)).any(|rule| rule.strikes_inside(endpoint))
            })
    }

    /// Whether the archive of some request must be.
    #[must_use]
    pub fn looks_into_archives(&self) -> bool {
        let looks = |rule: &Rule| rule.selection.endpoints().any(|endpoint| rule.opens(endpoint));
        let strikes = |rule: &Rule| rule.selection.endpoints().any(|endpoint| rule.strikes_inside(endpoint));
        self.allow.iter().any(looks) || self.forbid.iter().any(strikes)
    }

    /// The rule that grants the operation, or why it is refused.
    fn decide(&self, client: &Client, operation: &Operation) -> Result<Grant<'_>, Box<Refusal>> {
        let understood = operation.understand();
        let clients = self.matching_clients(client);
        let refuse = |cause: &Cause<'_>| {
            let asker = Asker {
                name: self.client_name(client),
                listener: &client.listener,
                some_are_named: !self.clients.is_empty(),
            };
            let (allow, forbid) = self.rules_for(&clients, operation.endpoint());
            let hidden = self.hidden(&[allow, forbid].concat(), &clients, operation);
            let refusal = suggest::refusal(operation, understood, asker, cause);
            // Where the client is told that something is not there, it gets no other message.
            let untold = if hidden.is_none() { self.untold(&clients, operation) } else { None };
            Box::new(match untold {
                Some(thing) => suggest::keep_back(&thing, cause, refusal),
                None => Refusal { hidden, ..refusal },
            })
        };
        if let Some(floor) = self.min_version.filter(|floor| operation.version() < *floor) {
            return Err(refuse(&Cause::TooOld(floor)));
        }
        let (allow, forbid) = self.about(operation);
        let forbid: Vec<&Rule> = forbid.into_iter().filter(|rule| rule.is_for(&clients)).collect();
        let striking = forbid.iter().copied().filter(|rule| rule.strikes(operation, understood));
        let mut striking: Vec<&Rule> = striking.collect();
        striking.sort_by_key(|rule| &rule.name);
        if let Some((rule, others)) = striking.split_first() {
            let refusal = refuse(&Cause::Forbidden(rule));
            return Err(Box::new(Refusal { others: places(others.iter().copied()), ..*refusal }));
        }

        let (for_client, for_others): (Vec<&Rule>, Vec<&Rule>) =
            allow.iter().partition(|rule| rule.is_for(&clients));
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
        // Of several rules that with which most is seen.
        granting.sort_by_key(|rule| (&rule.redaction, &rule.name));
        match (granting.first(), closest) {
            (Some(rule), _) => {
                // Without a thing to hide it would have struck.
                let hides =
                    |rule: &&Rule| !rule.things.is_empty() && rule.strikes_request(operation, understood);
                let hiding: Vec<&Rule> = forbid.into_iter().filter(hides).collect();
                // An answer shows what any of the rules shows.
                let also = granting.get(1..).unwrap_or_default();
                let others = places(also.iter().chain(&hiding).copied());
                Ok(Grant { rule, others, terms: targets::terms(&granting, &hiding, operation) })
            }
            (None, Some((rule, shortfalls))) => Err(refuse(&Cause::Short(rule, &shortfalls))),
            (None, None) => {
                let granting =
                    for_others.iter().filter(|rule| rule.shortfalls(operation, understood).is_empty());
                let others = granting.filter_map(|rule| rule.clients.as_ref()).flatten();
                let names: BTreeSet<&str> = others
                    .filter_map(|place| self.clients.get(*place))
                    .map(|selector| selector.name.as_str())
                    .collect();
                let elsewhere = self
                    .allowing(operation.endpoint())
                    .filter(|rule| !allow.iter().any(|about| std::ptr::eq(*about, *rule)))
                    .filter(|rule| rule.is_for(&clients))
                    .min_by_key(|rule| (rule.shortfalls(operation, understood).len(), &rule.name));
                Err(refuse(&Cause::NoRule { granted_to: &names, elsewhere }))
            }
        }
    }

    /// The places of the named clients that this one is.
    pub(super) fn matching_clients(&self, client: &Client) -> BTreeSet<usize> {
        let places = self.clients.iter().enumerate().filter(|(_, selector)| selector.matches(client));
        places.map(|(place, _)| place).collect()
    }
}

fn places<'r>(rules: impl Iterator<Item = &'r Rule>) -> Vec<RulePlace> {
    rules.map(|rule| RulePlace { name: rule.name.label(), line: rule.line }).collect()
}
