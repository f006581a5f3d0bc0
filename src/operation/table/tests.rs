//! Tests of the table itself: that it is whole, and that it says of each endpoint what the daemon does.

use std::collections::HashSet;

use super::{
    Answer, ApiVersion, BodyKind, Endpoint, Guard, Identifier, Lookup, Method, Parameter, ParameterKind,
    Protocol, endpoints, find,
};

/// A route of `routes.txt`.
pub(super) struct Route {
    pub(super) method: &'static str,
    pub(super) template: &'static str,
    pub(super) since: &'static str,
}

impl Route {
    pub(super) fn all() -> impl Iterator<Item = Self> {
        include_str!("routes.txt").lines().filter(|line| !line.is_empty() && !line.starts_with('#')).map(
            |line| {
                let mut words = line.split(' ');
                let mut word = || words.next().unwrap_or_else(|| panic!("a route has three words: {line}"));
                Self { method: word(), template: word(), since: word() }
            },
        )
    }

    /// Whether the row is this route; placeholders have other names in Docker's reference.
    fn is(&self, row: &Endpoint) -> bool {
        self.method == row.method.as_str() && anonymous(self.template) == anonymous(row.template)
    }
}

/// A template with its placeholders reduced to `{}`.
pub(super) fn anonymous(template: &str) -> String {
    let pieces: Vec<_> =
        template.split('/').map(|piece| if piece.starts_with('{') { "{}" } else { piece }).collect();
    pieces.join("/")
}

fn parameters() -> impl Iterator<Item = (&'static Endpoint, &'static Parameter)> {
    endpoints().flat_map(|row| row.parameters.iter().map(move |parameter| (row, parameter)))
}

#[test]
fn every_route_of_the_daemon_is_a_row() {
    for route in Route::all() {
        let rows: Vec<_> = endpoints().filter(|row| route.is(row)).collect();
        assert_eq!(rows.len(), 1, "{} {}", route.method, route.template);
        let since = match route.since {
            "-" => ApiVersion::OLDEST.to_string(),
            since => since.to_owned(),
        };
        assert_eq!(rows[0].since.to_string(), since, "{}", rows[0]);
        assert_eq!(rows[0].spans(), route.template.contains(":."), "{}", rows[0]);
    }
    assert_eq!(endpoints().count(), Route::all().count());
    assert_eq!(endpoints().count(), 121);
}

#[test]
fn ids_are_unique_and_spelled_like_operation_ids() {
    let mut seen = HashSet::new();
    for row in endpoints() {
        assert!(seen.insert(row.id), "{} twice", row.id);
        assert!(row.id.starts_with(|c: char| c.is_ascii_uppercase()), "{}", row.id);
        assert!(row.id.bytes().all(|b| b.is_ascii_alphanumeric()), "{}", row.id);
    }
}

#[test]
fn every_row_is_found_by_its_own_template() {
    for row in endpoints() {
        let segments: Vec<&str> = row
            .template
            .split('/')
            .skip(1)
            .map(|piece| if piece.starts_with('{') { "x" } else { piece })
            .collect();
        let expected =
            Lookup::Found { endpoint: row, identifiers: vec!["x".to_owned(); row.identifiers.len()] };
        assert_eq!(find(row.method, &segments), expected);
    }
}

#[test]
fn placeholders_have_an_identifier_each() {
    for row in endpoints() {
        let placeholders =
            row.template.split('/').filter(|piece| piece.starts_with('{') && piece.ends_with('}'));
        assert_eq!(placeholders.count(), row.identifiers.len(), "{row}");
        let spanning = row.identifiers.iter().filter(|kind| !matches!(kind, Identifier::Checkpoint)).count();
        assert!(spanning <= 1, "{row}: which of the two would span?");
    }
}

