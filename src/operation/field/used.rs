//! What of a body is used: the fields that are there and do something.

use std::fmt::{self, Write};

use super::{Field, Guard, Kind, Part};
use crate::operation::json::{Json, write_key};
use crate::operation::meaning::{Context, Enclosing, Read};

/// Why a field that is not in the table is guarded.
const UNKNOWN: &str = "is not known to dockgate, so what it does is not either";

/// A field that is used. A list or map is one field, but for the fields of structs in plain ones.
#[derive(Debug)]
pub struct UsedField<'a> {
    /// The way to it in canonical spelling, without indices and the keys of maps: `HostConfig.Binds`, also where it
    /// stands beside `HostConfig`. The last word is the client's where the field is unknown.
    pub path: String,
    /// Its place in this body: `HostConfig.Mounts[1].Source`.
    pub place: String,
    /// Its row; none where it is unknown.
    pub field: Option<&'static Field>,
    /// Whether this value needs a grant here.
    pub guard: Guard,
    /// The value.
    pub value: &'a Json,
    /// What it means, where its row says how to read that.
    pub(in crate::operation) read: Option<Read>,
}

/// Which of the used fields are sought.
#[derive(Clone, Copy, Debug)]
pub(in crate::operation) enum Sought<'a> {
    /// All, with what they mean.
    Meanings(Context<'a>),
    /// All, whatever they mean.
    All,
    /// Those that need a grant, whatever they mean.
    Guarded,
}

/// The used fields of a body of this kind, in its order.
pub(in crate::operation) fn used_fields<'a>(
    kind: Kind,
    body: &'a Json,
    sought: Sought<'a>,
) -> Vec<UsedField<'a>> {
    let mut walk =
        Walk { found: Vec::new(), path: String::new(), place: String::new(), only_unknown: false, sought };
    walk.within(kind, body);
    walk.found
}

/// A walk through a body.
struct Walk<'a> {
    found: Vec<UsedField<'a>>,
    path: String,
    place: String,
    /// Whether the walk is within a field that was taken as a whole. A grant of the whole does not grant
    /// what is unknown in it.
    only_unknown: bool,
    sought: Sought<'a>,
}

impl<'a> Walk<'a> {
    /// Looks for fields in a value.
    fn within(&mut self, kind: Kind, value: &'a Json) {
        match (kind, value) {
            (Kind::Struct(_), Json::Object(fields)) => {
                for (key, value) in fields {
                    match kind.field(key) {
                        Some((_, field)) if field.is_unused(value) => {}
                        Some((part, field)) => self.at_field(part.same_as, field.name, |walk| {
                            walk.field(part, field, value, fields);
                        }),
                        None if value.is_all_zero() => {}
                        None => self.at_unknown_field(key, |walk| {
                            walk.push(None, Guard::Guarded(UNKNOWN), value, &[]);
                        }),
                    }
                }
            }
            (Kind::List(inner), Json::Array(items)) if inner.has_structs() => {
                for (index, item) in items.iter().enumerate() {
                    self.at(|_, place| write!(place, "[{index}]"), |walk| walk.within(*inner, item));
                }
            }
            (Kind::Map(inner), Json::Object(fields)) if inner.has_structs() => {
                for (key, value) in fields {
                    self.at(|_, place| write_index(place, key), |walk| walk.within(*inner, value));
                }
            }
            _ => {}
        }
    }

    /// Looks at a field that is used.
    fn field(&mut self, part: &Part, field: &'static Field, value: &'a Json, around: &'a [(String, Json)]) {
        let guard = match part.guard_of(field) {
            Guard::Guarded(_) if field.is_harmless(value) => Guard::Plain,
            Guard::Plain => field.guard_of_text(value),
            guard @ Guard::Guarded(_) => guard,
        };
        if self.only_unknown {
            return self.within(field.kind, value);
        }
        let is_row = |inner: &Kind| matches!(inner, Kind::Struct(_));
        match (field.kind, guard) {
            // What its fields are is what counts.
            (Kind::Struct(_), Guard::Plain) => self.within(field.kind, value),
            (Kind::List(inner), Guard::Plain) if inner.has_structs() => self.within(field.kind, value),
            // The keys say something, and so do the fields below them.
            (Kind::Map(inner), guard) if is_row(inner) => {
                self.push(Some(field), guard, value, around);
                self.within(field.kind, value);
            }
            _ => {
                self.push(Some(field), guard, value, around);
                self.only_unknown = true;
                self.within(field.kind, value);
                self.only_unknown = false;
            }
        }
    }

    fn push(
        &mut self,
        field: Option<&'static Field>,
        guard: Guard,
        value: &'a Json,
        around: &'a [(String, Json)],
    ) {
        let read = match self.sought {
            Sought::Meanings(context) => field
                .and_then(|field| field.reading)
                .map(|reading| reading.read(value, &self.place, Enclosing { fields: around, context })),
            Sought::Guarded if guard == Guard::Plain => return,
            Sought::All | Sought::Guarded => None,
        };
        self.found.push(UsedField {
            path: self.path.clone(),
            place: self.place.clone(),
            field,
            guard,
            value,
            read,
        });
    }

    /// Goes to a field; `elsewhere` is the field below which it stands in canonical spelling.
    fn at_field(&mut self, elsewhere: Option<&str>, name: &str, walk: impl FnOnce(&mut Self)) {
        self.at(
            |path, place| {
                for name in elsewhere.into_iter().chain([name]) {
                    begin_step(path).push_str(name);
                }
                begin_step(place).push_str(name);
                Ok(())
            },
            walk,
        );
    }

    /// Goes to a field that nobody knows.
    fn at_unknown_field(&mut self, name: &str, walk: impl FnOnce(&mut Self)) {
        self.at(
            |path, place| {
                write_key(name, begin_step(path))?;
                write_key(name, begin_step(place))
            },
            walk,
        );
    }

    fn at(
        &mut self,
        step: impl FnOnce(&mut String, &mut String) -> fmt::Result,
        walk: impl FnOnce(&mut Self),
    ) {
        let (path, place) = (self.path.len(), self.place.len());
        // Writing to a `String` cannot fail.
        step(&mut self.path, &mut self.place).unwrap_or_default();
        walk(self);
        self.path.truncate(path);
        self.place.truncate(place);
    }
}

fn begin_step(path: &mut String) -> &mut String {
    if !path.is_empty() {
        path.push('.');
    }
    path
}

/// `["80/tcp"]`
fn write_index(out: &mut String, key: &str) -> fmt::Result {
    out.write_str("[")?;
    write_key(key, out)?;
    out.write_str("]")
}
