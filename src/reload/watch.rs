//! When the policy is read again: on `SIGHUP`, and when its file has changed.
//!
//! The file is looked at, by its path, once a second; what it then holds decides. Notifications of the kernel would
//! come sooner and not always: they belong to an inode, which an editor or a config mount replaces, are not sent for
//! what another host or the host of a virtual machine changes below a mount, and need a watch on every directory
//! that a chain of links goes through. One `stat` a second misses nothing.

use std::fs;
use std::io;
use std::os::unix::fs::{FileTypeExt as _, MetadataExt as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::task::spawn_blocking;
use tokio::time::sleep;

use super::{Occasion, PolicyInForce, Unusable};
use crate::systemd::Systemd;

/// How often the file is looked at.
const INTERVAL: Duration = Duration::from_secs(1);
/// How long a file that has changed must stay as it is before it is read: who writes it in place may be
/// in the middle of it, and half a policy can be one without its forbid rules.
const SETTLING: Duration = Duration::from_millis(250);

/// `SIGHUP`, caught.
#[derive(Debug)]
pub struct HangUp(Signal);

/// What is seen of the file without reading it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Sight {
    /// Nothing, or it may not be looked at.
    Nothing,
    /// Something that can be read only once.
    Pipe,
    /// A file, wherever links lead.
    File { device: u64, inode: u64, bytes: u64, written: (i64, i64), changed: (i64, i64) },
}

impl HangUp {
    /// Catches the signal from now on, which would end dockgate otherwise.
    ///
    /// # Errors
    /// When the system does not let it be caught.
    pub fn catch() -> io::Result<Self> {
        signal(SignalKind::hangup()).map(Self)
    }
}

impl PolicyInForce {
    /// Reads the policy again whenever there is an occasion. Never returns.
    pub async fn watch(&self, mut hang_up: HangUp, systemd: &Systemd) {
        // What is seen first is read once more: it may have changed since the policy was read.
        let mut seen = None;
        let mut is_changing = false;
        loop {
            tokio::select! {
                _ = hang_up.0.recv() => {
                    self.read_again(Occasion::Asked, systemd).await;
                    continue;
                }
                () = sleep(if is_changing { SETTLING } else { INTERVAL }) => {}
            }
            let Some(path) = self.source.file() else { continue };
            let sight = Sight::of(path.to_owned()).await;
            if seen != Some(sight) {
                seen = Some(sight);
                is_changing = sight != Sight::Pipe;
            } else if is_changing {
                is_changing = false;
                self.read_again(Occasion::Changed, systemd).await;
            }
        }
    }

    /// Reads and checks on a thread of its own: a policy of many patterns takes its time, and clients are served
    /// meanwhile.
    async fn read_again(&self, occasion: Occasion, systemd: &Systemd) {
        systemd.reloading();
        let name = self.source.name();
        let Some(path) = self.source.file() else {
            tracing::info!("SIGHUP: the policy is {name}, and stays");
            systemd.ready();
            return;
        };
        let (source, in_force) = (self.source.clone(), self.current().hash().to_owned());
        let read = if Sight::of(path.to_owned()).await == Sight::Pipe {
            Err(Unusable::new(format!("the policy {name} is not a file, and could be read only once")))
        } else {
            spawn_blocking(move || source.read_unless(&in_force))
                .await
                .unwrap_or_else(|_| Err(Unusable::new(format!("reading the policy {name} failed"))))
        };
        self.take(read, occasion);
        systemd.ready();
    }
}

impl Sight {
    /// What is seen at `path`; the file system may keep whoever looks waiting, so not on the runtime's own thread.
    async fn of(path: PathBuf) -> Self {
        spawn_blocking(move || Self::look(&path)).await.unwrap_or(Self::Nothing)
    }

    fn look(path: &Path) -> Self {
        let Ok(metadata) = fs::metadata(path) else { return Self::Nothing };
        let kind = metadata.file_type();
        if kind.is_fifo() || kind.is_char_device() || kind.is_socket() {
            return Self::Pipe;
        }
        Self::File {
            device: metadata.dev(),
            inode: metadata.ino(),
            bytes: metadata.len(),
            written: (metadata.mtime(), metadata.mtime_nsec()),
            changed: (metadata.ctime(), metadata.ctime_nsec()),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn every_way_to_replace_a_file_is_seen() {
        let directory = tempfile::tempdir().unwrap();
        let at = |name: &str| directory.path().join(name);
        let path = at("policy.toml");
        let mut last = Sight::look(&path);
        assert_eq!(last, Sight::Nothing);
        let mut differs = |how: &str| {
            let now = Sight::look(&path);
            assert_ne!(now, last, "{how}");
            last = now;
        };
        fs::write(&path, "a").unwrap();
        differs("made");
        fs::write(&path, "ab").unwrap();
        differs("written in place");
        fs::write(at("new"), "ab").unwrap();
        fs::rename(at("new"), &path).unwrap();
        differs("renamed over");
        fs::remove_file(&path).unwrap();
        differs("removed");

        // As Kubernetes mounts a ConfigMap: the file is a link through `..data`, which is exchanged.
        for version in ["..1", "..2"] {
            fs::create_dir(at(version)).unwrap();
            fs::write(at(version).join("policy.toml"), "ab").unwrap();
        }
        symlink("..1", at("..data")).unwrap();
        symlink("..data/policy.toml", &path).unwrap();
        differs("linked");
        symlink("..2", at("..data_tmp")).unwrap();
        fs::rename(at("..data_tmp"), at("..data")).unwrap();
        differs("a link on the way was exchanged");
    }
}
