//! The policy in force, and how another takes its place while dockgate runs: read whole, exchanged at once, and
//! not at all where it has an error.

mod source;
mod watch;

use std::cell::{Cell, RefCell};
use std::path::PathBuf;
use std::rc::Rc;

use jiff::Timestamp;
use serde::Serialize;
use tokio::sync::watch as channel;

pub use source::{PolicySource, Unusable, Usable};
pub use watch::HangUp;

use crate::audit::Audit;
use crate::policy::Policy;

/// The policy in force, and the account of its file.
#[derive(Debug)]
pub struct PolicyInForce {
    source: PolicySource,
    audit: Audit,
    policy: RefCell<Rc<Policy>>,
    since: Cell<Timestamp>,
    exchanges: Cell<u64>,
    failures: Cell<u64>,
    /// Why what the file holds now is not in force.
    failure: RefCell<Option<Failure>>,
    changed: channel::Sender<()>,
}

/// How it stands with the policy.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PolicyState {
    /// Its file; the built-in policy has none.
    pub file: Option<PathBuf>,
    /// `sha256:` and the digest of the policy in force.
    pub hash: String,
    /// `enforce` or `observe`.
    pub mode: &'static str,
    /// How many rules it has.
    pub rules: usize,
    /// Since when it is in force.
    pub since: Timestamp,
    /// How many times another came into force since dockgate was started.
    pub exchanges: u64,
    /// How many times the file could not be used since then.
    pub failures: u64,
    /// Why what the file holds now is not in force.
    pub failure: Option<Failure>,
}

/// A policy that did not come into force.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Failure {
    /// When it was read.
    pub at: Timestamp,
    /// Why not.
    #[serde(flatten)]
    pub why: Unusable,
}

/// Why a policy is read again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Occasion {
    /// Somebody wants it.
    Asked,
    /// Its file has changed.
    Changed,
}

impl PolicyInForce {
    /// Puts `policy`, which was read from `source`, into force; `audit` is told of it, and of those that follow.
    #[must_use]
    pub fn new(source: PolicySource, policy: Policy, audit: Audit) -> Self {
        audit.policy_in_force(&policy, &source.name());
        Self {
            source,
            audit,
            policy: RefCell::new(Rc::new(policy)),
            since: Cell::new(Timestamp::now()),
            exchanges: Cell::new(0),
            failures: Cell::new(0),
            failure: RefCell::default(),
            changed: channel::Sender::new(()),
        }
    }

    /// The policy in force now. Whoever judges takes it once, so that a request is judged by one policy.
    #[must_use]
    pub fn current(&self) -> Rc<Policy> {
        Rc::clone(&self.policy.borrow())
    }

    /// Whether `policy` is still the one in force.
    #[must_use]
    pub fn is_current(&self, policy: &Rc<Policy>) -> bool {
        Rc::ptr_eq(&self.policy.borrow(), policy)
    }

    /// How it stands.
    #[must_use]
    pub fn state(&self) -> PolicyState {
        let policy = self.policy.borrow();
        PolicyState {
            file: self.source.file().map(ToOwned::to_owned),
            hash: policy.hash().to_owned(),
            mode: policy.mode().as_str(),
            rules: policy.rule_count(),
            since: self.since.get(),
            exchanges: self.exchanges.get(),
            failures: self.failures.get(),
            failure: self.failure.borrow().clone(),
        }
    }

    /// Tells when another policy has come into force, and when it could not.
    #[must_use]
    pub fn changes(&self) -> channel::Receiver<()> {
        self.changed.subscribe()
    }

    /// Takes up what was read, or keeps what is in force; where nothing was, that is what the file holds.
    fn take(&self, read: Result<Option<Usable>, Unusable>, occasion: Occasion) {
        match read {
            Ok(Some(usable)) if usable.policy.hash() != self.current().hash() => self.exchange(usable),
            Ok(_) => self.unchanged(occasion),
            Err(unusable) => self.keep(unusable),
        }
        self.changed.send_replace(());
    }

    fn exchange(&self, usable: Usable) {
        let name = self.source.name();
        let policy = Rc::new(usable.policy);
        self.audit.policy_in_force(&policy, &name);
        let before = self.policy.replace(Rc::clone(&policy));
        self.since.set(Timestamp::now());
        self.exchanges.set(self.exchanges.get().saturating_add(1));
        self.failure.replace(None);
        if !usable.warnings.is_empty() {
            tracing::warn!("of the policy {name}:\n{}", usable.warnings.trim_end());
        }
        tracing::info!("another policy is in force: {name}, {}; before, {}", policy.hash(), before.hash());
        self.source.warn_of(&policy);
    }

    fn unchanged(&self, occasion: Occasion) {
        let name = self.source.name();
        if self.failure.replace(None).is_some() {
            tracing::info!("the policy {name} holds again what is in force");
        } else if occasion == Occasion::Asked {
            tracing::info!("the policy {name} has not changed");
        }
    }

    fn keep(&self, why: Unusable) {
        let policy = self.current();
        tracing::error!("the policy in force stays ({}), since {why}", policy.hash());
        self.failures.set(self.failures.get().saturating_add(1));
        self.failure.replace(Some(Failure { at: Timestamp::now(), why }));
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::settings::{AuditSettings, AuditSink, ServeArgs, Settings};

    const LOOK: &str = "version = 1\n[[allow]]\noperations = [\"@read\"]\n";
    const PING: &str = "version = 1\n[[allow]]\noperations = [\"@ping\"]\n";

    #[test]
    fn another_comes_into_force_whole_or_not_at_all() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("policy.toml");
        fs::write(&path, LOOK).unwrap();
        let settings = Settings::merge(&ServeArgs::default(), &[], None).unwrap();
        let source = PolicySource::of(&Settings { policy: Some(path.clone()), ..settings.clone() });
        let policy = source.read(false).unwrap().policy;
        let audit = AuditSettings { sink: AuditSink::File(directory.path().join("audit")), ..settings.audit };
        let in_force = PolicyInForce::new(source.clone(), policy, Audit::open(&audit).unwrap());
        let before = in_force.current();
        let take = |text: &str| {
            fs::write(&path, text).unwrap();
            in_force.take(source.read_unless(in_force.current().hash()), Occasion::Changed);
            in_force.state()
        };

        assert_eq!(take(LOOK).exchanges, 0, "nothing new");
        assert!(in_force.is_current(&before));

        let broken = take(&PING.replace("@ping", "@pin"));
        let failure = broken.failure.unwrap();
        assert!(failure.why.problems.contains("error[unknown-group]"), "{failure:?}");
        assert_eq!((broken.hash.as_str(), broken.failures), (before.hash(), 1));
        assert!(in_force.is_current(&before));

        let unknown = take(&format!("{PING}[clients.x]\nlistener = \"back\"\n"));
        let why = unknown.failure.unwrap().why;
        assert!(why.found.contains("`back`"), "nobody could come in there");
        assert!(why.to_string().contains(". Name one with --listen back=ADDR"), "{why}");
        assert_eq!(take(LOOK).failure, None, "what is in force is in the file again");

        let after = take(PING);
        assert_eq!((after.exchanges, after.failures, after.failure), (1, 2, None));
        assert!(!in_force.is_current(&before));
        assert_eq!(before.hash(), broken.hash, "whoever judges by it still has it");
        assert_ne!(after.hash, broken.hash);

        fs::remove_file(&path).unwrap();
        in_force.take(source.read_unless(after.hash.as_str()), Occasion::Asked);
        assert!(in_force.state().failure.unwrap().why.found.contains("cannot be read"));
    }
}
