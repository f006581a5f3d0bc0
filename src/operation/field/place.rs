//! Places in a body, put into words only where somebody reads them.

use std::cell::OnceCell;
use std::fmt::{self, Write as _};
use std::rc::Rc;

use super::{Field, Part};
use crate::operation::json::write_key;

/// A place in a body: a step, below others.
#[derive(Clone, Debug)]
pub(super) struct Place<'a> {
    pub(super) above: Option<Rc<Place<'a>>>,
    pub(super) step: Step<'a>,
}

/// A step from a value to one that stands in it.
#[derive(Clone, Copy, Debug)]
pub(super) enum Step<'a> {
    /// To a field of a struct.
    Field(&'static Part, &'static Field),
    /// To a field that nobody knows.
    Unknown(&'a str),
    /// To an element of a list.
    Index(usize),
    /// To an entry of a map.
    Key(&'a str),
}

/// The way that is gone to a place, of which a place is made only where one is kept.
pub(super) struct Way<'w, 'a> {
    above: Option<&'w Way<'w, 'a>>,
    step: Step<'a>,
    /// The place that it leads to, once another below it is kept.
    place: OnceCell<Rc<Place<'a>>>,
}

impl<'w, 'a> Way<'w, 'a> {
    pub(super) fn new(above: Option<&'w Self>, step: Step<'a>) -> Self {
        Self { above, step, place: OnceCell::new() }
    }

    /// The place that it leads to.
    pub(super) fn place(&self) -> Place<'a> {
        let above = |way: &Way<'_, 'a>| Rc::clone(way.place.get_or_init(|| Rc::new(way.place())));
        Place { above: self.above.map(above), step: self.step }
    }
}

impl Place<'_> {
    /// Appends the way to it: `HostConfig.Mounts[1].Source`, `HostConfig.PortBindings["80/tcp"]`.
    pub(super) fn write(&self, out: &mut String) -> fmt::Result {
        if let Some(above) = &self.above {
            above.write(out)?;
        }
        match self.step {
            Step::Field(_, field) => {
                begin_step(out).push_str(field.name);
                Ok(())
            }
            Step::Unknown(name) => write_key(name, begin_step(out)),
            Step::Index(index) => write!(out, "[{index}]"),
            Step::Key(key) => {
                out.push('[');
                write_key(key, out)?;
                out.push(']');
                Ok(())
            }
        }
    }

    /// Appends the same in canonical spelling, without indices and the keys of maps.
    pub(super) fn write_path(&self, out: &mut String) -> fmt::Result {
        if let Some(above) = &self.above {
            above.write_path(out)?;
        }
        if let Step::Unknown(name) = self.step {
            return write_key(name, begin_step(out));
        }
        self.step.names().for_each(|name| begin_step(out).push_str(name));
        Ok(())
    }

    /// Whether the path to it begins with this one.
    pub(super) fn is_within(&self, path: &[impl AsRef<str>]) -> bool {
        self.behind(path).is_some_and(<[_]>::is_empty)
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

impl<'a> Step<'a> {
    /// The names of fields that it takes in canonical spelling: also that of the field in which the named one belongs.
    fn names(self) -> impl Iterator<Item = &'a str> {
        let names = match self {
            Self::Field(part, field) => [part.same_as, Some(field.name)],
            Self::Unknown(name) => [None, Some(name)],
            Self::Index(_) | Self::Key(_) => [None, None],
        };
        names.into_iter().flatten()
    }
}

fn begin_step(path: &mut String) -> &mut String {
    if !path.is_empty() {
        path.push('.');
    }
    path
}
