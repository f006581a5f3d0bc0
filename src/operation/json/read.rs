//! Reading JSON, refusing whatever could be read in two ways.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::fmt::{self, Write};

use smol_str::SmolStr;

use super::expected::Keys;
use super::{Expected, Json, Key, check, scan};
use crate::operation::field::{Field, Kind, Part, trace};

/// The most values that one text may hold, each of which takes far more memory read than written. The largest
/// bodies of real clients have hundreds.
const MAX_VALUES: usize = 100_000;

/// How deep arrays and objects may nest. Docker's own bodies stay below ten.
const MAX_DEPTH: usize = 64;

/// How much of a key is shown in a message, in characters.
const MAX_SHOWN: usize = 64;

/// Why a text is not read as JSON.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Flaw(Box<Told>);

#[derive(Clone, Debug, PartialEq, Eq)]
struct Told {
    what: Cow<'static, str>,
    /// Where, in bytes from the beginning.
    at: usize,
    /// The way to the place, innermost step first.
    steps: Vec<Step>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Step {
    Key(String),
    Index(usize),
}

/// A field, by its number in its part.
type Numbered = (&'static Part, usize);

/// Reads one value and nothing beside it.
pub(super) fn value(bytes: &[u8], expected: Expected) -> Result<Json, Flaw> {
    let text = str::from_utf8(bytes).map_err(|error| Flaw::new(error.valid_up_to(), "this is not UTF-8"))?;
    let mut reader = Reader { text, at: 0, depth: 0, values: 0, fields: Vec::new(), items: Vec::new() };
    let value = reader.value(expected)?;
    match reader.token() {
        None => Ok(value),
        Some(_) => Err(reader.flaw("something follows the value; send one value only")),
    }
}

struct Reader<'a> {
    text: &'a str,
    /// How much of it was read: up to here, where a character begins.
    at: usize,
    depth: usize,
    values: usize,
    /// The fields so far of the objects that are not over, the innermost's last.
    fields: Vec<(Key, Json)>,
    /// The elements so far of the arrays that are not over.
    items: Vec<Json>,
}

impl<'a> Reader<'a> {
    /// Reads a value.
    fn value(&mut self, expected: Expected) -> Result<Json, Flaw> {
        let next = self.token();
        let at = self.at;
        self.values = self.values.saturating_add(1);
        if self.values > MAX_VALUES {
            return Err(self.flaw(format!("there are more than {MAX_VALUES} values")));
        }
        let mut value = match next {
            Some(b'"') => Json::String(self.string()?.into()),
            Some(b'-' | b'0'..=b'9') => self.number()?,
            Some(b't') => self.word("true", Json::Bool(true))?,
            Some(b'f') => self.word("false", Json::Bool(false))?,
            Some(b'n') => self.word("null", Json::Null)?,
            Some(bracket @ (b'{' | b'[')) => {
                self.depth = self.depth.saturating_add(1);
                if self.depth > MAX_DEPTH {
                    return Err(self.flaw(format!("arrays and objects nest deeper than {MAX_DEPTH} levels")));
                }
                let value = if bracket == b'{' { self.object(expected)? } else { self.array(expected)? };
                self.depth = self.depth.saturating_sub(1);
                value
            }
            Some(_) => return Err(self.flaw("a JSON value belongs here")),
            None => return Err(self.flaw("the text ends where a JSON value belongs")),
        };
        if let Expected::Kind(kind) = expected {
            check::fit(&mut value, kind).map_err(|what| Flaw::new(at, what))?;
        }
        Ok(value)
    }

