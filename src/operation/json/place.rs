//! JSON in place: where the values of a text stand, so that what is kept of it can be copied byte for byte.
//!
//! This is for answers, which the daemon has written: the ends of values are found, their insides are read only where
//! somebody looks.

use std::borrow::Cow;
use std::ops::ControlFlow;

use super::Json;

/// A text that is not the JSON that was expected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::operation) struct Misplaced;

/// What becomes of a value in an array or object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::operation) enum Kept {
    /// It stays as it is.
    AsItIs,
    /// Another was written in its place.
    Written,
    /// It goes.
    Not,
}

/// How far into a value the search for its end has come, over as many pieces of text as it takes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(in crate::operation) struct Search {
    /// How much of the value was looked at.
    seen: usize,
    depth: usize,
    in_string: bool,
}

/// An array or object, with where it goes on.
struct Walk<'a> {
    text: &'a [u8],
    /// How much of `text` is behind.
    at: usize,
    close: u8,
    is_first: bool,
}

impl Search {
    /// How much of the value was looked at, and need not be there any more: what is given next begins behind it.
    pub(in crate::operation) fn leave_behind(&mut self) -> usize {
        std::mem::take(&mut self.seen)
    }

    /// The length of the object that begins with `text`. None: its end is not there yet; ask again with more.
    pub(in crate::operation) fn end_of_object(&mut self, text: &[u8]) -> Option<usize> {
        loop {
            let rest = text.get(self.seen..)?;
            if self.in_string {
                let found = memchr::memchr2(b'"', b'\\', rest);
                let Some(at) = found else {
                    self.seen = text.len();
                    return None;
                };
                if rest.get(at) == Some(&b'\\') {
                    // What is escaped may not be there yet: then this is looked at again.
                    self.seen = self.seen.saturating_add(at);
                    rest.get(at.saturating_add(1))?;
                    self.seen = self.seen.saturating_add(2);
                } else {
                    self.in_string = false;
                    self.seen = self.seen.saturating_add(at).saturating_add(1);
                }
                continue;
            }
            let Some(at) = rest.iter().position(|byte| matches!(byte, b'"' | b'{' | b'}' | b'[' | b']'))
            else {
                self.seen = text.len();
                return None;
            };
            self.seen = self.seen.saturating_add(at).saturating_add(1);
            match rest.get(at) {
                Some(b'"') => self.in_string = true,
                Some(b'{' | b'[') => self.depth = self.depth.saturating_add(1),
                _ => {
                    self.depth = self.depth.saturating_sub(1);
                    if self.depth == 0 {
                        return Some(self.seen);
                    }
                }
            }
        }
    }
}

impl<'a> Walk<'a> {
    /// Begins with the bracket that `text` begins with.
    fn new(text: &'a [u8], open: u8, close: u8) -> Result<Self, Misplaced> {
        if text.first() == Some(&open) {
            Ok(Self { text, at: 1, close, is_first: true })
        } else {
            Err(Misplaced)
        }
    }

    /// What stands before the next element (a comma, space), once that is passed over. None at the end, which is
    /// passed over as well.
    fn next(&mut self) -> Result<Option<&'a [u8]>, Misplaced> {
        let start = self.at;
        self.skip_space();
        if self.take(self.close) {
            return Ok(None);
        }
        if !self.is_first {
            if !self.take(b',') {
                return Err(Misplaced);
            }
            self.skip_space();
        }
        self.is_first = false;
        self.text.get(start..self.at).map(Some).ok_or(Misplaced)
    }

    fn value(&mut self) -> Result<&'a [u8], Misplaced> {
        let rest = self.text.get(self.at..).ok_or(Misplaced)?;
        let length = length_of_value(rest).ok_or(Misplaced)?;
        self.at = self.at.saturating_add(length);
        rest.get(..length).ok_or(Misplaced)
    }

    /// A key, and all up to its value.
    fn key(&mut self) -> Result<(Cow<'a, str>, &'a [u8]), Misplaced> {
        let start = self.at;
        let key = self.value()?;
        self.skip_space();
        if !self.take(b':') {
            return Err(Misplaced);
        }
        self.skip_space();
        Ok((read_key(key)?, self.text.get(start..self.at).ok_or(Misplaced)?))
    }

    fn skip_space(&mut self) {
        while matches!(self.text.get(self.at), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.at = self.at.saturating_add(1);
        }
    }

    fn take(&mut self, byte: u8) -> bool {
        let is_next = self.text.get(self.at) == Some(&byte);
        self.at = self.at.saturating_add(usize::from(is_next));
        is_next
    }

    /// Whether nothing follows.
    fn is_over(&self) -> Result<(), Misplaced> {
        if self.at == self.text.len() { Ok(()) } else { Err(Misplaced) }
    }
}

/// Shows each member of an object: its key, and its value as it stands; until there is no need for more.
pub(in crate::operation) fn members<'a>(
    object: &'a [u8],
    mut see: impl FnMut(&str, &'a [u8]) -> ControlFlow<()>,
) -> Result<(), Misplaced> {
    let mut walk = Walk::new(object, b'{', b'}')?;
    while walk.next()?.is_some() {
        let (key, _) = walk.key()?;
        if see(&key, walk.value()?).is_break() {
            return Ok(());
        }
    }
    walk.is_over()
}

/// Where in the object that `text` begins with the value of its member of this key begins. None: the object has none.
/// It is misplaced as well where that is not there yet.
pub(in crate::operation) fn start_of_member(text: &[u8], name: &str) -> Result<Option<usize>, Misplaced> {
    let mut walk = Walk::new(text, b'{', b'}')?;
    while walk.next()?.is_some() {
        if walk.key()?.0 == name {
            return Ok(Some(walk.at));
        }
        walk.value()?;
    }
    walk.is_over().map(|()| None)
}

