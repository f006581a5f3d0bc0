//! The settings of the audit.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use super::draft::Layers;
use super::key::Key;
use super::problem::{Place, Problem};
use super::{Address, file_name, number, switch};

/// Where the audit goes, what is in it, and how far it is to be relied on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditSettings {
    /// Where records are written.
    pub sink: AuditSink,
    /// When a record counts as written.
    pub durability: Durability,
    /// What becomes of a request whose record cannot be written.
    pub on_failure: OnFailure,
    /// How long records stay without a seal.
    pub seal_interval: Duration,
    /// The private key that signs seals.
    pub seal_key: Option<PathBuf>,
    /// Whether the arguments of commands that are run in containers are recorded.
    pub exec_argv: bool,
    /// When the file is moved away, and what becomes of it then.
    pub rotation: Rotation,
    /// Who has copies of the records.
    pub copies: AuditCopies,
}

/// Who has copies of the records.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AuditCopies {
    /// Each of them.
    pub to: Vec<AuditCopy>,
    /// Whether they must have a record before its request goes on.
    pub must: bool,
}

/// Somebody who has copies of the records.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AuditCopy {
    /// Standard output.
    Stdout,
    /// Syslog, as RFC 5424 has it.
    Syslog(Address),
    /// journald, in its own protocol, at this socket.
    Journald(PathBuf),
}

/// When the audit file is moved away, and how long what was moved away is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rotation {
    /// The size at which it is moved away.
    pub bytes: Option<u64>,
    /// The age of its first record at which it is.
    pub age: Option<Duration>,
    /// Whether what was moved away is compressed.
    pub compress: bool,
    /// How many of the files that were moved away are kept.
    pub keep_files: Option<u64>,
    /// How large all of them together may be.
    pub keep_bytes: Option<u64>,
    /// How long each of them is kept.
    pub keep_age: Option<Duration>,
}

impl Rotation {
    /// Whether anything is to become of files that were moved away.
    #[must_use]
    pub fn is_wanted(&self) -> bool {
        let Self { bytes, age, compress: _, keep_files, keep_bytes, keep_age } = self;
        bytes.or(*keep_files).or(*keep_bytes).is_some() || age.or(*keep_age).is_some()
    }
}

/// Where audit records are written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AuditSink {
    /// Standard output.
    Stdout,
    /// A file that is appended to.
    File(PathBuf),
}

/// When a record counts as written, so that its request may go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Durability {
    /// When it is in dockgate's memory: if dockgate dies, the last ones are lost.
    Buffered,
    /// When the system has it: if the power fails, the last ones may be lost.
    Written,
    /// When it is on the disk.
    Synced,
}

/// What becomes of a request whose record cannot be written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnFailure {
    /// It is refused.
    Refuse,
    /// It goes on, and is counted.
    Continue,
}

/// Reads them; `None` if there was a problem.
pub(super) fn read(layers: &Layers, problems: &mut Vec<Problem>) -> Option<AuditSettings> {
    let sink = layers.read(Key::Audit, problems, sink);
    let durability = layers.read(Key::AuditDurability, problems, durability);
    let on_failure = layers.read(Key::AuditOnFailure, problems, on_failure);
    let seal_interval = layers.read(Key::AuditSealInterval, problems, number::interval);
    let seal_key = layers.read_optional(Key::AuditSealSigner, problems, file_name);
    let exec_argv = layers.read(Key::AuditExecArgv, problems, switch);
    let rotation = rotation(layers, problems);
    let copies = layers.read_optional(Key::AuditCopies, problems, copies);
    let copies_must = layers.read(Key::AuditCopiesMust, problems, switch);
    if let (Some(AuditSink::Stdout), Some(Some(copies))) = (&sink, &copies)
        && copies.contains(&AuditCopy::Stdout)
    {
        let message = "standard output has the records already: name a file, with --audit".to_owned();
        problems.push(Problem::new(layers.place(Key::AuditCopies), message));
    }
    if (durability, copies_must) == (Some(Durability::Buffered), Some(true)) {
        let message = "a buffered record is not waited for, and receivers that must have it are: leave this out, or give \
                       --audit-durability written"
            .to_owned();
        problems.push(Problem::new(layers.place(Key::AuditCopiesMust), message));
    }
    if let (Some(None), Some(true)) = (&copies, copies_must) {
        let message =
            "nobody is named who must have the records: name receivers, with --audit-copies".to_owned();
        problems.push(Problem::new(layers.place(Key::AuditCopiesMust), message));
    }
    if sink == Some(AuditSink::Stdout) {
        for key in [
            Key::AuditRotateBytes,
            Key::AuditRotateAge,
            Key::AuditKeepFiles,
            Key::AuditKeepBytes,
            Key::AuditKeepAge,
        ] {
            if layers.place(key) != Place::Default {
                let message =
                    "standard output is no file that could be moved away or removed: name one, with --audit"
                        .to_owned();
                problems.push(Problem::new(layers.place(key), message));
            }
        }
    }
    Some(AuditSettings {
        sink: sink?,
        durability: durability?,
        on_failure: on_failure?,
        seal_interval: seal_interval?,
        seal_key: seal_key?,
        exec_argv: exec_argv?,
        rotation: rotation?,
        copies: AuditCopies { to: copies?.unwrap_or_default(), must: copies_must? },
    })
}

