//! The host's files, as far as dockgate sees them: where links lead.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use nix::errno::Errno;
use nix::fcntl::{AT_FDCWD, OFlag, OpenHow, ResolveFlag, openat2};
use nix::libc;

use crate::operation::meaning::Link;

/// How long a file system may take to say what a path is. One of another host can be away.
const LOOK_TIMEOUT: Duration = Duration::from_secs(1);

/// The link by which a path is reached, if there is one and dockgate can see it. In a container of its own it sees
/// none of the host's.
pub(super) async fn link_to(path: &str) -> Option<Link> {
    if has_no_link(path) {
        return None;
    }
    let path = PathBuf::from(path);
    let looking = tokio::task::spawn_blocking(move || find_link(&path));
    tokio::time::timeout(LOOK_TIMEOUT, looking).await.ok()?.ok()?
}

/// Whether there is no link on the way to a path, as far as the system knows that by heart. What it would have to wait
/// for, or cannot tell, is none of its business here.
fn has_no_link(path: &str) -> bool {
    // nix does not name the first.
    let by_heart = ResolveFlag::from_bits_retain(libc::RESOLVE_CACHED) | ResolveFlag::RESOLVE_NO_SYMLINKS;
    let how = OpenHow::new().flags(OFlag::O_PATH | OFlag::O_CLOEXEC).resolve(by_heart);
    match openat2(AT_FDCWD, path, how) {
        Ok(_) => true,
        // Of a path that is not there, what is there has been passed.
        Err(errno) => errno == Errno::ENOENT,
    }
}

fn find_link(path: &Path) -> Option<Link> {
    let mut beginnings: Vec<&Path> = path.ancestors().collect();
    beginnings.reverse();
    let (mut link, mut there) = (None, Path::new("/"));
    for beginning in beginnings {
        let Ok(found) = fs::symlink_metadata(beginning) else { break };
        there = beginning;
        if found.is_symlink() {
            link = Some(beginning);
        }
    }
    let at = link?.to_str()?.to_owned();
    let to = match (fs::canonicalize(there), path.strip_prefix(there)) {
        (Ok(real), Ok(rest)) if rest.as_os_str().is_empty() => real,
        // What is not there will be made where the rest leads.
        (Ok(real), Ok(rest)) => real.join(rest),
        // A link that leads nowhere may lead anywhere soon.
        (Err(_), _) | (_, Err(_)) => PathBuf::from("/"),
    };
    Some(Link { at, to: to.to_str()?.to_owned() })
}

#[cfg(test)]
mod tests {
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
        for (path, expected) in [
            ("real/deep", None),
            ("real/not/there", None),
            ("first", Some(("first", at("real")))),
            ("first/deep", Some(("first", at("real/deep")))),
            ("first/second", Some(("first/second", at("real/deep")))),
            ("first/not/there", Some(("first", at("real/not/there")))),
            ("broken/x", Some(("broken", "/".to_owned()))),
        ] {
            let link = link_to(&at(path)).await;
            assert_eq!(link, expected.map(|(link, to)| Link { at: at(link), to }), "{path}");
        }
    }
}
