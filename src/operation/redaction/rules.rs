//! What is redacted in one kind of value, looked up as the value is gone through.

use super::change::Change;
use crate::operation::Json;
use crate::operation::json::place::{self, Kept, Misplaced};

/// What is redacted in a value, and in what stands in it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in crate::operation) struct Rules {
    changes: Vec<Change>,
    below: Vec<(String, Rules)>,
}

impl Rules {
    /// Adds a change at the end of a path.
    pub(super) fn add<'a>(&mut self, mut path: impl Iterator<Item = &'a str>, change: Change) {
        let Some(step) = path.next() else {
            if !self.changes.contains(&change) {
                self.changes.push(change);
            }
            return;
        };
        if let Some((_, below)) = self.below.iter_mut().find(|(own, _)| own == step) {
            return below.add(path, change);
        }
        let mut below = Self::default();
        below.add(path, change);
        self.below.push((step.to_owned(), below));
    }

    pub(super) fn is_empty(&self) -> bool {
        self.changes.is_empty() && self.below.is_empty()
    }

    /// Writes a value, redacted. What is not, is copied.
    pub(in crate::operation) fn apply(&self, value: &[u8], out: &mut Vec<u8>) -> Result<(), Misplaced> {
        write(&[self], value, out)
    }
}

/// Those of the rules that hold below a key.
fn below<'a>(rules: &[&'a Rules], key: &str) -> Vec<&'a Rules> {
    let all = rules.iter().flat_map(|rules| &rules.below);
    all.filter(|(step, _)| step == key || step == "*").map(|(_, below)| below).collect()
}

fn write(rules: &[&Rules], value: &[u8], out: &mut Vec<u8>) -> Result<(), Misplaced> {
    if rules.iter().any(|rules| !rules.changes.is_empty()) {
        let before = Json::read_shown(value).map_err(|_| Misplaced)?;
        let after = changed(rules, before.clone());
        if before == after {
            out.extend_from_slice(value);
        } else {
            let mut text = String::new();
            after.write(&mut text);
            out.extend_from_slice(text.as_bytes());
        }
        return Ok(());
    }
    match value.first() {
        Some(b'{') => place::rewrite_object(value, out, |key, value, out| {
            let below = below(rules, key);
            if below.is_empty() {
                return Ok(Kept::AsItIs);
            }
            write(&below, value, out)?;
            Ok::<_, Misplaced>(Kept::Written)
        }),
        Some(b'[') => place::rewrite_array(value, out, |value, out| {
            write(rules, value, out)?;
            Ok::<_, Misplaced>(Kept::Written)
        }),
        Some(_) | None => {
            out.extend_from_slice(value);
            Ok(())
        }
    }
}

/// The same for a value that is read already.
fn changed(rules: &[&Rules], value: Json) -> Json {
    let changes = rules.iter().flat_map(|rules| &rules.changes);
    let value = changes.fold(value, |value, change| change.apply(value));
    // What is meant below a list is meant below each of its elements; what is meant of it was done.
    if let Json::Array(items) = value {
        return Json::Array(items.into_iter().map(|item| changed_below(rules, item)).collect());
    }
    changed_below(rules, value)
}

/// The same for what stands in an object.
fn changed_below(rules: &[&Rules], value: Json) -> Json {
    let Json::Object(fields) = value else { return value };
    let fields = fields.into_iter().map(|(key, value)| {
        let below = below(rules, &key);
        let value = if below.is_empty() { value } else { changed(&below, value) };
        (key, value)
    });
    Json::Object(fields.collect())
}
