//! Where the Dockerfile is, and what the archive's entries leave there.

use std::collections::HashSet;
use std::hash::{BuildHasher, Hash as _, Hasher as _};

use super::tar::{Entry, Kind};
use crate::operation::build::Builder;
use crate::operation::inside::Flaw;

const DEFAULT: &str = "Dockerfile";

/// The place of the Dockerfile.
pub(super) struct Place {
    /// The names on the way to it.
    path: Vec<Vec<u8>>,
    found: Option<Result<Vec<u8>, &'static str>>,
    /// Whether it stands beside it in lower case, which daemons take where it is missing.
    in_lower_case: bool,
    /// Every path where a link stands or stood, hashed. If two paths have one hash, a context is refused that need
    /// not be.
    links: HashSet<u64>,
}

impl Place {
    /// The place that the parameter `dockerfile` names: within the context, and `Dockerfile` by default.
    pub(super) fn new(path: &str, builder: Builder) -> Result<Self, Flaw> {
        let path = match (path, builder) {
            ("", _) | (".", Builder::BuildKit) => DEFAULT,
            (path, _) => path,
        };
        if path.split('/').any(|name| name == "..") {
            return Err(Flaw::context("is not looked into: write the parameter `dockerfile` without `..`"));
        }
        let nowhere = || Flaw::context("has no Dockerfile: the parameter `dockerfile` names none");
        let path = clean(path.as_bytes()).filter(|path| !path.is_empty()).ok_or_else(nowhere)?;
        Ok(Self { path, found: None, in_lower_case: false, links: HashSet::new() })
    }

    /// Takes note of `entry`. Says whether it stands where the Dockerfile belongs: it is to be [put](Self::put) there.
    pub(super) fn enter(&mut self, entry: &Entry) -> Result<bool, Flaw> {
        let path = clean(&entry.name).ok_or_else(|| refused(entry, "leads out of it"))?;
        if path.is_empty() {
            return match entry.kind {
                Kind::Directory => Ok(false),
                Kind::File | Kind::HardLink | Kind::Symlink | Kind::Special => {
                    Err(refused(entry, "takes the place of all the rest"))
                }
            };
        }
        let hashes = hashes(&path, self.links.hasher());
        let parents = hashes.len().saturating_sub(1);
        if hashes.iter().take(parents).any(|hash| self.links.contains(hash)) {
            return Err(refused(entry, "goes through a link"));
        }
        match entry.kind {
            Kind::Symlink => self.links.extend(hashes.last()),
            Kind::HardLink => self.refuse_link_to_link(entry)?,
            Kind::File | Kind::Directory | Kind::Special => {}
        }
        if self.path == path {
            return Ok(true);
        }
        if path.starts_with(&self.path) {
            return Err(refused(entry, "goes through the Dockerfile"));
        }
        if self.path.starts_with(&path) && entry.kind != Kind::Directory {
            return Err(refused(entry, "is not a directory, and stands on the way to the Dockerfile"));
        }
        self.in_lower_case |= self.path.join(&b'/').to_ascii_lowercase() == path.join(&b'/');
        Ok(false)
    }

    /// A second name of a link is one more link.
    fn refuse_link_to_link(&self, entry: &Entry) -> Result<(), Flaw> {
        let target = clean(&entry.link).ok_or_else(|| refused(entry, "is a link that leads out of it"))?;
        if hashes(&target, self.links.hasher()).iter().any(|hash| self.links.contains(hash)) {
            return Err(refused(entry, "is a hard link to a link"));
        }
        Ok(())
    }

    /// Puts content, or what is wrong with it, where the Dockerfile belongs. The daemon takes the last that comes; an
    /// archive that has several means to be taken for another.
    pub(super) fn put(&mut self, content: Result<Vec<u8>, &'static str>) {
        self.found = match self.found {
            None => Some(content),
            Some(_) => Some(Err("is there more than once; pack the context anew")),
        };
    }

    /// What the daemon opens in the end.
    pub(super) fn dockerfile(self) -> Result<Vec<u8>, Flaw> {
        let path = self.path.join(&b'/');
        let path = String::from_utf8_lossy(&path);
        match self.found {
            Some(Ok(content)) if content.is_empty() => {
                Err(Flaw::dockerfile(format_args!("{path:?} is empty")))
            }
            Some(Ok(content)) => Ok(content),
            Some(Err(what)) => Err(Flaw::dockerfile(format_args!("{path:?} {what}"))),
            None if self.in_lower_case => Err(Flaw::context(format_args!(
                "has no {path:?}, but one in lower case, which not every builder takes: name that with the parameter `dockerfile`"
            ))),
            None => Err(Flaw::context(format_args!("has no Dockerfile: there is no {path:?}"))),
        }
    }
}

/// The names on a path from the context's root, cleaned; `None` where it leads out of it.
pub(super) fn clean(path: &[u8]) -> Option<Vec<Vec<u8>>> {
    let mut names = Vec::new();
    for name in path.split(|&byte| byte == b'/') {
        match name {
            b"" | b"." => {}
            b".." => {
                names.pop()?;
            }
            name => names.push(name.to_vec()),
        }
    }
    Some(names)
}

/// A hash for each directory on the way to `path`, and for itself, by a key that nobody else has: nobody can seek out
/// two paths of one hash.
pub(super) fn hashes(path: &[Vec<u8>], key: &impl BuildHasher) -> Vec<u64> {
    let mut hasher = key.build_hasher();
    let mut hash = |name: &Vec<u8>| {
        name.hash(&mut hasher);
        hasher.finish()
    };
    path.iter().map(&mut hash).collect()
}

fn refused(entry: &Entry, what: &str) -> Flaw {
    Flaw::context(format_args!("has an entry that {what}: {:?}", String::from_utf8_lossy(&entry.name)))
}
