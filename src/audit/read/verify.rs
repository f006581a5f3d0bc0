//! Whether anything in a log was changed, removed, reordered or cut off; and where it begins.

use std::collections::BTreeSet;
use std::io;

use serde::Deserialize;
use serde::de::IgnoredAny;

use super::super::chain::{Hash, Link, Linked};
use super::super::signature::PublicKey;
use super::super::writer::sealed_text;
use super::{Line, Lines, Log};

/// What a log is to be held against.
#[derive(Debug, Default)]
pub struct Verifier {
    keys: Option<Vec<PublicKey>>,
    is_partial: bool,
}

/// A log in which everything is as it was written.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Verified {
    /// The number of the first record.
    pub first: u64,
    /// The number of the last record.
    pub last: u64,
    /// How many seals there are.
    pub seals: u64,
    /// How many of them are signed.
    pub signed: u64,
    /// The fingerprints of the keys that signed them.
    pub keys: BTreeSet<String>,
    /// The number of the last seal.
    pub last_seal: Option<u64>,
    /// How often dockgate began to write behind records that there was no head to hold against.
    pub headless: u64,
    /// The number of the last record that says so.
    pub last_headless: Option<u64>,
    /// How many records could not be written, as the log itself says, and its head of those behind its end.
    pub lost: u64,
    /// Where the log says that older records were removed, as the settings said: up to which, and which record says
    /// so.
    pub removed: Option<(u64, u64)>,
    /// What can be said of the end.
    pub end: End,
    /// The last record that the head tells of, where it is behind the log: nothing tells whether any were cut off since.
    pub head_behind: Option<u64>,
}

/// What can be said of a log's end.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum End {
    /// Nothing was cut off: the last record that was written is there.
    Whole,
    /// The same, and the last line is not whole yet, or was torn.
    Torn,
    /// There is no head to hold it against.
    #[default]
    Unknown,
}

/// Where a log is not as it was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Break {
    /// `FILE:LINE`
    pub place: String,
    /// What is wrong there, as a sentence without its full stop.
    pub what: String,
}

/// The last record so far.
#[derive(Clone, Copy, Debug)]
struct Seen {
    link: Link,
    file: usize,
    number: u64,
}

/// A line that is no record.
#[derive(Clone, Copy, Debug)]
struct Odd {
    file: usize,
    number: u64,
    sha256: Hash,
    is_whole_line: bool,
}

impl Verifier {
    /// Every seal must be signed by one of the keys in this text: a public key, or allowed signers.
    ///
    /// # Errors
    ///
    /// A sentence where there is no key in it.
    pub fn with_keys(self, text: &str) -> Result<Self, String> {
        Ok(Self { keys: Some(PublicKey::read_all(text)?), ..self })
    }

    /// The log need not begin with the first record.
    #[must_use]
    pub fn partial(self) -> Self {
        Self { is_partial: true, ..self }
    }

    /// Reads a log to its end, or to the first break; `step` is told from time to time how many bytes were
    /// read.
    ///
    /// # Errors
    ///
    /// If a file cannot be read.
    pub fn verify(&self, log: &Log, step: &mut dyn FnMut(u64)) -> io::Result<Result<Verified, Break>> {
        let mut lines = log.lines()?;
        let mut walk =
            Walk { verifier: self, log, first: None, seen: None, odd: None, verified: Verified::default() };
        loop {
            let line = match lines.next_line() {
                Ok(Some(line)) => line,
                Ok(None) => break,
                Err(error) if error.kind() == io::ErrorKind::InvalidData => {
                    return Ok(Err(Break::of_damage(&error)));
                }
                Err(error) => return Err(error),
            };
            if let Err(found) = walk.line(line) {
                if let Some(first) = walk.late_first() {
                    // It comes before what was found, unless a record behind accounts for it.
                    walk.read_removed();
                    if let Err(found) = walk.begin(first) {
                        return Ok(Err(found));
                    }
                }
                return Ok(Err(found.diagnosed(log, &mut lines)?));
            }
            if line.is_told_of() {
                step(lines.read_bytes());
            }
        }
        Ok(walk.end())
    }
}

struct Walk<'v> {
    verifier: &'v Verifier,
    log: &'v Log,
    first: Option<Seen>,
    seen: Option<Seen>,
    odd: Option<Odd>,
    verified: Verified,
}