    fn object(&mut self, expected: Expected) -> Result<Json, Flaw> {
        let keys = expected.keys();
        let folds = keys.fold();
        let start = self.fields.len();
        let mut seen = Seen::default();
        let mut ahead = None;
        self.skip(1);
        if self.take(b'}') {
            return Ok(Json::Object(Vec::new()));
        }
        loop {
            if self.token() != Some(b'"') {
                return Err(self.flaw("a key in double quotes belongs here"));
            }
            let at = self.at;
            let (key, found) = self.key(keys, ahead)?;
            let field = found.and_then(|(part, number)| Some((part, part.fields.get(number)?)));
            if field.is_none() && folds && !key.is_ascii() {
                let what = "the name of a field holds a character beyond ASCII; no Docker field does";
                return Err(Flaw::new(at, what).under(Step::Key(key.into_owned())));
            }
            if !seen.insert(&key, field, folds, self.fields.get(start..).unwrap_or_default()) {
                let what = if folds {
                    "this field stands twice (upper and lower case do not count); keep one"
                } else {
                    "this key stands twice; keep one"
                };
                return Err(Flaw::new(at, what).under(Step::Key(key.into_owned())));
            }
            self.expect(b':')?;
            let inner = field.map_or(keys.below(), |(_, field)| Expected::Kind(field.kind));
            match (self.value(inner), field) {
                (Ok(value), Some((part, field))) => self.fields.push((Key::Field(part, field), value)),
                // A field that nobody knows does nothing at its zero value: it is as if it were not there.
                (Ok(value), None) if matches!(keys, Keys::Fields(_)) && value.is_all_zero() => {
                    seen.dropped.push(key);
                }
                (Ok(value), None) => self.fields.push((Key::Text(key.into()), value)),
                (Err(flaw), _) => return Err(flaw.under(Step::Key(key.into_owned()))),
            }
            if self.take(b'}') {
                return Ok(Json::Object(self.fields.split_off(start)));
            }
            self.expect(b',')?;
            ahead = found.map(|(part, number)| (part, number.saturating_add(1)));
        }
    }

    /// Reads a key, and finds the field that it names. Most clients write the fields in the order of the daemon's structs,
    /// which is that of the table, so it is likely the one that is `ahead` there.
    #[inline]
    fn key(&mut self, keys: Keys, ahead: Option<Numbered>) -> Result<(Cow<'a, str>, Option<Numbered>), Flaw> {
        if let Some((part, number)) = ahead
            && let Some(Field { name, .. }) = part.fields.get(number)
            && self.take_text(name)
        {
            return Ok((Cow::Borrowed(name), ahead));
        }
        let key = self.string()?;
        let found = keys.find(&key);
        Ok((key, found))
    }

    fn array(&mut self, expected: Expected) -> Result<Json, Flaw> {
        let inner = match expected {
            Expected::Kind(Kind::List(inner)) => Expected::Kind(*inner),
            Expected::Kind(Kind::StrSlice) => Expected::Kind(Kind::Text),
            Expected::Names => Expected::Names,
            // Where it is of the wrong kind, that is said of the whole.
            Expected::Kind(_) | Expected::Unknown => Expected::Unknown,
        };
        let start = self.items.len();
        self.skip(1);
        if self.take(b']') {
            return Ok(Json::Array(Vec::new()));
        }
        loop {
            let index = self.items.len().saturating_sub(start);
            let item = self.value(inner).map_err(|flaw| flaw.under(Step::Index(index)))?;
            self.items.push(item);
            if self.take(b']') {
                return Ok(Json::Array(self.items.split_off(start)));
            }
            self.expect(b',')?;
        }
    }

    fn string(&mut self) -> Result<Cow<'a, str>, Flaw> {
        self.skip(1);
        let plain = self.plain()?;
        if self.take_byte(b'"') { Ok(Cow::Borrowed(plain)) } else { self.escaped(plain).map(Cow::Owned) }
    }

    /// Reads on in a string that began with what stands for itself.
    #[cold]
    fn escaped(&mut self, plain: &str) -> Result<String, Flaw> {
        let mut string = plain.to_owned();
        loop {
            if !self.take_byte(b'\\') {
                return Err(self.flaw("a string holds a raw control character; escape it"));
            }
            string.push(self.escape()?);
            string.push_str(self.plain()?);
            if self.take_byte(b'"') {
                return Ok(string);
            }
        }
    }

