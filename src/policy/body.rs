//! What a rule says about fields of bodies.

use std::collections::BTreeMap;

use super::condition::Condition;
use super::selection::{self, Key};
use crate::operation::field::{FieldPath, Found, UsedField};
use crate::operation::table::Endpoint;
use crate::operation::{Json, Operation};

/// A condition on a field, in the bodies of those of the rule's operations that have it.
#[derive(Clone, Debug)]
pub(super) struct FieldCondition {
    /// Its path, as it is written in canonical spelling.
    pub(super) path: String,
    pub(super) condition: Condition,
    pub(super) places: BTreeMap<Key, (FieldPath, Found)>,
}

impl FieldCondition {
    /// In an allow rule: the first used value that it does not admit. Without the field there is none.
    pub(super) fn fails<'a>(&self, operation: &'a Operation) -> Option<&'a Json> {
        if self.condition == Condition::Any {
            return None;
        }
        let mut values = self.used(operation).into_iter();
        values.find(|value| !self.condition.admits_json(value))
    }

    /// In a forbid rule: whether it strikes.
    pub(super) fn strikes(&self, operation: &Operation) -> bool {
        self.used(operation).into_iter().any(|value| self.condition.strikes_json(value))
    }

    /// As a requirement: whether the field is there, does something, and matches; in a version that has it. What
    /// stands only where older daemons look for it does not count.
    pub(super) fn is_met(&self, operation: &Operation) -> bool {
        let Some((path, found)) = self.of(operation.endpoint()) else { return true };
        if found.since.is_some_and(|since| operation.version() < since) {
            return false;
        }
        let is_there = operation.values_in_place(path).iter().any(|value| !found.field.is_unused(value));
        is_there && self.used(operation).into_iter().all(|value| self.condition.admits_json(value))
    }

    /// Whether an allow rule with it grants this guarded field: it is about the field, or about what the field
    /// stands in, and does not keep it out.
    pub(super) fn grants(&self, endpoint: &Endpoint, used: &UsedField) -> bool {
        self.condition != Condition::Unused
            && used.field.is_some()
            && self.of(endpoint).is_some_and(|(path, _)| used.is_within(path))
    }

    /// Whether the field is used in one place only.
    pub(super) fn is_single(&self, operation: &Operation) -> bool {
        self.used(operation).len() == 1
    }

    pub(super) fn of(&self, endpoint: &Endpoint) -> Option<&(FieldPath, Found)> {
        self.places.get(&selection::key(endpoint))
    }

    fn used<'a>(&self, operation: &'a Operation) -> Vec<&'a Json> {
        let Some((path, found)) = self.of(operation.endpoint()) else { return Vec::new() };
        let mut values = operation.values_at(path);
        values.retain(|value| !found.field.is_unused(value));
        values
    }
}
