//! Where lines are written to.

use std::fmt;
use std::fs::File;
use std::io::{self, Write as _};
use std::path::Path;
use std::thread;
use std::time::Duration;

use super::file::Tail;

/// How long to wait before a store that is full is tried again.
const FULL_PAUSE: Duration = Duration::from_millis(2);

/// Where lines are written to, one behind the other. Must not buffer.
pub(super) trait Store: fmt::Debug + Send {
    /// Writes some of the bytes, and says how many.
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize>;

    /// Takes the last bytes away again.
    fn take_back(&mut self, count: u64) -> io::Result<()>;

    /// Returns when everything is on the disk.
    fn sync(&mut self) -> io::Result<()>;

    /// Whether it has room for many records, after it had none. Without this, a short record could fit where a long
    /// one does not, and the audit would fail and recover by turns.
    fn has_room_again(&mut self) -> io::Result<()> {
        Ok(())
    }

    /// Moves what was written so far to another name, and goes on in a new file; where that `is_synced`, returns
    /// when both names are on the disk.
    fn rotate(&mut self, _to: &Path, _is_synced: bool) -> io::Result<()> {
        Err(io::ErrorKind::Unsupported.into())
    }

    /// Goes on in the file that has the name now, where the one that is written to was moved away; whether it was.
    fn reopen(&mut self) -> io::Result<bool> {
        Ok(false)
    }

    /// Goes on in a file that has the name, where the one that is written to has none any more; what stands at its end
    /// then.
    fn replace_removed(&mut self) -> io::Result<Option<Tail>> {
        Ok(None)
    }
}

/// Standard output, or anything else that takes bytes and keeps nothing.
impl Store for File {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        io::Write::write(self, bytes)
    }

    fn take_back(&mut self, _count: u64) -> io::Result<()> {
        Err(io::ErrorKind::Unsupported.into())
    }

    fn sync(&mut self) -> io::Result<()> {
        self.flush()
    }
}

/// Writes all bytes and says how many were written, even if not all could be.
pub(super) fn write_counted(store: &mut dyn Store, mut bytes: &[u8]) -> (usize, io::Result<()>) {
    let whole = bytes.len();
    let result = loop {
        if bytes.is_empty() {
            break Ok(());
        }
        match store.write(bytes) {
            Ok(0) => break Err(io::ErrorKind::WriteZero.into()),
            Ok(count) => bytes = bytes.get(count..).unwrap_or_default(),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            // Whoever shares our standard output may have made it non-blocking.
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => thread::sleep(FULL_PAUSE),
            Err(error) => break Err(error),
        }
    };
    (whole.saturating_sub(bytes.len()), result)
}
