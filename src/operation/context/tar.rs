//! The entries of a tar archive, read as Go's `archive/tar` reads them, which every daemon uses, and refused where
//! it is lenient: so no other reader could see other entries.

use std::io::{ErrorKind, Read};

use super::unreadable;
use crate::operation::inside::Flaw;

const BLOCK_BYTES: usize = 512;
/// Names and records that stand before an entry may be this large together (Go 1.20, `maxSpecialFileSize`).
const MAX_EXTENDED_BYTES: usize = 1024 * 1024;
/// Linux opens no longer paths.
const MAX_NAME_BYTES: usize = 4096;
/// So many entries are read.
const MAX_ENTRIES: u64 = 1_000_000;

/// An archive being read.
pub(super) struct Archive<R> {
    reader: R,
    block: [u8; BLOCK_BYTES],
    /// The rest of the present entry's content, and of its padding.
    content: u64,
    padding: u64,
    /// How many have come.
    entries: u64,
}

/// One entry.
#[derive(Debug)]
pub(super) struct Entry {
    /// Its path, as it stands there.
    pub(super) name: Vec<u8>,
    /// Where a link leads.
    pub(super) link: Vec<u8>,
    pub(super) kind: Kind,
    pub(super) size: u64,
    /// Whether something of it stood before it.
    pub(super) extended: bool,
}

/// What an entry is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    File,
    HardLink,
    Symlink,
    Directory,
    /// A device or a pipe.
    Special,
}

/// What stood before an entry of it.
#[derive(Debug, Default)]
struct Extended {
    name: Option<Vec<u8>>,
    link: Option<Vec<u8>>,
    size: Option<u64>,
    /// Whether records, GNU's long name, or GNU's long link stood there.
    records: bool,
    long_name: bool,
    long_link: bool,
}

impl<R: Read> Archive<R> {
    pub(super) fn new(reader: R) -> Self {
        Self { reader, block: [0; BLOCK_BYTES], content: 0, padding: 0, entries: 0 }
    }

    /// The next entry; `None` at the end of the archive.
    pub(super) fn next(&mut self) -> Result<Option<Entry>, Flaw> {
        let mut extended = Extended::default();
        let mut is_first = true;
        loop {
            self.skip()?;
            if !self.header()? {
                if !extended.is_empty() {
                    return Err(Flaw::archive("ends with the header of an entry that is not there"));
                }
                return Ok(None);
            }
            let size = number(self.field(124, 12)).ok_or_else(|| odd("a size"))?;
            let flag = self.field(156, 1).first().copied().unwrap_or_default();
            match flag {
                b'x' | b'g' | b'L' | b'K' => {
                    if flag == b'g' && self.field(345, 1) != b"\0" {
                        return Err(odd("a global header with a long name"));
                    }
                    self.frame(size);
                    let bytes = self.content(MAX_EXTENDED_BYTES)?;
                    extended.add(flag, &bytes)?;
                }
                _ => {
                    self.entries = self.entries.saturating_add(1);
                    if self.entries > MAX_ENTRIES {
                        return Err(Flaw::archive(format_args!("has more than {MAX_ENTRIES} entries")));
                    }
                    return self.entry(flag, size, extended, !is_first).map(Some);
                }
            }
            is_first = false;
        }
    }

    /// The content of the present entry.
    pub(super) fn content(&mut self, limit: usize) -> Result<Vec<u8>, Flaw> {
        let limit: u64 = limit.try_into().unwrap_or(u64::MAX);
        if self.content > limit {
            return Err(Flaw::archive(format_args!("has an extended header of more than {limit} bytes")));
        }
        let mut content = Vec::new();
        let read = self.reader.by_ref().take(self.content).read_to_end(&mut content);
        let count: u64 = read.map_err(|error| unreadable(&error))?.try_into().unwrap_or(u64::MAX);
        if count != self.content {
            return Err(Flaw::archive("is cut off"));
        }
        self.content = 0;
        Ok(content)
    }

    /// Behind the end stand zeros and nothing else.
    pub(super) fn finish(&mut self) -> Result<(), Flaw> {
        let mut buffer = [0; 8192];
        loop {
            match self.reader.read(&mut buffer) {
                Ok(0) => return Ok(()),
                Ok(count) if buffer.iter().take(count).all(|&byte| byte == 0) => {}
                Ok(_) => return Err(Flaw::archive("goes on behind its end")),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(unreadable(&error)),
            }
        }
    }

    /// Goes over what is left of the present entry. What fills up its last block may be missing at the end of the archive:
    /// the docker CLI leaves it out where it puts a Dockerfile from elsewhere into a context, and Go reads that as the end.
    fn skip(&mut self) -> Result<(), Flaw> {
        if self.skip_bytes(self.content)? != self.content {
            return Err(Flaw::archive("is cut off"));
        }
        self.skip_bytes(self.padding)?;
        self.frame(0);
        Ok(())
    }

