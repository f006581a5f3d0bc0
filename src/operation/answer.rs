//! What a client gets to see of an answer: of the things in it those that its permit admits, and of these what is not
//! redacted.
//!
//! A [`Reader`] is fed the daemon's answer piece by piece and gives out what the client may see. What stays is copied
//! byte for byte. Where it takes more than the answer tells, it asks for a [`LookUp`]. An answer that is not of the
//! form that is expected is never let through as it is; of a list or an event stream, what cannot be read is left out.
//!
//! Whoever may see a thing sees all that it is made of: the names of the networks, volumes and secrets that it uses as
//! well. Who else uses *it* is another thing's business: a network shows only those of its containers that the client
//! may see.

mod event;
mod form;
mod look_up;
mod network;
mod split;
mod unit;
mod usage;

use std::fmt;
use std::rc::Rc;

use super::json::place::Misplaced;
use super::redaction::{Redaction, Shape};
use super::table::Endpoint;
use super::thing::{Thing, ThingKind};
use super::{Json, Operation};
use form::Form;
use look_up::Known;
pub use look_up::LookUp;
use split::Splitter;
use unit::{Glanced, Show, Shown, View};

/// What a client may see of a thing: nothing, or all but what is redacted.
pub type Sight = Rc<dyn Fn(&Thing) -> Option<Redaction>>;

/// Under what terms a client gets to see an answer.
#[derive(Clone, Default)]
pub struct Terms {
    /// What it may see of each thing that the answer lists; without it, all things with what is redacted below.
    pub sight: Option<Sight>,
    /// What is redacted in an answer that is no list.
    pub redaction: Redaction,
    /// How many things it may see of a list, at most.
    pub limit: Option<usize>,
}

/// What passes an answer on as far as the client may see it.
pub struct Reader {
    form: Form,
    view: View,
    splitter: Splitter,
    known: Known,
}

/// The units of an answer, with what is known of them.
struct Units<'a> {
    form: Form,
    view: &'a View,
    known: &'a mut Known,
}

/// How far a reader has come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// It must be told this first, by [`Reader::learn`].
    Ask(LookUp),
    /// It has passed on what there was; it wants more of the answer.
    Starved,
    /// The answer is over.
    Done,
}

/// Why an answer is withheld: it is not what the daemon answers there, as far as dockgate knows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unexpected(&'static str);

impl Terms {
    /// What passes on the answer to this operation. None: nothing in it falls under these terms, so that it may be
    /// copied.
    #[must_use]
    pub fn reader(&self, operation: &Operation) -> Option<Reader> {
        let mut form = Form::of(operation.endpoint())?;
        // Without arguments of the client's, `ps` prints no environment.
        if form == Form::Other(Shape::Top) && operation.query().get("ps_args").is_none() {
            form = Form::Other(Shape::Other);
        }
        self.read(form)
    }

    fn read(&self, form: Form) -> Option<Reader> {
        let sight = self.sight.clone().filter(|_| form.has_things());
        if sight.is_none() && form.shapes().into_iter().all(|shape| self.redaction.of(shape).is_none()) {
            return None;
        }
        let view = View::new(sight, self.redaction.clone());
        Some(Reader {
            form,
            view,
            splitter: Splitter::new(form.layout(), self.limit),
            known: Known::default(),
        })
    }
}

/// What kind of thing the answer of an endpoint is about, of those that show things. None: whatever the daemon has, or
/// none.
#[must_use]
pub fn listed_kind(endpoint: &Endpoint) -> Option<ThingKind> {
    Form::of(endpoint).and_then(Form::kind)
}

impl Reader {
    /// What passes on an error in place of the answer. None: it may be copied.
    #[must_use]
    pub fn of_error(self) -> Option<Self> {
        let terms = Terms { redaction: self.view.redaction, ..Terms::default() };
        // It repeats a cell of the table in which the daemon finds no number.
        if self.form == Form::Other(Shape::Top) { terms.read(Form::Other(Shape::ErrorOfTop)) } else { None }
    }

    /// Whether the answer goes on for as long as the client likes, so that what there is must be passed on at once.
    #[must_use]
    pub fn is_live(&self) -> bool {
        self.form == Form::Events
    }

    /// How many bytes of the answer are kept until more has come.
    #[must_use]
    pub fn kept_bytes(&self) -> usize {
        self.splitter.buffer.len()
    }

    /// Passes on what may be seen of a piece of the answer, cut anywhere, behind what is in `out`; the rest of it is kept.
    ///
    /// # Errors
    ///
    /// As [`Reader::step`].
    pub fn feed(&mut self, piece: &[u8], out: &mut Vec<u8>) -> Result<Step, Unexpected> {
        let Self { form, view, splitter, known } = self;
        splitter.feed(piece, out, &mut Units { form: *form, view, known })
    }

    /// Says that the answer has come to its end.
    pub fn end(&mut self) {
        self.splitter.end();
    }

    /// Passes on what was kept so far, behind what is in `out`.
    ///
    /// # Errors
    ///
    /// When the answer is not what was expected. What was passed on before may be shown, no more of it.
    pub fn step(&mut self, out: &mut Vec<u8>) -> Result<Step, Unexpected> {
        let Self { form, view, splitter, known } = self;
        splitter.step(out, &mut Units { form: *form, view, known })
    }

    /// Why something in the answer was left out since this was asked last, if anything was: a thing, or an event, that is
    /// too large or cannot be read. What else there is goes on.
    pub fn left_out(&mut self) -> Option<Unexpected> {
        self.view.left_out()
    }

    /// Takes down that what the daemon answered cannot be read. Fewer things are asked about at once; a single one is
    /// hidden.
    pub fn miss(&mut self, look_up: &LookUp) {
        self.known.miss(look_up);
    }

    /// Takes down what the daemon answered, or none where there is no such thing.
    ///
    /// # Errors
    ///
    /// When the answer is not what was expected.
    pub fn learn(&mut self, look_up: &LookUp, answer: Option<&Json>) -> Result<(), Unexpected> {
        match &self.view.sight {
            Some(sight) => self.known.add(look_up, answer, sight),
            None => Ok(()),
        }
    }
}

impl Show for Units<'_> {
    fn glance(&self, text: &[u8]) -> Option<Glanced> {
        self.form.glance(text, self.view)
    }

    fn show(&mut self, unit: &[u8], out: &mut Vec<u8>) -> Result<Shown, Unexpected> {
        let shown = self.form.show(unit, self.view, self.known, out);
        if !matches!(shown, Ok(Shown::NotYet(_))) {
            self.known.clear();
        }
        shown
    }

    fn leave_out(&mut self, why: Unexpected) {
        self.view.leave_out(why);
    }
}

impl Unexpected {
    const NOT_JSON: Self = Self("it is not the JSON that belongs there");
    const NO_THING: Self = Self("it shows a thing without the fields that say what it is");
    const TOO_LARGE: Self = Self("one thing in it is larger than dockgate reads");
}

impl From<Misplaced> for Unexpected {
    fn from(_: Misplaced) -> Self {
        Self::NOT_JSON
    }
}

impl fmt::Display for Unexpected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

impl std::error::Error for Unexpected {}

impl fmt::Debug for Terms {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Terms")
            .field("narrows", &self.sight.is_some())
            .field("redaction", &self.redaction)
            .field("limit", &self.limit)
            .finish()
    }
}

impl fmt::Debug for Reader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reader").field("form", &self.form).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
