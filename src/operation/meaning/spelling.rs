//! What has several spellings has one here, in requests as in policies, whose wildcards stay.

use core::net::IpAddr;

use super::clean;
use crate::operation::percent::{self, Plus};

/// What a name without a registry begins with, in full.
const HUB: [&str; 2] = ["index.docker.io/", "docker.io/"];

/// `name=value` of a setting of the kernel. Runtimes take slashes for dots, and several for one (runc
/// `libcontainer/init_linux.go`).
#[must_use]
pub fn sysctl(text: &str) -> String {
    named(text, '=', |name| {
        name.split(['.', '/']).filter(|part| !part.is_empty()).collect::<Vec<_>>().join(".")
    })
}

/// `name=soft:hard` of a limit, whose name the daemon writes in capitals (moby `daemon/oci_linux.go`).
#[must_use]
pub fn ulimit(text: &str) -> String {
    named(text, '=', |name| name.to_uppercase().to_lowercase())
}

/// `/path:options` of a directory in memory.
#[must_use]
pub fn tmpfs(text: &str) -> String {
    if text.starts_with('/') { named(text, ':', clean) } else { text.to_owned() }
}

/// `name:address`; names of hosts have no case.
#[must_use]
pub fn extra_host(text: &str) -> String {
    let text = named(text, ':', str::to_ascii_lowercase);
    let Some((name, address)) = text.split_once(':') else { return text };
    let bare = address.trim_start_matches('[').trim_end_matches(']');
    match bare.parse::<IpAddr>() {
        Ok(address) => format!("{name}:{}", address.to_canonical()),
        Err(_) => text,
    }
}

/// `kind:name` of a driver. Those that are plugins are named as images are, and mostly in short (moby `plugin/store.go`).
#[must_use]
pub fn driver(text: &str) -> String {
    let Some((kind @ ("volume" | "network" | "ipam" | "log"), name)) = text.split_once(':') else {
        return text.to_owned();
    };
    let is_of_hub = |name: &str| HUB.iter().any(|hub| name.starts_with(hub));
    let in_hub = HUB.iter().find_map(|hub| name.strip_prefix(hub)).filter(|name| !is_of_hub(name));
    let bare = in_hub.unwrap_or(name);
    // Only a single word is there by itself.
    let bare = bare.strip_prefix("library/").filter(|word| !word.contains('/')).unwrap_or(bare);
    format!("{kind}:{}", bare.trim_end_matches(":latest"))
}

/// A URL, or what BuildKit and git take for one: scheme and host in small letters, without user, usual port and the dot behind
/// the host; nothing escaped that need not be; and no steps in the path that lead nowhere, or up.
#[must_use]
pub fn remote(text: &str) -> String {
    let text = percent::decode_unreserved(text);
    let (scheme, rest) = match url(&text) {
        Some((scheme, rest)) => (scheme.to_ascii_lowercase(), rest.to_owned()),
        None => match text.split_once('@') {
            Some((user, rest)) if !user.contains('/') => ("ssh".to_owned(), rest.replacen(':', "/", 1)),
            Some(_) | None => ("https".to_owned(), text),
        },
    };
    let rest = rest.trim_start_matches('/');
    let (host, rest) = rest.split_at(rest.find(['/', '?', '#']).unwrap_or(rest.len()));
    let host = host.rsplit('@').next().unwrap_or_default().to_ascii_lowercase();
    let port = match &*scheme {
        "http" => "80",
        "https" => "443",
        "ssh" => "22",
        "git" => "9418",
        _ => "",
    };
    let is_usual = |said: &str| said.is_empty() || said.trim_start_matches('0') == port;
    let host = host.rsplit_once(':').filter(|(_, said)| is_usual(said)).map_or(&*host, |(host, _)| host);
    let (raw_path, behind) = rest.split_at(rest.find(['?', '#']).unwrap_or(rest.len()));
    let mut path = clean(raw_path);
    if rest.is_empty() && host.ends_with('*') {
        path.clear();
    } else if matches!(raw_path.rsplit('/').next(), Some("" | "." | "..")) && path != "/" {
        path.push('/');
    }
    [&scheme, "://", host.trim_end_matches('.'), &path, behind].concat()
}

