//! The body of `ServiceCreate` and `ServiceUpdate` (moby `api/types/swarm/service.go`).

use super::Kind::{Float, Int, List, Struct, Text, Uint};
use super::task::{NETWORKS, TASK_TEMPLATE};
use super::{Field, Kind, Part, Reading};

/// `ServiceCreate` and `ServiceUpdate`; an update takes the place of all that was said before.
pub(in crate::operation) const SPEC: Kind = Struct(&[Part::of(&[
    Field::plain("Name", Text, "Its name"),
    Field::plain("Labels", Kind::TEXT_MAP, "Its labels"),
    Field::plain("TaskTemplate", TASK_TEMPLATE, "What its tasks are"),
    Field::plain("Mode", MODE, "How many tasks it has"),
    Field::plain("UpdateConfig", UPDATE_CONFIG, "How it is updated"),
    Field::plain("RollbackConfig", UPDATE_CONFIG, "How it is rolled back").since(28),
    // The old place of `TaskTemplate.Networks`; older Engines read it.
    NETWORKS,
    Field::plain("EndpointSpec", ENDPOINT_SPEC, "How it is reached"),
])]);

const MANY_TASKS: &str = "can start any number of containers at once";

const MODE: Kind = Struct(&[Part::of(&[
    Field::plain(
        "Replicated",
        Struct(&[Part::of(&[Field::guarded("Replicas", Uint, "So many", MANY_TASKS).harmless(&["1"])])]),
        "A number of tasks",
    ),
    Field::plain("Global", Kind::EMPTY, "One on each node"),
    Field::plain(
        "ReplicatedJob",
        Struct(&[Part::of(&[
            Field::guarded("MaxConcurrent", Uint, "So many at a time", MANY_TASKS).harmless(&["1"]),
            Field::guarded("TotalCompletions", Uint, "So many in all", MANY_TASKS).harmless(&["1"]),
        ])]),
        "A number of tasks that end",
    )
    .since(41),
    Field::plain("GlobalJob", Kind::EMPTY, "One on each node, that ends").since(41),
])]);

const UPDATE_CONFIG: Kind = Struct(&[Part::of(&[
    Field::plain("Parallelism", Uint, "How many tasks at a time"),
    Field::plain("Delay", Int, "Nanoseconds between two steps"),
    Field::plain("FailureAction", Text, "`pause`, `continue` or `rollback`"),
    Field::plain("Monitor", Int, "Nanoseconds in which a failure counts").since(25),
    Field::plain("MaxFailureRatio", Float, "Failures that are borne").since(25),
    Field::plain("Order", Text, "`stop-first` or `start-first`").since(29),
])]);

const ENDPOINT_SPEC: Kind = Struct(&[Part::of(&[
    Field::plain("Mode", Text, "`vip` or `dnsrr`"),
    Field::guarded(
        "Ports",
        List(&Struct(&[Part::of(&[
            Field::plain("Name", Text, "Its name"),
            Field::plain("Protocol", Text, "`tcp`, `udp` or `sctp`"),
            Field::plain("TargetPort", Uint, "The port of the container"),
            Field::plain("PublishedPort", Uint, "The port of the nodes"),
            Field::plain("PublishMode", Text, "`ingress` or `host`").since(32),
        ])])),
        "The ports that it publishes",
        "opens ports of every node",
    )
    .means(Reading::ServicePorts),
])]);
