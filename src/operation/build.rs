//! What a build takes from outside: its parameters say where the Dockerfile is, its context which one the daemon
//! will really use, and the Dockerfile what is fetched and run.

use std::io::Read;

use super::dockerfile::{self, Dockerfile, Mention};
use super::field::Place;
use super::inside::Flaw;
use super::meaning::{Aspect, ImageRef, Meaning, Meant, Use};
use super::{Json, Operation, Value, context};

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
pub(super) struct ContextReader {
    path: String,
    arguments: Vec<(String, Option<String>)>,
    builder: Builder,
}

impl ContextReader {
    /// The reader of a build's body. None: a daemon that is given `remote` does not look at it.
    pub(super) fn of(operation: &Operation) -> Option<Self> {
        if operation.elsewhere().is_some() {
            return None;
        }
        let text = |name: &str| operation.query().get(name).map(Value::as_text).unwrap_or_default();
        let arguments = match operation.query().get("buildargs") {
            Some(Value::Json(json)) => json.fields(),
            Some(_) | None => &[],
        };
        let arguments =
            arguments.iter().map(|(name, value)| (name.to_string(), value.as_text().map(str::to_owned)));
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
    pub(super) fn read(&self, context: impl Read, limit: u64) -> Result<Dockerfile, Flaw> {
        let text = context::dockerfile(context, &self.path, self.builder, limit)?;
        self.read_dockerfile(&text)
    }

    /// Reads a Dockerfile as that of this build.
    ///
    /// # Errors
    ///
    /// Whatever could be read in two ways.
    pub(super) fn read_dockerfile(&self, text: &[u8]) -> Result<Dockerfile, Flaw> {
        Dockerfile::read(text, &self.arguments, self.builder)
    }
}

/// What a Dockerfile means.
pub(super) fn uses(dockerfile: &Dockerfile) -> Vec<Use> {
    let uses = |mentions: &[Mention], meaning: fn(&str) -> Meaning| -> Vec<Use> {
        let of = |mention: &Mention| Use::new(meaning(&mention.name), Place::words(mention.place()));
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

impl Operation {
    /// Why the context of a build is not in the body, where it is not.
    pub(super) fn elsewhere(&self) -> Option<&'static str> {
        let is_used = |name: &str| self.query().get(name).is_some_and(|value| !value.is_zero());
        let build_id = self.query().get("buildid").map(Value::as_text).unwrap_or_default();
        if is_used("remote") {
            return Some("its context is fetched from elsewhere (parameter remote)");
        }
        (self.builder() == Builder::BuildKit && build_id.starts_with("upload-request:"))
            .then_some("its context is for another build (parameter buildid)")
    }

    /// The instructions that it adds to the image which it makes, or leaves to builds upon that or upon an image of the
    /// container which it makes, and where they stand.
    pub(super) fn added_instructions(&self) -> Vec<(&'static str, String)> {
        if !matches!(self.endpoint().id, "ContainerCreate" | "ImageCommit" | "ImageCreate") {
            return Vec::new();
        }
        let changes = match self.query().get("changes") {
            Some(Value::List(changes)) => Some(("parameter changes", changes.join("\n"))),
            Some(_) | None => None,
        };
        let triggers = self.body_json().and_then(|body| body.get("OnBuild")).map(Json::items);
        let triggers = triggers.unwrap_or_default().iter().filter_map(Json::as_text);
        changes.into_iter().chain(triggers.map(|trigger| ("OnBuild", format!("ONBUILD {trigger}")))).collect()
    }

    /// Takes note of what builds upon the image will take from outside by those.
    pub(super) fn read_added_instructions(&self, meant: &mut Meant) {
        for (place, instructions) in self.added_instructions() {
            let place = Place::words(place);
            if let Ok(part) = dockerfile::read_part(&instructions) {
                meant.uses.extend(uses(&part).into_iter().map(|one| Use { place: place.clone(), ..one }));
            } else {
                let place = place.remarked(", which could be read in two ways");
                meant.uses.push(Use::new(Meaning::Image(ImageRef::None), place));
                meant.unclear.push(Aspect::Images);
            }
        }
    }

    /// Whether it leaves containers and images on its way, which bear the labels that the Dockerfile sets: the classic
    /// builder does, BuildKit keeps what it makes to itself.
    #[must_use]
    pub fn leaves_steps(&self) -> bool {
        self.endpoint().id == "ImageBuild" && self.builder() == Builder::Classic
    }

    fn builder(&self) -> Builder {
        match self.query().get("version").map(Value::as_text) {
            Some("2") => Builder::BuildKit,
            Some(_) | None => Builder::Classic,
        }
    }
}
