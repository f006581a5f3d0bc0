//! Items that are texts: in the spelling of what is meant, and not such that nothing can match them.

use crate::operation::meaning::spelling;
use crate::policy::nearest::{did_you_mean, list};
use crate::policy::pattern::Glob;

/// A pattern, or what is wrong, and what to write.
type Item = Result<Glob, (String, String)>;

pub(super) fn namespace(text: &str) -> Item {
    prefixed(text, &["network", "pid", "ipc", "uts", "user", "cgroup"], "pid:host")
}

pub(super) fn driver(text: &str) -> Item {
    const WILDCARDS: [char; 2] = ['*', '?'];
    let spelled = spelling::driver(text);
    let first = spelled.split('/').next().unwrap_or_default();
    let is_tagged = text.ends_with(":latest") && spelled.contains(WILDCARDS);
    // Short as names are, it would be for plugins of other registries, or with other tags, as well.
    if spelled != text && (first.contains(WILDCARDS) || is_tagged) {
        let help =
            format!("write each by its name, as in `volume:vieux/sshfs`, or `{spelled}` for all of them");
        return Err((format!("`{text}` cannot be told from `{spelled}`"), help));
    }
    prefixed(&spelled, &["volume", "network", "ipam", "log", "runtime", "builder"], "log:syslog")
}

pub(super) fn device(text: &str) -> Item {
    prefixed(text, &["cgroup", "request", "cdi"], "/dev/net/tun")
}

pub(super) fn security(text: &str) -> Item {
    // What a Dockerfile says of it has no value.
    if has(text, '=') || matches!(text, "insecure" | "sandbox") {
        return Ok(Glob::new(text));
    }
    Err(never(
        text,
        match text.split_once(':') {
            Some((name, value)) => format!("write `{name}={value}`"),
            None if text == "disable" => "write `label=disable`".to_owned(),
            None => format!("say what behind an equals sign, or `{text}=*` for anything"),
        },
    ))
}

pub(super) fn sysctl(text: &str) -> Item {
    with_value(&spelling::sysctl(text), '=')
}

pub(super) fn ulimit(text: &str) -> Item {
    with_value(&spelling::ulimit(text), '=')
}

pub(super) fn extra_host(text: &str) -> Item {
    with_value(&spelling::extra_host(text), ':')
}

pub(super) fn tmpfs(text: &str) -> Item {
    if text.starts_with(['/', '*', '?']) || text.starts_with("volume:") {
        return Ok(Glob::new(&spelling::tmpfs(text)));
    }
    Err(never(text, format!("begin at the root: `/{text}`; what a volume keeps in memory is `volume:*`")))
}

pub(super) fn network(text: &str) -> Item {
    if text == "default" {
        return Err(never(text, "the network of that name is `bridge`".to_owned()));
    }
    Ok(Glob::new(text))
}

pub(super) fn instruction(text: &str) -> Item {
    let word = text.to_ascii_uppercase();
    if word.bytes().all(|byte| byte.is_ascii_uppercase() || byte == b'*') && !word.is_empty() {
        return Ok(Glob::new(&word));
    }
    Err((format!("`{text}` is no instruction"), "write the word alone: `\"RUN\"`".to_owned()))
}

/// A pattern whose text begins with one of these words and a colon.
fn prefixed(text: &str, words: &[&'static str], example: &str) -> Item {
    let kind = text.split_once(':').map_or(text, |(kind, _)| kind);
    if kind.contains(['*', '?']) {
        return Ok(Glob::new(text));
    }
    if words.contains(&kind) {
        return with_value(text, ':');
    }
    let help = did_you_mean(kind, words.iter().copied());
    Err((
        format!(
            "`{text}` does not begin with {}",
            list(&words.iter().map(|word| format!("`{word}:`")).collect::<Vec<_>>(), "or")
        ),
        help.unwrap_or_else(|| format!("write it as in `{example}`")),
    ))
}

/// A pattern of a name and a value.
fn with_value(text: &str, separator: char) -> Item {
    if has(text, separator) {
        return Ok(Glob::new(text));
    }
    Err(never(text, format!("say what stands behind `{separator}`, or `{text}{separator}*` for anything")))
}

/// Whether what it matches can have the mark in it.
fn has(text: &str, mark: char) -> bool {
    text.contains([mark, '*', '?'])
}

pub(super) fn never(text: &str, help: String) -> (String, String) {
    (format!("`{text}` matches nothing"), help)
}

#[cfg(test)]
mod tests {
    use super::*;

    type Read = fn(&str) -> Item;

    #[test]
    fn what_nothing_can_match_is_an_error() {
        let cases: [(Read, &str, &str); 15] = [
            (namespace, "pid", "`pid:*`"),
            (driver, "log", "`log:*`"),
            (driver, "volume:docker.io/*", "`volume:*`"),
            (driver, "volume:docker.io/library/n?s", "`volume:n?s`"),
            (driver, "volume:index.docker.io/a*/x", "`volume:a*/x`"),
            (driver, "volume:vieux/*:latest", "`volume:vieux/*`"),
            (device, "cgroup", "`cgroup:*`"),
            (security, "seccomp", "`seccomp=*`"),
            (security, "label:disable", "`label=disable`"),
            (security, "disable", "`label=disable`"),
            (sysctl, "kernel/shmmax", "`kernel.shmmax=*`"),
            (ulimit, "NOFILE", "`nofile=*`"),
            (extra_host, "db", "`db:*`"),
            (tmpfs, "run", "`/run`"),
            (network, "default", "`bridge`"),
        ];
        for (read, text, help) in cases {
            let (message, said) = read(text).unwrap_err();
            assert!(said.contains(help), "{text}: {message}: {said}");
            assert!(read("*").is_ok() && read("?*").is_ok());
        }
        assert!(security("insecure").is_ok() && namespace("p*").is_ok());
        assert_eq!(driver("volume:docker.io/vieux/*").unwrap(), Glob::new("volume:vieux/*"));
        assert_eq!(sysctl("kernel/shmmax=1").unwrap(), Glob::new("kernel.shmmax=1"));
    }
}
