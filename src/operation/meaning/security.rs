//! What keeps a container from the kernel: capabilities, seccomp, AppArmor, SELinux, hidden paths.

use super::super::json::Json;
use super::Meaning;
use super::reading::Reader;

/// Capabilities, in any case, with `CAP_` or without.
pub(super) fn capabilities(value: &Json, at: &mut Reader<'_, '_>) {
    at.texts(value, |at, text, way| at.means_at(way, Meaning::Capability(capability(text))));
}

/// A capability as the kernel's manual calls it, without `CAP_`. The daemon makes capitals of more than ASCII (U+017F is an
/// `S`, U+0131 an `I`; moby `oci/caps`).
pub(super) fn capability(text: &str) -> String {
    let name = text.to_uppercase();
    name.strip_prefix("CAP_").map_or_else(|| name.clone(), str::to_owned)
}

/// Every capability and device, and nothing between the container and the kernel: more than can be listed.
pub(super) fn privileged(at: &mut Reader<'_, '_>) {
    at.means(Meaning::Capability("ALL".to_owned()));
    at.means(Meaning::Device("/dev".to_owned()));
    for profile in ["seccomp=unconfined", "apparmor=unconfined", "label=disable", "systempaths=unconfined"] {
        at.means(Meaning::Security(profile.to_owned()));
    }
    at.says_more();
}

/// `SecurityOpt`: `name=value`, or `name:value` as it used to be.
pub(super) fn options(value: &Json, at: &mut Reader<'_, '_>) {
    at.texts(value, |at, text, way| {
        if let Some(option) = option(text) {
            at.means_at(way, Meaning::Security(option));
        }
    });
    if !no_new_privileges(value) && value.items().iter().any(is_no_new_privileges) {
        at.means(Meaning::Security("no-new-privileges=false".to_owned()));
    }
}

/// Whether the options keep processes from gaining rights; of several the last counts.
pub(super) fn no_new_privileges(value: &Json) -> bool {
    let last = value.items().iter().rev().find(|item| is_no_new_privileges(item));
    last.and_then(Json::as_text).is_some_and(|text| match split(text) {
        (_, None) => true,
        // Go's `strconv.ParseBool`.
        (_, Some(on)) => matches!(on, "1" | "t" | "T" | "TRUE" | "true" | "True"),
    })
}

fn is_no_new_privileges(item: &Json) -> bool {
    item.as_text().is_some_and(|text| split(text).0 == "no-new-privileges")
}

/// An option in one spelling; none, where it is about new privileges, of which only the last counts.
fn option(text: &str) -> Option<String> {
    Some(match split(text) {
        ("no-new-privileges", _) => return None,
        ("seccomp", Some(profile)) if !matches!(profile, "unconfined" | "builtin") => {
            "seccomp=custom".to_owned()
        }
        // As SELinux was turned off when there was nothing else to say of it.
        ("disable", None) => "label=disable".to_owned(),
        (name, Some(value)) => format!("{name}={value}"),
        (name, None) => name.to_owned(),
    })
}

/// moby `daemon.parseSecurityOpt`: an equals sign parts, or else a colon.
fn split(text: &str) -> (&str, Option<&str>) {
    match text.split_once('=').or_else(|| text.split_once(':')) {
        Some((name, value)) => (name, Some(value)),
        None => (text, None),
    }
}

/// `MaskedPaths` and `ReadonlyPaths` take the place of what the daemon would hide and protect. Programs that make a
/// container anew send back what they have read, which is what is `usual`.
pub(super) fn system_paths(value: &Json, usual: &[&str], at: &mut Reader<'_, '_>) {
    let listed = |path: &&str| value.items().iter().any(|item| item.as_text() == Some(path));
    let extent = match value.items() {
        [] => "unconfined",
        _ if usual.iter().all(listed) => "kept",
        _ => "custom",
    };
    at.means(Meaning::Security(format!("systempaths={extent}")));
}

/// The SELinux label of a service's tasks.
pub(super) fn selinux(value: &Json, at: &mut Reader<'_, '_>) {
    if value.get("Disable").is_some_and(|disable| !disable.is_zero()) {
        at.means_at(&at.field("Disable"), Meaning::Security("label=disable".to_owned()));
    }
    for (field, name) in [("User", "user"), ("Role", "role"), ("Type", "type"), ("Level", "level")] {
        if let Some(text) = value.get(field).and_then(Json::as_text).filter(|text| !text.is_empty()) {
            at.means_at(&at.field(field), Meaning::Security(format!("label={name}:{text}")));
        }
    }
}

/// The seccomp profile of a service's tasks.
pub(super) fn seccomp(value: &Json, at: &mut Reader<'_, '_>) {
    let has_profile = value.get("Profile").is_some_and(|profile| !profile.is_zero());
    match value.get("Mode").and_then(Json::as_text).unwrap_or_default() {
        "" | "default" if !has_profile => {}
        "unconfined" => at.means_at(&at.field("Mode"), Meaning::Security("seccomp=unconfined".to_owned())),
        _ => at.means_at(&at.field("Mode"), Meaning::Security("seccomp=custom".to_owned())),
    }
}

/// The AppArmor profile of a service's tasks.
pub(super) fn apparmor(value: &Json, at: &mut Reader<'_, '_>) {
    match value.get("Mode").and_then(Json::as_text).unwrap_or_default() {
        "" | "default" => {}
        _ => at.means_at(&at.field("Mode"), Meaning::Security("apparmor=unconfined".to_owned())),
    }
}
