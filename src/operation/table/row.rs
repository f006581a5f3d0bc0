//! Spelling a row: what is not said of an endpoint is that it has no parameters, headers or body and an
//! ordinary answer.

use super::{
    Answer, ApiVersion, BodyKind, Endpoint, Guard, Header, Identifier, Kind, Method, Parameter,
    ParameterKind, Protocol,
};

impl Endpoint {
    pub(super) const fn get(template: &'static str, id: &'static str, summary: &'static str) -> Self {
        Self::new(Method::Get, template, id, summary)
    }

    pub(super) const fn head(template: &'static str, id: &'static str, summary: &'static str) -> Self {
        Self::new(Method::Head, template, id, summary)
    }

    pub(super) const fn post(template: &'static str, id: &'static str, summary: &'static str) -> Self {
        Self::new(Method::Post, template, id, summary)
    }

    pub(super) const fn put(template: &'static str, id: &'static str, summary: &'static str) -> Self {
        Self::new(Method::Put, template, id, summary)
    }

    pub(super) const fn delete(template: &'static str, id: &'static str, summary: &'static str) -> Self {
        Self::new(Method::Delete, template, id, summary)
    }

    const fn new(method: Method, template: &'static str, id: &'static str, summary: &'static str) -> Self {
        Self {
            id,
            method,
            template,
            identifiers: &[],
            parameters: &[],
            headers: &[],
            body: BodyKind::None,
            answer: Answer::Plain,
            since: ApiVersion::OLDEST,
            until: None,
            versioned: true,
            summary,
        }
    }

    /// What the template's placeholders name.
    pub(super) const fn names(self, identifiers: &'static [Identifier]) -> Self {
        Self { identifiers, ..self }
    }

    pub(super) const fn query(self, parameters: &'static [Parameter]) -> Self {
        Self { parameters, ..self }
    }

    /// The headers that are sent on.
    pub(super) const fn carries(self, headers: &'static [Header]) -> Self {
        Self { headers, ..self }
    }

    /// A JSON body, of which each field is guarded or plain.
    pub(super) const fn json(self, kind: Kind) -> Self {
        Self { body: BodyKind::Json { kind, guard: Guard::Plain }, ..self }
    }

    /// A JSON body that is guarded as a whole; `reason` goes on from "it …".
    pub(super) const fn json_guarded(self, kind: Kind, reason: &'static str) -> Self {
        Self { body: BodyKind::Json { kind, guard: Guard::Guarded(reason) }, ..self }
    }

    pub(super) const fn tar(self) -> Self {
        Self { body: BodyKind::Tar, ..self }
    }

    pub(super) const fn streams(self) -> Self {
        Self { answer: Answer::Stream, ..self }
    }

    pub(super) const fn hijacks(self, protocol: Protocol) -> Self {
        Self { answer: Answer::Hijack(protocol), ..self }
    }

    /// The first API version whose reference lists the endpoint; without it, the oldest that dockgate knows.
    pub(super) const fn since(self, major: u16, minor: u16) -> Self {
        Self { since: ApiVersion::new(major, minor), ..self }
    }

    pub(super) const fn until(self, major: u16, minor: u16) -> Self {
        Self { until: Some(ApiVersion::new(major, minor)), ..self }
    }

    pub(super) const fn unversioned(self) -> Self {
        Self { versioned: false, ..self }
    }
}

impl Parameter {
    pub(super) const fn plain(name: &'static str, kind: ParameterKind, summary: &'static str) -> Self {
        Self { name, kind, guard: Guard::Plain, harmless: &[], default: None, summary }
    }

    /// A guarded parameter; `reason` goes on from "it …".
    pub(super) const fn guarded(
        name: &'static str,
        kind: ParameterKind,
        summary: &'static str,
        reason: &'static str,
    ) -> Self {
        Self { name, kind, guard: Guard::Guarded(reason), harmless: &[], default: None, summary }
    }

    pub(super) const fn harmless(self, harmless: &'static [&'static str]) -> Self {
        Self { harmless, ..self }
    }

    /// A switch that is on where the client leaves it out.
    pub(super) const fn on_by_default(self) -> Self {
        Self { default: Some("1"), ..self }
    }
}
