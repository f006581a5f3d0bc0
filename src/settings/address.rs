//! Addresses, spelled as `DOCKER_HOST` spells them.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::path::{Component, Path, PathBuf};

/// The longest path that fits a `sockaddr_un` with its closing zero: unix(7).
const LONGEST_PATH: usize = 107;

/// Where to listen or connect.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Address {
    /// `unix:///path`, absolute.
    Unix(PathBuf),
    /// `tcp://host:port`.
    Tcp {
        /// An IPv4 address, an IPv6 address without its brackets, or a host name.
        host: String,
        /// The port; 0 lets the system choose.
        port: u16,
    },
}

impl Address {
    /// Reads an address; `Display` gives the same spelling back.
    ///
    /// # Errors
    ///
    /// What is wrong with it, and how to write it.
    pub fn read(text: &str) -> Result<Self, String> {
        if let Some(path) = text.strip_prefix("unix://") {
            return unix(text, path);
        }
        if let Some(rest) = text.strip_prefix("tcp://") {
            return tcp(text, rest);
        }
        Err(match text.split_once(':') {
            _ if text.is_empty() => "an address is missing: write unix:///path or tcp://host:port".to_owned(),
            _ if text.starts_with('/') => format!("`{text}` has no scheme: write unix://{text}"),
            Some(("unix", path)) if path.starts_with('/') => {
                format!("`{text}` lacks slashes: write unix:///{}", path.trim_start_matches('/'))
            }
            Some((scheme @ ("fd" | "npipe" | "ssh"), _)) => {
                format!("dockgate does not speak {scheme}: write unix:///path or tcp://host:port")
            }
            _ if text.contains('@') => NAMES_USER.to_owned(),
            Some((scheme @ ("http" | "https"), rest)) => {
                let authority = rest.trim_start_matches('/').split('/').next().unwrap_or_default();
                let has_port = authority.rsplit(']').next().is_some_and(|end| end.contains(':'));
                let port = match scheme {
                    _ if has_port => "",
                    "https" => ":2376",
                    _ => ":2375",
                };
                format!("`{text}` is a web address: write tcp://{authority}{port}")
            }
            Some((host, port)) if port.parse::<u16>().is_ok() => {
                let host = if host.is_empty() { "127.0.0.1" } else { host };
                format!("`{text}` has no scheme: write tcp://{host}:{port}")
            }
            Some(_) | None => format!("`{text}` is no address: write unix:///path or tcp://host:port"),
        })
    }

    /// Whether it leads nowhere but to this host.
    #[must_use]
    pub fn is_local(&self) -> bool {
        match self {
            Self::Unix(_) => true,
            Self::Tcp { host, port: _ } => {
                host == "localhost" || host.parse().is_ok_and(|ip: IpAddr| ip.is_loopback())
            }
        }
    }
}

/// The address is not repeated: a password may stand in it.
const NAMES_USER: &str =
    "the address names a user, and dockgate logs in nowhere: leave out what stands before the `@`";

fn unix(text: &str, path: &str) -> Result<Address, String> {
    if !path.starts_with('/') {
        return Err(if path.is_empty() {
            "`unix://` lacks its path: write unix:///path".to_owned()
        } else {
            format!("`{text}` is relative: the path must be absolute, as in unix:///{path}")
        });
    }
    if path.ends_with('/') {
        return Err(format!("`{text}` names a directory: add the name of the socket"));
    }
    if Path::new(path).components().any(|part| part == Component::ParentDir) {
        return Err(format!("`{text}` climbs with `..`: write where it leads"));
    }
    if path.contains('\0') {
        return Err("the path holds a zero byte".to_owned());
    }
    if path.len() > LONGEST_PATH {
        return Err(format!(
            "`{text}` is too long: the path of a socket has at most {LONGEST_PATH} bytes, this one has {}",
            path.len()
        ));
    }
    Ok(Address::Unix(PathBuf::from(path)))
}

fn tcp(text: &str, rest: &str) -> Result<Address, String> {
    if rest.contains('@') {
        return Err(NAMES_USER.to_owned());
    }
    if let Some((authority, _)) = rest.split_once(['/', '?', '#']) {
        return Err(format!("`{text}` goes on after the port: write tcp://{authority}"));
    }
    let (host, port) = if let Some(bracketed) = rest.strip_prefix('[') {
        let (host, after) = bracketed
            .split_once(']')
            .ok_or_else(|| format!("`{text}` lacks the closing `]` of its IPv6 address"))?;
        if host.parse::<Ipv6Addr>().is_err() {
            return Err(format!("`{text}`: `{host}` is no IPv6 address"));
        }
        (host, after.strip_prefix(':'))
    } else {
        if rest.parse::<Ipv6Addr>().is_ok() || rest.matches(':').count() > 1 {
            return Err(format!("`{text}`: an IPv6 address stands in brackets, as in tcp://[::1]:2375"));
        }
        let (host, port) = rest.split_once(':').map_or((rest, None), |(host, port)| (host, Some(port)));
        check_host(text, host)?;
        (host, port)
    };
    let host = host.to_owned();
    match port {
        None | Some("") => {
            Err(format!("`{text}` lacks its port: Docker's is 2375, as in tcp://{}:2375", bracket(&host)))
        }
        // Only the port's own spelling, so that the address reads back as it was written.
        Some(digits) => match digits.parse::<u16>() {
            Ok(port) if port.to_string() == digits => Ok(Address::Tcp { host, port }),
            Ok(_) | Err(_) => Err(format!("`{text}`: `{digits}` is no port: write a number from 1 to 65535")),
        },
    }
}