/// Scheme and host of a URL, or of what is taken for one, and what stands behind them.
#[must_use]
pub fn parted(remote: &str) -> (&str, &str) {
    let (is_url, begin) =
        url(remote).map_or((false, 0), |(_, rest)| (true, remote.len().saturating_sub(rest.len())));
    let (_, rest) = remote.split_at_checked(begin).unwrap_or_default();
    let length = rest.find(|next| matches!(next, '/' | '?' | '#') || (next == ':' && !is_url));
    let end = begin.saturating_add(length.unwrap_or(rest.len()));
    remote.split_at_checked(end).unwrap_or((remote, ""))
}

/// The scheme of a URL, and the rest; none, where it has no scheme.
fn url(remote: &str) -> Option<(&str, &str)> {
    let may_be = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'.' | b'*' | b'?');
    remote.split_once("://").filter(|(scheme, _)| scheme.bytes().all(may_be))
}

/// Whether a step in the path of a URL leads up, as servers and git may read it.
#[must_use]
pub fn climbs(remote: &str) -> bool {
    let path = parted(remote).1.split(['?', '#']).next().unwrap_or_default().as_bytes();
    let path = percent::decode(path, Plus::Literal).unwrap_or(path.into());
    path.split(|byte| matches!(byte, b'/' | b'\\' | b':')).any(|step| step == b"..")
}

fn named(text: &str, separator: char, spell: fn(&str) -> String) -> String {
    match text.split_once(separator) {
        Some((name, rest)) => format!("{}{separator}{rest}", spell(name)),
        None => spell(text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    type Spell = fn(&str) -> String;

    #[test]
    fn a_text_has_one_spelling() {
        let cases: [(Spell, &str, &str); 25] = [
            (sysctl, "kernel/shmmax=1", "kernel.shmmax=1"),
            (sysctl, "net/ipv4//*=/x", "net.ipv4.*=/x"),
            (sysctl, "net.x/../../kernel/shmmax=1", "net.x.kernel.shmmax=1"),
            (sysctl, "net.*", "net.*"),
            (ulimit, "NoFile=1:*", "nofile=1:*"),
            (ulimit, "\u{17f}tack=1", "stack=1"),
            (tmpfs, "/x/../run/:size=1m", "/run:size=1m"),
            (tmpfs, "/tmp*", "/tmp*"),
            (tmpfs, "volume:*", "volume:*"),
            (extra_host, "DB:10.0.0.*", "db:10.0.0.*"),
            (extra_host, "db:::ffff:10.0.0.1", "db:10.0.0.1"),
            (extra_host, "db:[::1]", "db:::1"),
            (driver, "volume:docker.io/library/nfs:latest", "volume:nfs"),
            (driver, "volume:vieux/sshfs:next", "volume:vieux/sshfs:next"),
            (driver, "runtime:x:latest", "runtime:x:latest"),
            (driver, "volume:index.docker.io/library/x", "volume:x"),
            (driver, "volume:library/docker.io/x", "volume:library/docker.io/x"),
            (driver, "volume:docker.io/docker.io/x", "volume:docker.io/docker.io/x"),
            (driver, "volume:x:latest:latest", "volume:x"),
            (
                remote,
                "HTTPS://me@Git.Example.:443/%6fwn//./a%2fb/../X/?y#Z",
                "https://git.example/own/X/?y#Z",
            ),
            (remote, "git@git.example:own/x.git#main:sub", "ssh://git.example/own/x.git#main:sub"),
            (remote, "github.com/own/x", "https://github.com/own/x"),
            (remote, "http://*.example/*", "http://*.example/*"),
            (remote, "http://*", "http://*"),
            (remote, "http://a", "http://a/"),
        ];
        for (spell, text, expected) in cases {
            assert_eq!(spell(text), expected, "{text}");
            assert_eq!(spell(expected), expected);
        }
    }
}
