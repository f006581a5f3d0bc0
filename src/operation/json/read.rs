//! Reading JSON, refusing whatever could be read in two ways.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::fmt::{self, Write};

use smol_str::SmolStr;

use super::expected::Keys;
use super::{Expected, Json, Key, check, scan};
use crate::operation::field::{Kind, Spot, trace};

/// The most values that one text may hold, each of which takes far more memory read than written. The largest
/// bodies of real clients have hundreds.
const MAX_VALUES: usize = 100_000;

/// How deep arrays and objects may nest. Docker's own bodies stay below ten.
const MAX_DEPTH: usize = 64;

/// How many bytes a field takes at least, where a client writes all it knows: there is room for as many, up to some.
const BYTES_OF_FIELD: usize = 32;
const MANY_FIELDS: usize = 128;

/// What is wrong with a second key that the daemon takes for the same field.
const TWICE_IN_ANY_CASE: &str = "this field stands twice (upper and lower case do not count); keep one";

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

/// Reads one value of a request, and nothing beside it.
pub(super) fn value(bytes: &[u8], expected: Expected) -> Result<Json, Flaw> {
    whole(bytes, expected, false)
}

/// Reads one value that the daemon has written, and nothing beside it. Whoever makes a thing may have labels with NUL in
/// them by ways that do not lead past dockgate.
pub(super) fn shown(bytes: &[u8]) -> Result<Json, Flaw> {
    whole(bytes, Expected::Names, true)
}

fn whole(bytes: &[u8], expected: Expected, takes_nul: bool) -> Result<Json, Flaw> {
    let text = str::from_utf8(bytes).map_err(|error| Flaw::new(error.valid_up_to(), "this is not UTF-8"))?;
    let mut reader = Reader {
        text,
        rest: text,
        levels: MAX_DEPTH,
        values: MAX_VALUES,
        takes_nul,
        fields: Vec::with_capacity((text.len() / BYTES_OF_FIELD).min(MANY_FIELDS)),
        items: Vec::new(),
    };
    let value = reader.value(expected)?;
    match reader.token() {
        None => Ok(value),
        Some(_) => Err(reader.flaw("something follows the value; send one value only")),
    }
}

/// What a key is.
enum Named<'a> {
    /// The name of a field.
    Field(Spot),
    /// Any other text.
    Other(Cow<'a, str>),
}

struct Reader<'a> {
    text: &'a str,
    /// What of it is still to be read.
    rest: &'a str,
    /// How many levels deeper it may nest.
    levels: usize,
    /// How many values more it may hold.
    values: usize,
    /// Whether NUL may stand in strings.
    takes_nul: bool,
    /// The fields so far of the objects that are not over, the innermost's last.
    fields: Vec<(Key, Json)>,
    /// The elements so far of the arrays that are not over.
    items: Vec<Json>,
}

impl<'a> Reader<'a> {
    /// Reads a value.
    fn value(&mut self, expected: Expected) -> Result<Json, Flaw> {
        let next = self.token();
        let start = self.at();
        let Some(values) = self.values.checked_sub(1) else {
            return Err(self.flaw(format!("there are more than {MAX_VALUES} values")));
        };
        self.values = values;
        let value = match next {
            Some(b'"') => {
                let text = self.string()?;
                // Many are empty.
                Json::String(if text.is_empty() { SmolStr::default() } else { text.into() })
            }
            Some(b'-' | b'0'..=b'9') => self.number()?,
            Some(b't') => self.word("true", Json::Bool(true))?,
            Some(b'f') => self.word("false", Json::Bool(false))?,
            Some(b'n') => self.word("null", Json::Null)?,
            Some(bracket @ (b'{' | b'[')) => {
                let Some(levels) = self.levels.checked_sub(1) else {
                    return Err(self.flaw(format!("arrays and objects nest deeper than {MAX_DEPTH} levels")));
                };
                self.levels = levels;
                let value = if bracket == b'{' { self.object(expected)? } else { self.array(expected)? };
                self.levels = levels.saturating_add(1);
                value
            }
            Some(_) => return Err(self.flaw("a JSON value belongs here")),
            None => return Err(self.flaw("the text ends where a JSON value belongs")),
        };
        match expected {
            Expected::Kind(kind) => check::fit(value, kind).map_err(|what| Flaw::new(start, what)),
            Expected::Unknown | Expected::Names => Ok(value),
        }
    }

