//! Patterns of paths.

use std::iter;

use crate::policy::pattern::Glob;

/// A path with wildcards: `*` and `?` stay in one segment, `**` is any number of segments, also none, so that
/// `/data/**` is `/data` and all below it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::policy) struct PathGlob {
    segments: Vec<Segment>,
    /// Whether it begins with `/var/run`, which is `/run` on every Linux of today.
    is_at_var_run: bool,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Segment {
    One(Glob),
    Any,
}

impl PathGlob {
    /// Reads a pattern; the error says what is wrong, and what to write.
    pub(super) fn read(text: &str) -> Result<Self, (String, String)> {
        let Some(path) = text.strip_prefix('/') else {
            let help = "begin at the root: `/opt/data/**`; volumes by name are `volumes = [\"…\"]`";
            return Err((format!("`{text}` is no path from the root"), help.to_owned()));
        };
        let mut segments = Vec::new();
        for segment in path.split('/') {
            match segment {
                "" | "." => {}
                ".." => {
                    let help = "write the path as it is without `..`".to_owned();
                    return Err((format!("`{text}` has `..` in it"), help));
                }
                "**" => segments.push(Segment::Any),
                segment if segment.contains("**") => {
                    let help = "`**` stands for whole segments: `/data/**/x`".to_owned();
                    return Err((format!("`{text}` has `**` within a segment"), help));
                }
                segment => segments.push(Segment::One(Glob::new(segment))),
            }
        }
        segments.dedup_by(|next, before| *next == Segment::Any && *before == Segment::Any);
        let is = |place: usize, name: &str| matches!(segments.get(place), Some(Segment::One(glob)) if glob.is(name));
        let is_at_var_run = is(0, "var") && is(1, "run");
        Ok(Self { segments, is_at_var_run })
    }

    /// Whether it matches a clean path.
    pub(super) fn matches(&self, path: &str) -> bool {
        fits(&self.segments, path, false)
    }

    /// Whether it begins with all of a clean path, written out.
    pub(super) fn spells(&self, path: &str) -> bool {
        let mut segments = self.segments.iter();
        names(path).all(|name| match segments.next() {
            Some(Segment::One(glob)) => glob.is(name),
            Some(Segment::Any) | None => false,
        })
    }

    /// Whether it matches a clean path, or something below it: who has the directory has what is in it. Below a process
    /// stand links to anywhere.
    pub(super) fn reaches(&self, path: &str) -> bool {
        let reaches = |path: &str| {
            let at_run = self.segments.get(1..).filter(|_| self.is_at_var_run);
            fits(&self.segments, path, true) || at_run.is_some_and(|segments| fits(segments, path, true))
        };
        leads_anywhere(path) || reaches(path) || at_run(path).is_some_and(reaches)
    }

    /// Whether everything that it matches is matched by the other; `false` also where that is not clear.
    pub(super) fn within(&self, other: &Self) -> bool {
        if self == other {
            return true;
        }
        if let Some((Segment::Any, above)) = other.segments.split_last() {
            let literal = above.iter().zip(&self.segments).all(|(wide, narrow)| wide == narrow);
            return literal && self.segments.len() >= above.len();
        }
        self.literal().is_some_and(|path| other.matches(&path))
    }

    fn literal(&self) -> Option<String> {
        let segments: Option<Vec<String>> = self
            .segments
            .iter()
            .map(|segment| match segment {
                Segment::One(glob) => glob.literal(),
                Segment::Any => None,
            })
            .collect();
        Some(format!("/{}", segments?.join("/")))
    }

    /// It, as a policy writes it.
    pub(super) fn source(&self) -> String {
        let segments: Vec<String> = self
            .segments
            .iter()
            .map(|segment| match segment {
                Segment::One(glob) => glob.source(),
                Segment::Any => "**".to_owned(),
            })
            .collect();
        format!("/{}", segments.join("/"))
    }
}

/// The first name in a clean path, and what is below that.
fn split_first(path: &str) -> Option<(&str, &str)> {
    let path = path.trim_start_matches('/');
    let end = path.bytes().position(|byte| byte == b'/').unwrap_or(path.len());
    path.split_at_checked(end).filter(|(name, _)| !name.is_empty())
}

/// The names in a clean path.
fn names(mut path: &str) -> impl Iterator<Item = &str> {
    iter::from_fn(move || {
        let (name, below) = split_first(path)?;
        path = below;
        Some(name)
    })
}

/// A path below `/var/run` as it is below `/run`.
fn at_run(path: &str) -> Option<&str> {
    let (var, below) = split_first(path)?;
    (var == "var" && names(below).next() == Some("run")).then_some(below)
}

/// Whether there are ways in it through what a process has open or works in, as `/proc/1/root/etc`, or it is one.
fn leads_anywhere(path: &str) -> bool {
    let mut names = names(path);
    match (names.next(), names.next()) {
        (Some("proc"), None) | (Some("dev"), Some("fd")) => true,
        (Some("proc"), Some(process)) => {
            matches!(process, "self" | "thread-self") || process.bytes().all(|byte| byte.is_ascii_digit())
        }
        _ => false,
    }
}

