//! `[[test]]`: a request, and what the policy is expected to say of it.

use std::ops::Range;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::thing::KINDS;
use super::value::Reader;
use crate::operation::thing::{Thing, ThingKind};
use crate::operation::{Json, Text};
use crate::policy::problem::{Code, Problem};

/// `[[test]]`
#[derive(Clone, Debug)]
pub(in crate::policy) struct DraftCase {
    /// The header.
    pub(in crate::policy) span: Range<usize>,
    pub(in crate::policy) name: Option<Spanned<String>>,
    pub(in crate::policy) client: Option<DraftAsker>,
    pub(in crate::policy) requests: Vec<Spanned<String>>,
    pub(in crate::policy) body: Option<Spanned<DraftBody>>,
    /// What stands in the Dockerfile of a build.
    pub(in crate::policy) dockerfile: Option<Spanned<String>>,
    pub(in crate::policy) version: Option<Spanned<String>>,
    /// What the daemon shows at a path; nothing, where it has no such thing.
    pub(in crate::policy) shows: Vec<(Spanned<String>, Option<Json>)>,
    pub(in crate::policy) verdict: Option<Spanned<String>>,
    pub(in crate::policy) rule: Option<Spanned<String>>,
    pub(in crate::policy) reason: Option<Spanned<String>>,
    pub(in crate::policy) lacks: Vec<Spanned<String>>,
    pub(in crate::policy) owner: Option<Spanned<String>>,
    /// What should be kept back of the answer.
    pub(in crate::policy) hides: Vec<Spanned<String>>,
    /// Things that the client should get to see in the answer.
    pub(in crate::policy) sees: Vec<Spanned<Thing<'static>>>,
    /// Things that it should not.
    pub(in crate::policy) misses: Vec<Spanned<Thing<'static>>>,
}

/// Who asks.
#[derive(Clone, Debug)]
pub(in crate::policy) enum DraftAsker {
    /// One of the policy's clients.
    Named(Spanned<String>),
    /// Someone who connects like this.
    Connecting {
        listener: Option<Spanned<String>>,
        uid: Option<Spanned<i64>>,
        gid: Option<Spanned<i64>>,
        address: Option<Spanned<String>>,
    },
}

/// The body of a request.
#[derive(Clone, Debug)]
pub(in crate::policy) enum DraftBody {
    /// As it is sent.
    Text(String),
    /// In a file beside the policy.
    File(String),
}

/// The keys of a test.
pub(in crate::policy) const CASE_KEYS: &[&str] = &[
    "name",
    "client",
    "request",
    "body",
    "body_file",
    "dockerfile",
    "version",
    "daemon",
    "verdict",
    "rule",
    "reason",
    "lacks",
    "owner",
    "hides",
    "sees",
    "misses",
];
/// The keys of somebody who connects.
pub(in crate::policy) const ASKER_KEYS: &[&str] = &["listener", "uid", "gid", "address"];

