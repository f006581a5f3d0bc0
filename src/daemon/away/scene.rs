//! What a refused connection is explained by: the socket, the way to it, and what dockgate is itself. Read from
//! the system here, so that the words can be tested without one.

use std::fs;
use std::io;
use std::os::unix::fs::{FileTypeExt as _, MetadataExt as _};
use std::path::{Path, PathBuf};

use nix::unistd::{Gid, Group, getegid, geteuid, getgroups};

use crate::daemon::socket_file::Place;

/// What a refused connection is explained by.
#[derive(Clone, Debug)]
pub(super) struct Scene {
    pub(super) path: PathBuf,
    pub(super) place: Place,
    /// Whether that is a directory with something in it.
    pub(super) has_entries: bool,
    /// The name that this system has for the socket's group.
    pub(super) group_name: Option<String>,
    /// The first directory on the way that dockgate may not search.
    pub(super) closed: Option<Directory>,
    /// Who dockgate is.
    pub(super) uid: u32,
    pub(super) gids: Vec<u32>,
    /// What the kernel shows for a group that has no number in this user namespace.
    pub(super) overflow_gid: u32,
    /// What else may confine it.
    pub(super) confinement: Confinement,
    pub(super) system: System,
    /// Other sockets of a daemon that are there.
    pub(super) others: Vec<PathBuf>,
}

/// A directory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Directory {
    pub(super) path: PathBuf,
    pub(super) uid: u32,
    pub(super) gid: u32,
    pub(super) mode: u32,
}

/// The security module that dockgate runs under.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Confinement {
    None,
    /// With dockgate's context.
    SeLinux(String),
    /// With dockgate's profile.
    AppArmor(String),
}

/// Systems that lay things out in a way of their own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum System {
    Synology,
    Unraid,
    Other,
}

impl Scene {
    pub(super) fn of(path: &Path) -> Self {
        let place = Place::look(path);
        let gid = match place {
            Place::File(file) => Some(file.gid),
            Place::Empty | Place::Closed => None,
        };
        Self {
            path: path.to_owned(),
            place,
            has_entries: fs::read_dir(path).is_ok_and(|mut entries| entries.next().is_some()),
            group_name: gid.and_then(|gid| Some(Group::from_gid(Gid::from_raw(gid)).ok()??.name)),
            closed: closed_directory(path),
            uid: geteuid().as_raw(),
            gids: own_groups(),
            overflow_gid: read("/proc/sys/kernel/overflowgid").parse().unwrap_or(65534),
            confinement: confinement(&read("/proc/self/attr/current")),
            system: system(),
            others: others(path),
        }
    }
}

fn own_groups() -> Vec<u32> {
    let mut groups: Vec<u32> = getgroups().unwrap_or_default().into_iter().map(Gid::as_raw).collect();
    groups.push(getegid().as_raw());
    groups.sort_unstable();
    groups.dedup();
    groups
}

fn closed_directory(path: &Path) -> Option<Directory> {
    let mut way: Vec<&Path> = path.ancestors().collect();
    way.reverse();
    let closed = way.into_iter().find(
        |part| matches!(fs::metadata(part), Err(error) if error.kind() == io::ErrorKind::PermissionDenied),
    )?;
    let path = closed.parent()?.to_owned();
    let metadata = fs::metadata(&path).ok()?;
    Some(Directory { path, uid: metadata.uid(), gid: metadata.gid(), mode: metadata.mode() & 0o7777 })
}

/// What `/proc/self/attr/current` says: a context, `user:role:type:level`, or a profile, `docker-default (enforce)`.
fn confinement(current: &str) -> Confinement {
    match current {
        "" | "unconfined" | "kernel" => Confinement::None,
        context if context.matches(':').count() >= 3 => Confinement::SeLinux(context.to_owned()),
        profile => Confinement::AppArmor(profile.to_owned()),
    }
}

/// A container sees its host's kernel, and that tells.
fn system() -> System {
    if fs::exists("/proc/sys/kernel/syno_hw_version").unwrap_or(false) {
        System::Synology
    } else if read("/proc/sys/kernel/osrelease").to_ascii_lowercase().contains("unraid") {
        System::Unraid
    } else {
        System::Other
    }
}

/// Where else daemons have their sockets: that of the system, and those of rootless ones.
fn others(path: &Path) -> Vec<PathBuf> {
    let users = fs::read_dir("/run/user").into_iter().flatten().flatten();
    let rootless = users.map(|user| user.path().join("docker.sock"));
    let known = PathBuf::from("/run/docker.sock");
    let is_socket = |path: &PathBuf| fs::metadata(path).is_ok_and(|found| found.file_type().is_socket());
    let here = fs::canonicalize(path).ok();
    std::iter::once(known)
        .chain(rootless)
        .filter(|other| is_socket(other) && other != path && fs::canonicalize(other).ok() != here)
        .collect()
}

fn read(path: &str) -> String {
    let text = fs::read_to_string(path).unwrap_or_default();
    text.trim_end_matches(['\n', '\0']).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_security_module_is_told_by_what_it_calls_dockgate() {
        assert_eq!(confinement(""), Confinement::None);
        assert_eq!(confinement("unconfined"), Confinement::None);
        let context = "system_u:system_r:container_t:s0:c123,c456";
        assert_eq!(confinement(context), Confinement::SeLinux(context.to_owned()));
        let profile = "docker-default (enforce)";
        assert_eq!(confinement(profile), Confinement::AppArmor(profile.to_owned()));
    }

    #[test]
    fn the_scene_of_nothing_is_empty() {
        let scene = Scene::of(Path::new("/nonexistent/docker.sock"));
        assert_eq!((scene.place, scene.closed, scene.group_name), (Place::Empty, None, None));
    }
}
