//! Finding the endpoint of a path, as the daemon's router does: the first row that matches.

use std::sync::LazyLock;

use super::{Endpoint, Identifier, Method, RESOURCES, Resource};

/// The resources in the order of the table, each with its rows.
static ROWS: LazyLock<Vec<(&Resource, Vec<Row>)>> = LazyLock::new(|| {
    let rows = |resource: &'static Resource| resource.rows.iter().map(Row::of).collect();
    RESOURCES.iter().map(|resource| (resource, rows(resource))).collect()
});

/// A row with its template taken apart.
struct Row {
    endpoint: &'static Endpoint,
    pieces: Vec<&'static str>,
    spans: bool,
}

/// What a method and a path mean.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Lookup {
    /// An endpoint.
    Found {
        /// The endpoint.
        endpoint: &'static Endpoint,
        /// What stands for each placeholder of its template, in order.
        identifiers: Vec<String>,
    },
    /// An endpoint, but something named in the path cannot be a name.
    BadIdentifier {
        /// The endpoint.
        endpoint: &'static Endpoint,
        /// What cannot be a name.
        identifier: String,
        /// How one is spelled.
        what: &'static str,
        /// Whether it is spelled as an image's reference is: clients look for what they are given as a container, an
        /// image, a volume and so on, until it is found.
        is_reference: bool,
    },
    /// The path is known, but not with this method.
    MethodNotKnown {
        /// The methods that it is known with.
        methods: Vec<Method>,
    },
    /// The path is not known.
    NotFound,
}

/// Finds the endpoint of a path, given as its decoded segments without the version.
#[must_use]
pub fn find(method: Method, segments: &[&str]) -> Lookup {
    match candidates(segments).find(|row| row.endpoint.method == method && matches(row, segments)) {
        Some(row) => capture(row, segments),
        None => elsewhere(segments),
    }
}

/// The rows of the resources that have the first segment.
fn candidates(segments: &[&str]) -> impl Iterator<Item = &'static Row> {
    let head = segments.first().copied().unwrap_or_default();
    ROWS.iter().filter(move |(resource, _)| resource.heads.contains(&head)).flat_map(|(_, rows)| rows)
}

fn matches(row: &Row, segments: &[&str]) -> bool {
    walk(row, segments, |_, _| ())
}

fn capture(row: &Row, segments: &[&str]) -> Lookup {
    let endpoint = row.endpoint;
    let mut identifiers = Vec::with_capacity(endpoint.identifiers.len());
    let mut bad = None;
    walk(row, segments, |identifier, named| {
        let what = identifier.fault(named);
        let spelled = named.join("/");
        if let (Some(what), None) = (what, &bad) {
            let is_reference = Identifier::Image.fault(named).is_none();
            bad = Some((spelled, what, is_reference));
        } else {
            identifiers.push(spelled);
        }
    });
    match bad {
        Some((identifier, what, is_reference)) => {
            Lookup::BadIdentifier { endpoint, identifier, what, is_reference }
        }
        None => Lookup::Found { endpoint, identifiers },
    }
}

fn elsewhere(segments: &[&str]) -> Lookup {
    let mut methods: Vec<Method> =
        candidates(segments).filter(|row| matches(row, segments)).map(|row| row.endpoint.method).collect();
    methods.sort_unstable();
    methods.dedup();
    if methods.is_empty() { Lookup::NotFound } else { Lookup::MethodNotKnown { methods } }
}

