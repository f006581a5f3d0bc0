//! Ports of the host that are published.

use std::fmt;

use smol_str::SmolStr;

use super::super::field::Step;
use super::super::json::Json;
use super::Meaning;
use super::reading::Reader;

/// Ports of the host, from `low` to `high`; both 0 where the daemon picks one that is free.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HostPort {
    /// The address of the host; empty for all of them.
    pub address: SmolStr,
    /// The first.
    pub low: u16,
    /// The last.
    pub high: u16,
    /// `tcp`, `udp` or `sctp`.
    pub protocol: SmolStr,
}

/// `PortBindings`: by `port/protocol` of the container.
pub(super) fn bindings(value: &Json, at: &mut Reader<'_, '_>) {
    for (container_port, list) in value.fields() {
        let protocol = protocol(container_port.split('/').nth(1).unwrap_or_default());
        let entry = at.entry(container_port);
        for (index, item) in list.items().iter().enumerate() {
            let text = |name: &str| item.get(name).and_then(Json::as_text).unwrap_or_default();
            match range(text("HostPort")) {
                Some((low, high)) => {
                    let address = text("HostIp").into();
                    let port = HostPort { address, low, high, protocol: protocol.clone() };
                    at.means_at(&entry.then(Step::Index(index)), Meaning::Port(port));
                }
                None => at.says_more(),
            }
        }
        if list.items().is_empty() {
            let port = HostPort { address: SmolStr::default(), low: 0, high: 0, protocol };
            at.means_at(&entry, Meaning::Port(port));
        }
    }
}

/// `PublishAllPorts`.
pub(super) fn all(at: &mut Reader<'_, '_>) {
    for protocol in ["tcp", "udp", "sctp"].map(SmolStr::new_static) {
        at.means(Meaning::Port(HostPort { address: SmolStr::default(), low: 0, high: 0, protocol }));
    }
}

/// The ports of a service, on every node.
pub(super) fn of_service(value: &Json, at: &mut Reader<'_, '_>) {
    for (index, item) in value.items().iter().enumerate() {
        let protocol = protocol(item.get("Protocol").and_then(Json::as_text).unwrap_or_default());
        let number = item.get("PublishedPort").and_then(Json::as_number).unwrap_or("0");
        match number.parse() {
            Ok(port) => {
                let port = HostPort { address: SmolStr::default(), low: port, high: port, protocol };
                at.means_at(&at.element(index), Meaning::Port(port));
            }
            Err(_) => at.says_more(),
        }
    }
}

/// A protocol by its name in any case, which Swarm writes in capitals; `tcp`, where none is said.
fn protocol(name: &str) -> SmolStr {
    match name {
        "" | "tcp" => SmolStr::new_static("tcp"),
        name => name.to_uppercase().to_lowercase().into(),
    }
}

/// `8080`, `8000-8010`; nothing and 0 for one that is free. What stands behind a slash does nothing: the protocol is that of
/// the container's port (go-connections `nat.SplitProtoPort`).
fn range(text: &str) -> Option<(u16, u16)> {
    let text = text.split('/').next().unwrap_or_default();
    let (low, high) = text.split_once('-').unwrap_or((text, text));
    let port = |text: &str| if text.is_empty() { Some(0) } else { text.parse().ok() };
    let (low, high) = (port(low)?, port(high)?);
    (low <= high && (low != 0 || high == 0)).then_some((low, high))
}

impl fmt::Display for HostPort {
    /// As a policy writes it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.address.as_str() {
            "" => {}
            address if address.contains(':') => write!(f, "[{address}]:")?,
            address => write!(f, "{address}:")?,
        }
        match (self.low, self.high) {
            (0, _) => f.write_str("ephemeral")?,
            (low, high) if low == high => write!(f, "{low}")?,
            (low, high) => write!(f, "{low}-{high}")?,
        }
        if self.protocol == "tcp" { Ok(()) } else { write!(f, "/{}", self.protocol) }
    }
}
