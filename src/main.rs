//! dockgate: arguments in, exit code out.

use std::process::ExitCode;

fn main() -> ExitCode {
    dockgate::command::run()
}