    fn object(&mut self, expected: Expected) -> Result<Json, Flaw> {
        let keys = expected.keys();
        let first = self.fields.len();
        let mut seen = Seen::default();
        let mut ahead = None;
        self.take("{");
        if self.take_token("}") {
            return Ok(Json::Object(Vec::new()));
        }
        loop {
            if self.token() != Some(b'"') {
                return Err(self.flaw("a key in double quotes belongs here"));
            }
            let start = self.at();
            match self.key(keys, ahead)? {
                Named::Field(spot) => {
                    if !seen.fields.insert(spot.number) {
                        return Err(self.flaw_of_key(start, TWICE_IN_ANY_CASE));
                    }
                    let value = self.member(start, Expected::Kind(&spot.field.kind))?;
                    self.fields.push((Key::Field(spot.part, spot.field), value));
                    ahead = spot.next();
                }
                Named::Other(key) => self.other_member(start, &key, keys, first, &mut seen)?,
            }
            if self.is_over("}")? {
                return Ok(Json::Object(self.fields.split_off(first)));
            }
        }
    }

    /// Reads what follows a key that names no field.
    #[inline(never)]
    fn other_member(
        &mut self,
        start: usize,
        key: &str,
        keys: Keys,
        first: usize,
        seen: &mut Seen,
    ) -> Result<(), Flaw> {
        let folds = keys.fold();
        if folds && !key.is_ascii() {
            let what = "the name of a field holds a character beyond ASCII; no Docker field does";
            return Err(self.flaw_of_key(start, what));
        }
        if !seen.insert(key, folds, self.fields.get(first..).unwrap_or_default()) {
            let what = if folds { TWICE_IN_ANY_CASE } else { "this key stands twice; keep one" };
            return Err(self.flaw_of_key(start, what));
        }
        let value = self.member(start, keys.below())?;
        // A field that nobody knows does nothing at its zero value: it is as if it were not there.
        if matches!(keys, Keys::Fields(_)) && value.is_all_zero() {
            seen.dropped.push(key.into());
        } else {
            self.fields.push((key.into(), value));
        }
        Ok(())
    }

    /// Reads the value of the key that begins here.
    #[inline]
    fn member(&mut self, start: usize, expected: Expected) -> Result<Json, Flaw> {
        if !self.take_token(":") {
            return Err(self.flaw("a : belongs here"));
        }
        match self.value(expected) {
            Ok(value) => Ok(value),
            Err(flaw) => Err(self.under_key(start, flaw)),
        }
    }

