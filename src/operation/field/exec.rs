//! The bodies about exec instances (moby `api/types/container/exec.go`).

use super::Kind::{Bool, List, Struct, Text, Uint};
use super::{Field, Kind, Part, Reading};

/// `ContainerExec`. That a command runs in the container is what the operation is about.
pub(in crate::operation) const CREATE: Kind = Struct(&[Part::of(&[
    Field::guarded(
        "User",
        Text,
        "The user, and the group, that the command runs as",
        "can make the command root in a container that is not",
    )
    .means(Reading::User),
    Field::guarded(
        "Privileged",
        Bool,
        "Lets the command do what root on the host can do",
        "gives the command every right on the host",
    )
    .means(Reading::Privileged),
    Field::plain("Tty", Bool, "Gives it a terminal"),
    CONSOLE_SIZE,
    Field::plain("AttachStdin", Bool, "Attaches standard input"),
    Field::plain("AttachStderr", Bool, "Attaches standard error"),
    Field::plain("AttachStdout", Bool, "Attaches standard output"),
    Field::plain("Detach", Bool, "Not used"),
    Field::plain("DetachKeys", Text, "The keys that detach"),
    Field::guarded(
        "Env",
        Kind::TEXTS,
        "Its environment, beside the container's",
        "can make the command do something else, as with `LD_PRELOAD`",
    )
    .since(25),
    Field::working_directory("WorkingDir", "The directory that it runs in").since(35),
    Field::plain("Cmd", Kind::TEXTS, "The command"),
    Field::plain("Container", Text, "Not read; docker-py says here what it says in the path"),
])]);

/// `ExecStart`.
pub(in crate::operation) const START: Kind = Struct(&[Part::of(&[
    Field::plain("Detach", Bool, "Answers at once"),
    Field::plain("Tty", Bool, "As when it was prepared"),
    CONSOLE_SIZE,
    Field::plain("hijack", Bool, "Not read; dockerode's own"),
    Field::plain("stdin", Bool, "Not read; dockerode's own"),
])]);

const CONSOLE_SIZE: Field =
    Field::plain("ConsoleSize", List(&Uint), "Height and width of its terminal").since(42);
