//! The settings file: TOML whose keys are the settings' names.

use std::ops::Range;
use std::path::Path;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::draft::{Draft, ListenerDraft, Written};
use super::key::Key;
use super::problem::{Place, Problem, did_you_mean};

/// What the settings file says.
pub(super) fn draft(path: &Path, source: &str, problems: &mut Vec<Problem>) -> Draft {
    let path = path.display().to_string();
    let (table, errors) = DeTable::parse_recoverable(source);
    let mut file = Reader { path: &path, source, problems, draft: Draft::default() };
    for error in errors {
        file.problem(&error.span().unwrap_or_default(), error.message().to_owned());
    }
    let mut entries: Vec<_> = table.get_ref().iter().collect();
    entries.sort_by_key(|(key, _)| key.span().start);
    for (key, value) in entries {
        file.setting(key.get_ref(), &key.span(), value);
    }
    file.draft
}

/// The keys of a listener that is written as a table.
pub(super) const LISTENER_KEYS: [&str; 5] = ["name", "address", "mode", "owner", "group"];

struct Reader<'a> {
    path: &'a str,
    source: &'a str,
    problems: &'a mut Vec<Problem>,
    draft: Draft,
}

impl Reader<'_> {
    fn setting(&mut self, name: &str, span: &Range<usize>, value: &Spanned<DeValue<'_>>) {
        match Key::in_file(name) {
            Some(Key::Listen) => self.listeners(value),
            Some(key) => {
                if let Some(written) = self.text(name, value, key.may_be_number()) {
                    self.draft.values.insert(key, written);
                }
            }
            None if name == Key::Settings.name() => {
                self.problem(span, "a settings file cannot name another: use --settings".to_owned());
            }
            None => {
                let hint = did_you_mean(name, Key::all_in_file().map(Key::name));
                self.problem(span, format!("`{name}` is no setting{hint}"));
            }
        }
    }

    fn listeners(&mut self, value: &Spanned<DeValue<'_>>) {
        match value.get_ref() {
            DeValue::Array(items) if !items.is_empty() => {
                for item in items {
                    self.listener(item);
                }
            }
            DeValue::Array(_) => {
                self.problem(&value.span(), "without a listener nobody can connect: name one".to_owned());
            }
            DeValue::String(_)
            | DeValue::Integer(_)
            | DeValue::Float(_)
            | DeValue::Boolean(_)
            | DeValue::Datetime(_)
            | DeValue::Table(_) => {
                self.problem(
                    &value.span(),
                    "`listen` is a list: listen = [\"tcp://127.0.0.1:2375\"]".to_owned(),
                );
            }
        }
    }

    fn listener(&mut self, item: &Spanned<DeValue<'_>>) {
        let draft = match item.get_ref() {
            DeValue::String(text) => Some(ListenerDraft::read(text)),
            DeValue::Table(table) => self.listener_table(table, &item.span()),
            DeValue::Integer(_)
            | DeValue::Float(_)
            | DeValue::Boolean(_)
            | DeValue::Datetime(_)
            | DeValue::Array(_) => {
                self.problem(
                    &item.span(),
                    "a listener is written as text, \"tcp://127.0.0.1:2375\", or as a table, \
                     { name = \"ui\", address = \"unix:///run/dockgate/docker.sock\" }"
                        .to_owned(),
                );
                None
            }
        };
        let place = self.place(&item.span());
        self.draft.listeners.extend(draft.map(|value| Written { value, place }));
    }

    fn listener_table(&mut self, table: &DeTable<'_>, span: &Range<usize>) -> Option<ListenerDraft> {
        let mut texts = [const { None }; 5];
        let mut entries: Vec<_> = table.iter().collect();
        entries.sort_by_key(|(key, _)| key.span().start);
        for (key, value) in entries {
            let name = key.get_ref().as_ref();
            let Some((_, text)) = LISTENER_KEYS.into_iter().zip(&mut texts).find(|(known, _)| *known == name)
            else {
                let hint = did_you_mean(name, LISTENER_KEYS.into_iter());
                self.problem(&key.span(), format!("`{name}` is no key of a listener{hint}"));
                continue;
            };
            *text = self.text(name, value, matches!(name, "owner" | "group"));
        }
        let [name, address, mode, owner, group] = texts;
        if address.is_none() && !table.contains_key("address") {
            self.problem(
                span,
                "the listener has no address: add address = \"unix:///run/dockgate/docker.sock\"".to_owned(),
            );
        }
        Some(ListenerDraft {
            name: name.map(|written| written.value),
            address: address?.value,
            mode,
            owner,
            group,
        })
    }

    fn text(
        &mut self,
        name: &str,
        value: &Spanned<DeValue<'_>>,
        may_be_number: bool,
    ) -> Option<Written<String>> {
        let text = match value.get_ref() {
            DeValue::String(text) => text.clone().into_owned(),
            DeValue::Integer(number) if may_be_number => number.to_string(),
            DeValue::Integer(_)
            | DeValue::Float(_)
            | DeValue::Boolean(_)
            | DeValue::Datetime(_)
            | DeValue::Array(_)
            | DeValue::Table(_) => {
                let kind = if may_be_number { "as a whole number, or as text" } else { "as text" };
                self.problem(&value.span(), format!("`{name}` is written {kind}, in quotes"));
                return None;
            }
        };
        Some(Written { value: text, place: self.place(&value.span()) })
    }

    fn problem(&mut self, span: &Range<usize>, message: String) {
        let place = self.place(span);
        self.problems.push(Problem::new(place, message));
    }

    fn place(&self, span: &Range<usize>) -> Place {
        Place::in_file(self.path, self.source, span.start)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problems(source: &str) -> String {
        let mut problems = Vec::new();
        draft(Path::new("s.toml"), source, &mut problems);
        problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
    }

    #[test]
    fn a_file_cannot_name_another() {
        assert_eq!(
            problems("settings = \"x\""),
            "s.toml:1:1: a settings file cannot name another: use --settings"
        );
    }

    #[test]
    fn listeners_are_a_list_that_is_not_empty() {
        assert_eq!(problems("listen = []"), "s.toml:1:10: without a listener nobody can connect: name one");
        assert_eq!(
            problems("\nlisten = \"tcp://a:1\""),
            "s.toml:2:10: `listen` is a list: listen = [\"tcp://127.0.0.1:2375\"]"
        );
    }

    #[test]
    fn what_is_not_toml_is_reported_beside_the_rest() {
        let problems = problems("grace = \ndamon = \"x\"\ngrace = \"1s\"\n");
        assert!(problems.contains("s.toml:1:"), "{problems}");
        assert!(problems.contains("did you mean `daemon`?"), "{problems}");
    }

    #[test]
    fn numbers_need_no_quotes() {
        for key in Key::all_in_file() {
            let is_number =
                |text: &&str| text.parse::<u64>().is_ok_and(|number| number.to_string() == **text);
            if let Some(number) = key.default().filter(is_number) {
                assert_eq!(problems(&format!("{} = {number}", key.name())), "");
            }
        }
    }

    #[test]
    fn columns_count_characters() {
        assert_eq!(
            problems("\"ä\" = 1\n  grce = 1"),
            "s.toml:1:1: `ä` is no setting\ns.toml:2:3: `grce` is no setting; did you mean `grace`?"
        );
    }
}
