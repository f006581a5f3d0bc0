//! The request target: split into path and query, the path into its version and segments.
//!
//! The daemon's router (Go's `net/url` and gorilla/mux) decodes the path once and matches what comes
//! out, so that `%2F` is a separator. What it would answer with a redirect to a cleaned path is
//! refused here: nothing is cleaned and then passed on.

use std::borrow::Cow;

use super::percent::{self, Plus};
use super::table::Endpoint;
use super::{Fault, Unreadable};

/// The longest request target that is read, in bytes. Some clients copy a whole body into the query.
pub const MAX_TARGET_BYTES: usize = 1024 * 1024;

/// What most paths have room in.
const COMMON_BYTES: usize = 128;
const COMMON_SEGMENTS: usize = 8;

/// Beside letters, digits and `-._~`, what a canonical path leaves as it is: image references read
/// as they are written.
const LITERAL_IN_PATHS: &[u8] = b":@";

/// The path of a request, read.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Path<'a> {
    /// The text of the version prefix, without its `v`: digits and dots.
    pub(super) version: Option<&'a str>,
    /// The segments behind the version: none is empty, `.` or `..`, all are printable ASCII.
    pub(super) segments: Vec<&'a str>,
}

/// Splits a target into path and query, both still encoded. An absolute form loses its scheme and
/// authority, which the daemon ignores as well.
pub(super) fn split(target: &[u8]) -> Result<(&[u8], &[u8]), Unreadable> {
    if target.len() > MAX_TARGET_BYTES {
        let message =
            format!("the request target is longer than the {MAX_TARGET_BYTES} bytes that dockgate reads");
        return Err(Unreadable::new(Fault::TargetTooLong, message));
    }
    if target.iter().any(|&byte| byte <= b' ' || byte == 0x7f) {
        return Err(malformed("holds a space or control character; percent-encode it"));
    }
    let mut parts = target.splitn(2, |&byte| byte == b'?');
    let before = parts.next().unwrap_or_default();
    let query = parts.next().unwrap_or_default();
    Ok((without_authority(before)?, query))
}

/// Decodes a path: printable ASCII.
pub(super) fn decode(raw: &[u8]) -> Result<Cow<'_, str>, Unreadable> {
    let decoded = percent::decode(raw, Plus::Literal)
        .map_err(|_| malformed("holds a % that two hexadecimal digits do not follow"))?;
    if let Some(unfit) = decoded.iter().find(|byte| !byte.is_ascii() || byte.is_ascii_control()) {
        return Err(malformed(if unfit.is_ascii() {
            "holds a control character"
        } else {
            "holds bytes beyond ASCII; Docker's names and references have none"
        }));
    }
    if let Some(&unfit) = decoded.iter().find(|byte| b"#;\\".contains(byte)) {
        return Err(malformed(&format!("holds {:?}, which no Docker path has", char::from(unfit))));
    }
    // It is ASCII, and nothing of it is lost.
    Ok(match decoded {
        Cow::Borrowed(bytes) => String::from_utf8_lossy(bytes),
        Cow::Owned(bytes) => Cow::Owned(String::from_utf8_lossy(&bytes).into_owned()),
    })
}

/// Reads a path that is decoded.
pub(super) fn read(path: &str) -> Result<Path<'_>, Unreadable> {
    let mut segments = segments(path)?;
    let version = segments.first().and_then(|first| version_of(first));
    if version.is_some() {
        segments.remove(0);
    }
    Ok(Path { version, segments })
}

/// The canonical path of an endpoint with these identifiers, without version.
pub(super) fn write(endpoint: &Endpoint, identifiers: &[String]) -> String {
    let mut path = String::with_capacity(COMMON_BYTES);
    let mut identifiers = identifiers.iter();
    for segment in endpoint.template.split('/').skip(1) {
        path.push('/');
        if !segment.starts_with('{') {
            path.push_str(segment);
        } else if let Some(identifier) = identifiers.next() {
            for (index, part) in identifier.split('/').enumerate() {
                if index > 0 {
                    path.push('/');
                }
                percent::encode(part, LITERAL_IN_PATHS, &mut path);
            }
        }
    }
    path
}

/// The path of an origin-form or absolute-form target.
fn without_authority(target: &[u8]) -> Result<&[u8], Unreadable> {
    if target.starts_with(b"/") {
        return Ok(target);
    }
    let other_form = || {
        malformed("is neither a path (/containers/json) nor an absolute URL (http://docker/containers/json)")
    };
    let colon = target.iter().position(|&byte| byte == b':').ok_or_else(other_form)?;
    let (scheme, rest) = target.split_at_checked(colon).ok_or_else(other_form)?;
    let is_scheme = scheme.first().is_some_and(u8::is_ascii_alphabetic)
        && scheme.iter().all(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(byte));
    let rest = rest.strip_prefix(b"://").filter(|_| is_scheme).ok_or_else(other_form)?;
    let slash = rest.iter().position(|&byte| byte == b'/').ok_or_else(other_form)?;
    let (authority, path) = rest.split_at_checked(slash).ok_or_else(other_form)?;
    if authority.iter().all(|byte| byte.is_ascii_graphic() && !b"#\\%".contains(byte)) {
        Ok(path)
    } else {
        Err(malformed("names a host that is not one"))
    }
}

