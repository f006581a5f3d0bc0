//! Paths, as the kernel takes them once `.`, `..` and repeated slashes are gone.

/// A file or directory of the host that is given to a container.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HostPath {
    /// The path from the root, with nothing in it to resolve but links.
    pub path: String,
    /// Whether it can only be read, together with all that is mounted below it.
    pub read_only: bool,
    /// The link that leads there, where dockgate looked and there was one.
    pub link: Option<Link>,
}

/// A link on the way to a file of the host.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Link {
    /// The longest beginning of the path that is a link.
    pub at: String,
    /// Where the path leads in the end.
    pub to: String,
}

impl Link {
    /// What stands for a link where dockgate did not look: there may be one anywhere, and it may lead anywhere.
    #[must_use]
    pub fn unseen(path: &str) -> Self {
        Self { at: path.to_owned(), to: "/".to_owned() }
    }
}

impl HostPath {
    pub(super) fn new(path: &str, read_only: bool) -> Self {
        Self { path: clean(path), read_only, link: None }
    }
}

/// The path from the root in its shortest spelling, as Go's `path.Clean` makes it of `/` and the path.
pub(in crate::operation) fn clean(path: &str) -> String {
    if is_clean(path) {
        return path.to_owned();
    }
    let mut clean = String::with_capacity(path.len().saturating_add(1));
    for segment in path.split('/') {
        match segment {
            "" | "." => {}
            ".." => clean.truncate(clean.rfind('/').unwrap_or_default()),
            name => {
                clean.push('/');
                clean.push_str(name);
            }
        }
    }
    if clean.is_empty() {
        clean.push('/');
    }
    clean
}

/// Whether a path is plainly in its shortest spelling, as most are.
fn is_clean(path: &str) -> bool {
    let leaves = |pair: &[u8]| matches!(pair, [b'/', b'/' | b'.']);
    path.starts_with('/') && !path.ends_with('/') && !path.as_bytes().windows(2).any(leaves)
}

#[cfg(test)]
mod tests {
    use super::clean;

    #[test]
    fn a_path_has_one_spelling() {
        for (path, expected) in [
            ("/", "/"),
            ("", "/"),
            ("//etc//", "/etc"),
            ("/home/../etc/./x", "/etc/x"),
            ("/../..", "/"),
            ("etc", "/etc"),
            ("/a/...", "/a/..."),
        ] {
            assert_eq!(clean(path), expected, "{path}");
        }
    }
}