/// Whether the pattern matches the path; or, from above, something that the path leads to. Paths come from clients and
/// can be long, so each `**` takes the fewest segments that will do, and only the last one is tried with more.
fn fits(mut pattern: &[Segment], mut path: &str, from_above: bool) -> bool {
    let mut last_any: Option<(&[Segment], &str)> = None;
    loop {
        match (pattern.split_first(), split_first(path)) {
            (None, None) => return true,
            // It may stand for all that is left, and for more.
            (Some((Segment::Any, _)), _) | (Some(_), None) if from_above => return true,
            (Some((Segment::Any, rest)), _) => {
                last_any = Some((rest, path));
                pattern = rest;
            }
            (Some((Segment::One(_), _)), None) => return false,
            (Some((Segment::One(glob), rest)), Some((name, below))) if glob.matches(name) => {
                (pattern, path) = (rest, below);
            }
            (Some((Segment::One(_), _)) | None, Some(_)) => {
                let more = last_any.and_then(|(rest, from)| Some((rest, split_first(from)?.1)));
                let Some((rest, below)) = more else { return false };
                last_any = more;
                (pattern, path) = (rest, below);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wildcard_stays_in_its_segment() {
        for (pattern, yes, no) in [
            ("/data/**", &["/data", "/data/x", "/data/x/y"][..], &["/", "/dat", "/data2", "/x/data"][..]),
            ("/data/*", &["/data/x"], &["/data", "/data/x/y"]),
            ("/data", &["/data"], &["/data/x", "/"]),
            (
                "/home/*/.config/**",
                &["/home/a/.config", "/home/a/.config/b/c"],
                &["/home/.config", "/home/a/b/.config"],
            ),
            ("/**/x", &["/x", "/a/b/x"], &["/x/y", "/"]),
            ("/", &["/"], &["/x"]),
            ("/**", &["/", "/x/y"], &[]),
            ("/a/**/b/**/c", &["/a/b/c", "/a/x/b/b/y/c/c"], &["/a/c/b", "/a/b/c/d", "/a"]),
            ("/**/b/c", &["/b/b/c", "/b/c/b/c"], &["/b/c/b", "/c"]),
            (r"/a\*", &["/a*"], &["/ab"]),
        ] {
            let glob = PathGlob::read(pattern).unwrap();
            for path in yes {
                assert!(glob.matches(path), "{pattern} should match {path}");
            }
            for path in no {
                assert!(!glob.matches(path), "{pattern} should not match {path}");
            }
        }
    }

    #[test]
    fn a_long_path_is_gone_through_once() {
        let glob = PathGlob::read("/**/x/**/y/**/z").unwrap();
        let path = "/x/y".repeat(200_000);
        assert!(!glob.matches(&path) && glob.matches(&format!("{path}/z")));
        assert!(glob.reaches(&path));
    }

    #[test]
    fn a_path_is_spelled_where_no_wildcard_stands() {
        for (pattern, yes, no) in [
            ("/data/**", &["/data", "/"][..], &["/data/x", "/dat"][..]),
            ("/etc/localtime", &["/etc", "/etc/localtime"], &["/etc/localtime/x"]),
            ("/home/*/x", &["/home"], &["/home/a", "/home/a/x"]),
        ] {
            let glob = PathGlob::read(pattern).unwrap();
            for path in yes {
                assert!(glob.spells(path), "{pattern} spells {path}");
            }
            for path in no {
                assert!(!glob.spells(path), "{pattern} does not spell {path}");
            }
        }
    }

    #[test]
    fn whoever_has_the_directory_has_what_is_in_it() {
        let socket = PathGlob::read("/var/run/docker.sock").unwrap();
        for path in ["/var/run/docker.sock", "/run/docker.sock", "/var/run", "/run", "/var", "/"] {
            assert!(socket.reaches(path), "{path}");
        }
        for path in ["/var/lib", "/run/docker.sock/x", "/runx", "/home"] {
            assert!(!socket.reaches(path), "{path}");
        }
        let below = PathGlob::read("/etc/**").unwrap();
        for path in ["/proc", "/proc/1", "/proc/1/root/etc", "/proc/self/cwd", "/dev/fd/9"] {
            assert!(below.reaches(path), "{path}");
        }
        assert!(!below.reaches("/proc/stat") && !below.reaches("/proc/sys/kernel"));
        assert!(below.reaches("/etc/ssl/private") && below.reaches("/") && !below.reaches("/opt"));
    }

    #[test]
    fn containment_is_claimed_only_where_it_is_clear() {
        for (narrow, wide, expected) in [
            ("/a", "/a", true),
            ("/a/b/**", "/a/**", true),
            ("/a", "/a/**", true),
            ("/a/**", "/a/b/**", false),
            ("/ab", "/a*", true),
            ("/a/*", "/a/**", true),
            ("/b/x", "/a/**", false),
        ] {
            let read = |text| PathGlob::read(text).unwrap();
            assert_eq!(read(narrow).within(&read(wide)), expected, "{narrow} within {wide}");
        }
    }

    #[test]
    fn what_is_no_path_is_an_error() {
        for text in ["data", "", "/a/../b", "/a**/b", "~/x"] {
            assert!(PathGlob::read(text).is_err(), "{text}");
        }
        assert_eq!(PathGlob::read("//a/./**/**").unwrap().source(), "/a/**");
    }
}
