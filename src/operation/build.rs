//! What a build takes from outside: its parameters say where the Dockerfile is, its context which one the daemon
//! will really use, and the Dockerfile what is fetched and run.

use std::fmt;
use std::io::Read;

use super::dockerfile::{Dockerfile, Mention};
use super::meaning::{ImageRef, Meaning, Use};
use super::{Operation, Value, context};

/// The endpoint that builds.
const BUILD: &str = "ImageBuild";

/// Who builds. They find the Dockerfile and read it each in their own way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Builder {
    /// The daemon's own, `version=1`, which is the default of the API.
    Classic,
    /// `version=2`.
    BuildKit,
}

/// What a build's request says of its context: where the Dockerfile is, and how it is read.
#[derive(Clone, Debug)]
pub struct ContextReader {
    path: String,
    arguments: Vec<(String, Option<String>)>,
    builder: Builder,
}

/// What is known of the Dockerfile of a build.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Inside {
    /// Nothing: nobody looked.
    Unseen,
    /// All that it takes from outside.
    Seen(Dockerfile),
    /// That it cannot be read in one way only, and why.
    Unclear(Flaw),
}

/// Why a build context or Dockerfile cannot be read in one way only: what is wrong, where, and what to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Flaw(String);

impl ContextReader {
    /// The reader of the operation's body, where that is the context of a build. A daemon that is given `remote` does
    /// not look at the body.
    #[must_use]
    pub fn of(operation: &Operation) -> Option<Self> {
        if operation.elsewhere().is_some() || operation.endpoint().id != BUILD {
            return None;
        }
        let text = |name: &str| operation.query().get(name).map(Value::as_text).unwrap_or_default();
        let arguments = match operation.query().get("buildargs") {
            Some(Value::Json(json)) => json.fields(),
            Some(_) | None => &[],
        };
        let arguments =
            arguments.iter().map(|(name, value)| (name.clone(), value.as_text().map(str::to_owned)));
        Some(Self {
            path: text("dockerfile").to_owned(),
            arguments: arguments.collect(),
            builder: operation.builder(),
        })
    }

    /// Reads the context to its end, and its Dockerfile. No more than `limit` bytes are unpacked.
    ///
    /// # Errors
    ///
    /// Whatever could be read in two ways.
    pub fn read(&self, context: impl Read, limit: u64) -> Result<Dockerfile, Flaw> {
        let text = context::dockerfile(context, &self.path, self.builder, limit)?;
        Dockerfile::read(&text, &self.arguments, self.builder)
    }
}

impl Operation {
    /// Takes down what its context was found to be.
    pub fn look_inside(&mut self, found: Result<Dockerfile, Flaw>) {
        self.inside = found.map_or_else(Inside::Unclear, Inside::Seen);
    }

    /// Why it is not known what the operation takes from outside, where it is a build and that is not known.
    #[must_use]
    pub fn unseen(&self) -> Option<String> {
        if self.endpoint().id != BUILD {
            return None;
        }
        match (self.elsewhere(), &self.inside) {
            (Some(why), _) => Some(why.to_owned()),
            (None, Inside::Seen(_)) => None,
            (None, Inside::Unseen) => Some("its context was not looked into".to_owned()),
            (None, Inside::Unclear(flaw)) => Some(flaw.to_string()),
        }
    }

    /// What its Dockerfile means, as far as that is known.
    #[must_use]
    pub fn uses_inside(&self) -> Vec<Use> {
        let Inside::Seen(dockerfile) = &self.inside else { return Vec::new() };
        let uses = |mentions: &[Mention], meaning: fn(&str) -> Meaning| -> Vec<Use> {
            let of = |mention: &Mention| Use::new(meaning(&mention.name), mention.place());
            mentions.iter().map(of).collect()
        };
        [
            uses(&dockerfile.instructions, |word| Meaning::Instruction(word.to_owned())),
            uses(dockerfile.syntax.as_slice(), |name| Meaning::Image(ImageRef::read(name))),
            uses(&dockerfile.images, |name| Meaning::Image(ImageRef::read(name))),
            uses(&dockerfile.remotes, |url| Meaning::Remote(url.to_owned())),
            uses(&dockerfile.networks, |network| Meaning::Namespace(format!("network:{network}"))),
            uses(&dockerfile.security, |mode| Meaning::Security(mode.to_owned())),
            uses(&dockerfile.devices, |name| Meaning::Device(format!("cdi:{name}"))),
        ]
        .concat()
    }

    /// Why the context is not in the body, where it is not.
    fn elsewhere(&self) -> Option<&'static str> {
        let is_used = |name: &str| self.query().get(name).is_some_and(|value| !value.is_zero());
        let build_id = self.query().get("buildid").map(Value::as_text).unwrap_or_default();
        if is_used("remote") {
            return Some("its context is fetched from elsewhere (parameter remote)");
        }
        (self.builder() == Builder::BuildKit && build_id.starts_with("upload-request:"))
            .then_some("its context is for another build (parameter buildid)")
    }

    fn builder(&self) -> Builder {
        match self.query().get("version").map(Value::as_text) {
            Some("2") => Builder::BuildKit,
            Some(_) | None => Builder::Classic,
        }
    }
}

impl Flaw {
    /// In the archive.
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
