//! Which requests are meant.

use jiff::civil::DateTime;
use jiff::tz::Offset;
use jiff::{SignedDuration, Timestamp};
use memchr::memmem::Finder;

use super::super::chain::Linked;
use super::super::record::time_text;
use super::record::{Judged, Who, host_of};

/// What requests must be like; what is empty says nothing. Of several patterns of a kind one must fit.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// Not before this time, as text of a record.
    pub since: Option<String>,
    /// Before this time.
    pub until: Option<String>,
    /// Names in the policy, listeners, addresses, `uid=1000`.
    pub clients: Vec<Pattern>,
    /// Names of operations, or `METHOD /path`.
    pub operations: Vec<Pattern>,
    /// Names, IDs or beginnings of IDs of what the path names; images.
    pub targets: Vec<Pattern>,
    /// `permit`, `deny`, …
    pub decisions: Vec<String>,
    /// Names of rules.
    pub rules: Vec<Pattern>,
    /// Codes of reasons.
    pub reasons: Vec<Pattern>,
    /// Ids of requests.
    pub ids: Vec<String>,
    /// What a line must hold, one of each group, for the rest to be worth looking at.
    needles: Vec<Vec<Finder<'static>>>,
}

/// Text in which `*` stands for anything; large and small letters are the same.
#[derive(Clone, Debug)]
pub struct Pattern {
    /// In small letters.
    text: String,
}

impl From<&str> for Pattern {
    fn from(text: &str) -> Self {
        Self { text: text.to_ascii_lowercase() }
    }
}

impl Pattern {
    /// Whether it stands for this text.
    #[must_use]
    pub fn fits(&self, text: &str) -> bool {
        let text = text.to_ascii_lowercase();
        let Some((first, rest)) = self.text.split_once('*') else { return text == self.text };
        let Some(mut text) = text.strip_prefix(first) else { return false };
        // What stands between stars is found from the left; the last part must stand at the end.
        let (middle, last) = rest.rsplit_once('*').unwrap_or(("", rest));
        for part in middle.split('*') {
            match text.find(part).and_then(|at| text.get(at.saturating_add(part.len())..)) {
                Some(behind) => text = behind,
                None => return false,
            }
        }
        text.ends_with(last)
    }

    /// Whether it is the beginning of an ID, as Docker's clients show it.
    fn begins(&self, id: &str) -> bool {
        const SHORTEST: usize = 6;
        let is_hex = self.text.len() >= SHORTEST && self.text.bytes().all(|byte| byte.is_ascii_hexdigit());
        is_hex && id.strip_prefix("sha256:").unwrap_or(id).starts_with(&self.text)
    }
}