/// A break, and what is needed to say more of it.
enum Found {
    At(Break),
    /// Records `before` and `here` follow one another in number, and their hashes do not fit.
    Unlinked {
        before: Seen,
        here: Seen,
    },
    /// Records are missing between these, or stand elsewhere.
    Missing {
        before: Seen,
        here: Seen,
    },
}

impl Walk<'_> {
    fn line(&mut self, line: Line<'_>) -> Result<(), Found> {
        // Without its newline it may be the beginning of a record only.
        let is_whole =
            line.bytes.ends_with(b"\n") || serde_json::from_slice::<IgnoredAny>(line.bytes).is_ok();
        let Some(linked) = Linked::read(line.bytes).filter(|_| is_whole) else {
            return self.odd_line(line);
        };
        if let Some(odd) = self.odd.take()
            && !accounts_for(line.bytes, odd.sha256)
        {
            return Err(Found::At(self.no_record(odd)));
        }
        let here = Seen {
            link: Link { sequence: linked.sequence, hash: hash_of(line.bytes) },
            file: line.file,
            number: line.number,
        };
        match self.seen {
            None => self.first(linked, here)?,
            Some(before) => self.next(linked, before, here)?,
        }
        let head = self.log.last_said();
        if head.is_some_and(|head| head.sequence == linked.sequence && head.hash != here.link.hash) {
            let what = format!(
                "record {} was changed: the head beside the file has another hash of it",
                linked.sequence
            );
            return Err(self.at(here, what));
        }
        match linked.event {
            b"seal" => self.seal(linked, line.bytes, here)?,
            b"gap" => {
                #[derive(Deserialize)]
                struct Gap {
                    lost: u64,
                }
                let gap = serde_json::from_slice(line.bytes).map_or(0, |Gap { lost }| lost);
                self.verified.lost = self.verified.lost.saturating_add(gap);
            }
            b"removed" => self.removed(linked, line.bytes),
            b"opened" => {
                #[derive(Deserialize)]
                struct Opened {
                    head: Option<IgnoredAny>,
                }
                if serde_json::from_slice(line.bytes).is_ok_and(|Opened { head }| head.is_some()) {
                    self.verified.headless = self.verified.headless.saturating_add(1);
                    self.verified.last_headless = Some(linked.sequence);
                }
            }
            _ => {}
        }
        self.verified.last = linked.sequence;
        self.seen = Some(here);
        Ok(())
    }

    /// A line that is no record may be what a record behind it accounts for.
    fn odd_line(&mut self, line: Line<'_>) -> Result<(), Found> {
        if let Some(odd) = self.odd {
            return Err(Found::At(self.no_record(odd)));
        }
        let text = line.bytes.strip_suffix(b"\n");
        self.odd = Some(Odd {
            file: line.file,
            number: line.number,
            sha256: Hash::of(text.unwrap_or(line.bytes)),
            is_whole_line: text.is_some(),
        });
        Ok(())
    }

    fn first(&mut self, linked: Linked<'_>, here: Seen) -> Result<(), Found> {
        self.verified.first = linked.sequence;
        if linked.sequence == 0 {
            return Err(self.at(here, "the number of record 1 was changed, to 0".to_owned()));
        }
        if linked.sequence == 1 && linked.previous != Link::START.hash {
            return Err(self.at(here, "record 1 was changed: nothing can come before it".to_owned()));
        }
        // What is missing before it may have been removed after its time, as a later record says.
        self.first = Some(here);
        Ok(())
    }

    fn next(&self, linked: Linked<'_>, before: Seen, here: Seen) -> Result<(), Found> {
        let (last, this) = (before.link.sequence, linked.sequence);
        let follows = last.checked_add(1) == Some(this);
        if linked.previous == before.link.hash {
            if follows {
                return Ok(());
            }
            return Err(self.at(
                here,
                format!("the number of record {} was changed, to {this}", last.saturating_add(1)),
            ));
        }
        if follows {
            return Err(Found::Unlinked { before, here });
        }
        if this > last {
            return Err(Found::Missing { before, here });
        }
        if this == 1 && linked.previous == Link::START.hash {
            return Err(
                self.at(here, format!("a new chain begins behind record {last}, without a link to it"))
            );
        }
        Err(self.at(here, format!("record {this} stands behind record {last}: reordered, or put in twice")))
    }

    fn seal(&mut self, linked: Linked<'_>, line: &[u8], here: Seen) -> Result<(), Found> {
        #[derive(Deserialize)]
        struct Sealed {
            time: String,
            signature: Option<String>,
        }
        let number = linked.sequence;
        let Ok(Sealed { time, signature }) = serde_json::from_slice(line) else {
            return Err(self.at(here, format!("the seal, record {number}, cannot be read")));
        };
        let count = Link { sequence: number.saturating_sub(1), hash: linked.previous };
        match (signature, &self.verifier.keys) {
            (None, None) => {}
            (None, Some(_)) => return Err(self.at(here, format!("the seal, record {number}, is not signed"))),
            (Some(signature), keys) => {
                let key = PublicKey::that_signed(sealed_text(count, &time).as_bytes(), &signature).map_err(
                    |what| {
                        self.at(here, format!("the seal, record {number}, is not good: its signature {what}"))
                    },
                )?;
                if keys.as_ref().is_some_and(|keys| !keys.contains(&key)) {
                    return Err(
                        self.at(here, format!("the seal, record {number}, is signed by another key, {key}"))
                    );
                }
                self.verified.signed = self.verified.signed.saturating_add(1);
                self.verified.keys.insert(key.to_string());
            }
        }
        self.verified.seals = self.verified.seals.saturating_add(1);
        self.verified.last_seal = Some(number);
        Ok(())
    }

    fn end(mut self) -> Result<Verified, Break> {
        if let Some(odd) = self.odd.filter(|odd| odd.is_whole_line) {
            return Err(self.no_record(odd));
        }
        if let Some(first) = self.late_first() {
            self.begin(first)?;
        }
        let last = self.verified.last;
        match (self.log.last_said(), self.seen) {
            (Some(head), Some(seen)) if head.sequence > last => {
                let what = format!(
                    "{} missing: cut off behind record {last}",
                    numbers(last.saturating_add(1), head.sequence)
                );
                return Err(Break { place: self.log.place(seen.file, seen.number), what });
            }
            (Some(head), None) if head.sequence > 0 => {
                let place = self.log.place(self.log.files.len().saturating_sub(1), 1);
                return Err(Break {
                    place,
                    what: format!("{} missing: there is none", numbers(1, head.sequence)),
                });
            }
            (Some(_), _) if self.odd.is_some() => self.verified.end = End::Torn,
            (Some(_), _) => self.verified.end = End::Whole,
            (None, _) => {}
        }
        self.verified.head_behind =
            self.log.last_said().map(|head| head.sequence).filter(|said| *said < last);
        if self.verifier.keys.is_some() && self.verified.seals == 0 {
            return Err(self.unsealed());
        }
        if let Some(head) = self.log.head.filter(|head| head.link.sequence == last) {
            self.verified.lost = self.verified.lost.saturating_add(head.lost);
        }
        Ok(self.verified)
    }

    fn removed(&mut self, linked: Linked<'_>, line: &[u8]) {
        #[derive(Deserialize)]
        struct Removed {
            to: u64,
        }
        if let Ok(Removed { to }) = serde_json::from_slice(line) {
            self.verified.removed = Some((to, linked.sequence));
        }
    }

    /// Looks through the whole log for what it says of records that were removed.
    fn read_removed(&mut self) {
        let Ok(mut lines) = self.log.lines() else { return };
        while let Ok(Some(line)) = lines.next_line() {
            if let Some(linked) = Linked::read(line.bytes) {
                match linked.event {
                    b"removed" => self.removed(linked, line.bytes),
                    b"seal" => self.verified.last_seal = Some(linked.sequence),
                    _ => {}
                }
            }
        }
    }

    /// The first record, where others should stand before it.
    fn late_first(&self) -> Option<Seen> {
        self.first.filter(|first| first.link.sequence > 1 && !self.verifier.is_partial)
    }

    /// Whether what is missing before the first record was removed as the settings said.
    fn begin(&self, first: Seen) -> Result<(), Break> {
        let missing = first.link.sequence.saturating_sub(1);
        let is_vouched =
            |by: u64| self.verifier.keys.is_none() || self.verified.last_seal.is_some_and(|seal| seal > by);
        let why = match self.verified.removed {
            Some((to, by)) if to >= missing && is_vouched(by) => return Ok(()),
            Some((to, by)) if to >= missing => {
                format!("record {by} says that they were removed, and no seal is behind it yet")
            }
            Some((to, by)) => format!("record {by} says that those up to {to} were removed"),
            None => format!("the log begins with record {}", first.link.sequence),
        };
        let what = format!("{} missing: {why}", numbers(1, missing));
        Err(Break { place: self.log.place(first.file, first.number), what })
    }

    /// There is nothing that a key could have signed.
    fn unsealed(&self) -> Break {
        let (file, number) =
            self.seen.map_or((self.log.files.len().saturating_sub(1), 1), |seen| (seen.file, seen.number));
        let what = "there is no seal, and so nothing that the key vouches for: a log that dockgate seals has one within --audit-seal-interval";
        Break { place: self.log.place(file, number), what: what.to_owned() }
    }

    fn no_record(&self, odd: Odd) -> Break {
        let what =
            "this line is no record, and no record accounts for it: it was changed, or put in".to_owned();
        Break { place: self.log.place(odd.file, odd.number), what }
    }

    fn at(&self, here: Seen, what: String) -> Found {
        Found::At(Break { place: self.log.place(here.file, here.number), what })
    }
}