    /// Reads a key, and finds the field that it names. Most clients write the fields in the order of the daemon's structs,
    /// which is that of the table, so it is likely the one that is `ahead` there.
    #[inline]
    fn key(&mut self, keys: Keys, ahead: Option<Spot>) -> Result<Named<'a>, Flaw> {
        if let Some(spot) = ahead
            && self.take_quoted(spot.field.name)
        {
            return Ok(Named::Field(spot));
        }
        let key = self.string()?;
        Ok(keys.find(&key).map_or(Named::Other(key), Named::Field))
    }

    fn array(&mut self, expected: Expected) -> Result<Json, Flaw> {
        let inner = match expected {
            Expected::Kind(Kind::List(inner)) => Expected::Kind(inner),
            Expected::Kind(Kind::StrSlice) => Expected::Kind(&Kind::Text),
            Expected::Names => Expected::Names,
            // Where it is of the wrong kind, that is said of the whole.
            Expected::Kind(_) | Expected::Unknown => Expected::Unknown,
        };
        let start = self.items.len();
        self.take("[");
        if self.take_token("]") {
            return Ok(Json::Array(Vec::new()));
        }
        loop {
            let index = self.items.len().saturating_sub(start);
            let item = self.value(inner).map_err(|flaw| flaw.under(Step::Index(index)))?;
            self.items.push(item);
            if self.is_over("]")? {
                return Ok(Json::Array(self.items.split_off(start)));
            }
        }
    }

    #[inline]
    fn string(&mut self) -> Result<Cow<'a, str>, Flaw> {
        self.take("\"");
        let plain = self.plain()?;
        if self.take("\"") { Ok(Cow::Borrowed(plain)) } else { self.escaped(plain).map(Cow::Owned) }
    }

    /// Reads on in a string that began with what stands for itself.
    #[cold]
    fn escaped(&mut self, plain: &str) -> Result<String, Flaw> {
        let mut string = plain.to_owned();
        loop {
            if !self.take("\\") {
                return Err(self.flaw("a string holds a raw control character; escape it"));
            }
            string.push(self.escape()?);
            string.push_str(self.plain()?);
            if self.take("\"") {
                return Ok(string);
            }
        }
    }

    /// Reads what of a string stands for itself.
    #[inline]
    fn plain(&mut self) -> Result<&'a str, Flaw> {
        let found = scan::find(self.rest.as_bytes(), scan::is_special);
        let Some((plain, rest)) = found.and_then(|bytes| self.rest.split_at_checked(bytes)) else {
            return Err(self.flaw("a string has no end"));
        };
        self.rest = rest;
        Ok(plain)
    }

    /// Reads what follows a backslash.
    fn escape(&mut self) -> Result<char, Flaw> {
        let plain = match self.rest.as_bytes().first() {
            Some(same @ (b'"' | b'\\' | b'/')) => char::from(*same),
            Some(b'b') => '\u{8}',
            Some(b'f') => '\u{c}',
            Some(b'n') => '\n',
            Some(b'r') => '\r',
            Some(b't') => '\t',
            Some(b'u') => {
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
            if !self.take("\\u") {
                return Err(self.flaw(lone));
            }
            units.push(self.four_digits()?);
        }
        match char::decode_utf16(units).next() {
            Some(Ok('\0')) if !self.takes_nul => {
                Err(self.flaw("a string holds a NUL; no name, path or setting does"))
            }
            Some(Ok(character)) => Ok(character),
            Some(Err(_)) | None => Err(self.flaw(lone)),
        }
    }

    fn four_digits(&mut self) -> Result<u16, Flaw> {
        let digits = self.rest.get(..4);
        let hexadecimal = digits.filter(|digits| digits.bytes().all(|byte| byte.is_ascii_hexdigit()));
        let Some(value) = hexadecimal.and_then(|digits| u16::from_str_radix(digits, 16).ok()) else {
            return Err(self.flaw("four hexadecimal digits belong after \\u"));
        };
        self.skip(4);
        Ok(value)
    }

    /// Reads a number by JSON's grammar and keeps its text.
    #[inline]
    fn number(&mut self) -> Result<Json, Flaw> {
        let start = self.rest;
        self.take("-");
        if !self.take("0") {
            self.digits()?;
        }
        if self.take(".") {
            self.digits()?;
        }
        if self.take("e") || self.take("E") {
            if !self.take("+") {
                self.take("-");
            }
            self.digits()?;
        }
        let length = start.len().saturating_sub(self.rest.len());
        Ok(Json::Number(match start.get(..length).unwrap_or_default() {
            // As most are.
            "0" => SmolStr::new_static("0"),
            number => number.into(),
        }))
    }

    /// Passes over one digit or more.
    fn digits(&mut self) -> Result<(), Flaw> {
        let digits = self.rest.bytes().take_while(u8::is_ascii_digit).count();
        if digits == 0 {
            return Err(self.flaw("a number lacks a digit"));
        }
        self.skip(digits);
        Ok(())
    }

    #[inline]
    fn word(&mut self, word: &str, value: Json) -> Result<Json, Flaw> {
        if self.take(word) { Ok(value) } else { Err(self.flaw("a JSON value belongs here")) }
    }

    /// The byte that is next but for space, which is passed over.
    #[inline]
    fn token(&mut self) -> Option<u8> {
        self.take_space();
        self.rest.as_bytes().first().copied()
    }

    /// Passes over space, if there is any.
    #[inline]
    fn take_space(&mut self) -> bool {
        let is_next = self.rest.as_bytes().first().is_some_and(|byte| *byte <= b' ');
        if is_next {
            self.skip_space();
        }
        is_next
    }

    /// The same, where it is likely: most clients write none, and what reads on is shorter without it.
    #[inline(never)]
    fn skip_space(&mut self) {
        let is_space = |byte: &u8| matches!(byte, b' ' | b'\t' | b'\n' | b'\r');
        self.skip(self.rest.bytes().take_while(is_space).count());
    }

    /// Passes over this text if it is next.
    #[inline]
    fn take(&mut self, text: &str) -> bool {
        self.pass(self.rest.strip_prefix(text))
    }

    /// Passes over this text in quotes, if it is next and stands as it is.
    #[inline]
    fn take_quoted(&mut self, text: &str) -> bool {
        let inner = self.rest.strip_prefix('"').and_then(|rest| rest.strip_prefix(text));
        self.pass(inner.and_then(|rest| rest.strip_prefix('"')))
    }

    /// Passes over what stands before this rest, if there is one.
    #[inline]
    fn pass(&mut self, rest: Option<&'a str>) -> bool {
        if let Some(rest) = rest {
            self.rest = rest;
        }
        rest.is_some()
    }

    /// Passes over the comma behind a member, or what ends them all.
    #[inline]
    fn is_over(&mut self, end: &str) -> Result<bool, Flaw> {
        if self.take_token(",") {
            Ok(false)
        } else if self.take(end) {
            Ok(true)
        } else {
            Err(self.flaw("a , belongs here"))
        }
    }

    /// Passes over this text, and space before it, if it is next.
    #[inline]
    fn take_token(&mut self, text: &str) -> bool {
        self.take(text) || self.take_space() && self.take(text)
    }

    /// Passes over so many bytes, which are there, and end where a character does.
    #[inline]
    fn skip(&mut self, bytes: usize) {
        self.rest = self.rest.get(bytes..).unwrap_or_default();
    }

    /// How much of the text was read: up to here, where a character begins.
    #[inline]
    fn at(&self) -> usize {
        self.text.len().wrapping_sub(self.rest.len())
    }

    /// What is wrong with what is next.
    #[cold]
    fn flaw(&self, what: impl Into<Cow<'static, str>>) -> Flaw {
        Flaw::new(self.at(), what)
    }

    /// What is wrong with the key that begins here.
    #[cold]
    fn flaw_of_key(&mut self, start: usize, what: &'static str) -> Flaw {
        self.under_key(start, Flaw::new(start, what))
    }

    /// A flaw below the key that begins here, which is read once more.
    #[cold]
    fn under_key(&mut self, start: usize, flaw: Flaw) -> Flaw {
        self.rest = self.text.get(start..).unwrap_or_default();
        flaw.under(Step::Key(self.string().unwrap_or_default().into_owned()))
    }
}