/// Lays a template over a path and calls `named` with the segments of each identifier. False if the path
/// does not match; `named` may then have been called for a beginning that did.
fn walk<'s>(row: &Row, segments: &'s [&'s str], mut named: impl FnMut(Identifier, &'s [&'s str])) -> bool {
    // What is left over when each piece has its segment falls to the identifier that spans several.
    let Some(surplus) = segments.len().checked_sub(row.pieces.len()) else { return false };
    if surplus > 0 && !row.spans {
        return false;
    }
    let mut identifiers = row.endpoint.identifiers.iter();
    let mut rest = segments;
    for piece in &row.pieces {
        let is_identifier = piece.starts_with('{');
        let width = if is_identifier { surplus.saturating_add(1) } else { 1 };
        let Some((taken, after)) = rest.split_at_checked(width) else { return false };
        rest = after;
        if is_identifier {
            let Some(identifier) = identifiers.next() else { return false };
            named(*identifier, taken);
        } else if taken != [*piece] {
            return false;
        }
    }
    rest.is_empty()
}

impl Row {
    fn of(endpoint: &'static Endpoint) -> Self {
        let pieces = endpoint.template.split('/').skip(1).collect();
        Self { endpoint, pieces, spans: endpoint.spans() }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::LazyLock;

    use proptest::prelude::*;
    use regex::Regex;

    use super::super::tests::{Route, anonymous};
    use super::*;

    fn look(method: Method, path: &str) -> Lookup {
        find(method, &path.split('/').skip(1).collect::<Vec<_>>())
    }

    /// The id of the endpoint and the identifiers, or the rest of the answer.
    fn told(method: Method, path: &str) -> String {
        match look(method, path) {
            Lookup::Found { endpoint, identifiers } if identifiers.is_empty() => endpoint.id.to_owned(),
            Lookup::Found { endpoint, identifiers } => format!("{} {}", endpoint.id, identifiers.join(" ")),
            Lookup::BadIdentifier { endpoint, identifier, .. } => {
                format!("{} but {identifier:?}", endpoint.id)
            }
            Lookup::MethodNotKnown { methods } => format!("only {methods:?}"),
            Lookup::NotFound => "none".to_owned(),
        }
    }

    #[test]
    fn the_first_row_that_matches_wins() {
        use Method::{Delete, Get, Head, Post, Put};
        for (method, path, expected) in [
            (Delete, "/containers/x/checkpoints/y", "CheckpointDelete x y"),
            (Delete, "/containers/x/checkpoints", "ContainerDelete x/checkpoints"),
            (Delete, "/containers/a/b/checkpoints/c", "ContainerDelete but \"a/b/checkpoints/c\""),
            (Delete, "/containers/json", "ContainerDelete json"),
            (Delete, "/containers/web/db", "ContainerDelete web/db"),
            (Get, "/containers/json", "ContainerList"),
            (Get, "/containers/json/json", "ContainerInspect json"),
            (Get, "/containers/a/b/json", "ContainerInspect a/b"),
            (Get, "/containers/x/attach/ws", "ContainerAttachWebsocket x"),
            (Head, "/containers/x/archive", "ContainerArchiveInfo x"),
            (Put, "/containers/x/archive", "PutContainerArchive x"),
            (Post, "/containers/create", "ContainerCreate"),
            (Post, "/containers/create/start", "ContainerStart create"),
            (Get, "/images/get", "ImageGetAll"),
            (Get, "/images/get/get", "ImageGet get"),
            (Get, "/images/search", "ImageSearch"),
            (Get, "/images/json", "ImageList"),
            (Get, "/images/json/json", "ImageInspect json"),
            (Get, "/images/a/b/c/json", "ImageInspect a/b/c"),
            (Get, "/images/localhost:5000/a@sha256:00/json", "ImageInspect localhost:5000/a@sha256:00"),
            (Get, "/images/[::1]:5000/a/json", "ImageInspect [::1]:5000/a"),
            (Delete, "/images/search", "ImageDelete search"),
            (Get, "/plugins/privileges", "GetPluginPrivileges"),
            (Get, "/plugins/privileges/json", "PluginInspect privileges"),
            (Get, "/distribution/library/alpine/json", "DistributionInspect library/alpine"),
            (Get, "/networks/a/b", "NetworkInspect a/b"),
            (Get, "/networks/my net", "NetworkInspect my net"),
            (Get, "/volumes/create", "VolumeInspect create"),
            (Post, "/volumes/create", "VolumeCreate"),
            (Get, "/debug/pprof/heap", "DebugPprofNamed heap"),
            (Get, "/debug/pprof/trace", "DebugPprofTrace"),
            (Get, "/debug/pprof/", "DebugPprofIndex"),
            (Post, "/commit", "ImageCommit"),
        ] {
            assert_eq!(told(method, path), expected, "{method} {path}");
        }
    }

    #[test]
    fn what_cannot_be_a_name_is_told_with_its_endpoint() {
        use Method::{Delete, Get, Post};
        for (method, path, expected) in [
            (Post, "/containers/-x/start", "ContainerStart but \"-x\""),
            (Post, "/containers/a b/start", "ContainerStart but \"a b\""),
            (Post, "/containers/x\n/start", "ContainerStart but \"x\\n\""),
            (Post, "/containers/é/start", "ContainerStart but \"é\""),
            (Post, "/containers/a/b/c/start", "ContainerStart but \"a/b/c\""),
            (Delete, "/containers/web/.", "ContainerDelete but \"web/.\""),
            (Delete, "/containers/x/checkpoints/.y", "CheckpointDelete but \".y\""),
            (Get, "/exec/a/b/json", "ExecInspect but \"a/b\""),
            (Get, "/images/../json", "ImageInspect but \"..\""),
            (Get, "/images/a/./json", "ImageInspect but \"a/.\""),
            (Get, "/images/a%b/json", "ImageInspect but \"a%b\""),
            (Get, "/images/a?b/json", "ImageInspect but \"a?b\""),
            (Get, "/volumes/a/b", "VolumeInspect but \"a/b\""),
            (Get, "/volumes/", "VolumeInspect but \"\""),
            (Delete, "/networks/", "NetworkDelete but \"\""),
            (Get, "/networks/a\u{7f}", "NetworkInspect but \"a\\u{7f}\""),
            (Get, "/networks/..", "NetworkInspect but \"..\""),
            (Get, "/services/.x", "ServiceInspect but \".x\""),
            (Get, "/debug/pprof/-", "DebugPprofNamed but \"-\""),
        ] {
            assert_eq!(told(method, path), expected, "{method} {path:?}");
        }
    }

    #[test]
    fn what_the_daemon_does_not_route_is_not_found() {
        use Method::{Get, Head, Post, Put};
        for (method, path, expected) in [
            (Get, "/", "none"),
            (Get, "/containers", "none"),
            (Get, "/Containers/json", "none"),
            (Get, "/containers/x", "only [Delete]"),
            (Get, "/services/a/b", "none"),
            (Get, "/debug/pprof", "none"),
            (Get, "/debug/pprof/a/b", "none"),
            (Get, "/_ping/x", "none"),
            (Get, "/nosuch", "none"),
            (Head, "/containers/json", "only [Get, Delete]"),
            (Post, "/_ping", "only [Get, Head]"),
            (Put, "/volumes", "only [Get]"),
            (Get, "/v1.41/containers/json", "none"),
        ] {
            assert_eq!(told(method, path), expected, "{method} {path}");
        }
        assert_eq!(find(Get, &[]), Lookup::NotFound);
    }

    /// The daemon's router: its templates as the regular expressions that it makes of them, first match wins.
    static ROUTER: LazyLock<Vec<(&str, Regex, String)>> = LazyLock::new(|| {
        Route::all()
            .map(|route| {
                let pattern: Vec<_> = route
                    .template
                    .split('/')
                    .map(|piece| match piece {
                        _ if piece.ends_with(":.*}") => "(.*)",
                        _ if piece.ends_with(":.+}") => "(.+)",
                        _ if piece.starts_with('{') => "([^/]+)",
                        _ => piece,
                    })
                    .collect();
                let pattern = format!("^{}$", pattern.join("/"));
                (
                    route.method,
                    Regex::new(&pattern).expect("a template is a pattern"),
                    anonymous(route.template),
                )
            })
            .collect()
    });

    proptest! {
        /// Whatever is asked, the endpoint and its identifiers are those that the daemon takes.
        #[test]
        fn the_endpoint_is_the_one_that_the_daemon_takes(
            method in prop::sample::select(vec![Method::Get, Method::Head, Method::Post, Method::Put, Method::Delete]),
            head in prop::sample::select(vec![
                "containers", "exec", "images", "volumes", "networks", "plugins", "services", "distribution", "debug",
                "commit", "build", "x",
            ]),
            tail in prop::collection::vec(prop::sample::select(vec![
                "json", "create", "prune", "checkpoints", "archive", "attach", "ws", "start", "get", "search", "push",
                "connect", "update", "logs", "privileges", "enable", "pprof", "vars", "exec", "x", "y",
            ]), 0..5),
        ) {
            let segments: Vec<&str> = [head].into_iter().chain(tail).collect();
            let path = format!("/{}", segments.join("/"));
            let expected = ROUTER.iter().find_map(|(routed, pattern, template)| {
                let captures = pattern.captures(&path).filter(|_| *routed == method.as_str())?;
                let named: Vec<_> = captures.iter().skip(1).flatten().map(|m| m.as_str().to_owned()).collect();
                Some((template.clone(), named))
            });
            let found = match find(method, &segments) {
                Lookup::Found { endpoint, identifiers } => Some((anonymous(endpoint.template), identifiers)),
                // The daemon takes the row too, and finds nothing of that name.
                Lookup::BadIdentifier { endpoint, identifier, .. } => {
                    Some((anonymous(endpoint.template), vec![identifier]))
                }
                Lookup::MethodNotKnown { .. } | Lookup::NotFound => None,
            };
            prop_assert_eq!(found, expected);
        }
    }
}
