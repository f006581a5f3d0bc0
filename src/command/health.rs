//! `dockgate health`: whether a dockgate with these settings accepts clients, and its daemon answers.

use std::time::Duration;

use tokio::net::{TcpStream, UnixStream};
use tokio::runtime;

use super::{Exit, complain, print};
use crate::daemon::Daemon;
use crate::settings::{Address, ListenerSettings, ServeArgs, Settings};

/// How long a listener may take to accept.
const ACCEPT_TIME: Duration = Duration::from_secs(3);

/// Checks every listener and the daemon, and prints a line for each.
pub(super) fn health(args: &ServeArgs) -> Exit {
    let settings = match Settings::load(args) {
        Ok(settings) => settings,
        Err(problems) => {
            complain(&problems);
            return Exit::Usage;
        }
    };
    match runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime.block_on(look(&settings)),
        Err(error) => {
            complain(&format_args!("dockgate cannot start its runtime: {error}"));
            Exit::Failure
        }
    }
}

async fn look(settings: &Settings) -> Exit {
    let mut exit = Exit::Success;
    for listener in &settings.listeners {
        let line = match reach(listener).await {
            Ok(()) => format!("listener {}: accepts clients\n", listener.name),
            Err(what) => {
                exit = Exit::Failure;
                format!("listener {}: {what}\n", listener.name)
            }
        };
        print(&line);
    }
    let daemon = &settings.daemon.address;
    let line = match Daemon::new(settings.daemon.clone()).probe().await {
        Ok(version) => format!("daemon {daemon}: answers, API {version}\n"),
        Err(away) => {
            exit = Exit::Failure;
            format!("daemon {daemon}: {away}\n")
        }
    };
    print(&line);
    exit
}

/// Connects as a client would, and sends nothing: that leaves no record.
async fn reach(listener: &ListenerSettings) -> Result<(), String> {
    let connecting = async {
        match &listener.address {
            Address::Unix(path) => UnixStream::connect(path).await.map(drop),
            Address::Tcp { host, port } => {
                let host = match host.as_str() {
                    "0.0.0.0" => "127.0.0.1",
                    "::" => "::1",
                    host => host,
                };
                TcpStream::connect((host, *port)).await.map(drop)
            }
        }
    };
    match tokio::time::timeout(ACCEPT_TIME, connecting).await {
        Ok(connected) => connected.map_err(|error| {
            format!("does not accept clients: {error}. dockgate is not running, or with other settings: give the same flags or environment.")
        }),
        Err(_) => Err(format!("did not accept within {} seconds", ACCEPT_TIME.as_secs())),
    }
}
