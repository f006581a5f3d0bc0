//! Tests of the field table: that it is whole, that it says of each field what the daemon does, and that
//! what harmless containers need is plain.

use std::collections::HashSet;

use super::super::facts::Facts;
use super::super::meaning::Context;
use super::super::table::{BodyKind, Endpoint, endpoints};
use super::super::version::ApiVersion;
use super::{Field, Guard, Kind, Part};

mod clients;
mod folding;
mod used;

fn endpoint(id: &str) -> &'static Endpoint {
    endpoints().find(|endpoint| endpoint.id == id).unwrap_or_else(|| panic!("{id}"))
}

/// What meanings hang on, for a body of this endpoint in the newest version.
fn context(endpoint: &'static Endpoint) -> Context<'static> {
    const NO_FACTS: &Facts = &Facts::NONE;
    Context { endpoint, version: ApiVersion::NEWEST, newest: ApiVersion::NEWEST, facts: NO_FACTS }
}

fn kind_of(endpoint: &Endpoint) -> Option<Kind> {
    match endpoint.body {
        BodyKind::Json { kind, guard: _ } => Some(kind),
        BodyKind::None | BodyKind::Tar => None,
    }
}

/// Calls `see` with each struct of the bodies, and the operation that it stands in.
fn each_struct(mut see: impl FnMut(&str, &'static [Part])) {
    fn within(kind: Kind, id: &str, see: &mut impl FnMut(&str, &'static [Part])) {
        match kind {
            Kind::List(inner) | Kind::Map(inner) => within(*inner, id, see),
            Kind::Struct(parts) => {
                see(id, parts);
                kind.fields().for_each(|(_, field)| within(field.kind, id, see));
            }
            Kind::Bool
            | Kind::Int
            | Kind::Uint
            | Kind::Float
            | Kind::Text
            | Kind::Bytes
            | Kind::StrSlice
            | Kind::Any => {}
        }
    }
    for endpoint in endpoints() {
        if let Some(kind) = kind_of(endpoint) {
            within(kind, endpoint.id, &mut see);
        }
    }
}

fn each_field(mut see: impl FnMut(&str, &'static Part, &'static Field)) {
    each_struct(|id, parts| Kind::Struct(parts).fields().for_each(|(part, field)| see(id, part, field)));
}

/// What stands at a path of `fields.txt`.
fn at(kind: Kind, path: &str) -> Option<Kind> {
    path.split('.').try_fold(kind, |kind, step| {
        let end = step.find(['[', '{']).unwrap_or(step.len());
        let (name, mut brackets) = step.split_at(end);
        let mut kind =
            if name.is_empty() { kind } else { kind.fields().find(|(_, field)| field.name == name)?.1.kind };
        while let Some((bracket, rest)) = brackets.split_at_checked(2) {
            kind = match (kind, bracket) {
                (Kind::List(inner), "[]") | (Kind::Map(inner), "{}") => *inner,
                (Kind::StrSlice, "[]") => Kind::Text,
                _ => return None,
            };
            brackets = rest;
        }
        Some(kind)
    })
}

#[test]
fn every_field_of_the_daemon_is_in_the_table() {
    let mut kinds = Vec::new();
    let mut count = 0;
    for line in include_str!("fields.txt").lines().filter(|line| !line.starts_with('#')) {
        let Some(line) = line.strip_prefix("  ") else {
            kinds = line
                .split(' ')
                .filter(|id| !id.is_empty())
                .map(|id| kind_of(endpoint(id)).unwrap())
                .collect();
            continue;
        };
        let (path, expected) = line.split_once(' ').unwrap();
        for kind in &kinds {
            let found = match at(*kind, path) {
                Some(Kind::Bool) => "bool",
                Some(Kind::Int) => "int",
                Some(Kind::Uint) => "uint",
                Some(Kind::Float) => "float",
                Some(Kind::Text) => "text",
                Some(Kind::Bytes) => "bytes",
                Some(Kind::Struct([])) => "struct",
                other => panic!("{path}: {other:?}"),
            };
            assert_eq!(found, expected, "{path}");
            count += 1;
        }
    }
    assert!(count > 600, "{count}");
}

#[test]
fn a_struct_has_no_two_fields_that_fold_to_one() {
    each_struct(|id, parts| {
        let mut seen = HashSet::new();
        for (_, field) in Kind::Struct(parts).fields() {
            assert!(field.name.is_ascii(), "{id}: {}", field.name);
            assert!(seen.insert(field.name.to_ascii_lowercase()), "{id}: {} twice", field.name);
        }
    });
}

#[test]
fn every_field_is_documented_in_one_manner() {
    let sentence = |text: &str| {
        text.starts_with(|c: char| c.is_uppercase() || c == '`')
            && !text.ends_with('.')
            && !text.contains('|')
    };
    let clause = |text: &str| text.starts_with(|c: char| c.is_lowercase()) && !text.ends_with('.');
    each_field(|id, part, field| {
        assert!(sentence(field.summary), "{id}: {}", field.name);
        match part.guard_of(field) {
            Guard::Plain => assert!(field.harmless.is_empty(), "{id}: {}", field.name),
            Guard::Guarded(reason) => assert!(clause(reason), "{id}: {}: {reason}", field.name),
        }
        if let (Some(since), Some(until)) = (field.since, field.until) {
            assert!(since <= until, "{id}: {}", field.name);
        }
    });
}

#[test]
fn what_is_dangerous_is_guarded_wherever_it_occurs() {
    const DANGEROUS: &[&str] = &[
        "Annotations",
        "Binds",
        "CapAdd",
        "CapabilityAdd",
        "CgroupParent",
        "CgroupnsMode",
        "CheckpointDir",
        "DeviceCgroupRules",
        "DeviceRequests",
        "Devices",
        "DriverOpts",
        "EndpointsConfig",
        "ExtraHosts",
        "IpcMode",
        "Links",
        "MaskedPaths",
        "Mounts",
        "NetworkID",
        "NetworkMode",
        "OomScoreAdj",
        "PidMode",
        "PluginSpec",
        "PortBindings",
        "Privileged",
        "PublishAllPorts",
        "ReadonlyPaths",
        "Runtime",
        "SecurityOpt",
        "ShmSize",
        "Sysctls",
        "Tmpfs",
        "UTSMode",
        "Ulimits",
        "UsernsMode",
        "VolumesFrom",
    ];
    // Part of what is guarded as a whole: the networks of a service, the configs of one.
    const WITHIN: &[&str] = &["DriverOpts", "Runtime"];
    let mut met = HashSet::new();
    each_field(|id, part, field| {
        if DANGEROUS.contains(&field.name) && part.guard_of(field) != Guard::Plain {
            met.insert(field.name);
        } else if DANGEROUS.contains(&field.name) {
            assert!(WITHIN.contains(&field.name), "{id}: {}", field.name);
        }
    });
    assert_eq!(met.len(), DANGEROUS.len(), "a name in the list is in no row");
}

#[test]
fn a_body_is_guarded_as_a_whole_only_where_it_is_the_danger() {
    let whole: Vec<_> = endpoints()
        .filter(|row| matches!(row.body, BodyKind::Json { guard: Guard::Guarded(_), .. }))
        .map(|row| row.id)
        .collect();
    assert_eq!(
        whole,
        [
            "CheckpointCreate",
            "ContainerCopy",
            "SystemAuth",
            "SwarmInit",
            "SwarmJoin",
            "SwarmUpdate",
            "SwarmUnlock",
            "PluginPull",
            "PluginUpgrade",
            "PluginSet"
        ]
    );
}
