//! Places in a request, put into words only where somebody reads them.

use std::cell::OnceCell;
use std::fmt::{self, Write};
use std::rc::Rc;

use smol_str::SmolStr;

use super::{Field, Part};
use crate::operation::json::{Json, write_key};

/// Where a request says something: a step, below others. In words it is `HostConfig.Mounts[1].Source`,
/// `HostConfig.PortBindings["80/tcp"]`, `parameter networkmode`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    above: Option<Rc<Place>>,
    step: Step,
}

/// A step from a value to one that stands in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::operation) enum Step {
    /// To a field of a struct, the so manieth of those that stand there.
    Field(usize, &'static Part, &'static Field),
    /// To a field that nobody knows.
    Unknown(usize, SmolStr),
    /// To a field that is called this.
    Name(&'static str),
    /// To an element of a list.
    Index(usize),
    /// To an entry of a map.
    Key(usize, SmolStr),
    /// To an entry of a map, in quotes whatever the key is.
    Quoted(SmolStr),
    /// To a parameter of the query.
    Parameter(&'static str),
    /// In these words.
    Words(SmolStr),
}

/// The way that is gone to a place, of which a place is made only where one is kept.
#[derive(Debug)]
pub(in crate::operation) struct Way<'w> {
    above: Option<&'w Way<'w>>,
    step: Step,
    /// The place that it leads to, once another below it is kept.
    place: OnceCell<Rc<Place>>,
}

impl<'w> Way<'w> {
    /// The first step.
    pub(in crate::operation) fn from_top(step: Step) -> Self {
        Self::new(None, step)
    }

    pub(super) fn new(above: Option<&'w Self>, step: Step) -> Self {
        Self { above, step, place: OnceCell::new() }
    }

    /// The way that goes on with this step.
    pub(in crate::operation) fn then(&'w self, step: Step) -> Self {
        Self::new(Some(self), step)
    }

    /// The place that it leads to.
    pub(in crate::operation) fn place(&self) -> Place {
        let above = |way: &Way<'_>| Rc::clone(way.place.get_or_init(|| Rc::new(way.place())));
        Place { above: self.above.map(above), step: self.step.clone() }
    }
}

impl Place {
    /// The place that is called this.
    pub(in crate::operation) fn words(words: impl Into<SmolStr>) -> Self {
        Self { above: None, step: Step::Words(words.into()) }
    }

    /// The same place, of which this is said too.
    pub(in crate::operation) fn remarked(self, words: &'static str) -> Self {
        Self { above: Some(Rc::new(self)), step: Step::Words(SmolStr::new_static(words)) }
    }

    /// What stands there in the body in which it was found.
    pub(super) fn find<'j>(&self, body: &'j Json) -> Option<&'j Json> {
        let above = self.above.as_ref().map_or(Some(body), |above| above.find(body))?;
        match &self.step {
            Step::Field(number, ..) | Step::Unknown(number, _) | Step::Key(number, _) => {
                above.fields().get(*number).map(|(_, value)| value)
            }
            Step::Index(index) => above.items().get(*index),
            Step::Name(_) | Step::Quoted(_) | Step::Parameter(_) | Step::Words(_) => None,
        }
    }

    /// Writes the path to it in canonical spelling, without indices and the keys of maps.
    pub(super) fn write_path(&self, out: &mut String) -> fmt::Result {
        if let Some(above) = &self.above {
            above.write_path(out)?;
        }
        if let Step::Unknown(_, name) = &self.step {
            return write_key(name, begin_step(out));
        }
        self.step.names().for_each(|name| begin_step(out).push_str(name));
        Ok(())
    }

    /// Whether the path to it begins with this one.
    pub(super) fn is_within(&self, path: &[impl AsRef<str>]) -> bool {
        self.behind(path).is_some_and(<[_]>::is_empty)
    }

    /// Whether this is the path to it, in canonical spelling.
    pub(super) fn is_at(&self, path: &str) -> bool {
        self.above_in(path).is_some_and(str::is_empty)
    }

    /// Whether it stands beside the field that it belongs in.
    pub(super) fn is_beside(&self) -> bool {
        match (&self.above, &self.step) {
            (Some(above), _) => above.is_beside(),
            (None, Step::Field(_, part, _)) => part.same_as.is_some(),
            (None, _) => false,
        }
    }

    /// What of a path stands before the path to here, where it ends with that.
    fn above_in<'p>(&self, path: &'p str) -> Option<&'p str> {
        let mut above = path;
        for name in self.step.names().rev() {
            let before = above.strip_suffix(name)?;
            above = if before.is_empty() { before } else { before.strip_suffix('.')? };
        }
        match &self.above {
            None => Some(above),
            Some(place) => place.above_in(above),
        }
    }

    /// What is left of a path that has the path to here in common with this, as far as it goes. None, where they part.
    fn behind<'p, S: AsRef<str>>(&self, path: &'p [S]) -> Option<&'p [S]> {
        let mut rest = self.above.as_ref().map_or(Some(path), |above| above.behind(path))?;
        for name in self.step.names() {
            match rest.split_first() {
                Some((first, others)) if first.as_ref() == name => rest = others,
                Some(_) => return None,
                None => break,
            }
        }
        Some(rest)
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(above) = &self.above {
            above.fmt(f)?;
        }
        let is_first = self.above.is_none();
        match &self.step {
            Step::Field(_, _, field) => write!(f, "{}{}", dot(is_first), field.name),
            Step::Unknown(_, name) => {
                f.write_str(dot(is_first))?;
                write_key(name, f)
            }
            Step::Name(name) => write!(f, "{}{name}", dot(is_first)),
            Step::Index(index) => write!(f, "[{index}]"),
            Step::Key(_, key) => {
                f.write_char('[')?;
                write_key(key, f)?;
                f.write_char(']')
            }
            Step::Quoted(key) => write!(f, "[{key:?}]"),
            Step::Parameter(name) => write!(f, "parameter {name}"),
            Step::Words(words) => f.write_str(words),
        }
    }
}

impl Step {
    /// The names of fields that it takes in canonical spelling: also that of the field in which the named one belongs.
    fn names(&self) -> impl DoubleEndedIterator<Item = &str> {
        let names = match self {
            Self::Field(_, part, field) => [part.same_as, Some(field.name)],
            Self::Unknown(_, name) => [None, Some(name.as_str())],
            Self::Name(name) => [None, Some(*name)],
            Self::Index(_) | Self::Key(..) | Self::Quoted(_) | Self::Parameter(_) | Self::Words(_) => {
                [None, None]
            }
        };
        names.into_iter().flatten()
    }
}

/// What parts a name from what it stands in.
fn dot(is_first: bool) -> &'static str {
    if is_first { "" } else { "." }
}

fn begin_step(path: &mut String) -> &mut String {
    path.push_str(dot(path.is_empty()));
    path
}
