//! How it stands with the daemon, as last seen. Whatever changes is logged once, when it does.

use std::cell::{Cell, RefCell};
use std::time::{Duration, Instant};

use jiff::{SignedDuration, Timestamp};
use serde::Serialize;
use tokio::sync::watch;

use super::away::{Away, AwayKind};
use super::breaker::{Breaker, BreakerState};
use super::socket_file::Place;
use crate::operation::version::ApiVersion;
use crate::settings::{Address, DaemonSettings};

/// How it stands with the daemon.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct State {
    /// Whether it was there when it was last asked or used.
    pub connected: bool,
    /// The last thing that went wrong with it, which may be over.
    pub last_error: Option<LastError>,
    /// When it last answered, whatever it said.
    pub last_success: Option<Timestamp>,
    /// How many times connecting to it, or a ping, has failed since it last answered.
    pub retry_count: u32,
    /// When it is asked again, where it is away.
    pub next_retry_at: Option<Timestamp>,
    /// Whether clients' requests go on to it.
    pub breaker: BreakerState,
    /// What it said it is: `20.10.24`.
    pub daemon_version: Option<String>,
    /// The newest version of the API that it said it speaks.
    pub api_version: Option<ApiVersion>,
    /// What stands in the place of its socket, where it has one.
    pub socket: Option<Place>,
}

/// Something that went wrong, and when.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct LastError {
    /// When it did last.
    pub at: Timestamp,
    /// What.
    #[serde(flatten)]
    pub away: Away,
}

/// What a daemon says of itself when it answers a ping.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Introduction {
    pub(super) daemon_version: Option<String>,
    pub(super) api_version: ApiVersion,
}

/// When a connection was made, as far as failures go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mark(u64);

/// The account that is kept of the daemon.
#[derive(Debug)]
pub(super) struct Account {
    address: Address,
    open_time: Duration,
    breaker: RefCell<Breaker>,
    /// Whether all is well, so that a success changes nothing but its time.
    well: Cell<bool>,
    last_success: Cell<Option<Timestamp>>,
    /// How many failures there have been: what was connected before the last one does not refute it.
    failures: Cell<u64>,
    rest: RefCell<Rest>,
    changed: watch::Sender<()>,
}

/// What changes seldom.
#[derive(Debug, Default)]
struct Rest {
    connected: bool,
    /// Since when it is away.
    away_since: Option<Instant>,
    last_error: Option<LastError>,
    next_try: Option<Instant>,
    introduction: Option<Introduction>,
    place: Option<Place>,
}

impl Account {
    pub(super) fn new(settings: &DaemonSettings) -> Self {
        Self {
            address: settings.address.clone(),
            open_time: settings.breaker.open_time,
            breaker: RefCell::new(Breaker::new(settings.breaker)),
            well: Cell::new(false),
            last_success: Cell::default(),
            failures: Cell::new(0),
            rest: RefCell::default(),
            changed: watch::Sender::new(()),
        }
    }

    /// How it stands now.
    pub(super) fn state(&self) -> State {
        let (rest, breaker) = (self.rest.borrow(), self.breaker.borrow());
        let next_try = match (breaker.rest(Instant::now()), rest.next_try) {
            (Some(rest), _) => Some(rest),
            (None, next_try) => next_try.map(|at| at.saturating_duration_since(Instant::now())),
        };
        State {
            connected: rest.connected,
            last_error: rest.last_error.clone(),
            last_success: self.last_success.get(),
            retry_count: breaker.failures(),
            next_retry_at: next_try.and_then(from_now),
            breaker: breaker.state(),
            daemon_version: rest.introduction.as_ref().and_then(|found| found.daemon_version.clone()),
            api_version: rest.introduction.as_ref().map(|found| found.api_version),
            socket: rest.place,
        }
    }

    /// Tells of every change but that of times and counts.
    pub(super) fn changes(&self) -> watch::Receiver<()> {
        self.changed.subscribe()
    }

