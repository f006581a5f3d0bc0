//! A tap on the line to the engine: what dockgate sends passes through it unchanged and is kept.

use std::io::{Read as _, Write as _};
use std::net::Shutdown;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use tempfile::TempDir;

use super::{Engine, Message, eventually};

/// The tap. Its socket vanishes with it.
pub(crate) struct Tap {
    socket: PathBuf,
    lines: Arc<Mutex<Vec<Line>>>,
    _dir: TempDir,
}

/// One connection to the engine: what was sent over it, and whether that is all.
#[derive(Default)]
struct Line {
    sent: Vec<u8>,
    closed: bool,
}

impl Tap {
    /// A tap before `engine`.
    pub(crate) fn on(engine: &Engine) -> Self {
        let dir = tempfile::Builder::new().prefix("dockgate-tap-").tempdir_in("/tmp").unwrap();
        let socket = dir.path().join("docker.sock");
        let listener = UnixListener::bind(&socket).unwrap();
        let lines = Arc::<Mutex<Vec<Line>>>::default();
        let (all, engine) = (Arc::clone(&lines), engine.socket());
        std::thread::spawn(move || {
            for client in listener.incoming() {
                let client = client.unwrap();
                let Ok(daemon) = UnixStream::connect(&engine) else { continue };
                let mut known = all.lock().unwrap();
                let index = known.len();
                known.push(Line::default());
                drop(known);
                let all = Arc::clone(&all);
                std::thread::spawn(move || Self::copy(client, daemon, &all, index));
            }
        });
        Self { socket, lines, _dir: dir }
    }

    pub(crate) fn address(&self) -> String {
        format!("unix://{}", self.socket.display())
    }

    /// Copies both ways, and keeps what goes up, until dockgate has said that nothing more will.
    fn copy(mut client: UnixStream, mut daemon: UnixStream, lines: &Mutex<Vec<Line>>, index: usize) {
        let (mut from, mut to) = (daemon.try_clone().unwrap(), client.try_clone().unwrap());
        std::thread::spawn(move || {
            drop(std::io::copy(&mut from, &mut to));
            drop(to.shutdown(Shutdown::Write));
        });
        let mut buffer = vec![0; 65536];
        while let Ok(count @ 1..) = client.read(&mut buffer) {
            lines.lock().unwrap()[index].sent.extend_from_slice(&buffer[..count]);
            drop(daemon.write_all(&buffer[..count]));
        }
        drop(daemon.shutdown(Shutdown::Write));
        lines.lock().unwrap()[index].closed = true;
    }

    /// Waits until dockgate has closed every connection, and takes what it sent over them since the last time.
    #[track_caller]
    pub(crate) fn take(&self) -> Vec<Message> {
        eventually("dockgate to leave the engine alone", || {
            let mut lines = self.lines.lock().unwrap();
            lines.iter().all(|line| line.closed).then(|| {
                let messages =
                    lines.iter_mut().flat_map(|line| Message::all(&std::mem::take(&mut line.sent)));
                messages.collect()
            })
        })
    }
}
