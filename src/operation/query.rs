//! The query: the parameters that the daemon reads, each by its kind; others are dropped.
//!
//! Some clients (dockerode) copy a whole body into the query, so what is unknown may be large and is
//! passed over without being decoded. What the daemon reads leniently on some endpoints and refuses on
//! others (`;`, broken escapes) is refused on all.

mod value;

use std::borrow::Cow;
use std::collections::BTreeSet;

use super::percent::{self, BadEscape, Plus};
use super::redaction::mark;
use super::table::{Endpoint, Parameter, ParameterKind};
use super::{Fault, Filters, Json, Unreadable};
pub use value::Value;

/// The known parameters of a request, in the order of the endpoint table.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Query {
    parameters: Vec<(&'static Parameter, Value)>,
}

/// A pair of the query: its decoded name, and its value, still encoded.
type Pair<'a> = (Cow<'a, [u8]>, &'a [u8]);

impl Query {
    /// Reads what stands behind the `?`.
    pub(super) fn read(raw: &[u8], endpoint: &'static Endpoint) -> Result<Self, Unreadable> {
        if raw.contains(&b';') {
            return Err(malformed(
                "holds a ; which separates nothing; write %3B where it belongs to a value",
            ));
        }
        let known = endpoint.parameters;
        if raw.is_empty() && known.iter().all(|parameter| parameter.default.is_none()) {
            return Ok(Self::default());
        }
        let mut given: Vec<Vec<Cow<'_, [u8]>>> = vec![Vec::new(); known.len()];
        for pair in pairs(raw) {
            let (name, value) = pair?;
            let slot = known
                .iter()
                .zip(&mut given)
                .find(|(parameter, _)| parameter.name.as_bytes() == name.as_ref());
            match slot {
                // Of several values the daemon takes the first, even an empty one.
                Some((parameter, values)) if values.is_empty() || parameter.kind == ParameterKind::List => {
                    values.push(percent::decode(value, Plus::Space).map_err(bad_escape)?);
                }
                Some(_) | None => percent::check(value).map_err(bad_escape)?,
            }
        }
        let mut parameters = Vec::new();
        for (parameter, mut values) in known.iter().zip(given) {
            if let Some(default) = parameter.default {
                match values.first() {
                    None => values.push(Cow::Borrowed(default.as_bytes())),
                    // Some daemons and parameters take it for the default, others for off.
                    Some(first) if first.is_empty() => {
                        let what =
                            format!("parameter {:?} is empty; write 1 or 0, or leave it out", parameter.name);
                        return Err(malformed(&what));
                    }
                    Some(_) => {}
                }
            }
            if values.is_empty() {
                continue;
            }
            let value = Value::read(parameter, &values)
                .map_err(|what| malformed(&format!("parameter {:?}: {what}", parameter.name)))?;
            parameters.extend(value.map(|value| (parameter, value)));
        }
        Ok(Self { parameters })
    }

    /// The value of the parameter `name`, where the request has it.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Value> {
        self.iter().find(|(parameter, _)| parameter.name == name).map(|(_, value)| value)
    }

    /// Each parameter of the request with its value.
    pub fn iter(&self) -> impl Iterator<Item = (&'static Parameter, &Value)> {
        self.parameters.iter().map(|(parameter, value)| (*parameter, value))
    }

    /// Sets an entry of a parameter that is a JSON object.
    pub(super) fn put_json(&mut self, endpoint: &Endpoint, name: &str, entry: &(super::Key, Json)) {
        let Some(parameter) = endpoint.parameter(name) else { return };
        if self.get(name).is_none() {
            self.parameters.push((parameter, Value::Json(Json::Object(Vec::new()))));
        }
        for (own, value) in &mut self.parameters {
            if own.name == name
                && let Value::Json(json) = value
            {
                if !matches!(json, Json::Object(_)) {
                    *json = Json::Object(Vec::new());
                }
                if let Json::Object(fields) = json {
                    fields.retain(|(key, _)| *key != entry.0);
                    fields.push(entry.clone());
                }
            }
        }
    }

    /// Takes the number of a parameter out.
    pub(super) fn take_number(&mut self, name: &str) -> Option<i64> {
        let place = self.parameters.iter().position(|(own, _)| own.name == name)?;
        match self.parameters.remove(place) {
            (_, Value::Int(number)) => Some(number),
            _ => None,
        }
    }

    /// Turns a switch on.
    pub(super) fn turn_on(&mut self, endpoint: &Endpoint, name: &str) {
        let Some(parameter) = endpoint.parameter(name) else { return };
        self.parameters.retain(|(own, _)| own.name != name);
        self.parameters.push((parameter, Value::Bool(true)));
    }

    /// Adds a filter that must hold beside those that there are.
    pub(super) fn put_filter(&mut self, endpoint: &Endpoint, name: &str, value: &str) {
        let Some(parameter) = endpoint.parameter("filters") else { return };
        if self.get("filters").is_none() {
            self.parameters.push((parameter, Value::Filters(Filters::default())));
        }
        for (_, filters) in &mut self.parameters {
            if let Value::Filters(filters) = filters {
                filters.add(name, value);
            }
        }
    }

    /// Lets each value be changed, but not its kind.
    pub(super) fn each_mut(&mut self, mut change: impl FnMut(&'static Parameter, &mut Value)) {
        self.parameters.iter_mut().for_each(|(parameter, value)| change(parameter, value));
    }

    /// A parameter that holds what stands in place of a redacted value, if one does.
    pub(super) fn redacted(&self) -> Option<&'static Parameter> {
        let has_mark = |value: &Value| value.texts().iter().any(|text| mark::is_in(text));
        self.iter().find(|(_, value)| has_mark(value)).map(|(parameter, _)| parameter)
    }

    /// Whether the request has no parameter that the daemon reads.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.parameters.is_empty()
    }

    /// Writes the query with its `?`, or nothing.
    pub(super) fn write(&self, out: &mut String) {
        let mut separator = '?';
        for (parameter, value) in self.iter() {
            for text in value.texts() {
                out.push(separator);
                separator = '&';
                percent::encode(parameter.name, b"", out);
                out.push('=');
                percent::encode(&text, b"", out);
            }
        }
    }
}

/// Every name that stands in a query, known or not.
pub(super) fn names(raw: &[u8]) -> BTreeSet<String> {
    let name = |pair: Pair<'_>| String::from_utf8(pair.0.into_owned()).ok();
    pairs(raw).filter_map(|pair| pair.ok().and_then(name)).collect()
}

fn pairs(raw: &[u8]) -> impl Iterator<Item = Result<Pair<'_>, Unreadable>> {
    raw.split(|&byte| byte == b'&').filter(|pair| !pair.is_empty()).map(|pair| {
        let mut parts = pair.splitn(2, |&byte| byte == b'=');
        let name = parts.next().unwrap_or_default();
        let name = percent::decode(name, Plus::Space).map_err(bad_escape)?;
        Ok((name, parts.next().unwrap_or_default()))
    })
}

fn bad_escape(_: BadEscape) -> Unreadable {
    malformed("holds a % that two hexadecimal digits do not follow; write %25 for the sign itself")
}

fn malformed(what: &str) -> Unreadable {
    Unreadable::new(Fault::Malformed, format!("the query {what}"))
}

#[cfg(test)]
mod tests;