    pub(super) fn breaker(&self) -> BreakerState {
        self.breaker.borrow().state()
    }

    /// How long until the daemon is to be asked again, where the breaker is not closed.
    pub(super) fn open_for(&self) -> Option<Duration> {
        self.breaker.borrow().rest(Instant::now())
    }

    /// Why requests are not to be sent on at all, where the breaker is not closed.
    pub(super) fn refusal(&self) -> Option<Away> {
        if self.well.get() {
            return None;
        }
        let rest = self.breaker.borrow().rest(Instant::now())?;
        let last = self.rest.borrow().last_error.as_ref()?.away.clone();
        // While dockgate asks itself, another whole pause may follow.
        let retry_after = if rest.is_zero() { self.open_time } else { rest };
        Some(Away { retry_after, ..last })
    }

    /// dockgate asks the daemon whether it is there.
    pub(super) fn tries(&self) {
        let before = self.breaker();
        self.breaker.borrow_mut().tries();
        if self.breaker() != before {
            self.changed.send_replace(());
        }
    }

    /// When the daemon, being away, is asked again.
    pub(super) fn will_try_in(&self, pause: Duration) {
        self.rest.borrow_mut().next_try = Instant::now().checked_add(pause);
    }

    /// A mark of now for a connection that is being made.
    pub(super) fn mark(&self) -> Mark {
        Mark(self.failures.get())
    }

    /// The daemon answered, whatever it said, over a connection of this mark. One that was there before the last
    /// failure shows that the daemon lives, and not that it can be connected to.
    pub(super) fn answered(&self, mark: Mark) {
        self.last_success.set(Some(Timestamp::now()));
        if !self.well.get() && (mark == self.mark() || self.is_silent()) {
            self.is_back(None);
        }
    }

    /// Whether the last failure was that it did not answer, which any answer refutes.
    fn is_silent(&self) -> bool {
        self.rest.borrow().last_error.as_ref().is_some_and(|last| last.away.kind == AwayKind::Timeout)
    }

    /// The daemon answered a ping.
    pub(super) fn introduced(&self, introduction: Introduction) {
        self.last_success.set(Some(Timestamp::now()));
        let is_known = self.rest.borrow().introduction.as_ref() == Some(&introduction);
        if !self.well.get() || !is_known {
            self.is_back(Some(introduction));
        }
    }

    /// A connection could not be made, or a ping was not answered; gives `away` back with the time after which to ask
    /// again. Whether that shows the daemon to be away is for the breaker to say.
    pub(super) fn failed(&self, mut away: Away) -> Away {
        let opened = !away.is_own_shortage() && self.breaker.borrow_mut().failed(Instant::now());
        self.well.set(false);
        self.failures.set(self.failures.get().wrapping_add(1));
        if let Some(rest) = self.breaker.borrow().rest(Instant::now()) {
            away.retry_after = rest;
        }
        self.blame(&away);
        if opened {
            self.is_away(&away);
            let sooner = match self.address {
                Address::Unix(_) => ", and when its socket changes",
                Address::Tcp { .. } => "",
            };
            tracing::warn!(
                "clients are answered 503 at once; the daemon is asked again every {:?}{sooner}",
                self.open_time
            );
            self.changed.send_replace(());
        }
        away
    }

    /// The daemon was asked whether it is there, and is not.
    pub(super) fn missed(&self, away: Away) -> Away {
        let before = self.rest.borrow().last_error.as_ref().map(|last| last.away.clone());
        let was_away = self.rest.borrow().away_since.is_some();
        let away = self.failed(away);
        if !was_away {
            self.is_away(&away);
        } else if before.is_some_and(|before| !before.is_as(&away)) {
            tracing::warn!("the daemon is still away, now because {away}");
            self.changed.send_replace(());
        }
        away
    }

