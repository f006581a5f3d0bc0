//! Patterns of ports of the host.

use core::net::IpAddr;
use std::fmt;

use crate::operation::meaning::HostPort;

/// A pattern of ports: `8000-8999`, `53/udp`, `127.0.0.1:9000`, `ephemeral`. What is not said is any.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::policy) struct PortPattern {
    address: Option<IpAddr>,
    /// Both 0 for one that the daemon picks.
    range: (u16, u16),
    protocol: Option<String>,
}

impl PortPattern {
    /// Reads a pattern; the error says what is wrong, and what to write.
    pub(super) fn read(text: &str) -> Result<Self, (String, String)> {
        let fault = |what: &str| {
            let help = "write `8000-8999`, `53/udp`, `127.0.0.1:9000`, `[::1]:80` or `ephemeral`".to_owned();
            (format!("`{text}` is no port: {what}"), help)
        };
        let (rest, protocol) = match text.split_once('/') {
            Some((rest, protocol)) => (rest, Some(protocol.to_owned())),
            None => (text, None),
        };
        if protocol.as_deref().is_some_and(|protocol| !matches!(protocol, "tcp" | "udp" | "sctp")) {
            return Err(fault("it ends in another protocol than tcp, udp and sctp"));
        }
        let (address, ports) = match rest.rsplit_once(':') {
            Some((address, ports)) => {
                let bare = address.trim_start_matches('[').trim_end_matches(']');
                let address: IpAddr =
                    bare.parse().map_err(|_| fault("what stands before the colon is no address"))?;
                (Some(address.to_canonical()), ports)
            }
            None => (None, rest),
        };
        let range = match ports {
            "ephemeral" => (0, 0),
            "*" => (0, u16::MAX),
            ports => {
                let (low, high) = ports.split_once('-').unwrap_or((ports, ports));
                let port = |text: &str| text.parse::<u16>().ok().filter(|port| *port != 0);
                match (port(low), port(high)) {
                    (Some(low), Some(high)) if low <= high => (low, high),
                    _ => return Err(fault("ports lie between 1 and 65535, the lower one first")),
                }
            }
        };
        Ok(Self { address, range, protocol })
    }

    /// In an allow rule: whether all of these ports are among them.
    pub(super) fn admits(&self, port: &HostPort) -> bool {
        self.is_at(port, false) && self.range.0 <= port.low && port.high <= self.range.1
    }

    /// In a forbid rule: whether one of these ports is among them.
    pub(super) fn strikes(&self, port: &HostPort) -> bool {
        self.is_at(port, true) && self.range.0 <= port.high && port.low <= self.range.1
    }

    /// Whether address and protocol fit. All addresses are more than one, but have it among them. To the daemon `::ffff:10.0.0.1` is
    /// `10.0.0.1`.
    fn is_at(&self, port: &HostPort, or_among: bool) -> bool {
        let protocol = self.protocol.as_ref().is_none_or(|protocol| *protocol == port.protocol);
        let address = match self.address {
            None => true,
            Some(own) => match port.address.parse().as_ref().map(IpAddr::to_canonical) {
                Ok(address) => address == own || (or_among && address.is_unspecified()),
                Err(_) => or_among || (port.address.is_empty() && own.is_unspecified()),
            },
        };
        protocol && address
    }

    /// Whether everything that it matches is matched by the other.
    pub(super) fn within(&self, other: &Self) -> bool {
        let address = other.address.is_none() || self.address == other.address;
        let protocol = other.protocol.is_none() || self.protocol == other.protocol;
        address && protocol && other.range.0 <= self.range.0 && self.range.1 <= other.range.1
    }
}

impl fmt::Display for PortPattern {
    /// As a policy writes it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.address {
            Some(IpAddr::V4(address)) => write!(f, "{address}:")?,
            Some(IpAddr::V6(address)) => write!(f, "[{address}]:")?,
            None => {}
        }
        match self.range {
            (0, 0) => f.write_str("ephemeral")?,
            (0, u16::MAX) => f.write_str("*")?,
            (low, high) if low == high => write!(f, "{low}")?,
            (low, high) => write!(f, "{low}-{high}")?,
        }
        match &self.protocol {
            Some(protocol) => write!(f, "/{protocol}"),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn port(address: &str, low: u16, high: u16, protocol: &str) -> HostPort {
        HostPort { address: address.into(), low, high, protocol: protocol.into() }
    }

    #[test]
    fn ports_are_ranges_at_addresses() {
        let read = |text| PortPattern::read(text).unwrap();
        assert!(read("8000-8999").admits(&port("", 8000, 8010, "udp")));
        assert!(!read("8000-8999").admits(&port("", 8990, 9000, "tcp")));
        assert!(read("8000-8999").strikes(&port("", 8990, 9000, "tcp")));
        assert!(!read("8000-8999").admits(&port("", 0, 0, "tcp")));
        assert!(read("ephemeral").admits(&port("", 0, 0, "tcp")));
        assert!(read("*").admits(&port("1.2.3.4", 0, 0, "sctp")));
        assert!(read("53/udp").admits(&port("", 53, 53, "udp")));
        assert!(!read("53/udp").admits(&port("", 53, 53, "tcp")));
        assert!(read("127.0.0.1:9000").admits(&port("127.0.0.1", 9000, 9000, "tcp")));
        assert!(read("127.0.0.1:9000").strikes(&port("::ffff:127.0.0.1", 9000, 9000, "tcp")));
        assert!(read("[::ffff:7f00:1]:9000").strikes(&port("127.0.0.1", 9000, 9000, "tcp")));
        for all in ["", "0.0.0.0", "::", "::ffff:0.0.0.0"] {
            assert!(!read("127.0.0.1:9000").admits(&port(all, 9000, 9000, "tcp")), "{all}");
            assert!(read("127.0.0.1:9000").strikes(&port(all, 9000, 9000, "tcp")), "{all}");
        }
        assert!(read("0.0.0.0:80").admits(&port("", 80, 80, "tcp")));
        for text in ["", "0", "x", "80-70", "80/http", "host:80", "70000"] {
            assert!(PortPattern::read(text).is_err(), "{text}");
        }
        for text in ["8000-8999", "53/udp", "127.0.0.1:9000", "[::1]:80", "ephemeral", "*"] {
            assert_eq!(read(text).to_string(), text);
        }
    }
}