#[test]
fn everything_is_documented_in_one_manner() {
    let sentence =
        |text: &str| text.starts_with(|c: char| c.is_uppercase() || c.is_ascii_digit() || c == '`');
    let clause = |text: &str| text.starts_with(|c: char| c.is_lowercase());
    for row in endpoints() {
        assert!(sentence(row.summary) && !row.summary.ends_with('.'), "{row}: {}", row.summary);
        if let BodyKind::Json { guard: Guard::Guarded(reason), .. } = row.body {
            assert!(clause(reason) && !reason.ends_with('.'), "{row}: {reason}");
        }
    }
    for (row, parameter) in parameters() {
        let place = format!("{row}?{}", parameter.name);
        assert!(sentence(parameter.summary) && !parameter.summary.ends_with('.'), "{place}");
        match parameter.guard {
            Guard::Plain => assert!(parameter.harmless.is_empty(), "{place}"),
            Guard::Guarded(reason) => assert!(clause(reason) && !reason.ends_with('.'), "{place}: {reason}"),
        }
    }
}

#[test]
fn a_parameter_stands_once_in_its_row() {
    for row in endpoints() {
        let mut seen = HashSet::new();
        assert!(row.parameters.iter().all(|parameter| seen.insert(parameter.name)), "{row}");
    }
}

#[test]
fn what_is_dangerous_is_guarded_wherever_it_occurs() {
    const DANGEROUS: &[&str] = &[
        "buildargs",
        "cachefrom",
        "cgroupparent",
        "changes",
        "checkpoint",
        "checkpoint-dir",
        "details",
        "dir",
        "extrahosts",
        "fromSrc",
        "networkmode",
        "outputs",
        "ps_args",
        "remote",
        "seconds",
        "securityopt",
        "session",
        "shmsize",
        "stdin",
        "ulimits",
    ];
    // Here it is what the operation is about: without it there is none.
    const THE_OPERATION_ITSELF: &[&str] = &["GetPluginPrivileges", "PluginPull", "PluginUpgrade"];
    let mut met = HashSet::new();
    for (row, parameter) in parameters().filter(|(_, parameter)| DANGEROUS.contains(&parameter.name)) {
        met.insert(parameter.name);
        if !THE_OPERATION_ITSELF.contains(&row.id) {
            assert_ne!(parameter.guard, Guard::Plain, "{row}?{}", parameter.name);
        }
    }
    assert_eq!(met.len(), DANGEROUS.len(), "a name in the list is in no row");
}

#[test]
fn ordinary_options_are_plain() {
    const ORDINARY: &[&str] =
        &["all", "filters", "follow", "force", "limit", "path", "signal", "size", "t", "tail", "v"];
    for (row, parameter) in parameters().filter(|(_, parameter)| ORDINARY.contains(&parameter.name)) {
        assert_eq!(parameter.guard, Guard::Plain, "{row}?{}", parameter.name);
    }
}

#[test]
fn a_harmless_value_needs_no_grant() {
    let endpoint = endpoints().find(|row| row.id == "ImageBuild").unwrap();
    let network = endpoint.parameter("networkmode").unwrap();
    assert_eq!(network.guard_of("default"), Guard::Plain);
    assert_eq!(network.guard_of("none"), Guard::Plain);
    for value in ["host", "Default", "default ", "container:x", "bridge"] {
        assert_eq!(network.guard_of(value), network.guard, "{value}");
    }
    assert_eq!(endpoint.parameter("nosuch"), None);
}

#[test]
fn reading_takes_no_body() {
    for row in endpoints().filter(|row| matches!(row.method, Method::Get | Method::Head | Method::Delete)) {
        assert_eq!(row.body, BodyKind::None, "{row}");
    }
}

#[test]
fn tunnels_are_where_the_daemon_hijacks() {
    let tunnels: Vec<_> = endpoints()
        .filter_map(|row| match row.answer {
            Answer::Hijack(protocol) => Some((row.id, protocol)),
            Answer::Plain | Answer::Stream => None,
        })
        .collect();
    assert_eq!(
        tunnels,
        [
            ("ContainerAttachWebsocket", Protocol::WebSocket),
            ("ContainerAttach", Protocol::Tcp),
            ("ExecStart", Protocol::Tcp),
            ("Session", Protocol::H2c),
            ("Grpc", Protocol::H2c),
        ]
    );
}

#[test]
fn filters_are_read_as_filters() {
    for (row, parameter) in parameters().filter(|(_, parameter)| parameter.name == "filters") {
        assert_eq!(parameter.kind, ParameterKind::Filters, "{row}");
    }
}
