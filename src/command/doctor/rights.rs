//! What this process may do with files.

use std::path::{Path, PathBuf};

use nix::fcntl::{AT_FDCWD, AtFlags};
use nix::unistd::{AccessFlags, faccessat, geteuid};

/// Whether files can be made in `directory`, and removed.
pub(super) fn may_write_in(directory: &Path) -> bool {
    may(directory, AccessFlags::W_OK | AccessFlags::X_OK)
}

/// Whether `file` can be written to.
pub(super) fn may_write(file: &Path) -> bool {
    may(file, AccessFlags::W_OK)
}

/// The directory nearest to `path`, itself or above it, that exists.
pub(super) fn nearest_directory(path: &Path) -> PathBuf {
    path.ancestors().find(|above| above.is_dir()).unwrap_or_else(|| Path::new("/")).to_owned()
}

/// What gives this process the right to write in `directory`.
pub(super) fn give_write_access(directory: &Path) -> String {
    format!(
        "Give uid {} write access to {}: `chown {0} {1}` on the host, or a volume that belongs to it.",
        geteuid(),
        directory.display()
    )
}

fn may(path: &Path, access: AccessFlags) -> bool {
    faccessat(AT_FDCWD, path, access, AtFlags::AT_EACCESS).is_ok()
}