/// Which keys one object has, beside those that are kept.
#[derive(Default)]
struct Seen {
    /// The fields.
    fields: Marks,
    /// The traces of all other keys: where one is not there, none is the same.
    traces: Marks,
    /// Those that are not kept.
    dropped: Vec<Key>,
    /// All that name no field, where they are not few: in small letters, where case does not count.
    many: Option<BTreeSet<String>>,
}

impl Seen {
    /// How many are few enough to be compared with each other.
    const FEW: usize = 64;

    /// Adds a key that names no field; `false`, if it was there. Whether case counts is the same for all of an object.
    /// Those of `kept` are kept.
    #[inline(never)]
    fn insert(&mut self, key: &str, folds: bool, kept: &[(Key, Json)]) -> bool {
        let is_new = self.traces.insert(trace(key));
        let texts = || {
            let kept = kept.iter().map(|(key, _)| key);
            kept.chain(&self.dropped).filter_map(Key::as_text)
        };
        let folded = |key: &str| if folds { key.to_ascii_lowercase() } else { key.to_owned() };
        if self.many.is_none() && texts().count() > Self::FEW {
            self.many = Some(texts().map(folded).collect());
        }
        if let Some(many) = &mut self.many {
            return many.insert(folded(key));
        }
        let is_same = |own: &str| if folds { own.eq_ignore_ascii_case(key) } else { own == key };
        is_new || !texts().any(is_same)
    }
}

/// A set of numbers below 128.
struct Marks([bool; 128]);

impl Default for Marks {
    fn default() -> Self {
        Self([false; 128])
    }
}

impl Marks {
    /// Adds one; `false`, if it was there, or cannot be.
    #[inline]
    fn insert(&mut self, number: usize) -> bool {
        self.0.get_mut(number).is_some_and(|mark| !std::mem::replace(mark, true))
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
