//! The `filters` parameter: which things a list, a prune or the event stream is about.
//!
//! The daemon reads two spellings (moby `api/types/filters`): `{"label":["a=b"]}` and
//! `{"label":{"a=b":true}}`, where the value of the second does not count. The second is sent on: it
//! is the docker CLI's own, and every daemon from 20.10 reads it.

use std::collections::BTreeSet;
use std::fmt;

use super::json::{Expected, Json};

/// Filters, each a name and its values, in the client's order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filters(Vec<(String, Vec<String>)>);

impl Filters {
    /// Reads the text of the parameter; the error says what is wrong with it.
    pub(super) fn read(text: &str) -> Result<Self, String> {
        let json = Json::read_any(text.as_bytes(), Expected::Names).map_err(|flaw| flaw.to_string())?;
        let fields = match json {
            Json::Null => Vec::new(),
            Json::Object(fields) => fields,
            Json::Bool(_) | Json::Number(_) | Json::String(_) | Json::Array(_) => {
                return Err("an object such as {\"label\":[\"a=b\"]} belongs here".to_owned());
            }
        };
        let is = |wanted: fn(&Json) -> bool| fields.iter().any(|(_, value)| wanted(value));
        if is(|value| matches!(value, Json::Array(_))) && is(|value| matches!(value, Json::Object(_))) {
            return Err("lists and objects of values are mixed; write all filters in one way".to_owned());
        }
        let filters: Result<_, String> =
            fields.into_iter().map(|(name, values)| Ok((name.into(), read_values(values)?))).collect();
        filters.map(Self)
    }

    /// Adds a value of a filter of which all values must hold, as of labels.
    pub(super) fn add(&mut self, name: &str, value: &str) {
        match self.0.iter_mut().find(|(own, _)| own == name) {
            Some((_, values)) if values.iter().any(|own| own == value) => {}
            Some((_, values)) => values.push(value.to_owned()),
            None => self.0.push((name.to_owned(), vec![value.to_owned()])),
        }
    }

    /// One filter with these values, of which it lets through any that it can, or all of them, as the daemon reads it.
    pub(super) fn only(name: &str, values: &[String]) -> Self {
        Self(vec![(name.to_owned(), values.to_vec())])
    }

    /// The values of the filter `name`: all of them for most filters, any of them for some.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&[String]> {
        self.0.iter().find(|(own, _)| own == name).map(|(_, values)| values.as_slice())
    }

    /// Each filter with its values.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &[String])> {
        self.0.iter().map(|(name, values)| (name.as_str(), values.as_slice()))
    }

    /// Whether no filter is named at all.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether nothing is filtered: a filter without values lets everything through.
    #[must_use]
    pub fn is_zero(&self) -> bool {
        self.0.iter().all(|(_, values)| values.is_empty())
    }
}

fn read_values(values: Json) -> Result<Vec<String>, String> {
    let mut read = Vec::new();
    match values {
        Json::Null => {}
        Json::Array(items) => {
            let mut seen = BTreeSet::new();
            for item in items {
                match item {
                    Json::String(value) => {
                        let value = String::from(value);
                        if seen.insert(value.clone()) {
                            read.push(value);
                        }
                    }
                    Json::Null | Json::Bool(_) | Json::Number(_) | Json::Array(_) | Json::Object(_) => {
                        return Err("every value in a list must be a string".to_owned());
                    }
                }
            }
        }
        Json::Object(fields) => {
            for (value, switch) in fields {
                match switch {
                    Json::Bool(_) | Json::Null => read.push(value.into()),
                    Json::Number(_) | Json::String(_) | Json::Array(_) | Json::Object(_) => {
                        return Err("every value in an object must be true".to_owned());
                    }
                }
            }
        }
        Json::Bool(_) | Json::Number(_) | Json::String(_) => {
            return Err("the values of a filter must be a list of strings".to_owned());
        }
    }
    Ok(read)
}

impl fmt::Display for Filters {
    /// The JSON that is sent on.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let values = |values: &[String]| {
            Json::Object(values.iter().map(|value| (value.as_str().into(), Json::Bool(true))).collect())
        };
        let filters = self.iter().map(|(name, list)| (name.into(), values(list))).collect();
        Json::Object(filters).fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::Filters;

    #[test]
    fn both_spellings_are_one_filter() {
        let list = Filters::read(r#"{"label":["owner=me","owner=me"],"id":["a","b"]}"#).unwrap();
        let map = Filters::read(r#" {"label":{"owner=me":true},"id":{"a":true,"b":false}} "#).unwrap();
        assert_eq!(list, map);
        assert_eq!(list.to_string(), r#"{"label":{"owner=me":true},"id":{"a":true,"b":true}}"#);
        assert_eq!(list.get("label"), Some(&["owner=me".to_owned()][..]));
        assert_eq!(list.get("LABEL"), None);
        assert!(!list.is_zero());
    }

    #[test]
    fn no_filter_is_read_as_none() {
        for text in ["null", "{}"] {
            assert!(Filters::read(text).unwrap().is_empty(), "{text}");
        }
        for text in [r#"{"label":[]}"#, r#"{"label":{}}"#, r#"{"label":null}"#] {
            let filters = Filters::read(text).unwrap();
            assert!(filters.is_zero() && !filters.is_empty(), "{text}");
            assert_eq!(filters.to_string(), r#"{"label":{}}"#);
        }
    }

    #[test]
    fn keys_are_the_clients_own_and_stand_once() {
        assert!(Filters::read(r#"{"label":{"Ä":true,"ä":true},"Label":["x"]}"#).is_err(), "mixed");
        assert!(Filters::read(r#"{"label":{"Ä":true,"A":true,"a":true},"Label":{}}"#).is_ok());
        let twice = Filters::read(r#"{"label":{"owner=me":true},"label":{"owner=other":true}}"#).unwrap_err();
        assert_eq!(twice, "at byte 27, label: this key stands twice; keep one");
        assert!(Filters::read(r#"{"label":{"a":true,"a":true}}"#).is_err());
    }

    #[test]
    fn many_values_are_read_in_reasonable_time() {
        let values: Vec<String> = (0..90_000).map(|number| format!("\"{number}\"")).collect();
        let filters = Filters::read(&format!("{{\"id\":[{}]}}", values.join(","))).unwrap();
        assert_eq!(filters.get("id").map(<[String]>::len), Some(90_000));
    }

    #[test]
    fn anything_else_is_an_error() {
        for text in [
            "",
            "[]",
            "\"x\"",
            "{}x",
            "{} {}",
            "{\"a\":1}",
            "{\"a\":\"b\"}",
            "{\"a\":[1]}",
            "{\"a\":[null]}",
            "{\"a\":{\"b\":1}}",
            "{\"a\":{\"b\":{}}}",
            "{\"a\":true}",
        ] {
            assert!(Filters::read(text).is_err(), "{text}");
        }
    }
}
