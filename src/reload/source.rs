//! Where the policy comes from, read whole.

use std::fmt;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use nix::unistd::geteuid;
use serde::Serialize;

use crate::policy::problem::{Severity, render};
use crate::policy::{self, Mode, Policy};
use crate::settings::Settings;

/// Where the policy comes from, and what it must fit.
#[derive(Clone, Debug)]
pub struct PolicySource {
    file: Option<PathBuf>,
    /// The listeners that it may speak of, by their names.
    listeners: Vec<String>,
    /// Where build contexts are kept, which it may want to look into.
    build_context_dir: PathBuf,
}

/// A policy that can be put into force.
#[derive(Debug)]
pub struct Usable {
    /// The policy.
    pub policy: Policy,
    /// What looks wrong with it, to be shown to the operator; empty where nothing does.
    pub warnings: String,
}

/// Why there is no policy.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Unusable {
    /// What was found, in a line.
    pub found: String,
    /// Every problem of the file, each at its place; empty where it was not even read.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub problems: String,
    /// What helps where `problems` do not say it, without a stop at the end.
    #[serde(skip)]
    pub cure: Option<String>,
}

impl PolicySource {
    /// The policy that `settings` name, or the built-in one.
    #[must_use]
    pub fn of(settings: &Settings) -> Self {
        Self {
            file: settings.policy.clone(),
            listeners: settings.listeners.iter().map(|listener| listener.name.clone()).collect(),
            build_context_dir: settings.build_context_dir.clone(),
        }
    }

    /// Its file, where it has one.
    #[must_use]
    pub fn file(&self) -> Option<&Path> {
        self.file.as_deref()
    }

    /// What it is called.
    #[must_use]
    pub fn name(&self) -> String {
        self.file.as_ref().map_or_else(|| "built into dockgate".to_owned(), |path| path.display().to_string())
    }

    /// Reads it, with everything that is wrong with it; `colour` for a terminal.
    ///
    /// # Errors
    /// When it cannot be read, has an error, or speaks of a listener that there is not.
    pub fn read(&self, colour: bool) -> Result<Usable, Unusable> {
        self.understand(&self.text()?, colour)
    }

    /// Reads it, unless it is the text whose policy has this hash.
    pub(super) fn read_unless(&self, hash: &str) -> Result<Option<Usable>, Unusable> {
        let text = self.text()?;
        if policy::hash(&text) == hash { Ok(None) } else { self.understand(&text, false).map(Some) }
    }

    fn text(&self) -> Result<String, Unusable> {
        match &self.file {
            None => Ok(policy::builtin().to_owned()),
            Some(path) => fs::read_to_string(path).map_err(|error| Unusable {
                cure: cure_of_unreadable(path, error.kind()),
                ..Unusable::new(format!("the policy {} cannot be read: {error}", self.name()))
            }),
        }
    }

    fn understand(&self, source: &str, colour: bool) -> Result<Usable, Unusable> {
        let name = self.name();
        let (policy, problems) = Policy::read(source);
        let text = render(&problems, &name, source, colour);
        let Some(policy) = policy else {
            let errors = problems.iter().filter(|problem| problem.severity() == Severity::Error).count();
            let found = format!("the policy {name} has {errors} error{}", if errors == 1 { "" } else { "s" });
            return Err(Unusable { problems: text, ..Unusable::new(found) });
        };
        let unknown = policy.listeners_named().find(|(named, _)| self.listeners.iter().all(|l| l != named));
        if let Some((listener, _)) = unknown {
            return Err(Unusable {
                cure: Some(format!(
                    "Name one with --listen {listener}=ADDR, and start dockgate anew, or correct the policy"
                )),
                ..Unusable::new(format!(
                    "the policy {name} speaks of a listener `{listener}`, and there is none of that name: the listeners are {}",
                    self.listeners.join(", ")
                ))
            });
        }
        Ok(Usable { policy, warnings: text })
    }
}

impl PolicySource {
    /// Tells the operator what `policy` comes to that he may not want.
    pub fn warn_of(&self, policy: &Policy) {
        if policy.mode() == Mode::Observe {
            tracing::warn!(
                "mode is observe: what the policy would refuse is forwarded, and recorded as such"
            );
        }
        if let Err((dir, error)) = self.place_for_archives(policy) {
            tracing::warn!(
                "the policy has rules that look into build contexts or uploads, and there is no place to keep them: {}: {error}. They will be refused where such a rule is for the client. Name a directory that dockgate may write to with --build-context-dir; in a container, a volume or tmpfs.",
                dir.display()
            );
        }
    }

    /// Whether archives can be kept where `policy` looks into them.
    ///
    /// # Errors
    /// The directory in which none can be, and why.
    pub fn place_for_archives(&self, policy: &Policy) -> Result<(), (&Path, io::Error)> {
        if !policy.looks_into_archives() {
            return Ok(());
        }
        let made = tempfile::tempfile_in(&self.build_context_dir);
        made.map(drop).map_err(|error| (self.build_context_dir.as_path(), error))
    }
}

impl Unusable {
    /// A reason that says everything.
    pub(super) fn new(found: String) -> Self {
        Self { found, problems: String::new(), cure: None }
    }
}

/// What helps where a policy cannot be read.
#[expect(clippy::wildcard_enum_match_arm, reason = "of all kinds of errors these have a cure worth naming")]
fn cure_of_unreadable(path: &Path, kind: io::ErrorKind) -> Option<String> {
    let (shown, uid) = (path.display(), geteuid());
    Some(match kind {
        io::ErrorKind::NotFound => {
            "Write it, or name another with --policy; in a container, mount the directory that it is in".into()
        }
        io::ErrorKind::PermissionDenied => format!(
            "Let the user that dockgate runs as (uid {uid}) read it and go through its directory: `chmod o+r {shown}`, or `chown {uid} {shown}`"
        ),
        io::ErrorKind::IsADirectory if fs::read_dir(path).is_ok_and(|mut found| found.next().is_none()) => {
            "Docker makes an empty directory where a file that is to be mounted is not there: stop the container, \
             remove the directory on the host (rmdir), and mount the directory in which the policy is"
                .into()
        }
        io::ErrorKind::IsADirectory => "Name a file in it with --policy".into(),
        io::ErrorKind::InvalidData => "Save it as UTF-8".into(),
        _ => return None,
    })
}

impl fmt::Display for Unusable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.found)?;
        if let Some(cure) = &self.cure {
            write!(f, ". {cure}.")?;
        }
        if self.problems.is_empty() { Ok(()) } else { write!(f, ":\n{}", self.problems.trim_end()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::ServeArgs;

    #[test]
    fn a_directory_that_docker_made_is_told_from_one_that_holds_policies() {
        let directory = tempfile::tempdir().unwrap();
        let settings = Settings::merge(&ServeArgs::default(), &[], None).unwrap();
        let policy = Some(directory.path().to_owned());
        let source = PolicySource::of(&Settings { policy, ..settings });
        let cure = || source.read(false).unwrap_err().cure.unwrap();
        assert!(cure().contains("remove the directory on the host (rmdir)"), "{}", cure());
        fs::write(directory.path().join("policy.toml"), "version = 1\n").unwrap();
        assert_eq!(cure(), "Name a file in it with --policy");
    }
}
