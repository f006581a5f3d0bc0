//! `dockgate completions`: what shells complete.

use clap::{CommandFactory as _, ValueEnum};
use clap_complete::aot;

use super::{Exit, Line, print};

/// Which shell.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Shell {
    /// bash
    Bash,
    /// zsh
    Zsh,
    /// fish
    Fish,
}

/// Prints the script.
pub(super) fn completions(shell: Shell) -> Exit {
    let shell = match shell {
        Shell::Bash => aot::Shell::Bash,
        Shell::Zsh => aot::Shell::Zsh,
        Shell::Fish => aot::Shell::Fish,
    };
    let mut script = Vec::new();
    aot::generate(shell, &mut Line::command(), "dockgate", &mut script);
    print(&String::from_utf8_lossy(&script))
}
