//! `dockgate schema`: what editors need to complete and check policies and settings.

use clap::ValueEnum;

use super::{Exit, print};
use crate::{policy, settings};

/// What a schema is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Document {
    /// Policies
    Policy,
    /// Settings files
    Settings,
}

/// Prints the schema.
pub(super) fn schema(document: Document) -> Exit {
    let schema = match document {
        Document::Policy => policy::schema::schema(),
        Document::Settings => settings::schema::schema(),
    };
    print(&format!("{schema:#}\n"))
}

#[cfg(test)]
mod tests;
