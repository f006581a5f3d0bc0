//! Patterns of images.

use crate::operation::meaning::{ImageRef, full_image_name, split_image_tag};
use crate::policy::pattern::{Glob, escape};

/// A pattern of images: a repository, and behind it perhaps a tag or digest. Without either, any.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::policy) enum ImagePattern {
    /// `*`: every image, by name or ID.
    All,
    /// `sha256:…`: by ID.
    Id(Glob),
    /// By name.
    Named {
        name: Glob,
        /// The name in the spelling of [`by_host`], where that is another.
        by_host: Option<Glob>,
        tag: Option<Glob>,
        digest: Option<Glob>,
    },
}

impl ImagePattern {
    /// Reads a pattern; the error says what is wrong, and what to write.
    pub(super) fn read(text: &str) -> Result<Self, (String, String)> {
        let help = || "write a repository, with a tag or digest if that counts: `ghcr.io/own/*`".to_owned();
        if text.is_empty() || text.contains(char::is_whitespace) {
            return Err((format!("`{text}` is no image"), help()));
        }
        if text.contains("://") {
            return Err((format!("`{text}` is a URL, not an image"), help()));
        }
        if text == "*" {
            return Ok(Self::All);
        }
        if text.starts_with("sha256:") {
            return Ok(Self::Id(Glob::new(text)));
        }
        if let Some(directory) = text.strip_suffix('/') {
            return Err((
                format!("`{text}` matches nothing"),
                format!("write `{directory}/*` for all below it"),
            ));
        }
        if let Some(name) = text.strip_suffix('@') {
            return Err((
                format!("`{text}` has no digest behind `@`"),
                format!("write `{name}` for every tag and digest"),
            ));
        }
        let (rest, digest) = match text.split_once('@') {
            Some((rest, digest)) => (rest, Some(Glob::new(digest))),
            None => (text, None),
        };
        let (name, tag) = split_image_tag(rest);
        let repository = full_image_name(name);
        if repository.split_once('/').is_some_and(|(_, path)| path.contains(|c: char| c.is_ascii_uppercase()))
        {
            let help = format!("write `{}`", text.replacen(name, &name.to_ascii_lowercase(), 1));
            return Err((format!("`{text}` is no image: names of images have no capitals"), help));
        }
        let tag = tag.map(Glob::new);
        let name = match name {
            "*" | "**" => Glob::new("*"),
            // Where the registry is said, all of it is meant, and not its official images alone.
            "docker.io/*" | "docker.io/**" | "index.docker.io/*" => Glob::new("docker.io/*"),
            _ => Glob::new(&repository),
        };
        let source = name.source();
        let by_host = Some(by_host(&source)).filter(|other| *other != source).map(|other| Glob::new(&other));
        Ok(Self::Named { name, by_host, tag, digest })
    }

    /// In an allow rule: whether the image is among them. No image never is.
    pub(super) fn admits(&self, image: &ImageRef) -> bool {
        match (self, image) {
            (Self::All, ImageRef::Named { .. } | ImageRef::Id(_)) => true,
            (Self::Id(glob), ImageRef::Id(id)) => glob.matches(id),
            (
                Self::Named { name, by_host: _, tag, digest },
                ImageRef::Named { name: its_name, tag: its_tag, digest: its_digest },
            ) => {
                let fits = |pattern: &Option<Glob>, text: &Option<String>| match (pattern, text) {
                    (None, _) => true,
                    (Some(pattern), Some(text)) => pattern.matches(text),
                    (Some(_), None) => false,
                };
                name.matches(its_name) && fits(tag, its_tag) && fits(digest, its_digest)
            }
            (_, ImageRef::None)
            | (Self::Id(_), ImageRef::Named { .. })
            | (Self::Named { .. }, ImageRef::Id(_)) => false,
        }
    }

    /// In a forbid rule: whether the image is or may be among them. Which image an ID is, or a digest, it does not
    /// say; and every tag is meant where none is said.
    pub(super) fn strikes(&self, image: &ImageRef) -> bool {
        match (self, image) {
            (_, ImageRef::None) => false,
            (_, ImageRef::Id(_)) => match self {
                Self::Id(glob) => glob.literal().is_none_or(|id| may_be(&id, image)),
                Self::All | Self::Named { .. } => true,
            },
            (
                Self::Named { name, by_host: settled, tag, digest },
                ImageRef::Named { name: its_name, tag: its_tag, digest: its },
            ) => {
                let may = |pattern: &Option<Glob>, text: &Option<String>| match (pattern, text) {
                    (Some(pattern), Some(text)) => pattern.matches(text),
                    (None, _) | (Some(_), None) => true,
                };
                let settled = settled.as_ref().unwrap_or(name);
                let is_named = name.matches(its_name) || settled.matches(&by_host(its_name));
                is_named && may(tag, its_tag) && may(digest, its)
            }
            // Where images are kept by what they are made of, one is the other.
            (Self::Id(glob), ImageRef::Named { digest: Some(digest), .. }) => glob.matches(digest),
            (Self::All | Self::Id(_), ImageRef::Named { .. }) => self.admits(image),
        }
    }

    /// Whether everything that it matches is matched by the other; `false` also where that is not clear.
    pub(super) fn within(&self, other: &Self) -> bool {
        let narrows = |narrow: &Option<Glob>, wide: &Option<Glob>| match (narrow, wide) {
            (_, None) => true,
            (Some(narrow), Some(wide)) => narrow.within(wide),
            (None, Some(_)) => false,
        };
        match (self, other) {
            (_, Self::All) => true,
            (Self::Id(narrow), Self::Id(wide)) => narrow.within(wide),
            (
                Self::Named { name, by_host: _, tag, digest },
                Self::Named { name: wide_name, by_host: _, tag: wide_tag, digest: wide_digest },
            ) => name.within(wide_name) && narrows(tag, wide_tag) && narrows(digest, wide_digest),
            (Self::All | Self::Id(_) | Self::Named { .. }, Self::Id(_) | Self::Named { .. }) => false,
        }
    }

