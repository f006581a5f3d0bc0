//! Who has a file locked, as `proc_locks(5)` tells. To try the lock would keep others from it meanwhile.

use std::fs::{self, Metadata};
use std::os::unix::fs::MetadataExt as _;

use nix::sys::stat::{major, minor};

/// The process that has the file to itself, and its name; none where there is none that can be seen from here.
pub(super) fn holder(file: &Metadata) -> Option<(i32, String)> {
    let wanted = format!("{:02x}:{:02x}:{}", major(file.dev()), minor(file.dev()), file.ino());
    let pid = holder_in(&fs::read_to_string("/proc/locks").ok()?, &wanted)?;
    let name = fs::read_to_string(format!("/proc/{pid}/comm")).ok()?;
    Some((pid, name.trim_end().to_owned()))
}

fn holder_in(locks: &str, wanted: &str) -> Option<i32> {
    locks.lines().find_map(|line| {
        let mut fields = line.split_whitespace().skip(1);
        let is_lock = fields.next() == Some("FLOCK") && fields.nth(1) == Some("WRITE");
        let pid = fields.next()?.parse().ok()?;
        (is_lock && fields.next() == Some(wanted)).then_some(pid)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lock_has_its_process_and_file_on_its_line() {
        let locks = "1: POSIX  ADVISORY  WRITE 11 00:2b:5678 0 EOF\n\
                     2: FLOCK  ADVISORY  WRITE 12 00:2b:5678 0 EOF\n\
                     2: -> FLOCK  ADVISORY  WRITE 13 00:2b:5679 0 EOF\n";
        assert_eq!(holder_in(locks, "00:2b:5678"), Some(12));
        assert_eq!(holder_in(locks, "00:2b:5679"), None);
    }
}