impl Filter {
    /// Makes ready what can be looked for in a line without reading it.
    #[must_use]
    pub fn prepared(self) -> Self {
        let of = |key: &str, values: &[String]| -> Vec<Finder<'static>> {
            values.iter().map(|value| Finder::new(&format!("\"{key}\":\"{value}\"")).into_owned()).collect()
        };
        let needles = [of("decision", &self.decisions), of("id", &self.ids)];
        Self { needles: needles.into_iter().filter(|group| !group.is_empty()).collect(), ..self }
    }

    /// Whether a line can be of a request that is meant: the quick part.
    pub(super) fn may_fit(&self, linked: &Linked<'_>) -> bool {
        self.is_in_time(linked)
            && self.needles.iter().all(|group| group.iter().any(|needle| needle.find(linked.rest).is_some()))
    }

    /// Whether what a line tells of happened in the time that is meant.
    pub(super) fn is_in_time(&self, linked: &Linked<'_>) -> bool {
        let since = self.since.as_ref().is_none_or(|since| linked.time >= since.as_bytes());
        let until = self.until.as_ref().is_none_or(|until| linked.time < until.as_bytes());
        since && until
    }

    /// Whether every request is meant.
    #[must_use]
    pub fn is_everything(&self) -> bool {
        self.is_quick() && self.since.is_none() && self.until.is_none()
    }

    /// Whether the line is of a request that is meant: the slow part.
    pub(super) fn fits_line(&self, line: &[u8]) -> bool {
        self.is_quick() || serde_json::from_slice::<Judged<'_>>(line).is_ok_and(|judged| self.fits(&judged))
    }

    /// Whether the quick part is all.
    fn is_quick(&self) -> bool {
        let Self { clients, operations, targets, rules, reasons, decisions, ids, .. } = self;
        [clients, operations, targets, rules, reasons].iter().all(|patterns| patterns.is_empty())
            && decisions.is_empty()
            && ids.is_empty()
    }

    /// Whether the request is meant, its time aside.
    #[must_use]
    pub fn fits(&self, judged: &Judged<'_>) -> bool {
        let any = |patterns: &[Pattern], fits: &dyn Fn(&Pattern) -> bool| {
            patterns.is_empty() || patterns.iter().any(fits)
        };
        let exact =
            |values: &[String], text: &str| values.is_empty() || values.iter().any(|value| value == text);
        exact(&self.decisions, &judged.decision)
            && exact(&self.ids, &judged.id)
            && any(&self.clients, &|pattern| is_client(pattern, &judged.client))
            && any(&self.operations, &|pattern| is_operation(pattern, judged))
            && any(&self.targets, &|pattern| is_target(pattern, judged))
            && any(&self.rules, &|pattern| judged.rules.iter().any(|rule| pattern.fits(&rule.name)))
            && any(&self.reasons, &|pattern| {
                judged.reason.as_ref().is_some_and(|reason| pattern.fits(reason))
            })
    }
}

fn is_client(pattern: &Pattern, who: &Who<'_>) -> bool {
    let number =
        |key: &str, value: Option<String>| value.is_some_and(|value| pattern.fits(&format!("{key}={value}")));
    who.names.iter().any(|name| pattern.fits(name))
        || pattern.fits(&who.listener)
        || who.address.as_ref().is_some_and(|address| pattern.fits(address) || pattern.fits(host_of(address)))
        || number("uid", who.uid.map(|uid| uid.to_string()))
        || number("gid", who.gid.map(|gid| gid.to_string()))
        || number("pid", who.pid.map(|pid| pid.to_string()))
}

fn is_operation(pattern: &Pattern, judged: &Judged<'_>) -> bool {
    judged.operation.as_ref().is_some_and(|operation| pattern.fits(operation))
        || judged.path.as_ref().is_some_and(|path| {
            pattern.text.contains('/')
                && (pattern.fits(path)
                    || pattern.fits(&format!("{} {path}", judged.method.as_deref().unwrap_or_default())))
        })
}

fn is_target(pattern: &Pattern, judged: &Judged<'_>) -> bool {
    let fits = |text: &str| pattern.fits(text) || pattern.begins(text);
    judged.image.as_ref().is_some_and(|image| pattern.fits(image))
        || judged.targets.iter().any(|target| {
            let known = [&target.id, &target.name, &target.container].into_iter().flatten();
            fits(&target.asked) || known.into_iter().any(|text| fits(text))
        })
}