    /// What stands in the place of the daemon's socket; whether that is something else than before.
    pub(super) fn looked_at(&self, place: Place) -> bool {
        let before = self.rest.borrow_mut().place.replace(place);
        let Some(before) = before.filter(|before| *before != place) else { return false };
        if let Address::Unix(path) = &self.address {
            tracing::info!("at {} there is now {place}; before there was {before}", path.display());
        }
        self.changed.send_replace(());
        true
    }

    fn blame(&self, away: &Away) {
        let last = LastError { at: Timestamp::now(), away: away.clone() };
        self.rest.borrow_mut().last_error = Some(last);
    }

    fn is_away(&self, away: &Away) {
        let mut rest = self.rest.borrow_mut();
        rest.connected = false;
        if rest.away_since.is_none() {
            rest.away_since = Some(Instant::now());
            if away.is_own_shortage() {
                tracing::warn!("whether the daemon is there cannot be told: {away}");
            } else {
                tracing::warn!("the daemon is away, and clients are told so until it is there: {away}");
            }
        }
        drop(rest);
        self.changed.send_replace(());
    }

    fn is_back(&self, introduction: Option<Introduction>) {
        self.breaker.borrow_mut().succeeded();
        self.well.set(true);
        let mut rest = self.rest.borrow_mut();
        let was = rest.introduction.clone();
        if let Some(introduction) = introduction {
            rest.introduction = Some(introduction);
        }
        let who = who(rest.introduction.as_ref());
        let address = &self.address;
        match rest.away_since.take() {
            Some(since) => {
                tracing::info!("the daemon at {address} is back after {:.1?}: {who}", since.elapsed());
            }
            // A failure or two that nobody was told of.
            None if was == rest.introduction => {}
            None if was.is_none() => tracing::info!("the daemon at {address} is there: {who}"),
            None => tracing::info!("the daemon at {address} is another one now: {who}"),
        }
        rest.connected = true;
        rest.next_try = None;
        drop(rest);
        self.changed.send_replace(());
    }
}

fn who(introduction: Option<&Introduction>) -> String {
    match introduction {
        Some(Introduction { daemon_version: Some(version), api_version }) => {
            format!("Docker {version}, API {api_version}")
        }
        Some(Introduction { daemon_version: None, api_version }) => format!("API {api_version}"),
        None => "it has not said what it is".to_owned(),
    }
}

fn from_now(pause: Duration) -> Option<Timestamp> {
    Timestamp::now().checked_add(SignedDuration::try_from(pause).ok()?).ok()
}

#[cfg(test)]
mod tests {
    use std::io;
    use std::path::PathBuf;

    use super::*;
    use crate::settings::{BreakerSettings, Jitter, Retry};

    const OPEN_TIME: Duration = Duration::from_secs(7);

    fn account() -> Account {
        let (second, attempts) = (Duration::from_secs(1), 0);
        Account::new(&DaemonSettings {
            address: Address::Unix(PathBuf::from("/nonexistent/docker.sock")),
            tls: None,
            connect_timeout: second,
            retry: Retry { attempts, delay: second, max_delay: second, jitter: Jitter::None },
            breaker: BreakerSettings { threshold: 2, open_time: OPEN_TIME },
            health_interval: second,
        })
    }

    fn absent(account: &Account) -> Away {
        Away::connecting(&account.address, &io::Error::from_raw_os_error(nix::libc::ENOENT))
    }

    fn slow(account: &Account) -> Away {
        Away::slow(&account.address, OPEN_TIME)
    }

    fn introduction(version: &str) -> Introduction {
        Introduction { daemon_version: Some(version.to_owned()), api_version: ApiVersion::new(1, 41) }
    }

    fn told(changes: &mut watch::Receiver<()>) -> bool {
        let told = changes.has_changed().unwrap();
        changes.mark_unchanged();
        told
    }

