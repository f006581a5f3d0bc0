//! Limits of the system that are lower than dockgate's own.

use nix::sys::resource::{Resource, getrlimit};

use super::finding::{Finding, Findings};
use crate::command::serve::room_for_connections;
use crate::settings::Limits;

/// Looks whether as many files can be open as connections want.
pub(super) fn look(limits: Limits, findings: &mut Findings) {
    // dockgate raises its own limit as far as this goes.
    let Ok((_, hard)) = getrlimit(Resource::RLIMIT_NOFILE) else { return };
    let room = room_for_connections(hard);
    let wanted = limits.connections;
    if room < wanted {
        findings.add(Finding::warning(
            "limits",
            format_args!("{hard} open files leave room for {room} connections, not for {wanted}."),
            "Raise the limit (`LimitNOFILE=65536` under systemd, `ulimits: { nofile: 65536 }` in compose), or lower --max-connections.",
        ));
    } else {
        findings.ok("limits", format_args!("{hard} open files are enough for {wanted} connections."));
    }
}
