//! Patterns of what is fetched: URLs and git repositories.

use crate::operation::meaning::spelling;
use crate::policy::pattern::Glob;

/// A pattern of what is fetched.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::policy) struct RemotePattern {
    /// As it is written.
    glob: Glob,
    /// Scheme and host, where a path stands behind them.
    host: Option<Glob>,
    /// In the one spelling of [`spelling::remote`].
    settled: Glob,
}

impl RemotePattern {
    /// Reads a pattern. Every text is one.
    pub(super) fn new(text: &str) -> Self {
        let glob = Glob::new(text);
        let source = glob.source();
        let (host, path) = spelling::parted(&source);
        let host = (!path.is_empty()).then(|| Glob::new(host));
        Self { settled: Glob::new(&spelling::remote(&source)), glob, host }
    }

    /// In an allow rule: whether it is among them. A wildcard for a host does not reach into the path; and where a path leads
    /// that has `..` in it, the pattern does not say.
    pub(super) fn admits(&self, remote: &str) -> bool {
        let is_host = |host: &Glob| host.matches(spelling::parted(remote).0);
        self.glob.matches(remote)
            && self.host.as_ref().is_none_or(is_host)
            && (!spelling::climbs(remote) || self.glob.is(remote))
    }

    /// In a forbid rule: whether it is among them, in whatever spelling; `settled` is the one of [`spelling::remote`].
    pub(super) fn strikes(&self, remote: &str, settled: &str) -> bool {
        self.glob.matches(remote) || self.glob.matches(settled) || self.settled.matches(settled)
    }

    /// Whether all that this admits the other admits; `false` also where that is not clear.
    pub(super) fn within(&self, other: &Self) -> bool {
        self.glob.within(&other.glob)
    }

    /// It, as a policy writes it.
    pub(super) fn source(&self) -> String {
        self.glob.source()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn strikes(pattern: &str, remote: &str) -> bool {
        RemotePattern::new(pattern).strikes(remote, &spelling::remote(remote))
    }

    #[test]
    fn a_forbid_strikes_every_spelling_of_a_url() {
        for (pattern, remotes) in [
            (
                "https://internal.example/*",
                &[
                    "HTTPS://internal.example/x",
                    "https://Internal.Example/x",
                    "https://internal.example:443/x",
                    "https://internal.example:0443/x",
                    "https://internal.example:/x",
                    "https://internal.example./x",
                    "https://me:pass@internal.example/x",
                    "https://a@b@internal.example/x",
                    "https://internal%2eexample/x",
                    "https:///internal.example/x",
                    "HTTPS://internal.example",
                    "internal.example/x.git",
                    "/internal.example/x.git#main:sub",
                ][..],
            ),
            ("https://INTERNAL.example:443/*", &["https://internal.example/x"]),
            ("https://github.com/*", &["github.com/own/x", "GitHub.com/own/x.git"]),
            ("github.com/*", &["https://github.com/own/x", "github.com/own/x"]),
            ("ssh://git.example/own/*", &["git@git.example:own/x.git", "SSH://git@git.example:22/own/x"]),
            ("git@git.example:own/*", &["ssh://git.example/own/x", "you@git.example:own/x"]),
            ("git://git.example/*", &["git://git.example:9418/x"]),
            (
                "https://git.example/own/*",
                &[
                    "https://git.example/%6fwn/x",
                    "https://git.example//own/x",
                    "https://git.example/./own/x",
                    "https://git.example/their/../own/x",
                    "https://git.example/their/%2e%2E/own/x?a=b",
                ],
            ),
            ("*internal*", &["http://internal/x", "git@internal:x"]),
        ] {
            for remote in remotes {
                assert!(strikes(pattern, remote), "{pattern} should strike {remote}");
            }
        }
        for (pattern, remote) in [
            ("https://internal.example/*", "https://example/x"),
            ("https://internal.example/*", "https://internal.example:8443/x"),
            ("https://internal.example/*", "https://other.example/internal.example/x"),
            ("http://*", "https://internal.example/x"),
        ] {
            assert!(!strikes(pattern, remote), "{pattern} {remote}");
        }
    }

    #[test]
    fn an_allow_rule_admits_its_host_and_what_is_below_its_path() {
        for (pattern, remote, expected) in [
            ("https://*.example/*", "https://a.example/x", true),
            ("https://*.example/*", "https://a.b.example/x/y", true),
            ("https://*.example/*", "https://evil.test/a.example/x", false),
            ("https://*.example/*", "https://evil.test?.example/x", false),
            ("https://*.example/*", "https://a.example@evil.test/.example/x", false),
            ("git@*.example:*", "git@evil.test:x.example:y", false),
            ("git@*.example:*", "git@a.example:own/x", true),
            ("https://me:*@git.example/*", "https://me:pass@git.example/x", true),
            ("https://*/x.tar", "https://a.example/y/x.tar", true),
            ("*", "https://a.example/x", true),
            ("*.git", "https://a.example/x.git", true),
            ("https://*", "https://a.example/x", true),
            ("https://git.example/own/*", "https://git.example/own/x..y/...", true),
            ("https://git.example/own/*", "https://git.example/own/../x", false),
            ("https://git.example/own/*", "https://git.example/own/a%2F%2e.%2fx", false),
            ("https://git.example/own/*", "https://git.example/own/..\\x", false),
            ("https://git.example/own/*", "https://git.example/own/x?y=/../z", true),
            ("https://git.example/own/../x", "https://git.example/own/../x", true),
        ] {
            assert_eq!(RemotePattern::new(pattern).admits(remote), expected, "{pattern} {remote}");
        }
    }
}
