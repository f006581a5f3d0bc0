//! `dockgate health`: whether a dockgate with these settings accepts clients, and its daemon answers.

use std::io;

use nix::unistd::geteuid;
use tokio::runtime;

use super::audit::plain::plain;
use super::{Exit, complain, print, reach};
use crate::daemon::Daemon;
use crate::settings::{ListenerSettings, ServeArgs, Settings};

/// Checks every listener and the daemon, and prints a line for each. Where there is an admin socket, the dockgate
/// that runs is asked how it is: it knows more, and its own rights count.
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
    let mut tell = |line: Result<String, String>| {
        let line = line.unwrap_or_else(|line| {
            exit = Exit::Failure;
            line
        });
        print(&format!("{line}\n"));
    };
    for listener in &settings.listeners {
        tell(look_at_listener(listener).await);
    }
    tell(match &settings.admin {
        Some(admin) => ask(admin).await,
        None => look_at_daemon(settings).await,
    });
    exit
}

/// Connects as a client would, and sends nothing: that leaves no record.
async fn look_at_listener(listener: &ListenerSettings) -> Result<String, String> {
    let name = &listener.name;
    match reach::connect(&listener.address).await {
        Ok(_) => Ok(format!("listener {name}: accepts clients")),
        Err(error) => Err(format!("listener {name}: does not accept clients: {error}. {}", cause(&error))),
    }
}

async fn look_at_daemon(settings: &Settings) -> Result<String, String> {
    let address = &settings.daemon.address;
    match Daemon::new(settings.daemon.clone()).probe().await {
        Ok(version) => Ok(format!("daemon {address}: answers, API {version}")),
        Err(away) => Err(format!("daemon {address}: {away}")),
    }
}

async fn ask(admin: &ListenerSettings) -> Result<String, String> {
    match reach::ask(&admin.address, "/readyz").await {
        Ok((200, _)) => Ok(format!("dockgate {}: ready", admin.address)),
        Ok((_, body)) => Err(shown(&body)),
        Err(error) => Err(format!("admin {}: {error}. {}", admin.address, cause(&error))),
    }
}

/// What was answered, by whoever that was, line by line as it can be shown.
fn shown(body: &[u8]) -> String {
    let text = String::from_utf8_lossy(body);
    text.trim_end().lines().map(plain).collect::<Vec<_>>().join("\n")
}

/// What is behind it that there is no answer.
fn cause(error: &io::Error) -> String {
    if error.kind() == io::ErrorKind::PermissionDenied {
        let uid = geteuid();
        return format!(
            "Whether dockgate runs cannot be told: uid {uid} may not connect there. Ask as the user that dockgate runs as."
        );
    }
    "dockgate is not running, or with other settings: give the same flags or environment.".to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_answers_does_not_play_with_a_terminal() {
        assert_eq!(shown(b"daemon: away\naudit: \x1b[2Jfull\n"), "daemon: away\naudit: \\u{1b}[2Jfull");
    }
}