fn check_host(text: &str, host: &str) -> Result<(), String> {
    if host.is_empty() {
        return Err(format!(
            "`{text}` lacks its host: write 127.0.0.1 for this machine only, 0.0.0.0 for every network it is on"
        ));
    }
    let is_numeric = host.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
    if is_numeric && host.parse::<Ipv4Addr>().is_err() {
        return Err(format!("`{text}`: `{host}` is no IPv4 address"));
    }
    let is_name = host.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_'));
    if is_name { Ok(()) } else { Err(format!("`{text}`: `{host}` is no host name")) }
}

fn bracket(host: &str) -> String {
    if host.contains(':') { format!("[{host}]") } else { host.to_owned() }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unix(path) => write!(f, "unix://{}", path.display()),
            Self::Tcp { host, port } => write!(f, "tcp://{}:{port}", bracket(host)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_reads_back_as_it_was_written() {
        for text in [
            "unix:///var/run/docker.sock",
            "unix:///run/a=b c.sock",
            "tcp://127.0.0.1:2375",
            "tcp://0.0.0.0:0",
            "tcp://[::]:2375",
            "tcp://[0:0:0:0:0:0:0:1]:65535",
            "tcp://docker-host.example_1:2376",
        ] {
            assert_eq!(Address::read(text).unwrap().to_string(), text);
        }
    }

    #[test]
    fn no_error_repeats_a_password() {
        for text in [
            "http://me:secret@host:2375",
            "https://me:secret@host/",
            "ssh://me:secret@host",
            "fd://secret@host",
            "me:secret@host:2375",
            "secret@host",
            "tcp:me:secret@host:2375",
            "tcp://me:secret@host:1",
            "ftp://me:secret@host",
        ] {
            let error = Address::read(text).unwrap_err();
            assert!(!error.contains("secret"), "{error}");
            assert!(error.contains("names a user") || error.contains("does not speak"), "{error}");
        }
        // In a path it is a letter like any other.
        assert!(Address::read("/run/a@b.sock").unwrap_err().contains("write unix:///run/a@b.sock"));
    }

    #[test]
    fn each_error_says_how_to_write_it() {
        let errors: Vec<_> = [
            "",
            "/run/docker.sock",
            "unix:/run/docker.sock",
            "unix://run/docker.sock",
            "unix://",
            "unix:///run/",
            "unix:///run/../docker.sock",
            "http://localhost:2375/",
            "http://localhost",
            "https://[::1]/v1.41",
            "ssh://me@host",
            "127.0.0.1:2375",
            ":2375",
            "localhost",
            "tcp://localhost",
            "tcp://[::1]",
            "tcp://::1:2375",
            "tcp://[::1:2375",
            "tcp://:2375",
            "tcp://me:secret@host:1",
            "tcp://256.1.1.1:2375",
            "tcp://a b:2375",
            "tcp://host:+1",
            "tcp://host:65536",
            "tcp://host:2375/v1.41",
        ]
        .into_iter()
        .map(|text| Address::read(text).unwrap_err())
        .collect();
        insta::assert_snapshot!(errors.join("\n"), @r"
        an address is missing: write unix:///path or tcp://host:port
        `/run/docker.sock` has no scheme: write unix:///run/docker.sock
        `unix:/run/docker.sock` lacks slashes: write unix:///run/docker.sock
        `unix://run/docker.sock` is relative: the path must be absolute, as in unix:///run/docker.sock
        `unix://` lacks its path: write unix:///path
        `unix:///run/` names a directory: add the name of the socket
        `unix:///run/../docker.sock` climbs with `..`: write where it leads
        `http://localhost:2375/` is a web address: write tcp://localhost:2375
        `http://localhost` is a web address: write tcp://localhost:2375
        `https://[::1]/v1.41` is a web address: write tcp://[::1]:2376
        dockgate does not speak ssh: write unix:///path or tcp://host:port
        `127.0.0.1:2375` has no scheme: write tcp://127.0.0.1:2375
        `:2375` has no scheme: write tcp://127.0.0.1:2375
        `localhost` is no address: write unix:///path or tcp://host:port
        `tcp://localhost` lacks its port: Docker's is 2375, as in tcp://localhost:2375
        `tcp://[::1]` lacks its port: Docker's is 2375, as in tcp://[::1]:2375
        `tcp://::1:2375`: an IPv6 address stands in brackets, as in tcp://[::1]:2375
        `tcp://[::1:2375` lacks the closing `]` of its IPv6 address
        `tcp://:2375` lacks its host: write 127.0.0.1 for this machine only, 0.0.0.0 for every network it is on
        the address names a user, and dockgate logs in nowhere: leave out what stands before the `@`
        `tcp://256.1.1.1:2375`: `256.1.1.1` is no IPv4 address
        `tcp://a b:2375`: `a b` is no host name
        `tcp://host:+1`: `+1` is no port: write a number from 1 to 65535
        `tcp://host:65536`: `65536` is no port: write a number from 1 to 65535
        `tcp://host:2375/v1.41` goes on after the port: write tcp://host:2375
        ");
        assert!(Address::read(&format!("unix:///{}", "a".repeat(107))).unwrap_err().contains("108"));
    }
}
