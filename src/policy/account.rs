//! The judgement in full: what an operation means, and what each rule says of it.

use super::Policy;
use super::rule::{Rule, Shortfall};
use super::selection::Selection;
use super::suggest;
use crate::client::Client;
use crate::operation::meaning::{Aspect, Use};
use crate::operation::{Operation, Understanding};

/// An operation as the judge sees it.
#[derive(Clone, Debug)]
pub struct Account {
    /// What the policy calls the client.
    pub client: Vec<String>,
    /// What it means.
    pub meant: Vec<Meant>,
    /// What of it is guarded.
    pub guarded: Vec<Guarded>,
    /// What the daemon was not asked.
    pub unknown: Vec<String>,
    /// What each rule says of it, allow rules first, in the order of the file.
    pub rules: Vec<RuleAccount>,
}

/// One thing that an operation means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Meant {
    /// Its kind, as a policy calls it: `host_paths`.
    pub aspect: &'static str,
    /// What, as a policy writes it: `"/etc" (read-only)`.
    pub what: String,
    /// Where the request says it.
    pub place: String,
}

/// Something that is used and needs a grant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Guarded {
    /// Where the request says it.
    pub place: String,
    /// Why it is guarded, going on from "it …".
    pub why: &'static str,
}

/// What one rule says of an operation.
#[derive(Clone, Debug)]
pub struct RuleAccount {
    /// The rule: its name, or its line.
    pub rule: String,
    /// Its line in the policy file, counted from 1.
    pub line: u32,
    /// Whether it is a forbid rule.
    pub forbids: bool,
    /// What it says.
    pub finding: Finding,
}

/// What a rule says of an operation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Finding {
    /// It grants it, or strikes it.
    Matches,
    /// It has other operations.
    OtherOperations,
    /// It has the operation, but for other paths.
    OtherPaths,
    /// It is for these clients, and the client is none of them.
    OtherClients(Vec<String>),
    /// An allow rule does not grant it: all that it lacks or does not admit. A forbid rule spares it: the first
    /// condition that does not strike.
    Fails(Vec<String>),
}

impl Policy {
    /// What the operation means and what each rule says of it. Where an allow rule [matches](Finding::Matches) and no
    /// forbid rule does, [`Policy::judge`] permits it, but for the floor of API versions.
    #[must_use]
    pub fn account(&self, client: &Client, operation: &Operation) -> Account {
        let understood = operation.understand();
        let of = |rules: &[Rule], forbids| {
            let accounts = rules.iter().map(|rule| RuleAccount {
                rule: rule.name.label(),
                line: rule.line,
                forbids,
                finding: self.finding(rule, forbids, client, operation, understood),
            });
            accounts.collect::<Vec<_>>()
        };
        Account {
            client: self.client_names(client).map(str::to_owned).collect(),
            meant: meant(understood),
            guarded: guarded(operation, understood),
            unknown: self.questions(client, operation).iter().map(ToString::to_string).collect(),
            rules: of(&self.allow, false).into_iter().chain(of(&self.forbid, true)).collect(),
        }
    }

    fn finding(
        &self,
        rule: &Rule,
        forbids: bool,
        client: &Client,
        operation: &Operation,
        understood: &Understanding,
    ) -> Finding {
        match paths_of(&rule.selection, operation) {
            None => return Finding::OtherOperations,
            Some(false) => return Finding::OtherPaths,
            Some(true) => {}
        }
        if !rule.is_for(&self.matching_clients(client)) {
            let names = rule.clients.iter().flatten().filter_map(|place| self.clients.get(*place));
            return Finding::OtherClients(names.map(|selector| selector.name.clone()).collect());
        }
        if forbids {
            return match rule.spares(operation, understood) {
                Some(why) => Finding::Fails(vec![why]),
                None => Finding::Matches,
            };
        }
        let shortfalls = rule.shortfalls(operation, understood);
        if shortfalls.is_empty() {
            return Finding::Matches;
        }
        let mut lacks: Vec<String> = Vec::new();
        for lack in shortfalls.iter().map(|shortfall| suggest::in_words(operation, shortfall)) {
            if !lacks.contains(&lack) {
                lacks.push(lack);
            }
        }
        Finding::Fails(lacks)
    }
}

/// Whether the path of the operation is among those of the selection; none, where it has not the endpoint.
fn paths_of(selection: &Selection, operation: &Operation) -> Option<bool> {
    Some(selection.paths(operation.endpoint())?.contain(operation.path()))
}

fn meant(understood: &Understanding) -> Vec<Meant> {
    let each = understood.uses().map(|one: &Use| Meant {
        aspect: one.meaning.aspect().as_str(),
        what: suggest::value_in_words(&one.meaning),
        place: one.place.to_string(),
    });
    each.collect()
}

fn guarded(operation: &Operation, understood: &Understanding) -> Vec<Guarded> {
    let nothing = Rule::blank();
    let shortfalls = nothing.ungranted(operation, understood);
    let each = shortfalls.into_iter().filter_map(|shortfall| {
        let (place, why) = match shortfall {
            Shortfall::Grant { parameter, guard, .. } => (format!("parameter {}", parameter.name), guard),
            Shortfall::Body { guard } => ("the body".to_owned(), guard),
            Shortfall::Field(field) => (field.place, field.guard),
            Shortfall::Credentials => {
                ("header X-Registry-Config".to_owned(), "has the daemon log in to any registry that it names")
            }
            Shortfall::Inside(meant) => {
                (meant.place.to_string(), "is done by the daemon, as the Dockerfile says")
            }
            Shortfall::Condition { .. }
            | Shortfall::FieldCondition { .. }
            | Shortfall::Meaning(_)
            | Shortfall::Unknown(_)
            | Shortfall::Thing(_)
            | Shortfall::AllTags(_)
            | Shortfall::Made(_)
            | Shortfall::Prune(_)
            | Shortfall::ReservedLabel { .. }
            | Shortfall::Unseen(_)
            | Shortfall::Requirement(_) => return None,
        };
        Some(Guarded { place, why })
    });
    each.collect()
}

impl Rule {
    /// As a forbid rule: the first condition that does not strike; none, where all do.
    fn spares(&self, operation: &Operation, understood: &Understanding) -> Option<String> {
        for (name, condition) in &self.conditions {
            match operation.query().get(name) {
                Some(value) if condition.strikes(value) => {}
                Some(_) => return Some(format!("its condition on {name} does not strike")),
                None => return Some(format!("the parameter {name} is not used")),
            }
        }
        if let Some(field) = self.fields.iter().find(|field| !field.strikes(operation)) {
            return Some(format!("its condition on {} does not strike", field.path));
        }
        let only = |aspect: Aspect| {
            let set = self.aspects.get(&aspect).cloned();
            Self { aspects: set.into_iter().map(|set| (aspect, set)).collect(), ..Self::blank() }
        };
        let spared =
            self.aspects.keys().find(|aspect| !only(**aspect).strikes_request(operation, understood));
        if let Some(aspect) = spared {
            return Some(format!("nothing that is asked is among its {aspect}"));
        }
        (!self.things_strike(operation)).then(|| {
            let kinds: Vec<String> = self.things.keys().map(|kind| kind.as_str().to_owned()).collect();
            format!("what is acted on is not the {} it is about", super::nearest::list(&kinds, "and"))
        })
    }
}
