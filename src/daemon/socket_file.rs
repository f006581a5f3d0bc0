//! What stands in the place of the daemon's socket.

use std::fmt;
use std::fs::Metadata;
use std::io;
use std::os::unix::fs::{FileTypeExt as _, MetadataExt as _};
use std::path::Path;

use serde::{Serialize, Serializer};

/// What stands in the place of the daemon's socket.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "found", rename_all = "snake_case")]
pub enum Place {
    /// Nothing.
    Empty,
    /// It cannot be looked at: a directory above it is closed to dockgate.
    Closed,
    /// A file.
    File(SocketFile),
}

/// A file in the place of the daemon's socket.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct SocketFile {
    /// What it is.
    pub kind: FileKind,
    /// Its owner.
    pub uid: u32,
    /// Its group.
    pub gid: u32,
    /// Its permission bits.
    #[serde(serialize_with = "in_octal")]
    pub mode: u32,
    /// The file system that it is on.
    pub device: u64,
    /// Its number there: a socket that was made anew has another one.
    pub inode: u64,
    /// When it last changed, in seconds and nanoseconds: a number can be given anew.
    #[serde(skip)]
    pub changed: (i64, i64),
    /// Whether it has a name left anywhere. One that has none is a mount of a file that was removed since.
    pub is_removed: bool,
}

/// What a file is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum FileKind {
    /// A socket, as it should be.
    Socket,
    /// A directory.
    Directory,
    /// Something else.
    Other,
}

impl Place {
    /// Looks at `path`. A link is followed, as it is when connecting.
    pub(super) fn look(path: &Path) -> Self {
        match std::fs::metadata(path) {
            Ok(metadata) => Self::File(SocketFile::from(&metadata)),
            Err(error) if error.kind() == io::ErrorKind::PermissionDenied => Self::Closed,
            Err(_) => Self::Empty,
        }
    }
}

impl From<&Metadata> for SocketFile {
    fn from(metadata: &Metadata) -> Self {
        let kind = match metadata.file_type() {
            kind if kind.is_socket() => FileKind::Socket,
            kind if kind.is_dir() => FileKind::Directory,
            _ => FileKind::Other,
        };
        Self {
            kind,
            uid: metadata.uid(),
            gid: metadata.gid(),
            mode: metadata.mode() & 0o7777,
            device: metadata.dev(),
            inode: metadata.ino(),
            changed: (metadata.ctime(), metadata.ctime_nsec()),
            is_removed: metadata.nlink() == 0,
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => f.write_str("nothing"),
            Self::Closed => f.write_str("a directory on the way that dockgate may not search"),
            Self::File(file) => write!(f, "{file}"),
        }
    }
}

impl fmt::Display for SocketFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = match self.kind {
            FileKind::Socket => "a socket",
            FileKind::Directory => "a directory",
            FileKind::Other => "a file that is no socket",
        };
        let Self { uid, gid, mode, inode, .. } = self;
        write!(f, "{kind} of uid {uid}, gid {gid}, mode {mode:04o}, inode {inode}")?;
        if self.is_removed { f.write_str(", removed since it was mounted") } else { Ok(()) }
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it so")]
fn in_octal<S: Serializer>(mode: &u32, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(&format_args!("{mode:04o}"))
}

#[cfg(test)]
mod tests {
    use std::fs::{self, Permissions};
    use std::os::unix::fs::PermissionsExt as _;
    use std::os::unix::net::UnixListener;

    use super::*;

    #[test]
    fn whatever_stands_there_is_told_apart() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("docker.sock");
        assert_eq!(Place::look(&path), Place::Empty);
        assert_eq!(Place::look(&path.join("deeper")), Place::Empty);

        fs::create_dir(&path).unwrap();
        assert!(Place::look(&path).to_string().starts_with("a directory"));
        fs::remove_dir(&path).unwrap();

        fs::write(&path, "").unwrap();
        assert!(Place::look(&path).to_string().starts_with("a file that is no socket"));
        fs::remove_file(&path).unwrap();

        let _first = UnixListener::bind(&path).unwrap();
        let first = Place::look(&path);
        assert!(first.to_string().starts_with("a socket"));
        fs::set_permissions(&path, Permissions::from_mode(0o600)).unwrap();
        let closed = Place::look(&path);
        assert!(closed.to_string().contains("mode 0600"), "{closed}");
        fs::rename(&path, path.with_extension("old")).unwrap();
        let _second = UnixListener::bind(&path).unwrap();
        assert_ne!(Place::look(&path), first, "another inode");
    }
}
