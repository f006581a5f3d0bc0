//! The links in an archive that is unpacked in a container, and where they lead.
//!
//! Daemons before 28 write through links that the archive itself brings, and any daemon through those that an earlier
//! upload has brought. So where each leads is judged as if it were written to, and what goes through one is refused.
//! Links that the container's own programs or image have made are not known here.

use std::collections::HashSet;

use super::place::{clean, hashes};
use super::tar::{Entry, Kind};
use crate::operation::inside::Flaw;
use crate::operation::upload::LinkOut;

/// The links that have come so far.
pub(super) struct Links<'a> {
    /// The directory that is written to, from the container's root.
    path: &'a str,
    /// Every path where a link stands or stood, hashed. If two paths have one hash, an archive is refused that need
    /// not be.
    seen: HashSet<u64>,
    /// The directories that it has made anew: no link stands there.
    directories: HashSet<u64>,
    out: Vec<LinkOut>,
}

impl<'a> Links<'a> {
    pub(super) fn new(path: &'a str) -> Self {
        Self { path, seen: HashSet::new(), directories: HashSet::new(), out: Vec::new() }
    }

    /// Takes note of `entry`.
    pub(super) fn enter(&mut self, entry: &Entry) -> Result<(), Flaw> {
        let path = clean(&entry.name)
            .ok_or_else(|| refused(entry, "leads out of the directory that is written to"))?;
        let hashes = hashes(&path, self.seen.hasher());
        let parents = hashes.len().saturating_sub(1);
        if hashes.iter().take(parents).any(|hash| self.seen.contains(hash)) {
            return Err(refused(entry, "goes through a link of the archive"));
        }
        match entry.kind {
            Kind::File => {}
            Kind::Directory => self.directories.extend(hashes.last()),
            Kind::Special => return Err(refused(entry, "is a device or pipe")),
            Kind::HardLink => self.hard_link(entry)?,
            Kind::Symlink => {
                self.seen.extend(hashes.last());
                let directory = path.get(..parents).unwrap_or_default();
                self.refuse_unsteady(entry, hashes.get(..parents).unwrap_or_default())?;
                self.symlink(entry, directory)?;
            }
        }
        Ok(())
    }

    pub(super) fn out(self) -> Vec<LinkOut> {
        self.out
    }

    /// A hard link leads to what the same directory holds; one to a link would be one more.
    fn hard_link(&self, entry: &Entry) -> Result<(), Flaw> {
        let target = clean(&entry.link)
            .ok_or_else(|| refused(entry, "is a hard link out of the directory that is written to"))?;
        if hashes(&target, self.seen.hasher()).iter().any(|hash| self.seen.contains(hash)) {
            return Err(refused(entry, "is a hard link to a link"));
        }
        Ok(())
    }

    /// What `..` leads to hangs on where the directory of the link really is: there may be a link on the way to it that an
    /// earlier upload has left.
    fn refuse_unsteady(&self, entry: &Entry, above: &[u64]) -> Result<(), Flaw> {
        let is_relative = !entry.link.starts_with(b"/");
        let up = entry.link.split(|&byte| byte == b'/').filter(|name| *name == b"..").count();
        let is_steady = up <= above.len()
            && above.iter().rev().take(up).all(|directory| self.directories.contains(directory));
        if is_relative && up > 0 && !is_steady {
            return Err(refused(
                entry,
                "is a link with `..` out of the archive, or out of a directory that the archive does not make",
            ));
        }
        Ok(())
    }

    fn symlink(&mut self, entry: &Entry, directory: &[Vec<u8>]) -> Result<(), Flaw> {
        let target = text(entry, &entry.link)?;
        let base = if target.starts_with('/') { String::new() } else { self.within(entry, directory)? };
        let target = follow(&base, target).ok_or_else(|| {
            refused(entry, "is a link with `..` behind a name, which can lead anywhere; write it without")
        })?;
        let below = target.strip_prefix(self.path.trim_end_matches('/'));
        if !below.is_some_and(|rest| rest.is_empty() || rest.starts_with('/')) {
            self.out.push(LinkOut { name: text(entry, &entry.name)?.to_owned(), target });
        }
        Ok(())
    }

    /// A directory of the archive, from the container's root.
    fn within(&self, entry: &Entry, directory: &[Vec<u8>]) -> Result<String, Flaw> {
        let mut path = self.path.trim_end_matches('/').to_owned();
        for name in directory {
            path.push('/');
            path.push_str(text(entry, name)?);
        }
        Ok(path)
    }
}

/// Where `target` leads from the directory `base`; none, where it goes back behind a name, which may be a link.
fn follow(base: &str, target: &str) -> Option<String> {
    let mut names: Vec<&str> = base.split('/').filter(|name| !name.is_empty()).collect();
    let mut has_gone_down = false;
    for name in target.split('/') {
        match name {
            "" | "." => {}
            ".." if has_gone_down => return None,
            ".." => drop(names.pop()),
            name => {
                has_gone_down = true;
                names.push(name);
            }
        }
    }
    Some(format!("/{}", names.join("/")))
}

fn text<'a>(entry: &Entry, bytes: &'a [u8]) -> Result<&'a str, Flaw> {
    str::from_utf8(bytes).map_err(|_| refused(entry, "has a name or target that is not UTF-8"))
}

fn refused(entry: &Entry, what: &str) -> Flaw {
    Flaw::archive(format_args!("has an entry that {what}: {:?}", String::from_utf8_lossy(&entry.name)))
}
