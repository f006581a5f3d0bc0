//! The endpoint table: one row for each endpoint of the Docker Engine API, 20.10 to the newest.
//!
//! Everything that reads operations reads this table: matching, the policy language, the manual.
//! The rows are in one file for each resource, in the order in which the daemon registers them;
//! [`find`] tries them in that order, as the daemon does.

use std::fmt;

use super::field::Kind;
use super::version::ApiVersion;

mod build;
mod buildkit;
mod checkpoint;
mod config;
mod container;
mod debug;
mod distribution;
mod exec;
mod identifier;
mod image;
mod lookup;
mod network;
mod node;
mod plugin;
mod row;
mod secret;
mod service;
mod swarm;
mod system;
mod task;
mod volume;

pub use lookup::{Lookup, find};

/// The resources of the Docker Engine API, in the order in which the daemon registers their routes.
pub static RESOURCES: &[Resource] = &[
    Resource { name: "Checkpoints", heads: &["containers"], rows: checkpoint::ROWS },
    Resource { name: "Containers", heads: &["containers"], rows: container::ROWS },
    Resource { name: "Exec", heads: &["containers", "exec"], rows: exec::ROWS },
    Resource { name: "Images", heads: &["commit", "images"], rows: image::ROWS },
    Resource {
        name: "System",
        heads: &["_ping", "events", "info", "version", "system", "auth"],
        rows: system::ROWS,
    },
    Resource { name: "Volumes", heads: &["volumes"], rows: volume::ROWS },
    Resource { name: "Build", heads: &["build"], rows: build::ROWS },
    Resource { name: "BuildKit", heads: &["session", "grpc"], rows: buildkit::ROWS },
    Resource { name: "Swarm", heads: &["swarm"], rows: swarm::ROWS },
    Resource { name: "Services", heads: &["services"], rows: service::ROWS },
    Resource { name: "Nodes", heads: &["nodes"], rows: node::ROWS },
    Resource { name: "Tasks", heads: &["tasks"], rows: task::ROWS },
    Resource { name: "Secrets", heads: &["secrets"], rows: secret::ROWS },
    Resource { name: "Configs", heads: &["configs"], rows: config::ROWS },
    Resource { name: "Plugins", heads: &["plugins"], rows: plugin::ROWS },
    Resource { name: "Distribution", heads: &["distribution"], rows: distribution::ROWS },
    Resource { name: "Networks", heads: &["networks"], rows: network::ROWS },
    Resource { name: "Debug", heads: &["debug"], rows: debug::ROWS },
];

/// Every endpoint, resource by resource, each in the order in which the daemon registers it.
pub fn endpoints() -> impl Iterator<Item = &'static Endpoint> {
    RESOURCES.iter().flat_map(|resource| resource.rows)
}

/// Those of the resources that have this first path segment, in the same order; some may have another.
pub fn endpoints_near(head: &str) -> impl Iterator<Item = &'static Endpoint> {
    RESOURCES.iter().filter(move |resource| resource.heads.contains(&head)).flat_map(|resource| resource.rows)
}

/// A resource of the Docker Engine API: containers, images, …
#[derive(Debug)]
pub struct Resource {
    /// Its name, as a heading.
    pub name: &'static str,
    /// The first path segments of its endpoints.
    pub heads: &'static [&'static str],
    /// Its endpoints.
    pub rows: &'static [Endpoint],
}

/// One endpoint of the Docker Engine API.
#[derive(Debug, PartialEq, Eq)]
pub struct Endpoint {
    /// The operationId of Docker's API reference (`ContainerList`), or, where the reference does
    /// not know the endpoint, a name in its manner.
    pub id: &'static str,
    /// The HTTP method.
    pub method: Method,
    /// The path as in Docker's API reference, without the version: `/containers/{id}/json`.
    pub template: &'static str,
    /// What each `{…}` of the template names, in order.
    pub identifiers: &'static [Identifier],
    /// Every query parameter that the daemon reads.
    pub parameters: &'static [Parameter],
    /// The request headers, beside framing, that carry meaning here and are sent on.
    pub headers: &'static [Header],
    /// What the request's body is.
    pub body: BodyKind,
    /// How the answer flows.
    pub answer: Answer,
    /// The first API version that has the endpoint.
    pub since: ApiVersion,
    /// The last API version that has it, where it is gone from newer ones.
    pub until: Option<ApiVersion>,
    /// Whether the path carries a version: the debug endpoints of daemons before 28 do not.
    pub versioned: bool,
    /// What the operation does, in one line.
    pub summary: &'static str,
}

/// The HTTP methods of the Docker Engine API.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Method {
    /// `GET`
    Get,
    /// `HEAD`
    Head,
    /// `POST`
    Post,
    /// `PUT`
    Put,
    /// `DELETE`
    Delete,
}

