//! Settings as they are written, before they mean anything: text, and where it stands.

use std::collections::BTreeMap;

use super::key::Key;
use super::problem::{Place, Problem};

/// A value as written.
#[derive(Clone, Debug)]
pub(super) struct Written<T> {
    pub(super) value: T,
    pub(super) place: Place,
}

/// What one source says: the command line, the environment or the settings file.
#[derive(Debug, Default)]
pub(super) struct Draft {
    /// The listeners, where the source names any.
    pub(super) listeners: Vec<Written<ListenerDraft>>,
    /// All other settings.
    pub(super) values: BTreeMap<Key, Written<String>>,
}

/// A listener as written.
#[derive(Clone, Debug)]
pub(super) struct ListenerDraft {
    pub(super) name: Option<String>,
    pub(super) address: String,
    pub(super) mode: Option<Written<String>>,
    pub(super) owner: Option<Written<String>>,
    pub(super) group: Option<Written<String>>,
}

/// The sources, the one that wins first; the defaults stand behind the last.
#[derive(Debug)]
pub(super) struct Layers(Vec<Draft>);

impl Layers {
    pub(super) fn new<const N: usize>(drafts: [Draft; N]) -> Self {
        Self(drafts.into())
    }

    /// The listeners of the first source that names any.
    pub(super) fn listeners(&self) -> Vec<Written<ListenerDraft>> {
        self.0.iter().map(|draft| &draft.listeners).find(|all| !all.is_empty()).cloned().unwrap_or_else(
            || {
                Key::Listen
                    .default()
                    .map(|text| Written { value: ListenerDraft::read(text), place: Place::Default })
                    .into_iter()
                    .collect()
            },
        )
    }

    /// Reads a setting that has a default; `None` if there was a problem.
    pub(super) fn read<T>(
        &self,
        key: Key,
        problems: &mut Vec<Problem>,
        read: impl FnOnce(&str) -> Result<T, String>,
    ) -> Option<T> {
        self.read_optional(key, problems, read).flatten()
    }

    /// Reads a setting that need not be there; `None` if there was a problem.
    #[expect(
        clippy::option_option,
        reason = "the outer one says whether it could be read, the inner one whether it is there"
    )]
    pub(super) fn read_optional<T>(
        &self,
        key: Key,
        problems: &mut Vec<Problem>,
        read: impl FnOnce(&str) -> Result<T, String>,
    ) -> Option<Option<T>> {
        let (text, place) = match self.value(key) {
            Some(written) => (written.value.as_str(), written.place.clone()),
            None => match key.default() {
                Some(text) => (text, Place::Default),
                None => return Some(None),
            },
        };
        match read(text) {
            Ok(value) => Some(Some(value)),
            Err(message) => {
                problems.push(Problem::new(place, message));
                None
            }
        }
    }

    /// Where a setting is written.
    pub(super) fn place(&self, key: Key) -> Place {
        if key == Key::Listen {
            return self.listeners().first().map_or(Place::Default, |written| written.place.clone());
        }
        self.value(key).map_or(Place::Default, |written| written.place.clone())
    }

    fn value(&self, key: Key) -> Option<&Written<String>> {
        self.0.iter().find_map(|draft| draft.values.get(&key))
    }
}

impl ListenerDraft {
    /// Reads `[NAME=]ADDRESS`. An address may hold a `=` itself, a name neither `:` nor `/`.
    pub(super) fn read(text: &str) -> Self {
        let (name, address) = match text.split_once('=') {
            Some((name, address)) if !name.contains([':', '/']) => (Some(name.to_owned()), address),
            Some(_) | None => (None, text),
        };
        Self { name, address: address.to_owned(), mode: None, owner: None, group: None }
    }
}
