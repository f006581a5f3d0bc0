//! What the tests are written in: a gate, an engine, the commands between them, and a daemon that lies.

mod audit;
mod engine;
mod fake_daemon;
mod gate;
mod ran;
mod raw_client;

pub(crate) use self::audit::Record;
pub(crate) use self::engine::{Container, Engine, Running, clients, docker, unique};
pub(crate) use self::fake_daemon::{Conversation, FakeDaemon, Request};
pub(crate) use self::gate::{Gate, Starting, binary, dockgate};
pub(crate) use self::ran::{Command, Ran, steady};
pub(crate) use self::raw_client::{Answer, RawClient};

use std::time::{Duration, Instant};

/// Long enough for a busy machine, short enough that a hang is a failure and not a mystery.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// Asks again and again until there is an answer; says `what` was waited for if there never is.
pub(crate) fn eventually<T>(what: &str, mut ask: impl FnMut() -> Option<T>) -> T {
    let start = Instant::now();
    loop {
        if let Some(answer) = ask() {
            return answer;
        }
        assert!(start.elapsed() < PATIENCE, "waited {PATIENCE:?} in vain for {what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}
