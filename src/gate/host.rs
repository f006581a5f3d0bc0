//! The host's files, as far as dockgate sees them: where links lead.

use std::convert::Infallible;
use std::fs;
use std::os::fd::{AsRawFd as _, OwnedFd};
use std::path::{Component, Path, PathBuf};
use std::time::Duration;

use nix::errno::Errno;
use nix::fcntl::{AT_FDCWD, OFlag, OpenHow, ResolveFlag, openat2, readlinkat};
use nix::libc;

use crate::operation::meaning::Link;

/// How long a file system may take to say what a path is. One of another host can be away.
const LOOK_TIMEOUT: Duration = Duration::from_secs(1);

/// The link by which a path is reached, if there is one and dockgate can see it. In a container of its own it sees
/// none of the host's. None, where it takes too long to look.
pub(super) async fn link_to(path: &str) -> Option<Option<Link>> {
    let path = PathBuf::from(path);
    if let Ok(link) = link_by_heart(&path) {
        return Some(link);
    }
    let looking = tokio::task::spawn_blocking(move || find_link(&path));
    tokio::time::timeout(LOOK_TIMEOUT, looking).await.ok()?.ok()
}

/// What [`find_link`] finds, as far as the system knows that by heart. What it would have to wait for, or cannot tell, is an
/// error.
fn link_by_heart(path: &Path) -> nix::Result<Option<Link>> {
    match open_by_heart(path, OFlag::O_NOFOLLOW, ResolveFlag::RESOLVE_NO_SYMLINKS) {
        Ok(found) => match link_target(&found) {
            None => return Ok(None),
            Some(real) if is_by_itself(&real) => {
                return Ok(leading(path, path, path, Some(real.components().collect())));
            }
            Some(_) => {}
        },
        // Of a path that is not there, what is there has been passed.
        Err(Errno::ENOENT) => return Ok(None),
        Err(Errno::ELOOP) => {}
        Err(errno) => return Err(errno),
    }
    let way = walk(path, |at| match open_by_heart(at, OFlag::O_NOFOLLOW, ResolveFlag::empty()) {
        Ok(found) => Ok(Some(link_target(&found).is_some())),
        Err(Errno::ENOENT) => Ok(None),
        Err(errno) => Err(errno),
    })?;
    let Some((link, there)) = way else { return Ok(None) };
    let real = match open_by_heart(there, OFlag::empty(), ResolveFlag::empty()) {
        Ok(found) => {
            let own = format!("/proc/self/fd/{}", found.as_raw_fd());
            Some(fs::read_link(own).map_err(|_| Errno::EAGAIN)?)
        }
        Err(Errno::ENOENT) => None,
        Err(errno) => return Err(errno),
    };
    Ok(leading(link, path, there, real))
}

/// Where what was opened leads, if it is a link: only of one it can be read.
fn link_target(found: &OwnedFd) -> Option<PathBuf> {
    readlinkat(found, "").ok().map(PathBuf::from)
}

/// Whether a path is there, and where it says: it has no `..` in it, and there is no link on its way.
fn is_by_itself(path: &Path) -> bool {
    path.is_absolute()
        && !path.components().any(|step| step == Component::ParentDir)
        && open_by_heart(path, OFlag::empty(), ResolveFlag::RESOLVE_NO_SYMLINKS).is_ok()
}

/// Opens a path, as far as the system need not wait for anything on its way.
fn open_by_heart(path: &Path, flags: OFlag, resolve: ResolveFlag) -> nix::Result<OwnedFd> {
    // nix does not name it.
    let resolve = resolve | ResolveFlag::from_bits_retain(libc::RESOLVE_CACHED);
    let flags = flags | OFlag::O_PATH | OFlag::O_CLOEXEC;
    openat2(AT_FDCWD, path, OpenHow::new().flags(flags).resolve(resolve))
}

fn find_link(path: &Path) -> Option<Link> {
    let look = |at: &Path| Ok::<_, Infallible>(fs::symlink_metadata(at).ok().map(|found| found.is_symlink()));
    let Ok(way) = walk(path, look);
    let (link, there) = way?;
    leading(link, path, there, fs::canonicalize(there).ok())
}

/// The last link on the way to a path, if there is one, and how much of the path is there. `look` tells of a path whether
/// a link is there; none, where nothing is.
fn walk<E>(
    path: &Path,
    look: impl Fn(&Path) -> Result<Option<bool>, E>,
) -> Result<Option<(&Path, &Path)>, E> {
    let mut beginnings: Vec<&Path> = path.ancestors().collect();
    beginnings.reverse();
    let (mut link, mut there) = (None, Path::new("/"));
    for beginning in beginnings {
        let Some(is_link) = look(beginning)? else { break };
        there = beginning;
        if is_link {
            link = Some(beginning);
        }
    }
    Ok(link.map(|link| (link, there)))
}

/// A link on the way to a path of which so much is there, and is `real`.
fn leading(at: &Path, path: &Path, there: &Path, real: Option<PathBuf>) -> Option<Link> {
    let to = match (real, path.strip_prefix(there)) {
        (Some(real), Ok(rest)) if rest.as_os_str().is_empty() => real,
        // What is not there will be made where the rest leads.
        (Some(real), Ok(rest)) => real.join(rest),
        // A link that leads nowhere may lead anywhere soon.
        (None, _) | (_, Err(_)) => PathBuf::from("/"),
    };
    // No pattern has what is no text: it may be anywhere.
    Some(Link { at: at.to_str()?.to_owned(), to: to.to_str().unwrap_or("/").to_owned() })
}

#[cfg(test)]
mod tests {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt as _;
    use std::os::unix::fs::symlink;

    use super::*;

    #[tokio::test]
    async fn the_last_link_on_the_way_is_found() {
        let dir = tempfile::tempdir().unwrap();
        let root = dir.path().canonicalize().unwrap();
        let at = |path: &str| root.join(path).to_str().unwrap().to_owned();
        fs::create_dir_all(root.join("real/deep")).unwrap();
        symlink(root.join("real"), root.join("first")).unwrap();
        symlink("deep", root.join("real/second")).unwrap();
        symlink("/nowhere/at/all", root.join("broken")).unwrap();
        let no_text = root.join(OsStr::from_bytes(b"real/\xff"));
        fs::create_dir(&no_text).unwrap();
        symlink(&no_text, root.join("no-text")).unwrap();
        for (path, expected) in [
            ("real/deep", None),
            ("real/not/there", None),
            ("first", Some(("first", at("real")))),
            ("first/deep", Some(("first", at("real/deep")))),
            ("first/second", Some(("first/second", at("real/deep")))),
            ("first/not/there", Some(("first", at("real/not/there")))),
            ("broken/x", Some(("broken", "/".to_owned()))),
            ("no-text", Some(("no-text", "/".to_owned()))),
            ("no-text/x", Some(("no-text", "/".to_owned()))),
        ] {
            let expected = expected.map(|(link, to)| Link { at: at(link), to });
            assert_eq!(find_link(Path::new(&at(path))), expected, "{path}");
            // Not every kernel and file system has it by heart.
            match link_by_heart(Path::new(&at(path))) {
                Err(Errno::EAGAIN | Errno::EINVAL | Errno::ENOSYS) => {}
                by_heart => assert_eq!(by_heart, Ok(expected.clone()), "{path}"),
            }
            assert_eq!(link_to(&at(path)).await, Some(expected), "{path}");
        }
    }
}
