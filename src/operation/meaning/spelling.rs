//! What has several spellings has one here, in requests as in policies, whose wildcards stay.

use core::net::IpAddr;

use super::clean;

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
        let cases: [(Spell, &str, &str); 19] = [
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
        ];
        for (spell, text, expected) in cases {
            assert_eq!(spell(text), expected, "{text}");
            assert_eq!(spell(expected), expected);
        }
    }
}
