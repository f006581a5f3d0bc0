//! The environment: every variable `DOCKGATE_…`.

use std::env;
use std::ffi::OsString;
use std::time::Duration;

use super::draft::{Draft, ListenerDraft, Written};
use super::key::Key;
use super::problem::{Place, Problem, did_you_mean};

/// Reads the environment of the process: the one place that does.
pub(super) fn read() -> Vec<(OsString, OsString)> {
    env::vars_os().collect()
}

/// What whoever started the process asks to be told, as `sd_notify(3)` and `sd_watchdog_enabled(3)` have it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Supervision {
    /// The socket to tell by.
    pub socket: Option<OsString>,
    /// How often it wants a sign of life.
    pub watchdog: Option<Duration>,
}

impl Supervision {
    /// As the environment of the process has it.
    #[must_use]
    pub fn of_process() -> Self {
        Self::of(&read(), std::process::id())
    }

    fn of(variables: &[(OsString, OsString)], process: u32) -> Self {
        let value = |name: &str| variables.iter().find(|(known, _)| known == name).map(|(_, value)| value);
        let number = |name: &str| value(name)?.to_str()?.parse::<u64>().ok();
        let is_meant = value("WATCHDOG_PID").is_none() || number("WATCHDOG_PID") == Some(process.into());
        let watchdog = number("WATCHDOG_USEC").filter(|micros| is_meant && *micros > 0);
        Self {
            socket: value("NOTIFY_SOCKET").filter(|name| !name.is_empty()).cloned(),
            watchdog: watchdog.map(Duration::from_micros),
        }
    }
}

/// Whether whoever started the process wants text without colours: `NO_COLOR` (no-color.org), or a terminal that has
/// none.
#[must_use]
pub fn forbids_colour() -> bool {
    let is_so = |(name, value): &(OsString, OsString)| {
        (name == "NO_COLOR" && !value.is_empty()) || (name == "TERM" && value == "dumb")
    };
    read().iter().any(is_so)
}

/// Where Docker's clients would go that are started in this environment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ClientEnvironment {
    /// `DOCKER_HOST`.
    pub host: Option<String>,
    /// `DOCKER_CONTEXT`, which the docker CLI heeds first.
    pub context: Option<String>,
}

impl ClientEnvironment {
    /// As the environment of the process has it.
    #[must_use]
    pub fn of_process() -> Self {
        let variables = read();
        let value = |name: &str| {
            let (_, value) = variables.iter().find(|(known, value)| known == name && !value.is_empty())?;
            Some(value.to_string_lossy().into_owned())
        };
        Self { host: value("DOCKER_HOST"), context: value("DOCKER_CONTEXT") }
    }
}

/// What the environment says. An empty variable counts as not given, since compose files and unit
/// files have no better way to leave one out; but not that of the policy, without which another one judges.
pub(super) fn draft(variables: &[(OsString, OsString)], problems: &mut Vec<Problem>) -> Draft {
    let mut draft = Draft::default();
    for (name, value) in variables {
        let Some(name) = name.to_str().filter(|name| name.starts_with("DOCKGATE_")) else { continue };
        let place = Place::Variable(name.to_owned());
        let Some(key) = Key::ALL.into_iter().find(|key| key.variable() == name) else {
            if !is_of_an_orchestrator(name) {
                let known: Vec<_> = Key::ALL.into_iter().map(Key::variable).collect();
                let hint = did_you_mean(name, known.iter().map(String::as_str));
                problems.push(Problem::new(place, format!("this is no setting of dockgate{hint}")));
            }
            continue;
        };
        let Some(value) = value.to_str() else {
            problems.push(Problem::new(place, "the value is not UTF-8 text".to_owned()));
            continue;
        };
        if value.is_empty() && key != Key::Policy {
            continue;
        }
        if key == Key::Listen {
            draft.listeners.extend(
                value
                    .split(',')
                    .map(|item| Written { value: ListenerDraft::read(item.trim()), place: place.clone() }),
            );
        } else {
            draft.values.insert(key, Written { value: value.to_owned(), place });
        }
    }
    draft
}

/// Whether Kubernetes or a container link made the variable, as they do for each neighbour of a
/// service called `dockgate`: nobody wrote it, so nobody mistyped it.
fn is_of_an_orchestrator(name: &str) -> bool {
    let Some(rest) = name.strip_prefix("DOCKGATE_") else { return false };
    matches!(rest, "NAME" | "PORT" | "SERVICE_HOST" | "SERVICE_PORT")
        || ["PORT_", "SERVICE_PORT_", "ENV_"].iter().any(|prefix| rest.starts_with(prefix))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::ffi::OsStringExt as _;

    #[test]
    fn variables_of_others_are_left_alone() {
        let variables = ["PATH", "DOCKGATE", "DOCKGATE_PORT_2375_TCP_ADDR", "DOCKGATE_SERVICE_HOST"]
            .map(|name| (name.into(), "x".into()));
        let mut problems = Vec::new();
        let draft = draft(&variables, &mut problems);
        assert!(draft.values.is_empty() && draft.listeners.is_empty());
        assert_eq!(problems, []);
    }

    #[test]
    fn a_watchdog_is_for_one_process() {
        let of = |variables: &[(&str, &str)]| {
            let variables: Vec<_> =
                variables.iter().map(|(name, value)| (name.into(), value.into())).collect();
            Supervision::of(&variables, 7)
        };
        assert_eq!(of(&[("NOTIFY_SOCKET", "")]), Supervision::default());
        assert_eq!(of(&[("NOTIFY_SOCKET", "/n")]).socket, Some("/n".into()));
        let seconds = |variables| of(variables).watchdog.map(|watchdog| watchdog.as_secs());
        assert_eq!(seconds(&[("WATCHDOG_USEC", "3000000")]), Some(3));
        assert_eq!(seconds(&[("WATCHDOG_USEC", "3000000"), ("WATCHDOG_PID", "7")]), Some(3));
        assert_eq!(seconds(&[("WATCHDOG_USEC", "3000000"), ("WATCHDOG_PID", "8")]), None);
        assert_eq!(seconds(&[("WATCHDOG_USEC", "soon")]), None);
    }

    #[test]
    fn a_value_that_is_not_text_is_a_problem() {
        let mut problems = Vec::new();
        draft(&[("DOCKGATE_POLICY".into(), OsString::from_vec(vec![0xff]))], &mut problems);
        assert_eq!(problems[0].to_string(), "DOCKGATE_POLICY: the value is not UTF-8 text");
    }
}
