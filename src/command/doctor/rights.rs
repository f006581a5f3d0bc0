//! What this process may do with files.

use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

use nix::fcntl::{AT_FDCWD, AtFlags};
use nix::sys::statvfs::{FsFlags, statvfs};
use nix::unistd::{AccessFlags, faccessat, geteuid};

use crate::audit::read::directory_of;

/// Why something cannot be written, and what helps.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Obstacle {
    pub(super) found: String,
    pub(super) cure: String,
}

/// What keeps files from being made in `directory` and removed; it is made where it is not there.
pub(super) fn obstacle_in(directory: &Path) -> Option<Obstacle> {
    let nearest = directory.ancestors().find(|above| above.is_dir()).unwrap_or_else(|| Path::new("/"));
    if is_read_only(nearest) {
        return Some(read_only(nearest, directory));
    }
    if may(nearest, AccessFlags::W_OK | AccessFlags::X_OK) {
        return None;
    }
    let (shown, uid) = (nearest.display(), geteuid());
    Some(match own_mode(nearest) {
        Some(mode) => Obstacle {
            found: format!("this user may not write in {shown}, though it is its own (mode {mode:04o})"),
            cure: format!("`chmod u+rwx {shown}`"),
        },
        None => Obstacle {
            found: format!("this user may not write in {shown}"),
            cure: if nearest == directory {
                format!(
                    "If it is for dockgate alone: `chown {uid} {shown}` on the host, or a volume that belongs to uid {uid}. Otherwise name a directory that is."
                )
            } else {
                let missing = directory.display();
                format!(
                    "Make {missing} for it: `install -d -o {uid} {missing}` on the host, or mount a volume there that belongs to uid {uid}."
                )
            },
        },
    })
}

/// What keeps `file`, which is there, from being written to.
pub(super) fn obstacle_to(file: &Path) -> Option<Obstacle> {
    let directory = directory_of(file);
    if file.is_file() && is_read_only(file) {
        return Some(read_only(file, directory));
    }
    if may(file, AccessFlags::W_OK) {
        return None;
    }
    let (shown, uid) = (file.display(), geteuid());
    Some(match own_mode(file) {
        Some(mode) => Obstacle {
            found: format!("this user may not write to it, though it is its own (mode {mode:04o})"),
            cure: format!("`chmod u+rw {shown}`"),
        },
        None => Obstacle {
            found: "this user may not write to it".to_owned(),
            cure: format!("Give it to the user that dockgate runs as: `chown {uid} {shown}`."),
        },
    })
}

fn read_only(what: &Path, directory: &Path) -> Obstacle {
    let directory = directory.display();
    Obstacle {
        found: format!("{} is on a file system that is read-only", what.display()),
        cure: format!(
            "Mount a volume at {directory} (`--volume NAME:{directory}`), or a tmpfs where what is there may go with the container (`--tmpfs {directory}`)."
        ),
    }
}

/// Whether nothing can be written there: the mount may be for reading only, or the file system itself; either shows.
fn is_read_only(path: &Path) -> bool {
    statvfs(path).is_ok_and(|system| system.flags().contains(FsFlags::ST_RDONLY))
}

/// The mode of what belongs to this user.
fn own_mode(path: &Path) -> Option<u32> {
    let found = fs::metadata(path).ok()?;
    (found.uid() == geteuid().as_raw()).then_some(found.mode() & 0o7777)
}

fn may(path: &Path, access: AccessFlags) -> bool {
    faccessat(AT_FDCWD, path, access, AtFlags::AT_EACCESS).is_ok()
}