impl Break {
    fn of_damage(error: &io::Error) -> Self {
        let text = error.to_string();
        let (place, what) = text.split_once(": ").unwrap_or(("the log", &text));
        Self { place: place.to_owned(), what: what.to_owned() }
    }
}

impl Found {
    /// Says what happened, by what stands behind it.
    fn diagnosed(self, log: &Log, lines: &mut Lines) -> io::Result<Break> {
        let at = |seen: Seen, what: String| Break { place: log.place(seen.file, seen.number), what };
        match self {
            Self::At(found) => Ok(found),
            Self::Unlinked { before, here } => {
                let (one, two) = (before.link.sequence, here.link.sequence);
                let next = lines.next_line()?.and_then(|line| Some(Linked::read(line.bytes)?.previous));
                let head = log.last_said().filter(|head| head.sequence == two).map(|head| head.hash);
                Ok(match next.or(head) {
                    Some(said) if said == here.link.hash => {
                        let what = format!("record {one} was changed: record {two} has another hash of it");
                        at(before, what)
                    }
                    Some(_) => {
                        at(here, format!("record {two} was changed: what follows has another hash of it"))
                    }
                    None => at(
                        before,
                        format!("record {one} was changed, or record {two} was: their hashes do not fit"),
                    ),
                })
            }
            Self::Missing { before, here } => {
                let (last, this) = (before.link.sequence, here.link.sequence);
                let missing = last.saturating_add(1)..this;
                while let Some(line) = lines.next_line()? {
                    if let Some(linked) =
                        Linked::read(line.bytes).filter(|linked| missing.contains(&linked.sequence))
                    {
                        let elsewhere = log.place(line.file, line.number);
                        let what = format!(
                            "record {this} stands behind record {last}: reordered; record {} is at {elsewhere}",
                            linked.sequence
                        );
                        return Ok(at(here, what));
                    }
                }
                let gone = numbers(missing.start, missing.end.saturating_sub(1));
                Ok(at(here, format!("{gone} missing: record {this} stands behind record {last}")))
            }
        }
    }
}

fn hash_of(line: &[u8]) -> Hash {
    match line.last() {
        Some(b'\n') => Hash::of(line),
        Some(_) | None => Hash::of(&[line, b"\n"].concat()),
    }
}

/// Whether a record says that a torn line with this hash was found.
fn accounts_for(line: &[u8], torn: Hash) -> bool {
    #[derive(Deserialize)]
    struct Accounting {
        torn: Torn,
    }
    #[derive(Deserialize)]
    struct Torn {
        sha256: String,
    }
    serde_json::from_slice::<Accounting>(line)
        .is_ok_and(|record| Hash::read(record.torn.sha256.as_bytes()) == Some(torn))
}

fn numbers(from: u64, to: u64) -> String {
    if from == to { format!("record {from} is") } else { format!("records {from} to {to} are") }
}

#[cfg(test)]
mod tests;
