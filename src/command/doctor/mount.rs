//! What is mounted where.

use std::fs;
use std::path::Path;

/// Whether something is mounted exactly at `path`: of a file, a container's bind mount of it alone. False where
/// that cannot be told.
pub(super) fn is_mount_point(path: &Path) -> bool {
    let (Ok(mounts), Ok(path)) = (fs::read_to_string("/proc/self/mountinfo"), path.canonicalize()) else {
        return false;
    };
    path.to_str().is_some_and(|path| is_mounted(&mounts, path))
}

/// Whether one of the lines of `proc_pid_mountinfo(5)` is of a mount at `path`.
fn is_mounted(mounts: &str, path: &str) -> bool {
    let escaped =
        path.replace('\\', "\\134").replace(' ', "\\040").replace('\t', "\\011").replace('\n', "\\012");
    mounts.lines().any(|line| line.split(' ').nth(4) == Some(escaped.as_str()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mount_point_is_the_fifth_field() {
        let mounts = "22 1 0:21 / /proc rw - proc proc rw\n\
                      900 22 0:24 /docker.sock /run/my\\040docker.sock rw master:5 - tmpfs tmpfs rw\n";
        assert!(is_mounted(mounts, "/proc") && is_mounted(mounts, "/run/my docker.sock"));
        assert!(!is_mounted(mounts, "/docker.sock") && !is_mounted(mounts, "/run"));
        assert!(is_mount_point(Path::new("/proc")) && !is_mount_point(Path::new("/proc/self/status")));
        assert!(!is_mount_point(Path::new("/nonexistent")));
    }
}
