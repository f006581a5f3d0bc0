//! An answer, cut into the units that are judged one by one, wherever its pieces begin and end.

use std::ops::ControlFlow;

use super::unit::{Glanced, Show, Shown};
use super::{Step, Unexpected};
use crate::operation::json::place::{self, Search};

/// The most that one unit may take, since it is held in memory: of a list or stream one thing, of anything else the whole
/// answer. A larger thing is left out: whoever makes one must not take the rest from others.
pub(super) const MAX_ELEMENT_BYTES: usize = 4 * 1024 * 1024;
const MAX_WHOLE_BYTES: usize = 64 * 1024 * 1024;

/// How much of a piece is gathered, at least, to complete what was begun.
const GATHERED_BYTES: usize = 4 * 1024;

/// RFC 7464: what stands before each text of a JSON sequence.
const RECORD_SEPARATOR: u8 = 0x1e;

/// How an answer is made of units.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Layout {
    /// It is one.
    Whole,
    /// It is an array of objects, each of which is one.
    List,
    /// It is an object, and what stands in it under this key is such a list.
    ListIn(&'static str),
    /// Objects follow each other, each on a line of its own or as a JSON sequence.
    Sequence,
}

/// Where in an answer the splitter is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    /// In front of the object that the list stands in.
    Around,
    /// In front of it.
    Before,
    /// In front of the first element of the list, or of its end.
    First,
    /// Behind a comma.
    Next,
    /// Behind an element.
    Behind,
    /// Behind it all.
    After,
}

/// Cuts an answer.
#[derive(Debug)]
pub(super) struct Splitter {
    layout: Layout,
    place: Place,
    /// What came and is not passed on; of a list, an element that is not all there.
    pub(super) buffer: Vec<u8>,
    /// What stands before the unit that comes next begins here, in the text that is gone over.
    start: usize,
    /// How much of the text was gone over.
    at: usize,
    search: Search,
    /// Whether the unit that was begun is too large: what came of it is left behind.
    is_too_large: bool,
    /// What stands before the first element of a list.
    lead: Vec<u8>,
    /// Whether an element of the list was passed on.
    has_passed: bool,
    /// How many more of them are, at most.
    left: Option<usize>,
    is_over: bool,
}

impl Splitter {
    /// Cuts an answer made so; of a list no more than `limit` elements are passed on.
    pub(super) fn new(layout: Layout, limit: Option<usize>) -> Self {
        let place = if matches!(layout, Layout::ListIn(_)) { Place::Around } else { Place::Before };
        Self {
            layout,
            place,
            buffer: Vec::new(),
            start: 0,
            at: 0,
            search: Search::default(),
            is_too_large: false,
            lead: Vec::new(),
            has_passed: false,
            left: limit,
            is_over: false,
        }
    }

    /// Goes as far as a piece of the answer, cut anywhere, allows.
    pub(super) fn feed(
        &mut self,
        mut piece: &[u8],
        out: &mut Vec<u8>,
        show: &mut impl Show,
    ) -> Result<Step, Unexpected> {
        if matches!(self.layout, Layout::Whole | Layout::Sequence) {
            self.buffer.extend_from_slice(piece);
            return self.step(out, show);
        }
        // As much is gathered as completes what was begun; the rest is gone over where it stands.
        while !self.buffer.is_empty() && !piece.is_empty() {
            let begun = self.buffer.len();
            let (more, rest) = piece.split_at_checked(begun.max(GATHERED_BYTES)).unwrap_or((piece, &[]));
            self.buffer.extend_from_slice(more);
            let step = self.step(out, show)?;
            if step != Step::Starved {
                self.buffer.extend_from_slice(rest);
                return Ok(step);
            }
            // What is left of what was gathered can be gone over where it stands as well.
            let left = self.buffer.len();
            if left <= more.len() {
                piece = piece.get(more.len().saturating_sub(left)..).unwrap_or_default();
                self.buffer.clear();
            } else {
                piece = rest;
            }
        }
        let step = self.go_over(piece, out, show);
        self.buffer.extend_from_slice(piece.get(self.start..).unwrap_or_default());
        self.leave_behind();
        step
    }

