//! What the tests are written in: a gate, an engine, the commands between them, and a daemon that lies.

mod accounts;
/// Archives, as the reader's own tests make them.
#[path = "../../src/operation/context/tests/archive.rs"]
pub(crate) mod archive;
mod audit;
mod engine;
mod fake_daemon;
mod gate;
mod load;
mod message;
mod own_engine;
mod ran;
mod raw_client;
mod tap;
mod tls_front;

pub(crate) use self::accounts::{
    Audit, Counts, assert_they_agree, recovery, unavailable_within, wait_for_last_record,
};
pub(crate) use self::audit::Record;
pub(crate) use self::engine::{BUSYBOX, Container, Engine, Running, clients, docker, unique};
pub(crate) use self::fake_daemon::{Conversation, FakeDaemon, Request};
pub(crate) use self::gate::{Gate, NOBODY, Starting, binary, dockgate, program_in};
pub(crate) use self::load::{Load, Sent};
pub(crate) use self::message::Message;
pub(crate) use self::own_engine::OwnEngine;
pub(crate) use self::ran::{Command, Ran, steady};
pub(crate) use self::raw_client::{Answer, RawClient};
pub(crate) use self::tap::Tap;
pub(crate) use self::tls_front::{Authority, TlsFront};

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