    /// Reads what of a string stands for itself.
    #[inline]
    fn plain(&mut self) -> Result<&'a str, Flaw> {
        let start = self.at;
        let found = self.text.as_bytes().get(start..).and_then(|rest| scan::find(rest, scan::is_special));
        let Some(bytes) = found else {
            return Err(self.flaw("a string has no end"));
        };
        self.skip(bytes);
        Ok(self.text.get(start..self.at).unwrap_or_default())
    }

    /// Reads what follows a backslash.
    fn escape(&mut self) -> Result<char, Flaw> {
        let mut rest = self.rest().chars();
        let plain = match rest.next() {
            Some(same @ ('"' | '\\' | '/')) => same,
            Some('b') => '\u{8}',
            Some('f') => '\u{c}',
            Some('n') => '\n',
            Some('r') => '\r',
            Some('t') => '\t',
            Some('u') => {
                self.skip(1);
                return self.escaped_code_point();
            }
            Some(_) | None => return Err(self.flaw("a string holds an escape that JSON does not have")),
        };
        self.skip(1);
        Ok(plain)
    }

    /// Reads the digits of `\uXXXX`, and of the second half where this is a surrogate pair.
    fn escaped_code_point(&mut self) -> Result<char, Flaw> {
        let first = self.four_digits()?;
        let lone = "a string holds half a surrogate pair";
        let mut units = vec![first];
        if (0xd800..0xdc00).contains(&first) {
            if !self.take_word("\\u") {
                return Err(self.flaw(lone));
            }
            units.push(self.four_digits()?);
        }
        match char::decode_utf16(units).next() {
            Some(Ok('\0')) => Err(self.flaw("a string holds a NUL; no name, path or setting does")),
            Some(Ok(character)) => Ok(character),
            Some(Err(_)) | None => Err(self.flaw(lone)),
        }
    }

    fn four_digits(&mut self) -> Result<u16, Flaw> {
        let digits = self.rest().get(..4);
        let hexadecimal = digits.filter(|digits| digits.bytes().all(|byte| byte.is_ascii_hexdigit()));
        let Some(value) = hexadecimal.and_then(|digits| u16::from_str_radix(digits, 16).ok()) else {
            return Err(self.flaw("four hexadecimal digits belong after \\u"));
        };
        self.skip(4);
        Ok(value)
    }

    /// Reads a number by JSON's grammar and keeps its text.
    fn number(&mut self) -> Result<Json, Flaw> {
        let start = self.at;
        self.take_byte(b'-');
        if !self.take_byte(b'0') {
            self.digits()?;
        }
        if self.take_byte(b'.') {
            self.digits()?;
        }
        if self.take_byte(b'e') || self.take_byte(b'E') {
            if !self.take_byte(b'+') {
                self.take_byte(b'-');
            }
            self.digits()?;
        }
        Ok(Json::Number(match self.text.get(start..self.at).unwrap_or_default() {
            // As most are.
            "0" => SmolStr::new_static("0"),
            number => number.into(),
        }))
    }

    /// Passes over one digit or more.
    fn digits(&mut self) -> Result<(), Flaw> {
        let digits = self.rest().bytes().take_while(u8::is_ascii_digit).count();
        if digits == 0 {
            return Err(self.flaw("a number lacks a digit"));
        }
        self.skip(digits);
        Ok(())
    }

    fn word(&mut self, word: &str, value: Json) -> Result<Json, Flaw> {
        if self.take_word(word) { Ok(value) } else { Err(self.flaw("a JSON value belongs here")) }
    }

    /// The byte that is next but for space, which is passed over.
    #[inline]
    fn token(&mut self) -> Option<u8> {
        loop {
            match self.next() {
                Some(b' ' | b'\t' | b'\n' | b'\r') => self.skip(1),
                next => return next,
            }
        }
    }

    /// Passes over this byte, and space before it, if it is next.
    #[inline]
    fn take(&mut self, byte: u8) -> bool {
        self.token();
        self.take_byte(byte)
    }

    /// Passes over this byte if it is next.
    #[inline]
    fn take_byte(&mut self, byte: u8) -> bool {
        let is_next = self.next() == Some(byte);
        if is_next {
            self.skip(1);
        }
        is_next
    }

    /// Passes over this text, which begins with a quote, if it is next and stands as it is.
    #[inline]
    fn take_text(&mut self, text: &str) -> bool {
        let inner = self.text.as_bytes().get(self.at.saturating_add(1)..).unwrap_or_default();
        let is_next = inner.strip_prefix(text.as_bytes()).is_some_and(|rest| rest.first() == Some(&b'"'));
        if is_next {
            self.skip(text.len().saturating_add(2));
        }
        is_next
    }

    fn take_word(&mut self, word: &str) -> bool {
        let is_next = self.rest().starts_with(word);
        if is_next {
            self.skip(word.len());
        }
        is_next
    }

    fn expect(&mut self, byte: u8) -> Result<(), Flaw> {
        if self.take(byte) { Ok(()) } else { Err(self.lacks(byte)) }
    }

    #[cold]
    fn lacks(&self, byte: u8) -> Flaw {
        self.flaw(format!("a {} belongs here", char::from(byte)))
    }

    /// The byte that is next.
    fn next(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    /// What is still to be read.
    fn rest(&self) -> &'a str {
        self.text.get(self.at..).unwrap_or_default()
    }

    /// Passes over so many bytes, which are there, and end where a character does.
    fn skip(&mut self, bytes: usize) {
        self.at = self.at.saturating_add(bytes);
    }

    #[cold]
    fn flaw(&self, what: impl Into<Cow<'static, str>>) -> Flaw {
        Flaw::new(self.at, what)
    }
}

