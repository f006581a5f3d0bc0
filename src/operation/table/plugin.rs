//! Plugins of the daemon. A plugin's entry point runs as root, with the mounts and privileges that it says.

use super::ParameterKind::{Bool, Filters, Int, Text};
use super::{Endpoint, Header, Identifier, Parameter};
use crate::operation::field;

pub(super) static ROWS: &[Endpoint] = &[
    Endpoint::get("/plugins", "PluginList", "Lists plugins, with their settings")
        .query(&[Parameter::plain("filters", Filters, "Only those that match")])
        .since(1, 24),
    Endpoint::get("/plugins/{name}/json", "PluginInspect", "Shows a plugin, with its settings")
        .names(&[Identifier::Plugin])
        .since(1, 25),
    Endpoint::get(
        "/plugins/privileges",
        "GetPluginPrivileges",
        "Shows the privileges that a plugin asks for; the daemon contacts its registry",
    )
    .query(&[Parameter::plain("remote", Text, "The plugin, in its registry")])
    .carries(&[Header::RegistryAuth])
    .since(1, 25),
    Endpoint::delete("/plugins/{name}", "PluginDelete", "Deletes a plugin")
        .names(&[Identifier::Plugin])
        .query(&[Parameter::plain("force", Bool, "Also if it is enabled")])
        .since(1, 24),
    Endpoint::post("/plugins/{name}/enable", "PluginEnable", "Starts a plugin, as root")
        .names(&[Identifier::Plugin])
        .query(&[Parameter::plain("timeout", Int, "Seconds to wait for it")])
        .since(1, 24),
    Endpoint::post("/plugins/{name}/disable", "PluginDisable", "Stops a plugin")
        .names(&[Identifier::Plugin])
        .query(&[Parameter::plain("force", Bool, "Also if it is in use")])
        .since(1, 24),
    Endpoint::post("/plugins/pull", "PluginPull", "Installs a plugin from a registry")
        .query(&[
            Parameter::plain("remote", Text, "The plugin, in its registry"),
            Parameter::plain("name", Text, "Its name here"),
        ])
        .json_guarded(field::plugin::PRIVILEGES, "grants the plugin privileges on the host")
        .carries(&[Header::RegistryAuth])
        .streams()
        .since(1, 24),
    Endpoint::post(
        "/plugins/{name}/push",
        "PluginPush",
        "Pushes a plugin to the registry that its name says",
    )
    .names(&[Identifier::Plugin])
    .carries(&[Header::RegistryAuth])
    .streams()
    .since(1, 25),
    Endpoint::post("/plugins/{name}/upgrade", "PluginUpgrade", "Replaces a plugin by another version")
        .names(&[Identifier::Plugin])
        .query(&[Parameter::plain("remote", Text, "The plugin, in its registry")])
        .json_guarded(field::plugin::PRIVILEGES, "grants the plugin privileges on the host")
        .carries(&[Header::RegistryAuth])
        .streams()
        .since(1, 26),
    Endpoint::post("/plugins/{name}/set", "PluginSet", "Changes a plugin's settings")
        .names(&[Identifier::Plugin])
        .json_guarded(
            field::plugin::SETTINGS,
            "can point the plugin's mounts and devices at any of the host's",
        )
        .since(1, 25),
    Endpoint::post("/plugins/create", "PluginCreate", "Installs a plugin from a tar archive")
        .query(&[Parameter::plain("name", Text, "Its name here")])
        .tar()
        .since(1, 25),
];