/// The segments of a decoded path; those that the daemon would clean away are refused.
fn segments(path: &str) -> Result<Vec<&str>, Unreadable> {
    let Some(inner) = path.strip_prefix('/') else {
        return Err(malformed("does not begin with a slash"));
    };
    if inner.is_empty() {
        return Ok(Vec::new());
    }
    let mut segments = Vec::with_capacity(COMMON_SEGMENTS);
    segments.extend(inner.split('/'));
    if segments.iter().any(|segment| matches!(*segment, "." | "..")) {
        return Err(malformed(
            "holds a . or .. segment, which the daemon would redirect; write the path itself",
        ));
    }
    let trailing = segments.last().is_some_and(|last| last.is_empty());
    let empty = segments.iter().filter(|segment| segment.is_empty()).count();
    match (empty, trailing) {
        (0, _) => Ok(segments),
        (1, true) => Err(malformed("ends in a slash; leave it out")),
        _ => Err(malformed(
            "holds an empty segment (//), which the daemon would redirect; write the path itself",
        )),
    }
}

/// The version in a first segment such as `v1.41`: the daemon's `v[0-9.]+`.
fn version_of(segment: &str) -> Option<&str> {
    let version = segment.strip_prefix('v')?;
    let digits_and_dots = version.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
    (digits_and_dots && !version.is_empty()).then_some(version)
}

fn malformed(what: &str) -> Unreadable {
    Unreadable::new(Fault::Malformed, format!("the request target {what}"))
}

#[cfg(test)]
mod tests {
    use super::{MAX_TARGET_BYTES, Path, decode, read, split};
    use crate::operation::Fault;
    use proptest::prelude::*;

    fn path(target: &str) -> Option<(Option<String>, String)> {
        let (raw, _) = split(target.as_bytes()).ok()?;
        let decoded = decode(raw).ok()?;
        let Path { version, segments } = read(&decoded).ok()?;
        Some((version.map(str::to_owned), segments.join("/")))
    }

    #[track_caller]
    fn assert_reads(target: &str, version: Option<&str>, segments: &str) {
        assert_eq!(path(target), Some((version.map(str::to_owned), segments.to_owned())), "{target}");
    }

    #[test]
    fn escapes_are_decoded_before_anything_is_matched() {
        assert_reads("/%63ontainers/json", None, "containers/json");
        assert_reads("/%63%6f%6e%74%61%69%6e%65%72%73/victim/%65xport", None, "containers/victim/export");
        assert_reads("/containers%2Fjson", None, "containers/json");
        assert_reads("/v1.41%2Fcontainers%2Fjson", Some("1.41"), "containers/json");
        assert_reads("/v1%2E41/version", Some("1.41"), "version");
        assert_reads("/%761.41/version", Some("1.41"), "version");
        assert_reads("/images/own%2Fbb%3Alatest/json", None, "images/own/bb:latest/json");
        assert_reads("/containers/own%252Da/json", None, "containers/own%2Da/json");
    }

    #[test]
    fn a_version_is_one_prefix_of_digits_and_dots() {
        assert_reads("/v1.41/v1.41/info", Some("1.41"), "v1.41/info");
        assert_reads("/v1..41/info", Some("1..41"), "info");
        assert_reads("/V1.41/info", None, "V1.41/info");
        assert_reads("/v1,41/info", None, "v1,41/info");
        assert_reads("/v1.41a/info", None, "v1.41a/info");
        assert_reads("/v/info", None, "v/info");
        assert_reads("/v1.41", Some("1.41"), "");
        assert_reads("/", None, "");
    }

    #[test]
    fn an_absolute_form_is_its_path() {
        for target in [
            "http://docker/info",
            "http:///info",
            "unix:///info",
            "file://x/info",
            "http://a:b@x:1/info",
            "HTTP://[::1]:80/info?x",
        ] {
            assert_reads(target, None, "info");
        }
    }

    #[test]
    fn other_forms_are_refused() {
        for target in [
            "",
            "*",
            "docker:2375",
            "http:info",
            "http:/info",
            "info",
            "://x/info",
            "1http://x/info",
            "http://x",
            "http://x#/info",
        ] {
            assert_eq!(path(target), None, "{target}");
        }
    }

    #[test]
    fn what_the_daemon_would_redirect_or_not_find_is_refused() {
        for target in [
            "//info",
            "/./info",
            "/a/../info",
            "/_ping/%2e%2e/info",
            "/containers/a%2f..%2fb/json",
            "/networks//",
            "/containers/%2Fname/json",
            "/containers/json/",
            "/networks/",
            "/v1.41/",
            "/.",
            "/..",
            "/containers;x/create",
            "/containers%3bx/create",
            "/a\\b",
            "/a%5cb",
            "/a%00",
            "/a%0a",
            "/a%7f",
            "/a\u{e9}",
            "/a%e9",
            "/a%c3%a9",
            "/containers/victim/export#/_ping",
            "/a%23",
            "/%zz",
            "/%",
            "/a b",
            "/a\tb",
            "/a?b\u{1}",
            "http:////info",
        ] {
            assert_eq!(path(target), None, "{target}");
        }
    }

    #[test]
    fn everything_behind_the_first_question_mark_is_the_query() {
        assert_eq!(split(b"/a?all=1#&limit=0?x").unwrap(), (&b"/a"[..], &b"all=1#&limit=0?x"[..]));
        assert_eq!(split(b"/a").unwrap(), (&b"/a"[..], &b""[..]));
    }

    #[test]
    fn long_targets_are_read_and_longer_ones_are_not() {
        let mut target = b"/containers/create?Image=".to_vec();
        target.resize(MAX_TARGET_BYTES, b'x');
        assert!(split(&target).is_ok());
        target.push(b'x');
        assert_eq!(split(&target).unwrap_err().fault, Fault::TargetTooLong);
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(target: Vec<u8>) {
            if let Ok((raw, _)) = split(&target)
                && let Ok(decoded) = decode(raw)
                && let Ok(path) = read(&decoded)
            {
                prop_assert!(path.segments.iter().all(|s| !["", ".", ".."].contains(s) && !s.contains('/')));
            }
        }
    }
}
