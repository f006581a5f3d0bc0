//! What is found at the daemon's address, and what to do about it.

use std::io;

use nix::errno::Errno;

use super::scene::{Confinement, Directory, Scene, System};
use super::{AwayKind, Explained};
use crate::daemon::socket_file::{FileKind, Place, SocketFile};

/// Why a unix socket could not be connected to.
pub(super) fn socket(scene: &Scene, code: Option<Errno>, error: &io::Error) -> Explained {
    let path = scene.path.display();
    if let Some(directory) = &scene.closed {
        return closed(scene, directory);
    }
    let file = match scene.place {
        Place::File(file) => file,
        Place::Empty | Place::Closed => return nothing(scene),
    };
    match (file.kind, code) {
        (FileKind::Directory, _) if scene.has_entries => Explained {
            kind: AwayKind::Connection,
            found: format!("{path} is a directory, not a socket."),
            cure: format!(
                "Point --daemon at the socket itself, such as unix://{path}/docker.sock: what has files in it is no mount that found nothing."
            ),
            recoverable: false,
        },
        (FileKind::Directory, _) => Explained {
            kind: AwayKind::Connection,
            found: format!("{path} is a directory, not a socket."),
            cure: "Docker makes one where a mount finds nothing: it was mounted before the daemon had made its socket. Stop dockgate's container, remove the directory on the host (rmdir), start the daemon, then the container.".to_owned(),
            recoverable: false,
        },
        (FileKind::Other, _) => Explained {
            kind: AwayKind::Connection,
            found: format!("{path} is a file, not a socket."),
            cure: "Point --daemon at the Docker daemon's socket.".to_owned(),
            recoverable: false,
        },
        (FileKind::Socket, Some(Errno::EACCES | Errno::EPERM)) => refused(scene, &file),
        (FileKind::Socket, _) if file.is_removed => Explained {
            kind: AwayKind::Connection,
            found: format!("{path} is a mount of a socket that was removed since."),
            cure: "The daemon has stopped, or was started again and made another: a mounted file stays the old one. Restart dockgate's container once the daemon runs; to be spared that, mount the directory that the socket is in, not the socket.".to_owned(),
            recoverable: false,
        },
        (FileKind::Socket, Some(Errno::ECONNREFUSED)) => Explained {
            kind: AwayKind::Connection,
            found: format!("nobody listens on {path}."),
            cure: "The daemon has stopped or crashed and left its socket behind: start it (systemctl start docker), or look at its own log (journalctl -u docker).".to_owned(),
            recoverable: true,
        },
        (FileKind::Socket, Some(Errno::EAGAIN)) => Explained {
            kind: AwayKind::Timeout,
            found: format!("too many wait to be let in at {path}: whoever made it accepts nobody."),
            cure: "The daemon is frozen or overloaded: look at its own log.".to_owned(),
            recoverable: true,
        },
        (FileKind::Socket, _) => Explained {
            kind: AwayKind::Unknown,
            found: format!("{path} cannot be connected to: {error}."),
            cure: "Look at the daemon's own log.".to_owned(),
            recoverable: true,
        },
    }
}

fn nothing(scene: &Scene) -> Explained {
    let others: Vec<_> = scene.others.iter().map(|path| format!("unix://{}", path.display())).collect();
    let cure = if others.is_empty() {
        "Start the Docker daemon; in a container, mount the socket, or better the directory it is in. A rootless daemon has its socket in its user's XDG_RUNTIME_DIR: /run/user/1000/docker.sock for uid 1000.".to_owned()
    } else {
        format!(
            "Start the daemon that makes it, or point --daemon at the one that is there: {}.",
            others.join(", ")
        )
    };
    let found = format!("there is no socket at {}.", scene.path.display());
    Explained { kind: AwayKind::Connection, found, cure, recoverable: true }
}

fn closed(scene: &Scene, directory: &Directory) -> Explained {
    let Directory { path, uid, gid, mode } = directory;
    let found = format!(
        "permission denied on the way to {}: {} belongs to uid {uid}, gid {gid}, mode {mode:04o}, and {}.",
        scene.path.display(),
        path.display(),
        whoami(scene)
    );
    let cure = if path.starts_with("/run/user") {
        format!(
            "That is where a rootless daemon has its socket. Run dockgate as its user: `user: \"{uid}:{gid}\"` in compose, `--user {uid}:{gid}` with docker run."
        )
    } else {
        format!(
            "Let dockgate pass through it (search permission, x): run it as uid {uid}, or open the directory to its group."
        )
    };
    Explained { kind: AwayKind::Permission, found, cure, recoverable: false }
}