impl Reader<'_> {
    pub(super) fn cases(&mut self, table: &DeTable<'_>) -> Vec<DraftCase> {
        let tables = self.tables(table, "test", "test");
        tables.into_iter().filter_map(|element| self.case(element)).collect()
    }

    fn case(&mut self, value: &Spanned<DeValue<'_>>) -> Option<DraftCase> {
        let table = self.table(value, "test")?;
        self.known_keys(table, CASE_KEYS, "a test");
        let span = self.header(value.span());
        for (key, example) in
            [("request", "request = \"GET /containers/json\""), ("verdict", "verdict = \"permit\"")]
        {
            if !table.contains_key(key) {
                let message = format!("this test has no `{key}`");
                self.problems.push(
                    Problem::new(Code::MissingKey, span.clone(), message)
                        .help(format!("say it: `{example}`")),
                );
            }
        }
        Some(DraftCase {
            name: table.get("name").and_then(|value| self.text(value, "name")),
            client: table.get("client").and_then(|value| self.asker(value)),
            requests: table.get("request").map(|value| self.strings(value, "request")).unwrap_or_default(),
            body: self.body(table),
            dockerfile: table.get("dockerfile").and_then(|value| self.text(value, "dockerfile")),
            version: table.get("version").and_then(|value| self.string(value, "version")),
            shows: self.shows(table),
            verdict: table.get("verdict").and_then(|value| self.string(value, "verdict")),
            rule: table.get("rule").and_then(|value| self.string(value, "rule")),
            reason: table.get("reason").and_then(|value| self.string(value, "reason")),
            hides: table.get("hides").map(|value| self.strings(value, "hides")).unwrap_or_default(),
            owner: table.get("owner").and_then(|value| self.string(value, "owner")),
            sees: table.get("sees").map(|value| self.seen(value, "sees")).unwrap_or_default(),
            misses: table.get("misses").map(|value| self.seen(value, "misses")).unwrap_or_default(),
            lacks: table.get("lacks").map(|value| self.strings(value, "lacks")).unwrap_or_default(),
            span,
        })
    }

    fn asker(&mut self, value: &Spanned<DeValue<'_>>) -> Option<DraftAsker> {
        if value.get_ref().is_str() {
            return self.string(value, "client").map(DraftAsker::Named);
        }
        let Some(table) = value.get_ref().as_table() else {
            self.wrong_type(value, "client", "the name of a client, or `{ listener = \"…\", uid = … }`");
            return None;
        };
        self.known_keys(table, ASKER_KEYS, "a test's client");
        Some(DraftAsker::Connecting {
            listener: table.get("listener").and_then(|value| self.text(value, "listener")),
            uid: table.get("uid").and_then(|value| self.integer(value, "uid")),
            gid: table.get("gid").and_then(|value| self.integer(value, "gid")),
            address: table.get("address").and_then(|value| self.string(value, "address")),
        })
    }

    /// Things by what they are called and carry: `{ container = "web", label."a.b" = "c" }`.
    fn seen(&mut self, value: &Spanned<DeValue<'_>>, what: &str) -> Vec<Spanned<Thing<'static>>> {
        let one_or_many = match value.get_ref() {
            DeValue::Array(items) => items.iter().collect(),
            DeValue::Table(_)
            | DeValue::String(_)
            | DeValue::Integer(_)
            | DeValue::Float(_)
            | DeValue::Boolean(_)
            | DeValue::Datetime(_) => vec![value],
        };
        one_or_many.into_iter().filter_map(|item| self.thing(item, what)).collect()
    }

    fn thing(&mut self, value: &Spanned<DeValue<'_>>, what: &str) -> Option<Spanned<Thing<'static>>> {
        let table = self.table(value, what)?;
        self.known_keys(table, &seen_keys(), &format!("`{what}`"));
        // Of a container `image` is what it was made of; alone it is the thing itself.
        let named = table.iter().find_map(|(key, value)| {
            let kind = KINDS.into_iter().find(|kind| kind.as_str() == key.get_ref())?;
            (kind != ThingKind::Image || !table.contains_key("container")).then_some((kind, value))
        });
        let Some((kind, name)) = named else {
            let message = format!("`{what}` does not say what kind of thing it is");
            self.problems.push(
                Problem::new(Code::BadCase, value.span(), message)
                    .help(format!("name it: `{what} = [{{ container = \"web\" }}]`")),
            );
            return None;
        };
        let text = |reader: &mut Self, key: &str| {
            let text = table.get(key).and_then(|value| reader.string(value, key));
            text.map(Spanned::into_inner)
        };
        let mut labels = Vec::new();
        if let Some(table) = table.get("label").and_then(|value| self.table(value, "label")) {
            self.label_values("", table, &mut labels);
        }
        let name = self.string(name, kind.as_str())?.into_inner();
        let thing = Thing {
            kind,
            id: text(self, "id").unwrap_or_else(|| name.clone()).into(),
            image: if kind == ThingKind::Container { text(self, "image").map(Text::from) } else { None },
            names: vec![name.into()],
            labels,
            image_id: None,
            owner: None,
        };
        Some(Spanned::new(value.span(), thing))
    }

    /// Labels have dots in their names, which may stand without quotes.
    fn label_values(
        &mut self,
        above: &str,
        table: &DeTable<'_>,
        labels: &mut Vec<(Text<'static>, Text<'static>)>,
    ) {
        for (name, value) in table {
            let key = format!("{above}{}", name.get_ref());
            if let Some(inner) = value.get_ref().as_table() {
                self.label_values(&format!("{key}."), inner, labels);
            } else if let Some(text) = self.string(value, "label") {
                labels.push((key.into(), text.into_inner().into()));
            }
        }
    }

    fn body(&mut self, table: &DeTable<'_>) -> Option<Spanned<DraftBody>> {
        if let (Some(inline), Some(file)) = (table.get("body"), table.get("body_file")) {
            self.problems.push(
                Problem::new(Code::BadCase, file.span(), "this test has two bodies")
                    .also(inline.span(), "the other is here")
                    .help("keep one of them"),
            );
        }
        let file = table.get("body_file").and_then(|file| self.text(file, "body_file"));
        let body = table.get("body").and_then(|body| {
            let text = match body.get_ref().as_str() {
                Some(text) => text.to_owned(),
                None => self.json(body, "body")?.to_string(),
            };
            Some(Spanned::new(body.span(), DraftBody::Text(text)))
        });
        body.or_else(|| file.map(|file| Spanned::new(file.span(), DraftBody::File(file.into_inner()))))
    }

    fn shows(&mut self, table: &DeTable<'_>) -> Vec<(Spanned<String>, Option<Json>)> {
        let entries = table.get("daemon").and_then(|value| self.table(value, "daemon"));
        let mut shows = Vec::new();
        for (path, value) in entries.into_iter().flatten() {
            let path = Spanned::new(path.span(), path.get_ref().clone().into_owned());
            if !path.get_ref().starts_with('/') {
                let message = format!("`{}` is no path of the daemon", path.get_ref());
                self.problems.push(
                    Problem::new(Code::BadCase, path.span(), message).help(
                        "write the path at which the daemon shows it: `daemon.\"/volumes/data\" = { … }`",
                    ),
                );
                continue;
            }
            match value.get_ref() {
                DeValue::Boolean(false) => shows.push((path, None)),
                DeValue::Table(_) => {
                    if let Some(json) = self.json(value, "daemon") {
                        shows.push((path, Some(json)));
                    }
                }
                DeValue::String(_)
                | DeValue::Integer(_)
                | DeValue::Float(_)
                | DeValue::Boolean(true)
                | DeValue::Datetime(_)
                | DeValue::Array(_) => {
                    let what = format!("daemon.\"{}\"", path.get_ref());
                    self.wrong_type(value, &what, "a table, or `false` where there is no such thing");
                }
            }
        }
        shows
    }

    /// A value of TOML as the same of JSON.
    fn json(&mut self, value: &Spanned<DeValue<'_>>, what: &str) -> Option<Json> {
        match value.get_ref() {
            DeValue::String(text) => Some(Json::String(text.as_ref().into())),
            DeValue::Integer(_) => {
                self.integer(value, what).map(|number| Json::Number(number.get_ref().to_string().into()))
            }
            DeValue::Boolean(is) => Some(Json::Bool(*is)),
            DeValue::Float(float) if float.as_str().parse().is_ok_and(f64::is_finite) => {
                Some(Json::Number(float.as_str().trim_start_matches('+').to_owned().into()))
            }
            DeValue::Array(items) => {
                let items: Vec<_> = items.iter().map(|item| self.json(item, what)).collect();
                items.into_iter().collect::<Option<_>>().map(Json::Array)
            }
            DeValue::Table(table) => {
                let fields: Vec<_> = table
                    .iter()
                    .map(|(key, value)| {
                        Some((key.get_ref().clone().into_owned().into(), self.json(value, what)?))
                    })
                    .collect();
                fields.into_iter().collect::<Option<_>>().map(Json::Object)
            }
            DeValue::Float(_) | DeValue::Datetime(_) => {
                self.wrong_type(value, what, "something that JSON has");
                None
            }
        }
    }
}

/// The keys of a thing that is seen or missed.
pub(in crate::policy) fn seen_keys() -> Vec<&'static str> {
    KINDS.map(ThingKind::as_str).into_iter().chain(["id", "label"]).collect()
}