/// What an identifier segment of a path names, and so how it may be spelled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Identifier {
    /// A container: name, full ID or ID prefix; also `name/alias` of a link.
    Container,
    /// An exec instance, by its full ID.
    Exec,
    /// An image: reference or ID; spans slashes.
    Image,
    /// A network: name, ID or ID prefix; may hold slashes.
    Network,
    /// A volume, by name.
    Volume,
    /// A plugin reference; spans slashes.
    Plugin,
    /// A swarm service, node, task, secret or config: ID, ID prefix or name; one segment.
    Swarm,
    /// A checkpoint's name; one segment.
    Checkpoint,
    /// A profile of the daemon's debug pages; one segment.
    Profile,
}

/// A query parameter.
#[derive(Debug, PartialEq, Eq)]
pub struct Parameter {
    /// Its name, case-sensitive as the daemon reads it.
    pub name: &'static str,
    /// How the daemon reads its value.
    pub kind: ParameterKind,
    /// Whether it needs a grant.
    pub guard: Guard,
    /// Values of a guarded parameter that need no grant all the same, as they say no more than leaving it
    /// out does; the Docker CLI writes `networkmode=default` on every build.
    pub harmless: &'static [&'static str],
    /// What the daemon takes it to be where the client leaves it out, if that is not zero. It is read as if the
    /// client had sent that, so that it is judged and sent.
    pub default: Option<&'static str>,
    /// What it does, in one line.
    pub summary: &'static str,
}

/// How the daemon reads the value of a query parameter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ParameterKind {
    /// False only for `""`, `0`, `no`, `false`, `none`, trimmed and in any case (moby `httputils.BoolValue`).
    Bool,
    /// As Go's `strconv.ParseBool`; anything else is an error.
    StrictBool,
    /// A decimal integer of 64 bits.
    Int,
    /// Text; the first value counts.
    Text,
    /// Every value counts.
    List,
    /// A JSON object of filters: `{"label":["a=b"]}` or `{"label":{"a=b":true}}`.
    Filters,
    /// Any JSON value, as text (labels, build arguments, platforms).
    Json,
}

/// Whether something of a request needs a grant of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Guard {
    /// Harmless: allowed with the operation unless a rule constrains it.
    Plain,
    /// It can reach outside the container, consume without bound or hand out secrets; the text says which.
    Guarded(&'static str),
}

/// A request header that carries meaning.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Header {
    /// `X-Registry-Auth`: credentials for one registry.
    RegistryAuth,
    /// `X-Registry-Config`: credentials for many registries, on builds.
    RegistryConfig,
    /// `Accept-Encoding`, where the daemon honours it (archives).
    AcceptEncoding,
    /// `Accept`, where it chooses the stream's format (events and logs of newer daemons).
    Accept,
    /// `X-Docker-Expose-Session-*`: what a build session offers.
    ExposeSession,
}

/// What a request's body is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BodyKind {
    /// None belongs; only an empty one, or an empty JSON value, is let go of.
    None,
    /// JSON: read whole, judged, serialised anew.
    Json {
        /// What it is: a struct, or a list.
        kind: Kind,
        /// Whether the body as a whole needs a grant, whatever is in it.
        guard: Guard,
    },
    /// A tar archive, copied through.
    Tar,
}

/// How an answer flows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// An ordinary answer.
    Plain,
    /// It may go on without end, or come late: events, logs, pull progress, wait.
    Stream,
    /// The connection may become a raw tunnel of this protocol.
    Hijack(Protocol),
}

/// What a hijacked connection is upgraded to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Protocol {
    /// `Upgrade: tcp`: raw or multiplexed container streams.
    Tcp,
    /// `Upgrade: websocket`.
    WebSocket,
    /// `Upgrade: h2c`: the gRPC of `BuildKit`.
    H2c,
}

impl Endpoint {
    /// The query parameter of this name.
    #[must_use]
    pub fn parameter(&self, name: &str) -> Option<&'static Parameter> {
        self.parameters.iter().find(|parameter| parameter.name == name)
    }
}

impl Parameter {
    /// Whether this value, which is not zero, needs a grant.
    #[must_use]
    pub fn guard_of(&self, value: &str) -> Guard {
        if self.harmless.contains(&value) { Guard::Plain } else { self.guard }
    }
}

impl Method {
    /// Every one.
    pub const ALL: [Self; 5] = [Self::Get, Self::Head, Self::Post, Self::Put, Self::Delete];

    /// The method as it stands on a request line.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Head => "HEAD",
            Self::Post => "POST",
            Self::Put => "PUT",
            Self::Delete => "DELETE",
        }
    }

    /// Reads a method; case counts, as it does for the daemon.
    #[must_use]
    pub fn read(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|m| m.as_str() == text)
    }
}

impl Protocol {
    /// Its name in an `Upgrade` header.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Tcp => "tcp",
            Self::WebSocket => "websocket",
            Self::H2c => "h2c",
        }
    }
}

impl fmt::Display for Method {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Display for Endpoint {
    /// `METHOD /template`, as a policy writes it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.method, self.template)
    }
}

#[cfg(test)]
mod tests;
