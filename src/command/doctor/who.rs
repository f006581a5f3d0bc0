//! Whose eyes the doctor looks with.

use nix::unistd::{getegid, geteuid, getgroups};

use super::finding::{Finding, Findings};

/// What is found holds for the user that the doctor runs as.
pub(super) fn look(findings: &mut Findings) {
    let uid = geteuid();
    if uid.is_root() {
        findings.add(Finding::note(
            "user",
            "this doctor runs as root, who may do everything; dockgate should run as somebody else, and that one is told less.",
            "Run the doctor as dockgate runs: `docker exec CONTAINER /dockgate doctor`, or `sudo -u USER -g GROUP dockgate doctor`, with the group of the daemon's socket, and the same flags and environment.",
        ));
        return;
    }
    findings.ok("user", format_args!("uid {uid}, gids {}.", groups().join(", ")));
}

/// The groups of this process, its own first.
fn groups() -> Vec<String> {
    let own = getegid().as_raw();
    let others = getgroups().unwrap_or_default().into_iter().map(nix::unistd::Gid::as_raw);
    std::iter::once(own).chain(others.filter(|gid| *gid != own)).map(|gid| gid.to_string()).collect()
}