    /// Goes over so many bytes, or to the end; says how many there were.
    fn skip_bytes(&mut self, count: u64) -> Result<u64, Flaw> {
        let skipped = std::io::copy(&mut self.reader.by_ref().take(count), &mut std::io::sink());
        skipped.map_err(|error| unreadable(&error))
    }

    /// Lets content of this size follow.
    fn frame(&mut self, size: u64) {
        const BLOCK: u64 = 512;
        self.content = size;
        self.padding =
            BLOCK.saturating_sub(size.checked_rem(BLOCK).unwrap_or(0)).checked_rem(BLOCK).unwrap_or(0);
    }

    /// Reads a header; false at the end of the archive, which is two blocks of zeros, or where nothing comes.
    fn header(&mut self) -> Result<bool, Flaw> {
        if !self.read_block()? {
            return Ok(false);
        }
        if self.block.iter().any(|&byte| byte != 0) {
            if !self.checksum_is_right() {
                return Err(Flaw::archive("is not a tar archive: a header has a wrong checksum"));
            }
            return Ok(true);
        }
        if self.read_block()? && self.block.iter().any(|&byte| byte != 0) {
            return Err(Flaw::archive("goes on behind its end"));
        }
        Ok(false)
    }

    /// Reads a block; false where nothing comes.
    fn read_block(&mut self) -> Result<bool, Flaw> {
        let mut read: usize = 0;
        while let Some(rest) = self.block.get_mut(read..).filter(|rest| !rest.is_empty()) {
            match self.reader.read(rest) {
                Ok(0) if read == 0 => return Ok(false),
                Ok(0) => return Err(Flaw::archive("is cut off")),
                Ok(count) => read = read.saturating_add(count),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(unreadable(&error)),
            }
        }
        Ok(true)
    }

    fn checksum_is_right(&self) -> bool {
        let sum = |bytes: &[u8]| bytes.iter().map(|&byte| u64::from(byte)).sum::<u64>();
        let spaces: u64 = 8 * 32;
        let actual = sum(self.field(0, 148)).saturating_add(spaces).saturating_add(sum(self.field(156, 356)));
        number(self.field(148, 8)) == Some(actual)
    }

    fn entry(&mut self, flag: u8, size: u64, extended: Extended, is_extended: bool) -> Result<Entry, Flaw> {
        let size = extended.size.unwrap_or(size);
        let name = match extended.name {
            Some(name) => name,
            None => self.name()?,
        };
        let link = extended.link.unwrap_or_else(|| text(self.field(157, 100)).to_vec());
        let kind = match flag {
            b'0' if name.ends_with(b"/") => return Err(odd("a file with the name of a directory")),
            0 if name.ends_with(b"/") => Kind::Directory,
            0 | b'0' => Kind::File,
            b'1' => Kind::HardLink,
            b'2' => Kind::Symlink,
            b'3' | b'4' | b'6' => Kind::Special,
            b'5' => Kind::Directory,
            _ => return Err(odd("an entry of a kind that the daemon does not unpack")),
        };
        if kind != Kind::File && size != 0 {
            return Err(odd("content where there can be none, in a link, a directory or a device"));
        }
        if name.is_empty() || name.contains(&0) || link.contains(&0) {
            return Err(odd("an entry without a name, or with a zero byte in it"));
        }
        if name.len().max(link.len()) > MAX_NAME_BYTES {
            return Err(odd("a name of more than 4096 bytes"));
        }
        self.frame(size);
        Ok(Entry { name, link, kind, size, extended: is_extended })
    }

    /// The name in the header, by the format that its magic bytes tell.
    fn name(&self) -> Result<Vec<u8>, Flaw> {
        let name = text(self.field(0, 100));
        let prefix = match (self.field(257, 6), self.field(263, 2), self.field(508, 4)) {
            (b"ustar\0", _, b"tar\0") => return Err(odd("a header of star's old format")),
            (b"ustar\0", _, _) => text(self.field(345, 155)),
            (b"ustar ", b" \0", _) => {
                // Where these are no numbers, Go takes them for the beginning of the name.
                let times = [self.field(345, 12), self.field(357, 12)];
                if times.iter().any(|time| number(time).is_none()) {
                    return Err(odd("a time that is no number"));
                }
                &[]
            }
            _ => &[],
        };
        Ok(match prefix {
            [] => name.to_vec(),
            prefix => [prefix, b"/", name].concat(),
        })
    }

    fn field(&self, start: usize, length: usize) -> &[u8] {
        self.block.get(start..).and_then(|field| field.get(..length)).unwrap_or_default()
    }
}

impl Extended {
    fn is_empty(&self) -> bool {
        !(self.records || self.long_name || self.long_link)
    }