/// Shows each element of an array as it stands; `null` is an empty one.
pub(in crate::operation) fn elements<'a>(
    array: &'a [u8],
    mut see: impl FnMut(&'a [u8]) -> Result<(), Misplaced>,
) -> Result<(), Misplaced> {
    if array == b"null" {
        return Ok(());
    }
    let mut walk = Walk::new(array, b'[', b']')?;
    while walk.next()?.is_some() {
        see(walk.value()?)?;
    }
    walk.is_over()
}

/// Writes an object anew. `change` sees each key and value, and writes another value in its place, or lets it stay or
/// go. All else is copied.
pub(in crate::operation) fn rewrite_object<E: From<Misplaced>>(
    object: &[u8],
    out: &mut Vec<u8>,
    mut change: impl FnMut(&str, &[u8], &mut Vec<u8>) -> Result<Kept, E>,
) -> Result<(), E> {
    let mut walk = Walk::new(object, b'{', b'}')?;
    rewrite(&mut walk, out, |walk, out| {
        let (key, as_written) = walk.key()?;
        out.extend_from_slice(as_written);
        let value = walk.value()?;
        let kept = change(&key, value, out)?;
        if kept == Kept::AsItIs {
            out.extend_from_slice(value);
        }
        Ok(kept)
    })
}

/// The same for an array; `null` stays.
pub(in crate::operation) fn rewrite_array<E: From<Misplaced>>(
    array: &[u8],
    out: &mut Vec<u8>,
    mut change: impl FnMut(&[u8], &mut Vec<u8>) -> Result<Kept, E>,
) -> Result<(), E> {
    if array == b"null" {
        out.extend_from_slice(array);
        return Ok(());
    }
    let mut walk = Walk::new(array, b'[', b']')?;
    rewrite(&mut walk, out, |walk, out| {
        let value = walk.value()?;
        let kept = change(value, out)?;
        if kept == Kept::AsItIs {
            out.extend_from_slice(value);
        }
        Ok(kept)
    })
}

fn rewrite<'a, E: From<Misplaced>>(
    walk: &mut Walk<'a>,
    out: &mut Vec<u8>,
    mut element: impl FnMut(&mut Walk<'a>, &mut Vec<u8>) -> Result<Kept, E>,
) -> Result<(), E> {
    out.extend_from_slice(walk.text.get(..1).unwrap_or_default());
    let mut first: Option<&[u8]> = None;
    let mut any = false;
    let mut end = walk.at;
    while let Some(before) = walk.next()? {
        let first = *first.get_or_insert(before);
        let start = out.len();
        out.extend_from_slice(if any { before } else { first });
        if element(walk, out)? == Kept::Not {
            out.truncate(start);
        } else {
            any = true;
        }
        end = walk.at;
    }
    out.extend_from_slice(walk.text.get(end..walk.at).unwrap_or_default());
    Ok(walk.is_over()?)
}

/// The members of an object that stand under one of these keys, read; in the order of the object.
pub(in crate::operation) fn read_members(object: &[u8], keys: &[&str]) -> Result<Json, Misplaced> {
    let mut fields: Vec<(super::Key, Json)> = Vec::with_capacity(keys.len());
    let mut flaw = None;
    members(object, |key, value| {
        if !keys.contains(&key) {
            return ControlFlow::Continue(());
        }
        match Json::read_shown(value) {
            Ok(value) if !fields.iter().any(|(own, _)| own == key) => {
                fields.push((key.into(), value));
                ControlFlow::Continue(())
            }
            Ok(_) | Err(_) => {
                flaw = Some(Misplaced);
                ControlFlow::Break(())
            }
        }
    })?;
    flaw.map_or(Ok(Json::Object(fields)), Err)
}

/// A value with the space around it taken off.
pub(in crate::operation) fn trim(text: &[u8]) -> &[u8] {
    let is_space = |byte: &u8| matches!(byte, b' ' | b'\t' | b'\n' | b'\r');
    let start = text.iter().position(|byte| !is_space(byte)).unwrap_or(text.len());
    let end = text.iter().rposition(|byte| !is_space(byte)).map_or(start, |last| last.saturating_add(1));
    text.get(start..end).unwrap_or_default()
}

/// The length of the value that `text` begins with.
fn length_of_value(text: &[u8]) -> Option<usize> {
    match text.first()? {
        b'{' | b'[' => Search::default().end_of_object(text),
        b'"' => length_of_string(text),
        b'-' | b'0'..=b'9' | b't' | b'f' | b'n' => {
            let is_part = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'.');
            Some(text.iter().position(|byte| !is_part(byte)).unwrap_or(text.len()))
        }
        _ => None,
    }
}

fn length_of_string(text: &[u8]) -> Option<usize> {
    let mut at = 1_usize;
    loop {
        let rest = text.get(at..)?;
        let found = memchr::memchr2(b'"', b'\\', rest)?;
        at = at.saturating_add(found).saturating_add(1);
        if rest.get(found) == Some(&b'"') {
            return Some(at);
        }
        at = at.saturating_add(1);
    }
}

fn read_key(key: &[u8]) -> Result<Cow<'_, str>, Misplaced> {
    let inner = key.strip_prefix(b"\"").and_then(|key| key.strip_suffix(b"\"")).ok_or(Misplaced)?;
    if !inner.contains(&b'\\') {
        return str::from_utf8(inner).map(Cow::Borrowed).map_err(|_| Misplaced);
    }
    match Json::read_shown(key) {
        Ok(Json::String(key)) => Ok(Cow::Owned(key.into())),
        Ok(_) | Err(_) => Err(Misplaced),
    }
}

#[cfg(test)]
mod tests;
