//! What is uploaded into a container: files, and links through which later files could be written elsewhere.

use std::io::Read;

use super::context;
use super::field::Place;
use super::inside::Flaw;
use super::meaning::{Meaning, Use, clean};
use super::{Operation, Value};

/// Where an upload is unpacked.
#[derive(Clone, Debug)]
pub(super) struct UploadReader {
    path: String,
}

/// A link that leads out of the directory that is written to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct LinkOut {
    /// What it is called in the archive.
    pub(super) name: String,
    /// Where in the container it leads.
    pub(super) target: String,
}

impl UploadReader {
    pub(super) fn of(operation: &Operation) -> Self {
        Self { path: clean(operation.query().get("path").map(Value::as_text).unwrap_or_default()) }
    }

    /// The links out of the directory; whatever else could be written elsewhere is refused.
    pub(super) fn read(&self, archive: impl Read, limit: u64) -> Result<Vec<LinkOut>, Flaw> {
        context::links(archive, &self.path, limit)
    }
}

/// What is written through a link lands where it leads, so that an upload of it is one to there.
pub(super) fn uses(links: &[LinkOut]) -> Vec<Use> {
    let of = |link: &LinkOut| {
        Use::new(
            Meaning::ContainerPath(link.target.clone()),
            Place::words(format!("the link {:?} in the archive", link.name)),
        )
    };
    links.iter().map(of).collect()
}
