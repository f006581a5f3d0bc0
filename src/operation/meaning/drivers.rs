//! Drivers: of volumes, networks, addresses and logs; and runtimes.

use super::super::json::Json;
use super::reading::Reader;
use super::{Meaning, spelling};

/// What the daemon has of its own, and takes where nothing is said, is no use of a driver.
const OWN: &[(&str, &[&str])] = &[
    ("volume", &["local"]),
    ("network", &["bridge"]),
    ("ipam", &["default"]),
    ("log", &["json-file", "local", "none"]),
];

/// A driver of a kind, by name.
pub(super) fn driver(kind: &str, value: &Json, at: &mut Reader<'_, '_>) {
    let Some(name) = value.as_text() else { return at.says_more() };
    let is_own = OWN.iter().any(|(own, names)| *own == kind && names.contains(&name));
    if !is_own {
        at.means(Meaning::Driver(spelling::driver(&format!("{kind}:{name}"))));
    }
}
