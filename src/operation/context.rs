//! Archives that the daemon unpacks. A build context is read to find the Dockerfile that the daemon will really use; an
//! upload into a container, to find where it is written.
//!
//! The daemon unpacks the archive and then opens the Dockerfile by its path, so that paths are cleaned first, a later
//! entry replaces an earlier one, links are followed, and where there is none it looks for another. What could be read
//! in two ways is refused: a Dockerfile that comes twice, that a link leads to, or that is not where it is said to
//! be. Nothing is unpacked: memory is bounded whatever comes.

mod compression;
mod links;
mod place;
mod tar;

use std::io::{ErrorKind, Read};

use super::build::Builder;
use super::inside::Flaw;
use super::upload::LinkOut;
use links::Links;
use place::Place;
use tar::{Archive, Kind};

/// A Dockerfile may be this large.
const MAX_DOCKERFILE_BYTES: usize = 1024 * 1024;

/// The Dockerfile that the daemon will use of the archive in `body`, where the parameter `dockerfile` says `path`.
/// No more than `limit` bytes are unpacked.
///
/// # Errors
///
/// Whatever is not one archive with one meaning and a regular file for a Dockerfile.
pub fn dockerfile(body: impl Read, path: &str, builder: Builder, limit: u64) -> Result<Vec<u8>, Flaw> {
    let unpacked = compression::unpack(body, builder, limit)?;
    let mut archive = Archive::new(unpacked);
    let mut place = Place::new(path, builder)?;
    let mut is_first = true;
    while let Some(entry) = archive.next()? {
        if std::mem::take(&mut is_first) {
            refuse_second_reading(&entry, builder)?;
        }
        if place.enter(&entry)? {
            let content = match entry.kind {
                Kind::File if entry.size <= MAX_DOCKERFILE_BYTES.try_into().unwrap_or(u64::MAX) => {
                    Ok(archive.content(MAX_DOCKERFILE_BYTES)?)
                }
                Kind::File => Err("is larger than 1 MiB"),
                Kind::HardLink => Err("is a hard link; put the file itself there"),
                Kind::Symlink => {
                    Err("is a link; name the file that it leads to with the parameter `dockerfile`")
                }
                Kind::Directory => Err("is a directory"),
                Kind::Special => Err("is a device or pipe"),
            };
            place.put(content);
        }
    }
    archive.finish()?;
    place.dockerfile()
}

/// The links in the archive in `body` that lead out of the directory `path`, in which it is unpacked. No more than
/// `limit` bytes are.
///
/// # Errors
///
/// Whatever is not one archive with one meaning, and what could be written elsewhere.
pub(super) fn links(body: impl Read, path: &str, limit: u64) -> Result<Vec<LinkOut>, Flaw> {
    // The daemon unpacks uploads as the contexts of its own builder.
    let mut archive = Archive::new(compression::unpack(body, Builder::Classic, limit)?);
    let mut links = Links::new(path);
    while let Some(entry) = archive.next()? {
        links.enter(&entry)?;
    }
    archive.finish()?;
    Ok(links.out())
}

/// The daemon looks at the first bytes once more: the classic builder at those of the archive that it writes of what
/// it has read, which begins with the first entry's name; BuildKit at 1024 of those that came, and takes what does
/// not begin with a whole entry for a Dockerfile.
fn refuse_second_reading(first: &tar::Entry, builder: Builder) -> Result<(), Flaw> {
    if compression::detect(&first.name).is_some() {
        return Err(Flaw::context("begins with a name that the daemon would take for compressed data"));
    }
    if builder == Builder::BuildKit && first.extended {
        return Err(Flaw::context(
            "begins with an extended header, which BuildKit can take for a Dockerfile; put an entry with a short name first",
        ));
    }
    Ok(())
}

/// A failure to read the archive: a limit, or what the decompressor found.
fn unreadable(error: &std::io::Error) -> Flaw {
    if error.kind() == ErrorKind::FileTooLarge {
        Flaw::archive(error)
    } else if error.kind() == ErrorKind::UnexpectedEof {
        Flaw::archive("is cut off")
    } else {
        Flaw::archive(format_args!("cannot be unpacked: {error}"))
    }
}

#[cfg(test)]
mod tests;
