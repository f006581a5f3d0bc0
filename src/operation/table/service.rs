//! Services of the swarm.

use super::ParameterKind::{Bool, Filters, Int, StrictBool, Text};
use super::{Endpoint, Header, Identifier, Parameter};
use crate::operation::field;

pub(super) static ROWS: &[Endpoint] = &[
    Endpoint::get("/services", "ServiceList", "Lists services, with the environment of their containers")
        .query(&[
            Parameter::plain("filters", Filters, "Only those that match"),
            Parameter::plain("status", StrictBool, "With the number of tasks that run (1.41)"),
        ])
        .since(1, 24),
    Endpoint::get(
        "/services/{id}",
        "ServiceInspect",
        "Shows a service, with the environment of its containers",
    )
    .names(&[Identifier::Swarm])
    .query(&[Parameter::plain("insertDefaults", StrictBool, "With defaults filled in")])
    .since(1, 24),
    Endpoint::post("/services/create", "ServiceCreate", "Creates a service")
        .json(field::service::SPEC)
        .carries(&[Header::RegistryAuth])
        .since(1, 24),
    Endpoint::post("/services/{id}/update", "ServiceUpdate", "Changes a service, and restarts it if need be")
        .names(&[Identifier::Swarm])
        .query(&[
            Parameter::plain("version", Int, "The version of the service that is changed"),
            Parameter::plain(
                "registryAuthFrom",
                Text,
                "Which credentials to go on with: those of `spec` or of `previous-spec`",
            ),
            Parameter::guarded(
                "rollback",
                Text,
                "`previous` goes back to what it was before",
                "brings back what the service was before, whatever that was: it is not in the request",
            ),
        ])
        .json(field::service::SPEC)
        .carries(&[Header::RegistryAuth])
        .since(1, 24),
    Endpoint::delete("/services/{id}", "ServiceDelete", "Deletes a service")
        .names(&[Identifier::Swarm])
        .since(1, 24),
    Endpoint::get("/services/{id}/logs", "ServiceLogs", "Reads or follows what a service's containers wrote")
        .names(&[Identifier::Swarm])
        .query(LOGS)
        .streams()
        .since(1, 25),
];

/// The parameters of a service's and of a task's logs.
pub(super) const LOGS: &[Parameter] = &[
    Parameter::plain("stdout", Bool, "With standard output"),
    Parameter::plain("stderr", Bool, "With standard error"),
    Parameter::plain("follow", Bool, "Goes on as more is written"),
    Parameter::plain("timestamps", Bool, "With the time of each line"),
    Parameter::plain("since", Text, "Only lines after this time"),
    Parameter::plain("tail", Text, "Only so many lines from the end, or `all`"),
    Parameter::guarded(
        "details",
        Bool,
        "With the attributes that the log options ask for",
        "prints environment variables that the containers' log options name",
    ),
];
