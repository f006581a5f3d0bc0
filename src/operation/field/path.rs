//! Paths of fields, as a policy writes them: `HostConfig.Binds`.

use std::fmt;

use super::{Field, Guard, Kind};
use crate::operation::version::ApiVersion;

/// A field of a body, by the way to it: names in canonical spelling, without indices and the keys of maps.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct FieldPath {
    steps: Vec<String>,
    /// Where older daemons look for it as well.
    other: Option<Vec<String>>,
}

/// A field found at a path.
#[derive(Clone, Copy, Debug)]
pub struct Found {
    /// Its row.
    pub field: &'static Field,
    /// Whether it needs a grant there.
    pub guard: Guard,
    /// The first API version in which it is there, with all that it stands in.
    pub since: Option<ApiVersion>,
}

impl FieldPath {
    /// The path in a body of this kind, in whatever case it is written. None where no field is there.
    #[must_use]
    pub fn find(root: Kind, text: &str) -> Option<(Self, Found)> {
        let mut steps = Vec::new();
        let mut kind = root;
        let mut found: Option<Found> = None;
        for step in text.split('.') {
            let (part, field) = kind.innermost().field(step)?;
            // Where it stands beside the field that it belongs in, it is called by that.
            if let (true, Some(above)) = (steps.is_empty(), part.same_as) {
                steps.push(above.to_owned());
            }
            steps.push(field.name.to_owned());
            let guard = match (part.guard_of(field), found) {
                (Guard::Plain, Some(above)) => above.guard,
                (guard, _) => guard,
            };
            let since = found.and_then(|found| found.since).max(field.since);
            found = Some(Found { field, guard, since });
            kind = field.kind;
        }
        let other = other_spelling(root, &steps);
        Some((Self { steps, other }, found?))
    }

    /// The ways to it.
    pub(in crate::operation) fn spellings(&self) -> impl Iterator<Item = &[String]> {
        std::iter::once(self.steps.as_slice()).chain(self.other.as_deref())
    }

    /// Whether it is called this, in whatever case, from the root or from where older daemons look for it.
    #[must_use]
    pub fn is_called(&self, name: &str) -> bool {
        self.spellings().any(|steps| steps.join(".").eq_ignore_ascii_case(name))
    }

    /// The way to it in canonical spelling.
    pub(in crate::operation) fn steps(&self) -> &[String] {
        &self.steps
    }
}

/// Where older daemons look for a field as well: beside the one that it belongs in.
fn other_spelling(root: Kind, steps: &[String]) -> Option<Vec<String>> {
    let (above, below) = steps.split_first()?;
    let first = below.first()?;
    let mut fields = root.fields();
    let is_there = fields.any(|(part, field)| part.same_as == Some(above) && field.name == first);
    is_there.then(|| below.to_vec())
}

impl fmt::Display for FieldPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.steps.join("."))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::operation::field::{container, service};

    #[test]
    fn a_path_is_found_in_any_case_and_written_in_one() {
        for (kind, text, expected) in [
            (container::CREATE, "HostConfig.Binds", "HostConfig.Binds"),
            (container::CREATE, "hostconfig.binds", "HostConfig.Binds"),
            (container::CREATE, "Binds", "HostConfig.Binds"),
            (
                container::CREATE,
                "HostConfig.Mounts.VolumeOptions.DriverConfig.Options",
                "HostConfig.Mounts.VolumeOptions.DriverConfig.Options",
            ),
            (
                container::CREATE,
                "NetworkingConfig.EndpointsConfig.Aliases",
                "NetworkingConfig.EndpointsConfig.Aliases",
            ),
            (service::SPEC, "TaskTemplate.ContainerSpec.Image", "TaskTemplate.ContainerSpec.Image"),
        ] {
            let (path, _) = FieldPath::find(kind, text).unwrap();
            assert_eq!(path.to_string(), expected, "{text}");
        }
        for text in ["", "HostConfig.", "HostConfig.Nope", "Env.x", ".Env"] {
            assert!(FieldPath::find(container::CREATE, text).is_none(), "{text}");
        }
    }

    #[test]
    fn what_older_daemons_read_at_the_top_is_the_same_field() {
        let (path, found) = FieldPath::find(container::CREATE, "HostConfig.LogConfig.Type").unwrap();
        let spellings: Vec<String> = path.spellings().map(|steps| steps.join(".")).collect();
        assert_eq!(spellings, ["HostConfig.LogConfig.Type", "LogConfig.Type"]);
        assert_ne!(found.guard, Guard::Plain);
    }
}