    pub(super) fn end(&mut self) {
        self.is_over = true;
    }

    /// Goes as far as what has come allows.
    pub(super) fn step(&mut self, out: &mut Vec<u8>, show: &mut impl Show) -> Result<Step, Unexpected> {
        let mut text = std::mem::take(&mut self.buffer);
        let step = self.go_over(&text, out, show);
        text.drain(..self.start.min(text.len()));
        self.buffer = text;
        self.leave_behind();
        step
    }

    fn go_over(&mut self, text: &[u8], out: &mut Vec<u8>, show: &mut impl Show) -> Result<Step, Unexpected> {
        loop {
            let step = match self.layout {
                Layout::Whole => Some(self.whole(text, out, show)?),
                Layout::List | Layout::ListIn(_) => self.list(text, out, show)?,
                Layout::Sequence => self.sequence(text, out, show)?,
            };
            if let Some(step) = step {
                return Ok(step);
            }
        }
    }

    /// The text that is gone over next begins with what was not passed on of this one.
    fn leave_behind(&mut self) {
        self.at = self.at.saturating_sub(self.start);
        self.start = 0;
    }

    fn whole(&mut self, text: &[u8], out: &mut Vec<u8>, show: &mut impl Show) -> Result<Step, Unexpected> {
        if text.len() > MAX_WHOLE_BYTES {
            return Err(Unexpected::TOO_LARGE);
        }
        if self.place == Place::After {
            return Ok(Step::Done);
        }
        if !self.is_over {
            return Ok(Step::Starved);
        }
        let unit = place::trim(text);
        let space = text.len().saturating_sub(unit.len());
        let lead = text.iter().take(space).take_while(|byte| byte.is_ascii_whitespace()).count();
        let start = out.len();
        out.extend_from_slice(text.get(..lead).unwrap_or_default());
        match show.show(unit, out)? {
            Shown::Yes => {
                out.extend_from_slice(text.get(lead.saturating_add(unit.len())..).unwrap_or_default());
                self.place = Place::After;
                Ok(Step::Done)
            }
            Shown::No => Err(Unexpected::NOT_JSON),
            Shown::NotYet(look_up) => {
                out.truncate(start);
                Ok(Step::Ask(look_up))
            }
        }
    }

    /// One step in a list; none where the next can be taken.
    fn list(
        &mut self,
        text: &[u8],
        out: &mut Vec<u8>,
        show: &mut impl Show,
    ) -> Result<Option<Step>, Unexpected> {
        match (self.layout, self.place) {
            (Layout::ListIn(key), Place::Around) => return self.around(key, text, out),
            (Layout::ListIn(key), Place::After) => return self.behind_list(key, text, out).map(Some),
            _ if self.is_too_large => return self.element(text, out, show),
            _ => {}
        }
        self.skip(text, |byte| matches!(byte, b' ' | b'\t' | b'\n' | b'\r'));
        let Some(&next) = text.get(self.at) else {
            return match (self.is_over, self.place) {
                (false, _) => Ok(Some(Step::Starved)),
                (true, Place::After) => {
                    self.pass(text, out);
                    Ok(Some(Step::Done))
                }
                (true, Place::Around | Place::Before | Place::First | Place::Next | Place::Behind) => {
                    Err(Unexpected::NOT_JSON)
                }
            };
        };
        match (self.place, next) {
            (Place::Before, b'[') => {
                self.at = self.at.saturating_add(1);
                self.pass(text, out);
                self.place = Place::First;
            }
            // Some lists are null when there is nothing in them.
            (Place::Before, b'n') => {
                match text.get(self.at..).unwrap_or_default() {
                    rest if rest.starts_with(b"null") => self.at = self.at.saturating_add(4),
                    rest if b"null".starts_with(rest) && !self.is_over => return Ok(Some(Step::Starved)),
                    _ => return Err(Unexpected::NOT_JSON),
                }
                self.place = Place::After;
            }
            (Place::First | Place::Behind, b']') => {
                self.at = self.at.saturating_add(1);
                self.pass(text, out);
                self.place = Place::After;
            }
            (Place::Behind, b',') => {
                self.at = self.at.saturating_add(1);
                self.place = Place::Next;
            }
            (Place::First | Place::Next, b'{') => return self.element(text, out, show),
            (
                Place::Around | Place::Before | Place::First | Place::Next | Place::Behind | Place::After,
                _,
            ) => {
                return Err(Unexpected::NOT_JSON);
            }
        }
        Ok(None)
    }