fn refused(scene: &Scene, file: &SocketFile) -> Explained {
    let SocketFile { uid, gid, mode, .. } = file;
    let name = scene.group_name.as_ref().map(|name| format!(" ({name})")).unwrap_or_default();
    let found = format!(
        "permission denied on {}: it belongs to uid {uid}, gid {gid}{name}, mode {mode:04o}, and {}.",
        scene.path.display(),
        whoami(scene)
    );
    let permission = |cure: String| Explained { kind: AwayKind::Permission, found, cure, recoverable: false };
    if *mode == 0 {
        // dockerd makes it so, and opens it once it has given it to its group.
        let cure =
            "A daemon that starts opens its socket in a moment; otherwise let it make the socket anew.";
        return Explained { recoverable: true, ..permission(cure.to_owned()) };
    }
    if *gid == scene.overflow_gid {
        return permission(
            "That group has no number in dockgate's user namespace. Run dockgate in the host's: `userns_mode: \"host\"` in compose, `--userns host` with docker run, and give it the number that `stat -c %g` says on the host by group_add; or, for a rootless daemon, run dockgate as that daemon's user.".to_owned(),
        );
    }
    let bits = match scene {
        scene if scene.uid == *uid => 0o200,
        scene if scene.gids.contains(gid) => 0o020,
        _ => 0o002,
    };
    if mode & bits != 0 || scene.uid == 0 {
        return permission(confined(scene));
    }
    if mode & 0o020 == 0 {
        return permission(format!(
            "Only its owner may use it: let the daemon give it to a group (`\"group\": \"docker\"` in daemon.json; SocketMode=0660 in docker.socket where systemd makes it), or run dockgate as its owner: `user: \"{uid}\"` in compose, `--user {uid}` with docker run."
        ));
    }
    permission(join_group(scene, *gid))
}

fn join_group(scene: &Scene, gid: u32) -> String {
    let lines = format!(
        "Give dockgate the socket's group: `group_add: [\"{gid}\"]` in compose, `--group-add {gid}` with docker run, `SupplementaryGroups={gid}` under systemd."
    );
    let more = match scene.system {
        System::Unraid => " On Unraid, that of docker run goes into the container's Extra Parameters.",
        System::Synology if gid == 0 => {
            " Synology gives the socket to root's group; dockgate needs to be in it, and need not be uid 0."
        }
        System::Synology | System::Other if gid == 0 => {
            " It is root's group, as on a Synology: dockgate needs to be in it, and need not be uid 0."
        }
        System::Synology | System::Other => "",
    };
    lines + more
}

/// Owner, group and mode would let dockgate in: something else does not.
fn confined(scene: &Scene) -> String {
    match &scene.confinement {
        Confinement::SeLinux(context) => format!(
            "Owner, group and mode let dockgate in, and SELinux does not (it runs as {context}): `security_opt: [\"label=disable\"]` in compose, `--security-opt label=disable` with docker run, or a policy that lets it connect."
        ),
        Confinement::AppArmor(profile) => format!(
            "Owner, group and mode let dockgate in, and its AppArmor profile may not ({profile}): look for DENIED in the host's log, and give it a profile that lets it connect: `security_opt: [\"apparmor=…\"]`."
        ),
        Confinement::None => "Owner, group and mode let dockgate in: a security module of the host stands in the way (SELinux: `security_opt: [\"label=disable\"]` in compose, `--security-opt label=disable` with docker run), or uid 0 has lost its right to override modes (`cap_drop`): then give it the socket's group.".to_owned(),
    }
}

