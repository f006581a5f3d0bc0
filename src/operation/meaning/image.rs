//! References of images, in full (moby `distribution/reference`).

use std::fmt;

use super::is_hexadecimal;

/// An image, as a request names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ImageRef {
    /// By its name.
    Named {
        /// Registry and repository: `docker.io/library/alpine`.
        name: String,
        /// The tag; none where a digest is said, or where every tag is meant.
        tag: Option<String>,
        /// The digest: `sha256:…`. Where there is one, the daemon goes by it.
        digest: Option<String>,
    },
    /// By its ID, or by what the daemon takes for the beginning of one where no image has that name.
    Id(String),
    /// None is said: a container without an image has an empty file system, and what its mounts bring.
    None,
}

impl ImageRef {
    /// Reads a reference as the daemon does where one image is meant: without tag and digest it is `latest`.
    #[must_use]
    pub fn read(text: &str) -> Self {
        match Self::read_untagged(text) {
            Self::Named { name, tag: None, digest: None } => {
                Self::Named { name, tag: Some("latest".to_owned()), digest: None }
            }
            image @ (Self::Named { .. } | Self::Id(_) | Self::None) => image,
        }
    }

    /// Reads a repository, and a tag or digest that stands apart from it and counts more than one that it
    /// has. With neither, every tag is meant.
    pub(in crate::operation) fn with_tag(repository: &str, tag: &str) -> Self {
        let image = Self::read_untagged(repository);
        if tag.is_empty() {
            return image;
        }
        match (image.into_name(), tag) {
            (image @ (Self::Id(_) | Self::None), _) => image,
            (Self::Named { name, .. }, tag) if tag.contains(':') => {
                Self::Named { name, tag: None, digest: Some(tag.to_owned()) }
            }
            (Self::Named { name, tag: _, digest }, tag) => {
                Self::Named { name, tag: digest.is_none().then(|| tag.to_owned()), digest }
            }
        }
    }

    /// It as a name, however much it looks like an ID: of what has a tag, is pulled or gets a name. What begins with
    /// `sha256:` is none.
    pub(in crate::operation) fn into_name(self) -> Self {
        match self {
            Self::Id(id) if !id.contains(':') => {
                Self::Named { name: full_name(&id), tag: None, digest: None }
            }
            image @ (Self::Id(_) | Self::Named { .. } | Self::None) => image,
        }
    }

    fn read_untagged(text: &str) -> Self {
        if text.is_empty() {
            return Self::None;
        }
        if is_hexadecimal(text.strip_prefix("sha256:").unwrap_or(text)) {
            return Self::Id(text.to_owned());
        }
        let (rest, digest) = match text.split_once('@') {
            Some((rest, digest)) => (rest, Some(digest.to_owned())),
            None => (text, None),
        };
        let (name, tag) = split_tag(rest);
        let tag = tag.filter(|_| digest.is_none()).map(str::to_owned);
        Self::Named { name: full_name(name), tag, digest }
    }
}

/// The name before a tag, and the tag: a colon behind the last slash. What stands before a slash has a port.
#[must_use]
pub fn split_tag(text: &str) -> (&str, Option<&str>) {
    // The daemon takes the colon away from what is pulled.
    let text = text.strip_suffix(':').unwrap_or(text);
    match text.rsplit_once(':') {
        Some((name, tag)) if !tag.contains('/') => (name, Some(tag)),
        Some(_) | None => (text, None),
    }
}

/// A name with its registry: that of Docker, where none is said.
#[must_use]
pub fn full_name(name: &str) -> String {
    let is_registry = |text: &str| {
        text.contains(['.', ':']) || text == "localhost" || text.bytes().any(|byte| byte.is_ascii_uppercase())
    };
    let (registry, repository) = match name.split_once('/') {
        Some((registry, repository)) if is_registry(registry) => (registry, repository),
        Some(_) | None => ("docker.io", name),
    };
    match registry {
        "docker.io" | "index.docker.io" if !repository.contains('/') => {
            ["docker.io/library/", repository].concat()
        }
        "docker.io" | "index.docker.io" => ["docker.io/", repository].concat(),
        registry => [registry, "/", repository].concat(),
    }
}

impl fmt::Display for ImageRef {
    /// In full.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Named { name, tag, digest } => {
                f.write_str(name)?;
                match (tag, digest) {
                    (_, Some(digest)) => write!(f, "@{digest}"),
                    (Some(tag), None) => write!(f, ":{tag}"),
                    (None, None) => Ok(()),
                }
            }
            Self::Id(id) => f.write_str(id),
            Self::None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::ImageRef;

    #[test]
    fn a_reference_has_one_spelling() {
        for (text, expected) in [
            ("alpine", "docker.io/library/alpine:latest"),
            ("library/alpine", "docker.io/library/alpine:latest"),
            ("docker.io/alpine:3", "docker.io/library/alpine:3"),
            ("index.docker.io/library/alpine:3", "docker.io/library/alpine:3"),
            ("own/bb", "docker.io/own/bb:latest"),
            ("localhost/x", "localhost/x:latest"),
            ("127.0.0.1:5000/a/b:1", "127.0.0.1:5000/a/b:1"),
            ("MS/bb", "MS/bb:latest"),
            ("own/bb:1@sha256:00ff", "docker.io/own/bb@sha256:00ff"),
            ("cafe:1", "docker.io/library/cafe:1"),
            ("cafe", "cafe"),
            ("sha256:cafe", "sha256:cafe"),
            ("cafes", "docker.io/library/cafes:latest"),
            ("own/bb:1:", "docker.io/own/bb:1"),
        ] {
            assert_eq!(ImageRef::read(text).to_string(), expected, "{text}");
        }
        assert_eq!(ImageRef::read("cafe"), ImageRef::Id("cafe".to_owned()));
        assert_eq!(ImageRef::read(""), ImageRef::None);
    }

    #[test]
    fn a_tag_that_stands_apart_counts_more() {
        for (repository, tag, expected) in [
            ("alpine", "3", "docker.io/library/alpine:3"),
            ("alpine:2", "3", "docker.io/library/alpine:3"),
            ("alpine", "sha256:00", "docker.io/library/alpine@sha256:00"),
            ("alpine@sha256:11", "3", "docker.io/library/alpine@sha256:11"),
            ("alpine", "", "docker.io/library/alpine"),
            ("alpine:", "", "docker.io/library/alpine"),
            ("alpine:2:", "", "docker.io/library/alpine:2"),
            ("alpine:2:", "3", "docker.io/library/alpine:3"),
            ("cafe", "1", "docker.io/library/cafe:1"),
            ("cafe", "sha256:00", "docker.io/library/cafe@sha256:00"),
        ] {
            assert_eq!(ImageRef::with_tag(repository, tag).to_string(), expected, "{repository} {tag}");
        }
    }
}