    /// In front of an object with a list in it: goes up to the list.
    fn around(&mut self, key: &str, text: &[u8], out: &mut Vec<u8>) -> Result<Option<Step>, Unexpected> {
        self.skip(text, |byte| byte.is_ascii_whitespace());
        let rest = text.get(self.at..).unwrap_or_default();
        match place::start_of_member(place::trim(rest), key) {
            Ok(Some(start)) => {
                self.at = self.at.saturating_add(start);
                self.place = Place::Before;
                Ok(None)
            }
            // There is none in it.
            Ok(None) if self.is_over => Ok(Some(self.finish(text, out))),
            Ok(None) | Err(_) => self.starve(rest).map(Some),
        }
    }

    /// Behind a list in an object: keeps what is left of that until it is all there.
    fn behind_list(&mut self, key: &str, text: &[u8], out: &mut Vec<u8>) -> Result<Step, Unexpected> {
        let rest = text.get(self.at..).unwrap_or_default();
        if !self.is_over {
            return self.starve(rest);
        }
        let object = [format!("{{\"{key}\":null").as_bytes(), place::trim(rest)].concat();
        let mut lists = 0_usize;
        place::members(&object, |own, _| {
            lists = lists.saturating_add(usize::from(own == key));
            ControlFlow::Continue(())
        })?;
        if lists == 1 { Ok(self.finish(text, out)) } else { Err(Unexpected::NOT_JSON) }
    }

    /// Waits for more than this, which cannot be passed on before.
    fn starve(&self, rest: &[u8]) -> Result<Step, Unexpected> {
        match rest.len() {
            _ if self.is_over => Err(Unexpected::NOT_JSON),
            ..=MAX_ELEMENT_BYTES => Ok(Step::Starved),
            _ => Err(Unexpected::TOO_LARGE),
        }
    }

    /// Passes on all that is left of an object with a list in it. What there was of the list was taken for one.
    fn finish(&mut self, text: &[u8], out: &mut Vec<u8>) -> Step {
        self.at = text.len();
        self.pass(text, out);
        (self.layout, self.place) = (Layout::List, Place::After);
        Step::Done
    }

    fn element(
        &mut self,
        text: &[u8],
        out: &mut Vec<u8>,
        show: &mut impl Show,
    ) -> Result<Option<Step>, Unexpected> {
        let rest = text.get(self.at..).unwrap_or_default();
        if self.place == Place::First && !self.is_too_large {
            self.lead = text.get(self.start..self.at).unwrap_or_default().to_vec();
        }
        // What was too short for a glance is not glanced at again until its end is there.
        let mut glanced = if self.search == Search::default() { show.glance(rest) } else { None };
        let length = match glanced {
            Some(Glanced { length, is_shown: _ }) => Some(length),
            None => self.end_of_object(text)?,
        };
        let Some(length) = length else {
            return Ok(Some(Step::Starved));
        };
        let before = text.get(self.start..self.at).unwrap_or_default();
        let end = self.at.saturating_add(length);
        if self.is_too_large {
            show.leave_out(Unexpected::TOO_LARGE);
            self.go_on(end);
            self.place = Place::Behind;
            return Ok(None);
        }
        let unit = text.get(self.at..end).unwrap_or_default();
        if self.search != Search::default() {
            glanced = show.glance(unit);
        }
        let start = out.len();
        // Without the comma, until there is something in front of it.
        out.extend_from_slice(if self.has_passed { before } else { &self.lead });
        let shown = match glanced {
            _ if self.left == Some(0) => Shown::No,
            Some(Glanced { length: _, is_shown: false }) => Shown::No,
            Some(Glanced { length: _, is_shown: true }) => {
                out.extend_from_slice(unit);
                Shown::Yes
            }
            None => show_readable(unit, out, show),
        };
        match shown {
            Shown::Yes => {
                self.has_passed = true;
                self.left = self.left.map(|left| left.saturating_sub(1));
            }
            Shown::No => out.truncate(start),
            Shown::NotYet(look_up) => {
                out.truncate(start);
                return Ok(Some(Step::Ask(look_up)));
            }
        }
        self.go_on(end);
        self.place = Place::Behind;
        Ok(None)
    }

