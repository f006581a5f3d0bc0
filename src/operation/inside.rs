//! What an operation says in the archive that is its body: the Dockerfile of a build, the links of an upload.

use std::fmt;
use std::io::Read;

use super::build::{self, ContextReader};
use super::dockerfile::Dockerfile;
use super::meaning::Use;
use super::table::Endpoint;
use super::upload::{LinkOut, UploadReader};
use super::{Operation, upload};

/// The endpoint that builds.
const BUILD: &str = "ImageBuild";
/// The endpoint that takes images out of an archive, under whatever names they have there.
const LOAD: &str = "ImageLoad";
/// The endpoint that writes files into a container.
const UPLOAD: &str = "PutContainerArchive";

/// How the archive of an operation is read.
#[derive(Clone, Debug)]
pub struct ArchiveReader(Reader);

#[derive(Clone, Debug)]
enum Reader {
    Context(ContextReader),
    Upload(UploadReader),
}

/// What an archive says that a rule can look at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found(What);

#[derive(Clone, Debug, PartialEq, Eq)]
enum What {
    /// All that a build takes from outside.
    Dockerfile(Box<Dockerfile>),
    /// Where the links of an upload lead.
    Links(Vec<LinkOut>),
}

/// What is known of the archive.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Inside {
    /// Nothing: nobody looked.
    Unseen,
    /// All that counts of it.
    Seen(Found),
    /// That it cannot be read in one way only, and why.
    Unclear(Flaw),
}

/// Why an archive or Dockerfile cannot be read in one way only: what is wrong, where, and what to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Flaw(String);

impl ArchiveReader {
    /// The reader of the operation's body, where that is an archive in which more is said than in the request's head.
    #[must_use]
    pub fn of(operation: &Operation) -> Option<Self> {
        match operation.endpoint().id {
            BUILD => ContextReader::of(operation).map(Reader::Context),
            UPLOAD => Some(Reader::Upload(UploadReader::of(operation))),
            _ => None,
        }
        .map(Self)
    }

    /// Whether the body of the endpoint is an archive that can be read.
    #[must_use]
    pub fn reads(endpoint: &Endpoint) -> bool {
        matches!(endpoint.id, BUILD | UPLOAD)
    }

    /// Reads the archive to its end. No more than `limit` bytes are unpacked.
    ///
    /// # Errors
    ///
    /// Whatever could be read in two ways.
    pub fn read(&self, archive: impl Read, limit: u64) -> Result<Found, Flaw> {
        Ok(match &self.0 {
            Reader::Context(reader) => reader.read(archive, limit)?.into(),
            Reader::Upload(reader) => Found(What::Links(reader.read(archive, limit)?)),
        })
    }

    /// Reads a Dockerfile as that of the build; nothing, where the archive is something else.
    #[must_use]
    pub fn read_dockerfile(&self, text: &[u8]) -> Option<Result<Found, Flaw>> {
        match &self.0 {
            Reader::Context(reader) => Some(reader.read_dockerfile(text).map(Into::into)),
            Reader::Upload(_) => None,
        }
    }
}

impl Found {
    /// An upload of which no more is said: files alone.
    pub const FILES: Self = Self(What::Links(Vec::new()));
}

impl From<Dockerfile> for Found {
    fn from(dockerfile: Dockerfile) -> Self {
        Self(What::Dockerfile(Box::new(dockerfile)))
    }
}

impl Operation {
    /// Whether it brings images that nobody looked at.
    #[must_use]
    pub fn loads_images(&self) -> bool {
        self.endpoint().id == LOAD
    }

    /// Takes down what its archive was found to say.
    pub fn look_inside(&mut self, found: Result<Found, Flaw>) {
        self.inside = found.map_or_else(Inside::Unclear, Inside::Seen);
        self.understand_anew();
    }

    /// Why it is not known what the operation's archive says, where that counts and is not known.
    #[must_use]
    pub fn unseen(&self) -> Option<String> {
        match self.endpoint().id {
            BUILD | UPLOAD => {}
            LOAD => return Some("which images are in it is not looked into".to_owned()),
            _ => return None,
        }
        match (self.elsewhere(), &self.inside) {
            (Some(why), _) => Some(why.to_owned()),
            (None, Inside::Seen(_)) => None,
            (None, Inside::Unseen) if self.endpoint().id == BUILD => {
                Some("its context was not looked into".to_owned())
            }
            (None, Inside::Unseen) => Some("its archive was not looked into".to_owned()),
            (None, Inside::Unclear(flaw)) => Some(flaw.to_string()),
        }
    }

    /// The Dockerfile in its archive, where that is known.
    pub(super) fn dockerfile(&self) -> Option<&Dockerfile> {
        match &self.inside {
            Inside::Seen(Found(What::Dockerfile(dockerfile))) => Some(dockerfile),
            Inside::Seen(Found(What::Links(_))) | Inside::Unseen | Inside::Unclear(_) => None,
        }
    }

    /// What its archive means, as far as that is known.
    #[must_use]
    pub fn uses_inside(&self) -> Vec<Use> {
        match &self.inside {
            Inside::Seen(Found(What::Dockerfile(dockerfile))) => build::uses(dockerfile),
            Inside::Seen(Found(What::Links(links))) => upload::uses(links),
            Inside::Unseen | Inside::Unclear(_) => Vec::new(),
        }
    }
}

impl Flaw {
    /// In the archive, whatever it is for.
    pub(super) fn archive(what: impl fmt::Display) -> Self {
        Self(format!("the archive {what}"))
    }

    /// In the archive of a build.
    pub(super) fn context(what: impl fmt::Display) -> Self {
        Self(format!("the build context {what}"))
    }

    /// In a line of the Dockerfile.
    pub(super) fn line(line: usize, what: impl fmt::Display) -> Self {
        Self(format!("line {line} of the Dockerfile: {what}"))
    }

    /// In the Dockerfile as a whole.
    pub(super) fn dockerfile(what: impl fmt::Display) -> Self {
        Self(format!("the Dockerfile {what}"))
    }
}

impl fmt::Display for Flaw {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Flaw {}