    /// Takes in what stands before an entry, once each; nobody mixes the formats.
    fn add(&mut self, flag: u8, bytes: &[u8]) -> Result<(), Flaw> {
        let seen = match flag {
            b'L' => &mut self.long_name,
            b'K' => &mut self.long_link,
            _ => &mut self.records,
        };
        if std::mem::replace(seen, true) || (self.records && (self.long_name || self.long_link)) {
            return Err(odd("two headers of one kind before an entry, or of two formats"));
        }
        match flag {
            b'L' => self.name = Some(long_text(bytes)?),
            b'K' => self.link = Some(long_text(bytes)?),
            b'g' => {
                self.records = false;
                global(bytes)?;
            }
            _ => self.add_records(bytes)?,
        }
        Ok(())
    }

    fn add_records(&mut self, bytes: &[u8]) -> Result<(), Flaw> {
        for (key, value) in records(bytes)? {
            let seen = match key {
                b"path" => self.name.replace(value.to_vec()).is_some(),
                b"linkpath" => self.link.replace(value.to_vec()).is_some(),
                b"size" => self.size.replace(decimal(value).ok_or_else(|| odd("a size"))?).is_some(),
                key if key.starts_with(b"GNU.sparse.") => return Err(odd("a sparse file; pack it without")),
                _ => continue,
            };
            if seen || value.is_empty() {
                return Err(odd("a record twice, or without a value"));
            }
        }
        Ok(())
    }
}

/// The records of a global header, which Go reads over: `git archive` leaves a comment there.
fn global(bytes: &[u8]) -> Result<(), Flaw> {
    if records(bytes)?.iter().any(|(key, _)| *key != b"comment") {
        return Err(odd("a global header"));
    }
    Ok(())
}

/// PAX records: `LENGTH KEY=VALUE\n`, where the length counts all of it.
fn records(mut bytes: &[u8]) -> Result<Vec<Record<'_>>, Flaw> {
    let mut records = Vec::new();
    while !bytes.is_empty() {
        let (record, rest) = record(bytes).ok_or_else(|| odd("a record that cannot be read"))?;
        records.push(record);
        bytes = rest;
    }
    Ok(records)
}

/// A key and a value.
type Record<'a> = (&'a [u8], &'a [u8]);

fn record(bytes: &[u8]) -> Option<(Record<'_>, &[u8])> {
    let space = bytes.iter().take(8).position(|&byte| byte == b' ')?;
    let length = usize::try_from(decimal(bytes.get(..space)?)?).ok()?;
    let (record, rest) = bytes.split_at_checked(length)?;
    let record = record.get(space.checked_add(1)?..)?.strip_suffix(b"\n")?;
    let equals = record.iter().position(|&byte| byte == b'=').filter(|&at| at > 0)?;
    Some(((record.get(..equals)?, record.get(equals.checked_add(1)?..)?), rest))
}

/// GNU's long names end with a zero byte, and nothing is behind it.
fn long_text(bytes: &[u8]) -> Result<Vec<u8>, Flaw> {
    let name = text(bytes);
    if bytes.iter().skip(name.len()).any(|&byte| byte != 0) || name.is_empty() {
        return Err(odd("a long name with a zero byte in it"));
    }
    Ok(name.to_vec())
}

/// Text up to the first zero byte.
fn text(field: &[u8]) -> &[u8] {
    field.split(|&byte| byte == 0).next().unwrap_or_default()
}

/// A number: octal between blanks and zero bytes, or binary, of which the first bit is set. None at all is 0.
fn number(field: &[u8]) -> Option<u64> {
    if let [0x80, rest @ ..] = field {
        let (high, low) = rest.split_at_checked(rest.len().checked_sub(8)?)?;
        let value = u64::from_be_bytes(low.try_into().ok()?);
        return (high.iter().all(|&byte| byte == 0) && i64::try_from(value).is_ok()).then_some(value);
    }
    let is_padding = |byte: &u8| matches!(byte, b' ' | 0);
    let start = field.iter().position(|byte| !is_padding(byte)).unwrap_or(field.len());
    let end = field.iter().rposition(|byte| !is_padding(byte)).map_or(start, |end| end.saturating_add(1));
    match field.get(start..end)? {
        [] => Some(0),
        digits if digits.iter().all(|byte| matches!(byte, b'0'..=b'7')) => {
            u64::from_str_radix(str::from_utf8(digits).ok()?, 8)
                .ok()
                .filter(|&value| i64::try_from(value).is_ok())
        }
        _ => None,
    }
}

fn decimal(digits: &[u8]) -> Option<u64> {
    if digits.is_empty() || !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    str::from_utf8(digits).ok()?.parse().ok().filter(|&value| i64::try_from(value).is_ok())
}

fn odd(what: &str) -> Flaw {
    Flaw::archive(format_args!("is no tar archive that can be read in one way only: it has {what}"))
}