/// Which keys one object has, beside those that are kept.
#[derive(Default)]
struct Seen<'a> {
    /// One bit of these is that of each key: where it is not set, none is the same.
    traces: u128,
    /// Those that are not kept.
    dropped: Vec<Cow<'a, str>>,
    /// All that name no field, where they are not few: in small letters, where case does not count.
    many: BTreeSet<String>,
}

impl Seen<'_> {
    /// How many are few enough to be compared with each other.
    const FEW: usize = 64;

    /// Adds one; `false`, if it was there. Whether case counts is the same for all of an object. Those of `kept` are kept.
    #[inline]
    fn insert(
        &mut self,
        key: &str,
        field: Option<(&'static Part, &'static Field)>,
        folds: bool,
        kept: &[(Key, Json)],
    ) -> bool {
        let trace = 1_u128.wrapping_shl(trace(key));
        let may_be_there = self.traces & trace != 0;
        self.traces |= trace;
        match field {
            Some((_, field)) => !may_be_there || !kept.iter().any(|(own, _)| own.is_of(field)),
            None => self.insert_text(may_be_there, key, folds, kept),
        }
    }

    /// The same, of one that names no field.
    fn insert_text(&mut self, may_be_there: bool, key: &str, folds: bool, kept: &[(Key, Json)]) -> bool {
        let texts = || {
            let kept = kept.iter().filter_map(|(own, _)| own.as_text());
            kept.chain(self.dropped.iter().map(Cow::as_ref))
        };
        let folded = |key: &str| if folds { key.to_ascii_lowercase() } else { key.to_owned() };
        if self.many.is_empty() && texts().count() > Self::FEW {
            self.many = texts().map(folded).collect();
        }
        if !self.many.is_empty() {
            return self.many.insert(folded(key));
        }
        let is_same = |own: &str| if folds { own.eq_ignore_ascii_case(key) } else { own == key };
        !may_be_there || !texts().any(is_same)
    }
}

impl Flaw {
    fn new(at: usize, what: impl Into<Cow<'static, str>>) -> Self {
        Self(Box::new(Told { what: what.into(), at, steps: Vec::new() }))
    }

    fn under(mut self, step: Step) -> Self {
        self.0.steps.push(step);
        self
    }
}

impl fmt::Display for Flaw {
    /// `at byte 52, HostConfig.Binds[2]: …`: keys are named, values never.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Told { what, at, steps } = &*self.0;
        write!(f, "at byte {at}")?;
        for (index, step) in steps.iter().rev().enumerate() {
            match (index, step) {
                (0, _) => f.write_str(", ")?,
                (_, Step::Key(_)) => f.write_char('.')?,
                (_, Step::Index(_)) => {}
            }
            match step {
                Step::Key(key) => write_key(key, f)?,
                Step::Index(index) => write!(f, "[{index}]")?,
            }
        }
        write!(f, ": {what}")
    }
}

impl std::error::Error for Flaw {}

/// Writes a key: plain where it is a name, quoted and escaped where it is anything else.
pub(in crate::operation) fn write_key(key: &str, f: &mut impl Write) -> fmt::Result {
    let is_name =
        !key.is_empty() && key.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-".contains(&byte));
    if is_name && key.len() <= MAX_SHOWN {
        return f.write_str(key);
    }
    let end = key.char_indices().nth(MAX_SHOWN).map_or(key.len(), |(end, _)| end);
    let shown = key.get(..end).unwrap_or_default();
    let more = if end < key.len() { "…" } else { "" };
    if is_name { write!(f, "{shown}{more}") } else { write!(f, "\"{}\"{more}", shown.escape_default()) }
}

#[cfg(test)]
mod tests;