    #[test]
    fn it_is_told_once_when_it_goes_and_when_it_comes_back() {
        let account = account();
        let mut changes = account.changes();
        assert!(!account.state().connected);
        account.introduced(introduction("20.10.24"));
        assert!(told(&mut changes) && account.state().connected);
        account.introduced(introduction("20.10.24"));
        account.answered(account.mark());
        assert!(!told(&mut changes), "all is as it was");

        account.failed(absent(&account));
        assert!(!told(&mut changes) && account.state().connected, "one failure of a client's is not much");
        account.missed(absent(&account));
        assert!(told(&mut changes) && !account.state().connected);
        account.failed(absent(&account));
        account.missed(absent(&account));
        assert!(!told(&mut changes), "it is still away for the same reason");
        account.missed(slow(&account));
        assert!(told(&mut changes), "now for another one");

        account.introduced(introduction("28.0.0"));
        let state = account.state();
        assert!(told(&mut changes) && state.connected);
        assert_eq!((state.retry_count, state.breaker), (0, BreakerState::Closed));
        assert_eq!(state.daemon_version.as_deref(), Some("28.0.0"));
        assert_eq!(state.last_error.unwrap().away.kind, AwayKind::Timeout, "the last thing that went wrong");
    }

    #[test]
    fn while_it_is_clear_that_it_is_away_nobody_is_sent_on() {
        let account = account();
        account.introduced(introduction("20.10.24"));
        account.failed(absent(&account));
        assert_eq!(account.refusal(), None);
        let away = account.failed(absent(&account));
        assert!(away.retry_after <= OPEN_TIME && away.retry_after > OPEN_TIME / 2);
        assert!(account.refusal().is_some_and(|refusal| refusal.is_as(&away)));
        account.tries();
        assert_eq!(account.state().breaker, BreakerState::HalfOpen);
        assert!(account.refusal().is_some(), "dockgate asks, and nobody else");
        account.introduced(introduction("20.10.24"));
        assert_eq!(account.refusal(), None);
    }

    #[test]
    fn an_old_connection_does_not_show_that_it_can_be_connected_to() {
        let account = account();
        let old = account.mark();
        account.failed(absent(&account));
        account.failed(absent(&account));
        account.answered(old);
        assert!(account.refusal().is_some());
        account.answered(account.mark());
        assert_eq!(account.refusal(), None);

        account.failed(slow(&account));
        account.failed(slow(&account));
        account.answered(old);
        assert_eq!(account.refusal(), None, "it was silent, and is not");
    }

    #[test]
    fn what_dockgate_lacks_itself_is_not_held_against_the_daemon() {
        let account = account();
        account.introduced(introduction("20.10.24"));
        for _ in 0..10 {
            let lacking = io::Error::from_raw_os_error(nix::libc::EMFILE);
            account.failed(Away::connecting(&account.address, &lacking));
        }
        assert_eq!((account.refusal(), account.state().retry_count), (None, 0));
    }

    #[test]
    fn it_is_written_as_json() {
        let account = account();
        account.introduced(introduction("20.10.24"));
        account.looked_at(Place::Empty);
        account.missed(absent(&account));
        let mut state = serde_json::to_value(account.state()).unwrap();
        // What else is on the machine is in the cure.
        state.pointer_mut("/last_error/cure").unwrap().take();
        for time in ["/last_success", "/last_error/at"] {
            let time = state.pointer_mut(time).unwrap().take();
            assert!(time.as_str().unwrap().ends_with('Z'), "{time}");
        }
        insta::assert_snapshot!(serde_json::to_string_pretty(&state).unwrap(), @r#"
        {
          "connected": false,
          "last_error": {
            "at": null,
            "type": "connection",
            "code": "ENOENT",
            "found": "there is no socket at /nonexistent/docker.sock.",
            "cure": null,
            "recoverable": true,
            "retry_after": 1
          },
          "last_success": null,
          "retry_count": 1,
          "next_retry_at": null,
          "breaker": "closed",
          "daemon_version": "20.10.24",
          "api_version": "1.41",
          "socket": {
            "found": "empty"
          }
        }
        "#);
    }
}