fn rotation(layers: &Layers, problems: &mut Vec<Problem>) -> Option<Rotation> {
    let bytes = layers.read_optional(Key::AuditRotateBytes, problems, number::file_bytes);
    let age = layers.read_optional(Key::AuditRotateAge, problems, number::age);
    let compress = layers.read(Key::AuditCompress, problems, switch);
    let keep_files = layers.read_optional(Key::AuditKeepFiles, problems, number::files);
    let keep_bytes = layers.read_optional(Key::AuditKeepBytes, problems, number::file_bytes);
    let keep_age = layers.read_optional(Key::AuditKeepAge, problems, number::age);
    Some(Rotation {
        bytes: bytes?,
        age: age?,
        compress: compress?,
        keep_files: keep_files?,
        keep_bytes: keep_bytes?,
        keep_age: keep_age?,
    })
}

impl Default for AuditSettings {
    fn default() -> Self {
        Self {
            sink: AuditSink::Stdout,
            durability: Durability::Written,
            on_failure: OnFailure::Refuse,
            seal_interval: Duration::from_secs(60),
            seal_key: None,
            exec_argv: false,
            rotation: Rotation::default(),
            copies: AuditCopies::default(),
        }
    }
}

impl Default for Rotation {
    fn default() -> Self {
        Self { bytes: None, age: None, compress: true, keep_files: None, keep_bytes: None, keep_age: None }
    }
}

fn sink(text: &str) -> Result<AuditSink, String> {
    if text == "-" { Ok(AuditSink::Stdout) } else { file_name(text).map(AuditSink::File) }
}

fn copies(text: &str) -> Result<Vec<AuditCopy>, String> {
    text.split(',').map(|copy| AuditCopy::read(copy.trim())).collect()
}

impl AuditCopy {
    /// Reads one; `Display` gives it back.
    ///
    /// # Errors
    ///
    /// What is wrong with it, and how to write it.
    pub fn read(text: &str) -> Result<Self, String> {
        match (text, text.split_once(':')) {
            ("stdout", _) => Ok(Self::Stdout),
            ("journald", _) => Ok(Self::Journald(PathBuf::from("/run/systemd/journal/socket"))),
            (_, Some(("journald", path))) => file_name(path).map(Self::Journald),
            (_, Some(("syslog", address))) => Address::read(address).map(Self::Syslog),
            // It is not repeated: a password may stand in it.
            _ if text.contains('@') => {
                Err("an address stands behind `syslog:`, as in `syslog:tcp://host:601`, without a user"
                    .to_owned())
            }
            _ => Err(format!(
                "`{text}` is none of `stdout`, `syslog:unix:///dev/log`, `syslog:tcp://host:601` and `journald`"
            )),
        }
    }
}

impl fmt::Display for AuditCopy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Stdout => f.write_str("standard output"),
            Self::Syslog(address) => write!(f, "syslog:{address}"),
            Self::Journald(path) => write!(f, "journald:{}", path.display()),
        }
    }
}

fn durability(text: &str) -> Result<Durability, String> {
    match text {
        "buffered" => Ok(Durability::Buffered),
        "written" => Ok(Durability::Written),
        "synced" => Ok(Durability::Synced),
        _ => Err(format!("`{text}` is none of `buffered`, `written` and `synced`")),
    }
}

fn on_failure(text: &str) -> Result<OnFailure, String> {
    match text {
        "refuse" => Ok(OnFailure::Refuse),
        "continue" => Ok(OnFailure::Continue),
        _ => Err(format!("`{text}` is neither `refuse` nor `continue`")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_error_repeats_a_password() {
        for text in ["syslog:tcp://me:secret@h:1", "syslog:http://me:secret@h:1", "tcp://me:secret@h:1"] {
            let error = AuditCopy::read(text).unwrap_err();
            assert!(!error.contains("secret"), "{error}");
        }
    }
}
