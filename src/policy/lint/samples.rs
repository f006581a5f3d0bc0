//! Texts that a condition on a field may let through: made from its own patterns, for a path must begin and end as they do
//! to be among them.

use std::collections::BTreeSet;

use regex_syntax::hir::Hir;
use regex_syntax::hir::literal::{ExtractKind, Extractor};

use crate::operation::meaning::{Aspect, Reading, readings_in};
use crate::policy::body::FieldCondition;
use crate::policy::condition::Condition;
use crate::policy::draft::Quantifier;
use crate::policy::pattern::Expression;

/// Fields that hold a path of the host and are read with what they stand in.
const WITHIN: [(&str, Aspect); 3] = [
    ("Mounts.Source", Aspect::HostPaths),
    ("DriverConfig.Options", Aspect::HostPaths),
    ("Devices.PathOnHost", Aspect::Devices),
];

/// What climbs out of a directory, wherever in its name a pattern goes on.
const CLIMBS: [&str; 4] = ["..", "/..", "../etc", "/../etc"];
/// What stands behind a path where an expression does not say it.
const USUAL_ENDS: [&str; 3] = ["", ":/x", ":/x:ro"];

/// As what paths of the host are meant that the field holds as texts.
pub(super) fn paths_held(field: &FieldCondition) -> Option<Aspect> {
    let within = WITHIN.iter().find(|(end, _)| {
        field.path.strip_suffix(end).is_some_and(|above| above.is_empty() || above.ends_with('.'))
    });
    let is_read = |reading: &Reading| {
        matches!(reading, Reading::Binds | Reading::HostDirectory | Reading::VolumeOptions)
    };
    let mut readings = field.places.values().flat_map(|(_, found)| readings_in(found.field));
    within
        .map(|(_, aspect)| *aspect)
        .or_else(|| readings.any(|one| is_read(&one)).then_some(Aspect::HostPaths))
}

/// Whether the condition lets a path through that has `..` in it, which leads out of whatever it begins with. The daemon
/// follows it.
pub(super) fn climbs(condition: &Condition) -> bool {
    match condition {
        Condition::Texts(globs) => globs.iter().any(|glob| has_climb(&glob.filled("/../", '.'))),
        Condition::Expression(expression) => climbing(expression).iter().any(|text| has_climb(text)),
        Condition::Elements(Quantifier::Every, inner) => climbs(inner),
        Condition::Elements(Quantifier::Some, _)
        | Condition::Any
        | Condition::Unused
        | Condition::Numbers(_) => false,
    }
}

/// Whether a bind, an option of a volume or a path leads up from a directory.
fn has_climb(text: &str) -> bool {
    let path = text.strip_prefix("device=").unwrap_or(text);
    let path = path.split(':').next().unwrap_or_default();
    path.starts_with('/') && path.split('/').any(|segment| segment == "..")
}

/// Texts of the expression that might.
fn climbing(expression: &Expression) -> Vec<String> {
    let beginnings = literals(expression, ExtractKind::Prefix);
    let ends = literals(expression, ExtractKind::Suffix);
    let ends: Vec<&str> = USUAL_ENDS.into_iter().chain(ends.iter().map(String::as_str)).collect();
    let texts = beginnings.iter().map(String::as_str).chain([""]).flat_map(|beginning| {
        CLIMBS.iter().flat_map({
            let ends = &ends;
            move |climb| ends.iter().map(move |end| [beginning, climb, end].concat())
        })
    });
    texts.filter(|text| expression.matches(text)).collect()
}

/// What may stand behind a path in texts of the condition, each once: `:/target`, with options or without.
pub(super) fn ends(condition: &Condition) -> BTreeSet<String> {
    let end = |text: &str| text.split_once(':').map(|(_, end)| format!(":{end}"));
    match condition {
        Condition::Texts(globs) => globs.iter().filter_map(|glob| end(&glob.filled("x", 'x'))).collect(),
        Condition::Expression(expression) => {
            literals(expression, ExtractKind::Suffix).iter().filter_map(|text| end(text)).collect()
        }
        Condition::Elements(_, inner) => ends(inner),
        Condition::Any | Condition::Unused | Condition::Numbers(_) => BTreeSet::new(),
    }
}

/// The texts with which those of an expression begin or end, as far as it spells them.
fn literals(expression: &Expression, kind: ExtractKind) -> Vec<String> {
    let parser =
        regex_syntax::ParserBuilder::new().unicode(false).utf8(false).build().parse(expression.source());
    let found = |hir: Hir| Extractor::new().kind(kind).extract(&hir);
    let literals = parser.map(found).ok().and_then(|found| found.literals().map(<[_]>::to_vec));
    let text =
        |literal: &regex_syntax::hir::literal::Literal| String::from_utf8(literal.as_bytes().to_vec()).ok();
    literals.iter().flatten().filter_map(text).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::pattern::Glob;

    fn texts(text: &str) -> Condition {
        Condition::Texts(vec![Glob::new(text)])
    }

    fn expression(text: &str) -> Condition {
        Condition::Expression(Expression::new(text).unwrap())
    }

    #[test]
    fn a_wildcard_in_a_path_takes_the_way_up() {
        for (text, expected) in [
            ("/data/*:/x", true),
            ("/data/??:/x", true),
            ("/data*", true),
            ("*:/x", true),
            ("/data/a*b/c", true),
            ("device=/data/*", true),
            ("/data/?:/x", false),
            ("/data:/x", false),
            ("/data:*", false),
            ("app-*:/x", false),
            ("type=*", false),
        ] {
            assert_eq!(climbs(&texts(text)), expected, "{text}");
        }
        for (text, expected) in [
            ("/data/.*", true),
            ("/data/[^:]+:/x", true),
            ("(/data|/srv)/[^/]+:/target(:ro)?", true),
            ("/data/[^/]+", true),
            (".*", true),
            ("/data/[a-z]+:/x", false),
            ("[a-z.]+:/x", false),
        ] {
            assert_eq!(climbs(&expression(text)), expected, "{text}");
        }
    }

    #[test]
    fn what_stands_behind_a_path_is_taken_from_the_pattern() {
        for (condition, expected) in [
            (texts("/etc:/host/etc:ro"), &[":/host/etc:ro"][..]),
            (texts("/etc:*"), &[":x"]),
            (expression("/(etc|usr):/host"), &[":/host"]),
            (texts("/etc"), &[]),
        ] {
            let found = ends(&condition);
            assert_eq!(found.iter().map(String::as_str).collect::<Vec<_>>(), expected);
        }
    }
}