/// Reads a time: as records have it, a date, a date and a time (UTC), or how long ago (`90m`, `7d`).
///
/// # Errors
///
/// A sentence where it is none of these.
pub fn time_of(text: &str, now: Timestamp) -> Result<String, String> {
    let days = || {
        let days: i64 = text.strip_suffix('d')?.parse().ok().filter(|days| *days >= 0)?;
        Some(SignedDuration::from_hours(days.checked_mul(24)?))
    };
    let ago = || days().or_else(|| text.parse::<SignedDuration>().ok());
    let civil = || Offset::UTC.to_timestamp(text.parse::<DateTime>().ok()?).ok();
    let time = text.parse::<Timestamp>().ok().or_else(civil).or_else(|| now.checked_sub(ago()?.abs()).ok());
    time.map(time_text).ok_or_else(|| {
        format!("`{text}` is no time; write \"2026-01-31\", \"2026-01-31T12:00:00Z\", or how long ago: \"90m\", \"7d\"")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judged() -> Judged<'static> {
        serde_json::from_str(
            r#"{"id":"0a-1","client":{"names":["backend"],"listener":"ui","uid":1000,"gid":9,"pid":7},"operation":"ContainerStop","method":"POST","path":"/containers/web/stop","targets":[{"kind":"container","asked":"web","id":"4f2a77b1c0de","name":"the-web"}],"image":"ghcr.io/a/b:1","decision":"deny","reason":"no_rule","rules":[{"name":"look"}]}"#,
        )
        .unwrap()
    }

    #[test]
    fn what_is_meant_is_told_by_any_of_its_names() {
        let fits = |set: &dyn Fn(&mut Filter, Vec<Pattern>), text: &str| {
            let mut filter = Filter::default();
            set(&mut filter, vec![Pattern::from(text)]);
            filter.prepared().fits(&judged())
        };
        for (client, is_meant) in [
            ("backend", true),
            ("BACK*", true),
            ("ui", true),
            ("uid=1000", true),
            ("uid=100", false),
            ("end", false),
        ] {
            assert_eq!(fits(&|filter, patterns| filter.clients = patterns, client), is_meant, "{client}");
        }
        for (operation, is_meant) in [
            ("ContainerStop", true),
            ("container*", true),
            ("POST /containers/*", true),
            ("*/stop", true),
            ("GET /*", false),
            ("Container", false),
        ] {
            assert_eq!(
                fits(&|filter, patterns| filter.operations = patterns, operation),
                is_meant,
                "{operation}"
            );
        }
        for (target, is_meant) in [
            ("web", true),
            ("the-*", true),
            ("4f2a77", true),
            ("4f2a7", false),
            ("2a77b1", false),
            ("ghcr.io/*", true),
        ] {
            assert_eq!(fits(&|filter, patterns| filter.targets = patterns, target), is_meant, "{target}");
        }
        assert!(fits(&|filter, patterns| filter.rules = patterns, "look"));
        assert!(!fits(&|filter, patterns| filter.reasons = patterns, "forbidden"));
    }

    #[test]
    fn a_star_stands_for_anything() {
        let fits = |pattern: &str, text: &str| Pattern::from(pattern).fits(text);
        for (pattern, text) in [
            ("*", ""),
            ("a*", "A"),
            ("a*c", "abc"),
            ("*b*", "abc"),
            ("a*b*c", "a-b-c"),
            ("**", "x"),
            ("a*a", "aa"),
        ] {
            assert!(fits(pattern, text), "{pattern} {text}");
        }
        for (pattern, text) in
            [("", "a"), ("a*a", "a"), ("a*b*c", "a-c-b"), ("*b", "bc"), ("a", "ab"), ("a*b*b", "ab")]
        {
            assert!(!fits(pattern, text), "{pattern} {text}");
        }
    }

    #[test]
    fn times_are_dates_or_how_long_ago() {
        let now: Timestamp = "2026-01-31T12:00:00Z".parse().unwrap();
        let of = |text: &str| time_of(text, now).unwrap();
        assert_eq!(of("2026-01-02T03:04:05.5Z"), "2026-01-02T03:04:05.500000Z");
        assert_eq!(of("2026-01-02T03:04:05+01:00"), "2026-01-02T02:04:05.000000Z");
        assert_eq!(of("2026-01-02"), "2026-01-02T00:00:00.000000Z");
        assert_eq!(of("2026-01-02 10:30"), "2026-01-02T10:30:00.000000Z");
        assert_eq!(of("90m"), "2026-01-31T10:30:00.000000Z");
        assert_eq!(of("1h30m"), "2026-01-31T10:30:00.000000Z");
        assert_eq!(of("7d"), "2026-01-24T12:00:00.000000Z");
        for wrong in ["", "yesterday", "12", "-1d", "99999999999999d", "9999999999999999999d"] {
            assert!(time_of(wrong, now).is_err(), "{wrong}");
        }
    }
}
