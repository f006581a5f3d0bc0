//! The operations that make their client root on the host, or let it reach what only the host should.

use crate::operation::Value;
use crate::operation::table::{Parameter, ParameterKind};
use crate::operation::thing::ThingKind;
use crate::policy::condition::Condition;
use crate::policy::rule::{Admission, Rule};
use crate::policy::selection::Target;

/// Something with which a client reaches the host.
pub(super) struct Gift {
    id: &'static str,
    pub(super) by: By,
    pub(super) why: &'static str,
}

/// What a rule must grant for it.
#[derive(Clone, Copy)]
pub(super) enum By {
    /// The operation alone.
    Operation,
    /// Its body.
    Body,
    /// This field of its body.
    Field(&'static str),
    /// This parameter, with one of these values.
    Parameter(&'static str, &'static [&'static str]),
}

const fn operation(id: &'static str, why: &'static str) -> Gift {
    Gift { id, by: By::Operation, why }
}

const fn body(id: &'static str, why: &'static str) -> Gift {
    Gift { id, by: By::Body, why }
}

const fn field(id: &'static str, name: &'static str, why: &'static str) -> Gift {
    Gift { id, by: By::Field(name), why }
}

const fn parameter(
    id: &'static str,
    name: &'static str,
    values: &'static [&'static str],
    why: &'static str,
) -> Gift {
    Gift { id, by: By::Parameter(name, values), why }
}

/// URLs that mean something else to the host than to its clients.
const URLS: &[&str] = &["http://127.0.0.1/x.tar", "https://127.0.0.1/x.tar", "http://169.254.169.254/x.tar"];
/// Where the token of managers stands, as a rule hides it.
const TOKENS: &[&str] = &["JoinTokens", "JoinTokens.*", "JoinTokens.Manager"];
const PLUGIN: &str = "a plugin runs with the rights that it asks for";
const DIRECTORIES: &[&str] = &["/", "/etc", "/root", "/root/x"];

/// The strongest first.
const GIFTS: &[Gift] = &[
    body("ContainerCreate", "a container can be given every file and right of the host"),
    body("ServiceCreate", "a service can be given every file of the host"),
    body("ServiceUpdate", "a service can be given every file of the host"),
    field("ServiceCreate", "TaskTemplate.PluginSpec", PLUGIN),
    field("ServiceUpdate", "TaskTemplate.PluginSpec", PLUGIN),
    body("ContainerExec", "a privileged process in a container has every right on the host"),
    operation("PluginCreate", PLUGIN),
    body("PluginPull", PLUGIN),
    body("PluginUpgrade", PLUGIN),
    body("PluginSet", "a plugin can be given every file and device of the host"),
    operation("PluginEnable", "a plugin runs as root, with the rights that it asks for"),
    body("VolumeCreate", "a volume can be any directory of the host"),
    body("SwarmJoin", "a swarm's managers can put any service on the host"),
    body("SwarmInit", "a swarm's services can be given every file of the host"),
    body("SwarmUpdate", "who says which authority signs a swarm's certificates is one of its managers"),
    operation("Grpc", "a build through BuildKit runs what the client asks for, as root"),
    operation(
        "SwarmInspect",
        "it is shown the token of the swarm's managers, who can put any service on the host",
    ),
    operation(
        "PutContainerArchive",
        "files that are written into a container reach the host through its mounts",
    ),
    body("CheckpointCreate", "a checkpoint is written to any directory of the host"),
    parameter(
        "ContainerStart",
        "checkpoint-dir",
        DIRECTORIES,
        "a container can be restored from any directory of the host",
    ),
    parameter("CheckpointDelete", "dir", DIRECTORIES, "it deletes below any directory of the host"),
    parameter(
        "ImageBuild",
        "networkmode",
        &["host", "container:x"],
        "a build can run in the host's network, or a container's, and reach what that reaches",
    ),
    parameter(
        "ImageBuild",
        "securityopt",
        &["seccomp=unconfined", "apparmor=unconfined", "label=disable"],
        "a build can run without its confinement",
    ),
    parameter("ImageBuild", "remote", URLS, "the daemon fetches what only the host can reach"),
    parameter("ImageCreate", "fromSrc", URLS, "the daemon fetches what only the host can reach"),
];

/// The strongest of the gifts that an allow rule makes.
pub(super) fn gift(rule: &Rule) -> Option<(&'static Gift, &Target)> {
    GIFTS.iter().find_map(|gift| {
        let target = rule.selection.targets().find(|target| target.endpoint.id == gift.id)?;
        let is_made = match gift.by {
            By::Operation => match gift.id {
                // What is written into containers of one's own reaches no more than they do.
                "PutContainerArchive" => !rule.things.contains_key(&ThingKind::Container),
                "SwarmInspect" => {
                    !TOKENS.iter().any(|path| rule.redaction.words().iter().any(|word| word == path))
                }
                _ => true,
            },
            By::Body => rule.grants.everything || rule.grants.body,
            By::Field(name) => {
                rule.fields.iter().any(|field| field.path == name && field.condition != Condition::Unused)
            }
            By::Parameter(name, values) => {
                target.endpoint.parameter(name).is_some_and(|parameter| admits_any(rule, parameter, values))
            }
        };
        is_made.then_some((gift, target))
    })
}

fn admits_any(rule: &Rule, parameter: &Parameter, values: &[&str]) -> bool {
    match rule.admission(parameter) {
        Admission::Anything => true,
        Admission::Zero { .. } => false,
        Admission::If(condition) => values.iter().any(|value| {
            let value = (*value).to_owned();
            condition.admits(&match parameter.kind {
                ParameterKind::List => Value::List(vec![value]),
                ParameterKind::Text
                | ParameterKind::Bool
                | ParameterKind::StrictBool
                | ParameterKind::Int
                | ParameterKind::Filters
                | ParameterKind::Json => Value::Text(value),
            })
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::operation::table;

    #[test]
    fn each_stands_in_the_endpoint_table() {
        for Gift { id, by, why: _ } in GIFTS {
            let endpoint = table::endpoints().find(|endpoint| endpoint.id == *id).unwrap();
            if let By::Parameter(name, _) = by {
                let kind = endpoint.parameter(name).unwrap().kind;
                assert!(matches!(kind, ParameterKind::Text | ParameterKind::List), "{id}: {name}");
            }
        }
    }
}
