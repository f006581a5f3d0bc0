//! Tasks of the swarm's services.

use super::ParameterKind::Filters;
use super::{Endpoint, Identifier, Parameter, service};

pub(super) static ROWS: &[Endpoint] = &[
    Endpoint::get("/tasks", "TaskList", "Lists tasks, with the environment of their containers")
        .query(&[Parameter::plain("filters", Filters, "Only those that match")])
        .since(1, 24),
    Endpoint::get("/tasks/{id}", "TaskInspect", "Shows a task, with the environment of its container")
        .names(&[Identifier::Swarm])
        .since(1, 24),
    Endpoint::get("/tasks/{id}/logs", "TaskLogs", "Reads or follows what a task's container wrote")
        .names(&[Identifier::Swarm])
        .query(service::LOGS)
        .streams()
        .since(1, 29),
];
