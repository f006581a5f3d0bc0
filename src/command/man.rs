//! `dockgate man`: the pages for man.

use std::path::Path;

use clap::CommandFactory as _;

use super::{Exit, Line, complain};

/// Writes a page for dockgate and one for each verb into the directory.
pub(super) fn man(directory: &Path) -> Exit {
    match clap_mangen::generate_to(Line::command(), directory) {
        Ok(()) => Exit::Success,
        Err(error) => {
            complain(&format_args!(
                "dockgate: the pages cannot be written into {}: {error}",
                directory.display()
            ));
            Exit::Usage
        }
    }
}
