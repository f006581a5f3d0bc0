//! The requests that a command makes, heard by a stand-in for the daemon.

use std::io;
use std::os::unix::net::UnixListener;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::thread;

use super::Request;
use super::stand_in::StandIn;

/// Runs the command with a stand-in for the daemon and returns each request that it makes, once. What the command
/// prints goes to standard error.
pub(super) fn record(words: &[String]) -> Result<Vec<Request>, String> {
    let Some((program, arguments)) = words.split_first() else {
        return Err("--record wants a command: `--record -- docker run alpine`".to_owned());
    };
    let directory =
        tempfile::tempdir().map_err(|error| format!("no directory for a socket can be made: {error}"))?;
    let socket = directory.path().join("docker.sock");
    let stand_in = Arc::new(StandIn::default());
    listen(&socket, Arc::clone(&stand_in))
        .map_err(|error| format!("{}: cannot be listened on: {error}", socket.display()))?;
    let status = Command::new(program)
        .args(arguments)
        .env("DOCKER_HOST", format!("unix://{}", socket.display()))
        .env_remove("DOCKER_CONTEXT")
        .env_remove("DOCKER_TLS_VERIFY")
        .env("DOCKER_CLI_HINTS", "false")
        .stdout(Stdio::from(io::stderr()))
        .status()
        .map_err(|error| format!("{program} cannot be run: {error}"))?;
    let requests = stand_in.heard();
    if requests.is_empty() {
        return Err(format!("{program} asked the daemon for nothing, and ended with {status}"));
    }
    Ok(requests)
}

/// Answers connections until the process ends.
fn listen(socket: &Path, stand_in: Arc<StandIn>) -> io::Result<()> {
    let listener = UnixListener::bind(socket)?;
    thread::spawn(move || {
        for connection in listener.incoming().flatten() {
            let stand_in = Arc::clone(&stand_in);
            // A connection that breaks is the command's own affair.
            thread::spawn(move || stand_in.serve(&connection).ok());
        }
    });
    Ok(())
}
