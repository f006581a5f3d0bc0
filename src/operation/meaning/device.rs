//! Devices of the host: by path, by number, by driver.

use super::super::field::Step;
use super::super::json::Json;
use super::path::clean;
use super::reading::Reader;
use super::{Aspect, Meaning};

/// `Devices`: paths of the host; of a directory the daemon takes all devices in it.
pub(super) fn devices(value: &Json, at: &mut Reader<'_, '_>) {
    for (index, item) in value.items().iter().enumerate() {
        let path = item.get("PathOnHost").and_then(Json::as_text).unwrap_or_default();
        // The daemon takes it from where it works, which is the root as a rule.
        if !path.starts_with('/') {
            at.says_more();
        }
        let path = clean(path);
        if may_be_link(&path) {
            at.leaves_open(Aspect::Devices);
        }
        at.means_at(&at.element(index).then(Step::Name("PathOnHost")), Meaning::Device(path));
    }
}

/// Whether a path may be a link to a device, which the daemon follows: other names that udev and LVM give, and all outside
/// `/dev`.
fn may_be_link(path: &str) -> bool {
    /// Of devices themselves.
    const DIRECTORIES: [&str; 11] =
        ["bus", "cpu", "dri", "infiniband", "input", "net", "pts", "shm", "snd", "usb", "vfio"];
    const LINKS: [&str; 10] =
        ["cdrom", "cdrw", "core", "dvd", "dvdrw", "root", "rtc", "stderr", "stdin", "stdout"];
    let mut names = path.split('/').skip(1);
    if names.next() != Some("dev") {
        return true;
    }
    match names.collect::<Vec<_>>().as_slice() {
        [] => false,
        [name] => LINKS.contains(name) || *name == "fd",
        [directory, below @ ..] => {
            !DIRECTORIES.contains(directory) || below.iter().any(|name| name.starts_with("by-"))
        }
    }
}

/// `DeviceCgroupRules`: `c 13:* rwm`.
pub(super) fn rules(value: &Json, at: &mut Reader<'_, '_>) {
    at.texts(value, |at, text, way| at.means_at(way, Meaning::Device(format!("cgroup:{text}"))));
}

/// `DeviceRequests`: of a driver, by what devices can do; or by names of the Container Device Interface, which drivers of
/// GPUs take too, whatever they name (moby `daemon/devices_nvidia_linux.go`).
pub(super) fn requests(value: &Json, at: &mut Reader<'_, '_>) {
    for (index, item) in value.items().iter().enumerate() {
        let way = at.element(index);
        let driver = item.get("Driver").and_then(Json::as_text).unwrap_or_default();
        if item.get("Options").is_some_and(|options| !options.is_zero()) {
            at.says_more();
        }
        for id in item.get("DeviceIDs").map(Json::items).unwrap_or_default() {
            match id.as_text() {
                Some(id) if driver == "cdi" || id.contains('=') => {
                    at.means_at(&way, Meaning::Device(format!("cdi:{id}")));
                }
                Some(_) => {}
                None => at.says_more(),
            }
        }
        if driver == "cdi" {
            continue;
        }
        let sets = item.get("Capabilities").map(Json::items).unwrap_or_default();
        if sets.is_empty() {
            at.means_at(&way, Meaning::Device(format!("request:{driver}:")));
        }
        for set in sets {
            let names: Vec<&str> = set.items().iter().filter_map(Json::as_text).collect();
            at.means_at(&way, Meaning::Device(format!("request:{driver}:{}", names.join(","))));
        }
    }
}
