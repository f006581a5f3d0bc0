//! What plugins are given. They run as root, whatever is said here; forbid rules still see it.

use super::super::field::Step;
use super::super::json::Json;
use super::path::HostPath;
use super::reading::Reader;
use super::{Meaning, security};

/// The privileges that a client says it grants (moby `plugin.computePrivileges`).
pub(super) fn privileges(value: &Json, at: &mut Reader<'_, '_>) {
    at.says_beside();
    for (index, item) in value.items().iter().enumerate() {
        let texts = item.get("Value").map(Json::items).unwrap_or_default();
        let element = at.element(index);
        let way = element.then(Step::Name("Value"));
        for text in texts.iter().filter_map(Json::as_text) {
            match item.get("Name").and_then(Json::as_text).unwrap_or_default() {
                "mount" => at.means_at(&way, Meaning::HostPath(HostPath::new(text, false))),
                "device" => at.means_at(&way, Meaning::Device(super::clean(text))),
                "capabilities" => at.means_at(&way, Meaning::Capability(security::capability(text))),
                "network" if text == "host" => {
                    at.means_at(&way, Meaning::Namespace("network:host".to_owned()));
                }
                "host ipc namespace" => at.means_at(&way, Meaning::Namespace("ipc:host".to_owned())),
                "host pid namespace" => at.means_at(&way, Meaning::Namespace("pid:host".to_owned())),
                "network" => {}
                // As `allow-all-devices`.
                _ => at.says_more(),
            }
        }
    }
}

/// `name=value`, `mount.source=/path`, `device.path=/dev/x`.
pub(super) fn settings(value: &Json, at: &mut Reader<'_, '_>) {
    at.says_more();
    at.texts(value, |at, text, way| {
        let Some((name, value)) = text.split_once('=') else { return };
        if !value.starts_with('/') {
            return;
        }
        let setting = name.rsplit('.').next().unwrap_or_default();
        if setting == "path" {
            at.means_at(way, Meaning::Device(super::clean(value)));
        } else {
            at.means_at(way, Meaning::HostPath(HostPath::new(value, false)));
        }
    });
}