fn whoami(scene: &Scene) -> String {
    let groups: Vec<_> = scene.gids.iter().map(u32::to_string).collect();
    format!("dockgate runs as uid {} with groups {}", scene.uid, groups.join(", "))
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::*;

    const FILE: SocketFile = SocketFile {
        kind: FileKind::Socket,
        uid: 0,
        gid: 998,
        mode: 0o660,
        device: 1,
        inode: 2,
        changed: (0, 0),
        is_removed: false,
    };

    fn scene(place: Place) -> Scene {
        Scene {
            path: PathBuf::from("/var/run/docker.sock"),
            place,
            has_entries: false,
            group_name: None,
            closed: None,
            uid: 65532,
            gids: vec![65532],
            overflow_gid: 65534,
            confinement: Confinement::None,
            system: System::Other,
            others: Vec::new(),
        }
    }

    fn file(file: SocketFile) -> Scene {
        scene(Place::File(file))
    }

    fn explained(scene: &Scene, code: Errno) -> String {
        let error = io::Error::from(code);
        let Explained { kind, found, cure, recoverable } = socket(scene, Some(code), &error);
        let passing = if recoverable { "passes" } else { "stays" };
        format!("{kind:?}, {passing}: {found}\n  {cure}")
    }

    #[test]
    fn a_socket_that_is_not_there_or_is_none() {
        let rootless = vec![PathBuf::from("/run/user/1000/docker.sock")];
        let all = [
            explained(&scene(Place::Empty), Errno::ENOENT),
            explained(&Scene { others: rootless, ..scene(Place::Empty) }, Errno::ENOENT),
            explained(&file(SocketFile { kind: FileKind::Directory, ..FILE }), Errno::ECONNREFUSED),
            explained(
                &Scene { has_entries: true, ..file(SocketFile { kind: FileKind::Directory, ..FILE }) },
                Errno::ECONNREFUSED,
            ),
            explained(&file(SocketFile { kind: FileKind::Other, ..FILE }), Errno::ECONNREFUSED),
            explained(&file(SocketFile { is_removed: true, ..FILE }), Errno::ECONNREFUSED),
            explained(&file(FILE), Errno::ECONNREFUSED),
            explained(&file(FILE), Errno::EAGAIN),
            explained(&file(FILE), Errno::EIO),
        ];
        insta::assert_snapshot!(all.join("\n"), @r#"
        Connection, passes: there is no socket at /var/run/docker.sock.
          Start the Docker daemon; in a container, mount the socket, or better the directory it is in. A rootless daemon has its socket in its user's XDG_RUNTIME_DIR: /run/user/1000/docker.sock for uid 1000.
        Connection, passes: there is no socket at /var/run/docker.sock.
          Start the daemon that makes it, or point --daemon at the one that is there: unix:///run/user/1000/docker.sock.
        Connection, stays: /var/run/docker.sock is a directory, not a socket.
          Docker makes one where a mount finds nothing: it was mounted before the daemon had made its socket. Stop dockgate's container, remove the directory on the host (rmdir), start the daemon, then the container.
        Connection, stays: /var/run/docker.sock is a directory, not a socket.
          Point --daemon at the socket itself, such as unix:///var/run/docker.sock/docker.sock: what has files in it is no mount that found nothing.
        Connection, stays: /var/run/docker.sock is a file, not a socket.
          Point --daemon at the Docker daemon's socket.
        Connection, stays: /var/run/docker.sock is a mount of a socket that was removed since.
          The daemon has stopped, or was started again and made another: a mounted file stays the old one. Restart dockgate's container once the daemon runs; to be spared that, mount the directory that the socket is in, not the socket.
        Connection, passes: nobody listens on /var/run/docker.sock.
          The daemon has stopped or crashed and left its socket behind: start it (systemctl start docker), or look at its own log (journalctl -u docker).
        Timeout, passes: too many wait to be let in at /var/run/docker.sock: whoever made it accepts nobody.
          The daemon is frozen or overloaded: look at its own log.
        Unknown, passes: /var/run/docker.sock cannot be connected to: Input/output error (os error 5).
          Look at the daemon's own log.
        "#);
    }

    #[test]
    fn a_socket_that_may_not_be_opened() {
        let selinux = Confinement::SeLinux("system_u:system_r:container_t:s0:c1,c2".to_owned());
        let apparmor = Confinement::AppArmor("docker-default (enforce)".to_owned());
        let member = Scene { gids: vec![998, 65532], ..file(FILE) };
        let roots = file(SocketFile { gid: 0, ..FILE });
        let directory =
            |path: &str| Some(Directory { path: PathBuf::from(path), uid: 1000, gid: 1000, mode: 0o700 });
        let all = [
            file(FILE),
            Scene { group_name: Some("docker".to_owned()), ..file(FILE) },
            Scene { system: System::Synology, ..roots.clone() },
            roots,
            Scene { system: System::Unraid, ..file(SocketFile { gid: 281, ..FILE }) },
            file(SocketFile { gid: 65534, ..FILE }),
            file(SocketFile { mode: 0o600, ..FILE }),
            file(SocketFile { mode: 0, ..FILE }),
            member.clone(),
            Scene { confinement: selinux, ..member.clone() },
            Scene { confinement: apparmor, ..member },
            Scene { closed: directory("/run/user/1000"), ..scene(Place::Closed) },
            Scene { closed: directory("/srv/docker"), ..scene(Place::Closed) },
        ];
        let all = all.map(|scene| explained(&scene, Errno::EACCES));
        insta::assert_snapshot!(all.join("\n"), @r#"
        Permission, stays: permission denied on /var/run/docker.sock: it belongs to uid 0, gid 998, mode 0660, and dockgate runs as uid 65532 with groups 65532.
          Give dockgate the socket's group: `group_add: ["998"]` in compose, `--group-add 998` with docker run, `SupplementaryGroups=998` under systemd.
        Permission, stays: permission denied on /var/run/docker.sock: it belongs to uid 0, gid 998 (docker), mode 0660, and dockgate runs as uid 65532 with groups 65532.
          Give dockgate the socket's group: `group_add: ["998"]` in compose, `--group-add 998` with docker run, `SupplementaryGroups=998` under systemd.
        Permission, stays: permission denied on /var/run/docker.sock: it belongs to uid 0, gid 0, mode 0660, and dockgate runs as uid 65532 with groups 65532.
          Give dockgate the socket's group: `group_add: ["0"]` in compose, `--group-add 0` with docker run, `SupplementaryGroups=0` under systemd. Synology gives the socket to root's group; dockgate needs to be in it, and need not be uid 0.
        Permission, stays: permission denied on /var/run/docker.sock: it belongs to uid 0, gid 0, mode 0660, and dockgate runs as uid 65532 with groups 65532.
          Give dockgate the socket's group: `group_add: ["0"]` in compose, `--group-add 0` with docker run, `SupplementaryGroups=0` under systemd. It is root's group, as on a Synology: dockgate needs to be in it, and need not be uid 0.
        Permission, stays: permission denied on /var/run/docker.sock: it belongs to uid 0, gid 281, mode 0660, and dockgate runs as uid 65532 with groups 65532.
          Give dockgate the socket's group: `group_add: ["281"]` in compose, `--group-add 281` with docker run, `SupplementaryGroups=281` under systemd. On Unraid, that of docker run goes into the container's Extra Parameters.
        Permission, stays: permission denied on /var/run/docker.sock: it belongs to uid 0, gid 65534, mode 0660, and dockgate runs as uid 65532 with groups 65532.
          That group has no number in dockgate's user namespace. Run dockgate in the host's: `userns_mode: "host"` in compose, `--userns host` with docker run, and give it the number that `stat -c %g` says on the host by group_add; or, for a rootless daemon, run dockgate as that daemon's user.
        Permission, stays: permission denied on /var/run/docker.sock: it belongs to uid 0, gid 998, mode 0600, and dockgate runs as uid 65532 with groups 65532.
          Only its owner may use it: let the daemon give it to a group (`"group": "docker"` in daemon.json; SocketMode=0660 in docker.socket where systemd makes it), or run dockgate as its owner: `user: "0"` in compose, `--user 0` with docker run.
        Permission, passes: permission denied on /var/run/docker.sock: it belongs to uid 0, gid 998, mode 0000, and dockgate runs as uid 65532 with groups 65532.
          A daemon that starts opens its socket in a moment; otherwise let it make the socket anew.
        Permission, stays: permission denied on /var/run/docker.sock: it belongs to uid 0, gid 998, mode 0660, and dockgate runs as uid 65532 with groups 998, 65532.
          Owner, group and mode let dockgate in: a security module of the host stands in the way (SELinux: `security_opt: ["label=disable"]` in compose, `--security-opt label=disable` with docker run), or uid 0 has lost its right to override modes (`cap_drop`): then give it the socket's group.
        Permission, stays: permission denied on /var/run/docker.sock: it belongs to uid 0, gid 998, mode 0660, and dockgate runs as uid 65532 with groups 998, 65532.
          Owner, group and mode let dockgate in, and SELinux does not (it runs as system_u:system_r:container_t:s0:c1,c2): `security_opt: ["label=disable"]` in compose, `--security-opt label=disable` with docker run, or a policy that lets it connect.
        Permission, stays: permission denied on /var/run/docker.sock: it belongs to uid 0, gid 998, mode 0660, and dockgate runs as uid 65532 with groups 998, 65532.
          Owner, group and mode let dockgate in, and its AppArmor profile may not (docker-default (enforce)): look for DENIED in the host's log, and give it a profile that lets it connect: `security_opt: ["apparmor=…"]`.
        Permission, stays: permission denied on the way to /var/run/docker.sock: /run/user/1000 belongs to uid 1000, gid 1000, mode 0700, and dockgate runs as uid 65532 with groups 65532.
          That is where a rootless daemon has its socket. Run dockgate as its user: `user: "1000:1000"` in compose, `--user 1000:1000` with docker run.
        Permission, stays: permission denied on the way to /var/run/docker.sock: /srv/docker belongs to uid 1000, gid 1000, mode 0700, and dockgate runs as uid 65532 with groups 65532.
          Let dockgate pass through it (search permission, x): run it as uid 1000, or open the directory to its group.
        "#);
    }
}