    /// It, as a policy writes it.
    pub(super) fn source(&self) -> String {
        match self {
            Self::All => "*".to_owned(),
            Self::Id(glob) => glob.source(),
            Self::Named { name, by_host: _, tag, digest } => {
                let mut text = name.source();
                if let Some(tag) = tag {
                    text = format!("{text}:{}", tag.source());
                }
                match digest {
                    Some(digest) => format!("{text}@{}", digest.source()),
                    None => text,
                }
            }
        }
    }
}

/// The name with the registry's host in one spelling, of which names of hosts have several.
fn by_host(name: &str) -> String {
    let (registry, repository) = name.split_once('/').unwrap_or(("", name));
    let registry = registry.to_ascii_lowercase();
    let is_usual = |port: &str| matches!(port.parse(), Ok(80_u16 | 443));
    let host =
        registry.rsplit_once(':').filter(|(_, port)| is_usual(port)).map_or(&*registry, |(host, _)| host);
    match host.trim_end_matches('.') {
        "index.docker.io" | "registry-1.docker.io" | "registry.hub.docker.com" => {
            ["docker.io/", repository].concat()
        }
        host => [host, "/", repository].concat(),
    }
}

/// Whether the image, by the beginning of its ID, may be that of this ID.
fn may_be(id: &str, image: &ImageRef) -> bool {
    let bare = |text: &str| text.strip_prefix("sha256:").unwrap_or(text).to_owned();
    let (id, its) = (bare(id), bare(&image.to_string()));
    id.starts_with(&its) || its.starts_with(&id)
}

/// The pattern that matches this image alone, as an item of a list. None where there is none: no image, or a bare
/// beginning of an ID.
pub(super) fn exact(image: &ImageRef) -> Option<String> {
    match image {
        ImageRef::Named { .. } => Some(escape(&image.to_string())),
        ImageRef::Id(id) if id.starts_with("sha256:") => Some(id.clone()),
        ImageRef::Id(_) | ImageRef::None => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judged(pattern: &str, image: &str) -> (bool, bool) {
        let (pattern, image) = (ImagePattern::read(pattern).unwrap(), ImageRef::read(image));
        (pattern.admits(&image), pattern.strikes(&image))
    }

    #[test]
    fn images_are_matched_in_full() {
        for (pattern, yes, no) in [
            (
                "alpine",
                &["alpine", "docker.io/library/alpine:3", "alpine@sha256:00"][..],
                &["own/alpine", "quay.io/alpine"][..],
            ),
            ("own/*", &["own/bb", "docker.io/own/x:1"], &["bb", "own.io/x", "other/own"]),
            ("ghcr.io/own/*", &["ghcr.io/own/a/b:1"], &["ghcr.io/owner/a", "own/a"]),
            ("alpine:3.*", &["alpine:3.19"], &["alpine", "alpine:latest", "alpine:3.19@sha256:00"]),
            ("*@sha256:*", &["alpine@sha256:00", "quay.io/x@sha256:11"], &["alpine:3"]),
            ("*", &["alpine", "cafe", "sha256:00"], &[""]),
            ("library/*", &["alpine", "alpine:3"], &["cafe", "own/x"]),
            ("docker.io/*", &["alpine", "own/x:1", "index.docker.io/own/x"], &["quay.io/x", "cafe"]),
            ("quay.io/*", &["quay.io/x", "quay.io/x/y:1"], &["x", "quay.io.evil/x"]),
            ("sha256:00*", &["sha256:00ff"], &["sha256:11", "alpine"]),
        ] {
            for image in yes {
                assert!(judged(pattern, image).0, "{pattern} should admit {image}");
            }
            for image in no {
                assert!(!judged(pattern, image).0, "{pattern} should not admit {image}");
            }
        }
    }

    #[test]
    fn a_forbid_strikes_where_it_cannot_be_told() {
        for (pattern, image, expected) in [
            ("victim/*", "victim/img", true),
            ("victim/*", "own/bb", false),
            ("victim/*", "cafe", true),
            ("victim/*", "sha256:00ff", true),
            ("alpine:3.*", "alpine@sha256:00", true),
            ("alpine:3.*", "alpine:2", false),
            ("sha256:00ff", "00f", true),
            ("sha256:00ff", "11", false),
            ("sha256:00ff", "x@sha256:00ff", true),
            ("sha256:00ff", "x@sha256:11", false),
            ("ghcr.io/evil/*", "GHCR.io/evil/x", true),
            ("ghcr.io/evil/*", "ghcr.io:443/evil/x:1", true),
            ("ghcr.io/evil/*", "ghcr.io./evil/x", true),
            ("evil/*", "registry-1.docker.io/evil/x", true),
            ("evil/*", "registry.hub.docker.com/evil/x", true),
            ("registry-1.docker.io/evil/*", "evil/x", true),
            ("ghcr.io/evil/*", "ghcr.io:0443/evil/x", true),
            ("ghcr.io:443/evil/*", "ghcr.io/evil/x", true),
            ("GHCR.io/evil/*", "ghcr.io/evil/x", true),
            ("ghcr.io:5000/evil/*", "ghcr.io/evil/x", false),
            ("ghcr.io/evil/*", "ghcr.io/good/x", false),
        ] {
            assert_eq!(judged(pattern, image).1, expected, "{pattern} {image}");
        }
    }
}
