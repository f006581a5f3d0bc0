//! Where the Dockerfile is, and what the archive's entries leave there.

use std::collections::HashSet;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use super::tar::{Entry, Kind};
use crate::operation::build::{Builder, Flaw};

const DEFAULT: &str = "Dockerfile";

/// The place of the Dockerfile.
pub(super) struct Place {
    /// The path that was asked for, and the one where it is looked for if nothing is there.
    wanted: Vec<Wanted>,
    /// Every path where a link stands or stood, hashed. If two paths have one hash, a context is refused that need
    /// not be.
    links: HashSet<u64>,
}

/// Which of the paths.
#[derive(Clone, Copy)]
pub(super) struct Index(usize);

struct Wanted {
    path: Vec<Vec<u8>>,
    found: Option<Result<Vec<u8>, &'static str>>,
}

impl Place {
    /// The place that the parameter `dockerfile` names: within the context, and `Dockerfile` by default.
    ///
    /// Where that is missing, the classic builder also takes `dockerfile`, and BuildKit the same beside any
    /// path that ends in `Dockerfile`.
    pub(super) fn new(path: &str, builder: Builder) -> Result<Self, Flaw> {
        let path = match (path, builder) {
            ("", _) | (".", Builder::BuildKit) => DEFAULT,
            (path, _) => path,
        };
        if path.split('/').any(|name| name == "..") {
            return Err(Flaw::context("is not looked into: write the parameter `dockerfile` without `..`"));
        }
        let nowhere = || Flaw::context("has no Dockerfile: the parameter `dockerfile` names none");
        let first = clean(path.as_bytes()).filter(|path| !path.is_empty()).ok_or_else(nowhere)?;
        let second = match (builder, first.split_last()) {
            (Builder::Classic, _) if path == DEFAULT => Some(vec![DEFAULT.to_lowercase().into_bytes()]),
            (Builder::BuildKit, Some((name, folder))) if *name == DEFAULT.as_bytes() => {
                Some([folder, &[DEFAULT.to_lowercase().into_bytes()]].concat())
            }
            (Builder::Classic | Builder::BuildKit, _) => None,
        };
        let wanted = [Some(first), second].into_iter().flatten().map(|path| Wanted { path, found: None });
        Ok(Self { wanted: wanted.collect(), links: HashSet::new() })
    }

    /// Takes note of `entry`. Where it is the Dockerfile, or stands where that might be, says which: it is to be
    /// [put](Self::put) there.
    pub(super) fn enter(&mut self, entry: &Entry) -> Result<Option<Index>, Flaw> {
        let path = clean(&entry.name).ok_or_else(|| refused(entry, "leads out of it"))?;
        if path.is_empty() {
            return match entry.kind {
                Kind::Directory => Ok(None),
                Kind::File | Kind::HardLink | Kind::Symlink | Kind::Special => {
                    Err(refused(entry, "takes the place of all the rest"))
                }
            };
        }
        let hashes = hashes(&path);
        let parents = hashes.len().saturating_sub(1);
        if hashes.iter().take(parents).any(|hash| self.links.contains(hash)) {
            return Err(refused(entry, "goes through a link"));
        }
        match entry.kind {
            Kind::Symlink => self.links.extend(hashes.last()),
            Kind::HardLink => self.refuse_link_to_link(entry)?,
            Kind::File | Kind::Directory | Kind::Special => {}
        }
        for (index, wanted) in self.wanted.iter().enumerate() {
            if wanted.path == path {
                return Ok(Some(Index(index)));
            }
            if path.starts_with(&wanted.path) {
                return Err(refused(entry, "goes through the Dockerfile"));
            }
            if wanted.path.starts_with(&path) && entry.kind != Kind::Directory {
                return Err(refused(entry, "is not a directory, and stands on the way to the Dockerfile"));
            }
        }
        Ok(None)
    }

    /// A second name of a link is one more link.
    fn refuse_link_to_link(&self, entry: &Entry) -> Result<(), Flaw> {
        let target = clean(&entry.link).ok_or_else(|| refused(entry, "is a link that leads out of it"))?;
        if hashes(&target).iter().any(|hash| self.links.contains(hash)) {
            return Err(refused(entry, "is a hard link to a link"));
        }
        Ok(())
    }

    /// Puts content, or what stands in its place, where a Dockerfile is looked for; it replaces what was there.
    pub(super) fn put(&mut self, Index(index): Index, content: Result<Vec<u8>, &'static str>) {
        if let Some(wanted) = self.wanted.get_mut(index) {
            wanted.found = Some(content);
        }
    }

    /// What the daemon opens in the end.
    pub(super) fn dockerfile(self) -> Result<Vec<u8>, Flaw> {
        let mut paths = Vec::new();
        for wanted in self.wanted {
            let path = String::from_utf8_lossy(&wanted.path.join(&b'/')).into_owned();
            match wanted.found {
                Some(Ok(content)) if content.is_empty() => {
                    return Err(Flaw::dockerfile(format_args!("{path:?} is empty")));
                }
                Some(Ok(content)) => return Ok(content),
                Some(Err(what)) => return Err(Flaw::dockerfile(format_args!("{path:?} {what}"))),
                None => paths.push(format!("{path:?}")),
            }
        }
        Err(Flaw::context(format_args!("has no Dockerfile: there is no {}", paths.join(" or "))))
    }
}

/// The names on a path from the context's root, cleaned; `None` where it leads out of it.
fn clean(path: &[u8]) -> Option<Vec<Vec<u8>>> {
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

/// A hash for each directory on the way to `path`, and for itself.
fn hashes(path: &[Vec<u8>]) -> Vec<u64> {
    let mut hasher = DefaultHasher::new();
    let mut hash = |name: &Vec<u8>| {
        name.hash(&mut hasher);
        hasher.finish()
    };
    path.iter().map(&mut hash).collect()
}

fn refused(entry: &Entry, what: &str) -> Flaw {
    Flaw::context(format_args!("has an entry that {what}: {:?}", String::from_utf8_lossy(&entry.name)))
}
