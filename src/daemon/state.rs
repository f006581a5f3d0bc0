//! How it stands with the daemon, as last seen. Whatever changes is logged once, when it does.

use std::cell::{Cell, RefCell};
use std::time::{Duration, Instant};

use jiff::{SignedDuration, Timestamp};
use serde::Serialize;
use tokio::sync::watch;

use super::away::Away;
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
    /// How many times connecting to it, or waiting for its first byte, has failed since it last answered.
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

/// The account that is kept of the daemon.
#[derive(Debug)]
pub(super) struct Account {
    address: Address,
    open_time: Duration,
    breaker: RefCell<Breaker>,
    /// Whether all is well, so that a success changes nothing but its time.
    well: Cell<bool>,
    last_success: Cell<Option<Timestamp>>,
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

    /// The daemon answered, whatever it said.
    pub(super) fn answered(&self) {
        self.last_success.set(Some(Timestamp::now()));
        if !self.well.get() {
            self.is_back(None);
        }
    }

    /// The daemon answered a ping.
    pub(super) fn introduced(&self, introduction: Introduction) {
        self.last_success.set(Some(Timestamp::now()));
        let is_known = self.rest.borrow().introduction.as_ref() == Some(&introduction);
        if !self.well.get() || !is_known {
            self.is_back(Some(introduction));
        }
    }

    /// A connection could not be made, or broke before the first byte of an answer; gives `away` back with the
    /// time after which to ask again. Whether that shows the daemon to be away is for the breaker to say.
    pub(super) fn failed(&self, mut away: Away) -> Away {
        let opened = !away.is_own_shortage() && self.breaker.borrow_mut().failed(Instant::now());
        self.well.set(false);
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
        tracing::info!("in the place of the daemon's socket is {place}; before, it was {before}");
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
            tracing::warn!("the daemon is away, and clients are told so until it is there: {away}");
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