    /// One step in a sequence. An object is passed on with its line end: who reads lines waits for that.
    fn sequence(
        &mut self,
        text: &[u8],
        out: &mut Vec<u8>,
        show: &mut impl Show,
    ) -> Result<Option<Step>, Unexpected> {
        if !self.is_too_large {
            self.skip(text, |byte| matches!(byte, b' ' | b'\t' | b'\n' | b'\r' | RECORD_SEPARATOR));
            match text.get(self.at) {
                None if self.is_over => {
                    self.pass(text, out);
                    return Ok(Some(Step::Done));
                }
                None => return Ok(Some(Step::Starved)),
                Some(b'{') => {}
                Some(_) => return Err(Unexpected::NOT_JSON),
            }
        }
        let Some(length) = self.end_of_object(text)? else {
            return Ok(Some(Step::Starved));
        };
        let end = self.at.saturating_add(length);
        let behind = text.get(end..).unwrap_or_default();
        let line_end = behind.iter().position(|byte| !matches!(byte, b' ' | b'\t' | b'\r'));
        let behind = match line_end {
            None if self.is_over => behind.len(),
            None => return Ok(Some(Step::Starved)),
            Some(at) => at.saturating_add(usize::from(behind.get(at) == Some(&b'\n'))),
        };
        let next = end.saturating_add(behind);
        if self.is_too_large {
            show.leave_out(Unexpected::TOO_LARGE);
            self.go_on(next);
            return Ok(None);
        }
        let start = out.len();
        out.extend_from_slice(text.get(self.start..self.at).unwrap_or_default());
        match show_readable(text.get(self.at..end).unwrap_or_default(), out, show) {
            Shown::Yes => out.extend_from_slice(text.get(end..next).unwrap_or_default()),
            Shown::No => out.truncate(start),
            Shown::NotYet(look_up) => {
                out.truncate(start);
                return Ok(Some(Step::Ask(look_up)));
            }
        }
        self.go_on(next);
        Ok(None)
    }

    /// Leaves a unit behind.
    fn go_on(&mut self, next: usize) {
        self.search = Search::default();
        self.is_too_large = false;
        self.at = next;
        self.start = next;
    }

    /// The length of the object that is begun, once its end is there. What is too large is left behind as it comes.
    fn end_of_object(&mut self, text: &[u8]) -> Result<Option<usize>, Unexpected> {
        let rest = text.get(self.at..).unwrap_or_default();
        // Where the end is found it may be looked for again: when what is asked about the object is known.
        let mut search = self.search;
        let length = search.end_of_object(rest);
        if length.is_none() && self.is_over {
            return Err(Unexpected::NOT_JSON);
        }
        self.is_too_large |= length.unwrap_or(rest.len()) > MAX_ELEMENT_BYTES;
        if length.is_none() {
            if self.is_too_large {
                self.at = self.at.saturating_add(search.leave_behind());
                self.start = self.at;
            }
            self.search = search;
        }
        Ok(length)
    }

    /// Passes on all that was gone over.
    fn pass(&mut self, text: &[u8], out: &mut Vec<u8>) {
        out.extend_from_slice(text.get(self.start..self.at).unwrap_or_default());
        self.start = self.at;
    }

    fn skip(&mut self, text: &[u8], is_space: impl Fn(u8) -> bool) {
        let rest = text.get(self.at..).unwrap_or_default();
        let count = rest.iter().take_while(|&&byte| is_space(byte)).count();
        self.at = self.at.saturating_add(count);
    }
}

/// Shows a unit; one that cannot be read is left out.
fn show_readable(unit: &[u8], out: &mut Vec<u8>, show: &mut impl Show) -> Shown {
    show.show(unit, out).unwrap_or_else(|why| {
        show.leave_out(why);
        Shown::No
    })
}