/// Where in the source the cases stand: from the header of each to the next that is no case's.
pub(super) fn text_of_cases(table: &DeTable<'_>, source: &str) -> Vec<Range<usize>> {
    if !table.contains_key("test") {
        return Vec::new();
    }
    let mut headers = Vec::new();
    for (key, value) in table {
        find_headers(value, source, key.get_ref() == "test", &mut headers);
    }
    headers.sort_unstable();
    headers.dedup();
    let mut ranges: Vec<Range<usize>> = Vec::new();
    for (place, (start, is_case)) in headers.iter().enumerate() {
        let end = headers.get(place.saturating_add(1)).map_or(source.len(), |(next, _)| *next);
        match ranges.last_mut() {
            _ if !is_case => {}
            Some(last) if last.end == *start => last.end = end,
            Some(_) | None => ranges.push(*start..end),
        }
    }
    ranges
}

/// The starts of all `[…]` and `[[…]]`, with whether they are a case's.
fn find_headers(value: &Spanned<DeValue<'_>>, source: &str, is_case: bool, headers: &mut Vec<(usize, bool)>) {
    match value.get_ref() {
        DeValue::Array(items) => {
            items.iter().for_each(|item| find_headers(item, source, is_case, headers));
        }
        DeValue::Table(table) => {
            let start = value.span().start;
            if source.get(start..).is_some_and(|text| text.starts_with('[')) {
                headers.push((start, is_case));
            }
            table.iter().for_each(|(_, inner)| find_headers(inner, source, is_case, headers));
        }
        DeValue::String(_)
        | DeValue::Integer(_)
        | DeValue::Float(_)
        | DeValue::Boolean(_)
        | DeValue::Datetime(_) => {}
    }
}
